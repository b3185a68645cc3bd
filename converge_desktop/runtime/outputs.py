"""The JSON of the command line: stable, with a schema for each under ``docs/cli``."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import msgspec

from converge_desktop.runtime.compare_outputs import CompareOutput, TryOutput
from converge_desktop.runtime.evidence_outputs import (
    CapsuleOutput,
    CheckpointOutput,
    KeptOutput,
)
from converge_desktop.runtime.people_outputs import (
    OperatorLine,
    OperatorOutput,
    PackLine,
    RequestOutput,
    VoteOutput,
)
from converge_desktop.runtime.replay import Replay
from converge_desktop.runtime.review_model import TraceView
from converge_desktop.runtime.trace_outputs import InsightsOutput, TraceLine


@dataclass(frozen=True, slots=True)
class RunOutput:
    """``run``, ``fork``, ``resume``, ``cancel``: what came of a run, and what one can do next.

    ``phase`` is ``waiting`` or ``stopped``.
    """

    run_id: str
    phase: str
    stop: str
    words: str
    cycles: int
    gates: list[str]
    root: str
    next: list[str]


@dataclass(frozen=True, slots=True)
class PauseOutput:
    """``pause``: the run that is held, by whom, why, and since when in microseconds."""

    run_id: str
    phase: str
    by: str
    reason: str
    at: int


@dataclass(frozen=True, slots=True)
class EventLine:
    """One element of ``events``: a record of the ledger. Time in microseconds."""

    seq: int
    at: int
    kind: str
    run: str
    hash: str
    summary: str


@dataclass(frozen=True, slots=True)
class RunReplay:
    """``replay RUN``: the root that the run's records come to.

    ``said`` is the root that the run itself recorded, in record ``said_at``; empty, and -1, where
    it has not stopped yet.
    """

    run_id: str
    records: int
    facts: int
    root: str
    said: str
    said_at: int


@dataclass(frozen=True, slots=True)
class FactLine:
    """A fact of ``context``, and the record that says it."""

    fact_id: str
    key: str
    text: str
    byline: str
    approver: str
    seq: int


@dataclass(frozen=True, slots=True)
class ContextOutput:
    """``context``: what stood in a run once record ``seq`` was written."""

    run_id: str
    seq: int
    phase: str
    cycles: int
    root: str
    facts: list[FactLine]


@dataclass(frozen=True, slots=True)
class GateOutput:
    """One element of ``inbox``: a proposal that waits for a person."""

    gate_id: str
    title: str
    run: str
    risk: str
    proposal: str
    agent: str
    key: str
    confidence: int | None
    opened_at: int


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """One field that an edit changed."""

    field: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class DecideOutput:
    """``decide``: the decision, and what it led to.

    ``end`` is how the gate ended, or will, such as ``approved``, and empty while more votes are
    needed; ``undo_until`` is until when it can be undone while the desk stays open, and null where
    it cannot be, or not any more; ``changes`` are those of an edit.
    """

    gate_id: str
    verdict: str
    operator: str
    run_id: str
    phase: str
    stop: str
    words: str
    root: str
    end: str
    undo_until: int | None
    changes: list[ChangeLine]


@dataclass(frozen=True, slots=True)
class ActOutput:
    """``undo``, ``extend``, ``delegate`` and ``escalate``: how the gate stands after it.

    ``may_decide`` is empty where anybody who is enrolled may.
    """

    gate_id: str
    act: str
    operator: str
    run_id: str
    phase: str
    deadline: int | None
    may_decide: list[str]


@dataclass(frozen=True, slots=True)
class ReachedLine:
    """One thing that rests on a fact, directly or through others."""

    name: str
    label: str


@dataclass(frozen=True, slots=True)
class RetractOutput:
    """``retract``: the correction that was proposed, and what rests on what it corrects.

    ``whole`` says whether that is all there is, and ``seq`` up to which record it is known; -1
    where the database did not answer.
    """

    run_id: str
    fact_id: str
    proposed_id: str
    reached: list[ReachedLine]
    whole: bool
    seq: int


@dataclass(frozen=True, slots=True)
class CheckOutput:
    """One check of a trace."""

    name: str
    passed: bool
    reason: str


@dataclass(frozen=True, slots=True)
class TraceOutput:
    """``trace``: a recorded model call, whole; ``layers`` in the order of the prompt."""

    trace_id: str
    run: str
    step: str
    outcome: str
    version: str
    layers: dict[str, str]
    output: str
    checks: list[CheckOutput]
    envelope: dict[str, str]
    prompt_hash: str
    prompt_tokens: int
    reused_tokens: int
    output_tokens: int
    duration: int
    led_to: str


@dataclass(frozen=True, slots=True)
class VerifyOutput:
    """``verify``: ``bad_seq`` is -1 where every record holds; ``root`` is of the tree over them.

    ``unfinished`` counts the bytes behind the last whole step; a crash leaves some, and the next
    start moves them aside. ``redacted`` counts records whose bodies were left out.
    """

    ok: bool
    records: int
    bad_seq: int
    reason: str
    head: str
    unfinished: int
    root: str
    redacted: int


@dataclass(frozen=True, slots=True)
class ReplayLine:
    """One element of ``replay`` and ``golden verify``: a model call made again.

    ``outcome`` is ``same``, ``differs`` or ``not repeated``. Where it differs, ``token`` is the
    first token that does, from 0, and -1 elsewhere; ``changed`` holds what of the envelope is not
    as it was: then, and now.
    """

    trace_id: str
    outcome: str
    grade: str
    words: str
    token: int
    recorded: str
    found: str
    changed: dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class GoldenOutput:
    """``golden``: how many calls the file holds, and what came of making them again."""

    file: str
    calls: int
    replays: list[ReplayLine]


@dataclass(frozen=True, slots=True)
class ModelLine:
    """One element of ``models``.

    ``state`` is ``known``, ``new``, ``quarantined`` or ``elsewhere``.
    """

    name: str
    where: str
    sha256: str
    state: str
    grade: str
    words: str


@dataclass(frozen=True, slots=True)
class TriedOutput:
    """``models --try``: whether a model answered at all, how often it was asked, and what came."""

    name: str
    answered: bool
    attempts: int
    words: str


OUTPUTS: dict[str, Any] = {
    "operator": list[OperatorLine] | OperatorOutput,
    "packs": list[PackLine],
    "request": RequestOutput,
    "vote": VoteOutput,
    "run": RunOutput,
    "pause": PauseOutput,
    "resume": RunOutput,
    "cancel": RunOutput,
    "inbox": list[GateOutput],
    "decide": DecideOutput,
    "undo": ActOutput,
    "extend": ActOutput,
    "delegate": ActOutput,
    "escalate": ActOutput,
    "retract": RetractOutput,
    "traces": list[TraceLine],
    "trace": TraceOutput,
    "insights": InsightsOutput,
    "verify": VerifyOutput,
    "verify-capsule": CapsuleOutput,
    "verify-checkpoint": KeptOutput,
    "export": CapsuleOutput,
    "checkpoint": CheckpointOutput,
    "replay": list[ReplayLine],
    "replay-run": RunReplay,
    "compare": CompareOutput,
    "try": TryOutput,
    "fork": RunOutput,
    "context": ContextOutput,
    "events": list[EventLine],
    "golden": GoldenOutput,
    "models": list[ModelLine],
    "models-try": TriedOutput,
}
"""What each command prints with ``--json``."""


def schema(command: str) -> dict[str, Any]:
    """Returns the JSON Schema of what ``command --json`` prints."""
    made = msgspec.json.schema(OUTPUTS[command])
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **made}


def to_json(output: object) -> str:
    """Returns an output as readable JSON, in ASCII, so that it survives any terminal."""
    return json.dumps(msgspec.to_builtins(output, enc_hook=str), indent=2)


def trace_output(view: TraceView) -> TraceOutput:
    """Returns a trace as the command line prints it."""
    return TraceOutput(
        trace_id=view.row.trace_id,
        run=view.row.run_id,
        step=view.row.step,
        outcome=view.row.outcome,
        version=view.version,
        layers={layer.name: layer.text for layer in view.layers},
        output=view.raw_output,
        checks=[CheckOutput(check.name, check.passed, check.reason) for check in view.checks],
        envelope=dict(view.envelope),
        prompt_hash=view.prompt_hash,
        prompt_tokens=view.prompt_tokens,
        reused_tokens=view.reused_tokens,
        output_tokens=view.output_tokens,
        duration=view.row.duration,
        led_to=view.led_to,
    )


def replay_line(one: Replay) -> ReplayLine:
    """Returns a model call made again as the command line prints it."""
    return ReplayLine(
        trace_id=one.trace_id,
        outcome=one.outcome.value,
        grade=one.grade.value,
        words=one.words,
        token=one.first.token if one.first else -1,
        recorded=one.first.recorded if one.first else "",
        found=one.first.found if one.first else "",
        changed={name: [then, now] for name, then, now in one.changed},
    )
