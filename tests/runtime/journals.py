"""Desks without threads or models: runs of scripted agents, straight into a journal."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from itertools import count
from pathlib import Path

import pytest

from converge_core import events as e
from converge_core.agent import AgentEffect, sequential
from converge_core.audit import read_in
from converge_core.command import Advance, Begin, Cancel, Command, Decide, Report
from converge_core.context import Context
from converge_core.engine import Engine
from converge_core.forking import context_at
from converge_core.ids import RunId
from converge_core.key import ContextKey as Key
from converge_core.ledger import Entry
from converge_core.policy import Effect
from converge_core.run_state import DeskState, Phase, RunState
from converge_desktop.adapters.keys import signature_fits
from converge_desktop.adapters.ledger.ledger_file import read_ledger
from converge_desktop.runtime import desk_reader
from converge_desktop.runtime.journal import Journal
from tests.core.kit import EVERYTHING, INTENT, engine_of, fact, model_call, policy_of, rule, script
from tests.survival.story import ANNA, NOON, Signer

ASKING = policy_of(rule(Effect.PERMIT), rule(Effect.ASK, Key.STRATEGIES, "strategies-ask"))


def engine_for(run: str) -> Engine:
    """Returns the engine of a run that calls a model, makes a fact, and asks about another."""
    facts = (fact(Key.SEEDS, f"seed of {run}"), fact(Key.STRATEGIES, f"plan of {run}"))
    return engine_of(
        script(
            "planner",
            lambda _: AgentEffect(facts, (model_call(headline=f"an answer in {run}"),)),
            when=lambda view: not view.contains(facts[0].key, facts[0].id),
        ),
        policy=ASKING,
        verify=signature_fits,
    )


def enrolled(desk: DeskState, one: Signer) -> e.OperatorEnrolled:
    """Returns that somebody may decide at a desk from now on."""
    if not desk.operators:
        return e.OperatorEnrolled(operator=one.operator)
    return ANNA.welcome(one, desk.desk)


class Scripted:
    """A desk whose runs each ask one question.

    Args:
        directory: the data directory.
        segment_bytes: the size from which a new file of the ledger is begun.
    """

    def __init__(self, directory: Path, segment_bytes: int = 1 << 20) -> None:
        self.directory, self._segment_bytes = directory, segment_bytes
        self._clock = count(NOON).__next__
        self.open()

    def open(self) -> None:
        self.journal = Journal(self.directory, self._clock, self._segment_bytes)

    def reopen(self) -> None:
        """Closes the desk, and opens it the next day."""
        self.journal.close()
        self.open()

    @property
    def desk(self) -> DeskState:
        return self.journal.state

    def run(self, name: str) -> RunState:
        return self.desk.runs[RunId(name)]

    def enrol(self, *people: Signer) -> None:
        """Enrols people; whoever is not the first is welcomed by anna."""
        for one in people:
            self.journal.commit([enrolled(self.desk, one)], self._clock())

    def begin(self, name: str, origin: str = "", forked_at: int | None = None) -> RunState:
        """Starts a run, of nothing or of what another came to, and has it ask its question."""
        run, base, more = RunId(name), Context(), {}
        if origin:
            of = self.run(origin)
            base = of.context
            if forked_at is not None:
                base, more = context_at(of, forked_at, self.desk.seq), {"forked_at": forked_at}
            more = {**more, "continues": of.run, "base_root": base.root}
        engine = engine_for(name)
        started = e.run_without_pack(
            run, INTENT, agents=engine.agents, grants=(EVERYTHING,), **more
        )
        self._step(None, engine, Begin(started, base=base, operators=self.desk.operators))
        return self._go(name)

    def answer(self, name: str, verdict: str = "approve", by: Signer = ANNA) -> RunState:
        """Has a person answer what a run asks, which ends it."""
        for gate in self.run(name).open_gates():
            at = self._clock()
            command = Decide(by.decision(gate, verdict, "no", at), by.operator)
            self._step(self.run(name), engine_for(name), command, at)
        return self._go(name)

    def cancel(self, name: str) -> None:
        self._step(self.run(name), Engine(), Cancel("anna"))

    def _go(self, name: str) -> RunState:
        while (run := self.run(name)).phase not in {Phase.WAITING, Phase.STOPPED}:
            engine = engine_for(name)
            executing = run.phase is Phase.EXECUTING
            command = Report(sequential(engine.work(run))) if executing else Advance()
            self._step(run, engine, command)
        return run

    def _step(
        self, run: RunState | None, engine: Engine, command: Command, at: int | None = None
    ) -> list[Entry]:
        now = self._clock() if at is None else at
        return self.journal.commit(engine.step(run, command, now), now)


def folded(directory: Path, before: int | None = None) -> DeskState:
    """Returns what the records below a number say, read from the first one on."""
    desk = DeskState()
    for entry in read_ledger(directory / "ledger"):
        if before is None or entry.head.seq < before:
            desk = read_in(desk, entry, signature_fits)
    return desk


def told(run: RunState) -> object:
    """Returns all that a run says, to be compared."""
    values = {name: getattr(run, name) for name in run.__struct_fields__}
    facts = [(one.digest, str(one.promotion.approver)) for one in run.context.in_order()]
    values["context"] = (run.context.root, facts, dict(run.context.counts()))
    values["promoted"] = {name: one.digest for name, one in run.promoted.items()}
    gates = [values.pop("gates"), values.pop("gates_of")]
    values["gates"] = [
        (gate.request, gate.phase, gate.end, gate.open, gate.merged, gate.every_answer())
        for gate in gates[0].values()
    ]
    values["gates of"] = {
        name: [one.request.id for one in asked] for name, asked in gates[1].items()
    }
    values["operators"] = sorted(run.operators)
    return values


@pytest.fixture
def scripted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scripted]:
    """A desk at which anna is enrolled, whose disk does not let anybody wait.

    It remembers a ledger however short that is.
    """
    monkeypatch.setattr(os, "fsync", lambda fd: None)
    monkeypatch.setattr(desk_reader, "BELIEVE_FROM", 0)
    desk = Scripted(tmp_path / "data", 8000)
    desk.enrol(ANNA)
    with closing(desk.journal):
        yield desk
        desk.journal.close()
