"""The part of a desk that is about people: their keys, who may decide, and votes from elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from converge_core.ballot import Ballot
from converge_core.people import key_bytes
from converge_desktop.adapters.clock import Clock
from converge_desktop.adapters.disk import write_durably
from converge_desktop.adapters.identity.key_store import Kept
from converge_desktop.adapters.keys import KeyProblem, OperatorKey
from converge_desktop.runtime.deciding_model import Answered
from converge_desktop.runtime.engine_thread import EngineThread
from converge_desktop.runtime.key_holder import KeyHolder
from converge_desktop.runtime.peopling import (
    ExportedKey,
    OperatorRow,
    exported,
    read_exported,
    require_name,
    revocation_of,
    rotation_of,
    rows_of,
    somebody_here,
    welcome_of,
)
from converge_desktop.runtime.proofs import Proofs

if TYPE_CHECKING:
    from converge_desktop.runtime.ballots import Request


class PeopleDesk:
    """What whoever holds a desk may do about its people; :class:`Desk` is one."""

    _engine: EngineThread
    _questions: ThreadPoolExecutor
    _proofs: Proofs
    _holder: KeyHolder
    _clock: Clock

    def operators(self) -> Future[tuple[OperatorRow, ...]]:
        """Lists everybody who was ever enrolled, and whose keys lie here."""

        def rows() -> tuple[OperatorRow, ...]:
            state = self._engine.journal.state
            return rows_of(state, self._here({one.name for one in state.operators.values()}))

        return self._engine.send(rows)

    def enrol_operator(self, name: str) -> Future[str]:
        """Makes a key for somebody at this desk, answers for them, and returns their id."""

        def enrol() -> str:
            plain, by = require_name(name), self._key_of(None)
            key = self._holder.key(plain)
            proof = key.sign(key_bytes(key.operator))
            return self._welcome(by, ExportedKey(key=1, operator=key.operator, proof=proof))

        return self._engine.send(enrol)

    def import_operator(self, path: Path) -> Future[str]:
        """Answers for the owner of a key that was exported elsewhere, and returns their id."""
        return self._engine.send(lambda: self._welcome(self._key_of(None), read_exported(path)))

    def export_key(self, path: Path, name: str | None = None) -> Future[str]:
        """Writes the public half of somebody's key, and returns their id."""

        def export() -> str:
            key = self._key_of(name)
            write_durably(path, exported(key))
            return key.operator.id

        return self._engine.send(export)

    def rotate_key(self, reason: str, name: str | None = None) -> Future[str]:
        """Has somebody take another key, and returns their id.

        The old key signs the new one, and signs nothing after that.
        """

        def rotate() -> str:
            old = self._key_of(name)
            who, store = old.operator, self._holder.store
            new = store.propose(who.name, who.id)
            event = rotation_of(self._engine.journal.state, old, new, reason, self._clock())
            self._engine.take_in(event)
            store.accept(who.name, new)
            self._holder.hold(who.name, new)
            self._engine.replace_key(new)
            return new.operator.id

        return self._engine.send(rotate)

    def revoke_operator(self, name: str, reason: str) -> Future[str]:
        """Has somebody, by name or id, decide nothing any more, and returns their id."""

        def revoke() -> str:
            state, by = self._engine.journal.state, self._key_of(None)
            who = somebody_here(state, name)
            self._engine.take_in(revocation_of(state, by, who, reason, self._clock()))
            return who

        return self._engine.send(revoke)

    def protect_key(self, name: str | None = None) -> Future[Kept]:
        """Moves a key from its plain file into the keyring, or under the passphrase."""
        return self._engine.send(
            lambda: self._holder.store.protect(self._key_of(name).operator.name)
        )

    # Votes across desks.

    def request_vote(self, gate_id: str, shown: Sequence[str], path: Path) -> Future[None]:
        """Writes a request for a vote at another desk, with the evidence that belongs to it."""

        def ask() -> None:
            from converge_desktop.runtime.ballots import request_bytes  # noqa: PLC0415

            self._engine.send(self._engine.sign_checkpoint).result()
            with TemporaryDirectory(prefix="converge-") as folder:
                capsule = Path(folder) / "capsule.jsonl"
                self._proofs.export(gate_id, capsule).result()
                evidence = capsule.read_bytes()
            digest = sha256(evidence).hexdigest()
            asked = self._engine.send(
                lambda: self._engine.asked(gate_id, self._key_of(None), shown, digest)
            ).result()
            write_durably(path, request_bytes(asked, evidence))

        return self._questions.submit(ask)

    def read_request(self, path: Path) -> Future[Request]:
        """Reads a request of another desk, and checks what can be checked of it here."""

        def look() -> Request:
            from converge_desktop.runtime.ballots import read_request  # noqa: PLC0415

            return read_request(path)

        return self._questions.submit(look)

    def vote(
        self, request: Request, verdict: str, reason: str, path: Path, name: str | None = None
    ) -> Future[None]:
        """Signs a vote on a request of another desk, and writes it."""

        def sign() -> None:
            from converge_desktop.runtime.ballots import ballot_bytes, vote_on  # noqa: PLC0415

            made = vote_on(request, self._key_of(name), verdict, reason, self._clock())
            write_durably(path, ballot_bytes(made))

        return self._engine.send(sign)

    def import_vote(self, path: Path) -> Future[tuple[Ballot, Answered]]:
        """Records a vote that was signed at another desk, and returns what came of it."""

        def take() -> tuple[Ballot, Answered]:
            from converge_desktop.runtime.ballots import read_ballot  # noqa: PLC0415

            ballot = read_ballot(path)
            return ballot, self._engine.take_vote(ballot)

        return self._engine.send(take)

    # What it goes by.

    def _key_of(self, operator: str | None) -> OperatorKey:
        """Returns somebody's key; that of the person at the desk for None."""
        raise NotImplementedError

    def _welcome(self, by: OperatorKey, new: ExportedKey) -> str:
        state = self._engine.journal.state
        self._engine.take_in(welcome_of(state, by, new, self._clock()))
        return new.operator.id

    def _here(self, names: set[str]) -> dict[str, str]:
        """Says by name where keys lie; a keyring that does not answer is passed over."""
        found: dict[str, str] = {}
        for name in sorted(names):
            try:
                kept = self._holder.store.find(name)
            except KeyProblem:
                break
            if kept is not None:
                found[name] = kept.where.value
        return found
