"""Words are found in the texts of model calls wherever they are said, and few texts are read."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from converge_desktop.adapters.traces import pages, searching, skips
from converge_desktop.adapters.traces.blocks import Part, block_path, read_blocks, write_block
from converge_desktop.adapters.traces.columns import Layout
from converge_desktop.adapters.traces.pages import IndexDamaged, packed
from converge_desktop.adapters.traces.searching import holding
from converge_desktop.adapters.traces.skips import may_hold, skips_of
from converge_desktop.adapters.traces.texts import COLUMNS, Held, Said, Stored, folded
from converge_desktop.runtime.filter_words import within

A = TypeVar("A")
B = TypeVar("B")
LAYOUT = {"traces": Layout({"seq": np.int64}, ())}
TEXTS = st.one_of(
    st.text(max_size=12),
    st.text("ab1 ", max_size=24),
    st.lists(st.sampled_from(["hold", "Straße", "нет источника", "源がない", "99999", "😀"])).map(
        " ".join
    ),
)
SAID = st.tuples(TEXTS, TEXTS, TEXTS).map(folded)
PLAIN = [folded((f"Answer {n}", f"It rests on nothing: {n:06}", "")) for n in range(40)]


@pytest.fixture(scope="module", autouse=True)
def small() -> Iterator[None]:
    """Pages of two texts, taken in bit by bit, of which a few are searched at once."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(pages, "LEAST", 2)
        patched.setattr(skips, "STEP", 7)
        patched.setattr(searching, "BATCH", 2048)
        yield


def stored(place: Path, said: Sequence[Said], first: int = 0) -> Stored:
    """Writes some texts into a block of the index."""
    parts: dict[str, Part] = {"traces": ({"seq": np.arange(len(said))}, {})}
    columns = list(zip(*said, strict=True)) or [()] * len(COLUMNS)
    texts = {name: packed(own) for name, own in zip(COLUMNS, columns, strict=True)}
    span = (first, first + max(len(said), 1) - 1, "")
    return write_block(block_path(place, first), span, parts, texts, first)


def looked_for(said: Sequence[Said], words: str, columns: Sequence[str]) -> list[bool]:
    """Looks for words by going through everything."""
    holds, places = within(words), [COLUMNS.index(name) for name in columns]
    return [any(holds(one[place]) for place in places) for one in said]


def pieces_of(said: Sequence[Said]) -> st.SearchStrategy[str]:
    """Words that are there, in part at least, whatever their case, and with stars between them."""
    text = st.sampled_from([text for one in said for text in one] or [""])
    cut = st.tuples(text, st.integers(0, 12), st.integers(1, 12))
    piece = cut.map(lambda it: it[0][it[1] : it[1] + it[2]])
    return st.lists(st.one_of(piece, piece.map(str.upper), TEXTS), max_size=3).map("*".join)


