"""What is told of models, grades, and calls of models elsewhere, before a window shows it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from converge_core.canonical import ContentHash
from converge_core.capability import ResponseFormat
from converge_core.capability_errors import ErrorCategory
from converge_core.envelope import RemoteRef
from converge_core.events import CallAttempted
from converge_core.ids import AgentId, RunId
from converge_core.retry import AttemptOutcome, CallAttempt
from converge_desktop import paths
from converge_desktop.adapters.models.catalogue import FILE, LocalModel, RemoteModel
from converge_desktop.adapters.models.model_check import UnsafeModel
from converge_desktop.adapters.models.model_registry import KnownModel, ModelRegistry, Quarantine
from converge_desktop.adapters.packs.pack import load_packs
from converge_desktop.runtime.attempts import asked_words, attempt_words, calls_of
from converge_desktop.runtime.desk_model import ModelView
from converge_desktop.runtime.model_thread import ModelSettings, ModelThread
from converge_desktop.runtime.run_model import AskedRow
from converge_desktop.runtime.run_views import run_view
from converge_desktop.runtime.trace_views import trace_view
from converge_desktop.runtime.views import read_views
from tests.runtime.conftest import OpenDesk
from tests.runtime.test_main_path import ask

ANSWERED = CallAttempt(number=2, outcome=AttemptOutcome.ANSWERED)
LIMITED = CallAttempt(
    number=1,
    outcome=AttemptOutcome.FAILED,
    category=ErrorCategory.RATE_LIMIT,
    words="rate limited (retry after 2s)",
    wait_us=2_000_000,
)


def attempted(agent: str, attempt: CallAttempt, cycle: int = 1) -> CallAttempted:
    return CallAttempted(run=RunId("run-1"), cycle=cycle, agent=AgentId(agent), attempt=attempt)


# Attempts


@pytest.mark.parametrize(
    ("attempts", "words"),
    [
        ([ANSWERED], "asked once: answered"),
        ([LIMITED, ANSWERED], "asked twice: rate limited, then answered"),
        (
            [LIMITED, LIMITED, LIMITED],
            "asked 3 times: rate limited, rate limited, then rate limited",
        ),
        (
            [CallAttempt(number=1, outcome=AttemptOutcome.CANCELLED)],
            "asked once: called off",
        ),
        (
            [
                CallAttempt(
                    number=1,
                    outcome=AttemptOutcome.ANSWERED,
                    format=ResponseFormat.JSON,
                    fallback=True,
                )
            ],
            "asked once: answered when asked for JSON instead",
        ),
    ],
)
def test_attempts_are_told_in_one_line(attempts: list[CallAttempt], words: str) -> None:
    """How often was asked, and what came of each."""
    assert words == asked_words(attempts)


@pytest.mark.parametrize("category", list(ErrorCategory))
def test_every_kind_of_failure_has_words(category: ErrorCategory) -> None:
    """No name of a category in code reaches a person."""
    failed = CallAttempt(number=1, outcome=AttemptOutcome.FAILED, category=category)
    assert "_" not in asked_words([failed])


def test_one_attempt_is_told_with_what_was_said_and_how_long_is_waited() -> None:
    """The ledger's line of one attempt."""
    words = "attempt 1: rate limited (rate limited (retry after 2s)); asked again after 2.0 s"
    assert words == attempt_words(LIMITED)
    assert "attempt 2: answered" == attempt_words(ANSWERED)


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(1, 2), st.integers(1, 3)), max_size=9))
def test_attempts_fall_into_calls_and_none_is_lost(drawn: list[tuple[str, int, int]]) -> None:
    """Each call has one agent and one cycle, and only its first attempt may be number one."""
    events = [
        attempted(agent, msgspec.structs.replace(ANSWERED, number=number), cycle)
        for agent, cycle, number in drawn
    ]
    calls = list(calls_of(events))
    assert [e.attempt for e in events] == [a for call in calls for a in call.attempts]
    for call in calls:
        assert all(attempt.number != 1 for attempt in call.attempts[1:])


# Traces and runs


