"""Runs of the release-readiness pack as a desk makes them, thousands of them, and no model asked.

Each is stepped by the real engine with the pack's own agents, policy and checks; a stand-in for the
model answers as a fit one would. What a person decides is signed. So every record of them can be
checked, and none is like another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from random import Random

import msgspec

from converge_core.agent import sequential
from converge_core.asking import Gate
from converge_core.canonical import hash_text
from converge_core.command import Advance, Command, Decide, Elapse, Report
from converge_core.context import Context
from converge_core.elapsing import next_moment
from converge_core.engine import Engine
from converge_core.events import Event, RunStarted
from converge_core.ids import ApprovalId, OperatorId, RunId
from converge_core.limits import Quantity
from converge_core.plan import ExecutionPlan
from converge_core.review import Decision, Operator, Verdict, bytes_of
from converge_core.routing import Reach
from converge_core.run_state import Phase, RunState
from converge_core.state import begun, grow
from converge_desktop import paths
from converge_desktop.adapters.intake import Intake, Metric, Source
from converge_desktop.adapters.keys import OperatorKey
from converge_desktop.adapters.packs.pack import Pack, load_pack
from converge_desktop.runtime.pack_engine import begin, build_engine, plan_of
from tests.bench.stand_in import Answers

PACK = "release-readiness"
SECOND = 1_000_000
FEWEST, MOST = 4, 40
"""How many numbers a run reads beside those that a limit binds."""
GOOD = {
    "tests.failed": (0, 0),
    "coverage.line": (910, 1),
    "tests.skipped_share": (21, 1),
    "tests.slowest": (1450, 2),
    "modules.changed_and_failing": (0, 0),
    "history.churn": (1200, 0),
    "history.days_since_tag": (30, 0),
}
BAD = {"history.churn": (9_000, 0), "tests.failed": (3, 0)}
"""What breaks a limit: the first a soft one, the second a hard one."""


class Left(StrEnum):
    """How far a run is taken."""

    STOPPED = "stopped"
    WAITING = "waiting"
    READY = "ready"


@dataclass(frozen=True, slots=True)
class Batch:
    """What one step came to, when, and the long texts that it names."""

    events: list[Event]
    at: int
    texts: tuple[str, ...]
    decides: bool


@dataclass
class Runs:
    """Makes runs one after the other.

    Args:
        key: of the person who decides.
        at: when the first begins, in microseconds since 1970 UTC.
        seed: what chance makes of them.
    """

    key: OperatorKey
    at: int
    seed: int = 0
    _number: int = 0
    _random: Random = field(init=False)

    def __post_init__(self) -> None:
        self._random = Random(self.seed)

    @cached_property
    def _pack(self) -> Pack:
        return load_pack(paths.packs() / PACK)

    @cached_property
    def _plan(self) -> ExecutionPlan:
        return plan_of(self._pack, lambda _: Reach.LOCAL)

    def next(self, seq: Callable[[], int], left: Left = Left.STOPPED) -> Iterator[Batch]:
        """Yields the batches of the next run, each to be written before the next is asked for.

        Args:
            seq: says which number the next record gets.
            left: how far the run is taken.
        """
        self._number += 1
        run, chance = RunId(f"run-{self._number:04d}"), self._random
        verdict = chance.choices(("proceed", "conditions", "hold"), (6, 3, 1))[0]
        breaks = chance.random() < 0.06 and left is Left.STOPPED
        metrics = _metrics(self._pack, self._number, verdict, chance)
        intake = Intake(
            f"service-{self._number % 40} at {hash_text(run)[:7]}", metrics, (), _SOURCES
        )
        pack, command = self._pack, begin(run, self._pack, self._plan, intake, Path("/srv/build"))
        answers = Answers(pack, metrics, verdict, breaks)
        engine = build_engine(pack, command.started.intent, self._plan, answers)
        yield from _Play(self, engine, seq).through(command, tuple(pack.texts.values()), left)

    def tick(self, seconds: float) -> int:
        """Returns the time a while later."""
        self.at += int(seconds * SECOND * (0.5 + self._random.random()))
        return self.at

    def decision(self, run: RunState) -> Decide:
        """Returns the person's signed answer to what waits longest."""
        rejects = self._random.random() < REJECTED
        verdict, reason = (Verdict.REJECT, "not before the next audit") if rejects else APPROVED
        return decision(next(iter(run.open_gates())), verdict, reason, self.key, self.at)


