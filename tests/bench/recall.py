"""How fast texts are embedded, and how fast and how well a hundred thousand of them are recalled.

``python -m tests.bench.recall --dir DIR``: the vectors are kept in DIR, because making them takes
minutes; another embedder, or another number of texts, makes others.
"""

from __future__ import annotations

import argparse
import json
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from converge_core.canonical import hash_text
from converge_core.recall import RecallSource
from converge_desktop import paths
from converge_desktop.adapters.models.llama import LlamaBackend
from converge_desktop.adapters.recall.corpus import Corpus
from converge_desktop.adapters.recall.rows import Vectors, Wanted
from converge_desktop.adapters.recall.things import Thing
from converge_desktop.runtime.recall_answers import READS
from tests.bench.measuring import Line, milliseconds
from tests.bench.recall_texts import texts

COUNT, QUESTIONS, MOST = 100_000, 200, 10
SHORT = 512
"""Texts that are embedded to see how fast that is."""
BATCH = 1_000


def measure(folder: Path, count: int = COUNT) -> None:
    """Prints one line a measurement; the vectors stay in ``folder``."""
    for line in lines(folder, count):
        print(line.words(), flush=True)


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dir", type=Path, required=True)
    parser.add_argument("--count", type=int, default=COUNT)
    chosen = parser.parse_args()
    measure(chosen.dir, chosen.count)


def lines(folder: Path, count: int) -> Iterator[Line]:
    """Yields what is measured."""
    folder.mkdir(parents=True, exist_ok=True)
    backend = LlamaBackend(paths.embedder())
    try:
        yield _embedding(backend)
        asked = embedded(backend, list(texts(QUESTIONS, seed=2)))
        vectors = _kept(folder, backend, count)
    finally:
        backend.close()
    yield from _exact(folder / "table", vectors, asked)
    yield from _indexed(folder / "table", vectors, asked)


def embedded(backend: LlamaBackend, wanted: list[str]) -> Vectors:
    """Returns the vectors of texts."""
    return backend.vectors(wanted, READS, bool)


def _embedding(backend: LlamaBackend) -> Line:
    wanted = list(texts(SHORT, seed=3))
    embedded(backend, wanted[:8])
    begun = time.perf_counter()
    embedded(backend, wanted)
    rate = SHORT / (time.perf_counter() - begun)
    tokens = np.mean([len(backend.tokens_of(text, special=True)) for text in wanted])
    name = f"embedding of short texts ({tokens:.0f} tokens on average)"
    return Line(name, f"{rate:,.0f} a second", "300 a second", rate >= 300)


def _kept(folder: Path, backend: LlamaBackend, count: int) -> Vectors:
    """Returns the vectors of the corpus, made once, piece by piece."""
    wanted = list(texts(count, seed=1))
    parts = []
    for first in range(0, count, BATCH):
        file = folder / f"{backend.sha256[:12]}-{first}.npy"
        if not file.exists():
            np.save(file, embedded(backend, wanted[first : first + BATCH]))
        parts.append(np.load(file)[: count - first])
        print(f"embedded {first + BATCH:,} of {count:,}", end="\r", flush=True)
    found: Vectors = np.concatenate(parts)
    return found


def _exact(folder: Path, vectors: Vectors, asked: Vectors) -> Iterator[Line]:
    corpus = _filled(folder, vectors, exact_most=len(vectors))
    taken = _times(lambda one: corpus.search(one, "", (), MOST), asked)
    name = f"recall over {len(vectors):,}: exact, in memory"
    yield Line(name, milliseconds(taken), "20 ms", float(np.median(taken)) <= 0.02)


def _indexed(folder: Path, vectors: Vectors, asked: Vectors) -> Iterator[Line]:
    corpus = _filled(folder, vectors, exact_most=0)
    yield Line(
        "  without an index, every row in the table",
        milliseconds(_times(lambda one: corpus.search(one, "", (), MOST), asked[:20])),
    )
    begun = time.perf_counter()
    corpus.build_index().join()
    yield Line("  index built", f"{time.perf_counter() - begun:,.1f} s")
    taken = _times(lambda one: corpus.search(one, "", (), MOST), asked)
    right = np.mean([_share(corpus, vectors, one) for one in asked])
    name = f"recall over {len(vectors):,}: by an index"
    yield Line(name, milliseconds(taken), "20 ms", float(np.median(taken)) <= 0.02)
    yield Line("  recall@10 against the exact search", f"{right:.4f}", "0.98", right >= 0.98)


def _share(corpus: Corpus, vectors: Vectors, asked: Vectors) -> float:
    """Returns how many of the ten nearest an index finds; ties count as found."""
    cosines = vectors @ asked
    least = np.partition(cosines, -MOST)[-MOST]
    found = corpus.near(asked, Wanted(""), MOST)
    return sum(cosines[place] >= least - 1e-6 for place, _ in found) / MOST


def _times(search: Callable[[Vectors], object], asked: Vectors) -> list[float]:
    taken = []
    for one in asked:
        begun = time.perf_counter()
        search(one)
        taken.append(time.perf_counter() - begun)
    return taken


def _filled(folder: Path, vectors: Vectors, *, exact_most: int) -> Corpus:
    shutil.rmtree(folder, ignore_errors=True)
    corpus = Corpus(folder, "bench", hash_text("bench"), vectors.shape[1], exact_most=exact_most)
    corpus.begin()
    detail = json.dumps({"verdict": "approve"})
    wanted = list(texts(len(vectors), seed=1))
    for first in range(0, len(vectors), BATCH):
        things = [
            Thing(
                *(
                    RecallSource.DECISION,
                    "",
                    f"run-{place // 20:04d}",
                    place,
                    place,
                    f"gate:{place}",
                ),
                *(wanted[place], hash_text(wanted[place]), wanted[place], detail),
            )
            for place in range(first, min(first + BATCH, len(vectors)))
        ]
        corpus.add(things, list(vectors[first : first + BATCH]), first + BATCH, "", first)
    return corpus


if __name__ == "__main__":
    main()
