"""What is shown of the ledger: its records, checkpoints, evidence, and what checks found.

Plain values, made and measured as those of ``review_model``.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """One record of the ledger, for lists."""

    seq: int
    at: int
    kind: str
    run_id: str
    hash: str
    summary: str


@dataclass(frozen=True, slots=True)
class RecordView:
    """One record of the ledger, whole.

    ``prev`` is the hash of the record before, ``commitment`` what binds the body to the head, and
    ``file`` where it stands. ``body`` is JSON, empty where it was redacted. ``gate`` is the gate
    that it is about, if it is about one. ``covered_by`` is the record of the newest checkpoint, and
    ``signer`` who signed that; -1 and empty where it does not cover this record.
    """

    row: LedgerRow
    run_label: str
    prev: str
    commitment: str
    body: str
    file: str
    gate: str = ""
    covered_by: int = -1
    signer: str = ""


@dataclass(frozen=True, slots=True)
class CheckpointView:
    """The newest checkpoint: it covers the ``size`` records before record ``seq``.

    ``text`` is what is kept outside; ``code`` is its QR code row by row, a byte a module, 1 where
    it is dark, and empty where the text does not fit one.
    """

    seq: int
    size: int
    at: int
    operator: str
    root: str
    text: str
    code: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Comparison:
    """What came of comparing the ledger with a checkpoint that was kept; no reason if it fits.

    ``redacted`` counts the records whose bodies were left out.
    """

    reason: str
    size: int
    records: int
    at: int
    operator: str
    redacted: int = 0


@dataclass(frozen=True, slots=True)
class Exported:
    """Evidence that was written: of what, where, how many records, under which checkpoint.

    ``at`` is when that was signed, in microseconds since 1970 UTC.
    """

    name: str
    path: str
    records: int
    size: int
    operator: str
    at: int = 0


@dataclass(frozen=True, slots=True)
class CheckedEvidence:
    """What came of checking a file of evidence; no ``reason`` if it holds.

    Attributes:
        path: The file.
        reason: Why it does not hold.
        line: The line of it at which it does not; 0 if it holds.
        about: What it is about, in words, as ``gate g of run r``.
        record: The number of the record that it is about; -1 for a run or a gate.
        stands: How that gate stands, or what that record is; empty for a run.
        operator: Who signed the checkpoint that its records stand under.
        at: When, in microseconds since 1970 UTC.
        key: The public key that the signature fits.
        records: How many records are in it.
        left_out: Of how many records and texts what they say was left out.
        unchecked: How many signatures could not be checked for that.
        desk: The desk it is of.
        other_desk: Whether that is another one than this.
        not_here: Why it is not of the ledger here; empty if it is.
    """

    path: str
    reason: str = ""
    line: int = 0
    about: str = ""
    record: int = -1
    stands: str = ""
    operator: str = ""
    at: int = 0
    key: str = ""
    records: int = 0
    left_out: int = 0
    unchecked: int = 0
    desk: str = ""
    other_desk: bool = False
    not_here: str = ""


@dataclass(frozen=True, slots=True)
class Verification:
    """What came of verifying the ledger; ``bad_seq`` is -1 where every record holds.

    ``unfinished`` counts the bytes behind the last whole step; ``root`` is that of the tree over
    all records; ``redacted`` counts those whose bodies were left out, so that nothing is known of
    what they said.
    """

    records: int
    bad_seq: int
    reason: str
    head: str
    unfinished: int = 0
    root: str = ""
    redacted: int = 0
