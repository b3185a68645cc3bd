"""SurrealDB as a view of the ledger: filled from it, answering from it, and never the truth."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from converge_core.key import ContextKey
from converge_core.ledger import Chain, Entry, decode, encode_batch
from converge_core.run_state import DeskState
from converge_core.state import fold
from converge_desktop.adapters.surreal import FactRow, StoreProblem, SurrealView
from converge_desktop.adapters.surreal.schema import KEPT
from tests.adapters.surreal_kit import everything, using
from tests.adapters.surreal_stories import opening, written
from tests.core.golden_story import LEDGER, salts
from tests.core.kit import ENVELOPE, Play, engine_of, proposes, seed

ENTRIES = list(decode(LEDGER.read_bytes().splitlines(keepends=True)))
LAST = ENTRIES[-1]


async def reached(view: SurrealView) -> tuple[int, str, list[FactRow]]:
    return view.seq, view.head, await view.facts("", "")


FILLED = tuple(table for table in KEPT if table != "pack")
"""The tables that the golden ledger fills; none of its runs belongs to a pack."""
EMPTY: tuple[int, str, list[FactRow]] = (-1, "", [])


Filling = Callable[[SurrealView], Awaitable[dict[str, Any]]]


def fill(entries: list[Entry] = ENTRIES, **settings: Any) -> Filling:
    async def use(view: SurrealView) -> dict[str, Any]:
        await view.apply(entries, **settings)
        return await everything(view)

    return use


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A view that holds the golden ledger."""
    directory = tmp_path_factory.mktemp("surreal") / "view"
    using(directory, fill())
    return directory


# Filled from the ledger.


def test_a_new_view_reflects_nothing(tmp_path: Path) -> None:
    """It says so by the sequence it has reached."""
    assert EMPTY == using(tmp_path / "view", reached)


def test_a_filled_view_knows_how_far_it_reaches_when_it_is_opened_again(filled: Path) -> None:
    """Sequence and hash of the last record it holds."""
    assert (LAST.head.seq, LAST.hash) == using(filled, reached)[:2]


def test_it_holds_just_the_facts_that_the_fold_does(filled: Path) -> None:
    """All of them, each once, newest first, with who proposed and who approved."""
    state = DeskState()
    for entry in ENTRIES:
        assert entry.event is not None
        state = fold(state, entry.event, entry.head.at, entry.head.seq)
    expected = [
        FactRow(
            run=run.run,
            key=key.value,
            fact_id=fact.id,
            content=fact.content,
            byline=fact.record.agent,
            approver=str(fact.promotion.approver),
            seq=run.fact_seq[key, fact.id],
        )
        for run in state.runs.values()
        for key in ContextKey
        for fact in run.context.get(key)
    ]

    async def look(view: SurrealView) -> list[FactRow]:
        return await view.facts("", "")

    assert sorted(expected, key=lambda row: -row.seq) == using(filled, look)


@pytest.mark.parametrize("step", [1, 7])
def test_following_bit_by_bit_gives_what_filling_at_once_gives(tmp_path: Path, step: int) -> None:
    """Entries may come in any portions."""

    async def follow(view: SurrealView) -> dict[str, Any]:
        for start in range(0, len(ENTRIES), step):
            await view.apply(ENTRIES[start : start + step])
        return await everything(view)

    assert using(tmp_path / "one", fill()) == using(tmp_path / "two", follow)


@pytest.mark.parametrize("portion", [1, 10, 1000])
def test_many_entries_are_written_in_portions(tmp_path: Path, portion: int) -> None:
    """However large a portion is, the answers are the same; and each is told of once it is done."""
    told: list[int] = []

    whole = using(tmp_path / "one", fill())
    parts = using(tmp_path / "two", fill(portion=portion, told=told.append))

    assert whole == parts
    assert LAST.head.seq == told[-1]
    assert sorted(told) == told
    assert len(told) >= len(ENTRIES) // portion


