"""Forks: a run begins with what another had come to, at any record of it."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from converge_core import events as e
from converge_core.audit import read_in
from converge_core.command import Begin
from converge_core.context import MAX_DEPTH, Context
from converge_core.errors import IllegalCommand, LedgerCorrupt
from converge_core.events import run_without_pack
from converge_core.forking import context_at
from converge_core.ids import FactId, RunId
from converge_core.key import ContextKey as Key
from converge_core.ledger import Entry, decode
from converge_core.run_state import DeskState, Phase
from converge_core.state import fold
from tests.core.golden_story import LEDGER, written
from tests.core.kit import (
    ALICE,
    ASK_STRATEGIES,
    BOB,
    INTENT,
    Play,
    engine_of,
    enrolled,
    fact,
    fits,
    proposes,
    seed,
)

ENTRIES = list(decode(LEDGER.read_bytes().splitlines(keepends=True)))


def golden(count: int = len(ENTRIES), entries: Iterable[Entry] = ENTRIES) -> DeskState:
    """Returns what the first ``count`` records say, of the golden ledger unless of another."""
    desk = DeskState()
    for entry in islice(entries, count):
        desk = read_in(desk, entry, fits)
    return desk


def told(context: Context) -> tuple[str, list[FactId]]:
    return context.root, [one.id for one in context.in_order()]


def asking(number: int) -> Play:
    """Returns a run that makes a fact, asks about a second one and waits."""
    return Play(
        engine_of(
            proposes("p", seed(f"s{number}"), fact(Key.STRATEGIES, f"t{number}")),
            policy=ASK_STRATEGIES,
        ),
        run=RunId(f"run-{number}"),
    )


def cut(recorded: list[tuple[e.Event, int]], seq: int) -> DeskState:
    """Returns what the records up to ``seq`` say, folded anew."""
    desk = enrolled(ALICE, BOB)
    for place, (event, at) in enumerate(recorded[: seq + 1]):
        desk = fold(desk, event, at, place)
    return desk


@pytest.mark.parametrize("run", list(golden().runs))
def test_at_every_record_of_a_run_a_fork_begins_as_the_run_stood(run: RunId) -> None:
    """From its first record to the last of all: facts, order and root are those of the fold."""
    whole = golden()
    for seq in range(whole.runs[run].started_seq, len(ENTRIES)):
        stood = golden(seq + 1).runs[run].context

        assert told(stood) == told(context_at(whole.runs[run], seq, whole.seq))


@given(st.data())
def test_forks_of_forks_begin_as_their_origin_stood_and_see_nothing_later(
    data: st.DataObject,
) -> None:
    """Of runs that ended, that wait, and that went on since; however long the line of them."""
    first = asking(0).begin()
    plays, expected = [first], [told(Context())]
    for number in range(1, data.draw(st.integers(1, MAX_DEPTH + 4))):
        origin = data.draw(st.sampled_from(plays[-3:]))
        if data.draw(st.booleans()) and origin.gates():
            origin.answer(origin.gates()[0], "approve").go()
        seq = data.draw(st.integers(origin.state.started_seq, first.desk.seq))
        fork = asking(number)
        fork.desk, fork.recorded = first.desk, first.recorded
        fork.base, fork.forked_at = origin.state, seq
        stood = cut(first.recorded, seq).runs[origin.run].context
        plays.append(fork.begin())
        expected.append(told(stood))

    for play, (root, facts) in zip(plays, expected, strict=True):
        run = play.state
        assert root == (run.started.base_root or Context().root)
        assert facts == told(run.context)[1][: run.base_facts]
        assert all(run.context.find(name) for name in facts)
        assert told(cut(first.recorded, first.desk.seq).runs[play.run].context) == told(run.context)


def test_at_its_end_a_fork_begins_as_a_run_that_goes_on() -> None:
    """The two are the same but for the record that is named."""
    ended = asking(0).begin().cancel("alice")
    on = ended.continued(engine_of(proposes("q", seed("more")))).begin()
    fork = Play(
        engine_of(proposes("q", seed("more"))),
        RunId("fork"),
        desk=ended.desk,
        base=ended.state,
        forked_at=ended.desk.seq,
    ).begin()

    assert told(on.state.context) == told(fork.state.context)
    assert on.state.cycle == fork.state.cycle


def test_a_fork_of_a_run_under_way_goes_on_apart_from_it() -> None:
    """The one is answered, the other never hears of it; the question stays where it was asked."""
    play = asking(0).begin()
    fork = asking(1)
    fork.desk, fork.base, fork.forked_at = play.desk, play.state, play.desk.seq
    fork.begin()
    play.answer(play.gates()[0], "approve").go()

    assert ["s0", "t0"] == told(play.state.context)[1]
    assert ["s0", "s1"] == told(fork.state.context)[1]
    assert Phase.STOPPED is play.state.phase
    assert [fork.run] == [gate.request.run for gate in fork.gates()]


# What is refused.


def started(play: Play, **more: object) -> e.RunStarted:
    fields = {"continues": play.run, "base_root": play.state.context.root, **more}
    return run_without_pack(RunId("fork"), INTENT, **fields)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"forked_at": 99}, "run run-0 cannot be forked at record 99"),
        ({"forked_at": 98}, "the last there is is record 97"),
        ({"forked_at": -1}, "it began with record 0"),
        ({"forked_at": 0}, r"did not come to \w+ at record 0"),
        ({"forked_at": 5, "base_root": "0" * 64}, "did not come to 000000000000 at record 5"),
        ({"forked_at": 5, "continues": None}, "run fork is a fork, of no run"),
        ({"forked_at": 5, "continues": RunId("nowhere")}, "continues nowhere, which never started"),
        ({}, "run fork continues run-0, which did not end"),
    ],
)
def test_a_fork_of_what_never_stood_is_not_believed(more: dict[str, object], said: str) -> None:
    """Not of a record to come, nor of one before the run, nor with other facts than stood then."""
    play = asking(0).begin()

    with pytest.raises(IllegalCommand, match=said):
        fold(play.desk, started(play, **more), 9, 98)


def test_a_forged_fork_in_a_ledger_is_named_by_its_record() -> None:
    """However well its hashes fit."""
    events = [
        msgspec.structs.replace(entry.event, forked_at=entry.event.forked_at - 15)
        if isinstance(entry.event, e.RunStarted) and entry.event.forked_at is not msgspec.UNSET
        else entry.event
        for entry in ENTRIES
        if entry.event is not None
    ]
    at = [entry.head.at for entry in ENTRIES]
    ledger = written([([event], when) for event, when in zip(events, at, strict=True)])

    with pytest.raises(LedgerCorrupt, match=r"did not come to \w+ at record") as refused:
        golden(entries=decode(ledger.splitlines(keepends=True)))
    assert isinstance(events[refused.value.seq], e.RunStarted)


def test_the_engine_begins_no_fork_over_other_facts_than_it_names() -> None:
    """What would not be believed when it is read back is not written."""
    play = asking(0).begin()
    base = context_at(play.state, play.desk.seq, play.desk.seq)
    engine = engine_of()
    wrong = started(play, forked_at=play.desk.seq, base_root="")
    of_none = started(play, forked_at=play.desk.seq, continues=None)

    with pytest.raises(IllegalCommand, match="does not begin where run-0 stood at record"):
        engine.step(None, Begin(wrong, base=base), 1)
    with pytest.raises(IllegalCommand, match="is a fork, of no run"):
        engine.step(None, Begin(of_none, base=base), 1)
