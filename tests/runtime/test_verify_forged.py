"""What hangs together and is not true: every number of shares finds it, at the same record."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest

from converge_core import events as e
from converge_core.checkpoint import SignedCheckpoint
from converge_core.ids import OperatorId, RunId
from converge_core.ledger import Entry
from converge_desktop.adapters.ledger.ledger_file import LedgerFile, read_ledger
from converge_desktop.adapters.ledger.segments import segments
from tests.runtime.journals import Scripted
from tests.runtime.shares import (
    copied,
    same_in_all,
)
from tests.survival.story import ANNA, NOON

pytestmark = pytest.mark.usefixtures("no_waiting")


def rewritten(ledger: Path, to: Path, change: Callable[[Entry], list[e.Event]]) -> Path:
    """Writes a ledger anew, with other events in the place of some; every hash is as it must be."""
    to.mkdir(parents=True)
    batch: list[e.Event] = []
    with closing(LedgerFile(to)) as file:
        for entry in read_ledger(ledger):
            batch += change(entry)
            if entry.head.close and batch:
                file.append(batch, entry.head.at)
                batch = []
    return to


def instead(kind: type[e.Event], number: int, **changes: Any) -> Callable[[Entry], list[e.Event]]:
    """Changes the event of one kind that is the ``number``-th."""
    met = iter(range(10_000))

    def change(entry: Entry) -> list[e.Event]:
        assert entry.event is not None
        if isinstance(entry.event, kind) and next(met) == number:
            return [deep(entry.event, changes)]
        return [] if isinstance(entry.event, e.CheckpointSigned) else [entry.event]

    return change


def deep(one: Any, changes: dict[str, Any]) -> Any:
    """Returns a record with other fields, also of records in it: ``decision__signature``."""
    for path, value in changes.items():
        name, _, rest = path.partition("__")
        new = deep(getattr(one, name), {rest: value}) if rest else value
        one = msgspec.structs.replace(one, **{name: new})
    return one


FORGED: dict[str, Callable[[Entry], list[e.Event]]] = {
    "a signature": instead(e.GateDecided, 0, decision__signature="00" * 64),
    "a signature in another run": instead(e.GateDecided, 1, decision__signature="00" * 64),
    "somebody else": instead(e.GateDecided, 2, decision__operator=OperatorId("mallory#0")),
    "a fact": instead(e.FactPromoted, 3, fact__content="what nobody proposed"),
    "a fact of a later run": instead(e.FactPromoted, 6, fact__content="what nobody proposed"),
    "a root": instead(e.RunStarted, 2, base_root="0" * 64),
    "a fork": instead(e.RunStarted, 3, forked_at=0),
    "an origin": instead(e.RunStarted, 4, continues=RunId("nobody")),
    "an origin in another share": instead(e.RunStarted, 4, continues=RunId("run-0001")),
    "an end": instead(e.RunStopped, 1, root="0" * 64),
    "a key": instead(e.OperatorEnrolled, 1, operator__id=ANNA.operator.id),
}


@pytest.mark.parametrize("what", FORGED)
def test_what_was_forged_is_found_by_the_same_record(
    whole: Path, tmp_path: Path, what: str
) -> None:
    """Though the ledger hangs together: one share finds it, and all say so."""
    assert -1 == same_in_all(rewritten(whole, tmp_path / "same", instead(e.DeskOpened, 9))).bad_seq
    assert 0 < same_in_all(rewritten(whole, tmp_path / "forged", FORGED[what])).bad_seq


@pytest.mark.parametrize("again", ["run-0001", "run-0002", "run-0006"])
def test_a_run_that_begins_twice_is_found(whole: Path, tmp_path: Path, again: str) -> None:
    """Also where it claims to go on from a run of another share, whose reader did not know it."""
    ledger = copied(whole, tmp_path / "ledger")
    seq = len(list(read_ledger(ledger)))
    [begun] = [
        one.event
        for one in read_ledger(ledger)
        if isinstance(one.event, e.RunStarted) and one.event.run == again
    ]
    [end] = [
        one.event
        for one in read_ledger(ledger)
        if isinstance(one.event, e.RunStopped) and one.event.run == "run-0005"
    ]
    forged = msgspec.structs.replace(begun, continues=end.run, base_root=end.root)
    with closing(LedgerFile(ledger)) as file:
        file.append([forged], NOON)
    found = same_in_all(ledger)

    assert (seq, True) == (found.bad_seq, "began before" in found.reason)


@pytest.mark.parametrize("what", ["who", "size", "root", "signature"])
def test_a_forged_checkpoint_is_found(whole: Path, tmp_path: Path, what: str) -> None:
    """By the first share, which alone has the whole tree."""
    ledger = copied(whole, tmp_path / "ledger")
    *_, last = read_ledger(ledger)
    assert isinstance(last.event, e.CheckpointSigned)
    signed = last.event.signed
    taken = signed.checkpoint
    honest = ANNA.checkpoint(msgspec.structs.replace(taken, size=taken.size + 1, head=last.hash))
    forged: dict[str, SignedCheckpoint] = {
        "who": msgspec.structs.replace(honest, operator=OperatorId("mallory#0")),
        "size": signed,
        "root": honest,
        "signature": msgspec.structs.replace(honest, signature="0" * 128),
    }
    with closing(LedgerFile(ledger)) as file:
        file.append([e.CheckpointSigned(signed=forged[what])], NOON)

    assert last.head.seq + 1 == same_in_all(ledger).bad_seq


def redacted(ledger: Path, to: Path, kinds: set[str]) -> Path:
    """Copies a ledger without the bodies of records of some kinds."""
    lines = b"".join(path.read_bytes() for path in segments(ledger)).splitlines()
    kept = []
    for line in lines:
        raw = msgspec.json.decode(line)
        if raw["head"]["kind"] in kinds:
            begin, end = line.rindex(b',"hash":"') + 1, line.rindex(b',"salt":"')
            kept.append(b"{" + line[begin:end] + b"}\n")
        else:
            kept.append(line + b"\n")
    to.mkdir()
    (to / "000000000000.jsonl").write_bytes(b"".join(kept))
    return to


@pytest.mark.parametrize("kinds", [{"trace_recorded"}, {"checkpoint_signed", "run_paused"}])
def test_a_redacted_copy_is_verified(whole: Path, tmp_path: Path, kinds: set[str]) -> None:
    """The tree covers what was left out; what remains is looked at as before."""
    found = same_in_all(redacted(whole, tmp_path / "copy", kinds))

    assert (-1, same_in_all(whole).root) == (found.bad_seq, found.root)


@pytest.mark.parametrize("kinds", [{"run_started"}, {"operator_enrolled"}, {"gate_decided"}])
def test_what_cannot_be_looked_at_any_more_is_not_believed(
    whole: Path, tmp_path: Path, kinds: set[str]
) -> None:
    """Where what a record rests on was redacted, all shares blame the same record."""
    assert 0 < same_in_all(redacted(whole, tmp_path / "copy", kinds)).bad_seq


@pytest.mark.parametrize(
    "name", ['say "run"', "back\\", 'x","seq":1', '"continues":"run-0001"', "Grüße"]
)
def test_names_that_look_like_the_format_are_names(tmp_path: Path, name: str) -> None:
    """Runs whose ids hold quotes go to one share, and so do those that continue them."""
    desk = Scripted(tmp_path, 1 << 20)
    desk.enrol(ANNA)
    for run, origin in [("run-0001", ""), (name, ""), (f"{name}!", name), ("run-0002", f"{name}!")]:
        desk.begin(run, origin)
        desk.answer(run)
    desk.journal.close()

    assert -1 == same_in_all(tmp_path / "ledger").bad_seq
