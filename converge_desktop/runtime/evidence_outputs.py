"""What the commands about evidence print with ``--json``."""

from __future__ import annotations

from dataclasses import dataclass

from converge_core.capsule_check import Holding
from converge_core.checkpoint import SignedCheckpoint, text_of


@dataclass(frozen=True, slots=True)
class CapsuleOutput:
    """``export`` and ``verify --capsule``.

    Evidence is about a ``run``, about a ``gate`` of one, or about the ``record`` of that number,
    which is -1 otherwise. ``stands`` says how a gate stands by the records in it: who decided what,
    or that no decision is in it; or what kind of record that is. Where
    it does not hold, ``bad_line`` says where; it is 0 otherwise. ``desk``, ``size`` and what
    follows are what the checkpoint says that its records stand under. ``inline`` are the short
    texts that stand in records; ``unchecked`` are signatures of people whose keys were left out.
    """

    ok: bool
    bad_line: int = 0
    reason: str = ""
    run: str = ""
    gate: str = ""
    stands: str = ""
    exported_at: int = 0
    records: int = 0
    redacted: int = 0
    texts: int = 0
    left_out: int = 0
    inline: int = 0
    fitting: int = 0
    unchecked: int = 0
    desk: str = ""
    size: int = 0
    root: str = ""
    operator: str = ""
    key: str = ""
    record: int = -1
    signed_at: int = 0


@dataclass(frozen=True, slots=True)
class CheckpointOutput:
    """``checkpoint``: the newest one, its text to be kept, and the key that it is signed with."""

    text: str
    desk: str
    size: int
    root: str
    head: str
    at: int
    operator: str
    key: str


@dataclass(frozen=True, slots=True)
class KeptOutput:
    """``verify --checkpoint``: whether the ledger is the one that it was taken of.

    ``redacted`` counts records whose bodies were left out.
    """

    ok: bool
    reason: str
    size: int
    records: int
    redacted: int


def capsule_output(holding: Holding) -> CapsuleOutput:
    """Returns a capsule that holds as the command line prints it."""
    checkpoint = holding.signed.checkpoint
    return CapsuleOutput(
        ok=True,
        run=holding.about.run,
        gate=holding.about.gate,
        stands=holding.stands,
        exported_at=holding.exported_at,
        records=holding.records,
        redacted=holding.redacted,
        texts=holding.texts,
        left_out=holding.left_out,
        inline=holding.inline,
        fitting=holding.fitting,
        unchecked=holding.unchecked,
        desk=checkpoint.desk,
        size=checkpoint.size,
        root=checkpoint.root,
        operator=holding.signed.operator,
        key=holding.key,
        record=-1 if holding.about.record is None else holding.about.record,
        signed_at=checkpoint.at,
    )


def checkpoint_output(signed: SignedCheckpoint, key: str) -> CheckpointOutput:
    """Returns a checkpoint as the command line prints it."""
    said = signed.checkpoint
    return CheckpointOutput(
        text=text_of(signed),
        desk=said.desk,
        size=said.size,
        root=said.root,
        head=said.head,
        at=said.at,
        operator=signed.operator,
        key=key,
    )
