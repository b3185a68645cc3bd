"""The facts a proposal rests on: value, standing, and where each was read."""

from __future__ import annotations

from collections import deque

from PySide6.QtCore import QEvent, QPoint, QRect, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence, QMouseEvent, QPaintEvent
from PySide6.QtWidgets import QBoxLayout, QFrame, QSizePolicy, QVBoxLayout, QWidget

from converge_desktop.runtime.review_model import EvidenceRow
from converge_desktop.ui import fonts, words
from converge_desktop.ui.widgets.chips import ChipButton, clear
from converge_desktop.ui.widgets.flow import FlowLayout
from converge_desktop.ui.widgets.focus_ring import draw_ring
from converge_desktop.ui.widgets.labels import Label, rule, set_property
from converge_desktop.ui.widgets.whole_text import WholeText

STANDINGS = {
    "breach": ("danger", "✕", "breach"),
    "concern": ("caution", "!", "concern"),
    "unknown": ("caution", "?", "unknown"),
    "support": ("good", "✓", "holds"),
}


def standing_of(row: EvidenceRow) -> tuple[str, str, str]:
    """Returns a fact's standing as tone, sign and word."""
    return STANDINGS.get(row.standing, ("text", "", row.standing))


def _column(holder: QWidget) -> QVBoxLayout:
    made = QVBoxLayout(holder)
    made.setContentsMargins(0, 0, 0, 0)
    made.setSpacing(0)
    return made


