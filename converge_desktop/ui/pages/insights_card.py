"""A card of the page of insights: a question, its answer in a sentence, a picture or a table."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QImage, QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QStackedWidget,
    QTabBar,
    QVBoxLayout,
    QWidget,
)

from converge_desktop.runtime.insight_model import Insights, InsightTable
from converge_desktop.ui import fonts
from converge_desktop.ui.models.insight_cards import Question
from converge_desktop.ui.models.insight_table import InsightTableModel
from converge_desktop.ui.widgets.buttons import Button
from converge_desktop.ui.widgets.cell_delegate import row_height
from converge_desktop.ui.widgets.labels import Label
from converge_desktop.ui.widgets.lists import RowTable
from converge_desktop.ui.widgets.plot import INSET, Plot

if TYPE_CHECKING:
    from converge_desktop.ui.widgets.plot_canvas import Canvas

_PICTURE, _TABLE = range(2)
_ARROW = 12
"""How much room the arrow takes that says how a table is sorted."""


class InsightTableView(RowTable):
    """The table of a card: as wide as its columns are, scrolled where there is no room."""

    def __init__(self, model: InsightTableModel, name: str) -> None:
        super().__init__(model, name, stretch=0)
        self._model = model
        self._first = 0
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        self.setHorizontalScrollMode(self.ScrollMode.ScrollPerPixel)
        head = self.horizontalHeader()
        head.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        head.setSortIndicatorClearable(True)
        head.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        self.setSortingEnabled(True)

    def fit(self) -> None:
        """Makes each column as wide as the widest that it says."""
        pad = fonts.measures().unit * 2 + 6
        model, small, mono = self._model, fonts.metrics("small"), fonts.metrics("mono-small")
        for column in range(model.columnCount()):
            head = model.headerData(column, Qt.Orientation.Horizontal)
            wide = small.horizontalAdvance(str(head)) + _ARROW
            wide = max([wide, *map(mono.horizontalAdvance, model.longest(column))])
            self.setColumnWidth(column, wide + pad)
        self._first = self.columnWidth(0)
        self._widen()

    def sort_next(self) -> None:
        """Sorts by the next column, and after the last as the rows were counted; says so."""
        model, across = self._model, Qt.Orientation.Horizontal
        column = model.sorted_by()[0] + 1
        at = column if column < model.columnCount() else -1
        aligned = model.headerData(max(at, 0), across, Qt.ItemDataRole.TextAlignmentRole)
        largest = at >= 0 and bool(aligned & Qt.AlignmentFlag.AlignRight)
        order = Qt.SortOrder.DescendingOrder if largest else Qt.SortOrder.AscendingOrder
        self.horizontalHeader().setSortIndicator(at, order)
        self.setCurrentIndex(model.index(0, max(at, 0)))
        how = ", the largest first" if largest else ""
        said = f"Sorted by {model.headerData(at, across)}{how}." if at >= 0 else "As counted."
        QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, said))

    def _widen(self) -> None:
        """Gives the first column what the others leave."""
        if not self._first:
            return
        others = sum(self.columnWidth(n) for n in range(1, self._model.columnCount()))
        self.setColumnWidth(0, max(self._first, self.viewport().width() - others))

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Override RowTable.resizeEvent."""
        super().resizeEvent(event)
        self._widen()

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """Override RowTable.minimumSizeHint: it scrolls."""
        return QSize(fonts.measures().unit * 20, row_height() * 3)


