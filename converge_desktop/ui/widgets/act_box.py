"""A box in the page in which something is done that takes a few words: what, why, and whether."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLineEdit, QVBoxLayout

from converge_desktop.ui import fonts
from converge_desktop.ui.widgets.buttons import Button
from converge_desktop.ui.widgets.chips import clear
from converge_desktop.ui.widgets.labels import Label, set_property
from converge_desktop.ui.widgets.lists import Panel

Values = Mapping[str, str]
"""What was typed, by the name of the field."""


@dataclass(frozen=True, slots=True)
class Field:
    """One line that is typed.

    Attributes:
        name: What it is called in code.
        label: What it is called for people.
        hint: What stands in the empty line.
        secret: Whether it is hidden as it is typed.
    """

    name: str
    label: str
    hint: str = ""
    secret: bool = False


def nothing_lacks(values: Values) -> str:
    """Says of an act that takes no words that nothing is missing."""
    del values
    return ""


@dataclass(frozen=True, slots=True)
class Act:
    """Something that can be done in the box.

    Attributes:
        id: Its name in code.
        title: What is asked, as a heading.
        about: What it means, in sentences.
        verb: What the button says.
        writes: What is written where, in a sentence.
        fields: What is typed.
        minds: What speaks against it, a sentence each.
        lacks: Says what is still missing; empty where nothing is.
        grave: Whether it cannot be taken back.
    """

    id: str
    title: str
    about: str
    verb: str
    writes: str
    fields: tuple[Field, ...] = ()
    minds: tuple[str, ...] = ()
    lacks: Callable[[Values], str] = nothing_lacks
    grave: bool = False


class ActBox(Panel):
    """Asks for what an act needs. It opens and closes where it is, and holds nothing else up.

    Signals:
        confirmed: The person means it.
        left: The person thought better of it.
    """

    confirmed = Signal()
    left = Signal()

    def __init__(self, hint: str = "") -> None:
        super().__init__("footer")
        self.act: Act | None = None
        self.edits: dict[str, QLineEdit] = {}
        self._busy = False
        unit = fonts.measures().unit
        self._title = Label("", "strong").wrapped()
        self._about = Label("").wrapped()
        self._about.setMaximumWidth(fonts.measures().text_width)
        self._minds = QVBoxLayout()
        self._minds.setSpacing(unit // 2)
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(unit * 2)
        self._grid.setVerticalSpacing(unit)
        self._writes = Label("", "small", "muted").wrapped()
        self.said = Label("", "body", "danger").wrapped().selectable()
        self.need = Label("", "small", "muted").wrapped()
        self.confirm_button = Button("", hint, "primary")
        self.confirm_button.clicked.connect(self.confirm)
        self.leave_button = Button("Never mind", "Esc")
        self.leave_button.clicked.connect(self.leave)
        row = QHBoxLayout()
        row.setSpacing(unit)
        row.addWidget(self.leave_button)
        row.addWidget(self.need, 1)
        row.addWidget(self.confirm_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(unit * 3, unit + 4, unit * 3, unit + 4)
        column.setSpacing(unit)
        column.addWidget(self._title)
        about = QHBoxLayout()
        about.addWidget(self._about, 1000)
        about.addStretch(1)  # takes what the sentence does not
        column.addLayout(about)
        column.addLayout(self._minds)
        column.addLayout(self._grid)
        for said in (self._writes, self.said):
            column.addWidget(said)
        column.addLayout(row)
        self.hide()

    def open(self, act: Act) -> None:
        """Asks for another act; what was typed stays where it is the one that is asked already."""
        if self.act is None or (act.id, act.fields) != (self.act.id, self.act.fields):
            self._ask_for(act.fields)
            self._say("", "danger")
        self.act = act
        self.setAccessibleName(act.title)
        self._title.say(act.title)
        self._about.say(act.about)
        self._writes.say(act.writes)
        clear(self._minds)
        for sentence in act.minds:
            self._minds.addWidget(Label(sentence, "body", "caution").wrapped())
        set_property(self.confirm_button, "kind", "plain" if act.grave else "primary")
        self.confirm_button.setFont(fonts.font(self.confirm_button.face()))
        self.confirm_button.setText(act.verb)
        self.confirm_button.setAccessibleName(act.verb)
        self.confirm_button.updateGeometry()
        self.refresh()
        self.show()
        self.take_focus()

    def take_focus(self) -> None:
        """Puts the cursor where something is missing."""
        empty = [edit for edit in self.edits.values() if not edit.text()]
        target = empty[0] if empty else next(iter(self.edits.values()), self.leave_button)
        target.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def values(self) -> dict[str, str]:
        """Returns what was typed; what is hidden to the letter, the rest without space around."""
        secret = {field.name for field in self.act.fields if field.secret} if self.act else set()
        return {
            name: edit.text() if name in secret else edit.text().strip()
            for name, edit in self.edits.items()
        }

    def lacks(self) -> str:
        """Says what is missing before it can be confirmed; empty where nothing is."""
        return self.act.lacks(self.values()) if self.act else "Nothing is asked."

    def can_confirm(self) -> bool:
        """Says whether a confirmation counts now."""
        return not self.isHidden() and not self._busy and not self.lacks()

    @Slot()
    def refresh(self) -> None:
        """Says what is missing, and lets it be confirmed where nothing is."""
        lacking = "" if self._busy else self.lacks()
        self.need.say(lacking)
        self.confirm_button.setEnabled(not self._busy and not lacking)
        for edit in self.edits.values():
            edit.setEnabled(not self._busy)

    @Slot()
    def confirm(self) -> None:
        """Confirms it, if nothing is missing."""
        if self.can_confirm():
            self.confirmed.emit()

    def work(self, said: str) -> None:
        """Says that it is under way."""
        self._busy = True
        self._say(said, "muted")
        self.refresh()

    def fail(self, said: str) -> None:
        """Says why it was not done; what was typed stays, but for what is hidden."""
        self._busy = False
        for field in self.act.fields if self.act else ():
            if field.secret:
                self.edits[field.name].clear()
        self._say(said, "danger")
        self.refresh()
        self.take_focus()

    def done(self) -> None:
        """Closes the box and forgets what was typed."""
        self._busy = False
        self.act = None
        self._ask_for(())
        self.hide()

    @Slot()
    def leave(self) -> None:
        """Closes the box, unless something is under way; what was typed is forgotten."""
        if not self._busy:
            self.done()
            self.left.emit()

    def _ask_for(self, fields: tuple[Field, ...]) -> None:
        clear(self._grid)
        self.edits = {}
        for row, field in enumerate(fields):
            edit = QLineEdit()
            edit.setFont(fonts.font("body"))
            edit.setPlaceholderText(field.hint)
            edit.setAccessibleName(field.label)
            edit.setMinimumWidth(fonts.measures().unit * 44)
            if field.secret:
                edit.setEchoMode(QLineEdit.EchoMode.Password)
            edit.textChanged.connect(self.refresh)
            name = Label(field.label, "body", "muted")
            name.setBuddy(edit)
            self._grid.addWidget(name, row, 0)
            self._grid.addWidget(edit, row, 1)
            self.edits[field.name] = edit
        self._grid.setColumnStretch(2, 1)

    def _say(self, text: str, tone: str) -> None:
        self.said.say(text)
        set_property(self.said, "tone", tone)
        self.said.setVisible(bool(text))
