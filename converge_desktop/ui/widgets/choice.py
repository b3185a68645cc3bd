"""A choice of one out of a few, each with a value behind its words."""

from __future__ import annotations

from collections.abc import Iterable

from converge_desktop.ui import fonts
from converge_desktop.ui.widgets.combo import PackCombo


class Choice(PackCombo):
    """A box that opens; what is chosen is told by its value.

    Args:
        name: what it is about, for who does not see it.
        choices: values, each with its words.
    """

    def __init__(self, name: str, choices: Iterable[tuple[str, str]]) -> None:
        super().__init__()
        self.setFont(fonts.font("body"))
        self.setAccessibleName(name)
        for value, said in choices:
            self.addItem(said, value)

    def chosen(self) -> str:
        """Returns the value that is chosen."""
        return str(self.currentData() or "")

    def choose(self, value: str) -> None:
        """Chooses by value; one that is not offered changes nothing."""
        place = self.findData(value)
        if place >= 0:
            self.setCurrentIndex(place)
