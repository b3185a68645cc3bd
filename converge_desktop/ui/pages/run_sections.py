"""The parts of a run's page: why it stands as it does, what it spent, how long each cycle took."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from converge_desktop.runtime.run_model import AskedRow, BudgetRow, CycleSpan, RunView
from converge_desktop.ui import fonts, words
from converge_desktop.ui.pages.run_words import (
    BUTTONS,
    budget_tone,
    next_steps,
    spent,
    stop_tone,
)
from converge_desktop.ui.widgets.bars import Bar
from converge_desktop.ui.widgets.buttons import Button
from converge_desktop.ui.widgets.checks import check_line
from converge_desktop.ui.widgets.chips import ChipButton, clear
from converge_desktop.ui.widgets.labels import Label, caption

_SIGNS = {
    "ask": ("alert", "caution", "Waits for you"),
    "settle": ("info", "muted", "Decided, and can be undone"),
    "paused": ("stop", "caution", "Paused"),
    "expired": ("alert", "danger", "Expired"),
    "budget": ("alert", "caution", "Budget"),
    "run": ("play", "accent", "At work"),
    "woken": ("play", "accent", "Woken"),
    "criterion": ("info", "muted", "Not met yet"),
    "ok": ("check", "good", "Holds"),
    "holds": ("check", "good", "Holds"),
    "good": ("check", "good", "Holds"),
    "waits": ("alert", "caution", "Waits"),
    "caution": ("alert", "caution", "Waits"),
    "breach": ("cross", "danger", "Does not hold"),
    "danger": ("cross", "danger", "Does not hold"),
}
_TO_GATE = frozenset(["ask", "settle", "waits", "expired"])
_TO_TRACE = frozenset(["run", "woken"])
_ANSWERED = ("check", "good", "Answered")
_UNANSWERED = ("alert", "caution", "Not answered")
_STANDS_FOR = {"resume": "run.resume", "cancel": "run.stop", "fork": "run.fork_now"}
_SHOWN_CYCLES = 6
_MOST = 40
"""So many rows of a section are shown; more would be read by nobody, and take long to draw."""


class Section(QWidget):
    """A heading and rows under it; hidden where it has none. What did not change stays."""

    def __init__(self, title: str) -> None:
        super().__init__()
        unit = fonts.measures().unit
        self.caption = caption(title)
        self.rows = QVBoxLayout()
        self.rows.setSpacing(unit // 2 + 2)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, unit)
        column.setSpacing(unit)
        column.addWidget(self.caption)
        column.addLayout(self.rows)
        self._built: object = None

    def moved(self, value: object) -> bool:
        """Says whether the section has to be built again, and forgets what it held if so."""
        if self._built == value:
            return False
        self._built = value
        clear(self.rows)
        return True

    def more(self, number: int, one: str, where: str = "") -> None:
        """Says how many rows there are beside those that are shown, if any."""
        if number > _MOST:
            said = f"and {words.count(number - _MOST, f'more {one}')}{where}"
            self.rows.addWidget(Label(said, "small", "muted").wrapped())

    def title(self, text: str) -> None:
        """Gives it another heading."""
        self.caption.say(text)
        self.caption.setAccessibleName(text)


class WhySection(Section):
    """Why a run has not converged, or why it stopped, in sentences that lead on.

    Signals:
        gate_wanted: The person follows a sentence to the gate it speaks of: the sentence.
        trace_wanted: The person follows one to what its agent did: the sentence.
    """

    gate_wanted = Signal(str)
    trace_wanted = Signal(str)

    def __init__(self) -> None:
        super().__init__("Why it has not converged")
        self._leads: dict[ChipButton, tuple[str, str]] = {}

    def show_run(self, view: RunView) -> None:
        """Shows the reasons of a run."""
        if not self.moved((view.row.phase, view.why_not, view.stop_words, view.now_doing)):
            return
        self._leads = {}
        stopped = view.row.phase == "stopped"
        self.title("Why it stopped" if stopped else "Why it has not converged")
        for kind, text in view.why_not[:_MOST]:
            self.rows.addWidget(self._line(kind, text, view))
        self.more(len(view.why_not), "reason")
        if stopped and view.stop_words not in {text for _, text in view.why_not}:
            self.rows.addWidget(Label(words.sentence(view.stop_words), "small").wrapped())
        if not stopped and not view.why_not:
            doing = view.now_doing or "Agents are working."
            self.rows.addWidget(Label(words.sentence(doing), "small").wrapped())

    def _line(self, kind: str, text: str, view: RunView) -> QWidget:
        line = check_line(*_sign(kind, view), text)
        going = view.row.phase != "stopped"
        if going and kind in _TO_GATE:
            self._lead(line, "Review", kind, text)
        elif going and kind in _TO_TRACE:
            self._lead(line, "Trace", kind, text)
        return line

    def _lead(self, line: QWidget, title: str, kind: str, text: str) -> None:
        chip = ChipButton(title)
        chip.setAccessibleName(words.one_line(f"{title}: {text}"))
        chip.clicked.connect(self._on_lead)
        self._leads[chip] = (kind, text)
        row = line.layout()
        if row is not None:
            row.addWidget(chip)

    @Slot()
    def _on_lead(self) -> None:
        chip = self.sender()
        if isinstance(chip, ChipButton) and chip in self._leads:
            kind, text = self._leads[chip]
            (self.gate_wanted if kind in _TO_GATE else self.trace_wanted).emit(text)


class NextSection(Section):
    """What one can do next: a sentence each, and a button where the desk can do it.

    Signals:
        chosen: A button was pressed: what is to be done, by a key of ``BUTTONS``.
    """

    chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__("What to do next")
        self._acts: dict[Button, str] = {}

    def show_run(self, view: RunView) -> None:
        """Shows what can be done about a run."""
        steps = next_steps(view)
        self.setVisible(bool(steps))
        if not self.moved(steps):
            return
        self._acts = {}
        for text, act in steps:
            self.rows.addWidget(self._line(text, act))

    def _line(self, text: str, act: str) -> QWidget:
        made = QWidget()
        row = QHBoxLayout(made)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(fonts.measures().unit)
        row.addWidget(Label(words.sentence(text), "small").wrapped(), 1)
        if act in BUTTONS:
            button = Button(BUTTONS[act], kind="compact").stands_for(_STANDS_FOR.get(act, ""))
            button.setAccessibleDescription(words.one_line(text))
            button.clicked.connect(self._on_act)
            self._acts[button] = act
            row.addWidget(button)
        return made

    @Slot()
    def _on_act(self) -> None:
        button = self.sender()
        if isinstance(button, Button) and button in self._acts:
            self.chosen.emit(self._acts[button])


class BudgetSection(Section):
    """What a run may spend, and how much of it is spent; bars grow, nothing is built again."""

    def __init__(self) -> None:
        super().__init__("Budget")
        self._bars: dict[str, tuple[Bar, Label]] = {}

    def show_rows(self, rows: tuple[BudgetRow, ...]) -> None:
        """Shows these budgets."""
        if self.moved(tuple((one.name, budget_tone(one.share)) for one in rows)):
            self._build(rows)
        for one in rows:
            bar, said = self._bars[one.name]
            bar.tell(one.share, f"{one.name}: {spent(one)}")
            said.say(spent(one))

    def _build(self, rows: tuple[BudgetRow, ...]) -> None:
        self._bars = {}
        holder = QWidget()
        grid = _bar_grid(holder)
        for number, one in enumerate(rows):
            tone = budget_tone(one.share)
            bar = Bar(one.share, tone)
            said = Label("", "small", tone if tone != "accent" else "muted")
            grid.addWidget(Label(one.name, "small", "muted"), number, 0)
            grid.addWidget(bar, number, 1)
            grid.addWidget(said, number, 2)
            self._bars[one.name] = (bar, said)
        self.rows.addWidget(holder)


class TimeSection(Section):
    """How long each cycle took; waiting for people and being paused do not count."""

    def __init__(self) -> None:
        super().__init__("Time per cycle")
        self._sum: Label | None = None
        self._bars: dict[int, tuple[Bar, Label]] = {}

    def show_spans(self, spans: tuple[CycleSpan, ...], now: int) -> None:
        """Shows the newest cycles and what all of them came to; bars grow in place."""
        self.setVisible(bool(spans))
        if not spans:
            return
        newest = spans[-_SHOWN_CYCLES:]
        if self.moved(tuple((one.cycle, one.began_at) for one in newest)):
            self._build(newest)
        worked = {one.cycle: _worked(one, now) for one in spans}
        longest = max(worked, key=lambda cycle: worked[cycle])
        took = words.duration(sum(worked.values()))
        said = f"{words.count(len(spans), 'cycle')}, {took} of work."
        if len(spans) > 1:
            said += f" The longest was cycle {longest} with {words.duration(worked[longest])}."
        if self._sum is not None:
            self._sum.say(said)
        for one in newest:
            self._tell(one, worked[one.cycle], max(1, worked[longest]))

    def _build(self, spans: tuple[CycleSpan, ...]) -> None:
        self._bars = {}
        self._sum = Label("", "small").wrapped()
        self.rows.addWidget(self._sum)
        holder = QWidget()
        grid = _bar_grid(holder)
        for at, one in enumerate(reversed(spans)):
            name = Label(f"cycle {one.cycle}", "small", "muted")
            name.setToolTip(words.tooltip(f"Began {words.full_time(one.began_at)}"))
            bar, said = Bar(0, "accent"), Label("", "small", "muted")
            for column, widget in enumerate((name, bar, said)):
                grid.addWidget(widget, at, column)
            self._bars[one.cycle] = (bar, said)
        self.rows.addWidget(holder)

    def _tell(self, one: CycleSpan, worked: int, most: int) -> None:
        doing = "" if one.ended_at else ", goes on"
        text = f"{words.duration(worked)} · {words.count(one.facts, 'fact')}{doing}"
        bar, said = self._bars[one.cycle]
        bar.tell(worked * 1000 // most, f"cycle {one.cycle}: {text}")
        said.say(text)


class AskedSection(Section):
    """The calls of models elsewhere, and what came of each."""

    def __init__(self) -> None:
        super().__init__("Asked elsewhere")

    def show_rows(self, rows: tuple[AskedRow, ...]) -> None:
        """Shows these calls."""
        self.setVisible(bool(rows))
        if not self.moved(rows):
            return
        for one in rows[:_MOST]:
            sign = _ANSWERED if one.answered else _UNANSWERED
            self.rows.addWidget(check_line(*sign, one.text, more=words.sentence(one.why)))
        self.more(len(rows), "step", "; Traces has them all")


class NotesSection(Section):
    """What was noted about the input."""

    def __init__(self) -> None:
        super().__init__("Notes")

    def show_rows(self, rows: tuple[str, ...]) -> None:
        """Shows these notes."""
        self.setVisible(bool(rows))
        if self.moved(rows):
            for note in rows[:_MOST]:
                self.rows.addWidget(check_line("info", "muted", "Note", note))
            self.more(len(rows), "note", "; the first record of the run has them all")


def _sign(kind: str, view: RunView) -> tuple[str, str, str]:
    if kind == "stop":
        tone = stop_tone(view.stop_kind)
        icon = {"good": "check", "danger": "cross", "caution": "alert"}.get(tone, "stop")
        return icon, "muted" if tone == "info" else tone, "Stopped"
    return _SIGNS.get(kind, ("info", "muted", "Note"))


def _bar_grid(holder: QWidget) -> QGridLayout:
    grid = QGridLayout(holder)
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setHorizontalSpacing(fonts.measures().unit * 2)
    grid.setVerticalSpacing(fonts.measures().unit // 2)
    grid.setColumnStretch(1, 1)
    return grid


def _worked(one: CycleSpan, now: int) -> int:
    return one.worked_us + (max(0, now - one.working_since) if one.working_since else 0)
