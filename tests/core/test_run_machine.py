"""A run in the hands of chance: proposals, checks, answers and crashes in any order.

Whatever happens, no fact is without a record and an authority that cover it, nothing is ever taken
away, and what the ledger folds to is what stands in memory.
"""

from __future__ import annotations

from collections.abc import Iterator

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from converge_core import events as e
from converge_core.agent import AgentEffect
from converge_core.audit import read_in
from converge_core.authority import ActorKind
from converge_core.canonical import ContentHash
from converge_core.command import (
    TRANSITIONS,
    Advance,
    Cancel,
    Command,
    Decide,
    Report,
    Restart,
    Snapshot,
)
from converge_core.context import ContextView
from converge_core.errors import ConvergeError
from converge_core.ids import AgentId
from converge_core.key import ContextKey as Key
from converge_core.ledger import Chain, decode, encode_batch
from converge_core.policy import Effect, grant
from converge_core.proposal import ProposedFact
from converge_core.state import DeskState, Phase
from tests.core.golden_story import salts
from tests.core.kit import ALICE, BOB, Play, Script, engine_of, fact, fits, policy_of
from tests.core.kit import rule as policy_rule

PERMITTED, ASKED, FORBIDDEN, UNGRANTED = Key.SEEDS, Key.STRATEGIES, Key.COMPETITORS, Key.SIGNALS
POLICY = policy_of(
    policy_rule(Effect.PERMIT, PERMITTED),
    policy_rule(Effect.PERMIT, UNGRANTED),
    policy_rule(Effect.PERMIT, Key.DIAGNOSTIC),
    policy_rule(Effect.ASK, ASKED),
    policy_rule(Effect.FORBID, FORBIDDEN),
)
GRANT = grant("machine", PERMITTED, ASKED, FORBIDDEN)
PROPOSALS = st.lists(
    st.builds(
        fact,
        st.sampled_from([PERMITTED, ASKED, FORBIDDEN, UNGRANTED]),
        st.sampled_from(["a", "b", "c", "d", "e"]),
        st.sampled_from(["one", "two", " "]),
        confidence=st.none() | st.sampled_from([0, 500, 1000, 2000]),
    ),
    max_size=3,
)


class Busy(Script):
    """An agent that does, once each, what it was told to."""

    def __init__(self, name: str) -> None:
        super().__init__(AgentId(name), self.act)
        self.told: list[list[ProposedFact] | None] = []
        self.when = lambda _: bool(self.told)

    def act(self, view: ContextView) -> AgentEffect:
        view.latest(PERMITTED)
        does = self.told.pop(0)
        if does is None:
            raise RuntimeError("it broke")
        return AgentEffect(tuple(does))


