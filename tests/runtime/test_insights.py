"""How a desk fares: each table is what counting one by one comes to."""

from __future__ import annotations

import csv
import io
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from statistics import median

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from converge_core.asking import Gate, GateEnd
from converge_core.events import (
    DeskOpened,
    GateActed,
    GateDecided,
    GateOpened,
    GateTimedOut,
    GateWithdrawn,
)
from converge_core.review import ActKind
from converge_core.run_state import DeskState
from converge_core.state import fold
from converge_core.terms import ReviewTerms
from converge_desktop.adapters.ledger.history import LedgerHistory
from converge_desktop.adapters.ledger.ledger_file import LedgerFile, read_ledger
from converge_desktop.runtime.insight_model import Column, InsightTable, Kind
from converge_desktop.runtime.insights import insights
from converge_desktop.runtime.trace_rows import gate_of
from tests.core.golden_story import LEDGER
from tests.core.test_votes import asked
from tests.runtime.trace_kit import HOUR, NOON, SPECS, Spec, calls, index_of, opened, written

WEEK = 7 * 24 * 3600 * 1_000_000
MONDAY = 1_794_787_200_000_000
"""16 November 2026, 0:00 UTC."""


def rows_of(table: InsightTable) -> list[dict[str, object]]:
    names = [column.name for column in table.columns]
    return [dict(zip(names, row, strict=True)) for row in table.rows]


