"""The shipped packs, but for their undo windows: what is decided under them takes effect at once.

Most tests are about what follows from a decision, and none of them waits for 30 seconds to pass.
Those about the windows themselves use the packs as they ship: ``paths.packs()``.
"""

from __future__ import annotations

import re
import shutil
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from converge_desktop import paths

_ONLY_UNDO = re.compile(r'^review = \{ undo = "[^"]*" \}\n', re.MULTILINE)
_KERNEL = re.compile(r"^\[kernel\]\n.*?(?=^\[(?!kernel))", re.MULTILINE | re.DOTALL)
_UNDO = re.compile(r', undo = "[^"]*"')


@cache
def at_once() -> Path:
    """Returns where they lie, for as long as the tests run."""
    packs = shutil.copytree(paths.packs(), Path(_place().name) / "packs")
    for policy in packs.glob("*/policy.toml"):
        text = _UNDO.sub("", _ONLY_UNDO.sub("", policy.read_text("utf-8")))
        assert "undo" not in _without_comments(text)
        policy.write_text(text, "utf-8")
    return packs


@cache
def _place() -> TemporaryDirectory[str]:
    return TemporaryDirectory(prefix="packs-")


def with_kernel(policy: str, kernel: str) -> str:
    """Returns a policy that ships with another ``[kernel]``; an empty one allows what is usual."""
    without, cut = _KERNEL.subn("", policy)
    assert cut
    return f"{without}\n{kernel}"


def _without_comments(text: str) -> str:
    return re.sub(r"^#.*$", "", text, flags=re.MULTILINE)