APPROVED = (Verdict.APPROVE, "")
REJECTED = 0.15
"""How many proposals a person rejects."""


def decision(gate: Gate, verdict: Verdict, reason: str, key: OperatorKey, at: int) -> Decide:
    """Returns the signed answer of the person whose key it is."""
    unsigned = Decision(
        id=ApprovalId(f"decision:{gate.request.id}"),
        gate=gate.request.id,
        verdict=verdict,
        reason=reason,
        operator=key.operator.id,
        decided_at=at,
        request=gate.request.digest(),
        shown=hash_text(gate.request.title),
        signature="",
    )
    signed = msgspec.structs.replace(unsigned, signature=key.sign(bytes_of(unsigned)))
    return Decide(signed, key.operator)


class _Play:
    """One run, stepped as the desk steps it."""

    def __init__(self, runs: Runs, engine: Engine, seq: Callable[[], int]) -> None:
        self._runs, self._engine, self._seq = runs, engine, seq
        operator: Operator = runs.key.operator
        self._operators: Mapping[OperatorId, Operator] = {operator.id: operator}
        self._state: RunState | None = None

    def through(self, first: Command, texts: tuple[str, ...], left: Left) -> Iterator[Batch]:
        yield self._step(first, self._runs.tick(3600), texts)
        while (state := self._state) is not None and state.phase is not Phase.STOPPED:
            phase = state.phase
            if (left, phase) in {(Left.READY, Phase.READY), (Left.WAITING, Phase.WAITING)}:
                return
            if phase is Phase.EXECUTING:
                executed = sequential(self._engine.work(state))
                kept = tuple(text for one in executed for text in one.effect.texts)
                yield self._step(Report(executed), self._runs.tick(4), kept)
            elif phase is Phase.WAITING and not state.open_gates():  # it may still be undone
                self._runs.at = next_moment(state) or self._runs.at
                yield self._step(Elapse(), self._runs.at, ())
            elif phase is Phase.WAITING:
                now = self._runs.tick(900)
                yield self._step(self._runs.decision(state), now, ())
            else:
                yield self._step(Advance(), self._runs.tick(0.004), ())

    def _step(self, command: Command, now: int, texts: tuple[str, ...]) -> Batch:
        events, after = self._engine.step(self._state, command, now), 0
        if self._state is None:
            self._state, after = begun(_started(events), now, Context(), self._operators), 1
        grow(self._state, events[after:], now, self._seq() + after)
        return Batch(events, now, texts, isinstance(command, Decide))


def _started(events: list[Event]) -> RunStarted:
    first = events[0]
    assert isinstance(first, RunStarted), "a run begins with that"
    return first


_SOURCES = tuple(
    Source(path, hash_text(path), kind)
    for path, kind in (("coverage.xml", "cobertura"), ("junit.xml", "junit"), ("git", "git"))
)


def _metrics(pack: Pack, number: int, verdict: str, chance: Random) -> tuple[Metric, ...]:
    """Returns what a run reads: the numbers that a limit binds first, then some of its modules."""
    values = dict(GOOD)
    if verdict != "proceed":
        worst = "history.churn" if verdict == "conditions" else "tests.failed"
        values[worst] = BAD[worst]
    bound = [
        Metric(name, name.replace(".", " "), Quantity(*values[name]), "junit.xml", "testsuites")
        for name in pack.limits
    ]
    modules = [
        Metric(
            f"module.{one:02d}.coverage",
            f"coverage of module {one}",
            Quantity(chance.randrange(400, 1000), 1, "%"),
            "coverage.xml",
            f"classes/class[{one}]",
            f"pkg/module_{number % 7}_{one}.py, {chance.randrange(20, 900)} lines",
        )
        for one in range(chance.randrange(FEWEST, MOST))
    ]
    return (*bound, *modules)
