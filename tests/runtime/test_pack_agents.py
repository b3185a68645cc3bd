"""Agents that a pack declares: each asks one model once, under a contract of its own."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from msgspec import UNSET

from converge_core.agent import sequential
from converge_core.asking import Gate
from converge_core.canonical import hash_text
from converge_core.capability_errors import RateLimited
from converge_core.chain import DecisionStep
from converge_core.command import Advance, Command, Report
from converge_core.envelope import InferenceEnvelope, InferenceRequest, InferenceResult
from converge_core.events import AgentFailed, Event, FactPromoted, RunStarted, TraceRecorded
from converge_core.fact import Fact, FactRecord
from converge_core.ids import FactId, RunId
from converge_core.key import ContextKey
from converge_core.limits import Quantity
from converge_core.model_config import ContextBudgetInvalid, PromptFamilyMismatch
from converge_core.plan import PolicyOverrideAttempted, StepPlan
from converge_core.policy import Risk
from converge_core.proposal import ContentKind
from converge_core.retry import CallAttempt
from converge_core.routing import Reach
from converge_core.run_state import DeskState, Phase, RunState
from converge_core.state import fold
from converge_core.trace import DecisionTrace, Outcome, TextRef
from converge_desktop import paths
from converge_desktop.adapters.intake import Intake, Metric
from converge_desktop.adapters.ledger.ledger_file import read_ledger
from converge_desktop.adapters.packs.agents import CHAIN_FACTS, MOST_AGENTS
from converge_desktop.adapters.packs.pack import Pack, pack_of
from converge_desktop.runtime.chain_agents import MAKES
from converge_desktop.runtime.desk import Desk, DeskOptions
from converge_desktop.runtime.model_thread import ModelUnavailable
from converge_desktop.runtime.pack_engine import (
    BUDGETS,
    begin,
    budgets_of,
    build_engine,
    intent_of,
    plan_of,
)
from converge_desktop.runtime.port import StatusChanged
from converge_desktop.runtime.review_views import assemble_review
from converge_desktop.runtime.state_layers import LETTERS, MOST_FACTS
from converge_desktop.runtime.trace_views import trace_row, trace_view
from tests.adapters.agents_pack import AGENTS, FINDER, ID, TEXTS, write_pack
from tests.runtime.folders import make_folder
from tests.runtime.packs import with_kernel
from tests.runtime.watching import Watch

# A model that says what it is told to.

METRICS = (
    Metric("tests.failed", "tests failed", Quantity(0), "junit.xml", "testsuites"),
    Metric("coverage.line", "line coverage", Quantity(905, 1, "%"), "coverage.xml", "coverage"),
    Metric("tests.total", "tests in all", Quantity(12), "junit.xml", "testsuites"),
)
RUN = RunId("run-0001")
CHAIN = {
    "reasoning": json.dumps(
        {
            "steps": [
                {"text": "{s01} is within its limit", "side": "support"},
                {"text": "{s02} is within its limit", "side": "support"},
            ],
            "conclusion": "proceed",
        }
    ),
    "evaluation": '{"justification":"{s01} speaks for it","score":0.90,"confidence":0.95}',
    "planning": '{"verdict":"proceed","steps":[]}',
}
SORTED = '{"justification":"{s02} is not much","labels":["risky"],"confidence":0.80}'
FOUND = '{"values":{"coverage":"s02","failures":"s01","owner":"missing"}}'
TOLD = '{"text":"All in all {e01}, and that is that."}'
SOUND = {**CHAIN, "triage": SORTED, "finder": FOUND, "notes": TOLD}

ENVELOPE = InferenceEnvelope(
    backend="double",
    model="told",
    model_sha256="0" * 64,
    family="llama",
    tokenizer_hash="0" * 64,
    grammar_hash="0" * 64,
    temperature=0,
    top_k=1,
    seed=0,
    seed_policy="fixed",
    max_tokens=1,
    stop=(),
    context_size=1,
    batch_size=1,
    threads=1,
    cpu="none",
)


class Told:
    """Answers each step with what it is told to; an error is raised."""

    def __init__(self, answers: Mapping[str, str | Exception]) -> None:
        self.asked: list[tuple[StepPlan, InferenceRequest]] = []
        self._answers = answers

    def __call__(
        self, request: InferenceRequest, step: StepPlan, record: Callable[[CallAttempt], None]
    ) -> InferenceResult:
        self.asked.append((step, request))
        del record  # nothing here is elsewhere
        answer = self._answers[step.step]
        if isinstance(answer, Exception):
            raise answer
        return InferenceResult(answer, "stop", 1, 0, 1, 1, 1, ENVELOPE)


@dataclass
class Ran:
    """A run to where people are needed, or to its end."""

    pack: Pack
    state: RunState
    model: Told
    events: list[Event]
    texts: dict[str, str]

    def fact(self, key: ContextKey, name: str) -> Fact | None:
        return self.state.context.fact(key, FactId(name))

    def need(self, key: ContextKey, name: str) -> Fact:
        fact = self.fact(key, name)
        assert fact is not None
        return fact

    def trace(self, step: str) -> DecisionTrace:
        [trace] = [one for one in self.state.traces.values() if one.call.step == step]
        return trace

    def why_failed(self, agent: str) -> str:
        [reason] = [e.reason for e in self.events if isinstance(e, AgentFailed) if e.agent == agent]
        return reason

    def asked(self) -> list[str]:
        return [step.step for step, _ in self.model.asked]

    def request(self, step: str) -> InferenceRequest:
        [request] = [request for planned, request in self.model.asked if planned.step == step]
        return request

    def read(self, ref: TextRef) -> str:
        return self.texts[ref.sha256] if ref.inline is None else ref.inline

    def gate(self, agent: str) -> Gate:
        [gate] = [one for one in self.state.open_gates() if one.request.agent == agent]
        return gate


def pack_with(agents: str = AGENTS, *, policy: str = "", drop: Sequence[str] = ()) -> Pack:
    """Returns the pack with these agents, and with the prompts of those in ``drop`` left out."""
    about = TEXTS["pack.toml"].replace(AGENTS, agents)
    prompts = TEXTS["prompts.toml"]
    for name in drop:
        start = prompts.index(f"[agents.{name}]")
        end = prompts.find("[agents.", start + 1)
        prompts = prompts[:start] + (prompts[end:] if end > 0 else "")
    texts = {"pack.toml": about, "policy.toml": policy or TEXTS["policy.toml"]}
    return pack_of({**texts, "prompts.toml": prompts}, "the/pack")


def run(
    answers: Mapping[str, str | Exception],
    pack: Pack | None = None,
    metrics: tuple[Metric, ...] = METRICS,
) -> Ran:
    """Runs a pack over some numbers with a model that says what it is told to."""
    pack, model = pack or pack_of(TEXTS, "the/pack"), Told(answers)
    plan = plan_of(pack, lambda _: Reach.LOCAL)
    intake = Intake("app at abc", metrics, (), ())
    command: Command = begin(RUN, pack, plan, intake, Path("folder"))
    engine = build_engine(pack, intent_of(pack, intake.subject), plan, model)
    desk, state, happened, texts = DeskState(), None, list[Event](), dict[str, str]()
    while True:
        for event in engine.step(state, command, 1):
            fold(desk, event, 1, desk.seq + 1)
            happened.append(event)
        state, command = desk.runs[RUN], Advance()
        if state.phase in {Phase.WAITING, Phase.STOPPED}:
            return Ran(pack, state, model, happened, texts)
        if state.phase is Phase.EXECUTING:
            executed = sequential(engine.work(state))
            said = [text for one in executed for text in one.effect.texts]
            texts |= {hash_text(text): text for text in said}
            command = Report(executed)


# What each contract comes to.


def test_a_classification_becomes_a_fact_with_its_categories_and_its_own_confidence() -> None:
    """The label is a word that a policy can compare; the confidence is the answer's."""
    ran = run(SOUND)

    fact = ran.need(ContextKey.HYPOTHESES, "kind-of-release")
    assert (ContentKind.CLASSIFICATION, "risky, confidence 0.80", 800) == (
        fact.kind,
        fact.content,
        fact.confidence,
    )
    assert (["risky"], "risky", 800) == (
        fact.structured["labels"],
        fact.structured["label"],
        fact.structured["confidence"],
    )
    assert "coverage.line" == fact.structured["cites"]["s02"]
    assert ("risky, confidence 0.80", "classification:v1", Outcome.VALID) == (
        ran.trace("triage").call.headline,
        ran.trace("triage").call.contract,
        ran.trace("triage").call.outcome,
    )


