"""Models of random weights, for measuring: they load, and come out the same each time."""

from __future__ import annotations

from pathlib import Path

import pytest
from random_weights import SHAPES, tensors, write

from converge_desktop import paths
from converge_desktop.adapters.models.model_check import inspect_model

VOCABULARY = 2048


def test_a_random_model_loads_and_tokenizes_as_the_shipped_one(tmp_path: Path) -> None:
    """So that every prompt of the app can be put to it."""
    path = tmp_path / "tiny.gguf"
    weights = write("tiny", path)
    facts, shipped = inspect_model(path), inspect_model(paths.default_model())

    assert ("random-tiny", "Q8_0", weights) == (facts.name, facts.file_type, facts.parameters)
    assert (shipped.tokenizer_hash, shipped.ends) == (facts.tokenizer_hash, facts.ends)


def test_the_same_shape_and_seed_give_the_same_bytes(tmp_path: Path) -> None:
    """And another seed others; nothing unfinished is left behind."""
    paths_ = [tmp_path / f"{name}.gguf" for name in "abc"]
    for path, seed in zip(paths_, (1, 1, 2), strict=True):
        write("tiny", path, seed)
    one, again, other = (path.read_bytes() for path in paths_)

    assert one == again != other
    assert paths_ == sorted(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "least", "most"), [("r200", 185e6, 205e6), ("r1b", 0.95e9, 1.05e9)]
)
def test_the_large_shapes_are_as_large_as_they_say(name: str, least: float, most: float) -> None:
    """Counted without making them."""
    count = 0
    for tensor in tensors(SHAPES[name], VOCABULARY):
        size = 1
        for side in tensor.shape:
            size *= side
        count += size

    assert least < count < most
