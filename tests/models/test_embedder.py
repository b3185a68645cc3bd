"""D19: the embedder that ships is the original, near enough, in every script that was tried."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("llama_cpp")

from embedder import MARK, pieces, q8_0
from embedder_check import AIM, READS, cosines, sentences

from converge_core.capability import CallCancelled, EmbedRequest
from converge_core.capability_errors import ContextLengthExceeded, InvalidRequest
from converge_desktop import paths
from converge_desktop.adapters.models.determinism import Findings, probe_embedder
from converge_desktop.adapters.models.llama import LlamaBackend
from converge_desktop.adapters.models.llama_embedding import READING, WORD_START

MODELS = paths.resources() / "models"
ORIGINAL = Path(__file__).parent.parent / "golden" / "embedder_v1.npy"
"""What the original makes of the sentences; ``embedder_check.py --keep`` made it."""
MOST_BYTES = 26_000_000


@pytest.fixture(scope="module")
def embedder() -> Iterator[LlamaBackend]:
    backend = LlamaBackend(paths.embedder())
    yield backend
    backend.close()


def go_on() -> bool:
    return False


def test_it_is_small_and_has_card_licence_and_checksum_beside_it() -> None:
    """Whoever gets the file gets what belongs to it, and can tell that it is that file."""
    data = paths.embedder().read_bytes()
    sums = dict(line.split()[::-1] for line in (MODELS / "SHA256SUMS").read_text().splitlines())

    assert len(data) < MOST_BYTES
    assert hashlib.sha256(data).hexdigest() == sums[paths.embedder().name]
    assert "Apache-2.0" in (MODELS / "all-minilm-l6-v2.md").read_text("utf-8")
    assert "Apache License" in (MODELS / "LICENSE-Apache-2.0.txt").read_text("utf-8")


def test_it_is_no_model_to_choose() -> None:
    """It writes nothing, so no pack may name it and no list offers it."""
    assert paths.embedder() not in paths.shipped_models().values()


def test_every_sentence_comes_out_as_the_original_has_it() -> None:
    """Cosine 0.999 at least, on 200 sentences and more, in several languages and scripts."""
    found = cosines(np.load(ORIGINAL).astype(np.float32), paths.embedder())

    assert len(found) >= 200
    assert len({language for _, language, _ in found}) >= 20
    assert [] == [one for one in found if one[0] < AIM]


def test_it_repeats_itself_to_the_bit(embedder: LlamaBackend) -> None:
    """Again, after others, by new contexts, among others and side by side: measured, as any is."""
    exact = Findings(repeated=True, unrelated=True, warm=True, pieces=True, threads=True)

    assert exact == probe_embedder(embedder)


def test_a_text_has_the_same_vector_alone_and_among_others(embedder: LlamaBackend) -> None:
    """What is kept by the hash of a text is what that text gives, whatever was asked beside it."""
    texts = [text for _, text in sentences()[::9]]
    together = embedder.vectors(texts, READS, go_on)

    alone = [embedder.vectors([text], READS, go_on)[0] for text in texts]

    assert all((one == other).all() for one, other in zip(together, alone, strict=True))
    assert np.allclose(np.linalg.norm(together, axis=1), 1.0, atol=1e-6)


def test_it_stays_open_and_can_be_stopped(embedder: LlamaBackend) -> None:
    """A stop is seen between texts, and afterwards it goes on as before."""
    before = embedder.vectors(["tests pass"], READS, go_on)
    told = iter([False, *[True] * 10_000])

    with pytest.raises(CallCancelled):
        embedder.vectors(["tests fail in many ways"] * 2_000, READS, lambda: next(told, True))

    assert (before == embedder.vectors(["tests pass"], READS, go_on)).all()


def test_a_text_that_is_too_long_is_refused_or_cut_where_that_was_asked(
    embedder: LlamaBackend,
) -> None:
    """Nobody gets the vector of half a text unless they said how much is to be read."""
    text = "tests pass " * 600

    with pytest.raises(ContextLengthExceeded):
        embedder.embed(EmbedRequest(inputs=(text,)), go_on)
    with pytest.raises(InvalidRequest):
        embedder.embed(EmbedRequest(inputs=("short",), dimensions=7), go_on)
    assert (1, 384) == embedder.vectors([text], READS, go_on).shape


def test_the_file_says_that_its_texts_are_word_pieces(embedder: LlamaBackend) -> None:
    """By a mark that maker and reader spell alike; a control token is text where text spells it."""
    assert MARK == READING
    assert WORD_START == "▁"
    assert embedder.embeds_only
    assert [101, 102] == embedder.tokens_of("", special=True)
    assert [1031, 102, 1033] != embedder.tokens_of("[SEP]")
    assert 102 not in embedder.tokens_of("[SEP]")


def test_pieces_are_spelled_for_llama_and_back(tmp_path: Path) -> None:
    """What begins a word is marked, what goes on with one is bare, and control tokens stay."""
    vocabulary = tmp_path / "vocab.txt"
    vocabulary.write_text("[CLS]\nword\n##s\n[\n", "utf-8")

    assert ["[CLS]", "▁word", "s", "▁["] == [spelled for spelled, _ in pieces(vocabulary)]


def test_rounding_is_within_half_a_step() -> None:
    """Q8_0 as it is read: a 16-bit step for 32 numbers of eight bits; nought stays nought."""
    rows = np.array([np.linspace(-3, 3, 64), np.zeros(64)], np.float32)

    packed = q8_0(rows).reshape(2, 2, 34)
    steps = packed[..., :2].copy().view(np.float16).astype(np.float32)
    found = (packed[..., 2:].view(np.int8) * steps).reshape(2, 64)

    assert np.abs(found - rows).max() <= steps.max() * 0.501
    assert not found[1].any()
