"""What a desk proves for the window: evidence, checkpoints, one record, and a ledger that holds."""

from __future__ import annotations

import errno
import os
import time
from pathlib import Path

import pytest

from converge_core.checkpoint import read_checkpoint
from converge_core.errors import IllegalCommand
from converge_desktop.adapters import disk
from converge_desktop.adapters.capsule import NotExported, check_capsule
from converge_desktop.adapters.clock import system_clock
from converge_desktop.adapters.ledger.segments import segment_name
from converge_desktop.adapters.qr import qr_modules
from converge_desktop.runtime import engine_thread, verifying
from converge_desktop.runtime.engine_thread import EngineThread
from converge_desktop.runtime.evidence import Evidence
from converge_desktop.runtime.port import (
    EvidenceProgress,
    Notice,
    NotSigned,
    StatusChanged,
    Update,
    VerifyProgress,
)
from converge_desktop.runtime.proofs import NotKept, Proofs
from converge_desktop.runtime.stopper import GivenUp, Stopper
from converge_desktop.runtime.verifying import verify_ledger
from tests.runtime.conftest import OpenDesk
from tests.runtime.test_main_path import ask
from tests.runtime.watching import PATIENCE

SOON = 20.0
"""Seconds in which what is given up must have ended; nothing in it waits for anything."""


