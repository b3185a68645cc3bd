"""The list of the inbox: rows and headings, marks and ranges, folding."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import (
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRect,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import (
    QAccessible,
    QAccessibleAnnouncementEvent,
    QColor,
    QKeyEvent,
    QMouseEvent,
    QPainter,
)
from PySide6.QtWidgets import QStyleOptionViewItem

from converge_desktop.ui import fonts, icons, tokens, words
from converge_desktop.ui.models.inbox_model import InboxModel
from converge_desktop.ui.models.inbox_order import Heading
from converge_desktop.ui.models.looks import RowLook
from converge_desktop.ui.widgets.lists import RowList, select_in
from converge_desktop.ui.widgets.row_delegate import RowDelegate, ground, mark_place

Index = QModelIndex | QPersistentModelIndex
_FOLDS = {Qt.Key.Key_Left: True, Qt.Key.Key_Right: False}


class InboxDelegate(RowDelegate):
    """Paints headings between the rows, less high than these."""

    def __init__(self, model: InboxModel, parent: QObject) -> None:
        super().__init__(parent)
        self._model = model
        self._row = QSize()
        self._heading = QSize()

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:  # noqa: N802
        """Override RowDelegate.sizeHint; asked for every row, so it makes nothing for each."""
        if not self._row.isValid():
            self._row = super().sizeHint(option, index)
            self._heading = QSize(120, fonts.line("small") + fonts.measures().unit + 5)
        heading = isinstance(self._model.row_at(index.row()), Heading)
        return self._heading if heading else self._row

    def draw(self, painter: QPainter, option: QStyleOptionViewItem, look: RowLook) -> None:
        """Override RowDelegate.draw."""
        if not look.heading:
            super().draw(painter, option, look)
            return
        painter.save()
        painter.fillRect(option.rect, QColor(tokens.current().background))
        ground(painter, option)
        _paint_heading(painter, option.rect, look)
        painter.restore()


def _paint_heading(painter: QPainter, rect: QRect, look: RowLook) -> None:
    colors, unit, mark = tokens.current(), fonts.measures().unit, fonts.measures().mark
    side = mark - 4
    left, right = rect.left() + unit + 6, rect.right() - unit - 5
    sign = QRect(left, rect.top() + (rect.height() - side) // 2, side, side)
    name = "chevron-right" if look.heading == "folded" else "chevron-down"
    icons.paint(painter, name, sign.toRectF(), QColor(colors.muted))
    place = QRect(left + mark + unit, rect.top(), right - left - mark - unit, rect.height())
    _write(painter, place, "small", colors.muted, look.right, at_right=True)
    place.setRight(place.right() - fonts.metrics("small").horizontalAdvance(look.right) - unit)
    if look.aside:
        _write(painter, place, "small", colors.muted, look.aside, at_right=True)
        place.setRight(place.right() - fonts.metrics("small").horizontalAdvance(look.aside) - unit)
    _write(painter, place, "small-strong", colors.text, look.title)


def _write(
    painter: QPainter, place: QRect, face: str, color: str, text: str, *, at_right: bool = False
) -> None:
    side = Qt.AlignmentFlag.AlignRight if at_right else Qt.AlignmentFlag.AlignLeft
    shown = fonts.metrics(face).elidedText(
        words.one_line(text), Qt.TextElideMode.ElideRight, max(0, place.width())
    )
    painter.setFont(fonts.font(face))
    painter.setPen(QColor(color))
    painter.drawText(place, int(side | Qt.AlignmentFlag.AlignVCenter), shown)


class InboxList(RowList):
    """The waiting proposals.

    Signals:
        marks_changed: Other proposals are marked than before.
    """

    marks_changed = Signal()

    def __init__(self, model: InboxModel) -> None:
        super().__init__(model, "Waiting proposals")
        self._inbox = model
        self._origin = ""
        self._before: tuple[str, ...] = ()
        self.setItemDelegate(InboxDelegate(model, self))
        model.modelReset.connect(self._on_shape)
        model.rowsInserted.connect(self._on_shape)
        model.rowsRemoved.connect(self._on_shape)

    def _on_shape(self) -> None:
        """All rows are equally high while there are no headings, and Qt need not ask each."""
        uniform = not self._inbox.grouped()
        if uniform != self.uniformItemSizes():
            self.setUniformItemSizes(uniform)

    def here(self) -> int:
        """Returns the place of the current row, or -1."""
        return self.currentIndex().row()

    def step(self, by: int) -> None:
        """Moves to the next proposal down or up, over headings."""
        self._origin = ""
        self._step(by)

    def _step(self, by: int) -> bool:
        place = self.here() + by if self.currentIndex().isValid() else 0
        while 0 <= place < self._inbox.rowCount():
            if self._inbox.proposal_at(place) is not None:
                select_in(self, place)
                return True
            place += by or 1
        return False

    def toggle_mark(self) -> None:
        """Marks the current proposal, or takes its mark away; on a heading, all under it."""
        self._origin = ""
        entry = self._inbox.row_at(self.here())
        if isinstance(entry, Heading):
            self._toggle(self._inbox.members(entry.key))
        elif entry is not None:
            self._toggle((entry.gate_id,))

    def _toggle(self, names: tuple[str, ...]) -> None:
        marked = self._inbox.states.marked
        if all(name in marked for name in names):
            self._mark(name for name in marked if name not in names)
        else:
            self._mark((*marked, *names))

    def extend(self, by: int) -> None:
        """Marks from where the range began to the next proposal; back again unmarks."""
        row = self._inbox.proposal_at(self.here())
        if row is None:
            self._step(by)
            return
        if not self._origin or self._inbox.find(self._origin) < 0:
            self._origin = row.gate_id
            self._before = tuple(self._inbox.states.marked)
        self._step(by)
        self._mark_range()

    def _mark_range(self) -> None:
        ends = sorted((self._inbox.find(self._origin), self.here()))
        rows = (self._inbox.proposal_at(place) for place in range(ends[0], ends[1] + 1))
        self._mark((*self._before, *(row.gate_id for row in rows if row is not None)))

    def mark_all(self) -> None:
        """Marks all that the filter shows."""
        rows = (self._inbox.proposal_at(place) for place in range(self._inbox.rowCount()))
        self._mark(row.gate_id for row in rows if row is not None)

    def clear_marks(self) -> bool:
        """Takes all marks away; returns whether there were any."""
        self._origin = ""
        had = bool(self._inbox.states.marked)
        self._mark(())
        return had

    def _mark(self, names: Iterable[str]) -> None:
        before = len(self._inbox.states.marked)
        self._inbox.mark(list(names))
        now = len(self._inbox.states.marked)
        if now != before:
            said = f"{words.count(now, 'proposal')} marked." if now else "Nothing is marked."
            QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, said))
        self.marks_changed.emit()

    def fold(self) -> None:
        """Folds the group of the current row, or unfolds it."""
        heading = self._inbox.group_of(self.here())
        if heading is not None:
            self.set_folded(heading, folded=not heading.folded)

    def set_folded(self, heading: Heading, *, folded: bool) -> None:
        """Folds a group, or unfolds it, and stays on its heading."""
        if heading.folded == folded:
            return
        self._inbox.fold(heading.key, folded=folded)
        select_in(self, self._inbox.find(f"heading {heading.key}"))
        said = f"{heading.title}, {'folded' if folded else 'open'}."
        QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, said))

    def event(self, event: QEvent) -> bool:
        """Override QListView.event: Space on a heading is the list's, whatever else it means."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.ShortcutOverride:
            on_it = isinstance(self._inbox.row_at(self.here()), Heading)
            if on_it and event.key() == Qt.Key.Key_Space:
                event.accept()
                return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Override QListView.keyPressEvent: Left and Right, Space and Return work on groups."""
        heading = self._inbox.group_of(self.here())
        key = Qt.Key(event.key())
        plain = not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        on_it = isinstance(self._inbox.row_at(self.here()), Heading)
        if heading is None or not plain:
            super().keyPressEvent(event)
        elif key in _FOLDS:
            self.set_folded(heading, folded=_FOLDS[key])
        elif on_it and key in {Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            self.fold()
        else:
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Override QListView.mousePressEvent: the box marks, with Ctrl or Shift any place does."""
        index = self.indexAt(event.position().toPoint())
        entry = self._inbox.row_at(index.row()) if index.isValid() else None
        if event.button() != Qt.MouseButton.LeftButton or entry is None:
            super().mousePressEvent(event)
        elif isinstance(entry, Heading):
            self.setFocus(Qt.FocusReason.MouseFocusReason)
            self.set_folded(entry, folded=not entry.folded)
        elif event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self._reach(index.row())
        elif event.modifiers() & Qt.KeyboardModifier.ControlModifier or self._on_box(event, index):
            self._origin = ""
            self._toggle((entry.gate_id,))
        else:
            self._origin = ""
            super().mousePressEvent(event)

    def _reach(self, place: int) -> None:
        row = self._inbox.proposal_at(self.here())
        if not self._origin and row is not None:
            self._origin, self._before = row.gate_id, tuple(self._inbox.states.marked)
        select_in(self, place)
        if self._origin:
            self._mark_range()

    def _on_box(self, event: QMouseEvent, index: QModelIndex) -> bool:
        box = mark_place(self.visualRect(index)).adjusted(-4, -3, 4, 4)
        return box.contains(event.position().toPoint())
