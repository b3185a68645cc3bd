"""Checkpoints as QR codes: they go on paper whole, or it is said that they do not."""

from __future__ import annotations

import re

import pytest
import segno
from defusedxml.ElementTree import fromstring

from converge_core.checkpoint import Checkpoint, SignedCheckpoint, text_of
from converge_core.ids import OperatorId
from converge_desktop.adapters.qr import TooLong, qr_characters, qr_modules, qr_svg


def longest(name: str) -> str:
    """Returns a checkpoint whose desk and operator have a name."""
    checkpoint = Checkpoint(desk=name, size=2**53 - 1, root="ab" * 32, head="cd" * 32, at=2**53 - 1)
    return text_of(
        SignedCheckpoint(
            checkpoint=checkpoint, operator=OperatorId(name), key="0" * 8, signature="ef" * 64
        )
    )


def modules(picture: bytes) -> set[tuple[int, int]]:
    """Returns the dark squares that a picture draws, row by row."""
    path = next(one for one in fromstring(picture).iter() if "stroke" in one.attrib)
    dark: set[tuple[int, int]] = set()
    x, y = 0, 0.0
    for how, first, second in re.findall(r"([Mmh])(-?[\d.]+)(?:[ ,]?(-?[\d.]+))?", path.get("d")):
        if how == "M":
            x, y = int(first), float(second)
        elif how == "m":
            x, y = x + int(first), y + float(second)
        else:
            dark |= {(x + step, int(y)) for step in range(int(first))}
            x += int(first)
    return dark


@pytest.mark.parametrize("text", ["converge/desk/00c0ffee\n42\n— alice", longest("ü" * 128)])
def test_the_picture_is_the_code_of_the_text(text: str) -> None:
    """All of its squares, at the level of repair that paper needs."""
    code = segno.make_qr(text, error="m", encoding="utf-8", boost_error=False)
    squares = {
        (x + code.default_border_size, y + code.default_border_size)
        for y, row in enumerate(code.matrix)
        for x, module in enumerate(row)
        if module
    }

    assert "M" == code.error
    assert squares == modules(qr_svg(text))


@pytest.mark.parametrize("text", ["converge/desk/00c0ffee\n42\n— alice", longest("ü" * 32)])
def test_what_a_window_draws_is_what_the_picture_shows(text: str) -> None:
    """Module by module, without the margin, which whoever draws it adds."""
    margin = segno.make_qr(text, error="m").default_border_size
    rows = qr_modules(text)
    drawn = {
        (x + margin, y + margin) for y, row in enumerate(rows) for x, dark in enumerate(row) if dark
    }
    assert {len(rows)} == {len(row) for row in rows}
    assert drawn == modules(qr_svg(text))


def test_it_is_the_same_of_the_same_text() -> None:
    """And another of another."""
    assert qr_svg("a") == qr_svg("a") != qr_svg("b")
    assert qr_characters("a") == qr_characters("a") != qr_characters("b")


def test_in_a_terminal_it_takes_two_rows_of_squares_a_line() -> None:
    """So that it is square there too."""
    lines = qr_characters("a").rstrip("\n").splitlines()

    assert 14 < len(lines) < 16
    assert any("▀" in line for line in lines)


def test_every_checkpoint_with_names_of_people_fits() -> None:
    """The longest that there can be, in the script that takes the most bytes."""
    assert qr_svg(longest("𝔘" * 128))


def test_what_does_not_fit_is_told() -> None:
    """With its size; the text itself can still be kept."""
    with pytest.raises(TooLong, match="2,332 bytes do not fit a QR code, which holds 2,331"):
        qr_svg("x" * 2332)
    assert qr_svg("x" * 2331)
