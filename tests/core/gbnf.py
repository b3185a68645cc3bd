"""A reader of the small part of GBNF that the contracts use, and a random deriver for it.

It knows literals, character classes, references, ``|`` and ``{m,n}``; anything else, an unbounded
repetition above all, it refuses, so that a test built on it proves the grammar bounded.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

TOKEN = re.compile(
    r'\s*(?:(?P<text>"(?:[^"\\]|\\.)*")|(?P<chars>\[(?:[^\]\\]|\\.)+\])|(?P<name>[a-z]+)'
    r"|(?P<bar>\|)|(?P<open>\()|(?P<close>\))|\{(?P<least>\d+),(?P<most>\d+)\})"
)
Pick = Callable[[int, int], int]
"""Chooses a number between two, both included."""


@dataclass(frozen=True)
class Text:
    said: str

    def derive(self, rules: dict[str, Rule], pick: Pick) -> str:
        return self.said

    def longest(self, rules: dict[str, Rule]) -> int:
        return len(self.said.encode())

    def shortest(self, rules: dict[str, Rule]) -> int:
        return len(self.said.encode())


@dataclass(frozen=True)
class Chars:
    among: str

    def derive(self, rules: dict[str, Rule], pick: Pick) -> str:
        return self.among[pick(0, len(self.among) - 1)]

    def longest(self, rules: dict[str, Rule]) -> int:
        return max(len(char.encode()) for char in self.among)

    def shortest(self, rules: dict[str, Rule]) -> int:
        return min(len(char.encode()) for char in self.among)


@dataclass(frozen=True)
class Name:
    of: str

    def derive(self, rules: dict[str, Rule], pick: Pick) -> str:
        return rules[self.of].derive(rules, pick)

    def longest(self, rules: dict[str, Rule]) -> int:
        # Recursion would make derivations endless; Python's own limit would tell.
        return rules[self.of].longest(rules)

    def shortest(self, rules: dict[str, Rule]) -> int:
        return rules[self.of].shortest(rules)


@dataclass(frozen=True)
class Sequence:
    parts: tuple[Rule, ...]

    def derive(self, rules: dict[str, Rule], pick: Pick) -> str:
        return "".join(part.derive(rules, pick) for part in self.parts)

    def longest(self, rules: dict[str, Rule]) -> int:
        return sum(part.longest(rules) for part in self.parts)

    def shortest(self, rules: dict[str, Rule]) -> int:
        return sum(part.shortest(rules) for part in self.parts)


@dataclass(frozen=True)
class Choice:
    ways: tuple[Rule, ...]

    def derive(self, rules: dict[str, Rule], pick: Pick) -> str:
        return self.ways[pick(0, len(self.ways) - 1)].derive(rules, pick)

    def longest(self, rules: dict[str, Rule]) -> int:
        return max(way.longest(rules) for way in self.ways)

    def shortest(self, rules: dict[str, Rule]) -> int:
        return min(way.shortest(rules) for way in self.ways)


@dataclass(frozen=True)
class Repeat:
    what: Rule
    least: int
    most: int

    def derive(self, rules: dict[str, Rule], pick: Pick) -> str:
        times = pick(self.least, self.most)
        return "".join(self.what.derive(rules, pick) for _ in range(times))

    def longest(self, rules: dict[str, Rule]) -> int:
        return self.most * self.what.longest(rules)

    def shortest(self, rules: dict[str, Rule]) -> int:
        return self.least * self.what.shortest(rules)


Rule = Text | Chars | Name | Sequence | Choice | Repeat


def written_out(rule: Rule, rules: dict[str, Rule]) -> Rule:
    """Returns the one spelling of a rule in which two that derive alike by plain rewriting agree.

    Names are replaced by what they stand for, neighbouring texts become one, and what stands in a
    group of its own without need does not.
    """
    match rule:
        case Name(of):
            return written_out(rules[of], rules)
        case Sequence(parts):
            return _joined([written_out(part, rules) for part in parts])
        case Choice(ways):
            opened: list[Rule] = []
            for way in ways:
                out = written_out(way, rules)
                opened += out.ways if isinstance(out, Choice) else (out,)
            return Choice(tuple(sorted(dict.fromkeys(opened), key=repr)))
        case Repeat(what, least, most):
            inner = written_out(what, rules)
            return inner if (least, most) == (1, 1) else Repeat(inner, least, most)
        case Chars(among):
            return Chars("".join(sorted(set(among))))
        case Text():
            return rule


def _joined(parts: list[Rule]) -> Rule:
    joined: list[Rule] = []
    for part in parts:
        for one in part.parts if isinstance(part, Sequence) else (part,):
            before = joined[-1] if joined else None
            if isinstance(one, Repeat) and one.most == 0:
                continue
            if isinstance(one, Text) and isinstance(before, Text):
                joined[-1] = Text(before.said + one.said)
            else:
                joined.append(one)
    return joined[0] if len(joined) == 1 else Sequence(tuple(joined))


def rules_of(grammar: str) -> dict[str, Rule]:
    """Reads a grammar; raises ValueError on whatever is not in the part described above."""
    rules: dict[str, Rule] = {}
    for line in grammar.splitlines():
        name, _, right = line.partition(" ::= ")
        rule, rest = _choice(right)
        if rest.strip():
            raise ValueError(f"{name}: cannot read {rest!r}")
        rules[name] = rule
    return rules


def _choice(text: str) -> tuple[Rule, str]:
    ways = []
    while True:
        way, text = _sequence(text)
        ways.append(way)
        token = TOKEN.match(text)
        if token is None or token["bar"] is None:
            return (Choice(tuple(ways)) if len(ways) > 1 else ways[0]), text
        text = text[token.end() :]


def _sequence(text: str) -> tuple[Rule, str]:
    parts: list[Rule] = []
    while (token := TOKEN.match(text)) is not None and not (token["bar"] or token["close"]):
        text = text[token.end() :]
        if token["least"]:
            parts.append(Repeat(parts.pop(), int(token["least"]), int(token["most"])))
        elif token["open"]:
            inner, text = _choice(text)
            text = text.lstrip().removeprefix(")")
            parts.append(inner)
        else:
            parts.append(_atom(token))
    return Sequence(tuple(parts)), text


def _atom(token: re.Match[str]) -> Rule:
    if token["text"]:
        return Text("".join(char for char, _ in _characters(token["text"][1:-1])))
    if token["name"]:
        return Name(token["name"])
    inside = token["chars"][1:-1]
    if inside.startswith("^"):
        raise ValueError(f"cannot read {token['chars']!r}: it admits what nobody listed")
    chars = list(_characters(inside))
    among = ""
    while chars:
        first, _ = chars.pop(0)
        if len(chars) > 1 and chars[0] == ("-", False):
            last, _ = chars[1]
            among += "".join(map(chr, range(ord(first), ord(last) + 1)))
            del chars[:2]
        else:
            among += first
    return Chars(among)


def _characters(text: str) -> Iterator[tuple[str, bool]]:
    """Yields each character that GBNF text stands for, and whether it was escaped."""
    for found in re.finditer(r"\\U([0-9A-F]{8})|\\x([0-9A-F]{2})|\\(.)|(.)", text):
        code, short, escaped, plain = found.groups()
        yield chr(int(code or short, 16)) if code or short else escaped or plain, plain is None
