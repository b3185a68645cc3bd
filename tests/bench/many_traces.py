"""Writes a ledger of a million model calls, with gates among them: a desk after many years.

PYTHONPATH=core:. python -m tests.bench.many_traces DIR --calls 1000000

The records hang together and every hash is right; what they say is made up, so it is read as the
index reads it, and not audited.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

import msgspec

from converge_core import events as e
from converge_core.gate import CheckRecord
from converge_core.ids import (
    AgentId,
    ApprovalId,
    FactId,
    GateId,
    OperatorId,
    ProposalId,
    RunId,
    TraceId,
)
from converge_core.key import ContextKey
from converge_core.ledger import SALT_BYTES, Chain, encode_batch
from converge_core.policy import Risk
from converge_core.review import Decision, GateRequest, Verdict
from converge_core.trace import Cited, DecisionTrace, ModelCall, Outcome, text_ref
from converge_desktop.adapters.ledger.segments import SEGMENT_BYTES, segment_name
from converge_desktop.runtime.desk_reader import LEDGER
from tests.core.kit import ENVELOPE, INTENT, model_call

CALLS_A_RUN = 9
SECOND = 1_000_000
BEGUN_AT = 1_700_000_000 * SECOND
STEPS = ("reasoning", "evaluation", "planning")
MODELS = ("converge-nano", "converge-small", "elsewhere-70b")
WORDS = (
    *("release", "hold", "proceed", "evidence", "tests", "failed", "coverage", "line", "module"),
    *("churn", "history", "supports", "against", "weighed", "source", "cites", "fact", "rests"),
    *("statement", "nothing", "service", "conclude", "because", "limit", "above", "below", "audit"),
    *("exceeds", "nightly", "build", "branch", "owner", "review", "merge", "risk", "customer"),
)
REASONS = (
    ("cites-exist", "A statement rests on no source: it cites no fact."),
    ("nothing-left-out", "The reasoning leaves out something that speaks against."),
    ("verdict-follows", "The verdict does not follow from the reasoning."),
)


def make_traces(directory: Path, calls: int, seed: int = 0) -> int:
    """Makes a data directory whose ledger holds that many model calls; returns its records.

    Args:
        directory: where ``ledger`` goes; it must not be there yet.
        calls: how many model calls at least.
        seed: what chance makes of it.

    Raises:
        FileExistsError: if there is a ledger already.
    """
    (directory / LEDGER).mkdir(parents=True)
    chance, chain, length, made = Random(seed), Chain(), 0, 0
    file = (directory / LEDGER / segment_name(0)).open("xb")
    at, run = BEGUN_AT, 0
    while made < calls:
        run += 1
        for events in _run(run, chance):
            at += int(chance.random() * 60 * SECOND)
            data, entries = encode_batch(events, chain, at, lambda: chance.randbytes(SALT_BYTES))
            if length and length + len(data) > SEGMENT_BYTES:
                file.close()
                file = (directory / LEDGER / segment_name(chain.seq + 1)).open("xb")
                length = 0
            length += file.write(data)
            chain = Chain(entries[-1].head.seq, entries[-1].hash)
            made += sum(isinstance(event, e.TraceRecorded) for event in events)
    file.flush()
    os.fsync(file.fileno())
    file.close()
    return chain.seq + 1


def _run(number: int, chance: Random) -> Iterator[list[e.Event]]:
    run = RunId(f"run-{number:05d}")
    pack = ("release-readiness", "invoices", "tables")[number % 3]
    first: list[e.Event] = [e.run_without_pack(run, INTENT, pack=pack)]
    if number == 1:
        first.insert(0, e.DeskOpened(desk="bench", app_version="0.1.0"))
    yield first
    for cycle in range(CALLS_A_RUN):
        call = made_up_call(STEPS[cycle % 3], cycle, chance)
        agent = AgentId(call.step)
        trace = DecisionTrace(
            id=TraceId(f"trace:{run}/{cycle}/{agent}/0"),
            run=run,
            cycle=cycle,
            agent=agent,
            call=call,
        )
        yield [e.TraceRecorded(run=run, trace=trace)]
    gate = GateId(f"gate:{run}/{CALLS_A_RUN}/planning/0")
    yield [e.GateOpened(run=run, request=_request(run, gate, chance))]
    yield [e.GateDecided(run=run, decision=_decision(gate, chance))]


def made_up_call(step: str, cycle: int, chance: Random) -> ModelCall:
    """Returns a call as a model makes them, valid or not."""
    failed = chance.random() < 0.06
    words = " ".join(chance.choices(WORDS, k=chance.randrange(6, 40)))
    output = f'{{"verdict":"{chance.choice(WORDS)}","because":"{words} {chance.randrange(10**6)}"}}'
    name, reason = chance.choice(REASONS)
    tokens = chance.randrange(80, 900)
    return model_call(
        step=step,
        version=f"{step}:v{1 + cycle % 2}:any",
        contract=f"{step}:v1",
        envelope=ENVELOPES[chance.choices(range(3), (8, 3, 1))[0]],
        state=STATE,
        output=text_ref(output),
        outcome=Outcome.INVALID if failed else Outcome.VALID,
        checks=(
            CheckRecord(name="parses", passed=True),
            CheckRecord(name=name, passed=not failed, reason=reason if failed else ""),
        ),
        headline=f"{chance.choice(WORDS)}, {chance.randrange(20)} reasons",
        prompt_tokens=tokens,
        reused_tokens=tokens // 3,
        completion_tokens=len(output) // 4,
        prefill_us=41_000 + chance.randrange(9_000),
        duration_us=60_000 + 900 * len(output) + chance.randrange(400_000),
    )


ENVELOPES = [msgspec.structs.replace(ENVELOPE, model=model) for model in MODELS]
STATE = tuple(
    Cited(cite=f"s{place:02d}", fact=FactId(f"fact.{place}"), shown=f"tests failed {place}")
    for place in range(5)
)


def _request(run: RunId, gate: GateId, chance: Random) -> GateRequest:
    return GateRequest(
        id=gate,
        run=run,
        proposal=ProposalId(f"proposal:{run}"),
        proposal_digest="",
        report_digest="",
        policy="",
        rule="holding-needs-a-human",
        reason="",
        risk=chance.choice(list(Risk)),
        key=ContextKey.STRATEGIES,
        title="Hold the release",
        agent=AgentId("planning"),
        cycle=CALLS_A_RUN,
        ground=(),
        opened_at=0,
    )


def _decision(gate: GateId, chance: Random) -> Decision:
    return Decision(
        id=ApprovalId(f"decision:{gate}"),
        gate=gate,
        verdict=Verdict.REJECT if chance.random() < 0.15 else Verdict.APPROVE,
        reason="",
        operator=OperatorId("alice#00000000"),
        decided_at=0,
        request="",
        shown="",
        signature="",
    )


def main() -> None:
    """Makes one and says how large it came to be."""
    parser = argparse.ArgumentParser(description="Write a ledger of very many model calls.")
    parser.add_argument("directory", type=Path, help="the data directory to make")
    parser.add_argument("--calls", type=int, default=1_000_000)
    options = parser.parse_args()
    begun = time.perf_counter()
    records = make_traces(options.directory, options.calls)
    taken = time.perf_counter() - begun
    print(f"{records:,} records, {options.calls:,} calls, in {taken:,.1f} s", file=sys.stderr)


if __name__ == "__main__":
    main()
