"""What of a review was before a person's eyes: plain bookkeeping, without a window.

A part is seen when every bit of its height has been in sight. What is folded away is not before
whoever decides, so a folded part counts as not seen until it is opened again.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

SLACK = 2
"""How many pixels of a region's end need not be seen; they are margin."""


class Stretches:
    """Stretches of a line, held as few, apart and in order."""

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []

    def add(self, start: int, end: int) -> None:
        """Adds what lies from ``start`` up to ``end``; one that touches others joins them."""
        if start >= end:
            return
        first = bisect_left(self._ends, start)
        last = bisect_right(self._starts, end)
        if first < last:
            start, end = min(start, self._starts[first]), max(end, self._ends[last - 1])
        self._starts[first:last] = [start]
        self._ends[first:last] = [end]

    def covers(self, start: int, end: int) -> bool:
        """Says whether all from ``start`` up to ``end`` was added."""
        at = bisect_right(self._starts, start) - 1
        return start >= end or (at >= 0 and end <= self._ends[at])

    def all(self) -> list[tuple[int, int]]:
        """Lists the stretches."""
        return list(zip(self._starts, self._ends, strict=True))


@dataclass(frozen=True, slots=True)
class Look:
    """One region of a part as it is now.

    Attributes:
        size: its width and height.
        top: where what is in sight begins; ``bottom`` where it ends. Equal where nothing is.
        shut: whether it is folded away, or has no place yet.
    """

    size: tuple[int, int]
    top: int = 0
    bottom: int = 0
    shut: bool = False


@dataclass(slots=True)
class _Region:
    size: tuple[int, int] = (0, 0)
    whole: bool = False
    shut: bool = False
    stretches: Stretches = field(default_factory=Stretches)

    def look(self, look: Look) -> None:
        self.shut = look.shut
        if look.shut:
            return
        if look.size != self.size:  # its lines broke elsewhere: nobody knows what was seen of it
            self.size, self.stretches = look.size, Stretches()
        self.stretches.add(look.top, look.bottom)
        self.whole = self.whole or self.stretches.covers(0, max(1, look.size[1] - SLACK))


class Seen:
    """Which parts of a review were seen whole."""

    def __init__(self) -> None:
        self._about = ""
        self._digests: dict[str, str] = {}
        self._regions: dict[str, list[_Region]] = {}

    def begin(self, about: str, parts: Iterable[tuple[str, str]]) -> None:
        """Begins with a review; parts that are to the letter as before stay seen.

        Args:
            about: what the review is about.
            parts: the names of its parts, each with its digest.
        """
        digests = dict(parts)
        kept = {
            name: regions
            for name, regions in self._regions.items()
            if about == self._about and digests.get(name, "") == self._digests.get(name)
        }
        self._about, self._digests, self._regions = about, digests, kept

    def look(self, part: str, looks: Sequence[Look]) -> None:
        """Takes in what of a part is in sight now, region by region."""
        regions = self._regions.get(part)
        if regions is None or len(regions) != len(looks):
            regions = self._regions[part] = [_Region() for _ in looks]
        for region, look in zip(regions, looks, strict=True):
            region.look(look)

    def is_whole(self, part: str) -> bool:
        """Says whether a part was seen whole, and is not folded away."""
        regions = self._regions.get(part, [])
        return bool(regions) and all(one.whole and not one.shut for one in regions)

    def parts(self) -> tuple[str, ...]:
        """Lists the parts that were seen whole, in the review's order."""
        return tuple(name for name in self._digests if self.is_whole(name))

    def missing(self, needed: Iterable[str]) -> tuple[str, ...]:
        """Lists those of the parts that are needed which were not seen whole."""
        return tuple(name for name in needed if not self.is_whole(name))
