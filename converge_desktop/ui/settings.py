"""What the window remembers: its shape, the last page, the theme. One INI file, named outright."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QByteArray, QSettings
from PySide6.QtWidgets import QSplitter, QWidget

THEME, TEXT_SIZE, SINGLE_KEYS = "window/theme", "window/text_size", "window/single_keys"
LOCK_AFTER = "keys/lock_after_min"
"""After how many minutes without use a person's key is locked; 0 for never."""
LOCK_AFTER_MIN = 15
"""What holds while nobody chose."""


class UiSettings:
    """Window state in an INI file at a path that is handed in; no file is read but this one."""

    def __init__(self, path: Path) -> None:
        self.place = path
        self._store = QSettings(str(path), QSettings.Format.IniFormat)
        self._watched: dict[str, list[Callable[[str], None]]] = {}

    def text(self, name: str, fallback: str = "") -> str:
        """Returns a remembered word."""
        value = self._store.value(name, fallback)
        return value if isinstance(value, str) else fallback

    def put(self, name: str, value: str) -> None:
        """Remembers a word, and tells those who watch it."""
        if value == self._store.value(name):
            return
        self._store.setValue(name, value)
        for told in self._watched.get(name, ()):
            told(value)

    def number(self, name: str, fallback: int) -> int:
        """Returns a remembered number; what is none counts as not remembered."""
        value = self.text(name)
        return int(value) if value.isascii() and value.isdecimal() else fallback

    def watch(self, name: str, told: Callable[[str], None]) -> None:
        """Calls ``told`` with every other word that is remembered by that name from now on."""
        self._watched.setdefault(name, []).append(told)

    def save_geometry(self, window: QWidget) -> None:
        """Remembers where the window stands."""
        self._store.setValue("window/geometry", window.saveGeometry())

    def restore_geometry(self, window: QWidget) -> bool:
        """Puts the window where it stood; returns whether it could."""
        value = self._store.value("window/geometry")
        return isinstance(value, QByteArray) and window.restoreGeometry(value)

    def save_splitter(self, name: str, splitter: QSplitter) -> None:
        """Remembers how a page is divided."""
        self._store.setValue(f"splitter/{name}", splitter.saveState())

    def restore_splitter(self, name: str, splitter: QSplitter) -> None:
        """Divides a page as it was."""
        value = self._store.value(f"splitter/{name}")
        if isinstance(value, QByteArray):
            splitter.restoreState(value)

    def sync(self) -> None:
        """Writes the file now."""
        self._store.sync()
