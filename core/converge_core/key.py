"""The nine parts of a context; a closed set (vocabulary 1.1)."""

from __future__ import annotations

from enum import StrEnum


class ContextKey(StrEnum):
    """Where a fact stands. The order of declaration is the order of display."""

    SEEDS = "Seeds"
    """Initial inputs."""
    HYPOTHESES = "Hypotheses"
    """What might be so."""
    STRATEGIES = "Strategies"
    """What might be done."""
    CONSTRAINTS = "Constraints"
    """What must hold."""
    SIGNALS = "Signals"
    """What was measured."""
    COMPETITORS = "Competitors"
    """What others do."""
    EVALUATIONS = "Evaluations"
    """How good something is."""
    PROPOSALS = "Proposals"
    """Suggestions that wait for validation."""
    DIAGNOSTIC = "Diagnostic"
    """What went wrong; it never blocks convergence."""
