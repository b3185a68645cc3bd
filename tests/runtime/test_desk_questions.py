"""What a desk is asked about everything that happened at it; its database answers."""

from __future__ import annotations

from pathlib import Path

from tests.runtime.conftest import OpenDesk
from tests.runtime.test_main_path import ask
from tests.runtime.watching import PATIENCE


def test_a_desk_answers_about_facts_people_and_proposals(
    open_desk: OpenDesk, failing: Path
) -> None:
    """What rests on a fact, what stood before a decision and after, who decided what."""
    desk, watch = open_desk()
    run_id, review = ask(desk, watch, failing)
    before = desk.as_of(10**9, run_id).result(PATIENCE)
    asked, _ = desk.proposals("asked").result(PATIENCE)
    desk.decide(review.gate_id, "approve", "", review.digest).result(10)
    watch.phase(run_id, "stopped")

    after = desk.as_of(10**9, run_id).result(PATIENCE)
    then = desk.as_of(before.seq, run_id).result(PATIENCE)
    [decided] = {row.fact_id for row in after.rows} - {row.fact_id for row in before.rows}
    lineage = dict(desk.lineage(run_id, decided).result(PATIENCE).labels)
    grounds = [name for name in lineage if name.startswith(f"fact:{run_id}|")]
    radius, _ = desk.blast_radius(run_id, grounds[-1].partition("|")[2]).result(PATIENCE)
    [operator] = [name.partition(":")[2] for name in lineage if name.startswith("operator:")]
    decisions, seq = desk.decisions_by(operator).result(PATIENCE)

    assert before.rows == then.rows
    assert [decided] == [row.fact_id for row in asked]
    assert f"fact:{run_id}|{decided}" in radius.found
    assert [(run_id, review.gate_id, "approve")] == [
        (row.run, row.gate, row.verdict) for row in decisions
    ]
    assert ([], seq) == desk.proposals("asked").result(PATIENCE)

    desk.rebuild_view().result(PATIENCE)
    assert after == desk.as_of(10**9, run_id).result(PATIENCE)
