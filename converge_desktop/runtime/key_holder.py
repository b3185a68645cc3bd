"""Which keys are unlocked here, and until when."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection

from converge_desktop.adapters.clock import Clock
from converge_desktop.adapters.identity.key_store import KeyStore
from converge_desktop.adapters.keys import KeyLocked, OperatorKey


def _nobody_listens() -> None:
    """Is told, and does nothing."""


class KeyHolder:
    """Keys by name; each is opened once, and locked when nobody used it for too long.

    There is no timer here: whoever watches the person says when they are gone, by :meth:`lock`, and
    where nobody does, a key that was idle for too long is locked as it is to be used.

    Args:
        store: where keys lie, given the passphrase that was typed.
        clock: microseconds since 1970 UTC.
        idle_us: after how long without use everything is locked; 0 for never.
        passphrase: the one that was given at the start; forgotten with the rest.
        on_locked: told when everything was locked because nobody used it.
    """

    def __init__(
        self,
        store: Callable[[str], KeyStore],
        clock: Clock,
        idle_us: int = 0,
        passphrase: str = "",
        on_locked: Callable[[], None] = _nobody_listens,
    ) -> None:
        self._store = store
        self._clock = clock
        self._idle_us = idle_us
        self._keys: dict[str, OperatorKey] = {}
        self._passphrase = passphrase
        self._on_locked = on_locked
        self._locked = False
        self._used_at = clock()
        self._guard = threading.RLock()

    @property
    def store(self) -> KeyStore:
        """Where keys lie, with the passphrase of the person at the desk."""
        return self._store(self._passphrase)

    def store_of(self, passphrase: str) -> KeyStore:
        """Returns where keys lie, with another passphrase, or with none."""
        return self._store(passphrase)

    def key(self, name: str, known: Collection[str] = (), *, make: bool = True) -> OperatorKey:
        """Returns somebody's key, unlocked.

        Args:
            name: whose.
            known: the public keys that the ledger knows.
            make: whether one is made where they have none.

        Raises:
            KeyLocked: if it is locked, or was idle for too long.
            KeyProblem: if it cannot be used.
        """
        with self._guard:
            self.lock_if_idle()
            if self._locked:
                raise KeyLocked(f"the key of {name} is locked; unlock it, then try again")
            self._used_at = self._clock()
            if name not in self._keys:
                self._keys[name] = self.store.open(name, known, make=make)
            return self._keys[name]

    def hold(self, name: str, key: OperatorKey) -> None:
        """Has another key be somebody's from now on."""
        with self._guard:
            self._keys[name] = key

    def unlock(self, name: str, passphrase: str, known: Collection[str] = ()) -> OperatorKey:
        """Opens somebody's key.

        Raises:
            KeyLocked: if it takes another passphrase; everything stays as it was, then.
            KeyProblem: if it cannot be used.
        """
        key = self._store(passphrase).open(name, known)
        with self._guard:
            self._passphrase, self._locked = passphrase or self._passphrase, False
            self._keys[name] = key
            self._used_at = self._clock()
            return key

    def seat(self, name: str, key: OperatorKey, passphrase: str) -> None:
        """Has one person be at the desk: their key is held, and everybody else's is locked."""
        with self._guard:
            self._forget(but=key)
            self._keys[name] = key
            self._passphrase, self._locked = passphrase, False
            self._used_at = self._clock()

    def remember(self, passphrase: str) -> None:
        """Has what the person at the desk keeps from now on lie under another passphrase."""
        with self._guard:
            self._passphrase = passphrase

    def lock(self) -> None:
        """Forgets every key and the passphrase; what was handed out signs nothing more."""
        with self._guard:
            self._forget()
            self._passphrase, self._locked = "", True

    def lock_if_idle(self) -> bool:
        """Locks everything if nobody used a key for too long; says whether it is locked."""
        with self._guard:
            idle = self._idle_us and self._clock() - self._used_at >= self._idle_us
            if not idle or self._locked:
                return self._locked
            self.lock()
        self._on_locked()
        return True

    def _forget(self, but: OperatorKey | None = None) -> None:
        for key in self._keys.values():
            if key is not but:
                key.lock()
        self._keys.clear()
