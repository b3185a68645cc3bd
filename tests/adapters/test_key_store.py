"""Where keys lie: in the keyring, under a passphrase, or plain; whole or not at all."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import keyring.backend
import keyring.errors
import pytest

from converge_desktop.adapters.identity import system_keyring
from converge_desktop.adapters.identity.key_file import file_key
from converge_desktop.adapters.identity.key_store import KeyStore, Where
from converge_desktop.adapters.identity.system_keyring import OFF, Keyring
from converge_desktop.adapters.keys import KeyLocked, KeyProblem, OperatorKey

DESK, QUICK = "00c0ffee", 2
SECRET = "correct horse"


class MemoryKeyring(keyring.backend.KeyringBackend):
    """A keyring like any other, by the library's own interface."""

    priority = 1  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        if self.kept.pop((service, username), None) is None:
            raise keyring.errors.PasswordDeleteError("no such password")


class LockedKeyring(MemoryKeyring):
    """A keyring whose owner does not want to unlock it."""

    def get_password(self, service: str, username: str) -> str | None:
        raise keyring.errors.KeyringLocked("dismissed")


def kept_in(folder: Path, passphrase: str = "") -> KeyStore:
    return KeyStore(folder, DESK, None, passphrase, cost=QUICK)


# Files.


def test_without_keyring_and_passphrase_a_key_lies_in_a_plain_file(tmp_path: Path) -> None:
    """Readable by its owner alone, and found again."""
    key = kept_in(tmp_path).open("alice")
    [path] = tmp_path.iterdir()

    assert (0o600, key.private_bytes()) == (path.stat().st_mode & 0o777, path.read_bytes())
    assert key.operator == kept_in(tmp_path).open("alice").operator
    assert key.operator == file_key(path, "alice").operator


def test_with_a_passphrase_a_key_lies_under_it(tmp_path: Path) -> None:
    """The file holds no byte of the key, and opens with the passphrase alone."""
    key = kept_in(tmp_path, SECRET).open("alice")
    [path] = tmp_path.iterdir()

    assert path.stat().st_mode & 0o777 == 0o600
    assert key.private_bytes().hex() not in path.read_text()
    assert key.operator == kept_in(tmp_path, SECRET).open("alice").operator


def test_a_wrong_passphrase_opens_nothing_and_harms_nothing(tmp_path: Path) -> None:
    """Nor does none; the sentence says which file."""
    kept_in(tmp_path, SECRET).open("alice")
    [path] = tmp_path.iterdir()
    before = path.read_bytes()

    with pytest.raises(KeyLocked, match=f"does not open {path}"):
        kept_in(tmp_path, "wrong").open("alice")
    with pytest.raises(KeyLocked, match="the key of alice is locked"):
        kept_in(tmp_path).open("alice")
    assert before == path.read_bytes()


@pytest.mark.parametrize("change", ["name", "public_key", "sealed", "nonce", "salt"])
def test_a_changed_file_opens_nothing(tmp_path: Path, change: str) -> None:
    """What stands beside the key is sealed with it."""
    kept_in(tmp_path, SECRET).open("alice")
    [path] = tmp_path.iterdir()
    text = path.read_text()
    at = text.index(f'"{change}":"') + len(f'"{change}":"')
    path.write_text(text[:at] + ("0" if text[at] != "0" else "1") + text[at + 1 :])

    with pytest.raises(KeyLocked, match="does not open"):
        kept_in(tmp_path, SECRET).open("alice")


DAMAGED = {
    "empty": "",
    "half": '{"version":1,"name":"alice"',
    "of another form": "[]",
    "a salt that is none": None,
}


@pytest.mark.parametrize("how", DAMAGED)
def test_a_half_written_file_is_refused_and_kept(tmp_path: Path, how: str) -> None:
    """It is for its owner to restore; no new key takes its place unasked."""
    kept_in(tmp_path, SECRET).open("alice")
    [path] = tmp_path.iterdir()
    damaged = DAMAGED[how]
    text = path.read_text().replace('"salt":"', '"salt":"zz') if damaged is None else damaged
    path.write_text(text)

    with pytest.raises(KeyProblem, match="was damaged; restore it from a backup"):
        kept_in(tmp_path, SECRET).open("alice")
    assert text == path.read_text()


