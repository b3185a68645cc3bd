"""The part of a desk that is about who sits at it: whose key signs, unlocked, locked, or another's.

One person sits at a desk at a time. Whoever takes the seat opens their own key, and that locks
everybody else's; what is decided from then on is decided in their name.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from converge_core.errors import DecisionRefused
from converge_core.ids import OperatorId
from converge_desktop.adapters.identity.key_store import KeyStore
from converge_desktop.adapters.identity.system_keyring import Backend
from converge_desktop.adapters.keys import KeyProblem, OperatorKey
from converge_desktop.adapters.ledger.ledger_file import LedgerWriteFailed
from converge_desktop.runtime.engine_thread import EngineThread
from converge_desktop.runtime.key_holder import KeyHolder
from converge_desktop.runtime.peopling import require_name
from converge_desktop.runtime.port import Notice, Update

IDLE = "Your key was locked, because nobody used it for a while. Unlock it to sign again."


class KeyDesk:
    """What whoever holds a desk may do about the key that signs; :class:`Desk` is one."""

    _engine: EngineThread
    _questions: ThreadPoolExecutor
    _holder: KeyHolder
    _data_dir: Path
    _sitting: str
    _find_keyring: Callable[[], Backend | None] | None
    _keyring: Backend | None
    _unlocking: Future[None] | None
    ready: Future[None]

    @property
    def operator(self) -> str:
        """The name of the person at the desk."""
        return self._sitting

    def wait_until_unlocked(self) -> None:
        """Waits until the ledger is read and the operator's key was tried.

        Raises:
            LedgerCorrupt, OSError: if the ledger cannot be used.
        """
        self.ready.result()
        if self._unlocking is not None:
            self._unlocking.result()

    def unlock(self, passphrase: str = "") -> Future[bool]:
        """Opens the key of the person at the desk; says whether they may decide then."""

        def unlock() -> bool:
            self._holder.unlock(self._sitting, passphrase, self._known_keys())
            let_in = self._engine.send(self._let_in).result()
            self._tell_where_it_lies()
            return let_in

        return self._questions.submit(unlock)

    def take_seat(self, name: str, passphrase: str = "") -> Future[str]:
        """Has somebody else sit at this desk, and returns their id.

        Their key is opened, and everybody else's locked. Where that cannot be, whoever sat there
        still does.
        """

        def take() -> str:
            plain = require_name(name)
            known = self._ids()
            key = self._holder.store_of(passphrase).open(plain, known, make=False)
            who = known.get(key.operator.public_key, key.operator.id)
            own = key if who == key.operator.id else key.known_as(who)

            def seat() -> None:
                self._engine.enrol(own)
                self._holder.seat(plain, own, passphrase)
                self._sitting = plain

            self._engine.send(seat).result()
            self._set_status(operator=plain, unlocked=True)
            self._tell_where_it_lies()
            return own.operator.id

        return self._questions.submit(take)

    def lock(self) -> Future[None]:
        """Locks every key; nothing is signed until one is unlocked."""

        def lock() -> None:
            self._holder.lock()
            self._set_status(unlocked=False)

        return self._engine.send(lock)

    def _locked_itself(self) -> None:
        """Says that the keys were locked because nobody used them."""
        self._set_status(unlocked=False)
        self._publish(Notice("info", IDLE))

    def _begin_unlocking(self) -> None:
        """Tries the operator's key; a keyring may ask something first, so nobody waits for it."""
        if self._find_keyring is None:
            self._let_in()
            self._tell_where_it_lies()
            return
        find = self._find_keyring

        def aside() -> None:
            self._keyring = find()
            with contextlib.suppress(KeyProblem):  # which is told by the next line
                self._holder.key(self._sitting, self._known_keys())
            self._engine.send(self._let_in).result()
            self._tell_where_it_lies()

        self._unlocking = self._questions.submit(aside)

    def _let_in(self) -> bool:
        """Enrols the person at the desk: who may vote is frozen as gates open."""
        try:
            self._engine.enrol(self._operator_key(self._sitting))
        except (DecisionRefused, KeyProblem, LedgerWriteFailed, OSError) as error:
            self._publish(Notice("danger", str(error)))
            self._set_status(unlocked=False)
            return False
        self._set_status(unlocked=True)
        return True

    def _tell_where_it_lies(self) -> None:
        """Says where the key of the person at the desk lies; nothing where nobody can say.

        A keyring may take its time, so the engine's thread is not the one to ask it.
        """
        with contextlib.suppress(KeyProblem):
            kept = self._holder.store.find(self._sitting.strip())
            self._set_status(key_kept=kept.where.value if kept else "")

    def _key_of(self, operator: str | None) -> OperatorKey:
        """Returns somebody's key; that of the person at the desk for None."""
        return self._operator_key(self._sitting if operator is None else operator)

    def _given_by(self, operator: str | None) -> Callable[[], OperatorKey]:
        """Returns what opens the key of whoever gives something now, once it is its turn.

        Whoever takes the seat meanwhile signs nothing that somebody else gave.
        """
        sat = self._sitting

        def key() -> OperatorKey:
            if operator is None and sat != self._sitting:
                raise DecisionRefused(
                    f"{self._sitting} took the seat before this was signed for {sat}, so nothing "
                    "was; look at it again, and give it anew"
                )
            return self._key_of(operator)

        return key

    def _operator_key(self, name: str) -> OperatorKey:
        """Returns somebody's key, as of the id that the ledger knows them by."""
        plain = require_name(name)
        known = self._ids()
        own = plain == self._sitting.strip()
        key = self._holder.key(plain, known, make=own or not known)
        who = known.get(key.operator.public_key, key.operator.id)
        if who != key.operator.id:
            key = key.known_as(who)
            self._holder.hold(plain, key)
        return key

    def _keys(self, passphrase: str) -> KeyStore:
        """Returns where keys lie."""
        desk = self._engine.journal.state.desk
        return KeyStore(self._data_dir / "keys", desk, self._keyring, passphrase)

    def _ids(self) -> dict[str, OperatorId]:
        """Returns the ids of those who were enrolled, by public key; called on any thread."""
        operators = list(self._engine.views.operators().values())
        return {one.public_key: one.id for one in operators}

    def _known_keys(self) -> frozenset[str]:
        """Returns the keys that the ledger knows; called on any thread."""
        return frozenset(self._ids())

    def _set_status(self, **changes: object) -> None:
        """Tells that something about how the desk stands is other than it was."""
        raise NotImplementedError

    def _publish(self, update: Update) -> None:
        """Tells everybody who listens."""
        raise NotImplementedError
