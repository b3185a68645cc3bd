"""The fields a filter of model calls can name: what each compares, and with which words."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import TypeAlias

import numpy as np

from converge_desktop.adapters.traces.columns import Mask
from converge_desktop.runtime.filter_moments import moment
from converge_desktop.runtime.filter_reading import ALIKE, OPS, Field
from converge_desktop.runtime.filter_words import like, span, within
from converge_desktop.runtime.trace_index import Indexed
from converge_desktop.runtime.trace_masks import (
    Seen,
    Test,
    all_of,
    any_of,
    compared,
    holding,
    named,
    negated,
    said,
    sum_of,
)
from converge_desktop.runtime.wording import check_words, plural, run_label

_MOST_VALUES = 20
_ORDERED = (*OPS[2:], *ALIKE)
TraceField: TypeAlias = Field[Test, Indexed]
Values = Callable[[Indexed], list[tuple[str, str]]]


def _word(words: str, example: str, column: str) -> TraceField:
    """Returns a field of words: all of it is to be as written, and ``*`` stands for anything."""
    return Field(
        words, ALIKE, example, lambda _, value, __: named(column, like(value)), _there(column)
    )


def _part(words: str, example: str, column: str) -> TraceField:
    """Returns a field of words, any part of which is asked for."""
    return Field(words, ALIKE, example, lambda _, value, __: holding(column, value), _there(column))


def _there(column: str) -> Values:
    def values(view: Indexed) -> list[tuple[str, str]]:
        table = view.traces
        counts = np.bincount(table[column], minlength=1)
        often = np.argsort(-counts, kind="stable")[:_MOST_VALUES]
        return [
            (table.words[column][code], plural(int(counts[code]), "call"))
            for code in often
            if counts[code] and table.words[column][code]
        ]

    return values


def _count(words: str, example: str, *columns: str) -> TraceField:
    """Returns a field of whole numbers, those of several columns together."""

    def test(op: str, value: str, now: int) -> Test:
        del now
        if not re.fullmatch(r"\d{1,12}", value):
            raise ValueError(f"tokens are counted in whole numbers; {value!r} is none")
        return compared(op, int(value), lambda seen: sum_of(seen.view, columns))

    return Field(words, _ORDERED, example, test, _fixed(("100", ""), ("500", ""), ("1000", "")))


def _time(words: str, column: str) -> TraceField:
    def test(op: str, value: str, now: int) -> Test:
        del now
        wanted = int(_length(value))
        return compared(op, wanted, lambda seen: seen.view.traces[column])

    times = (("500ms", "half a second"), ("2s", "two seconds"), ("1m", "a minute"))
    return Field(words, _ORDERED, "2s", test, _fixed(*times))


def _length(value: str) -> Decimal:
    """Reads how long something took, in microseconds."""
    found = re.fullmatch(r"(\d{1,9}(?:\.\d{1,3})?)ms", value.lower())
    if found is not None:
        return Decimal(found[1]) * 1000
    try:
        return span(value)
    except ValueError:
        raise ValueError(f"a duration is written as 500ms, 2s or 1m; {value!r} is none") from None


def _fixed(*values: tuple[str, str]) -> Values:
    return lambda _: list(values)


def _valid(op: str, value: str, now: int) -> Test:
    del op, now
    if value.lower() not in {"yes", "no"}:
        raise ValueError(f"valid is yes or no; it cannot be {value!r}")
    fits = named("outcome", lambda word: word == "valid")
    return fits if value.lower() == "yes" else negated(fits)


def _cause(op: str, value: str, now: int) -> Test:
    """Looks among the checks that failed: for their names, what they make sure of, and why."""
    del op, now
    holds = within(value)
    failed = named("causes", bool)
    if value.lower() == "none":
        return negated(failed)

    def names(word: str) -> bool:
        return any(holds(name) or holds(check_words(name).casefold()) for name in word.split("\n"))

    by_name = named("causes", lambda word: bool(word) and names(word))
    return all_of((failed, any_of((by_name, said(value, ("reasons",))))))


def _causes(view: Indexed) -> list[tuple[str, str]]:
    counts: dict[str, int] = {}
    table = view.traces
    for code, count in enumerate(np.bincount(table["causes"], minlength=1)):
        for name in filter(None, table.words["causes"][code].split("\n") if table.count else ()):
            counts[name] = counts.get(name, 0) + int(count)
    often = sorted(counts.items(), key=lambda one: -one[1])[:_MOST_VALUES]
    return [(name, f"{check_words(name)}: {count:,}") for name, count in often if count]


def _run(op: str, value: str, now: int) -> Test:
    """Compares the run: by its id, by what it is called, or by its number alone."""
    del op, now
    if value.isdecimal():
        number = int(value)
        end = str(number)
        return named("run", lambda word: word.endswith(end) and _number(word) == number)
    fits = like(value)
    return named("run", lambda word: fits(word) or fits(run_label(word)))


def _number(run: str) -> int:
    digits = run.rpartition("-")[2]
    return int(digits) if digits.isdecimal() else -1


# What is said of time.


def _when(words: str, make: Callable[[int, int], Test]) -> TraceField:
    def test(op: str, value: str, now: int) -> Test:
        del op
        return make(*moment(value, now))

    offered = _fixed(("today", ""), ("yesterday", ""), ("7d", "a week ago"))
    return Field(words, ALIKE, "yesterday", test, offered)


def _on(begin: int, end: int) -> Test:
    if begin == end:
        raise ValueError(
            "on is a day or a minute, such as yesterday, 2026-11-20 or 2026-11-20T12:30; ask by "
            "after, before or age for how long ago it was"
        )
    return all_of((_at(">=", begin), _at("<", end)))


def _at(op: str, wanted: int) -> Test:
    return compared(op, wanted, lambda seen: seen.view.traces["at"])


def _age(op: str, value: str, now: int) -> Test:
    back = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}.get(op, "<=")
    return _at(back, now - int(span(value)))


def _note(op: str, value: str, now: int) -> Test:
    """Looks at the remarks of people about calls: yes, no, or words of one."""
    del op, now
    word = value.lower()
    holds = within(value)

    def narrow(seen: Seen, among: Mask) -> Mask:
        chosen = [
            seq
            for seq, note in seen.notes.items()
            if word in {"yes", "no"} or holds(note.casefold())
        ]
        noted = np.isin(seen.view.traces["seq"], np.array(chosen, np.int64))
        return among & (~noted if word == "no" else noted)

    return Test(narrow)


FIELDS: dict[str, TraceField] = {
    "step": _word("the step of the chain", "evaluation", "step"),
    "valid": Field(
        "whether it keeps its contract", ALIKE, "no", _valid, _fixed(("yes", ""), ("no", ""))
    ),
    "outcome": _word("what came of its contract", "uncertain", "outcome"),
    "cause": Field("which of its contract’s checks failed", ALIKE, '"no source"', _cause, _causes),
    "after": _when("when it was made, or later", lambda begin, _: _at(">=", begin)),
    "before": _when("when it was made, earlier", lambda begin, _: _at("<", begin)),
    "on": _when("the day on which it was made", _on),
    "agent": _part("who asked the model", "plan", "agent"),
    "model": _part("the model", "nano", "model"),
    "version": _part("the version of the prompt", "reasoning", "version"),
    "contract": _part("the contract of the answer", "planning", "contract"),
    "pack": _part("the pack", "release", "pack"),
    "run": Field("the run, by id or number", ALIKE, "12", _run, _there("run")),
    "grade": _word("how exactly it can be had again", "byte-exact", "grade"),
    "age": Field(
        "how long ago it was made", _ORDERED, "1d", _age, _fixed(("2h", ""), ("1d", ""), ("1w", ""))
    ),
    "tokens": _count("tokens of prompt and answer", "500", "prompt", "out"),
    "prompt": _count("tokens of the prompt", "500", "prompt"),
    "reused": _count("tokens of the prompt that were kept", "100", "reused"),
    "out": _count("tokens of the answer", "100", "out"),
    "duration": _time("how long it took", "duration"),
    "first": _time("how long until its first token", "first"),
    "headline": Field(
        "its answer in a few words",
        ALIKE,
        "hold",
        lambda _, value, __: said(value, ("headline",)),
        _fixed(),
    ),
    "output": Field(
        "its answer", ALIKE, "churn", lambda _, value, __: said(value, ("output",)), _fixed()
    ),
    "note": Field(
        "what people noted about it", ALIKE, "yes", _note, _fixed(("yes", ""), ("no", ""))
    ),
}
"""The fields there are, by name."""
