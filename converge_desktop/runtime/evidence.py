"""Evidence to hand on, and what was kept outside held against the ledger."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from converge_core import events as e
from converge_core.capsule import redact
from converge_core.capsule_check import Holding
from converge_core.checkpoint import SignedCheckpoint, why_not_kept, why_not_signed
from converge_core.evidence import PEOPLE, key_of
from converge_core.merkle import Tree
from converge_desktop.adapters.capsule import (
    about,
    about_record,
    capsule_of,
    newest,
    write_capsule,
)
from converge_desktop.adapters.capsule_source import LedgerSource
from converge_desktop.adapters.keys import signature_fits
from converge_desktop.adapters.ledger.history import LedgerHistory
from converge_desktop.adapters.ledger.snapshots import SnapshotReader
from converge_desktop.adapters.texts import TextReader
from converge_desktop.runtime.stopper import Stopper

KEYS = PEOPLE | {e.DeskOpened.kind}
"""Kinds of records by which signatures are checked."""


@dataclass(frozen=True, slots=True)
class Redaction:
    """What is left out of a capsule: bodies of records of some kinds, and texts."""

    kinds: Collection[str] = ()
    texts: bool = False


class Evidence:
    """A desk's ledger, for whoever wants to prove something by it. Writes nothing to the desk.

    Args:
        data_dir: where the desk lies.
        snapshots: what is known of its ledger already; None to read every record.
        stopper: ends the reading before its end.

    Raises:
        GivenUp: if it was.
        LedgerCorrupt: if a record does not hold.
        OSError: if there is no ledger, or it cannot be read.
    """

    def __init__(
        self,
        data_dir: Path,
        snapshots: SnapshotReader | None = None,
        stopper: Stopper | None = None,
    ) -> None:
        self._texts = data_dir / "texts"
        self._history = LedgerHistory(data_dir / "ledger", snapshots)
        self._stopper = stopper or Stopper()
        self._redacted = 0
        for batch in self._history.unread():
            self._stopper.require_wanted()
            self._redacted += sum(entry.event is None for entry in batch.entries)
        self._source = LedgerSource(self._history)

    @property
    def records(self) -> int:
        """How many records the ledger has."""
        return self._history.index.count

    @property
    def redacted(self) -> int:
        """How many of the records that were read say nothing any more."""
        return self._redacted

    @property
    def desk(self) -> str:
        """Whose ledger it is; empty where no record tells."""
        for entry in self._source.of_run(""):
            if isinstance(entry.event, e.DeskOpened):
                return entry.event.desk
        return ""

    def export(
        self,
        name: str | int,
        path: Path,
        left_out: Redaction,
        now: int,
        progress: Callable[[int], None] | None = None,
        *,
        key: str = "",
    ) -> Holding:
        """Writes a capsule about a run, a gate or a record, and returns what it proves.

        Args:
            name: the id of the run or of the gate, or the number of the record.
            path: where.
            left_out: what is left out.
            now: in microseconds since 1970 UTC.
            progress: told how many lines are written, after each.
            key: the public key of who signed the checkpoint; empty to take the one that is enrolled
                here.

        Raises:
            CapsuleBroken: if it was not signed by that key.
            GivenUp: if it was given up.
            NotExported: if there is no such thing, or no checkpoint that covers it.
            TextMissing: if a text that it takes is gone.
            OSError: if it could not be written.
        """
        text = TextReader(self._texts).text
        of = self._source
        what = about_record(of, name) if isinstance(name, int) else about(of, name)
        lines = capsule_of(self._source, what, text, now)
        if left_out.kinds or left_out.texts:
            lines = redact(
                lines, lambda head: head.kind in left_out.kinds, lambda _: left_out.texts
            )
        told = self._told(lines, progress)
        return write_capsule(path, told, key or self.key_of(self.checkpoint()))

    def checkpoint(self) -> SignedCheckpoint:
        """Returns the newest checkpoint.

        Raises:
            NotExported: if none was signed yet.
        """
        return newest(self._source)

    def key_of(self, signed: SignedCheckpoint) -> str:
        """Returns the key that whoever signed had here by then; empty if they had none."""
        return key_of(self._source.of_run, signed.operator, signed.checkpoint.size)

    def why_not_here(self, signed: SignedCheckpoint) -> str:
        """Says why what was handed on is not of the ledger here; empty if it is."""
        desk, here = signed.checkpoint.desk, self.desk
        if desk != here:
            return f"it is of desk {desk}, and this is desk {here}"
        return self.why_not_kept(signed, "")

    def why_not_kept(self, signed: SignedCheckpoint, key: str) -> str:
        """Says why the ledger is not one that a checkpoint was taken of; empty if it is.

        Args:
            signed: one that was kept outside.
            key: the public key of who signed it; empty to take the one that is enrolled here.
        """
        known = key or self.key_of(signed)
        if not known:
            return f"{signed.operator}, who signed it, was never enrolled here; give their key"
        reason = why_not_signed(signed, known, signature_fits)
        if reason and not key:
            return f"{reason}, which is the one enrolled here: one of the two was replaced"
        tree = Tree(self._source.leaves())
        return reason or why_not_kept(signed.checkpoint, self.desk, tree)

    def close(self) -> None:
        """Closes what was read. Safe to call twice."""
        self._history.close()

    def _told(
        self, lines: Iterator[bytes], progress: Callable[[int], None] | None
    ) -> Iterator[bytes]:
        for number, line in enumerate(lines, start=1):
            self._stopper.require_wanted()
            if progress is not None:
                progress(number)
            yield line
        self._stopper.require_wanted()
