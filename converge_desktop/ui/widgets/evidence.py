"""The facts a proposal rests on: value, standing, and where each was read."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRect, Qt, Signal, Slot
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence, QMouseEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from converge_desktop.runtime.readmodel import EvidenceRow
from converge_desktop.ui import fonts, words
from converge_desktop.ui.widgets.chips import ChipButton, clear
from converge_desktop.ui.widgets.flow import FlowLayout
from converge_desktop.ui.widgets.labels import Elided, Label, rule, set_property

STANDINGS = {
    "breach": ("danger", "✕", "breach"),
    "concern": ("caution", "!", "concern"),
    "unknown": ("caution", "?", "unknown"),
    "support": ("good", "✓", "holds"),
}


def standing_of(row: EvidenceRow) -> tuple[str, str, str]:
    """Returns a fact's standing as tone, sign and word."""
    return STANDINGS.get(row.standing, ("text", "", row.standing))


class EvidenceItem(QFrame):
    """One fact. Opened, it shows its id and its place in full, and leads on.

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
        top = QHBoxLayout()
        top.setSpacing(unit)
        top.addWidget(Elided(row.label, "small"), 1)
        value = Label(f"{sign} {row.value}".strip(), "mono-small", tone)
        value.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        value.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Preferred)
        top.addWidget(value)
        column.addLayout(top)
        below = QHBoxLayout()
        below.setSpacing(unit)
        said = " · ".join(p for p in (row.source, row.place) if p)
        below.addWidget(Elided(said, "small", "muted"), 1)
        held = " · ".join(p for p in (word, row.limit) if p)
        if held:
            right = Label(held, "small", tone if tone != "text" else "muted")
            right.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Preferred)
            below.addWidget(right)
        column.addLayout(below)
        self._more = self._details()
        self._more.hide()
        column.addWidget(self._more)

    def _details(self) -> QWidget:
        made = QWidget()
        column = QVBoxLayout(made)
        column.setContentsMargins(0, fonts.measures().unit // 2, 0, 0)
        column.setSpacing(fonts.measures().unit // 2)
        if self.row.place:
            column.addWidget(Label(self.row.place, "mono-tiny", "muted").wrapped().selectable())
        about = f"fact {self.row.fact_id}"
        if self.row.cite:
            about += f", cited as {self.row.cite}"
        column.addWidget(Label(about, "mono-tiny", "muted").wrapped().selectable())
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
        return not self._more.isHidden()

    def light(self, *, lit: bool) -> None:
        """Marks the fact and shows its details, or the reverse."""
        set_property(self, "card", "lit" if lit else "")
        unit = fonts.measures().unit
        side = unit if lit else 0
        self._box.setContentsMargins(side, unit - 2, side, unit - 1)
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

    def event(self, event: QEvent) -> bool:
        """Override QFrame.event: with Ctrl+C in focus here, the id is what is copied."""
        if (
            event.type() == QEvent.Type.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and event.matches(QKeySequence.StandardKey.Copy)
        ):
            event.accept()
            return True
        return super().event(event)


class EvidenceList(QWidget):
    """All facts of a proposal or a step.

    Signals:
        traced: The person asks where a fact came from.
        copied: A fact's id was copied.
        shown: A fact was lit and should be in sight: its rectangle in this widget.
    """

    traced = Signal(str)
    copied = Signal(str)
    shown = Signal(QRect)

    def __init__(self) -> None:
        super().__init__()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self._items: dict[str, EvidenceItem] = {}

    def show_rows(self, rows: tuple[EvidenceRow, ...]) -> None:
        """Shows these facts."""
        clear(self._column)
        self._items = {}
        for number, row in enumerate(rows):
            if number:
                self._column.addWidget(rule())
            item = EvidenceItem(row)
            item.chosen.connect(self._on_chosen)
            item.traced.connect(self.traced)
            item.copied.connect(self.copied)
            self._items[row.fact_id] = item
            self._column.addWidget(item)
        if not rows:
            none = "No fact is cited. Nothing here can be traced to an input."
            self._column.addWidget(Label(none, "small", "muted").wrapped())

    def item(self, fact_id: str) -> EvidenceItem | None:
        """Returns the row of a fact."""
        return self._items.get(fact_id)

    def lit(self) -> list[str]:
        """Lists the facts that are marked."""
        return [i for i, item in self._items.items() if item.property("card") == "lit"]

    @Slot(str)
    def lead_to(self, fact_id: str) -> bool:
        """Marks a fact and brings it into sight; returns whether it is here."""
        wanted = self._items.get(fact_id)
        if wanted is None:
            return False
        for item in self._items.values():
            item.light(lit=item is wanted)
        self._column.activate()
        self.shown.emit(wanted.geometry())
        return True

    @Slot(object)
    def _on_chosen(self, chosen: EvidenceItem) -> None:
        opened = chosen.is_open()
        for item in self._items.values():
            item.light(lit=item is chosen and not opened)
