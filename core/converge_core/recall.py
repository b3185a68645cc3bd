"""Recall: what was found, proposed and decided about things like this (vocabulary, 1.10 and 2.9).

What is recalled is a hint and never evidence: it is shown with a mark, and no answer may cite it.
Everything here is worked out from what it is given; who searches, and how, is none of its business.
Scores are cosines in thousandths, because what is hashed holds no floats.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Final

import msgspec
from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from converge_core.canonical import MAX_INTEGER, ContentHash, hash_record
from converge_core.errors import ConvergeError
from converge_core.record import Record

HIGH: Final = 800
MEDIUM: Final = 500
"""From which score on a candidate is of high, and of medium, relevance."""
LETTERS_A_TOKEN: Final = 4
"""What a token is reckoned at where no tokenizer is at hand (vocabulary: ``estimated_tokens``)."""
MOST_QUERY: Final = 10_000

Thousandths = Annotated[int, msgspec.Meta(ge=0, le=1000)]
Count = Annotated[int, msgspec.Meta(ge=0, le=MAX_INTEGER)]


class RecallRefused(ConvergeError):
    """A policy does not allow what recall was asked for; the text says what and why."""


class RecallUse(StrEnum):
    """What recall is used for."""

    RUNTIME_AUGMENTATION = "runtime-augmentation"
    """To show a model or a person what is like the matter at hand."""
    TRAINING_CANDIDATE_SELECTION = "training-candidate-selection"
    """To choose examples to train on; nothing recalled is one by itself."""


class RecallConsumer(StrEnum):
    """Who gets what is recalled."""

    KERNEL = "kernel"
    ANALYTICS = "analytics"
    TRAINER = "trainer"
    PERSON = "person"
    """Our own: a person at the desk, who looks for precedents."""


class RecallSource(StrEnum):
    """What was recalled."""

    FACT = "fact"
    PROPOSAL = "proposal"
    DECISION = "decision"
    FAILURE = "failure"
    """What went wrong: an agent that failed, a proposal that was refused."""


class RecallTrigger(StrEnum):
    """When a step of a chain recalls."""

    NEVER = "never"
    ALWAYS = "always"
    ON_REQUEST = "on-request"
    """Where whoever begins the run asks for it."""


class RecallStopReason(StrEnum):
    """Why no more was taken."""

    REACHED_TOP_K = "reached-top-k"
    BUDGET_EXHAUSTED = "budget-exhausted"
    BELOW_THRESHOLD = "below-threshold"
    TOKEN_LIMIT_REACHED = "token-limit-reached"  # noqa: S105 - a word, and no secret
    LATENCY_EXCEEDED = "latency-exceeded"
    EMBEDDER_NOT_DETERMINISTIC = "embedder-not-deterministic"
    TENANT_SCOPE_MISSING = "tenant-scope-missing"
    NOTHING_MORE = "nothing-more"
    """Our own: all there was has been looked at."""
    UNAVAILABLE = "unavailable"
    """Our own: there is no embedder, or nothing to search yet."""


class Relevance(StrEnum):
    """How much a candidate is like what was asked, in a word."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


def relevance_of(score: int) -> Relevance:
    """Returns the word for a score in thousandths."""
    if score >= HIGH:
        return Relevance.HIGH
    return Relevance.MEDIUM if score >= MEDIUM else Relevance.LOW


class RecallBudgets(Record, frozen=True):
    """What one recall may cost."""

    max_latency_ms: Annotated[int, msgspec.Meta(ge=1, le=60_000)] = 100
    max_embedding_calls: Annotated[int, msgspec.Meta(ge=0, le=100)] = 3
    max_tokens_per_candidate: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 100


class RecallPolicy(Record, frozen=True):
    """What a policy allows of recall.

    Attributes:
        enabled: whether there is any.
        max_k_total: how many candidates are shown at most.
        max_tokens_injection: how many tokens they take together at most.
        min_score_threshold: the least score of one, in thousandths.
        budgets: what one recall may cost.
        allowed_uses: what it may be used for.
        tenant_required: whether a query has to say whose things it is about.
        steps: when each step of a chain recalls; one that is not named does so on request.
    """

    enabled: bool = False
    max_k_total: Annotated[int, msgspec.Meta(ge=0, le=99)] = 5
    max_tokens_injection: Annotated[int, msgspec.Meta(ge=0, le=100_000)] = 500
    min_score_threshold: Thousandths = 500
    budgets: RecallBudgets = RecallBudgets()
    allowed_uses: tuple[RecallUse, ...] = (RecallUse.RUNTIME_AUGMENTATION,)
    tenant_required: bool = False
    steps: dict[str, RecallTrigger] = msgspec.field(default_factory=dict)

    def digest(self) -> ContentHash:
        """Returns the hash of the policy."""
        return hash_record(self)

    def trigger(self, step: str) -> RecallTrigger:
        """Returns when a step recalls."""
        return self.steps.get(step, RecallTrigger.ON_REQUEST)


