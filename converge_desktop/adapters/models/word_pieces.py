"""WordPiece tokens of text, as the uncased BERT models were trained with.

llama.cpp's own tokenizer for these models differs where a script has marks that combine (Korean,
Hindi) and at words of more than 100 letters, and a text that is read otherwise than in training is
embedded elsewhere. Source: Wu et al., "Google's Neural Machine Translation System" (2016), greedy
longest match first; the clean-up before it as published with BERT (Devlin et al., 2018).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping

MOST_LETTERS = 100
"""Longer words are unknown as a whole."""
CONTINUED = "##"
_SPACES = frozenset("\t\n\r")
_IDEOGRAPHS = (
    (0x4E00, 0x9FFF),
    (0x3400, 0x4DBF),
    (0x20000, 0x2A6DF),
    (0x2A700, 0x2B73F),
    (0x2B740, 0x2B81F),
    (0x2B920, 0x2CEAF),
    (0xF900, 0xFAFF),
    (0x2F800, 0x2FA1F),
)


class WordPieces:
    """A vocabulary of word pieces.

    Args:
        vocabulary: the number of each piece; a piece that goes on with a word begins with ``##``.
    """

    def __init__(self, vocabulary: Mapping[str, int]) -> None:
        self._vocabulary = vocabulary
        self._unknown = vocabulary["[UNK]"]
        self._begin, self._end = vocabulary["[CLS]"], vocabulary["[SEP]"]

    def tokens_of(self, text: str, *, ends: bool = True, most: int | None = None) -> list[int]:
        """Returns the tokens of a text, between those of its beginning and its end.

        Args:
            text: the text.
            ends: whether those of beginning and end are wanted.
            most: how many tokens there may be in all; what is beyond is left out. None for any.
        """
        inner = [token for word in words_of(text) for token in self._pieces(word)]
        if not ends:
            return inner[:most]
        kept = inner if most is None else inner[: max(most - 2, 0)]
        return [self._begin, *kept, self._end]

    def _pieces(self, word: str) -> list[int]:
        if len(word) > MOST_LETTERS:
            return [self._unknown]
        found: list[int] = []
        start = 0
        while start < len(word):
            end = self._longest(word, start)
            if end == start:
                return [self._unknown]
            found.append(self._vocabulary[_piece(word, start, end)])
            start = end
        return found

    def _longest(self, word: str, start: int) -> int:
        for end in range(len(word), start, -1):
            if _piece(word, start, end) in self._vocabulary:
                return end
        return start


def words_of(text: str) -> Iterator[str]:
    """Yields the words of a text: small letters without accents; each sign is a word."""
    word: list[str] = []
    for char in _plain(text):
        kind = _kind(char)
        if kind == "letter":
            word.append(char)
            continue
        if word:
            yield "".join(word)
            word = []
        if kind == "sign":
            yield char
    if word:
        yield "".join(word)


def _plain(text: str) -> str:
    cleaned = "".join(char for char in text if not _is_dropped(char))
    parted = unicodedata.normalize("NFD", cleaned)
    return "".join(char for char in parted if unicodedata.category(char) != "Mn").lower()


def _is_dropped(char: str) -> bool:
    if char in _SPACES:
        return False
    return char == "\ufffd" or unicodedata.category(char) in {"Cc", "Cf", "Co", "Cs"}


def _kind(char: str) -> str:
    if char.isspace():
        return "space"
    code = ord(char)
    if any(first <= code <= last for first, last in _IDEOGRAPHS):
        return "sign"
    if char.isascii():
        return "letter" if char.isalnum() or not char.isprintable() else "sign"
    return "sign" if unicodedata.category(char).startswith("P") else "letter"


def _piece(word: str, start: int, end: int) -> str:
    return word[start:end] if start == 0 else CONTINUED + word[start:end]
