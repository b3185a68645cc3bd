"""Targets: what a refusal closes, and what a refinement is counted for."""

from __future__ import annotations

from converge_core.proposal import Draft

REFINED = "refined"
"""What a refusal is recorded under that sends a proposal back to its author."""
EDITED = "edited"
"""What a refusal is recorded under where a person put other words in a proposal's place."""


def target_of(draft: Draft) -> str:
    """Returns what a refusal closes: the agent's claim to that key and id.

    It opens again for a proposal that rests on news: on a fact that the refused one did not rest
    on, made after the refusal by neither the agent itself nor the engine, which makes a diagnostic
    of every refusal. Facts never change, so this is how the ground of a proposal can. A target that
    was refused :data:`MOST_REFUSALS` times stays closed for the rest of the run, so that nobody is
    asked without end by agents that make news for each other.
    """
    return f"{draft.agent}\t{draft.fact.key}\t{draft.fact.id}"  # no id holds a tab
