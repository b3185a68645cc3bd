"""Two runs compared: the first model call that differs, and what only one of them has."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from msgspec import structs

from converge_core.errors import IllegalCommand
from converge_core.trace import text_ref
from converge_desktop.runtime.desk import Desk
from converge_desktop.runtime.run_compare import ANSWER, ENVELOPE, MISSING, PROMPT, paired
from tests.runtime.conftest import OpenDesk
from tests.runtime.folders import make_folder
from tests.runtime.watching import Watch

PACK = "release-readiness"
PATIENCE = 60


def run(desk: Desk, watch: Watch, folder: Path) -> str:
    """Runs the pack over a folder until it waits for somebody."""
    name = desk.start_run(PACK, folder).result(PATIENCE)
    watch.phase(name, "waiting")
    return name


@pytest.fixture
def opened(open_desk: OpenDesk) -> tuple[Desk, Watch]:
    return open_desk()


def test_a_run_and_itself_differ_in_nothing(opened: tuple[Desk, Watch], failing: Path) -> None:
    """Every call is paired with itself."""
    one = run(*opened, failing)

    found = opened[0].compare_runs(one, one).result(PATIENCE)

    assert 3 == len(found.pairs)
    assert ((), "") == (found.differing, found.first)
    assert ((), ()) == (found.one.facts, found.other.facts)


def test_the_first_call_that_differs_is_named_with_its_layer(
    opened: tuple[Desk, Watch], failing: Path, tmp_path: Path
) -> None:
    """By cycle and agent; each pair leads to the two calls, and the facts tell the rest."""
    other_folder = make_folder(tmp_path / "worse", failed=4)
    one, other = run(*opened, failing), run(*opened, other_folder)

    found = opened[0].compare_runs(one, other).result(PATIENCE)

    first = found.pairs[0]
    assert ("reasoning", "reasoning", PROMPT) == (first.agent, first.step, first.differs)
    assert found.first.startswith(f"Cycle {first.cycle}, reasoning: The layer ")
    assert " differs first, in line " in found.first
    compared = opened[0].compare_traces(first.one, first.other).result(PATIENCE)
    assert found.first.endswith(compared.first)
    for side, name in ((found.one, one), (found.other, other)):
        assert side.facts
        assert {name} == {fact.run_id for fact in side.facts}
        assert "It waits for 1 decision." == side.ended
    said = [{(fact.key, fact.content) for fact in side.facts} for side in (found.one, found.other)]
    assert not said[0] & said[1]


def test_a_fork_says_what_it_came_from(opened: tuple[Desk, Watch], failing: Path) -> None:
    """So that the two can be compared at once."""
    desk, watch = opened
    one = run(desk, watch, failing)
    fork = desk.fork(one).result(PATIENCE)
    watch.phase(fork, "waiting", "stopped")

    found = desk.compare_runs(one, fork).result(PATIENCE)

    assert one == desk.run_view(fork).result(PATIENCE).origin
    assert "" == desk.run_view(one).result(PATIENCE).origin
    assert (one, fork) == (found.one.run_id, found.other.run_id)


def test_what_differs_of_a_pair_is_told_in_the_order_of_what_causes_what(
    opened: tuple[Desk, Watch], failing: Path
) -> None:
    """A call that only one has, a layer, the envelope, and the answer last."""
    desk, watch = opened
    whole = desk._engine.views.run_state(run(desk, watch, failing))
    first, *others = whole.traces.values()

    def with_call(**changes: Any) -> Any:
        call = structs.replace(first.call, **changes)
        kept = [structs.replace(first, call=call), *others]
        return SimpleNamespace(run="run-2", traces={one.id: one for one in kept})

    answer = text_ref("another")
    envelope = structs.replace(first.call.envelope, seed=7)
    layers = {**first.call.layers, "intent": text_ref("another")}
    fewer = SimpleNamespace(run="run-2", traces={one.id: one for one in others})

    assert ANSWER == paired(whole, with_call(output=answer))[0].differs
    assert ENVELOPE == paired(whole, with_call(output=answer, envelope=envelope))[0].differs
    pair = paired(whole, with_call(output=answer, envelope=envelope, layers=layers))[0]
    assert (PROMPT, "The layer intent differs.") == (pair.differs, pair.words)
    alone = next(one for one in paired(whole, cast("Any", fewer)) if one.differs)
    assert (MISSING, "") == (alone.differs, alone.other)
    assert "Only run 0001 asked that." == alone.words


def test_a_run_that_is_not_there_is_named(opened: tuple[Desk, Watch], failing: Path) -> None:
    """Whichever of the two it is."""
    one = run(*opened, failing)

    for pair in ((one, "run-9999"), ("run-9999", one)):
        with pytest.raises(IllegalCommand, match="there is no run run-9999"):
            opened[0].compare_runs(*pair).result(PATIENCE)
