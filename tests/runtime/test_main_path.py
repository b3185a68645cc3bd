"""From a folder to a fact, with the real model, and back again through the ledger."""

from __future__ import annotations

from pathlib import Path

import pytest

from converge_core.errors import DecisionRefused, IllegalCommand
from converge_desktop.runtime.desk import Desk
from converge_desktop.runtime.review_model import Review
from converge_desktop.runtime.wording import CHECKS
from tests.runtime.conftest import OpenDesk
from tests.runtime.watching import Watch


def ask(desk: Desk, watch: Watch, folder: Path) -> tuple[str, Review]:
    """Starts a run and returns it with the review of the one proposal it asks about."""
    run_id = desk.start_run("release-readiness", folder).result(60)
    watch.phase(run_id, "waiting")
    [row] = [row for row in desk.inbox().result(10) if row.run_id == run_id]
    return run_id, desk.review(row.gate_id).result(10)


def test_an_approved_proposal_becomes_a_fact_with_this_human_as_its_approver(
    open_desk: OpenDesk, failing: Path
) -> None:
    """Start, review, approve: the strategy stands, by alice, and the run met its criterion."""
    desk, watch = open_desk()
    run_id, review = ask(desk, watch, failing)

    desk.decide(review.gate_id, "approve", "", review.digest).result(10)

    view = watch.phase(run_id, "stopped")
    [strategy] = dict(view.context)["Strategies"]
    assert "CriteriaMet" == view.stop_kind
    assert strategy.approver.startswith("alice#")
    assert strategy.text.startswith("Hold failing at ")
    assert () == desk.inbox().result(10)


def test_a_rejected_proposal_leaves_a_diagnostic_and_no_strategy(
    open_desk: OpenDesk, failing: Path
) -> None:
    """Reject with a reason: nothing stands under Strategies, and the reason can be read."""
    desk, watch = open_desk()
    run_id, review = ask(desk, watch, failing)

    desk.decide(review.gate_id, "reject", "not now", review.digest).result(10)

    context = dict(watch.phase(run_id, "stopped").context)
    assert "Strategies" not in context
    assert any("not now" in card.text for card in context["Diagnostic"])


def test_a_healthy_folder_is_proposed_for_release_at_high_risk(
    open_desk: OpenDesk, healthy: Path
) -> None:
    """Risk comes from the policy's rule about releasing, not from the model."""
    desk, watch = open_desk()

    _, review = ask(desk, watch, healthy)

    assert ("high", "releasing-needs-a-human") == (review.risk, review.rule)
    assert review.title.startswith("Release healthy at ")


def test_every_number_of_the_review_names_its_source(open_desk: OpenDesk, failing: Path) -> None:
    """Evidence rows carry file and place, and running text links to them by fact id."""
    desk, watch = open_desk()

    _, review = ask(desk, watch, failing)

    known = {row.fact_id for row in review.evidence}
    links = [s.fact_id for row in review.reasoning for s in row.text if s.fact_id]
    assert all(row.source and row.place for row in review.evidence)
    assert links
    assert set(links) <= known


def test_a_trace_rebuilds_its_prompt_and_answers_the_same_again(
    open_desk: OpenDesk, failing: Path
) -> None:
    """The recorded layers give the recorded prompt; the same input gives the same answer."""
    desk, watch = open_desk()
    ask(desk, watch, failing)
    first = [desk.trace(row.trace_id).result(10) for row in desk.traces().result(10)]

    ask(desk, watch, failing)

    again = [desk.trace(row.trace_id).result(10) for row in desk.traces().result(10)][:3]
    assert all(check.passed for trace in first for check in trace.checks)
    assert [trace.raw_output for trace in first] == [trace.raw_output for trace in again]
    assert ["planning", "evaluation", "reasoning"] == [trace.row.step for trace in first]


