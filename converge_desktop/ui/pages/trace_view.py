"""One recorded step: what went in, what came out, how long it took, what can be done with it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QPoint, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QStackedWidget, QTabBar, QVBoxLayout, QWidget

from converge_desktop.runtime.port import RunChanged
from converge_desktop.runtime.review_model import TraceView
from converge_desktop.ui import fonts, words
from converge_desktop.ui.actions import Action
from converge_desktop.ui.pages import trace_acts, trace_parts
from converge_desktop.ui.pages.exporting import Exporter
from converge_desktop.ui.pages.page import Tools
from converge_desktop.ui.pages.trace_comparing import TraceComparing
from converge_desktop.ui.pages.trace_foot import TraceFoot, is_tight
from converge_desktop.ui.pages.trace_head import TraceHead
from converge_desktop.ui.pages.trace_note import Notes
from converge_desktop.ui.pages.trace_recall import recall_parts
from converge_desktop.ui.pages.trace_replay import ReplaySheet, grade_words, headline, why_not
from converge_desktop.ui.pages.trace_replaying import Replayer
from converge_desktop.ui.pages.trace_sheet import Sheet, card_of
from converge_desktop.ui.pages.trace_timing import Leads, timing_parts
from converge_desktop.ui.pages.trace_trying import Trier
from converge_desktop.ui.widgets.evidence import EvidenceList
from converge_desktop.ui.widgets.labels import Label
from converge_desktop.ui.widgets.link_text import LinkText
from converge_desktop.ui.widgets.task_strip import TaskStrip

TABS = ("Prompt and output", "Envelope", "Validation", "Timing", "Recall", "Lineage", "Replay")
_PROMPT, _ENVELOPE, _VALIDATION, _TIMING, _RECALL, _LINEAGE, _REPLAY = range(len(TABS))
REPLAY_KEY = "Ctrl+Shift+R"


class TracePane(QStackedWidget):
    """Shows one step, or two of them compared.

    Signals:
        noted: What is noted about a step has changed; its id.
        like_wanted: The person asks for the steps like this one, by its id.
    """

    noted = Signal(str)
    like_wanted = Signal(str)

    def __init__(self, tools: Tools) -> None:
        super().__init__()
        self._tools = tools
        self.view: TraceView | None = None
        self._texts: list[LinkText] = []
        self._stale: set[int] = set()
        self._build_parts(tools)
        self.addWidget(self._lay_out())
        self.addWidget(self.comparing.shown)
        self._build_lineage()
        self._connect()

    def _build_parts(self, tools: Tools) -> None:
        self.strip = TaskStrip("Evidence")
        self.exporter = Exporter(tools, self.strip, self)
        self.replaying = TaskStrip("Making the step again")
        self.replayer = Replayer(tools, self.replaying)
        self.try_strip = TaskStrip("Trying with a change")
        self.trier = Trier(tools, self.try_strip)
        self.note_strip = TaskStrip("Notes")
        self.notes = Notes(tools, self.note_strip)
        self.compare_strip = TaskStrip("Comparing")
        self.comparing = TraceComparing(tools, self.compare_strip)
        self.tabs = QTabBar()
        self.tabs.setDrawBase(False)
        self.tabs.setExpanding(False)
        self.tabs.setUsesScrollButtons(True)
        self.tabs.setFont(fonts.font("body"))
        self.tabs.setAccessibleName("Parts of the step")
        for name in TABS:
            self.tabs.addTab(name)
        self._stack = QStackedWidget()
        self._sheets = [Sheet() for _ in TABS]
        for sheet in self._sheets:
            self._stack.addWidget(sheet)
        self._replayed = ReplaySheet()
        for part in (self._replayed, self.trier):
            self._sheets[_REPLAY].column.addWidget(part)
        self.evidence = EvidenceList()
        self.head = TraceHead(self.notes.line, self.tabs)
        self.foot = TraceFoot()
        self.replay_button, self.export_button = self.foot.replay, self.foot.export

    def _lay_out(self) -> QWidget:
        made = QWidget()
        column = QVBoxLayout(made)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.head)
        own = (self.replaying, self.try_strip, self.note_strip, self.compare_strip)
        for strip in (self.strip, *own):
            column.addWidget(strip)
        column.addWidget(self._stack, 1)
        column.addWidget(self.notes.box)
        column.addWidget(self.foot)
        return made

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

    def _connect(self) -> None:
        routes, foot = self._tools.routes, self.foot
        self.tabs.currentChanged.connect(self._on_tab)
        self.evidence.traced.connect(self._on_traced)
        self.evidence.copied.connect(routes.tell_copied)
        self.head.run_wanted.connect(self.show_run)
        self.head.record_wanted.connect(self.show_record)
        self.head.led_wanted.connect(self._on_led)
        self.replayer.told.connect(self._show_again)
        self.trier.came.connect(self._on_tried)
        self.notes.changed.connect(self.noted)
        self.notes.box.turned.connect(self._on_box)
        self.comparing.opened.connect(self._on_compared)
        self.comparing.closed.connect(self._on_compare_closed)
        self.comparing.shown.trace_wanted.connect(self._on_one_wanted)
        foot.replay.clicked.connect(self.replay)
        foot.compare.clicked.connect(self.compare_with)
        foot.note.clicked.connect(self.notes.open)
        foot.like.clicked.connect(self._on_like)
        foot.export.clicked.connect(self.export)
        self._tools.bridge.run_changed.connect(self._on_run_changed)

    def actions_of(self) -> tuple[Action, ...]:
        """Lists what can be done with the step that is shown, for the one table of actions."""
        return trace_acts.actions_of(self)

    # What is shown

    def show_trace(self, view: TraceView) -> None:
        """Shows a step; the tab stays, where the step has it."""
        if self.view is None or self.view.row.trace_id != view.row.trace_id:
            self.exporter.forget()
        self.view = view
        self.comparing.close()
        self._show_recall_tab(there=bool(view.recall))
        self.head.show_step(view)
        self.notes.show_step(view.row)
        self.evidence.show_rows(view.rests_on)
        count = words.count(len(view.rests_on), "fact")
        led = f", and led to “{words.one_line(view.led_to)}”" if view.led_to else ""
        self._lineage_head.say(f"This step read {count}{led}.")
        self._stale = {_PROMPT, _ENVELOPE, _VALIDATION, _TIMING, _RECALL}
        self._fill_front()
        self.replayer.show_step(view)
        self.trier.show_step(view)
        for sheet in self._sheets:
            sheet.verticalScrollBar().setValue(0)

    def _show_recall_tab(self, *, there: bool) -> None:
        if not there and self.tabs.currentIndex() == _RECALL:
            self.tabs.setCurrentIndex(_PROMPT)
        self.tabs.setTabVisible(_RECALL, there)

    @Slot(int)
    def _on_tab(self, number: int) -> None:
        self._stack.setCurrentIndex(number)
        self._fill_front()

    def _fill_front(self) -> None:
        """Builds what is in front, where it still shows another step; the rest when looked at."""
        number, view = self.tabs.currentIndex(), self.view
        if view is None or number not in self._stale:
            return
        self._stale.discard(number)
        makers: dict[int, Callable[[TraceView], tuple[QWidget, ...]]] = {
            _PROMPT: self._prompt_parts,
            _ENVELOPE: lambda one: (card_of(trace_parts.envelope_table(one)),),
            _VALIDATION: lambda one: (card_of(trace_parts.validation_list(one)),),
            _TIMING: self._timing_parts,
            _RECALL: lambda one: recall_parts(one, self._tools.routes.record.emit),
        }
        self._sheets[number].show_parts(*makers[number](view))

    def _prompt_parts(self, view: TraceView) -> tuple[QWidget, ...]:
        output, text = trace_parts.output_section(view)
        text.followed.connect(self.follow)
        self._texts = [text]
        return (*trace_parts.layer_sections(view), output, trace_parts.raw_section(view))

    def _timing_parts(self, view: TraceView) -> tuple[QWidget, ...]:
        routes = self._tools.routes
        leads = Leads(routes.gate.emit, partial(routes.fact.emit, view.row.run_id))
        return timing_parts(view, self._tools.clock.now(), leads)

    @Slot()
    def _show_again(self) -> None:
        if self.view is None:
            return
        again = self.replayer.again()
        unfit = why_not(self.view)
        self.foot.replay.setEnabled(self.replayer.can_begin())
        self._replayed.show_step(self.view, again)
        if again.asked:
            _, tone, said = headline(again)
            self.foot.say(said, tone)
        else:
            self.foot.say(unfit or grade_words(self.view), "muted")

    @Slot(object)
    def _on_run_changed(self, change: RunChanged) -> None:
        """Asks again what became of what a step led to, while that is open and its run moves."""
        view = self.view
        if view is None or change.view.row.run_id != view.row.run_id:
            return
        if view.consequence is not None and not view.consequence.effect_at:
            future = self._tools.desk.trace(view.row.trace_id)
            self._tools.bridge.ask(self, future, self._on_moved_on, lambda _: None)

    def _on_moved_on(self, view: TraceView) -> None:
        if self.view is None or self.view.row.trace_id != view.row.trace_id:
            return
        self.view = view
        self.head.show_step(view)
        self._stale.add(_TIMING)
        self._fill_front()

    def retint(self) -> None:
        """Draws running text in the colours now in force."""
        for text in self._texts:
            text.retint()

    def texts(self) -> list[LinkText]:
        """Lists the running texts."""
        return self._texts

    # What can be done

    def shows_step(self) -> bool:
        """Says whether a step is shown, and not two of them compared."""
        return self.isVisible() and self.view is not None and self.currentIndex() == 0

    def can_replay(self) -> bool:
        """Says whether the step can be made again, now."""
        return self.shows_step() and self.replayer.can_begin()

    def can_stop_replay(self) -> bool:
        """Says whether the step that is shown is being made again, and nobody gave that up."""
        return self.replayer.can_stop()

    @Slot()
    def stop_replay(self) -> None:
        """Gives up making the step again."""
        self.replayer.stop()

    @Slot()
    def replay(self) -> None:
        """Has the step made again, and brings what comes of it to the front."""
        if self.replayer.can_begin():
            self.tabs.setCurrentIndex(_REPLAY)
            self.replayer.begin()

    @Slot()
    def _on_tried(self) -> None:
        """Brings what came of a try into sight; it stands above what can be changed."""
        sheet = self._sheets[_REPLAY]
        top = self.trier.mapTo(sheet.viewport(), QPoint(0, 0)).y()
        sheet.verticalScrollBar().setValue(sheet.verticalScrollBar().value() + top)

    @Slot()
    def try_with_change(self) -> None:
        """Shows what can be changed of the step before it is tried."""
        if self.shows_step():
            self.tabs.setCurrentIndex(_REPLAY)
            self.trier.open()

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
    def compare_with(self) -> None:
        """Takes the step as the first to be compared, or compares it with the one that is."""
        if self.view is not None:
            self.comparing.take(self.view.row)

    def compare(self, one_id: str, other_id: str) -> None:
        """Shows two steps compared."""
        self.comparing.compare(one_id, other_id)

    def escape(self) -> bool:
        """Leaves what is open: a comparison, a box, or the first of two steps."""
        leaves = (
            self.comparing.leave,
            self.notes.leave,
            self.trier.leave,
            self.comparing.forget,
        )
        return any(leave() for leave in leaves)

    @Slot()
    def _on_compared(self) -> None:
        inside = self._has_focus()
        self.setCurrentIndex(1)
        if inside:
            self.comparing.shown.back.setFocus(Qt.FocusReason.OtherFocusReason)

    @Slot()
    def _on_compare_closed(self) -> None:
        inside = self._has_focus()
        self.setCurrentIndex(0)
        if inside:
            self.foot.compare.setFocus(Qt.FocusReason.OtherFocusReason)

    def _has_focus(self) -> bool:
        focus = self.window().focusWidget()
        return focus is not None and self.isAncestorOf(focus)

    @Slot(str)
    def _on_one_wanted(self, trace_id: str) -> None:
        self.comparing.close()
        self._tools.routes.trace.emit(trace_id)

    @Slot()
    def _on_box(self) -> None:
        """Shows one row of buttons at a time: those of the box while it is open."""
        self.foot.setVisible(self.notes.box.isHidden())

    @Slot()
    def _on_like(self) -> None:
        if self.view is not None:
            self.like_wanted.emit(self.view.row.trace_id)

    # Where it leads

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
    def show_run(self) -> None:
        """Shows the run that the step is of."""
        if self.view is not None:
            self._tools.routes.run.emit(self.view.row.run_id)

    @Slot()
    def show_record(self) -> None:
        """Shows the record of the ledger that says the step."""
        if self.view is not None and self.view.seq >= 0:
            self._tools.routes.record.emit(self.view.seq)

    @Slot()
    def _on_led(self) -> None:
        one = self.view.consequence if self.view is not None else None
        if one is not None and one.became:
            self._on_traced(one.became)
        elif one is not None:
            self._tools.routes.gate.emit(one.gate)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Override QWidget.resizeEvent: where there is little room, what is read has it."""
        super().resizeEvent(event)
        tight = is_tight(event.size())
        self.head.fit(tight=tight)
        self.foot.fit(tight=tight)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Override QWidget.keyPressEvent: the page keys scroll what is in front."""
        shown = self.comparing.shown.sheet if self.currentIndex() else self._stack.currentWidget()
        if not (isinstance(shown, Sheet) and shown.page(event.key())):
            super().keyPressEvent(event)
