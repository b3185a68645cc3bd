"""The texts of calls, each once a block, to be searched whatever the case of their letters."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np

from converge_desktop.adapters.traces.columns import Mask

if TYPE_CHECKING:
    import polars as pl

COLUMNS = ("headline", "output", "reasons")
"""What is kept of a call to be searched: its answer in a few words and whole, and what failed."""
Said = tuple[str, str, str]
_PIECE = re.compile(r"\*+")


class IndexDamaged(Exception):
    """A block of the index is gone or was changed; the index has to be made anew."""


@dataclass(frozen=True, slots=True)
class Held:
    """Texts in memory, of the rows from ``first`` on; ``count`` rows name them."""

    first: int
    count: int
    texts: Sequence[Said]

    def frame(self, columns: Sequence[str]) -> pl.DataFrame:
        """Returns some columns of them."""
        return _frame(self.texts).select(columns)


@dataclass(frozen=True, slots=True)
class Stored:
    """Texts in a file, from byte ``begin`` on, as they were when it was written last.

    ``check`` is the checksum over them; it is looked at again only where the file was written to
    since ``written``, the nanosecond in which that was last done, because it takes as long as the
    search.
    """

    first: int
    count: int
    path: Path
    begin: int
    size: int
    check: int
    written: int

    def frame(self, columns: Sequence[str]) -> pl.DataFrame:
        """Reads some columns of them.

        Raises:
            IndexDamaged: if they are not what was written.
        """
        return unpacked(self.bytes(), columns)

    def bytes(self) -> bytes:
        """Reads them as they were packed."""
        try:
            with self.path.open("rb") as file:
                file.seek(self.begin)
                data = file.read(self.size)
                same = os.fstat(file.fileno()).st_mtime_ns == self.written
        except OSError as error:
            raise IndexDamaged(f"{self.path} cannot be read") from error
        if len(data) != self.size or not (same or crc32(data) == self.check):
            raise IndexDamaged(f"{self.path} was changed")
        return data


Texts = Held | Stored


def folded(said: Said) -> Said:
    """Returns texts as they are searched, whatever the case of their letters."""
    headline, output, reasons = said
    return headline.casefold(), output.casefold(), reasons.casefold()


def packed(texts: Sequence[Said]) -> bytes:
    """Returns texts as they are stored."""
    data = io.BytesIO()
    _frame(texts).write_parquet(data, compression="lz4", statistics=False)
    return data.getvalue()


def unpacked(data: bytes, columns: Sequence[str] = COLUMNS) -> pl.DataFrame:
    """Reads texts that were stored.

    Raises:
        IndexDamaged: if they cannot be read.
    """
    import polars as pl  # noqa: PLC0415 - a fifth of a second, never before first paint

    try:
        return pl.read_parquet(data, columns=list(columns))
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        raise IndexDamaged(f"the texts of a block cannot be read ({error})") from error


def holding(texts: Texts, words: str, columns: Sequence[str]) -> Mask:
    """Returns which of the texts hold words, in any of the columns; ``*`` stands for anything."""
    import polars as pl  # noqa: PLC0415

    pieces = [piece for piece in _PIECE.split(words.casefold()) if piece]
    frame = texts.frame(columns)
    if not pieces:
        return np.ones(frame.height, np.bool_)
    literal = len(pieces) == 1
    pattern = pieces[0] if literal else "(?s)" + ".*".join(map(re.escape, pieces))
    each = [pl.col(name).str.contains(pattern, literal=literal) for name in columns]
    return frame.select(pl.any_horizontal(each)).to_series().to_numpy()


def _frame(texts: Sequence[Said]) -> pl.DataFrame:
    import polars as pl  # noqa: PLC0415

    columns = list(zip(*texts, strict=True)) or [()] * len(COLUMNS)
    schema = dict.fromkeys(COLUMNS, pl.String)
    return pl.DataFrame(dict(zip(COLUMNS, columns, strict=True)), schema=schema)
