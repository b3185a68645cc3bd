"""A bar with something that takes the room there is, and buttons beside it, or below."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QSizePolicy, QWidget

from converge_desktop.ui import fonts
from converge_desktop.ui.widgets.flow import FlowLayout
from converge_desktop.ui.widgets.lists import Panel

_ROOM = 18
"""How much room what stands first needs beside the buttons, in units."""


class TightBar(Panel):
    """Where the width does not do, the buttons stand in lines of their own."""

    def __init__(self, name: str, first: QWidget, *buttons: QWidget) -> None:
        super().__init__(name)
        unit = fonts.measures().unit
        self._first, self._buttons = first, buttons
        self._holder = QWidget()
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self._holder.setSizePolicy(policy)
        flow = FlowLayout(unit, unit, self._holder)
        for button in buttons:
            flow.addWidget(button)
        self._box = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._box.setContentsMargins(unit + 4, unit, unit + 4, unit)
        self._box.setSpacing(unit)
        self._box.addWidget(first, 1)
        self._box.addWidget(self._holder)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Override QWidget.resizeEvent."""
        super().resizeEvent(event)
        self._fit()

    def event(self, event: QEvent) -> bool:
        """Override QWidget.event: a button has other words by now, or is there no more."""
        if event.type() == QEvent.Type.LayoutRequest:
            self._fit()
        return super().event(event)

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """Override QWidget.minimumSizeHint: any width will do."""
        return QSize(0, super().minimumSizeHint().height())

    def _fit(self) -> None:
        unit = fonts.measures().unit
        seen = [button.sizeHint().width() for button in self._buttons if not button.isHidden()]
        needs = sum(seen) + unit * max(0, len(seen) - 1)
        tight = self.width() < needs + _ROOM * unit
        down = QBoxLayout.Direction.TopToBottom
        self._holder.setMinimumWidth(0 if tight else needs)
        self._holder.setMaximumWidth(16_777_215 if tight else needs)
        self._box.setDirection(down if tight else QBoxLayout.Direction.LeftToRight)
        self._box.setAlignment(
            self._holder, Qt.AlignmentFlag(0) if tight else Qt.AlignmentFlag.AlignVCenter
        )
