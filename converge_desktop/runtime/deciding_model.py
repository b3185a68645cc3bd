"""What people give as answers, and what they are shown about them: plain, frozen values.

Times are microseconds since 1970 UTC, confidence is in thousandths.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from converge_core.errors import DecisionRefused


@dataclass(frozen=True, slots=True)
class Edit:
    """What a person puts in the place of an agent's words; None leaves that as it is."""

    content: str | None = None
    structured: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person answers at a gate.

    Attributes:
        gate_id: where.
        verdict: ``approve``, ``reject``, ``refine`` or ``edit``.
        shown: the digest of the review that the person has seen.
        reason: why; for a refinement, the feedback to its author.
        edit: for an edit, what is to stand instead.
        opened: the parts of the review that were seen, by the names in ``Review.parts``.
        origin: ``keyboard``, ``pointer`` or ``command-line``; empty where nobody knows.
    """

    gate_id: str
    verdict: str
    shown: str
    reason: str = ""
    edit: Edit | None = None
    opened: tuple[str, ...] = ()
    origin: str = ""


@dataclass(frozen=True, slots=True)
class Doing:
    """What a person does at a gate beside answering.

    Attributes:
        gate_id: where.
        act: ``undo``, ``extend``, ``delegate`` or ``escalate``.
        reason: why.
        to: for a delegation, to whom, by name or id.
    """

    gate_id: str
    act: str
    reason: str = ""
    to: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that is other than it was; empty where there was, or is, nothing."""

    field: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of an answer or an act at once.

    Attributes:
        gate_id: the gate.
        run_id: its run.
        phase: ``open``, ``settling`` or ``closed``.
        end: how it ended, or will, such as ``approved``; empty while it is open.
        settles_at: until when it can be undone; None where it cannot.
        deadline: when it closes unanswered by now; None for never.
        may_decide: who may vote by now; empty for anybody who is enrolled.
        changes: for an edit, what it changed.
    """

    gate_id: str
    run_id: str
    phase: str
    end: str
    settles_at: int | None
    deadline: int | None
    may_decide: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class EditView:
    """An edit before it is given: what it changes, and why it cannot be given, if it cannot.

    ``asks`` says who would be asked about it then; empty where it becomes a fact at once.
    """

    changes: tuple[Change, ...]
    problems: tuple[str, ...]
    asks: str = ""


@dataclass(frozen=True, slots=True)
class TruthRow:
    """What a proposal would put in the place of what stands, or contradicts, field by field.

    Attributes:
        relation: ``corrects`` a fact, ``settles otherwise`` than a fact, or ``contradicts`` what
            waits at another gate.
        other: the fact, or the gate.
        seq: the record that made the fact; -1 for a gate.
        changes: what is other.
    """

    relation: str
    other: str
    seq: int
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class VoteRow:
    """An answer that was given; ``stands`` is False where it was undone or made void.

    ``own`` says whether it is about what its author proposed themselves.
    """

    operator: str
    verdict: str
    reason: str
    at: int
    stands: bool
    own: bool = False


@dataclass(frozen=True, slots=True)
class GroundRow:
    """A fact that a proposal rests on and whose place another took since the gate opened."""

    fact_id: str
    before: str
    now_id: str
    now: str
    seq: int


@dataclass(frozen=True, slots=True)
class Standing:
    """How a gate stands at this moment, whatever it asks.

    Attributes:
        phase: ``open``, ``settling`` or ``closed``.
        end: how it ended, or will, such as ``approved``; empty while it is open.
        words: the same in a sentence.
        votes: every answer that was given, the oldest first.
        approvals: how many approve by now.
        needed: how many approvals it takes.
        deadline: when it closes unanswered by now; None for never.
        half_gone: whether half of the time is known to be gone.
        extensions: how often the deadline can still be moved, by ``extension_us`` each.
        extension_us: by how much.
        undo_us: how long a decision can be undone.
        settles_at: until when what was decided can be undone; None where it cannot.
        escalated: whether others are asked than at first.
        escalate_to: whom it can be escalated to.
        may_vote: who may vote, by id; empty for anybody who is enrolled.
        moved: what of its ground is other than when it opened.
        will_move: what answers that wait for their effect will change about it, in sentences.
        instead: the gate at which the same is asked now, where this one is asked no more.
        silence: what happens if nobody answers by the deadline, in a sentence; empty where it
            does not wait for one.
        became: the fact that it became, once it is one.
    """

    phase: str
    end: str
    words: str
    votes: tuple[VoteRow, ...]
    approvals: int
    needed: int
    deadline: int | None
    half_gone: bool
    extensions: int
    extension_us: int
    undo_us: int
    settles_at: int | None
    escalated: bool
    escalate_to: tuple[str, ...]
    may_vote: tuple[str, ...]
    moved: tuple[GroundRow, ...]
    will_move: tuple[str, ...]
    instead: str
    silence: str = ""
    became: str = ""


@dataclass(frozen=True, slots=True)
class Allowed:
    """What somebody may do at a gate as it stands.

    Attributes:
        operator: who, by id; empty where nobody of their name is enrolled yet.
        why_not: by verdict or act, why it would be refused; what is not named would be taken.
        delegates: to whom it could be delegated: id and name.
    """

    operator: str
    why_not: Mapping[str, str]
    delegates: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Settling:
    """A decision that can still be undone.

    Attributes:
        gate_id: the gate.
        run_id: its run.
        title: what was decided about.
        end: how it will have ended, such as ``approved``.
        by: who decided, by id.
        since: when.
        until: when it takes effect.
    """

    gate_id: str
    run_id: str
    title: str
    end: str
    by: str
    since: int
    until: int


@dataclass(frozen=True, slots=True)
class PrecedentRow:
    """A decision of this desk on the same target, or on the same kind of thing (``same``).

    ``own`` says whether it was decided by the one who proposed it.
    """

    same: str
    gate_id: str
    run_id: str
    run_label: str
    title: str
    verdict: str
    reason: str
    operator: str
    at: int
    own: bool = False


@dataclass(frozen=True, slots=True)
class SinceRow:
    """A part of a review that is other than when it was opened."""

    part: str
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class WokenRow:
    """An agent that an answer would wake; ``part`` is ``executed``, ``unknown`` or ``refused``."""

    agent: str
    cycle: int
    part: str
    reason: str


@dataclass(frozen=True, slots=True)
class PreviewView:
    """What an answer would lead to.

    Attributes:
        verdict: ``approve`` or ``reject``.
        why_not: why that cannot be shown; empty where it is.
        facts: what would become true, each under its key.
        refused: what would not, and why.
        woken: the agents that would be woken.
        asks: what people would be asked next.
        broken: the rules that would be broken, and how.
        ends: how the run would stand then, in a sentence.
        unknown: what the real outcome depends on beside; empty where it would be just this.
        used: what it would take up to there, in words.
    """

    verdict: str
    why_not: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    refused: tuple[tuple[str, str], ...] = ()
    woken: tuple[WokenRow, ...] = ()
    asks: tuple[str, ...] = ()
    broken: tuple[tuple[str, str], ...] = ()
    ends: str = ""
    unknown: tuple[str, ...] = ()
    used: str = ""


@dataclass(frozen=True, slots=True)
class Previews:
    """What approving and what rejecting would lead to, side by side."""

    gate_id: str
    approve: PreviewView
    reject: PreviewView


@dataclass(frozen=True, slots=True)
class Retraction:
    """A correction that was proposed, and what rests on what it corrects.

    Attributes:
        run_id: the run in which it is proposed; a new one where the fact's own has stopped.
        fact_id: the fact that it would take the place of.
        proposed_id: the fact that it would become.
        rests_on_it: what rests on the fact, in all runs, nearest first, each with a label.
        whole: whether that is all there is.
        seq: the record up to which that is known; -1 where the database could not say.
    """

    run_id: str
    fact_id: str
    proposed_id: str
    rests_on_it: tuple[tuple[str, str], ...]
    whole: bool
    seq: int


class OrderMatters(DecisionRefused):
    """Answers that were given as one and whose order can matter; none of them was taken.

    Attributes:
        clashes: which two gates each time, and why.
    """

    def __init__(self, clashes: tuple[tuple[str, str, str], ...]) -> None:
        first, second, why = clashes[0]
        super().__init__(f"{first} and {second}: {why}. Answer these one after the other.")
        self.clashes = clashes
