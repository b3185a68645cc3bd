"""Says how near the embedder that ships is to the original.

Usage: ``python embedder_check.py PACKAGE [GGUF]``; PACKAGE as for ``embedder.py``. Every sentence
of ``sentences.txt`` is embedded twice: through llama.cpp as the app does it, and in 32 bits by the
few lines of NumPy below, over the weights as they were published. What is told is the cosine of the
two, the worst first. The original's own tokenizer is not needed: ``word_pieces.py`` reads the texts
for both, and its tokens were compared with those of the original (see the card).
"""

from __future__ import annotations

import argparse
import math
import tempfile
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from embedder import Array, read_safetensors, unpacked

from converge_desktop import paths
from converge_desktop.adapters.models.llama import LlamaBackend
from converge_desktop.adapters.models.word_pieces import WordPieces

SENTENCES = Path(__file__).with_name("sentences.txt")
AIM = 0.999
HEADS = 12
READS = 512
WORST = 5
_ERF = np.vectorize(math.erf, otypes=[np.float32])


class Reference:
    """all-MiniLM-L6-v2 in 32 bits.

    Args:
        model: the folder with its weights and vocabulary.
    """

    def __init__(self, model: Path) -> None:
        self._weights = read_safetensors(model / "model.safetensors")
        pieces = (model / "vocab.txt").read_text("utf-8").splitlines()
        self._pieces = WordPieces({piece: number for number, piece in enumerate(pieces)})

    def embed(self, text: str) -> Array:
        """Returns the vector of a text, of length one."""
        tokens = self._pieces.tokens_of(text, most=READS)
        seen = self._weights["embeddings.word_embeddings.weight"][tokens]
        seen = seen + self._weights["embeddings.position_embeddings.weight"][: len(tokens)]
        seen = seen + self._weights["embeddings.token_type_embeddings.weight"][0]
        seen = self._normed(seen, "embeddings.LayerNorm")
        for layer in range(6):
            seen = self._layer(seen, f"encoder.layer.{layer}")
        mean: Array = seen.mean(axis=0)
        return mean / np.linalg.norm(mean)

    def _layer(self, seen: Array, name: str) -> Array:
        asked, keys, values = (
            self._through(seen, f"{name}.attention.self.{part}")
            .reshape(len(seen), HEADS, -1)
            .transpose(1, 0, 2)
            for part in ("query", "key", "value")
        )
        scores = asked @ keys.transpose(0, 2, 1) / np.float32(math.sqrt(asked.shape[-1]))
        weighed = np.exp(scores - scores.max(axis=-1, keepdims=True))
        weighed /= weighed.sum(axis=-1, keepdims=True)
        mixed = (weighed @ values).transpose(1, 0, 2).reshape(len(seen), -1)
        mixed = self._through(mixed, f"{name}.attention.output.dense")
        seen = self._normed(mixed + seen, f"{name}.attention.output.LayerNorm")
        wide = self._through(seen, f"{name}.intermediate.dense")
        wide = np.float32(0.5) * wide * (1 + _ERF(wide / np.float32(math.sqrt(2))))
        narrow = self._through(wide, f"{name}.output.dense")
        return self._normed(narrow + seen, f"{name}.output.LayerNorm")

    def _through(self, seen: Array, name: str) -> Array:
        found: Array = seen @ self._weights[f"{name}.weight"].T + self._weights[f"{name}.bias"]
        return found

    def _normed(self, seen: Array, name: str) -> Array:
        mean = seen.mean(axis=-1, keepdims=True)
        spread = np.sqrt(seen.var(axis=-1, keepdims=True) + np.float32(1e-12))
        found: Array = (seen - mean) / spread
        return found * self._weights[f"{name}.weight"] + self._weights[f"{name}.bias"]


def sentences() -> list[tuple[str, str]]:
    """Returns the sentences, each with its language."""
    lines = SENTENCES.read_text("utf-8").splitlines()
    return [(line.partition("\t")[0], line.partition("\t")[2]) for line in lines]


def references(model: Path) -> Array:
    """Returns the vectors of the sentences as the original has them."""
    reference = Reference(model)
    return np.array([reference.embed(text) for _, text in sentences()], np.float32)


def cosines(wanted: Array, gguf: Path) -> list[tuple[float, str, str]]:
    """Returns cosine, language and text of each sentence, the worst first."""
    backend = LlamaBackend(gguf)
    try:
        made = backend.vectors([text for _, text in sentences()], READS, bool)
    finally:
        backend.close()
    return sorted(
        (float(vector @ original / np.linalg.norm(original)), language, text)
        for (language, text), vector, original in zip(sentences(), made, wanted, strict=True)
    )


def report(found: list[tuple[float, str, str]]) -> str:
    """Returns what was found, for a person."""
    scores = [score for score, _, _ in found]
    by: Mapping[str, list[float]] = defaultdict(list)
    for score, language, _ in found:
        by[language].append(score)
    below = sum(one < AIM for one in scores)
    lines = [
        f"{len(found)} sentences in {len(by)} languages; {below} below {AIM}",
        f"least {min(scores):.5f}, median {np.median(scores):.5f}",
        *(f"{score:.5f} {language} {text}" for score, language, text in found[:WORST]),
        "least by language: "
        + ", ".join(f"{language} {min(some):.5f}" for language, some in sorted(by.items())),
    ]
    return "\n".join(lines)


def main() -> None:
    """Reads the command line and prints the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("package", type=Path)
    parser.add_argument("gguf", type=Path, nargs="?", default=paths.embedder())
    parser.add_argument("--keep", type=Path, help="where to keep the original's vectors for tests")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        wanted = references(unpacked(chosen.package, Path(folder)))
    if chosen.keep:
        np.save(chosen.keep, wanted.astype(np.float16))
    print(report(cosines(wanted, chosen.gguf)))


if __name__ == "__main__":
    main()
