"""The inference envelope: all that determines what a model answers, beside the prompt.

Source: the article, "InferenceEnvelope". No floats: temperature is in thousandths.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from msgspec import UNSET, UnsetType

from converge_core.canonical import ContentHash, canonical_record, hash_bytes
from converge_core.record import Record


class ReplayGrade(StrEnum):
    """How exactly an answer can be had again; measured on this machine, never assumed."""

    BYTE_EXACT = "byte-exact"
    """The same bytes, whatever was computed before and in whatever pieces."""
    ENVELOPE_EXACT = "envelope-exact"
    """The same bytes under the very same envelope."""
    RECORDED_ONLY = "recorded-only"
    """What was recorded can be read; the model does not repeat itself."""
    AUDIT_ONLY = "audit-only"
    """It was computed elsewhere; what was asked and answered is on record, and no more."""


class RemoteRef(Record, frozen=True):
    """A call that was answered elsewhere, as far as it can be known here.

    Attributes:
        system: the server's address, without credentials.
        model: the model's name as the server gives it.
        reference: the server's id of the answer; empty if it gives none.
        request_hash: the hash of the request's body as it was sent.
        response_hash: the hash of the response's body as it came.
    """

    system: str
    model: str
    reference: str
    request_hash: ContentHash
    response_hash: ContentHash


class InferenceEnvelope(Record, frozen=True):
    """How an answer was computed; stored whole with each trace.

    Attributes:
        backend: what ran the model, with its version.
        model: the model's name.
        model_sha256: the hash of the model file.
        family: the model's architecture, which prompt versions are bound to.
        tokenizer_hash: the hash of the vocabulary and its settings.
        grammar_hash: the hash of the GBNF that bounded the answer.
        temperature: thousandths; 0 is greedy.
        top_k: how many candidates are kept; 1 is greedy.
        seed: the sampler's seed.
        seed_policy: where the seed comes from, such as ``fixed``.
        max_tokens: the most tokens of an answer.
        stop: texts that end an answer; the grammar ends it besides.
        context_size: the context window in tokens.
        batch_size: tokens a batch.
        threads: threads that computed.
        cpu: the processor features the backend reports.
        adapter: a weight adapter's name; None, because there is no default adapter.
        build: the version and commit of the library that computed; unset before it was recorded.
        adapter_sha256: the hash of the adapter's file; unset where there is none.
    """

    backend: str
    model: str
    model_sha256: str
    family: str
    tokenizer_hash: str
    grammar_hash: str
    temperature: int
    top_k: int
    seed: int
    seed_policy: str
    max_tokens: int
    stop: tuple[str, ...]
    context_size: int
    batch_size: int
    threads: int
    cpu: str
    adapter: str | None = None
    build: str | UnsetType = UNSET
    adapter_sha256: str | UnsetType = UNSET

    def digest(self) -> ContentHash:
        """Returns the envelope's hash."""
        return hash_bytes(canonical_record(self))

    @property
    def deterministic(self) -> bool:
        """Whether nothing in it leaves room for chance."""
        return self.temperature == 0 and self.seed_policy == "fixed"


@dataclass(frozen=True, slots=True)
class InferenceRequest:
    """One model call.

    Attributes:
        prompt: the exact prompt.
        grammar: the GBNF that bounds the answer.
        max_tokens: the longest answer.
        seed: the sampler's seed.
        parts: texts to count the tokens of, by the same tokenizer.
        prefix: how the prompt begins at every call of this step; its keys and values are kept.
        schema: the JSON Schema of the answer, for backends that know no grammar.
        temperature: thousandths; 0 is greedy.
    """

    prompt: str
    grammar: str
    max_tokens: int
    seed: int = 0
    parts: tuple[str, ...] = ()
    prefix: str = ""
    schema: str = ""
    temperature: int = 0


@dataclass(frozen=True, slots=True)
class InferenceResult:
    """What came of a model call; times in microseconds.

    Attributes:
        text: the raw answer.
        finish_reason: ``stop`` or ``length``.
        prompt_tokens: tokens of the prompt.
        reused_tokens: those of them whose keys and values were still cached.
        completion_tokens: tokens of the answer.
        prefill_us: time until the first token.
        duration_us: time in all.
        envelope: how it was computed.
        part_tokens: tokens of each of the request's parts.
        grade: how exactly the answer can be had again.
        remote: where it was computed, if not on this machine.
    """

    text: str
    finish_reason: str
    prompt_tokens: int
    reused_tokens: int
    completion_tokens: int
    prefill_us: int
    duration_us: int
    envelope: InferenceEnvelope
    part_tokens: tuple[int, ...] = ()
    grade: ReplayGrade = ReplayGrade.RECORDED_ONLY
    remote: RemoteRef | None = None


class InferenceBackend(Protocol):
    """Runs a model. It is called on the thread that owns it and blocks until it has answered."""

    def infer(self, request: InferenceRequest, cancelled: Callable[[], bool]) -> InferenceResult:
        """Answers ``request``; asks ``cancelled`` often, and gives up when it says so."""
