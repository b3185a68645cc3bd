"""Hands what a person decided to the desk, and tells what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import QObject, Signal

from converge_desktop.runtime.deciding_model import Answer, Answered, Doing
from converge_desktop.ui.pages.page import Tools


@dataclass(frozen=True, slots=True)
class Given:
    """What was handed in: where, which verdict or act, and about what."""

    gate_id: str
    what: str
    title: str
    to: str = ""


class Deciding(QObject):
    """Takes one thing at a time at a gate.

    Signals:
        moved: Something is on its way, or is no longer.
        done: Something was recorded: what was given, and what came of it.
        refused: Nothing was recorded: what was given, and the error.
    """

    moved = Signal()
    done = Signal(object, object)
    refused = Signal(object, object)

    def __init__(self, tools: Tools, parent: QObject) -> None:
        super().__init__(parent)
        self._tools = tools
        self._in_flight: set[str] = set()

    def idle(self, gate_id: str) -> bool:
        """Says whether nothing is on its way about a gate."""
        return gate_id not in self._in_flight

    def give(self, what: Answer | Doing, title: str) -> None:
        """Hands in an answer or an act, unless one is on its way already."""
        if what.gate_id in self._in_flight:
            return
        # First of all: the person's key is to be durable before anything is drawn.
        desk = self._tools.desk
        future = desk.answer(what) if isinstance(what, Answer) else desk.act(what)
        self._in_flight.add(what.gate_id)
        name, to = (what.verdict, "") if isinstance(what, Answer) else (what.act, what.to)
        given = Given(what.gate_id, name, title, to)
        self.moved.emit()
        self._tools.bridge.ask(
            self, future, partial(self._on_done, given), partial(self._on_refused, given)
        )

    def _on_done(self, given: Given, answered: Answered) -> None:
        self._in_flight.discard(given.gate_id)
        self.moved.emit()
        self.done.emit(given, answered)

    def _on_refused(self, given: Given, error: BaseException) -> None:
        self._in_flight.discard(given.gate_id)
        self.moved.emit()
        self.refused.emit(given, error)
