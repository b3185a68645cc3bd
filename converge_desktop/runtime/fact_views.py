"""One fact, as it is shown: how it was promoted, on what, and what became of it."""

from __future__ import annotations

from collections.abc import Callable, Collection

from converge_core.authority import ActorKind
from converge_core.context import Standpoint
from converge_core.correcting import why_not_correct
from converge_core.correction import EVERYBODY, Correction, CorrectionReason
from converge_core.errors import IllegalCommand
from converge_core.fact import Fact
from converge_core.ids import FactId
from converge_core.merge import author_of
from converge_core.panel import may_self_approve
from converge_core.policy import Effect, PolicyRequest, Risk
from converge_core.proposal import Draft, ProposedFact
from converge_core.run_state import Phase, RunState
from converge_core.speakers import INPUT
from converge_core.terms import ANYBODY_ONCE
from converge_desktop.adapters.packs.pack import Pack
from converge_desktop.runtime.fact_graph import FactGraph
from converge_desktop.runtime.fact_model import (
    CorrectionRow,
    FactView,
    Retractable,
    StepRow,
    VerdictRow,
)
from converge_desktop.runtime.review_model import CheckRow, EvidenceRow
from converge_desktop.runtime.run_views import fact_card
from converge_desktop.runtime.trace_views import check_row
from converge_desktop.runtime.wording import check_words

FindRun = Callable[[str], RunState | None]
_KINDS = {
    CorrectionReason.DATA_ERROR: "what was read or computed was wrong",
    CorrectionReason.POLICY_CHANGE: "it was right under another policy",
    CorrectionReason.SOURCE_RETRACTION: "its source took it back",
    CorrectionReason.MANUAL_OVERRIDE: "a person knows better",
    CorrectionReason.SYSTEM_RECONCILIATION: "two records of the same were brought together",
}


def fact_view(run: RunState, fact_id: str, pack: Pack, me: str, find: FindRun) -> FactView:
    """Returns a fact whole, as ``run`` sees it.

    Args:
        run: the run that it is looked at from.
        fact_id: the fact.
        pack: the pack as it was when the run began.
        me: the name of the person at the desk.
        find: returns a run by its id, to follow a fact into the run that made it.

    Raises:
        IllegalCommand: if the run has no such fact.
    """
    fact = run.context.find(FactId(fact_id))
    if fact is None:
        raise IllegalCommand(f"run {run.run} has no fact {fact_id}")
    home = home_of(run, fact, find)
    promotion, proposal = fact.promotion, home.drafts.get(fact.record.proposal)
    graph = FactGraph(run, lambda one: str(home_of(run, one, find).run)).around(fact)
    by_person = promotion.approver.kind is ActorKind.HUMAN
    return FactView(
        card=fact_card(home, fact),
        seen_from=run.run,
        kind=fact.kind.value,
        confidence=fact.confidence,
        agent=str(fact.agent),
        cycle=proposal.cycle if proposal else -1,
        at=promotion.promoted_at,
        promoter=promotion.gate_id,
        rule=_rule(home, fact),
        by_person=by_person,
        self_approved=bool(by_person and proposal and author_of(proposal) == promotion.approver.id),
        policy=promotion.policy_version_hash,
        checks=_checks(home, fact),
        skipped=tuple(map(check_words, promotion.validation_summary.checks_skipped)),
        verdicts=_verdicts(home, fact),
        evidence=tuple(_evidence(run, name) for name in fact.rests_on),
        read_at=_read_at(home, fact),
        corrects=_corrects(run, home, fact),
        corrected_by=tuple(_correction(run, one, one) for one in _corrections(run, fact)),
        steps=_steps(home, fact),
        retractable=retractable(run, fact, pack, me),
        start=graph.start,
        edges=tuple(graph.edges),
        labels=tuple(graph.labels.items()),
        whole=graph.whole,
    )


def home_of(run: RunState, fact: Fact, find: FindRun) -> RunState:
    """Returns the run that made a fact; ``run`` itself, or one that it goes on from."""
    at = run
    while (fact.key, fact.id) not in at.fact_seq and at.started.continues:
        before = find(at.started.continues)
        if before is None:
            break
        at = before
    return at