class Run(RuleBasedStateMachine):
    """Commands to one run, in any order that chance finds."""

    def __init__(self) -> None:
        super().__init__()
        self.agents = [Busy("first"), Busy("second")]
        self.play = Play(engine_of(*self.agents, policy=POLICY), grants=(GRANT,))
        self.desk: list[e.Event] = [
            e.OperatorEnrolled(operator=person.operator) for person in (ALICE, BOB)
        ]
        for enrolled in self.desk:
            self.play.record(enrolled, 0)
        self.play.batches.append((list(self.desk), 0))
        self.play.begin(fact(PERMITTED, "input"), go=False)
        self.seen: list[ContentHash] = []

    @property
    def phase(self) -> Phase:
        return self.play.state.phase

    def take(self, command: Command) -> None:
        """Takes a step, and checks that it leads where the table says."""
        before = self.phase
        self.play.command(command)
        assert self.phase in TRANSITIONS[type(command)][before]

    @rule(agent=st.integers(0, 1), does=st.none() | PROPOSALS)
    def propose(self, agent: int, does: list[ProposedFact] | None) -> None:
        """An agent will have something to say, or will break."""
        self.agents[agent].told.append(does)

    @precondition(lambda self: self.phase in {Phase.READY, Phase.RESOLVING})
    @rule()
    def advance(self) -> None:
        """Checks, merges and decides what comes next."""
        self.take(Advance())

    @precondition(lambda self: self.phase is Phase.EXECUTING)
    @rule()
    def report(self) -> None:
        """The agents' work is merged: promoted, refused, or put to a person."""
        self.take(Report(self.play.executor(self.play.engine.work(self.play.state))))

    @precondition(lambda self: self.play.gates())
    @rule(which=st.integers(0, 9), verdict=st.sampled_from(["approve", "reject"]))
    def answer(self, which: int, verdict: str) -> None:
        """A person answers one of the gates."""
        gates = self.play.gates()
        self.play.answer(gates[which % len(gates)], verdict, ALICE if which % 2 else BOB)
        assert self.phase in TRANSITIONS[Decide][Phase.WAITING]

    @precondition(lambda self: self.phase is not Phase.STOPPED)
    @rule()
    def wrong_command(self) -> None:
        """What does not fit is refused, and changes nothing."""
        wrong = Advance() if self.phase in {Phase.EXECUTING, Phase.WAITING} else Report(())
        before = len(self.play.recorded)
        try:
            self.play.command(wrong)
        except ConvergeError:
            assert before == len(self.play.recorded)
        else:
            raise AssertionError("a command that does not fit was taken")

    @rule()
    def snapshot(self) -> None:
        """How it stands is written down."""
        self.take(Snapshot())

    @rule()
    def crash(self) -> None:
        """The process dies; what was written is all there is, and agents begin again."""
        self.play.desk = self.replayed()
        if self.phase is Phase.EXECUTING:
            self.take(Restart())

    @precondition(lambda self: self.phase is not Phase.STOPPED)
    @rule(wanted=st.sampled_from([False, False, False, True]))
    def cancel(self, wanted: bool) -> None:
        """Now and then a person has had enough."""
        if wanted:
            self.take(Cancel("alice"))

    def lines(self) -> Iterator[bytes]:
        chain, salt = Chain(), salts()
        for events, at in self.play.batches:
            data, entries = encode_batch(events, chain, at, salt)
            chain = Chain(entries[-1].head.seq, entries[-1].hash)
            yield from data.splitlines(keepends=True)

    def replayed(self) -> DeskState:
        """Returns what the ledger's bytes say, each claim of theirs checked."""
        state = DeskState()
        for entry in decode(self.lines()):
            state = read_in(state, entry, fits)
        return state

    @invariant()
    def no_fact_is_without_its_record_and_authority(self) -> None:
        """By the policy under the grant, or by a person whose decision stands."""
        run = self.play.state
        decisions = {
            gate.decision.id: gate.decision for gate in run.gates.values() if gate.decision
        }
        for key in Key:
            for one in run.context.get(key):
                record = one.promotion
                assert POLICY.version == record.policy_version_hash
                assert one is run.promoted[one.record.proposal]
                if record.approver.kind is ActorKind.HUMAN:
                    [approval] = record.approvals
                    assert (ASKED, "approve") == (key, decisions[approval].verdict)
                    assert record.approver.id == decisions[approval].operator
                else:
                    assert key in {PERMITTED, Key.DIAGNOSTIC}
                    assert record.approvals == ()

    @invariant()
    def nothing_is_taken_away(self) -> None:
        """What once stood stands, in its order, as it was."""
        standing = [one.digest for one in self.play.state.promoted.values()]
        assert self.seen == standing[: len(self.seen)]
        self.seen = standing

    @invariant()
    def what_is_written_folds_to_what_is_in_memory(self) -> None:
        """The ledger is the truth, and nothing is known beside it."""
        live, read = self.play.state, self.replayed().runs[self.play.run]
        assert (live.phase, live.cycle, live.stop) == (read.phase, read.cycle, read.stop)
        assert live.context.root == read.context.root
        assert live.changed == read.changed
        assert live.gates == read.gates
        assert list(live.refusals.values()) == list(read.refusals.values())


Run.TestCase.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
TestRun = Run.TestCase
