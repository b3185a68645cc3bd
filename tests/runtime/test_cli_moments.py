"""Any moment of any run on the command line: shown, folded again, and begun from anew."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from converge_core import events as e
from converge_core.ledger import Entry
from converge_desktop.adapters.ledger.ledger_file import read_ledger
from converge_desktop.adapters.ledger.segments import segments
from converge_desktop.adapters.packs.pack import load_packs
from converge_desktop.runtime.views import Views, read_views
from tests.runtime.conftest import Cli
from tests.runtime.folders import make_folder
from tests.runtime.journals import folded
from tests.runtime.packs import at_once

DOCS = Path(__file__).resolve().parents[2] / "docs" / "cli"
RUN = "run-0001"


def printed(command: str, result: subprocess.CompletedProcess[str]) -> Any:
    """Returns what was printed, after holding it against the documented schema."""
    output = json.loads(result.stdout)
    jsonschema.validate(output, json.loads((DOCS / f"{command}.schema.json").read_text("utf-8")))
    return output


def converge(data_dir: Path, command: str, *more: str) -> subprocess.CompletedProcess[str]:
    place = ["--data-dir", str(data_dir), "--packs", str(at_once())]
    placed = [sys.executable, "-m", "converge_desktop", command, *place, *more]
    return subprocess.run(placed, capture_output=True, text=True, timeout=100, check=False)


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A desk at which one run was decided, with the shipped model."""
    place = tmp_path_factory.mktemp("lived")
    folder = make_folder(place / "folder", failed=1)
    ran = converge(place / "data", "run", "release-readiness", "--input", str(folder), "--json")
    [gate] = json.loads(ran.stdout)["gates"]
    assert 0 == converge(place / "data", "decide", gate, "approve").returncode
    return place / "data"


@pytest.fixture
def desk(lived: Path, data_dir: Path) -> Path:
    """A copy of it, to go on with."""
    shutil.copytree(lived, data_dir)
    return data_dir


def entries_of(data_dir: Path) -> list[Entry]:
    return list(read_ledger(data_dir / "ledger"))


def first_of(data_dir: Path, kind: type[e.Event], run: str = RUN) -> int:
    """Returns the number of the first record of a kind in a run."""
    found = (one.head for one in entries_of(data_dir) if one.head.run == run)
    return next(head.seq for head in found if head.kind == kind.kind)


def root_of(data_dir: Path, run: str = RUN) -> str:
    """Returns the root that a run says it came to."""
    stopped = [one.event for one in entries_of(data_dir) if isinstance(one.event, e.RunStopped)]
    [root] = [one.root for one in stopped if one.run == run]
    return root


def views_of(data_dir: Path) -> Views:
    return read_views(data_dir, load_packs(at_once()))


def approve(cli: Cli, gate: str) -> Any:
    return printed("decide", cli("decide", gate, "approve", "--json"))


# Shown.


def test_a_run_is_shown_as_it_stood_at_any_record(desk: Path) -> None:
    """Cycle, phase, facts and root are those that the records up to there come to."""
    views, begun = views_of(desk), first_of(desk, e.RunStarted)
    for seq in range(begun, len(entries_of(desk)), 5):
        run = folded(desk, seq + 1).runs[RUN]  # type: ignore[index]
        view = views.run_at(RUN, seq)
        cards = [card for _, cards in view.context for card in cards if card.state == "fact"]
        assert (run.context.root, run.cycle) == (view.root, view.cycle)
        assert {one.id for one in run.context.in_order()} == {card.fact_id for card in cards}
        assert all(card.seq <= seq for card in cards)


