"""One record of the ledger, whole, and the newest checkpoint, as they are shown."""

from __future__ import annotations

from typing import Any

import msgspec

from converge_core import events as e
from converge_core.checkpoint import SignedCheckpoint, text_of
from converge_core.ledger import Entry
from converge_desktop.adapters.capsule_source import LedgerSource
from converge_desktop.adapters.ledger.history import LedgerHistory
from converge_desktop.adapters.qr import TooLong, qr_modules
from converge_desktop.runtime.ledger_model import CheckpointView, RecordView
from converge_desktop.runtime.ledger_views import ledger_row
from converge_desktop.runtime.wording import plural, run_label

MOST_SHOWN = 60_000
"""The most characters of a body that are shown; a window is no place for a megabyte."""


def record_view(history: LedgerHistory, seq: int) -> RecordView:
    """Returns a record as it stands in its file.

    Raises:
        IndexError: if there is none of that number.
        LedgerCorrupt: if it was changed since it was read.
    """
    entry, newest = history.entry(seq), newest_checkpoint(history)
    signed = _signed(newest) if newest is not None and newest.head.seq > seq else None
    part = history.index.part_of(seq)
    return RecordView(
        row=ledger_row(entry),
        run_label=run_label(entry.head.run) if entry.head.run else "",
        prev=entry.head.prev,
        commitment=entry.head.commit,
        body=_body(LedgerSource(history).line(seq)),
        file=history.files[part.file].name,
        gate=_gate_of(entry.event),
        covered_by=newest.head.seq if signed and newest else -1,
        signer=str(signed.operator) if signed else "",
    )


def newest_checkpoint(history: LedgerHistory) -> Entry | None:
    """Returns the record of the newest checkpoint; None if none was signed yet."""
    newest = None
    for seq in history.index.of_kinds((e.CheckpointSigned.kind,)):
        newest = seq
    return None if newest is None else history.entry(newest)


def checkpoint_view(entry: Entry) -> CheckpointView:
    """Returns a checkpoint with the text that is kept outside, and its QR code if it fits one."""
    signed = _signed(entry)
    text = text_of(signed)
    try:
        code = qr_modules(text)
    except TooLong:
        code = ()
    return CheckpointView(
        seq=entry.head.seq,
        size=signed.checkpoint.size,
        at=signed.checkpoint.at,
        operator=str(signed.operator),
        root=signed.checkpoint.root,
        text=text,
        code=code,
    )


def _signed(entry: Entry) -> SignedCheckpoint:
    assert isinstance(entry.event, e.CheckpointSigned), "it was found by its kind"
    return entry.event.signed


def _body(line: bytes) -> str:
    """Returns the body of a line, a field a line; nothing where it was redacted."""
    parts = msgspec.json.decode(line, type=dict[str, msgspec.Raw])
    if "body" not in parts:
        return ""
    text = msgspec.json.format(bytes(parts["body"]), indent=2).decode()
    more = len(text) - MOST_SHOWN
    if more <= 0:
        return text
    return f"{text[:MOST_SHOWN]}\n… {plural(more, 'more character')}, in the file."


def _gate_of(event: e.Event | None) -> str:
    """Returns the gate that a record is about; nothing where it is about none."""
    match event:
        case e.GateOpened():
            return str(event.request.id)
        case e.GateDecided():
            return str(event.decision.gate)
        case e.GateActed():
            return str(event.act.gate)
    gate: Any = getattr(event, "gate", "")
    return str(gate)
