"""The texts of calls, to be searched whatever the case of their letters."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from zlib import crc32

from converge_desktop.adapters.traces.pages import Column, IndexDamaged, Piece, Read

if TYPE_CHECKING:
    import polars as pl

COLUMNS = ("headline", "output", "reasons")
"""What is kept of a call to be searched: its answer in a few words and whole, and what failed."""
Said = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Held:
    """Texts in memory, of the rows from ``first`` on; ``count`` rows name them."""

    first: int
    count: int
    texts: Sequence[Said]

    @property
    def size(self) -> int:
        """How many texts there are."""
        return len(self.texts)

    def frame(self, columns: Sequence[str]) -> pl.DataFrame:
        """Returns some columns of them."""
        import polars as pl  # noqa: PLC0415 - a fifth of a second, never before first paint

        texts = list(self.texts)  # more may come meanwhile
        places = {name: COLUMNS.index(name) for name in columns}
        own = {name: [said[place] for said in texts] for name, place in places.items()}
        return pl.DataFrame(own, schema=dict.fromkeys(columns, pl.String))


@dataclass(frozen=True, slots=True)
class Stored:
    """Texts in a file, as they were when it was written last: in nanosecond ``written``.

    The checksum of what is read is looked at again only where the file was written to since,
    because it may take as long as the search.
    """

    first: int
    count: int
    path: Path
    written: int
    columns: Mapping[str, Column]

    @property
    def size(self) -> int:
        """How many texts there are."""
        return self.columns[COLUMNS[0]].rows

    def frame(self, columns: Sequence[str]) -> pl.DataFrame:
        """Reads some columns of them.

        Raises:
            IndexDamaged: if they are not what was written.
        """
        import polars as pl  # noqa: PLC0415

        with self.reading() as read:
            return pl.DataFrame({name: self.columns[name].texts(read) for name in columns})

    @contextmanager
    def reading(self) -> Iterator[Read]:
        """Opens the file, to read pieces of it.

        Raises:
            IndexDamaged: if that cannot be done.
        """
        try:
            with self.path.open("rb", buffering=0) as file:
                same = os.fstat(file.fileno()).st_mtime_ns == self.written

                def read(piece: Piece) -> bytes:
                    file.seek(piece.begin)
                    data = file.read(piece.size)
                    if len(data) != piece.size or not (same or crc32(data) == piece.check):
                        raise IndexDamaged(f"{self.path} was changed")
                    return data

                yield read
        except OSError as error:
            raise IndexDamaged(f"{self.path} cannot be read") from error


Texts = Held | Stored


def folded(said: Said) -> Said:
    """Returns texts as they are searched, whatever the case of their letters."""
    headline, output, reasons = said
    return headline.casefold(), output.casefold(), reasons.casefold()
