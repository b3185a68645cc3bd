"""What is told of recorded model calls that somebody looks for."""

from __future__ import annotations

from dataclasses import dataclass

from converge_desktop.runtime.review_model import TraceRow

ORDERS = (
    "time",
    "run",
    "step",
    "outcome",
    "cause",
    "agent",
    "model",
    "version",
    "contract",
    "grade",
    "tokens",
    "prompt",
    "reused",
    "out",
    "first",
    "duration",
    "headline",
)
"""What model calls can be put in order by."""
FIELD_NAMES = (
    *("step", "valid", "outcome", "cause", "after", "before", "on", "agent", "model", "version"),
    *("contract", "pack", "run", "grade", "age", "tokens", "prompt", "reused", "out", "duration"),
    *("first", "headline", "output", "note"),
)
"""What a filter of model calls can name, for whoever cannot wait for what compares it."""


@dataclass(frozen=True, slots=True)
class FoundTrace:
    """A model call of a set.

    Attributes:
        row: what a list shows of every call.
        seq: the record that says it.
        pack: the pack its run is of.
        agent: who asked.
        model: which model.
        version: of the prompt.
        contract: of the answer.
        grade: how exactly it can be had again.
        causes: the checks that failed, by name.
        prompt_tokens: tokens of the prompt.
        reused_tokens: those of them that were kept from before.
        output_tokens: tokens of the answer.
        first_us: microseconds to the first token.
        note: what people noted about it; empty where nobody did.
    """

    row: TraceRow
    seq: int
    pack: str
    agent: str
    model: str
    version: str
    contract: str
    grade: str
    causes: tuple[str, ...]
    prompt_tokens: int
    reused_tokens: int
    output_tokens: int
    first_us: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class TraceSet:
    """The model calls that fit a filter, in order; they are had page by page, by ``token``.

    The index followed the ledger, whose last record is ``seq``, up to record ``as_of`` then; what
    came later is in no page of it. ``first`` are the calls that it begins with, as many as were
    asked for at once.
    """

    total: int
    seq: int
    as_of: int
    token: int
    first: tuple[FoundTrace, ...] = ()


@dataclass(frozen=True, slots=True)
class LikeTraces:
    """Model calls like one of them, nearest first.

    ``found`` is the set of them, ``scores`` how near each is, in thousandths; ``words`` say it in a
    sentence, or why there are none.
    """

    found: TraceSet
    scores: tuple[int, ...]
    words: str


@dataclass(frozen=True, slots=True)
class IndexState:
    """How the index over model calls stands.

    ``state`` is ``opening``, ``filling``, ``ready`` or ``failed``; ``as_of`` is the record up to
    which it followed the ledger, -1 before the first, and ``seq`` the ledger's last. ``problem``
    says in a sentence why it failed; or, where it did not, why what it came to cannot be kept.
    """

    state: str = "opening"
    as_of: int = -1
    seq: int = -1
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Note:
    """What somebody noted about a model call: words about a record, and no part of it."""

    trace_id: str
    seq: int
    hash: str
    text: str
    by: str
    at: int


class TraceProblem(Exception):
    """A question about model calls that cannot be answered; the text says why and what to do."""
