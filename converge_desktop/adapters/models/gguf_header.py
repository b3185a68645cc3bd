"""The header of a GGUF file, read without believing it.

Every count and length is held against the file's size before anything is read or kept, so that a
hostile header costs little time and memory. The file is read, never mapped: one that is cut short
meanwhile is an error here and not a signal. What the header says is passed on as it stands.
"""

from __future__ import annotations

import os
import stat
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BufferedReader
from pathlib import Path
from typing import Final

MAGIC: Final = b"GGUF"
VERSIONS: Final = (2, 3)
DEFAULT_ALIGNMENT: Final = 32
MOST_KEYS: Final = 100_000
MOST_TENSORS: Final = 1_000_000
MOST_TEXTS: Final = 4_000_000
"""More pieces and merges than any vocabulary has."""
KEPT_TEXT: Final = 100_000
"""Longer values are passed over; no setting is as long."""
_LEAST_KEY: Final = 8 + 1 + 4 + 1
_LEAST_TENSOR: Final = 8 + 1 + 4 + 8 + 4 + 8
_MOST_DIMENSIONS: Final = 4
_STRING, _ARRAY = 8, 9
_SCALARS: Final = dict(enumerate("BbHhIif?")) | {10: "Q", 11: "q", 12: "d"}
_PRECISIONS: Final = {
    number: name
    for name, number in (
        *(("F32", 0), ("F16", 1), ("Q4_0", 2), ("Q4_1", 3), ("Q5_0", 6), ("Q5_1", 7)),
        *(("Q8_0", 8), ("BF16", 30)),
    )
}

Value = int | float | bool | str


