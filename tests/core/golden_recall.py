"""What is recalled, as the golden files hold it: no field is left at its default."""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from converge_core.canonical import hash_text
from converge_core.envelope import ReplayGrade
from converge_core.recall import (
    RecallBudgets,
    RecallCandidate,
    RecallConsumer,
    RecallPolicy,
    RecallProvenance,
    RecallQuery,
    RecallSource,
    RecallStopReason,
    RecallTrigger,
    RecallUse,
    Relevance,
)
from converge_core.recall_envelope import (
    CandidateScore,
    CorpusFingerprint,
    EmbedderIdentity,
    RecallProvenanceEnvelope,
)

BUDGETS = RecallBudgets(max_latency_ms=50, max_embedding_calls=1, max_tokens_per_candidate=60)
POLICY = RecallPolicy(
    enabled=True,
    max_k_total=3,
    max_tokens_injection=300,
    min_score_threshold=600,
    budgets=BUDGETS,
    allowed_uses=(RecallUse.TRAINING_CANDIDATE_SELECTION, RecallUse.RUNTIME_AUGMENTATION),
    tenant_required=True,
    steps={"reasoning": RecallTrigger.ALWAYS},
)
QUERY = RecallQuery(
    query_text="Is 1.0 fit to be released?",
    top_k=3,
    step_context="reasoning",
    tenant_scope="acme",
    sources=(RecallSource.DECISION,),
    but_run="run-0002",
    use=RecallUse.TRAINING_CANDIDATE_SELECTION,
    consumer=RecallConsumer.TRAINER,
)
PROVENANCE = RecallProvenance(
    run="run-0001",
    seq=7,
    reference="gate:run-0001/2/planning/0",
    content_hash=hash_text("Release 0.9"),
)
CANDIDATE = RecallCandidate(
    id="decision:7",
    summary="approved: Release 0.9",
    raw_score=812,
    final_score=812,
    relevance=Relevance.HIGH,
    source_type=RecallSource.DECISION,
    provenance=PROVENANCE,
)
SCORE = CandidateScore(
    id="decision:7",
    content_hash=hash_text("Release 0.9"),
    seq=7,
    score=812,
    source_type=RecallSource.DECISION,
)
EMBEDDER = EmbedderIdentity(
    model="all-MiniLM-L6-v2",
    model_sha256=hash_text("model"),
    tokenizer_hash=hash_text("tokenizer"),
    reads=256,
    width=384,
    build="llama.cpp 0.5.0",
    cpu="AVX = 1",
)
CORPUS = CorpusFingerprint(
    schema_version=1,
    embedder_hash=EMBEDDER.digest(),
    ledger_seq=41,
    rows=12,
    content_hash=hash_text("rows"),
)
ENVELOPE = RecallProvenanceEnvelope(
    query_hash=hash_text(QUERY.query_text),
    embedding_input_hash=hash_text(QUERY.query_text),
    embedding_hash=hash_text("vector"),
    embedder=EMBEDDER.model,
    embedder_hash=EMBEDDER.digest(),
    embedder_grade=ReplayGrade.BYTE_EXACT,
    corpus_fingerprint=CORPUS.digest(),
    ledger_seq=41,
    policy_hash=POLICY.digest(),
    purpose=RecallUse.RUNTIME_AUGMENTATION,
    consumers=(RecallConsumer.KERNEL,),
    exact=True,
    searched=12,
    redacted=1,
    candidates=(SCORE,),
    stop_reason=RecallStopReason.BELOW_THRESHOLD,
    latency_us=4_200,
)
FULL: list[msgspec.Struct] = [
    *(BUDGETS, POLICY, QUERY, PROVENANCE, CANDIDATE, SCORE, EMBEDDER, CORPUS, ENVELOPE),
]


def downgraded(
    grade: ReplayGrade = ReplayGrade.BYTE_EXACT, *, exact: bool = True
) -> RecallProvenanceEnvelope:
    """Returns how something was recalled by an embedder of that grade."""
    return replace(ENVELOPE, embedder_grade=grade, exact=exact)
