"""A layout that sets its items in lines, like words."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtWidgets import QLayout, QLayoutItem, QWidget


class FlowLayout(QLayout):
    """Sets items left to right and begins a new line where the width ends."""

    def __init__(self, gap: int = 6, line_gap: int = 6, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._items: list[QLayoutItem] = []
        self._high: dict[int, int] = {}
        self._gap = gap
        self._line_gap = line_gap
        self.setContentsMargins(0, 0, 0, 0)

    def addItem(self, item: QLayoutItem) -> None:  # noqa: N802
        """Override QLayout.addItem."""
        self._items.append(item)

    def count(self) -> int:
        """Override QLayout.count."""
        return len(self._items)

    def itemAt(self, index: int) -> QLayoutItem | None:  # noqa: N802
        """Override QLayout.itemAt."""
        return self._items[index] if 0 <= index < len(self._items) else None

    def takeAt(self, index: int) -> QLayoutItem | None:  # noqa: N802
        """Override QLayout.takeAt."""
        return self._items.pop(index) if 0 <= index < len(self._items) else None

    def expandingDirections(self) -> Qt.Orientation:  # noqa: N802
        """Override QLayout.expandingDirections."""
        return Qt.Orientation(0)

    def invalidate(self) -> None:
        """Override QLayout.invalidate."""
        self._high.clear()
        super().invalidate()

    def hasHeightForWidth(self) -> bool:  # noqa: N802
        """Override QLayout.hasHeightForWidth."""
        return True

    def heightForWidth(self, width: int) -> int:  # noqa: N802
        """Override QLayout.heightForWidth: asked at every turn, counted once."""
        if width not in self._high:
            self._high[width] = self._arrange(QRect(0, 0, width, 0), move=False)
        return self._high[width]

    def setGeometry(self, rect: QRect) -> None:  # noqa: N802
        """Override QLayout.setGeometry."""
        super().setGeometry(rect)
        self._arrange(rect, move=True)

    def sizeHint(self) -> QSize:  # noqa: N802
        """Override QLayout.sizeHint."""
        hints = [item.sizeHint() for item in self._items]
        if not hints:
            return QSize(0, 0)
        width = sum(h.width() for h in hints) + self._gap * (len(hints) - 1)
        return QSize(width, max(h.height() for h in hints))

    def minimumSize(self) -> QSize:  # noqa: N802
        """Override QLayout.minimumSize."""
        hints = [item.minimumSize() for item in self._items]
        if not hints:
            return QSize(0, 0)
        return QSize(max(h.width() for h in hints), max(h.height() for h in hints))

    def _arrange(self, rect: QRect, *, move: bool) -> int:
        y = rect.y()
        for number, line in enumerate(self._lines(rect.width())):
            if number:
                y += self._line_gap
            high = max(hint.height() for _, hint in line)
            x = rect.x()
            for item, hint in line:
                if move:
                    top = y + (high - hint.height()) // 2
                    item.setGeometry(QRect(QPoint(x, top), hint))
                x += hint.width() + self._gap
            y += high
        return y - rect.y()

    def _lines(self, width: int) -> list[list[tuple[QLayoutItem, QSize]]]:
        lines: list[list[tuple[QLayoutItem, QSize]]] = []
        used = 0
        for item in self._items:
            widget = item.widget()
            if widget is not None and widget.isHidden():
                continue
            hint = item.sizeHint()
            hint.setWidth(min(hint.width(), width))
            if not lines or used + self._gap + hint.width() > width:
                lines.append([])
                used = -self._gap
            lines[-1].append((item, hint))
            used += self._gap + hint.width()
        return lines
