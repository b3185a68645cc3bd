"""More of an inbox: many proposals, and ones that are warned, overdue or without a deadline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from converge_desktop.runtime.deciding_model import Answer, Answered, Standing
from converge_desktop.runtime.review_model import InboxRow, Review
from tests.ui import sample

NOW, MIN, HOUR = sample.NOW, sample.MIN, sample.HOUR
FIRST = sample.INBOX[0]


def row(name: str, **changes: object) -> InboxRow:
    """A low-risk proposal of that name, otherwise as told."""
    plain = replace(
        FIRST, gate_id=name, title=f"Proposal {name}", risk="low", deadline=None, votes=0
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


WARNED = row("g-warned", title="Rename the export", deadline=NOW + 20 * MIN, warned=True)
OVERDUE = row("g-over", title="Close the old queue", deadline=NOW - MIN, warned=True)
OPEN = row("g-open", title="Thank the reviewers", confidence=None)


def many(count: int) -> tuple[InboxRow, ...]:
    """So many proposals, of all risks, agents, runs and deadlines."""
    risks, agents = ("high", "medium", "low"), ("planning", "spend", "triage", "readiness")
    return tuple(
        row(
            f"gate:run-{n % 97:04d}/{n}",
            title=f"Proposal {n} about invoice {n * 7919 % 100_000}",
            text=f"Invoice {n * 7919 % 100_000} is paid by account {n % 31}. " * 3,
            run_id=f"run-{n % 97:04d}",
            run_label=f"run {n % 97:04d}",
            risk=risks[n % 3],
            agent=agents[n % 4],
            confidence=n * 37 % 1000,
            opened_at=NOW - n * MIN,
            deadline=NOW + (n * 13 % 5000) * MIN,
        )
        for n in range(count)
    )


def standing(phase: str = "closed", words: str = "bea#07f1 chose to approve it.") -> Standing:
    """How a gate stands that somebody else closed."""
    return Standing(
        phase=phase,
        end="approved" if phase == "closed" else "",
        words=words,
        votes=(),
        approvals=1,
        needed=1,
        deadline=None,
        half_gone=False,
        extensions=0,
        extension_us=0,
        undo_us=30_000_000,
        settles_at=None,
        escalated=False,
        escalate_to=(),
        may_vote=(),
        moved=(),
        will_move=(),
        instead="",
    )


def review(gate_id: str, _since: str = "") -> Review:
    """A review with its parts and nothing to mind, so that what was listed can be recorded."""
    parts = tuple((name, f"{name}-of-{gate_id}") for name in ("what", "rule", "plan"))
    return replace(sample.review(gate_id), parts=parts, notes=(), kept=())


def decided(answers: Sequence[Answer], _operator: str | None = None) -> tuple[Answered, ...]:
    """What comes of several answers: each takes effect in half a minute."""
    return tuple(map(sample.answered, answers))
