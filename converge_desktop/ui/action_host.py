"""Wires the table of actions to the window: shortcuts, menu, palette and sheet."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QPoint, Slot
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMainWindow, QMenu, QWidget

from converge_desktop.ui import words
from converge_desktop.ui.actions import GROUPS, Action
from converge_desktop.ui.overlay import KeySheet, Overlay, Palette

_ALWAYS = frozenset(["view.escape", "help.sheet", "help.palette", "app.quit"])
# Approving is a chord or a click on its own button: no menu row, no palette row.
_CHORD_ONLY = frozenset(["decide.approve"])


class ActionHost(QMainWindow):
    """A window that can do what a table says.

    While an overlay is open, only what closes it works: no key reaches what lies under it.
    """

    def __init__(self) -> None:
        super().__init__()
        self.table: tuple[Action, ...] = ()
        self._menu = QMenu(self)
        self._overlays: tuple[Overlay, ...] = ()

    def install(self, table: tuple[Action, ...], central: QWidget, menu_button: QWidget) -> None:
        """Takes the table into use."""
        self.table = table
        self.palette_overlay = Palette(central, [a for a in table if a.id not in _CHORD_ONLY])
        self.sheet_overlay = KeySheet(central, table)
        self._overlays = (self.palette_overlay, self.sheet_overlay)
        self._menu_button = menu_button
        for group in GROUPS:
            part = self._menu.addMenu(group)
            for action in table:
                if action.group == group:
                    made = self._make(action)
                    if action.id not in _CHORD_ONLY:
                        part.addAction(made)
        menu = QAction("Menu", self)
        menu.setShortcut("F10")
        menu.triggered.connect(self.open_menu)
        self.addAction(menu)

    def _make(self, action: Action) -> QAction:
        made = QAction(words.unmnemonic(action.title), self)
        made.setObjectName(action.id)
        made.setShortcuts([QKeySequence(keys) for keys in action.shortcut])
        made.setAutoRepeat(action.repeats)
        made.triggered.connect(partial(self._trigger, action))
        self.addAction(made)
        return made

    def _trigger(self, action: Action, _: bool = False) -> None:
        if action.id not in _ALWAYS and self.overlay() is not None:
            return
        if action.enabled():
            action.callback()

    def overlay(self) -> Overlay | None:
        """Returns the overlay that is open."""
        for overlay in self._overlays:
            if overlay.isVisible():
                return overlay
        return None

    def show_palette(self) -> None:
        """Opens the palette, unless it is open."""
        self._show(self.palette_overlay)

    def show_sheet(self) -> None:
        """Opens the sheet of keys, unless it is open."""
        self._show(self.sheet_overlay)

    def _show(self, wanted: Overlay) -> None:
        before = self.overlay()
        if before is not None:
            before.leave()
        if before is not wanted:
            wanted.open()

    @Slot()
    def open_menu(self) -> None:
        """Opens the menu at its button."""
        hint = self._menu.sizeHint()
        corner = QPoint(self._menu_button.width() - hint.width(), -hint.height())
        self._menu.popup(self._menu_button.mapToGlobal(corner))
