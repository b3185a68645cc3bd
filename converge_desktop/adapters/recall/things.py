"""What of a ledger can be recalled: facts, proposals, decisions with their reasons, and failures.

A decision counts once it took effect, and by its last word: answers that were taken back, votes
that did not carry, and silence are none. A fact that corrects another says whose place it took, so
that what no longer stands is not recalled as if it did. All of it is read from the events in their
order, so that the same ledger gives the same things.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

from converge_core import events as e
from converge_core.asking import Gate
from converge_core.canonical import ContentHash, hash_text
from converge_core.correction import ScopeKind
from converge_core.fact import FactRecord
from converge_core.ids import FactId, GateId, ProposalId, RunId
from converge_core.key import ContextKey
from converge_core.ledger import Entry
from converge_core.proposal import Draft, ProposedFact
from converge_core.recall import RecallSource
from converge_core.redaction import redact
from converge_core.review import Verdict

SCHEMA = 2
"""How things are made of events; another number is another table."""
LONGEST = 2_000
"""How much of a text is looked at, in characters: more than an embedder reads of it."""
EDGE = 100
"""How much of the end of what is looked at is left out, where a number may have been cut in two."""
SHOWN = 400
"""How much of it is shown again."""
MOST_GROUNDS = 6
"""So many facts tell what a plan is about."""


@dataclass(frozen=True, slots=True)
class Thing:
    """Something that can be recalled.

    Attributes:
        kind: what it is.
        tenant: whose it is; empty for nobody's.
        run: its run.
        seq: the record that tells of it.
        at: when that was written, in microseconds since 1970 UTC.
        reference: its id in the run: of a fact, a proposal, a gate or an agent.
        about: the text it is found by, without personal data.
        content: the hash of that.
        summary: what is shown of it, without personal data.
        detail: what else is known of a decision, as JSON, without personal data.
        replaces: the marks of what a fact took the place of, a line each.
    """

    kind: RecallSource
    tenant: str
    run: str
    seq: int
    at: int
    reference: str
    about: str
    content: ContentHash
    summary: str
    detail: str = ""
    replaces: str = ""

    @property
    def mark(self) -> str:
        """What it is called where something takes its place; no id holds a tab."""
        return f"{self.run}\t{self.reference}"

    @property
    def id(self) -> str:
        """What it is called among what can be recalled."""
        return f"{self.kind}:{self.seq}"


@dataclass(slots=True)
class _Going:
    """A run that has not stopped."""

    began: int
    tenant: str
    before: str
    facts: dict[FactId, FactRecord] = field(default_factory=dict)
    drafts: dict[ProposalId, Draft] = field(default_factory=dict)
    asked: dict[ProposalId, GateId] = field(default_factory=dict)
    gates: dict[GateId, Gate] = field(default_factory=dict)

    def content(self, name: FactId) -> str | None:
        """Returns what a fact of the run says."""
        fact = self.facts.get(name)
        return fact.content if fact else None


class Collector:
    """Reads records in their order and says what of them can be recalled."""

    def __init__(self) -> None:
        self._runs: dict[RunId, _Going] = {}

    def resume_at(self, after: int) -> int:
        """Returns from which record on one has to read to know what is under way after another."""
        return min((run.began for run in self._runs.values()), default=after + 1)

    def take(self, entry: Entry) -> list[Thing]:
        """Returns what a record adds."""
        event, seq = entry.event, entry.head.seq
        if isinstance(event, e.RunStarted):
            self._runs[event.run] = _Going(seq, event.tenant or "", event.continues or "")
            return []
        run = self._runs.get(RunId(entry.head.run)) if entry.head.run else None
        if run is None or event is None:
            return []
        if isinstance(event, e.RunStopped):
            del self._runs[event.run]
            return []
        return [
            Thing(
                kind=told.kind,
                tenant=run.tenant,
                run=entry.head.run,
                seq=seq,
                at=entry.head.at,
                reference=told.reference,
                about=told.about,
                content=hash_text(told.about),
                summary=told.summary,
                detail=told.detail,
                replaces=told.replaces,
            )
            for told in _told(event, run)
            if told.about
        ]


@dataclass(frozen=True, slots=True)
class _Told:
    kind: RecallSource
    reference: str
    about: str
    summary: str
    detail: str = ""
    replaces: str = ""


def matter_of(fact: ProposedFact, content_of: Callable[[FactId], str | None]) -> str:
    """Returns what a proposal is about: what it says, and the facts that its steps are for.

    Two plans that say the same of different things are no precedents of each other.
    """
    steps = fact.structured.get("steps", ())
    named = [
        name
        for step in (steps if isinstance(steps, Sequence) else ())
        if isinstance(step, Mapping)
        for name in step.get("for", ())
        if isinstance(name, str)
    ]
    grounds = (content_of(FactId(name)) for name in dict.fromkeys(named))
    return "; ".join((fact.content, *islice(filter(None, grounds), MOST_GROUNDS)))


def embedded_text(text: str) -> str:
    """Returns what of a text is embedded: its beginning, on one line, without personal data."""
    plain = redact(text[:LONGEST]).text
    return " ".join((plain if len(text) <= LONGEST else plain[:-EDGE]).split())


def _told(event: e.Event, run: _Going) -> Iterator[_Told]:
    match event:
        case e.ProposalCreated(draft=draft):
            run.drafts[draft.id] = draft
            if draft.fact.key is not ContextKey.DIAGNOSTIC:
                content = draft.fact.content
                yield _made(RecallSource.PROPOSAL, draft.id, content, f"proposed: {content}")
        case e.GateOpened(request=request):
            run.asked[request.proposal] = request.id
            run.gates[request.id] = Gate(request)
        case e.GateDecided(decision=decision) if decision.gate in run.gates:
            run.gates[decision.gate].vote(decision)
        case e.GateActed(act=act) if act.gate in run.gates:
            run.gates[act.gate].act(event)
        case e.GateTimedOut(gate=gate) if gate in run.gates:
            run.gates[gate].time_out(event)
        case e.GateWithdrawn(gate=gate, reason=reason) if gate in run.gates:
            run.gates[gate].withdraw(reason)
        case e.FactPromoted(fact=fact):
            yield from _decided(run, fact.proposal)
            if fact.key is not ContextKey.DIAGNOSTIC:  # it tells again of what was refused
                made = _made(RecallSource.FACT, fact.id, fact.content, f"fact: {fact.content}")
                yield replace(made, replaces="\n".join(_replaced(run, event.run, fact)))
            run.facts[fact.id] = fact
        case e.ProposalRefused(proposal=proposal, reason=reason, rule=rule):
            told = _decided(run, proposal) or _refused(run, proposal, rule, reason)
            yield from () if _was_edited(run, proposal) else told
        case e.AgentFailed(agent=agent, reason=reason):
            yield _made(RecallSource.FAILURE, agent, f"{agent}: {reason}", f"failed: {reason}")


def _decided(run: _Going, proposal: ProposalId) -> list[_Told]:
    """Returns the decision that took effect on a proposal, if people decided it."""
    draft, gate = run.drafts.get(proposal), _gate_of(run, proposal)
    last = gate.decision if gate else None
    if draft is None or gate is None or last is None:
        return []
    title = gate.request.title
    detail: dict[str, Any] = {
        "title": _short(title),
        "verdict": last.verdict.value,
        "reason": _short(last.reason),
        "operator": str(last.operator),
    }
    reason = f" – {last.reason}" if last.reason else ""
    words = f"{last.verdict.value}: {title}{reason}"
    about = matter_of(draft.fact, run.content)
    return [_made(RecallSource.DECISION, gate.request.id, about, words, json.dumps(detail))]


def _gate_of(run: _Going, proposal: ProposalId) -> Gate | None:
    """Returns the gate at which a proposal was asked, or what it took the place of."""
    draft = run.drafts.get(proposal)
    asked = run.asked.get(proposal)
    if asked is None and draft is not None and draft.supersedes:
        asked = run.asked.get(draft.supersedes)
    return run.gates[asked] if asked else None


def _replaced(run: _Going, name: RunId, fact: FactRecord) -> Iterator[str]:
    """Yields the marks of what a correction takes the place of: a fact, and how it came to be.

    What was begun with stands in the run that made it, but for a correction that holds beyond its
    own run.
    """
    if not fact.corrects:
        return
    old = fact.corrects.supersedes
    known = run.facts.get(old)
    if known is None:
        if run.before and fact.corrects.scope.kind is not ScopeKind.SESSION:
            yield f"{run.before}\t{old}"
        return
    gate = _gate_of(run, known.proposal)
    yield from (f"{name}\t{one}" for one in (old, known.proposal))
    yield from (f"{name}\t{gate.request.id}",) if gate else ()


def _was_edited(run: _Going, proposal: ProposalId) -> bool:
    """Whether something else took its place, which tells of the decision then."""
    asked = run.asked.get(proposal)
    last = run.gates[asked].decision if asked else None
    return last is not None and last.verdict is Verdict.EDIT


def _refused(run: _Going, proposal: ProposalId, rule: str, reason: str) -> list[_Told]:
    draft = run.drafts.get(proposal)
    if draft is None:
        return []
    words = f"refused by {rule}: {draft.fact.content} – {reason}"
    return [_made(RecallSource.FAILURE, proposal, draft.fact.content, words)]


def _made(kind: RecallSource, reference: str, about: str, summary: str, detail: str = "") -> _Told:
    return _Told(kind, str(reference), embedded_text(about), _short(summary), detail)


def _short(words: str) -> str:
    found = redact(words[: LONGEST + EDGE])
    line = " ".join((found.text if found.found else words).split())
    return line if len(line) <= SHOWN else f"{line[: SHOWN - 1]}…"
