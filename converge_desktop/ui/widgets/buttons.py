"""Buttons that show their shortcut, and buttons that are an icon with a name."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QColor, QPaintEvent, QShowEvent
from PySide6.QtWidgets import (
    QPushButton,
    QSizePolicy,
    QStyle,
    QStyleOptionButton,
    QStylePainter,
    QToolButton,
)

from converge_desktop.ui import fonts, icons, tokens, words


class Button(QPushButton):
    """A button with its shortcut beside its words.

    Nothing in the window is a default button: Return never presses anything by itself.

    Attributes:
        action: the id of the action of the table that it does; empty where it does none.
        why: why it is off, where that is to be told.
    """

    def __init__(
        self, text: str, hint: str = "", kind: str = "plain", *, strong: bool = False
    ) -> None:
        super().__init__(words.unmnemonic(text))
        self.action = ""
        self.why = ""
        self._wanted = True
        self._held = False
        self._hint = hint
        self._strong = strong
        self.setProperty("kind", kind)
        self.setFont(fonts.font(self.face()))
        self.setAutoDefault(False)
        self.setDefault(False)
        self.setAccessibleName(text.rstrip("…"))
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def stands_for(self, action: str) -> Button:
        """Names the action of the table that it does: the window says what that writes."""
        if self.action and not action:  # it does something else from now on
            self.setToolTip("")
            self.setAccessibleDescription("")
            self.hold(held=False)
        self.action = action
        if self.isVisible():
            self._dress()
        return self

    def explain(self, why: str) -> None:
        """Says why it is off, in place of what pressing it writes; empty where it is not."""
        if why != self.why:
            self.why = why
            self._dress()

    def _dress(self) -> None:
        dress = getattr(self.window(), "dress", None)
        if self.action and dress is not None:
            dress(self)

    def hold(self, *, held: bool) -> None:
        """Keeps it from being pressed whatever its page says, until it is let go."""
        self._held = held
        super().setEnabled(self._wanted and not held)

    def setEnabled(self, enabled: bool) -> None:  # noqa: N802
        """Override QWidget.setEnabled: a button that is held stays so."""
        self._wanted = enabled
        super().setEnabled(enabled and not self._held)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        """Override QWidget.showEvent: the window says what pressing it writes."""
        super().showEvent(event)
        self._dress()

    def kind(self) -> str:
        """Says how the button is drawn, for instance ``plain`` or ``primary``."""
        return str(self.property("kind"))

    def face(self) -> str:
        """Names the font of the words; what is drawn never depends on when a style was set."""
        return "strong" if self._strong or self.kind() == "primary" else "body"

    def sizeHint(self) -> QSize:  # noqa: N802
        """Override QPushButton.sizeHint."""
        measures = fonts.measures()
        small = self.kind() == "compact"
        wide = fonts.metrics(self.face()).horizontalAdvance(self.text()) + 3 * measures.unit
        if self._hint:
            wide += self._hint_width() + measures.unit
        return QSize(wide, measures.compact if small else measures.control)

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """Override QPushButton.minimumSizeHint."""
        return self.sizeHint()

    def _hint_width(self) -> int:
        return fonts.metrics("mono-tiny").horizontalAdvance(self._hint)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Override QPushButton.paintEvent."""
        if not self._hint:
            super().paintEvent(event)
            return
        painter = QStylePainter(self)
        option = QStyleOptionButton()
        self.initStyleOption(option)
        words_ = option.text
        option.text = ""
        painter.drawControl(QStyle.ControlElement.CE_PushButton, option)
        ink, faint = self._inks()
        gap = fonts.measures().unit
        text_wide = fonts.metrics(self.face()).horizontalAdvance(self.text())
        left = (self.width() - text_wide - gap - self._hint_width()) // 2
        painter.setPen(ink)
        painter.setFont(fonts.font(self.face()))
        flags = int(Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextHideMnemonic)
        painter.drawText(QRect(left, 0, text_wide + 2, self.height()), flags, words_)
        painter.setPen(faint)
        painter.setFont(fonts.font("mono-tiny"))
        place = QRect(left + text_wide + gap, 1, self._hint_width() + 2, self.height())
        painter.drawText(place, int(Qt.AlignmentFlag.AlignVCenter), self._hint)

    def _inks(self) -> tuple[QColor, QColor]:
        look = tokens.current()
        if not self.isEnabled():
            return QColor(look.muted), QColor(look.muted)
        if self.kind() == "primary":
            return QColor(look.on_accent), QColor(look.on_accent)
        return QColor(look.text), QColor(look.muted)


class IconButton(QToolButton):
    """An icon that can be pressed; it always has a name."""

    def __init__(self, name: str, title: str, size: int = 16) -> None:
        super().__init__()
        self._icon = name
        self._side = size
        self.setAccessibleName(title)
        self.setToolTip(words.tooltip(title))
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFixedSize(size + 10, size + 10)

    def turn(self, name: str) -> None:
        """Shows another icon."""
        self._icon = name
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Override QToolButton.paintEvent."""
        super().paintEvent(event)
        painter = QStylePainter(self)
        look = tokens.current()
        ink = look.accent if self.underMouse() or self.hasFocus() else look.muted
        left = (self.width() - self._side) / 2
        top = (self.height() - self._side) / 2
        place = QRect(round(left), round(top), self._side, self._side).toRectF()
        icons.paint(painter, self._icon, place, QColor(ink))
