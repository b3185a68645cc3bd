"""The box under a review in which a rejection gets its reason."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from converge_desktop.ui import fonts
from converge_desktop.ui.widgets.buttons import Button
from converge_desktop.ui.widgets.chips import ChipButton, ChipRow
from converge_desktop.ui.widgets.labels import Label, set_property

PRESETS = (
    "The evidence does not support it.",
    "A source is missing or out of date.",
    "The plan leaves something out.",
    "Not now: circumstances have changed.",
)


class RejectBox(QWidget):
    """A line for the reason, reasons ready to take, and a button that needs one.

    Signals:
        confirmed: Reject, for this reason.
        left: The person thought better of it.
    """

    confirmed = Signal(str)
    left = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("footer")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        unit = fonts.measures().unit
        self.edit = QPlainTextEdit()
        self.edit.setProperty("kind", "input")
        self.edit.setFont(fonts.font("body"))
        self.edit.setTabChangesFocus(True)
        self.edit.document().setDocumentMargin(unit // 2)
        self.edit.setPlaceholderText("What speaks against it? The agent and the record get this.")
        self.edit.setAccessibleName("Reason for rejecting")
        self.edit.setFixedHeight(fonts.line("body") * 2 + unit * 2)
        self.edit.textChanged.connect(self._on_text)
        self.edit.installEventFilter(self)
        chips = ChipRow()
        self.presets = [ChipButton(text) for text in PRESETS]
        for chip in self.presets:
            chip.clicked.connect(self._on_preset)
        chips.show_chips(*self.presets)
        self.confirm = Button("Reject with this reason", "Ctrl ⏎")
        self.confirm.clicked.connect(self._on_confirm)
        leave = Button("Leave it open", "Esc")
        leave.clicked.connect(self.leave)
        self.need = Label("A rejection needs a reason.", "small", "muted")
        column = QVBoxLayout(self)
        column.setContentsMargins(unit * 3, unit + 4, unit * 3, unit + 4)
        column.setSpacing(unit)
        column.addWidget(Label("Why not?", "strong"))
        column.addWidget(self.edit)
        column.addWidget(chips)
        row = QHBoxLayout()
        row.setSpacing(unit)
        row.addWidget(leave)
        row.addWidget(self.need)
        row.addStretch(1)
        row.addWidget(self.confirm)
        column.addLayout(row)
        self._on_text()

    def open(self) -> None:
        """Shows the box and puts the cursor in it."""
        self.show()
        self.edit.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def reset(self) -> None:
        """Hides the box and forgets the reason."""
        self.edit.clear()
        set_property(self.edit, "invalid", "")
        self.hide()

    def reason(self) -> str:
        """Returns what was typed, without space around it."""
        return self.edit.toPlainText().strip()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """Override QObject.eventFilter: the chord in this box rejects and never approves."""
        if isinstance(event, QKeyEvent) and event.type() in {
            QEvent.Type.ShortcutOverride,
            QEvent.Type.KeyPress,
        }:
            chord = event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter} and bool(
                event.modifiers() & Qt.KeyboardModifier.ControlModifier
            )
            if chord or event.key() == Qt.Key.Key_Escape:
                event.accept()
                if event.type() == QEvent.Type.KeyPress and not event.isAutoRepeat():
                    if chord:
                        self._on_confirm()
                    else:
                        self.leave()
                return True
        return super().eventFilter(watched, event)

    @Slot()
    def leave(self) -> None:
        """Closes the box; what was typed stays until another proposal is looked at."""
        self.hide()
        self.left.emit()

    @Slot()
    def _on_text(self) -> None:
        given = bool(self.reason())
        self.confirm.setEnabled(given)
        self.need.setVisible(not given)
        set_property(self.edit, "invalid", "")

    @Slot()
    def _on_preset(self) -> None:
        chip = self.sender()
        if isinstance(chip, ChipButton) and chip in self.presets:
            text = PRESETS[self.presets.index(chip)]
            already = self.reason()
            self.edit.setPlainText(f"{already} {text}".strip())
            self.edit.moveCursor(self.edit.textCursor().MoveOperation.End)
            self.edit.setFocus(Qt.FocusReason.OtherFocusReason)

    @Slot()
    def _on_confirm(self) -> None:
        if self.reason():
            self.confirmed.emit(self.reason())
        else:
            set_property(self.edit, "invalid", "true")
            self.edit.setFocus(Qt.FocusReason.OtherFocusReason)
