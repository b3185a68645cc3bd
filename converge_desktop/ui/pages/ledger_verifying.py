"""Verifying the ledger: how far it is, giving it up, and what came of it in words."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QWidget

from converge_desktop.runtime.ledger_model import Verification
from converge_desktop.runtime.port import StatusChanged, VerifyProgress
from converge_desktop.runtime.stopper import GivenUp
from converge_desktop.ui import words
from converge_desktop.ui.actions import Action
from converge_desktop.ui.pages.ledger_head import LedgerHead
from converge_desktop.ui.pages.page import Tools
from converge_desktop.ui.widgets.task_strip import TaskStrip


class Verifier(QObject):
    """Has every record read and every hash checked, once at a time.

    Signals:
        verified: What came of it, a ``Verification``.
    """

    verified = Signal(object)

    def __init__(self, tools: Tools, head: LedgerHead, parent: QWidget) -> None:
        super().__init__(parent)
        self._tools = tools
        self._head = head
        self._problem = ""
        self.strip = TaskStrip("Verifying the ledger")
        self.strip.pressed.connect(self.stop)
        tools.bridge.status_changed.connect(self._on_status)
        tools.bridge.progressed.connect(self._on_progress)

    def actions(self, verify: Callable[[], None]) -> tuple[Action, ...]:
        """Returns what can be done about it; ``verify`` brings it to the front."""
        return (
            Action("ledger.verify", "Verify the ledger", ("Ctrl+Shift+V",), verify, "Ledger"),
            Action("ledger.stop", "Stop verifying", (), self.stop, "Ledger", self.can_stop),
        )

    @Slot()
    def verify(self) -> None:
        """Has the ledger verified, unless it is being verified."""
        if self.can_stop():
            return
        self._head.verify.setEnabled(False)
        self._head.say_nothing()
        self.strip.work("Reading every record from the first…", action="Cancel")
        verified = self._tools.desk.verify()
        self._tools.bridge.ask(self, verified, self._on_verified, self._on_not_verified)

    def can_stop(self) -> bool:
        """Says whether the ledger is being verified."""
        return not self._head.verify.isEnabled()

    @Slot()
    def stop(self) -> None:
        """Gives up verifying."""
        if self.can_stop():
            self.strip.work("Giving up…")
            self._tools.desk.stop_verifying()

    @Slot(object)
    def _on_status(self, change: StatusChanged) -> None:
        self._problem = change.status.ledger_problem

    @Slot(object)
    def _on_progress(self, progress: object) -> None:
        if isinstance(progress, VerifyProgress) and self.can_stop():
            many = words.count(progress.records, "record holds", "records hold")
            said = f"{many}, {words.percent(progress.share)}"
            self.strip.work(said, progress.share, "Cancel")

    def _on_verified(self, result: Verification) -> None:
        self._leave()
        text, tone = verification_words(result)
        if self._problem and result.bad_seq < 0:
            text, tone = f"{text} It is still not the ledger that this desk wrote.", "caution"
        self._head.say(text, tone, f"head {result.head}\nroot {result.root}")
        self.verified.emit(result)

    def _on_not_verified(self, error: BaseException) -> None:
        self._leave()
        if isinstance(error, GivenUp):
            self._head.say("Verifying was cancelled; nothing is known of the rest.", "caution")
        else:
            self._head.say(f"The ledger was not verified. {words.problem(error)}", "danger")

    def _leave(self) -> None:
        self._head.verify.setEnabled(True)
        self.strip.leave()


def verification_words(result: Verification) -> tuple[str, str]:
    """Says what came of verifying, and the tone of it."""
    if result.bad_seq < 0:
        head = words.short_id(result.head, 18)
        many = words.count(result.records, "record")
        said = f"✓ All {many} hold. The chain ends in {head}."
        if result.root:
            said = f"{said} The root over all of them is {words.short_id(result.root, 18)}."
        if result.unfinished:
            left = words.count(result.unfinished, "byte")
            said = f"{said} {left} of a step that was never finished stand behind them."
        if result.redacted:
            gone = words.count(result.redacted, "record")
            said = f"{said} But what {gone} said was left out, as in a redacted copy."
            return said.replace("✓", "⚠", 1), "caution"
        return said, "good"
    said = (
        f"✕ Record {result.bad_seq:,} does not hold. {words.sentence(result.reason)} "
        "Nothing after it can be trusted; keep a copy of the file and compare it with a backup."
    )
    return said, "danger"
