"""Words and numbers for people, and what hides in text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from converge_desktop.ui import words
from tests.ui.sample import HOUR, MIN, NOW


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain – “text”, 61 %", "plain – “text”, 61 %"),
        ("two\nlines\tand a tab", "two\nlines\tand a tab"),
        ("pay \u202e00481\u202c €", "pay ⟨U+202E⟩00481⟨U+202C⟩ €"),
        ("zero\u200bwidth\u200djoiner", "zero⟨U+200B⟩width⟨U+200D⟩joiner"),
        ("\ufeffmark", "⟨U+FEFF⟩mark"),
        ("bell\x07 and return\r\n", "bell⟨U+0007⟩ and return⟨U+000D⟩\n"),
        ("\u2066isolate\u2069", "⟨U+2066⟩isolate⟨U+2069⟩"),
        ("soft\u00adhyphen", "soft⟨U+00AD⟩hyphen"),
        ("line\u2028separator", "line⟨U+2028⟩separator"),
        ("tag\U000e0041", "tag⟨U+E0041⟩"),
        ("filler\u3164", "filler⟨U+3164⟩"),
        ("selector\ufe0f", "selector⟨U+FE0F⟩"),
        ("lone \ud800 surrogate", "lone ⟨U+D800⟩ surrogate"),
        ("naïve café 日本語", "naïve café 日本語"),
    ],
)
def test_hidden_characters_are_made_visible(text: str, shown: str) -> None:
    assert words.visible(text) == shown


@given(st.text())
def test_what_is_shown_hides_nothing_more(text: str) -> None:
    """Making visible twice changes nothing, and a single line stays a single line."""
    assert words.visible(words.visible(text)) == words.visible(text)
    assert "\n" not in words.one_line(text)


@pytest.mark.parametrize(
    ("left", "shown"),
    [
        (24 * MIN, "in 24 min"),
        (20_000_000, "in 1 min"),
        (2 * HOUR, "in 2 h"),
        (-MIN, "overdue"),
        (24 * HOUR, "tomorrow"),
        (72 * HOUR, "in 3 days"),
    ],
)
def test_deadlines_are_told_as_time_left(left: int, shown: str) -> None:
    assert words.due(NOW + left, NOW) == shown


def test_no_deadline_is_said_and_never_presses() -> None:
    assert words.due(None, NOW) == "no deadline"
    assert words.due_tone(None, NOW) == "muted"
    assert words.due_tone(NOW + 59 * MIN, NOW) == "danger"


@pytest.mark.parametrize(
    ("micros", "shown"),
    [(1_500, "1.5 ms"), (110_000, "0.11 s"), (61_000_000, "1 min 1 s")],
)
def test_durations(micros: int, shown: str) -> None:
    assert words.duration(micros) == shown


def test_an_error_becomes_a_sentence() -> None:
    assert words.problem(ValueError("junit.xml: no tests")) == "Junit.xml: no tests."
    assert "ValueError" in words.problem(ValueError())
    there = IsADirectoryError(21, "Is a directory", "/media/rates.csv")
    assert words.problem(there) == "/media/rates.csv: Is a directory."
    assert words.problem(OSError(28, "No space left on device")) == "No space left on device."


def test_a_tool_tip_takes_markup_for_text() -> None:
    assert "<b>" not in words.tooltip("<b>bold</b>")
    assert words.tooltip("") == ""


def test_an_ampersand_stays_one() -> None:
    assert words.unmnemonic("R&D") == "R&&D"


def test_ids_are_shortened_in_the_middle() -> None:
    assert words.short_id("0123456789abcdef", 9) == "0123…cdef"
    assert words.short_id("short") == "short"


def test_counting() -> None:
    assert words.count(1, "proposal") == "1 proposal"
    assert words.count(1204, "fact") == "1,204 facts"
    assert words.thousandths(None) == "not given"
    assert words.thousandths(860) == "0.86"