@pytest.mark.parametrize("cost", [0, 1, 3, 1 << 30])
def test_a_file_cannot_ask_for_any_amount_of_memory(tmp_path: Path, cost: int) -> None:
    """Whoever can write to it would stop the desk with it."""
    kept_in(tmp_path, SECRET).open("alice")
    [path] = tmp_path.iterdir()
    path.write_text(path.read_text().replace(f'"cost":{QUICK}', f'"cost":{cost}'))

    with pytest.raises(KeyProblem, match="was damaged"):
        kept_in(tmp_path, SECRET).open("alice")


def test_a_file_of_a_later_version_says_so(tmp_path: Path) -> None:
    """It is not called damaged."""
    kept_in(tmp_path, SECRET).open("alice")
    [path] = tmp_path.iterdir()
    path.write_text(path.read_text().replace('"version":1', '"version":2'))

    with pytest.raises(KeyProblem, match="use a newer converge-desktop"):
        kept_in(tmp_path, SECRET).open("alice")


@pytest.mark.parametrize("passphrase", ["", SECRET])
def test_a_file_that_others_can_read_is_refused(tmp_path: Path, passphrase: str) -> None:
    """With the command that mends it."""
    kept_in(tmp_path, passphrase).open("alice")
    [path] = tmp_path.iterdir()
    path.chmod(0o644)

    with pytest.raises(KeyProblem, match=f"chmod 600 '{path}'"):
        kept_in(tmp_path, passphrase).open("alice")


def test_no_key_is_made_for_whom_none_is_wanted(tmp_path: Path) -> None:
    """The sentence says who can have one made."""
    with pytest.raises(KeyProblem, match="operator enrol alice"):
        kept_in(tmp_path).open("alice", make=False)
    assert [] == list(tmp_path.iterdir())


# The keyring.


def test_with_a_keyring_no_file_holds_the_key(tmp_path: Path) -> None:
    """It lies there by the desk, so that two desks may hold two keys of one name."""
    ring = MemoryKeyring()
    key = KeyStore(tmp_path, DESK, ring).open("alice")
    other = KeyStore(tmp_path, "another", ring).open("alice")

    assert {("converge-desktop", f"alice at {DESK}"), ("converge-desktop", "alice at another")} == {
        *ring.kept
    }
    assert [] == list(tmp_path.iterdir())
    assert key.operator == KeyStore(tmp_path, DESK, ring).open("alice").operator
    assert key.operator != other.operator


def test_a_key_in_a_plain_file_is_used_where_there_is_a_keyring(tmp_path: Path) -> None:
    """And is moved when that is asked for: then the file is gone."""
    plain = kept_in(tmp_path).open("alice")
    store = KeyStore(tmp_path, DESK, MemoryKeyring())

    assert plain.operator == store.open("alice").operator
    assert ("alice",) == store.names()
    assert store.protect("alice").where is Where.KEYRING
    assert plain.operator == store.open("alice").operator
    assert [] == list(tmp_path.iterdir())
    with pytest.raises(KeyProblem, match="it lies in the keyring"):
        store.protect("alice")


def test_a_plain_file_is_put_under_a_passphrase(tmp_path: Path) -> None:
    """Where there is no keyring; and with neither, it is said what is wanted."""
    plain = kept_in(tmp_path).open("alice")
    with pytest.raises(KeyProblem, match="no passphrase was given"):
        kept_in(tmp_path).protect("alice")
    with pytest.raises(KeyProblem, match="there is none here"):
        kept_in(tmp_path, SECRET).protect("bob")

    assert kept_in(tmp_path, SECRET).protect("alice").where is Where.SEALED
    assert plain.operator == kept_in(tmp_path, SECRET).open("alice").operator
    assert [tmp_path / "alice.sealed"] == list(tmp_path.iterdir())


