"""Long texts, each stored once under its SHA-256, durable before any record names it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path

from converge_core.canonical import canonical, hash_text, parse
from converge_core.errors import InvalidValue
from converge_core.trace import TextRef
from converge_desktop.adapters.disk import require_linked, sync_directory, write_all


class TextMissing(Exception):
    """A text that a record names is not there, or is not the text that was recorded."""


class TextReader:
    """Reads a content-addressed file of ``{"sha256":…,"text":…}`` lines; writes nothing.

    Args:
        directory: where the file lies.
    """

    def __init__(self, directory: Path) -> None:
        self._path = directory / "000000000000.jsonl"
        self._places: dict[str, tuple[int, int]] = {}
        self._length = self._index() if self._path.exists() else 0

    def text(self, ref: TextRef) -> str:
        """Returns the text a record refers to, after checking that it is the one recorded.

        Raises:
            TextMissing: if it is not there or has changed.
        """
        if ref.inline is not None:
            found: object = ref.inline
        elif ref.sha256 in self._places:
            found = self._read(*self._places[ref.sha256])
        else:
            raise TextMissing(
                f"no text {ref.sha256[:12]} lies in {self._path}; restore that file from a copy"
            )
        if not isinstance(found, str) or hash_text(found) != ref.sha256:
            raise TextMissing(
                f"the text {ref.sha256[:12]} in {self._path} was changed; restore it from a copy"
            )
        return found

    def _read(self, start: int, size: int) -> object:
        with self._path.open("rb") as file:
            file.seek(start)
            data = file.read(size)
        try:
            return parse(data)["text"]
        except (InvalidValue, KeyError, TypeError):
            return None

    def _index(self) -> int:
        """Notes where each text lies and returns where whole lines end."""
        end = 0
        with self._path.open("rb") as file:
            for line in file:
                if not line.endswith(b"\n"):
                    break
                # A damaged text is left out, so that whoever has it whole can keep it again.
                with contextlib.suppress(InvalidValue, KeyError, TypeError, AttributeError):
                    found = parse(line)
                    if hash_text(found["text"]) == found["sha256"]:
                        self._places[found["sha256"]] = (end, len(line))
                end += len(line)
        return end


class TextStore(TextReader):
    """The same file, open for adding texts.

    Args:
        directory: where the file lies; made if missing.
    """

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        super().__init__(directory)
        fresh = not self._path.exists()
        self._fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        if fresh:
            sync_directory(directory)
        # What a crash left of an unfinished line is no text; nothing durable names it.
        os.ftruncate(self._fd, self._length)

    def keep(self, texts: Iterable[str]) -> None:
        """Makes texts durable; those that are there already cost nothing.

        Raises:
            OSError: if they could not be written; nothing refers to what was.
        """
        lines: list[bytes] = []
        places: dict[str, tuple[int, int]] = {}
        end = self._length
        for text in texts:
            name = hash_text(text)
            if name in self._places or name in places:
                continue
            line = canonical({"sha256": name, "text": text}) + b"\n"
            places[name] = (end, len(line))
            end += len(line)
            lines.append(line)
        if not lines:
            return
        try:
            require_linked(self._fd)
            write_all(self._fd, b"".join(lines))
            os.fsync(self._fd)
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(self._fd, self._length)
            raise
        self._length = end
        self._places |= places

    def close(self) -> None:
        """Closes the file. Safe to call twice."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
