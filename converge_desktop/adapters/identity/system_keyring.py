"""The keyring of the system: Secret Service on Linux, and what macOS and Windows have.

It belongs to the person who is logged in, who may have to unlock it, in a window that is not ours;
so nothing waits for it longer than it says.
"""

from __future__ import annotations

import os
import queue
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypeVar

from converge_desktop.adapters.keys import KeyProblem

T = TypeVar("T")

SERVICE = "converge-desktop"
PATIENCE_S = 20.0
"""How long a person has to answer what the keyring asks of them."""
_ON_LINUX = sys.platform.startswith("linux")
OFF = "CONVERGE_KEYRING"
"""Set to ``none``, this variable has keys kept in files even where there is a keyring."""


class Backend(Protocol):
    """What a backend of the keyring library can do, as far as it is used."""

    def get_password(self, service: str, username: str) -> str | None:
        """Returns a secret; None if there is none."""

    def set_password(self, service: str, username: str, password: str) -> None:
        """Keeps a secret."""

    def delete_password(self, service: str, username: str) -> None:
        """Forgets a secret."""


def system_keyring() -> Backend | None:
    """Returns the system's keyring; None where there is none, as without a desktop session."""
    if os.environ.get(OFF, "") == "none" or not _may_have_one():
        return None
    try:
        return _limited(_find)
    except (KeyProblem, ImportError, RuntimeError):
        return None  # whatever is wrong with it, it keeps no keys


class Keyring:
    """Secrets of one desk in a keyring.

    Args:
        backend: the keyring.
        patience_s: how long it is waited for.
    """

    def __init__(self, backend: Backend, patience_s: float = PATIENCE_S) -> None:
        self._backend = backend
        self._patience_s = patience_s

    def get(self, name: str) -> str | None:
        """Returns a secret; None if there is none.

        Raises:
            KeyProblem: if the keyring stays locked, does not answer in time, or fails.
        """
        return self._ask(lambda: self._backend.get_password(SERVICE, name))

    def put(self, name: str, secret: str) -> None:
        """Keeps a secret, and makes sure that it is there.

        Raises:
            KeyProblem: if that could not be done.
        """
        self._ask(lambda: self._backend.set_password(SERVICE, name, secret))
        if self.get(name) != secret:
            raise KeyProblem("the system's keyring did not keep the key; nothing was changed")

    def drop(self, name: str) -> None:
        """Forgets a secret, if there is one.

        Raises:
            KeyProblem: if that could not be done.
        """
        if self.get(name) is not None:
            self._ask(lambda: self._backend.delete_password(SERVICE, name))

    def _ask(self, work: Callable[[], T]) -> T:
        return _limited(work, self._patience_s)


def _limited(work: Callable[[], T], patience_s: float = PATIENCE_S) -> T:
    """Does ``work`` on a thread of its own, and gives it up when it takes too long.

    Raises:
        KeyProblem: if it failed, or took longer.
    """
    answers: queue.SimpleQueue[tuple[T | None, Exception | None]] = queue.SimpleQueue()

    def asked() -> None:
        try:
            answers.put((work(), None))
        except Exception as error:  # noqa: BLE001 - backends raise what they like
            answers.put((None, error))

    threading.Thread(target=asked, name="keyring", daemon=True).start()
    try:
        answer, error = answers.get(timeout=patience_s)
    except queue.Empty:
        raise KeyProblem(
            f"the system's keyring did not answer within {patience_s:g} seconds; unlock it, then "
            f"try again, or set {OFF}=none to keep keys in files"
        ) from None
    if error is not None:
        raise KeyProblem(
            f"the system's keyring cannot be used ({error or type(error).__name__}); unlock it, "
            f"then try again, or set {OFF}=none to keep keys in files"
        ) from error
    return answer  # type: ignore[return-value]  # of T, where there was no error


def _may_have_one() -> bool:
    """Whether it is worth looking: on Linux, only where there is a session to ask."""
    if not _ON_LINUX:
        return True
    bus = os.environ.get("DBUS_SESSION_BUS_ADDRESS", "")
    return bool(bus) or Path(f"/run/user/{os.getuid()}/bus").exists()


def _find() -> Backend | None:
    # Imported here, because it looks for backends, and most starts need none.
    if _ON_LINUX:
        from keyring.backends import SecretService  # noqa: PLC0415

        found: Backend = SecretService.Keyring()  # type: ignore[no-untyped-call]
        return found if SecretService.Keyring.viable else None
    from keyring.core import get_keyring  # noqa: PLC0415

    other = get_keyring()
    return other if other.priority >= 1 else None
