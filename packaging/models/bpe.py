"""The tokenizer: byte-level BPE, split exactly as llama.cpp splits.

Three choices make copying and reading easy for a small model. Punctuation of prompts never merges,
so that a sign or a bracket is read as itself whatever stands beside it; only the glue of the
answers' JSON does. A word has the same tokens with and without a space before it, so that a
capability is copied token by token; only the fixed words of the prompt and numbers take the space
in. The two digits of a cite id are one token.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from generate import PROMPTS, make_case
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

END = "<|end|>"
"""Ends an answer; the only token that is no text."""
VOCABULARY = 2048

_PIECE = re.compile(r"[^\W\d_]+|\d+|[^\s\w]|_|\s")
_CUES = {"hard", "soft", "margin"}
_SPACE = "Ġ"


def train_tokenizer(cases: int = 3000) -> Tokenizer:
    """Trains the tokenizer on the first ``cases`` training cases."""
    spaced = [*_fixed_words(), *map(str, range(10)), *(f"{number:02d}" for number in range(100))]
    plain = _byte_level(models.BPE())
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY - len(spaced),
        special_tokens=[END],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    plain.train_from_iterator(_corpus(cases), trainer)
    model = json.loads(plain.to_str())["model"]
    vocabulary: dict[str, int] = model["vocab"]
    merges = [tuple(pair) for pair in model["merges"]]
    for word in spaced:
        if word in vocabulary and _SPACE + word not in vocabulary:
            merges.append((_SPACE, word))
            vocabulary[_SPACE + word] = len(vocabulary)
    return tokenizer_of(vocabulary, merges)


def tokenizer_of(vocabulary: dict[str, int], merges: list[tuple[str, str]]) -> Tokenizer:
    """Returns the tokenizer of a vocabulary and its merges."""
    tokenizer = _byte_level(models.BPE(vocabulary, merges))
    tokenizer.add_special_tokens([END])
    return tokenizer


def _byte_level(model: models.BPE) -> Tokenizer:
    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def _fixed_words() -> list[str]:
    """Returns the words of the prompt templates and clauses that stand behind a space."""
    texts = [str(PROMPTS["policy"]), " is its outside inside breaks known and at least most |"]
    texts += [
        text
        for step in PROMPTS.values()
        if isinstance(step, dict)
        for text in step.values()
        if isinstance(text, str)
    ]
    words = [word for text in texts for word in re.findall(r" ([a-z]+|\|)(?![a-z}])", text)]
    return sorted(set(words) - _CUES)


def _corpus(cases: int) -> Iterator[list[str]]:
    for seed in range(cases):
        yield [f"{number:02d}" for number in range(100)]
        for example in make_case("training", seed).examples():
            yield _PIECE.findall(example.prompt)
            yield re.findall(r"[a-z]+|[^a-z0-9 ]+|\d+", example.answer)
