"""The parts of a recorded step, used by the review and by the trace page."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtWidgets import QVBoxLayout, QWidget

from converge_desktop.runtime.review_model import TraceView
from converge_desktop.ui import fonts, words
from converge_desktop.ui.pages.trace_sheet import column_of, folded
from converge_desktop.ui.pages.trace_words import layer_about, layer_title, speed_words
from converge_desktop.ui.spans import Span
from converge_desktop.ui.widgets.checks import check_rows
from converge_desktop.ui.widgets.disclosure import Disclosure
from converge_desktop.ui.widgets.labels import Label
from converge_desktop.ui.widgets.link_text import LinkText
from converge_desktop.ui.widgets.scroll import ScrollPage
from converge_desktop.ui.widgets.text_view import TextView
from converge_desktop.ui.widgets.values import ValueTable
from converge_desktop.ui.widgets.whole_text import AT_ONCE, WholeText

_ALWAYS_OPEN = frozenset(["state"])
_LINES = 24
"""How many lines of a very long text are in sight at once."""


def layer_sections(
    view: TraceView, *, state_open: bool = True, whole: bool = False
) -> list[Disclosure]:
    """Makes the layers of a prompt, in order, with what each costs; each is built when opened.

    Args:
        view: The step.
        state_open: Whether the layer with the state begins open.
        whole: Whether nothing scrolls inside, however long it is.
    """
    made = []
    for number, layer in enumerate(view.layers, start=1):
        name = f"{layer.name.replace('_', ' ')} layer"
        text = partial(long_text, layer.text or "(empty)", name, whole=whole)
        opened = state_open and layer.name.casefold() in _ALWAYS_OPEN
        title, about = layer_title(number, layer), layer_about(view, layer)
        made.append(folded(title, about, text, opened=opened))
    return made


def output_section(view: TraceView) -> tuple[Disclosure, LinkText]:
    """Makes the output, with every fact in it a link, and the raw text under it.

    In an output that is very long its values are marked and no links, because text with links is
    laid out at once.
    """
    text = LinkText("mono-small")
    text.setAccessibleName("Output")
    long = sum(len(segment.text) for segment in view.output) > AT_ONCE
    if not long:
        text.show_text(view.output)
    values = sum(segment.fact_id is not None for segment in view.output)
    said = [words.count(view.output_tokens, "token"), words.duration(view.row.duration)]
    said += [speed_words(view)] * bool(speed_words(view))
    if values:
        held = "marked; the facts stand under Lineage" if long else "linked to a fact"
        said.append(f"{words.count(values, 'value')} {held}")
    if long:  # to show what has no place yet would open a window
        text.hide()
    parts = (_marked_output(view), text) if long else (text,)
    return Disclosure("Output", " · ".join(said), column_of(*parts), opened=True), text


def _marked_output(view: TraceView) -> QWidget:
    spans = [
        Span(segment.text, "added" if segment.fact_id else "", segment.fact_id or "")
        for segment in view.output
    ]
    return LongText(spans, "Output")


class LongText(ScrollPage):
    """A very long text that scrolls inside, laid out little by little."""

    def __init__(self, spans: Sequence[Span], name: str) -> None:
        self.shown = WholeText("", "mono-small").copyable()
        self.shown.show_spans(spans)
        self.shown.called(name)
        super().__init__(self.shown)
        self.shown.laid_out.connect(self.shown.updateGeometry)
        self.setFixedHeight(_LINES * fonts.line("mono-small"))


def long_text(text: str, name: str, *, whole: bool) -> QWidget:
    """Makes what shows a text that may be long: whole, or scrolling inside."""
    if whole:
        return WholeText(text, "mono-small").copyable().called(name)
    return LongText([Span(text)], name) if len(text) > AT_ONCE else TextView(text, name)


def raw_section(view: TraceView, *, whole: bool = False) -> Disclosure:
    """Makes the output as the model wrote it."""
    size = words.count(len(view.raw_output), "character")
    raw = partial(long_text, view.raw_output or "(nothing)", "Raw output", whole=whole)
    return folded("Raw output", f"as the model wrote it · {size}", raw)


def envelope_table(view: TraceView) -> QWidget:
    """Makes the envelope: all that a replay needs besides the prompt."""
    return ValueTable([*view.envelope, ("prompt hash", view.prompt_hash)])


def validation_list(view: TraceView) -> QWidget:
    """Makes the list of the contract's checks, with reasons."""
    made = QWidget()
    column = QVBoxLayout(made)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(fonts.measures().unit)
    if not view.checks:
        none = "No check was recorded for this step."
        column.addWidget(Label(none, "body", "muted").wrapped())
    for row in check_rows(view.checks):
        column.addWidget(row)
    return made


def token_words(view: TraceView) -> str:
    """Says how much of the prompt was taken from the cache."""
    if not view.prompt_tokens:
        return ""
    return f"prefix reused, {view.reused_tokens:,} of {view.prompt_tokens:,} tokens"
