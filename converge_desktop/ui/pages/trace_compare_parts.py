"""The parts of a comparison of two steps: each text at its first difference, and what else is."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtWidgets import QWidget

from converge_desktop.runtime.review_model import TraceView
from converge_desktop.runtime.trace_compare import (
    TextDifference,
    TraceComparison,
    ValueDifference,
    checks_of,
    measures_of,
)
from converge_desktop.ui import words
from converge_desktop.ui.pages.trace_parts import long_text
from converge_desktop.ui.pages.trace_sheet import column_of, folded, prose, section_of
from converge_desktop.ui.pages.trace_side import MARK, SIDES, SideBySide, whole_texts
from converge_desktop.ui.spans import Span
from converge_desktop.ui.widgets.values import ValueTable

_AFTER = 80
"""How many characters are shown after what is other."""
_HEADS = ("", *(side.lower() for side in SIDES))
Values = tuple[tuple[str, str], ...]


def parts_of(found: TraceComparison) -> tuple[QWidget, ...]:
    """Makes all that is shown of a comparison, under its heads."""
    other = [_text_section(found, text) for text in texts_of(found) if not text.same]
    same = [text for text in texts_of(found) if text.same]
    return (
        *other,
        *((_same_texts(found, same),) if same else ()),
        *_tables(found),
        *_same_values(found),
    )


def texts_of(found: TraceComparison) -> tuple[TextDifference, ...]:
    """Returns the layers and the output, in their order."""
    return (*found.layers, found.output)


def _text_section(found: TraceComparison, text: TextDifference) -> QWidget:
    one, other = text_in(found.one, text.name), text_in(found.other, text.name)
    sizes = f"{len(one):,} and {len(other):,} characters"
    about = f"differs first in line {text.line:,}, place {text.place:,} · {sizes}"
    whole = folded(
        "Whole texts side by side",
        "what only one of them has is underlined",
        partial(whole_texts, said(text.name), one, other),
    )
    excerpt = SideBySide(f"{said(text.name)} where it differs first")
    excerpt.put((excerpt_of(one, text, text.one), excerpt_of(other, text, text.other)))
    return folded(said(text.name), about, lambda: column_of(excerpt, whole), opened=True)


def excerpt_of(whole: str, text: TextDifference, piece: str) -> tuple[Span, ...]:
    """Returns a text where it differs: what stands before, the piece that is other, what follows.

    Args:
        whole: the text.
        text: where it differs from another.
        piece: the piece of it that is other.
    """
    begin = _start_of_line(whole, text.line)
    at = begin + text.place - 1
    cut = "… " if text.place - 1 > len(text.before) else ""
    rest = whole[at + len(piece) : at + len(piece) + _AFTER + 1].partition("\n")[0]
    more = " …" if len(rest) > _AFTER else ""
    shown = piece.replace("\n", "⏎") if piece else "(the text ends here)"
    spans = (
        Span(cut, "quiet"),
        Span(text.before),
        Span(shown, MARK),
        Span("" if "\n" in piece else rest[:_AFTER]),
        Span(more, "quiet"),
    )
    return tuple(span for span in spans if span.text)


def _start_of_line(whole: str, line: int) -> int:
    at = 0
    for _ in range(line - 1):
        at = whole.index("\n", at) + 1
    return at


def _same_texts(found: TraceComparison, same: Sequence[TextDifference]) -> QWidget:
    count = words.count(len(same), "text is the same", "texts are the same")
    names = ", ".join(said(text.name) for text in same)

    def build() -> QWidget:
        sections = []
        for text in same:
            whole = text_in(found.one, text.name)
            show = partial(long_text, whole or "(empty)", said(text.name), whole=False)
            sections.append(folded(said(text.name), f"{len(whole):,} characters", show))
        return column_of(*sections)

    return folded(count, names, build)


def _tables(found: TraceComparison) -> tuple[QWidget, ...]:
    made = []
    for title, values in (
        ("Envelope", found.envelope),
        ("What it took, and what came of it", found.measures),
        ("Checks", found.checks),
    ):
        if values:
            made.append(section_of(title, _table(values)))
    return tuple(made)


def _table(values: Sequence[ValueDifference]) -> QWidget:
    rows = [(value.name, value.one or "—", value.other or "—") for value in values]
    return ValueTable(rows, heads=_HEADS)


def _same_values(found: TraceComparison) -> tuple[QWidget, ...]:
    """Folds away what of envelope, measures and checks is the same."""
    kept = (
        *_common(found.one.envelope, found.other.envelope),
        *_common(measures_of(found.one), measures_of(found.other)),
        *_common(checks_of(found.one), checks_of(found.other)),
    )
    if not kept:
        return (prose("No value is the same.", "small", "muted"),)
    title = words.count(len(kept), "value is the same", "values are the same")
    return (folded(title, "envelope, measures and checks", partial(ValueTable, kept)),)


def _common(one: Values, other: Values) -> Values:
    theirs = dict(other)
    return tuple((name, value) for name, value in one if theirs.get(name) == value and value)


def text_in(view: TraceView, name: str) -> str:
    """Returns a layer of a step by its name, or its output; nothing where it has none."""
    if name == "output":
        return view.raw_output
    return next((layer.text for layer in view.layers if layer.name == name), "")


def said(name: str) -> str:
    """Returns the name of a text for people."""
    shown = name.replace("_", " ")
    return f"{shown[:1].upper()}{shown[1:]}"
