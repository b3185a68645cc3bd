"""A running desk: the engine thread, and the pool, model and store threads around it.

The engine thread steps runs and owns the ledger; no agent executes on it, so a decision is durable
at once whatever agents do. Every public method is a message to it, or a question to another
thread, and answers with a future.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from queue import SimpleQueue
from typing import TypeVar, cast

import msgspec

from converge_core.agent import Executed, execute
from converge_core.engine import Advance, Cancel, Command, Decide, Engine, Report, Restart
from converge_core.errors import DecisionRefused, IllegalCommand, LedgerCorrupt
from converge_core.events import Event, OperatorEnrolled, TraceRecorded
from converge_core.ids import ApprovalId, RunId
from converge_core.intent import RootIntent
from converge_core.review import Decision, Verdict, bytes_of
from converge_core.state import Phase, RunState
from converge_core.trace import TextRef
from converge_desktop.adapters.clock import Clock, system_clock
from converge_desktop.adapters.keys import OperatorKey
from converge_desktop.adapters.ledger_file import LedgerWriteFailed, read_ledger
from converge_desktop.adapters.lock import DirectoryLock
from converge_desktop.adapters.packs import Pack, load_packs
from converge_desktop.runtime.chain_agents import ModelAccess
from converge_desktop.runtime.journal import Journal
from converge_desktop.runtime.model_thread import ModelThread, ModelUnavailable
from converge_desktop.runtime.pack_engine import begin, build_engine
from converge_desktop.runtime.port import (
    InboxChanged,
    Notice,
    RunChanged,
    StatusChanged,
    TracesAdded,
    Update,
)
from converge_desktop.runtime.readmodel import (
    FactAnswer,
    FactCard,
    InboxRow,
    LedgerRow,
    Lineage,
    ModelView,
    PackRow,
    Review,
    RunRow,
    RunView,
    Status,
    TraceRow,
    TraceView,
    Verification,
)
from converge_desktop.runtime.run_views import approver_words
from converge_desktop.runtime.store_thread import StoreThread
from converge_desktop.runtime.trace_views import trace_row
from converge_desktop.runtime.views import Views
from converge_desktop.runtime.wording import run_label

T = TypeVar("T")
NAME_LENGTH = 64


@dataclass(frozen=True, slots=True)
class DeskOptions:
    """What a desk is opened with.

    Attributes:
        data_dir: where everything it keeps lies.
        packs_dir: where the packs lie.
        samples_dir: where the packs' samples lie.
        operator: the name of the person at the desk.
        model: the GGUF file to begin with; None for no model.
        clock: microseconds since 1970 UTC.
    """

    data_dir: Path
    packs_dir: Path
    samples_dir: Path
    operator: str
    model: Path | None
    clock: Clock = system_clock


@dataclass(frozen=True, slots=True)
class _Message:
    work: Callable[[], object]
    future: Future[object]


class Desk:
    """A data directory in use.

    Raises:
        DataDirectoryBusy: if another program uses it.
        PackProblem: if a pack does not check.
    """

    def __init__(self, options: DeskOptions) -> None:
        self._options = options
        self._lock = DirectoryLock(options.data_dir)
        self._packs = self._or_release(lambda: load_packs(options.packs_dir))
        titles = {pack.id: pack.title for pack in self._packs.values()}
        self._views = Views(lambda: self._journal.state, self._read_text, titles)
        self._inbox: SimpleQueue[_Message | None] = SimpleQueue()
        self._listeners: list[Callable[[Update], None]] = []
        self._engines: dict[RunId, Engine] = {}
        self._cancelled: dict[RunId, threading.Event] = {}
        self._executing: set[RunId] = set()
        self._stalled: set[RunId] = set()
        self._closing = threading.Event()
        self._closed = False
        self._status = Status(operator=options.operator)
        self._status_lock = threading.Lock()
        self._store: StoreThread | None = None
        self._problem = ""
        self._agents = ThreadPoolExecutor(2, thread_name_prefix="agent")
        self._pool = ThreadPoolExecutor(2, thread_name_prefix="question")
        self._model = ModelThread(self._model_changed)
        self._thread = threading.Thread(target=self._serve, name="engine")
        self._thread.start()
        self.ready: Future[None] = cast("Future[None]", self._send(self._open))

    # What the window and the command line ask for.

    def subscribe(self, listener: Callable[[Update], None]) -> None:
        """Calls ``listener`` with every update from now on, on the thread that made it."""
        self._listeners.append(listener)
        listener(StatusChanged(self._status))

    def packs(self) -> Future[tuple[PackRow, ...]]:
        """Lists the packs that can be run."""
        return self._send(lambda: tuple(map(self._pack_row, self._packs.values())))

    def runs(self) -> Future[tuple[RunRow, ...]]:
        """Lists all runs, newest first."""
        return self._send(self._views.runs)

    def run_view(self, run_id: str) -> Future[RunView]:
        """Returns one run, whole."""
        return self._send(lambda: self._views.run(run_id))

    def inbox(self) -> Future[tuple[InboxRow, ...]]:
        """Lists the open gates of all runs."""
        return self._send(self._views.inbox)

    def review(self, gate_id: str) -> Future[Review]:
        """Assembles what a person is shown before deciding."""
        return self._send(lambda: self._views.review(gate_id))

    def traces(self) -> Future[tuple[TraceRow, ...]]:
        """Lists all recorded steps, newest first."""
        return self._send(self._views.traces)

    def trace(self, trace_id: str) -> Future[TraceView]:
        """Returns one step, whole."""
        return self._send(lambda: self._views.trace(trace_id))

    def ledger_page(self, first: int, count: int) -> Future[tuple[LedgerRow, ...]]:
        """Returns up to ``count`` records from sequence ``first``."""
        return self._send(lambda: tuple(self._journal.rows[max(first, 0) : max(first, 0) + count]))

    def facts(self, key: str, text: str) -> Future[FactAnswer]:
        """Asks the database for facts of all runs; an empty argument matches everything."""
        return self._pool.submit(self._facts, key, text)

    def lineage(self, run_id: str, fact_id: str) -> Future[Lineage]:
        """Asks the database what a fact came from."""
        return self._pool.submit(self._lineage, run_id, fact_id)

    def verify(self) -> Future[Verification]:
        """Reads the ledger from the first record and checks every hash."""
        return self._pool.submit(self._verify)

    def start_run(self, pack_id: str, folder: Path) -> Future[str]:
        """Reads ``folder`` and starts a run; fails with a sentence, and no run, on bad input."""
        return self._pool.submit(self._start_run, pack_id, folder)

    def decide(
        self, gate_id: str, verdict: str, reason: str, shown: str, operator: str = ""
    ) -> Future[None]:
        """Signs and records ``approve`` or ``reject``; ``shown`` is the digest of the review."""
        name = operator or self._options.operator
        return self._send(lambda: self._decide(gate_id, Verdict(verdict), reason, shown, name))

    def cancel(self, run_id: str) -> Future[None]:
        """Stops a run; what it reached stays."""
        return self._send(lambda: self._cancel(self._views.run_state(run_id)))

    def load_model(self, path: Path) -> Future[None]:
        """Takes another GGUF file into use."""
        return cast("Future[None]", self._model.load(path))

    def close(self) -> None:
        """Stops every thread, in order, and releases the data directory. Safe to call twice."""
        if self._closed:
            return
        self._closed = True
        self._closing.set()
        for cancelled in list(self._cancelled.values()):
            cancelled.set()
        self._model.close()
        for pool in (self._agents, self._pool):
            pool.shutdown(wait=True, cancel_futures=True)
        self._inbox.put(None)
        self._thread.join()
        if self._store is not None:
            self._store.close()
        self._lock.release()

    # The engine thread.

    def _send(self, work: Callable[[], T]) -> Future[T]:
        future: Future[T] = Future()
        if self._closing.is_set():
            future.set_exception(IllegalCommand("the desk is closing"))
        else:
            self._inbox.put(_Message(work, cast("Future[object]", future)))
        return future

    def _serve(self) -> None:
        while (message := self._inbox.get()) is not None:
            if not message.future.set_running_or_notify_cancel():
                continue
            try:
                self._require_open()
                message.future.set_result(message.work())
            except Exception as error:  # noqa: BLE001 - it belongs to the one who asked
                message.future.set_exception(error)
        if hasattr(self, "_journal"):
            self._journal.close()

    def _require_open(self) -> None:
        if self._problem:
            raise IllegalCommand(self._problem)

    def _read_text(self, ref: TextRef) -> str:
        return self._journal.read_text(ref)

    def _open(self) -> None:
        try:
            self._journal = Journal(self._options.data_dir, self._options.clock)
        except (LedgerCorrupt, OSError) as error:
            self._problem = (
                f"The ledger in {self._options.data_dir} cannot be used: {error}. Nothing was "
                "changed. Restore it from a copy, or choose another place with --data-dir."
            )
            self._set_status(ledger_state="altered", engine="Cannot open the ledger")
            self._publish(Notice("danger", self._problem))
            raise
        directory = self._journal.ledger_directory
        self._store = StoreThread(
            self._options.data_dir / "view", lambda: read_ledger(directory), self._store_changed
        )
        if self._journal.set_aside:
            self._publish(Notice("caution", self._journal.set_aside.words()))
        self._set_status(
            ledger_seq=self._journal.seq,
            ledger_state="verified",
            ledger_verified_at=self._options.clock(),
            unlocked=True,
            engine=self._views.engine_words(),
        )
        self._publish(InboxChanged(self._views.inbox()))
        if self._options.model is not None:
            loaded = self._model.load(self._options.model)
            loaded.add_done_callback(self._model_loaded)
        else:
            self._resume()

    def _model_loaded(self, loaded: Future[object]) -> None:
        error = loaded.exception()
        if error is not None and not self._closing.is_set():
            self._publish(Notice("danger", str(error)))
        self._send(self._resume)

    def _resume(self) -> None:
        """Takes up what a crash, a full disk or a closed window left unfinished."""
        for run in self._views.all_runs():
            if run.phase in {Phase.STOPPED, Phase.WAITING} or run.run in self._executing:
                continue
            if self._model.view.state in {"none", "failed"}:
                self._publish(
                    Notice("caution", f"{run.intent.subject} goes on when a model is loaded.")
                )
                continue
            if run.phase is Phase.EXECUTING:
                self._step(run, Restart())
            self._drive(run.run)

    def _start_run(self, pack_id: str, folder: Path) -> str:
        # Imported here, off the window's path: the table library takes a tenth of a second.
        from converge_desktop.adapters.readiness.intake import read_folder  # noqa: PLC0415

        pack = self._packs.get(pack_id)
        if pack is None:
            known = ", ".join(self._packs)
            raise IllegalCommand(f"there is no pack {pack_id!r}; there are: {known}")
        if self._model.view.state in {"none", "failed"}:
            problem = self._model.view.problem or "No model is loaded."
            raise ModelUnavailable(f"{problem} Choose one on the Models page or with --model.")
        intake = read_folder(
            folder, now_us=self._options.clock(), workspace=self._options.data_dir / "bundles"
        )

        def start() -> str:
            run = RunId(f"run-{len(self._journal.state.runs) + 1:04d}")
            command = begin(run, pack, intake, folder)
            engine = self._build(run, pack, command.started.intent)
            events = engine.step(None, command, self._options.clock())
            self._commit(events, tuple(pack.texts.values()))
            self._drive(run)
            return run

        return self._send(start).result()

    def _drive(self, run_id: RunId) -> None:
        """Steps a run until agents are at work, people are asked, or it has stopped."""
        while True:
            run = self._journal.state.runs[run_id]
            match run.phase:
                case Phase.READY | Phase.RESOLVING:
                    self._step(run, Advance())
                case Phase.EXECUTING:
                    self._dispatch(run)
                    return
                case Phase.WAITING | Phase.STOPPED:
                    return

    def _step(self, run: RunState, command: Command, texts: tuple[str, ...] = ()) -> None:
        engine = self._engine(run)
        self._commit(engine.step(run, command, self._options.clock()), texts)

    def _dispatch(self, run: RunState) -> None:
        if run.run in self._executing or self._closing.is_set():
            return
        self._executing.add(run.run)
        work, name = self._engine(run).work(run), run.run

        def at_work() -> None:
            executed = tuple(execute(agent, view) for agent, view in work)
            self._send(lambda: self._report(name, executed))

        self._agents.submit(at_work)

    def _report(self, run_id: RunId, executed: tuple[Executed, ...]) -> None:
        self._executing.discard(run_id)
        run = self._journal.state.runs[run_id]
        if self._closing.is_set() or run.phase is not Phase.EXECUTING:
            return
        texts = tuple(text for one in executed for text in one.effect.texts)
        try:
            self._step(run, Report(executed), texts)
            self._drive(run_id)
        except LedgerWriteFailed as error:
            self._stalled.add(run_id)
            self._publish(Notice("danger", str(error)))

    def _decide(
        self, gate_id: str, verdict: Verdict, reason: str, shown: str, operator: str
    ) -> None:
        run, gate = self._views.gate(gate_id)
        if gate.open and shown != self._views.review(gate_id).digest:
            raise DecisionRefused(
                f"{gate_id}: what was shown is not what is asked now; review it again"
            )
        key = self._operator_key(operator)
        if key.operator.id not in self._journal.state.operators:
            self._commit([OperatorEnrolled(operator=key.operator)])
            run, gate = self._views.gate(gate_id)
        unsigned = Decision(
            id=ApprovalId(f"decision:{gate_id}"),
            gate=gate.request.id,
            verdict=verdict,
            reason=reason.strip(),
            operator=key.operator.id,
            decided_at=self._options.clock(),
            request=gate.request.digest(),
            shown=shown,
            signature="",
        )
        decision = msgspec.structs.replace(unsigned, signature=key.sign(bytes_of(unsigned)))
        self._step(run, Decide(decision, key.operator))
        self._drive(run.run)
        self._retry_stalled()

    def _cancel(self, run: RunState) -> None:
        self._step(run, Cancel(by=self._options.operator))
        cancelled = self._cancelled.get(run.run)
        if cancelled is not None:
            cancelled.set()
        self._retry_stalled()

    def _retry_stalled(self) -> None:
        if self._stalled:
            self._stalled.clear()
            self._resume()

    def _commit(self, events: list[Event], texts: tuple[str, ...] = ()) -> None:
        entries = self._journal.commit(events, texts)
        if not entries:
            return
        if self._store is not None:
            self._store.follow(entries)
        touched = dict.fromkeys(RunId(entry.head.run) for entry in entries if entry.head.run)
        for run_id in touched:
            self._publish(RunChanged(self._views.run(run_id)))
        recorded = [entry.event for entry in entries if isinstance(entry.event, TraceRecorded)]
        if recorded:
            runs = self._journal.state.runs
            rows = (trace_row(runs[event.run], event.trace) for event in recorded)
            self._publish(TracesAdded(tuple(rows)))
        self._publish(InboxChanged(self._views.inbox()))
        self._set_status(ledger_seq=self._journal.seq, engine=self._views.engine_words())

    def _engine(self, run: RunState) -> Engine:
        return self._engines.get(run.run) or self._build(
            run.run, self._views.pack_of(run), run.intent
        )

    def _build(self, run: RunId, pack: Pack, intent: RootIntent) -> Engine:
        cancelled = self._cancelled[run] = threading.Event()
        access = ModelAccess(
            infer=lambda request: self._model.infer(request, cancelled.is_set),
            count_tokens=self._model.count_tokens,
        )
        engine = self._engines[run] = build_engine(pack, intent, access)
        return engine

    def _pack_row(self, pack: Pack) -> PackRow:
        sample = self._options.samples_dir / pack.id
        return PackRow(
            pack_id=pack.id,
            title=pack.title,
            summary=pack.summary,
            version=pack.version,
            policy=pack.texts["policy.toml"],
            sample=str(sample) if sample.is_dir() else "",
        )

    def _operator_key(self, name: str) -> OperatorKey:
        plain = name.strip()
        usable = plain and len(plain) <= NAME_LENGTH and plain.isprintable()
        if not usable or "/" in plain or plain.startswith("."):
            raise DecisionRefused(
                f"{name!r} cannot be an operator's name: use 1 to {NAME_LENGTH} printable "
                "characters without a slash"
            )
        return OperatorKey(self._options.data_dir / "keys" / f"{plain}.ed25519", plain)

    # Questions that other threads answer.

    def _facts(self, key: str, text: str) -> FactAnswer:
        rows, seq = self._need_store().facts(key, text).result()
        cards = tuple(
            FactCard(
                fact_id=row.fact_id,
                key=row.key,
                text=row.content,
                byline=row.byline,
                state="fact",
                approver=approver_words(row.approver),
                run_id=row.run,
                run_label=run_label(row.run),
                seq=row.seq,
            )
            for row in rows
        )
        return FactAnswer(cards, seq)

    def _lineage(self, run_id: str, fact_id: str) -> Lineage:
        (edges, labels), seq = self._need_store().lineage("fact", f"{run_id}|{fact_id}").result()
        return Lineage(fact_id, tuple(edges), tuple(labels.items()), seq)

    def _need_store(self) -> StoreThread:
        if self._store is None:
            raise IllegalCommand("the desk is still opening")
        return self._store

    def _verify(self) -> Verification:
        records, head = 0, ""
        try:
            for entry in read_ledger(self._options.data_dir / "ledger"):
                records, head = records + 1, entry.hash
            result = Verification(records, -1, "", head)
        except LedgerCorrupt as error:
            result = Verification(records, error.seq, error.reason, head)
        self._set_status(
            ledger_state="verified" if result.bad_seq < 0 else "altered",
            ledger_verified_at=self._options.clock(),
        )
        return result

    # What it tells.

    def _model_changed(self, view: ModelView) -> None:
        self._set_status(model=view)

    def _store_changed(self, state: str, seq: int) -> None:
        self._set_status(view_state=state, view_seq=seq)

    def _set_status(self, **changes: object) -> None:
        with self._status_lock:
            self._status = replace(self._status, **changes)  # type: ignore[arg-type]
            status = self._status
        self._publish(StatusChanged(status))

    def _publish(self, update: Update) -> None:
        for listener in tuple(self._listeners):
            listener(update)

    def _or_release(self, work: Callable[[], T]) -> T:
        try:
            return work()
        except BaseException:
            self._lock.release()
            raise
