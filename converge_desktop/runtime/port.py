"""What the window and the command line may ask of a desk, and what it tells them.

A desk answers through futures, because every command is a message to the engine thread; an update
is pushed to each subscriber, on whichever thread made it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from converge_desktop.runtime.deciding_model import Settling
from converge_desktop.runtime.desk_model import PackRow, Status
from converge_desktop.runtime.ledger_model import (
    CheckedEvidence,
    CheckpointView,
    Comparison,
    Exported,
    LedgerRow,
    RecordView,
    Verification,
)
from converge_desktop.runtime.review_model import InboxRow, TraceView
from converge_desktop.runtime.run_model import FactAnswer, Lineage, RunRow, RunView, StartOffer
from converge_desktop.runtime.trace_model import IndexState

if TYPE_CHECKING:
    from converge_desktop.adapters.surreal import DecisionRow, ProposalRow, Walk
    from converge_desktop.runtime.outputs import RunReplay
    from converge_desktop.runtime.replay import Replay


@dataclass(frozen=True, slots=True)
class InboxChanged:
    """The whole inbox, oldest first."""

    rows: tuple[InboxRow, ...]


@dataclass(frozen=True, slots=True)
class SettlingChanged:
    """All decisions that can still be undone, the newest first."""

    rows: tuple[Settling, ...]


@dataclass(frozen=True, slots=True)
class RunChanged:
    """One run moved."""

    view: RunView


@dataclass(frozen=True, slots=True)
class TraceIndexChanged:
    """The index over model calls follows the ledger a bit further, or stands otherwise."""

    state: IndexState


@dataclass(frozen=True, slots=True)
class TraceExportProgress:
    """So many model calls of an export are written, of so many."""

    done: int
    total: int


@dataclass(frozen=True, slots=True)
class VerifyProgress:
    """So many records hold so far; ``share`` says in thousandths how much of the ledger is read."""

    records: int
    share: int


@dataclass(frozen=True, slots=True)
class EvidenceProgress:
    """So many lines of the evidence of ``name`` are written; ``record 7`` names a record."""

    name: str
    lines: int


@dataclass(frozen=True, slots=True)
class RecallChanged:
    """How recall stands, in a word: ``off``, ``opening``, ``filling``, ``ready`` or ``failed``.

    ``seq`` is the last record that is taken in; ``trouble`` says what is wrong.
    """

    state: str
    seq: int
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class StatusChanged:
    """The status bar's content."""

    status: Status


@dataclass(frozen=True, slots=True)
class Notice:
    """A sentence for the person. ``severity`` is ``info``, ``caution`` or ``danger``.

    ``run_id`` names the run that it is about; empty where it is about none.
    """

    severity: str
    text: str
    run_id: str = ""


Update = (
    InboxChanged
    | SettlingChanged
    | RunChanged
    | TraceIndexChanged
    | TraceExportProgress
    | VerifyProgress
    | EvidenceProgress
    | RecallChanged
    | StatusChanged
    | Notice
)


class NotSigned(Exception):
    """What is to be exported is covered by no checkpoint yet; one that is signed now covers it."""


