"""What a text holds that the eye would miss: invisible, turning and look-alike characters.

A model's words, and a file's, are shown as they are; but what cannot be seen in them, what turns
the order of reading, and what looks like another letter is marked, so that it can be drawn as what
it is. Nothing is taken away, and nothing here draws.

Source: UTR 36 and UTS 39 (mixed-script and whole-script confusables), UAX 9 (directional controls).
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from itertools import groupby


class Mark(StrEnum):
    """What is the matter with a character."""

    INVISIBLE = "invisible"
    """It takes no room, or shows nothing."""
    DIRECTION = "direction"
    """It turns the order in which what follows is read."""
    CONTROL = "control"
    """It is meant for a machine, such as a terminal."""
    SPACE = "space"
    """It looks like a space, and is none that is typed."""
    LOOKALIKE = "lookalike"
    """It looks like another character."""
    PILED = "piled"
    """It is put on top of others, so that it can cover what stands beside it."""
    UNKNOWN = "unknown"
    """It means nothing, or only to those who agreed on it."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a text: as it is, or one character that is marked.

    Attributes:
        text: the characters.
        mark: what is the matter; None where nothing is.
        name: what it is, such as ``U+202E RIGHT-TO-LEFT OVERRIDE``; empty where nothing is.
        like: what it looks like, where it looks like another.
    """

    text: str
    mark: Mark | None = None
    name: str = ""
    like: str = ""

    @property
    def shown(self) -> str:
        """What can be drawn, or printed, in its place without misleading anybody."""
        return self.text if self.mark is None else f"⟨{self.name.partition(' ')[0]}⟩"

    @property
    def said(self) -> str:
        """What it is, in words, such as ``Cyrillic small letter a, looks like Latin a``."""
        if self.mark is None:
            return ""
        number, _, name = self.name.partition(" ")
        called = f"{_worded(name) or _MEANS[self.mark]} ({number})"
        return f"{called}, looks like {_like_words(self.like)}" if self.like else called


def pieces(text: str) -> tuple[Piece, ...]:
    """Splits a text at what the eye would miss; put together again, the pieces are the text."""
    if _PLAIN.fullmatch(text):
        return (Piece(text),) if text else ()
    marks = _marks(text)
    found: list[Piece] = []
    for marked, group in groupby(range(len(text)), key=lambda place: place in marks):
        places = list(group)
        if marked:
            found += [_piece(text[place], *marks[place]) for place in places]
        else:
            found.append(Piece(text[places[0] : places[-1] + 1]))
    return tuple(found)


def has_unseen(text: str) -> bool:
    """Whether a text holds anything that the eye would miss."""
    return any(piece.mark is not None for piece in pieces(text))


@lru_cache(maxsize=4096)  # a list draws the same few texts again and again
def spelled_out(text: str) -> str:
    """Returns a text with what the eye would miss spelled out, such as ``⟨U+202E⟩``."""
    return "".join(piece.shown for piece in pieces(text))


_MEANS = {
    Mark.INVISIBLE: "Invisible character",
    Mark.DIRECTION: "Character that turns the order of reading",
    Mark.CONTROL: "Control character",
    Mark.SPACE: "Unusual space",
    Mark.LOOKALIKE: "Look-alike",
    Mark.PILED: "Mark on top of others",
    Mark.UNKNOWN: "Character without a meaning",
}
"""How those are called that have no name."""


def _worded(name: str) -> str:
    """Puts the name of a character as a person would: only its script begins with a capital."""
    return name[:1] + name[1:].lower()


def _like_words(like: str) -> str:
    script = _script(like[:1])
    return f"{script.capitalize()} {like}" if script else f"“{like}”"


_Found = tuple[Mark, str]
_DIRECTION = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_SHOWS_NOTHING = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
_JOINS = frozenset("\u200d\ufe0f")
"""What picture characters are put together by."""
_MOST_PILED = 2
_PLAIN = re.compile(r"[\n\t -~]*")
_WORD = re.compile(r"\w+")

_LIKE = {
    "CYRILLIC": (
        "аеорсухіјѕһԁԛԝӏАВЕКМНОРСТХУІЈЅԚԜѴ",
        "aeopcyxijshdqwlABEKMHOPCTXYIJSQWV",
    ),
    "GREEK": (
        "ονιρασγϲϳΑΒΕΖΗΙΚΜΝΟΡΤΥΧϹ",
        "ovipaoycjABEZHIKMNOPTYXC",
    ),
    "ARMENIAN": (
        "օոսհցզյՕՍԼՏ",
        "onuhgqjOULS",
    ),
    "CHEROKEE": (
        "ᎪᏴᏟᎠᎬᏀᎻᎫᏦᏞᎷᏢᏚᎢᏙᎳᏃ",
        "ABCDEGHJKLMPSTVWZ",
    ),
}
"""Letters that look like Latin ones, script by script."""
_LATIN = {
    letter: latin
    for letters, latins in _LIKE.values()
    for letter, latin in zip(letters, latins, strict=True)
}
_FROM_LATIN = {
    (script, latin): letter
    for script, (letters, latins) in _LIKE.items()
    for letter, latin in zip(letters, latins, strict=True)
}
_ALWAYS = dict(zip("ɑɡǃ⁄∕∶꞉;․﹨ː", "ag!//::;.\\:", strict=True))
"""Characters that are hardly ever meant where what they look like could stand."""
_DRESSED = ("MATHEMATICAL ", "FULLWIDTH ", "SMALL ROMAN NUMERAL ", "ROMAN NUMERAL ")
"""How the names of letters begin that are others in another dress."""


def _marks(text: str) -> dict[int, _Found]:
    marks = dict(_singly(text))
    for place, found in _in_words(text):
        marks.setdefault(place, found)
    return marks


def _singly(text: str) -> Iterator[tuple[int, _Found]]:
    """Yields the characters that are told by themselves, or by those right before them."""
    piled = 0
    for place, char in enumerate(text):
        if _PLAIN.fullmatch(char):
            piled = 0
            continue
        category = unicodedata.category(char)
        piled = piled + 1 if category in {"Mn", "Me"} else 0
        mark = _mark(char, category, text[place - 1 : place])
        if mark is not None:
            yield place, (mark, "")
        elif piled > _MOST_PILED:
            yield place, (Mark.PILED, "")
        elif like := _dressed(char):
            yield place, (Mark.LOOKALIKE, like)


def _mark(char: str, category: str, before: str) -> Mark | None:
    if char in _DIRECTION:
        return Mark.DIRECTION
    if char in _JOINS and before and unicodedata.category(before) in {"So", "Sk", "Cf"}:
        return None
    if category == "Cf" or char in _SHOWS_NOTHING or _selects(char):
        return Mark.INVISIBLE
    if category in {"Cc", "Zl", "Zp"}:
        return Mark.CONTROL
    if category == "Zs":
        return Mark.SPACE
    return Mark.UNKNOWN if category in {"Cn", "Co", "Cs"} else None


def _selects(char: str) -> bool:
    """Whether it chooses between forms of the character before it."""
    return "\ufe00" <= char <= "\ufe0f" or "\u180b" <= char <= "\u180f" or char >= "\U000e0100"


@lru_cache(maxsize=4096)
def _dressed(char: str) -> str:
    """Returns what a character looks like that is another in another dress; empty if it is not."""
    if char in _ALWAYS:
        return _ALWAYS[char]
    if not unicodedata.name(char, "").startswith(_DRESSED):
        return ""
    plain = unicodedata.normalize("NFKC", char)
    return plain if plain.isascii() and plain != char else ""


def _in_words(text: str) -> Iterator[tuple[int, _Found]]:
    """Yields the letters that stand among letters of another script and look like those."""
    letters = Counter(script for char in text if (script := _script(char)))
    latin_text = letters["LATIN"] * 2 > letters.total()
    for word in _WORD.finditer(text):
        if word.group().isascii():
            continue
        scripts = Counter(script for char in word.group() if (script := _script(char)))
        if len(scripts) > 1:
            yield from _strangers(
                word, max(scripts, key=lambda one: (scripts[one], one == "LATIN"))
            )
        elif latin_text and "LATIN" not in scripts and _all_alike(word.group()):
            for at, char in enumerate(word.group()):
                yield word.start() + at, (Mark.LOOKALIKE, _LATIN[char])


def _strangers(word: re.Match[str], main: str) -> Iterator[tuple[int, _Found]]:
    """Yields the letters of a word that are not of its script and look as if they were."""
    for at, char in enumerate(word.group()):
        like = _LATIN.get(char) or _FROM_LATIN.get((main, char), "")
        if like and _script(char) != main:
            yield word.start() + at, (Mark.LOOKALIKE, like)


def _all_alike(word: str) -> bool:
    return len(word) > 1 and all(char in _LATIN for char in word)


@lru_cache(maxsize=4096)
def _script(char: str) -> str:
    """Returns the script of a letter, as its name begins; empty for what is no letter."""
    return unicodedata.name(char, "").partition(" ")[0] if char.isalpha() else ""


def _piece(char: str, mark: Mark, like: str) -> Piece:
    name = unicodedata.name(char, "")
    return Piece(char, mark, f"U+{ord(char):04X} {name}".strip(), like)
