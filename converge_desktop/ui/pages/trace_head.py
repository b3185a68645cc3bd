"""The heading of a step: what it is, what came of it, and where that leads."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from converge_desktop.runtime.review_model import TraceView
from converge_desktop.runtime.wording import GRADES
from converge_desktop.ui import fonts
from converge_desktop.ui.models.traces import OUTCOME_TONES
from converge_desktop.ui.pages import trace_parts
from converge_desktop.ui.pages.trace_words import title_of
from converge_desktop.ui.widgets.chips import Chip, ChipButton, ChipRow
from converge_desktop.ui.widgets.labels import Label
from converge_desktop.ui.widgets.lists import Panel


class TraceHead(Panel):
    """Title, chips, and under them whatever the pane puts there.

    Signals:
        run_wanted: The person asks for the run.
        record_wanted: The person asks for the record of the ledger that says the step.
        led_wanted: The person asks for what it led to.
    """

    run_wanted = Signal()
    record_wanted = Signal()
    led_wanted = Signal()

    def __init__(self, *under: QWidget) -> None:
        super().__init__("header")
        unit = fonts.measures().unit
        self._title = Label("", "title").wrapped()
        self._chips = ChipRow()
        column = QVBoxLayout(self)
        column.setContentsMargins(unit * 3, unit + 4, unit * 3, 0)
        column.setSpacing(unit)
        column.addWidget(self._title)
        column.addWidget(self._chips)
        for widget in under:
            column.addWidget(widget)

    def fit(self, *, tight: bool) -> None:
        """Leaves the chips away where the window is low; all of it stands under the tabs too."""
        self._chips.setVisible(not tight)

    def show_step(self, view: TraceView) -> None:
        """Shows a step's heading."""
        self._title.say(title_of(view.row))
        self._chips.show_chips(*facts_of(view), *self._links(view))

    def _links(self, view: TraceView) -> list[QWidget]:
        run = ChipButton(view.row.run_label, "Show the run")
        run.clicked.connect(self.run_wanted)
        links: list[QWidget] = [run]
        if view.seq >= 0:
            record = ChipButton(f"record {view.seq:,}", "Show the record of the ledger")
            record.clicked.connect(self.record_wanted)
            links.append(record)
        if view.led_to:
            links.append(self._led(view))
        return links

    def _led(self, view: TraceView) -> QWidget:
        said, one = f"led to “{view.led_to}”", view.consequence
        if one is None or not (one.became or one.gate):
            return Chip(said)
        led = ChipButton(said, "Show the fact" if one.became else "Show the proposal")
        led.clicked.connect(self.led_wanted)
        return led


def outcome_of(view: TraceView) -> list[QWidget]:
    """Makes the chips that say what came of a step, and of which version."""
    tone = OUTCOME_TONES.get(view.row.outcome, "danger")
    return [Chip(f"contract {view.row.outcome}", tone), Chip(view.version)]


def facts_of(view: TraceView) -> list[QWidget]:
    """Makes the chips that say what came of a step, and how."""
    chips = outcome_of(view)
    if view.grade:
        chips.append(Chip(f"replay {view.grade}", tip=GRADES.get(view.grade, "")))
    if view.asked:
        chips.append(Chip(view.asked, tip="It was computed by a model elsewhere."))
    reused = trace_parts.token_words(view)
    return [*chips, Chip(reused)] if reused else chips
