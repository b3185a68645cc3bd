"""A box in the page in which a person says why: a line or several, a button, and a way out."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from converge_desktop.runtime.wording import shows_something
from converge_desktop.ui import fonts
from converge_desktop.ui.widgets.buttons import Button
from converge_desktop.ui.widgets.labels import Label, set_property


class SayEdit(QPlainTextEdit):
    """A few lines of plain text; Ctrl+Return is done with it, Esc leaves it.

    Signals:
        done: The person is done with it.
        left: The person thought better of it.
    """

    done = Signal()
    left = Signal()

    def __init__(self, name: str, hint: str, lines: int = 2) -> None:
        super().__init__()
        unit = fonts.measures().unit
        self.setProperty("kind", "input")
        self.setFont(fonts.font("body"))
        self.setTabChangesFocus(True)
        self.document().setDocumentMargin(unit // 2)
        self.setPlaceholderText(hint)
        self.setAccessibleName(name)
        self.setFixedHeight(fonts.line("body") * lines + unit * 2)
        self.installEventFilter(self)

    def words(self) -> str:
        """Returns what was typed, without space around it; nothing where none of it can be seen."""
        said = self.toPlainText().strip()
        return said if shows_something(said) else ""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """Override QObject.eventFilter: the chord in here is this box's, and nobody else's."""
        if not isinstance(event, QKeyEvent) or event.type() not in {
            QEvent.Type.ShortcutOverride,
            QEvent.Type.KeyPress,
        }:
            return super().eventFilter(watched, event)
        chord = event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter} and bool(
            event.modifiers() & Qt.KeyboardModifier.ControlModifier
        )
        if not chord and event.key() != Qt.Key.Key_Escape:
            return super().eventFilter(watched, event)
        event.accept()
        if event.type() == QEvent.Type.KeyPress and not event.isAutoRepeat():
            (self.done if chord else self.left).emit()
        return True


class SayBox(QWidget):
    """A question, room for the answer, and what comes of it.

    Signals:
        confirmed: The person is done: what they said.
        left: The person thought better of it.
    """

    confirmed = Signal(str)
    left = Signal()

    def __init__(self, question: str, hint: str, confirm: str, *, needed: str = "") -> None:
        """Makes the box; ``needed`` says that nothing can be done without an answer, and why."""
        super().__init__()
        self.setObjectName("footer")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._needed = needed
        unit = fonts.measures().unit
        self.edit = SayEdit(question, hint)
        self.edit.textChanged.connect(self._on_text)
        self.edit.done.connect(self._on_confirm)
        self.edit.left.connect(self.leave)
        self.confirm = Button(confirm, "Ctrl ⏎")
        self.confirm.clicked.connect(self._on_confirm)
        leave = Button("Cancel", "Esc")
        leave.clicked.connect(self.leave)
        self.need = Label(needed, "small", "muted")
        column = QVBoxLayout(self)
        column.setContentsMargins(unit * 3, unit + 4, unit * 3, unit + 4)
        column.setSpacing(unit)
        column.addWidget(Label(question, "strong"))
        column.addWidget(self.edit)
        row = QHBoxLayout()
        row.setSpacing(unit)
        row.addWidget(leave)
        row.addWidget(self.need, 1)
        row.addWidget(self.confirm)
        column.addLayout(row)
        self._column, self._row = column, row
        self._on_text()
        self.hide()

    def set_need_above(self) -> None:
        """Sets what is needed on a line of its own, for what is long."""
        self.need.wrapped()
        self._row.removeWidget(self.need)
        self._row.insertStretch(1, 1)
        self._column.insertWidget(self._column.count() - 1, self.need)

    def open(self) -> None:
        """Shows the box and puts the cursor in it."""
        self.show()
        self.edit.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def reset(self) -> None:
        """Hides the box and forgets what was said."""
        self.edit.clear()
        self.hide()

    @Slot()
    def leave(self) -> None:
        """Closes the box; what was typed stays."""
        self.hide()
        self.left.emit()

    @Slot()
    def _on_text(self) -> None:
        missing = bool(self._needed) and not self.edit.words()
        self.confirm.setEnabled(not missing)
        self.need.say(self._needed if missing else "")
        set_property(self.edit, "invalid", "")

    @Slot()
    def _on_confirm(self) -> None:
        if self._needed and not self.edit.words():
            set_property(self.edit, "invalid", "true")
            self.edit.setFocus(Qt.FocusReason.OtherFocusReason)
        else:
            self.confirmed.emit(self.edit.words())
