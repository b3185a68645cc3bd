"""Blocks of the index on disk: what some records of the ledger came to, bound to those records.

A block names the records it covers and the hash of the last of them, so it is believed only beside
that ledger. Every byte of it is under a checksum. One that cannot be read, or does not fit, is as
good as none, and so are those behind it.
"""

from __future__ import annotations

import contextlib
import os
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

import msgspec
import numpy as np

from converge_desktop.adapters.traces.columns import CODE, Ints, Layout
from converge_desktop.adapters.traces.pages import Column, Packed, Piece
from converge_desktop.adapters.traces.texts import COLUMNS, Stored

VERSION = 2
SUFFIX = ".block"
_MAGIC = b"converge traces\n"
_OPENING = struct.Struct("<QII")
"""The length of the head, its checksum, and that of the columns."""

Part = tuple[Mapping[str, Ints], Mapping[str, Sequence[str]]]
"""Columns and their dictionaries."""


class _Texts(msgspec.Struct, forbid_unknown_fields=True):
    """A column of texts: how many differ, then length and checksum of each piece, in order."""

    count: int
    skips: tuple[int, int]
    places: tuple[int, int]
    pages: list[tuple[int, int]]


class _Head(msgspec.Struct, forbid_unknown_fields=True):
    version: int
    first: int
    end: int
    hash: str
    columns: dict[str, list[str]]
    counts: dict[str, int]
    words: dict[str, dict[str, list[str]]]
    texts: dict[str, _Texts]


@dataclass(frozen=True, slots=True)
class Block:
    """What a file of the index holds.

    Attributes:
        path: the file.
        first: the first record of the ledger that it covers.
        end: the last one.
        hash: the hash of that.
        parts: the columns, by the name of their sheet.
        texts: where its texts lie.
    """

    path: Path
    first: int
    end: int
    hash: str
    parts: Mapping[str, Part]
    texts: Stored


def block_path(directory: Path, first: int) -> Path:
    """Returns where the block lies that begins with record ``first``."""
    return directory / f"{first:012d}{SUFFIX}"


def write_block(
    path: Path,
    span: tuple[int, int, str],
    parts: Mapping[str, Part],
    texts: Mapping[str, Packed],
    row: int,
) -> Stored:
    """Writes a block in the place of one of that name; nothing of it is synced.

    Args:
        path: the file.
        span: the first record it covers, the last, and the hash of that.
        parts: the columns of each sheet.
        texts: the columns of texts as they are packed.
        row: the first row of model calls that it holds.

    Returns:
        Where its texts lie.

    Raises:
        OSError: if it cannot be written.
    """
    data = b"".join(
        _little(column).tobytes() for columns, _ in parts.values() for column in columns.values()
    )
    head = _head(span, parts, texts)
    spelled = msgspec.json.encode(head)
    opening = _MAGIC + _OPENING.pack(len(spelled), crc32(spelled), crc32(data))
    said = (piece for own in texts.values() for piece in (own.skips, own.places, *own.pages))
    written = _put(path, (opening, spelled, data, *said))
    begin = len(opening) + len(spelled) + len(data)
    return Stored(row, head.counts["traces"], path, written, _columns(head, begin))


def read_blocks(directory: Path, layouts: Mapping[str, Layout]) -> Iterator[Block]:
    """Returns the blocks that follow each other from the ledger's first record on, until none does.

    Their texts are read as well, and checked, and not kept.
    """
    first, rows = 0, 0
    for path in sorted(directory.glob(f"*{SUFFIX}")) if directory.is_dir() else ():
        found = _read(path, layouts, rows)
        if found is None or found.first != first or found.path != block_path(directory, first):
            return
        yield found
        first, rows = found.end + 1, rows + found.texts.count


def remove_blocks(directory: Path, first: int = 0) -> None:
    """Removes the blocks from record ``first`` on, and what is half written."""
    for path in (*directory.glob(f"*{SUFFIX}"), *directory.glob("*.new")):
        if path.suffix != SUFFIX or path.stem >= f"{first:012d}":
            with contextlib.suppress(OSError):
                path.unlink()


