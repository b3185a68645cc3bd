"""One recorded step: prompt and output, envelope, validation, lineage; and it can be replayed."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QFrame, QStackedWidget, QTabBar, QVBoxLayout, QWidget

from converge_desktop.runtime.readmodel import TraceView
from converge_desktop.runtime.replay import Replay
from converge_desktop.runtime.stopper import GivenUp
from converge_desktop.runtime.wording import GRADES
from converge_desktop.ui import fonts, words
from converge_desktop.ui.actions import spoken
from converge_desktop.ui.models.traces import OUTCOME_TONES
from converge_desktop.ui.pages import trace_parts
from converge_desktop.ui.pages.exporting import Exporter
from converge_desktop.ui.pages.page import Tools
from converge_desktop.ui.pages.trace_replay import (
    Again,
    ReplaySheet,
    grade_words,
    headline,
    why_not,
)
from converge_desktop.ui.widgets.buttons import Button
from converge_desktop.ui.widgets.chips import Chip, ChipButton, ChipRow, clear
from converge_desktop.ui.widgets.evidence import EvidenceList
from converge_desktop.ui.widgets.foot import Foot
from converge_desktop.ui.widgets.labels import Label, set_property
from converge_desktop.ui.widgets.link_text import LinkText
from converge_desktop.ui.widgets.lists import Panel
from converge_desktop.ui.widgets.scroll import ScrollBody, ScrollPage
from converge_desktop.ui.widgets.task_strip import TaskStrip

TABS = ("Prompt and output", "Envelope", "Validation", "Lineage", "Replay")
_LINEAGE, _REPLAY = 3, 4
REPLAY_KEY = "Ctrl+Shift+R"


class _Sheet(ScrollPage):
    """One tab's content, scrolled."""

    def __init__(self) -> None:
        body = ScrollBody()
        super().__init__(body)
        unit = fonts.measures().unit
        outer = QVBoxLayout(body)
        outer.setContentsMargins(unit * 3, unit * 2 + 2, unit * 3, unit * 3)
        holder = QWidget()
        holder.setMaximumWidth(fonts.measures().text_width + unit * 30)
        self.column = QVBoxLayout(holder)
        self.column.setContentsMargins(0, 0, 0, 0)
        self.column.setSpacing(unit)
        outer.addWidget(holder)
        outer.addStretch(1)


