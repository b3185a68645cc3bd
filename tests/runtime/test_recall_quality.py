"""D19: the threshold for precedents is calibrated on labelled pairs and holds on others."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from converge_desktop import paths
from converge_desktop.adapters.models.llama import LlamaBackend
from converge_desktop.runtime.recalling import ALIKE_FROM
from tests.bench.recall_quality import Pair, best, divided, quality, scored


@pytest.fixture(scope="module")
def pairs() -> Iterator[list[Pair]]:
    backend = LlamaBackend(paths.embedder())
    yield scored(backend)
    backend.close()


def test_the_threshold_is_the_one_that_the_pairs_give(pairs: list[Pair]) -> None:
    """The lowest at which none of the pairs it is chosen by is called alike that is not."""
    chosen, _ = divided(pairs)

    assert ALIKE_FROM == best(chosen)


def test_it_holds_on_pairs_that_had_no_part_in_choosing_it(pairs: list[Pair]) -> None:
    """Nine of ten that are called alike are, and three of four that are, are called so."""
    _, held_out = divided(pairs)
    found = quality(held_out, ALIKE_FROM)

    assert found.precision >= 0.9
    assert found.recall >= 0.75


def test_near_misses_and_what_is_unrelated_are_not_called_alike(pairs: list[Pair]) -> None:
    """The same words about another matter are no precedent, but for one in twenty."""
    others = [pair for pair in pairs if not pair.alike]

    assert sum(pair.score >= ALIKE_FROM for pair in others) <= len(others) // 20


def test_the_set_holds_paraphrases_near_misses_and_other_languages(pairs: list[Pair]) -> None:
    """A set of one kind would calibrate nothing."""
    kinds = {(pair.kind, pair.alike) for pair in pairs}

    assert {("paraphrase", True), ("near miss", False)} <= kinds
    assert {("other language", True), ("other language", False), ("unrelated", False)} <= kinds
    assert len(pairs) >= 80
