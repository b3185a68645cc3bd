"""The parts of a recorded step, used by the review and by the trace page."""

from __future__ import annotations

from PySide6.QtWidgets import QVBoxLayout, QWidget

from converge_desktop.runtime.readmodel import TraceView
from converge_desktop.ui import fonts, words
from converge_desktop.ui.widgets.checks import check_rows
from converge_desktop.ui.widgets.disclosure import Disclosure
from converge_desktop.ui.widgets.labels import Label
from converge_desktop.ui.widgets.link_text import LinkText
from converge_desktop.ui.widgets.text_view import TextView
from converge_desktop.ui.widgets.values import ValueTable
from converge_desktop.ui.widgets.whole_text import WholeText

_ALWAYS_OPEN = frozenset(["state"])


def layer_sections(
    view: TraceView, *, state_open: bool = True, whole: bool = False
) -> list[Disclosure]:
    """Makes the layers of a prompt, in order, with what each costs.

    Args:
        view: The step.
        state_open: Whether the layer with the state begins open.
        whole: Whether nothing scrolls inside, however long it is.
    """
    made = []
    for number, layer in enumerate(view.layers, start=1):
        lines = layer.text.count("\n") + 1 if layer.text else 0
        about = f"{words.count(lines, 'line')} · {words.count(layer.tokens, 'token')}"
        name = layer.name.replace("_", " ")
        text = long_text(layer.text or "(empty)", f"{name} layer", whole=whole)
        opened = state_open and layer.name.casefold() in _ALWAYS_OPEN
        title = f"{number} {name[:1].upper()}{name[1:]}"
        made.append(Disclosure(title, about, text, opened=opened))
    return made


def output_section(view: TraceView) -> tuple[Disclosure, LinkText]:
    """Makes the output, with every fact in it a link, and the raw text under it."""
    text = LinkText("mono-small")
    text.setAccessibleName("Output")
    text.show_text(view.output)
    holder = QWidget()
    column = QVBoxLayout(holder)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(fonts.measures().unit)
    column.addWidget(text)
    about = f"{words.count(view.output_tokens, 'token')} · {words.duration(view.row.duration)}"
    links = len(text.links())
    if links:
        about += f" · {words.count(links, 'value')} linked to a fact"
    return Disclosure("Output", about, holder, opened=True), text


def long_text(text: str, name: str, *, whole: bool) -> QWidget:
    """Makes what shows a text that may be long: whole, or scrolling inside."""
    if not whole:
        return TextView(text, name)
    return WholeText(text, "mono-small").copyable().called(name)


def raw_section(view: TraceView, *, whole: bool = False) -> Disclosure:
    """Makes the output as the model wrote it."""
    size = words.count(len(view.raw_output), "character")
    raw = long_text(view.raw_output or "(nothing)", "Raw output", whole=whole)
    return Disclosure("Raw output", f"as the model wrote it · {size}", raw)


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
