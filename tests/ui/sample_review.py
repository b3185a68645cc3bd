"""Reviews in every state: what they correct, how they stand, what hides in them, how long they are.

The repository and its runs are those of ``sample``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from converge_desktop.runtime.deciding_model import (
    Change,
    GroundRow,
    PrecedentRow,
    Previews,
    PreviewView,
    SinceRow,
    Standing,
    TruthRow,
    VoteRow,
    WokenRow,
)
from converge_desktop.runtime.review_model import CheckRow, EvidenceRow, Review
from converge_desktop.runtime.review_views import PARTS
from tests.ui import sample, sample_deciding
from tests.ui.sample import HOUR, MIN, NOW, t

NAMES = tuple(PARTS)
DAY = 24 * HOUR
TRUTH = (
    TruthRow(
        "corrects",
        "f-0188-04-hold",
        47_901,
        (
            Change(
                "content",
                "converge-desktop 0.4.0 is on hold until 5 failing tests pass.",
                "converge-desktop 0.4.0 is on hold until 3 failing tests pass and line coverage "
                "reaches 75.0 %.",
            ),
            Change("confidence", "910", "950"),
            Change("structured.steps[2].do", "", "tests.write"),
        ),
    ),
    TruthRow(
        "contradicts",
        "g-7",
        -1,
        (Change("content", "converge-desktop 0.4.0 is fit for release.", "It is on hold."),),
    ),
)
PRECEDENTS = (
    PrecedentRow(
        "target",
        "gate:r-0188/4/planning/0",
        "r-0188",
        "run 0188",
        "Hold converge-desktop 0.4.0",
        "approve",
        "the failing tests are known",
        "ada#1f2e3d4c",
        NOW - 3 * HOUR,
    ),
    PrecedentRow(
        "kind",
        "gate:r-0170/4/planning/0",
        "r-0170",
        "run 0170",
        "Hold ledger-tools 1.9.0",
        "reject",
        "coverage was read from the wrong file",
        "bob#77aa66bb",
        NOW - 6 * DAY,
    ),
)
MOVED = (
    GroundRow(
        "f-90aa4e11",
        "line coverage is 61.2 % of 4,120 lines",
        "f-90aa4e12",
        "line coverage is 64.0 % of 4,120 lines",
        48_199,
    ),
)


def standing(**changes: Any) -> Standing:
    """How an open gate stands that takes two votes, one of which was given and one undone."""
    votes = (
        VoteRow("bob#77aa66bb", "reject", "not sure yet", NOW - 9 * MIN, stands=False),
        VoteRow("bob#77aa66bb", "approve", "the numbers are right", NOW - 4 * MIN, stands=True),
    )
    return replace(sample_deciding.OPEN, **{"votes": votes, "approvals": 1, "needed": 2, **changes})


def review(gate_id: str = "g-1", **changes: Any) -> Review:
    """A review with the names of its parts, each with a digest that follows from what it says."""
    made = replace(
        sample.review(gate_id),
        **{"standing": sample_deciding.OPEN, "precedents": PRECEDENTS, **changes},
    )
    parts = tuple(
        (name, f"{name}-{hash(tuple(repr(getattr(made, field)) for field in fields)):x}")
        for name, fields in PARTS.items()
    )
    return replace(made, parts=parts)


def correcting() -> Review:
    """One that corrects what stands and contradicts what waits."""
    return review(truth=TRUTH, standing=standing())


def drifted() -> Review:
    """One that was opened before its ground moved."""
    since = (
        SinceRow("evidence", (Change("evidence[3].value", "61.2 %", "64.0 %"),)),
        SinceRow("plan", (Change("plan[2].meaning", "Write tests", "Write tests for rounding"),)),
    )
    will_move = ("g-5 was approved: both settle whether test_rounding_2 is flaky.",)
    return review(since=since, standing=standing(moved=MOVED, will_move=will_move))


def closed() -> Review:
    """One that was asked again elsewhere."""
    ended = standing(
        phase="closed",
        end="withdrawn",
        words="It is asked no more: what it rested on changed.",
        instead="g-5",
    )
    return review(standing=ended)


def hiding() -> Review:
    """One whose words hold look-alikes, an override, and what cannot be seen."""
    said = "p\u0430y 18,400 € to Norden St\u0435el \u202e4,81\u202c and release\u200b it."
    return review(
        becomes_true=said,
        justification=t("The invoice is from Nоrden, ", ("18,400 €", "f-7c1e09a4"), " in all."),
        evidence=(
            *sample.EVIDENCE,
            EvidenceRow(
                "f-5d6e7f81", "e7", "pay\u0435e", "Norden", "", "", "invoice.csv", "row 4, payee"
            ),
        ),
    )


def long(size: int = 200_000) -> Review:
    """One whose becomes-true is very long."""
    said = "The release is on hold until every one of these tests passes: “rounding”, "
    return review(becomes_true=(said * (size // len(said) + 1))[:size])


def bare() -> Review:
    """One of a rule: no model, no reasoning, no evidence, no precedent."""
    return review(
        reasoning=(),
        score=None,
        confidence=None,
        justification=(),
        plan=(),
        evidence=(),
        checks=(CheckRow("the row has an owner", False, "owner is empty"),),
        notes=(),
        trace_ids=(),
        raw=(),
        consequences=(),
        precedents=(),
        deadline=None,
        standing=replace(sample_deciding.OPEN, deadline=None, extensions=0, silence=""),
    )


def previews(gate_id: str = "g-1") -> Previews:
    """What either answer would lead to, with all there can be to tell."""
    return Previews(
        gate_id,
        PreviewView(
            "approve",
            facts=(
                ("Strategies", sample.review(gate_id).becomes_true),
                ("Constraints", "No release of 0.4.0 before the tests pass."),
            ),
            refused=(("Release 0.4.0 on Friday", "a fact that stands says otherwise"),),
            woken=(
                WokenRow("recall", 5, "executed", "Strategies changed"),
                WokenRow("planning", 5, "unknown", "it asks a model"),
                WokenRow("publisher", 5, "refused", "it has effects"),
            ),
            asks=("Tell the team about the hold",),
            broken=(("one strategy at a time", "two strategies would stand"),),
            ends="It would wait for 1 answer.",
            unknown=("what planning proposes depends on a model",),
        ),
        PreviewView("reject", why_not="this gate is asked anew, so it cannot be previewed"),
    )


def answers() -> dict[str, Any]:
    """What a desk with such reviews answers."""
    return (
        sample.answers()
        | sample_deciding.answers()
        | {
            "review": lambda gate_id, _since="": review(gate_id),
            "previews": previews,
        }
    )
