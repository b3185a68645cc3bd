"""An agent's words in a person's hand: what an edit says, what it changes, and what it may not.

An edit keeps the shape of what it edits, so that whatever reads it later finds what it expects. It
is held to the categories of the contract that the words were made under, and, in a trial, to the
checks and the policy that it will meet when it is merged.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from converge_core.asking import Gate
from converge_core.canonical import checked
from converge_core.contract_classification import ClassificationContract
from converge_core.deciding import why_not_on_roster, why_not_taken
from converge_core.engine import Engine
from converge_core.errors import ConvergeError, DecisionRefused, InvalidValue
from converge_core.ids import ApprovalId, OperatorId
from converge_core.preview import Effort, Preview, preview
from converge_core.proposal import Draft, ProposedFact
from converge_core.review import Decision, Verdict
from converge_core.run_state import RunState
from converge_desktop.adapters.packs.pack import Pack
from converge_desktop.runtime.deciding_model import Change, Edit, EditView
from converge_desktop.runtime.differences import changes_between
from converge_desktop.runtime.wording import is_text, shows_something

_NEXT = Effort(cycles=1, facts=100, agents=1)
"""As far as a trial goes: what becomes of the edit itself is known before the next cycle."""
_NAMES = {dict: "fields", list: "a list", str: "words", bool: "yes or no", int: "a whole number"}


def edited_fact(draft: Draft, edit: Edit | None) -> ProposedFact:
    """Returns what an edit says instead of a proposal, under the same key and id.

    Raises:
        DecisionRefused: if it says nothing else, or what cannot be recorded.
    """
    if edit is None:
        raise DecisionRefused("an edit says what is to stand instead, and none is given")
    fact = draft.fact
    content = fact.content if edit.content is None else edit.content.strip()
    structured = fact.structured if edit.structured is None else dict(edit.structured)
    if not is_text(content):
        raise DecisionRefused("the edit holds what is no text; write it anew")
    if not shows_something(content):
        raise DecisionRefused("the edit says nothing that can be seen; write what is to stand")
    try:
        checked(structured, "the edit")
    except InvalidValue as error:
        raise DecisionRefused(f"{error}; write whole numbers, words and lists of them") from error
    made = msgspec.structs.replace(fact, content=content, structured=structured)
    if made == fact:
        raise DecisionRefused("the edit changes nothing; approve it as it stands, or change it")
    return made


def changes_of(draft: Draft, made: ProposedFact) -> tuple[Change, ...]:
    """Returns what an edit changes, field by field."""
    return changes_between(_said(draft.fact), _said(made))


def look_at_edit(
    engine: Engine,
    run: RunState,
    gate: Gate,
    edit: Edit | None,
    *,
    pack: Pack,
    by: OperatorId,
) -> tuple[ProposedFact, EditView]:
    """Returns what an edit says, and all that speaks against it before anybody signs it.

    Raises:
        DecisionRefused: if it says nothing, or the gate awaits no answer.
    """
    draft = run.drafts[gate.request.proposal]
    made = edited_fact(draft, edit)
    problems = [*_why_not_shaped(draft.fact.structured, made.structured, "")]
    problems += _why_not_meant(draft, made, pack)
    asks = ""
    problems += filter(None, [_why_not_taken(run, gate, made, by)])
    if not problems:
        try:
            name, edits = gate.request.id, Verdict.EDIT
            trial = preview(engine, run, name, edits, edited=made, by=by, budget=_NEXT)
        except ConvergeError as error:
            raise DecisionRefused(str(error)) from error
        problems += _refusals(trial, draft)
        asks = _asks(trial)
    return made, EditView(changes_of(draft, made), tuple(problems), asks)


def _said(fact: ProposedFact) -> dict[str, object]:
    return {"content": fact.content, "structured": fact.structured}


def _why_not_shaped(before: object, after: object, path: str) -> Iterator[str]:
    """Yields where an edit has another shape than what it edits."""
    place = path or "the edit"
    if type(before) is not type(after) and before is not None:
        wanted = _NAMES.get(type(before), type(before).__name__)
        found = "nothing" if after is None else _NAMES.get(type(after), type(after).__name__)
        yield f"{place} is to hold {wanted}, and holds {found}"
    elif isinstance(before, dict) and isinstance(after, dict):
        for name in before.keys() - after.keys():
            yield f"{_under(path, name)} is missing; what has no meaning any more is left empty"
        for name in after.keys() - before.keys():
            yield f"{_under(path, name)} is new; nothing reads it, so leave it out"
        for name in before.keys() & after.keys():
            yield from _why_not_shaped(before[name], after[name], _under(path, name))
    elif isinstance(before, list) and isinstance(after, list) and before:
        for number, one in enumerate(after, 1):
            yield from _why_not_shaped(before[0], one, f"{path}[{number}]")


def _under(path: str, name: object) -> str:
    return f"{path}.{name}" if path else str(name)


def _why_not_meant(draft: Draft, made: ProposedFact, pack: Pack) -> Iterator[str]:
    """Yields where an edit says what the contract of its author does not know."""
    before, after = draft.fact.structured, made.structured
    for agent in pack.agents:
        contract = agent.contract
        if agent.name == draft.agent and isinstance(contract, ClassificationContract):
            known = contract.categories
            labels = after.get("labels", [])
            for label in labels if isinstance(labels, list) else []:
                if label not in known:
                    yield f"labels names {label}, which is no category; there are: {_named(known)}"
            if "label" in after and [after["label"]] != labels:
                yield "label and labels say different things; make them agree"
    for name in ("verdict", "label"):
        if before.get(name) != after.get(name) and draft.fact.content == made.content:
            yield f"{name} is another, and the words still say what they said; change both"


def _named(names: tuple[str, ...]) -> str:
    return ", ".join(names)


def _why_not_taken(run: RunState, gate: Gate, made: ProposedFact, by: OperatorId) -> str:
    """Says why nobody could take an edit by ``by`` at a gate as it stands; empty if they could."""
    unsigned = Decision(
        id=ApprovalId("an edit"),
        gate=gate.request.id,
        verdict=Verdict.EDIT,
        reason="",
        operator=by,
        decided_at=0,
        request="",
        shown="",
        signature="",
        edited=made,
    )
    return why_not_on_roster(gate, by, run.operators) or why_not_taken(run, gate, unsigned)


def _refusals(trial: Preview, draft: Draft) -> list[str]:
    return [one.reason for one in trial.refused if one.draft.supersedes == draft.id]


def _asks(trial: Preview) -> str:
    """Returns who would be asked about the edit; empty where it becomes a fact at once."""
    own = [asked for asked in trial.gates if asked.author]
    return (", ".join(own[0].roster or ()) or "anybody who is enrolled") if own else ""