class DeskPort(Protocol):
    """A running desk, as its users see it."""

    def subscribe(self, listener: Callable[[Update], None]) -> None:
        """Calls ``listener`` with every update from now on, on the thread that made it."""

    def packs(self) -> Future[tuple[PackRow, ...]]:
        """Lists the packs that can be run, each as it is in force."""

    def ask_about_pack(self, pack_id: str) -> Future[str]:
        """Asks whether the version of a pack that lies here governs; returns the run that asks."""

    def runs(self) -> Future[tuple[RunRow, ...]]:
        """Lists all runs, newest first."""

    def run_view(self, run_id: str) -> Future[RunView]:
        """Returns one run, whole."""

    def run_at(self, run_id: str, seq: int) -> Future[RunView]:
        """Returns one run as it stood once record ``seq`` was written."""

    def replay_run(self, run_id: str) -> Future[RunReplay]:
        """Folds a run again from its records alone."""

    def fork(self, run_id: str, seq: int | None = None) -> Future[str]:
        """Starts a run with the facts another had once record ``seq`` was written; now if None."""

    def inbox(self) -> Future[tuple[InboxRow, ...]]:
        """Lists the open gates of all runs."""

    def trace(self, trace_id: str) -> Future[TraceView]:
        """Returns one step, whole."""

    def replay(self, trace_id: str) -> Future[Replay]:
        """Makes a recorded step again with the model that made it, and compares to the byte."""

    def stop_replay(self, trace_id: str) -> None:
        """Gives up what ``replay`` began last for a step; its future fails."""

    def release_model(self, sha256: str) -> Future[None]:
        """Has a model file that was set aside looked into anew, because a person says so."""

    def ledger_page(self, first: int, count: int) -> Future[tuple[LedgerRow, ...]]:
        """Returns up to ``count`` records from sequence ``first``."""

    def record(self, seq: int) -> Future[RecordView]:
        """Returns one record, whole."""

    def facts(self, key: str, text: str) -> Future[FactAnswer]:
        """Asks the database for facts of all runs; an empty argument matches everything."""

    def lineage(self, run_id: str, fact_id: str) -> Future[Lineage]:
        """Asks the database what a fact came from."""

    def blast_radius(self, run_id: str, fact_id: str) -> Future[tuple[Walk, int]]:
        """Asks the database what rests on a fact, directly or through others, in all runs."""

    def as_of(self, seq: int, run_id: str = "", key: str = "") -> Future[FactAnswer]:
        """Asks the database which facts stood once record ``seq`` was written."""

    def decisions_by(self, operator: str) -> Future[tuple[list[DecisionRow], int]]:
        """Asks the database what the person of that id decided, newest first."""

    def proposals(self, status: str) -> Future[tuple[list[ProposalRow], int]]:
        """Asks the database which proposals stand so, such as ``asked``, newest first."""

    def rebuild_view(self) -> Future[None]:
        """Throws the database away and fills it again from the ledger."""

    def verify(self) -> Future[Verification]:
        """Reads the ledger from the first record and checks every hash; tells how far it is."""

    def stop_verifying(self) -> None:
        """Gives up what ``verify`` began; its future fails."""

    def newest_checkpoint(self) -> Future[CheckpointView | None]:
        """Returns the newest checkpoint; None while nobody signed one."""

    def sign_checkpoint(self) -> Future[CheckpointView]:
        """Signs what the ledger came to, with the operator's key."""

    def compare(self, kept: str | Path) -> Future[Comparison]:
        """Says whether the ledger still is the one a checkpoint was taken of: a text, or a file."""

    def save_text(self, text: str, path: Path) -> Future[None]:
        """Keeps a text in a file, outside of the desk."""

    def save_bytes(self, data: bytes, path: Path) -> Future[None]:
        """Keeps bytes, such as a picture, in a file, outside of the desk."""

    def export(self, name: str, path: Path) -> Future[Exported]:
        """Writes evidence of a run or of a decision, by the id of the run or the gate.

        Fails with ``NotSigned`` where the newest checkpoint does not cover it.
        """

    def prove(self, seq: int, path: Path) -> Future[Exported]:
        """Writes evidence of one record, by its number.

        Fails with ``NotSigned`` where the newest checkpoint does not cover it.
        """

    def check_evidence(self, path: Path) -> Future[CheckedEvidence]:
        """Checks a file of evidence by itself, then whether it is of the ledger here."""

    def stop_export(self, path: Path) -> None:
        """Gives up what writes evidence to a file; its future fails, the file is as it was."""

    def start_offer(self, pack_id: str) -> Future[StartOffer]:
        """Says what a run of a pack begins with unless told otherwise, and how far that goes."""

    def start_run(
        self,
        pack_id: str,
        folder: Path,
        intent: str = "",
        budgets: Mapping[str, int] | None = None,
        *,
        recall: bool = False,
    ) -> Future[str]:
        """Reads ``folder`` and starts a run; fails with a sentence, and no run, on bad input.

        ``intent`` is what the person wants, in their words, beside what the pack asks. ``budgets``
        are amounts by the names that ``start_offer`` gives; what is not named is as offered.
        ``recall`` asks for recall at the steps that have it on request, if the policy allows it.
        """

    def pause(self, run_id: str, reason: str = "") -> Future[None]:
        """Holds a run: nothing of it begins or executes until it is let go on; people may decide.

        What agents are at is given up and done again then. It stays so if the desk is closed.
        """

    def resume(self, run_id: str) -> Future[None]:
        """Lets a run that was paused go on from where it stood."""

    def cancel(self, run_id: str) -> Future[None]:
        """Stops a run; what it reached stays."""

    def unlock(self, passphrase: str = "") -> Future[bool]:
        """Opens the key of the person at the desk; says whether they may decide then."""

    def lock(self) -> Future[None]:
        """Locks every key; nothing is signed until one is unlocked."""

    def load_model(self, path: Path) -> Future[None]:
        """Takes another GGUF file into use."""

    def close(self) -> None:
        """Stops every thread, in order, and releases the data directory. Safe to call twice."""
