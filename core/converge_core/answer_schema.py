"""The shape of an answer, said once and told twice: as a bounded grammar and as a JSON Schema.

The grammar is for a model that decodes under it; the schema is for people, tools and servers that
know no grammar. Both come from one value, so whatever the grammar derives validates against the
schema. The grammar writes one spelling of each answer, without white space and with its fields in
the order in which they are declared here, because a small model looks first and judges then.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from converge_core.canonical import canonical_text
from converge_core.grammar import (
    Chars,
    Grammar,
    Named,
    Part,
    Repeat,
    either,
    regex,
    sequence,
)

DIALECT = "https://json-schema.org/draft/2020-12/schema"


class Shape(Protocol):
    """A shape that part of an answer may have."""

    def part(self) -> Part:
        """Returns the grammar of its one spelling in JSON."""

    def schema(self) -> dict[str, Any]:
        """Returns the JSON Schema of it."""


@dataclass(frozen=True, slots=True)
class Text:
    """A text of this grammar, which derives nothing that JSON would have to escape."""

    body: Part

    def part(self) -> Part:
        """Returns the body in quotes."""
        return sequence('"', self.body, '"')

    def schema(self) -> dict[str, Any]:
        """Returns a text under the same rule, as a pattern."""
        return {"type": "string", "pattern": f"^{regex(self.body)}$"}


@dataclass(frozen=True, slots=True)
class Words:
    """One of these words, as they stand.

    Attributes:
        called: the name of the rule that lists them.
        among: the words.
    """

    called: str
    among: tuple[str, ...]

    def part(self) -> Part:
        """Returns a choice of the words, in quotes."""
        spelled = (canonical_text(word)[1:-1] for word in self.among)
        return sequence('"', Named(self.called, either(*spelled)), '"')

    def schema(self) -> dict[str, Any]:
        """Returns an enumeration."""
        return {"enum": list(self.among)}


@dataclass(frozen=True, slots=True)
class Unit:
    """A number in 0..1 with two places."""

    def part(self) -> Part:
        """Returns the digits such a number can have."""
        return Named("unit", either("1.00", sequence("0.", _DIGIT, _DIGIT)))

    def schema(self) -> dict[str, Any]:
        """Returns a number with its bounds; binary fractions do not allow to ask for places."""
        two = "with two decimal places"
        return {"type": "number", "minimum": 0, "maximum": 1, "description": two}


@dataclass(frozen=True, slots=True)
class Fields:
    """An object of these fields, in this order.

    Attributes:
        fields: name and shape of each.
        optional: the names of those that whoever knows no grammar may leave out.
    """

    fields: tuple[tuple[str, Shape], ...]
    optional: frozenset[str] = frozenset()

    def part(self) -> Part:
        """Returns the object; its grammar leaves nothing out."""
        pieces: list[Part | str] = []
        for number, (name, shape) in enumerate(self.fields):
            pieces += ["," if number else "{", f"{canonical_text(name)}:", shape.part()]
        return sequence(*pieces, "}")

    def schema(self) -> dict[str, Any]:
        """Returns an object that has no other field."""
        return {
            "type": "object",
            "properties": {name: shape.schema() for name, shape in self.fields},
            "required": [name for name, _ in self.fields if name not in self.optional],
            "additionalProperties": False,
        }


@dataclass(frozen=True, slots=True)
class Several:
    """An array of at least so many and at most so many of one shape."""

    shape: Shape
    least: int
    most: int

    def part(self) -> Part:
        """Returns the array."""
        one = self.shape.part()
        if self.most == 1:
            some = one
        else:
            more = Repeat(sequence(",", one), max(0, self.least - 1), self.most - 1)
            some = sequence(one, more)
        return sequence("[", some if self.least else Repeat(some, 0, 1), "]")

    def schema(self) -> dict[str, Any]:
        """Returns an array with its counts."""
        counts = {"minItems": self.least, "maxItems": self.most}
        return {"type": "array", "items": self.shape.schema(), **counts}


@dataclass(frozen=True, slots=True)
class Each:
    """An array of just these shapes, in this order."""

    shapes: tuple[Shape, ...]

    def part(self) -> Part:
        """Returns the array."""
        pieces: list[Part | str] = []
        for number, shape in enumerate(self.shapes):
            pieces += ["," if number else "[", shape.part()]
        return sequence(*pieces, "]") if pieces else sequence("[]")

    def schema(self) -> dict[str, Any]:
        """Returns an array of a fixed length."""
        length = len(self.shapes)
        if not length:
            return {"type": "array", "maxItems": 0}
        counts = {"minItems": length, "maxItems": length}
        firsts = [shape.schema() for shape in self.shapes]
        return {"type": "array", "prefixItems": firsts, "items": False, **counts}


@dataclass(frozen=True, slots=True)
class SomeOf:
    """An array of different words out of these, at least one, in the order in which they stand."""

    among: tuple[str, ...]

    def part(self) -> Part:
        """Returns a choice of the first word, and for each that follows it whether it is there."""
        words = [canonical_text(word) for word in self.among]
        ways = (
            sequence(word, *(Repeat(sequence(",", later), 0, 1) for later in words[first:]))
            for first, word in enumerate(words, 1)
        )
        return sequence("[", either(*ways), "]")

    def schema(self) -> dict[str, Any]:
        """Returns an array without repeats."""
        items = {"enum": list(self.among)}
        return {"type": "array", "items": items, "minItems": 1, "uniqueItems": True}


@dataclass(frozen=True, slots=True)
class Called:
    """A shape whose grammar is a rule with a name."""

    name: str
    shape: Shape

    def part(self) -> Part:
        """Returns the shape's grammar, named."""
        return Named(self.name, self.shape.part())

    def schema(self) -> dict[str, Any]:
        """Returns the shape's schema."""
        return self.shape.schema()


