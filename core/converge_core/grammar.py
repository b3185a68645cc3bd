"""Grammars in which every derivation is finite, because nothing else can be written down in them.

A part holds the parts it is made of by value, so it cannot contain itself, and a repetition always
has a most; longest and shortest derivation are therefore numbers that are worked out, never
guessed. :class:`Grammar` renders to GBNF, the notation in which llama.cpp is told what it may say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from converge_core.errors import InvalidConfiguration

MOST_TIMES = 2000
"""The highest count of a repetition; llama.cpp reads no higher one."""

_NAME = re.compile(r"[a-z]+")
_ROOT = "root"


class Part(Protocol):
    """A piece of a grammar."""

    @property
    def longest(self) -> int:
        """The longest text it derives, in bytes."""

    @property
    def shortest(self) -> int:
        """The shortest text it derives, in bytes."""

    def gbnf(self) -> str:
        """Returns the piece in GBNF, named rules by their names."""

    def regex(self) -> str:
        """Returns the piece as a regular expression, named rules written out."""

    def named(self) -> Iterator[Named]:
        """Yields the named rules it mentions, not those that they mention in turn."""


@dataclass(frozen=True, slots=True)
class Literal:
    """Exactly this text."""

    text: str

    def __post_init__(self) -> None:
        _require(bool(self.text), "A literal is empty.")
        _require_encodable(self.text)

    @property
    def longest(self) -> int:
        """The text's own length, in bytes."""
        return len(self.text.encode())

    @property
    def shortest(self) -> int:
        """The text's own length, in bytes."""
        return self.longest

    def gbnf(self) -> str:
        """Returns the text in quotes."""
        return f'"{"".join(_escaped(char, _IN_QUOTES) for char in self.text)}"'

    def regex(self) -> str:
        """Returns the text with what is special escaped."""
        return re.sub(r"[\\^$.|?*+()\[\]{}]", r"\\\g<0>", self.text)

    def named(self) -> Iterator[Named]:
        """Yields nothing."""
        yield from ()


@dataclass(frozen=True, slots=True)
class Chars:
    """One character out of these.

    Attributes:
        spans: pairs of first and last character, such as ``"az"``.
        others: single characters.
    """

    spans: tuple[str, ...] = ()
    others: str = ""

    def __post_init__(self) -> None:
        _require(bool(self.spans or self.others), "A character class is empty.")
        for span in self.spans:
            ordered = len(span) == 2 and span[0] <= span[1]  # noqa: PLR2004 - first and last
            _require(ordered, f"{span!r} is no span of characters.")
        _require_encodable("".join(self.spans) + self.others)

    @property
    def longest(self) -> int:
        """The longest of the characters, in bytes."""
        return len(max("".join(self.spans) + self.others).encode())

    @property
    def shortest(self) -> int:
        """The shortest of the characters, in bytes."""
        return len(min("".join(self.spans) + self.others).encode())

    def gbnf(self) -> str:
        """Returns the class in brackets."""
        # A hyphen between two characters would be a span; at the end it is itself.
        others = self.others.replace("-", "") + "-" * ("-" in self.others)
        singles = "".join(_escaped(char, _IN_BRACKETS) for char in others)
        spans = (f"{_span_end(a)}-{_span_end(b)}" for a, b in self.spans)
        return f"[{''.join(spans)}{singles}]"

    def regex(self) -> str:
        """Returns the class in brackets, with what is special in a regular expression escaped."""
        special = r"[\\\]\[^-]"
        spans = ("-".join(re.sub(special, r"\\\g<0>", end) for end in span) for span in self.spans)
        return f"[{''.join(spans)}{re.sub(special, _BACKSLASHED, self.others)}]"

    def named(self) -> Iterator[Named]:
        """Yields nothing."""
        yield from ()


@dataclass(frozen=True, slots=True)
class Sequence:
    """One part after the other; :func:`sequence` makes a tidy one."""

    parts: tuple[Part, ...]

    def __post_init__(self) -> None:
        _require(bool(self.parts), "A sequence has no part.")

    @property
    def longest(self) -> int:
        """The sum over the parts."""
        return sum(part.longest for part in self.parts)

    @property
    def shortest(self) -> int:
        """The sum over the parts."""
        return sum(part.shortest for part in self.parts)

    def gbnf(self) -> str:
        """Returns the parts beside each other."""
        return " ".join(_grouped(part, Alternative) for part in self.parts)

    def regex(self) -> str:
        """Returns the parts beside each other."""
        return "".join(part.regex() for part in self.parts)

    def named(self) -> Iterator[Named]:
        """Yields what the parts mention."""
        for part in self.parts:
            yield from part.named()


@dataclass(frozen=True, slots=True)
class Alternative:
    """One of several ways."""

    ways: tuple[Part, ...]

    def __post_init__(self) -> None:
        _require(bool(self.ways), "There is nothing to choose from.")

    @property
    def longest(self) -> int:
        """The longest way."""
        return max(way.longest for way in self.ways)

    @property
    def shortest(self) -> int:
        """The shortest way."""
        return min(way.shortest for way in self.ways)

    def gbnf(self) -> str:
        """Returns the ways with bars between them."""
        return " | ".join(way.gbnf() for way in self.ways)

    def regex(self) -> str:
        """Returns a group of the ways."""
        return f"(?:{'|'.join(way.regex() for way in self.ways)})"

    def named(self) -> Iterator[Named]:
        """Yields what the ways mention."""
        for way in self.ways:
            yield from way.named()


