"""The columns of recorded model calls: what each shows, and what the list is put in order by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from converge_desktop.runtime.trace_model import FoundTrace
from converge_desktop.runtime.wording import check_words
from converge_desktop.ui import words
from converge_desktop.ui.models.looks import CellLook

OUTCOME_TONES = {"valid": "good", "invalid": "danger", "uncertain": "caution"}
SCORE = "score"
"""The column that is there only while calls like another are shown."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column.

    Attributes:
        id: what it is called in settings.
        heading: what stands over it.
        title: what it is called where it is chosen.
        order: what its heading puts the list in order by; empty where it cannot.
        sample: content that is as wide as most is.
        cell: how a call looks in it; handed how near the call is, in thousandths, or -1.
        right: whether it stands at the right.
        shown: whether it is shown while nobody chose.
    """

    id: str
    heading: str
    title: str
    order: str
    sample: str
    cell: Callable[[FoundTrace, int], CellLook]
    right: bool = False
    shown: bool = False


def _text(get: Callable[[FoundTrace], str]) -> Callable[[FoundTrace, int], CellLook]:
    return lambda found, _: CellLook(get(found), tone="muted")


def _right(get: Callable[[FoundTrace], str]) -> Callable[[FoundTrace, int], CellLook]:
    return lambda found, _: CellLook(get(found), tone="muted", right=True)


def _run(found: FoundTrace, _: int) -> CellLook:
    return CellLook(found.row.run_label, tone="muted", mono=True)


def _step(found: FoundTrace, _: int) -> CellLook:
    return CellLook(found.row.headline, strong=found.row.step)


def _outcome(found: FoundTrace, _: int) -> CellLook:
    outcome = found.row.outcome
    return CellLook(outcome, tone=OUTCOME_TONES.get(outcome, "danger"))


def _near(_: FoundTrace, score: int) -> CellLook:
    return CellLook(words.thousandths(score) if score >= 0 else "", right=True)


def _causes(found: FoundTrace) -> str:
    return ", ".join(map(check_words, found.causes))


COLUMNS: tuple[Column, ...] = (
    Column(SCORE, "score", "How near it is", "", "0.94", _near, right=True),
    Column("run", "run", "Run", "run", "run 0192", _run, shown=True),
    Column("step", "step", "Step and answer", "step", "", _step, shown=True),
    Column("outcome", "contract", "Contract", "outcome", "uncertai", _outcome, shown=True),
    Column(
        "duration",
        "time",
        "Duration",
        "duration",
        "99.99 s",
        _right(lambda found: words.duration(found.row.duration)),
        right=True,
        shown=True,
    ),
    Column(
        "tokens",
        "tokens",
        "Tokens",
        "tokens",
        "10,00",
        _right(lambda found: f"{found.row.tokens:,}"),
        right=True,
        shown=True,
    ),
    Column(
        "at",
        "recorded",
        "When recorded",
        "time",
        "2026-11-20 12:30:59",
        _text(lambda found: words.full_time(found.row.at)),
    ),
    Column(
        "cause", "failed checks", "Failed checks", "cause", "a check of some words", _text(_causes)
    ),
    Column("agent", "agent", "Agent", "agent", "release-plan", _text(lambda found: found.agent)),
    Column("model", "model", "Model", "model", "converge-nano", _text(lambda found: found.model)),
    Column(
        "version",
        "prompt",
        "Prompt version",
        "version",
        "evaluation:v2:nano",
        _text(lambda found: found.version),
    ),
    Column(
        "contract",
        "contract name",
        "Contract name",
        "contract",
        "contract name ↓",
        _text(lambda found: found.contract),
    ),
    Column(
        "grade", "replay", "Replay grade", "grade", "byte-exact", _text(lambda found: found.grade)
    ),
    Column(
        "first",
        "first token",
        "Time to the first token",
        "first",
        "first token ↓",
        _right(lambda found: words.duration(found.first_us)),
        right=True,
    ),
    Column(
        "prompt",
        "prompt tokens",
        "Prompt tokens",
        "prompt",
        "prompt tokens ↓",
        _right(lambda found: f"{found.prompt_tokens:,}"),
        right=True,
    ),
    Column(
        "reused",
        "kept tokens",
        "Prompt tokens that were kept",
        "reused",
        "kept tokens ↓",
        _right(lambda found: f"{found.reused_tokens:,}"),
        right=True,
    ),
    Column(
        "out",
        "answer tokens",
        "Answer tokens",
        "out",
        "answer tokens ↓",
        _right(lambda found: f"{found.output_tokens:,}"),
        right=True,
    ),
    Column("pack", "pack", "Pack", "", "release-readiness", _text(lambda found: found.pack)),
    Column("note", "note", "Note", "", "a note of some words", _text(lambda found: found.note)),
)
STANDARD = frozenset(column.id for column in COLUMNS if column.shown)
CHOOSABLE = tuple(column for column in COLUMNS if column.id not in {SCORE, "step"})
"""What can be shown or left out; what a call did always stands there."""
STRETCH = next(number for number, column in enumerate(COLUMNS) if column.id == "step")


@dataclass(frozen=True, slots=True)
class Order:
    """An order: what it is by, and what it is called in either direction."""

    title: str
    down: str
    up: str
    falls: bool = False
    """Whether it goes down at first."""


ORDER_WORDS: dict[str, Order] = {
    "time": Order("When recorded", "Newest", "Oldest", falls=True),
    "run": Order("Run", "Last run", "First run", falls=True),
    "step": Order("Step", "Step, Z to A", "Step, A to Z"),
    "outcome": Order("Contract", "Contract, Z to A", "Contract, A to Z"),
    "cause": Order("Failed checks", "Failed checks, Z to A", "Failed checks, A to Z", falls=True),
    "agent": Order("Agent", "Agent, Z to A", "Agent, A to Z"),
    "model": Order("Model", "Model, Z to A", "Model, A to Z"),
    "version": Order("Prompt version", "Prompt, Z to A", "Prompt, A to Z"),
    "contract": Order("Contract name", "Contract name, Z to A", "Contract name, A to Z"),
    "grade": Order("Replay grade", "Replay, Z to A", "Replay, A to Z"),
    "tokens": Order("Tokens", "Most tokens", "Fewest tokens", falls=True),
    "prompt": Order("Prompt tokens", "Longest prompt", "Shortest prompt", falls=True),
    "reused": Order("Prompt tokens that were kept", "Most kept", "Least kept", falls=True),
    "out": Order("Answer tokens", "Longest answer", "Shortest answer", falls=True),
    "first": Order("Time to the first token", "Slowest start", "Quickest start", falls=True),
    "duration": Order("Duration", "Slowest", "Quickest", falls=True),
    "headline": Order("Answer", "Answer, Z to A", "Answer, A to Z"),
}
"""How each of ``trace_model.ORDERS`` is called."""