def test_a_keyring_that_stays_locked_is_told_in_a_sentence(tmp_path: Path) -> None:
    """And no other key is made meanwhile."""
    with pytest.raises(KeyProblem, match=r"keyring cannot be used \(dismissed\)"):
        KeyStore(tmp_path, DESK, LockedKeyring()).open("alice")
    assert [] == list(tmp_path.iterdir())


def test_nobody_waits_for_a_keyring_for_ever() -> None:
    """It may ask something, in a window that nobody sees."""
    asked = threading.Event()

    class SilentKeyring(MemoryKeyring):
        def get_password(self, service: str, username: str) -> str | None:
            asked.wait(30)
            return None

    with pytest.raises(KeyProblem, match=r"did not answer within 0\.05 seconds"):
        Keyring(SilentKeyring(), patience_s=0.05).get("alice")
    asked.set()


def test_a_keyring_that_keeps_nothing_is_not_trusted(tmp_path: Path) -> None:
    """A key that cannot be read back was never kept."""

    class Forgetful(MemoryKeyring):
        def set_password(self, service: str, username: str, password: str) -> None:
            del service, username, password

    with pytest.raises(KeyProblem, match="did not keep the key"):
        KeyStore(tmp_path, DESK, Forgetful()).open("alice")


@pytest.mark.parametrize("secret", ["", "zz", "00" * 31])
def test_what_is_no_key_in_the_keyring_is_refused(tmp_path: Path, secret: str) -> None:
    """And left there, for whoever put it there."""
    ring = MemoryKeyring()
    ring.set_password("converge-desktop", f"alice at {DESK}", secret)

    with pytest.raises(KeyProblem, match="is no key"):
        KeyStore(tmp_path, DESK, ring).open("alice")


def test_where_there_is_no_session_there_is_no_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor where it is not wanted; nothing is asked, so nothing waits."""
    monkeypatch.setenv(OFF, "none")
    assert system_keyring.system_keyring() is None
    monkeypatch.delenv(OFF)
    monkeypatch.setattr(system_keyring, "_may_have_one", lambda: False)
    assert system_keyring.system_keyring() is None


# Another key.


@pytest.fixture(params=["plain", "sealed", "keyring"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[KeyStore]:
    """Each way of keeping a key."""
    if request.param == "keyring":
        yield KeyStore(tmp_path, DESK, MemoryKeyring())
    else:
        yield kept_in(tmp_path, SECRET if request.param == "sealed" else "")


def test_a_new_key_takes_the_place_of_the_old(store: KeyStore) -> None:
    """Where the old one lay."""
    old = store.open("alice")
    before = store.find("alice")
    new = store.propose("alice", old.operator.id)
    store.accept("alice", new)

    assert old.operator.id == new.operator.id
    assert old.operator.public_key != new.operator.public_key
    assert new.operator.public_key == store.open("alice").operator.public_key
    assert before == store.find("alice")


def test_whatever_happens_between_the_key_that_the_ledger_knows_is_there(store: KeyStore) -> None:
    """A crash before it was recorded leaves the old one, and one after that the new one."""
    old = store.open("alice")
    lost = store.propose("alice", old.operator.id)
    assert old.operator == store.open("alice", {old.operator.public_key}).operator
    assert old.operator.public_key == store.open("alice").operator.public_key
    assert old.operator.public_key != lost.operator.public_key

    new = store.propose("alice", old.operator.id)
    known = {new.operator.public_key}
    assert new.operator.public_key == store.open("alice", known).operator.public_key
    assert new.operator.public_key == store.open("alice").operator.public_key


# Locked.


def test_a_locked_key_signs_nothing() -> None:
    """And is not handed out; the sentence says what to do."""
    key = OperatorKey.new("alice")
    key.lock()

    assert key.locked
    with pytest.raises(KeyLocked, match="the key of alice is locked; unlock it, then try again"):
        key.sign(b"yes")
    with pytest.raises(KeyLocked):
        key.private_bytes()
