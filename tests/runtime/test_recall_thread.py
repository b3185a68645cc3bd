"""D19: recall follows the ledger from behind, comes back when deleted, and keeps its budgets."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from converge_core.canonical import hash_text
from converge_core.recall import (
    RecallBudgets,
    RecallConsumer,
    RecallPolicy,
    RecallQuery,
    RecallRefused,
    RecallSource,
    RecallStopReason,
    RecallUse,
)
from converge_desktop.adapters.recall.rows import HEAD, TABLE, THINGS
from tests.adapters.test_recall_standing import corrected_ledger
from tests.runtime.recall_kit import PATIENCE_S, Bag, Followed, entries

LAST = entries()[-1].head.seq
OPEN = RecallPolicy(enabled=True, budgets=RecallBudgets(max_latency_ms=20_000))
RELEASE = RecallQuery(query_text="Release 1.0")
Follow = Callable[..., Followed]


@pytest.fixture
def follow(tmp_path: Path) -> Iterator[Follow]:
    """Begins to follow the golden ledger; ends what a test leaves open."""
    opened: list[Followed] = []

    def begin(**more: object) -> Followed:
        one = Followed(tmp_path / "recall", **more)  # type: ignore[arg-type]
        opened.append(one)
        return one

    yield begin
    for one in opened:
        one.thread.close()


def test_what_the_ledger_holds_can_be_recalled(follow: Follow) -> None:
    """The answer says how far into the ledger it reaches, and how it was found."""
    followed = follow()
    followed.until("ready", LAST)

    found = followed.thread.recall(RELEASE, OPEN).result(PATIENCE_S)

    assert (LAST, "Release 1.0") == (found.seq, found.candidates[0].summary.partition(": ")[2][:11])
    envelope = found.envelope
    assert (hash_text("Release 1.0"), "bag", True) == (
        envelope.query_hash,
        envelope.embedder,
        envelope.exact,
    )
    assert [one.id for one in found.candidates] == [one.id for one in envelope.candidates]
    assert OPEN.digest() == envelope.policy_hash
    assert (RecallConsumer.KERNEL,) == envelope.consumers


def test_each_text_is_embedded_once(follow: Follow) -> None:
    """Whatever is told twice is known by the hash of its text."""
    followed = follow()
    followed.until("ready", LAST)
    [_, *embedded] = followed.bag.texts

    assert len(set(embedded)) == len(embedded)
    assert "Release 1.0" in embedded


def test_it_keeps_up_with_what_is_added(follow: Follow) -> None:
    """From where it was, and no more of it than is new."""
    followed = follow(ledger=entries()[:60])
    followed.until("ready", 59)
    before = len(followed.bag.texts)

    followed.ledger += entries()[60:]
    followed.thread.follow()
    followed.until("ready", LAST)

    assert "Release on Monday" in followed.bag.texts[before:]
    assert "0 tests failed" not in followed.bag.texts[before:]


def test_it_goes_on_where_it_was_when_it_is_opened_again(follow: Follow) -> None:
    """A run that was under way then is known as it was; nothing is embedded again."""
    first = follow(ledger=entries()[:30])
    first.until("ready", 29)
    first.thread.close()

    again = follow(bag=Bag())
    again.until("ready", LAST)
    query = replace(RELEASE, sources=(RecallSource.DECISION,))
    found = again.thread.recall(query, OPEN).result(PATIENCE_S)

    assert "0 tests failed" not in again.bag.texts
    assert ["gate:run-0001/2/planning/0"] == [
        one.provenance.reference for one in found.candidates if one.final_score == 1000
    ]


def test_the_folder_can_be_deleted_while_it_runs_and_comes_back(follow: Follow) -> None:
    """Just as it was, without embedding anything again; who asks meanwhile is answered."""
    followed = follow()
    followed.until("ready", LAST)
    before = followed.thread.recall(RELEASE, OPEN).result(PATIENCE_S)
    embedded, told = list(followed.bag.texts), len(followed.told)

    shutil.rmtree(followed.folder)
    meanwhile = followed.thread.recall(RELEASE, OPEN).result(PATIENCE_S)
    followed.until("ready", LAST, after=told)
    after = followed.thread.recall(RELEASE, OPEN).result(PATIENCE_S)

    assert RecallStopReason.UNAVAILABLE is meanwhile.stop_reason
    assert before.candidates == after.candidates
    assert before.envelope.corpus_fingerprint == after.envelope.corpus_fingerprint
    assert before.envelope.matches_for_replay(after.envelope)
    assert embedded == followed.bag.texts
    assert (followed.folder / HEAD).is_file()


@pytest.mark.parametrize("harm", ["it is deleted", "a file of it is"])
def test_a_table_that_is_broken_while_it_runs_is_made_of_the_rows(
    follow: Follow, harm: str
) -> None:
    """Nothing is embedded again for it, however much there is."""
    followed = follow(exact_most=8)
    followed.until("ready", LAST)
    before = followed.thread.recall(RELEASE, OPEN).result(PATIENCE_S)
    embedded, told = list(followed.bag.texts), len(followed.told)
    table = followed.folder / TABLE
    gone = table if harm == "it is deleted" else table / "data"
    while gone.exists():  # an index of it may be being written meanwhile
        shutil.rmtree(gone, ignore_errors=True)

    followed.thread.recall(RELEASE, OPEN).result(PATIENCE_S)
    followed.thread.follow()
    followed.until("ready", LAST, after=told)

    after = followed.thread.recall(RELEASE, OPEN).result(PATIENCE_S)
    assert before.candidates == after.candidates
    assert before.envelope.corpus_fingerprint == after.envelope.corpus_fingerprint
    assert embedded == followed.bag.texts


@pytest.mark.parametrize("other", ["embedder", "ledger", "rubbish"])
def test_what_is_of_something_else_is_made_anew(follow: Follow, other: str) -> None:
    """Another embedder's vectors mean nothing, and another ledger's things are not ours."""
    first = follow(ledger=entries()[:100])
    first.until("ready", 99)
    first.thread.close()
    bag = Bag("other" if other == "embedder" else "bag")
    ledger = entries()
    if other == "ledger":
        ledger = [replace(one, hash=hash_text(one.hash)) for one in ledger]
    if other == "rubbish":
        (first.folder / HEAD).write_text("{")

    again = follow(bag=bag, ledger=ledger)
    again.until("ready", LAST)

    found = again.thread.recall(RELEASE, OPEN).result(PATIENCE_S)
    assert (LAST, 1000) == (found.seq, found.candidates[0].final_score)


def test_a_tenants_things_are_found_by_its_runs_alone(follow: Follow) -> None:
    """Whoever names no tenant sees what is nobody's; whoever names one, its own."""
    followed = follow()
    followed.until("ready", LAST)

    def runs(scope: str) -> set[str]:
        query = replace(RELEASE, query_text="Release on Monday", top_k=50)
        query = replace(query, tenant_scope=scope) if scope else query
        wide = replace(OPEN, max_k_total=99, min_score_threshold=0)
        found = followed.thread.recall(query, wide).result(PATIENCE_S)
        return {one.provenance.run for one in found.candidates}

    assert {"run-0004"} == runs("acme")
    assert "run-0004" not in runs("")
    assert set() == runs("somebody")


