"""Who is asked: the names of a policy's terms become people when a gate opens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from converge_core.asking import Gate
from converge_core.ids import OperatorId
from converge_core.policy import Risk
from converge_core.review import Operator
from converge_core.terms import ReviewTerms

Operators = Mapping[OperatorId, Operator]


def roster_of(names: Sequence[str], operators: Operators) -> tuple[OperatorId, ...]:
    """Returns who of ``names`` (or ids) is enrolled, each person once.

    Two keys under one name are one person, whoever enrolled first.
    """
    first: dict[str, OperatorId] = {}
    for operator in operators.values():
        first.setdefault(operator.name, operator.id)
    found = [OperatorId(name) if name in operators else first.get(name) for name in names]
    return tuple(dict.fromkeys(who for who in found if who is not None))


def frozen(
    terms: ReviewTerms, author: OperatorId | None, operators: Operators
) -> tuple[ReviewTerms, tuple[OperatorId, ...] | msgspec.UnsetType]:
    """Returns terms and roster as a gate that opens now keeps them.

    Who wrote a proposal themselves is on no roster about it, unless they may approve it alone.
    """
    if not terms.roster and terms.quorum.is_one_person:
        return terms, msgspec.UNSET
    names = terms.roster or tuple(operators)
    roster = roster_of(names, operators)
    if author is not None and not terms.self_approval:
        roster = tuple(who for who in roster if who != author)
    quorum = terms.quorum
    if quorum.lead:
        [lead] = roster_of((quorum.lead,), operators) or (OperatorId(quorum.lead),)
        quorum = msgspec.structs.replace(quorum, lead=lead)
    return msgspec.structs.replace(terms, quorum=quorum), roster


def may_self_approve(gate: Gate) -> bool:
    """Whether who edits what is asked here approves it by the same act."""
    terms = gate.terms
    low = gate.request.risk is not Risk.HIGH
    return terms.self_approval and terms.quorum.is_one_person and low