class EvidenceItem(QFrame):
    """One fact, whole, with where it was read and its id. Opened, it leads on.

    Signals:
        chosen: It was opened or closed by hand.
        traced: The person asks where the fact came from.
        copied: The fact's id was copied.
    """

    chosen = Signal(object)
    traced = Signal(str)
    copied = Signal(str)

    def __init__(self, row: EvidenceRow) -> None:
        super().__init__()
        self.row = row
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        tone, sign, word = standing_of(row)
        limit = f", limit {row.limit}" if row.limit else ""
        self.setAccessibleName(
            words.one_line(f"{row.label}: {row.value}{limit}, {word}, from {row.source}")
        )
        unit = fonts.measures().unit
        column = QVBoxLayout(self)
        column.setContentsMargins(0, unit - 2, 0, unit - 1)
        self._box = column
        column.setSpacing(2)
        column.addLayout(self._line(WholeText(row.label, "small"), f"{sign} {row.value}", tone))
        held = " · ".join(p for p in (word, row.limit) if p)
        ink = tone if tone != "text" else "muted"
        source = WholeText(row.source, "small", "muted")
        column.addLayout(self._line(source, held, ink, role="small"))
        where = " · ".join(p for p in (row.place, row.cite, row.fact_id) if p)
        column.addWidget(WholeText(where, "mono-tiny", "muted"))
        self._more: QWidget | None = None

    def _line(self, left: WholeText, right: str, tone: str, role: str = "mono-small") -> QBoxLayout:
        """Sets two texts beside each other; one that is long stands under the other, whole."""
        right = right.strip()
        room = fonts.measures().side // 2
        beside = fonts.metrics(role).horizontalAdvance(right) <= room and "\n" not in right
        way = QBoxLayout.Direction.LeftToRight if beside else QBoxLayout.Direction.TopToBottom
        made = QBoxLayout(way)
        made.setSpacing(fonts.measures().unit if beside else 2)
        made.addWidget(left, 1)
        if beside and right:
            label = Label(right, role, tone)
            label.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop)
            label.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Preferred)
            made.addWidget(label)
        elif right:
            made.addWidget(WholeText(right, role, tone))
        return made

    def _details(self) -> QWidget:
        made = QWidget()
        column = QVBoxLayout(made)
        column.setContentsMargins(0, fonts.measures().unit // 2, 0, 0)
        column.setSpacing(fonts.measures().unit // 2)
        row = QWidget()
        flow = FlowLayout(parent=row)
        copy = ChipButton("Copy id", self.row.fact_id)
        copy.clicked.connect(self.copy_id)
        trace = ChipButton("Where it came from")
        trace.clicked.connect(self._on_trace)
        flow.addWidget(copy)
        flow.addWidget(trace)
        column.addWidget(row)
        return made

    def is_open(self) -> bool:
        """Says whether the details show."""
        return self._more is not None and not self._more.isHidden()

    def light(self, *, lit: bool) -> None:
        """Marks the fact and shows its details, or the reverse."""
        set_property(self, "card", "lit" if lit else "")
        unit = fonts.measures().unit
        side = unit if lit else 0
        self._box.setContentsMargins(side, unit - 2, side, unit - 1)
        if lit and self._more is None:  # few are ever opened, and they cost half of the row
            self._more = self._details()
            self._box.addWidget(self._more)
        if self._more is not None:
            self._more.setVisible(lit)

    @Slot()
    def copy_id(self) -> None:
        """Puts the fact's id on the clipboard."""
        QGuiApplication.clipboard().setText(self.row.fact_id)
        self.copied.emit(self.row.fact_id)

    @Slot()
    def _on_trace(self) -> None:
        self.traced.emit(self.row.fact_id)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Override QFrame.mouseReleaseEvent."""
        if event.button() == Qt.MouseButton.LeftButton and self.rect().contains(
            event.position().toPoint()
        ):
            self.chosen.emit(self)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Override QFrame.keyPressEvent."""
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy_id()
        elif event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space}:
            if not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
                self.chosen.emit(self)
            else:
                event.ignore()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Override QFrame.paintEvent: shows that it has the keyboard."""
        super().paintEvent(event)
        if self.hasFocus():
            draw_ring(self)

    def event(self, event: QEvent) -> bool:
        """Override QFrame.event: in focus here, Ctrl+C copies the id, and Space opens."""
        if (
            event.type() == QEvent.Type.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and (event.matches(QKeySequence.StandardKey.Copy) or event.key() == Qt.Key.Key_Space)
        ):
            event.accept()
            return True
        return super().event(event)


_LOT = 6
"""So many facts stand in a column of their own, built in one turn of the loop."""
_AT_ONCE = 24
"""So many are built before anything is shown."""


class EvidenceList(QWidget):
    """All facts of a proposal or a step; where they are many, it takes several turns of the loop.

    Signals:
        built: All of them are there.
        traced: The person asks where a fact came from.
        copied: A fact's id was copied.
        shown: A fact was lit and should be in sight: its rectangle in this widget.
    """

    traced = Signal(str)
    copied = Signal(str)
    shown = Signal(QRect)
    built = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._column = _column(self)
        self._items: dict[str, EvidenceItem] = {}
        self._left: deque[EvidenceRow] = deque()
        self._turn = QTimer(self)
        self._turn.setInterval(0)
        self._turn.timeout.connect(self._build)

    def show_rows(self, rows: tuple[EvidenceRow, ...]) -> None:
        """Shows these facts."""
        clear(self._column)
        self._items = {}
        self._left = deque(rows)
        self._turn.stop()
        while self._left and len(self._items) < _AT_ONCE:
            self._build()
        if not rows:
            none = "No fact is cited. Nothing here can be traced to an input."
            self._column.addWidget(Label(none, "small", "muted").wrapped())

    def is_whole(self) -> bool:
        """Says whether all facts are there."""
        return not self._left

    @Slot()
    def _build(self) -> None:
        """Builds the next lot; laid out by itself, it is not laid out again with each after it."""
        lot = QWidget()
        column = _column(lot)
        for _ in range(min(_LOT, len(self._left))):
            if self._items:
                column.addWidget(rule())
            column.addWidget(self._make(self._left.popleft()))
        self._column.addWidget(lot)
        if self._left:
            self._turn.start()
        else:
            self._turn.stop()
            self.built.emit()

    def _make(self, row: EvidenceRow) -> EvidenceItem:
        item = EvidenceItem(row)
        item.chosen.connect(self._on_chosen)
        item.traced.connect(self.traced)
        item.copied.connect(self.copied)
        self._items[row.fact_id] = item
        return item

    def item(self, fact_id: str) -> EvidenceItem | None:
        """Returns the row of a fact; what is not there yet is built for it."""
        while fact_id not in self._items and any(row.fact_id == fact_id for row in self._left):
            self._build()
        return self._items.get(fact_id)

    def lit(self) -> list[str]:
        """Lists the facts that are marked."""
        return [i for i, item in self._items.items() if item.property("card") == "lit"]

    @Slot(str)
    def lead_to(self, fact_id: str) -> bool:
        """Marks a fact and brings it into sight; returns whether it is here."""
        wanted = self.item(fact_id)
        if wanted is None:
            return False
        for item in self._items.values():
            item.light(lit=item is wanted)
        self._column.activate()
        self.shown.emit(QRect(wanted.mapTo(self, QPoint(0, 0)), wanted.size()))
        return True

    @Slot(object)
    def _on_chosen(self, chosen: EvidenceItem) -> None:
        opened = chosen.is_open()
        for item in self._items.values():
            item.light(lit=item is chosen and not opened)
