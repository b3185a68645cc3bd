"""A desk's story that can be cut off anywhere and taken up again.

Each step follows from what is recorded. Input is staged and promoted, a model call leaves a long
text, two people vote, a decision is taken back within its undo window and taken again, a fact is
corrected, and the context is written down; decisions, and what the ledger came to by night, are
signed. Every dozen records the desk is closed and opened again, every other time without its
snapshots. Whoever tells the story to the end comes to the same context root, however often they
began.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from converge_core import events as e
from converge_core.agent import AgentEffect, sequential
from converge_core.asking import Gate, GatePhase
from converge_core.canonical import hash_bytes, hash_text
from converge_core.command import (
    Act,
    Advance,
    Begin,
    Command,
    Decide,
    Elapse,
    Report,
    Restart,
    Snapshot,
    Stage,
)
from converge_core.correction import Correction, CorrectionReason
from converge_core.engine import Engine
from converge_core.ids import FactId, OperatorId, RunId
from converge_core.key import ContextKey as Key
from converge_core.ledger import Entry
from converge_core.policy import Effect
from converge_core.quorum import Quorum
from converge_core.review import ActKind, Operator
from converge_core.run_state import Phase, RunState
from converge_core.terms import ReviewTerms
from converge_core.trace import text_ref
from converge_desktop.adapters.keys import signature_fits
from converge_desktop.adapters.ledger.ledger_file import read_ledger
from converge_desktop.runtime.engine_thread import DECIDING
from converge_desktop.runtime.journal import Journal
from tests.core.kit import (
    EVERYTHING,
    INTENT,
    Person,
    engine_of,
    fact,
    model_call,
    policy_of,
    proposes,
    rule,
    script,
)

NOON = 1_795_176_000_000_000
SECOND = 1_000_000
LONG = "What was read, at length. " * 60
"""A text that is too long to stand in a record."""
RECORDS_A_DAY = 12
SMALL_FILE = 8000
"""The bytes from which a story begins another file of the ledger."""


@dataclass(frozen=True)
class Signer(Person):
    """Somebody with a real key, which is the same in every process."""

    @property
    def _key(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(hash_text(self.name)))

    @property
    def operator(self) -> Operator:
        public = self._key.public_key().public_bytes_raw()
        name = OperatorId(f"{self.name}#{hash_bytes(public)[:8]}")
        return Operator(id=name, name=self.name, public_key=public.hex())

    def sign(self, message: bytes) -> str:
        return self._key.sign(message).hex()


ANNA, BERT = Signer("anna"), Signer("bert")
POLICY = policy_of(
    rule(Effect.ASK, Key.STRATEGIES, "vote", review=ReviewTerms(quorum=Quorum(count=2))),
    rule(Effect.ASK, Key.EVALUATIONS, "undo", review=ReviewTerms(undo_us=3600 * SECOND)),
    rule(Effect.PERMIT),
)
CORRECTION = Correction(
    supersedes=FactId("market"), reason=CorrectionReason.DATA_ERROR, text="it was read wrong"
)


def engine() -> Engine:
    """Returns the engine of the story's runs."""
    market = fact(Key.HYPOTHESES, "market", "small")
    effect = AgentEffect((market,), (model_call(output=text_ref(LONG)),), (LONG,))
    return engine_of(
        script(
            "reader",
            lambda _: effect,
            after=[Key.SEEDS],
            when=lambda view: not view.contains(market.key, market.id),
        ),
        proposes("planner", fact(Key.STRATEGIES, "plan", "grow"), after=[Key.HYPOTHESES]),
        proposes("judge", fact(Key.EVALUATIONS, "score", "it is fit"), after=[Key.HYPOTHESES]),
        proposes(
            "corrector",
            fact(Key.HYPOTHESES, "market, read again", "large", corrects=CORRECTION),
            after=[Key.STRATEGIES],
        ),
        policy=POLICY,
        verify=signature_fits,
    )