def test_a_trace_and_its_run_tell_of_the_model_elsewhere(
    open_desk: OpenDesk, failing: Path, data_dir: Path
) -> None:
    """Where it was computed, what was sent and came, how often was asked; and what is not known."""
    desk, watch = open_desk()
    ask(desk, watch, failing)
    desk.close()
    packs = load_packs(paths.packs())
    views = read_views(data_dir, packs)
    [run] = [views.run_state(row.run_id) for row in views.runs()]
    trace = next(iter(run.traces.values()))
    pack = packs["release-readiness"]
    local = trace_view(run, trace, pack, views._read)

    assert ("byte-exact", "") == (local.grade, local.asked)
    rows = dict(local.envelope)
    assert "byte-exact" == rows["replay grade"]
    assert trace.call.plan == rows["execution plan"]
    assert {"build", "threads"} <= set(rows)
    assert not {"computed at", "adapter SHA-256"} & set(rows)

    remote = RemoteRef(
        system="https://models.example.org/v1",
        model="large",
        reference="",
        request_hash=ContentHash("1" * 64),
        response_hash=ContentHash("2" * 64),
    )
    envelope = msgspec.structs.replace(trace.call.envelope, context_size=0)
    call = msgspec.structs.replace(trace.call, remote=remote, envelope=envelope)
    asked = [attempted(trace.agent, one, trace.cycle) for one in (LIMITED, ANSWERED)]
    run.attempts.extend([*asked, attempted("planning", LIMITED, 9)])
    elsewhere = trace_view(run, msgspec.structs.replace(trace, call=call), pack, views._read)

    assert "audit-only" == elsewhere.grade
    assert "asked twice: rate limited, then answered" == elsewhere.asked
    rows = dict(elsewhere.envelope)
    assert "https://models.example.org/v1" == rows["computed at"]
    assert "none was given" == rows["answer’s id there"]
    assert ("1" * 64, "2" * 64) == (rows["request SHA-256"], rows["response SHA-256"])
    assert "threads" not in rows
    view = run_view(run, "Release readiness", "")
    assert (
        AskedRow(
            f"{trace.agent}, cycle {trace.cycle}: asked twice: rate limited, then answered", True
        ),
        AskedRow(
            "planning, cycle 9: asked once: rate limited", False, "rate limited (retry after 2s)"
        ),
    ) == view.asked


# Models


@pytest.fixture
def told() -> list[ModelView]:
    return []


@pytest.fixture
def thread(tmp_path: Path, told: list[ModelView]) -> Iterator[ModelThread]:
    """Models over a registry of its own, with one known by name here and one elsewhere."""
    known = {
        "nano": LocalModel("nano", paths.default_model()),
        "large": RemoteModel("large", "https://models.example.org/v1", "large"),
    }
    made = ModelThread(told.append, ModelSettings(tmp_path / "models", known))
    yield made
    made.close()


def test_models_are_told_with_where_they_are_and_where_to_add_one(
    thread: ModelThread, told: list[ModelView], tmp_path: Path
) -> None:
    """Loading passes through loading and measuring, each naming the model, and ends ready."""
    thread.load(paths.default_model()).result(60)
    view = told[-1]
    assert str(tmp_path / FILE) == view.catalogue
    assert [("nano", False, True), ("large", True, False)] == [
        (row.name, row.remote, row.loaded) for row in view.models
    ]
    name = "nano"
    steps = [(one.state, one.doing) for one in told]
    assert ("measuring", name) in steps
    assert steps.index(("loading", name)) < steps.index(("measuring", name))
    assert ("ready", "") == steps[-1]


def test_a_quarantined_file_is_told_by_its_hash_until_it_is_released(
    thread: ModelThread, told: list[ModelView], tmp_path: Path
) -> None:
    """What is in use stays; released, the file is looked into anew and taken."""
    registry = ModelRegistry(tmp_path / "models")
    file = Path(shutil.copy(paths.default_model(), tmp_path / "copy.gguf"))
    sha256 = registry.sha256(file)
    held = Quarantine(reason="it crashed", file=str(file), at=1)
    registry._write(KnownModel(sha256=sha256, quarantine=held))

    with pytest.raises(UnsafeModel):
        thread.load(file).result(60)

    failed = told[-1]
    assert ("failed", sha256, str(file)) == (failed.state, failed.quarantined, failed.failed_path)
    assert "quarantined" in failed.problem
    thread.release(sha256).result(60)
    thread.load(file).result(60)
    assert ("ready", "", "", "") == (
        told[-1].state,
        told[-1].problem,
        told[-1].quarantined,
        told[-1].failed_path,
    )


def test_a_file_that_is_no_model_is_told_without_a_quarantine(
    thread: ModelThread, told: list[ModelView], tmp_path: Path
) -> None:
    """The model in use stays, and nothing is being done any more."""
    thread.load(paths.default_model()).result(60)
    used = told[-1]
    bad = tmp_path / "bad.gguf"
    bad.write_bytes(b"no model")
    with pytest.raises(UnsafeModel):
        thread.load(bad).result(60)
    view = told[-1]
    assert ("ready", "", "", str(bad)) == (
        view.state,
        view.doing,
        view.quarantined,
        view.failed_path,
    )
    assert (used.name, used.path) == (view.name, view.path)
    assert "is no GGUF model" in view.problem
