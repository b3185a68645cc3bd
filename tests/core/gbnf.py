"""A reader of the small part of GBNF that the contracts use, and a random deriver for it.

It knows literals, character classes, references, ``|`` and ``{m,n}``; anything else, an unbounded
repetition above all, it refuses, so that a test built on it proves the grammar bounded.
"""

from __future__ import annotations

import re
from collections.abc import Callable
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


@dataclass(frozen=True)
class Chars:
    among: str

    def derive(self, rules: dict[str, Rule], pick: Pick) -> str:
        return self.among[pick(0, len(self.among) - 1)]

    def longest(self, rules: dict[str, Rule]) -> int:
        return max(len(char.encode()) for char in self.among)


@dataclass(frozen=True)
class Name:
    of: str

    def derive(self, rules: dict[str, Rule], pick: Pick) -> str:
        return rules[self.of].derive(rules, pick)

    def longest(self, rules: dict[str, Rule]) -> int:
        # Recursion would make derivations endless; Python's own limit would tell.
        return rules[self.of].longest(rules)


@dataclass(frozen=True)
class Sequence:
    parts: tuple[Rule, ...]

    def derive(self, rules: dict[str, Rule], pick: Pick) -> str:
        return "".join(part.derive(rules, pick) for part in self.parts)

    def longest(self, rules: dict[str, Rule]) -> int:
        return sum(part.longest(rules) for part in self.parts)


@dataclass(frozen=True)
class Choice:
    ways: tuple[Rule, ...]

    def derive(self, rules: dict[str, Rule], pick: Pick) -> str:
        return self.ways[pick(0, len(self.ways) - 1)].derive(rules, pick)

    def longest(self, rules: dict[str, Rule]) -> int:
        return max(way.longest(rules) for way in self.ways)


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


Rule = Text | Chars | Name | Sequence | Choice | Repeat


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
        return Text(re.sub(r"\\(.)", r"\1", token["text"][1:-1]))
    if token["name"]:
        return Name(token["name"])
    inside = token["chars"][1:-1]
    if inside.startswith("^"):
        raise ValueError(f"cannot read {token['chars']!r}: it admits what nobody listed")
    spans = re.findall(r"(.)-(.)|(.)", inside)
    among = [chr(code) for a, b, _ in spans if a for code in range(ord(a), ord(b) + 1)] + [
        single for _, _, single in spans if single
    ]
    return Chars("".join(among))
