"""Intents: a declared one is complete or refused by field, and nothing changes it in a run."""

from __future__ import annotations

import inspect
from typing import Any, get_args

import msgspec
import pytest

from converge_core import command
from converge_core import events as e
from converge_core.audit import read_in
from converge_core.canonical import MAX_INTEGER, canonical_record, parse
from converge_core.command import Begin
from converge_core.constraint import Budget, Compliance, FrameConstraint, IntentConstraint
from converge_core.context import Context
from converge_core.engine import Engine
from converge_core.errors import IllegalCommand, InvalidIntent, LedgerCorrupt
from converge_core.events import read_event, run_without_pack
from converge_core.frame import Frame
from converge_core.ids import FrameId, IntentId
from converge_core.intent import NO_INTENT, Budgets, Criterion, RootIntent
from converge_core.key import ContextKey as Key
from converge_core.ledger import Chain, encode_batch
from converge_core.review import no_signatures
from converge_core.scope import Custom, Geography, Product, TimeWindow
from converge_core.state import fold
from converge_core.stop import Converged, CriteriaMet
from tests.core.kit import EVERYTHING, RUN, Play, declared, engine_of, proposes, seed

WANTED = Criterion(id="c", description="it stands", key=Key.SEEDS)
UNSET = msgspec.UNSET


def begun(intent: RootIntent, *frames: Frame) -> Play:
    return Play(engine_of(), intent=intent, frames=frames).begin(seed("a"))


# Declared or not.


def test_a_complete_intent_begins_a_run_and_is_met() -> None:
    """Scope, a required criterion, a name: nothing else is asked of it."""
    assert CriteriaMet(criteria=("a seed stands",)) == begun(declared()).state.stop


@pytest.mark.parametrize("intent", [NO_INTENT, RootIntent(question="q", subject="s")])
def test_a_run_needs_no_declared_intent(intent: RootIntent) -> None:
    """A question with budgets bounds nothing and pretends nothing."""
    assert not intent.declared
    assert Converged() == begun(intent).state.stop


@pytest.mark.parametrize(
    "claim", [{"id": IntentId("i")}, {"scope": ()}, {"constraints": ()}, {"scope": (Product("p"),)}]
)
def test_an_id_a_scope_or_constraints_declare_an_intent(claim: dict[str, Any]) -> None:
    """Whoever says one of them says that the others are there."""
    intent = RootIntent(question="q", subject="s", **claim)

    assert intent.declared
    with pytest.raises(InvalidIntent):
        begun(intent)


