"""Which records bear on a run or a decision: those a stranger needs to see how it came about.

Of a run, all its records. Of a gate, how its run began, what was proposed, observed, checked and
computed for it, everything that happened at the gate, and the fact that came of it. Then, for
both, the facts that proposals rest on and models were shown, each with how it came about in turn,
back through the runs that a run continues; the other facts of those runs are there by their root
alone, which the beginning of a run names. To check signatures, it takes the records of the desk
that say whose it is, and of everybody who signed with which keys they could.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import NamedTuple

from converge_core import events as e
from converge_core.errors import IllegalCommand
from converge_core.ids import OperatorId, RunId
from converge_core.ledger import Entry
from converge_core.proposal import Draft

PEOPLE = frozenset(
    one.kind for one in (e.OperatorEnrolled, e.OperatorKeyRotated, e.OperatorRevoked)
)
"""Kinds of records by which signatures are checked."""
Records = Callable[[str], Iterable[Entry]]
"""Gives the records of a run in their order, and those of the desk for the empty name."""


class _Thing(NamedTuple):
    """Something that records are about, by the name it has in its run."""

    kind: str
    name: str


class _Filed(NamedTuple):
    """What a record is about, and what one has to look at beside it."""

    about: tuple[_Thing, ...]
    leads: tuple[_Thing, ...] = ()


class _Run:
    """The records of a run, by what they are about."""

    def __init__(self, run: str, entries: Iterable[Entry]) -> None:
        self.run = run
        self.entries: dict[int, Entry] = {}
        self.leads: dict[int, tuple[_Thing, ...]] = {}
        self.of: dict[_Thing, list[int]] = {}
        self.began: Entry | None = None
        for entry in entries:
            seq = entry.head.seq
            self.entries[seq] = entry
            if entry.head.kind == e.RunStarted.kind:
                self.began = entry
            if entry.event is None:
                continue
            filed = _filed(entry.event)
            self.leads[seq] = filed.leads
            for thing in filed.about:
                self.of.setdefault(thing, []).append(seq)

    @property
    def before(self) -> RunId | None:
        """The run that it continues."""
        event = self.began.event if self.began else None
        return event.continues if isinstance(event, e.RunStarted) else None


def of_run(records: Records, run: str) -> list[Entry]:
    """Returns the records that bear on a run, in their order.

    Raises:
        IllegalCommand: if there is no such run.
    """
    found = _Search(records)
    every = found.run(run).entries
    for seq in every:
        found.take(run, seq)
    return found.all()


def of_gate(records: Records, run: str, gate: str) -> list[Entry]:
    """Returns the records that bear on what was asked and decided at a gate, in their order.

    Raises:
        IllegalCommand: if there is no such gate.
    """
    found = _Search(records)
    asked = _Thing("gate", gate)
    if asked not in found.run(run).of:
        raise IllegalCommand(f"there is no gate {gate} in run {run}; list those that wait: inbox")
    found.look_at(run, asked)
    return found.all()


class _Search:
    """Walks from records to what they lead to, until there is nothing new."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._runs: dict[str, _Run] = {}
        self._found: dict[int, Entry] = {}
        self._seen: set[tuple[str, _Thing]] = set()
        self._ahead: deque[tuple[str, _Thing]] = deque()

    def run(self, name: str) -> _Run:
        """Returns a run, read once.

        Raises:
            IllegalCommand: if there is none of that name.
        """
        if name not in self._runs:
            self._runs[name] = _Run(name, self._records(name) if name else ())
        run = self._runs[name]
        if run.began is None:
            raise IllegalCommand(f"there is no run {name}")
        return run

    def take(self, name: str, seq: int) -> None:
        """Takes a record, with how its run began, and looks at what it leads to."""
        run = self.run(name)
        assert run.began is not None
        for entry in (run.began, run.entries[seq]):
            self._found[entry.head.seq] = entry
        for thing in run.leads.get(seq, ()):
            self.look_at(name, thing)

    def look_at(self, run: str, thing: _Thing) -> None:
        """Has a thing looked at, once."""
        if (run, thing) not in self._seen:
            self._seen.add((run, thing))
            self._ahead.append((run, thing))

    def all(self) -> list[Entry]:
        """Returns all that was found from there, and what of the desk it takes to check it."""
        while self._ahead:
            name, thing = self._ahead.popleft()
            run = self.run(name)
            for seq in run.of.get(thing, ()):
                self.take(name, seq)
            if thing.kind == "fact" and thing not in run.of and run.before:
                self.look_at(run.before, thing)
        return [self._found[seq] for seq in sorted(self._found)]