class InsightCard(QFrame):
    """One question.

    Signals:
        csv_wanted, png_wanted: The table, or the picture, is to be saved.
    """

    csv_wanted = Signal()
    png_wanted = Signal()

    def __init__(self, question: Question, now: Callable[[], int]) -> None:
        super().__init__()
        self.question = question
        self._now = now
        self.table: InsightTable | None = None
        self.setProperty("card", "plain")
        self.setAccessibleName(question.title)
        unit = fonts.measures().unit
        self._title = Label(question.title, "strong").wrapped()
        self.sentence = Label("", "body").wrapped().selectable()
        self.plot = Plot(question.title)
        self.model = InsightTableModel(now, self)
        self.rows = InsightTableView(self.model, question.title)
        self.stack = QStackedWidget()
        self.stack.addWidget(self.plot)
        self.stack.addWidget(self.rows)
        column = QVBoxLayout(self)
        # What has a frame when it has the focus stands out, so that all words stand in one line.
        side = unit * 2 - INSET
        column.setContentsMargins(side, unit + 4, side, unit + 4)
        for label in (self._title, self.sentence):
            label.setContentsMargins(INSET, 0, INSET, 0)
        column.setSpacing(unit)
        column.addWidget(self._title)
        column.addWidget(self.sentence)
        column.addWidget(self.stack, 1)
        column.addWidget(self._build_foot())
        self._rest = QWidget()  # keeps words at the top where there is nothing below them
        column.addWidget(self._rest, 1)

    def _build_foot(self) -> QWidget:
        unit = fonts.measures().unit
        self.tabs = QTabBar()
        self.tabs.setFont(fonts.font("small"))
        self.tabs.setDrawBase(False)
        self.tabs.setExpanding(False)
        self.tabs.setAccessibleName(f"{self.question.title} As a picture or a table")
        for title in ("Picture", "Table"):
            self.tabs.addTab(title)
        self.tabs.currentChanged.connect(self.stack.setCurrentIndex)
        self.csv_button = Button("Save table (CSV)…", kind="compact").stands_for("insights.csv")
        self.csv_button.clicked.connect(self.csv_wanted)
        self.png_button = Button("Save picture (PNG)…", kind="compact").stands_for("insights.png")
        self.png_button.clicked.connect(self.png_wanted)
        self._foot = QWidget()
        row = QHBoxLayout(self._foot)
        row.setContentsMargins(INSET, 0, INSET, 0)
        row.setSpacing(unit)
        row.addWidget(self.tabs)
        row.addStretch(1)
        row.addWidget(self.csv_button)
        row.addWidget(self.png_button)
        return self._foot

    def take(self, insights: Insights) -> None:
        """Takes the answer; its picture is drawn by ``draw``."""
        self.table = self.question.table(insights)
        self.sentence.say(self.question.answer(insights))
        self.setAccessibleDescription(self.sentence.text())
        self.plot.setAccessibleName(f"{self.question.title} {self.sentence.text()}")
        self.plot.tell(self.question.draw(self.table, self._now()))
        self.model.show_table(self.table)
        self.rows.fit()
        there = self.plot.picture is not None
        self.stack.setVisible(there)
        self._foot.setVisible(there)
        self._rest.setVisible(not there)
        self.png_button.setEnabled(False)

    def draw(self, canvas: type[Canvas]) -> None:
        """Draws the picture in the colours now in force."""
        self.plot.draw(canvas)
        self.png_button.setEnabled(self.plot.canvas is not None)

    def cannot_draw(self, why: str) -> None:
        """Shows the table, and says why there is no picture."""
        self.plot.cannot(why)
        if self.plot.canvas is None:
            self.tabs.setCurrentIndex(_TABLE)

    def has_rows(self) -> bool:
        """Says whether there is something to show and to save."""
        return self.table is not None and self.plot.picture is not None

    def has_picture(self) -> bool:
        """Says whether the picture is drawn."""
        return self.has_rows() and self.plot.canvas is not None

    def shows_table(self) -> bool:
        """Says whether the table is shown, in the picture's place."""
        return self.has_rows() and self.tabs.currentIndex() == _TABLE

    @Slot()
    def switch(self) -> None:
        """Shows the table in the picture's place, or the other way round."""
        focus = self.focusWidget()
        inside = focus is not None and self.stack.isAncestorOf(focus)
        self.tabs.setCurrentIndex(_PICTURE if self.shows_table() else _TABLE)
        if inside:
            self.take_focus()

    def take_focus(self) -> None:
        """Puts the focus on what is shown."""
        if self.has_rows():
            shown = self.rows if self.shows_table() else self.plot
            shown.setFocus(Qt.FocusReason.OtherFocusReason)

    def image(self, source: str) -> QImage | None:
        """Paints the picture with its question, answer and source."""
        return self.plot.image(self.question.title, self.sentence.text(), source)
