"""A running desk: engine, model and store threads, wired; the one thing its users hold.

Every public method is a message to one of the threads and answers with a future.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from converge_core.capability import CallCancelled
from converge_core.errors import IllegalCommand, LedgerCorrupt
from converge_core.events import CheckpointSigned
from converge_core.ledger import Entry
from converge_desktop import paths
from converge_desktop.adapters.clock import Clock, system_clock
from converge_desktop.adapters.identity.system_keyring import Backend
from converge_desktop.adapters.ledger.ledger_file import read_ledger
from converge_desktop.adapters.lock import DirectoryLock
from converge_desktop.adapters.models.catalogue import load_catalogue
from converge_desktop.adapters.packs.pack import load_packs
from converge_desktop.runtime.deciding_desk import DecidingDesk
from converge_desktop.runtime.desk_model import ModelView, Status
from converge_desktop.runtime.desk_reader import LEDGER
from converge_desktop.runtime.engine_thread import EngineThread
from converge_desktop.runtime.fact_model import FactView
from converge_desktop.runtime.key_holder import KeyHolder
from converge_desktop.runtime.ledger_model import (
    CheckedEvidence,
    CheckpointView,
    Comparison,
    Exported,
    LedgerRow,
    RecordView,
    Verification,
)
from converge_desktop.runtime.model_thread import ModelSettings, ModelThread, ModelUnavailable
from converge_desktop.runtime.people_desk import PeopleDesk
from converge_desktop.runtime.peopling import LETTERS, NAME
from converge_desktop.runtime.port import (
    Notice,
    StatusChanged,
    Update,
)
from converge_desktop.runtime.proofs import Proofs
from converge_desktop.runtime.review_model import TraceRow, TraceView
from converge_desktop.runtime.run_model import FactAnswer, FactCard, Lineage, RunRow, RunView
from converge_desktop.runtime.run_views import approver_words
from converge_desktop.runtime.running_desk import RunningDesk
from converge_desktop.runtime.stopper import GivenUp, Stopper
from converge_desktop.runtime.trace_like import LikeDesk
from converge_desktop.runtime.trace_trying import TryingDesk
from converge_desktop.runtime.wording import ledger_problem, plural, run_label

if TYPE_CHECKING:
    from converge_desktop.adapters.surreal import DecisionRow, FactRow, Place, ProposalRow, Walk
    from converge_desktop.runtime.outputs import RunReplay
    from converge_desktop.runtime.replay import Replay
    from converge_desktop.runtime.store_thread import LineageEdges, StoreThread

S = TypeVar("S")
T = TypeVar("T")


def operator_name(login: str) -> str:
    """Returns what a person who gave no name is called: as they logged in, as far as that fits."""
    name = re.sub(rf"[^{LETTERS}0-9 ._-]", "-", login.strip())[:48].strip()
    return name if NAME.fullmatch(name) else "operator"


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
        keyring: finds the keyring that keys are kept in; None to keep them in files.
        passphrase: what protects keys in files; empty if nobody gave any.
        lock_after_us: after how long without use keys are locked; 0 for never, as in a window,
            which watches the person and locks by itself.
        models: the models that ship, by name; the desk's own ``models.toml`` adds to them.
        embedder: the GGUF file that texts are embedded with; None for no recall.
        recall_at_once: whether recall follows the ledger from the start, as behind a window; else
            it is opened where something is recalled.
    """

    data_dir: Path
    packs_dir: Path
    samples_dir: Path
    operator: str
    model: Path | None
    clock: Clock = system_clock
    keyring: Callable[[], Backend | None] | None = None
    passphrase: str = field(default="", repr=False)
    lock_after_us: int = 0
    models: Mapping[str, Path] = field(default_factory=paths.shipped_models)
    embedder: Path | None = None
    recall_at_once: bool = True


