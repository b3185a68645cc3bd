"""How what is counted and measured is written for people."""

from __future__ import annotations

from datetime import UTC, datetime

from converge_desktop.runtime.insight_model import Kind, Value
from converge_desktop.ui import words

NOTHING = "—"
"""What stands where there is nothing to measure."""
_MS, _S = 1_000, 1_000_000
_YEAR_DAYS = 300
_PERCENT = 10


def cell(kind: Kind, value: Value, now: int) -> str:
    """Writes a cell of a table: ``85 %``, ``1.2 s``, ``week of 23 Nov``, ``1,204``."""
    if value is None:
        return NOTHING
    if isinstance(value, str):
        return words.one_line(value)
    match kind:
        case Kind.SHARE:
            return share(value)
        case Kind.TIME:
            return span(value)
        case Kind.WEEK:
            return f"week of {day(value, now)}"
        case _:
            return f"{value:,}"


def share(thousandths: int) -> str:
    """Writes a share; one that is small is never written as none."""
    few = 0 < thousandths < _PERCENT
    return f"{thousandths / _PERCENT:.1f} %" if few else words.percent(thousandths)


def span(micros: int) -> str:
    """Writes how long something takes, as exactly as a person would say it."""
    if micros < 10 * _MS:
        return f"{micros / _MS:.1f} ms"
    if micros < _S:
        return f"{micros / _MS:.0f} ms"
    if micros < words.MINUTE:
        return f"{micros / _S:.1f} s"
    for least, one, unit, part, rest in (
        (48 * words.HOUR, words.DAY, "d", words.HOUR, "h"),
        (words.HOUR, words.HOUR, "h", words.MINUTE, "min"),
        (words.MINUTE, words.MINUTE, "min", _S, "s"),
    ):
        if micros >= least:
            whole, left = divmod(micros, one)
            more = f" {left // part} {rest}" if left >= part else ""
            return f"{whole} {unit}{more}"
    raise AssertionError("every length is one of these")


def day(micros: int, now: int) -> str:
    """Writes a day in UTC, as weeks begin there; with its year where that is not plain."""
    then = datetime.fromtimestamp(micros / _S, UTC)
    old = abs(now - micros) > _YEAR_DAYS * words.DAY
    return f"{then.day} {then:%b %Y}" if old else f"{then.day} {then:%b}"