def test_several_categories_stand_side_by_side() -> None:
    """Then there is no one label."""
    agents = AGENTS.replace('"urgent"]', '"urgent"]\nseveral = true')
    two = SORTED.replace('["risky"]', '["routine","urgent"]')

    fact = run({**SOUND, "triage": two}, pack_with(agents)).need(
        ContextKey.HYPOTHESES, "kind-of-release"
    )

    assert ["routine", "urgent"] == fact.structured["labels"]
    assert "label" not in fact.structured
    assert "routine, urgent, confidence 0.80" == fact.content


def test_what_is_extracted_was_put_in_from_the_state() -> None:
    """Field by field the words of the fact that was cited; what is missing is said to be."""
    ran = run(SOUND)

    fact = ran.need(ContextKey.PROPOSALS, "key-figures")
    assert ContentKind.CLAIM is fact.kind
    assert {"coverage": "line coverage 90.5 %", "failures": "tests failed 0"} == (
        fact.structured["values"]
    )
    assert {"coverage": "coverage.line", "failures": "tests.failed"} == fact.structured["facts"]
    assert ["owner"] == fact.structured["missing"]
    assert "coverage: line coverage 90.5 %; failures: tests failed 0; owner: missing" == (
        fact.content
    )
    assert fact.confidence is None
    assert "2 of 3 fields" == ran.trace("finder").call.headline


