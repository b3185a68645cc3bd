"""What a filter line has to know of the language that is typed in it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Protocol

from converge_desktop.runtime.filter_fields import FIELDS
from converge_desktop.runtime.filter_reading import Candidate, FilterProblem
from converge_desktop.runtime.inbox_filter import compile_filter, complete
from converge_desktop.runtime.review_model import InboxRow

Take = Callable[[object], None]
Fail = Callable[[FilterProblem], None]
Offer = Callable[[Sequence[Candidate]], None]


class FilterLanguage(Protocol):
    """A language for filters. What is asked of it may be answered at once, or later.

    Attributes:
        hint: what stands in a line that is empty.
        name: what the line is called, for who does not see it.
        fields: the names of its fields.
    """

    @property
    def hint(self) -> str: ...  # noqa: D102 - said above
    @property
    def name(self) -> str: ...  # noqa: D102 - said above
    @property
    def fields(self) -> Collection[str]: ...  # noqa: D102 - said above

    def read(self, text: str, take: Take, fail: Fail) -> None:
        """Reads a filter: ``take`` is handed what it comes to, or ``fail`` why it cannot be read.

        Only the last filter that was asked about need be answered.
        """

    def complete(self, text: str, cursor: int, offer: Offer) -> None:
        """Has ``offer`` handed what could be typed at a cursor."""


class InboxLanguage:
    """The language of the inbox, which is read and completed at once.

    Args:
        now: the time that a filter such as ``due<2h`` is meant from.
        rows: what waits, for the values to offer.
    """

    hint = "Filter: risk:high due<2h …"
    name = "Filter the inbox"
    fields = tuple(FIELDS)

    def __init__(self, now: Callable[[], int], rows: Callable[[], tuple[InboxRow, ...]]) -> None:
        self._now = now
        self._rows = rows

    def read(self, text: str, take: Take, fail: Fail) -> None:
        """Reads a filter, which comes to a ``Filter``; None where all passes."""
        try:
            found = compile_filter(text, self._now())
        except FilterProblem as problem:
            fail(problem)
        else:
            take(found if text.strip() else None)

    def complete(self, text: str, cursor: int, offer: Offer) -> None:
        """Offers fields, and values of what waits."""
        offer(complete(text, cursor, self._rows()))