@pytest.mark.parametrize(
    ("change", "field", "reason"),
    [
        ({"scope": UNSET}, "scope", "at least one thing"),
        ({"scope": ()}, "scope", "at least one thing"),
        ({"criteria": ()}, "criteria", "at least one required"),
        (
            {"criteria": (msgspec.structs.replace(WANTED, required=False),)},
            "criteria",
            "at least one required",
        ),
        ({"criteria": (WANTED, WANTED)}, "criteria", "two criteria are called 'c'"),
        ({"criteria": (msgspec.structs.replace(WANTED, id=" "),)}, "criteria", "has a name"),
        (
            {"criteria": (msgspec.structs.replace(WANTED, description=""),)},
            "criteria",
            "says what it wants",
        ),
        ({"id": UNSET}, "id", "name of its own"),
        ({"question": " "}, "question", "says what is asked"),
        ({"subject": ""}, "subject", "says what is asked"),
        ({"scope": (Geography(" "),)}, "scope", "geography is bounded by nothing"),
        ({"scope": (Custom(key="geography", value="SE"),)}, "scope", "a bound of its own kind"),
        ({"scope": (Custom(key="", value="x"),)}, "scope", "is empty"),
        ({"scope": (Custom(key="größe", value="x"),)}, "scope", "is not ASCII"),
        ({"scope": (Custom(key="x" * 41, value="x"),)}, "scope", "at most 40"),
        ({"scope": (TimeWindow(),)}, "scope", "has a start or an end"),
        ({"scope": (TimeWindow(start=5, end=5),)}, "scope", "ends after its start"),
        ({"budgets": Budgets(tokens=-1)}, "budgets.tokens", "not below zero"),
        (
            {"constraints": (IntentConstraint(key="spend", value=-1),)},
            "constraints",
            "spend is below zero",
        ),
        (
            {"constraints": (IntentConstraint(key="spend", value=1),) * 2},
            "constraints",
            "spend is constrained twice",
        ),
        ({"constraints": (IntentConstraint(key="a\nb", value=1),)}, "constraints", "U+000A"),
        ({"constraints": (IntentConstraint(key="k", value=""),)}, "constraints", "k is bounded by"),
        ({"constraints": (IntentConstraint(key="k", value=0.5),)}, "intent", "value"),  # type: ignore[arg-type]
        (
            {"constraints": (IntentConstraint(key="k", value=MAX_INTEGER + 1),)},
            "intent",
            "beyond 2^53",
        ),
        ({"scope": ("SE",)}, "intent", "scope"),
    ],
)
def test_a_declared_intent_that_is_incomplete_is_refused_by_field(
    change: dict[str, Any], field: str, reason: str
) -> None:
    """Field and reason are named, and no run began."""
    play = Play(engine_of(), intent=declared(**change))

    with pytest.raises(InvalidIntent) as refused:
        play.begin()

    assert field == refused.value.field
    assert reason in refused.value.reason
    assert [] == play.events


def test_the_smallest_driver_refuses_it_too() -> None:
    """However a run begins, it is by the same door."""
    with pytest.raises(InvalidIntent, match="scope"):
        Engine().run(Context(), authority=EVERYTHING, intent=declared(scope=()))


# Frames.


def frame(name: str = "launch", **more: Any) -> Frame:
    return Frame(**{"id": FrameId(name), "scope": "the launch", **more})


@pytest.mark.parametrize(
    ("frames", "field", "reason"),
    [
        ((frame(), frame()), "frames.launch", "another frame"),
        ((frame(scope=""),), "frames.launch.scope", "what it looks at"),
        ((frame(linked_intent=IntentId("other")),), "frames.launch.linked_intent", "is for grow"),
        ((frame(parent_frame=FrameId("x")),), "frames.launch.parent_frame", "no frame x"),
        ((frame(parent_frame=FrameId("launch")),), "frames.launch.parent_frame", "no frame launch"),
        ((frame("x" * 41),), "frames", "at most 40"),
        ((frame(constraints=("none",)),), "frames", "constraints"),
        (
            (frame(constraints=(FrameConstraint(kind=Budget(limit=-1)),)),),
            "frames.launch.constraints",
            "budget is below zero",
        ),
        (
            (frame(constraints=(FrameConstraint(kind=Compliance(regime="")),)),),
            "frames.launch.constraints",
            "is empty",
        ),
        (
            (frame(success_criteria=(WANTED,)), frame("two", success_criteria=(WANTED,))),
            "frames",
            "two criteria are called 'c'",
        ),
    ],
)
def test_a_frame_that_does_not_fit_is_refused_by_field(
    frames: tuple[Frame, ...], field: str, reason: str
) -> None:
    """It belongs to the intent, narrows a frame before it, and is complete like the intent."""
    with pytest.raises(InvalidIntent) as refused:
        begun(declared(), *frames)

    assert field == refused.value.field
    assert reason in refused.value.reason


def test_an_intent_that_is_not_declared_has_no_frames() -> None:
    """There is nothing that a frame could narrow."""
    with pytest.raises(InvalidIntent, match="frames"):
        begun(NO_INTENT, frame())


def test_a_run_has_to_meet_the_criteria_of_its_frames_too() -> None:
    """A frame adds to what the intent asks for, and a frame within a frame adds again."""
    more = Criterion(id="signal", description="a signal stands", key=Key.SIGNALS)
    inner = frame("inner", parent_frame=FrameId("launch"), success_criteria=(more,))
    play = begun(declared(), frame(linked_intent=IntentId("grow")), inner)

    assert Converged() == play.state.stop
    assert (inner.has_required_criteria, frame().has_required_criteria) == (True, False)