def test_a_field_that_is_left_out_is_missing() -> None:
    """A reader of the schema may leave out what it did not find."""
    ran = run({**SOUND, "finder": '{"values":{"coverage":"s02"}}'})

    fact = ran.need(ContextKey.PROPOSALS, "key-figures")
    assert ["failures", "owner"] == fact.structured["missing"]


def test_a_text_has_its_cites_filled_in() -> None:
    """So that no number in it is the model's own; what no rule permits, a person is asked about."""
    ran = run(SOUND)

    gate = ran.gate("notes")
    fact = ran.state.drafts[gate.request.proposal].fact
    assert (ContentKind.DOCUMENT, ContextKey.PROPOSALS, "release-notes") == (
        fact.kind,
        fact.key,
        fact.id,
    )
    assert "All in all readiness 0.9, confidence 0.95, and that is that." == fact.content
    assert "evaluation" == fact.structured["cites"]["e01"]
    assert "All in all readiness 0.9, confidence 0.95, and…" == ran.trace("notes").call.headline


@pytest.mark.parametrize(
    ("agent", "answer", "reason"),
    [
        ("triage", SORTED.replace("risky", "spam"), "not declared"),
        ("triage", SORTED.replace("0.80", "0.99"), "confidence is higher"),
        ("triage", SORTED.replace("{s02}", "{s09}"), "does not stand in the state"),
        ("triage", SORTED.replace("not much", "at 90"), "a number of its own"),
        ("triage", "risky", "does not have the shape"),
        ("finder", FOUND.replace('"s02"', '"missing"'), "A required field is missing"),
        ("finder", FOUND.replace('"s02"', '"s77"'), "does not stand in the state"),
        ("finder", FOUND.replace('"owner"', '"price"'), "nobody asked for"),
        ("notes", '{"text":"All of ninety, or 90."}', "a number of its own"),
        ("notes", '{"text":"Just as {h09} has it."}', "does not stand in the state"),
        ("notes", json.dumps({"text": "x" * 91}), "longer than the contract allows"),
    ],
)
def test_an_answer_that_breaks_its_contract_leaves_a_trace_and_no_fact(
    agent: str, answer: str, reason: str
) -> None:
    """It was asked once, is not asked again, and the chain goes on to its end."""
    ran = run({**SOUND, agent: answer})

    declared = next(one for one in ran.pack.agents if one.name == agent)
    assert Outcome.INVALID is ran.trace(agent).call.outcome
    assert answer == ran.read(ran.trace(agent).call.output)
    assert reason in ran.why_failed(agent)
    assert ran.why_failed(agent).startswith("The answer broke its contract.")
    assert ran.fact(declared.key, declared.fact) is None
    assert 1 == ran.asked().count(agent)
    assert ran.gate("planning").open


