"""What a picture of a table shows, before anything draws it: bars beside names, or lines by week.

Positions along a line are weeks, values are as in the table: thousandths, microseconds, counts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from converge_desktop.runtime.insight_model import InsightTable, Kind, Value
from converge_desktop.ui import words
from converge_desktop.ui.models.insight_cells import cell, day, span

MOST_BARS = 12
"""How many bars a picture has room for; the table has all rows."""
_MOST_STEPS = 5
_S = 1_000_000
_LEAST_TIME = 100
"""The shortest time that is written otherwise than as none, in microseconds."""
_WEEK_US = 7 * words.DAY
_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600)
_STEPS_H = (2, 3, 6, 12, 24, 48, 96, 168, 336, 720, 1440, 2880)


@dataclass(frozen=True, slots=True)
class Tick:
    """A place on an axis, and what is written there."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar: its name, how long it is, what stands at its end, and how it reads as a whole."""

    name: str
    value: float
    text: str
    said: str


@dataclass(frozen=True, slots=True)
class Bars:
    """Bars beside their names, from the top.

    Attributes:
        axis: what their length says.
        left_out: how many more there are in the table.
    """

    axis: str
    bars: tuple[Bar, ...]
    ticks: tuple[Tick, ...]
    left_out: int = 0

    def said(self) -> tuple[str, ...]:
        """Returns how each bar reads."""
        return tuple(bar.said for bar in self.bars)


@dataclass(frozen=True, slots=True)
class Line:
    """What moves from week to week: week and value of each dot, and what stands at the end."""

    name: str
    dots: tuple[tuple[float, float], ...]
    text: str


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines over the same weeks.

    Attributes:
        axis: what their height says.
        weeks: every week there is, with its name.
        reads: how each week reads.
        ticks: what the height is measured by, from 0 on.
    """

    axis: str
    lines: tuple[Line, ...]
    weeks: tuple[Tick, ...]
    reads: tuple[str, ...]
    ticks: tuple[Tick, ...]

    def said(self) -> tuple[str, ...]:
        """Returns how each week reads."""
        return self.reads


Picture = Bars | Lines
Row = dict[str, Value]


def bars_of(
    table: InsightTable, names: Sequence[str], measure: tuple[str, str], axis: str, now: int
) -> Bars | None:
    """Makes a bar of each row that has the value; the longest first.

    Args:
        table: its rows.
        names: the columns that name a row.
        measure: the column that says how long a bar is, and the one that says of how many;
            nothing where it is that count itself.
        axis: what the length says.
        now: the time, for dates.
    """
    value, of = measure
    kind = _kind(table, value)
    what = _title(table, of) if of else ""
    found: list[Bar] = []
    known = [row for row in _rows(table) if row[value] is not None]
    known.sort(key=lambda row: -_number(row[value]))
    for row in known[:MOST_BARS]:
        name = " · ".join(words.one_line(str(row[one])) for one in names if row[one]) or "none"
        text = cell(kind, row[value], now)
        beside = f"{text} of {row[of]:,}" if of else text
        said = f"{name}: {beside} {what}".rstrip()
        found.append(Bar(name, _number(row[value]), beside, said))
    if not found:
        return None
    ticks = ticks_of(kind, max(bar.value for bar in found))
    return Bars(axis, tuple(found), ticks, len(known) - len(found))


def lines_of(
    table: InsightTable, lines: Sequence[tuple[str, str]], of: str, axis: str, now: int
) -> Lines | None:
    """Makes a line of each of some columns: the column and what it is called.

    ``of`` is the column that says how many things a week's values are of.
    """
    rows = [row for row in _rows(table) if any(row[name] is not None for name, _ in lines)]
    if not rows:
        return None
    kind = _kind(table, lines[0][0])
    what = _title(table, of)
    made = tuple(_line(rows, name, called, kind, now) for name, called in lines)
    weeks = tuple(
        Tick(_number(row["week"]) / _WEEK_US, day(int(_number(row["week"])), now)) for row in rows
    )
    reads = []
    for row, week in zip(rows, weeks, strict=True):
        parts = [f"{called} {cell(kind, row[name], now)}" for name, called in lines]
        reads.append(f"Week of {week.text}: {' · '.join(parts)} · {row[of]:,} {what}")
    top = max(value for line in made for _, value in line.dots)
    return Lines(axis, made, weeks, tuple(reads), ticks_of(kind, top))


def ticks_of(kind: Kind, top: float) -> tuple[Tick, ...]:
    """Returns what an axis from 0 to at least ``top`` is measured by: two to five steps."""
    if kind is Kind.SHARE:
        return tuple(Tick(at, words.percent(at)) for at in (0, 250, 500, 750, 1000))
    if kind is Kind.TIME:
        step = _time_step(top)
        text: Callable[[int], str] = span
    else:
        step = _step(top)
        text = _count
    many = max(1, -int(-top // step))
    return tuple(Tick(n * step, text(n * step) if n else "0") for n in range(many + 1))


def _count(number: int) -> str:
    return f"{number:,}"


def _step(top: float) -> int:
    """Returns 1, 2 or 5 times a power of ten, of which at most five lie below ``top``."""
    size = 1
    while True:
        for step in (size, 2 * size, 5 * size):
            if top <= _MOST_STEPS * step:
                return step
        size *= 10


def _time_step(top: float) -> int:
    if top <= _MOST_STEPS * _S:
        return max(_LEAST_TIME, _step(top))
    seconds = (*_STEPS_S, *(3600 * hours for hours in _STEPS_H))
    return next((s * _S for s in seconds if top <= _MOST_STEPS * s * _S), _step(top))


def _line(rows: Sequence[Row], name: str, called: str, kind: Kind, now: int) -> Line:
    dots = tuple(
        (_number(row["week"]) / _WEEK_US, _number(row[name]))
        for row in rows
        if row[name] is not None
    )
    last = cell(kind, int(dots[-1][1]), now) if dots else ""
    return Line(called, dots, f"{called} {last}".rstrip())


def _rows(table: InsightTable) -> list[Row]:
    names = [column.name for column in table.columns]
    return [dict(zip(names, row, strict=True)) for row in table.rows]


def _kind(table: InsightTable, name: str) -> Kind:
    return next(column.kind for column in table.columns if column.name == name)


def _title(table: InsightTable, name: str) -> str:
    return next(column.title for column in table.columns if column.name == name).lower()


def _number(value: Value) -> float:
    assert isinstance(value, int), "it is counted or measured"
    return float(value)
