"""Who is asked: the names of a policy's terms become people when a gate opens.

A person is a name: two keys that are enrolled under one name are one person, who votes once and
never about their own.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import msgspec

from converge_core.ids import OperatorId
from converge_core.people import NOBODY, Absent
from converge_core.policy import Risk
from converge_core.quorum import QuorumRule
from converge_core.review import Operator
from converge_core.terms import ReviewTerms

Operators = Mapping[OperatorId, Operator]
Roster = tuple[OperatorId, ...]


def name_of(who: OperatorId, operators: Operators) -> str:
    """Returns the name under which ``who`` is enrolled; the id itself where they are not."""
    operator = operators.get(who)
    return operator.name if operator else who


def is_among(who: OperatorId, others: Collection[OperatorId], operators: Operators) -> bool:
    """Whether ``who`` is one of ``others``, by this key or by another of theirs."""
    name = name_of(who, operators)
    return who in others or any(name_of(other, operators) == name for other in others)


def roster_of(
    names: Sequence[str], operators: Operators, but: OperatorId | None = None
) -> tuple[OperatorId, ...]:
    """Returns who of ``names`` (or ids) is enrolled, each person once, and ``but`` one not at all.

    Of two keys under one name, a name means the one that was enrolled first.
    """
    first: dict[str, OperatorId] = {}
    for operator in operators.values():
        first.setdefault(operator.name, operator.id)
    found = [OperatorId(name) if name in operators else first.get(name) for name in names]
    people: dict[str, OperatorId] = {}
    for who in found:
        if who is not None:
            people.setdefault(name_of(who, operators), who)
    if but is not None:
        people.pop(name_of(but, operators), None)
    return tuple(people.values())


def frozen(
    terms: ReviewTerms,
    risk: Risk,
    author: OperatorId | None,
    operators: Operators,
    absent: Absent = NOBODY,
) -> tuple[ReviewTerms, Roster | msgspec.UnsetType]:
    """Returns terms and roster as a gate that opens now keeps them.

    Who wrote a proposal themselves is on no roster about it, unless they may approve it alone.
    """
    quorum = terms.quorum
    operators = absent.left(operators, quorum)
    if quorum.lead:
        [lead] = roster_of((quorum.lead,), operators) or (OperatorId(quorum.lead),)
        quorum = msgspec.structs.replace(quorum, lead=lead)
        terms = msgspec.structs.replace(terms, quorum=quorum)
    if not terms.roster and quorum.is_one_person:
        return terms, msgspec.UNSET
    alone = author is not None and may_self_approve(terms, risk, author)
    names = terms.roster or tuple(operators)
    return terms, roster_of(names, operators, None if alone else author)


def escalated(
    terms: ReviewTerms,
    risk: Risk,
    author: OperatorId | None,
    operators: Operators,
    absent: Absent = NOBODY,
) -> Roster:
    """Returns who is asked after an escalation, by the same rule about authors."""
    alone = author is not None and may_self_approve(terms, risk, author)
    among = absent.left(operators, terms.quorum)
    return roster_of(terms.escalate_to, among, None if alone else author)


def may_self_approve(terms: ReviewTerms, risk: Risk, author: OperatorId) -> bool:
    """Whether ``author`` may approve alone what they wrote, or edited, under these terms."""
    quorum = terms.quorum
    if not terms.self_approval or not quorum.is_one_person or risk is Risk.HIGH:
        return False
    return quorum.rule is not QuorumRule.LEAD or quorum.lead == author
