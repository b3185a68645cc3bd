"""Choosing two of a kind, one after the other, and having them compared."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Any

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent

from converge_desktop.ui import words
from converge_desktop.ui.pages.page import Tools
from converge_desktop.ui.pages.traces_finding import tried
from converge_desktop.ui.widgets.task_strip import TaskStrip

FORGET = "Forget it"
Ask = Callable[[str, str], Future[Any]]
"""Asks the desk to compare two, by their ids."""


class Comparing(QObject):
    """Remembers the first, asks for the comparison with the second, and shows it.

    Args:
        tools: what pages work with.
        strip: says what was taken, and that it is under way.
        things: what they are, in the plural.
        ask: has two compared.

    Signals:
        opened: A comparison is to be seen.
        closed: It is no more.
    """

    opened = Signal()
    closed = Signal()

    def __init__(self, tools: Tools, strip: TaskStrip, things: str, ask: Ask) -> None:
        super().__init__(strip)
        self._tools = tools
        self._strip = strip
        self._things = things
        self._ask = ask
        self._first = ""
        self._asked: tuple[str, str] | None = None
        self._open = False

    def show_found(self, found: Any) -> None:
        """Shows a comparison."""
        raise NotImplementedError

    def forget_found(self) -> None:
        """Lets go of the comparison that was shown."""
        raise NotImplementedError

    def is_open(self) -> bool:
        """Says whether a comparison is to be seen."""
        return self._open

    def take_one(self, name: str, title: str, action: str = FORGET) -> None:
        """Takes one as the first, or compares it with the first.

        Args:
            name: Its id.
            title: What people call it.
            action: What the strip offers while there is only a first.
        """
        if self._asked is not None:
            return  # pressed once too often: two are on their way
        if not self._first:
            self._first = name
            self._say_first(
                title, action, "Choose the other one and press C again; Esc forgets it."
            )
        elif self._first == name:
            self._say_first(
                title, action, "That is the one shown: choose another and press C again."
            )
        else:
            self.compare(self._first, name)

    def compare(self, one: str, other: str) -> None:
        """Has two compared, by their ids."""
        self._first, self._asked = "", (one, other)
        self._strip.work(f"Comparing the two {self._things}…", action=FORGET)
        self._tools.bridge.ask(
            self,
            tried(partial(self._ask, one, other)),
            partial(self._on_compared, (one, other)),
            partial(self._on_failed, (one, other)),
        )

    @Slot()
    def forget(self) -> bool:
        """Forgets the first, and a comparison on its way; returns whether there was either."""
        known = bool(self._first) or self._asked is not None
        self._first, self._asked = "", None
        if known:
            self._strip.leave()
        return known

    def leave(self) -> bool:
        """Closes the comparison; returns whether one was to be seen."""
        was = self._open
        self.close()
        return was

    @Slot()
    def close(self) -> None:
        """Closes the comparison."""
        if self._open:
            self._open = False
            self.forget_found()
            self.closed.emit()

    def _say_first(self, title: str, action: str, what: str) -> None:
        said = f"To compare: {title} is the first. {what}"
        self._strip.work(said, action=action)
        QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self._strip, said))

    def _on_compared(self, pair: tuple[str, str], found: object) -> None:
        if pair != self._asked:
            return
        self._asked = None
        self._strip.leave()
        self._open = True
        self.show_found(found)
        self.opened.emit()

    def _on_failed(self, pair: tuple[str, str], error: BaseException) -> None:
        if pair != self._asked:
            return
        self._asked = None
        self._strip.tell("danger", f"Nothing was compared. {words.problem(error)}")
