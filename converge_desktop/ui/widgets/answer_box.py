"""What every box has in which a person answers: a question, what is missing, and two ways out."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from converge_desktop.runtime.wording import shows_something
from converge_desktop.ui import fonts
from converge_desktop.ui.widgets.approve_button import ConfirmButton
from converge_desktop.ui.widgets.buttons import Button
from converge_desktop.ui.widgets.chips import ChipButton, ChipRow
from converge_desktop.ui.widgets.labels import Label, set_property
from converge_desktop.ui.widgets.lists import Panel

_RECORDING = "Signing and recording…"


class AnswerBox(Panel):
    """A box at the foot of a review. It opens and closes where it is, and holds nothing else up.

    What was typed stays in it until :meth:`reset`.

    Signals:
        confirmed: The person means it; ``keyboard`` or ``pointer``.
        left: The person thought better of it.
    """

    confirmed = Signal(str)
    left = Signal()

    def __init__(self, title: str, confirm: ConfirmButton) -> None:
        super().__init__("footer")
        unit = fonts.measures().unit
        self._held = self._pointed = False
        self.setAccessibleName(title)
        self.about = Label("", "small", "muted").wrapped()
        self.about.hide()
        self.need = Label("", "small", "muted").wrapped()
        self.confirm = confirm
        self.confirm.pressed_by.connect(self._on_pressed)
        self.leave_button = Button("Leave it open", "Esc")
        self.leave_button.clicked.connect(self.leave)
        self.content = QVBoxLayout()
        self.content.setSpacing(unit)
        row = QHBoxLayout()
        row.setSpacing(unit)
        row.addWidget(self.leave_button)
        row.addWidget(self.need, 1)
        row.addWidget(self.confirm)
        column = QVBoxLayout(self)
        column.setContentsMargins(unit * 3, unit + 4, unit * 3, unit + 4)
        column.setSpacing(unit)
        column.addWidget(Label(title, "strong"))
        column.addWidget(self.about)
        column.addLayout(self.content)
        column.addLayout(row)

    def tell(self, about: str) -> None:
        """Says under the title what confirming would lead to."""
        self.about.say(about)
        self.about.setVisible(bool(about))

    def lacks(self) -> str:
        """Returns what is missing before it can be confirmed, in a sentence; empty if nothing."""
        return ""

    def first(self) -> QWidget:
        """Returns where the cursor goes when the box opens."""
        return self.confirm

    def open(self) -> None:
        """Shows the box and puts the cursor in it."""
        self.refresh()
        self.show()
        self.first().setFocus(Qt.FocusReason.ShortcutFocusReason)

    def reset(self) -> None:
        """Hides the box and forgets what was typed."""
        self.hide()

    def hold(self, *, held: bool) -> None:
        """Takes no confirmation while one is on its way; the cursor stays where one types."""
        if held is self._held:
            return
        self._held = held
        if held and self.confirm.hasFocus():  # which Qt would pass on, as the button goes off
            self._pointed = True
            self.setFocus(Qt.FocusReason.OtherFocusReason)
        self.refresh()
        if not held and self._pointed:
            self._pointed = False
            if self.isVisible():
                self.confirm.setFocus(Qt.FocusReason.OtherFocusReason)

    @Slot()
    def refresh(self) -> None:
        """Says what is missing, and lets it be confirmed where nothing is."""
        lacking = _RECORDING if self._held else self.lacks()
        self.need.say(lacking)
        self.confirm.setEnabled(not lacking)

    @Slot()
    def leave(self) -> None:
        """Closes the box; what was typed stays until another proposal is looked at."""
        self.hide()
        self.left.emit()

    def take(self, origin: str) -> None:
        """Confirms it, or shows where something is missing."""
        if not self.lacks():
            self.confirmed.emit(origin)
            return
        first = self.first()
        set_property(first, "invalid", "true")
        first.setFocus(Qt.FocusReason.OtherFocusReason)

    @Slot(str)
    def _on_pressed(self, origin: str) -> None:
        self.take(origin)


def input_of(name: str, hint: str, lines: int = 2, role: str = "body") -> QPlainTextEdit:
    """Makes a place for several lines of plain text."""
    unit = fonts.measures().unit
    made = QPlainTextEdit()
    made.setProperty("kind", "input")
    made.setFont(fonts.font(role))
    made.setTabChangesFocus(True)
    made.document().setDocumentMargin(unit // 2)
    made.setPlaceholderText(hint)
    made.setAccessibleName(name)
    made.setFixedHeight(fonts.line(role) * lines + unit * 2)
    return made


class ReasonBox(AnswerBox):
    """A box for a reason, with reasons ready to take.

    Args:
        title: what is asked.
        confirm: what the button says.
        name: what the line is called for those who hear it.
        hint: what stands in the empty line.
        need: what is said while there is no reason; empty where none is needed.
        presets: reasons ready to take.
    """

    def __init__(
        self,
        title: str,
        confirm: str,
        *,
        name: str,
        hint: str,
        need: str = "",
        presets: tuple[str, ...] = (),
    ) -> None:
        super().__init__(title, ConfirmButton(confirm))
        self._needs = need
        self.edit = input_of(name, hint)
        self.edit.textChanged.connect(self._on_text)
        self.presets = [ChipButton(text) for text in presets]
        self._texts = presets
        self.content.addWidget(self.edit)
        if presets:
            chips = ChipRow()
            for chip in self.presets:
                chip.clicked.connect(self._on_preset)
            chips.show_chips(*self.presets)
            self.content.addWidget(chips)

    def lacks(self) -> str:
        """Override AnswerBox.lacks."""
        return "" if shows_something(self.reason()) else self._needs

    def first(self) -> QWidget:
        """Override AnswerBox.first."""
        return self.edit

    def reason(self) -> str:
        """Returns what was typed, without space around it."""
        return self.edit.toPlainText().strip()

    def reset(self) -> None:
        """Override AnswerBox.reset."""
        self.edit.clear()
        super().reset()

    @Slot()
    def _on_text(self) -> None:
        set_property(self.edit, "invalid", "")
        self.refresh()

    @Slot()
    def _on_preset(self) -> None:
        chip = self.sender()
        if isinstance(chip, ChipButton) and chip in self.presets:
            text = self._texts[self.presets.index(chip)]
            self.edit.setPlainText(f"{self.reason()} {text}".strip())
            self.edit.moveCursor(self.edit.textCursor().MoveOperation.End)
            self.edit.setFocus(Qt.FocusReason.OtherFocusReason)
