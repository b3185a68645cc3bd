"""Reads a folder with test report, coverage report and repository into metrics."""

from __future__ import annotations

from converge_desktop.adapters.intake import Intake, IntakeError, Metric, Source
from converge_desktop.adapters.readiness.intake import read_folder
from converge_desktop.adapters.readiness.reports import Kind

__all__ = ["Intake", "IntakeError", "Kind", "Metric", "Source", "read_folder"]
