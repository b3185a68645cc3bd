"""Placeholders are filled, and a text gets nothing else by asking."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from converge_core.placeholders import fill


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("", ""),
        ("is {subject} fit", "is 1.0 fit"),
        ("{subject}{subject}", "1.01.0"),
        ("{{subject}} of {subject}", "{subject} of 1.0"),
    ],
)
def test_names_in_braces_are_replaced(text: str, filled: str) -> None:
    """Doubled braces are braces."""
    assert filled == fill(text, {"subject": "1.0"})


@pytest.mark.parametrize(
    "text",
    ["{subjet}", "{}", "{0}", "{subject.x}", "{subject[0]}", "{subject!r}", "{subject:>99}", "{ }"],
)
def test_whatever_asks_for_more_is_refused_by_name(text: str) -> None:
    """Attributes, items, conversions and widths are nothing that a text may ask for."""
    with pytest.raises(KeyError):
        fill(text, {"subject": "1.0"})


@pytest.mark.parametrize("text", ["{subject", "subject}", "{"])
def test_a_brace_without_the_other_is_refused(text: str) -> None:
    """As Python's own formatting has it."""
    with pytest.raises(ValueError, match=r"encountered|expected"):
        fill(text, {"subject": "1.0"})


@given(st.text(alphabet="ab{} "), st.text(max_size=5))
def test_what_is_filled_in_is_never_read_as_a_placeholder(text: str, value: str) -> None:
    """A value with braces stays as it is, and the length is that of the parts."""
    try:
        filled = fill(text, {"a": value})
    except (KeyError, ValueError):
        return
    assert len(filled) <= len(text) * max(1, len(value))
    assert filled.count("{") <= text.count("{") + value.count("{") * text.count("a")
