"""The three themes: legible, complete, and changed while the window is open."""

from __future__ import annotations

from dataclasses import fields
from itertools import product

import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication

from converge_desktop.ui import fonts, icons, stylesheet, theme, tokens
from tests.ui.conftest import Desk

LEAST = 4.5


def luminance(color: str) -> float:
    def linear(channel: float) -> float:
        return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4

    made = QColor(color)
    red, green, blue = (linear(c) for c in (made.redF(), made.greenF(), made.blueF()))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


GROUNDS = ("background", "surface", "accent_background")
INKS = ("text", "muted", "accent", "good", "caution", "danger")


@pytest.mark.parametrize("name", tokens.THEMES)
def test_every_text_can_be_read_on_every_ground(name: str) -> None:
    look = tokens.load(name)
    pairs = [(ink, ground) for ink, ground in product(INKS, GROUNDS)]
    pairs += [(tone, f"{tone}_background") for tone in tokens.TONES]
    pairs += [("text", f"{tone}_background") for tone in tokens.TONES]
    pairs += [("on_accent", "accent"), ("text", "track")]
    faint = [
        f"{ink} on {ground}: {contrast(getattr(look, ink), getattr(look, ground)):.2f}"
        for ink, ground in pairs
        if contrast(getattr(look, ink), getattr(look, ground)) < LEAST
    ]
    assert faint == []


@pytest.mark.parametrize("name", tokens.THEMES)
def test_what_has_no_words_can_be_seen_too(name: str) -> None:
    """The edge of a field, the ring of the focus, a bar, a sign: 3 to 1 on every ground."""
    look = tokens.load(name)
    marks = ("field", "accent", "good", "caution", "danger", "muted")
    faint = [
        f"{mark} on {ground}: {contrast(getattr(look, mark), getattr(look, ground)):.2f}"
        for mark, ground in product(marks, ("background", "surface"))
        if contrast(getattr(look, mark), getattr(look, ground)) < 3
    ]
    assert faint == []


def test_high_contrast_is_higher() -> None:
    look = tokens.load("high-contrast")
    for ink, ground in product(INKS, GROUNDS):
        assert contrast(getattr(look, ink), getattr(look, ground)) >= 7
    assert contrast(look.control, look.background) >= 3


@pytest.mark.parametrize("name", tokens.THEMES)
def test_tokens_are_colours_and_the_sheet_takes_them_all(name: str, qapp: QApplication) -> None:
    look = tokens.load(name)
    for field in fields(look):
        if field.name != "dark":
            assert QColor.isValidColorName(getattr(look, field.name)), field.name
    assert "$" not in stylesheet.build(look, fonts.measures())


@pytest.mark.parametrize("name", tokens.THEMES)
def test_a_choice_changes_palette_and_sheet_at_once(name: str, opened: Desk) -> None:
    opened.window.theme.choose(name)
    look = tokens.load(name)
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    assert tokens.current() == look
    assert app.palette().color(QPalette.ColorRole.Window) == QColor(look.background)
    assert look.surface in app.styleSheet()
    opened.settle()
    shot = opened.window.grab().toImage()
    assert shot.pixelColor(20, shot.height() // 2) == QColor(look.background)


def test_an_unknown_choice_is_the_system(opened: Desk) -> None:
    opened.window.theme.choose("mauve")
    assert opened.window.theme.choice == "system"
    assert opened.window.theme.resolved() in {"light", "dark"}


def test_the_key_goes_through_all_choices_and_remembers(opened: Desk) -> None:
    opened.window.theme.choose("system")
    seen = []
    for _ in theme.CHOICES:
        opened.window.known("view.theme").callback()
        seen.append(opened.window.theme.choice)
    assert sorted(seen) == sorted(theme.CHOICES)
    opened.window.close()
    assert f"theme={seen[-1]}" in opened.settings.read_text()


def test_the_shipped_faces_are_used(qapp: QApplication) -> None:
    from PySide6.QtGui import QFontInfo

    assert QFontInfo(fonts.font("body")).family() == "Inter"
    assert QFontInfo(fonts.font("mono")).family() == "JetBrains Mono"


def test_lengths_follow_the_type(qapp: QApplication) -> None:
    measures = fonts.measures()
    assert measures.unit == 8
    assert measures.control == 32
    assert measures.rail == 184


def test_every_icon_draws_in_the_colour_asked_for(qapp: QApplication) -> None:
    from converge_desktop import paths

    names = sorted(p.stem for p in (paths.resources() / "icons").glob("*.svg"))
    assert len(names) >= 20
    for name in names:
        image = icons.icon(name, QColor("#b3261e")).pixmap(QSize(16, 16), 3.0).toImage()
        colors = {
            image.pixelColor(x, y).name()
            for x in range(48)
            for y in range(48)
            if image.pixelColor(x, y).alpha() == 255
        }
        assert "#b3261e" in colors, name
