"""Ledger records, as they are listed: one line of words each."""

from __future__ import annotations

from functools import singledispatch

from converge_core import events as e
from converge_core.ledger import Entry
from converge_core.review import ActKind
from converge_core.terms import OnTimeout
from converge_desktop.runtime.attempts import attempt_words
from converge_desktop.runtime.ledger_model import LedgerRow
from converge_desktop.runtime.wording import plural


def ledger_row(entry: Entry) -> LedgerRow:
    """Returns a record as a line of a list."""
    head = entry.head
    summary = _words(entry.event) if entry.event else "redacted"
    return LedgerRow(head.seq, head.at, head.kind, head.run, entry.hash, summary)


_PLAIN: dict[type[e.Event], str] = {
    e.GateSettling: "decided; it takes effect when the undo window is over",
    e.GateCommitted: "the undo window is over; the decision takes effect",
    e.GateWarned: "half of the time to decide is gone",
}
"""Events that say the same whenever they happen."""


@singledispatch
def _words(event: e.Event) -> str:
    return _PLAIN.get(type(event)) or event.kind.replace("_", " ")


@_words.register
def _(event: e.DeskOpened) -> str:
    return f"desk {event.desk}, version {event.app_version}"


@_words.register
def _(event: e.OperatorEnrolled) -> str:
    by = f"; {event.welcome.by} answers for them" if event.welcome else ""
    return f"{event.operator.name} may decide{by}"


@_words.register
def _(event: e.OperatorKeyRotated) -> str:
    return f"{event.rotation.operator} has another key"


@_words.register
def _(event: e.OperatorRevoked) -> str:
    ended = event.revocation
    return f"{ended.operator} may not decide any more, says {ended.by}: {ended.reason}"


@_words.register
def _(event: e.CheckpointSigned) -> str:
    signed = event.signed
    return f"{signed.operator} signed a checkpoint of {plural(signed.checkpoint.size, 'record')}"


@_words.register
def _(event: e.RunStarted) -> str:
    asked = " ".join((event.intent.request or "").split())
    return f"{event.pack}: {event.intent.subject}" + (f"; asked for: “{asked}”" if asked else "")


@_words.register
def _(event: e.ObservationStaged) -> str:
    return f"{event.observation.id}, from {event.observation.source}"


@_words.register
def _(event: e.ProposalCreated) -> str:
    return f"{event.draft.agent} proposes “{event.draft.fact.content}”"


@_words.register
def _(event: e.ProposalValidated) -> str:
    passed = sum(check.passed for check in event.report.checks)
    return f"{passed} of {plural(len(event.report.checks), 'check')} passed"


@_words.register
def _(event: e.ProposalRefused) -> str:
    return f"{event.rule}: {event.reason}"


@_words.register
def _(event: e.FactPromoted) -> str:
    return f"{event.fact.key}: {event.fact.content}"


@_words.register
def _(event: e.TraceRecorded) -> str:
    return f"{event.trace.call.step}: {event.trace.call.headline} ({event.trace.call.outcome})"


@_words.register
def _(event: e.CallAttempted) -> str:
    return f"{event.agent} asks a model elsewhere, {attempt_words(event.attempt)}"


@_words.register
def _(event: e.AgentFailed) -> str:
    return f"{event.agent}: {event.reason}"


@_words.register
def _(event: e.CycleStarted) -> str:
    return f"cycle {event.cycle}: {', '.join(event.eligible) or 'nobody is eligible'}"


@_words.register
def _(event: e.MergeDiscarded) -> str:
    return f"{event.invariant}: {event.reason}"


@_words.register
def _(event: e.GateOpened) -> str:
    return f"{event.request.rule} asks about “{event.request.title}”"


@_words.register
def _(event: e.RunSuspended) -> str:
    return f"{event.by} paused it" + (f": {event.reason}" if event.reason else "")


@_words.register
def _(event: e.RunResumed) -> str:
    return f"{event.by} let it go on"


@_words.register
def _(event: e.RunPaused) -> str:
    return f"{plural(len(event.gates), 'decision')} awaited"


@_words.register
def _(event: e.GateDecided) -> str:
    decision = event.decision
    reason = f": {decision.reason}" if decision.reason else ""
    return f"{decision.operator} chose {decision.verdict}{reason}"


@_words.register
def _(event: e.GateActed) -> str:
    act = event.act
    what = {
        ActKind.UNDO: "took the decision back",
        ActKind.EXTEND: "moved the deadline",
        ActKind.DELEGATE: f"handed the vote on to {act.to or 'nobody'}",
        ActKind.ESCALATE: "put it to others",
    }[act.act]
    return f"{act.operator} {what}" + (f": {act.reason}" if act.reason else "")


@_words.register
def _(event: e.GateTimedOut) -> str:
    return {
        OnTimeout.REJECT: "nobody answered by the deadline; silence rejects",
        OnTimeout.ESCALATE: "nobody answered by the deadline; others are asked now",
        OnTimeout.APPROVE: "nobody answered by the deadline; the policy says that silence approves",
    }[event.action]


@_words.register
def _(event: e.InputStaged) -> str:
    return f"{event.draft.author.id} lays “{event.draft.fact.content}” before the run"


@_words.register
def _(event: e.TensionOpened) -> str:
    sides = plural(len(event.tension.sides), "proposal")
    return f"{sides} contradict each other about {event.tension.about}"


@_words.register
def _(event: e.TensionResolved) -> str:
    resolution = event.resolution
    return f"{resolution.resolver} chose {resolution.chosen}: {resolution.rationale}"


@_words.register
def _(event: e.GateWithdrawn) -> str:
    return event.reason


@_words.register
def _(event: e.CycleEnded) -> str:
    return f"cycle {event.cycle}: {plural(event.facts, 'new fact')}"


@_words.register
def _(event: e.RunStopped) -> str:
    return event.reason.words()
