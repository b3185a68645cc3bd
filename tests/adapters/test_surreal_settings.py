"""Where the view is, in ``view.toml``: every mistake is a sentence, and none repeats a secret."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from converge_desktop.adapters.surreal import Server, SettingProblem, load_place

SECRET = "correct horse"
VARIABLE = "CONVERGE_TEST_VIEW_PASSWORD"
WRITTEN = f"""
url = "wss://db.example.org:8000"
user = "converge"
password_env = "{VARIABLE}"
"""


@pytest.fixture(autouse=True)
def _password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, SECRET)


def written(directory: Path, text: str) -> Path:
    (directory / "view.toml").write_text(text, "utf-8")
    return directory


def kept(directory: Path, content: bytes = SECRET.encode(), mode: int = 0o600) -> Path:
    """Returns a desk's directory whose password is in a file."""
    path = directory / "password"
    path.write_bytes(content)
    path.chmod(mode)
    return written(directory, WRITTEN.replace(f'env = "{VARIABLE}"', 'file = "password"'))


def refused(directory: Path) -> str:
    """Returns what is said of a setting; the file is always named, and the password never."""
    with pytest.raises(SettingProblem) as told:
        load_place(directory)
    said = str(told.value)
    assert str(directory / "view.toml") in said
    assert SECRET not in said
    assert told.value.__suppress_context__ or told.value.__cause__ is None
    return said


def test_without_a_setting_the_view_lies_beside_the_ledger(tmp_path: Path) -> None:
    """Embedded, in the desk's directory."""
    assert tmp_path / "view" == load_place(tmp_path)


def test_a_server_is_named_with_its_password_elsewhere(tmp_path: Path) -> None:
    """The rest may be left out."""
    server = load_place(written(tmp_path, WRITTEN))

    assert Server("wss://db.example.org:8000", "converge", SECRET) == server
    assert SECRET not in repr(server)


def test_all_of_it_can_be_said(tmp_path: Path) -> None:
    """Namespace, database, and where the user belongs."""
    more = 'namespace = "n"\ndatabase = "d"\nof = "database"\n'

    server = load_place(written(tmp_path, WRITTEN + more))

    assert isinstance(server, Server)
    assert ("n", "d", "database") == (server.namespace, server.database, server.of)


@pytest.mark.parametrize("ending", [b"", b"\n", b"\r\n"])
def test_a_password_may_be_in_a_file_of_its_own(tmp_path: Path, ending: bytes) -> None:
    """On one line, whatever that ends with."""
    server = load_place(kept(tmp_path, SECRET.encode() + ending))

    assert isinstance(server, Server)
    assert SECRET == server.password


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "url is missing"),
        (WRITTEN.replace("user", "usr"), "there is no setting 'usr'. Did you mean user?"),
        (WRITTEN + 'colour = "red"', "There are: url, user, password_env, password_file"),
        (WRITTEN + f'password = "{SECRET}"', "a password does not belong in this file"),
        (WRITTEN + f'pwd = "{SECRET}"', "a password does not belong in this file"),
        (WRITTEN + 'password_evn = "X"', "Did you mean password_env?"),
        (WRITTEN + 'password_file = "password"', "give either password_env"),
        (WRITTEN.replace(f'password_env = "{VARIABLE}"', ""), "give either password_env"),
        (WRITTEN.replace(VARIABLE, SECRET), "password_env: String should match pattern"),
        (WRITTEN.replace(VARIABLE, "CONVERGE_TEST_NOT_SET"), "CONVERGE_TEST_NOT_SET is not set"),
        (WRITTEN.replace('"converge"', "7"), "user: Input should be a valid string"),
        (WRITTEN.replace('"converge"', '""'), "user: String should have at least 1 character"),
        (WRITTEN + 'of = "galaxy"', "of: Input should be 'root', 'namespace' or 'database'"),
        (WRITTEN.replace("wss", "https"), "url: the address of the database server cannot be read"),
        (WRITTEN.replace("wss", "ws"), "would travel unencrypted"),
        (
            WRITTEN.replace("db.", f"converge:{SECRET.replace(' ', '%20')}@db."),
            "holds more than a place",
        ),
        (f'url = "{SECRET}', "is not TOML"),
        ("[url]", "url: Input should be a valid string"),
    ],
)
def test_a_mistake_is_a_sentence(tmp_path: Path, text: str, said: str) -> None:
    """It names the file, the place and the remedy."""
    assert said in refused(written(tmp_path, text))


def test_a_file_that_cannot_be_read_is_a_sentence(tmp_path: Path) -> None:
    """Whether it is no text or no file."""
    (tmp_path / "view.toml").write_bytes(b"\xff\xfe")
    assert "is not UTF-8" in refused(tmp_path)

    (tmp_path / "view.toml").unlink()
    (tmp_path / "view.toml").mkdir()
    assert "cannot be read: Is a directory" in refused(tmp_path)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_password_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    """With the command that mends it."""
    assert f"chmod 600 '{tmp_path / 'password'}'" in refused(kept(tmp_path, mode=mode))


@pytest.mark.parametrize(
    "content",
    [b"", b"\n", b"one\ntwo\n", b"\xff", b"x" * 5000],
    ids=["no", "line", "2", "raw", "big"],
)
def test_a_file_that_holds_no_password_is_refused(tmp_path: Path, content: bytes) -> None:
    """One line of text, and no more."""
    assert "does not hold one line of text" in refused(kept(tmp_path, content))


def test_a_password_file_is_a_file(tmp_path: Path) -> None:
    """Not a folder, nor a pipe that would keep the desk waiting, nor nothing."""
    directory = kept(tmp_path)
    path = directory / "password"

    path.unlink()
    assert "cannot be read: No such file" in refused(directory)
    path.mkdir()
    assert "is not a file" in refused(directory)
    path.rmdir()
    os.mkfifo(path, 0o600)
    assert "is not a file" in refused(directory)
    written(directory, (directory / "view.toml").read_text().replace('"password"', '"\\u0000"'))
    assert "that is no path" in refused(directory)
