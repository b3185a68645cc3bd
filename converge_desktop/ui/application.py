"""Makes the Qt application: style, faces, name, and the theme that the person chose."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from converge_desktop.ui import fonts, icons, theme

APP_ID = "io.github.converge.Desktop"
APP_NAME = "Converge Desktop"


def create_application(argv: Sequence[str]) -> QApplication:
    """Returns the application, made ready; the one there is, if there is one.

    Args:
        argv: The command line, program name first.
    """
    found = QApplication.instance()
    app = found if isinstance(found, QApplication) else QApplication(list(argv))
    app.setApplicationName("converge-desktop")
    app.setApplicationDisplayName(APP_NAME)
    app.setDesktopFileName(APP_ID)  # portals and the taskbar find us by it
    app.setStyle("Fusion")
    for effect in (Qt.UIEffect.UI_AnimateCombo, Qt.UIEffect.UI_AnimateMenu):
        app.setEffectEnabled(effect, False)
    fonts.load()
    app.setFont(fonts.font("body"))
    app.setWindowIcon(icons.window_icon())
    theme.manager(app).choose("system")
    return app


def enlarge(app: QApplication, percent: int) -> None:
    """Makes all text so large, before a window is made."""
    fonts.enlarge(percent)
    app.setFont(fonts.font("body"))
    theme.manager(app).renew()