def test_what_it_holds_already_may_be_applied_again(tmp_path: Path) -> None:
    """A repeated portion adds nothing and changes nothing."""

    async def twice(view: SurrealView) -> dict[str, Any]:
        await view.apply(ENTRIES)
        await view.apply(ENTRIES)
        return await everything(view)

    assert using(tmp_path / "one", fill()) == using(tmp_path / "two", twice)


def test_redacted_records_leave_a_gap_and_no_harm(tmp_path: Path) -> None:
    """What a redacted copy does not say is not in the view; the rest is."""
    redacted = [
        Entry(entry.head, entry.hash, None if entry.head.kind == "trace_recorded" else entry.event)
        for entry in ENTRIES
    ]

    whole, gappy = using(tmp_path / "one", fill()), using(tmp_path / "two", fill(redacted))

    assert whole["facts"] == gappy["facts"]


# Asked.


@pytest.mark.parametrize(
    ("key", "text", "found"),
    [
        ("Strategies", "", {"release", "plan"}),
        ("Signals", "", {"tests.failed", "coverage", "coverage, read again"}),
        ("Strategies", "tests", set()),
        ("", "RELEASE 1.0", {"release"}),
        ("", "speaks against", {"reasoning"}),
        ("", "reasoning", {"reasoning"}),
        ("", "too timid", {"refused"}),
        ("", "'; DELETE fact; --", set()),
        ("Nonsense", "", set()),
    ],
)
def test_facts_are_found_by_key_and_by_text(
    filled: Path, key: str, text: str, found: set[str]
) -> None:
    """Text in words, id or author, in whatever case; what is asked is never read as a statement."""

    async def look(view: SurrealView) -> list[FactRow]:
        return await view.facts(key, text)

    assert found == {row.fact_id.split(":")[0] for row in using(filled, look)}


def test_a_fact_leads_back_to_all_it_came_from(filled: Path) -> None:
    """Proposal, decision and signer; the fact it rests on, and the reading that one restates."""

    async def look(view: SurrealView) -> tuple[list[tuple[str, str, str]], dict[str, str]]:
        return await view.lineage("fact", "run-0001|release")

    async def reasoned(view: SurrealView) -> tuple[list[tuple[str, str, str]], dict[str, str]]:
        return await view.lineage("fact", "run-0001|reasoning")

    edges, labels = using(filled, look)
    assert {
        ("was proposed as", "proposal"),
        ("was approved by", "decision"),
        ("answers", "gate"),
        ("asks about", "proposal"),
        ("was signed by", "operator"),
    } == {(relation, parent.partition(":")[0]) for _, relation, parent in edges}
    assert "Release 1.0" == labels["fact:run-0001|release"]
    assert {"alice"} == {label for name, label in labels.items() if name.startswith("operator")}

    edges, labels = using(filled, reasoned)
    trace, model = "trace:trace:run-0001/1/reasoning/0", f"model:{ENVELOPE.model_sha256}"
    assert [
        ("fact:run-0001|reasoning", "was proposed as", "proposal:run-0001/1/reasoning/0"),
        ("proposal:run-0001/1/reasoning/0", "argued in", trace),
        ("proposal:run-0001/1/reasoning/0", "rests on", "fact:run-0001|tests.failed"),
        ("fact:run-0001|tests.failed", "was proposed as", "proposal:run-0001/0/input/0"),
        (trace, "was asked with", "prompt:reasoning:v1:any"),
        (trace, "was computed by", model),
        (trace, "was shown", "fact:run-0001|tests.failed"),
        ("proposal:run-0001/0/input/0", "was read as", "observation:run-0001|read:tests.failed"),
    ] == edges
    assert "report.xml · /testsuite[1]" == labels["observation:run-0001|read:tests.failed"]
    assert "test" == labels[model]


