"""How large may be what is put on record. What is larger is refused before anything keeps it.

A ledger is read again whole, shown to people and carried about, so that one runaway answer must not
be able to fill it. What is truly large, such as a report or a recording, stays where it lies: what
is proposed names it by its hash.
"""

from __future__ import annotations

from converge_core.canonical import canonical_record
from converge_core.errors import InvalidValue
from converge_core.record import Record

MAX_RECORD = 1 << 20
"""The most bytes of one proposal, observation, model call or intent, as it is written down: ten
times the longest statement that may become a fact, so that nothing honest comes near it."""
MAX_REASON = 20_000
"""The most characters of what a person gives as a reason: some ten pages."""
MAX_TEXT = 4 << 20
"""The most characters of one long text, such as a prompt: more than any model here can be asked."""


def require_recordable(record: Record, place: str) -> None:
    """Does nothing while ``record`` is small enough to be written down.

    Raises:
        InvalidValue: naming ``place``, the size and the limit.
    """
    size = len(canonical_record(record))
    if size > MAX_RECORD:
        raise InvalidValue(
            f"{place} has {size:,} bytes; at most {MAX_RECORD:,} are recorded. Keep what is large "
            "in a file of its own, and name that"
        )


def why_too_long(words: str, what: str, most: int = MAX_REASON) -> str:
    """Says why ``words`` are more than is recorded; empty if they are not."""
    if len(words) <= most:
        return ""
    return f"{what} has {len(words):,} characters; at most {most:,} are recorded, so shorten it"
