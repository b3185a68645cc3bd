"""Everything that is read off folded state, for a desk or for a command line that only reads."""

from __future__ import annotations

import contextlib
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from converge_core.asking import Gate
from converge_core.errors import DecisionRefused, IllegalCommand, InvalidId
from converge_core.events import RunStopped, TraceRecorded
from converge_core.ids import GateId, OperatorId, RunId, TraceId
from converge_core.kept import Current, what_changed
from converge_core.review import Operator
from converge_core.run_state import Phase, RunState
from converge_core.trace import DecisionTrace
from converge_desktop import __version__
from converge_desktop.adapters.ledger.history import LedgerHistory
from converge_desktop.adapters.packs.pack import Pack, pack_of
from converge_desktop.adapters.texts import TextReader
from converge_desktop.runtime.deciding_model import SinceRow
from converge_desktop.runtime.desk_reader import LEDGER, DeskReader, snapshot_reader_of
from converge_desktop.runtime.event_query import EventQuery, find
from converge_desktop.runtime.fact_model import FactView
from converge_desktop.runtime.fact_views import fact_view
from converge_desktop.runtime.ledger_model import CheckpointView, LedgerRow, RecordView
from converge_desktop.runtime.ledger_views import ledger_row
from converge_desktop.runtime.outputs import RunReplay
from converge_desktop.runtime.pack_engine import GOVERNING
from converge_desktop.runtime.record_views import (
    checkpoint_view,
    newest_checkpoint,
    record_view,
)
from converge_desktop.runtime.replay import GoldenTrace, golden_of
from converge_desktop.runtime.review_model import InboxRow, Review, TraceRow, TraceView
from converge_desktop.runtime.review_views import assemble_review, inbox_row, since
from converge_desktop.runtime.run_model import RunRow, RunView
from converge_desktop.runtime.run_views import run_row, run_view
from converge_desktop.runtime.shelf import RECENT
from converge_desktop.runtime.standing_views import standing
from converge_desktop.runtime.trace_views import ReadText, trace_row, whole_view
from converge_desktop.runtime.wording import plural

OPENED = 32
"""How many reviews are remembered as they were opened, to tell later what is other."""


