"""Holding a run, letting it go on, stopping it, and beginning another like it."""

from __future__ import annotations

from concurrent.futures import Future
from functools import partial
from typing import Any

from PySide6.QtCore import QObject, Signal, Slot

from converge_desktop.ui import words
from converge_desktop.ui.actions import Action
from converge_desktop.ui.pages.page import Tools
from converge_desktop.ui.pages.run_view import RunPane
from converge_desktop.ui.pages.run_words import LARGER


class RunActs(QObject):
    """Asks the desk, and says in the pane's strip what came of it.

    Signals:
        again_wanted: The person wants a run like the one that is shown: its budget that is to be
            larger, by name, or nothing.
        trace_wanted: The person wants to see the last thing that a model was asked in it.
    """

    again_wanted = Signal(str)
    trace_wanted = Signal()

    def __init__(self, tools: Tools, pane: RunPane) -> None:
        super().__init__(pane)
        self._tools = tools
        self._pane = pane
        self._doing: set[tuple[str, str]] = set()
        pane.banner.pause_wanted.connect(self.pause)
        pane.banner.resume_wanted.connect(self.resume)
        pane.banner.cancel_wanted.connect(self.stop)
        pane.reason.confirmed.connect(self._on_reason)
        pane.next.chosen.connect(self.do)
        pane.shown.connect(self._refresh)

    def actions_of(self) -> tuple[Action, ...]:
        """Lists what can be done about the run that is shown."""
        page = "runs"
        return (
            Action(
                "run.pause",
                "Pause the run",
                ("Ctrl+Shift+P",),
                self.pause,
                "Run",
                self.can_pause,
                page=page,
                writes="that you hold the run, and since when (run_suspended)",
                needs="a run that goes on",
            ),
            Action(
                "run.pause_why",
                "Pause the run with a reason…",
                (),
                self.ask_reason,
                "Run",
                self.can_pause,
                page=page,
                writes="that you hold the run, when and why (run_suspended)",
                needs="a run that goes on",
            ),
            Action(
                "run.resume",
                "Resume the run",
                ("Ctrl+Shift+P",),
                self.resume,
                "Run",
                self.can_resume,
                page=page,
                writes="that you let the run go on (run_resumed)",
                needs="a run that is paused",
            ),
            Action(
                "run.stop",
                "Stop the run (press twice)",
                ("Ctrl+Shift+X",),
                self._pane.banner.cancel.press,
                "Run",
                self.can_stop,
                page=page,
                writes="that you stopped the run (run_stopped); nothing in it is asked any more",
                needs="a run that has not stopped",
            ),
            Action(
                "run.again",
                "Start a run like this one…",
                (),
                self.again,
                "Run",
                self.shows,
                page=page,
            ),
            Action(
                "run.fork_now",
                "Fork the run as it is now",
                (),
                self.fork,
                "Run",
                self.is_now,
                page=page,
                writes="a new run that begins with the facts of this one (run_started)",
                needs="a run that is shown",
            ),
        )

    def shows(self) -> bool:
        """Says whether a run is shown."""
        return self._pane.view is not None and self._pane.isVisible()

    def is_now(self) -> bool:
        """Says whether a run is shown as it is."""
        return self.shows() and self._pane.moment is None

    def can_pause(self) -> bool:
        """Says whether the run that is shown goes on, and can be held."""
        return self.is_now() and self._phase() in {"running", "waiting"} and not self._under_way()

    def can_resume(self) -> bool:
        """Says whether the run that is shown is held."""
        return self.is_now() and self._phase() == "paused" and not self._under_way()

    def can_stop(self) -> bool:
        """Says whether the run that is shown can be stopped, whatever else is under way."""
        return self.is_now() and self._phase() != "stopped" and "stop" not in self._under_way()

    @Slot(str)
    def do(self, act: str) -> None:
        """Does what an explanation of the run offers."""
        known = {
            "pause": self.pause,
            "resume": self.resume,
            "cancel": self._pane.banner.cancel.press,
            "decide": self._pane.review_wanted.emit,
            "fork": self.fork,
            "start": self.again,
            "larger": self.again,
            "refused": self._pane.show_refused,
            "facts": self._pane.show_facts,
            "cycles": self._pane.show_cycles,
            "trace": self.trace_wanted.emit,
        }
        if act in known:
            known[act]()

    def ask_reason(self) -> None:
        """Asks why the run is paused, in a box in the page."""
        self._pane.banner.cancel.disarm()
        self._pane.reason.open()

    @Slot(str)
    def _on_reason(self, reason: str) -> None:
        self._pane.reason.hide()  # what was typed stays until it is on record
        self.pause(reason)

    @Slot()
    def pause(self, reason: str = "") -> None:
        """Holds the run."""
        if self.can_pause():
            name, label = self._shown()
            self._ask(
                "pause",
                self._tools.desk.pause(name, reason),
                f"Pausing {label}: what its agents are at is given up.",
                "",  # the banner says it, once the run says so itself
                f"{label} was not paused.",
            )

    @Slot()
    def resume(self) -> None:
        """Lets the run go on."""
        if self.can_resume():
            name, label = self._shown()
            said = f"Resuming {label}…"
            self._ask(
                "resume", self._tools.desk.resume(name), said, "", f"{label} was not resumed."
            )

    @Slot()
    def stop(self) -> None:
        """Stops the run for good."""
        if self.can_stop():
            name, label = self._shown()
            self._ask(
                "stop",
                self._tools.desk.cancel(name),
                f"Stopping {label}: what its agents are at is given up at once.",
                "The run was stopped; what it reached stays.",
                f"{label} was not stopped.",
            )

    @Slot()
    def again(self) -> None:
        """Offers a run like the one that is shown; with more of what that one ran out of."""
        view = self._pane.view
        if view is not None:
            self.again_wanted.emit(LARGER.get(view.stop_kind, ""))

    @Slot()
    def fork(self) -> None:
        """Begins a run with the facts that the one shown has now, and shows it."""
        if self.is_now() and not self._under_way():
            name, label = self._shown()
            self._ask(
                "fork",
                self._tools.desk.fork(name),
                f"Starting a run with the facts of {label}…",
                "",
                "No run was started.",
                shows=True,
            )

    def _ask(
        self,
        act: str,
        asked: Future[Any],
        doing: str,
        done: str,
        failed: str,
        *,
        shows: bool = False,
    ) -> None:
        what = (self._shown()[0], act)
        self._doing.add(what)
        self._refresh()
        self._pane.strip.work(doing)
        told, refused = partial(self._on_done, what, done, shows), partial(self._on_failed, what)
        self._tools.bridge.ask(self, asked, told, partial(refused, failed))

    def _on_done(self, what: tuple[str, str], done: str, shows: bool, made: object) -> None:
        self._free(what)
        if what[1] == "pause" and self._is_shown(what[0]):
            self._pane.reason.reset()
        if shows and isinstance(made, str):
            self._pane.strip.leave()
            if self._is_shown(what[0]) and self._pane.isVisible():
                self._tools.routes.run.emit(made)
            else:  # whoever went elsewhere meanwhile is left there
                said = "A run was started with the facts that were asked for; Runs lists it."
                self._tools.routes.say.emit("info", said, f"run {made}")
        elif self._is_shown(what[0]) and not self._under_way():
            if done:
                self._pane.strip.tell("good", done)
            else:
                self._pane.strip.leave()

    def _on_failed(self, what: tuple[str, str], failed: str, error: BaseException) -> None:
        self._free(what)
        said = f"{words.sentence(failed)} {words.problem(error)}"
        if self._is_shown(what[0]):
            self._pane.strip.tell("danger", said)
            if what[1] == "pause" and self._pane.reason.edit.words():
                self._pane.reason.open()
        else:
            self._tools.routes.say.emit("danger", said, f"run {what[0]}")

    def _free(self, what: tuple[str, str]) -> None:
        self._doing.discard(what)
        self._refresh()

    @Slot()
    def _refresh(self) -> None:
        """Offers nothing that is under way already for the run that is shown."""
        self._pane.banner.busy(self._under_way())

    def _under_way(self) -> set[str]:
        run_id = self._shown()[0]
        return {act for run, act in self._doing if run == run_id}

    def _is_shown(self, run_id: str) -> bool:
        return self._pane.view is not None and self._pane.view.row.run_id == run_id

    def _phase(self) -> str:
        return self._pane.view.row.phase if self._pane.view is not None else ""

    def _shown(self) -> tuple[str, str]:
        view = self._pane.view
        return (view.row.run_id, view.row.label) if view is not None else ("", "")
