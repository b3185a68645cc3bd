"""What recall answers with, and how a question becomes an answer."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from msgspec import UNSET

from converge_core.canonical import hash_text
from converge_core.envelope import ReplayGrade
from converge_core.recall import (
    RecallBudgets,
    RecallCandidate,
    RecallPolicy,
    RecallProvenance,
    RecallQuery,
    RecallStopReason,
    candidate,
    choose,
)
from converge_core.recall_envelope import CandidateScore, RecallDowngrade, RecallProvenanceEnvelope
from converge_core.redaction import Redacted
from converge_core.trace import DecisionTrace
from converge_desktop.runtime.wording import plural, run_label

if TYPE_CHECKING:
    from converge_desktop.adapters.recall.things import Thing

ALIKE_FROM: Final = 670
"""The cosine, in thousandths, from which on two matters count as alike.

Chosen by labelled pairs as the lowest at which none of them was called alike that is not;
``tests/bench/recall_quality.py`` says what it is worth on others.
"""
PRECEDENTS: Final = RecallPolicy(
    enabled=True,
    max_k_total=5,
    min_score_threshold=ALIKE_FROM,
    budgets=RecallBudgets(max_latency_ms=1000),
)
"""How precedents are looked for: a person waits a little longer than a chain."""
LETTER: Final = "m"
"""What the cite ids of hints begin with; see ``state_layers.LETTERS``."""
LOOKED_AT: Final = 4
"""So many times what is wanted is looked at, because what says the same is shown once."""


@dataclass(frozen=True, slots=True)
class RecallAnswer:
    """What was found.

    Attributes:
        candidates: what is like what was asked, nearest first.
        envelope: how it was found, or why nothing was.
        stop_reason: why it is no more.
        seq: the last record of the ledger that was taken in; -1 for none.
        words: all that in a sentence for a person.
    """

    candidates: tuple[RecallCandidate, ...]
    envelope: RecallProvenanceEnvelope
    stop_reason: RecallStopReason
    seq: int
    words: str


@dataclass(frozen=True, slots=True)
class AlikeRow:
    """A decision about something like the matter at hand.

    ``corrected`` where what came of it was corrected since.
    """

    gate_id: str
    run_id: str
    run_label: str
    title: str
    verdict: str
    reason: str
    operator: str
    at: int
    score: int
    corrected: bool = False


@dataclass(frozen=True, slots=True)
class Alike:
    """What was decided about things like this; ``words`` say so where there is nothing."""

    rows: tuple[AlikeRow, ...]
    words: str
    seq: int
    envelope: RecallProvenanceEnvelope | None = None


def not_looked(
    query: RecallQuery, policy: RecallPolicy, text: Redacted
) -> RecallProvenanceEnvelope:
    """Returns what is on record of a question for which nothing could be searched.

    Args:
        query: what was asked.
        policy: under which policy.
        text: the question without personal data.
    """
    nothing = hash_text("")
    return RecallProvenanceEnvelope(
        query_hash=hash_text(query.query_text),
        embedding_input_hash=hash_text(" ".join(text.text.split())),
        embedding_hash=nothing,
        embedder="",
        embedder_hash=nothing,
        embedder_grade=ReplayGrade.RECORDED_ONLY,
        corpus_fingerprint=nothing,
        ledger_seq=-1,
        policy_hash=policy.digest(),
        purpose=query.use,
        consumers=(query.consumer,),
        exact=True,
        searched=0,
        redacted=text.count,
        candidates=(),
        stop_reason=RecallStopReason.UNAVAILABLE,
        latency_us=0,
    )


def candidate_of(thing: Thing, cosine: float) -> RecallCandidate:
    """Returns what was found as a candidate."""
    return candidate(
        thing.id,
        thing.summary,
        cosine,
        thing.kind,
        RecallProvenance(
            run=thing.run,
            seq=thing.seq,
            reference=thing.reference,
            content_hash=thing.content,
        ),
    )


def chosen(
    query: RecallQuery, policy: RecallPolicy, hits: Sequence[tuple[Thing, float]]
) -> tuple[tuple[RecallCandidate, ...], RecallStopReason]:
    """Returns what is shown of what was near, and why it is no more."""
    return choose(query, policy, [candidate_of(thing, cosine) for thing, cosine in hits])


def alike_rows(
    shown: Sequence[RecallCandidate], hits: Sequence[tuple[Thing, float]], but: str
) -> tuple[AlikeRow, ...]:
    """Returns decisions for a person, without that of the gate they are asked at."""
    things = {thing.id: thing for thing, _ in hits}
    found = [(things[one.id], one.final_score) for one in shown]
    return tuple(_alike_row(thing, score) for thing, score in found if thing.reference != but)


def _alike_row(thing: Thing, score: int) -> AlikeRow:
    said = json.loads(thing.detail)
    return AlikeRow(
        gate_id=thing.reference,
        run_id=thing.run,
        run_label=run_label(thing.run),
        title=said["title"],
        verdict=said["verdict"],
        reason=said["reason"],
        operator=said["operator"],
        at=thing.at,
        score=score,
        corrected=said.get("corrected", False),
    )


def alike_words(rows: Sequence[AlikeRow], reason: RecallStopReason, searched: int) -> str:
    """Says what was found for a person, or why there is nothing."""
    if rows:
        corrected = sum(row.corrected for row in rows)
        since = f" What came of {corrected} was corrected since." if corrected else ""
        return f"{plural(len(rows), 'decision')} about things like this.{since}"
    match reason:
        case RecallStopReason.LATENCY_EXCEEDED:
            return "Precedents were not looked for: the model is busy. Look again in a while."
        case RecallStopReason.UNAVAILABLE:
            return "Precedents cannot be looked for yet."
        case _ if not searched:
            return "Nothing has been decided on this desk yet."
        case _:
            return "Nothing like this has been decided on this desk."


def recall_words(
    found: Sequence[RecallCandidate | CandidateScore], reason: RecallStopReason
) -> str:
    """Says in a sentence what was found, or why nothing was."""
    if found:
        return f"{plural(len(found), 'hint')}; {_WHY[reason]}."
    return f"No hint: {_WHY[reason]}."


_WHY: Final = {
    RecallStopReason.REACHED_TOP_K: "no more were wanted",
    RecallStopReason.BUDGET_EXHAUSTED: "the budget was used up",
    RecallStopReason.BELOW_THRESHOLD: "nothing else is near enough",
    RecallStopReason.TOKEN_LIMIT_REACHED: "there is no room for more",
    RecallStopReason.LATENCY_EXCEEDED: "looking took too long",
    RecallStopReason.EMBEDDER_NOT_DETERMINISTIC: "the embedder does not repeat itself",
    RecallStopReason.TENANT_SCOPE_MISSING: "it was not said whose things to look at",
    RecallStopReason.NOTHING_MORE: "there is nothing more",
    RecallStopReason.UNAVAILABLE: "nothing could be searched",
}


def recall_rows(trace: DecisionTrace) -> tuple[tuple[str, str], ...]:
    """Says what was recalled for a model call, how, and what that does to its replay grade."""
    recall = trace.call.recall
    if recall is UNSET:
        return ()
    shown = [one for one in trace.call.state if one.cite.startswith(LETTER)]
    hints = [
        (hint.cite, f"{hint.shown} ({one.source_type}, record {one.seq:,}, {one.score / 1000:.2f})")
        for hint, one in zip(shown, recall.candidates, strict=False)
    ]
    return (
        *hints,
        ("found", recall_words(recall.candidates, recall.stop_reason)),
        *how_rows(recall),
        ("left out of the question", plural(recall.redacted, "piece") + " of personal data"),
        ("replay", grade_words(recall)),
        ("query", recall.query_hash),
        ("embedding", recall.embedding_hash),
        ("embedder", recall.embedder_hash),
        ("corpus", recall.corpus_fingerprint),
        ("policy", recall.policy_hash),
    )


def how_rows(recall: RecallProvenanceEnvelope) -> tuple[tuple[str, str], ...]:
    """Says among what it was looked, how, by which model, and how long that took."""
    looked = "every one" if recall.exact else "those that an index named"
    upto = f"record {recall.ledger_seq:,}" if recall.ledger_seq >= 0 else "no record"
    embedder = f"{recall.embedder}, {recall.embedder_grade}" if recall.embedder else "no model"
    return (
        ("among", plural(recall.searched, "thing")),
        ("up to", upto),
        ("looked at", looked),
        ("embedded by", embedder),
        ("took", f"{recall.latency_us / 1000:,.1f} ms"),
    )


def grade_words(recall: RecallProvenanceEnvelope) -> str:
    """Says what recall does to the replay grade of the call that was shown it."""
    if not recall.candidates:
        return "nothing was shown, so nothing has to be found again"
    why = [_LOWERS[one] for one in recall.downgrades]
    if not why:
        return f"the same hints are found again over the same ledger: {recall.embedder_grade}"
    grade = recall.grade(ReplayGrade.BYTE_EXACT)
    return f"lowered to {grade}: {' and '.join(why)}"


_LOWERS: Final = {
    RecallDowngrade.EMBEDDER_NOT_DETERMINISTIC: "the embedder does not repeat itself here",
    RecallDowngrade.INDEX_APPROXIMATE: "an index may find others next time",
}
