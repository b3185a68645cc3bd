"""The box in which a person puts other words in an agent's place, checked as they type."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

from PySide6.QtCore import Qt, QTimer, Slot
from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from converge_desktop.runtime.deciding_model import Edit, EditView
from converge_desktop.ui import fonts, words
from converge_desktop.ui.pages.decide_words import name
from converge_desktop.ui.pages.page import Tools
from converge_desktop.ui.widgets.answer_box import AnswerBox, input_of
from converge_desktop.ui.widgets.approve_button import ApproveButton
from converge_desktop.ui.widgets.changes import ChangeRows
from converge_desktop.ui.widgets.labels import Label, caption, set_property
from converge_desktop.ui.widgets.scroll import ScrollBody, ScrollPage

PAUSE_MS = 250
"""How long nobody types before the desk looks at what was typed."""
_LOOKING = "Looking at the edit…"


class EditBox(AnswerBox):
    """What would be true, and its fields, to be written anew; and what the desk says about it."""

    def __init__(self, tools: Tools, permits: Callable[[], bool]) -> None:
        super().__init__("Edit and approve", _button(permits))
        self._permits = permits
        self._tools = tools
        self._gate, self._agent = "", ""
        self._before = Edit()
        self._view: EditView | None = None
        self._trouble = ""
        self._number = 0
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(PAUSE_MS)
        self._pause.timeout.connect(self.look)
        self.text = input_of("What is to become true", "What is to become true.", lines=3)
        self.fields = input_of("Its fields, as JSON", "", lines=7, role="mono-small")
        self.fields.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.fields.setTabChangesFocus(True)
        self.fields_caption = caption("Its fields, as JSON")
        self.text.textChanged.connect(self._on_typed)
        self.fields.textChanged.connect(self._on_typed)
        self.heading = Label("", "small-strong").wrapped()
        self.problems = Label("", "small", "danger").wrapped().selectable()
        self.changes = ChangeRows()
        self.content.addLayout(self._lay_out())

    def _lay_out(self) -> QHBoxLayout:
        unit = fonts.measures().unit
        left = QVBoxLayout()
        left.setSpacing(unit // 2)
        left.addWidget(caption("What becomes true"))
        left.addWidget(self.text)
        left.addWidget(self.fields_caption)
        left.addWidget(self.fields)
        left.addStretch(1)
        body = ScrollBody()
        body.setObjectName("said")
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, unit, 0)
        column.setSpacing(unit // 2)
        column.addWidget(self.heading)
        column.addWidget(self.problems)
        column.addWidget(self.changes)
        column.addStretch(1)
        both = QHBoxLayout()
        both.setSpacing(unit * 2)
        both.addLayout(left, 1)
        scroll = ScrollPage(body)
        scroll.viewport().setAutoFillBackground(False)  # it stands on the box's own ground
        body.setAutoFillBackground(False)
        both.addWidget(scroll, 1)
        return both

    def begin(self, gate_id: str, agent: str) -> None:
        """Fetches the words of a proposal, unless they are being edited already."""
        if gate_id == self._gate:
            return
        self._gate, self._agent = gate_id, agent
        self.text.clear()
        self.fields.clear()
        self._pause.stop()
        self._trouble, self._view = "Fetching its words…", None
        self._enable(on=False)
        self._tools.bridge.ask(
            self,
            self._tools.desk.proposed(gate_id),
            partial(self._on_proposed, gate_id),
            partial(self._on_not_proposed, gate_id),
        )

    def _on_proposed(self, gate_id: str, said: Edit) -> None:
        if gate_id != self._gate:
            return
        self._before = said
        self.text.setPlainText(said.content or "")
        has_fields = bool(said.structured)
        self.fields.setPlainText(_json(said.structured) if has_fields else "")
        self.fields.setVisible(has_fields)
        self.fields_caption.setVisible(has_fields)
        self._enable(on=True)
        self._pause.stop()
        self._nothing_yet()
        if self.isVisible():
            self.text.setFocus(Qt.FocusReason.OtherFocusReason)

    def _on_not_proposed(self, gate_id: str, error: BaseException) -> None:
        if gate_id == self._gate:
            self._gate = ""
            self._tell(words.problem(error))

    def edit(self) -> Edit | None:
        """Returns what was typed; None where the fields are no JSON, which is told."""
        structured = None
        if self.fields.isVisibleTo(self):
            try:
                structured = _fields(self.fields.toPlainText())
            except ValueError as error:
                self._tell(str(error))
                return None
            if not isinstance(structured, dict):
                self._tell("The fields begin with { and end with }. Put them in braces.")
                return None
        content = self.text.toPlainText().strip()
        same = content == (self._before.content or "").strip()
        other = None if structured == self._before.structured else structured
        return Edit(None if same else content, other)

    @Slot()
    def look(self) -> None:
        """Asks the desk what the edit would change, and what speaks against it."""
        edit = self.edit()
        if edit is None:
            return
        if edit == Edit():
            self._nothing_yet()
            return
        self._number += 1
        self._tools.bridge.ask(
            self,
            self._tools.desk.look_at_edit(self._gate, edit),
            partial(self._on_looked, self._number),
            partial(self._on_not_looked, self._number),
        )

    def _on_looked(self, number: int, view: EditView) -> None:
        if number != self._number or self._pause.isActive():
            return
        self._view, self._trouble = view, ""
        self.problems.say("\n".join(f"✕ {words.one_line(one)}" for one in view.problems))
        self.problems.setVisible(bool(view.problems))
        self.changes.show_changes(view.changes)
        self.heading.say(_heading(view, self._agent))
        self.refresh()

    def _on_not_looked(self, number: int, error: BaseException) -> None:
        if number == self._number and not self._pause.isActive():
            self._tell(words.problem(error))

    @Slot()
    def _on_typed(self) -> None:
        set_property(self.text, "invalid", "")
        self._view, self._trouble = None, _LOOKING
        self._number += 1
        self._pause.start()
        self.refresh()

    def _nothing_yet(self) -> None:
        self._view, self._trouble = None, "Change something first; to leave it as it is, approve."
        self.problems.hide()
        self.changes.show_changes(())
        self.heading.say("Nothing is changed yet.")
        self.refresh()

    def _tell(self, trouble: str) -> None:
        """Says why nothing can be said about the edit yet."""
        self._view, self._trouble = None, "What is told beside it stands against the edit."
        self.problems.say(f"✕ {trouble}")
        self.problems.show()
        self.changes.show_changes(())
        self.heading.say("This cannot be given yet.")
        self.refresh()

    def lacks(self) -> str:
        """Override AnswerBox.lacks."""
        if self._view is None:
            return self._trouble
        return "Mend what stands against it." if self._view.problems else ""

    def first(self) -> QWidget:
        """Override AnswerBox.first."""
        return self.text

    def refresh(self) -> None:
        """Override AnswerBox.refresh: also where nothing is missing, time may be."""
        super().refresh()
        self.confirm.setEnabled(not self.lacks() and self._permits())

    def take(self, origin: str) -> None:
        """Override AnswerBox.take."""
        if self.lacks() or self._permits():
            super().take(origin)

    def reset(self) -> None:
        """Override AnswerBox.reset."""
        self._gate = ""
        self._number += 1
        self._pause.stop()
        super().reset()

    def _enable(self, *, on: bool) -> None:
        self.text.setEnabled(on)
        self.fields.setEnabled(on)
        self.refresh()


def _button(permits: Callable[[], bool]) -> ApproveButton:
    made = ApproveButton(permits)
    made.weigh("high")
    made.setText("Approve with this edit")
    made.setAccessibleName("Approve with this edit")
    return made


def _fields(text: str) -> Any:
    """Reads what was typed as JSON.

    Raises:
        ValueError: if it cannot be read as exactly one thing, in a sentence.
    """
    try:
        return json.loads(text, object_pairs_hook=_each_once, parse_constant=_no_number)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        said = f"The fields are no JSON at {place}: {error.msg.lower()}. Mend that."
        raise ValueError(said) from error
    except RecursionError as error:
        raise ValueError("The fields lie too deep in one another. Make them flatter.") from error
    except _OddFields:
        raise
    except ValueError as error:  # digits beyond what Python reads
        raise ValueError("A number in the fields has too many digits. Shorten it.") from error


class _OddFields(ValueError):
    """The fields are JSON, but say nothing that could be recorded."""


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in found if names.count(name) > 1)
        said = f"The fields name “{words.one_line(twice)}” twice. Leave one of them out."
        raise _OddFields(said)
    return found


def _no_number(name: str) -> Any:
    raise _OddFields(f"{name} is no number that can be recorded. Write a whole number.")


def _json(structured: Any) -> str:
    return json.dumps(dict(structured), indent=2, ensure_ascii=False)


def _heading(view: EditView, agent: str) -> str:
    """Says over the changes who has not seen them, and what happens next."""
    if view.problems:
        return "What speaks against it, and what it would change:"
    if view.asks:
        others = ", ".join(name(who) for who in view.asks.split(", "))
        return f"Neither {agent} nor {others} has seen this. It is asked of {others} next:"
    return f"{agent} has not seen this, nor has anybody else. It becomes a fact in your words:"
