"""The cards of the page of insights, in as many columns as there is room for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from converge_desktop.runtime.insight_model import Insights
from converge_desktop.ui import fonts
from converge_desktop.ui.models.insight_cards import MODELS, PEOPLE, Question
from converge_desktop.ui.models.insight_sentences import calls, decided
from converge_desktop.ui.pages.insights_card import InsightCard
from converge_desktop.ui.widgets.labels import Label, caption
from converge_desktop.ui.widgets.scroll import ScrollBody, ScrollPage

_NARROWEST = 58
"""How wide a card is at least, in units, where there is more than one beside another."""
_MOST = 3


class CardGrid(QWidget):
    """Cards in rows; those of one row are equally high."""

    def __init__(self) -> None:
        super().__init__()
        self.cards: list[InsightCard] = []
        self._across = 1
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(fonts.measures().unit * 2)

    def add(self, card: InsightCard) -> None:
        """Sets a card after the others."""
        self.cards.append(card)
        self._put(len(self.cards) - 1)

    def place(self, across: int) -> None:
        """Sets so many cards beside each other."""
        if across == self._across:
            return
        for column in range(max(across, self._across)):
            self._grid.setColumnStretch(column, 1 if column < across else 0)
        self._across = across
        for number in range(len(self.cards)):
            self._put(number)

    def _put(self, number: int) -> None:
        self._grid.addWidget(self.cards[number], number // self._across, number % self._across)


class InsightBody(ScrollPage):
    """Two parts: how people decide, and how models answer.

    Signals:
        csv_wanted, png_wanted: The table, or the picture, of a card is to be saved.
    """

    csv_wanted = Signal(object)
    png_wanted = Signal(object)

    def __init__(self, now: Callable[[], int]) -> None:
        self._body = ScrollBody()
        super().__init__(self._body)
        self._now = now
        self._people, self._models = CardGrid(), CardGrid()
        self._no_decisions = Label(
            "Nobody has decided anything yet. The first decision at a gate fills this part.",
            "body",
            "muted",
        ).wrapped()
        self._no_calls = Label(
            "No model was asked yet. The first answer of one fills this part.", "body", "muted"
        ).wrapped()
        unit = fonts.measures().unit
        column = QVBoxLayout(self._body)
        column.setContentsMargins(unit * 3, unit * 2, unit * 3, unit * 3)
        column.setSpacing(unit + 4)
        column.addWidget(caption("How people decide"))
        column.addWidget(self._no_decisions)
        column.addWidget(self._people)
        column.addSpacing(unit)
        column.addWidget(caption("How models answer"))
        column.addWidget(self._no_calls)
        column.addWidget(self._models)
        column.addStretch(1)

    def shown(self) -> list[InsightCard]:
        """Lists the cards that have something to say, in order."""
        grids = (grid for grid in (self._people, self._models) if not grid.isHidden())
        return [card for grid in grids for card in grid.cards]

    def fill(self, insights: Insights) -> Iterator[Callable[[], None]]:
        """Returns what is to be done to show an answer, one small thing after the other."""
        for questions, grid, nothing, many in (
            (PEOPLE, self._people, self._no_decisions, decided(insights)),
            (MODELS, self._models, self._no_calls, calls(insights)),
        ):
            grid.setVisible(bool(many))
            nothing.setVisible(not many)
            for number, question in enumerate(questions if many else ()):
                yield partial(self._fill, grid, number, question, insights)

    def _fill(self, grid: CardGrid, number: int, question: Question, insights: Insights) -> None:
        if number == len(grid.cards):
            card = InsightCard(question, self._now)
            card.csv_wanted.connect(partial(self.csv_wanted.emit, card))
            card.png_wanted.connect(partial(self.png_wanted.emit, card))
            grid.add(card)
        grid.cards[number].take(insights)

    def bring_into_sight(self, card: QWidget) -> None:
        """Scrolls so that a card is seen whole, or from its top on."""
        place = card.mapTo(self._body, card.rect().topLeft()).y()
        bar, margin = self.verticalScrollBar(), fonts.measures().unit
        if place < bar.value() or place + card.height() > bar.value() + self.viewport().height():
            bar.setValue(place - margin)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Override ScrollPage.resizeEvent."""
        unit = fonts.measures().unit
        across = (event.size().width() - 4 * unit) // ((_NARROWEST + 2) * unit)
        for grid in (self._people, self._models):
            grid.place(max(1, min(_MOST, across)))
        super().resizeEvent(event)
