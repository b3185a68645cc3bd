"""A filter language for recorded model calls: what it means for whole columns at once.

``step:evaluation valid:no after:yesterday model:nano tokens>500 duration>2s cause:"no source"
run:12 "free text"``: how it is written is said in ``filter_reading``. A term narrows a mask: it is
handed the rows that are still in question, and returns those of them that it lets through, so that
texts are read only where a row still hangs on them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from converge_desktop.adapters.traces.columns import Mask
from converge_desktop.runtime.filter_reading import Candidate, Language, candidates, read_filter
from converge_desktop.runtime.trace_fields import FIELDS
from converge_desktop.runtime.trace_index import Indexed
from converge_desktop.runtime.trace_masks import (
    EVERYTHING,
    Seen,
    Test,
    all_of,
    any_of,
    negated,
    words_of,
)

_LANGUAGE: Language[Test, Indexed] = Language(FIELDS, words_of, EVERYTHING, all_of, any_of, negated)
NO_NOTES: Mapping[int, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class TraceFilter:
    """A filter that was read."""

    text: str
    test: Test

    def mask(self, view: Indexed, notes: Mapping[int, str] = NO_NOTES) -> Mask:
        """Returns which model calls it lets through; ``notes`` are remarks, by record.

        Raises:
            IndexDamaged: if texts have to be read and cannot be.
        """
        every = np.ones(view.traces.count, np.bool_)
        return self.test.narrow(Seen(view, notes), every)


def compile_trace_filter(text: str, now: int) -> TraceFilter:
    """Reads a filter; what is said of time is meant from ``now``, in microseconds.

    Raises:
        FilterProblem: naming what cannot be read, and where.
    """
    return TraceFilter(text, read_filter(text, now, _LANGUAGE))


def complete_trace_filter(text: str, cursor: int, view: Indexed) -> tuple[Candidate, ...]:
    """Returns what could be typed at a cursor: fields, and values that model calls have."""
    return candidates(text, cursor, FIELDS, view)
