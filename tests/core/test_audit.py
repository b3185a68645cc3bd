"""What a record must satisfy to be believed, beyond a chain of hashes that anybody can make."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from converge_core import events as e
from converge_core.audit import read_in
from converge_core.authority import Actor, ActorKind
from converge_core.errors import LedgerCorrupt
from converge_core.events import Event
from converge_core.ids import ApprovalId, GateId, OperatorId
from converge_core.key import ContextKey
from converge_core.ledger import Chain, decode, encode_batch
from converge_core.review import Decision, SignatureCheck, Verdict, no_signatures
from converge_core.run_state import DeskState
from tests.core.golden_story import FOLDER, LEDGER, salts, written
from tests.core.kit import ALICE, BOB, Play, contents, engine_of, fact, fits
from tests.core.test_golden import ROOTS, entries

EVENTS = [
    entry.event for entry in decode(LEDGER.read_bytes().splitlines(keepends=True)) if entry.event
]


def believed(events: list[Event], verify: SignatureCheck = fits) -> DeskState:
    """Returns what a ledger of ``events``, chained as it should be, is believed to say."""
    return read_back(written([([event], recorded_at(event)) for event in events]), verify)


def read_back(ledger: bytes, verify: SignatureCheck = fits) -> DeskState:
    state = DeskState()
    for entry in decode(ledger.splitlines(keepends=True)):
        state = read_in(state, entry, verify)
    return state


def recorded_at(event: Event) -> int:
    """Returns the time of its record: a fact says when it was made, a request when it was put."""
    if isinstance(event, e.GateOpened):
        return event.request.opened_at
    return event.fact.promotion.promoted_at if isinstance(event, e.FactPromoted) else 1


def forged(kind: type[Event], change: Callable[[Any], Any]) -> list[Event]:
    """Returns the golden events with the first of ``kind`` changed."""
    index = next(index for index, event in enumerate(EVENTS) if isinstance(event, kind))
    return [*EVENTS[:index], change(EVENTS[index]), *EVENTS[index + 1 :]]


def deciding(change: Callable[[Decision], Decision]) -> list[Event]:
    return forged(
        e.GateDecided, lambda event: msgspec.structs.replace(event, decision=change(event.decision))
    )


def changed(**fields: object) -> Callable[[Decision], Decision]:
    return lambda decision: msgspec.structs.replace(decision, **fields)


@pytest.mark.parametrize("name", ROOTS)
def test_a_sound_ledger_is_believed(name: str) -> None:
    """The golden ones, to the same roots."""
    state = DeskState()
    for entry in entries(name):
        state = read_in(state, entry, fits)

    assert ROOTS[name] == {run: one.context.root for run, one in state.runs.items()}


def test_the_engines_diagnostics_need_no_grant() -> None:
    """It says what went wrong whatever a run may; and a snapshot may follow the end."""
    play = Play(engine_of(), grants=()).begin(fact(ContextKey.SEEDS, "a", " ")).snapshot()
    run = believed(play.events).runs[play.run]

    assert [play.state.context.root] == [run.context.root]
    assert 1 == len(contents(run, ContextKey.DIAGNOSTIC)) == run.context.count()


def test_a_redacted_record_is_passed_over() -> None:
    """It says nothing that could be believed or not."""
    [entry] = decode(encode_batch([EVENTS[0]], Chain(), 1, salts())[0].splitlines(keepends=True))
    silent = type(entry)(entry.head, entry.hash, None)

    assert DeskState() == read_in(DeskState(), silent, fits)


@pytest.mark.parametrize(
    ("events", "said"),
    [
        pytest.param(
            deciding(changed(verdict=Verdict.APPROVE)), "the signature is not that", id="verdict"
        ),
        pytest.param(deciding(changed(signature="")), "the signature is not that", id="unsigned"),
        pytest.param(
            deciding(changed(operator=ALICE.operator.id)),
            "the signature is not that",
            id="in the name of another",
        ),
        pytest.param(
            deciding(lambda d: ALICE.signed(changed(operator=BOB.operator.id)(d))),
            "the signature is not that",
            id="signed by another",
        ),
        pytest.param(
            deciding(lambda d: BOB.signed(changed(request="0" * 64)(d))),
            "not what is asked now",
            id="about something else",
        ),
        pytest.param(
            deciding(lambda d: BOB.signed(changed(reason=" ")(d))),
            "a rejection needs a reason",
            id="without a reason",
        ),
        pytest.param(
            deciding(changed(operator=OperatorId("mallory#00000000"))),
            "who was never enrolled",
            id="by nobody known",
        ),
        pytest.param(
            deciding(changed(gate=GateId("gate:elsewhere"))), "which is not open", id="on no gate"
        ),
    ],
)
def test_a_decision_that_nobody_took_is_not_believed(events: list[Event], said: str) -> None:
    """However well its hashes fit: the record is refused with its number and the reason."""
    with pytest.raises(LedgerCorrupt, match=said) as refused:
        believed(events)

    assert isinstance(events[refused.value.seq], e.GateDecided)


def test_a_second_decision_on_one_gate_is_not_believed() -> None:
    """A gate is answered once."""
    index = next(n for n, event in enumerate(EVENTS) if isinstance(event, e.GateDecided))

    with pytest.raises(LedgerCorrupt, match="which is not open"):
        believed([*EVENTS[: index + 1], EVENTS[index], *EVENTS[index + 1 :]])


def approved_by(person: str) -> Callable[[Any], Any]:
    """Returns a forgery by which a fact is said to be approved by ``person``."""

    def change(event: e.FactPromoted) -> e.FactPromoted:
        promotion = msgspec.structs.replace(
            event.fact.promotion,
            approver=Actor(kind=ActorKind.HUMAN, id=person),
            approvals=(ApprovalId("approval:forged"),),
        )
        return msgspec.structs.replace(
            event, fact=msgspec.structs.replace(event.fact, promotion=promotion)
        )

    return change


def test_an_approval_that_was_never_asked_for_is_not_believed() -> None:
    """A fact that a policy promoted cannot be passed off as a person's."""
    with pytest.raises(LedgerCorrupt, match="no decision says so"):
        believed(forged(e.FactPromoted, approved_by(ALICE.operator.id)))


