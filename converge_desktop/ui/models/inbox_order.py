"""In which order, and under which headings, the rows of the inbox stand."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

from converge_desktop.runtime.review_model import InboxRow
from converge_desktop.ui import words

_FAR = 1 << 62
_RISKS = {"high": 0, "medium": 1, "low": 2}
_SURE = 1001
NEW = "new"
"""The group of what came since the list was last put in order."""


@dataclass(frozen=True, slots=True)
class Heading:
    """What stands over a group.

    Attributes:
        key: the group, for folding.
        title: what its rows have in common.
        count: how many there are.
        high: how many of them are of high risk.
    """

    key: str
    title: str
    count: int
    high: int
    folded: bool


Entry = InboxRow | Heading


def entry_key(entry: Entry) -> str:
    """Returns what names an entry of the list."""
    return f"heading {entry.key}" if isinstance(entry, Heading) else entry.gate_id


def _due(row: InboxRow) -> tuple[int, int]:
    return (row.deadline or _FAR, row.opened_at)


SORTS: Mapping[str, tuple[str, Callable[[InboxRow], tuple[int, ...]]]] = {
    "Due": ("Due: the next deadline first", _due),
    "Risk": ("Risk: the highest first", lambda r: (_RISKS.get(r.risk, 0), *_due(r))),
    "Newest": ("Newest first", lambda r: (-r.opened_at,)),
    "Oldest": ("Oldest first", lambda r: (r.opened_at,)),
    "Confidence": (
        "Confidence: the least sure first",
        lambda r: (_SURE if r.confidence is None else r.confidence, *_due(r)),
    ),
    "Votes": ("Votes: the fewest missing first", lambda r: (r.votes_needed - r.votes, *_due(r))),
}
"""The orders, by name: how each is offered, and by what it compares."""

GROUPS: Mapping[str, str] = {
    "None": "No groups",
    "Risk": "By risk",
    "Run": "By run",
    "Agent": "By agent",
    "Due": "By deadline",
    "Key": "By the key it would stand under",
}
"""The groupings, by name, and how each is offered."""

_DUES = ("Overdue", "Due within an hour", "Due today", "Due later", "No deadline")


@dataclass(frozen=True, slots=True)
class Arrangement:
    """How the person wants the list: its order, its groups, and those that are folded."""

    sort: str = "Due"
    group: str = "None"
    folded: frozenset[str] = frozenset()

    def entries(
        self,
        rows: Iterable[InboxRow],
        now: int,
        fresh: Collection[str] = (),
        gone: Collection[str] = (),
    ) -> list[Entry]:
        """Returns rows in order, under their headings.

        Args:
            rows: the rows.
            now: when that is.
            fresh: those that come last, so that they move nothing that is there.
            gone: those that no heading counts.
        """
        order = SORTS[self.sort][1]
        ordered = sorted(rows, key=lambda row: (*order(row), row.gate_id))
        settled = [row for row in ordered if row.gate_id not in fresh] if fresh else ordered
        found: list[Entry] = []
        if self.group == "None":
            found.extend(settled)
        else:
            for key, (title, members) in self._groups(settled, now).items():
                self._put(found, key, title, members, gone)
        new = [row for row in ordered if row.gate_id in fresh] if fresh else []
        if new:
            self._put(found, NEW, "New since you looked", new, gone)
        return found

    def _put(
        self,
        found: list[Entry],
        key: str,
        title: str,
        members: list[InboxRow],
        gone: Collection[str],
    ) -> None:
        folded = key in self.folded
        waiting = [row for row in members if row.gate_id not in gone] if gone else members
        high = sum(row.risk == "high" for row in waiting)
        found.append(Heading(key, title, len(waiting), high, folded))
        if not folded:
            found.extend(members)

    def _groups(self, rows: Iterable[InboxRow], now: int) -> dict[str, tuple[str, list[InboxRow]]]:
        """Sorts rows into groups: by rank where there is one, else the most pressing first."""
        of = _by(self.group, now)
        found: dict[tuple[int, str], list[InboxRow]] = {}
        for row in rows:
            found.setdefault(of(row), []).append(row)
        ranked = sorted(found.items(), key=lambda item: item[0][0])  # stable: others as they came
        return {f"{self.group}/{title}": (title, rows) for (_, title), rows in ranked}


def _by(group: str, now: int) -> Callable[[InboxRow], tuple[int, str]]:
    """Returns the rank and the title of the group a row belongs to."""
    if group == "Risk":
        return lambda r: (_RISKS.get(r.risk, 0), words.RISK_WORDS.get(r.risk, f"Risk {r.risk}"))
    if group == "Run":
        return lambda r: (0, r.run_label)
    if group == "Agent":
        return lambda r: (0, r.agent)
    if group == "Key":
        return lambda r: (0, r.key)
    tonight = words.end_of_day(now)

    def due(row: InboxRow) -> tuple[int, str]:
        if row.deadline is None:
            place = 4
        else:
            later = (row.deadline > now) + (row.deadline > now + words.HOUR)
            place = later + (later == 2 and row.deadline > tonight)  # noqa: PLR2004
        return place, _DUES[place]

    return due
