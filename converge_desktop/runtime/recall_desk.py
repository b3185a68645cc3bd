"""The part of a desk by which is recalled what was found, proposed and decided about things.

The table is opened once the window is painted and the model is loaded, on a thread of its own, and
follows the ledger. A desk that is opened for one command opens it where something is recalled.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, Final

from converge_core.errors import IllegalCommand
from converge_core.ledger import Entry
from converge_core.recall import RecallConsumer, RecallPolicy, RecallQuery, RecallSource
from converge_desktop.adapters.models.catalogue import LocalModel
from converge_desktop.adapters.recall.things import embedded_text, matter_of
from converge_desktop.runtime.engine_thread import EngineThread
from converge_desktop.runtime.model_thread import ModelThread
from converge_desktop.runtime.port import RecallChanged, Update
from converge_desktop.runtime.recall_thread import FOLDER, RecallThread
from converge_desktop.runtime.recalling import PRECEDENTS, Alike, RecallAnswer

if TYPE_CHECKING:
    from converge_desktop.adapters.models.llama_embedding import Embedded

OPENS_S: Final = 60.0
"""How long a run waits for recall to be opened, in seconds."""
AT_THE_DESK: Final = RecallPolicy(enabled=True)
"""How a person recalls: as is usual."""


class RecallDesk:
    """What whoever holds a desk may have recalled; :class:`Desk` is one."""

    _engine: EngineThread
    _model: ModelThread
    _data_dir: Path
    _closed: bool
    _publish: Callable[[Update], None]
    _embedder: LocalModel | None = None
    _recall: RecallThread | None = None
    _recall_at_once = True
    _recall_begins: threading.Lock
    _recall_open: threading.Event
    _recall_state = RecallChanged("off", -1)

    def recall_state(self) -> RecallChanged:
        """Returns how recall stands; ``RecallChanged`` tells of every change."""
        return self._recall_state

    def recall(
        self, query: RecallQuery, policy: RecallPolicy = AT_THE_DESK
    ) -> Future[RecallAnswer]:
        """Looks for what is like what is asked, among one tenant's things.

        Raises:
            RecallRefused: if the policy does not allow it.
            IllegalCommand: if this desk has no model that embeds, or is still opening.
        """
        return self._need_recall().recall(query, policy)

    def alike(self, gate_id: str) -> Future[Alike]:
        """Looks for what was decided about things like what a gate asks about; no thread waits."""
        found: Future[Alike] = Future()

        def ask(about: Future[RecallQuery]) -> None:
            try:
                answer = self._need_recall().alike(about.result(), gate_id)
            except BaseException as error:  # noqa: BLE001 - it belongs to the one who asked
                found.set_exception(error)
            else:
                answer.add_done_callback(lambda one: _pass_on(one, found))

        self._engine.send(lambda: self._about(gate_id)).add_done_callback(ask)
        return found

    def _about(self, gate_id: str) -> RecallQuery:
        """Returns what is asked for a gate: for decisions about its matter, of the same tenant."""
        run, gate = self._engine.views.gate(gate_id)
        fact = run.drafts[gate.request.proposal].fact
        matter = matter_of(fact, lambda name: getattr(run.context.find(name), "content", None))
        return RecallQuery(
            query_text=embedded_text(matter) or " ",
            top_k=PRECEDENTS.max_k_total + 1,  # the matter itself may be among them
            tenant_scope=run.started.tenant,
            sources=(RecallSource.DECISION,),
            consumer=RecallConsumer.PERSON,
        )

    def _need_recall(self) -> RecallThread:
        if self._embedder is None:
            raise IllegalCommand(
                "nothing is recalled on this desk: it was opened without a model that embeds texts"
            )
        if self._recall is None and not self._recall_at_once:
            self._begin_recall()
        if self._recall is None:
            raise IllegalCommand("nothing can be recalled yet: the desk is still opening")
        return self._recall

    def _await_recall(self) -> RecallThread:
        """Waits until what can be recalled is opened; for threads that may wait."""
        if self._embedder is None or not self._recall_at_once:
            self._need_recall()
        self._recall_open.wait(OPENS_S)
        return self._need_recall()

    def _recall_for_run(self, query: RecallQuery, policy: RecallPolicy) -> Future[RecallAnswer]:
        """Has something recalled for a run, whose budget begins once recall is open."""
        return self._await_recall().recall(query, policy)

    # How it is wired.

    def _prepare_recall(self, embedder: Path | None, *, at_once: bool) -> None:
        """Lets runs recall, and says that recall will open where it does so at once."""
        self._recall_begins, self._recall_open = threading.Lock(), threading.Event()
        self._recall_at_once = at_once
        if embedder is not None:
            self._embedder = LocalModel(embedder.stem, embedder)
            self._engine.recalls = self._recall_for_run
            if at_once:
                self._recall_state = RecallChanged("opening", -1)

    def _begin_recall(self) -> None:
        """Begins to follow the ledger, once."""
        with self._recall_begins:
            if self._embedder is not None and self._recall is None and not self._closed:
                self._recall = self._recalling(self._embedder)

    def _begin_recall_last(self, loading: Future[None] | None) -> None:
        """Begins with it once the model is loaded, or was not: nothing waits for it."""
        if not self._recall_at_once:
            return
        if loading is None:
            self._begin_recall()
        else:
            loading.add_done_callback(lambda _: self._begin_recall())

    def _recalling(self, model: LocalModel) -> RecallThread:
        def embeds(
            texts: Sequence[str], most: int, cancelled: Callable[[], bool], *, asked: bool
        ) -> Future[Embedded]:
            return self._model.embed(model, texts, most, cancelled, asked=asked)

        folder = self._data_dir / FOLDER
        return RecallThread(folder, embeds, self._records, self._recall_changed)

    def _records(self, seq: int) -> Iterator[Entry]:
        """Returns the ledger's records from ``seq`` on, as it is known now."""
        return self._engine.journal.reader.history.since(seq)

    def _recall_changed(self, state: str, seq: int, trouble: str) -> None:
        self._recall_state = RecallChanged(state, seq, trouble)
        if state != "opening":
            self._recall_open.set()
        self._publish(self._recall_state)

    def _follow_recall(self) -> None:
        if self._recall is not None:
            self._recall.follow()

    def _close_recall(self) -> None:
        with self._recall_begins:  # what has not begun by now does not begin any more
            recall = self._recall
        if recall is not None:
            recall.close()


def _pass_on(answer: Future[Alike], found: Future[Alike]) -> None:
    error = answer.exception()
    if error is not None:
        found.set_exception(error)
    else:
        found.set_result(answer.result())
