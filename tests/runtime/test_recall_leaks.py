"""D19: nothing leaks through recall, and how it recalled is told to the last field.

That citing a hint's id as evidence is a contract failure is held by ``test_hints``.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec import UNSET
from msgspec.structs import fields, replace

from converge_core.canonical import hash_bytes, hash_text
from converge_core.envelope import ReplayGrade
from converge_core.key import ContextKey as Key
from converge_core.ledger import Chain, Entry, encode_batch
from converge_core.recall import (
    RecallBudgets,
    RecallConsumer,
    RecallPolicy,
    RecallQuery,
    RecallStopReason,
    RecallUse,
)
from converge_core.recall_envelope import RecallProvenanceEnvelope
from converge_core.terms import ReviewTerms
from converge_desktop.adapters.recall.things import Collector, Thing
from converge_desktop.runtime.recall_answers import READS
from tests.core.kit import Play, fact, proposes, salts
from tests.core.test_votes import asked
from tests.runtime.recall_kit import PATIENCE_S, Bag, Followed, entries

OPEN = RecallPolicy(
    enabled=True,
    max_k_total=99,
    min_score_threshold=0,
    max_tokens_injection=100_000,
    budgets=RecallBudgets(max_latency_ms=20_000),
)
SECRETS = ("4111 1111 1111 1111", "ada@example.org", "+49 30 1234567")
PERSONAL = f"Refund {SECRETS[0]} of {SECRETS[1]}, call {SECRETS[2]}"


@pytest.fixture
def follow(tmp_path: Path) -> Iterator[list[Followed]]:
    """Ends what a test follows."""
    opened: list[Followed] = []
    yield opened
    for one in opened:
        one.thread.close()


def ledger_of(play: Play) -> list[Entry]:
    """Returns the records of a story."""
    chain, salt, found = Chain(), salts(), []
    for events, at in play.batches:
        _, written = encode_batch(events, chain, at, salt)
        chain = Chain(written[-1].head.seq, written[-1].hash)
        found += written
    return found


def test_personal_data_is_redacted_before_embedding_and_lies_in_no_file_of_recall(
    follow: list[Followed], tmp_path: Path
) -> None:
    """Of what was proposed and decided, of the reason, and of what is asked: not one secret."""
    play = asked(ReviewTerms(), proposes("planner", fact(Key.STRATEGIES, "plan", PERSONAL)))
    play.answer(play.gates()[0], "approve", reason=PERSONAL).go()
    ledger = ledger_of(play)
    followed = Followed(tmp_path / "recall", ledger=ledger)
    follow.append(followed)
    followed.until("ready", ledger[-1].head.seq)
    found = followed.thread.recall(RecallQuery(query_text=PERSONAL, top_k=50), OPEN)
    answer = found.result(PATIENCE_S)

    texts = [*followed.bag.texts, *(one.summary for one in answer.candidates)]
    kept = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    assert [] == [text for text in texts for secret in SECRETS if secret in text]
    assert not any(secret.encode() in kept for secret in SECRETS)
    assert any("Refund <card>" in text for text in texts)
    assert b"<card>" in kept  # so that the secret would have been seen there
    assert answer.envelope.redacted == len(SECRETS)


@pytest.mark.parametrize("asks", ["", "acme", "ACME", "acme' OR '1'='1", "%"])
def test_a_tenant_never_sees_what_is_anothers_whatever_it_asks(
    follow: list[Followed], tmp_path: Path, asks: str
) -> None:
    """Not by asking for everything that there is: each sees its own runs, nobody's name none."""
    followed = Followed(tmp_path / "recall")
    follow.append(followed)
    followed.until("ready", entries()[-1].head.seq)
    scope = asks or UNSET
    query = RecallQuery(query_text="Release on Monday", top_k=99, tenant_scope=scope)
    found = followed.thread.recall(query, OPEN).result(PATIENCE_S)
    runs = {one.provenance.run for one in found.candidates}

    match asks:
        case "":
            assert runs
            assert "run-0004" not in runs
        case "acme":
            assert {"run-0004"} == runs
        case _:
            assert set() == runs


def collected() -> list[Thing]:
    """Returns all that can be recalled, of whomever."""
    collector = Collector()
    return [thing for entry in entries() for thing in collector.take(entry)]


def test_the_provenance_envelope_is_complete(follow: list[Followed], tmp_path: Path) -> None:
    """Each of its fields says what was so; one that is added has to be held here as well."""
    followed = Followed(tmp_path / "recall", bag=Bag("words"))
    follow.append(followed)
    last = entries()[-1].head.seq
    followed.until("ready", last)
    query = RecallQuery(
        query_text="Release  1.0 for ada@example.org",
        top_k=2,
        consumer=RecallConsumer.PERSON,
    )
    policy = replace(OPEN, max_k_total=2)

    found = followed.thread.recall(query, policy).result(PATIENCE_S)

    plain = "Release 1.0 for <email>"
    embedded = Bag("words").embedded([plain], READS)
    corpus = followed.thread._corpus
    assert corpus is not None
    expected = {
        "query_hash": hash_text(query.query_text),
        "embedding_input_hash": hash_text(plain),
        "embedding_hash": hash_bytes(embedded.vectors[0].tobytes()),
        "embedder": "words",
        "embedder_hash": embedded.embedder.digest(),
        "embedder_grade": ReplayGrade.BYTE_EXACT,
        "corpus_fingerprint": corpus.fingerprint.digest(),
        "ledger_seq": last,
        "policy_hash": policy.digest(),
        "purpose": RecallUse.RUNTIME_AUGMENTATION,
        "consumers": (RecallConsumer.PERSON,),
        "exact": True,
        "searched": sum(not thing.tenant for thing in collected()),
        "redacted": 1,
        "stop_reason": RecallStopReason.REACHED_TOP_K,
    }
    envelope = found.envelope
    told = {field.name: getattr(envelope, field.name) for field in fields(RecallProvenanceEnvelope)}
    scores = told.pop("candidates")
    assert 0 < told.pop("latency_us") < PATIENCE_S * 1e6
    assert expected == told
    assert [
        (one.id, one.provenance.content_hash, one.provenance.seq, one.final_score, one.source_type)
        for one in found.candidates
    ] == [(one.id, one.content_hash, one.seq, one.score, one.source_type) for one in scores]
    assert 2 == len(scores)
