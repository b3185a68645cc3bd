"""Model calls in a file: each with where it comes from, all of them or none."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from converge_core.canonical import hash_text
from converge_core.errors import LedgerCorrupt
from converge_core.ledger import Entry
from converge_core.trace import DecisionTrace
from converge_desktop.adapters.ledger.ledger_file import read_ledger
from converge_desktop.adapters.texts import TextReader
from converge_desktop.runtime import trace_export
from converge_desktop.runtime.trace_export import Chosen, ExportStopped, Sources, export_traces
from converge_desktop.runtime.trace_model import Note
from tests.runtime.trace_kit import LONG, Spec, calls, opened, written

SOME = [Spec(headline=f"answer {n}", output=LONG if n == 2 else "{}") for n in range(5)]


@pytest.fixture
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sources:
    """A ledger of five calls; about the third something was noted."""
    monkeypatch.setattr("os.fsync", lambda fd: None)
    written(tmp_path, SOME)
    entry, trace = recorded(tmp_path)[2]
    note = Note(trace.id, entry.head.seq, entry.hash, "look", "alice", 5)
    read = TextReader(tmp_path / "texts").text
    return Sources(opened(tmp_path).entry, read, {entry.head.seq: note})


def recorded(place: Path) -> list[tuple[Entry, DecisionTrace]]:
    return calls(read_ledger(place / "ledger"))


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def test_each_call_says_where_it_comes_from(tmp_path: Path, sources: Sources) -> None:
    """Record, hash, texts whole, envelope and note, in the order in which they were chosen."""
    chosen = [recorded(tmp_path)[place] for place in (2, 0)]
    seqs = [entry.head.seq for entry, _ in chosen]
    done = export_traces(tmp_path / "out", Chosen(seqs, {"desk": "d", "filter": "x"}), sources)
    first, *lines, last = lines_of(tmp_path / "out")

    assert {"format": "converge traces 1", "desk": "d", "filter": "x"} == first
    for (entry, trace), line in zip(chosen, lines, strict=True):
        head = entry.head
        expected = (head.seq, head.at, entry.hash, head.prev, head.commit, head.v)
        names = ("seq", "at", "hash", "prev", "commit", "v")
        assert expected == tuple(line["record"][name] for name in names)
        assert (trace.id, trace.run) == (line["trace"]["id"], line["run"])
        assert trace.call.envelope.digest() == line["envelope_sha256"]
        for name, ref in (("output", trace.call.output), ("priming", trace.call.layers["priming"])):
            assert ref.sha256 == hash_text(line["texts"][name])
    assert [{"text": "look", "by": "alice", "at": 5}, None] == [one.get("note") for one in lines]
    assert (2, done.sha256) == (last["traces"], last["sha256"])


def test_the_last_line_covers_those_before_it(tmp_path: Path, sources: Sources) -> None:
    """So that a file that was cut or changed is told from a whole one."""
    path = tmp_path / "out"
    done = export_traces(path, Chosen([recorded(tmp_path)[0][0].head.seq], {}), sources)
    raw = path.read_bytes()
    before = raw[: raw.rstrip(b"\n").rindex(b"\n") + 1]

    assert hashlib.sha256(before).hexdigest() == done.sha256
    assert (1, len(raw), str(path)) == (done.traces, done.size, done.path)


def test_it_tells_how_far_it_is(
    tmp_path: Path, sources: Sources, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Now and then, and at the end."""
    monkeypatch.setattr(trace_export, "TOLD_EVERY", 2)
    told: list[int] = []
    seqs = [entry.head.seq for entry, _ in recorded(tmp_path)]
    export_traces(tmp_path / "out", Chosen(seqs, {}), sources, told=told.append)

    assert [2, 4, 5] == told


def test_one_that_is_given_up_leaves_nothing(tmp_path: Path, sources: Sources) -> None:
    """And what lay there before stays."""
    path = tmp_path / "out"
    path.write_text("before")
    seqs = [entry.head.seq for entry, _ in recorded(tmp_path)]
    asked = iter([False, False, True])
    with pytest.raises(ExportStopped):
        export_traces(path, Chosen(seqs, {}), sources, stopped=lambda: next(asked))

    assert "before" == path.read_text()
    assert not list(tmp_path.glob("*.part"))


def test_what_lies_beside_it_stays_as_it_is(tmp_path: Path, sources: Sources) -> None:
    """A file whose name ends in .part may be somebody's, or lead to somebody's."""
    precious = tmp_path / "precious"
    precious.write_text("mine")
    (tmp_path / "out.part").symlink_to(precious)
    export_traces(tmp_path / "out", Chosen([recorded(tmp_path)[0][0].head.seq], {}), sources)

    assert "mine" == precious.read_text()
    assert (tmp_path / "out.part").is_symlink()


@pytest.mark.parametrize("trouble", ["full", "folder"])
def test_what_cannot_be_written_is_told_and_leaves_nothing(
    tmp_path: Path, sources: Sources, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    """A full disk, and a folder in the place of the file."""
    path, entry = tmp_path / "out", recorded(tmp_path)[0][0]

    def full(fd: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    if trouble == "full":
        path.write_text("before")
        monkeypatch.setattr(os, "fsync", full)
    else:
        path.mkdir()

    with pytest.raises(OSError, match=r"No space|directory"):
        export_traces(path, Chosen([entry.head.seq], {}), sources)
    assert trouble == "folder" or "before" == path.read_text()
    assert not list(tmp_path.glob("**/*.part"))


def test_a_record_that_was_changed_is_not_written(tmp_path: Path, sources: Sources) -> None:
    """It is read from the ledger again, and checked there."""
    entry = recorded(tmp_path)[0][0]
    [file] = (tmp_path / "ledger").glob("*.jsonl")
    file.write_bytes(file.read_bytes().replace(b"answer 0", b"answer 9"))

    with pytest.raises(LedgerCorrupt):
        export_traces(tmp_path / "out", Chosen([entry.head.seq], {}), sources)
    assert not (tmp_path / "out").exists()


def test_a_text_that_was_forgotten_is_null(tmp_path: Path, sources: Sources) -> None:
    """Its hash still stands in the call."""
    entry = recorded(tmp_path)[2][0]
    shutil.rmtree(tmp_path / "texts")
    gone = Sources(sources.entry, TextReader(tmp_path / "texts").text, {})
    export_traces(tmp_path / "out", Chosen([entry.head.seq], {}), gone)
    line = lines_of(tmp_path / "out")[1]

    assert line["texts"]["output"] is None
    assert hash_text(LONG) == line["trace"]["call"]["output"]["sha256"]
