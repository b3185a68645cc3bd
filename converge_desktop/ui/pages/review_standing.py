"""Which rule asked, who may decide, how the votes stand, and what happens at the deadline."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from converge_desktop.runtime.deciding_model import Standing, VoteRow
from converge_desktop.runtime.review_model import Review
from converge_desktop.ui import fonts, words
from converge_desktop.ui.pages.decide_words import name, span, vote_words
from converge_desktop.ui.pages.review_truth import Leading
from converge_desktop.ui.widgets.checks import Sign
from converge_desktop.ui.widgets.chips import ChipRow
from converge_desktop.ui.widgets.labels import Label
from converge_desktop.ui.widgets.moment import Moment
from converge_desktop.ui.widgets.whole_text import WholeText

_VERDICTS = {
    "approve": ("check", "good", "approved"),
    "reject": ("cross", "danger", "rejected"),
    "refine": ("arrow-right", "accent", "asked for it to be refined"),
    "edit": ("check", "good", "approved it as edited"),
}


def verdict_of(verdict: str) -> tuple[str, str, str]:
    """Returns the icon, the tone and the word of a verdict."""
    return _VERDICTS.get(verdict, ("info", "muted", verdict))


def deadline_words(at: int, now: int) -> str:
    """Says when a deadline is: the time, and how far ahead."""
    return f"{words.clock_time(at, now)}, {words.due(at, now)}"


class VoteLine(QWidget):
    """One vote: who, what, when, why; one that was undone says so and is struck out."""

    def __init__(self, vote: VoteRow, now: int) -> None:
        super().__init__()
        icon, tone, word = verdict_of(vote.verdict)
        said = f"{name(vote.operator)} {word}"
        if not vote.stands:
            said += ", undone: it does not count"
        unit = fonts.measures().unit
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(unit)
        hold = QVBoxLayout()
        hold.addWidget(Sign(icon, tone if vote.stands else "muted", word))
        hold.addStretch(1)
        row.addLayout(hold)
        column = QVBoxLayout()
        column.setSpacing(1)
        text = WholeText(said, "small", "text" if vote.stands else "muted")
        text.setToolTip(words.tooltip(vote.operator))
        head = QHBoxLayout()
        head.setSpacing(unit)
        head.addWidget(text, 1)
        head.addWidget(Moment(vote.at, now), 0, Qt.AlignmentFlag.AlignTop)
        column.addLayout(head)
        if vote.reason:
            column.addWidget(WholeText(f"“{vote.reason}”", "small", "muted"))
        row.addLayout(column, 1)
        self.setAccessibleName(words.one_line(f"Vote: {said}. {vote.reason}".strip()))


class RuleView(QWidget):
    """What the digest covers of it: the rule, its reason, who may decide, the deadline."""

    def __init__(self, review: Review, now: int) -> None:
        super().__init__()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(fonts.measures().unit // 2)
        column.addWidget(WholeText(f"Rule {review.rule}", "small-strong"))
        if review.rule_reason:
            column.addWidget(WholeText(words.sentence(review.rule_reason), "small"))
        if review.may_decide:
            column.addWidget(WholeText(f"May decide: {review.may_decide}", "small"))
        column.addWidget(Moment(review.opened_at, now, "Asked"))
        if review.deadline is None:
            column.addWidget(Label("No deadline.", "small", "muted"))
        elif review.standing is not None and review.standing.phase != "open":
            column.addWidget(Moment(review.deadline, now, "The deadline was", said=_exactly))
        elif review.standing is None or review.standing.deadline == review.deadline:
            column.addWidget(
                Moment(review.deadline, now, "Closes at", said=deadline_words, tone="text")
            )
        else:
            column.addWidget(Moment(review.deadline, now, "Closed at first at", said=_exactly))


class StandingView(Leading):
    """How the gate stands by now, beside what it asks."""

    def __init__(self, standing: Standing, review: Review, now: int) -> None:
        super().__init__()
        unit = fonts.measures().unit
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(unit // 2)
        column.addWidget(WholeText(tally_words(standing), "small-strong"))
        if standing.phase != "open":
            column.addWidget(WholeText(standing.words, "small"))
        if standing.instead:
            links = ChipRow()
            links.show_chips(self.to_gate("Show where it is asked now", standing.instead))
            column.addWidget(links)
        for vote in standing.votes:
            column.addWidget(VoteLine(vote, now))
        at = standing.deadline
        if at is not None and at != review.deadline and standing.phase == "open":
            column.addWidget(Moment(at, now, "Closes at", said=deadline_words, tone="text"))
        for sentence in _sentences(standing):
            column.addWidget(WholeText(sentence, "small"))


def tally_words(standing: Standing) -> str:
    """Says how many approve and how many it takes."""
    given = vote_words(standing)
    refused = sum(1 for one in standing.votes if one.stands and one.verdict == "reject")
    return f"{given} given" + (f", {words.count(refused, 'rejection')}" if refused else "")


def _sentences(standing: Standing) -> Iterator[str]:
    """Yields what else is to be known about who decides and until when."""
    if standing.phase != "open":
        return
    if standing.may_vote:
        yield f"May vote by now: {_names(standing.may_vote)}."
    if standing.escalated:
        yield "It was escalated: others are asked than at first."
    elif standing.escalate_to:
        yield f"Can be escalated to {_names(standing.escalate_to)}."
    if standing.half_gone:
        yield "Half of the time is gone."
    if standing.silence:
        yield standing.silence
    if standing.extensions > 0:
        times = {1: "once", 2: "twice"}.get(standing.extensions, f"{standing.extensions} times")
        yield f"The deadline can be moved {times}, by {span(standing.extension_us)} each time."
    if standing.undo_us:
        yield f"A decision can be undone for {span(standing.undo_us)} before it takes effect."


def _names(operators: tuple[str, ...]) -> str:
    return ", ".join(map(name, operators))


def _exactly(at: int, _now: int) -> str:
    return words.full_time(at)
