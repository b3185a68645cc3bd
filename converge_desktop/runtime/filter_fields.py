"""The fields a filter of the inbox can name: what each compares, and with which words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from typing import TypeAlias

from converge_desktop.runtime.filter_reading import ALIKE, OPS, Field
from converge_desktop.runtime.filter_words import like, span, within
from converge_desktop.runtime.review_model import InboxRow
from converge_desktop.runtime.wording import plural

Test = Callable[[InboxRow], bool]
InboxField: TypeAlias = Field[Test, tuple[InboxRow, ...]]
_MOST_VALUES = 20
_RISKS = ("low", "medium", "high")
_NUMBER = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)(%?)")


def words_of(words: str) -> Test:
    """Returns whether a row shows these words anywhere; ``*`` stands for whatever is there."""
    holds = within(words)
    return lambda row: any(holds(shown.casefold()) for shown in _shown(row))


def _shown(row: InboxRow) -> tuple[str, ...]:
    return (row.title, row.text, row.agent, row.run_label, row.run_id, row.key, row.kind, row.rule)


def _text(words: str, example: str, *read: Callable[[InboxRow], str]) -> InboxField:
    """Returns a field of words: all of it is to be as written, and ``*`` stands for anything."""

    def test(op: str, value: str, now: int) -> Test:
        del op, now
        fits = like(value)
        return lambda row: any(fits(one(row)) for one in read)

    def values(rows: tuple[InboxRow, ...]) -> list[tuple[str, str]]:
        found = Counter(filter(None, map(read[0], rows)))
        return [(value, f"{count:,} waiting") for value, count in found.most_common(_MOST_VALUES)]

    return Field(words, ALIKE, example, test, values)


def _title(op: str, value: str, now: int) -> Test:
    del op, now
    holds = within(value)
    return lambda row: holds(row.title.casefold())


def _risk(op: str, value: str, now: int) -> Test:
    del now
    word = value.lower()
    if word not in _RISKS:
        raise ValueError(f"risk is one of {', '.join(_RISKS)}; it cannot be {value!r}")
    order, wanted = _RISKS.index, _RISKS.index(word)
    compare = _compare(op)
    return lambda row: row.risk in _RISKS and compare(order(row.risk), wanted)


def _confidence(op: str, value: str, now: int) -> Test:
    del now
    if value.lower() == "none":
        if op not in ALIKE:
            raise ValueError("“none” is compared with : or = only")
        return lambda row: row.confidence is None
    match = _NUMBER.fullmatch(value)
    if match is None:
        raise ValueError(f"a confidence is written as 0.7 or 70%, or as none; {value!r} is neither")
    wanted = Decimal(match[1]) * (10 if match[2] else 1000)
    compare = _compare(op)
    return lambda row: row.confidence is not None and compare(row.confidence, wanted)


def _due(op: str, value: str, now: int) -> Test:
    """Compares how long is left until the deadline; without one, nothing is left to compare."""
    if value.lower() in {"none", "over"}:
        if op not in ALIKE:
            raise ValueError(f"“{value}” is compared with : or = only")
        if value.lower() == "none":
            return lambda row: row.deadline is None
        return lambda row: row.deadline is not None and row.deadline <= now
    left, compare = span(value), _compare("<=" if op in ALIKE else op)
    return lambda row: row.deadline is not None and compare(row.deadline - now, left)


def _age(op: str, value: str, now: int) -> Test:
    waited, compare = span(value), _compare(">=" if op in ALIKE else op)
    return lambda row: compare(now - row.opened_at, waited)


def _votes(op: str, value: str, now: int) -> Test:
    del now
    if not re.fullmatch(r"\d{1,6}", value):
        raise ValueError(f"votes are counted in whole numbers; {value!r} is none")
    wanted, compare = int(value), _compare(op)
    return lambda row: compare(row.votes, wanted)


def _run(op: str, value: str, now: int) -> Test:
    """Compares the run: by its id, by what it is called, or by its number alone."""
    del op, now
    if value.isdecimal():
        number = int(value)
        return lambda row: _number(row.run_id) == number
    return _RUN.test(":", value, 0)


def _number(run_id: str) -> int:
    digits = run_id.rpartition("-")[2]
    return int(digits) if digits.isdecimal() else -1


def _compare(op: str) -> Callable[[int, Decimal | int], bool]:
    match op:
        case "<":
            return lambda found, wanted: found < wanted
        case "<=":
            return lambda found, wanted: found <= wanted
        case ">":
            return lambda found, wanted: found > wanted
        case ">=":
            return lambda found, wanted: found >= wanted
        case _:
            return lambda found, wanted: found == wanted


def _fixed(*values: tuple[str, str]) -> Callable[[tuple[InboxRow, ...]], list[tuple[str, str]]]:
    return lambda _: list(values)


_RUN = _text("the run, by id or number", "12", lambda row: row.run_id, lambda row: row.run_label)
_TIMES = (("30m", "half an hour"), ("2h", "two hours"), ("1d", "a day"), ("1w", "a week"))

FIELDS: dict[str, InboxField] = {
    "risk": Field(
        "how much hangs on it",
        OPS,
        "high",
        _risk,
        lambda rows: [
            (risk, plural(sum(row.risk == risk for row in rows), "gate")) for risk in _RISKS[::-1]
        ],
    ),
    "agent": _text("who proposes it", "plan*", lambda row: row.agent),
    "run": Field(_RUN.words, ALIKE, "12", _run, _RUN.values),
    "kind": _text("what kind of thing it is", "plan", lambda row: row.kind),
    "key": _text("where it would stand", "Strategies", lambda row: row.key),
    "rule": _text("the rule that asks", "holding*", lambda row: row.rule),
    "title": Field("words of its title", ALIKE, "release", _title, _fixed()),
    "conf": Field(
        "how sure its author is",
        OPS[2:] + ALIKE,
        "0.7",
        _confidence,
        _fixed(("0.5", "even"), ("0.7", "rather sure"), ("0.9", "sure"), ("none", "not said")),
    ),
    "due": Field(
        "how long is left until its deadline",
        OPS[2:] + ALIKE,
        "2h",
        _due,
        _fixed(*_TIMES, ("over", "past its deadline"), ("none", "no deadline")),
    ),
    "age": Field("how long it has waited", OPS[2:] + ALIKE, "1d", _age, _fixed(*_TIMES)),
    "votes": Field(
        "how many approve already", OPS, "1", _votes, _fixed(("0", "nobody"), ("1", "one person"))
    ),
}
"""The fields there are, by name."""
