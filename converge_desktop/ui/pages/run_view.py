"""One run: how it stands, what each agent did, why it goes on or stopped, and what it knows."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QGridLayout,
    QHBoxLayout,
    QVBoxLayout,
    QWidget,
)

from converge_desktop.runtime.readmodel import FactCard, RunView
from converge_desktop.ui import fonts, words
from converge_desktop.ui.clock import UiClock
from converge_desktop.ui.pages.fact_detail import FactDetail
from converge_desktop.ui.pages.run_banner import Moment, RunBanner, stop_tone
from converge_desktop.ui.widgets.bars import Bar
from converge_desktop.ui.widgets.buttons import Button
from converge_desktop.ui.widgets.cards import FactColumns
from converge_desktop.ui.widgets.checks import check_line
from converge_desktop.ui.widgets.chips import Chip, ChipRow, clear
from converge_desktop.ui.widgets.cycle_grid import LEGEND, CycleGrid
from converge_desktop.ui.widgets.labels import Label, caption
from converge_desktop.ui.widgets.lists import Panel
from converge_desktop.ui.widgets.scroll import ScrollBody, ScrollPage
from converge_desktop.ui.widgets.task_strip import TaskStrip

_SIGNS = {
    "ask": ("alert", "caution", "Waits for you"),
    "run": ("play", "accent", "At work"),
    "ok": ("check", "good", "Holds"),
    "holds": ("check", "good", "Holds"),
    "good": ("check", "good", "Holds"),
    "waits": ("alert", "caution", "Waits"),
    "caution": ("alert", "caution", "Waits"),
    "breach": ("cross", "danger", "Does not hold"),
    "danger": ("cross", "danger", "Does not hold"),
}
_ANSWERED = ("check", "good", "Answered")
_UNANSWERED = ("alert", "caution", "Not answered")
_NEARLY, _FULL = 900, 1000
_REPLAYED = "Its records alone must come to the same facts."


def _budget_tone(share: int) -> str:
    if share >= _FULL:
        return "danger"
    return "caution" if share >= _NEARLY else "accent"


class RunPane(QWidget):
    """Shows one run, and follows it.

    Signals:
        review_wanted: The person wants to decide what waits.
        cancel_wanted: The person wants the run to stop: its id.
        lineage_wanted: The person asks where a fact came from: run id, fact id.
        replay_wanted: The person wants the run folded again from its records.
        export_wanted: The person wants evidence of the run.
    """

    review_wanted = Signal()
    cancel_wanted = Signal(str)
    lineage_wanted = Signal(str, str)
    replay_wanted = Signal()
    export_wanted = Signal()

    def __init__(self, clock: UiClock) -> None:
        super().__init__()
        self._clock = clock
        self.view: RunView | None = None
        self.moment: Moment | None = None
        self._built: dict[str, object] = {}
        unit = fonts.measures().unit
        header = Panel("header")
        self._title = Label("", "title").wrapped()
        self._chips = ChipRow()
        head = QVBoxLayout(header)
        head.setContentsMargins(unit * 3, unit + 4, unit * 3, unit + 4)
        head.setSpacing(unit)
        head.addWidget(self._title)
        head.addWidget(self._chips)
        self.banner = RunBanner()
        self.banner.review_wanted.connect(self.review_wanted)
        self.banner.cancel_wanted.connect(self._on_cancel)
        self.grid = CycleGrid()
        self.facts = FactColumns()
        self.facts.chosen.connect(self._on_card)
        self.detail = FactDetail(clock)
        self.detail.lineage_wanted.connect(self.lineage_wanted)
        self.detail.review_wanted.connect(self.review_wanted)
        body = ScrollBody()
        self._box = QBoxLayout(QBoxLayout.Direction.LeftToRight, body)
        self._box.setContentsMargins(unit * 3, unit * 2 + 2, unit * 3, unit * 3)
        self._box.setSpacing(unit * 4)
        self._box.addWidget(self._build_left(), 9)
        self._box.addWidget(self._build_right(), 10)
        scroll = ScrollPage(body)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addWidget(header)
        outer.addWidget(self.banner)
        self.strip = TaskStrip("What was asked of the run")
        outer.addWidget(self.strip)
        outer.addWidget(scroll, 1)
        outer.addWidget(self._build_foot())

    def _build_foot(self) -> QWidget:
        unit = fonts.measures().unit
        made = Panel("footer")
        self.replay_button = Button("Replay from the ledger", "Ctrl Shift L")
        self.replay_button.clicked.connect(self.replay_wanted)
        self.export_button = Button("Export evidence…", "Ctrl E")
        self.export_button.clicked.connect(self.export_wanted)
        row = QHBoxLayout(made)
        row.setContentsMargins(unit * 3, unit + 4, unit * 3, unit + 4)
        row.setSpacing(unit * 2)
        row.addWidget(self.replay_button)
        row.addWidget(Label(_REPLAYED, "small", "muted").wrapped(), 1)
        row.addWidget(self.export_button)
        return made

    def _build_left(self) -> QWidget:
        unit = fonts.measures().unit
        made = QWidget()
        column = QVBoxLayout(made)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(unit)
        column.addWidget(caption("Cycles"))
        column.addWidget(self.grid)
        column.addWidget(Label(LEGEND, "small", "muted").wrapped())
        column.addSpacing(unit)
        self._why_caption = caption("Why it has not converged")
        column.addWidget(self._why_caption)
        self._why = QVBoxLayout()
        self._why.setSpacing(unit // 2 + 2)
        column.addLayout(self._why)
        column.addSpacing(unit)
        column.addWidget(caption("Budget"))
        self._budgets = QGridLayout()
        self._budgets.setHorizontalSpacing(unit * 2)
        self._budgets.setVerticalSpacing(unit // 2)
        self._budgets.setColumnStretch(1, 1)
        column.addLayout(self._budgets)
        self._asked_caption = caption("Asked elsewhere")
        column.addSpacing(unit)
        column.addWidget(self._asked_caption)
        self._asked = QVBoxLayout()
        self._asked.setSpacing(unit // 2 + 2)
        column.addLayout(self._asked)
        self._notes_caption = caption("Notes")
        column.addSpacing(unit)
        column.addWidget(self._notes_caption)
        self._notes = QVBoxLayout()
        self._notes.setSpacing(unit // 2 + 2)
        column.addLayout(self._notes)
        column.addStretch(1)
        return made

    def _build_right(self) -> QWidget:
        unit = fonts.measures().unit
        made = QWidget()
        column = QVBoxLayout(made)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(unit)
        self._context_caption = caption("Context")
        column.addWidget(self._context_caption)
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
        other = other or moment != self.moment
        self.view, self.moment = view, moment
        if other:
            self.detail.close_()
            self.facts.let_go()
        self._title.say(view.row.title)
        if self._moved("chips", (view.row, view.pack, view.cycle, view.folder, view.root)):
            self._chips.show_chips(*self._make_chips(view))
        self.banner.show_run(view, moment)
        self.grid.show_rows(view.agents)
        if self._moved("why", (view.row.phase, view.why_not, view.stop_words, view.now_doing)):
            self._show_why(view)
        if self._moved("budgets", view.budgets):
            self._show_budgets(view)
        if self._moved("asked", view.asked):
            self._show_asked(view)
        if self._moved("notes", view.notes):
            self._show_notes(view)
        self.facts.show_context(view.context)
        self._no_facts.setVisible(not view.context)

    def _moved(self, part: str, value: object) -> bool:
        """Says whether a part of the page must be built again."""
        if self._built.get(part) == value:
            return False
        self._built[part] = value
        return True

    def _make_chips(self, view: RunView) -> list[QWidget]:
        started = words.clock_time(view.row.started_at, self._clock.now())
        chips: list[QWidget] = [
            Chip(view.row.label, tip=view.row.run_id),
            Chip(view.pack),
            Chip(f"started {started}"),
            Chip(words.count(view.cycle, "cycle")),
        ]
        if view.folder:
            folder = view.folder.rstrip("/").rpartition("/")[2] or view.folder
            chips.append(Chip(f"input {folder}", tip=view.folder))
        if view.root:
            chips.append(Chip(f"root {words.short_id(view.root, 12)}", tip=view.root))
        return chips

    def _show_why(self, view: RunView) -> None:
        clear(self._why)
        stopped = view.row.phase == "stopped"
        heading = "Why it stopped" if stopped else "Why it has not converged"
        self._why_caption.say(heading)
        self._why_caption.setAccessibleName(heading)
        for sign, text in view.why_not:
            self._why.addWidget(check_line(*self._sign(sign, view), text))
        if stopped and view.stop_words not in {text for _, text in view.why_not}:
            self._why.addWidget(Label(words.sentence(view.stop_words), "small").wrapped())
        if not stopped and not view.why_not:
            doing = view.now_doing or "Agents are working."
            self._why.addWidget(Label(words.sentence(doing), "small").wrapped())

    def _sign(self, sign: str, view: RunView) -> tuple[str, str, str]:
        if sign == "stop":
            tone = stop_tone(view.stop_kind)
            icon = {"good": "check", "danger": "cross", "caution": "alert"}.get(tone, "stop")
            return icon, "muted" if tone == "info" else tone, "Stopped"
        return _SIGNS.get(sign, ("info", "muted", "Note"))

    def _show_budgets(self, view: RunView) -> None:
        clear(self._budgets)
        for number, budget in enumerate(view.budgets):
            tone = _budget_tone(budget.share)
            self._budgets.addWidget(Label(budget.name, "small", "muted"), number, 0)
            bar = Bar(budget.share, tone, f"{budget.name}: {budget.words}")
            self._budgets.addWidget(bar, number, 1)
            self._budgets.addWidget(Label(budget.words, "small", "muted"), number, 2)

    def _show_asked(self, view: RunView) -> None:
        clear(self._asked)
        self._asked_caption.setVisible(bool(view.asked))
        for row in view.asked:
            icon, tone, said = _ANSWERED if row.answered else _UNANSWERED
            self._asked.addWidget(
                check_line(icon, tone, said, row.text, more=words.sentence(row.why))
            )

    def _show_notes(self, view: RunView) -> None:
        clear(self._notes)
        self._notes_caption.setVisible(bool(view.notes))
        for note in view.notes:
            self._notes.addWidget(check_line("info", "muted", "Note", note))

    @Slot(object)
    def _on_card(self, card: FactCard | None) -> None:
        if card is None:
            self.detail.close_()
        else:
            self.detail.show_card(card, past=self.moment is not None)

    @Slot()
    def _on_cancel(self) -> None:
        if self.view is not None:
            self.cancel_wanted.emit(self.view.row.run_id)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Override QWidget.resizeEvent."""
        super().resizeEvent(event)
        narrow = event.size().width() < fonts.measures().unit * 84
        down = QBoxLayout.Direction.TopToBottom
        self._box.setDirection(down if narrow else QBoxLayout.Direction.LeftToRight)
