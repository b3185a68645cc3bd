"""The inference envelope: all that determines what a model answers, beside the prompt.

Source: the article, "InferenceEnvelope". No floats: temperature is in thousandths.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from converge_core.canonical import ContentHash, canonical_record, hash_bytes
from converge_core.record import Record


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
    """

    prompt: str
    grammar: str
    max_tokens: int
    seed: int = 0
    parts: tuple[str, ...] = ()


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


class InferenceBackend(Protocol):
    """Runs a model. It is called on the thread that owns it and blocks until it has answered."""

    def infer(self, request: InferenceRequest, cancelled: Callable[[], bool]) -> InferenceResult:
        """Answers ``request``; asks ``cancelled`` often, and gives up when it says so."""
