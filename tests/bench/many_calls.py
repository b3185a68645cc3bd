"""Writes a desk with a million model calls that verifies and audits: what the window opens.

PYTHONPATH=core:. python -m tests.bench.many_calls DIR --calls 1000000

Most of them lie in long runs in which agents only think; the newest runs are those of
``big_ledger``, with proposals, gates and decisions.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random

import msgspec

from converge_core import events as e
from converge_core.context import Context
from converge_core.ids import AgentId, RunId, TraceId
from converge_core.prompt import LAYERS
from converge_core.stop import Converged
from converge_core.trace import DecisionTrace, text_ref
from tests.bench.big_ledger import BEGUN_AT, Made, make_ledger
from tests.bench.big_runs import SECOND, Batch
from tests.bench.many_traces import STEPS, made_up_call
from tests.core.kit import INTENT

CYCLES = 30
"""Cycles of a run, in each of which every agent thinks once."""
EVENTS = 30_000
"""Records of the runs that come last."""
NUMBERED_FROM = 50_000


def make_desk(directory: Path, calls: int, seed: int = 0) -> Made:
    """Makes a data directory whose ledger holds that many model calls or a few hundred more.

    Raises:
        FileExistsError: if there is a ledger already.
    """
    thinking = thinking_runs(calls, Random(seed))
    begun_at = BEGUN_AT + calls * SECOND
    return make_ledger(directory, EVENTS, seed, before=thinking, begun_at=begun_at)


def thinking_runs(calls: int, chance: Random) -> Iterator[Batch]:
    """Yields runs of agents that think and propose nothing, a batch a cycle."""
    agents = tuple(map(AgentId, STEPS))
    at, root = BEGUN_AT, Context().root
    for number in range(-(-calls // (CYCLES * len(STEPS)))):
        run = RunId(f"run-{NUMBERED_FROM + number}")
        began = e.run_without_pack(run, INTENT, pack="release-readiness", agents=agents)
        yield Batch([began], at, (), decides=False)
        for cycle in range(1, CYCLES + 1):
            at += chance.randrange(2 * len(STEPS)) * SECOND // 2
            yield Batch(_cycle(run, cycle, agents, chance), at, (), decides=False)
        stopped = e.RunStopped(run=run, cycles=CYCLES, reason=Converged(), root=root)
        yield Batch([stopped], at, (), decides=False)


def _cycle(run: RunId, cycle: int, agents: tuple[AgentId, ...], chance: Random) -> list[e.Event]:
    events: list[e.Event] = [e.CycleStarted(run=run, cycle=cycle, eligible=agents)]
    for agent in agents:
        call = msgspec.structs.replace(made_up_call(agent, cycle, chance), layers=_LAYERS)
        made = TraceId(f"trace:{run}/{cycle}/{agent}/0")
        trace = DecisionTrace(id=made, run=run, cycle=cycle, agent=agent, call=call)
        events.append(e.TraceRecorded(run=run, trace=trace))
    return [*events, e.CycleEnded(run=run, cycle=cycle, facts=0, changed=())]


_LAYERS = {name: text_ref(f"The layer {name} of a call that was made up.") for name in LAYERS}


def main() -> None:
    """Makes one and says how large it came to be."""
    parser = argparse.ArgumentParser(description="Write a desk with very many model calls.")
    parser.add_argument("directory", type=Path, help="the data directory to make")
    parser.add_argument("--calls", type=int, default=1_000_000)
    options = parser.parse_args()
    print(make_desk(options.directory, options.calls).words(), file=sys.stderr)


if __name__ == "__main__":
    main()