def test_one_that_failed_is_not_tried_again_though_what_it_reads_has_grown() -> None:
    """A hypothesis that comes later wakes it, and it has nothing more to say in this run."""
    late = AGENTS.replace('reads = ["Signals"]', 'reads = ["Signals", "Hypotheses"]')
    agents = late.replace('["Evaluations", "Hypotheses"]', '["Hypotheses"]')

    ran = run({**SOUND, "notes": "no answer"}, pack_with(agents))

    assert ("evaluation", "triage", "notes") == ran.state.eligible[2]
    assert ran.fact(ContextKey.HYPOTHESES, "kind-of-release")
    assert ("planning",) == ran.state.eligible[3]
    assert 1 == ran.asked().count("notes")


def test_a_call_that_fails_is_on_record_and_is_no_fact() -> None:
    """Neither another attempt nor another model: what went wrong is said."""
    ran = run({**SOUND, "triage": RateLimited(7, "come back later")})

    assert "come back later" in ran.why_failed("triage")
    assert 1 == ran.asked().count("triage")
    assert ran.fact(ContextKey.HYPOTHESES, "kind-of-release") is None


# What it is shown, and when.


def test_it_is_shown_the_facts_of_the_keys_it_reads_and_no_others() -> None:
    """Numbers with their limits, as the chain sees them; statements in their own words."""
    ran = run(SOUND)
    chain = ran.request("reasoning").prompt.split("STATE\n")[1].splitlines()

    triage = ran.request("triage").prompt.split("STATE\n")[1].splitlines()
    finder = ran.request("finder").prompt.split("STATE\n")[1].splitlines()
    notes = ran.request("notes").prompt.split("STATE\n")[1].splitlines()

    assert chain[:3] == triage[:3] == finder[:3]
    assert "s02 | hard | margin +15.5 | line coverage | 90.5 % | at least 75.0 %" == triage[1]
    assert "l01 | classification | tests failed at most 0 (hard)" == finder[3]
    assert [
        "e01 | evaluation | readiness 0.9, confidence 0.95",
        "h01 | reasoning | The reasoning concludes: proceed",
        "h02 | classification | risky, confidence 0.80",
    ] == notes[:3]
    assert "" == triage[3]


def test_its_prompt_is_its_own_under_the_policy_of_all() -> None:
    """Priming and task frame as the pack words them, filled; the policy layer is shared."""
    ran = run(SOUND)

    triage, reasoning = ran.pack.agents[0].template, ran.pack.templates[DecisionStep.REASONING]
    assert "triage:v1:any" == str(triage.version)
    assert reasoning.policy == triage.policy
    assert "one of routine risky urgent" in ran.request("triage").prompt
    assert "fields coverage failures owner" in ran.request("finder").prompt
    assert "at most 90 characters" in ran.request("notes").prompt
    assert ran.request("triage").prompt.startswith(ran.request("triage").prefix)
    assert 'label ::= "routine" | "risky" | "urgent"' in ran.request("triage").grammar


def test_it_waits_until_all_that_it_reads_is_there_and_runs_once() -> None:
    """One that reads what the chain found comes after it, beside what the chain does next."""
    ran = run(SOUND)

    assert {
        1: ("reasoning", "triage", "finder"),
        2: ("evaluation",),
        3: ("planning", "notes"),
    } == dict(ran.state.eligible)
    assert sorted(ran.asked()) == sorted({*ran.asked()})


