"""Two model calls side by side: where what went in differs, and where what came out does."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from converge_desktop.runtime.review_model import TraceView

AROUND = 40
"""Letters that are shown before the first difference."""
_TOKEN = re.compile(r"\s{1,40}|\w{1,40}|[^\w\s]")
"""A piece of a text: what never ends is cut, so that a piece is always shown whole."""


@dataclass(frozen=True, slots=True)
class TextDifference:
    """Where two texts part.

    ``line`` and ``place`` count from 1; both are 0 where the texts are the same. ``before`` is what
    stands right before in both, ``one`` and ``other`` the first pieces that are not alike, each a
    word, a sign or a space; empty where a text ends there.
    """

    name: str
    line: int = 0
    place: int = 0
    before: str = ""
    one: str = ""
    other: str = ""

    @property
    def same(self) -> bool:
        """Whether the texts are alike."""
        return self.line == 0


@dataclass(frozen=True, slots=True)
class ValueDifference:
    """Something of two calls that is not the same; empty where a call has no such thing."""

    name: str
    one: str
    other: str


@dataclass(frozen=True, slots=True)
class TraceComparison:
    """Two model calls, compared.

    Attributes:
        one: the first.
        other: the second.
        layers: their prompts, a layer each, in their order.
        envelope: the fields of their envelopes that differ.
        output: their answers.
        measures: what they took, and what came of them, where that differs.
        checks: the checks that one passed and the other did not, or that only one had.
        first: where they differ first, of what goes in and then of what comes out, in words; empty
            where nothing does.
    """

    one: TraceView
    other: TraceView
    layers: tuple[TextDifference, ...]
    envelope: tuple[ValueDifference, ...]
    output: TextDifference
    measures: tuple[ValueDifference, ...]
    checks: tuple[ValueDifference, ...]
    first: str


def compare(one: TraceView, other: TraceView) -> TraceComparison:
    """Compares two model calls."""
    texts = [{layer.name: layer.text for layer in call.layers} for call in (one, other)]
    names = dict.fromkeys((*texts[0], *texts[1]))
    layers = tuple(text_difference(name, *(each.get(name, "") for each in texts)) for name in names)
    envelope = _pairs(one.envelope, other.envelope)
    output = text_difference("output", one.raw_output, other.raw_output)
    return TraceComparison(
        *(one, other, layers, envelope, output),
        measures=_pairs(measures_of(one), measures_of(other)),
        checks=_pairs(checks_of(one), checks_of(other)),
        first=_first(layers, envelope, output),
    )


def swapped(found: TraceComparison) -> TraceComparison:
    """Returns the same comparison with its sides exchanged."""
    return replace(
        found,
        one=found.other,
        other=found.one,
        layers=tuple(replace(text, one=text.other, other=text.one) for text in found.layers),
        envelope=_exchanged(found.envelope),
        output=replace(found.output, one=found.output.other, other=found.output.one),
        measures=_exchanged(found.measures),
        checks=_exchanged(found.checks),
    )


def _exchanged(values: Sequence[ValueDifference]) -> tuple[ValueDifference, ...]:
    return tuple(replace(value, one=value.other, other=value.one) for value in values)


def text_difference(name: str, one: str, other: str) -> TextDifference:
    """Returns where two texts part, at the beginning of the word in which they do."""
    if one == other:
        return TextDifference(name)
    at = 0
    for mine, theirs in zip(_TOKEN.findall(one), _TOKEN.findall(other), strict=False):
        if mine != theirs:
            break
        at += len(mine)
    pieces = [_TOKEN.match(text, at) for text in (one, other)]
    begin = one.rfind("\n", 0, at) + 1
    return TextDifference(
        name=name,
        line=one.count("\n", 0, at) + 1,
        place=at - begin + 1,
        before=one[max(begin, at - AROUND) : at],
        one=pieces[0].group() if pieces[0] else "",
        other=pieces[1].group() if pieces[1] else "",
    )


def _pairs(
    one: Sequence[tuple[str, str]], other: Sequence[tuple[str, str]]
) -> tuple[ValueDifference, ...]:
    mine, theirs = dict(one), dict(other)
    return tuple(
        ValueDifference(name, mine.get(name, ""), theirs.get(name, ""))
        for name in dict.fromkeys((*mine, *theirs))
        if mine.get(name) != theirs.get(name)
    )


def measures_of(call: TraceView) -> tuple[tuple[str, str], ...]:
    """Returns what a model call took, and what came of it, by name."""
    return (
        ("step", call.row.step),
        ("prompt version", call.version),
        ("outcome", call.row.outcome),
        ("prompt tokens", f"{call.prompt_tokens:,}"),
        ("reused tokens", f"{call.reused_tokens:,}"),
        ("output tokens", f"{call.output_tokens:,}"),
        ("time to the first token", f"{call.first_us / 1e6:.3f} s" if call.first_us else ""),
        ("duration", f"{call.row.duration / 1e6:.3f} s"),
    )


def checks_of(call: TraceView) -> tuple[tuple[str, str], ...]:
    """Returns what came of each check of a model call."""
    return tuple((check.name, "passed" if check.passed else "failed") for check in call.checks)


def _first(
    layers: Sequence[TextDifference],
    envelope: Sequence[ValueDifference],
    output: TextDifference,
) -> str:
    for layer in layers:
        if not layer.same:
            name = layer.name.replace("_", " ")
            return f"The layer {name} differs first, in line {layer.line:,}."
    if envelope:
        return f"The prompts are the same; the {envelope[0].name} differs."
    if not output.same:
        return (
            "Prompt and envelope are the same, and still the answers differ, from line "
            f"{output.line:,}, place {output.place:,} on."
        )
    return ""