def _head(
    span: tuple[int, int, str], parts: Mapping[str, Part], texts: Mapping[str, Packed]
) -> _Head:
    first, end, last = span
    return _Head(
        version=VERSION,
        first=first,
        end=end,
        hash=last,
        columns={
            name: [f"{key}:{column.dtype.str[1:]}" for key, column in columns.items()]
            for name, (columns, _) in parts.items()
        },
        counts={name: len(next(iter(columns.values()))) for name, (columns, _) in parts.items()},
        words={
            name: {key: list(own) for key, own in words.items()}
            for name, (_, words) in parts.items()
        },
        texts={
            name: _Texts(
                count=own.count,
                skips=_of(own.skips),
                places=_of(own.places),
                pages=list(map(_of, own.pages)),
            )
            for name, own in texts.items()
        },
    )


def _of(piece: bytes) -> tuple[int, int]:
    return len(piece), crc32(piece)


def _put(path: Path, pieces: Iterable[bytes]) -> int:
    """Writes a file in the place of one of that name; returns in which nanosecond."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    try:
        with fresh.open("wb") as file:
            file.writelines(pieces)
        written = fresh.stat().st_mtime_ns
        fresh.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            fresh.unlink()  # half of it would take room where there may be none
        raise
    return written


def _read(path: Path, layouts: Mapping[str, Layout], row: int) -> Block | None:
    try:
        # Not mapped: where somebody shortens the file, looking at it would end the process.
        with path.open("rb") as file:
            written = os.fstat(file.fileno()).st_mtime_ns
            return _decoded(path, written, memoryview(file.read()), layouts, row)
    except (OSError, ValueError, KeyError, IndexError, msgspec.MsgspecError, struct.error):
        return None


def _decoded(
    path: Path, written: int, data: memoryview, layouts: Mapping[str, Layout], row: int
) -> Block | None:
    begin = len(_MAGIC) + _OPENING.size
    length, head_check, check = _OPENING.unpack(data[len(_MAGIC) : begin])
    spelled = data[begin : begin + length]
    if data[: len(_MAGIC)] != _MAGIC or crc32(spelled) != head_check:
        return None
    head = msgspec.json.decode(bytes(spelled), type=_Head)
    if head.version != VERSION:
        return None
    at = begin + length
    texts = len(data) - sum(size for own in head.texts.values() for size, _ in _pieces(own))
    if texts < at or crc32(data[at:texts]) != check:
        return None
    columns = _columns(head, texts)
    for column in columns.values():
        for piece in (column.skips, column.places, *column.pages):
            if crc32(data[piece.begin : piece.begin + piece.size]) != piece.check:
                return None
    parts = dict(_parts(head, data[at:texts], layouts))
    stored = Stored(row, head.counts["traces"], path, written, columns)
    return Block(path, head.first, head.end, head.hash, parts, stored)


def _columns(head: _Head, begin: int) -> dict[str, Column]:
    """Returns where the columns of texts lie, the first of which begins at a byte of the file."""
    columns: dict[str, Column] = {}
    for name in COLUMNS:
        pieces: list[Piece] = []
        for size, check in _pieces(head.texts[name]):
            pieces.append(Piece(begin, size, check))
            begin += size
        skips, places, *pages = pieces
        columns[name] = Column(head.texts[name].count, skips, places, tuple(pages))
    return columns


def _pieces(own: _Texts) -> list[tuple[int, int]]:
    return [own.skips, own.places, *own.pages]


def _parts(
    head: _Head, data: memoryview, layouts: Mapping[str, Layout]
) -> Iterator[tuple[str, Part]]:
    """Reads the columns; those of another layout are refused, by a ValueError."""
    at = 0
    for name, layout in layouts.items():
        kinds = {key: np.dtype(kind) for key, kind in layout.numbers.items()}
        kinds |= dict.fromkeys(layout.words, np.dtype(CODE))
        if head.columns[name] != [f"{key}:{kind.str[1:]}" for key, kind in kinds.items()]:
            raise ValueError(name)
        columns: dict[str, Ints] = {}
        for key, kind in kinds.items():
            size = head.counts[name] * kind.itemsize
            columns[key] = np.frombuffer(data[at : at + size], kind.newbyteorder("<"))
            at += size
        yield name, (columns, head.words[name])


def _little(column: Ints) -> Ints:
    return column.astype(column.dtype.newbyteorder("<"), copy=False)
