"""What came of trying a recorded step with a change, put as what came of a replay is."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from converge_desktop.runtime.trace_tried import Tried
from converge_desktop.ui import fonts, words
from converge_desktop.ui.pages.trace_compare_parts import excerpt_of
from converge_desktop.ui.pages.trace_parts import long_text
from converge_desktop.ui.pages.trace_replay import changes_table, difference_table
from converge_desktop.ui.pages.trace_sheet import card_of, column_of, folded, prose
from converge_desktop.ui.pages.trace_side import SideBySide, whole_texts
from converge_desktop.ui.widgets.checks import Sign, check_rows
from converge_desktop.ui.widgets.labels import Label, caption

NOTHING_KEPT = "Nothing of this is recorded; it changes nothing."
_SIDES = ("Recorded", "Tried")


def headline(found: Tried) -> tuple[str, str, str]:
    """Returns icon, tone and words of what came."""
    if found.same:
        return "check", "good", "The same answer, to the byte."
    at = f" from token {found.first.token:,} on" if found.first else ""
    return "info", "accent", f"Another answer{at}."


def explanation(found: Tried) -> str:
    """Says what was other, and that nothing follows from it."""
    layers = [name.replace("_", " ") for name in found.layers]
    said = []
    if layers:
        one = "layer was" if len(layers) == 1 else "layers were"
        said.append(f"The {words.one_line(' and '.join(layers))} {one} other than recorded.")
    said.append(f"{words.one_line(found.model)} answered.")
    if found.cut:
        said.append("Its answer was cut off: no more tokens were allowed.")
    return " ".join((*said, NOTHING_KEPT))


def contract_words(found: Tried) -> tuple[str, str, str]:
    """Returns icon, tone and words of whether the answer keeps the contract of its step."""
    if found.unchecked:
        why = words.sentence(found.unchecked)
        return "info", "muted", f"It was not held to its contract. {why}"
    count = words.count(len(found.checks), "check")
    held = "the facts on record"
    held += ", not to the state as you changed it" if "state" in found.layers else ""
    if not found.broken:
        return "check", "good", f"It keeps its contract: {count}, held to {held}."
    failed = f"{len(found.broken):,} of {count}"
    return "cross", "danger", f"It breaks its contract: {failed} failed, held to {held}."


def result_parts(found: Tried) -> tuple[QWidget, ...]:
    """Makes all that is shown of what came."""
    icon, tone, said = headline(found)
    verdict = _line(icon, tone, said, explanation(found))
    held = _line(*contract_words(found), "")
    parts = [caption("What came of it"), card_of(verdict, held)]
    if found.first is not None:
        parts += [caption("First difference"), card_of(*_difference(found))]
    if found.checks:
        about = f"{len(found.broken):,} failed" if found.broken else "all passed"
        rows = partial(_checks, found)
        title = words.count(len(found.checks), "check")
        parts.append(folded(title, about, rows, opened=bool(found.broken)))
    size = f"{words.count(found.output_tokens, 'token')} · {words.duration(found.duration)}"
    answer = partial(long_text, found.answer or "(nothing)", "The answer that came", whole=False)
    parts.append(folded("The answer that came", size, answer, opened=not found.same))
    if found.changed:
        about = words.count(len(found.changed), "field")
        table = partial(changes_table, found.changed)
        parts.append(folded("Computed with something else", about, table))
    return tuple(parts)


def spoken(found: Tried) -> str:
    """Says in a breath what came, for who does not see it."""
    return f"{headline(found)[2]} {contract_words(found)[2]}"


def _difference(found: Tried) -> tuple[QWidget, ...]:
    assert found.first is not None
    text = found.words
    excerpt = SideBySide("The answers where they differ first", _SIDES)
    excerpt.put(
        (
            excerpt_of(found.recorded, text, text.one),
            excerpt_of(found.answer, text, text.other),
        )
    )
    whole = folded(
        "Whole answers side by side",
        "what only one of them has is underlined",
        partial(whole_texts, "Answer", found.recorded, found.answer, _SIDES),
    )
    return difference_table(found.first), excerpt, whole


def _checks(found: Tried) -> QWidget:
    return column_of(*check_rows(found.checks, whole=True))


def _line(icon: str, tone: str, said: str, more: str) -> QWidget:
    made = QWidget()
    row = QHBoxLayout(made)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(fonts.measures().unit)
    row.addWidget(Sign(icon, tone, said), 0, Qt.AlignmentFlag.AlignTop)
    column = QVBoxLayout()
    column.setSpacing(fonts.measures().unit // 2)
    column.addWidget(Label(said, "strong" if more else "body", tone).wrapped())
    if more:
        column.addWidget(prose(more))
    row.addLayout(column, 1)
    made.setAccessibleName(words.one_line(f"{said} {more}"))
    return made
