"""Sentences for the person: stacked bars that never ask, never take the focus, and close."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt, Signal, Slot
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from converge_desktop.ui import fonts, icons, tokens
from converge_desktop.ui.widgets.buttons import IconButton
from converge_desktop.ui.widgets.labels import Label

_MOST = 4
_ICONS = {"info": "info", "good": "check", "caution": "alert", "danger": "alert"}
_WORDS = {"info": "Note", "good": "Done", "caution": "Mind", "danger": "Problem"}


class _Sign(QWidget):
    """The bar's sign; its shape, not only its colour, says how grave it is."""

    def __init__(self, severity: str) -> None:
        super().__init__()
        self._severity = severity
        self.setFixedSize(16, 16)
        self.setAccessibleName(_WORDS[severity])

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802, ARG002
        """Override QWidget.paintEvent."""
        painter = QPainter(self)
        tone = "accent" if self._severity == "info" else self._severity
        ink = tokens.current().tone(tone)
        icons.paint(painter, _ICONS[self._severity], QRectF(0, 0, 16, 16), ink)


class _Message(QWidget):
    """One sentence in a bar.

    Signals:
        closed: The person closed it.
    """

    closed = Signal(object)

    def __init__(self, severity: str, text: str, topic: str) -> None:
        super().__init__()
        self.topic = topic
        self.severity = severity
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setProperty("banner", severity)
        unit = fonts.measures().unit
        row = QHBoxLayout(self)
        row.setContentsMargins(unit * 3, unit - 2, unit, unit - 2)
        row.setSpacing(unit + 2)
        self.label = Label(text).wrapped().selectable()
        row.addWidget(_Sign(severity))
        row.addWidget(self.label, 1)
        close = IconButton("close", "Close this message", 14)
        close.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        close.clicked.connect(self._on_close)
        row.addWidget(close, 0, Qt.AlignmentFlag.AlignTop)

    @Slot()
    def _on_close(self) -> None:
        self.closed.emit(self)


class MessageBar(QWidget):
    """The stack of bars over a page, newest first."""

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Messages")
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self._messages: list[_Message] = []
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self.hide()

    def say(self, severity: str, text: str, topic: str = "") -> None:
        """Shows a sentence.

        Args:
            severity: ``info``, ``good``, ``caution`` or ``danger``.
            text: The sentence, plain.
            topic: A sentence on the same topic, or one that ends in the same words, is replaced.
                What ends in words that are shown says nothing new, and is not shown beside them.
        """
        known = severity if severity in _ICONS else "info"
        if any(text != shown and text.endswith(shown) for shown in self.texts()):
            return
        for old in list(self._messages):
            if (topic and old.topic == topic) or old.label.text().endswith(text):
                self._drop(old)
        message = _Message(known, text, topic)
        message.closed.connect(self._on_closed)
        self._messages.insert(0, message)
        self._column.insertWidget(0, message)
        while len(self._messages) > _MOST:
            self._drop(self._messages[-1])
        self.show()
        self._announce(text, urgent=known == "danger")

    def texts(self) -> list[str]:
        """Lists what is shown, newest first."""
        return [m.label.text() for m in self._messages]

    def close_newest(self) -> bool:
        """Closes the newest message; returns whether there was one."""
        if not self._messages:
            return False
        self._drop(self._messages[0])
        return True

    def _announce(self, text: str, *, urgent: bool) -> None:
        event = QAccessibleAnnouncementEvent(self, text)
        if urgent:
            event.setPoliteness(QAccessible.AnnouncementPoliteness.Assertive)
        QAccessible.updateAccessibility(event)

    @Slot(object)
    def _on_closed(self, message: _Message) -> None:
        self._drop(message)

    def _drop(self, message: _Message) -> None:
        if message not in self._messages:
            return
        self._messages.remove(message)
        self._column.removeWidget(message)
        message.hide()
        message.deleteLater()
        self.setVisible(bool(self._messages))
