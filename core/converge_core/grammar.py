"""Grammars in which every derivation is finite, because nothing else can be written down in them.

A part holds the parts it is made of by value, so it cannot contain itself, and a repetition always
has a most; longest and shortest derivation are therefore numbers that are worked out, never
guessed. :class:`Grammar` renders to GBNF, the notation in which llama.cpp is told what it may say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from types import UnionType

from converge_core.errors import InvalidConfiguration

MOST_TIMES = 2000
"""The highest count of a repetition; llama.cpp reads no higher one."""

_NAME = re.compile(r"[a-z]+")
_ROOT = "root"


@dataclass(frozen=True, slots=True)
class Literal:
    """Exactly this text."""

    text: str

    def __post_init__(self) -> None:
        _require(self.text != "", "A literal is empty.")
        _require_encodable(self.text)


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
            _require([*span] == sorted(span) and len(span) == len("az"), f"{span!r} is no span.")
        _require_encodable(self.all_ends)

    @property
    def all_ends(self) -> str:
        """The characters it names; its lowest and highest are among them."""
        return "".join(self.spans) + self.others


@dataclass(frozen=True, slots=True)
class Sequence:
    """One part after the other; :func:`sequence` makes a tidy one."""

    parts: tuple[Part, ...]

    def __post_init__(self) -> None:
        _require(bool(self.parts), "A sequence has no part.")


@dataclass(frozen=True, slots=True)
class Alternative:
    """One of several ways; :func:`either` makes one of them."""

    ways: tuple[Part, ...]

    def __post_init__(self) -> None:
        _require(bool(self.ways), "There is nothing to choose from.")


@dataclass(frozen=True, slots=True)
class Repeat:
    """A part, at least so often and at most so often."""

    part: Part
    least: int
    most: int

    def __post_init__(self) -> None:
        bounded = 0 <= self.least <= self.most <= MOST_TIMES and self.most > 0
        _require(bounded, f"{self.least} to {self.most} times is no bounded repetition.")


@dataclass(frozen=True, slots=True)
class Named:
    """A part with a name, under which it stands once in a grammar, however often it is used."""

    name: str
    part: Part

    def __post_init__(self) -> None:
        free = _NAME.fullmatch(self.name) is not None and self.name != _ROOT
        _require(free, f"{self.name!r} cannot name a rule.")


Part = Literal | Chars | Sequence | Alternative | Repeat | Named


@dataclass(frozen=True, slots=True)
class Grammar:
    """A whole grammar: all that can be derived from its root."""

    root: Part

    def __post_init__(self) -> None:
        self.rules()

    @property
    def longest(self) -> int:
        """The longest derivation, in bytes; no token is shorter than one."""
        return longest(self.root)

    @property
    def shortest(self) -> int:
        """The shortest derivation, in bytes."""
        return shortest(self.root)

    def rules(self) -> dict[str, Part]:
        """Returns the rules by name, in the order in which they are first mentioned.

        Raises:
            InvalidConfiguration: if one name stands for two rules.
        """
        rules, todo = {_ROOT: self.root}, [self.root]
        for part in todo:
            for one in _mentioned(part):
                if one.name not in rules:
                    rules[one.name] = one.part
                    todo.append(one.part)
                _require(rules[one.name] == one.part, f"{one.name!r} names two rules.")
        return rules

    def render(self) -> str:
        """Returns the grammar as GBNF, a rule a line."""
        return "".join(f"{name} ::= {_gbnf(part)}\n" for name, part in self.rules().items())


def longest(part: Part) -> int:
    """Returns the length of the longest text that ``part`` derives, in bytes."""
    match part:
        case Literal(text):
            return len(text.encode())
        case Chars():
            return len(max(part.all_ends).encode())
        case Sequence(parts):
            return sum(map(longest, parts))
        case Alternative(ways):
            return max(map(longest, ways))
        case Repeat(inner, _, most):
            return most * longest(inner)
        case Named(_, inner):
            return longest(inner)


def shortest(part: Part) -> int:
    """Returns the length of the shortest text that ``part`` derives, in bytes."""
    match part:
        case Literal(text):
            return len(text.encode())
        case Chars():
            return len(min(part.all_ends).encode())
        case Sequence(parts):
            return sum(map(shortest, parts))
        case Alternative(ways):
            return min(map(shortest, ways))
        case Repeat(inner, least, _):
            return least * shortest(inner)
        case Named(_, inner):
            return shortest(inner)


def regex(part: Part) -> str:
    """Returns ``part`` as a regular expression that JSON Schema, Python and Rust read alike."""
    match part:
        case Literal(text):
            return re.sub(r"[\\^$.|?*+()\[\]{}]", _BACKSLASHED, text)
        case Chars(spans, others):
            ends = [re.sub(_CLASS_SIGNS, _BACKSLASHED, char) for span in spans for char in span]
            pairs = zip(ends[::2], ends[1::2], strict=True)
            single = re.sub(_CLASS_SIGNS, _BACKSLASHED, others)
            return f"[{''.join(f'{a}-{b}' for a, b in pairs)}{single}]"
        case Sequence(parts):
            return "".join(map(regex, parts))
        case Alternative(ways):
            return f"(?:{'|'.join(map(regex, ways))})"
        case Repeat(inner, least, most):
            return f"(?:{regex(inner)}){{{least},{most}}}"
        case Named(_, inner):
            return regex(inner)


def sequence(*parts: Part | str) -> Part:
    """Returns the parts one after the other; neighbouring texts become one."""
    tidy: list[Part] = []
    for part in parts:
        for one in part.parts if isinstance(part, Sequence) else (part,):
            piece = Literal(one) if isinstance(one, str) else one
            if tidy and isinstance(piece, Literal) and isinstance(tidy[-1], Literal):
                piece = Literal(tidy[-1].text + piece.text)
                tidy.pop()
            tidy.append(piece)
    return tidy[0] if len(tidy) == 1 else Sequence(tuple(tidy))


def either(*ways: Part | str) -> Part:
    """Returns a choice of the ways; a single one is no choice."""
    parts = tuple(Literal(way) if isinstance(way, str) else way for way in ways)
    return parts[0] if len(parts) == 1 else Alternative(parts)


_BACKSLASHED = r"\\\g<0>"
_CLASS_SIGNS = r"[\\\]\[^-]"
_IN_QUOTES = {'"': '\\"', "\\": "\\\\"}
_IN_BRACKETS = {"]": "\\]", "[": "\\[", "\\": "\\\\", "^": "\\x5E"}


def _mentioned(part: Part) -> Iterator[Named]:
    match part:
        case Named():
            yield part
        case Sequence(inner) | Alternative(inner):
            for one in inner:
                yield from _mentioned(one)
        case Repeat(inner):
            yield from _mentioned(inner)


def _gbnf(part: Part) -> str:
    match part:
        case Literal(text):
            return f'"{"".join(_escaped(char, _IN_QUOTES) for char in text)}"'
        case Chars(spans, others):
            # A hyphen between two characters would make a span of them; at the end it is itself.
            last = others.replace("-", "") + "-" * ("-" in others)
            ends = [_escaped(char, {**_IN_BRACKETS, "-": "\\x2D"}) for s in spans for char in s]
            pairs = zip(ends[::2], ends[1::2], strict=True)
            single = "".join(_escaped(char, _IN_BRACKETS) for char in last)
            return f"[{''.join(f'{a}-{b}' for a, b in pairs)}{single}]"
        case Sequence(parts):
            return " ".join(_grouped(one, Alternative) for one in parts)
        case Alternative(ways):
            return " | ".join(map(_gbnf, ways))
        case Repeat(inner, least, most):
            return f"{_grouped(inner, Alternative | Sequence | Repeat)}{{{least},{most}}}"
        case Named(name):
            return name


def _grouped(part: Part, kinds: type | UnionType) -> str:
    return f"({_gbnf(part)})" if isinstance(part, kinds) else _gbnf(part)


def _escaped(char: str, special: dict[str, str]) -> str:
    if char in special or char.isprintable():
        return special.get(char, char)
    return f"\\U{ord(char):08X}"


def _require(sound: bool, sentence: str) -> None:
    if not sound:
        raise InvalidConfiguration(sentence)


def _require_encodable(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InvalidConfiguration(f"{text!r} holds half a surrogate pair.") from error