def test_context_prints_what_stood(cli: Cli, desk: Path) -> None:
    """At a record, or now; each fact with the record that says it, in words or as JSON."""
    first = first_of(desk, e.FactPromoted)
    then = printed("context", cli("context", RUN, "--at", str(first), "--json"))
    now = printed("context", cli("context", RUN, "--json"))
    words = cli("context", RUN, "--at", str(first))

    assert (RUN, first, "running", 0) == tuple(
        then[name] for name in ("run_id", "seq", "phase", "cycles")
    )
    assert [first] == [fact["seq"] for fact in then["facts"]]
    assert (len(entries_of(desk)) - 1, "stopped") == (now["seq"], now["phase"])
    assert (root_of(desk), len(folded(desk).runs[RUN].context.in_order())) == (  # type: ignore[index]
        now["root"],
        len(now["facts"]),
    )
    assert words.stdout.startswith(f"{RUN} at record {first}: cycle 0, root {then['root']}\n")
    assert then["facts"][0]["text"] in words.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("context", "run-0009"), "there is no run run-0009"),
        (("context", "run-0009", "--at", "3"), "there is no run run-0009"),
        (("context", RUN, "--at", "1"), "run run-0001 had not begun at record 1"),
        (("context", RUN, "--at", "-1"), "there is no record -1; the last is"),
        (("context", RUN, "--at", "99999"), "there is no record 99999; the last is"),
        (("fork", "run-0009"), "there is no run run-0009"),
        (("fork", RUN, "--at", "1"), "run run-0001 cannot be forked at record 1; it began with"),
        (("fork", RUN, "--at", "99999"), "run run-0001 cannot be forked at record 99999"),
        (("replay", "run-0009"), "there is no trace run-0009"),
        (("context", ""), "is empty"),
        (("fork", RUN, "--at", "soon"), "invalid int value: 'soon'"),
    ],
)
def test_a_moment_that_never_was_is_a_sentence(
    cli: Cli, desk: Path, arguments: tuple[str, ...], words: str
) -> None:
    """It names the run and the record; nothing begins."""
    result = cli(*arguments)

    assert (2, "") == (result.returncode, result.stdout)
    assert words in result.stderr
    assert "Traceback" not in result.stderr
    assert [RUN] == [row.run_id for row in views_of(desk).runs()]


def test_where_nothing_was_there_is_nothing_to_show(cli: Cli) -> None:
    """A folder that is no desk yet: the run is missed, not the record."""
    result = cli("context", RUN)

    assert (2, True) == (result.returncode, f"there is no run {RUN}" in result.stderr)


# Folded again.


def test_a_run_is_folded_again_to_what_it_said(cli: Cli, desk: Path) -> None:
    """The root of its records is the recorded one, without a model."""
    found = printed("replay-run", cli("replay", RUN, "--json"))
    words = cli("replay", RUN, "--model", "/no.gguf")
    own = [one.head.seq for one in entries_of(desk) if one.head.run == RUN]

    assert (root_of(desk), root_of(desk)) == (found["root"], found["said"])
    assert (RUN, len(own), own[-1]) == (found["run_id"], found["records"], found["said_at"])
    assert (0, f"that is what it said in record {own[-1]}.") == (
        words.returncode,
        words.stdout.strip().rpartition("; ")[2],
    )


def test_a_run_that_comes_to_something_else_is_refused(cli: Cli, desk: Path) -> None:
    """One fact was changed, with every hash as it must be but one: exit code 1."""
    [file] = segments(desk / "ledger")
    file.write_bytes(
        file.read_bytes().replace(b"tests failed at most 0", b"tests failed at most 9")
    )
    shutil.rmtree(desk / "snapshots")
    result = cli("replay", RUN)

    assert (1, True) == (result.returncode, "record" in result.stderr)


# Begun from anew.


def test_a_fork_in_the_middle_ends_where_its_origin_did(cli: Cli, desk: Path) -> None:
    """From the input alone, the same model and the same decision come to the same root."""
    seq = first_of(desk, e.CycleStarted) - 1
    stood = printed("context", cli("context", RUN, "--at", str(seq), "--json"))
    forked = cli("fork", RUN, "--at", str(seq), "--json")
    waiting = printed("fork", forked)
    run = waiting["run_id"]
    decided = approve(cli, waiting["gates"][0])
    started = folded(desk).runs[run].started

    assert (3, "waiting", "run-0002") == (forked.returncode, waiting["phase"], run)
    assert (RUN, seq, stood["root"]) == (started.continues, started.forked_at, started.base_root)
    assert f"It was forked from {RUN} at record {seq}." in started.notes
    assert root_of(desk) == decided["root"] == root_of(desk, run)
    assert printed("replay-run", cli("replay", run, "--json"))["root"] == decided["root"]
    assert printed("verify", cli("verify", "--json"))["ok"]


