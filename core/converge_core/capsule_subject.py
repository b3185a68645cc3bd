"""What an evidence capsule is about, and how that stands by the records in it.

A capsule says itself what it is about. It has to hold the record that begins that, with its body:
of a run its beginning, of a gate its opening; of a record that record, if only its head.
Whether anybody decided at a gate, it need not hold,
as a gate may be open still; so it is told how the gate stands by what is there, and whoever left a
decision out has a capsule that says that none is in it.
"""

from __future__ import annotations

from dataclasses import dataclass

from converge_core import events as e
from converge_core.capsule import About, begins
from converge_core.ids import OperatorId
from converge_core.ledger import Entry
from converge_core.review import ActKind, Verdict

_BEGINNINGS = frozenset({e.RunStarted.kind, e.GateOpened.kind})
_ANSWERS = frozenset({e.GateDecided.kind, e.GateActed.kind})


@dataclass(frozen=True, slots=True)
class _Answer:
    """What somebody decided, and whether their signature was checked."""

    operator: OperatorId
    verdict: Verdict
    checked: bool

    def __str__(self) -> str:
        return f"{self.operator}: {self.verdict}" + " (signature not checked)" * (not self.checked)


def _told(entry: Entry) -> str:
    """Says what a record is, as far as its head tells."""
    whose = f"of run {entry.head.run}" if entry.head.run else "of the desk"
    gone = "; what it said was left out, and its hash is there" * (entry.event is None)
    return f"it is a record {whose}, {entry.head.kind}{gone}"


class Subject:
    """Follows what a capsule is about from record to record.

    Args:
        about: what the capsule says that it is about.
    """

    def __init__(self, about: About) -> None:
        self._about = about
        self._run_begun = self._begun = self._hidden = False
        self._standing: list[_Answer] = []
        self._taken_back: list[_Answer] = []
        self._unknown = 0
        self._record: Entry | None = None

    def take(self, entry: Entry, *, checked: bool) -> None:
        """Takes in a record; ``checked`` is whether the signature in it, if any, was."""
        if self._about.record is not None:
            self._record = entry if begins(self._about, entry) else self._record
            return
        head, event = entry.head, entry.event
        if head.run != self._about.run:
            return
        self._run_begun |= head.kind == e.RunStarted.kind
        self._begun |= begins(self._about, entry)
        match event:
            case None:
                self._hidden |= head.kind in _BEGINNINGS
                self._unknown += head.kind in _ANSWERS
            case e.GateDecided(decision=one) if one.gate == self._about.gate:
                self._standing.append(_Answer(one.operator, one.verdict, checked))
            case e.GateActed(act=act) if (act.gate, act.act) == (self._about.gate, ActKind.UNDO):
                self._taken_back += self._standing
                self._standing = []

    def why_not_begun(self) -> str:
        """Says that no record begins what the capsule is about; empty if one does."""
        if self._record or (self._run_begun and self._begun):
            return ""
        if self._about.record is not None:
            return f"it is said to be about {self._about}, and that record is not in it"
        words = f"it is said to be about {self._about}, and no record begins that"
        if self._hidden:
            words += " unless it is one that was left out; get a copy with that record in it"
        return words

    def stands(self) -> str:
        """Says how the gate stands by the records in it, or what the record is; else nothing."""
        if self._record:
            return _told(self._record)
        if not self._about.gate:
            return ""
        words = ["no decision is in it"]
        if self._standing:
            words = [f"decided by {', by '.join(map(str, self._standing))}"]
        if self._taken_back:
            words.append(f"taken back since: {', by '.join(map(str, self._taken_back))}")
        if self._unknown:
            words.append(f"answers and acts in this run that were left out: {self._unknown:,}")
        return "; ".join(words)
