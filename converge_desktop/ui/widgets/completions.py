"""What could be typed next, offered under a line; the line keeps the keyboard."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QModelIndex, QPoint, Qt, Signal, Slot
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from converge_desktop.runtime.inbox_filter import Candidate
from converge_desktop.ui import fonts, words
from converge_desktop.ui.models.looks import RowLook
from converge_desktop.ui.models.rows import RowModel
from converge_desktop.ui.widgets.lists import RowList, select_in

_MOST_ROWS = 8


class Completions(QFrame):
    """A list under a line. Nothing is chosen in it until a key or the pointer does.

    Signals:
        chosen: One of them was clicked.
    """

    chosen = Signal(object)

    def __init__(self, under: QWidget) -> None:
        super().__init__(under)
        self.setObjectName("overlay")
        self.setAccessibleName("Completions")
        self._under = under
        self.model: RowModel[Candidate] = RowModel(lambda c: c.text, _look, self)
        self.list = RowList(self.model, "Completions", lines=1)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.clicked.connect(self._on_clicked)
        column = QVBoxLayout(self)
        column.setContentsMargins(1, 1, 1, 1)
        column.addWidget(self.list)
        self.hide()

    def offer(self, candidates: Sequence[Candidate]) -> None:
        """Offers these, or nothing."""
        self.model.set_rows(candidates)
        select_in(self.list, -1)
        if candidates:
            self._place()
            self.show()
            self.raise_()
        else:
            self.hide()

    def step(self, by: int) -> None:
        """Goes to the next one; beyond either end, to none."""
        count = self.model.rowCount()
        here = self.list.currentIndex().row()
        place = here + by if here >= 0 else (0 if by > 0 else count - 1)
        select_in(self.list, place)
        found = self.model.row_at(place)
        if found is not None:
            said = f"{found.text}, {found.detail}"
            QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, said))

    def current(self) -> Candidate | None:
        """Returns the one that was gone to."""
        return self.model.row_at(self.list.currentIndex().row())

    def first(self) -> Candidate | None:
        """Returns the one that was gone to, or else the first."""
        return self.current() or self.model.row_at(0)

    def _place(self) -> None:
        host = self._under.window()
        if self.parentWidget() is not host:
            self.setParent(host)
        row = self.list.sizeHintForRow(0)
        high = row * min(_MOST_ROWS, self.model.rowCount()) + 4
        wide = max(self._under.width(), fonts.measures().unit * 40)
        corner = self._under.mapTo(host, QPoint(0, self._under.height() + 2))
        high = min(high, host.height() - corner.y() - fonts.measures().unit)
        self.setGeometry(corner.x(), corner.y(), min(wide, host.width() - corner.x()), high)

    @Slot(QModelIndex)
    def _on_clicked(self, index: QModelIndex) -> None:
        found = self.model.row_at(index.row())
        if found is not None:
            self.chosen.emit(found)


def _look(candidate: Candidate) -> RowLook:
    return RowLook(
        title=candidate.text,
        right=words.one_line(candidate.detail),
        spoken=f"{candidate.text}, {candidate.detail}",
    )
