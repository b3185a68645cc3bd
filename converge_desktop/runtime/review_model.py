"""What is shown of a proposal, its review, and the recorded steps behind it.

Plain values, read off folded state on the engine thread after a fold: frozen, safe to hand to
another thread, and nothing here decides anything. Times are microseconds since 1970 UTC, confidence
and scores are thousandths; wording for people is done before, so that window and command line say
the same.
"""

from __future__ import annotations

from dataclasses import dataclass

from converge_desktop.runtime.deciding_model import PrecedentRow, SinceRow, Standing, TruthRow
from converge_desktop.runtime.trace_detail import Consequence, HintRow


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of running text; one that stands for a fact carries its id and can be followed."""

    text: str
    fact_id: str | None = None


Text = tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class InboxRow:
    """One proposal that waits for a person.

    ``text`` is what would become true, ``warned`` whether half of the time is known to be gone.
    """

    gate_id: str
    run_id: str
    run_label: str
    title: str
    risk: str
    agent: str
    key: str
    confidence: int | None
    opened_at: int
    deadline: int | None
    votes: int
    votes_needed: int
    kind: str = ""
    rule: str = ""
    text: str = ""
    warned: bool = False


@dataclass(frozen=True, slots=True)
class EvidenceRow:
    """One fact the proposal rests on, with where its value was read."""

    fact_id: str
    cite: str
    label: str
    value: str
    limit: str
    standing: str
    source: str
    place: str


@dataclass(frozen=True, slots=True)
class ReasonRow:
    """One step of the reasoning."""

    side: str
    text: Text


@dataclass(frozen=True, slots=True)
class PlanRow:
    """One step of the plan: a declared capability, its meaning, and what it is for."""

    capability: str
    meaning: str
    purpose: Text


@dataclass(frozen=True, slots=True)
class CheckRow:
    """One check that ran, and what came of it."""

    name: str
    passed: bool
    reason: str


@dataclass(frozen=True, slots=True)
class LayerRow:
    """One layer of a prompt."""

    name: str
    text: str
    tokens: int


@dataclass(frozen=True, slots=True)
class TraceRow:
    """One step of a chain, for lists.

    ``outcome`` is ``valid``, ``invalid`` or ``uncertain``.
    """

    trace_id: str
    run_id: str
    run_label: str
    step: str
    headline: str
    outcome: str
    at: int
    duration: int
    tokens: int


@dataclass(frozen=True, slots=True)
class TraceView:
    """One step of a chain, whole.

    ``grade`` says how exactly the answer can be had again. ``asked`` says how often a model
    elsewhere was asked and what came of it; it is empty where the model is on this machine.
    ``recall`` says what was recalled for it, and how; it is empty where nothing was looked for;
    ``hints`` are what it was shown of that. ``first_us`` is the time to the first token in
    microseconds, 0 where it is not known, and ``finish`` why the answer ended.

    Where a step is looked at by itself, ``gate`` is the gate at which people decided what it led
    to, ``seq`` the record that says the step, and ``consequence`` what became of what it led to.
    Within a review they are empty, -1 and None, because its digest must not change with them.
    """

    row: TraceRow
    version: str
    layers: tuple[LayerRow, ...]
    raw_output: str
    output: Text
    checks: tuple[CheckRow, ...]
    envelope: tuple[tuple[str, str], ...]
    prompt_hash: str
    prompt_tokens: int
    reused_tokens: int
    output_tokens: int
    led_to: str
    rests_on: tuple[EvidenceRow, ...]
    grade: str = ""
    asked: str = ""
    gate: str = ""
    recall: tuple[tuple[str, str], ...] = ()
    hints: tuple[HintRow, ...] = ()
    first_us: int = 0
    finish: str = ""
    seq: int = -1
    consequence: Consequence | None = None


@dataclass(frozen=True, slots=True)
class Review:
    """All that a person is shown before deciding; ``digest`` binds the decision to it.

    ``parts`` names what it consists of, each with a digest of its own; ``digest`` is made of them,
    and a decision names those that were seen. It covers what the ledger says of this proposal, and
    nothing that may change while nothing of it does: ``kept`` says what changed on this machine
    since the run began, ``standing`` how the gate stands by now, ``precedents`` what was decided
    before about the same, and ``since`` what is other than in the review that was opened before.
    """

    gate_id: str
    run_id: str
    run_label: str
    title: str
    risk: str
    key: str
    kind: str
    rule: str
    rule_reason: str
    may_decide: str
    cycle: int
    agent: str
    opened_at: int
    deadline: int | None
    becomes_true: str
    consequences: tuple[str, ...]
    reasoning: tuple[ReasonRow, ...]
    score: int | None
    confidence: int | None
    justification: Text
    plan: tuple[PlanRow, ...]
    evidence: tuple[EvidenceRow, ...]
    checks: tuple[CheckRow, ...]
    notes: tuple[str, ...]
    trace_ids: tuple[str, ...]
    raw: tuple[TraceView, ...]
    digest: str
    kept: tuple[str, ...] = ()
    truth: tuple[TruthRow, ...] = ()
    parts: tuple[tuple[str, str], ...] = ()
    standing: Standing | None = None
    precedents: tuple[PrecedentRow, ...] = ()
    since: tuple[SinceRow, ...] = ()