def test_a_query_without_its_tenant_is_told_so_where_one_is_required(follow: Follow) -> None:
    """Nothing is embedded for it."""
    followed = follow()
    followed.until("ready", LAST)
    before = len(followed.bag.texts)

    found = followed.thread.recall(RELEASE, replace(OPEN, tenant_required=True)).result(PATIENCE_S)

    assert (RecallStopReason.TENANT_SCOPE_MISSING, ()) == (found.stop_reason, found.candidates)
    assert before == len(followed.bag.texts)


def test_a_model_that_is_busy_costs_no_more_than_the_budget(follow: Follow) -> None:
    """It is on record that it took too long, and nothing is shown."""
    followed = follow()
    followed.until("ready", LAST)
    followed.bag.busy.set()

    budgets = RecallBudgets(max_latency_ms=30)
    found = followed.thread.recall(RELEASE, replace(OPEN, budgets=budgets)).result(PATIENCE_S)

    assert (RecallStopReason.LATENCY_EXCEEDED, ()) == (found.stop_reason, found.candidates)
    assert found.envelope.latency_us >= 30_000
    assert followed.bag.waiting[-1].cancelled()


def test_a_question_does_not_wait_for_what_is_only_kept_up(follow: Follow) -> None:
    """While a chain keeps the model busy, whoever asks is told within the budget."""
    followed = follow(ledger=entries()[:60])
    followed.until("ready", 59)
    followed.bag.busy.set()
    followed.ledger += entries()[60:]
    followed.thread.follow()

    budgets = RecallBudgets(max_latency_ms=30)
    found = followed.thread.recall(RELEASE, replace(OPEN, budgets=budgets)).result(PATIENCE_S)

    assert RecallStopReason.LATENCY_EXCEEDED is found.stop_reason


def test_personal_data_of_a_question_is_not_embedded(follow: Follow) -> None:
    """Nor of the ledger; the envelope says how many pieces were left out."""
    followed = follow()
    followed.until("ready", LAST)

    query = replace(RELEASE, query_text="Release for ada@example.org, call +49 30 1234567")
    found = followed.thread.recall(query, OPEN).result(PATIENCE_S)

    assert "Release for <email>, call <phone>" == followed.bag.texts[-1]
    assert (2, hash_text("Release for <email>, call <phone>")) == (
        found.envelope.redacted,
        found.envelope.embedding_input_hash,
    )


