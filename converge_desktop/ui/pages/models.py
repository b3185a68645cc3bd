"""The model in use, how to take another, and the models that are known by name."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QVBoxLayout,
    QWidget,
)

from converge_desktop.runtime.desk_model import ModelView
from converge_desktop.runtime.port import StatusChanged
from converge_desktop.runtime.wording import GRADES
from converge_desktop.ui import fonts, words
from converge_desktop.ui.pace import Pace
from converge_desktop.ui.pages.model_list import ModelList
from converge_desktop.ui.pages.page import Page, Tools
from converge_desktop.ui.status_bar import at_rest
from converge_desktop.ui.widgets.buttons import Button
from converge_desktop.ui.widgets.chips import Chip, ChipRow
from converge_desktop.ui.widgets.labels import Label, caption
from converge_desktop.ui.widgets.lists import Panel
from converge_desktop.ui.widgets.scroll import ScrollBody, ScrollPage
from converge_desktop.ui.widgets.values import ValueTable

_MEASURED = "found out how exactly it repeats itself here; once for each file and machine."
_STATES = {
    "none": ("No model is in use", "caution", "Choose a GGUF file; it is read in this process."),
    "loading": ("Loading", "accent", "The file is being read; runs wait for it."),
    "measuring": ("Measuring", "accent", f"It is {_MEASURED}"),
    "ready": ("Ready", "good", "It answers in this process; nothing is sent anywhere."),
    "busy": ("Answering", "accent", "A step is being computed; the next one waits its turn."),
    "failed": ("Could not be loaded", "danger", "Choose another file."),
}
_OTHERS = {
    "loading": ("Loading", "is being read; runs wait for it."),
    "measuring": ("Measuring", f"is being measured: it is {_MEASURED}"),
    "busy": ("Asking", "computes a step; the next one waits its turn."),
}
"""What is said where it is another model than the one in use."""


def other_of(model: ModelView) -> str:
    """Returns the model that is being loaded, measured or asked, if it is not the one in use."""
    return model.doing if model.state in _OTHERS and model.doing != model.name else ""


def state_words(model: ModelView) -> tuple[list[Chip], str]:
    """Says what the models are at: as chips, and in a sentence."""
    other = other_of(model)
    if not other:
        state, tone, about = _STATES.get(model.state, (model.state, "plain", ""))
        return [Chip(state, tone)], about
    verb, what = _OTHERS[model.state]
    chips = [Chip(f"{verb} {other}", "accent")]
    if not model.name:
        return chips, f"{other} {what}"
    return [Chip("In use", "good"), *chips], f"{other} {what} {model.name} stays in use."


class ModelsPage(Page):
    """One model in use, and those that packs may name."""

    def __init__(self, tools: Tools) -> None:
        super().__init__(tools, "Models")
        self._model: ModelView | None = None
        unit = fonts.measures().unit
        header = Panel("header")
        head = QVBoxLayout(header)
        head.setContentsMargins(unit * 3, unit + 4, unit * 3, unit + 4)
        head.setSpacing(unit)
        row = QHBoxLayout()
        self._title = Label("Model", "title").wrapped()
        row.addWidget(self._title, 1)
        self.choose_button = Button("Choose a GGUF file…", kind="compact")
        self.choose_button.clicked.connect(self.choose)
        row.addWidget(self.choose_button)
        head.addLayout(row)
        self._chips = ChipRow()
        head.addWidget(self._chips)
        self.list = ModelList()
        body = ScrollBody()
        self._box = QBoxLayout(QBoxLayout.Direction.LeftToRight, body)
        self._box.setContentsMargins(unit * 3, unit * 2 + 2, unit * 3, unit * 3)
        self._box.setSpacing(unit * 4)
        self._box.addWidget(self._build_used(), 11)
        self._box.addWidget(self.list, 9)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addWidget(header)
        outer.addWidget(self._build_trouble())
        outer.addWidget(ScrollPage(body), 1)
        self._figures = Pace(self.show_model, self, at_rest)
        tools.bridge.status_changed.connect(self._on_status)
        tools.bridge.recall_changed.connect(self.list.show_recall)
        self.list.show_recall(tools.desk.recall_state())
        self.show_model(ModelView())

    def _build_trouble(self) -> QWidget:
        """Makes the banner under the heading that says why a file is not in use."""
        unit = fonts.measures().unit
        self._trouble = QWidget()
        self._trouble.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._trouble.setProperty("banner", "danger")
        row = QHBoxLayout(self._trouble)
        row.setContentsMargins(unit * 3, unit, unit * 3, unit)
        row.setSpacing(unit * 2)
        self.problem = Label("", "body", "danger").wrapped().selectable()
        row.addWidget(self.problem, 1)
        self.again_button = Button("Look into it again", kind="compact")
        self.again_button.clicked.connect(self.look_again)
        row.addWidget(self.again_button)
        return self._trouble

    def _build_used(self) -> QWidget:
        unit = fonts.measures().unit
        made = QWidget()
        column = QVBoxLayout(made)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(unit)
        self._about = Label("", "body").wrapped()
        self._grade = Label("", "small", "muted").wrapped()
        self._caption = caption("In use")
        column.addWidget(self._caption)
        column.addWidget(self._about)
        column.addWidget(self._grade)
        self._card = QFrame()
        self._card.setProperty("card", "plain")
        inner = QVBoxLayout(self._card)
        inner.setContentsMargins(unit * 2, unit + 4, unit * 2, unit + 4)
        self._details = ValueTable()
        self._told: list[tuple[str, str]] = []
        inner.addWidget(self._details)
        column.addSpacing(unit // 2)
        column.addWidget(self._card)
        column.addStretch(1)
        return made

    def show_model(self, model: ModelView) -> None:
        """Shows the model in use, and those that are known."""
        if model == self._model:
            return
        self._model = model
        self._title.say(model.name or "Model")
        states, about = state_words(model)
        chips: list[QWidget] = [*states]
        if model.tokens_per_second:
            chips.append(Chip(f"{model.tokens_per_second:,} tokens/s"))
        if model.grade:
            chips.append(Chip(f"replay {model.grade}", tip=GRADES.get(model.grade, "")))
        self._chips.show_chips(*chips)
        heading = "In use" if model.sha256 else "Model"
        self._caption.say(heading)
        self._caption.setAccessibleName(heading)
        self._about.say(about)
        meaning = GRADES.get(model.grade, "")
        self._grade.say(f"Replay {model.grade}: {meaning[:1].lower()}{meaning[1:]}")
        self._grade.setVisible(bool(meaning))
        self._show_trouble(words.sentence(model.problem))
        self._show_details(model)
        self.list.show_models(model)

    def _show_trouble(self, sentence: str) -> None:
        self.problem.say(sentence)
        self._trouble.setVisible(bool(sentence))
        self.again_button.setVisible(bool(self._model and self._model.quarantined))

    def _show_details(self, model: ModelView) -> None:
        rows = [("file", model.path), ("SHA-256", model.sha256), *model.detail]
        told = [(name, value) for name, value in rows if value]
        if told != self._told:
            self._told = told
            self._details.show_rows(told)
        self._card.setVisible(bool(told))

    @Slot()
    def choose(self) -> None:
        """Lets the person choose a file, and takes it into use."""
        start = str(Path(self._model.path).parent) if self._model and self._model.path else ""
        chosen = ask_model(self, start)
        if chosen:
            self.load(Path(chosen))

    def load(self, path: Path) -> None:
        """Takes a file into use."""
        self._free(free=False)
        self.tools.bridge.ask(
            self, self.tools.desk.load_model(path), self._on_loaded, self._on_failed
        )

    @Slot()
    def look_again(self) -> None:
        """Has a quarantined file looked into anew, and takes it into use if it is good."""
        model = self._model
        if model is None or not model.quarantined:
            return
        path = Path(model.failed_path)
        self._free(free=False)
        self.tools.bridge.ask(
            self,
            self.tools.desk.release_model(model.quarantined),
            lambda _: self.load(path),
            self._on_failed,
        )

    def _free(self, *, free: bool) -> None:
        """Lets another file be asked for, or not while one is on its way."""
        self.choose_button.setEnabled(free)
        self.again_button.setEnabled(free)

    def _on_loaded(self, _: None) -> None:
        self._free(free=True)
        self.tools.routes.say.emit("good", "The model is in use for runs from now on.", "model")

    def _on_failed(self, error: BaseException) -> None:
        self._free(free=True)
        self._show_trouble(words.problem(error))
        said = f"The model was not changed. {words.problem(error)}"
        self.tools.routes.say.emit("danger", said, "model")

    @Slot(object)
    def _on_status(self, change: StatusChanged) -> None:
        self._figures.take(change.status.model)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Override QWidget.resizeEvent: what does not fit beside goes beneath."""
        super().resizeEvent(event)
        narrow = event.size().width() < fonts.measures().unit * 100
        down = QBoxLayout.Direction.TopToBottom
        self._box.setDirection(down if narrow else QBoxLayout.Direction.LeftToRight)


def ask_model(parent: QWidget, start: str) -> str:
    """Asks for a model file; returns nothing where the person leaves it."""
    chosen, _ = QFileDialog.getOpenFileName(parent, "Model file", start, "GGUF models (*.gguf)")
    return chosen
