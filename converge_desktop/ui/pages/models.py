"""The model in use, and how to take another."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import (
    QFileDialog,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QVBoxLayout,
    QWidget,
)

from converge_desktop.runtime.port import StatusChanged
from converge_desktop.runtime.readmodel import ModelView
from converge_desktop.ui import fonts, words
from converge_desktop.ui.pages.page import Page, Tools
from converge_desktop.ui.widgets.buttons import Button
from converge_desktop.ui.widgets.chips import Chip, ChipRow, clear
from converge_desktop.ui.widgets.labels import Label, caption
from converge_desktop.ui.widgets.lists import Panel
from converge_desktop.ui.widgets.scroll import ScrollBody, ScrollPage

_STATES = {
    "none": ("No model is in use", "caution", "Choose a GGUF file; it is read in this process."),
    "loading": ("Loading", "accent", "The file is being read; runs wait for it."),
    "ready": ("Ready", "good", "It answers in this process; nothing is sent anywhere."),
    "busy": ("Answering", "accent", "A step is being computed; the next one waits its turn."),
    "failed": ("Could not be loaded", "danger", "Choose another file."),
}


class ModelsPage(Page):
    """One model at a time, by file."""

    def __init__(self, tools: Tools) -> None:
        super().__init__(tools, "Models")
        self._model: ModelView | None = None
        self._busy = False
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
        body = ScrollBody()
        column = QVBoxLayout(body)
        column.setContentsMargins(unit * 3, unit * 2 + 2, unit * 3, unit * 3)
        column.setSpacing(unit)
        self.problem = Label("", "body", "danger").wrapped().selectable()
        self.problem.setMaximumWidth(fonts.measures().text_width)
        self._about = Label("", "body").wrapped()
        column.addWidget(self.problem)
        column.addWidget(self._about)
        column.addSpacing(unit)
        self._details_caption = caption("Details")
        column.addWidget(self._details_caption)
        self._card = QFrame()
        self._card.setProperty("card", "plain")
        self._card.setMaximumWidth(fonts.measures().text_width + unit * 12)
        self._grid = QGridLayout(self._card)
        self._grid.setContentsMargins(unit * 2, unit + 4, unit * 2, unit + 4)
        self._grid.setHorizontalSpacing(unit * 3)
        self._grid.setVerticalSpacing(unit // 2 + 2)
        self._grid.setColumnStretch(1, 1)
        column.addWidget(self._card)
        column.addStretch(1)
        scroll = ScrollPage(body)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addWidget(header)
        outer.addWidget(scroll, 1)
        tools.bridge.status_changed.connect(self._on_status)
        self.show_model(ModelView())

    def show_model(self, model: ModelView) -> None:
        """Shows the model in use."""
        if model == self._model:
            return
        self._model = model
        state, tone, about = _STATES.get(model.state, (model.state, "plain", ""))
        self._title.say(model.name or "Model")
        chips: list[QWidget] = [Chip(state, tone)]
        if model.tokens_per_second:
            chips.append(Chip(f"{model.tokens_per_second:,} tokens/s"))
        if model.grade:
            chips.append(Chip(f"replay {model.grade}"))
        self._chips.show_chips(*chips)
        self._about.say(about)
        self.problem.say(words.sentence(model.problem))
        self.problem.setVisible(bool(model.problem))
        clear(self._grid)
        rows = [("file", model.path), ("SHA-256", model.sha256), *model.detail]
        told = [(name, value) for name, value in rows if value]
        for number, (name, value) in enumerate(told):
            key = Label(name, "small", "muted")
            key.setAlignment(Qt.AlignmentFlag.AlignTop)
            self._grid.addWidget(key, number, 0)
            said = Label(value, "mono-small").wrapped().selectable()
            said.setAccessibleName(words.one_line(f"{name}: {value}"))
            self._grid.addWidget(said, number, 1)
        self._details_caption.setVisible(bool(told))
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
        self._busy = True
        self.choose_button.setEnabled(False)
        self.tools.bridge.ask(
            self, self.tools.desk.load_model(path), self._on_loaded, self._on_failed
        )

    def _on_loaded(self, _: None) -> None:
        self.choose_button.setEnabled(True)
        self.tools.routes.say.emit("good", "The model is in use for runs from now on.", "model")

    def _on_failed(self, error: BaseException) -> None:
        self.choose_button.setEnabled(True)
        self.problem.say(words.problem(error))
        self.problem.show()
        said = f"The model was not changed. {words.problem(error)}"
        self.tools.routes.say.emit("danger", said, "model")

    @Slot(object)
    def _on_status(self, change: StatusChanged) -> None:
        self.show_model(change.status.model)


def ask_model(parent: QWidget, start: str) -> str:
    """Asks for a model file; returns nothing where the person leaves it."""
    chosen, _ = QFileDialog.getOpenFileName(parent, "Model file", start, "GGUF models (*.gguf)")
    return chosen
