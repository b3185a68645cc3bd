"""D19: facts, proposals, decisions with reasons, and failures are found by their matter."""

from __future__ import annotations

import json

from converge_core.canonical import hash_text
from converge_core.ids import FactId
from converge_core.key import ContextKey
from converge_core.ledger import Entry, decode
from converge_core.proposal import ProposedFact
from converge_core.recall import RecallSource
from converge_desktop.adapters.recall.things import Collector, Thing, embedded_text, matter_of
from tests.core.golden_story import LEDGER


def entries() -> list[Entry]:
    return list(decode(LEDGER.read_bytes().splitlines(keepends=True)))


def things(read: list[Entry]) -> list[Thing]:
    collector = Collector()
    return [thing for entry in read for thing in collector.take(entry)]


def of(kind: RecallSource, run: str) -> list[Thing]:
    return [one for one in things(entries()) if one.kind is kind and one.run == run]


def test_a_decision_is_known_by_what_was_decided_and_tells_verdict_reason_and_who() -> None:
    """In the order in which they took effect."""
    release, wait = of(RecallSource.DECISION, "run-0001")

    assert ("Release 1.0", "Wait") == (release.about, wait.about)
    assert {"title": "Wait", "verdict": "reject", "reason": "too timid"}.items() <= json.loads(
        wait.detail
    ).items()
    assert "reject: Wait – too timid" == wait.summary
    assert "gate:run-0001/2/planning/1" == wait.reference


def test_a_decision_that_was_edited_is_one_decision_about_what_came_of_it() -> None:
    """What the edit took the place of is no failure and no second precedent."""
    edits = [one for one in of(RecallSource.DECISION, "run-0004") if '"edit"' in one.detail]

    assert ["Release on Tuesday"] == [one.about for one in edits]
    assert [] == of(RecallSource.FAILURE, "run-0004")


def test_what_failed_is_known_by_what_it_was_about() -> None:
    """An agent that failed; what the gate refused says by which rule."""
    assert ["broken: RuntimeError: tab here"] == [
        one.about for one in of(RecallSource.FAILURE, "run-0001")
    ]


def test_facts_and_proposals_are_there_and_nothing_without_words() -> None:
    """What was proposed blank is no matter to look for."""
    assert ["tests.failed", "reasoning", "release"] == [
        one.reference for one in of(RecallSource.FACT, "run-0001")
    ]
    assert all(one.about and one.content == hash_text(one.about) for one in things(entries()))


def test_each_thing_belongs_to_the_tenant_of_its_run() -> None:
    """Nobody's where the run names none."""
    tenants = {one.run: one.tenant for one in things(entries())}

    assert ("", "acme") == (tenants["run-0001"], tenants["run-0004"])


def test_reading_goes_on_where_runs_under_way_began() -> None:
    """Whoever reads from there on tells the same of what comes after."""
    read = entries()
    for cut in range(0, len(read), 7):
        before = Collector()
        for entry in read[:cut]:
            before.take(entry)
        again, late = Collector(), []
        for entry in read[before.resume_at(cut - 1) :]:
            found = again.take(entry)
            late += found if entry.head.seq >= cut else []

        assert [one for one in things(read) if one.seq >= cut] == late


def test_personal_data_is_left_out_before_anything_is_embedded() -> None:
    """What is embedded, and its hash, know nothing of it."""
    assert "<email> called from <phone>" == embedded_text(
        "ada@example.org  called\nfrom +49 30 1234567"
    )


def test_a_plan_is_about_the_facts_its_steps_are_for_as_well() -> None:
    """Two plans of the same words for other reasons are no precedents of each other."""
    plan = ProposedFact(
        key=ContextKey.STRATEGIES,
        id=FactId("strategy"),
        content="Hold 1.0",
        structured={"steps": [{"do": "fix", "for": ["tests.failed", "gone"]}, "odd", {"for": [7]}]},
    )

    assert "Hold 1.0; 3 tests failed" == matter_of(plan, {"tests.failed": "3 tests failed"}.get)
