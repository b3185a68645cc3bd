"""The ledger's files: how batches lie in them, and what a crash can leave behind the last one.

A ledger is a directory of ``*.jsonl`` files, each named by the number of its first record. A batch
never straddles two of them. Only behind the last closed batch of the last file may anything lie
that is not a record: what a crash left of a batch that was never acknowledged.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import BinaryIO

from converge_core.errors import LedgerCorrupt
from converge_core.ledger import Chain, Entry, decode_line

SUFFIX = ".jsonl"
_NAME = re.compile(r"[0-9]{12,}\.jsonl")
MAX_LINE = 64 * 1024 * 1024
"""Bytes beyond which a line is no record; a record is a good deal smaller."""
SEGMENT_BYTES = 64 * 1024 * 1024
"""The size from which a new file is begun."""
_CHUNK = 1 << 20
_SECTOR = bytes(512)
"""What a power cut can leave where nothing was written yet. No record holds a zero byte."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the next batch begins: in which of the files, at which byte, behind which record."""

    file: int = 0
    offset: int = 0
    chain: Chain = field(default_factory=Chain)


@dataclass(frozen=True, slots=True)
class Batch:
    """A closed batch as it was read.

    Attributes:
        file: in which of the files it lies.
        offsets: the byte at which each record begins.
        size: the bytes it takes.
        entries: its records.
    """

    file: int
    offsets: tuple[int, ...]
    size: int
    entries: tuple[Entry, ...]


def segments(directory: Path) -> list[Path]:
    """Returns the ledger's files, in order; none where there is no such directory.

    Raises:
        OSError: if the directory cannot be read.
    """
    if not directory.exists():
        return []
    named = (path for path in directory.iterdir() if _NAME.fullmatch(path.name))
    return sorted((path for path in named if path.is_file()), key=lambda path: int(path.stem))


def segment_name(first: int) -> str:
    """Returns the name of the file that begins with record ``first``."""
    return f"{first:012d}{SUFFIX}"


ReadLine = Callable[[bytes, Chain], Entry]
"""Reads the line that follows a chain; raises LedgerCorrupt where it does not hold."""


class Batches:
    """Reads closed batches, checking each record against the one before.

    Args:
        files: the ledger's files.
        start: where the first batch to read begins.
        read: reads a line.

    Attributes:
        end: where the next batch goes; it moves along with the reading.
        unfinished: the bytes behind the last closed batch, once all is read.
    """

    def __init__(self, files: Sequence[Path], start: Place, read: ReadLine = decode_line) -> None:
        self._files = files
        self._read = read
        self.end = start
        self.unfinished = 0

    def __iter__(self) -> Iterator[Batch]:
        """Reads on from the end.

        Raises:
            LedgerCorrupt: at the first record that does not hold.
            OSError: if a file cannot be read.
        """
        for number in range(self.end.file, len(self._files)):
            if number != self.end.file:
                self.end = Place(number, 0, self.end.chain)
            with self._files[number].open("rb") as file:
                file.seek(self.end.offset)
                yield from self._batches(file)
                behind = file.seek(0, 2) - self.end.offset
            if behind and number != len(self._files) - 1:
                name = self._files[number].name
                raise LedgerCorrupt(self.end.chain.seq + 1, f"{name} ends inside a batch")
            self.unfinished = behind

    def _batches(self, file: BinaryIO) -> Iterator[Batch]:
        chain, position, read = self.end.chain, self.end.offset, self._read
        offsets: list[int] = []
        entries: list[Entry] = []
        for line in iter(partial(file.readline, MAX_LINE), b""):
            if not line.endswith(b"\n"):
                self._require_torn(line, chain)
                return
            try:
                entry = read(line, chain)
            except LedgerCorrupt:
                if self._never_written(file):
                    return
                raise
            chain = Chain(chain.seq + 1, entry.hash)
            offsets.append(position)
            entries.append(entry)
            position += len(line)
            if entry.head.close:
                number, begun = self.end.file, self.end.offset
                self.end = Place(number, position, chain)
                yield Batch(number, tuple(offsets), position - begun, tuple(entries))
                offsets, entries = [], []

    @staticmethod
    def _require_torn(line: bytes, chain: Chain) -> None:
        """Refuses a record that is whole but for the byte that ends it.

        A crash cuts a line short, or leaves zeros where nothing was written yet; it does not put
        another byte in the place of its end.
        """
        if line.endswith(b"\0"):
            return
        if len(line) == MAX_LINE:
            raise LedgerCorrupt(chain.seq + 1, "the line is longer than any record")
        try:
            decode_line(line[:-1] + b"\n", chain)
        except LedgerCorrupt:
            return
        raise LedgerCorrupt(chain.seq + 1, "the byte that ends the record was changed")

    def _never_written(self, file: BinaryIO) -> bool:
        """Whether what follows the last closed batch has holes, as only a power cut leaves them."""
        if self.end.file != len(self._files) - 1:
            return False
        file.seek(self.end.offset)
        before = b""
        while data := file.read(_CHUNK):
            if _SECTOR in before + data:
                return True
            before = data[-len(_SECTOR) :]
        return False
