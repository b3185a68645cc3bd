"""Sentences about deciding: what holds an answer back, who decided, what is left of the time."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from converge_desktop.runtime.deciding_model import Standing, VoteRow
from converge_desktop.runtime.review_model import Review
from converge_desktop.ui import words

PARTS = {
    "what": "what becomes true",
    "rule": "the rule",
    "truth": "the difference to what stands",
    "raw": "the raw steps",
}
"""What parts of a review are called for people, where that is not their name."""
VERDICTS = {
    "approve": "approved",
    "reject": "rejected",
    "refine": "sent back",
    "edit": "edited",
    "approved": "Approved",
    "rejected": "Rejected",
    "refined": "Sent back",
    "edited": "Edited and approved",
}
_MICROS = re.compile(r"\b\d{16}\b")
UNLOCK = "Your key is locked, so nothing can be signed. Ctrl+U unlocks it; then confirm again."


@dataclass(frozen=True, slots=True)
class Foot:
    """What the foot of a review tells of.

    ``why_not`` is why the person may not approve, ``unseen`` what is left to see.
    """

    review: Review | None
    closed: bool = False
    busy: bool = False
    locked: bool = False
    why_not: str = ""
    unseen: tuple[str, ...] = ()
    pointed: bool = False
    me: str = ""


def foot_words(foot: Foot) -> str:
    """Says beside the buttons how things stand: what holds approving back, or how it is done."""
    review = foot.review
    if review is None:
        return ""
    if foot.closed:
        return "This takes no answer any more."
    if foot.busy:
        return "Signing and recording…"
    if foot.locked:
        return UNLOCK
    if foot.why_not:
        why = to_you(timed(foot.why_not), foot.me).rstrip(".")
        return f"You cannot approve this: {why}. What you can do is on; the rest stands under More."
    if foot.unseen:
        left = ", ".join(PARTS.get(part, part) for part in foot.unseen)
        return f"Still to see: {left}. Space leads there."
    if foot.pointed:
        return "Ctrl+Return approves and signs with your key."
    how = "High risk: a word is asked for first." if review.risk == "high" else "Signed by you."
    said = [how, _undo_words(review.standing), _counts_words(review.standing, foot.me)]
    return " ".join(filter(None, said))


def _undo_words(standing: Standing | None) -> str:
    if standing is None or not standing.undo_us:
        return "Takes effect at once."
    return f"Can be undone for {span(standing.undo_us)}."


def _counts_words(standing: Standing | None, me: str) -> str:
    """Says how much the person's own vote is, where it takes more than one."""
    if standing is None or standing.needed <= 1:
        return ""
    if any(vote.operator == me and vote.stands for vote in standing.votes):
        return f"{standing.approvals} of {standing.needed} approvals are given, yours among them."
    place = min(standing.approvals + 1, standing.needed)
    return f"Your vote counts as {place} of {standing.needed}."


def vote_words(standing: Standing) -> str:
    """Counts the votes, as in ``1 of 2 approvals``."""
    return f"{standing.approvals} of {standing.needed} approvals"


def still_needed(standing: Standing, me: str) -> str:
    """Says after a vote that closed nothing what it still takes."""
    left = max(0, standing.needed - standing.approvals)
    given = {vote.operator for vote in standing.votes if vote.stands}
    others = [name(who) for who in standing.may_vote if who not in given and who != me]
    whose = f" {', '.join(others)} may vote." if others else ""
    more = words.count(left, "more approval is", "more approvals are")
    return f"{vote_words(standing)} are given; {more} needed.{whose}"


def votes_told(votes: Sequence[VoteRow], me: str, now: int) -> list[str]:
    """Tells of each vote who gave it, when, and why; the oldest first."""
    return [_vote_told(vote, me, now) for vote in votes]


def _vote_told(vote: VoteRow, me: str, now: int) -> str:
    who = "You" if vote.operator == me else name(vote.operator)
    what = VERDICTS.get(vote.verdict, vote.verdict)
    why = f": “{words.one_line(vote.reason)}”" if vote.reason else ""
    void = "" if vote.stands else " (undone)"
    own = ", being who proposed it" if vote.own else ""
    return f"{who} {what} it at {words.clock_time(vote.at, now)}{own}{why}{void}."


def ended_words(standing: Standing, me: str, now: int) -> str:
    """Tells who decided what and when, or how it ended without anybody."""
    if standing.phase == "open":
        return ""
    given = [vote for vote in standing.votes if vote.stands]
    if standing.end in {"lapsed", "assumed"}:
        when = words.clock_time(standing.deadline, now) if standing.deadline is not None else ""
        return f"{standing.words} The deadline was {when}." if when else standing.words
    if standing.end == "withdrawn" or not given:
        return standing.words
    told = _vote_told(given[-1], me, now)
    if standing.needed > 1 and standing.end == "approved":
        told += f" With that {vote_words(standing)} were given."
    if standing.phase == "settling":
        return f"{told} It takes effect when its undo window is over; Ctrl+Z undoes it."
    return f"{told} It is a fact now." if standing.became else told


def moved_words(review: Review) -> str:
    """Says what is other than when the person opened the review; empty if nothing."""
    if not review.since:
        return ""
    parts = ", ".join(PARTS.get(row.part, row.part) for row in review.since)
    return (
        f"What you were reading has changed: {parts}. Nothing was decided; approving waits until "
        "you have seen it again."
    )


def due_words(deadline: int, now: int, *, half_gone: bool) -> str:
    """Says when it closes, how long that is, and whether half of the time is gone."""
    half = " · half the time is gone" if half_gone and deadline > now else ""
    return f"due {words.clock_time(deadline, now)}, {words.due(deadline, now)}{half}"


def span(micros: int) -> str:
    """Shows a span of time in whole units, as in ``30 s`` or ``2 h``."""
    for unit, sign in ((words.DAY, "d"), (words.HOUR, "h"), (words.MINUTE, "min")):
        if micros >= unit and micros % unit == 0:
            return f"{micros // unit} {sign}"
    seconds = -(-micros // 1_000_000)
    if seconds >= 120:  # noqa: PLR2004 - two minutes
        return f"{seconds // 60} min {seconds % 60} s"
    return f"{seconds} s"


def timed(text: str) -> str:
    """Shows the moments that a sentence names in microseconds as people read them."""
    return _MICROS.sub(lambda found: words.full_time(int(found[0])), text)


def to_you(text: str, me: str) -> str:
    """Turns what is said of the person at the desk into what is said to them."""
    if not me:
        return text
    for verb, yours in (("is", "are"), ("was", "were"), ("has", "have")):
        text = text.replace(f"{me} {verb} ", f"you {yours} ")
    return text.replace(me, "you")


def name(operator: str) -> str:
    """Returns the name in the id of somebody who is enrolled, as in ``alice`` for ``alice#1f``."""
    return operator.partition("#")[0]


def refused(title: str, error: BaseException) -> str:
    """Says that nothing was recorded, and why."""
    return f"Nothing was recorded for “{title}”. {timed(words.problem(error))}"
