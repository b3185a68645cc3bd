"""Finds the calls that are like one of them, and says so in a bar over the list."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QObject, Signal

from converge_desktop.runtime.trace_model import LikeTraces
from converge_desktop.ui import words
from converge_desktop.ui.pages.page import Tools
from converge_desktop.ui.pages.traces_bars import LikeBar
from converge_desktop.ui.pages.traces_finding import tried


class Likeness(QObject):
    """What is listed while the list shows the calls that are like one of them.

    Attributes:
        shown: those calls; None while the list is shown as it was filtered.

    Signals:
        came: They were found.
        left: The person wants the list again.
    """

    came = Signal(object)
    left = Signal()

    def __init__(self, tools: Tools, bar: LikeBar, parent: QObject) -> None:
        super().__init__(parent)
        self._tools = tools
        self._bar = bar
        self._turn = 0
        self.shown: LikeTraces | None = None
        bar.back_wanted.connect(self.leave)

    def begin(self, trace_id: str, about: str) -> None:
        """Looks for the calls that are like one of them.

        Args:
            trace_id: Its id.
            about: What it is, in words, as in ``planning of run 0192``.
        """
        self._turn += 1
        title = f"Steps like {about}"
        self._bar.tell(title, "Looking through what was recorded…")
        asked = tried(partial(self._tools.desk.like_trace, trace_id))
        came = partial(self._on_came, self._turn, title)
        self._tools.bridge.ask(self, asked, came, partial(self._on_failed, self._turn, title))

    def leave(self) -> None:
        """Leads back to the list."""
        if self.forget():
            self.left.emit()

    def forget(self) -> bool:
        """Takes the bar away; returns whether other calls were listed than those of the list."""
        self._turn += 1
        listed, self.shown = self.shown is not None, None
        self._bar.hide()
        return listed

    def _on_came(self, turn: int, title: str, like: LikeTraces) -> None:
        if turn == self._turn:
            self.shown = like
            self._bar.tell(title, like.words)
            self.came.emit(like)

    def _on_failed(self, turn: int, title: str, error: BaseException) -> None:
        if turn == self._turn:
            said = words.problem(error)
            self._bar.tell(title, f"They cannot be looked for. {said}", problem=True)
