"""Texts as vectors, by the model's own pooling or the mean.

Every text is computed by itself: among others in a batch its bits would come out otherwise, and
what is kept by the hash of a text has to be what that text alone gives. So several cores are used
by several contexts side by side, and not by threads that wait for each other within one.
"""

from __future__ import annotations

import contextlib
import ctypes
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

import llama_cpp
import numpy as np
import numpy.typing as npt

from converge_core.capability import CallCancelled
from converge_core.envelope import ReplayGrade
from converge_core.recall_envelope import EmbedderIdentity
from converge_desktop.adapters.models.llama_library import ModelProblem, Stop
from converge_desktop.adapters.models.word_pieces import CONTINUED, WordPieces

WORD_START: Final = "▁"
"""What llama.cpp puts before a piece that begins a word."""
Vectors = npt.NDArray[np.float32]
"""One row a text, each of length one."""
READING: Final = ("tokenizer.converge.reading", "word-pieces")
"""The mark in a model's file by which its texts are read as our own word pieces."""
LEAST_SIZE: Final = 512
"""The least tokens that contexts are opened for."""
APART: Final = 4
"""So few texts are not worth dividing among cores."""


@dataclass(frozen=True, slots=True)
class Embedded:
    """Texts as vectors, and what made them.

    Attributes:
        vectors: one row a text.
        embedder: what they were made by.
        grade: how exactly that repeats itself here.
    """

    vectors: Vectors
    embedder: EmbedderIdentity
    grade: ReplayGrade


class Embedder:
    """Contexts that give one vector for a text, kept open from call to call.

    Args:
        model: the model, as llama.cpp hands it out; it must outlive the embedder.
        size: the most tokens of a text.
        lanes: how many texts are computed side by side, each by one thread.
        stop: what makes it give up.

    Raises:
        ModelProblem: if there is not enough memory for it.
    """

    def __init__(self, model: Any, size: int, lanes: int, stop: Stop) -> None:
        self.size = size
        self._stop = stop
        self._width = int(llama_cpp.llama_model_n_embd(model))
        self._contexts: list[Any] = []
        self._workers = ThreadPoolExecutor(max(lanes - 1, 1), thread_name_prefix="embedding")
        with contextlib.ExitStack() as undo:
            undo.callback(self.close)
            self._contexts += [_context(model, size, stop) for _ in range(lanes)]
            undo.pop_all()

    @property
    def lanes(self) -> int:
        """How many texts are computed side by side."""
        return len(self._contexts)

    def embed(self, texts: Sequence[list[int]]) -> Vectors:
        """Returns the vectors of texts, given as their tokens.

        Raises:
            CallCancelled: if it was stopped.
            ModelProblem: if llama.cpp fails.
        """
        found: Vectors = np.empty((len(texts), self._width), np.float32)
        lanes = self.lanes if len(texts) >= APART else 1
        others = [
            self._workers.submit(self._fill, found, texts, lane, lanes) for lane in range(1, lanes)
        ]
        try:
            self._fill(found, texts, 0, lanes)
        finally:
            problems = [other.exception() for other in others]
        for problem in filter(None, problems):
            raise problem
        return found

    def _fill(self, found: Vectors, texts: Sequence[list[int]], lane: int, lanes: int) -> None:
        for place in range(lane, len(texts), lanes):
            found[place] = self._one(self._contexts[lane], texts[place])

    def _one(self, context: Any, tokens: list[int]) -> Vectors:
        memory = llama_cpp.llama_get_memory(context)
        if memory:  # one that is also made to write
            llama_cpp.llama_memory_clear(memory, True)
        array = (llama_cpp.llama_token * len(tokens))(*tokens)
        batch = llama_cpp.llama_batch_get_one(array, len(tokens))
        compute = llama_cpp.llama_decode if memory else llama_cpp.llama_encode
        if self._stop.is_set or compute(context, batch) != 0:
            if self._stop.is_set:
                raise CallCancelled("the model was stopped on request")
            raise ModelProblem("llama.cpp failed while embedding")
        found = llama_cpp.llama_get_embeddings_seq(context, 0)
        data = ctypes.string_at(found, self._width * ctypes.sizeof(ctypes.c_float))
        vector = np.frombuffer(data, np.float32).astype(np.float64)
        length = float(np.linalg.norm(vector)) or 1.0
        return np.asarray(vector / length, np.float32)

    def close(self) -> None:
        """Frees it. Safe to call twice."""
        self._workers.shutdown()
        while self._contexts:
            llama_cpp.llama_free(self._contexts.pop())


def pieces_of(vocabulary: Any, said: Mapping[str, str]) -> WordPieces | None:
    """Returns how a model's texts are read; None where llama.cpp reads them."""
    key, value = READING
    if said.get(key) != value:
        return None
    text, count = llama_cpp.llama_vocab_get_text, llama_cpp.llama_vocab_n_tokens(vocabulary)
    spelled = [text(vocabulary, token).decode("utf-8", "replace") for token in range(count)]
    return WordPieces({_as_trained(one): token for token, one in enumerate(spelled)})


def _as_trained(spelled: str) -> str:
    """Returns a piece as its vocabulary had it before it was spelled for llama.cpp."""
    if spelled.startswith(WORD_START):
        return spelled[len(WORD_START) :]
    special = spelled.startswith("[") and spelled.endswith("]")
    return spelled if special else CONTINUED + spelled


def size_for(longest: int, most: int) -> int:
    """Returns for how many tokens contexts are opened, so that they are seldom opened again."""
    return min(most, max(LEAST_SIZE, 1 << (longest - 1).bit_length()))


def _context(model: Any, size: int, stop: Stop) -> Any:
    params = llama_cpp.llama_context_default_params()
    params.n_ctx = params.n_batch = params.n_ubatch = size
    params.n_seq_max = params.n_threads = params.n_threads_batch = 1
    params.embeddings = params.no_perf = True
    # See Context: fused attention gives other bits for other lengths.
    params.flash_attn_type = llama_cpp.LLAMA_FLASH_ATTN_TYPE_DISABLED
    context = llama_cpp.llama_init_from_model(model, params)
    if context and llama_cpp.llama_pooling_type(context) == llama_cpp.LLAMA_POOLING_TYPE_NONE:
        llama_cpp.llama_free(context)
        params.pooling_type = llama_cpp.LLAMA_POOLING_TYPE_MEAN
        context = llama_cpp.llama_init_from_model(model, params)
    if not context:
        raise ModelProblem(f"there is no room to embed {size:,} tokens; close other programs")
    stop.attach(context)
    return context
