"""Append, sync, fold: the one way in which anything comes to be so on this desk.

Owned by the engine thread. Long texts are durable before the records that name them; a record is
durable before it is folded; and what cannot be written was never so.
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterable, Sequence
from pathlib import Path

from converge_core.audit import read_in
from converge_core.events import DeskOpened, Event
from converge_core.ledger import Entry
from converge_core.run_state import DeskState
from converge_core.state import fold
from converge_core.trace import TextRef
from converge_desktop import __version__
from converge_desktop.adapters.clock import Clock
from converge_desktop.adapters.keys import signature_fits
from converge_desktop.adapters.ledger_file import LedgerFile, LedgerWriteFailed, SetAside
from converge_desktop.adapters.texts import TextStore
from converge_desktop.runtime.ledger_views import ledger_row
from converge_desktop.runtime.readmodel import LedgerRow


class Journal:
    """The ledger of a data directory and the state it folds to.

    Args:
        directory: the data directory.
        clock: microseconds since 1970 UTC.

    Raises:
        LedgerCorrupt: if a record does not verify.
        OSError: if the directory cannot be used.
    """

    def __init__(self, directory: Path, clock: Clock) -> None:
        self._directory = directory
        self.state = DeskState()
        self.rows: list[LedgerRow] = []
        self._open()
        if self._ledger.seq < 0:
            desk = DeskOpened(desk=secrets.token_hex(8), app_version=__version__)
            self.commit([desk], clock())

    @property
    def seq(self) -> int:
        """The sequence number of the last record."""
        return self._ledger.seq

    def read_text(self, ref: TextRef) -> str:
        """Returns a text that a record names.

        Raises:
            TextMissing: if it is not there or has changed.
        """
        return self._texts.text(ref)

    def commit(self, events: Sequence[Event], at: int, texts: Iterable[str] = ()) -> list[Entry]:
        """Makes one step's events durable, all or nothing, and folds them.

        Args:
            events: what follows from the step.
            at: when it was taken, in microseconds since 1970 UTC.
            texts: the long texts that the events name.

        Raises:
            LedgerWriteFailed: if that could not be done; the state is as it was, read again from
                what is on disk.
        """
        if not events:
            return []
        try:
            self._ledger.require_usable()
            self._texts.keep(texts)
            entries = self._ledger.append(events, at)
        except OSError as error:
            self._reopen()
            raise LedgerWriteFailed(
                f"{self._directory} could not be written: {error.strerror or error}. Nothing of "
                "the last step was kept; make room or mend the disk, then try again."
            ) from error
        except LedgerWriteFailed:
            self._reopen()
            raise
        for entry in entries:
            assert entry.event is not None
            self.state = fold(self.state, entry.event, entry.head.at, entry.head.seq)
            self.rows.append(ledger_row(entry))
        return entries

    def close(self) -> None:
        """Closes the files. Safe to call twice."""
        self._ledger.close()
        self._texts.close()

    def _open(self) -> None:
        self._ledger = LedgerFile(self._directory / "ledger")
        self._texts = TextStore(self._directory / "texts")
        self.set_aside: SetAside | None = self._ledger.set_aside
        self.state, self.rows = DeskState(), []
        for entry in self._ledger.entries():
            self.state = read_in(self.state, entry, signature_fits)
            self.rows.append(ledger_row(entry))

    def _reopen(self) -> None:
        """Reads again what is on disk; while that cannot be done, what was read last stands.

        Where the ledger was removed, an empty one in its place would forget everything.
        """
        self.close()
        with contextlib.suppress(OSError):
            if self._ledger.lies_in_place():
                self._open()
