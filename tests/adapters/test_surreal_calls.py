"""Calls of models lie in few rows of the database, and are told of like all that has its own.

The ledger is one as a desk writes it: runs of the release-readiness pack, stepped by the engine.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any, TypeVar

import pytest

from converge_core import events as e
from converge_core.events import Event
from converge_core.ids import AgentId, FactId, RunId, TraceId
from converge_core.ledger import Entry
from converge_core.lineage import Lineage, Node, NodeKind
from converge_core.trace import Cited, DecisionTrace
from converge_desktop.adapters.ledger.ledger_file import read_ledger
from converge_desktop.adapters.surreal import StoreProblem, SurrealView, Walk
from converge_desktop.adapters.surreal import walking as walking_module
from converge_desktop.adapters.surreal.schema import GROWING, STRETCH
from converge_desktop.adapters.surreal.walking import Walking, ref
from tests.adapters.surreal_kit import using
from tests.adapters.surreal_stories import folded, name, plain, written
from tests.bench.big_ledger import make_ledger
from tests.bench.many_calls import CYCLES, STEPS, thinking_runs
from tests.core.kit import model_call

T = TypeVar("T")
RECORDS = 4 * STRETCH
ASKED_AT = (STRETCH // 2, STRETCH - 1, STRETCH, 3 * STRETCH + 7)
"""Records after each of which somebody asks; and more is added while they are answered."""
EVERY = 23
"""One of so many things is asked about, beside all that many calls share."""


@pytest.fixture(scope="module")
def entries(tmp_path_factory: pytest.TempPathFactory) -> list[Entry]:
    directory = tmp_path_factory.mktemp("calls") / "data"
    make_ledger(directory, RECORDS, seed=5)
    return list(read_ledger(directory / "ledger"))


class Filled:
    """A view that was filled up to each of :data:`ASKED_AT`, and then with all."""

    def __init__(self, directory: Path, entries: list[Entry]) -> None:
        self._loop = asyncio.new_event_loop()
        self._view = SurrealView(directory)
        self._run(self._view.open())
        for seq in (*ASKED_AT, len(entries)):
            self._run(self._view.apply(entries[: seq + 1]))

    def walk(self, start: Node, seq: int, *, up: bool) -> Walk:
        """Walks as one who asked when ``seq`` was the last record."""
        table, _, called = name(start).partition(":")
        walking = Walking(self._view._connection, self._view._desk, seq, self._view._pause)
        way = walking.lineage if up else walking.radius
        return self._run(way(ref(table, called)))

    def _run(self, asked: Awaitable[T]) -> T:
        return self._loop.run_until_complete(asked)

    def close(self) -> None:
        self._run(self._view.close())
        self._loop.close()


@pytest.fixture(scope="module")
def filled(entries: list[Entry], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filled]:
    filled = Filled(tmp_path_factory.mktemp("surreal") / "view", entries)
    yield filled
    filled.close()


def things(entries: list[Entry]) -> list[Node]:
    """Returns some of what the ledger tells of, with every prompt and model."""
    named: dict[Node, None] = {}
    shared: dict[Node, None] = {}
    for run in folded(entries).runs.values():
        facts = (fact.id for fact in run.promoted.values())
        named |= dict.fromkeys(Node(NodeKind.FACT, one, run.run) for one in facts)
        named |= dict.fromkeys(Node(NodeKind.PROPOSAL, one, run.run) for one in run.drafts)
        named |= dict.fromkeys(Node(NodeKind.TRACE, one, run.run) for one in run.traces)
        for trace in run.traces.values():
            shared[Node(NodeKind.PROMPT, trace.call.version)] = None
            shared[Node(NodeKind.MODEL, trace.call.envelope.model_sha256)] = None
    return [*list(named)[::EVERY], *list(shared)]


@pytest.mark.parametrize("seq", [*ASKED_AT, 10 * RECORDS])
def test_what_a_thing_came_from_and_what_rests_on_it_are_what_the_core_finds(
    filled: Filled, entries: list[Entry], seq: int
) -> None:
    """As of the record that was the last when it was asked, wherever in a stretch that is."""
    known = entries[: seq + 1]
    lineage = Lineage(folded(known))
    for node in things(known):
        up, down = (filled.walk(node, seq, up=up) for up in (True, False))
        assert set(map(name, lineage.grounds(node).found)) == plain(up.found), node
        assert set(map(name, lineage.radius(node).found)) == plain(down.found), node
        assert up.whole
        assert down.whole


def test_a_call_came_from_its_prompt_its_model_and_the_facts_that_it_was_shown(
    filled: Filled, entries: list[Entry]
) -> None:
    """In this order, with what was asked for as its label, and there are calls of every step."""
    calls = [entry.event for entry in entries if isinstance(entry.event, e.TraceRecorded)]
    for call in calls[::5]:
        walk = filled.walk(Node(NodeKind.TRACE, call.trace.id, call.run), len(entries), up=True)
        asked = call.trace.call
        shown = dict.fromkeys(f"fact:{call.run}|{cited.fact}" for cited in asked.state)
        assert [
            (walk.start, "was asked with", f"prompt:{asked.version}"),
            (walk.start, "was computed by", f"model:{asked.envelope.model_sha256}"),
            *((walk.start, "was shown", fact) for fact in shown),
        ] == [edge for edge in walk.edges if edge[0] == walk.start]
        assert f"{asked.step}: {asked.headline}" == walk.labels[walk.start]
        assert shown
    assert len(calls) > len({call.trace.call.step for call in calls}) > 1


# Few rows.

RUNS = 4
CALLS_OF_A_RUN = CYCLES * len(STEPS)
THINKING = written(
    [([e.DeskOpened(desk="many", app_version="0.1.0")], 1)]
    + [(batch.events, batch.at) for batch in thinking_runs(RUNS * CALLS_OF_A_RUN, Random(1))]
)
MODEL = "model", model_call().envelope.model_sha256


def thinking(use: Callable[[SurrealView], Awaitable[T]], directory: Path, step: int = 500) -> T:
    async def filled(view: SurrealView) -> T:
        for first in range(0, len(THINKING), step):
            await view.apply(THINKING[first : first + step])
        return await use(view)

    return using(directory / "view", filled)


@pytest.mark.parametrize("step", [500, 11])
def test_the_calls_of_a_run_in_a_stretch_of_the_ledger_are_one_row(
    tmp_path: Path, step: int
) -> None:
    """However they came in: what is held in memory is a key a row, and none for each call."""

    async def look(view: SurrealView) -> tuple[list[str], list[Any], Walk]:
        [made] = await view._ask("SELECT VALUE array::len(made) FROM calls;")
        [used] = await view._ask("SELECT VALUE record::id(id) FROM used;")
        return made, used, await view.blast_radius(*MODEL)

    made, used, walk = thinking(look, tmp_path, step)
    stretches = len(THINKING) // STRETCH + 1
    shared = {(call.version, call.envelope.model_sha256) for call in _calls()}
    assert RUNS * CALLS_OF_A_RUN == sum(made) == len(walk.of("trace"))
    assert len(made) < RUNS + stretches
    assert len(used) == stretches * (len({version for version, _ in shared}) + 1)


def _calls() -> Iterator[Any]:
    return (one.event.trace.call for one in THINKING if isinstance(one.event, e.TraceRecorded))


def test_of_more_calls_than_a_walk_looks_at_the_first_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the word that there are more."""
    monkeypatch.setattr(walking_module, "MAX_USES", 50)

    async def look(view: SurrealView) -> Walk:
        return await view.blast_radius(*MODEL)

    walk = thinking(look, tmp_path)
    names = [
        f"trace:{one.event.run}|{one.event.trace.id}"
        for one in THINKING
        if isinstance(one.event, e.TraceRecorded)
    ]
    assert (names[:50], False) == ([*walk.of("trace")], walk.whole)


