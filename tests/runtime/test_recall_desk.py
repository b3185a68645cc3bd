"""D19: a desk recalls: a chain is shown hints and marks them so, and a person sees precedents."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from msgspec import UNSET

from converge_core.envelope import ReplayGrade
from converge_core.errors import IllegalCommand
from converge_core.plan import PolicyOverrideAttempted
from converge_core.recall import RecallBudgets, RecallPolicy, RecallQuery, RecallSource
from converge_core.trace import DecisionTrace
from converge_desktop import paths
from converge_desktop.runtime.deciding_model import Answer
from converge_desktop.runtime.desk import Desk, DeskOptions
from converge_desktop.runtime.port import RecallChanged
from converge_desktop.runtime.recall_thread import FOLDER
from tests.runtime.folders import make_folder
from tests.runtime.packs import at_once, with_kernel
from tests.runtime.watching import Watch

PACK = "release-readiness"
PATIENT = RecallPolicy(enabled=True, budgets=RecallBudgets(max_latency_ms=30_000))
ALWAYS = """
[kernel]
recall = true

[kernel.recalling]
reasoning = "always"
least_score = 300
latency_ms = 10000
"""


@dataclass
class Recalling:
    """A desk with the embedder that ships, under a policy that a test adds to."""

    place: Path
    kernel: str = ""
    opened: list[Desk] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.packs = Path(shutil.copytree(at_once(), self.place / "packs"))
        policy = self.packs / PACK / "policy.toml"
        policy.write_text(with_kernel(policy.read_text("utf-8"), self.kernel), "utf-8")
        self.failing = make_folder(self.place / "failing", failed=1)
        self.desk = Desk(
            DeskOptions(
                data_dir=self.place / "data",
                packs_dir=self.packs,
                samples_dir=paths.samples(),
                operator="alice",
                model=paths.default_model(),
                embedder=paths.embedder(),
            )
        )
        self.opened.append(self.desk)
        self.watch = Watch(self.desk)
        self.desk.ready.result(60)

    def run(self, *, recall: bool = False) -> str:
        """Runs the pack until somebody is asked, and returns the gate."""
        run = self.desk.start_run(PACK, self.failing, recall=recall).result(60)
        self.watch.phase(run, "waiting")
        [row] = [row for row in self.desk.inbox().result(10) if row.run_id == run]
        return row.gate_id

    def decide(self, gate: str, verdict: str, reason: str) -> None:
        """Answers at a gate."""
        review = self.desk.review(gate).result(10)
        self.desk.answer(Answer(gate, verdict, review.digest, reason)).result(10)

    def caught_up(self) -> None:
        """Waits until all that the ledger holds by now can be recalled."""
        last = self.desk.ledger_page(0, 10_000).result(10)[-1].seq

        def there(update: object) -> bool:
            ready = isinstance(update, RecallChanged) and update.state == "ready"
            return ready and update.seq >= last  # type: ignore[attr-defined]

        self.watch.until(there)

    def traces(self, gate: str) -> dict[str, DecisionTrace]:
        """Returns the model calls of a gate's run by their steps."""
        run, _ = self.desk._engine.send(lambda: self.desk._engine.views.gate(gate)).result(10)
        return {trace.call.step: trace for trace in run.traces.values()}


MakeRecalling = Callable[..., Recalling]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[MakeRecalling]:
    """Opens desks that can recall, and closes them."""
    made: list[Recalling] = []

    def make_one(kernel: str = "") -> Recalling:
        made.append(Recalling(tmp_path / str(len(made)), kernel))
        return made[-1]

    yield make_one
    for one in made:
        for desk in one.opened:
            desk.close()


