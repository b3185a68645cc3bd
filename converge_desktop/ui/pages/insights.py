"""How the desk fares: questions, each with its answer, a picture and a table."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer, Slot
from PySide6.QtWidgets import QApplication, QStackedWidget, QVBoxLayout, QWidget

from converge_core.errors import IllegalCommand
from converge_desktop.runtime.insight_model import Insights
from converge_desktop.runtime.port import TraceIndexChanged
from converge_desktop.runtime.trace_model import IndexState
from converge_desktop.ui import words
from converge_desktop.ui.actions import Action
from converge_desktop.ui.models.insight_sentences import calls, decided
from converge_desktop.ui.pages.insights_actions import card_actions
from converge_desktop.ui.pages.insights_body import InsightBody
from converge_desktop.ui.pages.insights_card import InsightCard
from converge_desktop.ui.pages.insights_head import InsightHead
from converge_desktop.ui.pages.insights_saving import InsightSaver
from converge_desktop.ui.pages.page import Page, Tools
from converge_desktop.ui.widgets.empty import EmptyState
from converge_desktop.ui.widgets.plot_loading import load_canvas
from converge_desktop.ui.widgets.task_strip import TaskStrip

if TYPE_CHECKING:
    from converge_desktop.ui.widgets.plot_canvas import Canvas

_AGAIN, _START = "Ask again", "Start a run"


class InsightsPage(Page):
    """Asks when it is entered; what is read changes only when the person wants it to."""

    def __init__(self, tools: Tools) -> None:
        super().__init__(tools, "Insights")
        self.insights: Insights | None = None
        self.asking = self._failed = False
        self._offered = ""
        self.loading: Future[type[Canvas]] | None = None
        self._canvas: type[Canvas] | None = None
        self._card: InsightCard | None = None
        self._jobs: deque[Callable[[], None]] = deque()
        self._turns = QTimer(self)
        self._turns.setSingleShot(True)
        self._turns.timeout.connect(self._on_turn)
        self.head = InsightHead()
        self.head.again_wanted.connect(self.ask_again)
        self.strip = TaskStrip("What was saved")
        self.saver = InsightSaver(tools, self.strip, self)
        self.empty = EmptyState("insights", "Counting…", "")
        self.empty.pressed.connect(self._on_pressed)
        self.body: InsightBody | None = None
        self._stack = QStackedWidget()
        self._stack.addWidget(self.empty)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        for widget in (self.head, self.strip):
            outer.addWidget(widget)
        outer.addWidget(self._stack, 1)
        tools.bridge.index_moved.connect(self._on_index_moved)
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        app.focusChanged.connect(self._on_focus)

    def actions_of(self) -> tuple[Action, ...]:
        """Override Page.actions_of: what concerns one question is done to that with the focus."""
        return (
            Action(
                "insights.again",
                "Ask how the desk fares again",
                ("Ctrl+R",),
                self.ask_again,
                "View",
                lambda: not self.asking,
                page="insights",
                needs="an answer that has come",
            ),
            *card_actions(self.card, self.saver.csv, self.save_png),
        )

    def save_png(self, card: InsightCard) -> None:
        """Saves the picture of a card, with what is known."""
        self.saver.png(card, self.head.known())

    def card(self) -> InsightCard | None:
        """Returns the question that has the focus or had it last, else the first one."""
        cards = self.cards()
        return self._card if self._card in cards else next(iter(cards), None)

    def cards(self) -> list[InsightCard]:
        """Lists the questions that are shown, in order."""
        return self.body.shown() if self.body is not None and self._has_answer() else []

    def _has_answer(self) -> bool:
        return self._stack.currentWidget() is not self.empty

    def entered(self) -> None:
        """Override Page.entered: asks where nothing is known yet, or more than is shown."""
        if self.insights is None or self.head.newer():
            self.ask_again()

    def take_focus(self) -> None:
        """Override Page.take_focus."""
        card = self.card()
        if card is not None and card.has_rows():
            card.take_focus()
        else:
            super().take_focus()

    def step(self, by: int) -> None:
        """Override Page.step: to the next question, or the one before."""
        cards = [card for card in self.cards() if card.has_rows()]
        here = self.card()
        if not cards or here is None or self.body is None:
            return
        inside = here.isAncestorOf(QApplication.focusWidget() or self)
        at = cards.index(here) + (by if inside else 0) if here in cards else 0
        card = cards[max(0, min(len(cards) - 1, at))]
        card.take_focus()
        self.body.bring_into_sight(card)

    def retint(self) -> None:
        """Override Page.retint: every picture is drawn again."""
        self._draw_all()

    @Slot()
    def ask_again(self) -> None:
        """Asks the desk how it fares."""
        if self.asking:
            return
        self.asking = True
        self.head.wait()
        if not self._has_answer():
            self.empty.tell("Counting…", "Every decision and every answer of a model is counted.")
        try:
            asked = self.tools.desk.insights()
        except IllegalCommand as error:  # it is still opening; the index tells once it is open
            self.asking = False
            self.head.show_known(-1, self.tools.desk.trace_index())
            self.empty.tell("Counting begins in a moment", words.problem(error))
            return
        self.tools.bridge.ask(self, asked, self._on_answer, self._on_failed)

    def _on_answer(self, insights: Insights) -> None:
        self.asking = False
        self.insights = insights
        if self._failed:
            self._failed = False
            self.strip.leave()
        index = self.tools.desk.trace_index()
        self.head.show_known(insights.as_of, index)
        self._jobs.clear()
        if not decided(insights) and not calls(insights):
            if insights.as_of < index.seq and not self._has_answer():
                self._wait_for_more(insights, index)
                return
            self._offer(
                "Nothing has happened yet that could be counted",
                "Once models have answered and people have decided, this page says how often, how "
                "well and how fast.",
                _START,
            )
            return
        if self.body is None:
            self._jobs.append(self._make_body)
        self._jobs.append(lambda: self._take(insights))
        self._turns.start(0)

    def _wait_for_more(self, insights: Insights, index: IndexState) -> None:
        """Says that nothing is there yet to be counted, while the ledger is still being read."""
        self.insights = None
        self.empty.tell(
            "Still reading the ledger",
            "Nothing of what was read so far can be counted. This page fills by itself.",
        )
        if index.as_of > insights.as_of:
            self.ask_again()

    def _on_failed(self, error: BaseException) -> None:
        self.asking = False
        self.head.show_known(
            self.insights.as_of if self.insights else -1, self.tools.desk.trace_index()
        )
        said = words.problem(error)
        if self._has_answer():
            self._failed = True
            self.strip.tell("danger", f"The desk could not be asked. {said} What is shown stays.")
        else:
            self._offer("The desk could not be asked", said, _AGAIN, "danger")

    def _offer(self, heading: str, text: str, action: str, tone: str = "") -> None:
        """Says why there is nothing to show, and what can be done."""
        self._offered = action
        self.empty.tell(heading, text, action=action, tone=tone)
        self._stack.setCurrentWidget(self.empty)

    def _make_body(self) -> None:
        body = self.body = InsightBody(self.tools.clock.now)
        body.csv_wanted.connect(self.saver.csv)
        body.png_wanted.connect(self.save_png)
        self._stack.addWidget(body)

    def _take(self, insights: Insights) -> None:
        """Fills a card in each turn; then shows them, and draws a picture in each."""
        body = self.body
        assert body is not None, "it was made in a turn before"
        self._jobs.extend(body.fill(insights))
        self._jobs.append(self._show)
        self._jobs.append(self._load if self._canvas is None else self._draw_all)

    def _show(self) -> None:
        body = self.body
        assert body is not None, "it was filled"
        fresh = not self._has_answer()
        focus = QApplication.focusWidget()
        self._stack.setCurrentWidget(body)
        if fresh and focus is self:
            self.take_focus()

    def _load(self) -> None:
        self.loading = load_canvas()
        self.tools.bridge.ask(self, self.loading, self._on_canvas, self._on_no_canvas)

    def _on_canvas(self, canvas: type[Canvas]) -> None:
        self._canvas = canvas
        self._draw_all()

    def _on_no_canvas(self, error: BaseException) -> None:
        said = words.problem(error)
        self._failed = True
        for card in self.cards():
            card.cannot_draw(said)
        self.strip.tell("caution", said)

    def _draw_all(self) -> None:
        canvas = self._canvas
        if canvas is None or self.body is None:
            return
        self._jobs.extend(partial(card.draw, canvas) for card in self.body.shown())
        self._turns.start(0)

    @Slot()
    def _on_turn(self) -> None:
        """Does one thing, and lets the window have its turn."""
        if self._jobs:
            self._jobs.popleft()()
        if self._jobs:
            self._turns.start(0)

    def busy(self) -> bool:
        """Says whether something is left to be counted or drawn."""
        return self.asking or bool(self._jobs)

    @Slot(object)
    def _on_index_moved(self, change: TraceIndexChanged) -> None:
        if self.asking:
            return  # what comes of it says how the index stands then
        if self.insights is not None:
            self.head.show_known(self.insights.as_of, change.state)
        elif self.isVisible() and change.state.state in {"filling", "ready"}:
            self.ask_again()

    @Slot(QWidget, QWidget)
    def _on_focus(self, _: QWidget | None, now: QWidget | None) -> None:
        if now is None or not self.isAncestorOf(now):
            return
        self._card = next((card for card in self.cards() if card.isAncestorOf(now)), self._card)

    @Slot()
    def _on_pressed(self) -> None:
        if self._offered == _START:
            self.tools.routes.start.emit("")
        else:
            self.ask_again()
