"""A run in the hands of chance: proposals, votes, edits, corrections, holds, time and crashes.

Whatever happens, no fact is without a record and the approvals that its frozen policy asks for,
every gate comes to exactly one end, nothing is ever taken away, every run can be brought to its
end, and what the ledger folds to is what stands in memory.
"""

from __future__ import annotations

from collections.abc import Iterator

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)
from msgspec import UNSET, structs

from converge_core.agent import AgentEffect
from converge_core.asking import GateEnd
from converge_core.audit import read_in
from converge_core.authority import ActorKind
from converge_core.canonical import ContentHash
from converge_core.command import (
    TRANSITIONS,
    Act,
    Advance,
    Cancel,
    Command,
    Decide,
    Elapse,
    Report,
    Restart,
    Resume,
    Snapshot,
    Stage,
    Suspend,
)
from converge_core.context import ContextView
from converge_core.correction import Correction, CorrectionReason
from converge_core.errors import ConvergeError, DecisionRefused
from converge_core.ids import AgentId, GateId
from converge_core.key import ContextKey as Key
from converge_core.ledger import Chain, decode, encode_batch
from converge_core.policy import Effect, grant
from converge_core.proposal import ProposedFact
from converge_core.quorum import Quorum
from converge_core.review import ActKind
from converge_core.run_state import DeskState, Phase
from converge_core.terms import OnTimeout, ReviewTerms
from tests.core.kit import (
    ALICE,
    BOB,
    CAROL,
    DAVE,
    Person,
    Play,
    Script,
    engine_of,
    fact,
    fits,
    policy_of,
    salts,
)
from tests.core.kit import rule as policy_rule

PERMITTED, ASKED, FORBIDDEN, UNGRANTED = Key.SEEDS, Key.STRATEGIES, Key.COMPETITORS, Key.SIGNALS
VOTED, SILENT = Key.EVALUATIONS, Key.PROPOSALS
DAY = 24 * 3_600_000_000
ONE = ReviewTerms(self_approval=True, undo_us=DAY, refinements=1)
TWO = ReviewTerms(
    quorum=Quorum(count=2),
    roster=("alice", "bob", "carol"),
    deadline_us=4 * DAY,
    on_timeout=OnTimeout.ESCALATE,
    escalate_to=("carol", "dave"),
    extension_us=DAY,
    extensions=1,
)
SILENCE = ReviewTerms(
    deadline_us=2 * DAY, on_timeout=OnTimeout.APPROVE, timeout_words="Silence agrees."
)
POLICY = policy_of(
    policy_rule(Effect.PERMIT, PERMITTED),
    policy_rule(Effect.PERMIT, UNGRANTED),
    policy_rule(Effect.PERMIT, Key.DIAGNOSTIC),
    policy_rule(Effect.PERMIT, Key.CONSTRAINTS),
    policy_rule(Effect.ASK, ASKED, review=ONE),
    policy_rule(Effect.ASK, VOTED, review=TWO),
    policy_rule(Effect.ASK, SILENT, review=SILENCE),
    policy_rule(Effect.FORBID, FORBIDDEN),
)
GRANT = grant("machine", PERMITTED, ASKED, VOTED, SILENT, FORBIDDEN)
PEOPLE = (ALICE, BOB, CAROL, DAVE)
APPROVALS_NEEDED = {ASKED: 1, VOTED: 2, SILENT: 1}
PROPOSALS = st.lists(
    st.builds(
        fact,
        st.sampled_from([PERMITTED, ASKED, VOTED, SILENT, FORBIDDEN, UNGRANTED]),
        st.sampled_from(["a", "b", "c", "d", "e"]),
        st.sampled_from(["one", "two", " "]),
        confidence=st.none() | st.sampled_from([0, 500, 1000, 2000]),
    ),
    max_size=3,
)