def test_what_was_decided_about_things_like_this_is_a_precedent(make: MakeRecalling) -> None:
    """With verdict, reason, who, score and the gate to go to; before, it is said that none is."""
    at = make()
    first = at.run()
    at.caught_up()
    nothing = at.desk.alike(first).result(60)
    at.decide(first, "reject", "the audit comes first")
    second = at.run()
    at.caught_up()

    found = at.desk.alike(second).result(60)

    assert ((), "Nothing has been decided on this desk yet.") == (nothing.rows, nothing.words)
    [row] = found.rows
    assert (first, "reject", "the audit comes first") == (row.gate_id, row.verdict, row.reason)
    assert row.operator.startswith("alice")
    assert row.score >= 670
    assert "1 decision about things like this." == found.words
    assert found.envelope is not None
    assert ReplayGrade.BYTE_EXACT is found.envelope.embedder_grade


def test_a_chain_is_shown_hints_marked_so_and_the_trace_says_where_they_came_from(
    make: MakeRecalling,
) -> None:
    """The first run finds nothing; the second is shown what the first came to, and may not cite it.

    The trace holds the envelope, each hint under an id of its own, and the grade it leaves.
    """
    at = make(ALWAYS)
    first = at.run()
    at.decide(first, "reject", "the audit comes first")
    at.caught_up()
    second = at.run()

    call = at.traces(second)["reasoning"].call
    told = at.desk.trace(str(at.traces(second)["reasoning"].id)).result(10)

    recall = call.recall
    assert recall is not UNSET
    assert len(recall.candidates) >= 1
    hints = [cited for cited in call.state if cited.cite.startswith("m")]
    assert [one.id for one in recall.candidates] == [str(hint.fact) for hint in hints]
    [layer] = [layer.text for layer in told.layers if layer.name == "state"]
    assert "m01 | hint, not evidence | " in layer
    assert all("m0" not in trace.call.headline for trace in at.traces(second).values())
    assert "hints-not-evidence" in {check.name for check in call.checks}
    assert all(check.passed for check in call.checks)
    assert ReplayGrade.BYTE_EXACT is at.traces(second)["reasoning"].grade
    assert {"m01", "found", "among", "replay"} <= {name for name, _ in told.recall}
    assert not any(row.cite.startswith("m") for row in told.rests_on)


def test_only_the_steps_that_recall_are_on_record_with_it(make: MakeRecalling) -> None:
    """Never, always, on request: by the policy, for each step."""
    at = make(
        ALWAYS.replace('reasoning = "always"', 'reasoning = "on-request"\nevaluation = "always"')
    )
    gate = at.run()
    asked = at.run(recall=True)

    def recalled(of: str) -> dict[str, bool]:
        return {step: one.call.recall is not UNSET for step, one in at.traces(of).items()}

    assert {"reasoning": False, "evaluation": True, "planning": False} == recalled(gate)
    assert {"reasoning": True, "evaluation": True, "planning": False} == recalled(asked)


def test_a_run_may_not_ask_for_recall_that_the_policy_does_not_allow(make: MakeRecalling) -> None:
    """No run comes of it."""
    at = make()

    with pytest.raises(PolicyOverrideAttempted, match="recall"):
        at.desk.start_run(PACK, at.failing, recall=True).result(60)


def test_the_folder_can_be_deleted_while_the_desk_runs(make: MakeRecalling) -> None:
    """It comes back, and what was found before is found again."""
    at = make()
    at.run()
    at.caught_up()
    query = RecallQuery(query_text="tests that fail", sources=(RecallSource.FACT,))
    before = at.desk.recall(query, PATIENT).result(60)
    seen = len(at.watch.updates)

    shutil.rmtree(at.place / "data" / FOLDER)
    at.desk.recall(query, PATIENT).result(60)
    at.watch.until(
        lambda update: (
            isinstance(update, RecallChanged)
            and update.state == "ready"
            and update in at.watch.updates[seen:]
        )
    )

    assert before.candidates
    assert before.candidates == at.desk.recall(query, PATIENT).result(60).candidates


def test_a_desk_without_an_embedder_says_so(
    open_desk: Callable[..., tuple[Desk, Watch]],
) -> None:
    """And everything else goes on."""
    desk, _ = open_desk()

    with pytest.raises(IllegalCommand, match="without a model that embeds"):
        desk.recall(RecallQuery(query_text="anything"))
    assert "off" == desk.recall_state().state
