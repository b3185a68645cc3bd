"""How a moment is written, in a filter and wherever else somebody types one."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from converge_desktop.runtime.filter_words import span


def moment(value: str, now: int) -> tuple[int, int]:
    """Reads a moment: where it begins and where it ends, in microseconds.

    A day, ``today``, ``yesterday`` or ``2026-11-20``, is as long as it is here; a minute is
    ``2026-11-20T12:30``; ``2h`` is that long ago.

    Raises:
        ValueError: if it is none.
    """
    here = datetime.fromtimestamp(now // 1_000_000, UTC).astimezone()
    word = value.lower()
    if word in {"today", "yesterday"}:
        return _day(here.replace(tzinfo=None) - timedelta(days=word == "yesterday"))
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
            return _day(datetime.fromisoformat(value))
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}", value):
            begin = _micros(datetime.fromisoformat(value.upper()))
            return begin, begin + 60_000_000
        ago = now - int(span(value))
    except (ValueError, OverflowError):
        raise ValueError(
            f"a time is today, yesterday, 2026-11-20, 2026-11-20T12:30, or as long ago as 2h or "
            f"7d; {value!r} is none of them"
        ) from None
    return ago, ago


def _day(about: datetime) -> tuple[int, int]:
    begin = about.replace(hour=0, minute=0, second=0, microsecond=0)
    return _micros(begin), _micros(begin + timedelta(days=1))


def _micros(local: datetime) -> int:
    """Returns the microseconds of a time as the clocks here show it."""
    return int(local.astimezone(UTC).timestamp()) * 1_000_000
