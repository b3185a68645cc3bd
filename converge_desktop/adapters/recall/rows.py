"""The rows of what can be recalled, each with its vector, in two files that only grow.

They are a view: nothing of them is synced to disk, and whatever is wrong with them, their folder is
thrown away and filled again from the ledger. Where the system lets nothing be written or read for
now, they are kept: what was not added is added later. A small file beside them says how far they
have come and by what they were embedded; rows that it does not cover are none.

A person's desk seldom has more of them than are searched in memory. So these files are plain, and
the engine that searches more, which takes a hundred megabytes before it holds a row, is not even
imported before there are as many (see ``table``).
"""

from __future__ import annotations

import os
import shutil
from array import array
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import accumulate, islice
from pathlib import Path
from typing import BinaryIO, Final, TypeAlias
from zlib import crc32

import msgspec
import numpy as np
import numpy.typing as npt

from converge_core.canonical import ContentHash, hash_text
from converge_core.recall import RecallSource
from converge_desktop.adapters.recall.broken import TableBroken
from converge_desktop.adapters.recall.things import SCHEMA, Thing
from converge_desktop.adapters.refused import Refused, refused

HEAD: Final = "head.json"
THINGS: Final = "things.jsonl"
"""What the rows say, a line each: a checksum, and a thing as JSON."""
VECTORS: Final = "vectors.f32"
"""The vectors, one behind the other, as little-endian numbers of four bytes."""
TABLE: Final = "things.lance"
"""The folder of the table that is made of them beside them, once they are many."""
AT_ONCE: Final = 5_000
"""Rows that are read at a time where all of them are."""
EMPTY_HASH: Final = hash_text("")
_CHUNK: Final = 1 << 20
_CHECK: Final = 8
_NUMBER: Final = np.dtype("<f4")
_WRITER: Final = msgspec.json.Encoder(enc_hook=str)  # ids are texts of kinds of their own
_OTHER: Final = "some of its rows are gone, were changed, or lie elsewhere"
_READER: Final = msgspec.json.Decoder(Thing)

Vectors: TypeAlias = npt.NDArray[np.float32]
Part = tuple[list[Thing], Vectors]
"""Rows that follow each other: what they say, and their vectors."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rows count: those of one tenant, of some kinds or all, and not those of a run."""

    tenant: str
    kinds: tuple[RecallSource, ...] = ()
    but_run: str = ""


@contextmanager
def can_be(folder: Path, done: str) -> Iterator[None]:
    """Makes whatever goes wrong with files or an engine, which is of no one kind, one of two."""
    try:
        yield
    except (TableBroken, Refused):
        raise
    except Exception as error:
        raise refused(folder, done, error) or TableBroken(
            f"it cannot be {done}: {error}"
        ) from error


@dataclass(frozen=True, slots=True)
class TableHead:
    """How far the rows have come.

    Attributes:
        desk: whose ledger they show.
        embedder: the digest of what embedded them.
        seq: the last record they take in.
        hash: that record's.
        resume: the record from which one has to read to go on.
        rows: how many there are.
        content: the hash of what they say, in order.
        check: the checksum of their vectors, in order.
        schema: how they were made.
    """

    desk: str
    embedder: ContentHash
    seq: int
    hash: str
    resume: int
    rows: int
    content: ContentHash
    check: int = 0
    schema: int = SCHEMA


