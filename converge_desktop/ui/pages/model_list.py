"""The models that are known by name: where each is, how it stands, and how to add one."""

from __future__ import annotations

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from converge_desktop.runtime.desk_model import ModelRow, ModelView
from converge_desktop.runtime.port import RecallChanged
from converge_desktop.runtime.wording import GRADES
from converge_desktop.ui import fonts, words
from converge_desktop.ui.widgets.chips import Chip, clear
from converge_desktop.ui.widgets.labels import Label, caption, rule, set_property
from converge_desktop.ui.widgets.values import value_view

ELSEWHERE = (
    "Elsewhere means that a server answers: what it is asked leaves this machine. It is asked only "
    "what the policy lets leave, never what is confidential or of high risk, and its answers are "
    "audit-only: they can be read here, not made again."
)
_NONE = "None yet. Steps that name no model take the one in use."
_ADD = (
    "To add one, write its name, and its file or its server’s address, into this file and start "
    "the app again:"
)
_DOING = {"loading": "loading…", "measuring": "measuring…", "busy": "answering…"}


def standing_of(row: ModelRow, model: ModelView) -> tuple[str, str]:
    """Says how a known model stands, and the tone of that."""
    if model.doing == row.name and model.state in _DOING:
        return _DOING[model.state], "accent"
    if row.remote:
        return "elsewhere", "plain"
    if row.loaded:
        return ("in use", "good") if row.where == model.path else ("loaded", "good")
    return "not loaded", "plain"


def recall_words(change: RecallChanged) -> tuple[str, str]:
    """Says how what can be recalled stands, and the tone of that."""
    upto = f"up to record {change.seq:,}" if change.seq >= 0 else "from the first record"
    match change.state:
        case "ready":
            return f"Recall has read the ledger {upto}.", "muted"
        case "filling":
            return f"Recall reads the ledger, {upto} so far; it answers from that.", "muted"
        case "opening":
            return "Recall is being opened.", "muted"
        case "failed":
            why = words.sentence(change.trouble)
            return f"Recall failed. {why} It is tried again by itself; runs go on.", "caution"
    return "Nothing is recalled on this desk: no model embeds texts.", "muted"


def grade_words(row: ModelRow) -> str:
    """Says how exactly a known model's answers can be had again."""
    if row.embeds:
        exactly = f"repeats itself {row.grade}" if row.grade else "measured once it is loaded"
        return f"embeds texts for recall and answers nothing · {exactly}"
    if row.remote:
        return "audit-only · asked only what the policy lets leave"
    if row.grade:
        return f"replay {row.grade}"
    return "its replay grade is known once it is loaded"


class ModelList(QWidget):
    """Lists the models by name, each with its place, its state and its grade."""

    def __init__(self) -> None:
        super().__init__()
        unit = fonts.measures().unit
        self._card = QFrame()
        self._card.setProperty("card", "plain")
        self._rows = QVBoxLayout(self._card)
        self._rows.setContentsMargins(unit * 2, unit // 2, unit * 2, unit // 2)
        self._rows.setSpacing(0)
        self._none = Label(_NONE, "body", "muted").wrapped()
        self._elsewhere = Label(ELSEWHERE, "small", "muted").wrapped()
        self._recall = Label("", "small", "muted").wrapped().selectable()
        self._add = Label(_ADD, "small", "muted").wrapped()
        self._place = Label("", "mono-small").wrapped().selectable()
        self._told: list[tuple[ModelRow, tuple[str, str]]] = []
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(unit)
        column.addWidget(caption("Known by name"))
        column.addWidget(self._none)
        column.addWidget(self._card)
        column.addWidget(self._recall)
        column.addWidget(self._elsewhere)
        column.addSpacing(unit // 2)
        column.addWidget(self._add)
        column.addWidget(self._place)
        column.addStretch(1)

    @Slot(object)
    def show_recall(self, change: RecallChanged) -> None:
        """Shows how what can be recalled stands."""
        said, tone = recall_words(change)
        self._recall.say(said)
        set_property(self._recall, "tone", tone)

    def show_models(self, model: ModelView) -> None:
        """Shows what is known, and how it stands."""
        told = [(row, standing_of(row, model)) for row in model.models]
        if told != self._told:  # a model that sets to work and is done again changes nothing here
            self._told = told
            clear(self._rows)
            for number, row in enumerate(model.models):
                if number:
                    self._rows.addWidget(rule())
                self._rows.addWidget(_item(row, model))
        self._card.setVisible(bool(model.models))
        self._none.setVisible(not model.models)
        self._elsewhere.setVisible(any(row.remote for row in model.models))
        self._place.say(model.catalogue)
        self._place.setAccessibleName(f"The file that adds models: {model.catalogue}")
        self._add.setVisible(bool(model.catalogue))
        self._place.setVisible(bool(model.catalogue))


def _item(row: ModelRow, model: ModelView) -> QWidget:
    unit = fonts.measures().unit
    standing, tone = standing_of(row, model)
    made = QWidget()
    column = QVBoxLayout(made)
    column.setContentsMargins(0, unit, 0, unit)
    column.setSpacing(unit // 2)
    top = QHBoxLayout()
    top.setSpacing(unit)
    top.addWidget(Label(row.name, "strong").wrapped(), 1)
    top.addWidget(Chip(standing, tone), 0, Qt.AlignmentFlag.AlignTop)
    column.addLayout(top)
    column.addWidget(value_view("where", row.where))
    said = Label(grade_words(row), "small", "muted").wrapped()
    said.setToolTip(words.tooltip(GRADES.get(row.grade, "")))
    column.addWidget(said)
    made.setAccessibleName(
        words.one_line(f"{row.name}, {standing}, {row.where}, {grade_words(row)}")
    )
    return made
