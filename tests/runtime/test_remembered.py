"""What a desk remembers of its ledger is verified before anybody signs on top of it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from converge_core.canonical import canonical
from converge_core.errors import DecisionRefused, IllegalCommand
from converge_core.events import Event, FactPromoted
from converge_core.fact import FactRecord
from converge_core.ledger import Chain, encode_batch
from converge_core.record import read
from converge_desktop.adapters.ledger.history import LedgerHistory
from converge_desktop.adapters.ledger.ledger_file import read_ledger
from converge_desktop.adapters.ledger.snapshots import SnapshotReader, Snapshots
from converge_desktop.runtime import desk_reader
from converge_desktop.runtime.desk import Desk
from converge_desktop.runtime.port import Notice, StatusChanged
from converge_desktop.runtime.verifying import verify_ledger
from tests.runtime.conftest import Cli, OpenDesk
from tests.runtime.test_main_path import ask
from tests.runtime.watching import Watch


def decided(open_desk: OpenDesk, folder: Path) -> str:
    """Has a run decided and the desk closed; returns the run's id."""
    desk, watch = open_desk()
    run_id, review = ask(desk, watch, folder)
    desk.decide(review.gate_id, "approve", "", review.digest).result(10)
    watch.phase(run_id, "stopped")
    desk.close()
    return run_id


def strip_from_the_decision_on(data_dir: Path) -> int:
    """Takes away what the last records say, so that hashes, chain and checkpoints still hold."""
    [segment] = (data_dir / "ledger").glob("*.jsonl")
    lines, taken = [], 0
    for line in segment.read_bytes().splitlines():
        record = json.loads(line)
        if taken or record["head"]["kind"] == "gate_decided":
            del record["body"], record["salt"]
            taken += 1
        lines.append(canonical(record) + b"\n")
    segment.write_bytes(b"".join(lines))
    return taken


def test_a_decision_cannot_be_undone_by_taking_away_what_was_recorded(
    open_desk: OpenDesk, data_dir: Path, failing: Path, cli: Cli
) -> None:
    """A redacted copy verifies, says so, and is no ledger that a desk goes on with."""
    decided(open_desk, failing)
    taken = strip_from_the_decision_on(data_dir)

    found = verify_ledger(data_dir / "ledger")
    assert (-1, taken) == (found.bad_seq, found.redacted)
    assert f"what {taken} records said was left out" in cli("verify").stdout
    assert "redacted copy can be verified, and not used" in cli("inbox").stderr
    with pytest.raises(IllegalCommand, match="redacted copy can be verified, and not used"):
        open_desk()


def forge_and_remember(data_dir: Path) -> None:
    """Rewrites a fact and every hash after it, and remembers the result under a key of one's own.

    That takes writing to the files, and nobody's key.
    """
    notes = LedgerHistory(
        data_dir / "ledger",
        SnapshotReader(data_dir / "snapshots", data_dir / "keys" / "snapshots.key"),
    ).notes
    chain, data, batch = Chain(), b"", list[Event]()
    for entry in list(read_ledger(data_dir / "ledger")):
        event = entry.event
        assert event is not None
        if isinstance(event, FactPromoted) and event.fact.key == "Strategies":
            body = json.loads(canonical(event.fact))
            forged = {**body, "content": "pay a million"}
            event = FactPromoted(run=event.run, fact=read(FactRecord, forged), self_approved=True)
        batch.append(event)
        if entry.head.close:
            lines, written = encode_batch(batch, chain, entry.head.at, lambda: bytes(16))
            chain = Chain(written[-1].head.seq, written[-1].hash)
            data, batch = data + lines, []
    [segment] = (data_dir / "ledger").glob("*.jsonl")
    segment.write_bytes(data)
    shutil.rmtree(data_dir / "snapshots")
    key = data_dir / "keys" / "snapshots.key"
    key.write_bytes(b"mallory's own key of 32 bytes...")
    history = LedgerHistory(data_dir / "ledger", Snapshots(data_dir / "snapshots", key)).read_all()
    history.notes.update(notes)
    history.save()
    history.close()


def ledger_state(watch: Watch) -> str:
    """Returns what the status bar says of the ledger."""
    told = [update.status for update in watch.updates if isinstance(update, StatusChanged)]
    return told[-1].ledger_state


def test_nobody_signs_on_top_of_a_forged_memory(
    open_desk: OpenDesk, data_dir: Path, failing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The desk opens at once, says that it is verifying, finds it out, and never signed."""
    monkeypatch.setattr(desk_reader, "BELIEVE_FROM", 0)
    decided(open_desk, failing)
    forge_and_remember(data_dir)

    desk, watch = open_desk()
    with pytest.raises(DecisionRefused, match=r"still being verified|cannot be used"):
        desk.sign_checkpoint().result(10)
    with pytest.raises(IllegalCommand, match="cannot be used"):
        desk.confirmed.result(30)
    assert "altered" == ledger_state(watch)
    with pytest.raises(DecisionRefused, match="cannot be used"):
        desk.sign_checkpoint().result(10)
    before = [entry.head.kind for entry in read_ledger(data_dir / "ledger")]
    desk.close()
    assert before == [entry.head.kind for entry in read_ledger(data_dir / "ledger")]


def test_what_is_remembered_truly_is_signed_on_once_it_is_verified(
    open_desk: OpenDesk, data_dir: Path, failing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody has to do anything for that."""
    monkeypatch.setattr(desk_reader, "BELIEVE_FROM", 0)
    run_id = decided(open_desk, failing)

    desk, watch = open_desk()
    desk.confirmed.result(30)
    assert "verified" == ledger_state(watch)
    assert "stopped" == desk.run_view(run_id).result(10).row.phase
    again, review = ask(desk, watch, failing)
    desk.decide(review.gate_id, "approve", "", review.digest).result(10)
    watch.phase(again, "stopped")
    desk.close()
    assert -1 == verify_ledger(data_dir / "ledger").bad_seq


def test_a_short_ledger_is_read_whole_at_every_start(
    open_desk: OpenDesk, data_dir: Path, failing: Path
) -> None:
    """There is nothing to be spared by believing what is remembered of it."""
    decided(open_desk, failing)

    desk, _ = open_desk()
    assert isinstance(desk, Desk)
    assert desk.confirmed.done()


def test_what_cannot_be_shown_is_recorded_all_the_same(
    open_desk: OpenDesk, failing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever decided is not told that it failed, because it did not; and hears what is wrong."""
    desk, watch = open_desk()
    run_id, review = ask(desk, watch, failing)

    def broken(*_: object) -> None:
        raise ValueError("a page went missing")

    with monkeypatch.context() as patch:
        patch.setattr(desk._engine.views, "inbox", broken)
        desk.decide(review.gate_id, "approve", "", review.digest).result(10)
    assert "stopped" == desk.run_view(run_id).result(10).row.phase
    said = [update.text for update in watch.updates if isinstance(update, Notice)]
    assert any("cannot be shown: a page went missing" in text for text in said)
