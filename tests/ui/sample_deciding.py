"""What a desk says about gates: how they stand, what may be done there, what can be undone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from converge_desktop.runtime.deciding_model import (
    Allowed,
    Change,
    Edit,
    EditView,
    Settling,
    SinceRow,
    Standing,
    VoteRow,
)
from converge_desktop.runtime.review_model import Review
from tests.ui import sample
from tests.ui.sample import HOUR, MIN, NOW

ME = "ada#1f2e3d4c"
BOB = "bob#77aa66bb"
FIELDS = {"verdict": "hold", "steps": [{"do": "tests.fix", "for": ["f-7c1e09a4"]}]}

OPEN = Standing(
    phase="open",
    end="",
    words="It waits for an answer.",
    votes=(),
    approvals=0,
    needed=1,
    deadline=NOW + 24 * MIN,
    half_gone=False,
    extensions=2,
    extension_us=30 * MIN,
    undo_us=MIN // 2,
    settles_at=None,
    escalated=False,
    escalate_to=(BOB,),
    may_vote=(ME, BOB),
    moved=(),
    will_move=(),
    instead="",
    silence="If nobody answers by then, it is rejected.",
)
ALLOWED = Allowed(ME, {}, ((BOB, "bob"),))
EDITED = EditView((Change("content", "It is on hold.", "It is on hold until Monday."),), ())


def voted(verdict: str = "approve", operator: str = BOB, reason: str = "seen it") -> VoteRow:
    """A vote that was given four minutes ago."""
    return VoteRow(operator, verdict, reason, NOW - 4 * MIN, stands=True)


def review(gate_id: str = "g-1", standing: Standing = OPEN, **changes: Any) -> Review:
    """A review with what is known of its gate beside it."""
    return replace(sample.review(gate_id), standing=standing, **changes)


def decided_elsewhere(gate_id: str = "g-1", verdict: str = "reject") -> Review:
    """What is shown once somebody else has decided."""
    end = {"approve": "approved", "reject": "rejected"}[verdict]
    vote = voted(verdict, reason="the coverage is measured wrongly")
    return review(gate_id, replace(OPEN, phase="closed", end=end, votes=(vote,)))


def expired(gate_id: str = "g-1") -> Review:
    """What is shown once the deadline has passed."""
    words = "Nobody answered by the deadline, and silence rejects."
    return review(
        gate_id, replace(OPEN, phase="closed", end="lapsed", words=words, deadline=NOW - MIN)
    )


def drifted(gate_id: str = "g-1") -> Review:
    """What is shown once the ground moved: another digest, and what is other."""
    change = Change("value", "61.2 %", "64.0 %")
    return review(
        gate_id,
        digest=f"another-digest-of-{gate_id}",
        since=(SinceRow("evidence", (change,)), SinceRow("reasoning", ())),
    )


def settling(gate_id: str = "g-1", end: str = "approved", left: int = MIN // 2) -> Settling:
    """A decision that takes effect before long."""
    title = sample.review(gate_id).title
    return Settling(gate_id, "r-0192", title, end, ME, NOW + left - MIN // 2, NOW + left)


def answers() -> dict[str, Any]:
    """What a desk says about gates that wait for a while."""
    return {
        "review": lambda gate_id, _since="": review(gate_id),
        "allowed": lambda *_: ALLOWED,
        "proposed": lambda gate_id: Edit(sample.review(gate_id).becomes_true, FIELDS),
        "look_at_edit": lambda *_: EDITED,
        "settling": tuple,
        "act": lambda doing, _=None: sample.Answered(
            doing.gate_id, "r-0192", "open", "", None, NOW + HOUR, (ME, BOB)
        ),
    }
