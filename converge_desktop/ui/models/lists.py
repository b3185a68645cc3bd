"""How the rows of each list look."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from converge_desktop.runtime.readmodel import FactCard, InboxRow, PackRow, RunRow
from converge_desktop.ui import words
from converge_desktop.ui.models.looks import RowLook

_RISK_ORDER = {"high": 0, "medium": 1, "low": 2}
_FAR = 1 << 62

INBOX_FIELDS: Mapping[str, Callable[[InboxRow], str]] = {
    "title": lambda r: r.title,
    "risk": lambda r: r.risk,
    "agent": lambda r: r.agent,
    "run": lambda r: r.run_label,
    "key": lambda r: r.key,
}
INBOX_ORDERS: Mapping[str, Callable[[InboxRow], tuple[int, int]]] = {
    "Due": lambda r: (r.deadline or _FAR, r.opened_at),
    "Risk": lambda r: (_RISK_ORDER.get(r.risk, 0), r.deadline or _FAR),
    "Newest": lambda r: (-r.opened_at, 0),
    "Oldest": lambda r: (r.opened_at, 0),
}
RUN_FIELDS: Mapping[str, Callable[[RunRow], str]] = {
    "title": lambda r: r.title,
    "run": lambda r: r.label,
    "phase": lambda r: r.phase,
    "outcome": lambda r: r.outcome,
}


def inbox_look(now: Callable[[], int]) -> Callable[[InboxRow], RowLook]:
    """Returns how a waiting proposal looks, at the time it is drawn."""

    def look(row: InboxRow) -> RowLook:
        moment = now()
        parts = [row.agent, row.run_label]
        if row.confidence is not None:
            parts.append(f"confidence {words.thousandths(row.confidence)}")
        if row.votes_needed > 1 or row.votes:
            parts.append(f"{row.votes} of {row.votes_needed} votes")
        when = words.due(row.deadline, moment) if row.deadline is not None else ""
        risk = words.RISK_WORDS.get(row.risk, f"Risk {row.risk}")
        return RowLook(
            title=row.title,
            subtitle=" · ".join(p for p in parts if p),
            right=when,
            right_tone=words.due_tone(row.deadline, moment),
            badge=row.risk[:1].upper() or "?",
            badge_tone=words.RISK_TONES.get(row.risk, "danger"),
            spoken=f"{risk}: {row.title}. {', '.join(parts)}. {when}",
        )

    return look


def run_look(now: Callable[[], int]) -> Callable[[RunRow], RowLook]:
    """Returns how a run looks."""

    def look(row: RunRow) -> RowLook:
        word, tone, sign = phase_words(row)
        return RowLook(
            title=row.title,
            subtitle=f"{row.label} · {word}",
            aside=words.clock_time(row.started_at, now()),
            badge=sign,
            badge_tone=tone,
            spoken=f"{row.title}, {row.label}, {word}",
        )

    return look


def phase_words(row: RunRow) -> tuple[str, str, str]:
    """Returns a run's phase as words, tone and sign."""
    if row.phase == "waiting":
        return f"waiting for {words.count(row.open_gates, 'decision')}", "caution", "?"
    if row.phase == "running":
        return "running", "accent", "▸"
    outcome = row.outcome or "stopped"
    if outcome.casefold().startswith(("converged", "criteria")):
        return outcome, "good", "✓"
    return outcome, "muted", "■"


def fact_look(card: FactCard) -> RowLook:
    """Returns how a fact over all runs looks."""
    waiting = card.state == "waiting"
    return RowLook(
        title=card.text,
        subtitle=f"{card.key} · {card.byline} · {card.run_label}",
        aside=f"#{card.seq:,}" if card.seq > 0 else "",
        badge="?" if waiting else "",
        badge_tone="caution",
        spoken=f"{'Waiting' if waiting else 'Fact'}: {card.text}, {card.key}, {card.byline}",
    )


def pack_look(row: PackRow) -> RowLook:
    """Returns how a pack looks."""
    return RowLook(title=row.title, subtitle=row.summary, right=f"version {row.version}")
