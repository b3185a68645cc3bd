"""What may be asked of a run beside deciding: replay it, fork it, export evidence of it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot

from converge_desktop.ui import words
from converge_desktop.ui.pages.exporting import Exporter
from converge_desktop.ui.pages.page import Tools
from converge_desktop.ui.pages.run_view import RunPane

if TYPE_CHECKING:
    from converge_desktop.runtime.outputs import RunReplay


class RunAsks(QObject):
    """Asks the desk, and says in the strip of the pane what came of it."""

    def __init__(self, tools: Tools, pane: RunPane) -> None:
        super().__init__(pane)
        self._tools = tools
        self._pane = pane
        self.exporter = Exporter(tools, pane.strip, pane)
        pane.replay_wanted.connect(self.replay)
        pane.export_wanted.connect(self.export)
        pane.banner.fork_wanted.connect(self.fork)

    def forget(self) -> None:
        """Another run is shown."""
        self.exporter.forget()

    @Slot()
    def replay(self) -> None:
        """Folds the run again from its records alone, and says whether it comes to the same."""
        view = self._pane.view
        if view is None or self._busy():
            return
        self._pane.replay_button.setEnabled(False)
        self._pane.strip.work(f"Reading the records of {view.row.label}…")
        self._tools.bridge.ask(
            self,
            self._tools.desk.replay_run(view.row.run_id),
            partial(self._on_replayed, view.row.label),
            partial(self._on_not_replayed, view.row.label),
        )

    def _on_replayed(self, label: str, found: RunReplay) -> None:
        self._pane.replay_button.setEnabled(True)
        self._pane.strip.tell(*replay_words(label, found))

    def _on_not_replayed(self, label: str, error: BaseException) -> None:
        self._pane.replay_button.setEnabled(True)
        said = f"The records of {label} do not come to what they say. {words.problem(error)}"
        self._pane.strip.tell("danger", said)

    @Slot()
    def export(self) -> None:
        """Exports evidence of the run."""
        view = self._pane.view
        if view is not None and not self._busy():
            self.exporter.export(view.row.run_id, view.row.label)

    @Slot()
    def fork(self) -> None:
        """Begins a run with the facts of the moment that is shown, and shows it."""
        view, moment = self._pane.view, self._pane.moment
        if view is None or moment is None or self._busy():
            return
        self._pane.banner.fork.setEnabled(False)
        self._pane.strip.work(
            f"Starting a run with the facts of {view.row.label} as of record {moment.seq:,}…"
        )
        forked = self._tools.desk.fork(view.row.run_id, moment.seq)
        told = partial(self._on_forked, view.row.run_id)
        self._tools.bridge.ask(self, forked, told, self._on_not_forked)

    def _on_forked(self, origin: str, run_id: str) -> None:
        self._pane.banner.fork.setEnabled(True)
        self._pane.strip.leave()
        view = self._pane.view
        if view is not None and view.row.run_id == origin and self._pane.isVisible():
            self._tools.routes.run.emit(run_id)
        else:  # whoever went elsewhere meanwhile is left there
            said = "A run was started with the facts that were asked for; Runs lists it."
            self._tools.routes.say.emit("info", said, f"run {run_id}")

    def _on_not_forked(self, error: BaseException) -> None:
        self._pane.banner.fork.setEnabled(True)
        self._pane.strip.tell("danger", f"No run was started. {words.problem(error)}")

    def _busy(self) -> bool:
        buttons = (self._pane.replay_button, self._pane.banner.fork)
        return self.exporter.busy or not all(button.isEnabled() for button in buttons)


def replay_words(label: str, found: RunReplay) -> tuple[str, str]:
    """Returns the tone of a replay, and what came of it."""
    many = words.count(found.records, "record")
    facts, root = words.count(found.facts, "fact"), words.short_id(found.root, 18)
    came = f"Folded again from {many} alone, {label} comes to {facts} and root {root}"
    if not found.said:
        return "good", f"✓ {came}. It has not stopped yet, so it said nothing to compare with."
    if found.said == found.root:
        return "good", f"✓ {came}: equal to what it said itself in record {found.said_at:,}."
    said = words.short_id(found.said, 18)
    return "danger", f"✕ {came}, and in record {found.said_at:,} it said {said}. They differ."