def test_a_fork_shows_what_it_began_with(cli: Cli, desk: Path) -> None:
    """Facts of its origin are its own, from its first record on; so are its own."""
    seq = first_of(desk, e.TraceRecorded)
    forked = printed("fork", cli("fork", RUN, "--at", str(seq), "--json"))
    run = forked["run_id"]
    begun = first_of(desk, e.RunStarted, run)
    shown = printed("context", cli("context", run, "--json"))
    at_first = printed("context", cli("context", run, "--at", str(begun), "--json"))
    then = printed("context", cli("context", RUN, "--at", str(seq), "--json"))

    assert [fact["fact_id"] for fact in then["facts"]] == [
        fact["fact_id"] for fact in at_first["facts"]
    ]
    assert {begun} == {fact["seq"] for fact in at_first["facts"]}
    assert then["root"] == at_first["root"]
    assert any(fact["seq"] > begun for fact in shown["facts"])
    assert forked["gates"] == [one["gate_id"] for one in printed("inbox", cli("inbox", "--json"))]


def test_a_fork_of_the_end_has_nothing_left_to_do(cli: Cli, desk: Path) -> None:
    """What was decided stands; nobody is asked again. And one may fork the fork."""
    ended = printed("fork", cli("fork", RUN, "--json"))
    again = printed("fork", cli("fork", ended["run_id"], "--json"))

    assert ("stopped", "CriteriaMet", [], root_of(desk)) == tuple(
        ended[name] for name in ("phase", "stop", "gates", "root")
    )
    assert (["run-0002", "run-0003"], ended["root"]) == (
        [ended["run_id"], again["run_id"]],
        again["root"],
    )


# Reading.


def times_of(directory: Path) -> dict[Path, tuple[int, int]]:
    """Returns when everything below a directory was changed, and what there is."""
    stats = {path: path.stat() for path in directory.rglob("*")}
    return {path: (stat.st_mtime_ns, stat.st_ctime_ns) for path, stat in stats.items()}


@pytest.mark.parametrize(
    "arguments",
    [
        ("context", RUN),
        ("context", RUN, "--at", "40"),
        ("replay", RUN),
        ("inbox",),
        ("traces",),
        ("verify",),
    ],
    ids=" ".join,
)
def test_looking_writes_nothing(cli: Cli, desk: Path, arguments: tuple[str, ...]) -> None:
    """Not in a folder that one may only read, nor in one that could be written."""
    for path in (desk, *desk.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    before = times_of(desk)
    result = cli(*arguments)
    after = times_of(desk)
    for path in (desk, *desk.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)

    assert 0 == result.returncode, result.stderr
    assert before == after


@pytest.mark.parametrize("kept", ["snapshots", "keys/snapshots.key"])
def test_without_snapshots_the_same_is_shown(cli: Cli, desk: Path, kept: str) -> None:
    """Their loss changes nothing but the time it takes."""
    asked = [("context", RUN, "--at", "40"), ("replay", RUN), ("traces",), ("verify",)]
    before = [cli(*arguments).stdout for arguments in asked]
    assert all(before)
    path = desk / kept
    shutil.rmtree(path) if path.is_dir() else path.unlink()

    assert before == [cli(*arguments).stdout for arguments in asked]


def test_verify_prints_what_it_found(cli: Cli, desk: Path) -> None:
    """Records, head and root, by its schema; what does not hold, with the first record."""
    entries = entries_of(desk)
    found = printed("verify", cli("verify", "--json"))
    assert {
        "ok": True,
        "records": len(entries),
        "bad_seq": -1,
        "reason": "",
        "head": entries[-1].hash,
        "unfinished": 0,
        "root": found["root"],
        "redacted": 0,
    } == found
    assert 64 == len(found["root"])
    [file] = segments(desk / "ledger")
    lines = file.read_bytes().splitlines(keepends=True)
    lines[30] = lines[30].replace(b'"at":', b'"at":1', 1)
    file.write_bytes(b"".join(lines))
    bad = cli("verify", "--json")

    assert (1, False, 30, 30) == (
        bad.returncode,
        *(printed("verify", bad)[name] for name in ("ok", "bad_seq", "records")),
    )
    assert printed("verify", bad)["reason"]
