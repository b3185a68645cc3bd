"""The part of a desk by which is recalled what was found, proposed and decided about things.

The table is opened once the window is painted, on a thread of its own, and follows the ledger.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Final

from converge_core.errors import IllegalCommand
from converge_core.ledger import Entry
from converge_core.recall import RecallConsumer, RecallPolicy, RecallQuery, RecallSource
from converge_desktop.adapters.models.catalogue import LocalModel
from converge_desktop.adapters.recall.things import matter_of
from converge_desktop.runtime.engine_thread import EngineThread
from converge_desktop.runtime.model_thread import ModelThread
from converge_desktop.runtime.port import RecallChanged, Update
from converge_desktop.runtime.recall_thread import FOLDER, RecallThread
from converge_desktop.runtime.recalling import MOST_ASKED, PRECEDENTS, Alike, RecallAnswer

if TYPE_CHECKING:
    from converge_desktop.adapters.models.llama_embedding import Embedded

AT_THE_DESK: Final = RecallPolicy(enabled=True)
"""How a person recalls: as is usual."""


class RecallDesk:
    """What whoever holds a desk may have recalled; :class:`Desk` is one."""

    _engine: EngineThread
    _model: ModelThread
    _data_dir: Path
    _questions: ThreadPoolExecutor
    _publish: Callable[[Update], None]
    _recall: RecallThread | None = None
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
            IllegalCommand: if this desk has no embedder, or is still opening.
        """
        return self._need_recall().recall(query, policy)

    def alike(self, gate_id: str) -> Future[Alike]:
        """Looks for what was decided about things like what a gate asks about."""
        thread = self._need_recall()

        def look() -> Alike:
            run, gate = self._engine.send(lambda: self._engine.views.gate(gate_id)).result()
            fact = run.drafts[gate.request.proposal].fact
            matter = matter_of(fact, lambda name: getattr(run.context.find(name), "content", None))
            query = RecallQuery(
                query_text=matter[:MOST_ASKED] or " ",
                top_k=PRECEDENTS.max_k_total + 1,  # the matter itself may be among them
                tenant_scope=run.started.tenant,
                sources=(RecallSource.DECISION,),
                consumer=RecallConsumer.PERSON,
            )
            return thread.alike(query, gate_id).result()

        return self._questions.submit(look)

    def _need_recall(self) -> RecallThread:
        if self._recall is None:
            raise IllegalCommand("nothing can be recalled: the desk is opening, or has no embedder")
        return self._recall

    # How it is wired.

    def _begin_recall(self, embedder: Path | None) -> None:
        """Begins to follow the ledger, once."""
        if embedder is None or self._recall is not None:
            return
        model = LocalModel(embedder.stem, embedder)

        def embeds(
            texts: Sequence[str], most: int, cancelled: Callable[[], bool], *, asked: bool
        ) -> Future[Embedded]:
            return self._model.embed(model, texts, most, cancelled, asked=asked)

        self._recall = RecallThread(
            self._data_dir / FOLDER, embeds, self._records, self._recall_changed
        )
        self._engine.recalls = self._recall.recall

    def _records(self, seq: int) -> Iterator[Entry]:
        """Returns the ledger's records from ``seq`` on, as it is known now."""
        return self._engine.journal.reader.history.since(seq)

    def _recall_changed(self, state: str, seq: int, trouble: str) -> None:
        self._recall_state = RecallChanged(state, seq, trouble)
        self._publish(self._recall_state)

    def _follow_recall(self) -> None:
        if self._recall is not None:
            self._recall.follow()

    def _close_recall(self) -> None:
        if self._recall is not None:
            self._recall.close()
