"""Chips: small facts in a header, some of which lead somewhere."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QLayout, QPushButton, QSizePolicy, QWidget

from converge_desktop.ui import fonts, words
from converge_desktop.ui.widgets.flow import FlowLayout
from converge_desktop.ui.widgets.labels import set_property


class Chip(QLabel):
    """A fact in a rounded box; its tone says what its words say."""

    def __init__(self, text: str, tone: str = "plain", tip: str = "") -> None:
        super().__init__()
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setToolTip(words.tooltip(tip))
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.say(text)
        self.tone(tone)

    def say(self, text: str) -> None:
        """Shows another fact."""
        self.setText(words.one_line(text))

    def tone(self, tone: str) -> None:
        """Shows it in another tone."""
        if self.property("chip") != tone:
            self.setFont(fonts.font("small-strong" if tone != "plain" else "small"))
            set_property(self, "chip", tone)


class ChipButton(QPushButton):
    """A chip that can be pressed."""

    def __init__(self, text: str, tip: str = "") -> None:
        super().__init__()
        self.setProperty("kind", "chip")
        self.setFont(fonts.font("small"))
        self.setText(words.unmnemonic(text))
        self.setToolTip(words.tooltip(tip))
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAutoDefault(False)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)


class ChipRow(QWidget):
    """Chips in a line, or several where the width ends."""

    def __init__(self) -> None:
        super().__init__()
        self._flow = FlowLayout(parent=self)
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def show_chips(self, *chips: QWidget) -> None:
        """Shows these chips instead of the ones before."""
        clear(self._flow)
        for chip in chips:
            self._flow.addWidget(chip)
        self.updateGeometry()


def clear(layout: QLayout) -> None:
    """Takes everything out of a layout; widgets go once control is back in the event loop."""
    while layout.count():
        item = layout.takeAt(0)
        if item is None:
            break
        widget = item.widget()
        inner = item.layout()
        if widget is not None:
            widget.hide()
            # It keeps its parent until then: an orphan would be Python's, and Python may collect
            # it on any thread.
            widget.deleteLater()
        elif inner is not None:
            clear(inner)
            inner.deleteLater()
