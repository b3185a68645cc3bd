"""Who may decide, from the command line: as words, as JSON, and with a passphrase from a file."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from converge_desktop.adapters.keys import KeyProblem
from converge_desktop.cli.passphrase import FILE, new_passphrase, passphrase_for

DOCS = Path(__file__).parent.parent.parent / "docs" / "cli"


def converge(place: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    command, *rest = arguments
    return subprocess.run(
        [sys.executable, "-m", "converge_desktop", command, "--data-dir", str(place), *rest],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "LOGNAME": "alice", **more},
    )


def printed(result: subprocess.CompletedProcess[str]) -> Any:
    """Returns what was printed, after holding it against the documented schema."""
    output = json.loads(result.stdout)
    schema = json.loads((DOCS / "operator.schema.json").read_text("utf-8"))
    jsonschema.validate(output, schema)
    return output


def test_people_come_take_other_keys_and_go(tmp_path: Path) -> None:
    """Each step is told, and what is refused is refused with a sentence."""
    enrolled = printed(converge(tmp_path, "operator", "enrol", "bob", "--json"))
    rotated = converge(tmp_path, "operator", "rotate", "--reason", "a new laptop")
    exported = converge(tmp_path, "operator", "export-key", "--out", str(tmp_path / "alice.key"))
    unreasoned = converge(tmp_path, "operator", "revoke", "bob")
    revoked = converge(tmp_path, "operator", "revoke", "bob", "--reason", "left")
    last = converge(tmp_path, "operator", "revoke", "alice", "--reason", "left")
    alice, bob = printed(converge(tmp_path, "operator", "list", "--json"))
    told = converge(tmp_path, "operator", "list").stdout

    assert "enrolled" == enrolled["done"]
    assert "has another key from now on" in rotated.stdout
    assert f"holds the public key of {alice['operator']}" in exported.stdout
    assert 2 == unreasoned.returncode
    assert 0 == revoked.returncode
    assert (2, True) == (last.returncode, "the last who may decide here" in last.stderr)
    assert ("enrolled", "plain file") == (alice["state"], alice["key"])
    assert ("revoked", alice["operator"], "left") == (bob["state"], bob["by"], bob["reason"])
    assert "it lies in a plain file; protect it: converge-desktop operator protect" in told


def test_a_key_is_protected_by_a_passphrase_from_a_file(tmp_path: Path) -> None:
    """Which is never on the command line, where everybody could read it."""
    secret = tmp_path / "passphrase"
    secret.write_text("correct horse\n")
    secret.chmod(0o600)
    place = tmp_path / "desk"
    bare = converge(place, "operator", "protect")
    protected = converge(place, "operator", "protect", **{FILE: str(secret)})
    locked = converge(place, "operator", "enrol", "bob")
    opened = converge(place, "operator", "enrol", "bob", **{FILE: str(secret)})

    assert (2, True) == (bare.returncode, "no passphrase was given" in bare.stderr)
    assert "lies in the file under a passphrase now" in protected.stdout
    assert (2, True) == (locked.returncode, "the key of alice is locked" in locked.stderr)
    assert 0 == opened.returncode
    assert {0o600} == {stat.S_IMODE(key.stat().st_mode) for key in (place / "keys").iterdir()}


@pytest.mark.parametrize(
    ("data", "mode", "reason"),
    [
        (b"secret", 0o644, "can be read by others"),
        (b"\n", 0o600, "holds no passphrase"),
        (b"\xff", 0o600, "is not text"),
        (None, 0o600, "cannot be read"),
    ],
)
def test_a_passphrase_file_that_cannot_serve_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: bytes | None, mode: int, reason: str
) -> None:
    """With the variable that names it."""
    place = tmp_path / "passphrase"
    if data is not None:
        place.write_bytes(data)
        place.chmod(mode)
    monkeypatch.setenv(FILE, str(place))

    with pytest.raises(KeyProblem, match=reason):
        passphrase_for(tmp_path, "alice", ask=False)
    with pytest.raises(KeyProblem, match=str(place)):
        new_passphrase("alice")


def test_a_vote_wants_a_request_or_a_vote(tmp_path: Path) -> None:
    """And says which."""
    neither = converge(tmp_path, "vote")
    both = converge(tmp_path, "vote", "a", "approve", "--import", "b")

    assert "vote takes a request, approve or reject, and --out FILE" in neither.stderr
    assert "vote --import takes the file of a vote, and nothing else" in both.stderr
