"""Checks the index files of a repository before libgit2 maps them into memory.

libgit2 believes a pack's index: one damaged offset in it ends the whole process, measured with
libgit2 1.9.7. Packs, loose objects and references need no such care; there libgit2 checks itself.
"""

from __future__ import annotations

import hashlib
import mmap
import struct
import sys
from array import array
from typing import TYPE_CHECKING

from converge_desktop.adapters.intake import refusal
from converge_desktop.adapters.wording import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_MAGIC = b"\xfftOc\0\0\0\2"
_HASH = 20
_FANOUT = 256
_ENTRIES = len(_MAGIC) + 4 * _FANOUT
_PER_OBJECT = _HASH + 4 + 4
_FAR = 1 << 31
"""An offset with this bit set is the number of an entry in the table of far offsets."""
_MAX_ALTERNATES = 5
_REMEDY = "Rebuild it with git gc, or clone the repository anew."


def check_indexes(objects: Path) -> None:
    """Checks all index files of an object store and of those it borrows from.

    Raises:
        IntakeError: if one is damaged.
    """
    for store in _stores(objects):
        for index in sorted((store / "pack").glob("*.idx")):
            if reason := _checked(index, _pack_fault):
                raise refusal(plain(str(index)), "", reason, _REMEDY)
        for index in _other_indexes(store):
            if reason := _checked(index, _sum_fault):
                raise refusal(plain(str(index)), "", reason, _REMEDY)


def _stores(objects: Path) -> Iterator[Path]:
    waiting = [objects]
    for _ in range(_MAX_ALTERNATES):
        below: list[Path] = []
        for store in waiting:
            yield store
            borrowed = store / "info" / "alternates"
            if borrowed.is_file():
                lines = borrowed.read_text(errors="surrogateescape").splitlines()
                below += [store / line for line in lines if line and not line.startswith("#")]
        waiting = below


def _other_indexes(store: Path) -> Iterator[Path]:
    for name in ("pack/multi-pack-index", "info/commit-graph"):
        if (store / name).is_file():
            yield store / name
    yield from sorted((store / "info" / "commit-graphs").glob("*.graph"))


def _checked(index: Path, fault: Callable[[Path, mmap.mmap], str | None]) -> str | None:
    with index.open("rb") as file:
        try:
            content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except ValueError:
            return "this index file is empty"
        with content:
            return fault(index, content)


def _sum_fault(_: Path, content: mmap.mmap) -> str | None:
    with memoryview(content) as view, view[:-_HASH] as body, view[-_HASH:] as said:
        if hashlib.sha1(body, usedforsecurity=False).digest() == said:
            return None
    return "this index file is damaged, its checksum does not fit"


def _pack_fault(index: Path, content: mmap.mmap) -> str | None:
    if content[: len(_MAGIC)] != _MAGIC:
        return "this index file is damaged or of an old form"
    if fault := _sum_fault(index, content):
        return fault
    counts = _numbers(content, len(_MAGIC), _FANOUT)
    objects = counts[-1] if len(counts) == _FANOUT else 0
    far, rest = divmod(len(content) - _ENTRIES - objects * _PER_OBJECT - 2 * _HASH, 8)
    if sorted(counts) != list(counts) or rest or not 0 <= far <= objects:
        return "this index file is damaged, its size does not fit what it lists"
    pack = index.with_suffix(".pack")
    end = pack.stat().st_size - _HASH if pack.is_file() else 0
    if not _inside(content, objects, far, end):
        return "this index file is damaged, it points outside its pack"
    return None


def _inside(content: mmap.mmap, objects: int, far: int, end: int) -> bool:
    """Says whether all offsets of the index lie inside the pack."""
    start = _ENTRIES + objects * (_HASH + 4)
    offsets = _numbers(content, start, objects)
    if max(offsets, default=0) >= _FAR:
        table = struct.unpack_from(f">{far}Q", content, start + 4 * objects)
        numbers = [offset - _FAR for offset in offsets if offset >= _FAR]
        if max(numbers) >= far or max(table) >= end:
            return False
    return all(offset < end or offset >= _FAR for offset in offsets)


def _numbers(content: mmap.mmap, start: int, count: int) -> array[int]:
    raw = content[start : start + 4 * count]
    numbers = array("I", raw[: len(raw) // 4 * 4])
    if sys.byteorder == "little":
        numbers.byteswap()
    return numbers
