"""A model elsewhere takes a step: only where the policy lets it, once, and on record as such."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec import UNSET
from msgspec.structs import replace

from converge_core.capability_errors import ErrorCategory
from converge_core.envelope import InferenceRequest, ReplayGrade
from converge_core.errors import IllegalCommand
from converge_core.events import Event, RunStarted
from converge_core.ledger import SALT_BYTES, Chain, encode_batch
from converge_core.plan import PolicyOverrideAttempted, StepPlan
from converge_core.policy import Risk
from converge_core.retry import AttemptOutcome
from converge_core.routing import DataClass, RoutingPolicy
from converge_core.run_state import RunState
from converge_desktop import paths
from converge_desktop.adapters.ledger.ledger_file import read_ledger
from converge_desktop.adapters.models.catalogue import LocalModel
from converge_desktop.runtime.desk import Desk, DeskOptions
from converge_desktop.runtime.model_thread import ModelSettings, ModelThread, ModelUnavailable
from converge_desktop.runtime.port import Notice
from converge_desktop.runtime.views import read_views
from tests.adapters.model_server import FakeServer, fake_server, real_server, reply
from tests.runtime.conftest import Cli, OpenDesk
from tests.runtime.packs import with_kernel
from tests.runtime.test_main_path import ask
from tests.runtime.watching import Watch

OPEN = '[kernel]\ndata = "public"\n[kernel.remote]\nmost_confidential = "public"\n'
OPEN += 'highest_risk = "low"\n'
PACK = "release-readiness"
TRIAGE = """
[[agent]]
name = "triage"
contract = "classification"
reads = ["Signals"]
key = "Proposals"
fact = "kind"
model = "far"
attempts = 3
categories = ["usual", "unusual"]
"""
TRIAGE_PROMPT = """
[agents.triage]
revision = 1
priming = "classification. cite by id."
task_frame = "categories {categories}"
"""
TRIAGE_RULE = """
[[rule]]
name = "triage-may-stand"
effect = "permit"
key = "Proposals"
agent = "triage"
risk = "low"
reason = "A kind commits to nothing."
"""


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with fake_server() as fake:
        yield fake


@pytest.fixture
def answer(open_desk: OpenDesk, failing: Path) -> str:
    """What the shipped model reasons over the folder; the server gives it as its own."""
    desk, watch = open_desk()
    ask(desk, watch, failing)
    return desk.trace(desk.traces().result(10)[-1].trace_id).result(10).raw_output


@pytest.fixture
def folders(failing: Path, tmp_path: Path) -> tuple[Path, Path]:
    """A folder to read, and one to work in."""
    return failing, tmp_path


def completion(content: str) -> dict[str, Any]:
    return {
        "id": "cmpl-7",
        "model": "large-2026",
        "choices": [{"index": 0, "message": {"content": content}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 400, "completion_tokens": 90, "total_tokens": 490},
    }


class Place:
    """A data directory with a model elsewhere, and packs that name it."""

    def __init__(
        self, folder: Path, address: str, *, kernel: str, step: str, more: str = ""
    ) -> None:
        self.data, self.packs = folder / "elsewhere", folder / "packs"
        self.data.mkdir()
        (self.data / "models.toml").write_text(
            f'[far]\nurl = "{address}"\nmodel = "large"\n{more}', "utf-8"
        )
        shutil.copytree(paths.packs() / PACK, self.packs / PACK)
        if step:
            self.append("pack.toml", f'[models]\n{step} = "far"\n')
        policy = self.packs / PACK / "policy.toml"
        policy.write_text(with_kernel(policy.read_text("utf-8"), kernel), "utf-8")

    def append(self, name: str, text: str) -> None:
        with (self.packs / PACK / name).open("a", encoding="utf-8") as file:
            file.write(f"\n{text}")

    def desk(self) -> tuple[Desk, Watch]:
        options = DeskOptions(
            self.data, self.packs, paths.samples(), "alice", paths.default_model()
        )
        desk = Desk(options)
        watch = Watch(desk)
        desk.ready.result(30)
        return desk, watch

    def state(self) -> RunState:
        """Returns the only run, read back from the ledger."""
        views = read_views(self.data, {})
        [run] = [views.run_state(row.run_id) for row in views.runs()]
        return run


def test_where_a_step_is_answered_elsewhere_nothing_may_be_recalled(
    server: FakeServer, failing: Path, tmp_path: Path
) -> None:
    """It is not offered, and whoever asks for it all the same is told why; no run begins."""
    kernel = OPEN.replace("[kernel]", "[kernel]\nrecall = true")
    place = Place(tmp_path, server.address, kernel=kernel, step="reasoning")
    desk, _ = place.desk()
    try:
        assert "" == desk.start_offer(PACK).result(10).recall
        with pytest.raises(IllegalCommand, match="computed elsewhere"):
            desk.start_run(PACK, failing, recall=True).result(30)
        assert () == desk.runs().result(10)
    finally:
        desk.close()
    assert [] == server.seen


def test_a_step_may_be_answered_elsewhere_where_the_policy_lets_it(
    server: FakeServer, answer: str, failing: Path, tmp_path: Path
) -> None:
    """Asked once; its trace can be audited and no more, and the other steps stay as they are."""
    server.does = reply(200, completion(answer))
    place = Place(tmp_path, server.address, kernel=OPEN, step="reasoning")
    desk, watch = place.desk()
    try:
        ask(desk, watch, failing)
    finally:
        desk.close()

    run = place.state()
    first, second, third = run.traces.values()
    assert 1 == len(server.seen)
    assert "json_schema" == server.seen[0].body["response_format"]["type"]
    assert (server.address, "large-2026", "cmpl-7") == (
        first.call.remote.system,
        first.call.remote.model,
        first.call.remote.reference,
    )
    assert [ReplayGrade.AUDIT_ONLY, ReplayGrade.BYTE_EXACT, ReplayGrade.BYTE_EXACT] == [
        trace.grade for trace in (first, second, third)
    ]
    assert [("reasoning", AttemptOutcome.ANSWERED)] == [
        (event.agent, event.attempt.outcome) for event in run.attempts
    ]
    assert {run.started.plan.digest()} == {trace.call.plan for trace in run.traces.values()}
    assert all(entry.event is not None for entry in read_ledger(place.data / "ledger"))


@pytest.mark.parametrize(
    ("kernel", "step", "words"),
    [
        ("", "reasoning", "confidential data never leaves this machine"),
        ('[kernel]\ndata = "public"\n', "reasoning", "lets no data leave"),
        (OPEN.replace('"public"', '"internal"', 1), "reasoning", "at most public leave"),
        (OPEN, "planning", "high"),
        (OPEN.replace('"low"', '"high"'), "planning", "high"),
    ],
)
def test_what_may_not_leave_does_not_even_begin(
    server: FakeServer, folders: tuple[Path, Path], kernel: str, step: str, words: str
) -> None:
    """Confidential data and high risk never leave, other data only as far as the policy lets it."""
    failing, tmp_path = folders
    place = Place(tmp_path, server.address, kernel=kernel, step=step)
    desk, _ = place.desk()
    try:
        with pytest.raises(PolicyOverrideAttempted) as refused:
            desk.start_run(PACK, failing).result(60)
        runs = desk.runs().result(10)
    finally:
        desk.close()

    assert words in str(refused.value).lower()
    assert ((), []) == (runs, server.seen)


@pytest.mark.parametrize(
    ("status", "body", "category"),
    [
        (500, {"error": {"message": "out of memory"}}, ErrorCategory.INTERNAL),
        (429, {"error": {"message": "slow down"}}, ErrorCategory.RATE_LIMIT),
        (401, {"error": {"message": "who are you"}}, ErrorCategory.AUTH),
    ],
)
def test_a_step_that_fails_elsewhere_is_not_tried_again(
    server: FakeServer, folders: tuple[Path, Path], status: int, body: Any, category: str
) -> None:
    """One request, one attempt on record with what went wrong, and the run says why it stopped."""
    failing, tmp_path = folders
    server.does = reply(status, body)
    place = Place(tmp_path, server.address, kernel=OPEN, step="reasoning")
    desk, watch = place.desk()
    try:
        run_id = desk.start_run(PACK, failing).result(60)
        view = watch.phase(run_id, "stopped")
    finally:
        desk.close()

    [event] = place.state().attempts
    assert 1 == len(server.seen)
    assert (AttemptOutcome.FAILED, category) == (event.attempt.outcome, event.attempt.category)
    assert "AgentRefused" == view.stop_kind
    assert not place.state().traces


def test_an_answer_from_elsewhere_meets_the_same_contract(
    server: FakeServer, answer: str, failing: Path, tmp_path: Path
) -> None:
    """No grammar bounds it there, so what it says is held against every check here."""
    wrong = json.loads(answer)
    wrong["steps"][0]["text"] += " and 17 more"
    server.does = reply(200, completion(json.dumps(wrong)))
    place = Place(tmp_path, server.address, kernel=OPEN, step="reasoning")
    desk, watch = place.desk()
    try:
        view = watch.phase(desk.start_run(PACK, failing).result(60), "stopped")
    finally:
        desk.close()

    [trace] = place.state().traces.values()
    assert "AgentRefused" == view.stop_kind
    assert ["no-own-numbers"] == [check.name for check in trace.call.checks if not check.passed]


def test_a_real_server_takes_a_step(failing: Path, tmp_path: Path) -> None:
    """Whatever a model without a grammar says there is valid, or refused with a reason."""
    with real_server(tmp_path / "server.log") as address:
        more = 'key_env = "CONVERGE_TEST_KEY"\nschema = "json_object"\n'
        place = Place(tmp_path, address, kernel=OPEN, step="reasoning", more=more)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("CONVERGE_TEST_KEY", "sk-secret-of-the-test")
            desk, watch = place.desk()
            try:
                run_id = desk.start_run(PACK, failing).result(60)
                watch.phase(run_id, "waiting", "stopped")
            finally:
                desk.close()

    run = place.state()
    first = next(iter(run.traces.values()))
    assert ReplayGrade.AUDIT_ONLY is first.grade
    assert first.call.remote.system == address
    assert first.call.outcome == "valid" or run.stop is not None
    written = b"".join(file.read_bytes() for file in (place.data / "ledger").iterdir())
    assert b"sk-secret" not in written


def test_a_model_can_be_tried_outside_of_any_run(
    server: FakeServer, cli: Cli, data_dir: Path
) -> None:
    """What it answers, that it answers otherwise, or that it does not: asked again where it may."""
    data_dir.mkdir()
    (data_dir / "models.toml").write_text(f'[far]\nurl = "{server.address}"\nmodel = "large"\n')
    server.does = reply(200, completion('{"ready": true}'))
    ready = cli("models", "--try", "far", "--json")
    server.does = reply(200, completion("I am ready!"))
    talks = cli("models", "--try", "far", "--json")
    server.does = reply(401, {"error": {"message": "who are you"}})
    refused = cli("models", "--try", "far")
    here = cli("models", "--try", "converge-nano", "--json")

    assert (0, 'far answers: {"ready": true}') == (ready.returncode, said(ready))
    assert (0, True) == (talks.returncode, said(talks).startswith("far answers, but not in JSON"))
    assert 2 == refused.returncode
    assert "far gives no answer: authentication denied" in refused.stdout
    assert (0, True) == (here.returncode, said(here).startswith("converge-nano answers"))
    assert 3 == len(server.seen)


def said(result: subprocess.CompletedProcess[str]) -> str:
    return str(json.loads(result.stdout)["words"])


def test_an_agent_may_ask_again_where_there_was_no_answer_at_all(
    server: FakeServer, folders: tuple[Path, Path]
) -> None:
    """As often as the pack says, each attempt on record; the chain beside it is asked once."""
    failing, tmp_path = folders
    server.does = reply(500, {"error": {"message": "out of memory"}})
    place = Place(tmp_path, server.address, kernel=TRIAGE_RULE + OPEN, step="")
    place.append("pack.toml", TRIAGE)
    place.append("prompts.toml", TRIAGE_PROMPT)
    desk, watch = place.desk()
    try:
        run_id = desk.start_run(PACK, failing).result(60)
        watch.phase(run_id, "waiting", "stopped")
    finally:
        desk.close()

    run = place.state()
    attempts = [event.attempt for event in run.attempts if event.agent == "triage"]
    assert [1, 2, 3] == [attempt.number for attempt in attempts]
    assert {AttemptOutcome.FAILED} == {attempt.outcome for attempt in attempts}
    assert [True, True, False] == [attempt.wait_us is not None for attempt in attempts]
    assert 3 == len(server.seen)
    assert {"reasoning", "evaluation", "planning"} == {
        trace.call.step for trace in run.traces.values()
    }


def test_a_model_that_moved_is_not_asked(tmp_path: Path) -> None:
    """A step planned for this machine is never answered elsewhere because a name changed hands."""
    local = LocalModel("far", paths.default_model())
    thread = ModelThread(lambda _: None, ModelSettings(tmp_path / "models", {"far": local}))
    step = StepPlan(step="reasoning", version="reasoning:v1:any", model="far", remote=True)
    try:
        with pytest.raises(ModelUnavailable, match="was elsewhere when this run was planned"):
            thread.infer(InferenceRequest("x", "y", 1), lambda: False, step)
        missing = StepPlan(step="reasoning", version="reasoning:v1:any", model="nobody")
        with pytest.raises(ModelUnavailable, match="there is no model 'nobody' on this desk"):
            thread.infer(InferenceRequest("x", "y", 1), lambda: False, missing)
    finally:
        thread.close()


def test_a_plan_that_was_written_into_the_ledger_sends_nothing_anywhere(
    server: FakeServer, folders: tuple[Path, Path]
) -> None:
    """A run whose kept plan is not that of its pack goes no further, whatever its record says."""
    failing, tmp_path = folders
    place = Place(tmp_path, server.address, kernel="", step="")
    desk, watch = place.desk()
    try:
        watch.phase(desk.start_run(PACK, failing).result(60), "waiting")
    finally:
        desk.close()
    forge_plan(place.data)
    desk, watch = place.desk()
    try:
        notice = watch.until(
            lambda update: isinstance(update, Notice) and "could not go on" in update.text
        )
    finally:
        desk.close()

    assert isinstance(notice, Notice)
    assert "not the one that its pack compiles to" in notice.text
    assert [] == server.seen


def forge_plan(data: Path) -> None:
    """Cuts the ledger before the first cycle, and has its run plan the first step elsewhere."""
    ledger = data / "ledger"
    shutil.rmtree(data / "snapshots")  # whoever writes to the files writes to all of them
    entries = list(read_ledger(ledger))
    first = next(n for n, entry in enumerate(entries) if entry.head.kind == "cycle_started")
    batches: list[tuple[list[Event], int]] = [([], 0)]
    for entry in entries[:first]:
        event = entry.event
        assert event is not None
        if isinstance(event, RunStarted):
            assert event.plan is not UNSET
            kernel = replace(
                event.plan.kernel,
                data=DataClass.PUBLIC,
                routing=RoutingPolicy(most_confidential=DataClass.PUBLIC, highest_risk=Risk.LOW),
            )
            away = replace(event.plan.steps[0], model="far", remote=True, risk=Risk.LOW)
            plan = replace(event.plan, kernel=kernel, steps=(away, *event.plan.steps[1:]))
            event = replace(event, plan=plan)
        batches[-1] = ([*batches[-1][0], event], entry.head.at)
        if entry.head.close:
            batches.append(([], 0))
    assert not batches[-1][0]
    chain, lines = Chain(), b""
    for events, at in batches[:-1]:
        written, made = encode_batch(events, chain, at, lambda: b"\0" * SALT_BYTES)
        lines, chain = lines + written, Chain(made[-1].head.seq, made[-1].hash)
    [file] = ledger.glob("*.jsonl")
    file.write_bytes(lines)
