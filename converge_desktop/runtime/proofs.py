"""What a desk does to prove something: verifying, exporting, and comparing with what was kept.

All of it reads the files anew and writes nothing to the desk. It has threads of its own, so that
nothing that a person waits for waits for it, and ends at once when the desk is closed.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from converge_core.checkpoint import MAX_TEXT, SignedCheckpoint, read_checkpoint
from converge_core.errors import InvalidValue, LedgerCorrupt
from converge_desktop.adapters.clock import Clock
from converge_desktop.adapters.disk import replace_durably, require_outside
from converge_desktop.runtime.desk_reader import LEDGER, snapshot_reader_of
from converge_desktop.runtime.ledger_model import (
    CheckedEvidence,
    Comparison,
    Exported,
    Verification,
)
from converge_desktop.runtime.port import EvidenceProgress, NotSigned, Update, VerifyProgress
from converge_desktop.runtime.stopper import Stopper
from converge_desktop.runtime.verifying import verify_ledger
from converge_desktop.runtime.wording import ledger_problem

if TYPE_CHECKING:
    from converge_desktop.runtime.evidence import Evidence

T = TypeVar("T")


class NotKept(Exception):
    """What was given is no checkpoint; the text says why and what to give."""


class Proofs:
    """Proves what a data directory holds.

    Args:
        data_dir: the data directory.
        clock: microseconds since 1970 UTC.
        publish: told how far it is, on any thread.
    """

    def __init__(self, data_dir: Path, clock: Clock, publish: Callable[[Update], None]) -> None:
        self._data_dir = data_dir
        self._clock = clock
        self._publish = publish
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="proof")
        self._stoppers: set[Stopper] = set()
        self._verifying: Stopper | None = None
        self._exporting: dict[Path, Stopper] = {}
        self._lock = threading.Lock()
        self._closed = False

    def verify(self) -> Future[Verification]:
        """Reads the ledger from its first record and checks every hash and signature."""

        def told(records: int, done: int, total: int) -> None:
            self._publish(VerifyProgress(records, done * 1000 // max(total, 1)))

        def work(stopper: Stopper) -> Verification:
            return verify_ledger(self._data_dir / LEDGER, told, stopper)

        stopper = self._verifying = Stopper()
        return self._start(stopper, work)

    def confirm(self) -> Future[Verification]:
        """Does the same for the desk itself, which believes what it remembers until then."""
        return self._start(
            Stopper(), lambda stopper: verify_ledger(self._data_dir / LEDGER, None, stopper)
        )

    def stop_verifying(self) -> None:
        """Gives up what :meth:`verify` began last."""
        if self._verifying is not None:
            self._verifying.stop()

    def export(self, name: str | int, path: Path) -> Future[Exported]:
        """Writes evidence of a run or a decision by its id, or of a record by its number."""
        about = f"record {name}" if isinstance(name, int) else name

        def work(stopper: Stopper) -> Exported:
            from converge_desktop.adapters.capsule import NotCovered  # noqa: PLC0415
            from converge_desktop.runtime.evidence import Redaction  # noqa: PLC0415

            def told(lines: int) -> None:
                if lines % 100 == 1:
                    self._publish(EvidenceProgress(about, lines))

            evidence = self._evidence(stopper, believe=True)
            try:
                holding = evidence.export(name, path, Redaction(), self._clock(), told)
            except NotCovered as error:
                raise NotSigned(str(error)) from error
            finally:
                evidence.close()
            said, who = holding.signed.checkpoint, str(holding.signed.operator)
            return Exported(about, str(path), holding.records, said.size, who, said.at)

        stopper = self._exporting[path] = Stopper()
        return self._start(stopper, work)

    def check(self, path: Path) -> Future[CheckedEvidence]:
        """Checks a file of evidence by itself, then whether it is of the ledger here.

        What the file proves needs nothing of the desk; where its ledger cannot be read, that is
        said of it instead.
        """

        def work(stopper: Stopper) -> CheckedEvidence:
            from converge_desktop.runtime.evidence_checking import checked  # noqa: PLC0415

            def here(signed: SignedCheckpoint) -> tuple[str, str]:
                try:
                    evidence = self._evidence(stopper, believe=True)
                except NotKept as error:
                    return "", str(error)
                try:
                    return evidence.desk, evidence.why_not_here(signed)
                finally:
                    evidence.close()

            return checked(path, here)

        return self._start(Stopper(), work)

    def stop_export(self, path: Path) -> None:
        """Gives up what :meth:`export` began last for that file, which then is as it was."""
        stopper = self._exporting.get(path)
        if stopper is not None:
            stopper.stop()

    def compare(self, kept: str | Path) -> Future[Comparison]:
        """Says whether the ledger still is the one that a checkpoint was taken of.

        Nothing that the desk noted of its ledger is believed for it.

        Args:
            kept: the text of a checkpoint, or the file that holds it.
        """

        def work(stopper: Stopper) -> Comparison:
            signed = _read(kept)
            evidence = self._evidence(stopper, believe=False)
            try:
                reason = evidence.why_not_kept(signed, "")
                records, redacted = evidence.records, evidence.redacted
            finally:
                evidence.close()
            said = signed.checkpoint
            who = str(signed.operator)
            return Comparison(reason, said.size, records, said.at, who, redacted)

        return self._start(Stopper(), work)

    def save(self, data: bytes, path: Path) -> Future[None]:
        """Keeps bytes in a file, outside of the desk."""

        def work(_: Stopper) -> None:
            require_outside(path, self._data_dir)
            replace_durably(path, data)

        return self._start(Stopper(), work)

    def close(self) -> None:
        """Gives up all that is under way. Safe to call twice."""
        with self._lock:
            self._closed = True
            under_way = tuple(self._stoppers)
        for stopper in under_way:
            stopper.stop()
        self._threads.shutdown(wait=True, cancel_futures=True)

    def _start(self, stopper: Stopper, work: Callable[[Stopper], T]) -> Future[T]:
        with self._lock:
            self._stoppers.add(stopper)
            if self._closed:
                stopper.stop()

        def run() -> T:
            stopper.require_wanted()
            return work(stopper)

        future = self._threads.submit(run)
        future.add_done_callback(lambda _: self._stoppers.discard(stopper))
        return future

    def _evidence(self, stopper: Stopper, *, believe: bool) -> Evidence:
        # Imported here, off the window's path.
        from converge_desktop.runtime.evidence import Evidence  # noqa: PLC0415

        snapshots = snapshot_reader_of(self._data_dir) if believe else None
        try:
            return Evidence(self._data_dir, snapshots, stopper)
        except (LedgerCorrupt, FileNotFoundError) as error:
            raise NotKept(ledger_problem(self._data_dir, error)) from error


def _read(kept: str | Path) -> SignedCheckpoint:
    """Reads a checkpoint, from a text as it was pasted or from a file to the byte."""
    place = "" if isinstance(kept, str) else f"{kept}: "
    try:
        if isinstance(kept, str):
            return read_checkpoint(_as_written(kept))
        with kept.open("rb") as file:
            return read_checkpoint(file.read(4 * MAX_TEXT + 1).decode())
    except UnicodeDecodeError as error:
        raise NotKept(f"{place}this is no text, and so no checkpoint") from error
    except InvalidValue as error:
        raise NotKept(f"{place}{error}") from error


def _as_written(text: str) -> str:
    """Returns a pasted text with the line end that copying loses, and without blanks around it."""
    return text.strip().replace("\r\n", "\n") + "\n"
