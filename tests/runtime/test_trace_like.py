"""Model calls like one of them: semantic, over what chains came to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from converge_core.errors import IllegalCommand
from converge_core.recall import RecallStopReason
from converge_desktop import paths
from converge_desktop.runtime.port import RecallChanged
from converge_desktop.runtime.trace_like import like_words
from tests.runtime.folders import make_folder
from tests.runtime.test_recall_desk import Recalling


@pytest.fixture
def at(tmp_path: Path) -> Iterator[Recalling]:
    """Opens a desk that can recall, and closes it."""
    desk = Recalling(tmp_path)
    yield desk
    for one in desk.opened:
        one.close()


def test_the_same_step_of_chains_that_came_to_something_like_it_is_found_nearest_first(
    at: Recalling,
) -> None:
    """Another run over the same input came to the same, a run over other input to something else.

    The call that is asked about is not like itself; what is like it is the same step.
    """
    first, second = at.run(), at.run()
    at.failing = make_folder(at.place / "other", failed=2)
    other = at.run()
    at.caught_up()
    evaluation = at.traces(first)["evaluation"].id

    like = at.desk.like_trace(evaluation).result(60)

    rows = at.desk.trace_rows(like.found.token, 0, 100).result(10)
    found = [row.row.trace_id for row in rows]
    assert at.traces(second)["evaluation"].id == found[0]
    assert at.traces(other)["evaluation"].id in found
    assert evaluation not in found
    assert {"evaluation"} == {row.row.step for row in rows}
    assert like.scores[0] > 990
    assert list(like.scores) == sorted(like.scores, reverse=True)
    assert len(rows) == like.found.total == len(like.scores)
    assert f"{len(rows)} steps of chains that came to something like it" in like.words


def test_where_no_other_chain_came_to_anything_like_it_that_is_said(at: Recalling) -> None:
    """An empty set, and a sentence."""
    gate = at.run()
    at.caught_up()

    like = at.desk.like_trace(at.traces(gate)["reasoning"].id).result(60)

    others = {row.row.run_id for row in at.desk.trace_rows(like.found.token, 0, 9).result(10)}
    assert set() == others
    assert "No other chain came to anything like it." == like.words


def test_what_is_like_a_call_that_is_not_there_fails_with_a_sentence(at: Recalling) -> None:
    """It names the call."""
    at.run()
    at.caught_up()

    with pytest.raises(IllegalCommand, match="t-nothing"):
        at.desk.like_trace("t-nothing").result(60)


@pytest.mark.parametrize("reason", RecallStopReason)
def test_every_reason_why_there_is_nothing_is_a_sentence(reason: RecallStopReason) -> None:
    """No reason is left without words."""
    assert like_words(0, reason).endswith(".")
    assert like_words(0, reason, "it ends too soon.").endswith(".")


def test_where_recall_failed_nobody_is_told_to_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is missing is named."""
    missing = tmp_path / "embedder.gguf"
    monkeypatch.setattr(paths, "embedder", lambda: missing)
    desk = Recalling(tmp_path)
    try:
        gate = desk.run()
        desk.watch.until(lambda u: isinstance(u, RecallChanged) and u.state == "failed")
        step = desk.desk.review(gate).result(10).trace_ids[0]
        like = desk.desk.like_trace(step).result(60)
    finally:
        desk.desk.close()

    assert like.words.startswith(
        f"Nothing can be looked for, because recall failed: {missing} cannot be read"
    )


def test_what_is_like_a_call_can_be_written_out_with_what_it_was_found_by(at: Recalling) -> None:
    """The first line of the export names the call that was asked about."""
    first = at.run()
    at.run()
    at.caught_up()
    asked = at.traces(first)["planning"].id
    like = at.desk.like_trace(asked).result(60)
    path = at.place / "like.jsonl"

    at.desk.export_traces(like.found.token, path).result(30)

    head, *calls, _ = path.read_text("utf-8").splitlines()
    assert asked in head
    assert like.found.total == len(calls) > 0
