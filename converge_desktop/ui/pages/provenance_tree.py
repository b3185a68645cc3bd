"""The tree of where a fact came from and what rests on it, with how far that is known."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPen, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHeaderView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTreeView,
)

from converge_desktop.ui import fonts, icons, tokens
from converge_desktop.ui.models.looks import Role
from converge_desktop.ui.models.provenance import DOWN, UP, Node, ProvenanceModel
from converge_desktop.ui.widgets.cell_delegate import row_height
from converge_desktop.ui.widgets.row_delegate import ground

LEADING = frozenset(["fact", "trace", "run", "gate"])
"""What of a row leads to a page of its own."""
_MOST_ROWS = 24
Index = QModelIndex | QPersistentModelIndex


class _RowDelegate(QStyledItemDelegate):
    """A line: headings bold, what leads nowhere quiet, how it hangs together at the right."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:  # noqa: N802, ARG002
        """Override QStyledItemDelegate.sizeHint."""
        return QSize(60, row_height() - fonts.measures().unit // 2)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Override QStyledItemDelegate.paint."""
        node = index.data(Role.ROW)
        if not isinstance(node, Node):
            return
        painter.save()
        ground(painter, option)
        look = tokens.current()
        role = "small-strong" if not node.name and index.column() == 0 else "small"
        quiet = index.column() > 0 or (bool(node.name) and node.kind not in LEADING)
        painter.setFont(fonts.font(role))
        painter.setPen(QPen(QColor(look.muted if quiet else look.text)))
        inner = option.rect.adjusted(2, 0, -fonts.measures().unit, -1)
        said = fonts.metrics(role).elidedText(
            str(index.data()), Qt.TextElideMode.ElideRight, max(0, inner.width())
        )
        painter.drawText(inner, int(Qt.AlignmentFlag.AlignVCenter), said)
        painter.restore()


class ProvenanceTree(QTreeView):
    """Opens with the arrow keys; Return goes to what a row stands for.

    Signals:
        followed: A row that leads somewhere was activated: its ``Node``.
    """

    followed = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.graph = ProvenanceModel(self)
        self.setModel(self.graph)
        self.setItemDelegate(_RowDelegate(self))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setProperty("card", "plain")
        self.setUniformRowHeights(True)
        self.setMouseTracking(True)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setIndentation(fonts.measures().unit * 2)
        self.setHeaderHidden(True)
        self.setAccessibleName("Where it came from, and what rests on it")
        header = self.header()
        header.setStretchLastSection(False)
        header.setMinimumSectionSize(fonts.measures().unit * 8)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.Fixed)
        self.expanded.connect(self._on_expanded)
        self.collapsed.connect(self._fit)
        self.activated.connect(self._on_activated)

    def show_graph(
        self,
        start: str,
        up: tuple[tuple[str, str, str], ...],
        down: tuple[tuple[str, str, str], ...],
        labels: dict[str, str],
    ) -> None:
        """Shows a graph with both headings open."""
        self.graph.show_graph(start, up, down, labels)
        for side in (UP, DOWN):
            self.graph.fetchMore(self.graph.heading(side))
            self.expand(self.graph.heading(side))
        self._fit()

    def drawBranches(self, painter: QPainter, rect: QRect, index: Index) -> None:  # noqa: N802
        """Override QTreeView.drawBranches: our own arrow, in the colours in force."""
        if not self.graph.hasChildren(index):
            return
        side = float(fonts.measures().unit + 3)
        left = rect.right() - (self.indentation() + side) / 2
        place = QRectF(left, rect.center().y() - side / 2 + 0.5, side, side)
        here = self.graph.index(index.row(), 0, self.graph.parent(index))
        name = "chevron-down" if self.isExpanded(here) else "chevron-right"
        icons.paint(painter, name, place, QColor(tokens.current().muted))

    def _on_expanded(self, index: QModelIndex) -> None:
        self.graph.fetchMore(index)  # the view would only do so once it is laid out
        self._fit()

    def _fit(self) -> None:
        """Makes the tree as high as what is open in it, up to a point; then it scrolls."""
        rows = min(self._open_rows(QModelIndex(), _MOST_ROWS), _MOST_ROWS)
        high = row_height() - fonts.measures().unit // 2
        self.setFixedHeight(max(2, rows) * high + 4)

    def _open_rows(self, parent: QModelIndex, most: int) -> int:
        count = 0
        for row in range(self.graph.rowCount(parent)):
            count += 1
            at = self.graph.index(row, 0, parent)
            if self.isExpanded(at):
                count += self._open_rows(at, most - count)
            if count >= most:
                break
        return count

    def _on_activated(self, index: QModelIndex) -> None:
        node = self.graph.node(index)
        if node is None:
            return
        if node.kind in LEADING:
            self.followed.emit(node)
        else:
            first = index.siblingAtColumn(0)
            self.setExpanded(first, not self.isExpanded(first))

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Override QTreeView.resizeEvent."""
        super().resizeEvent(event)
        unit = fonts.measures().unit
        self.header().resizeSection(1, max(unit * 20, min(unit * 40, self.width() * 2 // 5)))

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Override QTreeView.keyPressEvent: nothing opens all at once.

        What is shared stands under everything that shares it, so that there is no end to it.
        """
        if event.key() == Qt.Key.Key_Asterisk:
            event.ignore()
        else:
            super().keyPressEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802
        """Override QTreeView.wheelEvent: where all of it is in sight, the page scrolls."""
        if self.verticalScrollBar().maximum() > 0:
            super().wheelEvent(event)
        else:
            event.ignore()