@dataclass(frozen=True, slots=True)
class Repeat:
    """A part at least so often and at most so often."""

    part: Part
    least: int
    most: int

    def __post_init__(self) -> None:
        bounded = 0 <= self.least <= self.most <= MOST_TIMES and self.most > 0
        _require(bounded, f"{self.least} to {self.most} is no bounded repetition.")

    @property
    def longest(self) -> int:
        """The longest of the part, as often as can be."""
        return self.most * self.part.longest

    @property
    def shortest(self) -> int:
        """The shortest of the part, as rarely as can be."""
        return self.least * self.part.shortest

    def gbnf(self) -> str:
        """Returns the part with its counts."""
        part = _grouped(self.part, (Alternative, Sequence, Repeat))
        return f"{part}{{{self.least},{self.most}}}"

    def regex(self) -> str:
        """Returns a group of the part with its counts."""
        return f"(?:{self.part.regex()}){{{self.least},{self.most}}}"

    def named(self) -> Iterator[Named]:
        """Yields what the part mentions."""
        yield from self.part.named()


@dataclass(frozen=True, slots=True)
class Named:
    """A part with a name, under which it stands once in the grammar, however often it is used."""

    name: str
    part: Part

    def __post_init__(self) -> None:
        free = _NAME.fullmatch(self.name) is not None and self.name != _ROOT
        _require(free, f"{self.name!r} cannot name a rule.")

    @property
    def longest(self) -> int:
        """That of the part."""
        return self.part.longest

    @property
    def shortest(self) -> int:
        """That of the part."""
        return self.part.shortest

    def gbnf(self) -> str:
        """Returns the name."""
        return self.name

    def regex(self) -> str:
        """Returns the part."""
        return self.part.regex()

    def named(self) -> Iterator[Named]:
        """Yields itself."""
        yield self


@dataclass(frozen=True, slots=True)
class Grammar:
    """A whole grammar: all that can be derived from its root."""

    root: Part

    def __post_init__(self) -> None:
        self.rules()

    @property
    def longest(self) -> int:
        """The longest derivation, in bytes; no token is shorter than one."""
        return self.root.longest

    @property
    def shortest(self) -> int:
        """The shortest derivation, in bytes."""
        return self.root.shortest

    def rules(self) -> dict[str, Part]:
        """Returns the rules by name, in the order in which they are first mentioned.

        Raises:
            InvalidConfiguration: if one name stands for two rules.
        """
        rules, todo = {_ROOT: self.root}, [self.root]
        for part in todo:
            for one in part.named():
                known = rules.setdefault(one.name, one.part)
                _require(known is one.part or known == one.part, f"{one.name} is two rules.")
                if known is one.part and known not in todo:
                    todo.append(known)
        return rules

    def render(self) -> str:
        """Returns the grammar as GBNF, a rule a line."""
        return "".join(f"{name} ::= {part.gbnf()}\n" for name, part in self.rules().items())


def sequence(*parts: Part | str) -> Part:
    """Returns the parts one after the other; neighbouring texts become one."""
    tidy: list[Part] = []
    for part in parts:
        flat = part.parts if isinstance(part, Sequence) else (part,)
        for one in flat:
            piece = Literal(one) if isinstance(one, str) else one
            if tidy and isinstance(piece, Literal) and isinstance(tidy[-1], Literal):
                piece = Literal(tidy.pop().text + piece.text)  # type: ignore[attr-defined]
            tidy.append(piece)
    return tidy[0] if len(tidy) == 1 else Sequence(tuple(tidy))


def either(*ways: Part | str) -> Part:
    """Returns a choice of the ways; a single one is no choice."""
    parts = tuple(Literal(way) if isinstance(way, str) else way for way in ways)
    return parts[0] if len(parts) == 1 else Alternative(parts)


_IN_QUOTES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_IN_BRACKETS = {"]": "\\]", "[": "\\[", "\\": "\\\\", "^": "\\x5E"}
_BACKSLASHED = r"\\\g<0>"


def _escaped(char: str, special: dict[str, str]) -> str:
    plain = char.isprintable() or not char.isascii()
    return special.get(char, char if plain else f"\\x{ord(char):02X}")


def _span_end(char: str) -> str:
    return "\\x2D" if char == "-" else _escaped(char, _IN_BRACKETS)


def _grouped(part: Part, kinds: type | tuple[type, ...]) -> str:
    return f"({part.gbnf()})" if isinstance(part, kinds) else part.gbnf()


def _require(sound: bool, sentence: str) -> None:  # noqa: FBT001 - reads as the sentence it guards
    if not sound:
        raise InvalidConfiguration(sentence)


def _require_encodable(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InvalidConfiguration(f"{text!r} holds half a surrogate pair.") from error