class Teller:
    """Tells the story over a data directory, from wherever that stands.

    Args:
        directory: the data directory.
        told: called with each batch once it was acknowledged.
        runs: how many runs the story has.
    """

    def __init__(
        self,
        directory: Path,
        told: Callable[[list[Entry]], None] = lambda _: None,
        runs: int = 1,
    ) -> None:
        self._directory, self._told, self._runs = directory, told, runs
        self._engine = engine()
        self.now = NOON
        self._open()

    def tell(self) -> None:
        """Goes on to the end of the story and closes the desk."""
        while self.step():
            pass
        self.close()

    def close(self) -> None:
        """Has what the ledger came to signed, and closes the desk."""
        if ANNA.operator.id in self.journal.state.operators:
            self._say(self.journal.sign(self.now, ANNA.checkpoint))
        self.journal.close()

    def step(self) -> bool:
        """Takes the next step; False where the story is over."""
        if self.journal.seq // RECORDS_A_DAY > self._day:
            self._overnight()
            return True
        for person in (ANNA, BERT):
            if person.operator.id not in self.journal.state.operators:
                self.commit([self._enrolled(person)])
                return True
        for number in range(1, self._runs + 1):
            run = RunId(f"run-{number:04d}")
            if not self._kinds[run, "run_started"]:
                self._begin(run)
                return True
            if not self._kinds[run, "run_stopped"]:
                state = self.journal.state.runs[run]
                self._step(state, self._next(state))
                return True
        return False

    def _enrolled(self, person: Signer) -> e.OperatorEnrolled:
        """Returns that somebody may decide: the first of themselves, the other by the first."""
        if person is ANNA:
            return e.OperatorEnrolled(operator=person.operator)
        return ANNA.welcome(person, self.journal.state.desk, self.now)

    def _open(self) -> None:
        self.journal = Journal(self._directory, lambda: self.now, SMALL_FILE)
        self._day = self.journal.seq // RECORDS_A_DAY
        self._kinds: Counter[tuple[str, str]] = Counter()
        self._note(list(read_ledger(self._directory / "ledger")))
        for run in list(self.journal.state.runs.values()):
            if run.phase in {Phase.EXECUTING, Phase.WAITING}:
                self._step(run, Restart())

    def _overnight(self) -> None:
        """Closes the desk and opens it again; every other night its snapshots are lost."""
        self.close()
        if self._day % 2:
            for path in sorted((self._directory / "snapshots").glob("*")):
                path.unlink()
        self._open()

    def commit(self, events: list[e.Event], texts: tuple[str, ...] = ()) -> None:
        """Makes events durable and says so."""
        if events:
            decides = any(isinstance(event, DECIDING) for event in events)
            sign = ANNA.checkpoint if decides else None
            self._say(self.journal.commit(events, self.now, texts, sign))

    def _say(self, entries: list[Entry]) -> None:
        """Says what was acknowledged."""
        if entries:
            self._note(entries)
            self._told(entries)

    def _begin(self, run: RunId) -> None:
        started = e.run_without_pack(run, INTENT, agents=self._engine.agents, grants=(EVERYTHING,))
        command = Begin(
            started,
            inputs=(fact(Key.SEEDS, "seed", "what is there"),),
            operators=self.journal.state.operators,
        )
        self.commit(self._engine.step(None, command, self.now))

    def _step(self, run: RunState, command: Command) -> None:
        executed = command.executed if isinstance(command, Report) else ()
        texts = tuple(text for one in executed for text in one.effect.texts)
        self.commit(self._engine.step(run, command, self.now), texts)

    def _next(self, run: RunState) -> Command:
        """Returns what comes next in a run, by how it stands."""
        match run.phase:
            case Phase.EXECUTING:
                return Report(sequential(self._engine.work(run)))
            case Phase.WAITING:
                return next(self._by_people(run))
            case _:
                return Advance()

    def _by_people(self, run: RunState) -> Iterator[Command]:
        """Yields what people have still to do while a run waits for them."""
        if not run.inputs_staged:
            yield Stage(fact(Key.SIGNALS, "more", "what came later"), ANNA.operator)
        if not self._kinds[run.run, "snapshot_taken"]:
            yield Snapshot()
        for gate in run.undecided():
            yield from self._answers(gate)

    def _answers(self, gate: Gate) -> Iterator[Command]:
        now = self.now
        if gate.request.rule == "vote":
            voter = BERT if ANNA.operator.id in gate.votes else ANNA
            yield Decide(voter.decision(gate, "approve", "", now), voter.operator)
        elif gate.phase is GatePhase.OPEN:
            yield Decide(ANNA.decision(gate, "approve", "", now), ANNA.operator)
        elif not gate.undone:
            yield Act(ANNA.act(gate, ActKind.UNDO, at=now), ANNA.operator)
        else:
            assert gate.settles_at is not None
            self.now = gate.settles_at
            yield Elapse()

    def _note(self, entries: list[Entry]) -> None:
        for entry in entries:
            self._kinds[entry.head.run, entry.head.kind] += 1
            self.now = max(self.now, entry.head.at + SECOND)


@dataclass(frozen=True)
class Told:
    """What a ledger says in the end.

    Attributes:
        roots: the context root of each run that stopped.
        hashes: the hash of each record.
        closing: those of records that close a batch.
        decided: how often each decision, or act, stands in it, by id.
        promoted: how often each fact of each run was made.
    """

    roots: dict[str, str]
    hashes: list[str]
    closing: list[str]
    decided: Counter[str]
    promoted: Counter[tuple[str, str]]

    @property
    def doubled(self) -> list[object]:
        """What stands there more than once and may not."""
        both = [*self.decided.items(), *self.promoted.items()]
        return [name for name, times in both if times > 1]


def told_by(directory: Path) -> Told:
    """Reads a data directory's ledger, checking every record."""
    told = Told({}, [], [], Counter(), Counter())
    for entry in read_ledger(directory / "ledger"):
        told.hashes.append(entry.hash)
        if entry.head.close:
            told.closing.append(entry.hash)
        match entry.event:
            case e.RunStopped(run=run, root=root):
                told.roots[run] = root
            case e.GateDecided(decision=decision):
                told.decided[decision.id] += 1
            case e.GateActed(act=act):
                told.decided[act.id] += 1
            case e.FactPromoted(run=run, fact=made):
                told.promoted[run, made.id] += 1
    return told
