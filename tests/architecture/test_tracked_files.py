"""Nothing in the repository tells of the machine that it was written on."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent


def joined(*parts: str) -> str:
    """Returns ``parts`` as one pattern; apart, they keep this file from finding itself."""
    return "".join(parts)


TRACES = {
    "the folder it was checked out to": joined(r"(?<![\w.])/wo", r"rk/(main|shared|ci)\b"),
    "somebody's home": joined(r"(?<![\w.])/ro", r"ot/"),
    "an interpreter of its own": joined(r"\.py", r"env\b"),
    "a mirror of a package registry": joined(r"/opt/py", r"pi\b|/opt/wh", r"eels\b"),
    "a package registry": joined(
        r"(pyp", r"i|pythonhost", r"ed|npmj", r"s|huggingf", r"ace)\.(org|com|co)\b"
    ),
    "an index to install from": joined(r"-index", r"-url[ =]\w"),
}


def texts() -> dict[str, str]:
    """Returns the text files of the repository by their paths."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True
    ).stdout
    found = {}
    for name in filter(None, listed.decode().split("\0")):
        data = (ROOT / name).read_bytes() if (ROOT / name).is_file() else b"\0"
        if b"\0" not in data:
            found[name] = data.decode("utf-8", "replace")
    return found


@pytest.mark.parametrize("what", TRACES)
def test_no_tracked_file_names(what: str) -> None:
    """Paths of this machine and hosts of registries belong in nobody's checkout."""
    pattern = re.compile(TRACES[what])
    hits = [
        f"{name}: {found[0]}" for name, text in texts().items() for found in pattern.finditer(text)
    ]

    assert [] == hits


@pytest.mark.parametrize(
    ("what", "text"),
    [
        ("the folder it was checked out to", joined("see /wo", "rk/main/README.md")),
        ("somebody's home", joined("in /ro", "ot/.cache")),
        ("an interpreter of its own", joined("~/.py", "env/versions")),
        ("a mirror of a package registry", joined("file:///opt/py", "pi/simple")),
        ("a package registry", joined("https://pyp", "i.org/simple")),
        ("an index to install from", joined("--extra-index", "-url https://x")),
    ],
)
def test_the_patterns_find_what_they_are_for(what: str, text: str) -> None:
    """A pattern that never fits would let everything pass."""
    assert re.search(TRACES[what], text)
