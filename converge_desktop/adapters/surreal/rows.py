"""What each event adds to the database: rows, and edges from a thing to what it came from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from converge_core import events as e
from converge_core.ids import FactId
from converge_core.proposal import Draft
from converge_core.review import Verdict
from converge_core.trace import DecisionTrace, ModelCall
from converge_desktop.adapters.surreal import calls
from converge_desktop.adapters.surreal.schema import STRETCH
from converge_desktop.adapters.surreal.values import Ref

PROPOSED, STAGED, ASKED = "proposed", "staged", "asked"
REFUSED, WITHDRAWN, PROMOTED = "refused", "withdrawn", "promoted"
STATUSES = (PROPOSED, STAGED, ASKED, REFUSED, WITHDRAWN, PROMOTED)
"""How a proposal may stand; a promoted one is known by its fact."""
_DRAWN = ("seq", "at", "how", "came_from")


@dataclass(frozen=True, slots=True)
class Before:
    """What events refer to that earlier ones said.

    Attributes:
        owners: the run that made a fact, where it is not the run that names it.
        asked: the proposal that a gate asks about.
        wrote: the decision that put other words in the place of a proposal.
    """

    owners: Mapping[tuple[str, str], str] = field(default_factory=dict)
    asked: Mapping[Ref, Ref] = field(default_factory=dict)
    wrote: Mapping[Ref, Ref] = field(default_factory=dict)


class Page:
    """What some events that follow each other add.

    Attributes:
        rows: by table and key.
        standing: how proposals stand that are no facts; None where one became a fact.
        grown: what the rows of a stretch of the ledger hold more, by table and key.
    """

    def __init__(self, before: Before) -> None:
        self.before = before
        self.rows: dict[str, dict[tuple[str, ...], dict[str, Any]]] = {}
        self.standing: dict[tuple[str, ...], dict[str, Any] | None] = {}
        self.grown: dict[str, dict[tuple[str | int, ...], list[Any]]] = {}
        self._staged: set[Ref] = set()
        self._seq = self._at = 0

    def add(self, event: e.Event, seq: int, at: int) -> None:
        """Adds what ``event`` says; most kinds say nothing that is kept here."""
        telling = _TELLING.get(type(event))
        if telling is not None:
            self._seq, self._at = seq, at
            telling(event, self)

    def row(self, ref: Ref, label: str, **fields: Any) -> Ref:
        """Adds a row, unless there is one of that name."""
        rows = self.rows.setdefault(ref.table, {})
        if ref.key not in rows:
            fixed = {"label": label, "seq": self._seq, "at": self._at, "how": [], "came_from": []}
            rows[ref.key] = fixed | fields
        return ref

    def edge(self, child: Ref, relation: str, parent: Ref) -> None:
        """Adds that ``child`` came from ``parent``; ``relation`` reads from left to right.

        What a row came from is said by the record that made it.
        """
        row = self.rows[child.table][child.key]
        if row["seq"] == self._seq:
            row["how"].append(relation)
            row["came_from"].append(parent)

    def staged(self, proposal: Ref) -> None:
        """Says that a proposal waits to be heard, and so has a row of its own whatever comes."""
        self._staged.add(proposal)
        self.stands(proposal, STAGED)

    def drawn(self, fact: Ref, proposal: Ref) -> dict[str, Any]:
        """Takes back a proposal that became a fact at once; returns what its fact tells of it."""
        if proposal in self._staged or fact.key in self.rows.get(fact.table, {}):
            return {}
        row = self.rows.get(proposal.table, {}).pop(proposal.key, None)
        return {"drawn": {name: row[name] for name in _DRAWN}} if row else {}

    def made(self, key: str, fact: Ref) -> None:
        """Says that this stretch of the ledger made a fact."""
        self._row_of_stretch("stretch", key).append(fact)

    def reading(self, run: str, name: str, label: str) -> None:
        """Says that a run read something from the world."""
        self._row_of_stretch("reading", run).append((name, label))

    def called(self, run: str, trace: DecisionTrace, prompt: Ref, model: Ref) -> None:
        """Says that a run asked a model something."""
        shown = [
            self.fact(run, fact) for fact in dict.fromkeys(one.fact for one in trace.call.state)
        ]
        stretch = str(self._seq // STRETCH)  # a text, so that ``used`` can refer to the row
        this = Ref("calls", (run, stretch))
        call = calls.written(trace, self._seq, prompt, model, shown)
        self._growing("calls", this.key).append(call)
        for one in (prompt, model):
            places = self._row_of_stretch("used", one.table, *one.key)
            if this not in places:
                places.append(this)

    def _row_of_stretch(self, table: str, *key: str) -> list[Any]:
        return self._growing(table, (*key, self._seq // STRETCH))

    def _growing(self, table: str, key: tuple[str | int, ...]) -> list[Any]:
        return self.grown.setdefault(table, {}).setdefault(key, [])

    def stands(self, proposal: Ref, status: str, rule: str = "", reason: str = "") -> None:
        """Says how a proposal stands from now on."""
        self.standing[proposal.key] = {
            "proposal": proposal,
            "status": status,
            "rule": rule,
            "reason": reason,
            "seq": self._seq,
        }

    def fact(self, run: str, fact: str) -> Ref:
        """Returns the fact that ``run`` means, which a run that it goes on from may have made."""
        return Ref("fact", (self.before.owners.get((run, fact), run), fact))


def cited_by(event: e.Event) -> tuple[str, tuple[FactId, ...]]:
    """Returns the run of an event, and the facts that it refers to."""
    match event:
        case e.ProposalCreated(run=run, draft=draft) | e.InputStaged(run=run, draft=draft):
            return run, draft.rests_on
        case e.TraceRecorded(run=run, trace=trace):
            return run, tuple(cited.fact for cited in trace.call.state)
        case e.FactPromoted(run=run, fact=fact) if fact.corrects:
            return run, (fact.corrects.supersedes,)
        case _:
            return "", ()


_Telling = Callable[[Any, Page], None]
_TELLING: dict[type[e.Event], _Telling] = {}
"""What each kind of event adds."""


def _tells(kind: type[e.Event]) -> Callable[[_Telling], _Telling]:
    def register(telling: _Telling) -> _Telling:
        _TELLING[kind] = telling
        return telling

    return register


@_tells(e.OperatorEnrolled)
def _(event: e.OperatorEnrolled, page: Page) -> None:
    who = event.operator
    page.row(Ref("operator", (who.id,)), who.name, public_key=who.public_key)


@_tells(e.RunStarted)
def _(event: e.RunStarted, page: Page) -> None:
    links: dict[str, Any] = {}
    if event.pack:
        pack = Ref("pack", (event.pack_digest or event.pack,))
        label = f"{event.pack} {event.pack_version}"
        links["pack"] = page.row(pack, label, name=event.pack, version=event.pack_version)
    if event.continues is not None:
        links["continues"] = Ref("run", (event.continues,))
    if isinstance(event.forked_at, int):
        links["forked_at"] = event.forked_at
    run = Ref("run", (event.run,))
    page.row(run, event.intent.subject, tenant=event.tenant or "", **links)
    if "pack" in links:
        page.edge(run, "was held to", links["pack"])
    if "continues" in links:
        how = "was forked from" if "forked_at" in links else "goes on from"
        page.edge(run, how, links["continues"])


@_tells(e.RunStopped)
def _(event: e.RunStopped, page: Page) -> None:
    run = Ref("run", (event.run,))
    label = type(event.reason).__name__
    page.row(Ref("ending", run.key), label, run=run, cycles=event.cycles, root=event.root)


@_tells(e.ObservationStaged)
def _(event: e.ObservationStaged, page: Page) -> None:
    seen = event.observation
    page.reading(event.run, seen.id, f"{seen.source} · {seen.place}")


@_tells(e.InputStaged)
def _(event: e.InputStaged, page: Page) -> None:
    _draft(event.run, event.draft, page)
    page.staged(Ref("proposal", (event.run, event.draft.id)))


@_tells(e.ProposalCreated)
def _(event: e.ProposalCreated, page: Page) -> None:
    _draft(event.run, event.draft, page)
    page.stands(Ref("proposal", (event.run, event.draft.id)), PROPOSED)


def _draft(run: str, draft: Draft, page: Page) -> None:
    said = draft.fact
    this = page.row(
        Ref("proposal", (run, draft.id)),
        said.content,
        run=Ref("run", (run,)),
        key=said.key.value,
        fact_id=said.id,
        agent=draft.agent,
    )
    for trace in draft.traces:
        page.edge(this, "argued in", Ref("trace", (run, trace)))
    for fact in draft.rests_on:
        page.edge(this, "rests on", page.fact(run, fact))
    if said.observation is not None:
        page.edge(this, "was read as", Ref("observation", (run, said.observation)))
    if draft.supersedes:
        replaced = Ref("proposal", (run, draft.supersedes))
        page.edge(this, "takes the place of", replaced)
        wrote = page.before.wrote.get(replaced)
        if wrote is not None:
            page.edge(this, "was written by", wrote)


@_tells(e.ProposalRefused)
def _(event: e.ProposalRefused, page: Page) -> None:
    page.stands(Ref("proposal", (event.run, event.proposal)), REFUSED, event.rule, event.reason)


@_tells(e.MergeDiscarded)
def _(event: e.MergeDiscarded, page: Page) -> None:
    for proposal in event.proposals:
        page.stands(Ref("proposal", (event.run, proposal)), REFUSED, event.invariant, event.reason)


@_tells(e.FactPromoted)
def _(event: e.FactPromoted, page: Page) -> None:
    fact, promotion = event.fact, event.fact.promotion
    proposal = Ref("proposal", (event.run, fact.proposal))
    this = Ref("fact", (event.run, fact.id))
    drawn = {} if promotion.approvals else page.drawn(this, proposal)
    page.row(
        this,
        fact.content,
        run=Ref("run", (event.run,)),
        proposal=proposal,
        key=fact.key.value,
        byline=fact.agent,
        approver=str(promotion.approver),
        search=f"{fact.content} {fact.id} {fact.agent}".casefold(),
        **drawn,
    )
    page.made(fact.key.value, this)
    page.standing[proposal.key] = None
    page.edge(this, "was proposed as", proposal)
    for approval in promotion.approvals:
        page.edge(this, "was approved by", Ref("decision", (event.run, approval)))
    if fact.corrects:
        old = page.fact(event.run, fact.corrects.supersedes)
        correction = page.row(
            Ref("correction", this.key),
            fact.corrects.text,
            run=Ref("run", (event.run,)),
            supersedes=old,
            reason=fact.corrects.reason.value,
            scope=fact.corrects.scope.kind.value,
            whose=fact.corrects.scope.name,
        )
        page.edge(this, "was made by", correction)
        page.edge(correction, "corrects", old)


@_tells(e.TraceRecorded)
def _(event: e.TraceRecorded, page: Page) -> None:
    call = event.trace.call
    prompt, model = page.row(Ref("prompt", (call.version,)), call.version), _model(call, page)
    page.called(event.run, event.trace, prompt, model)


def _model(call: ModelCall, page: Page) -> Ref:
    """Adds the model: known by its file's hash, or by where it is and what it is called there."""
    envelope = call.envelope
    system = call.remote.system if call.remote else ""
    name = envelope.model_sha256 or f"{system} {envelope.model}"
    return page.row(
        Ref("model", (name,)),
        envelope.model,
        family=envelope.family,
        backend=envelope.backend,
        sha256=envelope.model_sha256,
        system=system,
    )


