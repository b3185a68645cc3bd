"""Measurements, printed by ``make bench``; never timed tests."""
