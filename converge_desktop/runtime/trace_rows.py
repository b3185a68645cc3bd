"""What the index keeps: a row for each model call, and for whatever happens at a gate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np

from converge_core import events as e
from converge_core.asking import Gate
from converge_core.ids import GateId
from converge_core.ledger import Entry
from converge_core.review import GateRequest
from converge_core.trace import DecisionTrace, TextRef
from converge_desktop.adapters.texts import TextMissing
from converge_desktop.adapters.traces.columns import Layout, Row
from converge_desktop.adapters.traces.texts import Said

TRACES = Layout(
    numbers={
        "seq": np.int64,
        "at": np.int64,
        "duration": np.int64,
        "first": np.int64,
        "prompt": np.int32,
        "reused": np.int32,
        "out": np.int32,
        "text": np.uint16,
    },
    words=(
        *("run", "pack", "tenant", "step", "outcome", "causes", "agent", "model", "version"),
        *("contract", "grade", "finish"),
    ),
)
"""A model call: its record and when that was written, microseconds in all and to the first token,
tokens of the prompt, those of them that were kept, and of the answer, and which text of its block
it gave; ``causes`` are the checks that failed, a line each."""
GATES = Layout(
    numbers={"seq": np.int64, "at": np.int64, "gate": np.int64},
    words=("what", "end", "pack", "tenant", "agent", "risk", "key", "rule", "by"),
)
"""What happened at a gate: which one, what happened, how it has ended by then, if it has, and by
whom it happened, if by a person."""
LAYOUTS = {"traces": TRACES, "gates": GATES}

GATE_EVENTS: tuple[type[e.Event], ...] = (
    e.GateOpened,
    e.GateDecided,
    e.GateActed,
    e.GateTimedOut,
    e.GateCommitted,
    e.GateWithdrawn,
)
KINDS = (e.TraceRecorded.kind, *(event.kind for event in GATE_EVENTS))
"""The kinds of records that the index is made of."""
OPENED, WITHDRAWN = "opened", "withdrawn"
ReadText = Callable[[TextRef], str]


@dataclass(frozen=True, slots=True)
class Of:
    """Whose a run is: the pack it is of, and the tenant; empty where there is none."""

    pack: str = ""
    tenant: str = ""


def of_run(started: e.RunStarted) -> Of:
    """Returns whose a run is."""
    return Of(started.pack, started.tenant or "")


def trace_row(entry: Entry, trace: DecisionTrace, of: Of, text: int) -> Row:
    """Returns the row of a model call; ``text`` is the place of its text in its block."""
    call = trace.call
    return (
        *(entry.head.seq, entry.head.at, call.duration_us, call.prefill_us),
        *(call.prompt_tokens, call.reused_tokens, call.completion_tokens, text),
        *(str(trace.run), of.pack, of.tenant, call.step, call.outcome.value),
        "\n".join(dict.fromkeys(check.name for check in call.checks if not check.passed)),
        *(str(trace.agent), call.envelope.model, call.version, call.contract),
        *(trace.grade.value, call.finish_reason),
    )


def said(trace: DecisionTrace, read: ReadText) -> Said:
    """Returns the texts of a call, as far as they are still there."""
    call = trace.call
    output = call.output.inline
    if output is None:
        try:
            output = read(call.output)
        except (TextMissing, OSError):
            output = ""  # it may have been forgotten; the record stands
    reasons = "\n".join(check.reason for check in call.checks if not check.passed)
    return call.headline, output, reasons


def gate_key(gate: GateId) -> int:
    """Returns the number of a gate: 64 bits of a hash of its id."""
    return int.from_bytes(blake2b(gate.encode(), digest_size=8).digest(), "little", signed=True)


def gate_of(event: e.Event) -> GateId:
    """Returns the gate that an event is about."""
    match event:
        case e.GateOpened():
            return event.request.id
        case e.GateDecided():
            return event.decision.gate
        case e.GateActed():
            return event.act.gate
        case e.GateTimedOut() | e.GateCommitted() | e.GateWithdrawn():
            return event.gate
        case _:
            raise TypeError(f"{event.kind} is about no gate")


def happened(event: e.Event, gate: Gate) -> str:
    """Has a gate take in what happens at it, and says that in a word."""
    match event:
        case e.GateDecided():
            gate.vote(event.decision)
            return event.decision.verdict.value
        case e.GateActed():
            gate.act(event)
            return event.act.act.value
        case e.GateTimedOut():
            gate.time_out(event)
            return "timed out"
        case e.GateCommitted():
            gate.commit()
            return "committed"
        case e.GateWithdrawn():
            gate.withdraw(event.reason)
            return WITHDRAWN
        case _:
            return OPENED


def by_whom(event: e.Event) -> str:
    """Returns the person who did something at a gate; nothing where nobody did."""
    match event:
        case e.GateDecided():
            return str(event.decision.operator)
        case e.GateActed():
            return str(event.act.operator)
        case _:
            return ""


def gate_row(entry: Entry, request: GateRequest, what: str, end: str, of: Of) -> Row:
    """Returns the row of something that happened at a gate."""
    return (
        *(entry.head.seq, entry.head.at, gate_key(request.id), what, end),
        *(of.pack, of.tenant, str(request.agent)),
        *(request.risk.value, request.key.value, request.rule),
        by_whom(entry.event) if entry.event is not None else "",
    )