class Views:
    """Answers questions about a desk.

    Args:
        reader: gives what its ledger says now.
        read: reads recorded texts.
        packs: the packs that are here now, by id; a run goes by its own.
    """

    def __init__(
        self, reader: Callable[[], DeskReader], read: ReadText, packs: Mapping[str, Pack]
    ) -> None:
        self._reader = reader
        self._read = read
        self._here = packs
        self._packs: OrderedDict[RunId, Pack] = OrderedDict()
        self._opened: OrderedDict[str, Review] = OrderedDict()

    @property
    def history(self) -> LedgerHistory:
        """The records, and where they lie."""
        return self._reader().history

    def going(self) -> list[RunState]:
        """Returns the runs that have not stopped, oldest first."""
        return self._reader().runs.going()

    def operators(self) -> Mapping[OperatorId, Operator]:
        """Returns who is enrolled, by id."""
        return self._reader().state.operators

    def run_state(self, run_id: str) -> RunState:
        """Returns one run.

        Raises:
            IllegalCommand: if there is none of that id.
        """
        run: RunState | None = self._reader().runs.get(RunId(run_id))
        if run is None:
            raise IllegalCommand(f"there is no run {run_id}")
        return run

    def runs(self) -> tuple[RunRow, ...]:
        """Lists all runs, newest first."""
        reader = self._reader()
        notes = [reader.note(run) for run in reader.runs]
        return tuple(run_row(note, self._title(note.pack)) for note in reversed(notes))

    def last_seq(self) -> int:
        """Returns the number of the last record; -1 where there is none."""
        return self._reader().history.index.count - 1

    def run_at(self, run_id: str, seq: int) -> RunView:
        """Returns one run as it stood once record ``seq`` was written.

        Raises:
            IllegalCommand: if it had not begun by then, or there is no such record.
        """
        run = self.state_at(run_id, seq)
        return run_view(run, self._title(run.started.pack), "")

    def state_at(self, run_id: str, seq: int) -> RunState:
        """Returns the state of a run once record ``seq`` was written; see :meth:`run_at`."""
        reader = self._reader()
        count = reader.history.index.count
        if RunId(run_id) not in reader.runs:
            raise IllegalCommand(f"there is no run {run_id}")
        if not 0 <= seq < count:
            raise IllegalCommand(f"there is no record {seq}; the last is {count - 1}")
        try:
            found: RunState = reader.runs.as_of(RunId(run_id), seq + 1)
        except KeyError as error:
            raise IllegalCommand(f"run {run_id} had not begun at record {seq}") from error
        return found

    def run(self, run_id: str) -> RunView:
        """Returns one run, whole."""
        run = self.run_state(run_id)
        busy = run.phase is Phase.EXECUTING and run.suspension is None
        doing = f"{', '.join(run.eligible[run.cycle])} at work" if busy else ""
        return run_view(run, self._title(run.started.pack), doing)

    def fact(self, run_id: str, fact_id: str, me: str) -> FactView:
        """Returns one fact, whole, as a run sees it; ``me`` is the person at the desk.

        Raises:
            IllegalCommand: if there is no such run, or it has no such fact.
        """
        run, runs = self.run_state(run_id), self._reader().runs
        return fact_view(run, fact_id, self.pack_of(run), me, lambda name: runs.get(RunId(name)))

    def knows_run(self, run_id: str) -> bool:
        """Says whether there is a run of that id."""
        return run_id in self._reader().runs

    def replay_run(self, run_id: str) -> RunReplay:
        """Folds a run again from its records, whatever is known of it by now.

        Raises:
            LedgerCorrupt: if its records do not hold, or do not come to what they say.
        """
        reader = self._reader()
        run = RunId(run_id)
        again = reader.runs.as_of(run, reader.history.index.count)
        records, said, said_at = 0, "", -1
        for entry in reader.history.of_run(run):
            records += 1
            if isinstance(entry.event, RunStopped):
                said, said_at = entry.event.root, entry.head.seq
        return RunReplay(run_id, records, again.context.count(), again.context.root, said, said_at)

    def inbox(self) -> tuple[InboxRow, ...]:
        """Lists the open gates of all runs, oldest first."""
        return tuple(inbox_row(run, gate) for run in self.going() for gate in run.open_gates())

    def gate(self, gate_id: str) -> tuple[RunState, Gate]:
        """Returns a gate and its run.

        Raises:
            DecisionRefused: if there is none of that id.
        """
        wanted = GateId(gate_id)
        for run in (*self.going(), *self._named_in(gate_id)):
            if wanted in run.gates:
                return run, run.gates[wanted]
        raise DecisionRefused(f"there is no gate {gate_id}; list those that wait with: inbox")

    def review(self, gate_id: str, opened: str = "") -> Review:
        """Assembles what a person is shown before deciding.

        Args:
            gate_id: the gate.
            opened: the digest of the review that was opened before, to tell what is other than in
                it; that may be one of the gate that this one takes the place of.

        Raises:
            DecisionRefused: if there is no gate of that id.
        """
        run, gate = self.gate(gate_id)
        review = assemble_review(run, gate, self.pack_of(run), self._read)
        draft = run.drafts[gate.request.proposal]
        precedents = self._reader().precedents.of(draft, self.going(), but=gate_id)
        review = replace(
            review,
            kept=what_changed(run.started, self._current(run)),
            standing=standing(run, gate),
            precedents=precedents,
            since=self._since(review, opened),
        )
        self._opened[review.digest] = review
        self._opened.move_to_end(review.digest)
        if len(self._opened) > OPENED:
            self._opened.popitem(last=False)
        return review

    def review_digest(self, gate_id: str) -> tuple[str, tuple[str, ...]]:
        """Returns the digest of what would be shown about a gate now, and the names of its parts.

        Raises:
            DecisionRefused: if there is no gate of that id.
        """
        run, gate = self.gate(gate_id)
        review = assemble_review(run, gate, self.pack_of(run), self._read)
        return review.digest, tuple(name for name, _ in review.parts)

    def _since(self, review: Review, opened: str) -> tuple[SinceRow, ...]:
        """Returns what is other than in the review of digest ``opened``; all, if that is gone."""
        if not opened or opened == review.digest:
            return ()
        before = self._opened.get(opened)
        if before is None or before.run_id != review.run_id:
            return tuple(SinceRow(name, ()) for name, _ in review.parts)
        return since(before, review)

    def traces(self, first: int = 0, count: int | None = None) -> tuple[TraceRow, ...]:
        """Lists recorded steps, newest first.

        Args:
            first: how many of the newest to leave out.
            count: how many to list; all that follow if None.
        """
        reader = self._reader()
        end = len(reader.traces) - first
        begin = 0 if count is None else max(0, end - count)
        entries = [reader.history.entry(seq) for seq in reader.traces[begin : max(0, end)]]
        return tuple(
            trace_row(entry.event.run, entry.event.trace, entry.head.at)
            for entry in reversed(entries)
            if isinstance(entry.event, TraceRecorded)
        )

    def trace_place(self, trace_id: str) -> int:
        """Returns the number of a recorded step, oldest first, from 0.

        Raises:
            IllegalCommand: if there is none of that id.
        """
        run, trace = self._trace(trace_id)
        return bisect_left(self._reader().traces, self._seq_of(run, trace))

    def _seq_of(self, run: RunState, trace: DecisionTrace) -> int:
        """Returns the record that says a step."""
        traces = self._reader().traces
        seqs = [
            seq
            for first, many in self._reader().history.index.spans(run.run)
            for seq in traces[bisect_left(traces, first) : bisect_left(traces, first + many)]
        ]
        return int(seqs[list(run.traces).index(trace.id)])

    def record(self, seq: int) -> RecordView:
        """Returns one record, whole.

        Raises:
            IllegalCommand: if there is none of that number.
        """
        history = self._reader().history
        if not 0 <= seq < history.index.count:
            raise IllegalCommand(f"there is no record {seq}; the last is {history.index.count - 1}")
        return record_view(history, seq)

    def checkpoint(self) -> CheckpointView | None:
        """Returns the newest checkpoint; None if none was signed yet."""
        entry = newest_checkpoint(self._reader().history)
        return None if entry is None else checkpoint_view(entry)

    def ledger(self, first: int, count: int) -> tuple[LedgerRow, ...]:
        """Returns up to ``count`` records from ``first`` on."""
        history = self._reader().history
        first = max(first, 0)
        there = max(0, min(count, history.index.count - first))
        return tuple(map(ledger_row, history.range(first, there)))

    def events(self, query: EventQuery) -> tuple[LedgerRow, ...]:
        """Returns the records that match, oldest first; of more than the limit, the newest.

        Raises:
            IllegalCommand: if a kind or a run is asked for that there is not.
        """
        return tuple(map(ledger_row, find(self._reader().history, query)))

    def trace(self, trace_id: str) -> TraceView:
        """Returns one step, whole.

        Raises:
            IllegalCommand: if there is none of that id.
        """
        run, trace = self._trace(trace_id)
        return whole_view(run, trace, self.pack_of(run), self._read, self._seq_of(run, trace))

    def golden(self, trace_id: str) -> GoldenTrace:
        """Returns one step with all it takes to make it again.

        Raises:
            IllegalCommand: if there is none of that id.
            TextMissing: if a text of it is gone.
            InvalidValue: if its layers do not give its prompt.
        """
        return golden_of(self._trace(trace_id)[1], self._read)

    def _trace(self, trace_id: str) -> tuple[RunState, DecisionTrace]:
        for run in self._named_in(trace_id):
            trace = run.traces.get(TraceId(trace_id))
            if trace is not None:
                return run, trace
        raise IllegalCommand(f"there is no trace {trace_id}; list them with: traces")

    def _named_in(self, name: str) -> Iterator[RunState]:
        """Returns the runs that the id of a step or a gate can be of, as those derive from it."""
        runs = self._reader().runs
        for place in [i for i, char in enumerate(name) if char == "/"]:
            with contextlib.suppress(InvalidId):
                run = RunId(name[:place].partition(":")[2])
                if run in runs:
                    yield runs[run]

    def pack_of(self, run: RunState) -> Pack:
        """Returns the pack as it was when the run began."""
        if run.run not in self._packs:
            files = run.started.files
            texts = {name: self._read(ref) for name, ref in files.items()}
            self._packs[run.run] = pack_of(texts, f"the pack kept with {run.run}")
            if len(self._packs) > RECENT:
                self._packs.popitem(last=False)
        return self._packs[run.run]

    def _current(self, run: RunState) -> Current:
        """Returns what a new run of the same pack would begin with."""
        pack = run.started.pack
        here = self.pack_of(run) if pack == GOVERNING else self._here.get(pack)
        return Current(
            pack_version=here.version if here else None,
            pack_digest=here.digest if here else "",
            policy_digest=here.policy.version if here else "",
            app_version=__version__,
        )

    def engine_words(self) -> str:
        """Says in a few words what the engine is at."""
        runs = self.going()
        paused = sum(run.suspension is not None for run in runs)
        waits = [run for run in runs if run.phase is Phase.WAITING and not run.suspension]
        asked = sum(bool(run.open_gates()) for run in waits)
        if not runs:
            return "Idle"
        words = [plural(len(runs), "run")]
        words += [f"{asked} waiting for you"] if asked else []
        words += [f"{len(waits) - asked} decided"] if len(waits) > asked else []
        words += [f"{paused} paused"] if paused else []
        return ", ".join(words)

    def budget_words(self) -> str:
        """Says what the newest run that goes on has used up; empty if none does."""
        going = self.going()
        if not going:
            return ""
        used, limits = going[-1], going[-1].intent.budgets
        facts = f"facts {used.context.count():,} of {limits.facts:,}"
        return f"cycles {used.cycle} of {limits.cycles} · {facts}"

    def _title(self, pack: str) -> str:
        if pack == GOVERNING:
            return "Changed policy"
        here = self._here.get(pack)
        return here.title if here else pack


def read_views(data_dir: Path, packs: Mapping[str, Pack]) -> Views:
    """Reads a data directory without locking it or writing to it.

    Raises:
        LedgerCorrupt: if a record does not verify.
        OSError: if it cannot be read.
    """
    reader = DeskReader(data_dir / LEDGER, snapshot_reader_of(data_dir)).read_all()
    return Views(lambda: reader, TextReader(data_dir / "texts").text, packs)
