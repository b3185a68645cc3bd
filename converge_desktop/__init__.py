"""Converge Desktop: a person governs what agents propose."""

__version__ = "0.1.0"
