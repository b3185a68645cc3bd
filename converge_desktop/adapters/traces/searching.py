"""Looking for words in the texts of many blocks; only pages that may hold them are read.

Pages of several blocks are searched at once: of a small one, most of the time goes into asking.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, groupby
from typing import TYPE_CHECKING, Protocol, TypeAlias, TypeVar

import numpy as np

from converge_desktop.adapters.traces.columns import Mask
from converge_desktop.adapters.traces.pages import IndexDamaged, Piece, unpacked
from converge_desktop.adapters.traces.texts import Held, Stored, Texts

if TYPE_CHECKING:
    import polars as pl

BATCH = 4 << 20
"""Bytes of pages that are searched at once, so that no search takes much memory."""
_PIECE = re.compile(r"\*+")
Found: TypeAlias = dict[str, dict[int, Mask]]
"""Which texts of the pages that were read hold words, by column and page."""
A = TypeVar("A")
B = TypeVar("B")


class Each(Protocol):
    """What has something done with each of some things, one by one or at once, as ``map`` does."""

    def __call__(self, work: Callable[[A], B], among: Iterable[A], /) -> Iterable[B]:
        """Returns what came of each, in their order."""
        ...


@dataclass(frozen=True, slots=True)
class Wanted:
    """Words that are looked for: pieces in this order, with anything between them."""

    pieces: tuple[str, ...]

    def within(self, texts: pl.Series) -> Mask:
        """Returns which texts hold them."""
        literal = len(self.pieces) == 1
        pattern = self.pieces[0] if literal else "(?s)" + ".*".join(map(re.escape, self.pieces))
        return texts.str.contains(pattern, literal=literal).to_numpy()


@dataclass(frozen=True, slots=True)
class _Page:
    """A page that is to be read: of which block, of which of its columns, and its number there."""

    block: int
    texts: Stored
    column: str
    number: int

    @property
    def piece(self) -> Piece:
        return self.texts.columns[self.column].pages[self.number]

    @property
    def length(self) -> int:
        return self.texts.columns[self.column].length(self.number)


def holding(
    blocks: Sequence[Texts], words: str, columns: Sequence[str], each: Each = map
) -> list[Mask]:
    """Returns which texts of each block hold words, in any of the columns; ``*`` is anything.

    Args:
        blocks: where to look.
        words: what to look for.
        columns: in which columns.
        each: has the parts of the work done.

    Raises:
        IndexDamaged: if a text cannot be read, or is not what was written.
    """
    wanted = Wanted(tuple(piece for piece in _PIECE.split(words.casefold()) if piece))
    if not wanted.pieces:
        return [np.ones(texts.size, np.bool_) for texts in blocks]
    asked = each(lambda one: _asked(one[0], one[1], wanted, columns), enumerate(blocks))
    batches = list(_batches(chain.from_iterable(asked)))
    found: dict[int, Found] = {}
    for batch, masks in zip(batches, each(lambda one: _found(one, wanted), batches), strict=True):
        for page, mask in zip(batch, masks, strict=True):
            found.setdefault(page.block, {}).setdefault(page.column, {})[page.number] = mask
    return [
        _said(texts, wanted, columns)
        if isinstance(texts, Held)
        else _having(texts, found.get(number, {}))
        for number, texts in enumerate(blocks)
    ]


def _asked(number: int, texts: Texts, wanted: Wanted, columns: Sequence[str]) -> list[_Page]:
    """Returns the pages of a block that have to be read."""
    if isinstance(texts, Held):
        return []
    with texts.reading() as read:
        return [
            _Page(number, texts, name, page)
            for name in columns
            for page in texts.columns[name].asked(wanted.pieces, read)
        ]


def _batches(pages: Iterable[_Page]) -> Iterator[list[_Page]]:
    """Puts pages together that are searched at once."""
    batch: list[_Page] = []
    size = 0
    for page in pages:
        if batch and size + page.piece.size > BATCH:
            yield batch
            batch, size = [], 0
        batch.append(page)
        size += page.piece.size
    if batch:
        yield batch


def _found(batch: Sequence[_Page], wanted: Wanted) -> list[Mask]:
    """Returns which texts of each page hold words."""
    data: list[bytes] = []
    for _, pages in groupby(batch, lambda page: page.block):
        own = list(pages)
        with own[0].texts.reading() as read:
            data += [read(page.piece) for page in own]
    ends = np.cumsum([page.length for page in batch])
    fits = wanted.within(unpacked(data))
    if len(fits) != ends[-1]:
        raise IndexDamaged("a page has not as many texts as were written")
    return np.split(fits, ends[:-1])


def _having(texts: Stored, found: Found) -> Mask:
    """Returns which texts of a block have in one of the columns what was found there."""
    if not any(mask.any() for pages in found.values() for mask in pages.values()):
        return np.zeros(texts.size, np.bool_)
    with texts.reading() as read:
        return _any(texts.columns[name].having(pages, read) for name, pages in found.items())


def _said(texts: Held, wanted: Wanted, columns: Sequence[str]) -> Mask:
    """Returns which texts in memory hold words."""
    return _any(wanted.within(own) for own in texts.frame(columns))


def _any(masks: Iterable[Mask]) -> Mask:
    return functools.reduce(np.logical_or, masks)
