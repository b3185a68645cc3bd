"""A recorded call asked once more with a change: what comes of it is told, and nothing is kept."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from converge_core.envelope import InferenceResult
from converge_core.errors import IllegalCommand
from converge_core.prompt import LAYERS
from converge_desktop.adapters.models.llama import LlamaBackend, ModelProblem
from converge_desktop.runtime.desk import Desk
from converge_desktop.runtime.model_thread import ModelUnavailable
from converge_desktop.runtime.review_model import TraceView
from converge_desktop.runtime.stopper import GivenUp
from converge_desktop.runtime.trace_tried import LONGEST
from tests.adapters.agents_pack import ID, TEXTS
from tests.runtime.conftest import OpenDesk
from tests.runtime.folders import make_folder
from tests.runtime.test_main_path import ask
from tests.runtime.test_pack_agents import OpenAgents, open_agents, tiny  # noqa: F401
from tests.runtime.test_recall_desk import ALWAYS, Recalling

PATIENCE = 120


def steps(desk: Desk) -> dict[str, TraceView]:
    """The calls of a desk, by their step."""
    rows = desk.traces().result(10)
    return {row.step: desk.trace(row.trace_id).result(10) for row in rows}


def text(view: TraceView, layer: str) -> str:
    return next(one.text for one in view.layers if one.name == layer)


@pytest.fixture
def waiting(open_desk: OpenDesk, failing: Path) -> Desk:
    """A desk on which a chain has been asked, and nobody decided."""
    desk, watch = open_desk()
    ask(desk, watch, failing)
    return desk


def files(place: Path) -> dict[str, int]:
    """The files of a ledger and of its texts, with their sizes."""
    kept = [place / "ledger", place / "texts"]
    return {str(one): one.stat().st_size for each in kept for one in each.rglob("*")}


def test_a_changed_state_changes_the_answer_and_nothing_is_recorded(
    waiting: Desk, data_dir: Path
) -> None:
    """The answer comes with where it parts from the record, by token and by word."""
    view = steps(waiting)["reasoning"]
    state = text(view, "state")
    other = "\n".join(line for line in state.splitlines() if "|" in line)[::-1]
    before = files(data_dir)

    found = waiting.try_trace(view.row.trace_id, {"state": other}).result(PATIENCE)

    assert found.recorded == view.raw_output
    assert not found.same
    assert found.first is not None
    assert found.answer.startswith(found.recorded[: found.words.place - 1])
    assert (found.layers, found.changed) == (("state",), ())
    assert before == files(data_dir)
    assert 3 == len(waiting.traces().result(10))


@pytest.mark.parametrize("step", ["reasoning", "evaluation", "planning"])
def test_the_kernels_own_checks_hold_the_answer(waiting: Desk, step: str) -> None:
    """By the same names as on record, whichever step of the chain it is."""
    view = steps(waiting)[step]
    intent = text(view, "intent") + "\nBe brief."

    found = waiting.try_trace(view.row.trace_id, {"intent": intent}).result(PATIENCE)

    rebuilt = view.checks[-1]
    assert "the prompt can be rebuilt" == rebuilt.name
    assert [one.name for one in found.checks] == [one.name for one in view.checks[:-1]]
    assert "" == found.unchecked
    assert found.output_tokens > 0


def test_a_call_that_was_shown_hints_is_held_to_its_contract_too(tmp_path: Path) -> None:
    """What was recalled then is taken from the record, and not looked for again."""
    place = Recalling(tmp_path, ALWAYS)
    try:
        place.decide(place.run(), "approve", "as it should be")
        place.caught_up()
        place.run()
        rows = place.desk.traces().result(10)
        views = [place.desk.trace(row.trace_id).result(10) for row in rows]
        view = next(one for one in views if one.hints)
        found = place.desk.try_trace(
            view.row.trace_id, {"intent": text(view, "intent") + " Be brief."}
        ).result(PATIENCE)
    finally:
        place.desk.close()

    assert "" == found.unchecked
    assert found.checks


def test_the_same_words_with_the_model_named_are_the_recorded_answer(waiting: Desk) -> None:
    """To the byte; nothing is called a change that is none."""
    view = steps(waiting)["planning"]
    name = "converge-nano"

    found = waiting.try_trace(
        view.row.trace_id, {layer.name: layer.text for layer in view.layers}, name
    ).result(PATIENCE)

    assert found.same
    assert found.words.same
    assert (None, (), ()) == (found.first, found.layers, found.broken)


@pytest.mark.parametrize(
    ("layers", "model", "error", "words"),
    [
        ({}, "", IllegalCommand, "nothing is changed"),
        ({"mood": "x"}, "", IllegalCommand, "no layer 'mood'; it has priming"),
        ({"state": "x" * (LONGEST + 1)}, "", IllegalCommand, "make it shorter"),
        ({"state": "a\0b"}, "", IllegalCommand, "holds what is no text"),
        ({"state": "a\ud800"}, "", IllegalCommand, "holds what is no text"),
        ({"state": "one two " * 3_000}, "", ModelProblem, "choose a model with a longer context"),
        (dict.fromkeys(LAYERS, "a"), "nobody", ModelUnavailable, "there is no model 'nobody'"),
    ],
)
def test_what_cannot_be_tried_is_a_sentence(
    waiting: Desk, layers: dict[str, str], model: str, error: type[Exception], words: str
) -> None:
    """Naming the layer or the model; the model can be used again at once."""
    view = steps(waiting)["planning"]

    with pytest.raises(error, match=words):
        waiting.try_trace(view.row.trace_id, layers, model).result(PATIENCE)
    assert "same" == waiting.replay(view.row.trace_id).result(PATIENCE).outcome.value


def test_a_call_that_is_not_there_is_not_tried(waiting: Desk) -> None:
    """And it is said how to find one."""
    with pytest.raises(IllegalCommand, match="there is no trace t-1; list them"):
        waiting.try_trace("t-1", {"intent": "a"}).result(PATIENCE)


@pytest.mark.parametrize("begun", [False, True])
def test_a_try_is_given_up_and_waits_behind_others(
    waiting: Desk, monkeypatch: pytest.MonkeyPatch, *, begun: bool
) -> None:
    """Whether it is computing or waits for the model; what was asked before it is made as ever."""
    view = steps(waiting)["planning"]
    computing, go_on = threading.Event(), threading.Event()
    infer = LlamaBackend.infer

    def held(self: LlamaBackend, *args: Any) -> InferenceResult:
        computing.set()
        assert go_on.wait(60)
        return infer(self, *args)

    monkeypatch.setattr(LlamaBackend, "infer", held)
    before = None if begun else waiting.replay(view.row.trace_id)
    if before is not None:
        assert computing.wait(60)
    tried = waiting.try_trace(view.row.trace_id, {"intent": "Be brief."})
    assert computing.wait(60)
    waiting.stop_trying(view.row.trace_id)
    go_on.set()

    with pytest.raises(GivenUp):
        tried.result(PATIENCE)
    if before is not None:
        assert "same" == before.result(PATIENCE).outcome.value


def test_calls_of_agents_that_a_pack_declares_are_held_to_their_contracts(
    open_agents: OpenAgents,  # noqa: F811
    tmp_path: Path,
) -> None:
    """Each to its own, by the same checks as on record; and another model can be asked."""
    desk, watch = open_agents(TEXTS)
    folder = make_folder(tmp_path / "folder", failed=1)
    watch.phase(desk.start_run(ID, folder).result(60), "waiting", "stopped")
    views = steps(desk)
    found = {
        step: desk.try_trace(
            view.row.trace_id, {"intent": text(view, "intent") + "\nBe brief."}
        ).result(PATIENCE)
        for step, view in views.items()
    }
    view = views["reasoning"]
    other = desk.try_trace(view.row.trace_id, {}, "fast").result(PATIENCE)

    assert {"triage", "finder"} <= set(found)
    assert dict.fromkeys(views, "") == {step: one.unchecked for step, one in found.items()}
    for step in ("triage", "finder", "reasoning"):
        assert [one.name for one in found[step].checks] == [one.name for one in views[step].checks][
            :-1
        ]
    assert "random-tiny" == other.model
    assert not other.same
    assert ("model", "converge-nano", "random-tiny") in other.changed
    assert other.broken
