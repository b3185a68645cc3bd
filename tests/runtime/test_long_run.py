"""A long run takes what it says and not the square of it: 500 turns of 400 characters in 4 MB."""

from __future__ import annotations

import json
import random
from itertools import count
from pathlib import Path

from converge_core.agent import AgentEffect, execute
from converge_core.answers import Answer, FreeformAnswer
from converge_core.canonical import hash_text
from converge_core.command import Advance, Begin, Command, Report
from converge_core.context import ContextView
from converge_core.contract import Ground
from converge_core.contract_freeform import FreeformContract
from converge_core.engine import Engine
from converge_core.envelope import InferenceRequest, InferenceResult
from converge_core.events import RunStarted
from converge_core.fact import Fact
from converge_core.ids import AgentId, FactId, RunId
from converge_core.intent import Budgets, Criterion, RootIntent
from converge_core.key import ContextKey
from converge_core.plan import ExecutionPlan, KernelPolicy, StepPlan, compile_plan
from converge_core.policy import Effect
from converge_core.prompt import PromptStack, PromptVersion, StateEntry, StateLayer, render_layers
from converge_core.proposal import ProposedFact
from converge_core.run_state import Phase
from converge_core.stop import CriteriaMet
from converge_desktop.runtime.journal import Journal
from converge_desktop.runtime.model_call import Question, Telling, ask
from tests.core.kit import ENVELOPE, EVERYTHING, policy_of, rule

TURNS, CHARACTERS = 500, 360
"""How many turns, and how many characters each has of its own; with what it cites nearly 400."""
MOST_BYTES = 4_000_000
KEY, RUN = ContextKey.HYPOTHESES, RunId("talk")
WORDS = random.Random(7).choices(
    ["calm", "brave", "river", "of", "meaning", "turns", "slowly"], k=97
)


def said_in(turn: int) -> str:
    """Returns what is said in a turn: other words each time, and as many characters."""
    chosen = random.Random(turn)
    text = f"turn {hash_text(str(turn))} "
    while len(text) < CHARACTERS:
        text += chosen.choice(WORDS) + chosen.choice([" ", ", ", " and "])
    return text[:CHARACTERS].strip()


class Talker:
    """Says something in each turn, in the light of everything that was said before."""

    name = AgentId("talker")
    dependencies = (KEY,)

    def __init__(self, plan: ExecutionPlan) -> None:
        self._plan = plan

    def accepts(self, view: ContextView) -> bool:
        return view.count(KEY) < TURNS

    def execute(self, view: ContextView) -> AgentEffect:
        before = view.peek(KEY)
        shown = [entry(number, fact) for number, fact in enumerate(before)]
        assert view.latest(KEY) is before[-1]  # it rests on the last turn, and may cite that
        question = Question(
            "talker",
            PromptStack(
                PromptVersion("talker", 1),
                "You talk. " * 40,
                "Say nothing twice. " * 40,
                "Go on where the last turn ended.",
                StateLayer(tuple(shown)),
                f"turn {len(before)}",
            ),
            FreeformContract(CHARACTERS),
            Ground(StateLayer((shown[-1],)), ()),
        )
        told = Telling(lambda answer: propose(len(before), answer), lambda _: "a turn", str)
        return ask(question, self._plan, answered, told)


def entry(number: int, fact: Fact) -> StateEntry:
    cite = f"{chr(ord('a') + number // 100)}{number % 100:02d}"
    return StateEntry(cite, fact.id, ("claim", fact.content), f"turn {number}")


def propose(turn: int, answer: Answer) -> ProposedFact:
    assert isinstance(answer, FreeformAnswer)
    assert answer.text.startswith("{")
    content = f"after turn {turn - 1}: {said_in(turn)}"
    return ProposedFact(key=KEY, id=FactId(f"turn-{turn:03d}"), content=content)


def answered(request: InferenceRequest, step: StepPlan, record: object) -> InferenceResult:
    """Answers in as many characters as a turn has."""
    del step, record
    turn = int(request.prompt.rpartition("turn ")[2].split()[0])
    cite = f"{chr(ord('a') + (turn - 1) // 100)}{(turn - 1) % 100:02d}"
    words = f"{{{cite}}} " + "".join(sign for sign in said_in(turn) if not sign.isdigit())
    return InferenceResult(json.dumps({"text": words}), "stop", 9, 0, 9, 9, 9, ENVELOPE)


def talk(directory: Path) -> Journal:
    """Has a run of so many turns recorded, through the engine and the journal."""
    clock = count(1_800_000_000_000_000, 1000).__next__
    policy = policy_of(rule(Effect.PERMIT))
    plan = compile_plan(
        policy.version, KernelPolicy(), {"talker": StepPlan(step="talker", version="talker:v1:any")}
    )
    engine = Engine(policy=policy)
    engine.register(Talker(plan))
    journal = Journal(directory, clock)

    def step(command: Command, texts: tuple[str, ...] = ()) -> None:
        now = clock()
        state = journal.state.runs.get(RUN)
        journal.commit(engine.step(state, command, now), now, texts)

    started = RunStarted(
        run=RUN,
        pack="",
        pack_version=0,
        pack_digest="",
        policy_digest=policy.version,
        plan=plan,
        intent=RootIntent(
            question="what is there to say",
            subject="everything",
            criteria=(Criterion(id="said", description="something was said", key=KEY),),
            budgets=Budgets(cycles=2 * TURNS, facts=2 * TURNS),
        ),
        agents=engine.agents,
        grants=(EVERYTHING,),
        folder="",
    )
    first = ProposedFact(key=KEY, id=FactId("turn-000"), content=said_in(0))
    step(Begin(started, inputs=(first,)))
    while (run := journal.state.runs[RUN]).phase is not Phase.STOPPED:
        if run.phase is not Phase.EXECUTING:
            step(Advance())
            continue
        executed = tuple(execute(*one) for one in engine.work(run))
        step(Report(executed), tuple(text for one in executed for text in one.effect.texts))
    return journal


def test_five_hundred_turns_take_no_more_than_four_megabytes(tmp_path: Path) -> None:
    """Ledger and texts together; each prompt shows all before it, and is rebuilt to the byte."""
    journal = talk(tmp_path)
    run = journal.state.runs[RUN]
    whole = 0
    for trace in run.traces.values():
        layers = {name: journal.read_text(ref) for name, ref in trace.call.layers.items()}
        assert trace.call.prompt_hash == hash_text(render_layers(layers))
        whole += len(layers["state"])
    journal.close()
    taken = {name: size_of(tmp_path / name) for name in ("ledger", "texts")}

    assert (TURNS, CriteriaMet) == (run.context.count(), type(run.stop))
    assert TURNS - 1 == len(run.traces)
    assert whole > TURNS * TURNS * CHARACTERS / 2
    assert sum(taken.values()) <= MOST_BYTES, taken


def size_of(directory: Path) -> int:
    return sum(file.stat().st_size for file in directory.iterdir() if file.is_file())
