"""What the ledger takes: a decision, an append, a cold start, and a ledger of a million events.

Syncs are real, so it runs on a directory that a disk backs; which file system that is, it says.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count, cycle, islice
from pathlib import Path
from unittest.mock import patch

from converge_core.agent import sequential
from converge_core.command import Advance, Begin, Command, Decide, Report
from converge_core.engine import Engine
from converge_core.events import DeskOpened, Event, OperatorEnrolled, run_without_pack
from converge_core.ids import RunId
from converge_core.key import ContextKey
from converge_core.policy import grant
from converge_core.review import SignatureCheck
from converge_core.run_state import Phase, RunState
from converge_desktop.adapters.identity.key_file import file_key
from converge_desktop.adapters.keys import OperatorKey, sign_checkpoint, signature_fits
from converge_desktop.adapters.ledger.ledger_file import LedgerFile
from converge_desktop.runtime import desk_reader
from converge_desktop.runtime.journal import Journal
from tests.bench.big_ledger import make_ledger
from tests.bench.big_runs import APPROVED, Runs, decision
from tests.bench.large import large_ledger
from tests.bench.measuring import Line, Stopwatch, file_system, milliseconds
from tests.core.kit import ASK_STRATEGIES, INTENT, engine_of, fact, proposes

PEERS = Path(".venv-peers/bin/python")
BATCH = 500
DECISIONS = 300
TURNS, COLD_STARTS = 4, 50
BATCHES = 60
RUN = RunId("run")
ALL = grant("bench", *ContextKey)
EVENTS = 1_000_000
AIM_OWN_S = 0.1e-3
IN_MEMORY = {"tmpfs", "ramfs"}


def measure(directory: Path, large: Path | None = None) -> None:
    """Prints one line a measurement.

    Args:
        directory: where to write; what is written is removed again.
        large: the data directory of a large ledger; one is made if None.
    """
    kind = file_system(directory)
    if kind in IN_MEMORY:
        sys.exit(
            f"{directory} lies in memory ({kind}), where a sync costs nothing; name a directory "
            "on a disk with --dir"
        )
    print(f"ledger, on {kind}")
    with tempfile.TemporaryDirectory(dir=directory, prefix="bench-ledger-") as scratch:
        for work in (_decisions, _appends, _cold_starts):
            for line in work(Path(scratch) / work.__name__):
                print(line.words(), flush=True)
        for line in large_ledger(large or _made(Path(scratch) / "large"), Path(scratch)):
            print(line.words(), flush=True)


def _made(directory: Path) -> Path:
    print(Line("made for what follows", make_ledger(directory, EVENTS).words()).words())
    return directory


# A decision.


def _decisions(directory: Path) -> Iterator[Line]:
    """Times answers to a person's gates: all of it, and apart from it syncs and signatures.

    As at a desk, each is closed by a signed checkpoint, and what was written is audited as it would
    be when it is read again.
    """
    sync, sign = Stopwatch(), Stopwatch()
    fits = sign.over(signature_fits)
    key = file_key(directory / "key", "bench")
    taken = []
    with (
        patch.object(desk_reader, "signature_fits", fits),
        patch.object(OperatorKey, "sign", sign.over(OperatorKey.sign)),
        patch.object(os, "fsync", sync.over(os.fsync)),
    ):
        journal, engine = _desk(directory / "desk", key), _engine(fits)
        for number in range(DECISIONS):
            run = RunId(f"run-{number}")
            state = _begun(journal, engine, run)
            command = decision(next(iter(state.open_gates())), *APPROVED, key, number)
            sync.clear()
            sign.clear()
            begun = time.perf_counter()
            _decided(journal, engine, run, command, key)
            taken.append((time.perf_counter() - begun, sync.seconds, sign.seconds))
            if sync.calls != 1:
                raise RuntimeError(f"a decision took {sync.calls} syncs instead of one")
            _driven(journal, engine, run)
        journal.close()
    whole, syncs, signs = map(list, zip(*taken, strict=True))
    own = [all_of_it - synced - signed for all_of_it, synced, signed in taken]
    yield Line("a decision, from the answer to its being so", milliseconds(whole))
    yield Line("  of that, its sync", milliseconds(syncs))
    yield Line("  of that, signatures made and checked", milliseconds(signs))
    met = statistics.median(own) <= AIM_OWN_S
    yield Line("  our own time around them", milliseconds(own), "at most 0.1 ms", met)


# Appending.


def _appends(directory: Path) -> Iterator[Line]:
    ledger = LedgerFile(directory / "single")
    event = DeskOpened(desk="0" * 16, app_version="0")
    yield Line(
        "one record appended and synced",
        milliseconds(_times(lambda: ledger.append([event], 0), 500)),
    )
    ledger.close()
    events = cycle(_events(directory, BATCH * 4))
    ledger = LedgerFile(directory / "batches")
    batches = [list(islice(events, BATCH)) for _ in range(BATCHES)]
    begun = time.perf_counter()
    for batch in batches:
        ledger.append(batch, 0)
    rate = BATCH * BATCHES / (time.perf_counter() - begun)
    ledger.close()
    yield Line(
        f"events of a pack's runs, in batches of {BATCH}",
        f"{rate:,.0f} a second",
        "at least 50,000 a second",
        rate >= 50_000,
    )


def _events(directory: Path, most: int) -> list[Event]:
    """Returns events as a desk makes them."""
    runs = Runs(file_key(directory / "key", "bench"), at=0)
    found: list[Event] = []

    def written() -> int:
        return len(found)

    while written() < most:
        for batch in runs.next(written):
            found += batch.events
    return found[:most]


# A cold start.


def _cold_starts(directory: Path) -> Iterator[Line]:
    """Times what peers.py times, in turns: opened, answered, durable, gone on with to the end."""
    directory.mkdir()
    key = file_key(directory / "key", "bench")
    taken: list[float] = []
    peers: dict[str, list[float]] = {}
    for turn in range(TURNS):
        taken += [_cold_start(directory / f"{turn}-{n}", key) for n in range(COLD_STARTS)]
        for name, theirs in _peers(directory).items():
            peers.setdefault(name, []).extend(theirs)
    fastest = min(map(statistics.median, peers.values()), default=0.0)
    met = statistics.median(taken) <= fastest
    name = "approved, durable and resumed from a cold start"
    yield Line(name, milliseconds(taken), "ahead of LangGraph and Burr" if peers else "", met)
    for peer, theirs in peers.items():
        yield Line(f"  the same by {peer}", milliseconds(theirs))
    if not peers:
        yield Line("  the same by LangGraph and Burr", "not set up: make bench-peers")


def _cold_start(where: Path, key: OperatorKey) -> float:
    """Returns what it takes to go on from nothing but the files."""
    journal = _desk(where, key)
    _begun(journal, _engine(), RUN)
    journal.close()
    begun = time.perf_counter()
    journal, engine = Journal(where, count(100).__next__), _engine()
    state = journal.state.runs[RUN]
    _decided(
        journal, engine, RUN, decision(next(iter(state.open_gates())), *APPROVED, key, 100), key
    )
    end = _driven(journal, engine, RUN)
    taken = time.perf_counter() - begun
    if end.phase is not Phase.STOPPED:
        raise RuntimeError("the run did not go on to its end")
    journal.close()
    return taken


def _peers(directory: Path) -> dict[str, list[float]]:
    """Returns what each peer takes; nothing where their environment is not made."""
    if not PEERS.exists():
        return {}
    program = str(Path(__file__).with_name("peers.py"))
    asked = [str(PEERS), program, str(directory), str(COLD_STARTS)]
    done = subprocess.run(asked, check=True, capture_output=True, text=True)
    found: dict[str, list[float]] = json.loads(done.stdout)
    return found


# What they share.


def _engine(verify: SignatureCheck = signature_fits) -> Engine:
    """Returns an engine whose one agent suggests a plan, about which a person is asked."""
    plan = proposes("planner", fact(ContextKey.STRATEGIES, "plan", "release it"))
    return engine_of(plan, policy=ASK_STRATEGIES, verify=verify)


def _desk(directory: Path, key: OperatorKey) -> Journal:
    journal = Journal(directory, count(1).__next__)
    journal.commit([OperatorEnrolled(operator=key.operator)], 1)
    return journal


def _begun(journal: Journal, engine: Engine, run: RunId) -> RunState:
    """Takes a run to where it waits for a person."""
    started = run_without_pack(run, INTENT, agents=engine.agents, grants=(ALL,))
    journal.commit(engine.step(None, Begin(started), 2), 2)
    return _driven(journal, engine, run)


def _decided(
    journal: Journal, engine: Engine, run: RunId, command: Decide, key: OperatorKey
) -> None:
    """Makes an answer so, closed by a checkpoint."""
    at = command.decision.decided_at
    events = engine.step(journal.state.runs[run], command, at)
    journal.commit(events, at, sign=partial(sign_checkpoint, key))


def _driven(journal: Journal, engine: Engine, run: RunId) -> RunState:
    """Steps a run until it waits or has stopped, and returns how it stands then."""
    while (state := journal.state.runs[run]).phase not in {Phase.WAITING, Phase.STOPPED}:
        command: Command = Advance()
        if state.phase is Phase.EXECUTING:
            command = Report(sequential(engine.work(state)))
        journal.commit(engine.step(state, command, 200), 200)
    return state


def _times(work: Callable[[], object], times: int) -> list[float]:
    taken = []
    for _ in range(times):
        begun = time.perf_counter()
        work()
        taken.append(time.perf_counter() - begun)
    return taken
