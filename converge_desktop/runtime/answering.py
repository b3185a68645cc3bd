"""From what a person answers to what is signed, and to what follows from it.

Nothing is recorded here: what follows is worked out for all answers first, so that several are
taken as one, or none of them is, whatever runs they belong to.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import TypeVar

import msgspec

from converge_core.asking import Gate, GatePhase
from converge_core.batches import Planned, why_order_matters
from converge_core.command import Act, Decide, DecideAll, Stage
from converge_core.engine import Engine
from converge_core.errors import DecisionRefused
from converge_core.events import Event, OperatorEnrolled
from converge_core.ids import ApprovalId, OperatorId, RunId
from converge_core.proposal import ProposedFact
from converge_core.review import (
    ActKind,
    Decision,
    GateAct,
    InputOrigin,
    Operator,
    Verdict,
    bytes_of,
)
from converge_core.run_state import RunState
from converge_desktop.adapters.keys import OperatorKey, signature_fits
from converge_desktop.runtime.deciding_model import Answer, Answered, Change, Doing, OrderMatters
from converge_desktop.runtime.editing import changes_of, look_at_edit
from converge_desktop.runtime.standing_views import require_open
from converge_desktop.runtime.views import Views
from converge_desktop.runtime.wording import is_text, shows_something

S = TypeVar("S", bound=StrEnum)

MOST_AT_ONCE = 500
"""How many answers are taken as one: more than anybody can mean."""


class Answering:
    """What people answer and do at gates, of a desk that is read through ``views``.

    Args:
        views: what the desk says.
        engine: returns the engine of a run.
    """

    def __init__(self, views: Views, engine: Callable[[RunState], Engine]) -> None:
        self._views = views
        self._engine = engine

    def answers(self, given: Sequence[Answer], key: OperatorKey, now: int) -> list[Event]:
        """Returns what follows from one answer, or from several as one.

        Raises:
            DecisionRefused: naming the gate that stands against it; nothing is taken, then.
        """
        _require_countable(given)
        runs: dict[RunId, list[Decide]] = {}
        plans: dict[RunId, list[Planned]] = {}
        for answer in given:
            run, gate = self._views.gate(answer.gate_id)
            decision = self._decision(run, gate, answer, key, now, among=len(given))
            runs.setdefault(run.run, []).append(Decide(decision, key.operator))
            plan = Planned(gate.request.id, decision.verdict, decision.edited or None)
            plans.setdefault(run.run, []).append(plan)
        found: list[Event] = []
        for name, decides in runs.items():
            run = self._views.run_state(name)
            _require_apart(run, plans[name])
            command = DecideAll(tuple(decides)) if len(decides) > 1 else decides[0]
            enrolled = _enrolled(run, key.operator)
            found += self._engine(enrolled).step(enrolled, command, now)
        return self._along(key.operator, found)

    def act(self, doing: Doing, key: OperatorKey, now: int) -> tuple[RunId, list[Event]]:
        """Returns what follows from undoing, extending, delegating or escalating, and in which run.

        Raises:
            DecisionRefused: if it cannot be done, with the reason.
        """
        name = doing.gate_id
        run, gate = self._views.gate(name)
        _require_text(name, doing.reason)
        unsigned = GateAct(
            id=ApprovalId(f"act:{gate.request.id}~{len(gate.acts)}"),
            gate=gate.request.id,
            act=_one_of(ActKind, doing.act, f"{name}: ", "act"),
            operator=key.operator.id,
            reason=doing.reason.strip(),
            acted_at=now,
            signature="",
            to=somebody(run.operators, doing.to) if doing.to else msgspec.UNSET,
        )
        done = msgspec.structs.replace(unsigned, signature=key.sign(bytes_of(unsigned)))
        # Needs nothing of the run's pack: the terms were frozen when its gates opened.
        enrolled = _enrolled(run, key.operator)
        following = Engine(verify=signature_fits).step(enrolled, Act(done, key.operator), now)
        return run.run, self._along(key.operator, following)

    def stage(self, name: RunId, made: ProposedFact, by: Operator, now: int) -> list[Event]:
        """Returns what follows from laying a person's own proposal before a run.

        Raises:
            DecisionRefused: if they are nobody at this desk.
        """
        run = _enrolled(self._views.run_state(name), by)
        return self._along(by, Engine().step(run, Stage(made, by), now))

    def answered(self, gate_id: str, changes: tuple[Change, ...] = ()) -> Answered:
        """Returns how a gate stands after an answer or an act."""
        run, gate = self._views.gate(gate_id)
        return Answered(
            gate_id=gate_id,
            run_id=run.run,
            phase=gate.phase.value,
            end=gate.end.value if gate.end else "",
            settles_at=gate.settles_at if gate.phase is GatePhase.SETTLING else None,
            deadline=gate.deadline,
            may_decide=gate.roster or (),
            changes=changes,
        )

    def changes(self, answer: Answer) -> tuple[Change, ...]:
        """Returns what an edit that was taken changed; nothing for another answer."""
        run, gate = self._views.gate(answer.gate_id)
        taken = gate.decision
        if taken is None or not taken.edited or answer.verdict != Verdict.EDIT:
            return ()
        return changes_of(run.drafts[gate.request.proposal], taken.edited)

    def _decision(
        self, run: RunState, gate: Gate, answer: Answer, key: OperatorKey, now: int, *, among: int
    ) -> Decision:
        """Returns what a person signs."""
        name = answer.gate_id
        _require_text(name, answer.reason)
        verdict = _one_of(Verdict, answer.verdict, f"{name}: ", "answer")
        opened = self._require_shown(answer) if gate.open else ()
        edited = None
        if verdict is Verdict.EDIT:
            edited = self._edited(run, gate, answer, key.operator.id)
        origin = InputOrigin.BATCH if among > 1 else _origin(answer)
        unsigned = Decision(
            id=_decision_id(gate),
            gate=gate.request.id,
            verdict=verdict,
            reason=answer.reason.strip(),
            operator=key.operator.id,
            decided_at=now,
            request=gate.request.digest(),
            shown=answer.shown,
            signature="",
            edited=edited or msgspec.UNSET,
            opened=opened or msgspec.UNSET,
            input_origin=origin or msgspec.UNSET,
        )
        return msgspec.structs.replace(unsigned, signature=key.sign(bytes_of(unsigned)))

    def _require_shown(self, answer: Answer) -> tuple[str, ...]:
        """Returns the parts that were seen, in order, if they are those of what is asked now."""
        digest, parts = self._views.review_digest(answer.gate_id)
        if answer.shown != digest:
            raise DecisionRefused(
                f"{answer.gate_id}: what was shown is not what is asked now; review it again"
            )
        unknown = sorted(set(answer.opened) - set(parts))
        if unknown:
            raise DecisionRefused(
                f"{answer.gate_id}: its review has no part {unknown[0]!r}; the parts are "
                f"{', '.join(parts)}"
            )
        return tuple(sorted(set(answer.opened)))

    def _edited(self, run: RunState, gate: Gate, answer: Answer, by: OperatorId) -> ProposedFact:
        require_open(gate)
        pack = self._views.pack_of(run)
        made, view = look_at_edit(self._engine(run), run, gate, answer.edit, pack=pack, by=by)
        if view.problems:
            raise DecisionRefused(f"{answer.gate_id}: the edit cannot stand: {view.problems[0]}")
        return made

    def _along(self, operator: Operator, following: list[Event]) -> list[Event]:
        """Returns what follows; the first person of a desk is enrolled along with it."""
        if not following or self._views.operators():
            return following
        return [OperatorEnrolled(operator=operator), *following]


def somebody(operators: Mapping[OperatorId, Operator], name: str) -> OperatorId:
    """Returns who is meant by a name or an id, among those who are enrolled.

    Raises:
        DecisionRefused: if nobody is, or several are.
    """
    found = [who for who, one in operators.items() if name in {who, one.name}]
    if len(found) == 1:
        return found[0]
    if not found:
        known = ", ".join(operators) or "nobody"
        raise DecisionRefused(f"{name} is not enrolled at this desk; enrolled are: {known}")
    raise DecisionRefused(f"{name} can be any of {', '.join(found)}; say which")


def _require_countable(given: Sequence[Answer]) -> None:
    if not given:
        raise DecisionRefused("no answer is given; choose at least one gate")
    if len(given) > MOST_AT_ONCE:
        raise DecisionRefused(
            f"{len(given):,} answers are given at once; at most {MOST_AT_ONCE} are taken as one"
        )
    names = [one.gate_id for one in given]
    twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    if twice:
        raise DecisionRefused(f"{twice[0]} is answered twice; nothing was taken")


def _require_apart(run: RunState, plans: Sequence[Planned]) -> None:
    """Refuses answers whose order can matter: each is to hold as if it were the only one."""
    if len(plans) > 1:
        clashes = why_order_matters(run, plans)
        if clashes:
            raise OrderMatters(tuple((one.first, one.second, one.why) for one in clashes))


def _enrolled(run: RunState, operator: Operator) -> RunState:
    """Returns the run as one in which ``operator`` may decide, where nobody was enrolled yet."""
    if run.operators:
        return run
    return msgspec.structs.replace(run, operators={operator.id: operator})


def _require_text(gate_id: str, reason: str) -> None:
    if not is_text(reason):
        raise DecisionRefused(f"{gate_id}: the reason holds what is no text; write it anew")
    if reason.strip() and not shows_something(reason):
        raise DecisionRefused(f"{gate_id}: nothing of the reason can be seen; write it anew")


def _one_of(kind: type[S], word: str, where: str, what: str) -> S:
    """Returns what a word names.

    Raises:
        DecisionRefused: if it names nothing, with what there is.
    """
    try:
        return kind(word)
    except ValueError as error:
        known = ", ".join(kind)
        raise DecisionRefused(f"{where}{word!r} is no {what}; there are: {known}") from error


def _origin(answer: Answer) -> InputOrigin | None:
    if not answer.origin:
        return None
    return _one_of(InputOrigin, answer.origin, f"{answer.gate_id}: ", "origin of an answer")


def _decision_id(gate: Gate) -> ApprovalId:
    """Returns a name that no other answer at any gate has; a gate's own name ends in no ``~``."""
    given = len(gate.every_answer())
    return ApprovalId(f"decision:{gate.request.id}" + (f"~{given}" if given else ""))
