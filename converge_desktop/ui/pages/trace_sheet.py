"""What the tabs of a recorded step are made of: sheets that scroll, cards, what is built late."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from converge_desktop.ui import fonts
from converge_desktop.ui.widgets.chips import clear
from converge_desktop.ui.widgets.disclosure import Disclosure
from converge_desktop.ui.widgets.labels import Label, caption
from converge_desktop.ui.widgets.scroll import ScrollBody, ScrollPage

Build = Callable[[], QWidget]


class Sheet(ScrollPage):
    """One tab's content, scrolled."""

    def __init__(self, width: int = 0) -> None:
        body = ScrollBody()
        super().__init__(body)
        unit = fonts.measures().unit
        outer = QVBoxLayout(body)
        outer.setContentsMargins(unit * 3, unit * 2 + 2, unit * 3, unit * 3)
        holder = QWidget()
        holder.setMinimumWidth(1)  # else what is too wide would have the height of its own width
        holder.setMaximumWidth(width or fonts.measures().text_width + unit * 30)
        self.column = QVBoxLayout(holder)
        self.column.setContentsMargins(0, 0, 0, 0)
        self.column.setSpacing(unit)
        outer.addWidget(holder)
        outer.addStretch(1)

    def show_parts(self, *parts: QWidget) -> None:
        """Shows these parts, one under the other, instead of the ones before."""
        clear(self.column)
        for part in parts:
            self.column.addWidget(part)
            part.show()  # now, and not in the next turn of the loop

    def page(self, key: int) -> bool:
        """Scrolls by a page, or to an end; returns whether the key means that."""
        bar = self.verticalScrollBar()
        match key:
            case Qt.Key.Key_PageUp:
                bar.setValue(bar.value() - bar.pageStep())
            case Qt.Key.Key_PageDown:
                bar.setValue(bar.value() + bar.pageStep())
            case Qt.Key.Key_Home:
                bar.setValue(bar.minimum())
            case Qt.Key.Key_End:
                bar.setValue(bar.maximum())
            case _:
                return False
        return True


class Later(QWidget):
    """What is built once it is first looked at."""

    def __init__(self, build: Build) -> None:
        super().__init__()
        self._build = build
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)

    @Slot(bool)
    def fill(self, opened: bool) -> None:
        """Builds it, the first time it is opened."""
        if opened and not self._column.count():
            made = self._build()
            self._column.addWidget(made)
            made.show()


def folded(title: str, about: str, build: Build, *, opened: bool = False) -> Disclosure:
    """Makes a section whose content is built when it is first opened."""
    content = Later(build)
    content.fill(opened)
    made = Disclosure(title, about, content, opened=opened)
    made.head.toggled.connect(content.fill)
    return made


def column_of(*parts: QWidget, gap: int = -1) -> QWidget:
    """Sets parts one under the other."""
    made = QWidget()
    column = QVBoxLayout(made)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(fonts.measures().unit if gap < 0 else gap)
    for part in parts:
        column.addWidget(part)
    return made


def card_of(*parts: QWidget) -> QFrame:
    """Sets parts one under the other in a card."""
    made = QFrame()
    made.setProperty("card", "plain")
    unit = fonts.measures().unit
    inner = QVBoxLayout(made)
    inner.setContentsMargins(unit * 2, unit + 4, unit * 2, unit + 4)
    inner.setSpacing(unit)
    for part in parts:
        inner.addWidget(part)
    return made


def section_of(title: str, *parts: QWidget) -> QWidget:
    """Sets a card under its heading."""
    unit = fonts.measures().unit
    made = column_of(caption(title), card_of(*parts), gap=unit // 2 + 2)
    made.setContentsMargins(0, unit // 2, 0, 0)
    return made


def prose(text: str, role: str = "body", tone: str = "") -> QWidget:
    """Makes a paragraph no wider than is read well."""
    made = QWidget()
    row = QHBoxLayout(made)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(0)
    said = Label(text, role, tone).wrapped()
    said.setMaximumWidth(fonts.measures().text_width)
    row.addWidget(said, 1000)
    row.addStretch(1)  # takes what the text does not, so that its height follows its own width
    return made
