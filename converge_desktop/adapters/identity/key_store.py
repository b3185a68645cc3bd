"""Where the keys of a desk's operators lie: the system's keyring, or files under a passphrase.

A key that is made by itself goes into the keyring; where there is none, into a file under the
passphrase that was given; where none was, into a plain file that only its owner can read, and the
desk says so. Who chooses a passphrase for somebody's key has it lie under that. Keys in plain files
stay usable, and are moved by :meth:`KeyStore.protect`.

A person who takes another key has two for a moment. The new one is kept beside the old before
anybody hears of it, and takes its place once the ledger says so; whatever happens in between, the
key that the ledger knows is there.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from converge_desktop.adapters.identity.key_file import (
    PLAIN,
    SEALED,
    read_guarded,
    read_plain,
    remove_key,
    write_key,
)
from converge_desktop.adapters.identity.sealed import COST, Sealed, read_sealed, seal, unseal
from converge_desktop.adapters.identity.system_keyring import Backend, Keyring
from converge_desktop.adapters.keys import KEY_BYTES, KeyLocked, KeyProblem, OperatorKey

_NEXT = "~next"
"""Ends the name under which a key is kept that the ledger does not know yet."""


class Where(StrEnum):
    """Where a key lies."""

    KEYRING = "keyring"
    SEALED = "file under a passphrase"
    PLAIN = "plain file"


@dataclass(frozen=True, slots=True)
class Kept:
    """A key that is there.

    Attributes:
        where: where it lies.
        place: the file, or the name in the keyring.
    """

    where: Where
    place: str


class KeyStore:
    """The keys of people at one desk.

    Args:
        folder: where key files lie.
        desk: the desk's own name; in the keyring, keys are kept by it.
        keyring: the system's keyring; None where there is none.
        passphrase: what files are opened and protected with; empty where nobody gave any.
        cost: how much scrypt is asked for.
    """

    def __init__(
        self,
        folder: Path,
        desk: str,
        keyring: Backend | None = None,
        passphrase: str = "",
        cost: int = COST,
    ) -> None:
        self._folder = folder
        self._desk = desk
        self._keyring = Keyring(keyring) if keyring is not None else None
        self._passphrase = passphrase
        self._cost = cost

    def find(self, name: str) -> Kept | None:
        """Says where somebody's key lies; None if there is none here.

        Raises:
            KeyProblem: if the keyring cannot be asked.
        """
        if self._keyring is not None and self._keyring.get(self._entry(name)) is not None:
            return Kept(Where.KEYRING, self._entry(name))
        for where, ending in ((Where.SEALED, SEALED), (Where.PLAIN, PLAIN)):
            path = self._path(name, ending)
            if path.exists():
                return Kept(where, str(path))
        return None

    def names(self) -> tuple[str, ...]:
        """Returns whose keys lie in files here."""
        found = {file.stem for end in (SEALED, PLAIN) for file in self._folder.glob(f"*{end}")}
        return tuple(sorted(name for name in found if not name.endswith(_NEXT)))

    def open(self, name: str, known: Collection[str] = (), *, make: bool = True) -> OperatorKey:
        """Returns somebody's key, unlocked.

        Args:
            name: whose.
            known: the public keys that the ledger knows; of two keys, the one among them counts.
            make: whether one is made where they have none.

        Raises:
            KeyLocked: if it takes a passphrase that was not given, or is another.
            KeyProblem: if it cannot be used.
        """
        kept = self.find(name)
        if kept is None and make:
            return self._make(name)
        if kept is None:
            raise KeyProblem(
                f"there is no key of {name} at this desk; whoever may decide here can have one "
                f"made: converge-desktop operator enrol {name}"
            )
        if self.find(name + _NEXT) is not None:
            return self._settle(name, known)
        return self._read(name, kept)

    def make(self, name: str) -> OperatorKey:
        """Returns a new key of somebody who has none here.

        It lies under the passphrase if one was given, even where there is a keyring: a keyring
        opens to whoever is logged in, and two people may share a login.

        Raises:
            KeyProblem: if they have one, or it cannot be kept.
        """
        if self.find(name) is not None:
            raise KeyProblem(f"there is a key of {name} at this desk already; it stays theirs")
        key = OperatorKey.new(name)
        self._put(name, key, self._typed(name))
        return key

    def seal_anew(self, name: str, key: OperatorKey) -> Kept:
        """Has a key that lies under a passphrase lie under the one that was given.

        Raises:
            KeyProblem: if it lies under none, or none was given.
        """
        kept = self.find(name)
        if kept is None or kept.where is not Where.SEALED:
            where = f"it lies in the {kept.where}" if kept else "there is none here"
            raise KeyProblem(f"the key of {name} has no passphrase to change: {where}")
        if not self._passphrase:
            raise KeyProblem("an empty passphrase protects nothing; choose one, and write it down")
        self._put(name, key, kept)
        return kept

    def propose(self, name: str, known_as: str) -> OperatorKey:
        """Returns a new key for somebody, kept beside the one they have.

        Raises:
            KeyProblem: if it cannot be kept.
        """
        key = OperatorKey.new(name, known_as)
        self._put(name + _NEXT, key, self.find(name))
        return key

    def accept(self, name: str, key: OperatorKey) -> None:
        """Has a key take the place of the one somebody had, which is gone then.

        Raises:
            KeyProblem: if it cannot be kept.
        """
        self._put(name, key, self.find(name + _NEXT))
        self._drop(name + _NEXT)

    def protect(self, name: str) -> Kept:
        """Moves a key out of its plain file: under the passphrase, or else into the keyring.

        Out of the keyring as well, under a passphrase of its owner's own.

        Raises:
            KeyProblem: if it is safe where it lies, or there is nothing to protect it with.
        """
        kept = self.find(name)
        if kept is not None and kept.where is Where.KEYRING and self._passphrase:
            assert self._keyring is not None
            self._put(name, self._read(name, kept), self._typed(name))
            self._keyring.drop(self._entry(name))
            return self._found(name)
        if kept is None or kept.where is not Where.PLAIN:
            where = f"it lies in the {kept.where}" if kept else "there is none here"
            raise KeyProblem(f"the key of {name} is in no plain file: {where}")
        if self._keyring is None and not self._passphrase:
            raise KeyProblem(
                "there is no keyring on this system, and no passphrase was given; name a file that "
                "holds one by CONVERGE_PASSPHRASE_FILE, or type it when you are asked"
            )
        self._put(name, self._read(name, kept), self._typed(name))
        return self._found(name)

    def _found(self, name: str) -> Kept:
        found = self.find(name)
        assert found is not None, "it was kept just now"
        return found

    def _typed(self, name: str) -> Kept | None:
        """Says where a key goes whose owner chose a passphrase; None where they chose none."""
        if not self._passphrase:
            return None
        return Kept(Where.SEALED, str(self._path(name, SEALED)))

    def _settle(self, name: str, known: Collection[str]) -> OperatorKey:
        """Returns the one of two keys that the ledger knows, and drops the other."""
        ahead = self._opened(name + _NEXT)
        if ahead.operator.public_key in known:
            key = OperatorKey(ahead.private_bytes(), name)
            self.accept(name, key)
            return key
        self._drop(name + _NEXT)
        return self._opened(name)

    def _opened(self, name: str) -> OperatorKey:
        kept = self.find(name)
        assert kept is not None, "whoever asks has looked"
        return self._read(name, kept)

    def _make(self, name: str) -> OperatorKey:
        key = OperatorKey.new(name)
        self._put(name, key, None)
        return key

    def _read(self, name: str, kept: Kept) -> OperatorKey:
        match kept.where:
            case Where.KEYRING:
                return OperatorKey(self._from_keyring(name), name)
            case Where.PLAIN:
                return OperatorKey(read_plain(Path(kept.place)), name)
            case Where.SEALED:
                return self._unsealed(name, Path(kept.place))

    def _from_keyring(self, name: str) -> bytes:
        assert self._keyring is not None
        secret = self._keyring.get(self._entry(name)) or ""
        try:
            private = bytes.fromhex(secret)
        except ValueError:
            private = b""
        if len(private) != KEY_BYTES:
            raise KeyProblem(
                f"what the keyring holds as {self._entry(name)} of converge-desktop is no key; "
                "remove it there, and have somebody who may decide here enrol you anew"
            )
        return private

    def _unsealed(self, name: str, path: Path) -> OperatorKey:
        found: Sealed = read_sealed(read_guarded(path), str(path))
        if not self._passphrase:
            raise KeyLocked(f"the key of {name} is locked; its passphrase opens {path}")
        key = OperatorKey(unseal(found, self._passphrase, str(path)), name)
        if key.operator.public_key != found.public_key:
            raise KeyProblem(f"{path} holds another key than it says; restore it from a backup")
        return key

    def _put(self, name: str, key: OperatorKey, like: Kept | None) -> None:
        """Keeps a key in the safest place there is, and nowhere else.

        A person who chose a passphrase, or none, keeps that choice for the key that follows.
        """
        private, public = key.private_bytes(), key.operator.public_key
        as_file = like is not None and like.where is not Where.KEYRING
        if self._keyring is not None and not as_file:
            self._keyring.put(self._entry(name), private.hex())
            self._remove(name, SEALED, PLAIN)
        elif self._passphrase:
            write_key(
                self._path(name, SEALED),
                seal(private, key.operator.name, public, self._passphrase, self._cost),
            )
            self._remove(name, PLAIN)
        else:
            write_key(self._path(name, PLAIN), private)
            self._remove(name, SEALED)

    def _drop(self, name: str) -> None:
        if self._keyring is not None:
            self._keyring.drop(self._entry(name))
        self._remove(name, SEALED, PLAIN)

    def _remove(self, name: str, *endings: str) -> None:
        for ending in endings:
            remove_key(self._path(name, ending))

    def _path(self, name: str, ending: str) -> Path:
        return self._folder / f"{name}{ending}"

    def _entry(self, name: str) -> str:
        return f"{name} at {self._desk}"
