"""Exporting evidence: where to, how far it is, giving it up, and what to do if nobody signed.

Evidence of a run or a decision is called so; evidence of one record is called its proof.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path

from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QFileDialog, QWidget

from converge_desktop.runtime.ledger_model import CheckpointView, Exported
from converge_desktop.runtime.port import EvidenceProgress, NotSigned
from converge_desktop.runtime.stopper import GivenUp
from converge_desktop.ui import words
from converge_desktop.ui.actions import Action
from converge_desktop.ui.pages.page import Tools
from converge_desktop.ui.widgets.task_strip import TaskStrip

SUFFIX = ".capsule.jsonl"
_SIGN = "Sign now and export"
_CANCEL = "Cancel"


class Exporter(QObject):
    """Exports one thing at a time and says in a strip how it stands."""

    def __init__(self, tools: Tools, strip: TaskStrip, parent: QWidget) -> None:
        super().__init__(parent)
        self._tools = tools
        self._strip = strip
        self._parent = parent
        self._name, self._about, self._what, self._path = "", "", "", Path()
        self._proves_record = False
        self._ask: Callable[[Path], Future[Exported]] | None = None
        self.busy = False
        self._offers_to_sign, self._can_stop = False, False
        strip.pressed.connect(self._on_pressed)
        tools.bridge.progressed.connect(self._on_progress)

    def export(self, name: str, about: str) -> None:
        """Asks where to, and exports.

        Args:
            name: The id of a run or of a gate.
            about: What it is, in words, as in ``run 0192``.
        """
        chosen = self._where(name) if name else ""
        if chosen:
            self.begin(name, about, Path(chosen))

    @Slot(object)
    def prove(self, seq: int) -> None:
        """Asks where to, and exports evidence of one record, by its number."""
        chosen = self._where(f"record {seq}")
        if chosen:
            self.begin_proof(seq, Path(chosen))

    def begin(self, name: str, about: str, path: Path) -> None:
        """Exports to a file that the person chose."""
        self._name, self._about, self._what = name, about, f"evidence of {about}"
        self._proves_record = False
        self._begin(path, lambda file: self._tools.desk.export(name, file))

    def begin_proof(self, seq: int, path: Path) -> None:
        """Exports evidence of a record to a file that the person chose."""
        self._name, self._about = f"record {seq}", f"record {seq:,}"
        self._what, self._proves_record = f"proof of {self._about}", True
        self._begin(path, lambda file: self._tools.desk.prove(seq, file))

    def action_of(self, page: str) -> Action:
        """Returns what gives the export up, for the table of actions of a page."""
        title = "Cancel the export of evidence"
        needs = "evidence that is being exported"
        return Action(
            f"{page}.stop-export",
            title,
            (),
            self.stop,
            "Run",
            self.can_stop,
            page=page,
            needs=needs,
        )

    def can_stop(self) -> bool:
        """Says whether something is being exported that nobody gave up yet."""
        return self._can_stop

    def stop(self) -> None:
        """Gives up what is being exported."""
        if self._can_stop:
            self._can_stop = False
            self._strip.work("Giving up…")
            self._tools.desk.stop_export(self._path)

    def forget(self) -> None:
        """Closes what was said of something else; what is under way goes on."""
        self._offers_to_sign = False
        if not self.busy:
            self._strip.leave()

    def _where(self, name: str) -> str:
        """Asks where to, unless something is being exported."""
        if self.busy:
            return ""
        return ask_evidence(self._parent, str(Path.home() / file_name(name)))

    def _begin(self, path: Path, ask: Callable[[Path], Future[Exported]]) -> None:
        self._path, self._ask = path, ask
        self.busy = self._can_stop = True
        self._strip.work(f"Gathering the {self._what}…", action=_CANCEL)
        self._tools.bridge.ask(self, ask(path), self._on_done, self._on_failed)

    @Slot(object)
    def _on_progress(self, progress: object) -> None:
        if not isinstance(progress, EvidenceProgress) or progress.name != self._name:
            return
        if self._can_stop:
            many = words.count(progress.lines, "line")
            self._strip.work(f"Writing the {self._what}: {many}.", action=_CANCEL)

    def _on_done(self, made: Exported) -> None:
        self.busy = self._can_stop = False
        if self._proves_record:
            said = (
                f"The {self._what} is written and was read back: it is in the ledger whose root "
                f"{made.operator} signed on {words.full_time(made.at)}."
            )
        else:
            many = words.count(made.records, "record")
            said = (
                f"The {self._what} is written and was read back: {many}, proven under the "
                f"checkpoint that {made.operator} signed."
            )
        self._strip.tell("good", f"{said} It lies in {made.path}")

    def _on_failed(self, error: BaseException) -> None:
        self.busy = self._can_stop = False
        if isinstance(error, GivenUp):
            said = f"The export of {self._about} was cancelled; nothing was written."
            self._strip.tell("caution", said)
            return
        self._offers_to_sign = isinstance(error, NotSigned)
        said = f"The {self._what} was not exported. {words.problem(error)}"
        if self._offers_to_sign:
            self._strip.tell("caution", said, _SIGN, "checkpoint.sign")
        else:
            self._strip.tell("danger", said)

    @Slot()
    def _on_pressed(self) -> None:
        self.stop()
        if not self._offers_to_sign or self.busy:
            return
        self._offers_to_sign = False
        self.busy = True
        self._strip.work("Signing what the ledger came to…")
        self._tools.bridge.ask(
            self, self._tools.desk.sign_checkpoint(), self._on_signed, self._on_failed
        )

    def _on_signed(self, _: CheckpointView) -> None:
        if self._ask is not None:
            self._begin(self._path, self._ask)


def file_name(name: str) -> str:
    """Returns a name for the file of the evidence of something, by its id."""
    return re.sub(r"[^A-Za-z0-9-]+", "-", name).strip("-") + SUFFIX


def ask_evidence(parent: QWidget, start: str) -> str:
    """Asks where evidence is to lie; returns nothing where the person leaves it."""
    kinds = f"Evidence (*{SUFFIX})"
    chosen, _ = QFileDialog.getSaveFileName(parent, "Export evidence", start, kinds)
    return chosen
