"""From scores to an answer: greedy or seeded, bounded by a grammar at every token.

The best token is chosen first and then shown to the grammar; only where the grammar refuses it are
the next best held against the grammar, and all tokens of the vocabulary only where it refuses those
too. The choice is the same as the other way round, and where a model has learned its contract the
grammar costs next to nothing.
"""

from __future__ import annotations

import ctypes
from typing import Any, Final

import llama_cpp
import numpy as np

from converge_desktop.adapters.models.llama_context import Logits
from converge_desktop.adapters.models.llama_library import ModelProblem

_FEW: Final = 48
"""How many of the best tokens are tried before all are."""
_CANDIDATE: Final = np.dtype([("id", np.int32), ("logit", np.float32), ("p", np.float32)])


class Grammar:
    """A compiled grammar; each answer walks through a copy of its own.

    Raises:
        ModelProblem: if llama.cpp cannot read it.
    """

    def __init__(self, vocabulary: Any, text: str) -> None:
        self._compiled = text and llama_cpp.llama_sampler_init_grammar(
            vocabulary, text.encode(), b"root"
        )
        if not self._compiled:
            raise ModelProblem(f"llama.cpp cannot read the grammar of the answer: {text[:80]}")

    def begin(self) -> Any:
        """Returns a sampler at the grammar's beginning; the caller frees it."""
        return llama_cpp.llama_sampler_clone(self._compiled)

    def close(self) -> None:
        """Frees it. Safe to call twice."""
        if self._compiled:
            llama_cpp.llama_sampler_free(self._compiled)
            self._compiled = None


class Chooser:
    """Chooses the tokens of one answer.

    Args:
        grammar: bounds the answer; None for none.
        width: tokens in the vocabulary.
        temperature: thousandths; 0 is greedy.
        seed: the sampler's seed.
    """

    def __init__(self, grammar: Grammar | None, width: int, temperature: int, seed: int) -> None:
        self._grammar = grammar.begin() if grammar else None
        self._candidates = np.zeros(width, _CANDIDATE)
        self._ids = np.arange(width, dtype=np.int32)
        self._few = np.zeros(min(_FEW, width), _CANDIDATE)
        self._few_array = _array(self._few)
        self._array = _array(self._candidates)
        self._one: Any = llama_cpp.llama_token_data()
        self._only = llama_cpp.llama_token_data_array(ctypes.pointer(self._one), 1, -1, False)
        self._sampler = _sampler(temperature, seed) if temperature else None

    def choose(self, logits: Logits) -> int:
        """Returns the next token, and goes on from it.

        Raises:
            ModelProblem: if no token of the vocabulary can go on.
        """
        token = self._sampled(logits) if self._sampler else self._best(logits)
        if self._grammar:
            llama_cpp.llama_sampler_accept(self._grammar, token)
        return token

    def close(self) -> None:
        """Frees what it took. Safe to call twice."""
        for sampler in filter(None, (self._grammar, self._sampler)):
            llama_cpp.llama_sampler_free(sampler)
        self._grammar = self._sampler = None

    def _best(self, logits: Logits) -> int:
        token = int(logits.argmax())
        if self._grammar is None or self._allowed(token):
            return token
        return (
            self._next_best(logits) if self._few.size < logits.size else self._best_of_all(logits)
        )

    def _next_best(self, logits: Logits) -> int:
        best = np.argpartition(logits, -self._few.size)[-self._few.size :]
        best.sort()  # of equal scores the first counts, as among all
        self._few["id"], self._few["logit"] = best, logits[best]
        llama_cpp.llama_sampler_apply(self._grammar, self._few_array)
        place = int(self._few["logit"].argmax())
        score = self._few["logit"][place]
        # A score as low as the lowest of them may be shared by a token that is not among them.
        if np.isfinite(score) and score > logits[best].min():
            return int(best[place])
        return self._best_of_all(logits)

    def _best_of_all(self, logits: Logits) -> int:
        self._bound(logits)
        token = int(self._candidates["logit"].argmax())
        self._require(self._candidates["logit"][token])
        return token

    def _sampled(self, logits: Logits) -> int:
        self._bound(logits)
        self._require(self._candidates["logit"].max())
        llama_cpp.llama_sampler_apply(self._sampler, self._array)
        return int(self._array.data[self._array.selected].id)

    def _allowed(self, token: int) -> bool:
        self._one.id, self._one.logit = token, 0.0
        llama_cpp.llama_sampler_apply(self._grammar, self._only)
        return bool(self._one.logit == 0.0)

    def _bound(self, logits: Logits) -> None:
        """Fills the candidates; what the grammar does not allow has a score of minus infinity."""
        self._candidates["id"] = self._ids
        self._candidates["logit"] = np.nan_to_num(logits, nan=-1e30, posinf=1e30, neginf=-1e30)
        self._candidates["p"] = 0.0
        if self._grammar:
            llama_cpp.llama_sampler_apply(self._grammar, self._array)

    def _require(self, score: float) -> None:
        if np.isneginf(score):
            raise ModelProblem("no token of the vocabulary can go on as the grammar wants")


def _array(candidates: np.ndarray[Any, Any]) -> llama_cpp.llama_token_data_array:
    data = ctypes.cast(candidates.ctypes.data, llama_cpp.llama_token_data_p)
    return llama_cpp.llama_token_data_array(data, len(candidates), -1, False)


def _sampler(temperature: int, seed: int) -> Any:
    chain = llama_cpp.llama_sampler_chain_init(llama_cpp.llama_sampler_chain_default_params())
    llama_cpp.llama_sampler_chain_add(chain, llama_cpp.llama_sampler_init_temp(temperature / 1000))
    llama_cpp.llama_sampler_chain_add(chain, llama_cpp.llama_sampler_init_dist(seed))
    return chain
