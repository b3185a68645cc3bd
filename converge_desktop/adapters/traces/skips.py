"""Which pages of texts cannot hold words, so that they need not be read.

For each run of :data:`RUN` bytes that comes up in a text, two places of a table are computed, and
the pages that it comes up in are noted in both, a bit each. A page whose bit is missing at a place
of any run of the words does not hold them. One that has all of them may still not: it is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from converge_desktop.adapters.traces.columns import Ints

RUN = 5
"""Bytes: four let too many pages through where numbers are looked for, six take more room."""
PAGES = 8
"""The most pages that a table tells apart: the bits of a place."""
KIND = np.uint8
STEP = 1 << 16
"""How many bytes of a page are looked at together: numbers take a dozen times as many."""
_BITS = 19
_MOST, _LEAST = 1 << _BITS, 1 << 6
"""How many places a table has; a power of two, so that one can be folded to half its size."""
_FULL = 1 / 5
"""The share of its bits that may be set: a run that no text holds passes in one page of 25."""
_FACTORS = (np.uint32(0x9E3779B1), np.uint32(0x85EBCA77), np.uint32(0xC2B2AE3D))


def skips_of(pages: Sequence[Sequence[str]]) -> Ints:
    """Returns the table of some pages of texts, as small as it may be."""
    table = np.zeros(_MOST, KIND)
    for number, page in enumerate(pages):
        there = np.zeros(_MOST, np.bool_)
        data = _bytes("\n".join(page))
        for at in range(0, len(data), STEP):
            there[_places(data[at : at + STEP + RUN - 1], _MOST)] = True
        table |= there.astype(KIND) << KIND(number)
    while len(table) > _LEAST:
        half = len(table) // 2
        folded = table[:half] | table[half:]
        if int(np.bitwise_count(folded).sum()) > _FULL * half * len(pages):
            break
        table = folded
    return table


def may_hold(table: Ints, pieces: Iterable[str], pages: int) -> list[int]:
    """Returns which of so many pages may hold all the pieces in one text."""
    left = (1 << pages) - 1
    for piece in pieces:
        left &= int(np.bitwise_and.reduce(table[_places(_bytes(piece), len(table))], initial=left))
    return [number for number in range(pages) if left >> number & 1]


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _places(text: bytes, size: int) -> Ints:
    """Returns the places of all runs of a text in a table of a size, which is a power of two."""
    data = np.frombuffer(text, np.uint8).astype(np.uint32)
    count = len(data) - RUN + 1
    if count <= 0:
        return np.empty(0, np.uint32)
    one, two, three = _FACTORS
    pairs = data[:-1] | (data[1:] << np.uint32(8))
    fours = pairs[:-2] | (pairs[2:] << np.uint32(16))
    first = (fours[:count] * one) ^ (data[RUN - 1 :] * two)
    first ^= first >> np.uint32(15)
    second = first * three
    return (np.concatenate((first, second)) >> np.uint32(32 - _BITS)) & np.uint32(size - 1)
