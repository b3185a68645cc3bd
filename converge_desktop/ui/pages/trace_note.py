"""What somebody noted about a step: shown above its parts, written in a box, and taken back."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import QObject, Signal, Slot

from converge_desktop.runtime.review_model import TraceRow
from converge_desktop.runtime.trace_model import Note
from converge_desktop.runtime.trace_notes import LONGEST
from converge_desktop.ui import words
from converge_desktop.ui.pages.page import Tools
from converge_desktop.ui.pages.trace_note_box import NoteBox, NoteLine
from converge_desktop.ui.pages.trace_words import title_of
from converge_desktop.ui.pages.traces_finding import tried
from converge_desktop.ui.widgets.task_strip import TaskStrip

_BRIEF = 80
"""How much of a note that is gone is repeated, in characters."""


@dataclass(frozen=True, slots=True)
class _Draft:
    """What was typed and not saved, and whether the box was open over it."""

    text: str
    opened: bool


@dataclass(frozen=True, slots=True)
class _Undo:
    """A note as it was before it was changed, and the step it is about."""

    row: TraceRow
    before: Note


class Notes(QObject):
    """Reads, writes and removes what is noted about the step that is shown.

    What was typed and not saved stays with its step, whatever is looked at meanwhile.

    Signals:
        changed: Something is noted about a step now that was not, or no more; its id.
    """

    changed = Signal(str)

    def __init__(self, tools: Tools, strip: TaskStrip) -> None:
        super().__init__(strip)
        self._tools = tools
        self._strip = strip
        self._row: TraceRow | None = None
        self._drafts: dict[str, _Draft] = {}
        self._undo: _Undo | None = None
        self._known = False
        self._saving: set[str] = set()
        self.note: Note | None = None
        self.line = NoteLine(tools.clock)
        self.box = NoteBox()
        self.line.edit_wanted.connect(self.open)
        self.line.remove_wanted.connect(self.remove)
        self.box.confirmed.connect(self._on_confirmed)
        self.box.left.connect(self._on_left)
        strip.pressed.connect(self._on_undo)

    def show_step(self, row: TraceRow) -> None:
        """Turns to a step; what was typed about the one before is kept."""
        if self._row is not None and self._row.trace_id == row.trace_id:
            self._row = row
            return
        self._keep_draft()
        self._row, self._known = row, False
        self._show_note(None)
        self.box.reset()
        draft = self._drafts.get(row.trace_id)
        if draft is not None and draft.opened:
            self.box.write(draft.text)
            self.box.show()
        self._ask(row.trace_id)

    def can_open(self) -> bool:
        """Says whether a step is shown about which something can be noted."""
        return self._row is not None

    @Slot()
    def open(self) -> None:
        """Opens the box, with what was typed before, or with what is noted."""
        if self._row is None:
            return
        if self.box.isHidden():
            draft = self._drafts.get(self._row.trace_id)
            self.box.write(draft.text if draft is not None else self._noted())
        self.box.open()

    def can_remove(self) -> bool:
        """Says whether something is noted that can be removed."""
        return self.note is not None

    @Slot()
    def remove(self) -> None:
        """Removes what is noted; it can be undone."""
        if self._row is not None and self.note is not None:
            self._write(self._row, "")

    def leave(self) -> bool:
        """Closes the box; returns whether it was open. What was typed stays."""
        if self.box.isHidden():
            return False
        self.box.leave()
        return True

    def _keep_draft(self) -> None:
        """Keeps what is in the box when another step comes to the front."""
        if self._row is not None and not self.box.isHidden():
            self._put_draft(self._row.trace_id, opened=True)

    def _put_draft(self, trace_id: str, *, opened: bool) -> None:
        text = self.box.edit.toPlainText()
        if text.strip() and text.strip() != self._noted():
            self._drafts[trace_id] = _Draft(text, opened)
        else:
            self._drafts.pop(trace_id, None)

    @Slot()
    def _on_left(self) -> None:
        if self._row is not None:
            self._put_draft(self._row.trace_id, opened=False)

    def _noted(self) -> str:
        return self.note.text if self.note is not None else ""

    def _ask(self, trace_id: str) -> None:
        self._tools.bridge.ask(
            self,
            tried(partial(self._tools.desk.trace_note, trace_id)),
            partial(self._on_note, trace_id),
            partial(self._on_unread, trace_id),
        )

    def _on_note(self, trace_id: str, note: Note | None) -> None:
        if not self._is_shown(trace_id) or self._known:  # it was put otherwise since
            return
        self._known = True
        self._show_note(note)
        if not self.box.isHidden() and not self.box.edit.toPlainText():  # opened before this came
            self.box.write(self._noted())

    def _on_unread(self, trace_id: str, error: BaseException) -> None:
        if self._is_shown(trace_id):
            self._known = True
            self.line.say_problem(f"What is noted cannot be read. {words.problem(error)}")

    def _is_shown(self, trace_id: str) -> bool:
        return self._row is not None and self._row.trace_id == trace_id

    def _show_note(self, note: Note | None) -> None:
        self.note = note
        self.line.show_note(note)

    @Slot(str)
    def _on_confirmed(self, text: str) -> None:
        if self._row is None:
            return
        if not self._known:
            self.box.say_problem("What is noted so far is still being read. Save it in a moment.")
        elif not text and self.note is None:
            self.box.say_problem("Nothing is written yet. Write something, or leave with Esc.")
        elif len(text) > LONGEST:
            over = words.count(len(text) - LONGEST, "character")
            self.box.say_problem(
                f"A note has at most {LONGEST:,} characters; this is {over} too long."
            )
        else:
            self.box.wait()
            self._write(self._row, text)

    def _write(self, row: TraceRow, text: str, undoing: _Undo | None = None) -> None:
        if row.trace_id in self._saving:
            return
        self._saving.add(row.trace_id)
        before = None if undoing else self.note
        self._tools.bridge.ask(
            self,
            tried(partial(self._tools.desk.annotate_trace, row.trace_id, text)),
            partial(self._on_written, row, before),
            partial(self._on_not_written, row, undoing),
        )

    def _on_written(self, row: TraceRow, before: Note | None, note: Note) -> None:
        self._saving.discard(row.trace_id)
        self._undo = None if before is None else _Undo(row, before)
        here = self._is_shown(row.trace_id)
        if here:
            self._known = True
            self._show_note(note if note.text else None)
        self._drop_typed(row, here=here, done={note.text, *((before.text,) if before else ())})
        said = f"The note about {title_of(row)} is {'saved' if note.text else 'removed'}."
        if before is None:
            self._strip.tell("good", said)
        else:
            self._strip.tell("good", f"{said} {_was(before, note.by)}", "Undo")
        self.changed.emit(row.trace_id)

    def _drop_typed(self, row: TraceRow, *, here: bool, done: set[str]) -> None:
        """Drops what was typed about a step, unless that went on while it was being kept."""
        draft = self._drafts.get(row.trace_id)
        typed = draft.text if draft is not None else ""
        if here and not self.box.isHidden():
            typed = self.box.edit.toPlainText()
        if typed.strip() in {"", *done}:
            self._drafts.pop(row.trace_id, None)
            if here:
                self.box.reset()

    def _on_not_written(self, row: TraceRow, undoing: _Undo | None, error: BaseException) -> None:
        self._saving.discard(row.trace_id)
        said = f"Nothing was noted about {title_of(row)}. {words.problem(error)}"
        if undoing is not None:
            self._undo = undoing
            self._strip.tell("danger", said, "Undo")
        elif self._is_shown(row.trace_id) and not self.box.isHidden():
            self.box.say_problem(said)
        else:
            self._strip.tell("danger", said)

    def can_undo(self) -> bool:
        """Says whether a note was changed or removed that can be put back."""
        return self._undo is not None and not self._strip.isHidden()

    def undo(self) -> None:
        """Puts back what was noted before; it is noted by who does this, now."""
        self._on_undo()

    @Slot()
    def _on_undo(self) -> None:
        undo = self._undo
        if undo is not None and undo.row.trace_id not in self._saving:
            self._undo = None
            self._write(undo.row, undo.before.text, undo)


def _was(before: Note, me: str) -> str:
    """Says what a note was, so that it is not lost with the strip alone."""
    shown = words.one_line(before.text)
    brief = shown if len(shown) <= _BRIEF else f"{shown[: _BRIEF - 1]}…"
    theirs = "" if before.by == me else " Undo puts it back, under your name."
    return f"It said: “{brief}”{theirs}"
