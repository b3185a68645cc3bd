"""Model calls of a desk are looked through, compared, noted and written out; by command, too."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from converge_core.errors import IllegalCommand
from converge_desktop.adapters.ledger.ledger_file import read_ledger
from converge_desktop.runtime.filter_reading import FilterProblem
from converge_desktop.runtime.port import TraceExportProgress, TraceIndexChanged
from converge_desktop.runtime.trace_model import TraceProblem
from converge_desktop.runtime.trace_port import TracePort
from tests.runtime.conftest import Cli
from tests.runtime.deciding_kit import Waiting
from tests.runtime.test_cli import printed


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Waiting]:
    """A desk at which one run asks; nothing that a test does to it matters to another."""
    waiting = Waiting(tmp_path_factory.mktemp("asked"))
    waiting.ask()
    yield waiting
    waiting.close()


def followed(asked: Waiting) -> TracePort:
    """Returns the desk, once its index is up with its ledger."""
    last = asked.desk.ledger_page(0, 10_000).result(10)[-1].seq
    asked.watch.until(
        lambda update: isinstance(update, TraceIndexChanged) and update.state.as_of >= last
    )
    return asked.desk


def test_model_calls_are_found(asked: Waiting) -> None:
    """By filter and order, page by page, with what the ledger says of each."""
    desk = followed(asked)
    every = desk.find_traces().result(10)
    rows = desk.trace_rows(every.token, 0, 10).result(10)
    one = desk.find_traces("step:planning").result(10)

    assert ["planning", "evaluation", "reasoning"] == [found.row.step for found in rows]
    assert (3, 1) == (every.total, one.total)
    assert "ready" == desk.trace_index().state
    assert every.as_of == every.seq
    assert tuple(found.row for found in rows) == asked.desk.traces().result(10)
    assert 1 == desk.trace_at(every.token, rows[1].row.at).result(10)
    assert 2 == desk.trace_place_in(every.token, rows[2].seq).result(10)
    offered = desk.complete_traces("step:", 5).result(10)
    assert {"planning", "evaluation", "reasoning"} == {candidate.text for candidate in offered}


def test_the_first_calls_come_along_with_what_was_found(asked: Waiting) -> None:
    """So that a list can be shown with one answer; no more of them than were asked for."""
    desk = followed(asked)
    alone = desk.find_traces("", "duration").result(10)
    found = desk.find_traces("", "duration", rows=2).result(10)
    page = desk.trace_rows(found.token, 0, 2).result(10)
    assert () == alone.first
    assert page == found.first
    assert len(page) == 2


def test_what_cannot_be_answered_is_a_sentence(asked: Waiting) -> None:
    """With the place in the filter, or with what to do."""
    desk = followed(asked)
    with pytest.raises(FilterProblem, match="valid is yes or no"):
        desk.find_traces("valid:maybe").result(10)
    with pytest.raises(TraceProblem, match="look for it again"):
        desk.trace_rows(999, 0, 1).result(10)


def test_a_note_is_found_and_changes_no_record(asked: Waiting) -> None:
    """It lies beside the ledger, by the name of whoever sits there."""
    desk = followed(asked)
    before = len(list(read_ledger(asked.place / "data" / "ledger")))
    every = desk.find_traces("step:planning").result(10)
    [found] = desk.trace_rows(every.token, 0, 1).result(10)
    name = found.row.trace_id
    assert desk.trace_note(name).result(10) is None
    note = desk.annotate_trace(name, " too bold ").result(10)
    noted = desk.find_traces('note:"too bold"').result(10)

    assert ("too bold", "alice", found.seq) == (note.text, note.by, note.seq)
    assert note == desk.trace_note(name).result(10)
    assert ["too bold"] == [one.note for one in desk.trace_rows(noted.token, 0, 9).result(10)]
    desk.annotate_trace(name, "").result(10)
    assert 0 == desk.find_traces("note:yes").result(10).total
    assert before == len(list(read_ledger(asked.place / "data" / "ledger")))
    with pytest.raises(IllegalCommand, match="there is no trace"):
        desk.annotate_trace("trace:nothing", "x").result(10)


def test_two_calls_are_compared(asked: Waiting) -> None:
    """By their ids; one with itself has no difference."""
    desk = followed(asked)
    every = desk.find_traces().result(10)
    one, other = (found.row.trace_id for found in desk.trace_rows(every.token, 0, 2).result(10))

    assert "" == desk.compare_traces(one, one).result(10).first
    assert "differs first" in desk.compare_traces(one, other).result(10).first


def test_a_selection_is_written_out(asked: Waiting, tmp_path: Path) -> None:
    """What was chosen of a set, with the filter, the desk, and where the ledger stood."""
    desk = followed(asked)
    every = desk.find_traces("valid:yes", "duration").result(10)
    path = tmp_path / "out.jsonl"
    done = desk.export_traces(every.token, path, [1]).result(10)
    first, line, last = (json.loads(one) for one in path.read_text("utf-8").splitlines())
    entries = list(read_ledger(asked.place / "data" / "ledger"))
    asked.watch.until(lambda update: update == TraceExportProgress(1, 1))
    [_, chosen] = desk.trace_rows(every.token, 0, 2).result(10)

    assert (1, 1, done.sha256) == (done.traces, last["traces"], last["sha256"])
    assert ("valid:yes", "duration") == (first["filter"], first["order"])
    assert entries[every.as_of].hash == first["as_of_hash"]
    assert entries[chosen.seq].hash == line["record"]["hash"]
    assert chosen.row.trace_id == line["trace"]["id"]


def test_nothing_is_written_among_the_files_of_the_desk(asked: Waiting) -> None:
    """Whoever names a file of the ledger would lose it."""
    desk = followed(asked)
    every = desk.find_traces().result(10)
    [segment] = (asked.place / "data" / "ledger").glob("*.jsonl")
    before = segment.read_bytes()

    with pytest.raises(IllegalCommand, match="choose another folder"):
        desk.export_traces(every.token, segment)
    assert before == segment.read_bytes()


def test_how_it_fares_is_told(asked: Waiting) -> None:
    """The gate that waits, and the calls that led to it."""
    found = followed(asked).insights().result(30)

    assert 1 == found.table("decisions").rows[0][0]
    assert 3 == found.table("calls").rows[0][0]


def test_an_index_that_is_thrown_away_comes_back(asked: Waiting) -> None:
    """While the desk is used; whoever asks meanwhile gets what is there by then."""
    desk = followed(asked)
    asked.watch.updates.clear()
    desk.rebuild_trace_index()
    followed(asked)

    assert 3 == desk.find_traces().result(10).total


# The command line.


def test_commands_find_and_count(asked: Waiting, data_dir: Path, cli: Cli) -> None:
    """Without a lock, while the desk is open: as many as fit, in order, by their schemas."""
    followed(asked)
    data_dir.symlink_to(asked.place / "data")
    planned = printed("traces", cli("traces", "--filter", "step:planning", "--json"))
    slow = printed("traces", cli("traces", "--order", "duration", "--limit", "2", "--json"))
    quick = printed(
        "traces", cli("traces", "--order", "duration", "--ascending", "--limit", "1", "--json")
    )
    tables = printed("insights", cli("insights", "--json"))
    rows = list(csv.reader(io.StringIO(cli("insights", "--table", "calls", "--csv").stdout)))

    assert ["planning"] == [line["step"] for line in planned]
    assert 2 == len(slow)
    assert slow[0]["duration"] >= slow[1]["duration"] >= quick[0]["duration"]
    assert {"decisions", "failures", "calls", "versions"} <= {t["name"] for t in tables["tables"]}
    assert ("calls", "3") == (rows[0][0], rows[1][0])
    assert "No model call fits the filter." in cli("traces", "--filter", "xyzzy").stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("traces", "--filter", "valid:maybe"), "at character 7"),
        (("insights", "--table", "colours"), "there are: decisions,"),
        (("insights", "--csv"), "name the table with --table"),
    ],
)
def test_what_a_command_cannot_do_is_a_sentence(
    cli: Cli, arguments: tuple[str, ...], words: str
) -> None:
    """Exit 2."""
    result = cli(*arguments)

    assert 2 == result.returncode
    assert words in result.stderr
