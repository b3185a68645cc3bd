"""Texts are read into word pieces as BERT was trained with."""

from __future__ import annotations

import pytest

from converge_desktop.adapters.models.word_pieces import WordPieces, words_of

NAMES = ["[UNK]", "[CLS]", "[SEP]", "un", "##aff", "##able", "##s", "cafe"]
PIECES = WordPieces({name: number for number, name in enumerate(NAMES)})


def read(text: str) -> list[str]:
    return [NAMES[token] for token in PIECES.tokens_of(text)]


def test_the_longest_piece_comes_first() -> None:
    """A word is taken apart from its front, greedily."""
    assert ["[CLS]", "un", "##aff", "##able", "[SEP]"] == read("unaffable")


def test_a_word_that_cannot_be_put_together_is_unknown_as_a_whole() -> None:
    """No part of it is kept."""
    assert ["[CLS]", "[UNK]", "un", "[SEP]"] == read("unzip un")


def test_a_word_of_more_than_a_hundred_letters_is_unknown() -> None:
    """Whatever it is made of."""
    assert ["[CLS]", "[UNK]", "[SEP]"] == read("un" + "s" * 99)
    assert "[UNK]" not in read("un" + "s" * 98)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("CAFÉ", ["cafe"]),
        ("東京", ["東", "京"]),
        ("a,b!", ["a", ",", "b", "!"]),
        ("  tabs\tand\nlines  ", ["tabs", "and", "lines"]),
        ("zero\u200bwidth\u0000", ["zerowidth"]),
        ("한국", ["\u1112\u1161\u11ab\u1100\u116e\u11a8"]),
        ("", []),
    ],
)
def test_a_text_is_cleaned_and_cut_into_words(text: str, words: list[str]) -> None:
    """Small letters without accents, signs and ideographs each a word, nothing invisible."""
    assert words == list(words_of(text))


def test_what_is_beyond_the_most_is_left_out_and_the_end_stays() -> None:
    """A text that is cut still begins and ends as a text does."""
    assert [1, 3, 2] == PIECES.tokens_of("un un un", most=3)
    assert [1, 2] == PIECES.tokens_of("un", most=2)
    assert [3, 3] == PIECES.tokens_of("un un un", ends=False, most=2)


def test_what_spells_a_control_token_is_text() -> None:
    """No text can pretend that it ends."""
    assert 2 not in PIECES.tokens_of("[SEP]", ends=False)