def test_the_chain_is_asked_the_same_with_agents_beside_it_and_without() -> None:
    """To the byte: what others say under the same keys is nothing that a step reads."""
    both = run(CHAIN, pack_with("", drop=("triage", "finder", "notes"))), run(SOUND)
    alone, beside = both

    for step in DecisionStep:
        assert alone.request(step) == beside.request(step)
    first, second = (ran.state.drafts[ran.gate("planning").request.proposal] for ran in both)
    assert (first.fact, first.rests_on) == (second.fact, second.rests_on)


def test_an_agent_under_the_key_of_a_step_does_not_stand_in_for_it() -> None:
    """Where the reasoning does not become a fact, a hypothesis of another wakes no evaluation."""
    rule = 'name = "reasoning-is-a-hypothesis"\neffect = '
    policy = TEXTS["policy.toml"].replace(f'{rule}"permit"', f'{rule}"forbid"')

    ran = run(SOUND, pack_with(policy=policy))

    assert ran.fact(ContextKey.HYPOTHESES, "reasoning") is None
    assert ran.fact(ContextKey.HYPOTHESES, "kind-of-release")
    assert {"reasoning", "triage", "finder"} == {*ran.asked()}
    assert not [agents for agents in ran.state.eligible.values() if "evaluation" in agents]
    assert Phase.STOPPED is ran.state.phase


def test_unknown_values_bound_how_sure_it_may_be() -> None:
    """The ceiling of the contract is that of the facts it was shown."""
    unknown = Metric("coverage.line", "line coverage", Quantity(None), "coverage.xml", "")
    surer = SORTED.replace("0.80", "0.81")

    ran = run({**SOUND, "triage": surer}, metrics=(METRICS[0], unknown))

    assert "The confidence is higher than 1 unknown values allow." in ran.why_failed("triage")


def test_what_the_policy_requires_to_be_true_is_looked_at_for_every_answer() -> None:
    """An agent's answer lets nothing go, so a hard limit that is broken does not speak against."""
    kernel = '[kernel]\nrequired_truths = ["no-failing-test"]\n'
    policy = with_kernel(TEXTS["policy.toml"], kernel)
    failed = Metric("tests.failed", "tests failed", Quantity(3), "junit.xml", "testsuites")

    ran = run(SOUND, pack_with(policy=policy), (failed, *METRICS[1:]))

    checks = {check.name: check.passed for check in ran.trace("triage").call.checks}
    assert checks["truth:no-failing-test"]
    assert ran.fact(ContextKey.HYPOTHESES, "kind-of-release")


def test_one_whose_fact_stands_is_asked_no_more() -> None:
    """Whatever else comes to stand under the keys it reads, such as its own fact."""
    ran = run(SOUND, pack_with(AGENTS.replace('["Signals"]', '["Signals", "Hypotheses"]')))

    assert ("evaluation", "triage") == ran.state.eligible[2]
    assert ("planning", "notes") == ran.state.eligible[3]
    assert 1 == ran.asked().count("triage")


def test_more_facts_than_can_be_cited_are_refused_before_a_model_is_asked() -> None:
    """An id has two digits; leaving some of them out in silence would not do."""
    many = tuple(
        Metric(f"m.{number}", f"number {number}", Quantity(number), "f", "")
        for number in range(MOST_FACTS + 1)
    )
    finder = FINDER.replace('["Signals", "Constraints"]', '["Signals"]')

    ran = run(SOUND, pack_with(finder, drop=("triage", "notes")), many)

    assert "There are 100 facts under Signals" in ran.why_failed("finder")
    assert "finder" not in ran.asked()


def test_every_key_has_a_letter_of_its_own_and_none_is_that_of_capabilities() -> None:
    """An id names one fact, whoever reads it."""
    assert set(ContextKey) == set(LETTERS)
    assert len(LETTERS) == len({*LETTERS.values()} - {"c"})