def retractable(run: RunState, fact: Fact, pack: Pack, me: str) -> Retractable:
    """Says whether a person may propose to take a fact back, and who would decide about that."""
    stopped = run.phase is Phase.STOPPED
    scope = fact.corrects.scope if fact.corrects else EVERYBODY
    corrects = Correction(
        supersedes=fact.id, reason=CorrectionReason.MANUAL_OVERRIDE, text="-", scope=scope
    )
    standpoint = Standpoint(run.started.tenant or "", run.run)
    problem = why_not_correct(fact.key, corrects, run.context, standpoint)
    if problem is not None:
        return Retractable(why_not=problem[1], stopped=stopped)
    decision = pack.policy.decide(PolicyRequest(_proposed(run, fact, corrects)))
    terms = decision.review or ANYBODY_ONCE
    mine = next((who.id for who in run.operators.values() if who.name == me), None)
    asked = [one.name for one in run.operators.values() if one.id not in run.revoked]
    others = tuple(dict.fromkeys(name for name in asked if name != me))
    return Retractable(
        rule=decision.rule if decision.effect is not Effect.PERMIT else "requires-human",
        reason=decision.reason if decision.effect is not Effect.PERMIT else _YOUR_WORDS,
        forbidden=decision.effect is Effect.FORBID,
        own=mine is not None and may_self_approve(terms, decision.risk, mine),
        others=tuple(name for name in others if _is_asked(name, run, terms.roster)),
        stopped=stopped,
        high=decision.risk is Risk.HIGH,
    )


_YOUR_WORDS = "Taking a fact back is always put to a person."


def _is_asked(name: str, run: RunState, roster: Collection[str]) -> bool:
    ids = {one.id for one in run.operators.values() if one.name == name}
    return not roster or name in roster or bool(ids & set(roster))


def _proposed(run: RunState, fact: Fact, corrects: Correction) -> Draft:
    """Returns what a policy would be asked about, were the fact taken back: a person's words."""
    record = fact.record
    words = ProposedFact(
        key=record.key,
        id=record.id,
        content=record.content,
        kind=record.kind,
        structured=record.structured,
        confidence=record.confidence,
        corrects=corrects,
    )
    return Draft(record.proposal, fact.promotion.approver, INPUT, run.cycle, words)


def _rule(run: RunState, fact: Fact) -> str:
    """Returns the rule that permitted a fact, or asked about it."""
    approver = fact.promotion.approver
    if approver.kind is ActorKind.SYSTEM:
        return approver.id.removeprefix("policy:")
    gates = run.gates_of.get(fact.record.proposal, ())
    return gates[-1].request.rule if gates else ""


def _checks(run: RunState, fact: Fact) -> tuple[CheckRow, ...]:
    report = run.reports.get(fact.record.proposal)
    if report is not None:
        return tuple(map(check_row, report.checks))
    passed = fact.promotion.validation_summary.checks_passed
    return tuple(CheckRow(check_words(name), passed=True, reason="") for name in passed)


def _verdicts(run: RunState, fact: Fact) -> tuple[VerdictRow, ...]:
    names = set(fact.promotion.approvals)
    given = [
        answer
        for gate in run.gates.values()
        for answer in gate.every_answer()
        if answer.id in names
    ]
    return tuple(
        VerdictRow(one.gate, one.operator, one.verdict.value, one.reason, one.decided_at)
        for one in sorted(given, key=lambda one: one.decided_at)
    )


def _evidence(run: RunState, name: FactId) -> EvidenceRow:
    fact = run.context.find(name)
    if fact is None:
        return EvidenceRow(name, "", name, "", "", "", "", "")
    about = fact.structured
    source, place = about.get("source"), about.get("place")
    standing = "corrected" if run.context.corrections_of(name) else ""
    return EvidenceRow(
        name,
        "",
        fact.content,
        "",
        "",
        standing,
        source if isinstance(source, str) else fact.key.value,
        place if isinstance(place, str) else "",
    )


def _read_at(run: RunState, fact: Fact) -> tuple[tuple[str, str], ...]:
    named = (run.observations.get(name) for name in fact.promotion.observations)
    return tuple((one.source, one.place) for one in named if one is not None)


def _corrections(run: RunState, fact: Fact) -> list[Fact]:
    return run.context.corrections_of(fact.id)


def _corrects(run: RunState, home: RunState, fact: Fact) -> CorrectionRow | None:
    if fact.corrects is None:
        return None
    old = run.context.find(fact.corrects.supersedes) or home.context.find(fact.corrects.supersedes)
    return _correction(run, fact, old) if old is not None else None


def _correction(run: RunState, by: Fact, other: Fact) -> CorrectionRow:
    """Returns that ``by`` took another's place, told about ``other``, one of the two."""
    corrects = by.corrects
    assert corrects is not None
    return CorrectionRow(
        fact_id=other.id,
        text=other.content,
        why=corrects.text,
        kind=_KINDS[corrects.reason],
        scope="everybody" if corrects.scope == EVERYBODY else str(corrects.scope),
        seq=run.fact_seq.get((other.key, other.id), run.started_seq),
    )


def _steps(run: RunState, fact: Fact) -> tuple[StepRow, ...]:
    named = (run.traces.get(name) for name in fact.promotion.trace_link)
    return tuple(
        StepRow(one.id, one.call.step, one.call.headline, one.grade.value)
        for one in named
        if one is not None
    )
