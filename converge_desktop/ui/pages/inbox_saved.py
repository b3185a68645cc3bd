"""Filters that were saved: take one, keep the present one under a name, take one away."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QMenu

from converge_desktop.ui import fonts, words
from converge_desktop.ui.pages.page import Tools
from converge_desktop.ui.widgets.buttons import Button
from converge_desktop.ui.widgets.filter_line import FilterLine
from converge_desktop.ui.widgets.labels import Label
from converge_desktop.ui.widgets.lists import Panel
from converge_desktop.ui.widgets.short_line import ShortLine

_TOPIC = "saved filter"


class SavedButton(Button):
    """Opens the menu of saved filters.

    Signals:
        save_wanted: The person wants to keep the present filter.
    """

    save_wanted = Signal()

    def __init__(self, tools: Tools, line: FilterLine) -> None:
        super().__init__("Saved ▾", kind="compact")
        self.setAccessibleName("Saved filters")
        self._tools = tools
        self._line = line
        self.saved: tuple[tuple[str, str], ...] = ()
        self.menu_ = QMenu(self)
        self.menu_.setAccessibleName("Saved filters")
        self.clicked.connect(self.open)

    def read(self) -> None:
        """Asks the desk which filters are saved."""
        self._tools.bridge.ask(self, self._tools.desk.filters(), self._on_read, self._on_failed)

    def _on_read(self, saved: tuple[tuple[str, str], ...]) -> None:
        self.saved = saved

    def _on_failed(self, error: BaseException) -> None:
        said = f"The saved filters cannot be read. {words.problem(error)}"
        self._tools.routes.say.emit("caution", said, _TOPIC)

    @Slot()
    def open(self) -> None:
        """Opens the menu at the button."""
        self.fill()
        self.menu_.popup(self.mapToGlobal(self.rect().bottomLeft()))

    def fill(self) -> None:
        """Puts what is saved by now into the menu."""
        self.menu_.clear()
        for name, text in self.saved:
            row = self.menu_.addAction(f"{words.unmnemonic(name)}\t{words.unmnemonic(text)}")
            row.triggered.connect(partial(self.apply, text))
        if not self.saved:
            self.menu_.addAction("No filter is saved yet").setEnabled(False)
        self.menu_.addSeparator()
        save = QAction("Save this filter…", self.menu_)
        save.setEnabled(self.can_save())
        save.triggered.connect(self.save_wanted)
        self.menu_.addAction(save)
        if self.saved:
            away = self.menu_.addMenu("Take away")
            for name, _ in self.saved:
                row = away.addAction(words.unmnemonic(name))
                row.triggered.connect(partial(self.take_away, name))

    def can_save(self) -> bool:
        """Whether there is a filter to keep, and it can be read."""
        return bool(self._line.text().strip()) and self._line.reads()

    def apply(self, text: str, _: bool = False) -> None:
        """Puts a saved filter into the line."""
        self._line.setText(text)

    def take_away(self, name: str, _: bool = False) -> None:
        """Forgets a saved filter."""
        self._put(name, "", f"The filter “{name}” is no longer saved.")

    def save(self, name: str) -> None:
        """Keeps the present filter under a name."""
        known = name.strip() in dict(self.saved)
        done = "now means this filter" if known else "is saved"
        self._put(name, self._line.text(), f"“{name.strip()}” {done}; find it under Saved.")

    def _put(self, name: str, text: str, said: str) -> None:
        future = self._tools.desk.save_filter(name, text)
        self._tools.bridge.ask(self, future, partial(self._on_put, said), self._on_not_put)

    def _on_put(self, said: str, _: object) -> None:
        self._tools.routes.say.emit("good", said, _TOPIC)
        self.read()

    def _on_not_put(self, error: BaseException) -> None:
        said = f"The saved filters are as they were. {words.problem(error)}"
        self._tools.routes.say.emit("danger", said, _TOPIC)


class SaveBox(Panel):
    """Asks under which name the present filter is to be kept.

    Signals:
        named: Keep it under this name.
        left: The person thought better of it, or is done.
    """

    named = Signal(str)
    left = Signal()

    def __init__(self) -> None:
        super().__init__("listbar")
        unit = fonts.measures().unit
        self.edit = ShortLine()
        self.edit.setAccessibleName("Name for this filter")
        self.edit.setPlaceholderText("For instance: Pressing")
        self.edit.setMaxLength(60)
        self.edit.taken.connect(self._on_confirm)
        self.edit.left.connect(self.leave)
        self.confirm = Button("Save", kind="compact")
        self.confirm.clicked.connect(self._on_confirm)
        self.edit.textChanged.connect(self._on_text)
        row = QHBoxLayout(self)
        row.setContentsMargins(unit + 4, unit, unit + 4, unit)
        row.setSpacing(unit)
        row.addWidget(Label("Save as", "small", "muted"))
        row.addWidget(self.edit, 1)
        row.addWidget(self.confirm)
        self.hide()

    def open(self) -> None:
        """Shows the box and puts the cursor in it."""
        self.edit.clear()
        self._on_text()
        self.show()
        self.edit.setFocus(Qt.FocusReason.ShortcutFocusReason)

    @Slot()
    def leave(self) -> None:
        """Hides the box."""
        self.hide()
        self.left.emit()

    @Slot()
    def _on_text(self) -> None:
        self.confirm.setEnabled(bool(self.edit.text().strip()))

    @Slot()
    def _on_confirm(self) -> None:
        name = self.edit.text().strip()
        if name:
            self.named.emit(name)
            self.leave()
