"""Turning values into words for people.

Nothing from a model or an input file reaches the screen without passing ``visible``.
"""

from __future__ import annotations

import html
from datetime import UTC, datetime, timedelta

from converge_desktop.runtime.unseen import spelled_out

_SHORT = 10_000
_LAST = 253_370_764_800_000_000
"""The last moment that is told, in the year 9999."""
MINUTE = 60_000_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR

RISK_WORDS = {"high": "High risk", "medium": "Medium risk", "low": "Low risk"}
RISK_TONES = {"high": "danger", "medium": "caution", "low": "good"}


def visible(text: str) -> str:
    """Shows characters that would otherwise hide, reorder text or pass for others.

    Args:
        text: Anything, for instance what a model wrote.

    Returns:
        The same text with what the eye would miss spelled out, as in ``⟨U+202E⟩``. Line breaks and
        tabs stay.
    """
    return text if text.isascii() and text.isprintable() else spelled_out(text)


def one_line(text: str) -> str:
    """Shows a text on a single line, with every line break turned into a sign."""
    return visible(text).replace("\n", " ⏎ ").replace("\t", " ")


def tooltip(text: str) -> str:
    """Wraps plain text so that a tool tip, which guesses, never takes it for markup."""
    if not text:
        return ""
    return f'<div style="white-space:pre-wrap">{html.escape(visible(text))}</div>'


def unmnemonic(text: str) -> str:
    """Keeps an ampersand an ampersand where Qt would make it an access key."""
    return one_line(text).replace("&", "&&")


def thousandths(value: int | None) -> str:
    """Shows a score or confidence, as in ``0.86``."""
    return "not given" if value is None else f"{value / 1000:.2f}"


def percent(share: int) -> str:
    """Shows a share given in thousandths, as in ``34 %``."""
    return f"{share // 10} %"


def count(number: int, one: str, many: str = "") -> str:
    """Counts things, as in ``1 proposal`` and ``1,204 tokens``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def duration(micros: int) -> str:
    """Shows how long something took."""
    if micros < _SHORT:
        return f"{micros / 1000:.1f} ms"
    if micros < MINUTE:
        return f"{micros / 1_000_000:.2f} s"
    minutes, rest = divmod(micros // 1_000_000, 60)
    return f"{minutes} min {rest} s"


def _local(micros: int) -> datetime:
    told = max(0, min(micros, _LAST))  # what no calendar has came of no clock; it is drawn even so
    return datetime.fromtimestamp(told / 1_000_000, tz=UTC).astimezone()


def clock_time(micros: int, now: int) -> str:
    """Shows a moment: the time where it is today, else the day and the time."""
    then, today = _local(micros), _local(now)
    if then.date() == today.date():
        return f"{then:%H:%M}"
    if then.year == today.year:
        return f"{then.day} {then:%b %H:%M}"
    return f"{then:%Y-%m-%d %H:%M}"


def full_time(micros: int) -> str:
    """Shows a moment to the second."""
    return f"{_local(micros):%Y-%m-%d %H:%M:%S}"


def end_of_day(now: int) -> int:
    """Returns when the day ends in which a moment lies."""
    midnight = _local(now).replace(hour=0, minute=0, second=0, microsecond=0)
    return round((midnight + timedelta(days=1)).timestamp() * 1_000_000)


def ago(micros: int, now: int) -> str:
    """Shows how long something is past, as in ``2 min ago``."""
    past = now - micros
    if past < MINUTE:
        return "just now"
    if past < HOUR:
        return f"{past // MINUTE} min ago"
    if past < 12 * HOUR:
        return f"{past // HOUR} h ago"
    days = (_local(now).date() - _local(micros).date()).days
    return {0: "today", 1: "yesterday"}.get(days, f"{days} days ago")


def due(deadline: int | None, now: int) -> str:
    """Shows when something must be decided, as in ``in 24 min``."""
    if deadline is None:
        return "no deadline"
    left = deadline - now
    if left <= 0:
        return "overdue"
    if left < HOUR:
        return f"in {max(1, left // MINUTE)} min"
    if left < 12 * HOUR:
        return f"in {left // HOUR} h"
    days = (_local(deadline).date() - _local(now).date()).days
    return {0: "today", 1: "tomorrow"}.get(days, f"in {days} days")


def due_tone(deadline: int | None, now: int) -> str:
    """Says how pressing a deadline is."""
    return "danger" if deadline is not None and deadline - now < HOUR else "muted"


def short_id(identifier: str, keep: int = 14) -> str:
    """Shortens a long identifier in the middle, where it differs least."""
    shown = one_line(identifier)
    if len(shown) <= keep:
        return shown
    head = (keep - 1) // 2
    return f"{shown[:head]}…{shown[-(keep - 1 - head) :]}"


def sentence(text: str) -> str:
    """Makes a sentence of a fragment."""
    shown = one_line(text).strip()
    if not shown:
        return ""
    shown = shown[0].upper() + shown[1:]
    return shown if shown[-1] in ".!?…”" else shown + "."


def problem(error: BaseException) -> str:
    """Says what went wrong, in the words the error brought along."""
    said = sentence(str(error))
    if isinstance(error, OSError) and error.strerror:  # without a number that only systems know
        said = sentence(f"{error.filename}: {error.strerror}" if error.filename else error.strerror)
    if said:
        return said
    return f"Something went wrong that has no words yet ({type(error).__name__}). See the log."
