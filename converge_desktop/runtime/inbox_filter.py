"""A filter language for the inbox: what it means for a row, and what could be typed next.

``risk:high agent:plan* conf<0.7 due<2h -"on hold" (run:12 or run:13)``: how it is written is said
in ``filter_reading``. Words of no field are looked for in all that is shown of a row.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from converge_desktop.runtime.filter_fields import FIELDS, words_of
from converge_desktop.runtime.filter_reading import (
    MOST_CHARACTERS,
    MOST_DEPTH,
    Candidate,
    FilterProblem,
    Language,
    candidates,
    read_filter,
)
from converge_desktop.runtime.review_model import InboxRow

__all__ = [
    "MOST_CHARACTERS",
    "MOST_DEPTH",
    "Candidate",
    "Filter",
    "FilterProblem",
    "compile_filter",
    "complete",
]
Predicate = Callable[[InboxRow], bool]


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter that was read."""

    text: str
    holds: Predicate

    def rows(self, rows: tuple[InboxRow, ...]) -> tuple[InboxRow, ...]:
        """Returns the rows that it lets through, in their order."""
        return tuple(filter(self.holds, rows))


def compile_filter(text: str, now: int) -> Filter:
    """Reads a filter; what is said of time is meant from ``now``, in microseconds.

    Raises:
        FilterProblem: naming what cannot be read, and where.
    """
    return Filter(text, read_filter(text, now, _LANGUAGE))


def complete(text: str, cursor: int, rows: tuple[InboxRow, ...]) -> tuple[Candidate, ...]:
    """Returns what could be typed at a cursor: fields, and values that stand in ``rows``."""
    return candidates(text, cursor, FIELDS, rows)


def _all_of(factors: tuple[Predicate, ...]) -> Predicate:
    return lambda row: all(holds(row) for holds in factors)


def _any_of(branches: tuple[Predicate, ...]) -> Predicate:
    return lambda row: any(holds(row) for holds in branches)


def _not(factor: Predicate) -> Predicate:
    return lambda row: not factor(row)


_LANGUAGE: Language[Predicate, tuple[InboxRow, ...]] = Language(
    FIELDS, words_of, lambda _: True, _all_of, _any_of, _not
)
