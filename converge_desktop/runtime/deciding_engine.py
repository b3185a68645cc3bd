"""The part of the engine thread by which people decide and sign, and are known here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from converge_core.ballot import Asked, Ballot, why_not_ours
from converge_core.command import Decide
from converge_core.enrolling import PeopleEvent, is_here, take_in
from converge_core.errors import DecisionRefused
from converge_core.events import OperatorEnrolled
from converge_core.ids import FactId, RunId
from converge_core.ledger import Entry
from converge_core.run_state import Phase
from converge_desktop.adapters.keys import OperatorKey, sign_checkpoint, signature_fits
from converge_desktop.runtime.answering import Answering
from converge_desktop.runtime.ballots import asked_of
from converge_desktop.runtime.deciding_model import (
    Answer,
    Answered,
    Doing,
    Edit,
    EditView,
    Previews,
)
from converge_desktop.runtime.editing import look_at_edit
from converge_desktop.runtime.ledger_model import CheckpointView
from converge_desktop.runtime.preview_views import previews
from converge_desktop.runtime.retracting import correction_of
from converge_desktop.runtime.running_engine import RunningEngine
from converge_desktop.runtime.standing_views import require_open


class DecidingEngine(RunningEngine):
    """Takes what people decide about runs; :class:`EngineThread` is one.

    Everything here is done on the engine thread.
    """

    _answering: Answering
    _durable: Callable[[list[Entry]], None]
    _doubt: str
    _key: OperatorKey | None

    def enrol(self, key: OperatorKey) -> None:
        """Has the person at the desk be among those who may decide; the first comes by themselves.

        They sign what the ledger came to where nobody else does: when time decides, and at the end.

        Raises:
            DecisionRefused: if others may decide here, and none of them answers for this person.
            LedgerWriteFailed: if it could not be written.
        """
        self.take_in(OperatorEnrolled(operator=key.operator))
        self._key = key

    def take_in(self, event: PeopleEvent) -> None:
        """Records what happens to somebody: enrolled, another key, revoked.

        Raises:
            DecisionRefused: if it may not be.
            LedgerWriteFailed: if it could not be written.
        """
        self._commit(take_in(self.journal.state, event, signature_fits), self._clock())

    def replace_key(self, key: OperatorKey) -> None:
        """Has the person at the desk sign with their new key, if it is theirs."""
        if self._key is not None and self._key.operator.id == key.operator.id:
            self._key = key

    def asked(self, gate_id: str, key: OperatorKey, shown: Sequence[str], evidence: str) -> Asked:
        """Returns what somebody at another desk is asked, signed by who asks.

        Raises:
            DecisionRefused: if the gate awaits no answer.
        """
        self.elapse()
        run, gate = self.views.gate(gate_id)
        state, now = self.journal.state, self._clock()
        return asked_of(state, run, gate, key=key, shown=shown, evidence=evidence, now=now)

    def take_vote(self, ballot: Ballot) -> Answered:
        """Records a vote that was signed at another desk, and goes on with its run.

        Raises:
            DecisionRefused: if it was not asked for here, or cannot be taken.
            LedgerWriteFailed: if it could not be written.
        """
        self.elapse()
        state, vote = self.journal.state, ballot.decision
        reason = why_not_ours(state, ballot.asked, signature_fits)
        who = state.operators.get(vote.operator)
        if reason or who is None:
            raise DecisionRefused(reason or f"{vote.operator} is not enrolled at this desk")
        run, _ = self.views.gate(vote.gate)
        now = self._clock()
        following = self._engine(run).step(run, Decide(vote, who), now)
        self._commit(following, now, key=self._signer())
        self._go_on((run.run,))
        return self._answering.answered(vote.gate)

    def _signer(self) -> OperatorKey | None:
        """Returns the key of the person at the desk, if it can sign what the ledger came to."""
        key = self._key
        usable = key is not None and not key.locked and is_here(self.journal.state, key.operator)
        return key if usable and not self._doubt else None

    def doubt(self, why: str) -> None:
        """Has nobody sign anything for a reason, or again, if there is none any more."""
        self._doubt = why

    def sign_checkpoint(self) -> CheckpointView:
        """Has what the ledger came to signed, unless that was done last, and returns it.

        Raises:
            DecisionRefused: if nobody is here whose key could sign.
            LedgerWriteFailed: if it could not be written.
        """
        if self._doubt:
            raise DecisionRefused(self._doubt)
        key = self._signer()
        if key is None:
            raise DecisionRefused(
                "nothing was signed, because nobody's key is unlocked here; mend what was said "
                "about the key at the start, then open the desk again"
            )
        entries = self.journal.sign(self._clock(), partial(sign_checkpoint, key))
        if entries:
            self._durable(entries)
        newest = self.views.checkpoint()
        assert newest is not None, "it was signed just now"
        return newest

    def answer(self, given: Sequence[Answer], key: OperatorKey) -> tuple[Answered, ...]:
        """Signs and records one answer, or several as one, and goes on with their runs.

        Raises:
            DecisionRefused: naming the gate that stands against it; nothing is taken, then.
            LedgerWriteFailed: if it could not be written.
        """
        self.elapse()  # what is over is closed before any answer is taken
        now = self._clock()
        self._commit(self._answering.answers(given, key, now), now, key=key)
        changes = [self._answering.changes(one) for one in given]
        self._go_on(dict.fromkeys(self.views.gate(one.gate_id)[0].run for one in given))
        told = zip(given, changes, strict=True)
        return tuple(self._answering.answered(one.gate_id, other) for one, other in told)

    def act(self, doing: Doing, key: OperatorKey) -> Answered:
        """Signs and records that somebody undid, extended, delegated or escalated.

        Raises:
            DecisionRefused: if it cannot be done, with the reason.
            LedgerWriteFailed: if it could not be written.
        """
        self.elapse()
        now = self._clock()
        run, following = self._answering.act(doing, key, now)
        self._commit(following, now, key=key)
        self._go_on((run,))
        return self._answering.answered(doing.gate_id)

    def look_at_edit(self, gate_id: str, edit: Edit, key: OperatorKey) -> EditView:
        """Returns what an edit would change, and all that speaks against it; nothing is recorded.

        Raises:
            DecisionRefused: if it says nothing else, or the gate awaits no answer.
        """
        run, gate = self.views.gate(gate_id)
        require_open(gate)
        pack, by = self.views.pack_of(run), key.operator.id
        return look_at_edit(self._engine(run), run, gate, edit, pack=pack, by=by)[1]

    def previews(self, gate_id: str) -> Previews:
        """Returns what approving and what rejecting would lead to; nothing is recorded.

        Raises:
            DecisionRefused: if there is no such gate, or it awaits no answer.
        """
        run, gate = self.views.gate(gate_id)
        require_open(gate)
        return previews(self._engine(run), run, gate, self._clock())

    def retract(
        self, run_id: str, fact_id: str, reason: str, instead: Edit | None, key: OperatorKey
    ) -> tuple[RunId, FactId]:
        """Proposes, in a person's name, a correction that takes a fact back.

        Where the run of the fact has stopped, a new one goes on from what it came to, and hears it.

        Raises:
            DecisionRefused: if there is no such fact, or it is not theirs to correct.
            LedgerWriteFailed: if it could not be written.
        """
        run = self.views.run_state(run_id)
        made = correction_of(run, fact_id, reason, instead)  # refused before a run begins for it
        name = run.run
        if run.phase is Phase.STOPPED:
            name = self._begun(self._forking(run_id, None))
        now = self._clock()
        self._commit(self._answering.stage(name, made, key.operator, now), now, key=key)
        self._go_on((name,))
        return name, made.id
