"""The texts of a column as a block stores them: each once, in pages that can be read alone."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np

from converge_desktop.adapters.traces.columns import Ints, Mask
from converge_desktop.adapters.traces.skips import KIND, PAGES, may_hold, skips_of

if TYPE_CHECKING:
    import polars as pl

LEAST = 1024
"""The texts of a page at least, as long as there are so many."""
PLACE = np.dtype("<u2")
_NAME = "texts"


class IndexDamaged(Exception):
    """A block of the index is gone or was changed; the index has to be made anew."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Some bytes of a file: where they begin, how many there are, and their checksum."""

    begin: int
    size: int
    check: int


Read = Callable[[Piece], bytes]
"""Reads a piece; raises IndexDamaged where it is seen that it is not what was written."""


@dataclass(frozen=True, slots=True)
class Packed:
    """A column as it is stored.

    Attributes:
        count: how many texts there are that differ.
        skips: which pages cannot hold words (see ``skips``).
        places: for each row, which of the texts it has.
        pages: the texts.
    """

    count: int
    skips: bytes
    places: bytes
    pages: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """The same in a file."""

    count: int
    skips: Piece
    places: Piece
    pages: tuple[Piece, ...]

    @property
    def rows(self) -> int:
        """How many rows have one of the texts."""
        return self.places.size // PLACE.itemsize

    def texts(self, read: Read) -> pl.Series:
        """Returns the text of each row."""
        return unpacked([read(page) for page in self.pages]).gather(self._places(read))

    def asked(self, pieces: Sequence[str], read: Read) -> list[int]:
        """Returns the pages that may hold all of some words: those that have to be read."""
        return may_hold(self._skips(read), pieces, len(self.pages))

    def length(self, page: int) -> int:
        """Returns how many texts a page has."""
        most = _length(self.count)
        return min(most, self.count - page * most)

    def having(self, found: Mapping[int, Mask], read: Read) -> Mask:
        """Returns which rows have a text that was found; ``found`` says it page by page."""
        if not any(fits.any() for fits in found.values()):
            return np.zeros(self.rows, np.bool_)
        every = np.zeros(self.count, np.bool_)
        for page, fits in found.items():
            begin = page * _length(self.count)
            every[begin : begin + len(fits)] = fits
        return every[self._places(read)]

    def _skips(self, read: Read) -> Ints:
        return np.frombuffer(_unchanged(self.skips, read), KIND)

    def _places(self, read: Read) -> Ints:
        return np.frombuffer(_unchanged(self.places, read), PLACE)


def _unchanged(piece: Piece, read: Read) -> bytes:
    """Reads what tells texts apart, checked however old it is: nobody would miss what it hides.

    Raises:
        IndexDamaged: if it is not what was written.
    """
    data = read(piece)
    if crc32(data) != piece.check:
        raise IndexDamaged("what tells the texts of a block apart was changed")
    return data


def packed(texts: Sequence[str]) -> Packed:
    """Returns texts as they are stored."""
    numbers: dict[str, int] = {}
    places = np.array([numbers.setdefault(text, len(numbers)) for text in texts], PLACE)
    each, length = list(numbers), _length(len(numbers))
    pages = [each[at : at + length] for at in range(0, len(each), length)]
    return Packed(
        count=len(each),
        skips=skips_of(pages).tobytes(),
        places=places.tobytes(),
        pages=tuple(map(_page, pages)),
    )


def unpacked(pages: Sequence[bytes]) -> pl.Series:
    """Reads texts that were stored.

    Raises:
        IndexDamaged: if they cannot be read.
    """
    import polars as pl  # noqa: PLC0415 - a fifth of a second, never before first paint

    if not pages:
        return pl.Series(_NAME, [], pl.String)
    try:
        return pl.read_parquet(list(pages)).to_series()
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        raise IndexDamaged(f"the texts of a block cannot be read ({error})") from error


def _page(texts: Sequence[str]) -> bytes:
    import polars as pl  # noqa: PLC0415

    data = io.BytesIO()
    frame = pl.DataFrame({_NAME: texts}, schema={_NAME: pl.String})
    frame.write_parquet(data, compression="uncompressed", statistics=False)
    return data.getvalue()


def _length(count: int) -> int:
    """Returns how many texts a page has, of so many; the last one may have less."""
    return max(LEAST, -(-count // PAGES))
