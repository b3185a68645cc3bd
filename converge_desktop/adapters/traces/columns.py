"""Columns that grow: numbers as they are, words as places in a dictionary.

One thread adds to a sheet; any thread may read a table of it, which shows the rows there were when
it was taken. What is added later lies behind them and disturbs nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Ints: TypeAlias = npt.NDArray[Any]
Mask: TypeAlias = npt.NDArray[np.bool_]
Row = tuple[int | str, ...]
"""The values of a row, in the order of its layout's numbers and then its words."""

CODE = np.uint16
"""How places in a dictionary are stored, as long as it is not too large for that."""
_LEAST = 1024
_GROWTH = 1.25


@dataclass(frozen=True, slots=True)
class Layout:
    """What the rows of a sheet consist of.

    Attributes:
        numbers: the columns of numbers, and how each is stored; what is too large is stored as the
            largest number there is.
        words: the columns of words.
    """

    numbers: Mapping[str, type[np.integer[Any]]]
    words: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """All columns, in order."""
        return (*self.numbers, *self.words)


class Dictionary:
    """The words of a column, by the place they got when they came up first."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self._codes: dict[str, int] = {}

    def code(self, word: str) -> int:
        """Returns the place of a word, which is made if it is new."""
        found = self._codes.get(word)
        if found is None:
            found = self._codes[word] = len(self.words)
            self.words.append(word)
        return found


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of a sheet at a moment.

    Attributes:
        count: how many there are.
        columns: the columns by name; those of words hold places in the dictionaries.
        words: the dictionaries; words behind those that the rows name may follow.
    """

    count: int
    columns: Mapping[str, Ints]
    words: Mapping[str, Sequence[str]]

    def __getitem__(self, name: str) -> Ints:
        """Returns a column."""
        return self.columns[name]

    def word(self, name: str, row: int) -> str:
        """Returns the word of a row."""
        return self.words[name][int(self.columns[name][row])]


class Sheet:
    """Rows of a layout, which grow."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.count = 0
        self._dictionaries = {name: Dictionary() for name in layout.words}
        self._columns: dict[str, Ints] = {
            name: np.empty(_LEAST, kind) for name, kind in layout.numbers.items()
        }
        self._columns |= {name: np.empty(_LEAST, CODE) for name in layout.words}

    def append(self, rows: Sequence[Row]) -> None:
        """Adds rows."""
        if not rows:
            return
        columns = list(zip(*rows, strict=True))
        numbers = len(self.layout.numbers)
        found: dict[str, Ints] = {}
        for (name, kind), values in zip(
            self.layout.numbers.items(), columns[:numbers], strict=True
        ):
            most = np.iinfo(kind).max
            found[name] = np.fromiter((min(int(one), most) for one in values), kind, len(rows))
        for name, values in zip(self.layout.words, columns[numbers:], strict=True):
            found[name] = self._codes(name, map(str, values), len(rows))
        self._add(found, len(rows))

    def extend(self, columns: Mapping[str, Ints], words: Mapping[str, Sequence[str]]) -> None:
        """Adds columns as they were stored, with dictionaries of their own."""
        own = {name: columns[name] for name in self.layout.numbers}
        for name in self.layout.words:
            codes = self._codes(name, words[name], len(words[name]))
            own[name] = codes[columns[name]]
        self._add(own, len(next(iter(own.values()))))

    def table(self) -> Table:
        """Returns the rows there are."""
        count = self.count
        columns = {name: column[:count] for name, column in self._columns.items()}
        words = {name: own.words for name, own in self._dictionaries.items()}
        return Table(count, columns, words)

    def _codes(self, name: str, words: Iterable[str], count: int) -> Ints:
        return np.fromiter(map(self._dictionaries[name].code, words), np.uint32, count)

    def _add(self, columns: Mapping[str, Ints], count: int) -> None:
        end = self.count + count
        for name, values in columns.items():
            own = self._columns[name]
            if name in self._dictionaries and own.dtype == CODE and self._is_large(name):
                own = self._columns[name] = own.astype(np.uint32)
            if end > len(own):
                # The old one stays as it is: tables that were taken look at it.
                grown = np.empty(max(end, int(len(own) * _GROWTH)), own.dtype)
                grown[: self.count] = own[: self.count]
                own = self._columns[name] = grown
            own[self.count : end] = values
        self.count = end

    def _is_large(self, name: str) -> bool:
        return len(self._dictionaries[name].words) > np.iinfo(CODE).max


def own_words(table: Table, first: int) -> tuple[dict[str, Ints], dict[str, list[str]]]:
    """Returns the columns from row ``first`` on, with dictionaries that hold their words alone.

    There are to be fewer words than :data:`CODE` can count.
    """
    columns: dict[str, Ints] = {}
    words: dict[str, list[str]] = {}
    for name, column in table.columns.items():
        part = column[first:]
        if name not in table.words:
            columns[name] = part
            continue
        used, places = np.unique(part, return_inverse=True)
        columns[name] = places.astype(CODE)
        words[name] = [table.words[name][int(code)] for code in used]
    return columns, words
