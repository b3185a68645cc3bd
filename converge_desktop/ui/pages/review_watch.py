"""Watches what of a review comes into sight."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QPoint, QRect, QTimer, Signal, Slot
from PySide6.QtWidgets import QWidget

from converge_desktop.runtime.review_model import Review
from converge_desktop.ui.seen import Look, Seen
from converge_desktop.ui.widgets.whole_text import WholeText

UNREQUIRED = frozenset({"raw"})
"""What is there to be looked into, and need not have been seen."""


class Watch(QObject):
    """Notes, part by part, what was inside the viewport while the window was active.

    Signals:
        changed: Another part was seen whole, or one was folded away.
    """

    changed = Signal()

    def __init__(self, body: QWidget) -> None:
        super().__init__(body)
        self._body = body
        self._seen = Seen()
        self._regions: dict[str, list[tuple[QWidget, Callable[[], bool]]]] = {}
        self._active = self._drawn = False
        self._told: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(0)
        self._soon.timeout.connect(self.look)

    def begin(self, review: Review) -> None:
        """Begins with a review: nothing of it was seen, but for parts that are as they were."""
        self._seen.begin(review.gate_id, review.parts)
        self._regions = {}
        self._drawn = False
        self._soon.start()

    def drawn(self) -> None:
        """The body was painted."""
        self._drawn = True
        self._soon.start()

    def add(self, part: str, region: QWidget, shut: Callable[[], bool] = lambda: False) -> None:
        """Watches a region of a part; ``shut`` says whether something in it is folded away."""
        self._regions.setdefault(part, []).append((region, shut))
        self.heed(region)

    def heed(self, region: QWidget) -> None:
        """Looks again as soon as a long text of a region has its place."""
        for text in region.findChildren(WholeText):
            text.laid_out.connect(self.soon)
        self.soon()

    def activate(self, *, active: bool) -> None:
        """The window got or lost the focus."""
        self._active = active
        self._soon.start()

    @Slot()
    def soon(self) -> None:
        """Looks once everything has its place."""
        self._soon.start()

    def seen(self) -> tuple[str, ...]:
        """Lists the parts that were seen whole, in the review's order."""
        return self._seen.parts()

    def not_seen(self) -> tuple[str, ...]:
        """Lists the parts that must be seen and were not, in the order they are shown in."""
        return self._seen.missing(name for name in self._regions if name not in UNREQUIRED)

    def first_unseen(self) -> QWidget | None:
        """Returns a region of the first part that must still be seen."""
        missing = self.not_seen()
        return self._regions[missing[0]][0][0] if missing else None

    @Slot()
    def look(self) -> None:
        """Takes in what is in sight now."""
        sight = QRect()
        if self._active and self._drawn and self._body.isVisible() and _has_place(self._body):
            sight = self._body.visibleRegion().boundingRect()
        for part, regions in self._regions.items():
            self._seen.look(part, [self._look(sight, one, shut()) for one, shut in regions])
        told = (self.seen(), self.not_seen())
        if told != self._told:
            self._told = told
            self.changed.emit()

    def _look(self, sight: QRect, region: QWidget, shut: bool) -> Look:
        size = (region.width(), region.height())
        hidden = shut or not region.isVisibleTo(self._body)
        if hidden or not all(text.is_whole() for text in region.findChildren(WholeText)):
            return Look(size, shut=True)
        if not _has_place(region):
            return Look(size)
        place = QRect(region.mapTo(self._body, QPoint(0, 0)), region.size()) & sight
        if place.isEmpty():
            return Look(size)
        top = place.top() - region.mapTo(self._body, QPoint(0, 0)).y()
        return Look(size, top, top + place.height())


def _has_place(widget: QWidget) -> bool:
    """Says whether a widget is as high as what it holds; before it is laid out, it is not."""
    layout = widget.layout()
    if layout is None:
        return widget.height() + 1 >= widget.heightForWidth(widget.width())
    layout.activate()
    return widget.height() + 1 >= layout.totalHeightForWidth(widget.width())
