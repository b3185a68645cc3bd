"""Texts as vectors, by the model's own pooling or the mean."""

from __future__ import annotations

from typing import Any

import llama_cpp
import numpy as np

from converge_core.capability import CallCancelled
from converge_desktop.adapters.models.llama_library import ModelProblem, Stop


class Embedder:
    """A context that gives one vector for a text."""

    def __init__(self, model: Any, size: int, threads: int, stop: Stop) -> None:
        params = llama_cpp.llama_context_default_params()
        params.n_ctx = params.n_batch = params.n_ubatch = size
        params.n_threads = params.n_threads_batch = threads
        params.embeddings = True
        self._stop = stop
        self._context = llama_cpp.llama_init_from_model(model, params)
        if self._context and self._pooling() == llama_cpp.LLAMA_POOLING_TYPE_NONE:
            llama_cpp.llama_free(self._context)
            params.pooling_type = llama_cpp.LLAMA_POOLING_TYPE_MEAN
            self._context = llama_cpp.llama_init_from_model(model, params)
        if not self._context:
            raise ModelProblem(f"there is no room to embed {size:,} tokens; close other programs")
        self._width = int(llama_cpp.llama_model_n_embd(model))
        stop.attach(self._context)

    def embed(self, tokens: list[int]) -> tuple[float, ...]:
        """Returns the vector of a text's tokens, of length one."""
        llama_cpp.llama_memory_clear(llama_cpp.llama_get_memory(self._context), True)
        array = (llama_cpp.llama_token * len(tokens))(*tokens)
        batch = llama_cpp.llama_batch_get_one(array, len(tokens))
        if llama_cpp.llama_decode(self._context, batch) != 0:
            if self._stop.is_set:
                raise CallCancelled("the model was stopped on request")
            raise ModelProblem("llama.cpp failed while embedding")
        found = llama_cpp.llama_get_embeddings_seq(self._context, 0)
        vector = np.array(found[: self._width], np.float64)
        length = float(np.linalg.norm(vector))
        return tuple((vector / length if length else vector).tolist())

    def close(self) -> None:
        """Frees it."""
        llama_cpp.llama_free(self._context)

    def _pooling(self) -> int:
        return int(llama_cpp.llama_pooling_type(self._context))