@_tells(e.GateOpened)
def _(event: e.GateOpened, page: Page) -> None:
    asked = event.request
    proposal = Ref("proposal", (event.run, asked.proposal))
    gate = page.row(
        Ref("gate", (event.run, asked.id)),
        asked.title,
        run=Ref("run", (event.run,)),
        proposal=proposal,
        rule=asked.rule,
        risk=asked.risk.value,
        key=asked.key.value,
    )
    page.edge(gate, "asks about", proposal)
    page.stands(proposal, ASKED, asked.rule, asked.reason)


@_tells(e.GateDecided)
def _(event: e.GateDecided, page: Page) -> None:
    said = event.decision
    gate, operator = Ref("gate", (event.run, said.gate)), Ref("operator", (said.operator,))
    decision = page.row(
        Ref("decision", (event.run, said.id)),
        f"{said.verdict} by {said.operator}",
        run=Ref("run", (event.run,)),
        gate=gate,
        operator=operator,
        verdict=said.verdict.value,
        reason=said.reason,
    )
    page.edge(decision, "answers", gate)
    page.edge(decision, "was signed by", operator)


@_tells(e.GateWithdrawn)
def _(event: e.GateWithdrawn, page: Page) -> None:
    proposal = page.before.asked.get(Ref("gate", (event.run, event.gate)))
    if proposal is not None:  # a redacted copy may not say what was asked
        page.stands(proposal, WITHDRAWN, "", event.reason)


@_tells(e.CheckpointSigned)
def _(event: e.CheckpointSigned, page: Page) -> None:
    taken, operator = event.signed.checkpoint, Ref("operator", (event.signed.operator,))
    this = page.row(
        Ref("checkpoint", (str(taken.size),)),
        f"The first {taken.size} records",
        size=taken.size,
        root=taken.root,
        operator=operator,
    )
    page.edge(this, "was signed by", operator)


EDIT = Verdict.EDIT.value
