"""How words and lengths of time of a filter are compared, whatever it is held against."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from fnmatch import translate

_UNITS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400, "w": 604_800}
_SPAN = re.compile(r"(\d{1,9}(?:\.\d{1,3})?)\s*(s|min|m|h|d|w)")


def like(value: str) -> Callable[[str], bool]:
    """Returns whether a text is as written, where ``*`` stands for whatever is there."""
    wanted = value.casefold()
    if "*" not in wanted:
        return lambda text: text.casefold() == wanted
    # Of what a shell knows in file names only the star means something here.
    match = re.compile(translate(re.sub(r"[?\[]", r"[\g<0>]", wanted))).match
    return lambda text: match(text.casefold()) is not None


def within(words: str) -> Callable[[str], bool]:
    """Returns whether a text, case folded, holds words, with anything where a ``*`` stands."""
    pieces = [piece for piece in words.casefold().split("*") if piece]
    if len(pieces) == 1:
        wanted = pieces[0]
        return lambda text: wanted in text

    def holds(text: str) -> bool:
        at = 0
        for piece in pieces:
            found = text.find(piece, at)
            if found < 0:
                return False
            at = found + len(piece)
        return True

    return holds


def span(value: str) -> Decimal:
    """Reads a length of time, in microseconds.

    Raises:
        ValueError: if it is none.
    """
    match = _SPAN.fullmatch(value.lower())
    if match is None:
        raise ValueError(f"a time is written as 30m, 2h, 3d or 1w; {value!r} is none")
    return Decimal(match[1]) * _UNITS[match[2]] * 1_000_000