def with_keys(records: Records, found: list[Entry], signer: OperatorId, size: int) -> list[Entry]:
    """Returns records with those by which their signatures are checked, in their order.

    Records of people that were left out are among them: nobody can tell whose keys they told.

    Of everybody who signed, and of who answered for them in turn: that they were enrolled, which
    keys they took later, and that they were revoked.

    Args:
        records: gives the records of the desk.
        found: what was signed, and what was not.
        signer: who signed the checkpoint.
        size: how many records the checkpoint covers.
    """
    every = {entry.head.seq: entry for entry in found}
    wanted = {signer, *(name for entry in found for name in _signers(entry.event))}
    people: list[tuple[Entry, _About]] = []
    for entry in records(""):
        about = _people_of(entry.event)
        if isinstance(entry.event, e.DeskOpened):
            every[entry.head.seq] = entry
        elif about is not None and entry.head.seq < size:
            people.append((entry, about))
        elif entry.event is None and entry.head.kind in PEOPLE and entry.head.seq < size:
            every[entry.head.seq] = entry
    while True:
        told = [(entry, about) for entry, about in people if about.who in wanted]
        more = {about.by for _, about in told if about.by is not None} - wanted
        if not more:
            break
        wanted |= more
    every.update((entry.head.seq, entry) for entry, _ in told)
    return [every[seq] for seq in sorted(every)]


class _About(NamedTuple):
    """Whom a record of the desk is about, and who signed it beside them."""

    who: OperatorId
    by: OperatorId | None = None


def _people_of(event: e.Event | None) -> _About | None:
    match event:
        case e.OperatorEnrolled(operator=operator, welcome=welcome):
            return _About(operator.id, welcome.by if welcome else None)
        case e.OperatorKeyRotated(rotation=rotation):
            return _About(rotation.operator)
        case e.OperatorRevoked(revocation=revocation):
            return _About(revocation.operator, revocation.by)
        case _:
            return None


def key_of(records: Records, name: OperatorId, size: int) -> str:
    """Returns the public key of somebody once ``size`` records stood; empty if they had none."""
    found = ""
    for entry in records(""):
        if entry.head.seq >= size:
            break
        event = entry.event
        if isinstance(event, e.OperatorEnrolled) and event.operator.id == name:
            found = found or event.operator.public_key  # who is enrolled again has the same key
        elif isinstance(event, e.OperatorKeyRotated) and event.rotation.operator == name:
            found = event.rotation.public_key
    return found


def _signers(event: e.Event | None) -> tuple[OperatorId, ...]:
    about = _people_of(event)
    match event:
        case e.GateDecided(decision=signed):
            return (signed.operator,)
        case e.GateActed(act=act):
            return (act.operator,)
        case e.CheckpointSigned(signed=taken):
            return (taken.operator,)
        case _ if about is not None:
            return (about.who, *((about.by,) if about.by else ()))
        case _:
            return ()


def _filed(event: e.Event) -> _Filed:
    """Returns where a record of a run belongs; those that tell how a run went belong nowhere."""
    match event:
        case e.ObservationStaged(observation=seen):
            return _Filed((_Thing("observation", seen.id),))
        case e.ProposalCreated(draft=draft) | e.InputStaged(draft=draft):
            return _of_draft(draft)
        case e.ProposalValidated(report=report):
            return _Filed((_Thing("proposal", report.proposal),))
        case e.ProposalRefused():
            return _Filed((_Thing("proposal", event.proposal),))
        case e.FactPromoted(fact=fact):
            made_of = _Thing("proposal", fact.proposal)
            return _Filed((_Thing("fact", fact.id), made_of), (made_of,))
        case e.TraceRecorded(trace=trace):
            shown = tuple(_Thing("fact", cited.fact) for cited in trace.call.state)
            tried = _attempts(trace.agent, trace.cycle)
            return _Filed((_Thing("trace", trace.id),), (*shown, tried))
        case e.CallAttempted(agent=agent, cycle=cycle):
            return _Filed((_attempts(agent, cycle),))
        case e.TensionOpened(tension=tension):
            about = (_Thing("tension", tension.id), *(_Thing("gate", one) for one in tension.sides))
            return _Filed(about, about)
        case e.TensionResolved(resolution=resolution):
            return _Filed((_Thing("tension", resolution.tension),))
        case e.GateOpened():
            return _of_request(event)
        case _:
            gate = _gate_of(event)
            return _Filed((_Thing("gate", gate),) if gate else ())


def _of_draft(draft: Draft) -> _Filed:
    about = [_Thing("proposal", draft.id)]
    leads = [_Thing("fact", one) for one in draft.rests_on]
    leads += [_Thing("trace", one) for one in draft.traces]
    if draft.fact.observation:
        leads.append(_Thing("observation", draft.fact.observation))
    if draft.supersedes:  # what a person made of it belongs to both
        about.append(_Thing("proposal", draft.supersedes))
        leads += about
    return _Filed(tuple(about), tuple(leads))


def _of_request(event: e.GateOpened) -> _Filed:
    request = event.request
    proposal = _Thing("proposal", request.proposal)
    about = [_Thing("gate", request.id), proposal]
    leads = [*about, *(_Thing("fact", one.fact) for one in request.ground)]
    if request.instead_of:
        leads.append(_Thing("gate", request.instead_of))
    return _Filed(tuple(about), tuple(leads))


def _gate_of(event: e.Event) -> str:
    """Returns the gate that an event happened at; empty if it happened at none."""
    if isinstance(event, e.GateDecided):
        return event.decision.gate
    return event.act.gate if isinstance(event, e.GateActed) else getattr(event, "gate", "")


def _attempts(agent: str, cycle: int) -> _Thing:
    return _Thing("attempts", f"{cycle}/{agent}")