class RecallQuery(Record, frozen=True):
    """What is looked for.

    Attributes:
        query_text: the matter at hand, in words.
        top_k: how many candidates are wanted.
        step_context: the step that asks; unset where none does.
        tenant_scope: whose things alone are looked at; unset for those that are nobody's.
        sources: what kinds of things are looked for; all where it is empty.
        but_run: the run whose own things are no hint to it; unset for none.
        use: what for.
        consumer: who gets it.
    """

    query_text: Annotated[str, msgspec.Meta(min_length=1, max_length=MOST_QUERY)]
    top_k: Annotated[int, msgspec.Meta(ge=1, le=99)] = 5
    step_context: str | UnsetType = UNSET
    tenant_scope: str | UnsetType = UNSET
    sources: tuple[RecallSource, ...] = ()
    but_run: str | UnsetType = UNSET
    use: RecallUse = RecallUse.RUNTIME_AUGMENTATION
    consumer: RecallConsumer = RecallConsumer.KERNEL

    @property
    def tenant(self) -> str:
        """Whose things are looked at; empty for nobody's."""
        return "" if self.tenant_scope is UNSET else self.tenant_scope


class RecallProvenance(Record, frozen=True):
    """Where a candidate comes from, in the ledger of its desk.

    Attributes:
        run: its run.
        seq: the record that tells of it.
        reference: its id: of a fact, a proposal, a gate or an agent.
        content_hash: the hash of the text it was found by, as it was embedded.
    """

    run: str
    seq: Count
    reference: str
    content_hash: ContentHash


class RecallCandidate(Record, frozen=True):
    """Something like what was asked for.

    Attributes:
        id: what it is called among what can be recalled.
        summary: what it says, cut to its budget.
        raw_score: the cosine, in thousandths.
        final_score: the same, nothing below nought.
        relevance: that in a word.
        source_type: what it is.
        provenance: where it comes from.
    """

    id: str
    summary: str
    raw_score: Annotated[int, msgspec.Meta(ge=-1000, le=1000)]
    final_score: Thousandths
    relevance: Relevance
    source_type: RecallSource
    provenance: RecallProvenance


def candidate(
    name: str, summary: str, cosine: float, source: RecallSource, provenance: RecallProvenance
) -> RecallCandidate:
    """Returns what was found as a candidate; its cosine becomes thousandths."""
    raw = max(-1000, min(1000, round(cosine * 1000)))
    score = max(0, raw)
    return RecallCandidate(
        id=name,
        summary=summary,
        raw_score=raw,
        final_score=score,
        relevance=relevance_of(score),
        source_type=source,
        provenance=provenance,
    )


def require_allowed(query: RecallQuery, policy: RecallPolicy) -> None:
    """Lets a query pass that its policy allows.

    Raises:
        RecallRefused: if there is no recall, or none for that use.
    """
    if not policy.enabled:
        raise RecallRefused("the policy allows no recall; have it changed by whoever may")
    if query.use not in policy.allowed_uses:
        allowed = ", ".join(policy.allowed_uses) or "nothing"
        raise RecallRefused(f"the policy allows recall for {allowed}, and not for {query.use}")


def choose(
    query: RecallQuery, policy: RecallPolicy, found: Sequence[RecallCandidate]
) -> tuple[tuple[RecallCandidate, ...], RecallStopReason]:
    """Returns what is shown of what was found, nearest first, and why it is no more.

    What says the same is shown once: a decision before the fact it led to, and that before the
    proposal it was. Ties go by what came first in the ledger, so that the same things found give
    the same things shown.
    """
    most = min(query.top_k, policy.max_k_total)
    left = policy.max_tokens_injection
    shown: list[RecallCandidate] = []
    said: set[str] = set()
    for one in sorted(found, key=_order):
        if one.final_score < policy.min_score_threshold:
            return tuple(shown), RecallStopReason.BELOW_THRESHOLD
        if len(shown) >= most:
            return tuple(shown), RecallStopReason.REACHED_TOP_K
        summary = cut(one.summary, policy.budgets.max_tokens_per_candidate)
        if not _says(one, summary).isdisjoint(said):
            continue
        left -= tokens_in(summary)
        if left < 0:
            return tuple(shown), RecallStopReason.TOKEN_LIMIT_REACHED
        said |= {summary, one.provenance.content_hash}
        shown.append(replace(one, summary=summary))
    reached = len(shown) >= most
    return tuple(shown), (
        RecallStopReason.REACHED_TOP_K if reached else RecallStopReason.NOTHING_MORE
    )


_RANK: Final = (
    *(RecallSource.DECISION, RecallSource.FAILURE, RecallSource.FACT, RecallSource.PROPOSAL),
)


def _order(one: RecallCandidate) -> tuple[int, int, int, str]:
    return -one.raw_score, _RANK.index(one.source_type), one.provenance.seq, one.id


def _says(one: RecallCandidate, summary: str) -> set[str]:
    """Returns what a candidate says that somebody else may have said already."""
    judges = one.source_type in {RecallSource.DECISION, RecallSource.FAILURE}
    return {summary} if judges else {summary, one.provenance.content_hash}


def tokens_in(text: str) -> int:
    """Returns about how many tokens a text takes."""
    return -(-len(text) // LETTERS_A_TOKEN)


def cut(text: str, tokens: int) -> str:
    """Returns a text on one line, of no more than so many tokens."""
    line, most = " ".join(text.split()), tokens * LETTERS_A_TOKEN
    return line if len(line) <= most else f"{line[: most - 1]}…"
