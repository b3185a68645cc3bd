"""Everything that is read off folded state, for a desk or for a command line that only reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from converge_core.asking import Gate
from converge_core.audit import read_in
from converge_core.errors import DecisionRefused, IllegalCommand, LedgerCorrupt
from converge_core.ids import GateId, RunId, TraceId
from converge_core.kept import Current, what_changed
from converge_core.run_state import DeskState, Phase, RunState
from converge_desktop import __version__
from converge_desktop.adapters.keys import signature_fits
from converge_desktop.adapters.ledger_file import read_ledger, unfinished_bytes
from converge_desktop.adapters.packs.pack import Pack, pack_of
from converge_desktop.adapters.texts import TextReader
from converge_desktop.runtime.readmodel import (
    InboxRow,
    Review,
    RunRow,
    RunView,
    TraceRow,
    TraceView,
    Verification,
)
from converge_desktop.runtime.replay import GoldenTrace, golden_of
from converge_desktop.runtime.review_views import assemble_review, inbox_row
from converge_desktop.runtime.run_views import run_row, run_view
from converge_desktop.runtime.trace_views import ReadText, trace_row, trace_view
from converge_desktop.runtime.wording import plural


class Views:
    """Answers questions about a desk's state.

    Args:
        state: gives the state as it stands now.
        read: reads recorded texts.
        packs: the packs that are here now, by id; a run goes by its own.
    """

    def __init__(
        self, state: Callable[[], DeskState], read: ReadText, packs: Mapping[str, Pack]
    ) -> None:
        self._state = state
        self._read = read
        self._here = packs
        self._packs: dict[RunId, Pack] = {}

    def all_runs(self) -> list[RunState]:
        """Returns every run, oldest first."""
        return list(self._state().runs.values())

    def run_state(self, run_id: str) -> RunState:
        """Returns one run.

        Raises:
            IllegalCommand: if there is none of that id.
        """
        run = self._state().runs.get(RunId(run_id))
        if run is None:
            raise IllegalCommand(f"there is no run {run_id}")
        return run

    def runs(self) -> tuple[RunRow, ...]:
        """Lists all runs, newest first."""
        return tuple(run_row(run, self._title(run)) for run in reversed(self.all_runs()))

    def run(self, run_id: str) -> RunView:
        """Returns one run, whole."""
        run = self.run_state(run_id)
        busy = run.phase is Phase.EXECUTING
        doing = f"{', '.join(run.eligible[run.cycle])} at work" if busy else ""
        return run_view(run, self._title(run), doing)

    def inbox(self) -> tuple[InboxRow, ...]:
        """Lists the open gates of all runs, oldest first."""
        return tuple(inbox_row(run, gate) for run in self.all_runs() for gate in run.open_gates())

    def gate(self, gate_id: str) -> tuple[RunState, Gate]:
        """Returns a gate and its run.

        Raises:
            DecisionRefused: if there is none of that id.
        """
        for run in self.all_runs():
            gate = run.gates.get(GateId(gate_id))
            if gate is not None:
                return run, gate
        raise DecisionRefused(f"there is no gate {gate_id}; list those that wait with: inbox")

    def review(self, gate_id: str) -> Review:
        """Assembles what a person is shown before deciding."""
        run, gate = self.gate(gate_id)
        review = assemble_review(run, gate, self.pack_of(run), self._read)
        return replace(review, kept=what_changed(run.started, self._current(run)))

    def traces(self) -> tuple[TraceRow, ...]:
        """Lists all recorded steps, newest first."""
        return tuple(
            trace_row(run, trace)
            for run in reversed(self.all_runs())
            for trace in reversed(run.traces.values())
        )

    def trace(self, trace_id: str) -> TraceView:
        """Returns one step, whole.

        Raises:
            IllegalCommand: if there is none of that id.
        """
        for run in self.all_runs():
            trace = run.traces.get(TraceId(trace_id))
            if trace is not None:
                return trace_view(run, trace, self.pack_of(run), self._read)
        raise IllegalCommand(f"there is no trace {trace_id}; list them with: traces")

    def golden(self, trace_id: str) -> GoldenTrace:
        """Returns one step with all it takes to make it again.

        Raises:
            IllegalCommand: if there is none of that id.
            TextMissing: if a text of it is gone.
            InvalidValue: if its layers do not give its prompt.
        """
        for run in self.all_runs():
            trace = run.traces.get(TraceId(trace_id))
            if trace is not None:
                return golden_of(trace, self._read)
        raise IllegalCommand(f"there is no trace {trace_id}; list them with: traces")

    def pack_of(self, run: RunState) -> Pack:
        """Returns the pack as it was when the run began."""
        if run.run not in self._packs:
            files = run.started.files
            texts = {name: self._read(ref) for name, ref in files.items()}
            self._packs[run.run] = pack_of(texts, f"the pack kept with {run.run}")
        return self._packs[run.run]

    def _current(self, run: RunState) -> Current:
        """Returns what a new run of the same pack would begin with."""
        here = self._here.get(run.started.pack)
        return Current(
            pack_version=here.version if here else None,
            pack_digest=here.digest if here else "",
            policy_digest=here.policy.version if here else "",
            app_version=__version__,
        )

    def engine_words(self) -> str:
        """Says in a few words what the engine is at."""
        runs = [run for run in self.all_runs() if run.phase is not Phase.STOPPED]
        waiting = sum(run.phase is Phase.WAITING for run in runs)
        if not runs:
            return "Idle"
        words = plural(len(runs), "run")
        return f"{words}, {waiting} waiting for you" if waiting else words

    def budget_words(self) -> str:
        """Says what the newest run that goes on has used up; empty if none does."""
        going = [run for run in self.all_runs() if run.phase is not Phase.STOPPED]
        if not going:
            return ""
        used, limits = going[-1], going[-1].intent.budgets
        facts = f"facts {used.context.count():,} of {limits.facts:,}"
        return f"cycles {used.cycle} of {limits.cycles} · {facts}"

    def _title(self, run: RunState) -> str:
        here = self._here.get(run.started.pack)
        return here.title if here else run.started.pack


def read_views(data_dir: Path, packs: Mapping[str, Pack]) -> Views:
    """Reads a data directory without locking it or writing to it.

    Raises:
        LedgerCorrupt: if a record does not verify.
    """
    state = DeskState()
    if (data_dir / "ledger").is_dir():
        for entry in read_ledger(data_dir / "ledger"):
            state = read_in(state, entry, signature_fits)
    return Views(lambda: state, TextReader(data_dir / "texts").text, packs)


def verify_ledger(directory: Path) -> Verification:
    """Reads a ledger from its first record and checks hashes, signatures and approvals.

    Raises:
        OSError: if there is no ledger, or it cannot be read.
    """
    state, records, head = DeskState(), 0, ""
    try:
        for entry in read_ledger(directory):
            state = read_in(state, entry, signature_fits)
            records, head = records + 1, entry.hash
    except LedgerCorrupt as error:
        return Verification(records, error.seq, error.reason, head)
    return Verification(records, -1, "", head, unfinished_bytes(directory))
