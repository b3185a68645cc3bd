"""How long a step took, with what, and how long what it led to waited for a person."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QWidget

from converge_desktop.runtime.review_model import TraceView
from converge_desktop.runtime.trace_detail import Consequence
from converge_desktop.ui import fonts, words
from converge_desktop.ui.pages.trace_bar import TwoParts
from converge_desktop.ui.pages.trace_sheet import prose, section_of
from converge_desktop.ui.pages.trace_words import (
    FINISHES,
    Told,
    consequence_rows,
    generating_us,
    speed_words,
    waited_words,
)
from converge_desktop.ui.widgets.chips import ChipButton, ChipRow
from converge_desktop.ui.widgets.labels import Label
from converge_desktop.ui.widgets.values import ValueTable
from converge_desktop.ui.widgets.whole_text import WholeText

_NOT_RECORDED = (
    "How long it waited for the model, and when each token after the first came, is not recorded."
)


@dataclass(frozen=True, slots=True)
class Leads:
    """Where the tab leads to: a proposal by its gate, a fact by its id."""

    gate: Callable[[str], None]
    fact: Callable[[str], None]


def timing_parts(view: TraceView, now: int, leads: Leads) -> tuple[QWidget, ...]:
    """Makes what is shown of how long a step took, and what it led to."""
    return (
        section_of("Time", *_drawn_time(view), ValueTable(time_rows(view)), _quiet()),
        section_of("Tokens", *_drawn_tokens(view), ValueTable(token_rows(view))),
        _decision(view, now, leads),
    )


def _decision(view: TraceView, now: int, leads: Leads) -> QWidget:
    title, one = "The decision it led to", view.consequence
    if one is None:
        return section_of(title, prose("It led to no proposal by itself.", "body", "muted"))
    rows = _timeline(consequence_rows(view, one, now))
    return section_of(title, prose(waited_words(one, now), "strong"), rows, *_links(one, leads))


def _timeline(rows: tuple[Told, ...]) -> QWidget:
    """Makes lines of a time and what happened then."""
    made = QWidget()
    grid = QGridLayout(made)
    unit = fonts.measures().unit
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setHorizontalSpacing(unit * 2)
    grid.setVerticalSpacing(unit // 2 + 2)
    grid.setColumnStretch(1, 1)
    for number, (when, what) in enumerate(rows):
        grid.addWidget(Label(when, "mono-small", "muted"), number, 0, Qt.AlignmentFlag.AlignTop)
        grid.addWidget(WholeText(what, "small").called(when), number, 1)
    return made


def _links(one: Consequence, leads: Leads) -> tuple[QWidget, ...]:
    links: list[QWidget] = []
    if one.gate and one.phase != "closed":
        links.append(_link("Show the proposal", leads.gate, one.gate))
    if one.became:
        links.append(_link("Show the fact", leads.fact, one.became))
    if not links:
        return ()
    row = ChipRow()
    row.show_chips(*links)
    return (row,)


def _link(title: str, lead: Callable[[str], None], wanted: str) -> ChipButton:
    made = ChipButton(title, wanted)
    made.clicked.connect(lambda: lead(wanted))
    return made


def _quiet() -> QWidget:
    return prose(_NOT_RECORDED, "small", "muted")


def time_rows(view: TraceView) -> tuple[Told, ...]:
    """Returns how long each part of a step took."""
    first = words.duration(view.first_us) if view.first_us else "not known"
    took = generating_us(view)
    return (
        ("to the first token", first),
        ("from then to the end", words.duration(took) if took else "not known"),
        ("in all", words.duration(view.row.duration)),
        ("recorded", words.full_time(view.row.at)),
    )


def token_rows(view: TraceView) -> tuple[Told, ...]:
    """Returns how many tokens went in and came out."""
    anew = max(0, view.prompt_tokens - view.reused_tokens)
    return (
        ("prompt", f"{view.prompt_tokens:,}"),
        ("of these reused", f"{view.reused_tokens:,}"),
        ("of these read anew", f"{anew:,}"),
        ("answer", f"{view.output_tokens:,}"),
        ("speed after the first token", speed_words(view) or "not known"),
        ("how it ended", FINISHES.get(view.finish, view.finish) or "not known"),
    )


def _drawn_time(view: TraceView) -> tuple[QWidget, ...]:
    took = generating_us(view)
    if not view.first_us:
        return ()
    told = (
        f"reading the prompt, {words.duration(view.first_us)}",
        f"writing the answer, {words.duration(took)}",
    )
    return (TwoParts(view.first_us, took, told),)


def _drawn_tokens(view: TraceView) -> tuple[QWidget, ...]:
    anew = max(0, view.prompt_tokens - view.reused_tokens)
    if not view.prompt_tokens:
        return ()
    told = (f"reused, {view.reused_tokens:,}", f"read anew, {anew:,}")
    return (TwoParts(view.reused_tokens, anew, told),)
