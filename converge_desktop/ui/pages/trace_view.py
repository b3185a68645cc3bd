"""One recorded step: prompt and output, envelope, validation, lineage."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QFrame, QStackedWidget, QTabBar, QVBoxLayout, QWidget

from converge_desktop.runtime.readmodel import TraceView
from converge_desktop.ui import fonts, words
from converge_desktop.ui.models.traces import OUTCOME_TONES
from converge_desktop.ui.pages import trace_parts
from converge_desktop.ui.pages.page import Tools
from converge_desktop.ui.widgets.chips import Chip, ChipButton, ChipRow, clear
from converge_desktop.ui.widgets.evidence import EvidenceList
from converge_desktop.ui.widgets.labels import Label
from converge_desktop.ui.widgets.link_text import LinkText
from converge_desktop.ui.widgets.lists import Panel
from converge_desktop.ui.widgets.scroll import ScrollBody, ScrollPage

TABS = ("Prompt and output", "Envelope", "Validation", "Lineage")
_LINEAGE = 3


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
        outer.addWidget(self._stack, 1)
        self._build_lineage()

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
        grade = dict(view.envelope).get("replay grade", "")
        if grade:
            chips.append(Chip(f"replay {grade}"))
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
