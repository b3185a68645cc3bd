"""Checks that ran, with what came of each."""

from __future__ import annotations

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from converge_desktop.runtime.review_model import CheckRow
from converge_desktop.ui import fonts, icons, tokens, words
from converge_desktop.ui.widgets.labels import Label
from converge_desktop.ui.widgets.whole_text import WholeText


class Sign(QWidget):
    """A check mark, a cross or an exclamation, in its tone."""

    def __init__(self, icon: str, tone: str, name: str) -> None:
        super().__init__()
        self._icon = icon
        self._tone = tone
        self._side = fonts.metrics("small").height() - 2
        self.setFixedSize(self._side, fonts.line("small"))
        self.setAccessibleName(name)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802, ARG002
        """Override QWidget.paintEvent."""
        painter = QPainter(self)
        top = (self.height() - self._side) / 2
        ink = tokens.current().tone(self._tone)
        icons.paint(painter, self._icon, QRectF(0, top, self._side, self._side), ink)


def check_line(
    icon: str, tone: str, said: str, text: str, *, more: str = "", whole: bool = False
) -> QWidget:
    """Makes one line: a sign, a text, and a quieter explanation under it.

    Args:
        icon: The sign.
        tone: Its tone.
        said: What it means, in words.
        text: The text.
        more: The explanation.
        whole: Whether the text may be of any length, without a space to break it at.
    """
    made = QWidget()
    row = QHBoxLayout(made)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(fonts.measures().unit)
    sign = Sign(icon, tone, said)
    words_ = QVBoxLayout()
    words_.setContentsMargins(0, 0, 0, 0)
    words_.setSpacing(1)
    words_.addWidget(WholeText(text, "small") if whole else Label(text, "small").wrapped())
    if more and whole:
        words_.addWidget(WholeText(more, "small", "muted"))
    elif more:
        words_.addWidget(Label(more, "small", "muted").wrapped())
    hold = QVBoxLayout()
    hold.addWidget(sign)
    hold.addStretch(1)
    row.addLayout(hold)
    row.addLayout(words_, 1)
    made.setAccessibleName(words.one_line(f"{said}: {text} {more}".strip()))
    return made


def check_rows(checks: tuple[CheckRow, ...], *, whole: bool = False) -> list[QWidget]:
    """Makes a line for each check, those that failed first."""
    made = []
    for check in sorted(checks, key=lambda c: c.passed):
        icon, tone, said = (
            ("check", "good", "Passed") if check.passed else ("cross", "danger", "Failed")
        )
        made.append(check_line(icon, tone, said, check.name, more=check.reason, whole=whole))
    return made
