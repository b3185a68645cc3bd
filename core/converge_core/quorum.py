"""How many people must agree: five rules over a roster that was frozen when the gate opened.

The denominators are the people who may vote, never those who happened to. An outcome is a pure
function of rule, roster and votes, so replay counts again and comes to the same; and whether a
rule can be met at all is known before anybody is asked.

Source: vocabulary 3, "pack::governance" (majority, supermajority, unanimous, lead); N of M is ours.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

from converge_core.record import Record


class QuorumRule(StrEnum):
    """What makes the votes of a roster an approval."""

    COUNT = "count"
    """So many of them: N of M."""
    MAJORITY = "majority"
    """More than half."""
    SUPERMAJORITY = "supermajority"
    """Two thirds or more."""
    UNANIMOUS = "unanimous"
    """All of them."""
    LEAD = "lead"
    """One named person, whatever the others say."""


class Quorum(Record, frozen=True, omit_defaults=True):
    """A rule and its number or name.

    Attributes:
        rule: the rule.
        count: for :attr:`QuorumRule.COUNT`, how many must approve.
        lead: for :attr:`QuorumRule.LEAD`, who decides.
    """

    rule: QuorumRule = QuorumRule.COUNT
    count: int = 1
    lead: str = ""

    def needed(self, voters: int) -> int:
        """Returns how many of ``voters`` people must approve."""
        match self.rule:
            case QuorumRule.COUNT:
                return self.count
            case QuorumRule.MAJORITY:
                return voters // 2 + 1
            case QuorumRule.SUPERMAJORITY:
                return -(-2 * voters // 3)
            case QuorumRule.UNANIMOUS:
                return voters
            case QuorumRule.LEAD:
                return 1

    @property
    def is_one_person(self) -> bool:
        """Whether a single approval is enough, by whoever may vote or by the lead."""
        return self.rule is QuorumRule.LEAD or (self.rule is QuorumRule.COUNT and self.count == 1)

    def __str__(self) -> str:
        match self.rule:
            case QuorumRule.COUNT:
                return "one person" if self.count == 1 else f"{self.count} people"
            case QuorumRule.MAJORITY:
                return "more than half"
            case QuorumRule.SUPERMAJORITY:
                return "two thirds"
            case QuorumRule.UNANIMOUS:
                return "everybody"
            case QuorumRule.LEAD:
                return self.lead


@dataclass(frozen=True, slots=True)
class Tally:
    """How a vote stands.

    Attributes:
        approvals: how many approve.
        rejections: how many reject.
        needed: how many approvals it takes.
        voters: how many may vote; None where anybody who is enrolled may.
        approved: True once approved, False once it cannot be approved any more, None until then.
    """

    approvals: int
    rejections: int
    needed: int
    voters: int | None
    approved: bool | None


def tally(quorum: Quorum, roster: Collection[str] | None, votes: Mapping[str, bool]) -> Tally:
    """Counts ``votes`` (True approves), one a person; votes of others than the roster do not count.

    Rejected is what can no longer be approved: where so many have rejected that those who are left
    are fewer than are needed. The lead alone settles it either way.

    Args:
        quorum: the rule.
        roster: who may vote; None for anybody, where one person is enough.
        votes: who voted how.
    """
    counted = {who: vote for who, vote in votes.items() if roster is None or who in roster}
    if quorum.rule is QuorumRule.LEAD:
        counted = {who: vote for who, vote in counted.items() if who == quorum.lead}
    approvals = sum(counted.values())
    rejections = len(counted) - approvals
    if roster is None:
        voters, needed = None, quorum.needed(1)
        left = needed if not counted else 0
    else:
        voters = 1 if quorum.rule is QuorumRule.LEAD else len(roster)
        needed, left = quorum.needed(voters), voters - len(counted)
    approved: bool | None = None
    if approvals >= max(needed, 1):
        approved = True
    elif approvals + left < max(needed, 1):
        approved = False
    return Tally(approvals, rejections, needed, voters, approved)


def why_unmeetable(quorum: Quorum, roster: Collection[str] | None) -> str:
    """Says why a roster can never meet the rule; empty if it can.

    Args:
        quorum: the rule.
        roster: who may vote; None for anybody who is enrolled.
    """
    if quorum.rule is QuorumRule.COUNT and quorum.count < 1:
        return f"{quorum.count} approvals are asked for; at least one is needed"
    if roster is None:
        if quorum.is_one_person and quorum.rule is not QuorumRule.LEAD:
            return ""
        return f"“{quorum.rule}” needs a roster, and none is named"
    if not roster:
        return "nobody is on the roster"
    if quorum.rule is QuorumRule.LEAD:
        return "" if quorum.lead in roster else f"{quorum.lead or 'the lead'} is not on the roster"
    needed = quorum.needed(len(roster))
    if needed > len(roster):
        return f"{needed} approvals are asked for, and the roster has {len(roster)}"
    return ""


def why_nobody_can(
    quorum: Quorum,
    roster: Collection[str] | None,
    votes: Mapping[str, bool],
    present: Collection[str],
) -> str:
    """Says why nobody who is present can bring the vote to an approval; empty if they can.

    Args:
        quorum: the rule.
        roster: who may vote; None for anybody.
        votes: who voted how so far.
        present: who can be asked now.
    """
    standing = tally(quorum, roster, votes)
    if standing.approved is not None:
        return ""
    may = [who for who in present if (roster is None or who in roster) and who not in votes]
    if quorum.rule is QuorumRule.LEAD:
        may = [who for who in may if who == quorum.lead]
    missing = standing.needed - standing.approvals
    if len(may) >= missing:
        return ""
    if not may:
        return "nobody present can decide this"
    return f"{missing} more approvals are needed, and {len(may)} of those present can give one"
