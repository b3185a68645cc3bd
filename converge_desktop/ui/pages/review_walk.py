"""Going through a review by keyboard: from section to section, and page by page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from PySide6.QtCore import QPoint
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent
from PySide6.QtWidgets import QAbstractScrollArea, QScrollBar, QWidget

from converge_desktop.ui import fonts
from converge_desktop.ui.actions import Action
from converge_desktop.ui.pages.review_section import Section

_NEAR = 2


class Walk:
    """Moves through what scrolls around a body.

    Args:
        body: What scrolls.
        sections: Its sections, in order.
        at_end: Called for a page more where there is none: what was passed over may be left.
    """

    def __init__(
        self,
        body: QWidget,
        sections: Callable[[], Sequence[Section]],
        at_end: Callable[[], None],
    ) -> None:
        self._body = body
        self._sections = sections
        self._at_end = at_end

    def bar(self) -> QScrollBar | None:
        """Returns the scroll bar of what the body lies in; None where it lies in nothing."""
        around = self._body.parentWidget()
        while around is not None and not isinstance(around, QAbstractScrollArea):
            around = around.parentWidget()
        return None if around is None else around.verticalScrollBar()

    def place(self) -> int:
        """Returns how far down it is."""
        bar = self.bar()
        return 0 if bar is None else bar.value()

    def page(self, by: int) -> None:
        """Goes a page down or up; a line of what was last in sight stays in sight."""
        bar = self.bar()
        if bar is not None and by > 0 and bar.value() == bar.maximum():
            self._at_end()
        elif bar is not None:
            bar.setValue(bar.value() + by * max(1, bar.pageStep() - 2 * fonts.line("body")))

    def section(self, by: int) -> None:
        """Goes to the next section, or the one before, and says its name."""
        bar = self.bar()
        if bar is None:
            return
        places = sorted((self._top(one), one.title) for one in self._sections())
        after = [one for one in places if one[0] > bar.value() + _NEAR]
        before = [one for one in places if one[0] < bar.value() - _NEAR]
        wanted = (after[:1] if by > 0 else before[-1:]) or None
        if wanted is None:
            bar.setValue(bar.maximum() if by > 0 else 0)
            return
        [(top, title)] = wanted
        bar.setValue(top)
        QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self._body, title))

    def show(self, widget: QWidget) -> None:
        """Brings something to the top of what is in sight."""
        bar = self.bar()
        if bar is not None:
            bar.setValue(self._top(widget))

    def _top(self, widget: QWidget) -> int:
        return max(0, widget.mapTo(self._body, QPoint(0, 0)).y() - fonts.measures().unit)


def walking(walk: Walk, shown: Callable[[], bool]) -> tuple[Action, ...]:
    """Lists what can be done while reading.

    Args:
        walk: What moves.
        shown: Whether a review is shown.
    """
    table: tuple[tuple[str, str, tuple[str, ...], Callable[[], None]], ...] = (
        ("down", "Page down in the review", ("Space",), partial(walk.page, 1)),
        ("up", "Page up in the review", ("Shift+Space",), partial(walk.page, -1)),
        ("next", "Next section of the review", ("]", "Alt+Down"), partial(walk.section, 1)),
        ("previous", "Section of the review before", ("[", "Alt+Up"), partial(walk.section, -1)),
    )
    return tuple(
        Action(
            f"review.{name}",
            title,
            keys,
            act,
            "Go",
            shown,
            repeats=True,
            page="inbox",
            needs="a proposal that is shown",
        )
        for name, title, keys, act in table
    )