def test_a_correction_leads_from_the_new_fact_to_the_old_one(filled: Path) -> None:
    """With why, and it is no way back: what corrects a fact is not what that one came from."""

    async def look(view: SurrealView) -> list[tuple[list[tuple[str, str, str]], dict[str, str]]]:
        names = ("run-0004|coverage, read again", "run-0004|coverage")
        return [await view.lineage("fact", name) for name in names]

    (edges, labels), (before, _) = using(filled, look)
    new, old = "fact:run-0004|coverage, read again", "fact:run-0004|coverage"
    correction = "correction:run-0004|coverage, read again"

    assert {(new, "was made by", correction), (correction, "corrects", old)} <= set(edges)
    assert "the report was of another branch" == labels[correction]
    assert new not in {end for edge in before for end in (edge[0], edge[2])}


def test_other_words_lead_to_who_wrote_them_and_what_they_replace(filled: Path) -> None:
    """An edit is a proposal of the person's own; the decision that wrote it is found by its gate,
    and of several the last."""

    async def look(view: SurrealView) -> tuple[list[tuple[str, str, str]], dict[str, str]]:
        return await view.lineage("fact", "run-0004|plan")

    edges, labels = using(filled, look)
    relations = {relation: (child, parent) for child, relation, parent in edges}

    assert relations["was written by"][1].startswith("decision:approval:gate:")
    assert labels[relations["was written by"][1]].startswith("edit by alice")
    assert "Release on Monday (by planner)" == labels[relations["takes the place of"][1]]


def test_what_is_not_there_came_from_nothing(filled: Path) -> None:
    """An unknown name is no error and has no lineage."""

    async def look(view: SurrealView) -> tuple[list[tuple[str, str, str]], dict[str, str]]:
        return await view.lineage("fact", "run-9999|nothing")

    assert ([], {}) == using(filled, look)


# Never the truth.


def test_a_wiped_view_filled_again_gives_the_same_answers(tmp_path: Path) -> None:
    """Nothing is in it that the ledger does not say."""
    before = using(tmp_path / "view", fill())

    async def again(view: SurrealView) -> dict[str, Any]:
        await view.discard()
        assert EMPTY == await reached(view)
        await view.apply(ENTRIES)
        return await everything(view)

    assert before == using(tmp_path / "view", again)


def test_a_view_of_another_ledger_is_told_by_its_head(tmp_path: Path) -> None:
    """The same sequence, another hash: whoever opens it throws it away and fills it again."""
    events = [entry.event for entry in ENTRIES if entry.event]
    _, others = encode_batch(events, Chain(), 1, salts())

    async def mended(view: SurrealView) -> dict[str, Any]:
        assert (LAST.head.seq, True) == (view.seq, view.head != LAST.hash)
        await view.discard()
        await view.apply(ENTRIES)
        return await everything(view)

    using(tmp_path / "view", fill(others))

    assert using(tmp_path / "other", fill()) == using(tmp_path / "view", mended)


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE head SET format = 99;",
        "DELETE head;",
        "UPDATE head SET rows += 1;",
        "REMOVE TABLE decision;",
        "REMOVE TABLE head; DEFINE TABLE head SCHEMALESS; UPSERT head:ledger SET seq = 7;",
        "REMOVE TABLE head; UPSERT head:['desk', 'ledger'] SET format = 2, rows = 'many';",
    ],
)
def test_rows_that_cannot_be_placed_are_thrown_away(tmp_path: Path, damage: str) -> None:
    """Of another format, or without their head, or not as many as that says."""

    async def change(view: SurrealView) -> None:
        await view.apply(ENTRIES)
        await view._ask(damage)

    using(tmp_path / "view", change)

    assert EMPTY == using(tmp_path / "view", reached)


