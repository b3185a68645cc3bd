"""Wires the table of actions to the window: shortcuts, menu, buttons, palette and sheet."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QEvent, QPoint, Qt, Slot
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QComboBox,
    QMainWindow,
    QMenu,
    QWidget,
)

from converge_desktop.ui import words
from converge_desktop.ui.actions import GROUPS, PAGES, Action, is_single, spoken
from converge_desktop.ui.focus_order import move_focus
from converge_desktop.ui.overlay import KeySheet, Overlay, Palette
from converge_desktop.ui.widgets.buttons import Button

_ALWAYS = frozenset(["view.escape", "help.sheet", "help.palette", "app.quit"])
# Approving is a chord or a click on its own button: no menu row, no palette row.
_CHORD_ONLY = frozenset(["decide.approve", "people.approve"])


class ActionHost(QMainWindow):
    """A window that can do what a table says.

    A key may mean different things on different pages: the first action of the table that has it
    and can be done now is the one that is done; where none can, the window says why. While an
    overlay is open, only what closes it works: no key reaches what lies under it. While the ledger
    is only read, nothing that writes into it can be done, by whatever way.
    """

    def __init__(self) -> None:
        super().__init__()
        self.table: tuple[Action, ...] = ()
        self._by_id: dict[str, Action] = {}
        self._read_only = ""
        self._menu = QMenu(self)
        self._overlays: tuple[Overlay, ...] = ()
        self._shortcuts: dict[str, QShortcut] = {}

    def front(self) -> str:
        """Returns the id of the page in front."""
        raise NotImplementedError

    def tell_why(self, text: str) -> None:
        """Says why something that was asked for by key is not done."""
        raise NotImplementedError

    def install(
        self,
        table: tuple[Action, ...],
        central: QWidget,
        menu_button: QWidget,
        *more: Overlay,
    ) -> None:
        """Takes the table into use; ``more`` are overlays beside the palette and the sheet."""
        self.table = table
        self._by_id = {action.id: action for action in table}
        self.palette_overlay = Palette(
            central, [a for a in table if a.id not in _CHORD_ONLY], self.can_do
        )
        self.sheet_overlay = KeySheet(central, table)
        self._overlays = (self.palette_overlay, self.sheet_overlay, *more)
        self._menu_button = menu_button
        for group in GROUPS:
            part = self._menu.addMenu(group)
            for action in table:
                if action.group == group and action.id not in _CHORD_ONLY:
                    part.addAction(self._row_of(action))
            part.aboutToShow.connect(partial(self._tell_what_can_be_done, part))
        for keys in {keys: None for action in table for keys in action.shortcut}:
            self._listen(keys)
        menu = QShortcut(QKeySequence("F10"), self)
        menu.activated.connect(self.open_menu)

    def known(self, action_id: str) -> Action:
        """Returns an action of the table by its id."""
        return self._by_id[action_id]

    def can_do(self, action: Action) -> bool:
        """Says whether something of the table can be done now, on the page in front."""
        held = self._read_only and action.writes
        return not held and action.page in {"", self.front()} and action.enabled()

    def why_not(self, action: Action) -> str:
        """Says in a sentence why something cannot be done now; nothing where it can."""
        if self.can_do(action):
            return ""
        title = action.title.rstrip("…")
        if self._read_only and action.writes:
            return f"“{title}” would write into the ledger: {action.writes}. {self._read_only}"
        if action.page not in {"", self.front()}:
            page = next(name for page, name, *_ in PAGES if page == action.page)
            return f"“{title}” is done on the page {page}."
        needs = f" It needs {action.needs}." if action.needs else ""
        return f"“{title}” cannot be done now.{needs}"

    def only_read(self, reason: str) -> None:
        """Switches off all that writes into the ledger, for a reason; an empty one lets it go."""
        if reason == self._read_only:
            return
        self._read_only = reason
        for button in self.findChildren(Button):
            if button.action:
                self.dress(button)

    def dress(self, button: Button) -> None:
        """Says at a button what the action it stands for writes, and holds it while it may not.

        A button that is off says why instead.
        """
        action = self._by_id.get(button.action)
        if action is None:
            return
        held = bool(self._read_only and action.writes)
        keys = " or ".join(spoken(s) for s in action.shortcut)
        said = (self._read_only if held else "", action.authority(), f"Key: {keys}" if keys else "")
        if button.why and not held:
            said = (button.why, "", "")
        button.setToolTip(words.tooltip("\n".join(filter(None, said))))
        button.setAccessibleDescription(" ".join(filter(None, said[:2])))
        button.hold(held=held)

    def single_keys(self, *, on: bool) -> None:
        """Switches keys that are pressed without Ctrl or Alt on or off (WCAG 2.2, 2.1.4)."""
        for keys, shortcut in self._shortcuts.items():
            if is_single(keys):
                shortcut.setEnabled(on)

    def event(self, event: QEvent) -> bool:
        """Override QMainWindow.event: Space presses what can be pressed, whatever else it means."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            focus = QApplication.focusWidget()
            if event.key() == Qt.Key.Key_Space and isinstance(focus, QAbstractButton | QComboBox):
                event.accept()
                return True
        return super().event(event)

    def focusNextPrevChild(self, next: bool) -> bool:  # noqa: A002, N802
        """Override QWidget.focusNextPrevChild: Tab follows the order of reading."""
        central = self.centralWidget()
        return central is not None and move_focus(central, self.focusWidget(), forward=next)

    def _listen(self, keys: str) -> None:
        shortcut = QShortcut(QKeySequence(keys), self)
        shortcut.setAutoRepeat(all(a.repeats for a in self.table if keys in a.shortcut))
        shortcut.activated.connect(partial(self._on_keys, keys))
        self._shortcuts[keys] = shortcut

    def _row_of(self, action: Action) -> QAction:
        keys = "  ".join(spoken(s) for s in action.shortcut[:1])
        made = QAction(f"{words.unmnemonic(action.title)}\t{keys}", self)
        made.setObjectName(action.id)
        made.setToolTip(words.tooltip(action.authority()))
        made.triggered.connect(partial(self._trigger, action))
        return made

    def _tell_what_can_be_done(self, menu: QMenu) -> None:
        for row in menu.actions():
            row.setEnabled(self.can_do(self._by_id[row.objectName()]))

    def _on_keys(self, keys: str) -> None:
        meant = [action for action in self.table if keys in action.shortcut]
        action = next(filter(self.can_do, meant), None)
        if action is not None:
            self._trigger(action)
            return
        here = [action for action in meant if action.page in {"", self.front()}]
        if here and self.overlay() is None:
            self.tell_why(self.why_not(here[0]))

    def _trigger(self, action: Action, _: bool = False) -> None:
        if action.id not in _ALWAYS and self.overlay() is not None:
            return
        if self.can_do(action):
            action.callback()

    def overlay(self) -> Overlay | None:
        """Returns the overlay that is open."""
        for overlay in self._overlays:
            if overlay.isVisible():
                return overlay
        return None

    def show_palette(self) -> None:
        """Opens the palette, unless it is open."""
        self.show_overlay(self.palette_overlay)

    def show_sheet(self) -> None:
        """Opens the sheet of keys, unless it is open."""
        self.show_overlay(self.sheet_overlay)

    def show_overlay(self, wanted: Overlay) -> None:
        """Opens an overlay in place of the one that is open; the same one again is closed."""
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
