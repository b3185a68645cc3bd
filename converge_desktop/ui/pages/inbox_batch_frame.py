"""Heading, list and foot of what is decided as one."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from converge_desktop.ui import fonts, words
from converge_desktop.ui.widgets.answer_boxes import reject_box
from converge_desktop.ui.widgets.approve_button import ApproveButton
from converge_desktop.ui.widgets.buttons import Button
from converge_desktop.ui.widgets.chips import clear
from converge_desktop.ui.widgets.labels import Label
from converge_desktop.ui.widgets.lists import Panel
from converge_desktop.ui.widgets.scroll import ScrollBody, ScrollPage


class BatchFrame(QWidget):
    """What a batch pane is made of; it decides nothing itself.

    Signals:
        looked: Something else of the list may be in sight.
    """

    looked = Signal()

    def __init__(self, permits: Callable[[], bool]) -> None:
        super().__init__()
        unit = fonts.measures().unit
        self.title = Label("", "title").wrapped()
        self.under = Label("", "body", "muted").wrapped()
        self.refused = Label("", "body").wrapped().selectable()
        self.split = Button("", kind="compact")
        self.reject = reject_box()
        self.reject.confirm.stands_for("inbox.reject_marked")
        self.leave = Button("Back", "Esc")
        self.hint = Label("", "small", "muted").wrapped()
        self.hint.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.approve = ApproveButton(permits)
        self.approve.stands_for("decide.approve")
        self._body = ScrollBody()
        self._list = QVBoxLayout(self._body)
        self._list.setContentsMargins(unit * 3, unit * 2, unit * 3, unit * 3)
        self._list.setSpacing(unit * 2)
        self.listing = ScrollPage(self._body)
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(0)
        self._soon.timeout.connect(self.looked)
        self.listing.verticalScrollBar().valueChanged.connect(self.look_soon)
        self._body.installEventFilter(self)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addWidget(self._header(unit))
        outer.addWidget(self._banner(unit))
        outer.addWidget(self.listing, 1)
        outer.addWidget(self.reject)
        outer.addWidget(self._footer(unit))

    def _header(self, unit: int) -> QWidget:
        made = Panel("header")
        column = QVBoxLayout(made)
        column.setContentsMargins(unit * 3, unit + 4, unit * 3, unit + 4)
        column.setSpacing(unit // 2)
        column.addWidget(self.title)
        column.addWidget(self.under)
        return made

    def _banner(self, unit: int) -> QWidget:
        self.banner = Panel("")
        self.banner.setProperty("banner", "caution")
        row = QHBoxLayout(self.banner)
        row.setContentsMargins(unit * 3, unit, unit * 3, unit)
        row.setSpacing(unit * 2)
        row.addWidget(self.refused, 1)
        row.addWidget(self.split, 0, Qt.AlignmentFlag.AlignTop)
        self.banner.hide()
        return self.banner

    def _footer(self, unit: int) -> QWidget:
        self.footer = Panel("footer")
        row = QHBoxLayout(self.footer)
        row.setContentsMargins(unit * 3, unit + 4, unit * 3, unit + 4)
        row.setSpacing(unit)
        row.addWidget(self.leave)
        row.addWidget(self.hint, 1)
        row.addWidget(self.approve)
        return self.footer

    def say(self, title: str, under: str) -> None:
        """Says in the heading what this is."""
        self.title.say(title)
        self.under.say(under)
        self.under.setVisible(bool(under))

    def tell(self, refused: str, split: str = "") -> None:
        """Says why nothing was recorded, and offers another way; nothing takes it away."""
        self.refused.say(refused)
        self.split.setText(words.unmnemonic(split))
        self.split.setAccessibleName(split)
        self.split.updateGeometry()
        self.split.setVisible(bool(split))
        self.banner.setVisible(bool(refused))

    def fill(self, *parts: QWidget, keep_place: bool = False) -> None:
        """Lists these instead of what was listed."""
        bar = self.listing.verticalScrollBar()
        place = bar.value() if keep_place else 0
        clear(self._list)
        for part in parts:
            self._list.addWidget(part)
        self._list.addStretch(1)
        bar.setValue(place)

    @Slot()
    def look_soon(self) -> None:
        """Looks again once everything has its place."""
        self._soon.start()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """Override QObject.eventFilter: looks once everything has another place."""
        if event.type() in {QEvent.Type.Resize, QEvent.Type.LayoutRequest, QEvent.Type.Show}:
            self._soon.start()
        return super().eventFilter(watched, event)

    def laid_out(self) -> bool:
        """Says whether what is listed is as high as it needs to be."""
        return self._body.height() >= self._body.minimumSizeHint().height()

    def in_sight(self, part: QWidget) -> tuple[int, int]:
        """Returns from where to where of something that is listed is in sight."""
        if not part.isVisible():
            return 0, 0
        rect = part.visibleRegion().boundingRect()
        return rect.top(), rect.top() + rect.height()
