"""Text from outside, made fit for one line of a sentence.

Whatever comes from a report, a repository or a table passes :func:`plain` before it is kept: the
result is one line, of bounded length, and encodes as UTF-8.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

LONGEST = 200
"""How many characters of one name are kept."""

_SHOWN = 5
_HIDDEN = {"Cc", "Cf", "Co", "Cn", "Zl", "Zp"}
"""Unicode categories that show nothing, or turn what stands around them."""


def plain(text: str, limit: int = LONGEST) -> str:
    """Returns ``text`` on one line: what is invisible is written out, what is long is cut."""
    if len(text) > limit:
        text = text[: limit - 1] + "…"
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_visible, text))


def plain_bytes(data: bytes) -> str:
    """Returns a path as git keeps it, as text; bytes that are no UTF-8 are written out."""
    return data.decode("utf-8", "backslashreplace")


def listed(names: Sequence[str], shown: int = _SHOWN) -> str:
    """Returns the first names, separated by commas, and how many more there are."""
    text = ", ".join(names[:shown])
    more = len(names) - shown
    return f"{text} and {more} more" if more > 0 else text


def counted(number: int, one: str, many: str) -> str:
    """Returns the number with the noun that fits it."""
    return f"{number} {one if number == 1 else many}"


def _visible(char: str) -> str:
    category = unicodedata.category(char)
    if category == "Cs" or category in _HIDDEN:
        return f"\\u{ord(char):04x}"
    return char
