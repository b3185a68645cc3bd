"""The part of a desk that is about people: their keys, who may decide, and votes from elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from converge_core.ballot import Ballot
from converge_core.errors import DecisionRefused
from converge_core.people import key_bytes
from converge_desktop.adapters.clock import Clock
from converge_desktop.adapters.disk import write_durably
from converge_desktop.adapters.identity.key_store import Kept
from converge_desktop.adapters.keys import KeyProblem, OperatorKey
from converge_desktop.runtime.deciding_model import Answered
from converge_desktop.runtime.key_desk import KeyDesk
from converge_desktop.runtime.peopling import (
    ExportedKey,
    OperatorRow,
    exported,
    read_exported,
    require_name,
    require_new,
    revocation_of,
    rotation_of,
    rows_of,
    somebody_here,
    welcome_of,
)
from converge_desktop.runtime.proofs import Proofs

if TYPE_CHECKING:
    from converge_desktop.adapters.packs.pack import Pack
    from converge_desktop.runtime.ballots import Request
    from converge_desktop.runtime.carried import Carried
    from converge_desktop.runtime.person_views import PersonView


_OTHER = "{} holds something else than what was shown; open it again, and look at that"


class PeopleDesk(KeyDesk):
    """What whoever holds a desk may do about its people; :class:`Desk` is one.

    Keys are made and looked for beside the engine's thread, which a keyring would hold up.
    """

    _proofs: Proofs
    _clock: Clock
    _packs: Mapping[str, Pack]

    def operators(self) -> Future[tuple[OperatorRow, ...]]:
        """Lists everybody who was ever enrolled, and whose keys lie here."""

        def rows() -> tuple[OperatorRow, ...]:
            state = self._engine.send(lambda: self._engine.journal.state).result()
            here = self._here({one.name for one in list(state.operators.values())})
            return self._engine.send(lambda: rows_of(state, here, self._sitting)).result()

        return self._questions.submit(rows)

    def person(self, operator_id: str) -> Future[PersonView]:
        """Says what is known of somebody, what they may decide, and what hangs on them."""

        def look() -> PersonView:
            from converge_desktop.runtime.person_views import person_view  # noqa: PLC0415

            reader, packs = self._engine.journal.reader, self._packs.values()
            going = self._engine.views.going()
            return person_view(reader.state, reader.history, going, packs, operator_id)

        return self._engine.send(look)

    def enrol_operator(self, name: str, passphrase: str = "") -> Future[str]:
        """Makes a key for somebody at this desk, answers for them, and returns their id.

        It lies under their passphrase, which opens it from then on; without one, where keys lie
        that are made by themselves.
        """
        given = self._given_by(None)

        def enrol() -> str:
            plain, store = require_name(name), self._holder.store_of(passphrase)
            by = self._engine.send(lambda: self._welcoming(plain, given)).result()
            before = store.find(plain) is not None  # of somebody who was revoked, or of a crash
            key = store.propose(plain, "") if before else store.make(plain)
            proof = key.sign(key_bytes(key.operator))
            new = ExportedKey(key=1, operator=key.operator, proof=proof)
            self._engine.send(lambda: self._welcome(by, new)).result()
            if before:
                store.accept(plain, key)
            return key.operator.id

        return self._questions.submit(enrol)

    def import_operator(self, path: Path, public_key: str = "") -> Future[str]:
        """Answers for the owner of a key that was exported elsewhere, and returns their id.

        ``public_key`` is the key that was shown; the file must hold that one still.
        """
        key = self._given_by(None)

        def take() -> str:
            new = read_exported(path)  # not on the engine's thread: the file may lie far away
            if public_key not in {"", new.operator.public_key}:
                raise DecisionRefused(_OTHER.format(path))
            return self._engine.send(lambda: self._welcome(key(), new)).result()

        return self._questions.submit(take)

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
        key = self._given_by(name)

        def rotate() -> str:
            old = self._engine.send(key).result()
            who, store = old.operator, self._holder.store
            new = store.propose(who.name, who.id)

            def take() -> None:
                event = rotation_of(self._engine.journal.state, old, new, reason, self._clock())
                self._engine.take_in(event)
                self._holder.hold(who.name, new)
                self._engine.replace_key(new)

            self._engine.send(take).result()
            store.accept(who.name, new)
            return new.operator.id

        return self._questions.submit(rotate)

    def revoke_operator(self, name: str, reason: str) -> Future[str]:
        """Has somebody, by name or id, decide nothing any more, and returns their id."""
        key = self._given_by(None)

        def revoke() -> str:
            state, by = self._engine.journal.state, key()
            who = somebody_here(state, name)
            self._engine.take_in(revocation_of(state, by, who, reason, self._clock()))
            return who

        return self._engine.send(revoke)

    def protect_key(self, name: str | None = None, passphrase: str = "") -> Future[Kept]:
        """Moves a key from its plain file under a passphrase; without one, into the keyring.

        The passphrase that was given as the desk was opened counts where none is given here.
        """

        def protect() -> Kept:
            key = self._engine.send(lambda: self._key_of(name)).result()
            store = self._holder.store_of(passphrase) if passphrase else self._holder.store
            kept = store.protect(key.operator.name)
            self._kept_anew(key.operator.name, passphrase)
            return kept

        return self._questions.submit(protect)

    def change_passphrase(self, old: str, new: str) -> Future[Kept]:
        """Has the key of the person at the desk lie under another passphrase."""

        def change() -> Kept:
            name = self._sitting.strip()
            key = self._holder.store_of(old).open(name, self._known_keys(), make=False)
            kept = self._holder.store_of(new).seal_anew(name, key)
            self._kept_anew(name, new)
            return kept

        return self._questions.submit(change)

    def _kept_anew(self, name: str, passphrase: str) -> None:
        if name == self._sitting.strip():
            if passphrase:
                self._holder.remember(passphrase)
            self._tell_where_it_lies()

    # Votes across desks.

    def request_vote(self, gate_id: str, shown: Sequence[str], path: Path) -> Future[None]:
        """Writes a request for a vote at another desk, with the evidence that belongs to it."""
        key = self._given_by(None)

        def ask() -> None:
            from converge_desktop.runtime.ballots import request_bytes  # noqa: PLC0415

            self._engine.send(self._engine.sign_checkpoint).result()
            with TemporaryDirectory(prefix="converge-") as folder:
                capsule = Path(folder) / "capsule.jsonl"
                self._proofs.export(gate_id, capsule).result()
                evidence = capsule.read_bytes()
            digest = sha256(evidence).hexdigest()
            asked = self._engine.send(
                lambda: self._engine.asked(gate_id, key(), shown, digest)
            ).result()
            write_durably(path, request_bytes(asked, evidence))

        return self._questions.submit(ask)

    def look_at(self, path: Path) -> Future[Carried]:
        """Says what a file is that was carried here; nothing of it is recorded."""

        def look() -> Carried:
            from converge_desktop.runtime.carried import look_at  # noqa: PLC0415

            return look_at(path)

        return self._questions.submit(look)

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
        key = self._given_by(name)

        def sign() -> None:
            from converge_desktop.runtime.ballots import ballot_bytes, vote_on  # noqa: PLC0415

            made = vote_on(request, key(), verdict, reason, self._clock())
            write_durably(path, ballot_bytes(made))

        return self._engine.send(sign)

    def import_vote(self, path: Path, signature: str = "") -> Future[tuple[Ballot, Answered]]:
        """Records a vote that was signed at another desk, and returns what came of it.

        ``signature`` is that of the vote that was shown; the file must hold that one still.
        """

        def take() -> tuple[Ballot, Answered]:
            from converge_desktop.runtime.ballots import read_ballot  # noqa: PLC0415

            ballot = read_ballot(path)  # not on the engine's thread: the file may lie far away
            if signature not in {"", ballot.decision.signature}:
                raise DecisionRefused(_OTHER.format(path))
            return ballot, self._engine.send(lambda: self._engine.take_vote(ballot)).result()

        return self._questions.submit(take)

    # What it goes by.

    def _welcoming(self, name: str, given: Callable[[], OperatorKey]) -> OperatorKey:
        """Returns the key of whoever answers for somebody new, before any key is made."""
        require_new(self._engine.journal.state, name)
        return given()

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