def test_the_facts_of_the_chain_are_known_where_packs_are_read() -> None:
    """An agent may not propose a fact that goes by the id of a step's."""
    assert set(CHAIN_FACTS) == {fact for _, fact in MAKES.values()}


# The plan.


def test_the_plan_has_a_step_for_each_agent_with_its_model_and_its_risk() -> None:
    """After those of the chain, in the order of the pack; the run and its traces name them."""
    ran = run(SOUND)

    plan = ran.state.started.plan
    assert plan is not UNSET
    agents = [(step.step, step.version, step.model, step.risk) for step in plan.steps[3:]]
    assert [
        ("triage", "triage:v1:any", "fast", Risk.LOW),
        ("finder", "finder:v3:any", "medium", Risk.LOW),
        ("notes", "notes:v1:any", "", Risk.MEDIUM),
    ] == agents
    assert (*DecisionStep, "triage", "finder", "notes") == ran.state.started.agents
    assert {plan.digest()} == {trace.call.plan for trace in ran.state.traces.values()}
    assert [step.step for step, _ in ran.model.asked if step.model == "fast"] == ["triage"]


def test_what_no_rule_speaks_about_is_of_high_risk() -> None:
    """So it stays on this machine, and a person is asked."""
    policy = TEXTS["policy.toml"].replace('agent = "triage"', 'agent = "nobody"')
    ran = run(SOUND, pack_with(policy=policy))

    plan = ran.state.started.plan
    assert plan is not UNSET
    assert Risk.HIGH is plan.step("triage").risk
    assert ran.gate("triage").open


def test_an_agent_whose_model_is_elsewhere_keeps_to_the_routing_policy() -> None:
    """Nothing confidential leaves, and no plan comes of a pack that would have it leave."""
    pack = pack_of(TEXTS, "the/pack")

    def far(name: str) -> Reach:
        return Reach.REMOTE if name == "fast" else Reach.LOCAL

    with pytest.raises(PolicyOverrideAttempted, match="the step triage: “fast” was not asked"):
        plan_of(pack, far)


def test_one_that_may_leave_is_planned_elsewhere() -> None:
    """Public data at low risk, where the policy lets it."""
    kernel = '\n[kernel]\ndata = "public"\n'
    kernel += '[kernel.remote]\nmost_confidential = "public"\nhighest_risk = "low"\n'
    pack = pack_with(policy=with_kernel(TEXTS["policy.toml"], kernel))

    plan = plan_of(pack, lambda name: Reach.REMOTE if name == "fast" else Reach.LOCAL)

    assert [("triage", True), ("finder", False)] == [
        (step.step, step.remote) for step in plan.steps[3:5]
    ]


def test_more_agents_may_use_up_more() -> None:
    """A pack without any has the budgets it always had."""
    none = pack_with("", drop=("triage", "finder", "notes"))
    three = pack_of(TEXTS, "the/pack")

    assert BUDGETS == budgets_of(none)
    assert (budgets_of(three).tokens or 0) > (BUDGETS.tokens or 0)
    assert (budgets_of(three).time_us or 0) > (BUDGETS.time_us or 0)
    assert BUDGETS.cycles > MOST_AGENTS


# What people are shown.


def test_a_trace_shows_contract_checks_and_what_came_of_it() -> None:
    """Row and view as for a step: headline, checks in words, cites as what they stand for."""
    ran = run(SOUND)
    trace = ran.trace("finder")

    row = trace_row(ran.state.run, trace, ran.state.trace_at[trace.id])
    view = trace_view(ran.state, trace, ran.pack, ran.read)

    assert ("finder", "2 of 3 fields", "valid") == (row.step, row.headline, row.outcome)
    assert ("contract", "extraction:v1") in view.envelope
    assert {"every field was asked for", "every required field is found in the state"} <= {
        check.name for check in view.checks
    }
    assert all(check.passed for check in view.checks)
    shown = {one.text: one.fact_id for one in view.output if one.fact_id}
    assert "coverage.line" == shown["line coverage 90.5 %"]
    assert view.led_to.startswith("coverage: line coverage 90.5 %")
    assert ["s01", "s02", "s03", "l01"] == [one.cite for one in view.rests_on][:4]