@pytest.mark.parametrize("person", [BOB.operator.id, "mallory#00000000"])
def test_an_approval_by_somebody_else_is_not_believed(person: str) -> None:
    """The person in the record is the one who decided."""
    index = next(
        n
        for n, event in enumerate(EVENTS)
        if isinstance(event, e.FactPromoted)
        and event.fact.promotion.approver.kind is ActorKind.HUMAN
    )

    with pytest.raises(LedgerCorrupt, match="no decision says so"):
        believed([*EVENTS[:index], approved_by(person)(EVENTS[index]), *EVENTS[index + 1 :]])


def test_an_approval_of_something_else_is_not_believed() -> None:
    """Who approved one proposal has not approved another of the same run."""
    index = next(
        n
        for n, event in enumerate(EVENTS)
        if isinstance(event, e.FactPromoted) and event.fact.id.startswith("refused:")
        if any(isinstance(before, e.GateDecided) for before in EVENTS[:n])
    )
    passed_off = approved_by(ALICE.operator.id)(EVENTS[index])

    with pytest.raises(LedgerCorrupt, match="no decision says so"):
        believed([*EVENTS[:index], passed_off, *EVENTS[index + 1 :]])


def test_what_a_person_rejected_is_not_believed_to_be_approved() -> None:
    """A rejection is a decision, and none that makes a fact."""
    rejected = next(
        event.decision
        for event in EVENTS
        if isinstance(event, e.GateDecided) and event.decision.verdict is Verdict.REJECT
    )
    index = next(
        n
        for n, event in enumerate(EVENTS)
        if isinstance(event, e.FactPromoted)
        and event.fact.promotion.approver.kind is ActorKind.HUMAN
    )
    made = approved_by(rejected.operator)(EVENTS[index])
    passed_off = msgspec.structs.replace(
        made, fact=msgspec.structs.replace(made.fact, proposal=rejected.gate.removeprefix("gate:"))
    )

    with pytest.raises(LedgerCorrupt, match="says other than was proposed"):
        believed([*EVENTS[:index], passed_off, *EVENTS[index + 1 :]])


@pytest.mark.parametrize("late", [-1, 1], ids=["before it was made", "after it was made"])
def test_a_fact_that_was_not_made_when_it_was_recorded_is_not_believed(late: int) -> None:
    """A step and its record have one time, so that nobody can date a fact into a grant."""
    made = next(event for event in EVENTS if isinstance(event, e.FactPromoted))
    seq = EVENTS.index(made)
    batches = [([event], recorded_at(event) + late * (event is made)) for event in EVENTS]

    with pytest.raises(LedgerCorrupt, match=f"record {seq}: .* is said to be made at") as refused:
        read_back(written(batches))
    assert seq == refused.value.seq


def test_before_version_3_a_fact_was_recorded_a_little_after_it_was_made() -> None:
    """The clock was read again for the record; what that wrote is read for ever."""

    def read_with_clocks_moved(by: int) -> DeskState:
        state = DeskState()
        for entry in entries("ledger_v2.jsonl"):
            moved = msgspec.structs.replace(entry.head, at=entry.head.at + by)
            state = read_in(state, msgspec.structs.replace(entry, head=moved), fits)
        return state

    assert 3 == len(read_with_clocks_moved(1).runs)
    with pytest.raises(LedgerCorrupt, match="is said to be made at"):
        read_with_clocks_moved(-1)


def test_a_reader_that_cannot_check_signatures_believes_no_decision() -> None:
    """Nothing is taken on trust by default."""
    with pytest.raises(LedgerCorrupt, match="the signature"):
        read_back((FOLDER / "ledger_v4.jsonl").read_bytes(), no_signatures)
    with pytest.raises(LedgerCorrupt, match="is not shown to be theirs"):
        believed(EVENTS, no_signatures)
