"""One run: how it stands, what each agent did, why it goes on or stopped, and what it knows."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QVBoxLayout, QWidget

from converge_desktop.runtime.run_model import FactCard, RunView
from converge_desktop.ui import fonts, words
from converge_desktop.ui.clock import UiClock
from converge_desktop.ui.pages.fact_detail import FactDetail
from converge_desktop.ui.pages.run_banner import Moment, RunBanner
from converge_desktop.ui.pages.run_foot import RunFoot
from converge_desktop.ui.pages.run_sections import (
    AskedSection,
    BudgetSection,
    NextSection,
    NotesSection,
    TimeSection,
    WhySection,
)
from converge_desktop.ui.widgets.cards import FactColumns
from converge_desktop.ui.widgets.chips import Chip, ChipRow
from converge_desktop.ui.widgets.cycle_grid import LEGEND, CycleGrid
from converge_desktop.ui.widgets.labels import Label, caption
from converge_desktop.ui.widgets.lists import Panel
from converge_desktop.ui.widgets.say_box import SayBox
from converge_desktop.ui.widgets.scroll import ScrollBody, ScrollPage
from converge_desktop.ui.widgets.task_strip import TaskStrip

_FEW_CYCLES = 7
_PAUSE_HINT = "Who finds it paused reads this; it may stay empty."


class RunPane(QWidget):
    """Shows one run, and follows it.

    Signals:
        review_wanted: The person wants to decide what waits.
        lineage_wanted: The person asks where a fact came from: run id, fact id.
        replay_wanted: The person wants the run folded again from its records.
        export_wanted: The person wants evidence of the run.
        shown: A run is shown, or has moved.
    """

    review_wanted = Signal()
    lineage_wanted = Signal(str, str)
    replay_wanted = Signal()
    export_wanted = Signal()
    shown = Signal()

    def __init__(self, clock: UiClock) -> None:
        super().__init__()
        self._clock = clock
        self.view: RunView | None = None
        self.moment: Moment | None = None
        self._chipped: object = None
        self.banner = RunBanner()
        self.banner.review_wanted.connect(self.review_wanted)
        self.grid = CycleGrid()
        self.facts = FactColumns()
        self.facts.chosen.connect(self._on_card)
        self.detail = FactDetail(clock)
        self.detail.lineage_wanted.connect(self.lineage_wanted)
        self.detail.review_wanted.connect(self.review_wanted)
        self.why, self.next = WhySection(), NextSection()
        self.budgets, self.times = BudgetSection(), TimeSection()
        self.asked, self.notes = AskedSection(), NotesSection()
        self.strip = TaskStrip("What was asked of the run")
        self.compare_strip = TaskStrip("Comparing runs")
        self.reason = SayBox("Why is it paused?", _PAUSE_HINT, "Pause")
        self.reason.confirm.stands_for("run.pause_why")
        self._lay_out()

    def _lay_out(self) -> None:
        unit = fonts.measures().unit
        body = ScrollBody()
        self._whole = QVBoxLayout(body)
        self._whole.setContentsMargins(unit * 3, unit * 2 + 2, unit * 3, unit * 3)
        self._whole.setSpacing(unit * 2)
        self._box = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._box.setSpacing(unit * 4)
        self._whole.addLayout(self._box, 1)
        self._box.addWidget(self._build_left(), 9)
        self._box.addWidget(self._build_right(), 10)
        self.body_scroll = ScrollPage(body)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addWidget(self._build_head())
        outer.addWidget(self.banner)
        outer.addWidget(self.strip)
        outer.addWidget(self.compare_strip)
        outer.addWidget(self.body_scroll, 1)
        outer.addWidget(self.reason)
        outer.addWidget(self._build_foot())

    def _build_head(self) -> QWidget:
        unit = fonts.measures().unit
        made = Panel("header")
        self._title = Label("", "title").wrapped()
        self._intent = Label("").wrapped().selectable()
        self._chips = ChipRow()
        head = QVBoxLayout(made)
        head.setContentsMargins(unit * 3, unit + 4, unit * 3, unit + 4)
        head.setSpacing(unit)
        for widget in (self._title, self._intent, self._chips):
            head.addWidget(widget)
        return made

    def _build_foot(self) -> QWidget:
        made = RunFoot()
        self.replay_button, self.export_button = made.replay, made.export
        self.compare_button = made.compare
        self.replay_button.clicked.connect(self.replay_wanted)
        self.export_button.clicked.connect(self.export_wanted)
        return made

    def _build_left(self) -> QWidget:
        unit = fonts.measures().unit
        made = QWidget()
        column = QVBoxLayout(made)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(unit)
        self._left = column
        self._cycles = self._build_cycles()
        column.addWidget(self._cycles)
        for section in (self.why, self.next, self.budgets, self.times, self.asked, self.notes):
            column.addWidget(section)
        column.addStretch(1)
        return made

    def _build_cycles(self) -> QWidget:
        unit = fonts.measures().unit
        made = QWidget()
        column = QVBoxLayout(made)
        column.setContentsMargins(0, 0, 0, unit)
        column.setSpacing(unit)
        self._cell = Label(LEGEND, "small", "muted").wrapped()
        self.grid.told.connect(self._on_cell)
        for widget in (caption("Cycles"), self.grid, self._cell):
            column.addWidget(widget)
        return made

    def _place_cycles(self, cycles: int) -> None:
        """Gives many cycles the whole width; few stand beside the context."""
        wide = cycles > _FEW_CYCLES
        if wide != (self._whole.indexOf(self._cycles) >= 0):
            (self._whole if wide else self._left).insertWidget(0, self._cycles)

    def _build_right(self) -> QWidget:
        unit = fonts.measures().unit
        made = QWidget()
        column = QVBoxLayout(made)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(unit)
        column.addWidget(caption("Context"))
        column.addWidget(self.detail)
        column.addSpacing(unit // 2)
        column.addWidget(self.facts)
        self._no_facts = Label("No fact yet. The first cycle brings the input in.", "body", "muted")
        column.addWidget(self._no_facts.wrapped())
        column.addStretch(1)
        return made

    def show_run(self, view: RunView, moment: Moment | None = None) -> None:
        """Shows a run, or how it moved; or as it stood at a moment."""
        other = self.view is None or self.view.row.run_id != view.row.run_id
        if other or moment != self.moment:
            self._forget()
        self.view, self.moment = view, moment
        now = self._clock.now()
        self._title.say(view.row.title)
        self._intent.say(f"“{view.intent}”" if view.intent else "")
        self._intent.setVisible(bool(view.intent))
        if self._chipped != (view.row, view.pack, view.cycle, view.folder, view.root):
            self._chipped = (view.row, view.pack, view.cycle, view.folder, view.root)
            self._chips.show_chips(*self._make_chips(view))
        self.banner.show_run(view, moment, now)
        self._place_cycles(max((len(row.cells) for row in view.agents), default=0))
        self.grid.show_rows(view.agents)
        self.why.show_run(view)
        self.next.show_run(view)
        self.next.setEnabled(moment is None)
        self.budgets.show_rows(view.budgets)
        self.times.show_spans(view.timeline, now)
        self.asked.show_rows(view.asked)
        self.notes.show_rows(view.notes)
        self.facts.show_context(view.context)
        self._follow_card(view)
        self._no_facts.setVisible(not view.context)
        self.shown.emit()

    def _follow_card(self, view: RunView) -> None:
        """Has the card that lies open say what became of it; closes it where it is gone."""
        card = self.detail.card
        if card is None:
            return
        cards = (one for _, some in view.context for one in some)
        now = next(
            (one for one in cards if (one.key, one.fact_id) == (card.key, card.fact_id)), None
        )
        if now is None:
            self.detail.close_()
            self.facts.let_go()
        elif now != card:
            self.detail.show_card(now, past=self.moment is not None)

    def _forget(self) -> None:
        """Closes what belongs to the run that was shown before."""
        self.detail.close_()
        self.facts.let_go()
        self.banner.cancel.disarm()
        self.reason.reset()
        self.grid.selectionModel().clear()
        self.body_scroll.verticalScrollBar().setValue(0)

    @Slot()
    def tick(self) -> None:
        """Tells how long ago things were anew, and how long agents are at work."""
        if self.view is not None:
            self.banner.show_run(self.view, self.moment, self._clock.now())
            self.times.show_spans(self.view.timeline, self._clock.now())

    def show_refused(self) -> None:
        """Opens the newest fact that tells of a refusal."""
        cards = [c for c in self.facts.cards() if c.card.key == "Diagnostic"]
        if cards:
            cards[-1].click()
            self.body_scroll.ensureWidgetVisible(self.detail)
            cards[-1].setFocus(Qt.FocusReason.OtherFocusReason)

    def show_facts(self) -> None:
        """Goes to the first fact."""
        for card in self.facts.cards()[:1]:
            self.body_scroll.ensureWidgetVisible(card)
            card.setFocus(Qt.FocusReason.OtherFocusReason)

    def show_cycles(self) -> None:
        """Goes to the newest cycle."""
        self.body_scroll.verticalScrollBar().setValue(0)
        self.grid.show_newest()
        self.grid.setFocus(Qt.FocusReason.OtherFocusReason)
        last = self.grid.cycles.index(0, self.grid.cycles.columnCount() - 1)
        self.grid.setCurrentIndex(last)

    def _make_chips(self, view: RunView) -> list[QWidget]:
        started = words.clock_time(view.row.started_at, self._clock.now())
        when = words.full_time(view.row.started_at)
        chips: list[QWidget] = [
            Chip(view.row.label, tip=view.row.run_id),
            Chip(view.pack),
            Chip(f"started {started}", tip=when),
            Chip(words.count(view.cycle, "cycle")),
        ]
        if view.folder:
            folder = view.folder.rstrip("/").rpartition("/")[2] or view.folder
            chips.append(Chip(f"input {folder}", tip=view.folder))
        if view.root:
            chips.append(Chip(f"root {words.short_id(view.root, 12)}", tip=view.root))
        return chips

    @Slot(str)
    def _on_cell(self, told: str) -> None:
        self._cell.say(f"{told}." if told else LEGEND)

    @Slot(object)
    def _on_card(self, card: FactCard | None) -> None:
        if card is None:
            self.detail.close_()
        else:
            self.detail.show_card(card, past=self.moment is not None)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Override QWidget.resizeEvent."""
        super().resizeEvent(event)
        narrow = event.size().width() < fonts.measures().unit * 84
        down = QBoxLayout.Direction.TopToBottom
        self._box.setDirection(down if narrow else QBoxLayout.Direction.LeftToRight)
