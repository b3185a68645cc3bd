"""One theme's colours, read from TOML, and the ones in force.

Painted widgets read ``current()`` when they paint.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields

from PySide6.QtGui import QColor

from converge_desktop import paths

THEMES = ("light", "dark", "high-contrast")
TONES = ("accent", "good", "caution", "danger")


@dataclass(frozen=True, slots=True)
class Tokens:
    """One theme's colours, as ``#rrggbb``.

    ``field`` is the edge of what is filled in, which has no words of its own to be seen by.
    """

    background: str
    surface: str
    line: str
    control: str
    field: str
    text: str
    muted: str
    accent: str
    accent_background: str
    on_accent: str
    good: str
    good_background: str
    caution: str
    caution_background: str
    danger: str
    danger_background: str
    track: str
    dark: bool = False

    def tone(self, name: str) -> QColor:
        """Returns the colour of words in a tone; an unknown tone is plain text."""
        return QColor(getattr(self, name, self.text))

    def ground(self, name: str) -> QColor:
        """Returns the colour behind words in a tone."""
        return QColor(getattr(self, f"{name}_background", self.surface))


def load(name: str) -> Tokens:
    """Reads a theme.

    Args:
        name: One of ``THEMES``.

    Raises:
        KeyError: A token is missing from the file.
    """
    path = paths.resources() / "themes" / f"{name}.toml"
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    colors = {k.replace("-", "_"): str(v) for k, v in data["color"].items()}
    wanted = [f.name for f in fields(Tokens) if f.name != "dark"]
    return Tokens(dark=bool(data["dark"]), **{name: colors[name] for name in wanted})


_in_force: list[Tokens] = []


def current() -> Tokens:
    """Returns the tokens in force."""
    if not _in_force:
        _in_force.append(load("light"))
    return _in_force[0]


def put_in_force(tokens: Tokens) -> None:
    """Makes these the tokens that ``current`` returns."""
    _in_force[:] = [tokens]
