"""How well “alike” is told from “not alike”: ``python -m tests.bench.recall_quality``.

``recall_pairs.tsv`` holds pairs of our own: paraphrases, near misses (the same words about another
matter), pairs in other languages, and unrelated ones. The threshold is chosen on every other pair
of each kind and judged on the rest, which had no part in the choice.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from converge_desktop import paths
from converge_desktop.adapters.models.llama import LlamaBackend
from converge_desktop.adapters.recall.things import embedded_text
from converge_desktop.runtime.recall_answers import READS
from converge_desktop.runtime.recalling import ALIKE_FROM

PAIRS = Path(__file__).with_name("recall_pairs.tsv")


@dataclass(frozen=True, slots=True)
class Pair:
    """Two matters, whether they are alike, and their cosine in thousandths."""

    kind: str
    alike: bool
    first: str
    second: str
    score: int


@dataclass(frozen=True, slots=True)
class Quality:
    """What share of those called alike are so, and what share of those that are is called so."""

    precision: float
    recall: float
    pairs: int


def scored(backend: LlamaBackend) -> list[Pair]:
    """Returns all pairs with their scores."""
    rows = [line.split("\t") for line in PAIRS.read_text("utf-8").splitlines()]
    texts = [embedded_text(text) for row in rows for text in row[2:4]]
    vectors = backend.vectors(texts, READS, bool)
    cosines = np.sum(vectors[0::2] * vectors[1::2], axis=1)
    return [
        Pair(kind, label == "alike", first, second, round(float(cosine) * 1000))
        for (kind, label, first, second), cosine in zip(rows, cosines, strict=True)
    ]


def divided(pairs: Sequence[Pair]) -> tuple[list[Pair], list[Pair]]:
    """Returns the pairs to choose the threshold by, and those that are held out."""
    of: dict[tuple[str, bool], list[Pair]] = defaultdict(list)
    for pair in pairs:
        of[pair.kind, pair.alike].append(pair)
    chosen = [pair for group in of.values() for pair in group[0::2]]
    return chosen, [pair for group in of.values() for pair in group[1::2]]


def quality(pairs: Sequence[Pair], threshold: int) -> Quality:
    """Returns how well a threshold tells the pairs apart."""
    called = [pair for pair in pairs if pair.score >= threshold]
    right = sum(pair.alike for pair in called)
    alike = sum(pair.alike for pair in pairs)
    return Quality(right / len(called) if called else 1.0, right / alike, len(pairs))


def best(pairs: Sequence[Pair]) -> int:
    """Returns the lowest threshold at which nothing is called alike that is not."""
    return next(one for one in range(0, 1001, 10) if quality(pairs, one).precision == 1.0)


def measure() -> None:
    """Prints what the threshold is worth, by kind."""
    backend = LlamaBackend(paths.embedder())
    try:
        pairs = scored(backend)
    finally:
        backend.close()
    chosen, held_out = divided(pairs)
    print(f"chosen by {len(chosen)} pairs: {best(chosen)} (the app: {ALIKE_FROM})")
    for name, group in (("to choose by", chosen), ("held out", held_out)):
        found = quality(group, ALIKE_FROM)
        print(f"{name}: precision {found.precision:.2f}, recall {found.recall:.2f}")
    for kind in dict.fromkeys(pair.kind for pair in pairs):
        for alike in (True, False):
            scores = sorted(p.score for p in pairs if p.kind == kind and p.alike is alike)
            if scores:
                words = "alike" if alike else "not alike"
                print(
                    f"{kind:15} {words:10} {scores[0]:5} to {scores[-1]:5}, median "
                    f"{int(np.median(scores)):4}"
                )


if __name__ == "__main__":
    measure()
