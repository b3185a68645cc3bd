"""What holds of the database whatever happened: it says what the ledger says, and no more.

The stories are made up: runs that go on from each other, corrections for everybody or for some,
plans that people approve, reject, edit and leave.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from converge_core.context import Standpoint
from converge_core.correction import ScopeKind
from converge_core.ids import ProposalId, RunId
from converge_core.key import ContextKey
from converge_core.ledger import Entry
from converge_core.lineage import Lineage, Node, NodeKind
from converge_core.run_state import DeskState, RunState
from converge_desktop.adapters.surreal import SurrealView
from converge_desktop.adapters.surreal.asking import MAX_ROWS
from tests.adapters.surreal_kit import everything, using
from tests.adapters.surreal_stories import CASES, Case, folded, name, plain, told

FEW = settings(max_examples=20)
RICH = [
    Case(-1, 2, True, ("edit", "stage", "refine", "reject"), ScopeKind.SESSION, "acme", True),
    Case(0, 1, True, ("approve", "wait"), ScopeKind.TENANT, "acme", True),
    Case(1, 0, True, ("stage", "approve"), ScopeKind.GLOBAL, "", False),
    Case(0, 1, True, ("approve",), ScopeKind.SESSION, "acme", True, forked=12),
]
"""Everything that a case can be, so that each law is held against it at every run."""


def filled(entries: list[Entry], portions: list[int] | None = None) -> Any:
    """Returns all answers of a view that was filled in ``portions``, opened anew for each."""
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory) / "view"
        rest = entries
        for portion in portions or ():
            some, rest = rest[:portion], rest[portion:]

            async def add(view: SurrealView, some: list[Entry] = some) -> None:
                await view.apply(some, portion=7)

            using(place, add)

        async def finish(view: SurrealView) -> Any:
            await view.apply(rest)
            return await everything(view)

        return using(place, finish)


@FEW
@example(RICH, [17, 30])
@given(CASES, st.lists(st.integers(1, 60), max_size=3))
def test_following_bit_by_bit_gives_what_filling_at_once_gives(
    cases: list[Case], portions: list[int]
) -> None:
    """Row for row and answer for answer, wherever it was cut and opened again."""
    entries = told(cases)

    assert filled(entries) == filled(entries, portions)


@FEW
@example(RICH)
@given(CASES)
def test_what_rests_on_a_thing_and_what_it_came_from_are_what_the_core_finds(
    cases: list[Case],
) -> None:
    """Over all runs: the view adds corrections and signers to the graph, and leaves nothing out."""
    entries = told(cases)
    desk = folded(entries)
    lineage = Lineage(desk)
    nodes = [
        Node(kind, one, run.run)
        for run in desk.runs.values()
        for kind, names in [
            (NodeKind.FACT, [fact.id for fact in run.promoted.values()]),
            (
                NodeKind.DECISION,
                [one.id for gate in run.gates.values() for one in gate.votes.values()],
            ),
            (NodeKind.PROPOSAL, run.staged),
            (NodeKind.TRACE, run.traces),
        ]
        for one in names
    ]
    calls = [trace.call for run in desk.runs.values() for trace in run.traces.values()]
    nodes += {Node(NodeKind.PROMPT, call.version): None for call in calls}
    nodes += {Node(NodeKind.MODEL, call.envelope.model_sha256): None for call in calls}

    async def look(view: SurrealView) -> list[tuple[set[str], set[str]]]:
        await view.apply(entries)
        found = []
        for node in nodes:
            table, _, called = name(node).partition(":")
            down = await view.blast_radius(table, called)
            up = await view.grounds(table, called)
            assert (True, True) == (down.whole, up.whole)
            found.append((plain(down.found), plain(up.found)))
        return found

    with tempfile.TemporaryDirectory() as directory:
        found = using(Path(directory) / "view", look)
    assert [
        (set(map(name, lineage.radius(node).found)), set(map(name, lineage.grounds(node).found)))
        for node in nodes
    ] == found


@FEW
@given(CASES, st.data())
def test_what_stood_at_a_record_is_what_the_fold_up_to_it_says(
    cases: list[Case], data: st.DataObject
) -> None:
    """Of each run's context, from the run's own standpoint, corrections heeded."""
    entries = told(cases)
    seq = data.draw(st.integers(0, len(entries) + 1))
    then = folded(entries[: seq + 1])
    expected = {run.run: (_truth(run), min(seq, len(entries) - 1)) for run in then.runs.values()}

    async def look(view: SurrealView) -> dict[str, tuple[set[str], int]]:
        await view.apply(entries)
        found = {}
        for run in folded(entries).runs:
            rows, reflected = await view.as_of(seq, run)
            found[run] = ({row.fact_id for row in rows}, reflected)
        return found

    with tempfile.TemporaryDirectory() as directory:
        found = using(Path(directory) / "view", look)
    assert expected == {run: answer for run, answer in found.items() if run in expected}
    assert all(not rows for run, (rows, _) in found.items() if run not in expected)


def _truth(run: RunState) -> set[str]:
    sees = Standpoint(run.started.tenant or "", run.run)
    return {fact.id for key in ContextKey for fact in run.context.truth(key, sees)}


@FEW
@example(RICH)
@given(CASES)
def test_proposals_stand_as_the_fold_says(cases: list[Case]) -> None:
    """Promoted, refused, asked about, withdrawn or not yet heard: each once, under one status."""
    entries = told(cases)
    desk = folded(entries)

    drafts = {
        (run.run, one): draft
        for run in desk.runs.values()
        for one, draft in [*run.drafts.items(), *run.staged.items()]
    }

    async def look(view: SurrealView) -> dict[str, set[str]]:
        await view.apply(entries)
        found = (await everything(view))["proposals"]
        assert all(len(rows) < MAX_ROWS for rows in found.values())
        for row in (row for rows in found.values() for row in rows):
            draft = drafts[RunId(row.run), ProposalId(row.id)]
            said = draft.fact
            assert (said.key.value, said.id, said.content, draft.agent) == (
                row.key,
                row.fact_id,
                row.content,
                row.agent,
            )
        return {status: {row.id for row in rows} for status, rows in found.items()}

    with tempfile.TemporaryDirectory() as directory:
        found = using(Path(directory) / "view", look)
    assert _standings(desk) == found


def _standings(desk: DeskState) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {
        name: set() for name in ("proposed", "staged", "asked", "refused", "withdrawn", "promoted")
    }
    for run in desk.runs.values():
        for proposal in (*run.drafts, *run.staged):
            gates = run.gates_of.get(proposal)
            if proposal in run.promoted:
                status = "promoted"
            elif proposal in run.refusals:
                status = "refused"
            elif gates:
                status = "withdrawn" if gates[-1].withdrawn else "asked"
            else:
                status = "staged" if proposal in run.staged else "proposed"
            found[status].add(proposal)
    return found
