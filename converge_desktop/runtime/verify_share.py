"""One share of verifying a ledger: some of its runs, whole, and the place of every record.

Runs do not know of each other, except that one may begin with what another came to. So a ledger is
verified by several processes at once, each of which goes through all of it and looks closely at
its own runs, and at the desk's own records. Every record is looked at by at least one. That it
follows the record before is seen from the hash which that one claims; its owner checks the claim.
The first process also grows the tree over all records and holds the checkpoints against it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

from converge_core.errors import LedgerCorrupt
from converge_core.ledger import GENESIS, Chain, Entry, Head, decode_line
from converge_core.merkle import Frontier
from converge_core.reading import Reading
from converge_core.run_state import DeskState
from converge_desktop.adapters.keys import signature_fits
from converge_desktop.adapters.ledger.segments import Batch, Batches, Place, segments
from converge_desktop.runtime.going import Going

STEP = 20_000
"""Records between two words about how far it is."""
Progress = Callable[[int, int], None]
"""Told how many records hold so far, and the bytes they take."""

_HEAD, _RUN, _RUN_ENDS = b',"head":{', b'"run":"', b'","seq":'
_STARTED, _CHECKPOINT = b'"kind":"run_started"', b'"kind":"checkpoint_signed"'
_CLOSE = b'"close":true'
_HASH_DIGITS = 64
_is_hash = re.compile(rb"[0-9a-f]{64}").fullmatch
_find_origin = re.compile(rb'"continues":"((?:[^"\\]|\\.)*)"').search


def _passed(*, close: bool) -> Head:
    return Head(v=0, seq=-1, at=0, kind="", run="", prev="", commit="", close=close)


_OPEN, _CLOSED = _passed(close=False), _passed(close=True)
"""The heads of records that are another process's."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What came of a share.

    Attributes:
        records: how many there are, or stand before the one that does not hold.
        bad_seq: the record of the share that does not hold; -1 if all do.
        reason: why it does not.
        head: the hash of the last record, or of the last in the last step that holds whole.
        unfinished: the bytes behind the last whole step.
        redacted: how many of the share's records say nothing any more; the first counts the desk's.
        root: the root of the tree over all records; of the first share alone.
    """

    records: int
    bad_seq: int
    reason: str
    head: str
    unfinished: int
    root: str
    redacted: int = 0


class _Lines:
    """Reads the lines of one share, and passes over the others.

    Args:
        number: which share.
        shares: how many there are.
    """

    def __init__(self, number: int, shares: int) -> None:
        self._number = number
        self._shares = shares
        self._owned: dict[bytes, bool] = {b"": True}
        self._last = b""
        self._mine = True

    def read(self, line: bytes, chain: Chain) -> Entry:
        """Returns a record of the share as it is; of another, its claimed hash alone.

        A line that no process can pass over, because it claims no hash or was never written
        whole, is everybody's.
        """
        head = line.rfind(_HEAD)
        tail = line[head:]
        begin = tail.find(_RUN) + len(_RUN)
        run = tail[begin : tail.find(_RUN_ENDS, begin)]
        if run != self._last:
            self._last, self._mine = run, self._is_mine(run, line, tail)
        if self._mine and not (self._number and not run and _CHECKPOINT in tail):
            return decode_line(line, chain)
        claimed = line[head - _HASH_DIGITS - 1 : head - 1]
        if not _is_hash(claimed) or b"\0" in line:
            return decode_line(line, chain)
        return Entry(_CLOSED if _CLOSE in tail else _OPEN, claimed.decode(), None)

    def _is_mine(self, run: bytes, line: bytes, tail: bytes) -> bool:
        """Whether a run is of this share, as it was where it was met first.

        A run that begins with what another came to is where that one is.
        """
        if run not in self._owned:
            found = _find_origin(line) if _STARTED in tail else None
            first = found[1] if found else run
            own = crc32(first) % self._shares == self._number
            self._owned[run] = self._owned.get(first, own)
        return self._owned[run]


def verify_share(
    directory: Path, number: int = 0, shares: int = 1, progress: Progress | None = None
) -> Finding:
    """Reads a ledger from its first record and checks what belongs to one share of it.

    Args:
        directory: where the ledger's files lie.
        number: which share, from 0.
        shares: how many there are.
        progress: told now and then how far it is.

    Raises:
        OSError: if the ledger cannot be read.
    """
    lines = _Lines(number, shares)
    files = segments(directory)
    batches = Batches(files, Place(), lines.read)
    runs = Going(files)
    reading = Reading(DeskState(runs=runs), Frontier(), Chain(), signature_fits)
    before, told, done, redacted = GENESIS, 0, 0, 0
    try:
        for batch in batches:
            redacted += _take(batch, reading, runs, batches.end.chain, first=number == 0)
            before, done = batches.end.chain.hash, done + batch.size
            if progress and batches.end.chain.seq - told >= STEP:
                told = batches.end.chain.seq
                progress(told + 1, done)
    except LedgerCorrupt as error:
        return Finding(error.seq, error.seq, error.reason, before, 0, "")
    end = batches.end.chain
    root = reading.frontier.root.hex() if number == 0 and end.seq >= 0 else ""
    head = end.hash if end.seq >= 0 else ""
    return Finding(end.seq + 1, -1, "", head, batches.unfinished, root, redacted)


def _take(batch: Batch, reading: Reading, runs: Going, end: Chain, *, first: bool) -> int:
    """Takes in a batch: what is of the share is believed if it holds, the rest by its hash.

    Args:
        batch: the batch.
        reading: what the share says so far.
        runs: the runs of the share.
        end: what stands after the batch.
        first: whether it is the first share, which grows the tree and counts the desk's records.

    Returns:
        How many of its records say nothing any more.
    """
    redacted, seq = 0, end.seq - len(batch.entries)
    for entry in batch.entries:
        seq += 1
        if entry.head.seq >= 0:
            reading.take(entry)
            redacted += entry.event is None and (first or entry.head.run != "")
        elif first:
            reading.pass_over(seq, entry.hash)
    runs.note(batch)
    return redacted