def test_what_the_policy_forbids_is_refused_before_anything_is_looked_for(follow: Follow) -> None:
    """Recall is no training set unless the policy says so, and none at all where it is off."""
    followed = follow()
    training = replace(RELEASE, use=RecallUse.TRAINING_CANDIDATE_SELECTION)

    with pytest.raises(RecallRefused):
        followed.thread.recall(training, OPEN)
    with pytest.raises(RecallRefused):
        followed.thread.recall(RELEASE, RecallPolicy())


def test_precedents_are_decisions_with_reason_score_and_link(follow: Follow) -> None:
    """Of other gates; nothing alike is said to be nothing."""
    followed = follow()
    followed.until("ready", LAST)

    def alike(text: str, but: str = "") -> tuple[list[tuple[str, str, str, int]], str]:
        query = RecallQuery(query_text=text, sources=(RecallSource.DECISION,))
        found = followed.thread.alike(query, but).result(PATIENCE_S)
        return [
            (row.gate_id, row.verdict, row.reason, row.score) for row in found.rows
        ], found.words

    assert (
        [("gate:run-0001/2/planning/1", "reject", "too timid", 1000)],
        "1 decision about things like this.",
    ) == alike("Wait")
    assert [] == alike("Wait", but="gate:run-0001/2/planning/1")[0]
    assert ([], "Nothing like this has been decided on this desk.") == alike("buy a boat")


def test_a_precedent_says_that_what_came_of_it_was_corrected(tmp_path: Path) -> None:
    """The decision was taken, and stays one; the fact it led to is recalled no more."""
    followed = Followed(tmp_path / "recall", ledger=corrected_ledger())
    try:
        followed.until("ready")
        decisions = RecallQuery(query_text="Release on Monday", sources=(RecallSource.DECISION,))
        alike = followed.thread.alike(decisions, "").result(PATIENCE_S)
        every = replace(decisions, sources=())
        found = followed.thread.recall(every, OPEN).result(PATIENCE_S)
    finally:
        followed.thread.close()

    assert [True] == [row.corrected for row in alike.rows if row.title == "Release on Monday"]
    assert "What came of 1 was corrected since." in alike.words
    assert [RecallSource.DECISION] == [
        one.source_type for one in found.candidates if "Monday" in one.summary
    ]
    assert any("Friday" in one.summary for one in found.candidates)


def test_a_model_that_fails_is_told_and_tried_again(follow: Follow) -> None:
    """It says what is wrong, answers that nothing can be searched, and goes on once it can."""
    bag = Bag(trouble=ValueError("there is no room"))
    followed = follow(bag=bag)

    assert ("failed", -1, "there is no room") == followed.until("failed")
    found = followed.thread.recall(RELEASE, OPEN).result(PATIENCE_S)
    assert RecallStopReason.UNAVAILABLE is found.stop_reason
    bag.trouble = None
    followed.thread.follow()
    followed.until("ready", LAST)


def test_a_model_that_fails_costs_nobody_more_than_the_hints(follow: Follow) -> None:
    """That nothing was found is on record, and why; a chain goes on without."""
    bag = Bag()
    followed = follow(bag=bag)
    followed.until("ready")
    bag.trouble = ValueError("there is no room")

    found = followed.thread.recall(replace(RELEASE, query_text="new"), OPEN).result(PATIENCE_S)

    assert ((), RecallStopReason.UNAVAILABLE) == (found.candidates, found.stop_reason)
    assert RecallStopReason.UNAVAILABLE is found.envelope.stop_reason


@pytest.mark.parametrize("where", [THINGS, HEAD])
def test_what_is_damaged_under_it_is_made_again(follow: Follow, where: str) -> None:
    """Whoever asks before is told that nothing can be searched; then all is found as before."""
    followed = follow()
    followed.until("ready")
    before = followed.thread.recall(RELEASE, OPEN).result(PATIENCE_S)
    told = len(followed.told)
    file = followed.folder / where
    file.write_bytes(b"\0" * file.stat().st_size)
    if where == HEAD:
        file.unlink()

    followed.thread.recall(RELEASE, OPEN).result(PATIENCE_S)
    followed.thread.follow()
    followed.until("ready", after=told)

    again = followed.thread.recall(RELEASE, OPEN).result(PATIENCE_S)
    assert before.candidates == again.candidates


def test_who_asks_while_it_closes_is_told_so(follow: Follow) -> None:
    """No question waits for ever."""
    followed = follow()
    followed.thread.close()

    with pytest.raises(Exception, match="closing"):
        followed.thread.recall(RELEASE, OPEN).result(PATIENCE_S)
