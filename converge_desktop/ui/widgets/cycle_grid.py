"""Agents by cycles: what each did in each, in a sign and a colour."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QHelpEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from converge_desktop.runtime.readmodel import AgentRow, Cell
from converge_desktop.ui import fonts, tokens, words

LEGEND = "number: facts promoted · ?: asks a human · ×: refused · ▸: running · dot: not eligible"
_LEAST = 7
_WIDE = 4


def cell_words(cell: Cell) -> str:
    """Says what an agent did in a cycle."""
    if cell.running:
        return "running"
    said = [
        f"{words.count(cell.promoted, 'fact')} promoted" if cell.promoted else "",
        f"{cell.asked} waiting for a human" if cell.asked else "",
        f"{cell.refused} refused" if cell.refused else "",
    ]
    told = ", ".join(s for s in said if s)
    if told:
        return told
    return "ran, proposed nothing" if cell.eligible else "not eligible"


def cell_sign(cell: Cell) -> tuple[str, str]:
    """Returns the sign in a cell, and its tone."""
    if cell.running:
        return "▸", "accent"
    parts = []
    if cell.promoted:
        parts.append(str(cell.promoted))
    if cell.asked:
        parts.append(f"{cell.asked}?")
    if cell.refused:
        parts.append(f"{cell.refused}×")
    tone = "danger" if cell.refused else "caution" if cell.asked else "accent"
    if parts:
        return " ".join(parts), tone
    return ("0", "muted") if cell.eligible else ("·", "muted")


class CycleGrid(QWidget):
    """The grid. It scrolls with the page; the newest cycles are what it keeps when it must drop."""

    def __init__(self) -> None:
        super().__init__()
        self._rows: tuple[AgentRow, ...] = ()
        self._cycles = 0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMouseTracking(True)
        self.setAccessibleName("Cycles")

    def show_rows(self, rows: tuple[AgentRow, ...]) -> None:
        """Shows these agents."""
        self._rows = rows
        self._cycles = max((len(r.cells) for r in rows), default=0)
        said = [
            f"{r.agent}: "
            + "; ".join(f"cycle {n} {cell_words(c)}" for n, c in enumerate(r.cells, start=1))
            for r in rows
        ]
        self.setAccessibleDescription(words.one_line(". ".join(said)))
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802
        """Override QWidget.sizeHint."""
        return QSize(self._name_width() + _LEAST * self._pitch(), self._height())

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """Override QWidget.minimumSizeHint."""
        return QSize(self._name_width() + 3 * self._pitch(), self._height())

    def _height(self) -> int:
        return fonts.line("small") + 6 + len(self._rows) * self._row() + 2

    def _row(self) -> int:
        return fonts.measures().compact + 2

    def _pitch(self) -> int:
        return fonts.measures().unit * 6

    def _name_width(self) -> int:
        metrics = fonts.metrics("small")
        widest = max((metrics.horizontalAdvance(r.agent) for r in self._rows), default=0)
        unit = fonts.measures().unit
        return max(unit * 11, min(widest + unit * 2, unit * 20))

    def _first(self) -> int:
        """Returns the first cycle that there is room for, counted from 0."""
        return max(0, self._cycles - self._columns())

    def _columns(self) -> int:
        return max(1, (self.width() - self._name_width()) // self._pitch())

    def cell_at(self, point: QPoint) -> str:
        """Says what is at a point."""
        top = fonts.line("small") + 6
        number = (point.y() - top) // self._row()
        place = (point.x() - self._name_width()) // self._pitch()
        column = self._first() + place
        if point.y() < top or not 0 <= number < len(self._rows) or place < 0:
            return ""
        row = self._rows[number]
        if column >= len(row.cells):
            return ""
        return f"{row.agent}, cycle {column + 1}: {cell_words(row.cells[column])}"

    def event(self, event: object) -> bool:
        """Override QWidget.event: each cell has its own tool tip."""
        if isinstance(event, QHelpEvent):
            said = self.cell_at(event.pos())
            QToolTip.showText(event.globalPos(), words.tooltip(said), self)
            return True
        return super().event(event)  # type: ignore[arg-type]

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802, ARG002
        """Override QWidget.paintEvent."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        look = tokens.current()
        left, pitch = self._name_width(), self._pitch()
        first = self._first()
        columns = min(self._columns(), max(self._cycles - first, _LEAST))
        head = fonts.line("small")
        painter.setFont(fonts.font("small"))
        painter.setPen(QColor(look.muted))
        for place in range(columns):
            rect = QRect(left + place * pitch, 0, pitch - 4, head)
            painter.drawText(rect, int(Qt.AlignmentFlag.AlignCenter), str(first + place + 1))
        for number, row in enumerate(self._rows):
            top = head + 6 + number * self._row()
            painter.setFont(fonts.font("small"))
            painter.setPen(QColor(look.text))
            name = fonts.metrics("small").elidedText(
                words.one_line(row.agent), Qt.TextElideMode.ElideRight, left - 8
            )
            place_name = QRect(0, top, left - 8, self._row() - 4)
            painter.drawText(place_name, int(Qt.AlignmentFlag.AlignVCenter), name)
            for place in range(columns):
                cycle = first + place
                rect = QRect(left + place * pitch, top, pitch - 4, self._row() - 4)
                self._cell(painter, rect, row.cells[cycle] if cycle < len(row.cells) else None)

    def _cell(self, painter: QPainter, rect: QRect, cell: Cell | None) -> None:
        look = tokens.current()
        frame = QRectF(rect).adjusted(0.5, 0.5, -0.5, -0.5)
        if cell is None:
            painter.setPen(QColor(look.line))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(frame, 3, 3)
            return
        sign, tone = cell_sign(cell)
        if tone == "muted":
            painter.setPen(QColor(look.line))
            painter.setBrush(QColor(look.surface))
        else:
            painter.setPen(QPen(look.tone(tone), 1.4) if cell.running else Qt.PenStyle.NoPen)
            painter.setBrush(look.ground(tone))
        painter.drawRoundedRect(frame, 3, 3)
        painter.setPen(look.tone(tone))
        face = "strong" if cell.running else "mono-tiny" if len(sign) > _WIDE else "mono-small"
        painter.setFont(fonts.font(face))
        painter.drawText(rect, int(Qt.AlignmentFlag.AlignCenter), sign)