# Immutable.


def test_nothing_of_an_intent_can_be_changed_in_place() -> None:
    """It is made of frozen records, tuples and plain values, all the way down."""
    demanding = declared(
        constraints=(IntentConstraint(key="spend", value=5),),
        scope=(Geography("SE"), TimeWindow(start=1)),
    )
    framed = frame(constraints=(FrameConstraint(kind=Budget(limit=5)),))

    for record in (demanding, framed):
        _frozen(record)


def _frozen(value: Any) -> None:
    if isinstance(value, tuple):
        for item in value:
            _frozen(item)
    elif isinstance(value, msgspec.Struct):
        assert value.__struct_config__.frozen
        for name in value.__struct_fields__:
            with pytest.raises(AttributeError):
                setattr(value, name, None)
            _frozen(getattr(value, name))
    else:
        assert isinstance(value, str | int | None | msgspec.UnsetType)


def test_no_command_carries_an_intent_but_the_one_that_begins() -> None:
    """There is no way to say it: whatever else is asked of a run has no place for one."""
    kinds = set(get_args(command.Command))
    speaking = {
        kind
        for kind in kinds
        for field in msgspec.structs.fields(kind)
        if "RunStarted" in str(field.type) or "Intent" in str(field.type)
    }
    assert {Begin, command.Decide, command.Stage} <= kinds

    assert {Begin} == speaking
    assert inspect.isclass(Begin)


def test_a_run_cannot_begin_again_with_another_intent() -> None:
    """Neither while it waits nor after its end."""
    play = Play(engine_of(proposes("p", seed("a"))), intent=declared()).begin(go=False)
    other = run_without_pack(RUN, declared(question="how to shrink"), grants=(EVERYTHING,))

    for _ in range(2):
        with pytest.raises(IllegalCommand, match="has begun already"):
            play.command(Begin(other))
        play.go()
    assert "how to grow" == play.state.intent.question


def test_a_ledger_in_which_a_run_begins_twice_is_not_believed() -> None:
    """Read back, a second beginning is refused with its record, and the first intent stands."""
    play = begun(declared())
    again = run_without_pack(RUN, declared(question="how to shrink"))
    _, [entry] = encode_batch([again], Chain(play.desk.seq), 9, lambda: bytes(16))

    with pytest.raises(IllegalCommand, match=f"record {play.desk.seq + 1} begins run"):
        fold(play.desk, again, 9, play.desk.seq + 1)
    with pytest.raises(LedgerCorrupt, match="began before"):
        read_in(play.desk, entry, no_signatures)
    assert "how to grow" == play.state.intent.question


# Written down.


def test_a_declared_intent_is_read_back_as_itself() -> None:
    """Scope, constraints and frames keep their kinds."""
    intent = declared(
        scope=(
            Geography("SE"),
            Product("desk"),
            TimeWindow(start=1, end=9, description="spring"),
            Custom(key="channel", value="web"),
        ),
        constraints=(
            IntentConstraint(key="spend", value=5),
            IntentConstraint(key="geography", value="SE"),
        ),
    )
    constrained = frame(
        constraints=(
            FrameConstraint(kind=Budget(limit=5)),
            FrameConstraint(kind=Geography("SE"), description="we ship nowhere else"),
        )
    )
    started = run_without_pack(RUN, intent, frames=(constrained,), app_version="1.0")

    assert started == read_event(e.RunStarted.kind, parse(canonical_record(started)))


def test_what_is_not_declared_is_not_written_down() -> None:
    """A run without declared intent reads in the ledger as it did before there were any."""
    written = parse(canonical_record(run_without_pack(RUN, NO_INTENT)))

    assert not {"id", "scope", "constraints"} & set(written["intent"])
    assert not {"frames", "app_version"} & set(written)
