"""D19: what is recalled for a step is a hint, never evidence: an answer that cites it fails."""

from __future__ import annotations

import json
from concurrent.futures import Future

import pytest
from msgspec import UNSET
from msgspec.structs import replace

from converge_core.contract import Ground
from converge_core.contract_reasoning import ReasoningContract
from converge_core.envelope import ReplayGrade
from converge_core.errors import IllegalCommand
from converge_core.events import RunStarted, run_without_pack
from converge_core.ids import RunId
from converge_core.intent import RootIntent
from converge_core.prompt import Standing, StateEntry, StateLayer
from converge_core.recall import RecallPolicy, RecallQuery, RecallStopReason
from converge_desktop.runtime.hints import Hints, Recalls, hints_for, recalling
from converge_desktop.runtime.recalling import RecallAnswer, how_rows
from tests.core.golden_recall import CANDIDATE, ENVELOPE

POLICY = RecallPolicy(enabled=True, max_k_total=3)
FACT = StateEntry("s01", "tests.failed", ("tests failed 0",), "no test failed", Standing.SUPPORT)
VERDICTS = ("proceed", "hold")
FOUND = RecallAnswer((CANDIDATE,), ENVELOPE, RecallStopReason.NOTHING_MORE, 41, "1 hint.")


def recalled(asked: list[RecallQuery] | None = None) -> Hints:
    def recall(query: RecallQuery, policy: RecallPolicy) -> RecallAnswer:
        assert policy is POLICY
        if asked is not None:
            asked.append(query)
        return FOUND

    return hints_for("reasoning", "Is it fit?", [FACT], POLICY, recall)


def held(text: str) -> list[str]:
    """Returns which checks fail of an answer that says so over a fact and a hint."""
    state = StateLayer((FACT, *recalled().entries))
    raw = json.dumps({"steps": [{"text": text, "side": "support"}], "conclusion": "proceed"})
    result = ReasoningContract(VERDICTS).hold(raw, Ground(state, VERDICTS))
    return [check.name for check in result.failures]


def test_what_is_recalled_stands_in_the_state_marked_as_a_hint() -> None:
    """Under an id of its own, with what it is, behind the mark."""
    [hint] = recalled().entries

    assert hint.hint
    assert "m01 | hint, not evidence | decision | approved: Release 0.9" == hint.render()


def test_citing_a_hint_as_evidence_fails_the_contract() -> None:
    """The fact may be cited; the hint may not, alone or beside the fact."""
    assert [] == held("{s01} speaks for it")
    assert ["hints-not-evidence"] == held("{s01} speaks for it, as {m01} did")
    assert "hints-not-evidence" in held("{m01} speaks for it")


def test_no_grammar_over_the_state_lets_a_hint_be_cited() -> None:
    """Behind the grammar a model cannot even try."""
    state = StateLayer((FACT, *recalled().entries))
    grammar = ReasoningContract(VERDICTS).grammar_over(Ground(state, VERDICTS))

    assert "s01" in grammar
    assert "m01" not in grammar


def test_what_is_asked_is_the_question_and_what_the_step_is_told() -> None:
    """For that step, and for no more than the policy allows."""
    asked: list[RecallQuery] = []
    recalled(asked)

    [query] = asked
    assert ("Is it fit?; no test failed", "reasoning", 3) == (
        query.query_text,
        query.step_context,
        query.top_k,
    )


def not_opened(query: RecallQuery, policy: RecallPolicy) -> RecallAnswer:
    raise IllegalCommand("nothing can be recalled yet: the desk is still opening")


@pytest.mark.parametrize("recall", [not_opened, None], ids=["not opened", "nothing embeds"])
def test_a_step_goes_on_where_nothing_can_be_recalled_and_that_is_on_record(
    recall: Recalls | None,
) -> None:
    """A decision does not hang on whether what is only a hint was opened."""
    hints = hints_for("reasoning", "Is it fit? Ask ada@example.org", [FACT], POLICY, recall)

    assert () == hints.entries
    assert hints.envelope is not None
    assert (RecallStopReason.UNAVAILABLE, (), POLICY.digest(), 1) == (
        hints.envelope.stop_reason,
        hints.envelope.candidates,
        hints.envelope.policy_hash,
        hints.envelope.redacted,
    )
    told = dict(how_rows(hints.envelope))
    assert ("no record", "no model") == (told["up to"], told["embedded by"])
    assert ReplayGrade.BYTE_EXACT is hints.envelope.grade(ReplayGrade.BYTE_EXACT)


def test_a_run_recalls_among_its_tenants_things_and_not_its_own() -> None:
    """Whatever an agent asks for: whose run it is, is not the agent's to say."""
    asked: list[RecallQuery] = []

    def asks(query: RecallQuery, policy: RecallPolicy) -> Future[RecallAnswer]:
        del policy
        asked.append(query)
        found: Future[RecallAnswer] = Future()
        found.set_result(FOUND)
        return found

    for tenant in ("acme", UNSET):
        recall = recalling(asks, started(tenant))
        assert recall is not None
        recall(RecallQuery(query_text="x", tenant_scope="other", but_run=""), POLICY)

    assert [("acme", "run-0007"), (UNSET, "run-0007")] == [
        (one.tenant_scope, one.but_run) for one in asked
    ]
    assert recalling(None, started(UNSET)) is None


def started(tenant: object) -> RunStarted:
    intent = RootIntent(question="is it fit", subject="1.0")
    return replace(run_without_pack(RunId("run-0007"), intent), tenant=tenant)
