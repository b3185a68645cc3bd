"""Taking back what became a fact: a correction that a person proposes, never a deletion."""

from __future__ import annotations

from converge_core.context import Context, Standpoint
from converge_core.correcting import why_not_correct
from converge_core.correction import EVERYBODY, Correction, CorrectionReason
from converge_core.errors import DecisionRefused
from converge_core.fact import Fact
from converge_core.ids import FactId
from converge_core.proposal import ProposedFact
from converge_core.run_state import RunState
from converge_core.sizes import why_too_long
from converge_desktop.runtime.deciding_model import Edit
from converge_desktop.runtime.wording import is_text, shows_something

RETRACTED = "Retracted: "
_LONGEST_ID = 100


def correction_of(run: RunState, fact_id: str, reason: str, instead: Edit | None) -> ProposedFact:
    """Returns the proposal by which a person takes a fact back, or puts another in its place.

    It asks to be decided by people, whatever the policy permits; and it says to machines what the
    fact said, so that whatever the policy checks of such a fact can be checked of it.

    Raises:
        DecisionRefused: if there is no such fact, or it is not theirs to correct.
    """
    fact = run.context.find(FactId(fact_id))
    if fact is None:
        raise DecisionRefused(f"there is no fact {fact_id} in run {run.run}")
    if not is_text(reason) or not shows_something(reason):
        raise DecisionRefused(f"{fact_id}: say why it is taken back")
    long = why_too_long(reason, "the reason")
    if long:
        raise DecisionRefused(f"{fact_id}: {long}")
    scope = fact.corrects.scope if fact.corrects else EVERYBODY
    corrects = Correction(
        supersedes=fact.id,
        reason=CorrectionReason.MANUAL_OVERRIDE,
        text=reason.strip(),
        scope=scope,
    )
    standpoint = Standpoint(run.started.tenant or "", run.run)
    problem = why_not_correct(fact.key, corrects, run.context, standpoint)
    if problem is not None:
        raise DecisionRefused(f"{fact_id}: {problem[1]}")
    waiting = [one.id for one in run.staged.values() if one.fact.corrects == corrects]
    if waiting:
        raise DecisionRefused(f"{fact_id}: the same was proposed before, as {waiting[0]}")
    edit = instead or Edit()
    structured = fact.structured if edit.structured is None else dict(edit.structured)
    return ProposedFact(
        key=fact.key,
        id=_name(fact, run),
        content=f"{RETRACTED}{fact.content}" if edit.content is None else edit.content.strip(),
        kind=fact.kind,
        structured=structured,
        confidence=fact.confidence,
        corrects=corrects,
        requires_human=True,
    )


def _name(fact: Fact, run: RunState) -> FactId:
    """Returns an id that no fact has yet and none is proposed under."""
    own = fact.id if len(fact.id) <= _LONGEST_ID else f"corrects:{fact.digest[:16]}"
    taken = {draft.fact.id for draft in (*run.drafts.values(), *run.staged.values())}
    number = 1
    while _is_taken(FactId(f"{own}~{number}"), run.context, taken):
        number += 1
    return FactId(f"{own}~{number}")


def _is_taken(name: FactId, context: Context, taken: set[FactId]) -> bool:
    return name in taken or context.find(name) is not None
