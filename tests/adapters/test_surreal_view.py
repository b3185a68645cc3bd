"""SurrealDB as a view of the ledger: filled from it, answering from it, and never the truth."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from converge_core.events import CheckpointSigned, RunStarted
from converge_core.key import ContextKey
from converge_core.ledger import Entry
from converge_core.run_state import DeskState
from converge_core.state import fold
from converge_desktop.adapters.surreal import (
    CheckpointRow,
    FactRow,
    SurrealView,
    Walk,
)
from tests.adapters.surreal_kit import (
    EMPTY,
    ENTRIES,
    LAST,
    everything,
    fill,
    reached,
    using,
)
from tests.core.kit import ALICE, ENVELOPE

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
        if (key, fact.id) in run.fact_seq  # the others are of the run that it goes on from
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
        ("Strategies", "", {"release", "plan", "hold"}),
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
    trace = "trace:run-0001|trace:run-0001/1/reasoning/0"
    proposal = "proposal:run-0001|run-0001/1/reasoning/0"
    restated, model = "proposal:run-0001|run-0001/0/input/0", f"model:{ENVELOPE.model_sha256}"
    assert [
        ("fact:run-0001|reasoning", "was proposed as", proposal),
        (proposal, "argued in", trace),
        (proposal, "rests on", "fact:run-0001|tests.failed"),
        ("fact:run-0001|tests.failed", "was proposed as", restated),
        (trace, "was asked with", "prompt:reasoning:v1:any"),
        (trace, "was computed by", model),
        (trace, "was shown", "fact:run-0001|tests.failed"),
        (restated, "was read as", "observation:run-0001|read:tests.failed"),
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

    assert relations["was written by"][1].startswith("decision:run-0004|approval:gate:")
    assert labels[relations["was written by"][1]].startswith("edit by alice")
    assert "Release on Monday (by planner)" == labels[relations["takes the place of"][1]]


def test_a_proposal_that_became_a_fact_at_once_is_there_like_any_other(filled: Path) -> None:
    """It has no row of its own, and neither has what was read from the world."""
    proposal = "run-0001|run-0001/0/input/0"

    async def look(view: SurrealView) -> tuple[Walk, Walk, Walk]:
        return (
            await view.grounds("proposal", proposal),
            await view.blast_radius("proposal", proposal),
            await view.blast_radius("observation", "run-0001|read:tests.failed"),
        )

    up, down, read = using(filled, look)
    assert ("observation:run-0001|read:tests.failed",) == up.found
    assert "0 tests failed (by input)" == up.labels[up.start]
    assert "fact:run-0001|tests.failed" == down.found[0]
    assert (f"proposal:{proposal}", *down.found) == read.found


def test_what_is_not_there_came_from_nothing(filled: Path) -> None:
    """An unknown name is no error and has no lineage."""

    async def look(view: SurrealView) -> tuple[list[tuple[str, str, str]], dict[str, str]]:
        return await view.lineage("fact", "run-9999|nothing")

    async def rests(view: SurrealView) -> list[tuple[str, ...]]:
        names = [("proposal", "run-9999|x"), ("observation", "run-9999|x"), ("proposal", "odd")]
        return [(await view.blast_radius(*name)).found for name in names]

    assert ([], {}) == using(filled, look)
    assert [(), (), ()] == using(filled, rests)


# What was signed, and what was forked.


def test_it_knows_what_was_signed_of_the_ledger(filled: Path) -> None:
    """How many records, which root, by whom; newest first."""
    signed = [
        CheckpointRow(
            size=taken.size,
            root=taken.root,
            operator=entry.event.signed.operator,
            at=entry.head.at,
            seq=entry.head.seq,
        )
        for entry in ENTRIES
        if isinstance(entry.event, CheckpointSigned)
        for taken in [entry.event.signed.checkpoint]
    ]

    async def look(view: SurrealView) -> tuple[list[CheckpointRow], list[CheckpointRow]]:
        rows = await view.checkpoints()
        return rows, await view.checkpoints(rows[-1].seq)

    assert (signed[::-1], []) == using(filled, look)
    assert signed


def test_what_a_person_signed_of_the_ledger_rests_on_them(filled: Path) -> None:
    """If they turn out not to be who they said, so do their checkpoints."""

    async def look(view: SurrealView) -> Walk:
        return await view.blast_radius("operator", ALICE.operator.id)

    walk = using(filled, look)
    assert walk.of("checkpoint")
    assert walk.of("decision")


def test_a_fork_leads_to_its_origin_and_sees_nothing_of_what_came_later(filled: Path) -> None:
    """With the record from which it was forked."""
    started = next(
        entry.event
        for entry in ENTRIES
        if isinstance(entry.event, RunStarted) and isinstance(entry.event.forked_at, int)
    )

    async def look(view: SurrealView) -> tuple[Walk, list[Any], list[FactRow]]:
        walk = await view.grounds("run", started.run)
        [row] = await view._ask("SELECT forked_at FROM run WHERE forked_at;")
        return walk, row, (await view.as_of(10**6, started.run))[0]

    walk, rows, seen = using(filled, look)
    assert (f"run:{started.run}", "was forked from", f"run:{started.continues}") in walk.edges
    assert [{"forked_at": started.forked_at}] == rows
    assert {started.run, started.continues} == {row.run for row in seen}
    assert all(row.seq <= started.forked_at for row in seen if row.run == started.continues)