PLANS = st.lists(
    st.lists(
        st.builds(
            fact,
            st.sampled_from([PERMITTED, ASKED, ASKED, VOTED, VOTED, SILENT]),
            st.sampled_from(["f", "g", "h", "i", "j", "k"]),
            st.sampled_from(["one", "two"]),
            conflict=st.sampled_from([UNSET, UNSET, UNSET, "either"]),
            requires_human=st.sampled_from([UNSET, UNSET, True]),
        ),
        min_size=1,
        max_size=3,
    ),
    min_size=1,
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
        self.now = 1
        self.play.clock = self.tick
        self.play.desk = DeskState()
        self.play.enrol(*PEOPLE)
        self.corrections = 0
        self.ends: dict[GateId, GateEnd] = {}
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

    @initialize(first=PLANS, second=PLANS)
    def prepare(self, first: list[list[ProposedFact]], second: list[list[ProposedFact]]) -> None:
        """Both agents have a few cycles' worth to say."""
        self.agents[0].told += first
        self.agents[1].told += second
        self.go_on()

    @precondition(lambda self: self.play.goes_on)
    @rule()
    def go_on(self) -> None:
        """The run goes on as far as it can without a person."""
        while self.play.goes_on:
            if self.phase is Phase.EXECUTING:
                self.report()
            else:
                self.take(Advance())

    @rule(agent=st.integers(0, 1), does=st.none() | PROPOSALS)
    def propose(self, agent: int, does: list[ProposedFact] | None) -> None:
        """An agent will have something to say, or will break."""
        self.agents[agent].told.append(does)

    @precondition(lambda self: self.play.goes_on and self.phase is not Phase.EXECUTING)
    @rule()
    def advance(self) -> None:
        """Checks, merges and decides what comes next."""
        self.take(Advance())

    @precondition(lambda self: self.play.goes_on and self.phase is Phase.EXECUTING)
    @rule()
    def report(self) -> None:
        """The agents' work is merged: promoted, refused, or put to a person."""
        self.take(Report(self.play.executor(self.play.engine.work(self.play.state))))

    def tick(self) -> int:
        self.now += 1
        return self.now

    def attempt(self, command: Command) -> bool:
        """Takes a step that people may have no right to; a refusal changes nothing."""
        before = len(self.play.recorded)
        try:
            self.take(command)
        except DecisionRefused:
            assert before == len(self.play.recorded)
            return False
        return True

    @precondition(lambda self: self.play.state.gates)
    @rule(
        which=st.integers(0, 9),
        who=st.sampled_from(PEOPLE),
        verdict=st.sampled_from(["approve", "approve", "reject", "refine", "edit"]),
    )
    def answer(self, which: int, who: Person, verdict: str) -> None:
        """A person answers one of the gates, open or not, theirs to answer or not."""
        gates = list(self.play.state.gates.values())
        gate = gates[which % len(gates)]
        asked = self.play.state.drafts[gate.request.proposal].fact
        edited = (
            structs.replace(asked, content=f"{asked.content}, as {who.name} puts it")
            if verdict == "edit"
            else UNSET
        )
        decision = who.decision(gate, verdict, "why", edited=edited)
        self.attempt(Decide(decision, who.operator))

    @precondition(lambda self: self.play.state.gates)
    @rule(
        which=st.integers(0, 9),
        who=st.sampled_from(PEOPLE),
        to=st.sampled_from(PEOPLE),
        kind=st.sampled_from(list(ActKind)),
    )
    def act(self, which: int, who: Person, to: Person, kind: ActKind) -> None:
        """A person undoes, extends, delegates or escalates, whether they may or not."""
        gates = list(self.play.state.gates.values())
        done = who.act(gates[which % len(gates)], kind, to, at=self.now)
        self.attempt(Act(done, who.operator))

    @rule(days=st.integers(0, 3))
    def elapse(self, days: int) -> None:
        """Time passes."""
        self.now += days * DAY
        self.take(Elapse())

    @precondition(lambda self: self.phase is not Phase.STOPPED)
    @rule(which=st.integers(0, 9), who=st.sampled_from(PEOPLE))
    def correct(self, which: int, who: Person) -> None:
        """A person lays a correction of some fact before the run."""
        standing = self.play.state.context.in_order()
        if not standing:
            return
        old = standing[which % len(standing)]
        self.corrections += 1
        corrects = Correction(
            supersedes=old.id, reason=CorrectionReason.MANUAL_OVERRIDE, text="it was wrong"
        )
        new = fact(old.key, f"corrected {self.corrections}", corrects=corrects)
        self.take(Stage(new, who.operator))

    @precondition(lambda self: self.phase is not Phase.STOPPED)
    @rule()
    def wrong_command(self) -> None:
        """What does not fit is refused, and changes nothing."""
        held = self.play.state.suspension is not None
        stands = held or self.phase in {Phase.EXECUTING, Phase.WAITING}
        wrong = Advance() if stands else Report(())
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
        if self.phase in {Phase.EXECUTING, Phase.WAITING}:
            self.take(Restart())

    @precondition(lambda self: self.phase is not Phase.STOPPED)
    @rule()
    def hold_or_let_go(self) -> None:
        """A person holds the run, or lets it go on; it stands where it stood."""
        held = self.play.state.suspension is not None
        self.take(Resume("bob") if held else Suspend("alice", "lunch"))

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

    @precondition(lambda self: self.play.gates())
    @rule(verdict=st.sampled_from(["approve", "approve", "approve", "reject", "refine"]))
    def answer_as_asked(self, verdict: str) -> None:
        """As many as it takes answer the first open gate alike, where they may."""
        gate = self.play.gates()[0]
        for who in PEOPLE:
            if gate.open:
                self.attempt(Decide(who.decision(gate, verdict, "why"), who.operator))

    @invariant()
    def no_fact_is_without_its_record_and_authority(self) -> None:
        """By the policy under the grant, by silence that agrees, or by as many as it takes."""
        run = self.play.state
        decisions = {one.id: one for gate in run.gates.values() for one in gate.every_answer()}
        for key in Key:
            for one in run.context.get(key):
                record = one.promotion
                assert POLICY.version == record.policy_version_hash
                assert one is run.promoted[one.record.proposal]
                if record.approver.kind is not ActorKind.HUMAN:
                    assert key in {PERMITTED, Key.DIAGNOSTIC, SILENT}
                    assert record.approvals == ()
                    continue
                given = [decisions[name] for name in record.approvals]
                assert record.approver.id == given[0].operator
                assert len({vote.operator for vote in given}) == len(given)
                if key is Key.CONSTRAINTS:
                    assert [vote.verdict for vote in given] == ["refine"]
                elif [vote.verdict for vote in given] != ["edit"]:
                    assert {vote.verdict for vote in given} == {"approve"}
                    assert len(given) >= APPROVALS_NEEDED.get(key, 1)
                else:
                    assert key is ASKED  # the one whose terms let authors approve their own

    @invariant()
    def every_gate_comes_to_one_end(self) -> None:
        """What is closed stays closed as it is; only a run that ends takes an answer's effect."""
        for name, gate in self.play.state.gates.items():
            before = self.ends.get(name)
            assert before in {None, gate.end} or gate.end is GateEnd.WITHDRAWN
            if gate.closed:
                assert gate.end is not None
                self.ends[name] = gate.end
        if self.phase is Phase.STOPPED:
            assert all(gate.closed for gate in self.play.state.gates.values())

    def teardown(self) -> None:
        """However it stands, the run can be brought to its end by answers and time alone."""
        if self.play.state.suspension is not None:
            self.take(Resume("bob"))
        for _ in range(400):
            if self.phase is Phase.STOPPED:
                return
            if self.phase is Phase.EXECUTING:
                self.report()
            elif self.phase is Phase.WAITING:
                self.now += 9 * DAY
                self.take(Elapse())
                for gate in self.play.gates():
                    if gate.deadline is None:
                        who = next(one for one in PEOPLE if one.operator.id != gate.request.author)
                        self.attempt(Decide(who.decision(gate, "reject", "enough"), who.operator))
            else:
                self.take(Advance())
        raise AssertionError("the run does not end")

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
        assert (live.suspension, live.spans) == (read.suspension, read.spans)
        assert live.context.root == read.context.root
        assert live.changed == read.changed
        assert live.gates == read.gates
        assert list(live.refusals.values()) == list(read.refusals.values())


Run.TestCase.settings = settings(max_examples=120, stateful_step_count=25, deadline=None)
TestRun = Run.TestCase
