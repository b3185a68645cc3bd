"""A recorded call by itself says which record it is, what it was shown, and what came of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from converge_core.trace import Cited
from converge_desktop.runtime.review_model import Review, TraceView
from converge_desktop.runtime.trace_compare import compare, swapped
from converge_desktop.runtime.trace_detail import Consequence, HintRow
from converge_desktop.runtime.trace_views import _hints
from tests.core.golden_recall import ENVELOPE as RECALLED
from tests.core.kit import model_call
from tests.runtime.deciding_kit import Waiting, answer
from tests.runtime.test_trace_compare import CALL
from tests.runtime.trace_kit import Spec, call


@pytest.fixture
def waiting(tmp_path: Path) -> Iterator[Waiting]:
    """A desk at which something can be asked."""
    made = Waiting(tmp_path)
    yield made
    made.close()


def viewed(waiting: Waiting, review: Review, number: int = -1) -> TraceView:
    """A step behind what a review asks about; the last is the one that proposed it."""
    return waiting.desk.trace(review.trace_ids[number]).result(10)


def became(waiting: Waiting, review: Review) -> Consequence:
    found = viewed(waiting, review).consequence
    assert found is not None
    return found


def test_a_step_says_which_record_of_the_ledger_it_is(waiting: Waiting) -> None:
    """Whichever of its run it is; that record is about nothing else."""
    review = waiting.ask()
    for number in range(len(review.trace_ids)):
        view = viewed(waiting, review, number)
        record = waiting.desk.record(view.seq).result(10)
        assert "trace_recorded" == record.row.kind
        assert view.row.trace_id in record.body


def test_a_step_says_how_long_it_took_to_the_first_token(waiting: Waiting) -> None:
    """Which is a part of the time in all; and why the answer ended."""
    view = viewed(waiting, waiting.ask())
    assert 0 < view.first_us <= view.row.duration
    assert "stop" == view.finish


def test_what_waits_for_a_person_says_since_when(waiting: Waiting) -> None:
    """At which gate; nobody answered, nothing took effect."""
    review = waiting.ask()
    found = became(waiting, review)
    assert (review.gate_id, review.opened_at, "open") == (found.gate, found.opened_at, found.phase)
    assert review.becomes_true == found.proposal
    assert ("", (), 0, 0, "") == (
        *(found.end, found.answers, found.decided_at, found.effect_at, found.became),
    )


def test_what_was_approved_says_by_whom_when_and_what_it_became(waiting: Waiting) -> None:
    """In the order in which it happened."""
    review = waiting.ask()
    waiting.port.answer(answer(review, reason="until it passes")).result(10)
    waiting.watch.phase(review.run_id, "stopped")
    found = became(waiting, review)
    assert ("closed", "approved") == (found.phase, found.end)
    [vote] = found.answers
    assert ("approve", "until it passes", True) == (vote.verdict, vote.reason, vote.stands)
    assert review.opened_at <= found.decided_at == vote.at <= found.effect_at
    fact = waiting.desk.fact(review.run_id, found.became).result(10)
    assert found.effect_at == fact.at


@pytest.mark.parametrize("verdict", ["reject", "refine"])
def test_a_gate_at_which_nothing_was_let_through_led_to_no_fact(
    waiting: Waiting, verdict: str
) -> None:
    """What people said took effect, and still nothing became true by it."""
    review = waiting.ask()
    waiting.port.answer(answer(review, verdict, reason="not like this")).result(10)
    later = waiting.desk.review(review.gate_id).result(10)
    while later.standing is not None and later.standing.phase != "closed":
        later = waiting.desk.review(review.gate_id).result(10)
    assert later.standing is not None
    assert "" == later.standing.became


def test_what_was_approved_leads_to_its_fact_from_the_gate(waiting: Waiting) -> None:
    """Which can be taken back from there."""
    review = waiting.ask()
    waiting.port.answer(answer(review)).result(10)
    waiting.watch.phase(review.run_id, "stopped")
    later = waiting.desk.review(review.gate_id).result(10)
    assert later.standing is not None
    assert waiting.desk.fact(review.run_id, later.standing.became).result(10)


def test_what_was_rejected_became_nothing(waiting: Waiting) -> None:
    review = waiting.ask()
    waiting.port.answer(answer(review, "reject", reason="not now")).result(10)
    waiting.watch.phase(review.run_id, "stopped")
    found = became(waiting, review)
    assert ("closed", "rejected", 0, "") == (
        *(found.phase, found.end, found.effect_at, found.became),
    )
    assert found.decided_at >= review.opened_at


def test_a_review_does_not_change_with_what_is_decided(waiting: Waiting) -> None:
    """Its steps say nothing of that, else a decision would make void what it is about."""
    review = waiting.ask()
    assert {(None, -1)} == {(view.consequence, view.seq) for view in review.raw}
    waiting.port.answer(answer(review)).result(10)
    waiting.watch.phase(review.run_id, "stopped")
    after = waiting.desk.review(review.gate_id).result(10)
    assert dict(review.parts) == dict(after.parts)


def test_hints_are_told_with_what_they_are_and_where_they_come_from() -> None:
    """In the order in which they were shown; facts are none of them."""
    shown = tuple(
        Cited(cite=f"m{number:02d}", fact="fact:1", shown=f"hint {number}")  # type: ignore[arg-type]
        for number, _ in enumerate(RECALLED.candidates, 1)
    )
    fact = Cited(cite="s01", fact="fact:2", shown="a fact")  # type: ignore[arg-type]
    trace = call(Spec(), 1).trace
    with_hints = type(trace)(
        id=trace.id,
        run=trace.run,
        cycle=1,
        agent=trace.agent,
        call=model_call(state=(fact, *shown), recall=RECALLED),
    )
    assert () == _hints(trace)
    assert tuple(
        HintRow(cited.cite, cited.shown, one.source_type.value, one.seq, one.score)
        for cited, one in zip(shown, RECALLED.candidates, strict=True)
    ) == _hints(with_hints)


def test_swapped_sides_are_the_comparison_the_other_way_round() -> None:
    """In every part; swapped again, it is what it was."""
    other = replace(
        CALL,
        raw_output='{"verdict":"ship"}',
        envelope=(("model", "large"),),
        checks=(),
        output_tokens=9,
    )
    found = compare(CALL, other)
    assert compare(other, CALL).one == swapped(found).one
    for part in ("layers", "output", "measures", "checks"):
        theirs = getattr(compare(other, CALL), part)
        assert theirs == getattr(swapped(found), part), part
    assert found == swapped(swapped(found))