@given(data=st.data())
def test_what_is_found_is_what_looking_at_everything_finds(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """In every script, with stars and without, in any columns, on disk and in memory."""
    place = tmp_path_factory.mktemp("blocks")
    blocks = data.draw(st.lists(st.lists(SAID, max_size=40), max_size=3))
    held = data.draw(st.lists(SAID, max_size=4))
    said = [*blocks, held]
    words = data.draw(pieces_of([one for own in said for one in own]))
    columns = data.draw(st.lists(st.sampled_from(COLUMNS), min_size=1, unique=True))
    texts = [stored(place, own, 100 * number) for number, own in enumerate(blocks)]

    found = holding([*texts, Held(0, len(held), held)], words, columns)

    assert [looked_for(own, words, columns) for own in said] == [one.tolist() for one in found]


@given(said=st.lists(SAID, max_size=20))
def test_a_block_gives_back_the_texts_that_were_put_in(
    tmp_path_factory: pytest.TempPathFactory, said: list[Said]
) -> None:
    """In their order, those that are alike as well; also once its file is read again."""
    place = tmp_path_factory.mktemp("block")
    written = stored(place, said)

    [again] = read_blocks(place, LAYOUT)

    assert written == again.texts
    assert said == written.frame(COLUMNS).rows()
    assert [(text,) for _, text, _ in said] == written.frame(["output"]).rows()


@given(
    texts=st.lists(st.lists(TEXTS.map(str.casefold), min_size=1), max_size=skips.PAGES),
    data=st.data(),
)
def test_a_page_that_holds_words_is_asked_for(texts: list[list[str]], data: st.DataObject) -> None:
    """Wherever in a text they stand, however long they are, and however full the table is."""
    every = [(text,) * 3 for own in texts for text in own]
    words = data.draw(pieces_of(every)).casefold()
    pieces = [piece for piece in words.split("*") if piece]

    asked = may_hold(skips_of(texts), pieces, len(texts))

    holds = within(words)
    assert {n for n, own in enumerate(texts) if any(map(holds, own))} <= set(asked)


def test_hardly_another_page_is_asked_for() -> None:
    """Of words that nothing says, one in twenty of those that are a run and no longer."""
    numbers = [f"{n * 7919 % 10**6:06}" for n in range(4096)]
    texts = [numbers[at : at + 512] for at in range(0, 4096, 512)]
    table = skips_of(texts)

    asked = sum(len(may_hold(table, [f"x{n:04}"], 8)) for n in range(1000))

    assert asked <= 8 * 1000 / 20
    assert 0 < np.bitwise_count(table).sum() <= len(table) * 8 / 5
    assert [] == may_hold(table, ["no number"], 8)


def test_pages_that_cannot_hold_the_words_are_not_read(tmp_path: Path) -> None:
    """Nor is what is searched of one column read of another."""
    texts = stored(tmp_path, PLAIN)
    column = texts.columns["output"]
    raw = bytearray(texts.path.read_bytes())
    said = column.pages[17 // column.length(0)]
    kept = (column.skips, column.places, said)
    for at in range(texts.columns["headline"].skips.begin, len(raw)):
        if not any(piece.begin <= at < piece.begin + piece.size for piece in kept):
            raw[at] ^= 255
    put(texts, raw, texts.written + 1)

    [found] = holding([texts], "000017", ["output"])
    assert [17] == np.flatnonzero(found).tolist()
    assert not holding([texts], "xyzzy", ["output"])[0].any()
    with pytest.raises(IndexDamaged):
        holding([texts], "000027", ["output"])


@pytest.mark.parametrize("which", ["skips", "places", "page"])
@given(data=st.data())
def test_a_changed_byte_hides_nothing(
    tmp_path_factory: pytest.TempPathFactory, which: str, data: st.DataObject
) -> None:
    """In whatever is read: whoever searches is told that the index is damaged."""
    texts = stored(tmp_path_factory.mktemp("changed"), PLAIN)
    column = texts.columns["output"]
    page = column.pages[17 // column.length(0)]
    piece = {"skips": column.skips, "places": column.places, "page": page}[which]
    raw = bytearray(texts.path.read_bytes())
    at = data.draw(st.integers(piece.begin, piece.begin + piece.size - 1))
    raw[at] ^= 1 << data.draw(st.integers(0, 7))
    put(texts, raw, texts.written + 1)

    with pytest.raises(IndexDamaged, match="was changed"):
        holding([texts], "nothing: 000017", COLUMNS)


@pytest.mark.parametrize("which", ["skips", "places"])
@given(data=st.data())
def test_what_says_which_pages_are_read_and_whose_they_are_is_always_checked(
    tmp_path_factory: pytest.TempPathFactory, which: str, data: st.DataObject
) -> None:
    """Also where the file looks as if nobody had written to it since."""
    texts = stored(tmp_path_factory.mktemp("changed"), PLAIN)
    raw = bytearray(texts.path.read_bytes())
    column = texts.columns["output"]
    piece = {"skips": column.skips, "places": column.places}[which]
    raw[data.draw(st.integers(piece.begin, piece.begin + piece.size - 1))] ^= 1
    put(texts, raw, texts.written)

    with pytest.raises(IndexDamaged, match="was changed"):
        holding([texts], "nothing: 000017", COLUMNS)


def put(texts: Stored, raw: bytes, at: int) -> None:
    texts.path.write_bytes(raw)
    os.utime(texts.path, ns=(at, at))


def test_the_work_may_be_done_by_others(tmp_path: Path) -> None:
    """In parts, which come back in their order."""
    texts = [stored(tmp_path, PLAIN, 100 * number) for number in range(3)]
    parts: list[int] = []

    def each(work: Callable[[A], B], among: Iterable[A], /) -> Iterable[B]:
        done = [work(one) for one in among]
        parts.append(len(done))
        return done

    found = holding(texts, "answer 1", ["headline"], each)

    assert [looked_for(PLAIN, "answer 1", ["headline"])] * 3 == [one.tolist() for one in found]
    assert 3 == parts[0]
    assert 1 < parts[1]
