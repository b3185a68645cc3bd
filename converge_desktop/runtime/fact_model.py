"""What the window shows of one fact: a plain, frozen value, read off folded state alone.

Times are microseconds since 1970 UTC, confidence is in thousandths.
"""

from __future__ import annotations

from dataclasses import dataclass

from converge_desktop.runtime.review_model import CheckRow, EvidenceRow
from converge_desktop.runtime.run_model import FactCard

Edges = tuple[tuple[str, str, str], ...]
"""From what came to what it came of, with how: ``(from, relation, to)``."""


@dataclass(frozen=True, slots=True)
class VerdictRow:
    """An answer of a person behind a fact, at the gate where they gave it."""

    gate_id: str
    operator: str
    verdict: str
    reason: str
    at: int


@dataclass(frozen=True, slots=True)
class CorrectionRow:
    """That one fact took the place of another.

    Attributes:
        fact_id: the other of the two.
        text: what that one says.
        why: the reason in words, as whoever corrected gave it.
        kind: what kind of reason that is.
        scope: for whom it holds.
        seq: the record that made the fact ``fact_id``.
    """

    fact_id: str
    text: str
    why: str
    kind: str
    scope: str
    seq: int


@dataclass(frozen=True, slots=True)
class StepRow:
    """A recorded step that a fact came from, and how exactly it can be had again."""

    trace_id: str
    step: str
    headline: str
    grade: str


@dataclass(frozen=True, slots=True)
class Retractable:
    """Whether a person may propose to take a fact back, and who would decide about that.

    Attributes:
        why_not: why it cannot be taken back; empty where it can.
        rule: the rule of the policy that would ask about it, or forbids it; ``no rule`` where it
            has none, and ``requires-human`` where it would permit it to others.
        reason: that rule's sentence.
        forbidden: whether the policy forbids it.
        own: whether whoever proposes it may approve it alone.
        others: who else is enrolled and may be asked, by name.
        stopped: whether the run has stopped, so that a new one would go on from it.
        high: whether the risk is high by that rule.
    """

    why_not: str = ""
    rule: str = ""
    reason: str = ""
    forbidden: bool = False
    own: bool = False
    others: tuple[str, ...] = ()
    stopped: bool = False
    high: bool = False


@dataclass(frozen=True, slots=True)
class FactView:
    """One fact, whole.

    Attributes:
        card: the fact in short; its ``run_id`` is the run that made it.
        seen_from: the run it is looked at from, which may go on from the one that made it.
        kind: what kind of statement it makes.
        confidence: of its author; None where they gave none.
        agent: who proposed it.
        cycle: when in the run; -1 where nobody knows.
        at: when it became a fact.
        promoter: the gate that let it pass, by name.
        rule: the rule of the policy that permitted it or asked about it; empty where nobody knows.
        by_person: whether a person approved it.
        self_approved: whether that person wrote it as well.
        policy: the SHA-256 of the policy in force.
        checks: the checks that ran.
        skipped: the checks that were not run, by name.
        verdicts: the answers of people behind it, the oldest first.
        evidence: the facts it rests on, with where each was read.
        read_at: where it was itself read in the input: source and place.
        corrects: the fact whose place it took.
        corrected_by: the facts that took its place, the oldest first.
        steps: the model calls it came from.
        retractable: whether it can be taken back.
        start: its name in ``edges``.
        edges: what it came from and what rests on it within its run, as the ledger says.
        labels: a label for each name in ``edges``.
        whole: whether ``edges`` are all there are in its run.
    """

    card: FactCard
    seen_from: str
    kind: str
    confidence: int | None
    agent: str
    cycle: int
    at: int
    promoter: str
    rule: str
    by_person: bool
    self_approved: bool
    policy: str
    checks: tuple[CheckRow, ...]
    skipped: tuple[str, ...]
    verdicts: tuple[VerdictRow, ...]
    evidence: tuple[EvidenceRow, ...]
    read_at: tuple[tuple[str, str], ...]
    corrects: CorrectionRow | None
    corrected_by: tuple[CorrectionRow, ...]
    steps: tuple[StepRow, ...]
    retractable: Retractable
    start: str
    edges: Edges
    labels: tuple[tuple[str, str], ...]
    whole: bool = True
