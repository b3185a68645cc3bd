"""Puts a theme in force: palette, style sheet and tokens, live."""

from __future__ import annotations

import gc

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication

from converge_desktop.ui import fonts, stylesheet, tokens
from converge_desktop.ui.tokens import THEMES, Tokens

CHOICES = ("system", *THEMES)
TITLES = {
    "system": "As the system",
    "light": "Light",
    "dark": "Dark",
    "high-contrast": "High contrast",
}


def palette(look: Tokens) -> QPalette:
    """Builds the palette that Fusion draws with."""
    made = QPalette()
    roles = {
        QPalette.ColorRole.Window: look.background,
        QPalette.ColorRole.WindowText: look.text,
        QPalette.ColorRole.Base: look.surface,
        QPalette.ColorRole.AlternateBase: look.background,
        QPalette.ColorRole.Text: look.text,
        QPalette.ColorRole.PlaceholderText: look.muted,
        QPalette.ColorRole.Button: look.surface,
        QPalette.ColorRole.ButtonText: look.text,
        QPalette.ColorRole.BrightText: look.danger,
        QPalette.ColorRole.ToolTipBase: look.surface,
        QPalette.ColorRole.ToolTipText: look.text,
        QPalette.ColorRole.Highlight: look.accent,
        QPalette.ColorRole.HighlightedText: look.on_accent,
        QPalette.ColorRole.Link: look.accent,
        QPalette.ColorRole.LinkVisited: look.accent,
        QPalette.ColorRole.Mid: look.line,
        QPalette.ColorRole.Dark: look.control,
        QPalette.ColorRole.Light: look.surface,
        QPalette.ColorRole.Midlight: look.line,
        QPalette.ColorRole.Shadow: look.control,
        QPalette.ColorRole.Accent: look.accent,
    }
    for role, color in roles.items():
        made.setColor(role, QColor(color))
    for role in (
        QPalette.ColorRole.WindowText,
        QPalette.ColorRole.Text,
        QPalette.ColorRole.ButtonText,
    ):
        made.setColor(QPalette.ColorGroup.Disabled, role, QColor(look.muted))
    return made


class ThemeManager(QObject):
    """Puts a theme in force and keeps it so while the system's own scheme changes.

    Signals:
        changed: Other tokens are in force.
    """

    changed = Signal()

    def __init__(self, app: QApplication, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._app = app
        self._choice = "system"
        self._applied = ""
        self._sheet = ""
        self._held = False
        app.styleHints().colorSchemeChanged.connect(self._on_system_changed)

    @property
    def choice(self) -> str:
        """What the person chose, one of ``CHOICES``."""
        return self._choice

    def choose(self, choice: str) -> None:
        """Takes a choice and applies it at once."""
        self._choice = choice if choice in CHOICES else "system"
        self._apply()

    def renew(self) -> None:
        """Builds the look again: lengths have changed."""
        self._applied = ""
        self._apply()

    def hold(self) -> None:
        """Keeps the style sheet back while a window is put together, until ``release``.

        Each time that a widget is put into another, Qt would style all that lies in it again; held
        back, a window of two thousand widgets is there in a third of the time.
        """
        self._held = True
        self._style("")

    def release(self) -> None:
        """Styles what was put together."""
        self._held = False
        self._style(self._sheet)

    def _style(self, sheet: str) -> None:
        """Styles every widget; none may be collected while Qt walks over them all.

        Given another sheet, Qt walks over what it once styled, some of which may be gone, and
        crashes; given none, it forgets all of that first.
        """
        collects = gc.isenabled()
        gc.disable()
        try:
            self._app.setStyleSheet("")
            self._app.setStyleSheet(sheet)
        finally:
            if collects:
                gc.enable()

    def advance(self) -> str:
        """Takes the next choice in turn and returns it."""
        self.choose(CHOICES[(CHOICES.index(self._choice) + 1) % len(CHOICES)])
        return self._choice

    def resolved(self) -> str:
        """Returns the theme that the choice amounts to now."""
        if self._choice != "system":
            return self._choice
        scheme = self._app.styleHints().colorScheme()
        return "dark" if scheme == Qt.ColorScheme.Dark else "light"

    @Slot()
    def _on_system_changed(self) -> None:
        if self._choice == "system":
            self._apply()

    def _apply(self) -> None:
        name = self.resolved()
        if name == self._applied:
            return
        self._applied = name
        look = tokens.load(name)
        tokens.put_in_force(look)
        self._app.setPalette(palette(look))
        self._sheet = stylesheet.build(look, fonts.measures())
        if not self._held:
            self._style(self._sheet)
        self.changed.emit()


def manager(app: QApplication) -> ThemeManager:
    """Returns the application's one theme manager."""
    found = app.findChild(ThemeManager)
    return found if isinstance(found, ThemeManager) else ThemeManager(app, app)
