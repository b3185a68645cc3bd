"""The part of a desk by which people decide: every method is a message to the engine thread."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from converge_desktop.adapters.clock import Clock
from converge_desktop.adapters.keys import OperatorKey
from converge_desktop.runtime.allowing import allowed, settling
from converge_desktop.runtime.deciding_model import (
    Allowed,
    Answer,
    Answered,
    Doing,
    Edit,
    EditView,
    Previews,
    Retraction,
    Settling,
)
from converge_desktop.runtime.engine_thread import EngineThread
from converge_desktop.runtime.review_model import InboxRow, Review
from converge_desktop.runtime.saved_filters import SavedFilters

if TYPE_CHECKING:
    from converge_desktop.runtime.store_thread import StoreThread


class DecidingDesk:
    """What whoever holds a desk may do about its gates; :class:`Desk` is one.

    ``operator`` is the name of whoever answers; the person at the desk where it is None.
    """

    _engine: EngineThread
    _questions: ThreadPoolExecutor
    _store: StoreThread | None
    _data_dir: Path
    _clock: Clock
    _sitting: str

    def inbox(self) -> Future[tuple[InboxRow, ...]]:
        """Lists the open gates of all runs."""
        return self._engine.send(self._engine.views.inbox)

    def review(self, gate_id: str, since: str = "") -> Future[Review]:
        """Assembles what a person is shown before deciding.

        ``since`` is the digest of the review that was opened before; what is other than in it, and
        how the gate stands by now, is told along.
        """
        return self._engine.send(lambda: self._engine.views.review(gate_id, since))

    def allowed(self, gate_id: str, operator: str | None = None) -> Future[Allowed]:
        """Returns what somebody may do at a gate; their key may be locked."""

        def look() -> Allowed:
            run, gate = self._engine.views.gate(gate_id)
            return allowed(run, gate, operator or self._sitting, self._clock())

        return self._engine.send(look)

    def proposed(self, gate_id: str) -> Future[Edit]:
        """Returns what a proposal says, as an edit of it begins."""

        def look() -> Edit:
            run, gate = self._engine.views.gate(gate_id)
            fact = run.drafts[gate.request.proposal].fact
            return Edit(fact.content, fact.structured)

        return self._engine.send(look)

    def settling(self) -> Future[tuple[Settling, ...]]:
        """Lists the decisions that can still be undone, the newest first."""
        return self._engine.send(lambda: settling(self._engine.views.going()))

    def previews(self, gate_id: str) -> Future[Previews]:
        """Returns what approving and what rejecting would lead to, side by side."""
        return self._engine.send(lambda: self._engine.previews(gate_id))

    def look_at_edit(
        self, gate_id: str, edit: Edit, operator: str | None = None
    ) -> Future[EditView]:
        """Returns what an edit would change, and all that speaks against it."""
        return self._engine.send(
            lambda: self._engine.look_at_edit(gate_id, edit, self._key_of(operator))
        )

    def answer(self, answer: Answer, operator: str | None = None) -> Future[Answered]:
        """Signs and records an answer, and returns what came of it at once."""
        key = self._given_by(operator)
        return self._engine.send(lambda: self._engine.answer((answer,), key())[0])

    def decide_many(
        self, answers: Sequence[Answer], operator: str | None = None
    ) -> Future[tuple[Answered, ...]]:
        """Signs and records several answers as one: all of them are taken, or none is.

        Each names its gate and the digest of the review that was shown for it. Where one of them
        was shown otherwise than it is asked now, or their order could matter, all are refused.
        """
        given, key = tuple(answers), self._given_by(operator)
        return self._engine.send(lambda: self._engine.answer(given, key()))

    def decide(
        self, gate_id: str, verdict: str, reason: str, shown: str, operator: str | None = None
    ) -> Future[None]:
        """Signs and records ``approve`` or ``reject``; ``shown`` is the digest of the review."""
        key = self._given_by(operator)

        def take() -> None:
            self._engine.answer((Answer(gate_id, verdict, shown, reason),), key())

        return self._engine.send(take)

    def act(self, doing: Doing, operator: str | None = None) -> Future[Answered]:
        """Signs and records that somebody undid, extended, delegated or escalated."""
        key = self._given_by(operator)
        return self._engine.send(lambda: self._engine.act(doing, key()))

    def retract(
        self,
        run_id: str,
        fact_id: str,
        reason: str,
        instead: Edit | None = None,
        operator: str | None = None,
    ) -> Future[Retraction]:
        """Proposes a correction that takes a fact back, and tells what rests on that fact.

        Where the run of the fact has stopped, a new one goes on from what it came to.
        """
        key = self._given_by(operator)

        def take() -> Retraction:
            radius = self._radius(run_id, fact_id)
            run, made = self._engine.send(
                lambda: self._engine.retract(run_id, fact_id, reason, instead, key())
            ).result()
            return Retraction(run, fact_id, made, *radius)

        return self._questions.submit(take)

    def filters(self) -> Future[tuple[tuple[str, str], ...]]:
        """Lists the filters of the inbox that were saved, by name."""
        return self._questions.submit(self._filters().all)

    def save_filter(self, name: str, text: str) -> Future[None]:
        """Keeps a filter of the inbox under a name; an empty text takes it away."""
        return self._questions.submit(self._filters().save, name, text)

    def _filters(self) -> SavedFilters:
        return SavedFilters(self._data_dir)

    def _radius(self, run_id: str, fact_id: str) -> tuple[tuple[tuple[str, str], ...], bool, int]:
        """Returns what rests on a fact, whether that is all, and up to which record it is known."""
        if self._store is None:
            return (), False, -1
        try:
            walk, seq = self._store.blast_radius("fact", f"{run_id}|{fact_id}").result()
        except Exception:  # noqa: BLE001 - a view that is away, however, stops no correction
            return (), False, -1
        return tuple((name, walk.labels.get(name, name)) for name in walk.found), walk.whole, seq

    def _given_by(self, operator: str | None) -> Callable[[], OperatorKey]:
        """Returns what opens the key of whoever gives something now, once it is its turn."""
        raise NotImplementedError

    def _key_of(self, operator: str | None) -> OperatorKey:
        """Returns the key of whoever answers.

        Raises:
            DecisionRefused: if that cannot be a person's name.
            KeyProblem: if the key cannot be used.
        """
        raise NotImplementedError
