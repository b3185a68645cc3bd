"""A small button that leads to what a value came from, by its id."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot

from converge_desktop.ui import words
from converge_desktop.ui.widgets.chips import ChipButton


class Follow(ChipButton):
    """Leads to one thing.

    Signals:
        followed: It was pressed, with the id of what it leads to.
    """

    followed = Signal(str)

    def __init__(self, text: str, identifier: str, name: str) -> None:
        """Makes the button; ``name`` says in words where it leads."""
        super().__init__(text, f"{name}: {identifier}")
        self.identifier = identifier
        self.setAccessibleName(words.one_line(f"{name}: {identifier}"))
        self.clicked.connect(self._on_clicked)

    @Slot()
    def _on_clicked(self) -> None:
        self.followed.emit(self.identifier)