class TracePane(QWidget):
    """Shows one step."""

    def __init__(self, tools: Tools) -> None:
        super().__init__()
        self._tools = tools
        self.view: TraceView | None = None
        self._texts: list[LinkText] = []
        self._again: dict[str, Again] = {}
        unit = fonts.measures().unit
        header = Panel("header")
        self._title = Label("", "title").wrapped()
        self._chips = ChipRow()
        self.tabs = QTabBar()
        self.tabs.setDrawBase(False)
        self.tabs.setExpanding(False)
        self.tabs.setFont(fonts.font("body"))
        self.tabs.setAccessibleName("Parts of the step")
        for name in TABS:
            self.tabs.addTab(name)
        head = QVBoxLayout(header)
        head.setContentsMargins(unit * 3, unit + 4, unit * 3, 0)
        head.setSpacing(unit)
        head.addWidget(self._title)
        head.addWidget(self._chips)
        head.addWidget(self.tabs)
        self._stack = QStackedWidget()
        self._sheets = [_Sheet() for _ in TABS]
        for sheet in self._sheets:
            self._stack.addWidget(sheet)
        self.tabs.currentChanged.connect(self._stack.setCurrentIndex)
        self.evidence = EvidenceList()
        self.evidence.traced.connect(self._on_traced)
        self.evidence.copied.connect(tools.routes.tell_copied)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addWidget(header)
        self.strip = TaskStrip("Evidence")
        self.exporter = Exporter(tools, self.strip, self)
        outer.addWidget(self.strip)
        self.replaying = TaskStrip("Making the step again")
        self.replaying.pressed.connect(self.stop_replay)
        outer.addWidget(self.replaying)
        outer.addWidget(self._stack, 1)
        outer.addWidget(self._build_footer())
        self._build_lineage()
        self._replayed = ReplaySheet()
        self._sheets[_REPLAY].column.addWidget(self._replayed)

    def _build_footer(self) -> QWidget:
        self.replay_button = Button("Replay", spoken(REPLAY_KEY))
        self.replay_button.clicked.connect(self.replay)
        self._foot = Label("", "small", "muted").wrapped()
        self.export_button = Button("Export evidence…", "Ctrl E")
        self.export_button.clicked.connect(self.export)
        return Foot(self.replay_button, self._foot, self.export_button)

    def _build_lineage(self) -> None:
        sheet = self._sheets[_LINEAGE].column
        self._lineage_head = Label("", "body", "muted").wrapped()
        sheet.addWidget(self._lineage_head)
        frame = QFrame()
        frame.setProperty("card", "plain")
        frame.setMaximumWidth(fonts.measures().text_width)
        column = QVBoxLayout(frame)
        unit = fonts.measures().unit
        column.setContentsMargins(unit - 2, unit // 2, unit - 2, unit // 2)
        column.addWidget(self.evidence)
        sheet.addWidget(frame)

    def show_trace(self, view: TraceView) -> None:
        """Shows a step; the tab stays."""
        if self.view is None or self.view.row.trace_id != view.row.trace_id:
            self.exporter.forget()
        self.view = view
        step = view.row.step
        self._title.say(f"{step[:1].upper()}{step[1:]}, {view.row.run_label}")
        self._chips.show_chips(*self._make_chips(view))
        self._show_prompt(view)
        self._fill(1, trace_parts.envelope_table(view), "card")
        self._fill(2, trace_parts.validation_list(view), "card")
        count = words.count(len(view.rests_on), "fact")
        led = f", and led to “{words.one_line(view.led_to)}”" if view.led_to else ""
        self._lineage_head.say(f"This step read {count}{led}.")
        self.evidence.show_rows(view.rests_on)
        self._show_again()
        for sheet in self._sheets:
            sheet.verticalScrollBar().setValue(0)

    def retint(self) -> None:
        """Draws running text in the colours now in force."""
        for text in self._texts:
            text.retint()

    def texts(self) -> list[LinkText]:
        """Lists the running texts."""
        return self._texts

    def _make_chips(self, view: TraceView) -> list[QWidget]:
        tone = OUTCOME_TONES.get(view.row.outcome, "danger")
        chips: list[QWidget] = [Chip(f"contract {view.row.outcome}", tone), Chip(view.version)]
        if view.grade:
            chips.append(Chip(f"replay {view.grade}", tip=GRADES.get(view.grade, "")))
        if view.asked:
            chips.append(Chip(view.asked, tip="It was computed by a model elsewhere."))
        reused = trace_parts.token_words(view)
        if reused:
            chips.append(Chip(reused))
        run = ChipButton(view.row.run_label, "Show the run")
        run.clicked.connect(self._on_run)
        chips.append(run)
        if view.led_to:
            chips.append(Chip(f"led to “{view.led_to}”"))
        return chips

    def _show_prompt(self, view: TraceView) -> None:
        column = self._sheets[0].column
        clear(column)
        for section in trace_parts.layer_sections(view):
            column.addWidget(section)
        output, text = trace_parts.output_section(view)
        text.followed.connect(self.follow)
        self._texts = [text]
        column.addWidget(output)
        column.addWidget(trace_parts.raw_section(view))

    def _fill(self, number: int, content: QWidget, kind: str) -> None:
        column = self._sheets[number].column
        clear(column)
        frame = QFrame()
        frame.setProperty(kind, "plain")
        unit = fonts.measures().unit
        inner = QVBoxLayout(frame)
        inner.setContentsMargins(unit * 2, unit + 4, unit * 2, unit + 4)
        inner.addWidget(content)
        column.addWidget(frame)

    def can_replay(self) -> bool:
        """Says whether the step can be made again, now."""
        return self.isVisible() and self.replay_button.isEnabled()

    def can_stop_replay(self) -> bool:
        """Says whether the step that is shown is being made again, and nobody gave that up."""
        again = self._again.get(self.view.row.trace_id, Again()) if self.view else Again()
        return again.running and not again.stopped

    @Slot()
    def stop_replay(self) -> None:
        """Gives up making the step again."""
        if self.view is not None and self.can_stop_replay():
            trace_id = self.view.row.trace_id
            self._tell_again(trace_id, Again(running=True, stopped=True))
            self._tools.desk.stop_replay(trace_id)

    @Slot()
    def export(self) -> None:
        """Exports evidence: of the decision that the step led to, else of its run."""
        if self.view is None:
            return
        row = self.view.row
        if self.view.gate:
            self.exporter.export(self.view.gate, f"the decision it led to in {row.run_label}")
        else:
            self.exporter.export(row.run_id, row.run_label)

    @Slot()
    def replay(self) -> None:
        """Has the step made again, and brings what comes of it to the front."""
        if self.view is None or not self.replay_button.isEnabled():
            return
        trace_id = self.view.row.trace_id
        self.tabs.setCurrentIndex(_REPLAY)
        self._tell_again(trace_id, Again(running=True))
        self._tools.bridge.ask(
            self,
            self._tools.desk.replay(trace_id),
            partial(self._on_replayed, trace_id),
            partial(self._on_not_replayed, trace_id),
        )

    def _on_replayed(self, trace_id: str, result: Replay) -> None:
        self._tell_again(trace_id, Again(result=result))

    def _on_not_replayed(self, trace_id: str, error: BaseException) -> None:
        given_up = isinstance(error, GivenUp)
        problem = "" if given_up else words.problem(error)
        self._tell_again(trace_id, Again(stopped=given_up, problem=problem))

    def _tell_again(self, trace_id: str, again: Again) -> None:
        """Keeps what came of it, and shows it if that step is still in front."""
        self._again[trace_id] = again
        if self.view is not None and self.view.row.trace_id == trace_id:
            self._show_again()

    def _show_again(self) -> None:
        assert self.view is not None
        again = self._again.get(self.view.row.trace_id, Again())
        unfit = why_not(self.view)
        self.replay_button.setEnabled(not unfit and not again.running)
        self._replayed.show_step(self.view, again)
        self._show_running(again)
        if again.asked:
            _, tone, said = headline(again)
        else:
            tone, said = "muted", unfit or grade_words(self.view)
        self._foot.say(said)
        set_property(self._foot, "tone", tone)

    def _show_running(self, again: Again) -> None:
        if again.running:
            self.replaying.work(headline(again)[2], action="" if again.stopped else "Cancel")
        else:
            self.replaying.leave()

    @Slot(str)
    def follow(self, fact_id: str) -> None:
        """Leads from a value in the output to the fact it stands for."""
        if self.evidence.item(fact_id) is not None:
            self.tabs.setCurrentIndex(_LINEAGE)
            self.evidence.lead_to(fact_id)
        else:
            self._on_traced(fact_id)

    @Slot(str)
    def _on_traced(self, fact_id: str) -> None:
        if self.view is not None:
            self._tools.routes.fact.emit(self.view.row.run_id, fact_id)

    @Slot()
    def _on_run(self) -> None:
        if self.view is not None:
            self._tools.routes.run.emit(self.view.row.run_id)
