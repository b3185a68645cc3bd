"""How exactly a model repeats itself on this machine: measured when it is first loaded.

One prompt is read cold, again, after another prompt, from a kept beginning, in other pieces and
with another number of threads, and the scores of what may come next are compared bit by bit, also
along a short answer. What is known of llama.cpp is no substitute: the same build is exact for some
weight types and not for others (`llama.md`).
"""

from __future__ import annotations

import hashlib
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Protocol

from converge_core.envelope import ReplayGrade
from converge_core.record import Record

if TYPE_CHECKING:
    from converge_desktop.adapters.models.llama_context import Context
    from converge_desktop.adapters.models.llama_embedding import Embedder

PROBE_TOKENS: Final = 193
"""The length of the prompt that is read; odd, so that no kernel's block size divides it."""
PROBE_ANSWER: Final = 8
"""How far the answer is followed."""
_SPLITS: Final = (PROBE_TOKENS // 2, PROBE_TOKENS - 11, PROBE_TOKENS - 1)
"""Where the prompt is cut: in the middle, near the end, and before its last token."""


class Determinism(StrEnum):
    """How exactly a model repeats itself."""

    BIT_EXACT = "bit-exact"
    """The same bits in every way that was tried."""
    SAME_SETTINGS = "same-settings"
    """The same bits when all of it is done in the same way."""
    NONE = "none"
    """Not even then."""


class Findings(Record, frozen=True):
    """What the probe found; each says whether the bits were those of the first, cold reading.

    Attributes:
        repeated: read once more, cold.
        unrelated: read cold after another prompt.
        warm: read from a kept beginning.
        pieces: read in other pieces.
        threads: read with another number of threads.
    """

    repeated: bool
    unrelated: bool
    warm: bool
    pieces: bool
    threads: bool

    @property
    def determinism(self) -> Determinism:
        """The grade of the model."""
        if not (self.repeated and self.unrelated):
            return Determinism.NONE
        exact = self.warm and self.pieces and self.threads
        return Determinism.BIT_EXACT if exact else Determinism.SAME_SETTINGS

    @property
    def grade(self) -> ReplayGrade:
        """How exactly an answer of it can be had again."""
        return _GRADES[self.determinism]

    @property
    def reuse_is_exact(self) -> bool:
        """Whether keys and values may be kept from prompt to prompt at no price."""
        return self.repeated and self.unrelated and self.warm and self.pieces


_GRADES: Final = {
    Determinism.BIT_EXACT: ReplayGrade.BYTE_EXACT,
    Determinism.SAME_SETTINGS: ReplayGrade.ENVELOPE_EXACT,
    Determinism.NONE: ReplayGrade.RECORDED_ONLY,
}


class Probed(Protocol):
    """A model that can be measured."""

    @property
    def context_size(self) -> int:
        """The most tokens it can hold."""

    @property
    def threads(self) -> int:
        """How many threads compute."""

    def tokens_of(self, text: str, *, special: bool = False) -> list[int]:
        """Returns the tokens of ``text``."""

    def new_context(self, *, threads: int | None = None) -> Context:
        """Returns a context with nothing in it."""


class ProbedEmbedder(Protocol):
    """A model that embeds and can be measured."""

    def tokens_of(self, text: str, *, special: bool = False) -> list[int]:
        """Returns the tokens of ``text``."""

    def new_embedder(self, lanes: int) -> Embedder:
        """Returns what embeds so many texts side by side, with nothing computed yet."""


def probe_embedder(backend: ProbedEmbedder) -> Findings:
    """Measures a model that embeds: the bits of its vectors, however they are asked for.

    In another order and after other texts, by contexts that are kept or new, among others and
    alone, and with another number of them side by side. Nothing is cut in pieces: a text is
    embedded whole, so ``pieces`` tells of texts among others.

    Raises:
        ModelProblem: if llama.cpp fails, or there is no room for a second context.
    """
    text = "what speaks for it, what against it, and what is not known of it?"
    texts = [backend.tokens_of(text[:length], special=True) for length in (15, 45, 24, len(text))]

    def bits(lanes: int, asked: list[list[int]]) -> list[bytes]:
        embedder = backend.new_embedder(lanes)
        try:
            return [vector.tobytes() for vector in embedder.embed(asked)]
        finally:
            embedder.close()

    kept = backend.new_embedder(1)
    try:
        first = [kept.embed([text])[0].tobytes() for text in texts]
        repeated = [kept.embed([text])[0].tobytes() for text in texts] == first
        turned = [kept.embed([text])[0].tobytes() for text in reversed(texts)]
        together = [vector.tobytes() for vector in kept.embed(texts)]
    finally:
        kept.close()
    return Findings(
        repeated=repeated,
        unrelated=turned[::-1] == first,
        warm=bits(1, texts) == first,
        pieces=together == first,
        threads=bits(2, texts) == first,
    )


def probe(backend: Probed) -> Findings:
    """Measures ``backend``; takes about ten readings of a short prompt.

    Raises:
        ModelProblem: if llama.cpp fails, or there is no room for a second context.
    """
    size = min(PROBE_TOKENS, backend.context_size - PROBE_ANSWER)
    words = "what speaks for it, what against it, and what is not known of it? "
    prompt = backend.tokens_of(words * 40, special=True)[:size]
    other = backend.tokens_of("something else altogether, told at some length; " * 20)[:size]
    context = backend.new_context()
    try:
        first = _bits(context, prompt)
        repeated = _bits(context, prompt) == first
        context.read(other, reuse=False)
        unrelated = _bits(context, prompt) == first
        warm = _bits(context, prompt, reuse=True) == first
        context.read([*prompt[: size // 2], *other[: size // 4]], reuse=False)
        warm = warm and _bits(context, prompt, reuse=True) == first
        pieces = all(_in_pieces(context, prompt, cut) == first for cut in _SPLITS if cut < size)
    finally:
        context.close()
    return Findings(
        repeated=repeated,
        unrelated=unrelated,
        warm=warm,
        pieces=pieces,
        threads=_with_other_threads(backend, prompt) == first,
    )


def _with_other_threads(backend: Probed, prompt: list[int]) -> str:
    context = backend.new_context(threads=1 if backend.threads > 1 else 2)
    try:
        return _bits(context, prompt)
    finally:
        context.close()


def _in_pieces(context: Context, prompt: list[int], cut: int) -> str:
    context.read(prompt[:cut], reuse=False)
    context.append(prompt[cut:])
    return _answer_bits(context)


def _bits(context: Context, prompt: list[int], *, reuse: bool = False) -> str:
    context.read(prompt, reuse=reuse)
    return _answer_bits(context)


def _answer_bits(context: Context) -> str:
    """Returns the hash of the scores after the prompt and along the answer that follows."""
    digest = hashlib.sha256()
    for _ in range(PROBE_ANSWER):
        logits = context.logits()
        digest.update(logits.tobytes())
        context.append([int(logits.argmax())])
    return digest.hexdigest()