def test_a_database_cut_short_is_thrown_away(tmp_path: Path) -> None:
    """Its engine opens a torn log with a part of its rows, and nothing of the sort is shown."""
    directory = tmp_path / "view"
    using(directory, fill())
    [log] = directory.glob("clog/*")
    log.write_bytes(log.read_bytes()[: log.stat().st_size // 2])

    assert EMPTY == using(directory, reached)


def test_a_database_that_does_not_open_says_so_and_can_be_thrown_away(tmp_path: Path) -> None:
    """Garbage where the log was: one kind of error, and a fresh view afterwards."""
    directory = tmp_path / "view"
    using(directory, fill())
    [log] = directory.glob("clog/*")
    log.write_bytes(b"garbage" * 100)

    async def open_anyway() -> dict[str, Any]:
        view = SurrealView(directory)
        with pytest.raises(StoreProblem, match="does not open"):
            await view.open()
        await view.discard()
        answers = await fill()(view)
        await view.close()
        return answers

    assert using(tmp_path / "other", fill()) == asyncio.run(open_anyway())


@pytest.mark.parametrize(
    "statement",
    [
        "SELEC * FROM fact;",
        "SELECT * FROM fact WHERE;",
        "RETURN 1; THROW 'no';",
        "THROW 'no'; RETURN 1;",
        *(f"UPDATE {table} SET label = 'forged', relation = 'forged';" for table in FILLED),
        *(f"DELETE {table};" for table in FILLED),
    ],
)
def test_a_statement_that_fails_is_an_error_wherever_it_stands(
    filled: Path, statement: str
) -> None:
    """The package's own calls would swallow some; and rows are neither changed nor deleted."""

    async def ask(view: SurrealView) -> None:
        await view._ask(statement)

    with pytest.raises(StoreProblem, match="the database refused"):
        using(filled, ask)


def test_rows_and_the_head_they_reflect_are_one_transaction(tmp_path: Path) -> None:
    """If a row cannot be written, nothing of its portion is, and the view has not moved on."""

    async def fail(view: SurrealView) -> tuple[int, str, list[FactRow]]:
        await view._ask("DEFINE FIELD OVERWRITE label ON operator TYPE int;")
        with pytest.raises(StoreProblem):
            await view.apply(ENTRIES)
        return await reached(view)

    assert EMPTY == using(tmp_path / "view", fail)


def test_a_file_in_the_way_is_thrown_away_like_a_database(tmp_path: Path) -> None:
    """The place is the view's own, and nothing in it is the truth."""
    (tmp_path / "view").write_text("not a database")

    async def open_anyway() -> dict[str, Any]:
        view = SurrealView(tmp_path / "view")
        with pytest.raises(StoreProblem, match="does not open"):
            await view.open()
        await view.discard()
        answers = await fill()(view)
        await view.close()
        return answers

    assert using(tmp_path / "other", fill()) == asyncio.run(open_anyway())


def test_a_row_that_the_schema_does_not_know_is_refused(filled: Path) -> None:
    """Every table says what its rows hold and of what type."""

    async def ask(view: SurrealView) -> None:
        for table in FILLED[:-1]:
            with pytest.raises(StoreProblem, match=r"Found .* for field"):
                await view._ask(f"CREATE {table} SET seq = 'many';")

    using(filled, ask)


def test_a_character_that_the_engine_refuses_is_shown_in_its_place(tmp_path: Path) -> None:
    """The ledger may hold a NUL; one fact with one does not keep the others from being found."""
    play = Play(engine_of(proposes("p", seed("odd", "a\0b"), seed("even", "c")))).begin()
    entries = written(opening() + play.batches)

    async def look(view: SurrealView) -> set[str]:
        await view.apply(entries)
        return {row.content for row in await view.facts("", "")}

    assert {"a␀b", "c"} == using(tmp_path / "view", look)


def test_two_desks_are_told_apart_by_their_keys(tmp_path: Path) -> None:
    """A database that was filled for another desk is filled again."""
    using(tmp_path / "view", fill(), desk="one")

    assert EMPTY == using(tmp_path / "view", reached, desk="two")


def test_closing_twice_does_no_harm(tmp_path: Path) -> None:
    """A shut-down may come from several sides."""

    async def twice(view: SurrealView) -> None:
        await view.close()

    using(tmp_path / "view", twice)
