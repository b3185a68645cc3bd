"""How a question is answered: embedded without personal data, searched, cut to its budgets."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as TookTooLong
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from msgspec.structs import replace

from converge_core.canonical import hash_bytes, hash_text
from converge_core.envelope import ReplayGrade
from converge_core.recall import RecallCandidate, RecallPolicy, RecallQuery, RecallStopReason
from converge_core.recall_envelope import score_of
from converge_core.redaction import redact
from converge_desktop.runtime.recalling import (
    LOOKED_AT,
    RecallAnswer,
    chosen,
    not_looked,
    recall_words,
)

if TYPE_CHECKING:
    from converge_desktop.adapters.models.llama_embedding import Embedded, Vectors
    from converge_desktop.adapters.recall.corpus import Corpus, Found
    from converge_desktop.adapters.recall.things import Thing

READS: Final = 256
"""How many tokens of a text are read: as many as the shipped embedder was trained with."""
KEPT: Final = 64
"""Vectors of questions that are kept, because the same review is opened again and again."""


class Embeds(Protocol):
    """What embeds texts, on a thread of its own."""

    def __call__(
        self, texts: Sequence[str], most: int, cancelled: Callable[[], bool], *, asked: bool
    ) -> Future[Embedded]:
        """Embeds texts, of which ``most`` tokens are read; sooner where somebody ``asked``."""


Hits = Sequence[tuple["Thing", float]]
"""What was near, nearest first, with its cosines."""


@dataclass(frozen=True, slots=True)
class Question:
    """What somebody asked, and when; ``answer`` is for the answer and all that was near."""

    query: RecallQuery
    policy: RecallPolicy
    asked_at: float
    answer: Future[tuple[RecallAnswer, Hits]]


class Answerer:
    """Answers questions from a corpus; used by the one thread that owns that.

    Args:
        embeds: what embeds.
        cancelled: whether to give up.
        monotonic: the time that latency is measured by, in seconds.
    """

    def __init__(
        self, embeds: Embeds, cancelled: Callable[[], bool], monotonic: Callable[[], float]
    ) -> None:
        self._embeds = embeds
        self._cancelled = cancelled
        self._monotonic = monotonic
        self._asked: OrderedDict[str, Vectors] = OrderedDict()

    def answer(
        self, question: Question, corpus: Corpus | None, embedder: str, grade: ReplayGrade
    ) -> tuple[RecallAnswer, Hits]:
        """Returns the answer, and all that was near.

        Raises:
            TableBroken: if what is to be searched is gone.
        """
        query, policy = question.query, question.policy
        text = redact(query.query_text)
        plain = " ".join(text.text.split())
        reason = _why_not(corpus, query, policy)
        vector: Vectors | None = None
        if reason is None:
            try:
                vector = self._vector(plain, self._left(question))
            except TookTooLong:
                reason = RecallStopReason.LATENCY_EXCEEDED
            except Exception:
                # Whoever asks goes on without; that the model fails is told where it follows.
                if self._cancelled():
                    raise
                reason = RecallStopReason.UNAVAILABLE
        shown: tuple[RecallCandidate, ...] = ()
        found: Found | None = None
        if corpus is not None and vector is not None:
            wanted = query.top_k * LOOKED_AT
            but = query.but_run or ""
            found = corpus.search(vector, query.tenant, query.sources, wanted, but)
            shown, reason = chosen(query, policy, found.hits)
            if self._left(question) <= 0:
                shown, reason = (), RecallStopReason.LATENCY_EXCEEDED
        reason = reason or RecallStopReason.UNAVAILABLE
        seq = corpus.head.seq if corpus is not None else -1
        envelope = replace(
            not_looked(query, policy, text),
            embedding_hash=hash_bytes(vector.tobytes() if vector is not None else b""),
            embedder=embedder,
            embedder_hash=corpus.head.embedder if corpus is not None else hash_text(""),
            embedder_grade=grade,
            corpus_fingerprint=corpus.fingerprint.digest() if corpus else hash_text(""),
            ledger_seq=seq,
            exact=found.exact if found else True,
            searched=found.searched if found else 0,
            candidates=tuple(map(score_of, shown)),
            stop_reason=reason,
            latency_us=round((self._monotonic() - question.asked_at) * 1e6),
        )
        words = recall_words(shown, reason)
        return RecallAnswer(shown, envelope, reason, seq, words), found.hits if found else ()

    def _vector(self, text: str, left: float) -> Vectors:
        if text in self._asked:
            self._asked.move_to_end(text)
            return self._asked[text]
        embedding = self._embeds([text], READS, self._cancelled, asked=True)
        try:
            vector: Vectors = embedding.result(timeout=max(left, 0.0)).vectors[0]
        except TookTooLong:
            embedding.cancel()
            raise
        self._asked[text] = vector
        if len(self._asked) > KEPT:
            self._asked.popitem(last=False)
        return vector

    def _left(self, question: Question) -> float:
        """Returns how many seconds of its budget a question has left."""
        most = question.policy.budgets.max_latency_ms / 1000
        return question.asked_at + most - self._monotonic()


def _why_not(
    corpus: Corpus | None, query: RecallQuery, policy: RecallPolicy
) -> RecallStopReason | None:
    """Returns why nothing is looked for, if nothing is."""
    if corpus is None:
        return RecallStopReason.UNAVAILABLE
    if policy.tenant_required and not query.tenant:
        return RecallStopReason.TENANT_SCOPE_MISSING
    if policy.budgets.max_embedding_calls < 1:
        return RecallStopReason.BUDGET_EXHAUSTED
    return None
