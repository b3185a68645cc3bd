"""The first two minutes: five steps that tick themselves off by what the person really does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from converge_desktop.runtime.port import RunChanged, StatusChanged
from converge_desktop.ui.bridge import Bridge
from converge_desktop.ui.clock import UiClock
from converge_desktop.ui.settings import UiSettings

if TYPE_CHECKING:
    from converge_desktop.ui.pages.stack import PageStack

_DONE, _STATE = "first/done", "first/state"
_OPEN, _LEFT = "open", "left"


@dataclass(frozen=True, slots=True)
class Step:
    """One step: what to do, what it shows, and the page where it is done."""

    name: str
    title: str
    text: str
    page: str


STEPS = (
    Step(
        "start",
        "Start the sample run",
        "Agents read a small repository’s test reports and propose what should follow. Press "
        "“Use the sample”, then “Start”.",
        "runs",
    ),
    Step(
        "read",
        "Read the review",
        "The run stops where a person must decide. The review says what becomes true, why, and on "
        "which evidence; every number leads to where it was read.",
        "inbox",
    ),
    Step(
        "decide",
        "Approve or reject it",
        "Either is fine here. Your answer is signed with your key; nothing became true before it.",
        "inbox",
    ),
    Step(
        "see",
        "See what became of it",
        "Context lists what is known, and beside each fact what it came from: the decision too.",
        "context",
    ),
    Step(
        "verify",
        "Verify the ledger",
        "All of this was written down, record by record, each bound to the one before. Have every "
        "record checked.",
        "ledger",
    ),
)


class FirstSteps(QObject):
    """Which steps were done; remembered.

    Signals:
        changed: A step was done, or the steps were opened or left.
    """

    changed = Signal()

    def __init__(self, settings: UiSettings, clock: UiClock, parent: QObject) -> None:
        super().__init__(parent)
        self._settings = settings
        self._since = clock.now()
        known = {step.name for step in STEPS}
        self._done = [name for name in settings.text(_DONE).split(",") if name in known]

    def follow(self, pages: PageStack, bridge: Bridge) -> None:
        """Watches what the person does."""
        self._pages = pages
        bridge.run_changed.connect(self._on_run)
        bridge.status_changed.connect(self._on_status)
        pages.currentChanged.connect(self._on_page)
        pages.inbox.review.body.painted.connect(self._on_review)
        pages.inbox.review.decided.connect(self._on_decided)

    @property
    def opened(self) -> bool:
        """Whether the steps are shown."""
        return self._settings.text(_STATE) == _OPEN

    def offer(self, runs: int) -> None:
        """Opens the steps on a desk where nothing has run yet, unless they were left before."""
        if not runs and not self._settings.text(_STATE):
            self._settings.put(_STATE, _OPEN)
        self.changed.emit()

    def open(self) -> None:
        """Opens the steps because the person asks; those that were all done begin anew."""
        if self.finished():
            self._done = []
            self._settings.put(_DONE, "")
        self._settings.put(_STATE, _OPEN)
        self.changed.emit()

    def leave(self) -> None:
        """Puts the steps away."""
        self._settings.put(_STATE, _LEFT)
        self.changed.emit()

    def done(self, name: str) -> bool:
        """Says whether a step was done."""
        return name in self._done

    def finished(self) -> bool:
        """Says whether every step was done."""
        return len(self._done) == len(STEPS)

    def next(self) -> Step | None:
        """Returns the first step that was not done; None where all were."""
        return next((step for step in STEPS if step.name not in self._done), None)

    def _tick(self, name: str) -> None:
        if self.opened and name not in self._done:
            self._done.append(name)
            self._settings.put(_DONE, ",".join(self._done))
            self.changed.emit()

    @Slot(object)
    def _on_run(self, change: RunChanged) -> None:
        if change.view.row.started_at >= self._since:
            self._tick("start")

    @Slot()
    def _on_review(self) -> None:
        if self._pages.page_id() == "inbox":
            self._tick("read")

    @Slot()
    def _on_decided(self) -> None:
        self._tick("decide")

    @Slot()
    def _on_page(self) -> None:
        if self.done("decide") and self._pages.currentWidget() is self._pages.context:
            self._tick("see")

    @Slot(object)
    def _on_status(self, change: StatusChanged) -> None:
        # The desk verifies by itself as it starts; nobody stands on the page then.
        looked = self._pages.currentWidget() is self._pages.ledger
        if looked and change.status.ledger_verified_at >= self._since:
            self._tick("verify")
