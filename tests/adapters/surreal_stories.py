"""Stories of a desk for the tests of its database: made up at random, and at size."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import count

from hypothesis import strategies as st

from converge_core import events as e
from converge_core.agent import AgentEffect
from converge_core.context import Context, ContextView
from converge_core.correction import Correction, CorrectionReason, CorrectionScope, ScopeKind
from converge_core.events import Event
from converge_core.forking import context_at
from converge_core.ids import FactId, ObservationId, RunId
from converge_core.key import ContextKey as Key
from converge_core.ledger import Chain, Entry, encode_batch
from converge_core.lineage import Node, NodeKind
from converge_core.observation import observe
from converge_core.policy import Effect
from converge_core.proposal import ProposedFact
from converge_core.run_state import DeskState, Phase, RunState
from converge_core.state import fold
from converge_core.terms import ReviewTerms
from converge_core.trace import Cited
from tests.core.kit import (
    ALICE,
    BOB,
    Play,
    Script,
    engine_of,
    fact,
    model_call,
    policy_of,
    proposes,
    rule,
    salts,
    script,
)

DESK = "00c0ffee"
POLICY = policy_of(
    rule(Effect.PERMIT), rule(Effect.ASK, Key.STRATEGIES, review=ReviewTerms(self_approval=True))
)
Batches = list[tuple[list[Event], int]]


@dataclass(frozen=True)
class Case:
    """What one run is about.

    Attributes:
        base: the run before that it goes on from, counted from the first; if that one stopped.
        inputs: how many facts it begins with.
        thinks: whether a model has a part in it.
        verdicts: how the plans are answered, between which something may be staged; a run whose
            plans lack answers waits or is cancelled.
        corrects: for whom it corrects the first fact that it sees, if it does.
        tenant: whose run it is.
        cancelled: whether it is cancelled in the end.
        forked: how many records after the other began it was forked from that; None if it goes on
            from the other's end. A fork may be of a run that did not stop.
    """

    base: int
    inputs: int
    thinks: bool
    verdicts: tuple[str, ...]
    corrects: ScopeKind | None
    tenant: str
    cancelled: bool
    forked: int | None = None


CASES = st.lists(
    st.builds(
        Case,
        base=st.integers(-1, 3),
        inputs=st.integers(0, 3),
        thinks=st.booleans(),
        verdicts=st.lists(
            st.sampled_from(["approve", "reject", "refine", "edit", "stage", "wait"]), max_size=4
        ).map(tuple),
        corrects=st.sampled_from([None, *ScopeKind]),
        tenant=st.sampled_from(["", "acme"]),
        cancelled=st.booleans(),
        forked=st.none() | st.integers(0, 60),
    ),
    min_size=1,
    max_size=4,
)


def opening() -> Batches:
    opened: list[Event] = [e.DeskOpened(desk=DESK, app_version="0.1.0")]
    people: list[Event] = [e.OperatorEnrolled(operator=who.operator) for who in (ALICE, BOB)]
    return [(opened, 1), (people, 2)]


def told(cases: Iterable[Case]) -> list[Entry]:
    """Returns the ledger of a desk on which ``cases`` were run one after the other."""
    clock = count(3).__next__
    batches = opening()
    for number, case in enumerate(cases):
        batches += _played(number, case, folded(written(batches)), clock).batches
    return written(batches)


def written(batches: Batches) -> list[Entry]:
    chain, salt = Chain(), salts()
    entries: list[Entry] = []
    for events, at in batches:
        _, more = encode_batch(events, chain, at, salt)
        entries += more
        chain = Chain(more[-1].head.seq, more[-1].hash)
    return entries


def folded(entries: Iterable[Entry]) -> DeskState:
    """Returns the state that a ledger comes to."""
    state = DeskState()
    for entry in entries:
        assert entry.event is not None
        state = fold(state, entry.event, entry.head.at, entry.head.seq)
    return state


_TABLE = {NodeKind.PROMPT: "prompt"}
_ALONE = {NodeKind.RUN, NodeKind.PROMPT, NodeKind.MODEL}


def name(node: Node) -> str:
    """Returns what the view calls a node of the core's graph."""
    key = node.name if node.kind in _ALONE else f"{node.run}|{node.name}"
    return f"{_TABLE.get(node.kind, node.kind.value)}:{key}"


def plain(found: Iterable[str]) -> set[str]:
    """Returns what was found, but for what the view adds to the core's graph."""
    return {one for one in found if not one.startswith(("correction:", "operator:"))}


def _played(number: int, case: Case, desk: DeskState, clock: Callable[[], int]) -> Play:
    base = _base(case, desk)
    run = RunId(f"run-{number}")
    seen = observe(
        ObservationId("cell"), {"n": number}, provider="csv", source="a.csv", place=f"A{number}"
    )
    inputs = [
        fact(Key.SEEDS, f"{run} input {one}", observation=seen.id if one == 0 else None)
        for one in range(case.inputs)
    ]
    forked = base and case.forked is not None
    at = min(base.started_seq + (case.forked or 0), desk.seq) if forked else None
    begun = context_at(base, at, desk.seq) if forked else base.context if base else Context()
    known = [one.id for one in begun.in_order()]
    grounds = [*(one.id for one in inputs), *known][:3]
    agents = [proposes("corrector", *_correction(run, case, inputs, begun))]
    if case.thinks:
        agents.append(_thinker(run, grounds))
    plans = [
        fact(Key.STRATEGIES, f"{run} plan {one}", rests_on=tuple(grounds[one : one + 2]))
        for one in range(len(case.verdicts))
    ]
    agents.append(proposes("planner", *plans))
    play = Play(engine_of(*agents, policy=POLICY), run=run, clock=clock)
    play.tenant = case.tenant
    play.desk, play.base, play.forked_at = desk, base, at
    play.begin(*inputs, observations=(seen,))
    return _answered(play, case)


