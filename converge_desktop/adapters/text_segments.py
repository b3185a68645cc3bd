"""The files that long texts lie in, and where in them each one lies.

A segment is a file of lines, each ``{"sha256":…,"text":…}`` or, for a large text, one of two more.
``{"listing":…,"sha256":…}`` names a text that names its pieces, one a line. And
``{"after":…,"keep":…,"sha256":…,"text":…}`` is as much of another text, and then that.

Only the last segment grows. One that no longer does has an index beside it, so that opening reads
the last one alone. An index is believed in nothing: it says where to look, and what is found there
is held against its hash. One that does not fit its segment is as good as none.

What lies behind the last whole line was never finished, or was changed since. Nobody can tell, so
it is moved aside whole, to ``unfinished-….part``, and never just cut off.
"""

from __future__ import annotations

import contextlib
import os
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import msgspec

from converge_core.canonical import hash_bytes
from converge_desktop.adapters.disk import write_durably

Place = tuple[int, int]
"""Where a line begins in its segment, and how long it is."""

_ASIDE = "unfinished-"
_MAGIC = b"texts/1\n"
_HEAD = struct.Struct(">8sQQ")
"""What an index begins with: what it is, the size of its segment, how many texts it has."""
_ENTRY = struct.Struct(">32sQI")
"""A text of an index: its hash, where its line begins, how long that is. They are in order."""


class _Named(msgspec.Struct):
    sha256: str


_name_of = msgspec.json.Decoder(_Named).decode


class Places(Protocol):
    """Where the texts of a segment lie, by hash."""

    def get(self, name: bytes, /) -> Place | None:
        """Returns where the text of that hash lies; None where it does not."""


class Segment:
    """One file of texts, as far as its lines are whole.

    Args:
        path: the file.
        sealed: whether it no longer grows; it may have an index then.
    """

    def __init__(self, path: Path, *, sealed: bool) -> None:
        self.path = path
        self.length = 0
        self.indexed = False
        self._places: Places = {}
        size = path.stat().st_size
        index = _Index.of(path, size) if sealed else None
        if index is None:
            self.scan()
        else:
            self._places, self.length, self.indexed = index, size, True

    def line(self, name: str) -> bytes:
        """Returns the line that is said to hold the text of that hash; empty if none is."""
        start, size = self._places.get(bytes.fromhex(name)) or (0, 0)
        if not 0 < size <= self.length - start:  # an index may say anything
            return b""
        with contextlib.suppress(FileNotFoundError), self.path.open("rb", buffering=0) as file:
            return os.pread(file.fileno(), size, start)
        return b""

    def scan(self) -> dict[bytes, Place]:
        """Looks anew where each text lies; of two of the same hash, the later one counts."""
        places: dict[bytes, Place] = {}
        end = 0
        with self.path.open("rb") as file:
            for line in file:
                if not line.endswith(b"\n"):
                    break
                name = _named(line)
                if name:
                    places[name] = (end, len(line))
                end += len(line)
        self._places, self.length, self.indexed = places, end, False
        return places

    def tail(self) -> bytes:
        """Returns what lies behind its last whole line."""
        with contextlib.suppress(FileNotFoundError), self.path.open("rb") as file:
            file.seek(self.length)
            return file.read()
        return b""

    def move_tail(self) -> None:
        """Moves aside what lies behind its last whole line, so that another can follow that.

        Raises:
            OSError: if that cannot be done; it stays where it is then.
        """
        data = self.tail()
        if not data:
            return
        # Named by content too, so that what is moved aside later takes nobody's place.
        name = f"{_ASIDE}{self.path.stem}-{hash_bytes(data)[:8]}.part"
        write_durably(self.path.with_name(name), data)
        with self.path.open("r+b") as file:
            file.truncate(self.length)
            os.fsync(file.fileno())

    def add(self, size: int, places: Mapping[str, Place]) -> None:
        """Takes note of texts that were written at its end."""
        assert isinstance(self._places, dict)
        self._places |= {bytes.fromhex(name): place for name, place in places.items()}
        self.length += size

    def seal(self) -> None:
        """Writes its index, if it has none; without room for it, it is read again next time."""
        if self.indexed:
            return
        assert isinstance(self._places, dict)
        entries = (_ENTRY.pack(name, *self._places[name]) for name in sorted(self._places))
        head = _HEAD.pack(_MAGIC, self.length, len(self._places))
        path = index_of(self.path)
        with contextlib.suppress(OSError):
            unfinished = path.with_suffix(".part")
            write_durably(unfinished, head + b"".join(entries))
            unfinished.replace(path)
            self._places = _Index.of(self.path, self.length) or self._places
            self.indexed = True


class _Index:
    """The index of a sealed segment, as it was read; a mapped one can be cut under a reader."""

    def __init__(self, entries: bytes, count: int) -> None:
        self._entries = entries
        self._count = count

    @classmethod
    def of(cls, segment: Path, size: int) -> _Index | None:
        """Returns the index of a segment of that size; None if there is none that fits."""
        try:
            entries = index_of(segment).read_bytes()
        except OSError:
            return None
        if len(entries) < _HEAD.size:
            return None
        magic, about, count = _HEAD.unpack_from(entries)
        fits = len(entries) == _HEAD.size + count * _ENTRY.size
        return cls(entries, count) if (magic, about, fits) == (_MAGIC, size, True) else None

    def get(self, name: bytes, /) -> Place | None:
        """Returns where the text of that hash lies; None where it does not."""
        low, high = 0, self._count
        while low < high:
            middle = (low + high) // 2
            found, start, size = _ENTRY.unpack_from(
                self._entries, _HEAD.size + middle * _ENTRY.size
            )
            if found == name:
                return int(start), int(size)
            if found < name:
                low = middle + 1
            else:
                high = middle
        return None


def segments_in(directory: Path) -> list[Path]:
    """Returns the segments of a directory, the oldest first."""
    return sorted(path for path in directory.glob("*.jsonl") if path.stem.isdecimal())


def aside_in(directory: Path) -> list[Path]:
    """Returns what was moved aside in a directory."""
    return sorted(directory.glob(f"{_ASIDE}*.part"))


def missing_in(directory: Path) -> list[str]:
    """Returns the names of segments that must have lain in a directory and do not."""
    there = {int(path.stem) for path in segments_in(directory)}
    known = there | {int(path.stem) for path in directory.glob("*.index") if path.stem.isdecimal()}
    return [path_of(directory, n).name for n in range(max(known, default=-1) + 1) if n not in there]


def next_in(directory: Path) -> Path:
    """Returns where the next segment is to lie; never where one lay that was removed."""
    known = [int(path.stem) for path in directory.iterdir() if path.stem.isdecimal()]
    return path_of(directory, max(known, default=-1) + 1)


def path_of(directory: Path, number: int) -> Path:
    """Returns where a segment lies."""
    return directory / f"{number:012d}.jsonl"


def index_of(segment: Path) -> Path:
    """Returns where the index of a segment lies."""
    return segment.with_suffix(".index")


def _named(line: bytes) -> bytes:
    """Returns the hash that a line says it holds the text of; empty where it says none."""
    try:
        name = bytes.fromhex(_name_of(line).sha256)
    except (msgspec.DecodeError, ValueError):
        return b""
    return name if len(name) == 32 else b""  # noqa: PLR2004 - a SHA-256