class Desk(PeopleDesk, DecidingDesk, LikeDesk, TryingDesk, RunningDesk):
    """A data directory in use.

    Args:
        options: what it is opened with.
        held: whether the ledger is read only from ``begin`` on, and model and view are opened only
            from ``go_on`` on, as a window wants it that is not painted yet. All that is asked
            meanwhile is answered then.

    Raises:
        DataDirectoryBusy: if another program uses it.
        PackProblem: if a pack does not check.
        CatalogueProblem: if the desk's list of models does not.
    """

    def __init__(self, options: DeskOptions, *, held: bool = False) -> None:
        self._options = options
        self._held = held
        self._data_dir = options.data_dir
        self._clock = options.clock
        self._sitting = options.operator
        self._samples_dir = options.samples_dir
        self._find_keyring = options.keyring
        self._holder = KeyHolder(
            *(self._keys, options.clock, options.lock_after_us, options.passphrase),
            on_locked=self._locked_itself,
        )
        self._keyring = None
        self._unlocking = None
        self._lock = DirectoryLock(options.data_dir)
        try:
            self._packs = load_packs(options.packs_dir)
            known = load_catalogue(options.data_dir, options.models)
            models = ModelSettings(options.data_dir / "models", known, embedder=options.embedder)
        except BaseException:
            self._lock.release()
            raise
        self._listeners: list[Callable[[Update], None]] = []
        self._status = Status(operator=options.operator)
        self._telling = threading.RLock()
        self._untold: list[Notice] = []
        self._closed = False
        self._store = None
        self._replaying: dict[str, Stopper] = {}
        self._trying: dict[str, Stopper] = {}
        self._tries = ThreadPoolExecutor(1, thread_name_prefix="trying")
        self._questions = ThreadPoolExecutor(2, thread_name_prefix="question")
        self._proofs = Proofs(options.data_dir, options.clock, self._publish)
        self._model = ModelThread(self._model_changed, models)
        self._loading: Future[None] | None = None
        self._engine = EngineThread(
            options.data_dir,
            options.clock,
            self._packs,
            model=self._model,
            publish=self._publish,
            durable=self._durable,
        )
        self._prepare_recall(options.embedder, at_once=options.recall_at_once)
        self.confirmed: Future[None] = Future()
        self.ready = self._engine.send(self._opened)
        self._engine.opened.add_done_callback(self._tell_whether_open)
        if not held:
            self.begin()

    def begin(self) -> None:
        """Begins to read the ledger. Called once, and only where it is held."""
        self._engine.start()

    def go_on(self) -> Future[None]:
        """Has the view opened and the model loaded that were held; does nothing a second time."""
        return self._engine.send(self._go_on)

    # What the window and the command line ask for.

    def subscribe(self, listener: Callable[[Update], None]) -> None:
        """Calls ``listener`` with every update from now on, on the thread that made it."""
        with self._telling:
            self._listeners.append(listener)
            listener(StatusChanged(self._status))
            for notice in self._untold:
                listener(notice)
            self._untold.clear()

    def runs(self) -> Future[tuple[RunRow, ...]]:
        """Lists all runs, newest first."""
        return self._engine.send(self._engine.views.runs)

    def run_view(self, run_id: str) -> Future[RunView]:
        """Returns one run, whole."""
        return self._engine.send(lambda: self._engine.views.run(run_id))

    def fact(self, run_id: str, fact_id: str) -> Future[FactView]:
        """Returns one fact whole, as a run sees it, from the ledger alone: no database is asked."""
        me = self._sitting
        return self._engine.send(lambda: self._engine.views.fact(run_id, fact_id, me))

    def run_at(self, run_id: str, seq: int) -> Future[RunView]:
        """Returns one run as it stood once record ``seq`` was written."""
        return self._engine.send(lambda: self._engine.views.run_at(run_id, seq))

    def replay_run(self, run_id: str) -> Future[RunReplay]:
        """Folds a run again from its records alone."""
        return self._engine.send(lambda: self._engine.views.replay_run(run_id))

    def traces(self, first: int = 0, count: int | None = None) -> Future[tuple[TraceRow, ...]]:
        """Lists recorded steps, newest first; all of them, or ``count`` behind the ``first``."""
        return self._engine.send(lambda: self._engine.views.traces(first, count))

    def trace(self, trace_id: str) -> Future[TraceView]:
        """Returns one step, whole."""
        return self._engine.send(lambda: self._engine.views.trace(trace_id))

    def replay(self, trace_id: str) -> Future[Replay]:
        """Makes a recorded step again with the model that made it, and compares to the byte."""
        stopper = self._replaying[trace_id] = Stopper()

        def again() -> Replay:
            stopper.require_wanted()
            golden = self._engine.send(lambda: self._engine.views.golden(trace_id)).result()
            asked = self._model.replay(golden, lambda: self._closed or stopper.asked)
            stopper.call(asked.cancel)  # where its turn has not come
            try:
                return asked.result()
            except (CallCancelled, CancelledError) as error:
                raise GivenUp("the call was not made again, on request") from error

        return self._questions.submit(again)

    def stop_replay(self, trace_id: str) -> None:
        """Gives up what ``replay`` began last for a step; its future fails."""
        stopper = self._replaying.get(trace_id)
        if stopper is not None:
            stopper.stop()

    def release_model(self, sha256: str) -> Future[None]:
        """Has a model file that was set aside looked into anew, because a person says so."""
        return self._model.release(sha256)

    def ledger_page(self, first: int, count: int) -> Future[tuple[LedgerRow, ...]]:
        """Returns up to ``count`` records from sequence ``first``."""
        return self._engine.send(lambda: self._engine.views.ledger(first, count))

    def record(self, seq: int) -> Future[RecordView]:
        """Returns one record, whole."""
        return self._engine.send(lambda: self._engine.views.record(seq))

    def facts(self, key: str, text: str) -> Future[FactAnswer]:
        """Asks the database for facts of all runs; an empty argument matches everything."""
        return _mapped(self._need_store().facts(key, text), _fact_answer)

    def lineage(self, run_id: str, fact_id: str) -> Future[Lineage]:
        """Asks the database what a fact came from."""
        asked = self._need_store().lineage("fact", f"{run_id}|{fact_id}")
        return _mapped(asked, lambda found: _lineage(fact_id, found))

    def blast_radius(self, run_id: str, fact_id: str) -> Future[tuple[Walk, int]]:
        """Asks the database what rests on a fact, directly or through others, in all runs."""
        return self._need_store().blast_radius("fact", f"{run_id}|{fact_id}")

    def as_of(self, seq: int, run_id: str = "", key: str = "") -> Future[FactAnswer]:
        """Asks the database which facts stood once record ``seq`` was written.

        Of one run's context, as seen from it; without a run, of all, each as seen from its own.
        """
        return _mapped(self._need_store().as_of(seq, run_id, key), _fact_answer)

    def decisions_by(self, operator: str) -> Future[tuple[list[DecisionRow], int]]:
        """Asks the database what the person of that id decided, newest first."""
        return self._need_store().decisions_by(operator)

    def proposals(self, status: str) -> Future[tuple[list[ProposalRow], int]]:
        """Asks the database which proposals stand so, such as ``asked``, newest first."""
        return self._need_store().proposals(status)

    def rebuild_view(self) -> Future[None]:
        """Throws the database away and fills it again from the ledger."""
        return self._need_store().rebuild()

    def verify(self) -> Future[Verification]:
        """Reads the ledger from the first record and checks every hash; tells how far it is."""
        found = self._proofs.verify()
        found.add_done_callback(self._verified)
        return found

    def stop_verifying(self) -> None:
        """Gives up what ``verify`` began; its future fails."""
        self._proofs.stop_verifying()

    def newest_checkpoint(self) -> Future[CheckpointView | None]:
        """Returns the newest checkpoint; None while nobody signed one."""
        return self._engine.send(self._engine.views.checkpoint)

    def sign_checkpoint(self) -> Future[CheckpointView]:
        """Signs what the ledger came to, with the operator's key."""
        return self._engine.send(self._engine.sign_checkpoint)

    def compare(self, kept: str | Path) -> Future[Comparison]:
        """Says whether the ledger still is the one a checkpoint was taken of: a text, or a file."""
        return self._proofs.compare(kept)

    def save_text(self, text: str, path: Path) -> Future[None]:
        """Keeps a text in a file, outside of the desk."""
        return self._proofs.save(text.encode(), path)

    def save_bytes(self, data: bytes, path: Path) -> Future[None]:
        """Keeps bytes, such as a picture, in a file, outside of the desk."""
        return self._proofs.save(data, path)

    def export(self, name: str, path: Path) -> Future[Exported]:
        """Writes evidence of a run or of a decision, by the id of the run or the gate."""
        return self._proofs.export(name, path)

    def prove(self, seq: int, path: Path) -> Future[Exported]:
        """Writes evidence of one record, by its number."""
        return self._proofs.export(seq, path)

    def check_evidence(self, path: Path) -> Future[CheckedEvidence]:
        """Checks a file of evidence by itself, then whether it is of the ledger here."""
        return self._proofs.check(path)

    def stop_export(self, path: Path) -> None:
        """Gives up what writes evidence to a file; its future fails, the file is as it was."""
        self._proofs.stop_export(path)

    def load_model(self, path: Path) -> Future[None]:
        """Takes another GGUF file into use."""
        loaded = self._model.load(path)
        loaded.add_done_callback(self._model_loaded)
        self._loading = loaded
        return loaded

    def close(self) -> None:
        """Stops every thread, in order, and releases the data directory. Safe to call twice."""
        if self._closed:
            return
        self._closed = True
        self._recall_open.set()  # nobody waits for it any more
        self._engine.cancel_agents()
        self._proofs.close()
        self._model.close()
        self._questions.shutdown(wait=True, cancel_futures=True)
        self._close_trying()
        self._close_traces()
        self._close_recall()
        self._engine.close()
        if self._store is not None:
            self._store.close()
        self._lock.release()

    # How its threads are wired.

    def _opened(self) -> None:
        """Goes on once the ledger is open: says so, and has it confirmed and the key tried."""
        self._set_status(
            ledger_seq=self._engine.journal.seq,
            ledger_state="verified",
            ledger_verified_at=self._options.clock(),
            engine=self._engine.views.engine_words(),
            budgets=self._engine.views.budget_words(),
        )
        if self._engine.journal.reader.remembered:
            self._doubt()
        else:
            self.confirmed.set_result(None)
        self._begin_unlocking()
        newest = self._engine.views.checkpoint()
        if newest is not None:
            self._set_status(signed_seq=newest.seq, signed_by=newest.operator, signed_at=newest.at)
        if not self._held:
            self._go_on()

    def _go_on(self) -> None:
        """Has the ledger confirmed, fills the view and loads the model, which resumes runs."""
        if self._store is not None:
            return
        # Imported here: with what it brings it takes a twentieth of a second, and lists come first.
        from converge_desktop.runtime.store_thread import StoreThread  # noqa: PLC0415 - see above

        if not self.confirmed.done():
            self._proofs.confirm().add_done_callback(self._confirmed)
        self._begin_traces(self._engine.journal.seq)
        directory = self._options.data_dir / LEDGER
        self._store = StoreThread(
            self._view_place,
            lambda: read_ledger(directory),
            self._store_changed,
            progress=self._store_filling,
            last=lambda: self._engine.journal.seq,
            since=self._since,
            trouble=self._store_trouble,
            urgent=lambda: self._index_state.state in {"opening", "filling"},  # lists come first
        )
        if self._options.model is not None:
            self.load_model(self._options.model)
        self._begin_recall_last(self._loading)

    def _doubt(self) -> None:
        """Has nobody sign before the records are verified that were remembered and not read.

        Whoever can write to the files can write what is remembered, too.
        """
        self._engine.doubt(
            "The ledger is still being verified since it was opened; nothing is signed before that "
            "is done. It takes seconds; then try again."
        )
        self._set_status(ledger_state="verifying")

    def _confirmed(self, found: Future[Verification]) -> None:
        error = None if found.cancelled() else found.exception()
        if found.cancelled() or error is not None:
            self.confirmed.set_exception(error or IllegalCommand("the desk is closing"))
            return
        result = found.result()
        if result.bad_seq < 0 and not result.redacted:
            self._engine.doubt("")
            self._verified(found)
            self.confirmed.set_result(None)
            return
        reason = result.reason or f"what {plural(result.redacted, 'record')} said was left out"
        lost = LedgerCorrupt(max(result.bad_seq, 0), reason)
        words = ledger_problem(self._options.data_dir, lost)
        self._engine.doubt(words)
        self._set_status(ledger_state="altered", ledger_problem=words)
        self._publish(Notice("danger", words))
        self.confirmed.set_exception(IllegalCommand(words))

    def _tell_whether_open(self, opened: Future[None]) -> None:
        error = opened.exception()
        if error is None:
            return
        self.confirmed.set_exception(error)
        words = str(error)
        if isinstance(error, (LedgerCorrupt, OSError)):
            words = ledger_problem(self._options.data_dir, error)
        engine = "The ledger cannot be used"
        self._set_status(ledger_state="altered", ledger_problem=words, engine=engine)

    def _model_loaded(self, loaded: Future[None]) -> None:
        error = loaded.exception()
        if error is None:
            self._engine.send(self._engine.resume)
        elif not self._closed:
            self._publish(Notice("danger", str(error)))

    def _durable(self, entries: list[Entry]) -> None:
        if self._store is not None:
            self._store.follow(entries)
        last = entries[-1]
        self._follow_traces(last.head.seq)
        self._follow_recall()
        signed: dict[str, object] = {}
        if isinstance(last.event, CheckpointSigned):
            by = str(last.event.signed.operator)
            signed = {"signed_seq": last.head.seq, "signed_by": by, "signed_at": last.head.at}
        self._set_status(
            ledger_seq=last.head.seq,
            engine=self._engine.views.engine_words(),
            budgets=self._engine.views.budget_words(),
            **signed,
        )

    def _need_model(self) -> None:
        """Override RunningDesk._need_model: wait until the desk is open and has tried its model."""
        self.go_on().result()
        wait([one for one in (self._loading, self._unlocking) if one is not None])
        if not self._model.in_use:
            raise ModelUnavailable(
                self._model.view.problem
                or "No model is loaded. Choose one on the Models page or with --model."
            )

    # Questions that other threads answer.

    def _need_store(self) -> StoreThread:
        if self._store is None:
            raise IllegalCommand("the desk is still opening")
        return self._store

    def _verified(self, found: Future[Verification]) -> None:
        if found.cancelled() or found.exception() is not None:
            return
        # One that hangs together may still be another than the one this desk wrote.
        holds = found.result().bad_seq < 0 and not self._status.ledger_problem
        self._set_status(
            ledger_state="verified" if holds else "altered",
            ledger_verified_at=self._options.clock(),
        )

    # What it tells.

    def _model_changed(self, view: ModelView) -> None:
        self._set_status(model=view)

    def _view_place(self) -> Place:
        """Returns where the view lies; called on its own thread, as the library loads slowly."""
        from converge_desktop.adapters.surreal.settings import load_place  # noqa: PLC0415

        return load_place(self._options.data_dir)

    def _since(self, seq: int) -> Iterator[Entry]:
        """Returns the ledger's records from ``seq`` on, as it is known now."""
        return self._engine.journal.reader.history.since(seq)

    def _store_filling(self, done: int, total: int) -> None:
        self._set_status(view_share=done * 1000 // max(total, 1))

    def _store_trouble(self, words: str) -> None:
        self._set_status(view_problem=words)

    def _store_changed(self, state: str, seq: int) -> None:
        self._set_status(view_state=state, view_seq=seq)

    def _set_status(self, **changes: object) -> None:
        with self._telling:
            self._status = replace(self._status, **changes)  # type: ignore[arg-type]
            self._publish(StatusChanged(self._status))

    def _publish(self, update: Update) -> None:
        """Tells every listener; what nobody could hear yet is told to the first one."""
        with self._telling:
            if isinstance(update, Notice) and not self._listeners:
                self._untold.append(update)
            for listener in self._listeners:
                listener(update)


def _mapped(asked: Future[S], read: Callable[[S], T]) -> Future[T]:
    """Returns a future of what ``read`` makes of another's result; no thread waits for it."""
    answer: Future[T] = Future()

    def done(future: Future[S]) -> None:
        try:
            answer.set_result(read(future.result()))
        except BaseException as error:  # noqa: BLE001 - it belongs to the one who asked
            answer.set_exception(error)

    asked.add_done_callback(done)
    return answer


def _fact_answer(found: tuple[list[FactRow], int]) -> FactAnswer:
    rows, seq = found
    cards = (
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
    return FactAnswer(tuple(cards), seq)


def _lineage(fact_id: str, found: tuple[LineageEdges, int]) -> Lineage:
    (edges, labels), seq = found
    return Lineage(fact_id, tuple(edges), tuple(labels.items()), seq)
