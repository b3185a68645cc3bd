"""What the database answers with."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FactRow:
    """A fact as the database knows it."""

    run: str
    key: str
    fact_id: str
    content: str
    byline: str
    approver: str
    seq: int


@dataclass(frozen=True, slots=True)
class DecisionRow:
    """A person's answer, and what it was about."""

    id: str
    run: str
    gate: str
    title: str
    risk: str
    operator: str
    verdict: str
    reason: str
    at: int
    seq: int


@dataclass(frozen=True, slots=True)
class ProposalRow:
    """A proposal and how it stands; ``seq`` is the record since which it stands so."""

    id: str
    run: str
    key: str
    fact_id: str
    content: str
    agent: str
    status: str
    rule: str
    reason: str
    seq: int


@dataclass(frozen=True, slots=True)
class CheckpointRow:
    """What somebody signed of the ledger: so many records, and the root of the tree over them."""

    size: int
    root: str
    operator: str
    at: int
    seq: int


@dataclass(frozen=True, slots=True)
class Walk:
    """What is reached from a thing along the edges of the provenance graph.

    Attributes:
        start: where the walk began.
        edges: from what came to what it came from, with how; nearest first.
        labels: a label for each thing in them.
        found: what was reached, nearest first; the start is not among it.
        whole: whether that is all; False where the walk was ended because it reached too much.
    """

    start: str
    edges: tuple[tuple[str, str, str], ...]
    labels: dict[str, str]
    found: tuple[str, ...]
    whole: bool

    def of(self, table: str) -> tuple[str, ...]:
        """Returns what was reached of one kind."""
        return tuple(name for name in self.found if name.startswith(f"{table}:"))