def grammar_of(shape: Shape) -> Grammar:
    """Returns the grammar of a whole answer."""
    return Grammar(shape.part())


def schema_of(shape: Shape, title: str) -> dict[str, Any]:
    """Returns the JSON Schema, Draft 2020-12, of a whole answer."""
    return {"$schema": DIALECT, "title": title, **shape.schema()}


# Running text.

MAX_TEXT_ITEMS = 80
"""Longest running text, in characters and cites together."""

_SIGNS = " ,.;:'()%/-"
_LETTER = Chars(("az",))
_DIGIT = Chars(("09",))
_WORD = Chars(("AZ", "az"), _SIGNS)
"""A character of running text over a state; digits come from the state, by id."""
_ANY = Chars(("AZ", "az", "09"), _SIGNS)

ANY_ID = Named("cite", sequence(_LETTER, _DIGIT, _DIGIT))
"""Any id by which a state entry could be cited."""


def id_of(cites: Iterable[str]) -> Part:
    """Returns the choice of just these ids, of which there must be one."""
    return Named("cite", either(*cites))


def free_text(identity: Part | None, most: int = MAX_TEXT_ITEMS) -> Part:
    """Returns running text that may hold digits, and cites of ``identity`` where that is given."""
    return Repeat(Named("item", _or_cite(_ANY, identity)), 1, most)


def words_text(identity: Part | None, most: int = MAX_TEXT_ITEMS) -> Part:
    """Returns running text that holds no digit, and cites of ``identity`` where that is given."""
    return Repeat(Named("item", _or_cite(_WORD, identity)), 1, most)


def cited_text(identity: Part) -> Part:
    """Returns running text without digits that begins with a cite."""
    return sequence(_cite(identity), words_text(identity, MAX_TEXT_ITEMS - 1))


def said_text(cite: str) -> Part:
    """Returns running text that begins with this cite and holds no other, and no digit."""
    return sequence(f"{{{cite}}}", Named("said", Repeat(_WORD, 1, MAX_TEXT_ITEMS - 1)))


def plain_sign(char: str) -> bool:
    """Says whether running text may hold ``char``."""
    return char in _SIGNS or (char.isascii() and char.isalnum())


def _cite(identity: Part) -> Part:
    return Named("cited", sequence("{", identity, "}"))


def _or_cite(char: Chars, identity: Part | None) -> Part:
    return char if identity is None else either(char, _cite(identity))
