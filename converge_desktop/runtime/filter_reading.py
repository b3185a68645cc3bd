"""A language for filters: what can be written, whatever a filter is held against.

``risk:high agent:plan* conf<0.7 due<2h -"on hold" (run:12 or run:13)``: terms stand side by side
where all of them are to hold; ``or`` and parentheses part them; a minus turns one round. Words of
no field are looked for in all that is shown. Letters are compared whatever their case.

    query   = branch ("or" branch)*
    branch  = factor+
    factor  = "-" factor | "(" query ")" | term
    term    = field op value | word | quoted
    op      = ":" | "=" | "<" | "<=" | ">" | ">="

What a term comes to is the business of a :class:`Language`: a predicate for rows that are looked at
one by one, or what compares whole columns at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

T = TypeVar("T")
S = TypeVar("S")
MOST_CHARACTERS = 2000
"""The longest filter: more than anybody types, and little enough to be read without a stack."""
MOST_DEPTH = 40
"""How deep parentheses and minuses may lie in each other."""
OPS = (":", "=", "<", "<=", ">", ">=")
ALIKE = OPS[:2]

_OP = re.compile("<=|>=|[:=<>]")
_TERM = re.compile(r'(?P<field>[A-Za-z]+)(?P<op><=|>=|[:=<>])|(?P<quote>")|(?P<word>[^\s()"]+)')
_VALUE = re.compile(r'"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<plain>[^\s()"]+)')


class FilterProblem(Exception):
    """A filter that cannot be read.

    Attributes:
        place: where, as the number of characters before it.
        length: how many characters it is about; 0 for the end.
    """

    def __init__(self, words: str, place: int, length: int = 0) -> None:
        super().__init__(f"{words} (at character {place + 1})")
        self.words, self.place, self.length = words, place, length


@dataclass(frozen=True, slots=True)
class Field(Generic[T, S]):
    """A field: what it is about, how it is compared, and what can be offered for it.

    Attributes:
        words: what it is about.
        ops: how it is compared, the usual way first.
        example: what could be asked for.
        test: makes of an operator, a value and the time what holds where it fits; raises ValueError
            with a sentence where it cannot.
        values: what could be typed for it, and what is said beside, of whatever there is.
    """

    words: str
    ops: tuple[str, ...]
    example: str
    test: Callable[[str, str, int], T]
    values: Callable[[S], list[tuple[str, str]]]


@dataclass(frozen=True, slots=True)
class Language(Generic[T, S]):
    """What filters come to, and are made of.

    Attributes:
        fields: the fields there are, by name.
        words: makes of words of no field what holds where they are shown.
        everything: what an empty filter comes to.
        all_of: joins what is to hold at once.
        any_of: joins what may hold.
        negated: turns something round.
    """

    fields: Mapping[str, Field[T, S]]
    words: Callable[[str], T]
    everything: T
    all_of: Callable[[tuple[T, ...]], T]
    any_of: Callable[[tuple[T, ...]], T]
    negated: Callable[[T], T]


def read_filter(text: str, now: int, language: Language[T, Any]) -> T:
    """Reads a filter; what is said of time is meant from ``now``, in microseconds.

    Raises:
        FilterProblem: naming what cannot be read, and where.
    """
    if len(text) > MOST_CHARACTERS:
        words = f"the filter has {len(text):,} characters; at most {MOST_CHARACTERS:,} are read"
        raise FilterProblem(words, MOST_CHARACTERS)
    return _Reader(text, now, language).read()


class _Reader(Generic[T]):
    """Reads one filter from left to right."""

    def __init__(self, text: str, now: int, language: Language[T, Any]) -> None:
        self._text, self._now, self._language = text, now, language
        self._at, self._depth = 0, 0

    def read(self) -> T:
        self._skip()
        if self._ended():
            return self._language.everything
        found = self._query()
        if not self._ended():
            raise FilterProblem("this parenthesis closes none", self._at, 1)
        return found

    def _query(self) -> T:
        branches = [self._branch()]
        while self._is_or():
            place = self._at
            self._at += 2
            self._skip()
            if self._ended() or self._next() == ")" or self._is_or():
                raise FilterProblem("“or” needs something on either side", place, 2)
            branches.append(self._branch())
        return branches[0] if len(branches) == 1 else self._language.any_of(tuple(branches))

    def _branch(self) -> T:
        if self._is_or():
            raise FilterProblem("“or” needs something on either side", self._at, 2)
        factors = [self._factor()]
        while not self._ended() and self._next() != ")" and not self._is_or():
            factors.append(self._factor())
        return factors[0] if len(factors) == 1 else self._language.all_of(tuple(factors))

    def _factor(self) -> T:
        place = self._at
        self._depth += 1
        if self._depth > MOST_DEPTH:
            raise FilterProblem(f"more than {MOST_DEPTH} parentheses lie in each other", place, 1)
        found = self._inner(place)
        self._depth -= 1
        return found

    def _inner(self, place: int) -> T:
        if self._next() == "-":
            self._at += 1
            if self._ended() or self._next().isspace() or self._next() == ")":
                raise FilterProblem("a minus stands right before what is not to hold", place, 1)
            return self._language.negated(self._factor())
        if self._next() == "(":
            self._at += 1
            self._skip()
            if self._ended() or self._next() == ")":
                raise FilterProblem("nothing stands in these parentheses", place, 1)
            found = self._query()
            if self._ended():
                raise FilterProblem("this parenthesis is not closed", place, 1)
            self._at += 1
            self._skip()
            return found
        return self._term()

    def _term(self) -> T:
        match = _TERM.match(self._text, self._at)
        if match is None:
            raise FilterProblem("this parenthesis closes none", self._at, 1)
        if match["field"] is None:
            return self._language.words(self._value("a word"))
        name, op, place = match["field"].lower(), match["op"], self._at
        field = self._language.fields.get(name)
        if field is None:
            known = ", ".join(self._language.fields)
            problem = f"there is no field {name!r}; there are: {known}. Quote it to look for words"
            raise FilterProblem(problem, place, len(name))
        if op not in field.ops:
            at = match.start("op")
            can = " ".join(field.ops)
            raise FilterProblem(f"{name} is compared with {can} only", at, len(op))
        self._at = match.end()
        at = self._at
        value = self._value(f"what {name} is to be, such as {name}{op}{field.example}")
        return self._tested(field, op, value, at)

    def _tested(self, field: Field[T, Any], op: str, value: str, at: int) -> T:
        try:
            return field.test(op, value, self._now)
        except ValueError as error:
            raise FilterProblem(str(error), at, len(value)) from error

    def _value(self, what: str) -> str:
        match = _VALUE.match(self._text, self._at)
        if match is None:
            open_quote = self._text.startswith('"', self._at)
            missing = "this quotation is not closed" if open_quote else f"{what} is missing"
            raise FilterProblem(missing, self._at, int(open_quote))
        self._at = match.end()
        self._skip()
        if match["quoted"] is not None:
            return re.sub(r"\\(.)", r"\1", match["quoted"])
        return match["plain"]

    def _is_or(self) -> bool:
        word = self._text[self._at : self._at + 2].lower()
        after = self._text[self._at + 2 : self._at + 3]
        return word == "or" and (not after or after in "()" or after.isspace())

    def _ended(self) -> bool:
        return self._at >= len(self._text)

    def _next(self) -> str:
        return self._text[self._at]

    def _skip(self) -> None:
        while not self._ended() and self._next().isspace():
            self._at += 1


@dataclass(frozen=True, slots=True)
class Candidate:
    """What could stand in the place of the characters from ``start`` to ``end``."""

    text: str
    start: int
    end: int
    detail: str


def candidates(
    text: str, cursor: int, fields: Mapping[str, Field[Any, S]], there: S
) -> tuple[Candidate, ...]:
    """Returns what could be typed at a cursor: fields, and values of what is ``there``."""
    return tuple(_candidates(text, max(0, min(cursor, len(text))), fields, there))


def _candidates(
    text: str, cursor: int, fields: Mapping[str, Field[Any, S]], there: S
) -> Iterator[Candidate]:
    quoted = text[:cursor].count('"') - text[:cursor].count('\\"')
    start = cursor
    while start > 0 and not text[start - 1].isspace() and text[start - 1] not in '()"':
        start -= 1
    while start < cursor and text[start] == "-":
        start += 1
    typed = text[start:cursor]
    op = _OP.search(typed)
    if quoted % 2:
        return
    if op is None:
        for name, field in fields.items():
            if name.startswith(typed.lower()):
                yield Candidate(f"{name}{field.ops[0]}", start, cursor, field.words)
        return
    known = fields.get(typed[: op.start()].lower())
    if known is None or op.group() not in OPS:
        return
    begun = typed[op.end() :].lower()
    for value, detail in known.values(there):
        if value.lower().startswith(begun):
            spelled = value if _VALUE.fullmatch(value) else f'"{_escaped(value)}"'
            yield Candidate(spelled, start + op.end(), cursor, detail)


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"')
