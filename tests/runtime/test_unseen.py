"""What the eye would miss in a text is marked: UTR 36, UTS 39, UAX 9."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from converge_desktop.runtime.unseen import Mark, has_unseen, pieces, spelled_out


def marks(text: str) -> list[tuple[str, Mark, str]]:
    return [(one.text, one.mark, one.like) for one in pieces(text) if one.mark is not None]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("p\u0430ypal", [("\u0430", Mark.LOOKALIKE, "a")]),
        ("\u03bfk", [("\u03bf", Mark.LOOKALIKE, "o")]),
        ("\u0420a\u0431\u043e\u0442\u0430", [("a", Mark.LOOKALIKE, "\u0430")]),
        (
            "the \u0455\u0441\u043e\u0440\u0435 of it",
            [(char, Mark.LOOKALIKE, like) for char, like in zip("ѕсоре", "scope", strict=True)],
        ),
        ("\uff41", [("\uff41", Mark.LOOKALIKE, "a")]),
        ("\U0001d44e", [("\U0001d44e", Mark.LOOKALIKE, "a")]),
        ("a\u2215b", [("\u2215", Mark.LOOKALIKE, "/")]),
        ("abc\u202etxt.exe", [("\u202e", Mark.DIRECTION, "")]),
        ("\u2067x\u2069", [("\u2067", Mark.DIRECTION, ""), ("\u2069", Mark.DIRECTION, "")]),
        ("\u061c", [("\u061c", Mark.DIRECTION, "")]),
        ("a\u200bb", [("\u200b", Mark.INVISIBLE, "")]),
        ("a\u00adb", [("\u00ad", Mark.INVISIBLE, "")]),
        ("\ufeff", [("\ufeff", Mark.INVISIBLE, "")]),
        ("\u3164", [("\u3164", Mark.INVISIBLE, "")]),
        ("a\ufe0f", [("\ufe0f", Mark.INVISIBLE, "")]),
        ("\U000e0041", [("\U000e0041", Mark.INVISIBLE, "")]),
        ("\U000e0101", [("\U000e0101", Mark.INVISIBLE, "")]),
        ("\x1b[2J", [("\x1b", Mark.CONTROL, "")]),
        ("a\rb", [("\r", Mark.CONTROL, "")]),
        ("a\u2028b", [("\u2028", Mark.CONTROL, "")]),
        ("1\u00a0000", [("\u00a0", Mark.SPACE, "")]),
        ("\ue000", [("\ue000", Mark.UNKNOWN, "")]),
        ("\udc80", [("\udc80", Mark.UNKNOWN, "")]),
        ("z" + "\u0301" * 3, [("\u0301", Mark.PILED, "")]),
    ],
)
def test_what_the_eye_would_miss_is_marked(text: str, found: list[object]) -> None:
    """Each kind, with what it looks like where it looks like another."""
    assert found == marks(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "plain words, 100 % of them\n\tin two lines",
        "naïve café Ångström",
        "Привет, мир",
        "Москва is a city",
        "καλημέρα",
        "日本語 and English",
        "שלום",
        "👩\u200d💻 ❤\ufe0f",
        "“quoted” – and … dashed",
        "hold failing-at-6a23cb",
    ],
)
def test_what_is_as_it_looks_is_left_alone(text: str) -> None:
    """People write in all languages; a mark that is always there is seen by nobody."""
    assert not has_unseen(text)
    assert text == spelled_out(text)


def test_a_mark_says_by_name_what_it_is() -> None:
    """So that what cannot be seen can be looked up, and printed."""
    [_, mark, _] = pieces("a\u202eb")
    assert "U+202E RIGHT-TO-LEFT OVERRIDE" == mark.name
    assert "a⟨U+202E⟩b" == spelled_out("a\u202eb")


@given(st.text())
def test_nothing_is_taken_away(text: str) -> None:
    """Put together, the pieces are the text; spelled out, nothing is left to miss."""
    assert text == "".join(one.text for one in pieces(text))
    assert all(len(one.text) == 1 for one in pieces(text) if one.mark)
    assert not {one.mark for one in pieces(spelled_out(text))} & {
        Mark.INVISIBLE,
        Mark.DIRECTION,
        Mark.CONTROL,
    }