@pytest.fixture(autouse=True, scope="module")
def no_waiting() -> Iterator[None]:
    """The disk does not let anybody wait."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("os.fsync", lambda fd: None)
        yield


@settings(max_examples=25)
@given(specs=st.lists(SPECS, min_size=1, max_size=12))
def test_calls_are_counted(tmp_path_factory: pytest.TempPathFactory, specs: list[Spec]) -> None:
    """By prompt version and model, in all, and what failed by cause."""
    place = tmp_path_factory.mktemp("ledger")
    traces = [trace for _, trace in calls(written(place, specs))]
    found = insights(index_of(place).view)
    [whole] = rows_of(found.table("calls"))
    agents = rows_of(found.table("agents"))
    causes = {row["cause"]: row["calls"] for row in rows_of(found.table("failures"))}

    took = sorted(trace.call.duration_us for trace in traces)
    assert len(traces) == whole["calls"]
    assert sum(trace.call.prompt_tokens for trace in traces) == whole["prompt_tokens"]
    assert round(median(took)) == pytest.approx(whole["duration_median"], abs=1)
    assert whole["duration_p90"] in took
    valid = sum(trace.call.outcome == "valid" for trace in traces)
    assert (valid, pytest.approx(valid * 1000 / len(traces), abs=1)) == (
        *(whole["valid"], whole["valid_share"]),
    )
    assert Counter((trace.agent, trace.call.envelope.model) for trace in traces) == {
        (row["agent"], row["model"]): row["calls"] for row in agents
    }
    failed = [{c.name for c in trace.call.checks if not c.passed} for trace in traces]
    assert Counter(name for names in failed for name in names) == causes


def test_weeks_begin_on_monday(tmp_path: Path) -> None:
    """0:00 UTC; each call counts in the week in which it was recorded."""
    written(tmp_path, [Spec() for _ in range(200)])
    found = insights(index_of(tmp_path).view)
    weeks = rows_of(found.table("calls_by_week"))

    assert [MONDAY, MONDAY + WEEK] == [row["week"] for row in weeks]
    assert 200 == sum(int(str(row["calls"])) for row in weeks)


def test_decisions_are_counted_as_the_fold_has_them(tmp_path: Path) -> None:
    """Of a story in which everything happens: how gates ended, how soon, and what was undone."""
    (tmp_path / "ledger").mkdir()
    shutil.copy(LEDGER, tmp_path / "ledger" / "000000000000.jsonl")
    gates, ended = _folded(tmp_path)
    found = insights(index_of(tmp_path).view)
    [whole] = rows_of(found.table("decisions"))

    ends = Counter(gate.end for gate in gates.values() if gate.end)
    people = (GateEnd.APPROVED, GateEnd.EDITED, GateEnd.REFINED, GateEnd.REJECTED)
    by_people = sum(ends[end] for end in people)
    assert by_people > 3
    assert (len(gates), by_people) == (whole["opened"], whole["decided"])
    assert [ends[end] for end in people] == [whole[end.value] for end in people]
    assert ends[GateEnd.LAPSED] + ends[GateEnd.ASSUMED] == whole["expired"]
    assert ends[GateEnd.WITHDRAWN] == whole["withdrawn"]
    assert round(ends[GateEnd.APPROVED] * 1000 / by_people) == whole["approval_rate"]
    assert round(ends[GateEnd.EDITED] * 1000 / by_people) == whole["edit_rate"]
    undone = [act for gate in gates.values() for act in gate.acts if act.act is ActKind.UNDO]
    assert len(undone) == whole["undone"]
    took = [
        ended[name] - gate.request.opened_at for name, gate in gates.items() if gate.end in people
    ]
    assert round(median(took)) == pytest.approx(whole["decide_median"], abs=1)
    asked = Counter(gate.request.agent for gate in gates.values())
    by_agent = rows_of(found.table("decisions_by_agent"))
    assert asked == {row["agent"]: row["opened"] for row in by_agent}
    by_week = rows_of(found.table("decisions_by_week"))
    assert len(gates) == sum(int(str(row["opened"])) for row in by_week)


def test_answers_are_counted_by_who_gave_them(tmp_path: Path) -> None:
    """Every vote, how it went, how long after it was asked for, and what that person undid."""
    (tmp_path / "ledger").mkdir()
    shutil.copy(LEDGER, tmp_path / "ledger" / "000000000000.jsonl")
    asked: dict[str, int] = {}
    answers: dict[str, list[tuple[str, int]]] = {}
    undone: Counter[str] = Counter()
    for entry in read_ledger(tmp_path / "ledger"):
        match entry.event:
            case GateOpened(request=request):
                asked[str(request.id)] = entry.head.at
            case GateDecided(decision=one):
                took = entry.head.at - asked[str(one.gate)]
                answers.setdefault(str(one.operator), []).append((one.verdict.value, took))
            case GateActed(act=act) if act.act is ActKind.UNDO:
                undone[str(act.operator)] += 1
    rows = {
        str(row["by"]): row for row in rows_of(insights(index_of(tmp_path).view).table("people"))
    }

    assert answers.keys() == rows.keys()
    assert len(rows) > 1
    assert undone.total() == sum(int(str(row["undone"])) for row in rows.values())
    names = {"approve": "approved", "edit": "edited", "refine": "refined", "reject": "rejected"}
    for person, told in answers.items():
        row, counted = rows[person], Counter(verdict for verdict, _ in told)
        assert len(told) == row["answers"]
        assert [counted[verdict] for verdict in names] == [row[name] for name in names.values()]
        assert round(counted["approve"] * 1000 / len(told)) == row["approval_rate"]
        assert round(median(took for _, took in told)) == pytest.approx(row["decide_median"], abs=1)


def test_a_table_can_be_cut_down_to_some_of_its_columns() -> None:
    """In the order that is asked for; its rows stay."""
    columns = (Column("a", "A", Kind.COUNT), Column("b", "B", Kind.COUNT))
    table = InsightTable("t", "T", columns, ((1, 2), (3, 4)), 9)

    assert ((2, 1), (4, 3)) == table.only("b", "a").rows
    assert (2, 4) == table.only("b", "a").values("b") == table.values("b")


def _folded(place: Path) -> tuple[dict[str, Gate], dict[str, int]]:
    """Returns the gates, and when what ended each of them was recorded."""
    desk, ended = DeskState(), {}
    for entry in read_ledger(place / "ledger"):
        assert entry.event is not None
        desk = fold(desk, entry.event, entry.head.at, entry.head.seq)
        if isinstance(entry.event, (GateDecided, GateTimedOut, GateWithdrawn)):
            ended[str(gate_of(entry.event))] = entry.head.at
    gates = {str(name): gate for run in desk.runs.values() for name, gate in run.gates.items()}
    return gates, ended


def test_a_clock_that_was_set_back_takes_no_time(tmp_path: Path) -> None:
    """Nobody decides before they are asked; how long it took is not known then."""
    (tmp_path / "ledger").mkdir()
    play = asked(ReviewTerms())
    play.answer(play.gates()[0], "approve").go()
    empty = LedgerHistory(tmp_path / "ledger").read_all()
    with closing(LedgerFile(tmp_path / "ledger", 1 << 20, history=empty)) as file:
        file.append([DeskOpened(desk="desk", app_version="0.1.0")], NOON)
        for number, (events, _) in enumerate(play.batches, 1):
            file.append(events, NOON - number * HOUR)
    found = insights(index_of(tmp_path, opened(tmp_path)).view)

    for name in ("decisions", "people"):
        table = found.table(name)
        [row] = table.rows
        told = dict(zip([column.name for column in table.columns], row, strict=True))
        assert (1, None) == (told["approved"], told["decide_median"])


def test_a_desk_that_did_nothing_has_tables_too(tmp_path: Path) -> None:
    """With nothing in them, and nothing divided by it."""
    written(tmp_path, [])
    found = insights(index_of(tmp_path).view)

    [decisions] = rows_of(found.table("decisions"))
    assert (0, None, None) == tuple(
        decisions[name] for name in ("opened", "approval_rate", "decide_median")
    )
    assert () == found.table("versions").rows
    assert 0 == rows_of(found.table("calls"))[0]["calls"]


def test_a_table_is_written_as_comma_separated_values() -> None:
    """Shares as parts of one, times in seconds, weeks as dates; and no formula among them."""
    columns = (
        Column("week", "Week", Kind.WEEK),
        Column("agent", "Agent", Kind.TEXT),
        Column("rate", "Rate", Kind.SHARE),
        Column("took", "Took", Kind.TIME),
        Column("calls", "Answers", Kind.COUNT),
    )
    rows = ((MONDAY, '=cmd("x"), a', 853, 1_500_000, 7), (MONDAY, "b", None, None, 0))
    text = InsightTable("t", "T", columns, rows, 9).csv()

    assert [
        ["week", "agent", "rate", "took_s", "calls"],
        ["2026-11-16", '\'=cmd("x"), a', "0.853", "1.500000", "7"],
        ["2026-11-16", "b", "", "", "0"],
    ] == list(csv.reader(io.StringIO(text)))
