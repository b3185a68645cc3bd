"""Labels that show plain text, with hidden characters made visible, and nothing else."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QLabel, QSizePolicy, QWidget

from converge_desktop.ui import fonts, words


class Label(QLabel):
    """A plain-text label in one of the roles of ``fonts``."""

    def __init__(self, text: str = "", role: str = "body", tone: str = "") -> None:
        super().__init__()
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setFont(fonts.font(role))
        if tone:
            self.setProperty("tone", tone)
        self.say(text)

    def say(self, text: str) -> None:
        """Shows another text; the same one again costs nothing."""
        shown = words.visible(text)
        if shown != self.text():
            self.setText(shown)

    def selectable(self) -> Label:
        """Lets the text be selected and copied with the mouse."""
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.setCursor(Qt.CursorShape.IBeamCursor)
        return self

    def wrapped(self) -> Label:
        """Lets the text take several lines."""
        self.setWordWrap(True)
        policy = self.sizePolicy()
        policy.setHorizontalPolicy(QSizePolicy.Policy.Preferred)
        policy.setVerticalPolicy(QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.setMinimumWidth(40)
        return self


class Elided(Label):
    """A label on one line, with an ellipsis where it does not fit."""

    def __init__(self, text: str = "", role: str = "body", tone: str = "") -> None:
        self._whole = self._exact = ""
        super().__init__(text, role, tone)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    def say(self, text: str, exact: str = "") -> None:
        """Shows another text, elided to the room there is; ``exact`` is what resting on it says."""
        said = (words.one_line(text), exact)
        if said != (self._whole, self._exact):
            self._whole, self._exact = said
            self.setAccessibleName(self._whole)
            self._fit()

    def resizeEvent(self, event: object) -> None:  # noqa: N802, ARG002
        """Override QWidget.resizeEvent."""
        self._fit()

    def _fit(self) -> None:
        room, mode = max(0, self.width()), Qt.TextElideMode.ElideRight
        fitted = self.fontMetrics().elidedText(self._whole, mode, room)
        if fitted != self.text():
            self.setText(fitted)
        said = (self._whole if fitted != self._whole else "", self._exact)
        self.setToolTip(words.tooltip("\n".join(filter(None, said))))


def caption(text: str) -> Label:
    """Makes the small heading over a section."""
    made = Label(text, "caption", "muted")
    made.setAccessibleName(text)
    return made


def code(text: str) -> Label:
    """Makes a name in a small box, for capabilities and keys."""
    made = Label(text, "mono-small")
    made.setProperty("code", "true")
    made.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
    return made


def rule() -> QFrame:
    """Makes a hairline."""
    made = QFrame()
    made.setProperty("rule", "true")
    made.setFixedHeight(1)
    return made


def set_property(widget: QWidget, name: str, value: str) -> None:
    """Sets a property that the style sheet looks at, and has the style look again if it has yet."""
    if widget.property(name) == value:
        return
    widget.setProperty(name, value)
    if not widget.testAttribute(Qt.WidgetAttribute.WA_WState_Polished):
        return  # it is looked at once it is shown
    widget.style().unpolish(widget)
    widget.style().polish(widget)
    widget.update()
