"""Cuts large texts into pieces, so that what two of them share is stored once.

The prompt of a long run repeats what the turns before it were shown and adds a little; stored whole
each time, a run would take the square of its length. Where a piece ends is decided by the line that
ends it and by nothing far away, so that a line which is added or changed moves no cut but its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from zlib import crc32

WHOLE = 2048
"""Texts of up to so many bytes are stored in one, and every piece is."""
SHORTEST, USUAL = 256, 1024
"""How long pieces are, in bytes. To name one costs sixty-five."""
_PART = WHOLE // 4
"""The longest part of a line that is not looked into, in characters of up to four bytes."""


def pieces_of(text: str) -> list[str]:
    """Returns the pieces of ``text``, in order; joined they are ``text``."""
    pieces: list[str] = []
    lines: list[str] = []
    size = 0
    for line in _lines(text):
        data = line.encode()
        if lines and size + len(data) > WHOLE:
            pieces.append("".join(lines))
            lines, size = [], 0
        lines.append(line)
        size += len(data)
        if size >= SHORTEST and _ends(data):
            pieces.append("".join(lines))
            lines, size = [], 0
    if lines:
        pieces.append("".join(lines))
    return pieces


def listing_of(names: list[str]) -> str:
    """Returns the text that names pieces, one a line."""
    return "".join(f"{name}\n" for name in names)


def _ends(line: bytes) -> bool:
    """Whether a line ends its piece: the longer it is, the likelier, whatever stands around it."""
    return crc32(line) * USUAL < len(line) << 32


def _lines(text: str) -> Iterator[str]:
    """Yields the lines of ``text`` with their ends, long ones in parts."""
    for line in text.splitlines(keepends=True):
        for start in range(0, len(line), _PART):
            yield line[start : start + _PART]