class BadHeader(Exception):
    """The header cannot be that of a model; the text says why, without the file's name."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """One tensor as the header announces it, the fastest dimension first."""

    name: str
    shape: tuple[int, ...]
    kind: int

    @property
    def precision(self) -> str:
        """Returns what it is stored in."""
        return _PRECISIONS.get(self.kind, f"type {self.kind}")


@dataclass(slots=True)
class Header:
    """What a header says: its settings, and its tensors. Lists are counted, not kept."""

    version: int
    settings: dict[str, Value] = field(default_factory=dict)
    lists: dict[str, int] = field(default_factory=dict)
    tensors: list[Tensor] = field(default_factory=list)

    def text(self, key: str) -> str:
        """Returns a setting that is text; empty if it is missing or something else."""
        value = self.settings.get(key)
        return value if isinstance(value, str) else ""

    def number(self, key: str) -> int:
        """Returns a setting that is a whole number; 0 if it is missing or something else."""
        value = self.settings.get(key)
        return value if isinstance(value, int) and not isinstance(value, bool) else 0


@contextmanager
def opened(path: Path) -> Iterator[BufferedReader]:
    """Opens a file for reading; it does not wait for what is no file.

    Raises:
        BadHeader: if it is something else, such as a folder or a pipe.
        OSError: if it cannot be opened.
    """
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise BadHeader("it is not a file")
    with os.fdopen(fd, "rb") as file:
        yield file


def read_header(path: Path) -> Header:
    """Reads the header of a GGUF file.

    Raises:
        BadHeader: if it cannot be that of a model.
        OSError: if the file cannot be read.
    """
    with opened(path) as file:
        return _Reader(file, os.fstat(file.fileno()).st_size).header()


class _Reader:
    """Reads one value after the other, never beyond the end."""

    def __init__(self, file: BufferedReader, size: int) -> None:
        self._file = file
        self._size = size
        self._at = 0
        self._texts = 0

    def header(self) -> Header:
        if self._size < len(MAGIC) or self._take(len(MAGIC)) != MAGIC:
            raise BadHeader("it does not begin with “GGUF”")
        version = self._whole("I")
        if version not in VERSIONS:
            swapped = int.from_bytes(version.to_bytes(4, "little"), "big")
            turned = " (it was written for machines of the other byte order)"
            raise BadHeader(
                f"version {version} of the format is not known; 2 and 3 are"
                + (turned if swapped in VERSIONS else "")
            )
        tensors = self._count("tensors", _LEAST_TENSOR, MOST_TENSORS)
        keys = self._count("settings", _LEAST_KEY, MOST_KEYS)
        header = Header(version)
        for _ in range(keys):
            self._setting(header)
        alignment = self._alignment(header)
        offsets = [self._tensor(header) for _ in range(tensors)]
        data = -(-self._at // alignment) * alignment
        for tensor, offset in zip(header.tensors, offsets, strict=True):
            if offset % alignment or data + offset > self._size:
                raise BadHeader(
                    f"the weights {_shown(tensor.name)} are said to lie at {data + offset:,}, "
                    f"outside of its {self._size:,} bytes or across their alignment"
                )
        return header

    def _count(self, what: str, least: int, most: int) -> int:
        count = self._whole("Q")
        if count > min(most, self._size // least):
            raise BadHeader(f"{count:,} {what} do not fit into its {self._size:,} bytes")
        return count

    def _setting(self, header: Header) -> None:
        key = self._text()
        if not key:
            raise BadHeader("a setting has no name")
        if key in header.settings or key in header.lists:
            raise BadHeader(f"the setting {_shown(key)} stands there twice")
        kind = self._whole("I")
        if kind == _ARRAY:
            header.lists[key] = self._pass_list(key)
        elif kind == _STRING:
            value = self._text()
            if value is not None:
                header.settings[key] = value
        elif kind in _SCALARS:
            header.settings[key] = self._number(_SCALARS[kind])
        else:
            raise BadHeader(f"the setting {_shown(key)} is of the unknown kind {kind}")

    def _pass_list(self, key: str) -> int:
        kind, count = self._whole("I"), self._whole("Q")
        if kind == _STRING:
            self._texts += count
            if count > (self._size - self._at) // 8 or self._texts > MOST_TEXTS:
                raise BadHeader(f"the list {_shown(key)} of {count:,} texts does not fit into it")
            for _ in range(count):
                self._skip(self._whole("Q"))
            return count
        if kind not in _SCALARS:
            raise BadHeader(f"the list {_shown(key)} is of the unknown kind {kind}")
        self._skip(count * struct.calcsize("<" + _SCALARS[kind]))
        return count

    def _alignment(self, header: Header) -> int:
        alignment = header.settings.get("general.alignment", DEFAULT_ALIGNMENT)
        if not isinstance(alignment, int) or alignment <= 0 or alignment & (alignment - 1):
            raise BadHeader(f"an alignment of {_shown(str(alignment))} is no power of two")
        return alignment

    def _tensor(self, header: Header) -> int:
        """Reads what is said of a tensor and returns where its weights are said to lie."""
        name = self._text() or ""
        dimensions = self._whole("I")
        if not 0 < dimensions <= _MOST_DIMENSIONS:
            raise BadHeader(f"the weights {_shown(name)} have {dimensions} dimensions")
        shape = tuple(self._whole("Q") for _ in range(dimensions))
        header.tensors.append(Tensor(name, shape, self._whole("I")))
        return self._whole("Q")

    def _text(self) -> str | None:
        """Reads a text; one that is too long to be kept is passed over."""
        length = self._whole("Q")
        if length > KEPT_TEXT:
            self._skip(length)
            return None
        return self._take(length).decode("utf-8", "replace")

    def _whole(self, code: str) -> int:
        return int(self._number(code))

    def _number(self, code: str) -> int | float | bool:
        code = "<" + code
        value: int | float | bool = struct.unpack(code, self._take(struct.calcsize(code)))[0]
        return value

    def _take(self, length: int) -> bytes:
        if length > self._size - self._at:
            raise BadHeader(f"it is cut off at {self._size:,} bytes, within its header")
        data = self._file.read(length)
        if len(data) != length:
            raise BadHeader("it became shorter while it was read")
        self._at += length
        return data

    def _skip(self, length: int) -> None:
        if length > self._size - self._at:
            raise BadHeader(f"it is cut off at {self._size:,} bytes, within its header")
        self._at += length
        self._file.seek(self._at)


def plain(text: str, most: int = 200) -> str:
    """Returns what a file says of itself as one short line without signs that cannot be seen."""
    line = "".join(sign if sign.isprintable() else "\ufffd" for sign in text[: most + 1])
    return line if len(line) <= most else line[:most] + "…"


def _shown(name: str) -> str:
    return f"“{plain(name, 60)}”"