class RecallRows:
    """A folder with the rows in it.

    Args:
        folder: where they lie; it need not exist.
        width: how many numbers a vector has.
    """

    def __init__(self, folder: Path, width: int) -> None:
        self._folder = folder
        self._width = width
        self._ends = array("Q")
        """The byte behind each row's line."""

    def head(self) -> TableHead | None:
        """Returns how far they have come; None where that is missing or makes no sense.

        Raises:
            Refused: if the system does not let it be read.
        """
        try:
            found = msgspec.json.decode((self._folder / HEAD).read_bytes(), type=TableHead)
        except (OSError, ValueError, RecursionError) as error:
            if (now := refused(self._folder, "read", error)) is not None:
                raise now from error
            return None
        return found if found.schema == SCHEMA else None

    @property
    def there(self) -> bool:
        """Whether its folder is there; somebody may delete it at any time.

        Raises:
            Refused: if the system does not let it be looked at.
        """
        with can_be(self._folder, "read"):
            return all((self._folder / name).is_file() for name in (HEAD, THINGS, VECTORS))

    def open(self, rows: int) -> None:
        """Finds where each of so many rows lies.

        Rows behind those that are known of go: whoever added them was cut off.

        Raises:
            Refused: if the system does not let them be read.
            TableBroken: if they cannot be read for another reason, or are fewer.
        """
        with can_be(self._folder, "opened"):
            self._ends = _line_ends(self._folder / THINGS, rows)
            sizes = (self._ends[-1] if rows else 0, rows * self._size)
            for name, size in zip((THINGS, VECTORS), sizes, strict=True):
                path = self._folder / name
                there = path.stat().st_size
                if len(self._ends) < rows or there < size:
                    raise TableBroken(f"it does not hold the {rows} rows that it should")
                if there > size:
                    os.truncate(path, size)

    def begin(self, head: TableHead) -> None:
        """Throws away what is there and begins with none, as far as ``head``.

        Raises:
            Refused: if the system does not let them be written.
            TableBroken: if they cannot be made for another reason.
        """
        shutil.rmtree(self._folder, ignore_errors=True)
        with can_be(self._folder, "written"):
            self._folder.mkdir(parents=True, exist_ok=True)
            for name in (THINGS, VECTORS):
                (self._folder / name).write_bytes(b"")
            self._say(head)
        self._ends = array("Q")

    def add(self, things: Sequence[Thing], vectors: Vectors, head: TableHead) -> None:
        """Adds rows, and says how far they have come then.

        Raises:
            Refused: if the system lets nothing be written now; they stay as they were.
            TableBroken: if they were deleted meanwhile, or cannot be written for another reason.
        """
        if not self.there:
            raise TableBroken("it was deleted")
        lines = list(map(_line, things))
        flat, end = vectors.astype(_NUMBER, copy=False), self._ends[-1] if self._ends else 0
        with can_be(self._folder, "written"):
            _write(self._folder / THINGS, end, b"".join(lines))
            _write(self._folder / VECTORS, len(self._ends) * self._size, flat.tobytes())
            self._say(head)
        self._ends.extend(islice(accumulate(map(len, lines), initial=end), 1, None))

    def all(self, head: TableHead) -> Iterator[Part]:
        """Returns all rows, in the order in which they were added, some thousands at a time.

        Raises:
            Refused: if the system does not let them be read.
            TableBroken: in the end at the latest, if they cannot be read for another reason, or are
                not those that their head tells of.
        """
        content, check = EMPTY_HASH, 0
        for first in range(0, len(self._ends), AT_ONCE):
            last = min(first + AT_ONCE, len(self._ends))
            with can_be(self._folder, "read"):
                things, vectors = self._part(first, last)
            content, check = told(content, things), checked(check, vectors)
            yield things, vectors
        if (content, check) != (head.content, head.check):
            raise TableBroken("its rows are not those that were added")

    def at(self, places: Sequence[int]) -> dict[int, Thing]:
        """Returns what rows say, by their places.

        Raises:
            Refused: if the system does not let them be read.
            TableBroken: if they cannot be read for another reason, or were changed.
        """
        if not places:
            return {}
        with can_be(self._folder, "read"), (self._folder / THINGS).open("rb") as file:
            return {place: _thing(self._lines(file, place, place + 1)) for place in places}

    @property
    def _size(self) -> int:
        """The bytes of a vector."""
        return self._width * _NUMBER.itemsize

    def _part(self, first: int, last: int) -> Part:
        path, begin = self._folder / VECTORS, first * self._size
        flat = np.fromfile(path, _NUMBER, (last - first) * self._width, offset=begin)
        vectors = flat.astype(np.float32, copy=False).reshape(last - first, self._width)
        with (self._folder / THINGS).open("rb") as file:
            *lines, rest = self._lines(file, first, last).split(b"\n")
        if rest or len(lines) != last - first:
            raise TableBroken(_OTHER)
        return [*map(_thing, lines)], vectors

    def _lines(self, file: BinaryIO, first: int, last: int) -> bytes:
        """Reads the lines of rows that follow each other."""
        begin = self._ends[first - 1] if first else 0
        file.seek(begin)
        return file.read(self._ends[last - 1] - begin)

    def _say(self, head: TableHead) -> None:
        unfinished = self._folder / f"{HEAD}.part"
        unfinished.write_bytes(msgspec.json.encode(head))
        unfinished.replace(self._folder / HEAD)


def told(before: ContentHash, things: Iterable[Thing]) -> ContentHash:
    """Returns the hash of what rows say, behind those that came before."""
    for one in things:
        before = hash_text(f"{before}\0{one.id}\0{one.tenant}\0{one.content}")
    return before


def checked(before: int, vectors: Vectors) -> int:
    """Returns the checksum of vectors, behind those that came before."""
    return crc32(np.ascontiguousarray(vectors).data, before)


def _write(path: Path, begin: int, data: bytes) -> None:
    """Writes from a byte on, over what was cut off there; a file that is gone is not made again."""
    with path.open("r+b") as file:
        file.seek(begin)
        file.write(data)
        file.truncate()


def _line_ends(path: Path, most: int) -> array[int]:
    """Returns the byte behind each of the first ``most`` lines of a file."""
    found, begin = array("Q"), 0
    with path.open("rb") as file:
        while len(found) < most and (data := file.read(_CHUNK)):
            ends = np.flatnonzero(np.frombuffer(data, np.uint8) == ord("\n")) + begin + 1
            found.frombytes(ends.astype(np.uint64).tobytes())
            begin += len(data)
    return found[:most]


def _line(thing: Thing) -> bytes:
    said = _WRITER.encode(thing)
    return b"%08x %b\n" % (crc32(said), said)


def _thing(line: bytes) -> Thing:
    """Returns what a row says.

    Raises:
        TableBroken: if that is not what was written.
    """
    check, said = line[:_CHECK], line[_CHECK + 1 :].rstrip(b"\n")
    if check != b"%08x" % crc32(said):
        raise TableBroken(_OTHER)
    return _READER.decode(said)
