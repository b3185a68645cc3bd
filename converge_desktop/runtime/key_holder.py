"""Which keys are unlocked here, and until when."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection

from converge_desktop.adapters.clock import Clock
from converge_desktop.adapters.identity.key_store import KeyStore
from converge_desktop.adapters.keys import KeyLocked, OperatorKey


class KeyHolder:
    """Keys by name; each is opened once, and locked when nobody used it for too long.

    Args:
        store: where keys lie, given the passphrase that was typed.
        clock: microseconds since 1970 UTC.
        idle_us: after how long without use everything is locked; 0 for never.
    """

    def __init__(self, store: Callable[[str], KeyStore], clock: Clock, idle_us: int = 0) -> None:
        self._store = store
        self._clock = clock
        self._idle_us = idle_us
        self._keys: dict[str, OperatorKey] = {}
        self._passphrase = ""
        self._locked = False
        self._used_at = clock()
        self._guard = threading.RLock()

    @property
    def store(self) -> KeyStore:
        """Where keys lie."""
        return self._store(self._passphrase)

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
        with self._guard:
            key = self._store(passphrase).open(name, known)
            self._passphrase, self._locked = passphrase or self._passphrase, False
            self._keys[name] = key
            self._used_at = self._clock()
            return key

    def lock(self) -> None:
        """Forgets every key and the passphrase; what was handed out signs nothing more."""
        with self._guard:
            for key in self._keys.values():
                key.lock()
            self._keys.clear()
            self._passphrase, self._locked = "", True

    def lock_if_idle(self) -> bool:
        """Locks everything if nobody used a key for too long; says whether it is locked."""
        with self._guard:
            idle = self._idle_us and self._clock() - self._used_at >= self._idle_us
            if idle and not self._locked:
                self.lock()
            return self._locked
