"""How the rows and headings of the inbox look, and how they are spoken."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from converge_desktop.runtime.review_model import InboxRow
from converge_desktop.ui import words
from converge_desktop.ui.models.inbox_order import Entry, Heading
from converge_desktop.ui.models.looks import RowLook


@dataclass(slots=True)
class RowStates:
    """What is known of single rows beside what they are.

    Attributes:
        marked: those that the person marked, in the order in which they did.
        unseen: those that are new and were not looked at.
        gone: those that no longer wait, and why, as far as that is known.
    """

    marked: dict[str, None] = field(default_factory=dict)
    unseen: set[str] = field(default_factory=set)
    gone: dict[str, str] = field(default_factory=dict)


def inbox_look(
    now: Callable[[], int], states: RowStates | None = None
) -> Callable[[Entry], RowLook]:
    """Returns how an entry of the inbox looks, at the time it is drawn."""
    known = states or RowStates()

    def look(entry: Entry) -> RowLook:
        if isinstance(entry, Heading):
            return _heading(entry)
        if entry.gate_id in known.gone:
            return _gone(entry, known.gone[entry.gate_id])
        return _waiting(entry, now(), known)

    return look


def _heading(entry: Heading) -> RowLook:
    high = f"{entry.high:,} high risk" if entry.high and entry.key != "Risk/High risk" else ""
    state = "folded" if entry.folded else "open"
    proposals = words.count(entry.count, "proposal")
    return RowLook(
        title=entry.title,
        aside=high,
        right=f"{entry.count:,}",
        heading=state,
        spoken=", ".join(filter(None, ("Group", entry.title, proposals, high, state))),
        tip=f"{entry.title}: {proposals}. Click, or Left and Right, to fold and unfold.",
    )


def _gone(row: InboxRow, why: str) -> RowLook:
    """A row that stays where it stood, so that nothing slips under the hand."""
    said = why or "It was decided, withdrawn or ran out of time."
    return RowLook(
        title=row.title,
        subtitle=said,
        right="closed",
        badge="–",
        badge_tone="muted",
        faint=True,
        spoken=f"No longer waits: {row.title}. {said}",
        tip=f"{row.title}\nNo longer waits. {said}",
    )


def _waiting(row: InboxRow, now: int, known: RowStates) -> RowLook:
    marked, new = row.gate_id in known.marked, row.gate_id in known.unseen
    when = words.due(row.deadline, now) if row.deadline is not None else ""
    half = row.warned and row.deadline is not None and row.deadline > now
    risk = words.RISK_WORDS.get(row.risk, f"Risk {row.risk}")
    sure = "" if row.confidence is None else f"confidence {words.thousandths(row.confidence)}"
    votes = f"{row.votes} of {words.count(row.votes_needed, 'vote')}"
    parts = [p for p in ("new" if new else "", row.agent, row.run_label, sure, votes) if p]
    time = _time_words(row, now)
    said = [f"{risk}: {row.title}", *parts, time, "marked" if marked else ""]
    return RowLook(
        title=row.title,
        subtitle=" · ".join(parts),
        right=f"{when} · half gone" if half else when,
        right_tone=words.due_tone(row.deadline, now),
        badge=row.risk[:1].upper() or "?",
        badge_tone=words.RISK_TONES.get(row.risk, "danger"),
        markable=True,
        marked=marked,
        spoken=". ".join(filter(None, said)),
        tip=f"{row.title}\n{risk}. {time}\n"
        f"Waits since {words.full_time(row.opened_at)} ({words.ago(row.opened_at, now)}).",
    )


def _time_words(row: InboxRow, now: int) -> str:
    if row.deadline is None:
        return "It has no deadline."
    exact = words.full_time(row.deadline)
    if row.deadline <= now:
        return f"Overdue: its time ran out at {exact}."
    half = " More than half of its time is gone." if row.warned else ""
    return f"Due {words.due(row.deadline, now)}, at {exact}.{half}"
