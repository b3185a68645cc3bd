"""Targets: what a refusal closes, and what a refinement is counted for."""

from __future__ import annotations

from converge_core.proposal import Draft

REFINED = "refined"
"""What a refusal is recorded under that sends a proposal back to its author."""
EDITED = "edited"
"""What a refusal is recorded under where a person put other words in a proposal's place."""


def target_of(draft: Draft) -> str:
    """Returns the name of an agent's claim to a key and an id, for the length of a run."""
    return f"{draft.agent}\t{draft.fact.key}\t{draft.fact.id}"  # no id holds a tab
