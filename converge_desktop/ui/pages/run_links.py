"""Where the sentences of a run lead: to the proposal that waits, or to what an agent did."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QObject

from converge_desktop.runtime.review_model import InboxRow
from converge_desktop.runtime.trace_model import FoundTrace, TraceSet
from converge_desktop.ui import words
from converge_desktop.ui.pages.page import Tools
from converge_desktop.ui.pages.traces_finding import tried
from converge_desktop.ui.widgets.task_strip import TaskStrip

_LOOKED = 300
"""So many of the newest steps of a run are looked through for one of an agent."""
_NAMED = 3


class RunLinks(QObject):
    """Finds by asking the desk, only once somebody follows a link."""

    def __init__(self, tools: Tools, strip: TaskStrip, parent: QObject) -> None:
        super().__init__(parent)
        self._tools = tools
        self._strip = strip

    def gate(self, run_id: str, sentence: str = "") -> None:
        """Shows the proposal of a run that a sentence names; the first, where it names none."""
        self._tools.routes.page.emit("inbox")
        asked = self._tools.desk.inbox()
        self._tools.bridge.ask(self, asked, partial(self._on_inbox, run_id, sentence), _ignore)

    def _on_inbox(self, run_id: str, sentence: str, rows: tuple[InboxRow, ...]) -> None:
        own = [row for row in rows if row.run_id == run_id]
        named = [row for row in own if f"“{row.title}”" in sentence]
        if own:
            self._tools.routes.gate.emit((named or own)[0].gate_id)

    def trace(self, run_id: str, agents: tuple[str, ...]) -> None:
        """Shows the newest recorded step of one of some agents of a run."""
        asked = tried(partial(self._tools.desk.find_traces, f'run:"{run_id}"'))
        self._tools.bridge.ask(self, asked, partial(self._on_found, agents), self._on_failed)

    def _on_found(self, agents: tuple[str, ...], found: TraceSet) -> None:
        asked = tried(partial(self._tools.desk.trace_rows, found.token, 0, _LOOKED))
        took = partial(self._on_rows, agents, found.total)
        self._tools.bridge.ask(self, asked, took, self._on_failed)

    def _on_rows(self, agents: tuple[str, ...], total: int, rows: tuple[FoundTrace, ...]) -> None:
        own = [found.row for found in rows if found.row.step in agents]
        if own:
            self._tools.routes.trace.emit(own[0].trace_id)
            return
        self._strip.tell("info", _none_words(agents, total))

    def _on_failed(self, error: BaseException) -> None:
        self._strip.tell("danger", f"The steps cannot be read. {words.problem(error)}")


def _none_words(agents: tuple[str, ...], total: int) -> str:
    """Says that no step was found, and whether that means that there is none of so many."""
    who = f" of {' or '.join(agents)}" if 0 < len(agents) <= _NAMED else ""
    if total <= _LOOKED:
        return f"No step{who} is recorded in this run: no model was asked."
    return (
        f"No step{who} is among the newest {_LOOKED} of {total:,} in this run. Traces has the "
        "older ones."
    )


def _ignore(_: BaseException) -> None:
    """The inbox is in front already; it says itself what is wrong."""
