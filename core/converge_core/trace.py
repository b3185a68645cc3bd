"""Decision traces: everything needed to rebuild and repeat one model call (checklist D7)."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import UNSET, UnsetType

from converge_core.canonical import MAX_INTEGER, ContentHash, hash_text
from converge_core.envelope import InferenceEnvelope, RemoteRef, ReplayGrade
from converge_core.gate import CheckRecord
from converge_core.ids import AgentId, FactId, RunId, TraceId
from converge_core.recall_envelope import RecallProvenanceEnvelope
from converge_core.record import Record

INLINE_LIMIT = 1000
"""Texts of fewer bytes stand in the record itself; longer ones are stored once, by hash."""


class TextRef(Record, frozen=True):
    """A text by hash; ``inline`` holds short ones, so that a record reads on its own."""

    sha256: str
    size: int
    inline: str | None = None


def text_ref(text: str, *, shared: bool = False) -> TextRef:
    """Returns the reference to ``text``; a ``shared`` one recurs and is always stored by hash."""
    size = len(text.encode())
    inline = text if size < INLINE_LIMIT and not shared else None
    return TextRef(sha256=hash_text(text), size=size, inline=inline)


class Outcome(StrEnum):
    """What came of holding an answer against its contract."""

    VALID = "valid"
    INVALID = "invalid"
    UNCERTAIN = "uncertain"


class Cited(Record, frozen=True):
    """What one cite id of the state layer stood for, and the text shown in its place."""

    cite: str
    fact: FactId
    shown: str


Count = Annotated[int, msgspec.Meta(ge=0, le=MAX_INTEGER)]
"""Tokens or microseconds; never less than none."""


class ModelCall(Record, frozen=True):
    """One step's model call as its agent reports it; times in microseconds.

    Attributes:
        step: the step of the chain.
        version: the prompt version.
        layers: the five layers, by reference.
        prompt_hash: the hash of the exact prompt the layers render to.
        state: what each cite id stood for.
        envelope: how the answer was computed.
        contract: the contract that bound the answer.
        grammar: the contract's GBNF, by reference.
        output: the raw answer, by reference.
        outcome: what came of the contract's checks.
        checks: those checks.
        headline: the answer in a few words.
        finish_reason: why the answer ended.
        prompt_tokens: tokens of the prompt.
        layer_tokens: tokens of each layer, in their order.
        reused_tokens: those whose keys and values were cached.
        completion_tokens: tokens of the answer.
        prefill_us: time to the first token.
        duration_us: time in all.
        grade: how exactly the answer can be had again; unset before it was measured at all.
        remote: where it was computed, if not on this machine.
        plan: the digest of the execution plan it was made under.
        recall: how the hints among its state were found; unset where none were looked for.
    """

    step: str
    version: str
    layers: dict[str, TextRef]
    prompt_hash: str
    state: tuple[Cited, ...]
    envelope: InferenceEnvelope
    contract: str
    grammar: TextRef
    output: TextRef
    outcome: Outcome
    checks: tuple[CheckRecord, ...]
    headline: str
    finish_reason: str
    prompt_tokens: Count
    layer_tokens: tuple[int, ...]
    reused_tokens: Count
    completion_tokens: Count
    prefill_us: Count
    duration_us: Count
    grade: ReplayGrade | UnsetType = UNSET
    remote: RemoteRef | UnsetType = UNSET
    plan: ContentHash | UnsetType = UNSET
    recall: RecallProvenanceEnvelope | UnsetType = UNSET


class DecisionTrace(Record, frozen=True):
    """A model call on record: whose, when in which run, and the call itself."""

    id: TraceId
    run: RunId
    cycle: int
    agent: AgentId
    call: ModelCall

    @property
    def replayable(self) -> bool:
        """Whether the call ran here and left nothing to chance."""
        return self.call.remote is UNSET and self.call.envelope.deterministic

    @property
    def grade(self) -> ReplayGrade:
        """How exactly the answer can be had again.

        What came from elsewhere can be audited; what was left to chance, or was never measured,
        can be read. Hints lower it to what holds of finding them again.
        """
        if self.call.remote is not UNSET:
            return ReplayGrade.AUDIT_ONLY
        measured = self.call.grade
        if measured is UNSET or not self.replayable:
            return ReplayGrade.RECORDED_ONLY
        return measured if self.call.recall is UNSET else self.call.recall.grade(measured)


def prompt_matches(trace: DecisionTrace, prompt: str) -> bool:
    """Whether ``prompt``, rebuilt from the trace's layers, is the one the model was given."""
    expected: ContentHash = hash_text(prompt)
    return expected == trace.call.prompt_hash
