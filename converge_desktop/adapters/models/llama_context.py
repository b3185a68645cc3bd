"""One llama.cpp context: which tokens' keys and values it holds, and how it comes to hold others.

A context keeps what it has read. The next prompt is read from where it differs, so a prompt that
begins like the last one costs what is new in it. Whether that gives the very same numbers is for
the probe to say.
"""

from __future__ import annotations

import ctypes
from typing import Any, Final

import llama_cpp
import numpy as np
import numpy.typing as npt

from converge_core.capability import CallCancelled
from converge_desktop.adapters.models.llama_library import ModelProblem, Stop

BATCH_TOKENS: Final = 512
_ABORTED: Final = 2
_FULL: Final = 1

Logits = npt.NDArray[np.float32]


class Context:
    """A context over a loaded model.

    Args:
        model: the model, as llama.cpp hands it out; it must outlive the context.
        size: the most tokens it can hold.
        threads: how many threads compute.
        stop: what makes it give up.
        batch: tokens that are computed at a time.

    Raises:
        ModelProblem: if there is not enough memory for it.
    """

    def __init__(
        self, model: Any, size: int, threads: int, stop: Stop, *, batch: int = BATCH_TOKENS
    ) -> None:
        params = llama_cpp.llama_context_default_params()
        params.n_ctx, params.n_seq_max = size, 1
        params.n_batch = params.n_ubatch = batch
        params.n_threads = params.n_threads_batch = threads
        # Fused attention adds up in another order for every length of batch, so that nothing kept
        # could be used again without changing bits; the plain one does not (the probe says so).
        params.flash_attn_type = llama_cpp.LLAMA_FLASH_ATTN_TYPE_DISABLED
        params.no_perf = True
        self._context = llama_cpp.llama_init_from_model(model, params)
        if not self._context:
            raise ModelProblem(
                f"there is no room for a context of {size:,} tokens; close other programs or "
                "choose a smaller model"
            )
        self._memory = llama_cpp.llama_get_memory(self._context)
        self._width = llama_cpp.llama_vocab_n_tokens(llama_cpp.llama_model_get_vocab(model))
        self._batch = batch
        self._stop = stop
        self._held: list[int] = []
        self._tokens: Any = (llama_cpp.llama_token * batch)()
        stop.attach(self._context)

    @property
    def handle(self) -> Any:
        """The context as llama.cpp knows it."""
        return self._context

    @property
    def held(self) -> int:
        """How many tokens it holds."""
        return len(self._held)

    def read(self, tokens: list[int], *, reuse: bool) -> int:
        """Comes to hold ``tokens``, and no others; at least the last is computed.

        Args:
            tokens: at least one.
            reuse: whether what is held already may be kept as far as it is the same.

        Returns:
            How many of the tokens were held already.

        Raises:
            CallCancelled: if it was stopped; it holds what it had computed whole.
            ModelProblem: if llama.cpp fails.
        """
        kept = self.shared_with(tokens) if reuse else 0
        kept = min(kept, len(tokens) - 1)
        kept = self._keep(kept)
        for start in range(kept, len(tokens), self._batch):
            self.append(tokens[start : start + self._batch])
        return kept

    def append(self, tokens: list[int]) -> None:
        """Computes ``tokens``, a batch at most, after what it holds."""
        count = len(tokens)
        self._tokens[:count] = tokens
        outcome = llama_cpp.llama_decode(
            self._context, llama_cpp.llama_batch_get_one(self._tokens, count)
        )
        if outcome == 0:
            self._held += tokens
            return
        self._keep(len(self._held))  # nothing of a batch that failed counts
        if outcome == _ABORTED and self._stop.is_set:
            raise CallCancelled("the model was stopped on request")
        if outcome == _FULL:
            raise ModelProblem(f"its context of {len(self._held):,} tokens is full")
        raise ModelProblem(f"llama.cpp failed while computing (code {outcome})")

    def logits(self) -> Logits:
        """Returns the scores of what may come next; valid until more is computed."""
        address = ctypes.addressof(
            llama_cpp.llama_get_logits_ith(self._context, -1).contents,
        )
        return np.frombuffer((ctypes.c_float * self._width).from_address(address), np.float32)

    def shared_with(self, tokens: list[int]) -> int:
        """Returns with how many of the same tokens ``tokens`` begins."""
        same = 0
        for old, new in zip(self._held, tokens, strict=False):
            if old != new:
                break
            same += 1
        return same

    def close(self) -> None:
        """Frees it. Safe to call twice."""
        if self._context:
            llama_cpp.llama_free(self._context)
            self._context = None

    def _keep(self, count: int) -> int:
        """Forgets all but the first ``count`` tokens; all where llama.cpp cannot forget a part."""
        if not llama_cpp.llama_memory_seq_rm(self._memory, 0, count, -1):
            llama_cpp.llama_memory_clear(self._memory, True)
            count = 0
        del self._held[count:]
        return count
