"""Read-only monospaced text as high as it needs to be, up to a limit."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QFontMetricsF, QTextOption, QWheelEvent
from PySide6.QtWidgets import QPlainTextEdit, QSizePolicy

from converge_desktop.ui import fonts, words


class TextView(QPlainTextEdit):
    """Text as it is, hidden characters shown; long text scrolls inside."""

    def __init__(
        self,
        text: str,
        name: str,
        limit: int = 24,
        kind: str = "text",
        *,
        anywhere: bool = False,
    ) -> None:
        """Shows a text; ``anywhere`` breaks lines inside words, for what is full of hashes."""
        super().__init__()
        self._limit = limit
        self._slack = 4 if kind == "text" else 2 * fonts.measures().unit + 6
        if anywhere:
            self.setWordWrapMode(QTextOption.WrapMode.WrapAnywhere)
        self.setProperty("kind", kind)
        self.setFont(fonts.font("mono-small"))
        self.setReadOnly(True)
        self.setUndoRedoEnabled(False)
        self.setPlainText(words.visible(text))
        self.setAccessibleName(name)
        self.document().setDocumentMargin(0)
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.WidgetWidth)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
            | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        # Not Fixed: that would cap the height at a hint made for another width.
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        if kind == "text":
            self.viewport().setAutoFillBackground(False)

    def _lines(self, width: int) -> int:
        # To the fraction: a letter is no whole number of pixels wide, and a line is many letters.
        wide = QFontMetricsF(fonts.font("mono-small")).horizontalAdvance("0")
        columns = max(8, int((width - self._slack) / max(1.0, wide)))
        rows = self.toPlainText().split("\n")
        return sum(max(1, -(-len(row) // columns)) for row in rows)

    def heightForWidth(self, width: int) -> int:  # noqa: N802
        """Override QWidget.heightForWidth."""
        lines = min(self._limit, max(1, self._lines(width)))
        return lines * self.fontMetrics().lineSpacing() + self._slack

    def hasHeightForWidth(self) -> bool:  # noqa: N802
        """Override QWidget.hasHeightForWidth."""
        return True

    def sizeHint(self) -> QSize:  # noqa: N802
        """Override QPlainTextEdit.sizeHint."""
        return QSize(320, self.heightForWidth(max(320, self.width())))

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """Override QPlainTextEdit.minimumSizeHint."""
        return QSize(120, self.fontMetrics().lineSpacing() + self._slack)

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802
        """Override QPlainTextEdit.wheelEvent: the page scrolls where this text does not."""
        bar = self.verticalScrollBar()
        if bar.minimum() == bar.maximum():
            event.ignore()
        else:
            super().wheelEvent(event)
