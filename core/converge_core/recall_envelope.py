"""How something was recalled, on record with the model call that was shown it.

It says what was asked of what, by what it was embedded, and what was found and shown, so that
whoever reads the trace can tell where each hint came from and whether it would be found again.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from msgspec.structs import replace

from converge_core.canonical import ContentHash, hash_record
from converge_core.envelope import ReplayGrade
from converge_core.recall import (
    Count,
    RecallCandidate,
    RecallConsumer,
    RecallSource,
    RecallStopReason,
    RecallUse,
    Thousandths,
)
from converge_core.record import Record


class CandidateScore(Record, frozen=True):
    """A candidate on record: which, how near, and whether it was shown."""

    id: str
    content_hash: ContentHash
    seq: Count
    score: Thousandths
    source_type: RecallSource


class CorpusFingerprint(Record, frozen=True):
    """What was searched: two with the same digest hold the same things in the same order.

    Attributes:
        schema_version: how its rows are made from the ledger.
        embedder_hash: what embedded them.
        ledger_seq: the last record it takes in.
        rows: how many things it holds.
        content_hash: the hash of their hashes, in order.
    """

    schema_version: Count
    embedder_hash: ContentHash
    ledger_seq: int
    rows: Count
    content_hash: ContentHash

    def digest(self) -> ContentHash:
        """Returns the hash of it all."""
        return hash_record(self)


class EmbedderIdentity(Record, frozen=True):
    """What embeds, as far as the bits of its vectors depend on it.

    Attributes:
        model: its name.
        model_sha256: its file.
        tokenizer_hash: how its texts are read.
        reads: how many tokens of a text it reads at most.
        width: how many numbers its vectors have.
        build: the library that computes.
        cpu: the processor features it uses.
    """

    model: str
    model_sha256: str
    tokenizer_hash: str
    reads: Count
    width: Count
    build: str
    cpu: str

    def digest(self) -> ContentHash:
        """Returns the hash of it all."""
        return hash_record(self)


class RecallDowngrade(StrEnum):
    """Why what was recalled may not be found again alike (vocabulary, 1.6)."""

    EMBEDDER_NOT_DETERMINISTIC = "recall-embedder-not-deterministic"
    INDEX_APPROXIMATE = "recall-index-approximate"
    """Our own: an index looked for what is near and may miss some of it."""


class RecallProvenanceEnvelope(Record, frozen=True):
    """How something was recalled: all that determines what was found, and what was.

    Attributes:
        query_hash: the hash of the question as it was asked.
        embedding_input_hash: the hash of what was embedded, personal data left out.
        embedding_hash: the hash of the vector that came of it.
        embedder: what embedded it.
        embedder_hash: the hash of what embedded it.
        embedder_grade: how exactly that repeats itself here, as measured.
        corpus_fingerprint: the digest of what was searched.
        ledger_seq: the last record that this takes in.
        policy_hash: the policy it was done under.
        purpose: what for.
        consumers: who got it.
        exact: whether every vector was looked at, and no index left some out.
        searched: how many things were looked at, or stood in the index.
        redacted: how many pieces of personal data were left out of the question.
        candidates: what was shown, nearest first.
        stop_reason: why no more was.
        latency_us: how long it took.
    """

    query_hash: ContentHash
    embedding_input_hash: ContentHash
    embedding_hash: ContentHash
    embedder: str
    embedder_hash: ContentHash
    embedder_grade: ReplayGrade
    corpus_fingerprint: ContentHash
    ledger_seq: int
    policy_hash: ContentHash
    purpose: RecallUse
    consumers: tuple[RecallConsumer, ...]
    exact: bool
    searched: Count
    redacted: Count
    candidates: tuple[CandidateScore, ...]
    stop_reason: RecallStopReason
    latency_us: Count

    @property
    def downgrades(self) -> tuple[RecallDowngrade, ...]:
        """Why the same may not be found again; empty where it will be."""
        found = []
        if self.embedder_grade not in _REPEATS:
            found.append(RecallDowngrade.EMBEDDER_NOT_DETERMINISTIC)
        if not self.exact:
            found.append(RecallDowngrade.INDEX_APPROXIMATE)
        return tuple(found) if self.candidates else ()

    def grade(self, call: ReplayGrade) -> ReplayGrade:
        """Returns how exactly a call can be had again that was shown this.

        Args:
            call: how exactly it could without.
        """
        if not self.candidates:
            return call
        mine = self.embedder_grade if self.exact else ReplayGrade.RECORDED_ONLY
        return max(call, mine, key=list(ReplayGrade).index)

    def matches_for_replay(self, other: RecallProvenanceEnvelope) -> bool:
        """Whether another recall asked the same of the same and was given the same."""
        return _same(self) == _same(other)


_REPEATS: Final = frozenset({ReplayGrade.BYTE_EXACT, ReplayGrade.ENVELOPE_EXACT})


def _same(envelope: RecallProvenanceEnvelope) -> RecallProvenanceEnvelope:
    return replace(envelope, latency_us=0)


def score_of(one: RecallCandidate) -> CandidateScore:
    """Returns what is recorded of a candidate that was shown."""
    return CandidateScore(
        id=one.id,
        content_hash=one.provenance.content_hash,
        seq=one.provenance.seq,
        score=one.final_score,
        source_type=one.source_type,
    )
