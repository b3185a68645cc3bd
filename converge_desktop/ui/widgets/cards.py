"""Facts as cards, in a column a key; a proposal that waits is a dashed card."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt, Signal, Slot
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QGridLayout,
    QHBoxLayout,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from converge_desktop.runtime.run_model import FactCard
from converge_desktop.ui import fonts, tokens, words
from converge_desktop.ui.widgets.labels import Label

_SHOWN = 16


class Card(QAbstractButton):
    """One fact, or a proposal that waits."""

    def __init__(self, card: FactCard) -> None:
        super().__init__()
        self.card = card
        self.setCheckable(True)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        waiting = card.state == "waiting"
        self.setAccessibleName(
            words.one_line(
                f"{'Waiting for you' if waiting else 'Fact'}: {card.text}. {card.byline}"
            )
        )
        unit = fonts.measures().unit
        column = QVBoxLayout(self)
        column.setContentsMargins(unit + 3, unit - 1, unit + 2, unit - 1)
        column.setSpacing(1)
        text = Label(card.text, "small").wrapped()
        by = Label(self._byline(), "small", "muted").wrapped()
        for label in (text, by):
            label.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
            column.addWidget(label)
        # Not Fixed: that would cap the height at a hint made for another width.
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def _byline(self) -> str:
        said = self.card.byline
        if self.card.state == "waiting" and "waiting" not in said.casefold():
            said = f"{said} · waiting for you" if said else "waiting for you"
        return said

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802, ARG002
        """Override QAbstractButton.paintEvent."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        look = tokens.current()
        pen = QPen(QColor(look.line))
        fill = QColor(look.surface)
        if self.card.state == "waiting":
            pen = QPen(QColor(look.caution), 1.2, Qt.PenStyle.DashLine)
        if self.isChecked():
            pen = QPen(QColor(look.accent), 1)
            fill = QColor(look.accent_background)
        elif self.underMouse():
            pen.setColor(QColor(look.control if self.card.state != "waiting" else look.caution))
        if self.hasFocus():
            pen = QPen(QColor(look.accent), 2)
        painter.setPen(pen)
        painter.setBrush(fill)
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 5, 5)


class FactColumns(QWidget):
    """All facts of a run by key.

    Signals:
        chosen: A card was pressed, with its ``FactCard``; nothing where it was let go.
    """

    chosen = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        unit = fonts.measures().unit
        self._grid.setHorizontalSpacing(unit + 4)
        self._grid.setVerticalSpacing(unit * 2)
        self._groups: dict[str, QWidget] = {}
        self._cards: dict[str, Card] = {}
        self._shown: dict[str, tuple[FactCard, ...]] = {}
        self._across = 0
        self._open = ""

    def show_context(self, context: tuple[tuple[str, tuple[FactCard, ...]], ...]) -> None:
        """Shows a context; a key under which nothing changed stays as it is."""
        fresh = dict(context)
        if fresh == self._shown:
            return
        for key in [k for k in self._groups if self._shown.get(k) != fresh.get(k)]:
            self._drop(key)
        before, self._groups = self._groups, {}
        self._shown = fresh
        for key, cards in context:
            self._groups[key] = before.get(key) or self._group(key, cards)
        self._across = 0
        self._place(self.width())

    def _drop(self, key: str) -> None:
        """Takes a key's column away; it goes once control is back in the event loop."""
        group = self._groups.pop(key)
        for card in self._shown.get(key, ()):
            self._cards.pop(card.fact_id, None)
        self._grid.removeWidget(group)
        group.hide()
        group.deleteLater()

    def let_go(self) -> None:
        """Presses no card."""
        self._open = ""
        for card in self._cards.values():
            card.setChecked(False)

    def cards(self) -> list[Card]:
        """Lists the cards, in order."""
        shown = (card.fact_id for cards in self._shown.values() for card in cards)
        return [self._cards[name] for name in shown if name in self._cards]

    def _group(self, key: str, cards: tuple[FactCard, ...]) -> QWidget:
        made = QWidget()
        column = QVBoxLayout(made)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(fonts.measures().unit - 2)
        facts = sum(1 for c in cards if c.state != "waiting")
        waiting = len(cards) - facts
        head = QHBoxLayout()
        head.addWidget(Label(key, "small-strong"), 1)
        tally = f"{facts} + {waiting}" if waiting else str(facts)
        count = Label(tally, "small", "muted")
        count.setAccessibleName(f"{facts} facts, {waiting} waiting")
        head.addWidget(count)
        column.addLayout(head)
        for card in cards[:_SHOWN]:
            button = Card(card)
            button.setChecked(card.fact_id == self._open)
            button.clicked.connect(self._on_clicked)
            self._cards[card.fact_id] = button
            column.addWidget(button)
        if len(cards) > _SHOWN:
            more = f"and {len(cards) - _SHOWN:,} more; Context lists them all"
            column.addWidget(Label(more, "small", "muted").wrapped())
        column.addStretch(1)
        return made

    def _place(self, width: int) -> None:
        unit = fonts.measures().unit
        across = max(1, min(4, (width + unit) // (unit * 21)))
        if across == self._across:
            return
        for column in range(max(across, self._across)):
            self._grid.setColumnStretch(column, 1 if column < across else 0)
        self._across = across
        for number, group in enumerate(self._groups.values()):
            self._grid.addWidget(
                group, number // across, number % across, Qt.AlignmentFlag.AlignTop
            )

    @Slot()
    def _on_clicked(self) -> None:
        card = self.sender()
        if not isinstance(card, Card):
            return
        self._open = card.card.fact_id if card.isChecked() else ""
        for other in self._cards.values():
            other.setChecked(other.card.fact_id == self._open)
        self.chosen.emit(card.card if self._open else None)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Override QWidget.resizeEvent."""
        super().resizeEvent(event)
        self._place(event.size().width())
