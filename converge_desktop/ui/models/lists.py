"""How the rows of each list look."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from converge_desktop.runtime.desk_model import PackRow
from converge_desktop.runtime.run_model import FactCard, RunRow
from converge_desktop.ui import words
from converge_desktop.ui.models.looks import RowLook

RUN_FIELDS: Mapping[str, Callable[[RunRow], str]] = {
    "title": lambda r: r.title,
    "run": lambda r: r.label,
    "phase": lambda r: r.phase,
    "outcome": lambda r: r.outcome,
}


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
    if row.phase == "paused":
        by = f" by {row.paused_by}" if row.paused_by else ""
        return f"paused{by}", "caution", "II"
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
