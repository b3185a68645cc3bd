"""A note about a step as it is shown, and the box it is written in."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QHideEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget
from shiboken6 import isValid

from converge_desktop.runtime.trace_model import Note
from converge_desktop.runtime.trace_notes import LONGEST
from converge_desktop.ui import fonts, words
from converge_desktop.ui.clock import UiClock
from converge_desktop.ui.pages.decide_words import name
from converge_desktop.ui.widgets.buttons import Button
from converge_desktop.ui.widgets.labels import Label, set_property
from converge_desktop.ui.widgets.say_box import SayBox
from converge_desktop.ui.widgets.whole_text import WholeText

BESIDE = "Kept beside the ledger, not in it: nothing follows from it."
_BRIEF, _BRIEF_LINES = 240, 3


class NoteLine(QWidget):
    """Who noted what and when, with what can be done about it; a long note is shown in part first.

    Signals:
        edit_wanted: The person wants to put it otherwise.
        remove_wanted: The person wants it to go.
    """

    edit_wanted = Signal()
    remove_wanted = Signal()

    def __init__(self, clock: UiClock) -> None:
        super().__init__()
        self._clock = clock
        self._note: Note | None = None
        unit = fonts.measures().unit
        self.head = Label("", "small-strong")
        self.said = WholeText("", "small")
        self.more = Button("Show all of it", kind="compact")
        self.more.clicked.connect(self._on_more)
        self.edit = Button("Edit", kind="compact").stands_for("trace.note")
        self.edit.clicked.connect(self.edit_wanted)
        self.remove = Button("Remove", kind="compact").stands_for("trace.note-remove")
        self.remove.clicked.connect(self.remove_wanted)
        column = QVBoxLayout()
        column.setSpacing(2)
        column.addWidget(self.head)
        column.addWidget(self.said)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(unit)
        row.addLayout(column, 1)
        for button in (self.more, self.edit, self.remove):
            row.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)
        self.hide()

    def show_note(self, note: Note | None) -> None:
        """Shows a note; nothing where there is none."""
        self._note = note
        self.setVisible(note is not None)
        if note is None:
            return
        when = words.clock_time(note.at, self._clock.now())
        self._say(f"Note by {name(note.by)}, {when}:", note.text, brief=True)
        self.edit.show()
        self.remove.show()

    def say_problem(self, text: str) -> None:
        """Says that it is not known what is noted, and why."""
        self._say("", text, brief=False)
        self.edit.hide()
        self.remove.hide()
        self.show()

    def _say(self, head: str, text: str, *, brief: bool) -> None:
        lines = text.split("\n")
        long = len(text) > _BRIEF or len(lines) > _BRIEF_LINES
        cut = "\n".join(lines[:_BRIEF_LINES])[:_BRIEF].rstrip() + " …"
        self.head.say(head)
        self.head.setVisible(bool(head))
        self.said.say(cut if long and brief else text)
        self.said.called(head.rstrip(":"))
        self.more.setVisible(long and brief)

    @Slot()
    def _on_more(self) -> None:
        if self._note is not None:
            self.said.say(self._note.text)
            self.more.hide()


class NoteBox(SayBox):
    """Room for a note, and what one is.

    Signals:
        turned: It was shown or hidden.
    """

    turned = Signal()

    def __init__(self) -> None:
        super().__init__("A note about this step", "What others should know about it", "Save")
        self.set_need_above()
        self._came_from: QWidget | None = None
        self.edit.textChanged.connect(self._tell)
        self._tell()

    def open(self) -> None:
        """Override SayBox.open: remembers where the keyboard was."""
        if self.isHidden():
            self._came_from = self.window().focusWidget()
        super().open()

    def write(self, text: str) -> None:
        """Puts a text into the box, as if it had been typed."""
        self.edit.setPlainText(text)
        self.edit.moveCursor(self.edit.textCursor().MoveOperation.End)

    def wait(self) -> None:
        """Says that it is being kept."""
        self.need.say("Saving…")

    def say_problem(self, text: str) -> None:
        """Says why it cannot be kept as it is."""
        self.need.say(text)
        set_property(self.need, "tone", "danger")
        set_property(self.edit, "invalid", "true")
        QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, text))

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        """Override QWidget.showEvent."""
        super().showEvent(event)
        self.turned.emit()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802
        """Override QWidget.hideEvent."""
        super().hideEvent(event)
        self.turned.emit()
        focus, back = self.window().focusWidget(), self._came_from
        inside = self.isHidden() and focus is not None and self.isAncestorOf(focus)
        if inside and back is not None and isValid(back) and back.isVisible():
            back.setFocus(Qt.FocusReason.OtherFocusReason)

    @Slot()
    def _tell(self) -> None:
        left = LONGEST - len(self.edit.toPlainText().strip())
        set_property(self.need, "tone", "muted" if left >= 0 else "danger")
        if left < 0:
            over = words.count(-left, "character")
            self.need.say(f"{over} too long: a note has at most {LONGEST:,}.")
        elif left < LONGEST // 10:
            self.need.say(f"{BESIDE} {words.count(left, 'character')} left.")
        else:
            self.need.say(BESIDE)