def test_how_many_rows_there_are_is_known_however_they_came_in(tmp_path: Path) -> None:
    """A row that grows is counted once."""

    async def whole(view: SurrealView) -> bool:
        return await view.whole()

    assert thinking(whole, tmp_path, 7)


@pytest.mark.skipif(sys.platform != "linux", reason="asks the system how much memory is held")
def test_what_a_row_held_before_it_grew_is_not_kept_in_memory(tmp_path: Path) -> None:
    """The engine would keep all values that it read, up to half of the machine's memory."""
    long, times = 100_000, 600

    async def grow(view: SurrealView) -> int:
        await view._ask("DEFINE TABLE grown SCHEMALESS;")
        before = _held()
        for number in range(times):
            said = {"text": f"{number} {'.' * long}"}
            await view._ask("UPSERT grown:one SET text = $text RETURN NONE;", said)
        return _held() - before

    assert using(tmp_path / "view", grow) < long * times / 1024 * 3 / 4


def _held() -> int:
    status = Path("/proc/self/status").read_text("utf-8")
    return next(int(line.split()[1]) for line in status.splitlines() if "VmRSS" in line)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE {table} SET {field} = [];",
        "UPDATE {table} SET {field} = array::reverse({field});",
        "UPDATE {table} SET {field} = array::prepend({field}, {field}[1]);",
        "DELETE {table};",
    ],
)
@pytest.mark.parametrize("table", GROWING)
def test_rows_of_a_stretch_only_grow(filled: Filled, change: str, table: str) -> None:
    """What one holds is neither changed nor taken away."""
    with pytest.raises(StoreProblem, match=f"rows of {table} only grow"):
        filled._run(filled._view._ask(change.format(table=table, field=GROWING[table])))


def test_a_character_that_the_engine_refuses_is_shown_in_its_place(tmp_path: Path) -> None:
    """A model may answer with a NUL."""
    run, fact = RunId("run-1"), FactId("fact.1")
    call = model_call(headline="a\0b", state=(Cited(cite="s1", fact=fact, shown="1"),))
    trace = DecisionTrace(id=TraceId("t"), run=run, cycle=1, agent=AgentId("thinker"), call=call)
    recorded: list[Event] = [e.TraceRecorded(run=run, trace=trace)]

    async def look(view: SurrealView) -> str:
        await view.apply(written([(recorded, 1)]))
        return (await view.grounds("trace", f"{run}|t")).labels[f"trace:{run}|t"]

    assert "reasoning: a␀b" == using(tmp_path / "view", look)
