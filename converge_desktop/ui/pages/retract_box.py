"""Taking a fact back: what rests on it first, then why, then what is to stand instead."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from converge_desktop.runtime.fact_model import FactView, Retractable
from converge_desktop.ui import fonts, words
from converge_desktop.ui.widgets.buttons import Button
from converge_desktop.ui.widgets.chips import ChipButton, ChipRow
from converge_desktop.ui.widgets.labels import Label, set_property
from converge_desktop.ui.widgets.say_box import SayEdit

_SHOWN = 6
_NAMED = 3
_PERMITTED = "requires-human"
Rest = tuple[tuple[str, str], ...]
"""What rests on a fact: names, each with a label."""


def who_words(can: Retractable) -> str:
    """Says who will decide about a retraction, and what to do where nobody could."""
    if can.forbidden:
        return f"The policy forbids it by rule {can.rule}: {words.sentence(can.reason)}"
    if can.own:
        return "You may approve it yourself; that is marked in the record."
    if can.others:
        them = " or ".join(can.others[:_NAMED])
        them += " or others" if len(can.others) > _NAMED else ""
        return f"It will wait for {them}: whoever proposes a correction does not approve it."
    return (
        "Nobody at this desk could approve it: whoever proposes a correction does not approve it, "
        "and nobody else is enrolled. It would wait in the inbox until somebody is. Enrol a second "
        f"person under People{_policy_words(can)}."
    )


def _policy_words(can: Retractable) -> str:
    """Says how a policy would let whoever proposes it approve it, if it can at all."""
    if can.rule == _PERMITTED:
        return ""  # a rule that permits has no review in which self_approval could stand
    if can.rule == "no rule":
        return ", or write a rule about it into the policy, of medium risk and with self_approval"
    if can.high:
        return "; no policy lets anybody approve their own words where the risk is high"
    return f", or allow self_approval in the policy, in the review of rule {can.rule}"


class RetractBox(QWidget):
    """The box under the inspector.

    Signals:
        confirmed: Take it back: for this reason, with this text instead; the text may be empty.
        followed: One of what rests on it is wanted: its name in the graph.
        left: The person thought better of it.
    """

    confirmed = Signal(str, str)
    followed = Signal(str)
    left = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("footer")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._busy = False
        self._leads: dict[ChipButton, str] = {}
        unit = fonts.measures().unit
        self._radius = Label("", "strong").wrapped()
        self._rest = ChipRow()
        self._who = Label("", "small").wrapped()
        self.reason = SayEdit(
            "Reason for taking it back", "What is wrong with it? The record keeps it."
        )
        self.instead = SayEdit(
            "What stands instead", "It may stay empty; then it is only retracted.", 1
        )
        for edit in (self.reason, self.instead):
            edit.textChanged.connect(self._refresh)
            edit.done.connect(self._on_confirm)
            edit.left.connect(self.leave)
        self.confirm = Button("Propose to retract it", "Ctrl ⏎").stands_for("fact.retract")
        self.confirm.clicked.connect(self._on_confirm)
        leave = Button("Let it stand", "Esc")
        leave.clicked.connect(self.leave)
        self._need = Label("", "small", "muted").wrapped()
        column = QVBoxLayout(self)
        column.setContentsMargins(unit * 3, unit + 4, unit * 3, unit + 4)
        column.setSpacing(unit)
        for widget in (self._radius, self._rest, self._who):
            column.addWidget(widget)
        column.addWidget(_field("Why", self.reason))
        column.addWidget(self.reason)
        column.addWidget(_field("What is true instead", self.instead))
        column.addWidget(self.instead)
        row = QHBoxLayout()
        row.setSpacing(unit)
        row.addWidget(leave)
        row.addWidget(self._need, 1)
        row.addWidget(self.confirm)
        column.addLayout(row)
        self.hide()

    def open(self, view: FactView, said: str, rest: Rest) -> None:
        """Shows the box for a fact: what rests on it, and who will decide."""
        self.tell_rest(said, rest)
        can = view.retractable
        self._who.say(who_words(can))
        tone = "danger" if can.forbidden else "" if can.own or can.others else "caution"
        set_property(self._who, "tone", tone or "muted")
        self._refresh()
        self.show()
        self.reason.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def tell_rest(self, said: str, rest: Rest) -> None:
        """Says what rests on the fact, which may be known better later."""
        self._radius.say(said)
        self._leads = {}
        for name, label in rest[:_SHOWN]:
            chip = ChipButton(words.short_id(label, 40), label)
            chip.setAccessibleName(words.one_line(f"Rests on it: {label}"))
            chip.clicked.connect(self._on_chip)
            self._leads[chip] = name
        chips: list[QWidget] = [*self._leads]
        if len(rest) > _SHOWN:
            chips.append(Label(f"and {len(rest) - _SHOWN:,} more, in the tree", "small", "muted"))
        self._rest.show_chips(*chips)
        self._rest.setVisible(bool(rest))

    def work(self, *, on: bool) -> None:
        """Says that the proposal is being made, or is not any more."""
        self._busy = on
        self._refresh()

    def reset(self) -> None:
        """Hides the box and forgets what was typed."""
        for edit in (self.reason, self.instead):
            edit.clear()
        self._busy = False
        self.hide()

    @Slot()
    def leave(self) -> None:
        """Closes the box; what was typed stays until another fact is looked at."""
        self.hide()
        self.left.emit()

    @Slot()
    def _refresh(self) -> None:
        given = bool(self.reason.words())
        self.confirm.setEnabled(given and not self._busy)
        self._need.say("Proposing it…" if self._busy else "" if given else "It needs a reason.")
        set_property(self.reason, "invalid", "")

    @Slot()
    def _on_chip(self) -> None:
        chip = self.sender()
        if isinstance(chip, ChipButton) and chip in self._leads:
            self.followed.emit(self._leads[chip])

    @Slot()
    def _on_confirm(self) -> None:
        if self._busy:
            return
        if self.reason.words():
            self.confirmed.emit(self.reason.words(), self.instead.words())
        else:
            set_property(self.reason, "invalid", "true")
            self.reason.setFocus(Qt.FocusReason.OtherFocusReason)


def _field(text: str, edit: QWidget) -> Label:
    made = Label(text, "small-strong")
    made.setBuddy(edit)
    return made
