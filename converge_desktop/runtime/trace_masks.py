"""What lets model calls through, whole columns at a time, and how such tests are joined.

A test narrows a mask: it is handed the rows that are still in question, and returns those of them
that it lets through, so that texts are read only where a row still hangs on them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from converge_desktop.adapters.traces.columns import Ints, Mask
from converge_desktop.runtime.filter_words import within
from converge_desktop.runtime.trace_index import Indexed
from converge_desktop.runtime.trace_texts import searched

_SHOWN = ("step", "agent", "model", "run", "pack", "version")
"""The columns that are looked at for words of no field, beside the texts."""
_COMPARE: Mapping[str, Callable[[Ints, int], Mask]] = {
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
    "=": np.equal,
    ":": np.equal,
}


@dataclass(frozen=True, slots=True)
class Seen:
    """What a filter looks at: the model calls, and the remarks about some, by record."""

    view: Indexed
    notes: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class Test:
    """What lets rows through; ``costly`` where it reads texts, which is done last."""

    narrow: Callable[[Seen, Mask], Mask]
    costly: bool = False


# How terms are joined.


def all_of(factors: tuple[Test, ...]) -> Test:
    """Lets through what every one does."""
    ordered = sorted(factors, key=lambda one: one.costly)

    def narrow(seen: Seen, among: Mask) -> Mask:
        for one in ordered:
            among = one.narrow(seen, among)
        return among

    return Test(narrow, costly=any(one.costly for one in factors))


def any_of(branches: tuple[Test, ...]) -> Test:
    """Lets through what one of them does."""
    ordered = sorted(branches, key=lambda one: one.costly)

    def narrow(seen: Seen, among: Mask) -> Mask:
        found = np.zeros(len(among), np.bool_)
        for one in ordered:
            found |= one.narrow(seen, among & ~found)
        return found

    return Test(narrow, costly=any(one.costly for one in branches))


def negated(one: Test) -> Test:
    """Lets through what another does not."""
    return Test(lambda seen, among: among & ~one.narrow(seen, among), one.costly)


EVERYTHING = Test(lambda _, among: among)


def words_of(words: str) -> Test:
    """Lets through what shows these words anywhere; ``*`` stands for whatever is there."""
    shown = any_of(tuple(holding(name, words) for name in _SHOWN))
    return any_of((shown, said(words, ("headline", "output", "reasons"))))


# What terms compare.


def named(column: str, holds: Callable[[str], bool]) -> Test:
    """Lets rows through by their word in a column; each word is looked at once."""

    def narrow(seen: Seen, among: Mask) -> Mask:
        table = seen.view.traces
        words = list(table.words[column])
        fits = np.fromiter((holds(word.casefold()) for word in words), np.bool_, len(words))
        return among & fits[table[column]] if words else among

    return Test(narrow)


def holding(column: str, words: str) -> Test:
    """Lets rows through whose word in a column holds some words.

    There may be a hundred thousand runs, and hardly what is looked for in one of their names: that
    is seen at once in all names together.
    """
    each = named(column, within(words))
    longest = max(words.casefold().split("*"), key=len)

    def narrow(seen: Seen, among: Mask) -> Mask:
        every = "\n".join(seen.view.traces.words[column])
        return each.narrow(seen, among) if longest in every.casefold() else among & False

    return Test(narrow)


def said(words: str, columns: tuple[str, ...]) -> Test:
    """Lets rows through whose texts hold words, in any of some columns."""
    return Test(lambda seen, among: searched(seen.view, among, words, columns), costly=True)


def sum_of(view: Indexed, columns: tuple[str, ...]) -> Ints:
    """Returns the numbers of some columns, together."""
    first, *more = (view.traces[name] for name in columns)
    total = first.astype(np.int64) if more else first
    for one in more:
        total = total + one
    return total


def compared(op: str, wanted: int, read: Callable[[Seen], Ints]) -> Test:
    """Lets rows through whose numbers compare so."""
    return Test(lambda seen, among: among & _COMPARE[op](read(seen), wanted))