def test_the_review_of_what_an_agent_proposes_is_about_that() -> None:
    """Its own words and evidence, no plan, and nothing about steps that there are not."""
    policy = TEXTS["policy.toml"].replace('agent = "triage"', 'agent = "nobody"')
    ran = run(SOUND, pack_with(policy=policy))
    gate = ran.gate("triage")

    review = assemble_review(ran.state, gate, ran.pack, ran.read)

    assert ("risky, confidence 0.80", "classification", 800, None) == (
        review.becomes_true,
        review.kind,
        review.confidence,
        review.score,
    )
    assert ["line coverage 90.5 %", " is not much"] == [one.text for one in review.justification]
    assert ["s01", "s02", "s03"] == [row.cite for row in review.evidence]
    assert "Nothing is executed." in review.consequences
    assert () == review.plan


def test_the_review_of_a_text_shows_what_it_was_made_of() -> None:
    """The statements it read; and the chain's review is as it is without agents."""
    ran = run(SOUND)
    alone = run(CHAIN, pack_with("", drop=("triage", "finder", "notes")))

    notes = assemble_review(ran.state, ran.gate("notes"), ran.pack, ran.read)
    chain = assemble_review(ran.state, ran.gate("planning"), ran.pack, ran.read)
    before = assemble_review(alone.state, alone.gate("planning"), alone.pack, alone.read)

    assert ["e01", "h01", "h02"] == [row.cite for row in notes.evidence]
    assert (before.reasoning, before.score, before.evidence, before.plan, before.checks) == (
        chain.reasoning,
        chain.score,
        chain.evidence,
        chain.plan,
        chain.checks,
    )


# Through the desk, with models.

