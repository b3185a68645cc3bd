"""The thread that owns the models: whoever waits for it may stop waiting, and is told why not."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from converge_core.capability import CallCancelled
from converge_core.envelope import InferenceRequest, ReplayGrade
from converge_core.plan import StepPlan
from converge_desktop import paths
from converge_desktop.adapters.models.catalogue import LocalModel
from converge_desktop.runtime.desk_model import ModelView
from converge_desktop.runtime.model_thread import ModelSettings, ModelThread, ModelUnavailable
from tests.adapters.gguf_files import write_model

STEP = StepPlan(step="reasoning", version="reasoning:v1:any")
SHORT = InferenceRequest("what speaks for it?", "root ::= [a-z]{8,16}", 16)
LONG = InferenceRequest("x", "root ::= p p p p p\np ::= [a-z]{1800,1800}", 2000)


def never() -> bool:
    return False


@pytest.fixture
def seen() -> list[ModelView]:
    return []


@pytest.fixture
def thread(tmp_path: Path, seen: list[ModelView]) -> Iterator[ModelThread]:
    tiny = tmp_path / "tiny.gguf"
    write_model(tiny)
    known = {"tiny": LocalModel("tiny", tiny)}
    made = ModelThread(seen.append, ModelSettings(tmp_path / "models", known))
    made.load(paths.default_model()).result(60)
    yield made
    made.close()


def test_a_call_that_waits_behind_another_can_be_given_up(thread: ModelThread) -> None:
    """At once, while the other goes on; and the other is stopped by its own token."""
    stop = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(thread.infer, LONG, stop.is_set, STEP)
        with pytest.raises(CallCancelled):
            thread.infer(LONG, lambda: True, STEP)
        stop.set()
        with pytest.raises(CallCancelled):
            first.result(60)

    assert thread.infer(SHORT, never, STEP).text


def test_a_model_whose_loading_was_given_up_is_loaded_the_next_time(thread: ModelThread) -> None:
    """Asked to stop while it is looked into, loaded or measured: nothing of it stays half done."""
    tiny = StepPlan(step="reasoning", version="reasoning:v1:any", model="tiny")
    asked = iter([False] * 2)
    with pytest.raises(CallCancelled):
        thread.infer(SHORT, lambda: next(asked, True), tiny)

    assert "tiny" == thread.infer(SHORT, never, tiny).envelope.model


def test_what_the_thread_was_at_is_over_whatever_came_of_it(
    thread: ModelThread, seen: list[ModelView]
) -> None:
    """A refused call, a stopped one and an answered one all end in rest."""
    bad = InferenceRequest("x", "no grammar", 16)
    for request, cancelled in ((bad, never), (SHORT, lambda: True), (SHORT, never)):
        with contextlib.suppress(Exception):  # whatever comes of it
            thread.infer(request, cancelled, STEP)
        assert ("ready", "") == (thread.view.state, thread.view.doing)
    assert {"busy", "ready"} <= {view.state for view in seen}


def test_a_prompt_version_of_another_family_is_refused_at_the_call_as_well(
    thread: ModelThread,
) -> None:
    """The model in use may have changed since the run was planned."""
    other = StepPlan(step="reasoning", version="reasoning:v1:qwen2")

    with pytest.raises(ModelUnavailable, match="of the family llama"):
        thread.infer(SHORT, never, other)


def test_chains_come_before_questions_and_those_before_what_is_only_kept_up(
    thread: ModelThread,
) -> None:
    """Whatever was asked first: an embedding waits until no chain does."""
    embedder = LocalModel("embedder", paths.embedder())
    thread.embed(embedder, ["load it"], 8, never).result(120)
    done: list[str] = []
    stop = threading.Event()
    with ThreadPoolExecutor(2) as pool:
        busy = pool.submit(thread.infer, LONG, stop.is_set, STEP)
        kept = thread.embed(embedder, ["kept up"], 8, never)
        asked = thread.embed(embedder, ["asked"], 8, never, asked=True)
        kept.add_done_callback(lambda _: done.append("kept up"))
        asked.add_done_callback(lambda _: done.append("asked"))
        chain = thread.facts("tiny")
        chain.add_done_callback(lambda _: done.append("chain"))
        stop.set()
        with pytest.raises(CallCancelled):
            busy.result(60)
        kept.result(60)

    assert ["chain", "asked", "kept up"] == done


def test_an_embedder_is_measured_as_any_model_is(thread: ModelThread) -> None:
    """Its grade comes with its vectors, and what determines their bits."""
    found = thread.embed(LocalModel("embedder", paths.embedder()), ["a", "b"], 8, never).result(120)

    assert (2, 384) == found.vectors.shape
    assert ReplayGrade.BYTE_EXACT is found.grade
    assert ("all-MiniLM-L6-v2", 8, 384) == (
        found.embedder.model,
        found.embedder.reads,
        found.embedder.width,
    )
