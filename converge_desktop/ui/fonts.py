"""The two typefaces that are shipped, the sizes they are used in, and lengths that follow them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from PySide6.QtGui import QFont, QFontDatabase, QFontMetrics

from converge_desktop import paths

SANS = "Inter"
MONO = "JetBrains Mono"
_BASE = 13
SIZES = (100, 125, 150, 175, 200)
"""How large text may be, in percent."""
_percent = [100]

_ROLES: dict[str, tuple[str, int, QFont.Weight]] = {
    "body": (SANS, 0, QFont.Weight.Normal),
    "strong": (SANS, 0, QFont.Weight.DemiBold),
    "lead": (SANS, 1, QFont.Weight.Normal),
    "small": (SANS, -1, QFont.Weight.Normal),
    "small-strong": (SANS, -1, QFont.Weight.DemiBold),
    "caption": (SANS, -2, QFont.Weight.DemiBold),
    "title": (SANS, 6, QFont.Weight.Bold),
    "heading": (SANS, 2, QFont.Weight.DemiBold),
    "mono": (MONO, 0, QFont.Weight.Normal),
    "mono-small": (MONO, -1, QFont.Weight.Normal),
    "mono-tiny": (MONO, -2, QFont.Weight.Normal),
}


@dataclass(frozen=True, slots=True)
class Measures:
    """Lengths in pixels; all of them grow with the type.

    Attributes:
        unit: The 8-pixel rhythm; half of it inside controls.
        control: The height of a control; ``compact`` that in a bar.
        mark: The side of a badge or a small icon.
    """

    unit: int
    control: int
    compact: int
    mark: int
    rail: int
    chip: int
    list_min: int
    list_width: int
    side: int
    text_width: int


def load() -> None:
    """Registers the shipped faces with the application."""
    for path in sorted((paths.resources() / "fonts").glob("*.?tf")):
        QFontDatabase.addApplicationFont(str(path))


def enlarge(percent: int) -> None:
    """Makes all text so large, and every length with it; call it before the window is made."""
    _percent[:] = [min(SIZES, key=lambda size: abs(size - percent))]
    for kept in (font, metrics, line, measures):
        kept.cache_clear()


def enlarged() -> int:
    """Returns how large text is, in percent."""
    return _percent[0]


@cache
def font(role: str) -> QFont:
    """Returns the font of a role, one of the keys of the table above."""
    family, step, weight = _ROLES[role]
    made = QFont(family)
    made.setPixelSize(round((_BASE + step) * _percent[0] / 100))
    made.setWeight(weight)
    made.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    made.setStyleHint(QFont.StyleHint.Monospace if family == MONO else QFont.StyleHint.SansSerif)
    if family == MONO:
        # Values are shown sign by sign: no arrow where a hyphen and a bracket stand.
        made.setFeature(QFont.Tag("calt"), 0)
    if role == "caption":
        made.setCapitalization(QFont.Capitalization.AllUppercase)
        made.setLetterSpacing(QFont.SpacingType.PercentageSpacing, 107)
    if role == "title":
        made.setLetterSpacing(QFont.SpacingType.PercentageSpacing, 98.5)
    return made


@cache
def metrics(role: str) -> QFontMetrics:
    """Returns the metrics of a role's font."""
    return QFontMetrics(font(role))


@cache
def line(role: str) -> int:
    """Returns how high a line of a role is, with its leading."""
    return round(metrics(role).height() * 1.12)


@cache
def measures() -> Measures:
    """Returns the lengths that belong to the shipped type."""
    height = metrics("body").height()
    unit = max(8, round(height / 2))
    letter = metrics("body").averageCharWidth()
    return Measures(
        unit=unit,
        control=height + 2 * unit,
        compact=height + 2 * (unit - 2),
        mark=metrics("caption").height() + unit // 2,
        rail=23 * unit,
        chip=metrics("small").height() + unit - 2,
        list_min=36 * unit,
        list_width=48 * unit,
        side=38 * unit,
        text_width=letter * 92,
    )
