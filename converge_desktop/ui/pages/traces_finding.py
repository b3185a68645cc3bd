"""Asks the index for the model calls that fit a filter, one question at a time."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import TypeVar

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from converge_core.errors import ConvergeError
from converge_desktop.runtime.filter_reading import Candidate, FilterProblem
from converge_desktop.runtime.trace_model import FIELD_NAMES, IndexState, TraceSet
from converge_desktop.ui.models.traces import PAGE
from converge_desktop.ui.pages.page import Tools
from converge_desktop.ui.widgets.filter_languages import Fail, Offer, Take

T = TypeVar("T")
PAUSE_MS = 500
"""How long what was found stays, at least, while the ledger goes on."""


@dataclass(frozen=True, slots=True)
class Query:
    """What is looked for, and in which order."""

    text: str = ""
    order: str = "time"
    descending: bool = True


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question: ``anew`` if the person asked it, and not the ledger going on."""

    query: Query
    anew: bool
    take: Take
    fail: Fail


def _ignore(_: object) -> None:
    """Nobody waits for it."""


def tried(ask: Callable[[], Future[T]]) -> Future[T]:
    """Asks, and has a desk that refuses at once fail as one that refuses later."""
    try:
        return ask()
    except ConvergeError as error:
        failed: Future[T] = Future()
        failed.set_exception(error)
        return failed


class TraceFinder(QObject):
    """Finds what the person asks for, and again once the index has followed the ledger further.

    While one question is under way, only the last one that was asked meanwhile waits.

    Attributes:
        query: what was found last.
        found: what it came to; None until something was found.
        every: how many calls there are, whatever is found of them.

    Signals:
        came: What was found, and whether the person asked for something else than before.
        failed: Why it cannot be found, but for a filter that cannot be read.
        counted: Another number of calls is known.
    """

    came = Signal(object, bool)
    failed = Signal(object)
    counted = Signal()

    def __init__(self, tools: Tools, parent: QObject, query: Query) -> None:
        super().__init__(parent)
        self._tools = tools
        self.query = self._last = query
        self.found: TraceSet | None = None
        self.every = -1
        self._counted_at = -2
        self._flying: _Asked | None = None
        self._next: _Asked | None = None
        self._stale = False
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(PAUSE_MS)
        self._pause.timeout.connect(self._on_pause)

    def wanted(self) -> Query:
        """Returns what is looked for by now, found or not."""
        asked = self._next or self._flying
        return asked.query if asked is not None else self.query

    def look(self, query: Query, take: Take | None = None, fail: Fail | None = None) -> None:
        """Looks for something else."""
        asked = self._next or self._flying
        if take is None and asked is not None and asked.query.text == query.text:
            take, fail = asked.take, asked.fail  # who asked for that filter still waits
        self._next = _Asked(query, True, take or _ignore, fail or _ignore)
        self._go()

    def retry(self) -> None:
        """Looks once more for what could not be found."""
        self.look(self._last)

    def again(self) -> None:
        """Looks for the same again, unless something is being looked for."""
        if self._flying is None and self._next is None:
            self._next = _Asked(self.query, False, _ignore, _ignore)
            self._go()

    def follow(self, state: IndexState) -> None:
        """Looks again where the index has gone further than what was found; twice a second."""
        if self.found is not None and state.as_of <= self.found.as_of:
            return
        if self._pause.isActive():
            self._stale = True
        else:
            self._pause.start()
            self.again()

    @Slot()
    def _on_pause(self) -> None:
        if self._stale:
            self._stale = False
            self._pause.start()
            self.again()

    def _go(self) -> None:
        if self._flying is not None or self._next is None:
            return
        self._flying, self._next = self._next, None
        query = self._last = self._flying.query
        asked = tried(
            lambda: self._tools.desk.find_traces(
                query.text, query.order, descending=query.descending, rows=PAGE
            )
        )
        self._tools.bridge.ask(self, asked, self._on_found, self._on_failed)

    def _landed(self) -> _Asked | None:
        """Returns what was answered; None where something else is wanted by now."""
        asked, self._flying = self._flying, None
        return asked if self._next is None else None

    def _on_found(self, found: TraceSet) -> None:
        asked = self._landed()
        if asked is not None:
            self.query, self.found = asked.query, found
            self._count(found)
            asked.take(found)
            self.came.emit(found, asked.anew)
        self._go()

    def _on_failed(self, error: BaseException) -> None:
        asked = self._landed()
        if asked is not None and isinstance(error, FilterProblem):
            asked.fail(error)
        elif asked is not None:
            self.failed.emit(error)
        self._go()

    def _count(self, found: TraceSet) -> None:
        """Finds out how many calls there are where only some of them were found."""
        if not self.query.text.strip():
            self._on_every(found)
        elif found.as_of != self._counted_at:
            asked = tried(self._tools.desk.find_traces)
            self._tools.bridge.ask(self, asked, self._on_every, lambda _: None)

    def _on_every(self, found: TraceSet) -> None:
        self.every, self._counted_at = found.total, found.as_of
        self.counted.emit()


class TraceLanguage:
    """The filter language of model calls, which the index reads and completes."""

    hint = "Filter: step:evaluation valid:no …"
    name = "Filter the traces"
    fields = FIELD_NAMES

    def __init__(self, tools: Tools, finder: TraceFinder) -> None:
        self._tools = tools
        self._finder = finder

    def read(self, text: str, take: Take, fail: Fail) -> None:
        """Finds what fits; what was found is what a filter comes to."""
        finder = self._finder
        if finder.found is not None and text == finder.query.text == finder.wanted().text:
            take(finder.found)
        else:
            finder.look(replace(finder.wanted(), text=text), take, fail)

    def complete(self, text: str, cursor: int, offer: Offer) -> None:
        """Offers fields, and values that calls have."""

        def offered(found: tuple[Candidate, ...]) -> None:
            offer(found)

        asked = tried(lambda: self._tools.desk.complete_traces(text, cursor))
        self._tools.bridge.ask(self._finder, asked, offered, lambda _: offer(()))
