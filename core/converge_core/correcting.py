"""Whether a correction can stand: the fact is there, the scope fits, and nobody came before."""

from __future__ import annotations

import msgspec

from converge_core.context import Context, Standpoint
from converge_core.correction import Correction, CorrectionProblem
from converge_core.key import ContextKey
from converge_core.proposal import Draft
from converge_core.speakers import ENGINE


def why_not_correct(
    key: ContextKey, corrects: Correction, context: Context, scope: Standpoint
) -> tuple[CorrectionProblem, str] | None:
    """Says why a correction cannot stand, as a code and a sentence; None if it can.

    Args:
        key: where the correcting fact would stand.
        corrects: what it says it corrects.
        context: where the corrected fact is to stand.
        scope: the run that it is proposed in.
    """
    old = context.find(corrects.supersedes)
    if old is None:
        return CorrectionProblem.FACT_NOT_FOUND, f"There is no fact {corrects.supersedes}."
    if old.agent == ENGINE:
        reason = f"{old.id} is the engine's own, and nobody else's to correct."
        return CorrectionProblem.NOT_AUTHORIZED, reason
    if old.key is not key or not scope.meets(corrects.scope):
        reason = (
            f"{old.id} stands under {old.key}; the correction is for {key}, {corrects.scope}, "
            "which is not where it is made."
        )
        return CorrectionProblem.SCOPE_MISMATCH, reason
    if old.corrects and not old.corrects.scope.covers(corrects.scope):
        reason = (
            f"{old.id} holds for {old.corrects.scope} only; a correction of it cannot hold for "
            f"{corrects.scope}."
        )
        return CorrectionProblem.INVALID_CHAIN, reason
    by = context.overlapping(old.id, corrects.scope)
    if by is not None:
        reason = f"{by.id} has taken the place of {old.id} already; correct that."
        return CorrectionProblem.ALREADY_SUPERSEDED, reason
    return None


def in_old_words(proposal: Draft, context: Context) -> Draft | None:
    """Returns a correction as it were if it said what it corrects; None if it corrects nothing."""
    corrects = proposal.fact.corrects
    old = context.find(corrects.supersedes) if corrects else None
    if old is None:
        return None
    said = msgspec.structs.replace(
        proposal.fact,
        content=old.content,
        kind=old.kind,
        structured=dict(old.structured),
        confidence=old.confidence,
    )
    return msgspec.structs.replace(proposal, fact=said)