@pytest.fixture
def endless(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A ledger that no process ever comes to the end of: its last file is a pipe nobody writes."""
    ledger = data_dir / "ledger"
    ledger.mkdir(parents=True)
    os.mkfifo(ledger / segment_name(0))
    monkeypatch.setattr(verifying, "SHARED_FROM", 0)
    return ledger


# Evidence


def test_evidence_of_what_nobody_signed_yet_is_refused_until_it_is_signed(
    open_desk: OpenDesk, failing: Path, tmp_path: Path
) -> None:
    """A run that waits is covered by no checkpoint; one that is signed now covers it."""
    desk, watch = open_desk()
    run_id, _ = ask(desk, watch, failing)
    out = tmp_path / "evidence.jsonl"
    with pytest.raises(NotSigned, match="checkpoint"):
        desk.export(run_id, out).result(PATIENCE)
    assert not out.exists()

    signed = desk.sign_checkpoint().result(PATIENCE)
    made = desk.export(run_id, out).result(PATIENCE)

    assert signed.size == made.size
    assert made.path == str(out)
    assert check_capsule(out).about.run == run_id
    progress = [update for update in watch.updates if isinstance(update, EvidenceProgress)]
    assert progress[0] == EvidenceProgress(run_id, 1)


def test_a_decision_is_exported_by_its_gate(
    open_desk: OpenDesk, failing: Path, tmp_path: Path
) -> None:
    """The trace that led to it names the gate, and so does the record of the decision."""
    desk, watch = open_desk()
    run_id, review = ask(desk, watch, failing)
    desk.decide(review.gate_id, "approve", "", review.digest).result(10)
    watch.phase(run_id, "stopped")
    desk.sign_checkpoint().result(10)  # what came of the decision stands behind its checkpoint

    out = tmp_path / "decision.jsonl"
    desk.export(review.gate_id, out).result(PATIENCE)
    assert check_capsule(out).about.gate == review.gate_id

    assert desk.trace(review.trace_ids[-1]).result(10).gate == review.gate_id
    rows = desk.ledger_page(0, 1000).result(10)
    [decided] = [row.seq for row in rows if row.kind == "gate_decided"]
    assert desk.record(decided).result(10).gate == review.gate_id


def test_a_record_of_no_run_is_proven_once_somebody_signed(
    open_desk: OpenDesk, tmp_path: Path
) -> None:
    """An enrolment, say; another may check the file without the desk."""
    desk, watch = open_desk()
    rows = desk.ledger_page(0, 1000).result(10)
    [enrolled] = [row.seq for row in rows if row.kind == "operator_enrolled"]
    out = tmp_path / "record.jsonl"
    with pytest.raises(NotSigned, match="nobody has signed a checkpoint"):
        desk.prove(enrolled, out).result(PATIENCE)
    assert not out.exists()

    signed = desk.sign_checkpoint().result(PATIENCE)
    made = desk.prove(enrolled, out).result(PATIENCE)
    assert (signed.size, signed.at, signed.operator) == (made.size, made.at, made.operator)
    assert enrolled == check_capsule(out).about.record
    progress = [update for update in watch.updates if isinstance(update, EvidenceProgress)]
    assert progress == [EvidenceProgress(f"record {enrolled}", 1)]
    with pytest.raises(NotExported, match="there is no record 999"):
        desk.prove(999, out).result(PATIENCE)


def test_a_file_of_evidence_is_checked_by_itself_and_against_the_ledger(
    open_desk: OpenDesk, data_dir: Path, tmp_path: Path
) -> None:
    """It holds of itself for ever; whose ledger it is of depends on where one asks."""
    desk, _ = open_desk()
    desk.sign_checkpoint().result(PATIENCE)
    out = tmp_path / "record.jsonl"
    desk.prove(1, out).result(PATIENCE)
    found = desk.check_evidence(out).result(PATIENCE)
    assert ("", 1, "record 1", "", False) == (
        *(found.reason, found.record, found.about),
        *(found.not_here, found.other_desk),
    )
    desk.close()
    for name in ("ledger", "snapshots"):
        (data_dir / name).rename(tmp_path / name)

    again, _ = open_desk()
    found = again.check_evidence(out).result(PATIENCE)
    assert ("", True) == (found.reason, found.other_desk)
    assert f"it is of desk {found.desk}, and this is desk " in found.not_here


@pytest.mark.parametrize("content", [b"", b"nonsense", b"\xff\xfe", b'{"about":{"gate":"'])
def test_what_is_no_evidence_is_told_with_the_line(
    open_desk: OpenDesk, tmp_path: Path, content: bytes
) -> None:
    """And what was changed since, with the line that does not hold."""
    desk, _ = open_desk()
    file = tmp_path / "given.jsonl"
    file.write_bytes(content)
    found = desk.check_evidence(file).result(PATIENCE)
    assert (1, True) == (found.line, bool(found.reason))
    with pytest.raises(OSError, match="No such file"):
        desk.check_evidence(tmp_path / "nothing").result(PATIENCE)


def test_an_export_that_is_given_up_leaves_the_place_as_it_was(
    open_desk: OpenDesk, failing: Path, data_dir: Path, tmp_path: Path
) -> None:
    """Given up at its first line: no file, and no part of one; another export is not touched."""
    desk, watch = open_desk()
    run_id, _ = ask(desk, watch, failing)
    desk.sign_checkpoint().result(PATIENCE)
    place = tmp_path / "stick"
    place.mkdir()
    out, other = place / "evidence.jsonl", tmp_path / "other.jsonl"
    seen: list[list[str]] = []

    def stop_at(update: Update) -> None:
        seen.append([one.name for one in place.iterdir()])
        proofs.stop_export(out)

    proofs = Proofs(data_dir, system_clock, stop_at)
    try:
        with pytest.raises(GivenUp):
            proofs.export(run_id, out).result(PATIENCE)
        assert len(seen[0]) == 1, "it was being written, under another name"
        assert out.name not in seen[0]
        assert not list(place.iterdir())
        assert proofs.export(run_id, other).result(PATIENCE).path == str(other)
    finally:
        proofs.close()


# Checkpoints


def test_the_newest_checkpoint_is_told_kept_and_compared(
    open_desk: OpenDesk, tmp_path: Path
) -> None:
    """Text to the byte, as pasted, and from the file in which it was kept."""
    desk, watch = open_desk()
    assert desk.newest_checkpoint().result(10) is None
    signed = desk.sign_checkpoint().result(10)
    assert signed == desk.newest_checkpoint().result(10)
    assert signed == desk.sign_checkpoint().result(10), "nothing came after it"
    assert read_checkpoint(signed.text).checkpoint.size == signed.size
    assert qr_modules(signed.text) == signed.code
    told = watch.until(lambda u: isinstance(u, StatusChanged) and u.status.signed_seq >= 0)
    assert isinstance(told, StatusChanged)
    assert (signed.seq, signed.operator) == (told.status.signed_seq, told.status.signed_by)

    kept = tmp_path / "kept.txt"
    desk.save_text(signed.text, kept).result(10)
    assert kept.read_bytes() == signed.text.encode()
    pasted = f"\n  {signed.text.strip()}  \n\n"
    for copy in (kept, signed.text, pasted, signed.text.replace("\n", "\r\n")):
        found = desk.compare(copy).result(PATIENCE)
        assert not found.reason
        assert (found.size, found.records) == (signed.size, signed.size + 1)


def test_what_is_kept_takes_no_place_of_the_desks_own(
    open_desk: OpenDesk, data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor of what lies there where it cannot be written."""
    desk, _ = open_desk()
    [segment] = (data_dir / "ledger").glob("*.jsonl")
    before = segment.read_bytes()
    with pytest.raises(IllegalCommand, match="choose another folder"):
        desk.save_text("x", segment).result(10)
    assert before == segment.read_bytes()

    place = tmp_path / "away"
    place.mkdir()
    (place / "kept").write_text("before")

    def full(path: Path, data: bytes) -> None:
        path.write_bytes(data[:1])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(disk, "write_durably", full)
    with pytest.raises(OSError, match="No space left"):
        desk.save_bytes(b"after", place / "kept").result(10)
    assert {"kept": "before"} == {path.name: path.read_text() for path in place.iterdir()}


def test_another_ledger_is_not_the_one_that_was_signed(
    open_desk: OpenDesk, data_dir: Path, tmp_path: Path
) -> None:
    """Whoever replaces the whole directory does not replace what was kept."""
    desk, _ = open_desk()
    kept = desk.sign_checkpoint().result(10).text
    desk.close()
    for name in ("ledger", "snapshots"):
        (data_dir / name).rename(tmp_path / name)

    again, _ = open_desk()
    again.sign_checkpoint().result(10)
    assert "is the ledger of" in again.compare(kept).result(PATIENCE).reason


@pytest.mark.parametrize("content", [b"", b"nonsense", b"\xff\xfe", b"converge/desk/x\n1\n"])
def test_what_is_no_checkpoint_is_refused_in_words(
    open_desk: OpenDesk, tmp_path: Path, content: bytes
) -> None:
    """With the file it stands in."""
    desk, _ = open_desk()
    file = tmp_path / "kept.txt"
    file.write_bytes(content)
    with pytest.raises(NotKept, match=r"kept\.txt.*no checkpoint"):
        desk.compare(file).result(PATIENCE)
    with pytest.raises(NotKept, match="no checkpoint"):
        desk.compare(content.decode(errors="replace")).result(PATIENCE)


# Records, steps and moments


def test_a_record_is_told_as_it_stands_in_its_file(open_desk: OpenDesk) -> None:
    """Its body is JSON, a field a line; what a checkpoint covers says by whom."""
    desk, _ = open_desk()
    before = desk.record(0).result(10)
    assert (before.covered_by, before.signer) == (-1, "")
    assert '"app_version"' in before.body
    signed = desk.sign_checkpoint().result(10)

    first, last = (desk.record(seq).result(10) for seq in (0, signed.seq))
    assert (first.covered_by, first.signer) == (signed.seq, signed.operator)
    assert last.covered_by == -1
    assert last.prev == desk.record(signed.seq - 1).result(10).row.hash
    with pytest.raises(IllegalCommand, match="there is no record 99"):
        desk.record(99).result(10)


def test_steps_are_listed_newest_first_and_shown_by_their_names(
    open_desk: OpenDesk, failing: Path
) -> None:
    """All of them, or some of the newest."""
    desk, watch = open_desk()
    for _ in range(2):
        ask(desk, watch, failing)
    every = desk.traces().result(10)
    assert every[1:3] == desk.traces(1, 2).result(10)
    assert every == tuple(desk.trace(row.trace_id).result(10).row for row in every)
    assert max(row.at for row in every) == every[0].at
    with pytest.raises(IllegalCommand, match="there is no trace"):
        desk.trace("t-none").result(10)


# Verifying


def test_verifying_tells_how_far_it_is(
    open_desk: OpenDesk, failing: Path, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In records and thousandths; a short ledger is over before there is anything to tell."""
    told: list[Update] = []
    desk, watch = open_desk()
    ask(desk, watch, failing)
    proofs = Proofs(data_dir, system_clock, told.append)
    monkeypatch.setattr(verifying, "SHARED_FROM", 0)
    try:
        found = proofs.verify().result(PATIENCE)
    finally:
        proofs.close()
    assert found.bad_seq == -1
    assert found.root
    assert all(isinstance(one, VerifyProgress) and 0 <= one.share <= 1000 for one in told)


def test_verifying_is_given_up_at_once(endless: Path) -> None:
    """Its processes are ended, whatever they wait for."""
    stopper, began = Stopper(), time.monotonic()
    proofs = Proofs(endless.parent, system_clock, lambda _: None)
    found = proofs.verify()
    proofs.stop_verifying()
    with pytest.raises(GivenUp):
        found.result(SOON)
    proofs.close()

    stopper.stop()
    with pytest.raises(GivenUp):
        verify_ledger(endless, None, stopper)
    assert time.monotonic() - began < SOON


def test_closing_gives_up_what_is_under_way(endless: Path) -> None:
    """And what was not begun yet."""
    proofs = Proofs(endless.parent, system_clock, lambda _: None)
    found = [proofs.verify() for _ in range(3)]
    proofs.close()
    for one in found:
        assert one.done()
        assert one.cancelled() or isinstance(one.exception(), GivenUp)
    proofs.close()


def test_reading_a_ledger_anew_is_given_up_too(open_desk: OpenDesk, data_dir: Path) -> None:
    """Between two batches, so that closing a desk never waits for a long ledger."""
    desk, _ = open_desk()
    desk.sign_checkpoint().result(10)
    stopper = Stopper()
    stopper.stop()
    with pytest.raises(GivenUp):
        Evidence(data_dir, None, stopper)


# A full disk


def test_a_run_goes_on_by_itself_when_there_is_room_again(
    open_desk: OpenDesk, failing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody has to do anything; both are told, and the trouble only once."""
    monkeypatch.setattr(engine_thread, "AGAIN_S", 0.02)
    desk, watch = open_desk()
    run_id, review = ask(desk, watch, failing)
    sync, full, calls = os.fsync, [True], []

    def fills_up(fd: int) -> None:
        calls.append(fd)
        if len(calls) > 1 and full[0]:
            raise OSError(errno.ENOSPC, "No space left on device")
        sync(fd)

    resumed: list[int] = []
    resume = EngineThread.resume

    def counted(engine: EngineThread) -> None:
        resumed.append(1)
        full[0] = len(resumed) < 3
        resume(engine)

    monkeypatch.setattr(EngineThread, "resume", counted)
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fills_up)
        desk.decide(review.gate_id, "approve", "", review.digest).result(10)
        again = watch.until(lambda u: isinstance(u, Notice) and "goes on again" in u.text)

    assert "CriteriaMet" == watch.phase(run_id, "stopped").stop_kind
    assert isinstance(again, Notice)
    assert (again.severity, again.run_id) == ("info", run_id)
    stuck = [u for u in watch.updates if isinstance(u, Notice) and "could not go on" in u.text]
    assert len(stuck) == 1
