"""What was recalled for a step: the hints it was shown, how they were found, what that costs."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QWidget

from converge_desktop.runtime.review_model import TraceView
from converge_desktop.runtime.trace_detail import HintRow
from converge_desktop.ui import words
from converge_desktop.ui.pages.trace_sheet import card_of, column_of, prose, section_of
from converge_desktop.ui.widgets.chips import ChipButton, ChipRow
from converge_desktop.ui.widgets.labels import Label, code
from converge_desktop.ui.widgets.values import ValueTable
from converge_desktop.ui.widgets.whole_text import WholeText

NEVER = "A hint, never evidence."
_MEANS = (
    "The model was shown what is listed here, marked as hints, because it is like what the step "
    "was about. An answer that rests on a hint fails its contract."
)
_NONE = "Something was looked for, and the step was shown no hint."
_REPLAY = "replay"


def recall_parts(view: TraceView, open_record: Callable[[int], None]) -> tuple[QWidget, ...]:
    """Makes what is shown of what was recalled for a step.

    Args:
        view: the step; something was looked for.
        open_record: shows a record of the ledger.
    """
    hints = {hint.cite for hint in view.hints}
    told = dict(view.recall)
    found = [(name, said) for name, said in view.recall if name not in {*hints, _REPLAY}]
    head = column_of(Label(NEVER, "strong"), prose(_MEANS if hints else _NONE), gap=4)
    replay = told.get(_REPLAY, "")
    return (
        head,
        *(_hint_card(hint, open_record) for hint in view.hints),
        section_of("What that does to the replay", prose(words.sentence(replay))),
        section_of("How they were found" if hints else "How it was looked", ValueTable(found)),
    )


def _hint_card(hint: HintRow, open_record: Callable[[int], None]) -> QWidget:
    link = ChipButton(f"record {hint.seq:,}", "Show the record of the ledger that says it")
    link.clicked.connect(lambda: open_record(hint.seq))
    row = ChipRow()
    row.show_chips(
        code(hint.cite),
        Label(f"hint from a {hint.kind}", "small-strong", "caution"),
        Label(f"{words.thousandths(hint.score)} alike", "small", "muted"),
        link,
    )
    made = card_of(row, WholeText(hint.text, "body").called(f"Hint {hint.cite}"))
    made.setAccessibleName(f"Hint {hint.cite}")
    return made