def test_a_decision_on_something_else_than_was_shown_is_refused(
    open_desk: OpenDesk, failing: Path
) -> None:
    """The digest of the review binds: another one decides nothing."""
    desk, watch = open_desk()
    run_id, review = ask(desk, watch, failing)

    with pytest.raises(DecisionRefused, match="review it again"):
        desk.decide(review.gate_id, "approve", "", "0" * 64).result(10)

    assert "waiting" == desk.run_view(run_id).result(10).row.phase


def test_the_first_decision_stands(open_desk: OpenDesk, failing: Path) -> None:
    """The same answer again changes nothing; another one is refused with who decided."""
    desk, watch = open_desk()
    run_id, review = ask(desk, watch, failing)
    desk.decide(review.gate_id, "approve", "", review.digest).result(10)
    watch.phase(run_id, "stopped")
    records = desk.verify().result(10).records

    desk.decide(review.gate_id, "approve", "", review.digest).result(10)

    with pytest.raises(DecisionRefused, match=r"alice#.* chose approve"):
        desk.decide(review.gate_id, "reject", "no", review.digest).result(10)
    assert records == desk.verify().result(10).records


def test_the_database_answers_with_the_ledger_sequence_it_reflects(
    open_desk: OpenDesk, failing: Path
) -> None:
    """Facts and their lineage come from the view; a decision stands in the line of its fact."""
    desk, watch = open_desk()
    run_id, review = ask(desk, watch, failing)
    desk.decide(review.gate_id, "approve", "", review.digest).result(10)
    watch.phase(run_id, "stopped")

    answer = desk.facts("Strategies", "hold").result(10)
    lineage = desk.lineage(run_id, "strategy").result(10)

    assert 1 == len(answer.rows)
    assert desk.verify().result(10).records - 1 == answer.seq
    assert {"was proposed as", "was approved by", "was signed by", "argued in", "rests on"} <= {
        relation for _, relation, _ in lineage.edges
    }


def test_a_cancelled_run_stops_and_withdraws_its_gate(open_desk: OpenDesk, failing: Path) -> None:
    """What was reached stays; nobody is asked any more."""
    desk, watch = open_desk()
    run_id, _ = ask(desk, watch, failing)

    desk.cancel(run_id).result(10)

    assert "UserCancelled" == watch.phase(run_id, "stopped").stop_kind
    assert () == desk.inbox().result(10)


def test_bad_input_is_a_sentence_and_no_run(open_desk: OpenDesk, tmp_path: Path) -> None:
    """An empty folder names itself and the remedy; the ledger is as it was."""
    desk, _ = open_desk()
    before = desk.verify().result(10).records
    empty = tmp_path / "empty"
    empty.mkdir()

    with pytest.raises(Exception, match=r"empty.*pytest --junitxml") as caught:
        desk.start_run("release-readiness", empty).result(30)

    assert "IntakeError" == type(caught.value).__name__
    assert before == desk.verify().result(10).records
    assert () == desk.runs().result(10)


def test_an_unknown_pack_is_refused_with_the_packs_there_are(
    open_desk: OpenDesk, failing: Path
) -> None:
    """A typo in a pack's name lists the names."""
    desk, _ = open_desk()

    with pytest.raises(IllegalCommand, match="release-readiness"):
        desk.start_run("release-rediness", failing).result(30)


def test_every_check_is_told_in_words_of_its_own(open_desk: OpenDesk, failing: Path) -> None:
    """What a check makes sure of is a sentence, not its name; counts agree with their noun."""
    desk, watch = open_desk()
    _, review = ask(desk, watch, failing)

    names = {name.replace("-", " ") for name in CHECKS}
    traces = [desk.trace(row.trace_id).result(10) for row in desk.traces().result(10)]
    checks = [*review.checks, *(check for trace in traces for check in trace.checks)]
    told = {check.name for check in checks}
    assert told <= {*CHECKS.values(), "the prompt can be rebuilt"}
    assert not told & names
    assert not any("1 steps" in row.headline for row in desk.traces().result(10))
