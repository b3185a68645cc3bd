"""Several proposals that are decided as one: which can be, which cannot, and what came of it.

No Qt here. Answers go by the id of their gate, never by their place.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from converge_desktop.runtime.deciding_model import Answer, Answered
from converge_desktop.runtime.review_model import InboxRow, Review
from converge_desktop.ui import words

_SOON = 120
SHOWN = frozenset({"what"})
"""The parts of a review that a batch lists whole; no other is recorded as opened."""


@dataclass(slots=True)
class Item:
    """One proposal of a batch.

    Attributes:
        row: what the inbox said of it.
        review: what is shown of it, once it was read.
        problem: why it cannot be shown.
        gone: why it no longer waits.
        later: why it has to be decided after the others.
        alone: what of it must be seen and no list can show, a sentence each.
    """

    row: InboxRow
    review: Review | None = None
    problem: str = ""
    gone: str = ""
    later: str = ""
    alone: tuple[str, ...] = ()

    @property
    def gate_id(self) -> str:
        """The gate."""
        return self.row.gate_id

    @property
    def high(self) -> bool:
        """Whether it is of high risk, by what is shown of it where it was read."""
        return "high" in {self.row.risk, self.review.risk if self.review else ""}


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one proposal: ``kind`` is ``done``, ``open`` or ``gone``."""

    gate_id: str
    title: str
    kind: str
    words: str


class Batch:
    """What a person marked, to be answered alike."""

    def __init__(self, verdict: str, rows: Iterable[InboxRow]) -> None:
        self.verdict = verdict
        self.items = {row.gate_id: Item(row) for row in rows}

    def together(self) -> list[Item]:
        """Lists what is answered now, as one."""
        return [
            item
            for item in self.items.values()
            if not (item.gone or item.problem or item.later or self._single(item))
        ]

    def singles(self) -> list[Item]:
        """Lists what is decided one at a time: much hangs on it, or there is more to be seen."""
        return [i for i in self.items.values() if self._single(i) and not (i.gone or i.problem)]

    def later(self) -> list[Item]:
        """Lists what has to wait for the others."""
        return [item for item in self.items.values() if item.later and not item.gone]

    def out(self) -> list[Item]:
        """Lists what cannot be answered: it is gone, or cannot be shown."""
        return [item for item in self.items.values() if item.gone or item.problem]

    def unread(self) -> list[Item]:
        """Lists what must still be read before anything can be answered."""
        return [item for item in self.together() if item.review is None]

    def _single(self, item: Item) -> bool:
        return self.verdict == "approve" and (item.high or bool(item.alone))

    def lose(self, gate_id: str, why: str) -> bool:
        """Notes that a proposal no longer waits; returns whether that is news here."""
        item = self.items.get(gate_id)
        if item is None or item.gone == why:
            return False
        item.gone = why
        return True

    def answers(self, reason: str, origin: str, seen: Collection[str]) -> tuple[Answer, ...]:
        """Returns an answer for each that is answered now, bound to what was shown of it.

        ``seen`` are the gates of those that were before the person's eyes, whole.
        """
        found = []
        for item in self.together():
            assert item.review is not None
            parts = item.review.parts if item.gate_id in seen else ()
            opened = tuple(name for name, _ in parts if name in SHOWN)
            shown = item.review.digest
            found.append(
                Answer(item.gate_id, self.verdict, shown, reason, opened=opened, origin=origin)
            )
        return tuple(found)

    def split(self, clashes: Iterable[tuple[str, str, str]]) -> dict[str, str]:
        """Says which have to wait so that none of the others clash, and why, by gate."""
        against: dict[str, list[tuple[str, str]]] = {}
        for first, second, why in clashes:
            against.setdefault(first, []).append((second, why))
            against.setdefault(second, []).append((first, why))
        kept: set[str] = set()
        waits: dict[str, str] = {}
        for item in self.together():
            whys = [why for other, why in against.get(item.gate_id, ()) if other in kept]
            if whys:
                waits[item.gate_id] = f"Not with the others: {self.named(whys[0])}."
            else:
                kept.add(item.gate_id)
        return waits

    def postpone(self, waits: dict[str, str]) -> None:
        """Has some wait for the others."""
        for gate_id, why in waits.items():
            self.items[gate_id].later = why

    def named(self, text: str) -> str:
        """Puts the titles of proposals in the place of their gates' ids."""
        for gate_id in sorted(self.items, key=len, reverse=True):
            text = text.replace(gate_id, f"“{self.items[gate_id].row.title}”")
        return text

    def results(self, answered: Iterable[Answered], now: int) -> list[Result]:
        """Says of each that was answered what came of it, and of each that was not, why."""
        came = {one.gate_id: one for one in answered}
        found = [
            Result(gate, self.items[gate].row.title, *_came_of(one, now))
            for gate, one in came.items()
        ]
        for item in self.out():
            why = item.gone or item.problem
            found.append(Result(item.gate_id, item.row.title, "gone", why))
        return found


def _came_of(one: Answered, now: int) -> tuple[str, str]:
    if one.phase == "open":
        return "open", "Your vote is recorded; more are needed before it counts."
    if one.settles_at is not None:
        left = max(0, one.settles_at - now) // 1_000_000
        when = f"in {left} s" if left < _SOON else words.due(one.settles_at, now)
        return "done", f"Takes effect {when}; Ctrl+Z undoes it until then."
    return "done", "Recorded, and in effect."


def summary(results: Iterable[Result], verdict: str) -> str:
    """Says in a line what came of a batch, as in ``2 approved, 1 no longer waited``."""
    kinds = [result.kind for result in results]
    named = (
        ("done", {"approve": "approved", "reject": "rejected"}[verdict]),
        ("open", "voted on, more votes needed"),
        ("gone", "no longer waited"),
    )
    said = [f"{kinds.count(kind):,} {word}" for kind, word in named if kind in kinds]
    return ", ".join(said) or "Nothing was decided"
