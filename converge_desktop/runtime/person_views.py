"""What is known of a person: their keys through time, what they may decide, what hangs on them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from converge_core.asking import Gate
from converge_core.deciding import why_not_on_roster
from converge_core.errors import IllegalCommand
from converge_core.events import OperatorEnrolled, OperatorKeyRotated, OperatorRevoked
from converge_core.ids import OperatorId
from converge_core.panel import name_of, roster_of
from converge_core.policy import Effect, Rule
from converge_core.quorum import QuorumRule, why_nobody_can, why_unmeetable
from converge_core.review import Verdict
from converge_core.run_state import DeskState, RunState
from converge_core.terms import ANYBODY_ONCE, ReviewTerms
from converge_desktop.adapters.ledger.history import LedgerHistory
from converge_desktop.adapters.packs.pack import Pack
from converge_desktop.runtime.event_query import EventQuery, find
from converge_desktop.runtime.wording import fingerprint

_KINDS = (OperatorEnrolled.kind, OperatorKeyRotated.kind, OperatorRevoked.kind)
_MOST = 10_000
"""More records about people than any desk has."""


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that happened to a person's key.

    ``what`` is ``enrolled``, ``another key`` or ``revoked``; ``by`` is who answered for it, empty
    for the first person of a desk, who came by themselves.
    """

    seq: int
    at: int
    what: str
    by: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Duty:
    """A rule by which a person may decide: what it asks about, and how much their word is."""

    pack: str
    rule: str
    risk: str
    how: str


@dataclass(frozen=True, slots=True)
class Stranded:
    """What nobody could decide any more without a person: a gate, or a rule of a pack.

    ``gate_id`` is empty for a rule.
    """

    gate_id: str
    title: str
    why: str


@dataclass(frozen=True, slots=True)
class PersonView:
    """One person.

    Attributes:
        operator_id: who.
        fingerprint: the SHA-256 of their public key, in groups that can be read aloud.
        moments: what happened to their key, oldest first.
        duties: the rules by which they may decide.
        strands: what nobody could decide any more if they were revoked.
        last: whether they are the last who may decide here, so that they cannot be revoked.
    """

    operator_id: str
    fingerprint: str
    moments: tuple[Moment, ...]
    duties: tuple[Duty, ...]
    strands: tuple[Stranded, ...]
    last: bool


def person_view(
    state: DeskState,
    history: LedgerHistory,
    going: Iterable[RunState],
    packs: Iterable[Pack],
    operator_id: str,
) -> PersonView:
    """Returns what is known of somebody.

    Args:
        state: the desk.
        history: its records.
        going: the runs that have not stopped.
        packs: the packs that can be run.
        operator_id: who.

    Raises:
        IllegalCommand: if nobody of that id was ever enrolled.
    """
    who = OperatorId(operator_id)
    if who not in state.operators:
        raise IllegalCommand(f"nobody was ever enrolled here as {operator_id}")
    here, packs = [one for one in state.operators if one not in state.revoked], tuple(packs)
    stands = who in here
    left = [one for one in here if one != who]
    strands = (*_gates(going, here, left), *_rules(state, packs, here, left))
    return PersonView(
        operator_id=operator_id,
        fingerprint=fingerprint(state.operators[who].public_key),
        moments=tuple(_moments(history, who)),
        duties=tuple(_duties(state, packs, who)) if stands else (),
        strands=strands if stands else (),
        last=stands and not left,
    )


def _moments(history: LedgerHistory, who: OperatorId) -> Iterator[Moment]:
    for entry in find(history, EventQuery(kinds=_KINDS, limit=_MOST)):
        seq, at = entry.head.seq, entry.head.at
        match entry.event:
            case OperatorEnrolled(operator=operator) if operator.id == who:
                welcome = entry.event.welcome
                yield Moment(seq, at, "enrolled", welcome.by if welcome else "")
            case OperatorKeyRotated(rotation=rotation) if rotation.operator == who:
                yield Moment(seq, at, "another key", rotation.operator, rotation.reason)
            case OperatorRevoked(revocation=revocation) if revocation.operator == who:
                yield Moment(seq, at, "revoked", revocation.by, revocation.reason)


def _asking(packs: Iterable[Pack]) -> Iterator[tuple[Pack, Rule, ReviewTerms]]:
    for pack in packs:
        for rule in pack.policy.rules:
            if rule.effect is Effect.ASK:
                yield pack, rule, rule.review or ANYBODY_ONCE


def _duties(state: DeskState, packs: Iterable[Pack], who: OperatorId) -> Iterator[Duty]:
    for pack, rule, terms in _asking(packs):
        how = _how(state, terms, who)
        if how:
            yield Duty(pack.title, rule.name, rule.risk.value, how)


def _how(state: DeskState, terms: ReviewTerms, who: OperatorId) -> str:
    """Says how much somebody's word is under some terms; empty where they are not asked."""
    quorum, names = terms.quorum, terms.roster
    people = roster_of(names, state.operators) if names else tuple(state.operators)
    if who not in people:
        later = who in roster_of(terms.escalate_to, state.operators)
        return "asked if it is escalated" if later else ""
    if quorum.rule is QuorumRule.LEAD:
        lead = quorum.lead in {who, name_of(who, state.operators)}
        return "decides as the lead" if lead else "is heard; the lead decides"
    if quorum.is_one_person:
        return "decides alone"
    return f"one vote; it takes {quorum}"


def _gates(
    going: Iterable[RunState], here: list[OperatorId], left: list[OperatorId]
) -> Iterator[Stranded]:
    """Yields the open gates that could be approved by now, and not by those who are left."""
    for run in going:
        for gate in run.open_gates():
            why = _why_nobody(run, gate, left)
            if why and not _why_nobody(run, gate, here):
                yield Stranded(gate.request.id, gate.request.title, why)


def _why_nobody(run: RunState, gate: Gate, present: list[OperatorId]) -> str:
    votes = {str(who): one.verdict is Verdict.APPROVE for who, one in gate.votes.items()}
    may = [who for who in present if not why_not_on_roster(gate, who, run.operators)]
    return why_nobody_can(gate.terms.quorum, gate.roster, votes, may)


def _rules(
    state: DeskState, packs: Iterable[Pack], here: list[OperatorId], left: list[OperatorId]
) -> Iterator[Stranded]:
    """Yields the rules that could be met by now, and not by those who are left."""
    for pack, rule, terms in _asking(packs):
        why = _why_not_met(state, terms, left)
        if why and not _why_not_met(state, terms, here):
            yield Stranded("", f"{pack.title}: {rule.name}", why)


def _why_not_met(state: DeskState, terms: ReviewTerms, present: list[OperatorId]) -> str:
    people = {who: state.operators[who] for who in present}
    roster = roster_of(terms.roster or tuple(people), people)
    quorum = terms.quorum
    if quorum.rule is QuorumRule.LEAD:
        return "" if roster_of((quorum.lead,), people) else f"{quorum.lead}, who leads, is gone"
    return why_unmeetable(quorum, roster)
