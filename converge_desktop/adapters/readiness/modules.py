"""Which module of the repository a test belongs to, and whether a change touched it.

Reports name classes and files in many ways; the repository's own paths decide what they mean.
What fits no path keeps its name and is said to fit none; nothing is guessed beyond these rules:

* A file name means the path it ends in.
* A dotted class means the file of its longest leading part: ``tests.test_gate.TestVote`` means
  ``tests/test_gate.py``, and ``org.acme.FooTest`` the one path that ends in ``org/acme/FooTest``.
* A failing module is *changed* if it changed itself, or if a file changed that bears the name the
  test is about: ``test_gate.py``, ``gate_test.go``, ``gate.spec.ts`` and ``GateTest.java`` are
  about ``gate``. A change to documentation counts as none.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from pathlib import PurePosixPath

_DOCUMENTS = {".md", ".rst", ".txt", ".adoc"}
_PREFIX = re.compile(r"tests?[_\-.]", re.IGNORECASE)
_SUFFIX = re.compile(r"(?:[_\-.](?:tests?|specs?)|(?<=[a-z0-9])(?:Tests?|Spec|IT))$")
_CAMEL_PREFIX = re.compile(r"Test(?=[A-Z])")
_SEPARATORS = re.compile(r"::|\.")


class ModuleMap:
    """The paths of a repository, found by what reports call them."""

    def __init__(self, paths: Iterable[str]) -> None:
        self._paths = frozenset(path for path in paths if not _is_document(path))
        self._stems: dict[str, list[str]] = defaultdict(list)
        for path in sorted(self._paths):
            self._stems[_stem(path)].append(path)

    def find(self, owner: str) -> str | None:
        """Returns the path that ``owner`` means, or None if none fits or several do."""
        path = owner.replace("\\", "/").partition("::")[0]
        return self._by_file(path) or self._by_class(owner.partition("$")[0])

    def _by_file(self, name: str) -> str | None:
        parts = [part for part in name.split("/") if part not in {"", "."}]
        for start in range(len(parts)):
            if (path := "/".join(parts[start:])) in self._paths:
                return path
        return None

    def _by_class(self, name: str) -> str | None:
        parts = [part for part in _SEPARATORS.split(name) if part]
        for end in range(len(parts), 0, -1):
            tail = "/".join(parts[:end])
            fits = [path for path in self._stems.get(parts[end - 1], []) if _ends_in(path, tail)]
            if whole := [path for path in fits if _bare(path) == tail]:
                return whole[0]
            # One word that was cut from a longer name would fit too much.
            if len(fits) == 1 and (end > 1 or len(parts) == 1):
                return fits[0]
        return None


def changed_modules(modules: Iterable[str], changed: Iterable[str]) -> list[str]:
    """Returns those of the modules that changed, by the rules above, sorted."""
    paths = set(changed)
    stems = {_stem(path).casefold() for path in paths if not _is_document(path)}
    return sorted(
        module for module in modules if module in paths or _subject(module).casefold() in stems
    )


def _subject(module: str) -> str:
    """Returns what a test module is about, or an empty text if its name does not say."""
    stem = _stem(module)
    for pattern in (_PREFIX, _CAMEL_PREFIX):
        if match := pattern.match(stem):
            return stem[match.end() :]
    without = _SUFFIX.sub("", stem)
    return without if without != stem else ""


def _stem(path: str) -> str:
    return PurePosixPath(path).stem


def _bare(path: str) -> str:
    return str(PurePosixPath(path).with_suffix(""))


def _ends_in(path: str, tail: str) -> bool:
    return f"/{_bare(path)}".endswith(f"/{tail}")


def _is_document(path: str) -> bool:
    return PurePosixPath(path).suffix.lower() in _DOCUMENTS