OpenAgents = Callable[..., tuple[Desk, Watch]]


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A second model, of random weights."""
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "packaging" / "models"))
    from random_weights import write

    path = tmp_path / "data" / "tiny.gguf"
    write("tiny", path)
    return path


@pytest.fixture
def open_agents(tmp_path: Path, tiny: Path) -> Iterator[OpenAgents]:
    """Opens a desk with that pack, where “fast” is the tiny model and “medium” the shipped one."""
    (tmp_path / "data" / "models.toml").write_text(
        f'[fast]\npath = "{tiny.name}"\n[medium]\npath = "{paths.default_model()}"\n', "utf-8"
    )
    opened: list[Desk] = []

    def open_one(texts: dict[str, str]) -> tuple[Desk, Watch]:
        write_pack(tmp_path / "packs", texts)
        options = DeskOptions(
            data_dir=tmp_path / "data",
            packs_dir=tmp_path / "packs",
            samples_dir=tmp_path / "samples",
            operator="alice",
            model=paths.default_model(),
        )
        opened.append(Desk(options))
        watch = Watch(opened[-1])
        opened[-1].ready.result(30)
        return opened[-1], watch

    yield open_one
    for desk in opened:
        desk.close()


def recorded(data: Path) -> tuple[RunStarted, dict[str, DecisionTrace], dict[str, FactRecord]]:
    """Returns how the one run began, its traces by step, and its facts, as the ledger has them."""
    events = [entry.event for entry in read_ledger(data / "ledger")]
    [started] = [event for event in events if isinstance(event, RunStarted)]
    traces = [event.trace for event in events if isinstance(event, TraceRecorded)]
    facts = [event.fact for event in events if isinstance(event, FactPromoted)]
    assert len(traces) == len({trace.call.step for trace in traces})
    return (
        started,
        {trace.call.step: trace for trace in traces},
        {fact.id: fact for fact in facts},
    )


def test_two_agents_ask_two_models_by_name_and_the_switching_can_be_seen(
    open_agents: OpenAgents, tmp_path: Path
) -> None:
    """A small one sorts, another one finds, the one in use reasons; each trace names its own."""
    desk, watch = open_agents(TEXTS)
    run_id = desk.start_run(ID, make_folder(tmp_path / "folder", failed=1)).result(60)
    view = watch.phase(run_id, "waiting", "stopped")

    started, traces, _ = recorded(tmp_path / "data")
    plan = started.plan
    assert plan is not UNSET
    models = {step: trace.call.envelope.model for step, trace in traces.items()}
    assert ("random-tiny", "converge-nano", "converge-nano") == (
        models["triage"],
        models["finder"],
        models["reasoning"],
    )
    assert (
        traces["triage"].call.envelope.model_sha256 != traces["finder"].call.envelope.model_sha256
    )
    assert {"classification:v1", "extraction:v1"} <= {one.call.contract for one in traces.values()}
    assert {plan.digest()} == {trace.call.plan for trace in traces.values()}
    assert ("fast", "medium") == (plan.step("triage").model, plan.step("finder").model)
    assert [row.agent for row in view.agents][3:] == ["triage", "finder", "notes"]

    seen = [update.status.model for update in watch.updates if isinstance(update, StatusChanged)]
    doing = {(model.state, model.doing) for model in seen}
    assert {("loading", "fast"), ("busy", "fast"), ("busy", "")} <= doing
    assert {("fast", True), ("medium", True)} <= {(row.name, row.loaded) for row in seen[-1].models}


def test_whatever_a_model_answers_is_a_fact_of_the_state_or_a_refusal(
    open_agents: OpenAgents, tmp_path: Path
) -> None:
    """With models that were never taught such prompts: shape by grammar, meaning by check."""
    desk, watch = open_agents(TEXTS)
    run_id = desk.start_run(ID, make_folder(tmp_path / "folder", failed=1)).result(60)
    watch.phase(run_id, "waiting", "stopped")

    _, traces, facts = recorded(tmp_path / "data")
    for declared in pack_of(TEXTS, "the/pack").agents[:2]:
        call = traces[declared.name].call
        fact = facts.get(declared.fact)
        assert (call.outcome is Outcome.VALID) is (fact is not None)
        assert "parses" == call.checks[0].name
        assert call.checks[0].passed
        if fact is None:
            assert any(not check.passed for check in call.checks)
        else:
            shown = {one.cite: one.shown for one in call.state}
            assert set(fact.structured.get("values", {}).values()) <= {*shown.values()}
            assert {*fact.structured["cites"]} == {*shown}


def test_a_text_that_no_model_has_room_for_is_refused_before_the_run(
    open_agents: OpenAgents, tmp_path: Path
) -> None:
    """An answer that cannot fit is found out when the run is asked for."""
    long = TEXTS["pack.toml"].replace("most_characters = 90", "most_characters = 1000")
    desk, _ = open_agents({**TEXTS, "pack.toml": long})

    with pytest.raises(ContextBudgetInvalid, match="converge-nano"):
        desk.start_run(ID, make_folder(tmp_path / "folder")).result(60)

    assert () == desk.runs().result(10)


def test_a_prompt_bound_to_another_family_is_refused_before_the_run(
    open_agents: OpenAgents, tmp_path: Path
) -> None:
    """The stable layers of an agent are held against its own model, as those of a step are."""
    bound = TEXTS["prompts.toml"].replace("revision = 3", 'revision = 3\nfamily = "qwen"')
    desk, _ = open_agents({**TEXTS, "prompts.toml": bound})

    with pytest.raises(PromptFamilyMismatch, match="finder:v3:qwen"):
        desk.start_run(ID, make_folder(tmp_path / "folder")).result(60)


def test_a_model_that_this_desk_does_not_know_is_named(
    open_agents: OpenAgents, tmp_path: Path
) -> None:
    """A pack names models; which there are is for the desk to say."""
    desk, _ = open_agents({**TEXTS, "pack.toml": TEXTS["pack.toml"].replace("fast", "huge")})

    with pytest.raises(
        ModelUnavailable, match=r"no model 'huge'.*there are: converge-nano, fast, medium"
    ):
        desk.start_run(ID, make_folder(tmp_path / "folder")).result(60)
