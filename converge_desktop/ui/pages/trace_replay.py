"""A recorded step made again: whether it can be, what came of it, and where it differs."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from converge_core.envelope import ReplayGrade
from converge_desktop.runtime.replay import FirstDifference, Outcome, Replay
from converge_desktop.runtime.review_model import TraceView
from converge_desktop.runtime.wording import GRADES
from converge_desktop.ui import fonts, words
from converge_desktop.ui.pages.trace_sheet import card_of, prose
from converge_desktop.ui.widgets.checks import Sign
from converge_desktop.ui.widgets.chips import clear
from converge_desktop.ui.widgets.labels import Label, caption
from converge_desktop.ui.widgets.values import ValueTable

_IDLE = (
    "The step can be made once more, by the model that made it, and the answer held against the "
    "record, byte for byte. The record stays as it is."
)
_FIELDS = {"cpu": "processor", "family": "architecture"}
_VALUES = {"": "—", "UNSET": "not recorded", "None": "none"}


@dataclass(frozen=True, slots=True)
class Again:
    """How it stands with making a step again.

    Attributes:
        running: It is on its way.
        stopped: A person gave it up; while it is ``running`` still, that is on its way too.
        problem: Why it failed.
        result: What came of it.
    """

    running: bool = False
    stopped: bool = False
    problem: str = ""
    result: Replay | None = None

    @property
    def asked(self) -> bool:
        """Whether it was asked for at all."""
        return self.running or self.stopped or bool(self.problem) or self.result is not None


def why_not(view: TraceView) -> str:
    """Says why a step cannot be made again; nothing where it can."""
    if view.grade != ReplayGrade.AUDIT_ONLY:
        return ""
    return "It cannot be made again here: it was computed elsewhere."


def grade_words(view: TraceView) -> str:
    """Says what the grade of a step means; nothing where it has none."""
    meaning = GRADES.get(view.grade, "")
    return f"Replay {view.grade}: {meaning[:1].lower()}{meaning[1:]}" if meaning else ""


def headline(again: Again) -> tuple[str, str, str]:
    """Returns icon, tone and words of what came of it."""
    if again.running:
        said = "Giving up…" if again.stopped else "The step is being made again…"
        return "play", "accent", said
    if again.stopped:
        return "info", "muted", "It was cancelled."
    result = again.result
    if result is None:
        return "cross", "danger", "It could not be made again."
    match result.outcome:
        case Outcome.SAME:
            return "check", "good", "The same, to the byte."
        case Outcome.DIFFERS:
            tone = "danger" if _should_not_be(result) else "caution"
            icon = "cross" if tone == "danger" else "alert"
            at = f" from token {result.first.token:,} on" if result.first else ""
            return icon, tone, f"Another answer{at}."
        case _:
            return "info", "muted", "It was not made again."


def explanation(again: Again) -> str:
    """Says what that means."""
    if again.running:
        return "The model that made it is asked; steps that were asked before it come first."
    if again.stopped:
        return "Nothing was compared, and the record stays as it is."
    result = again.result
    if result is None:
        return again.problem
    if result.outcome is Outcome.NOT_REPEATED:
        return result.words
    if result.outcome is Outcome.SAME:
        if result.changed:
            return "The model gives what was recorded, although what is listed below has changed."
        return "The model gives what was recorded, and nothing it was computed with has changed."
    if result.changed:
        return "What it was computed with has changed since; that may be why."
    if _should_not_be(result):
        return (
            f"Nothing it was computed with has changed, and it was measured {result.grade} here: "
            "this should not be. Verify the ledger, and look into the model’s file."
        )
    return "The model does not repeat itself reliably here, so this is to be expected."


def _should_not_be(result: Replay) -> bool:
    exact = result.grade in {ReplayGrade.BYTE_EXACT, ReplayGrade.ENVELOPE_EXACT}
    return exact and not result.changed


class ReplaySheet(QWidget):
    """Shows what came of making a step again."""

    def __init__(self) -> None:
        super().__init__()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(fonts.measures().unit)

    def show_step(self, view: TraceView, again: Again) -> None:
        """Shows how it stands with a step."""
        clear(self._column)
        unit = fonts.measures().unit
        if not again.asked:
            self._column.addWidget(prose(grade_words(view) if why_not(view) else _IDLE))
            return
        self._column.addWidget(card_of(_verdict(again)))
        result = again.result
        if result is not None and result.first is not None:
            self._column.addSpacing(unit)
            self._column.addWidget(caption("First difference"))
            self._column.addWidget(card_of(difference_table(result.first)))
        if result is not None and result.changed:
            self._column.addSpacing(unit)
            self._column.addWidget(caption("Changed since"))
            self._column.addWidget(card_of(changes_table(result.changed)))


def _verdict(again: Again) -> QWidget:
    icon, tone, said = headline(again)
    more = explanation(again)
    made = QWidget()
    row = QHBoxLayout(made)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(fonts.measures().unit)
    row.addWidget(Sign(icon, tone, said), 0, Qt.AlignmentFlag.AlignTop)
    column = QVBoxLayout()
    column.setSpacing(fonts.measures().unit // 2)
    column.addWidget(Label(said, "strong", tone).wrapped())
    column.addWidget(prose(more))
    row.addLayout(column, 1)
    made.setAccessibleName(words.one_line(f"{said} {more}"))
    return made


def difference_table(first: FirstDifference) -> QWidget:
    """Makes the table of where two answers part."""
    return ValueTable(
        [
            ("token", f"{first.token:,}, counted from 0"),
            ("recorded", _token(first.recorded)),
            ("came", _token(first.found)),
        ]
    )


def _token(text: str) -> str:
    return f"“{words.one_line(text)}”" if text else "nothing: the answer ends here"


def changes_table(changed: tuple[tuple[str, str, str], ...]) -> QWidget:
    """Makes the table of what of an envelope is not as it was."""
    rows = [(_field(name), _value(then), _value(now)) for name, then, now in changed]
    return ValueTable(rows, heads=("", "then", "now"))


def _field(name: str) -> str:
    return _FIELDS.get(name, name.replace("_", " ").replace("sha256", "SHA-256"))


def _value(value: str) -> str:
    return _VALUES.get(value, value)
