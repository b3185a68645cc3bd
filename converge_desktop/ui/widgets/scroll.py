"""A page that scrolls up and down, as high as its content is at the width there is."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QWidget


class ScrollBody(QWidget):
    """What scrolls. Text that wraps makes its height follow its width."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("body")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """Override QWidget.minimumSizeHint: QScrollArea asks for this alone."""
        layout = self.layout()
        if layout is None:
            return QSize(0, 0)
        if layout.hasHeightForWidth():
            return QSize(0, layout.totalHeightForWidth(max(1, self.width())))
        return QSize(0, layout.totalMinimumSize().height())

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Override QWidget.resizeEvent."""
        super().resizeEvent(event)
        if event.oldSize().width() != event.size().width():
            self.updateGeometry()


class ScrollPage(QScrollArea):
    """A frameless scroll area around a body."""

    def __init__(self, body: QWidget) -> None:
        super().__init__()
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setWidget(body)