def _base(case: Case, desk: DeskState) -> RunState | None:
    bases = [
        one for one in desk.runs.values() if case.forked is not None or one.phase is Phase.STOPPED
    ]
    return bases[case.base] if 0 <= case.base < len(bases) else None


def _correction(
    run: RunId, case: Case, inputs: list[ProposedFact], begun: Context
) -> list[ProposedFact]:
    seeds = [one.id for one in begun.get(Key.SEEDS)]
    targets = [*seeds, *(one.id for one in inputs)]
    if case.corrects is None or not targets:
        return []
    names = {ScopeKind.GLOBAL: "", ScopeKind.TENANT: case.tenant, ScopeKind.SESSION: run}
    corrects = Correction(
        supersedes=targets[0],
        reason=CorrectionReason.DATA_ERROR,
        text=f"{run} knows better",
        scope=CorrectionScope(kind=case.corrects, name=names[case.corrects]),
    )
    return [fact(Key.SEEDS, f"{run} corrected", corrects=corrects)]


def _thinker(run: RunId, grounds: list[FactId]) -> Script:
    state = tuple(Cited(cite=f"s{n}", fact=one, shown="1") for n, one in enumerate(grounds))
    name = f"{run} thought"
    said = fact(Key.HYPOTHESES, name, rests_on=tuple(grounds))
    call = model_call(state=state, version=f"reasoning:v{len(grounds)}:any")
    return script(
        "thinker",
        lambda _: AgentEffect((said,), (call,)),
        when=lambda view: not view.contains(Key.HYPOTHESES, name),
    )


def _answered(play: Play, case: Case) -> Play:
    for verdict in case.verdicts:
        gates = play.gates()
        if not gates or verdict == "wait":
            break
        if verdict == "stage":
            play.stage(fact(Key.SEEDS, f"{play.run} late", rests_on=_first(play)), BOB)
            continue
        edited = None
        if verdict == "edit":
            said = play.state.drafts[gates[0].request.proposal].fact
            edited = fact(Key.STRATEGIES, said.id, "other words", rests_on=said.rests_on)
        more = {} if edited is None else {"edited": edited}
        play.answer(gates[0], verdict, ALICE, "because", **more).go()
    if case.cancelled and play.state.phase is not Phase.STOPPED:
        play.cancel()
    return play


def _first(play: Play) -> tuple[FactId, ...]:
    return tuple(one.id for one in play.state.context.in_order()[:1])


# At size.

TEN = 10


def at_size(runs: int, width: int) -> list[Entry]:
    """Returns a ledger of ``runs`` runs, each of which makes ``2 * width`` facts and a plan.

    Each reads ``width`` facts and draws as many conclusions, ten a cycle: each rests on the fact
    of its number, and on the conclusion ten before it. The plan rests on the last of them. In every
    other run alice approves it; in the rest bob rejects it.
    """
    clock = count(3).__next__
    batches = opening()
    desk: DeskState | None = None
    for number in range(runs):
        inputs = [
            fact(Key.SIGNALS, f"m{one}", f"Measure {one} of {number}") for one in range(width)
        ]
        plan = fact(Key.STRATEGIES, "plan", "The plan", rests_on=(FactId(f"c{width - 1}"),))
        last = f"c{width - 1}"
        planner = script(
            "planner",
            lambda _, plan=plan: AgentEffect((plan,)),
            when=lambda view, last=last: (
                view.contains(Key.HYPOTHESES, last) and not view.has(Key.STRATEGIES)
            ),
        )
        play = Play(
            engine_of(_concluding(width), planner, policy=POLICY),
            run=RunId(f"run-{number:04d}"),
            clock=clock,
        )
        if desk is not None:
            play.desk = desk
        play.begin(*inputs)
        [gate] = play.gates()
        verdict, who = ("approve", ALICE) if number % 2 else ("reject", BOB)
        play.answer(gate, verdict, who).go()
        batches += play.batches
        desk = play.desk
    return written(batches)


def _concluding(width: int) -> Script:
    """Returns an agent that draws the next ten conclusions at each turn, until all are drawn."""

    def drawn(view: ContextView) -> int:
        return view.count(Key.HYPOTHESES)

    def conclude(view: ContextView) -> AgentEffect:
        first = drawn(view)
        return AgentEffect(tuple(_conclusion(one) for one in range(first, first + TEN)))

    return script("thinker", conclude, when=lambda view: drawn(view) < width)


def _conclusion(number: int) -> ProposedFact:
    grounds = [f"m{number}", *([f"c{number - TEN}"] if number >= TEN else [])]
    return fact(
        Key.HYPOTHESES,
        f"c{number}",
        f"Conclusion {number}",
        rests_on=tuple(map(FactId, grounds)),
    )
