"""What a person changes of a recorded step before it is tried: its layers, and the model asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from PySide6.QtCore import QMimeData, Qt, Signal, Slot
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from converge_core.envelope import ReplayGrade
from converge_desktop.runtime.desk_model import ModelView
from converge_desktop.runtime.review_model import LayerRow, TraceView
from converge_desktop.runtime.trace_tried import LONGEST
from converge_desktop.ui import fonts, words
from converge_desktop.ui.pages.trace_sheet import card_of, column_of, folded, prose
from converge_desktop.ui.pages.trace_words import layer_title
from converge_desktop.ui.widgets.buttons import Button
from converge_desktop.ui.widgets.chips import clear
from converge_desktop.ui.widgets.choice import Choice
from converge_desktop.ui.widgets.labels import Label, caption, set_property
from converge_desktop.ui.widgets.say_box import SayEdit

_LINES = 10
"""How many lines of a layer are in sight at once."""
_OPEN = "state"
"""The layer that is opened first: what is asked about."""


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be other: the text of layers by name, and the model; empty for the recorded."""

    layers: Mapping[str, str] = field(default_factory=dict)
    model: str = ""

    def __bool__(self) -> bool:
        """Whether anything is."""
        return bool(self.layers or self.model)


def models_of(model: ModelView) -> tuple[str, ...]:
    """Returns the models of this machine that can be asked, by name, the one in use first."""
    known = [
        row.name
        for row in model.models
        if not (row.remote or row.embeds or (model.quarantined and row.where == model.failed_path))
    ]
    in_use = [model.name] if model.name and model.state in {"ready", "busy", "measuring"} else []
    return tuple(dict.fromkeys((*in_use, *known)))


class ModelChoice(Choice):
    """A choice of models; the wheel scrolls what it stands in, and chooses nothing."""

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802
        """Override QComboBox.wheelEvent."""
        event.ignore()


class LayerEdit(SayEdit):
    """A layer as plain text; what is pasted is cut at the most that is taken."""

    def __init__(self, name: str) -> None:
        super().__init__(name, "Empty: the layer is left out")
        unit = fonts.measures().unit
        self.setFont(fonts.font("mono-small"))
        self.setFixedHeight(fonts.line("mono-small") * _LINES + unit * 2)

    def insertFromMimeData(self, source: QMimeData) -> None:  # noqa: N802
        """Override QPlainTextEdit.insertFromMimeData."""
        cursor = self.textCursor()
        selected = cursor.selectionEnd() - cursor.selectionStart()
        room = LONGEST + 1 - (self.document().characterCount() - 1 - selected)
        self.insertPlainText(source.text()[: max(0, room)])


class LayerBox(QWidget):
    """A layer to be written otherwise, and the way back to what is recorded.

    Signals:
        changed: It says something else.
    """

    changed = Signal()

    def __init__(self, layer: LayerRow, typed: str | None) -> None:
        super().__init__()
        said = layer.name.replace("_", " ")
        self._recorded = layer.text
        self.edit = LayerEdit(f"The {said} layer")
        self.edit.setPlainText(layer.text)
        self._shown = self.edit.toPlainText()  # some characters do not come back as they were
        if typed is not None:
            self.edit.setPlainText(typed)
        self.said = Label("", "small", "muted").wrapped()
        self.reset = Button("Reset", kind="compact")
        self.reset.setAccessibleName(f"Reset the {said} layer")
        self.reset.clicked.connect(self._on_reset)
        row = QHBoxLayout()
        row.setSpacing(fonts.measures().unit)
        row.addWidget(self.said, 1)
        row.addWidget(self.reset, 0, Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(fonts.measures().unit // 2)
        column.addWidget(self.edit)
        column.addLayout(row)
        self.edit.textChanged.connect(self._on_typed)
        self._tell()

    def typed(self) -> str | None:
        """Returns what the layer is to say; None where that is what is recorded."""
        text = self.edit.toPlainText()
        return None if text in {self._shown, self._recorded} else text

    @Slot()
    def _on_reset(self) -> None:
        self.edit.setPlainText(self._recorded)
        self.edit.setFocus(Qt.FocusReason.OtherFocusReason)

    @Slot()
    def _on_typed(self) -> None:
        self._tell()
        self.changed.emit()

    def _tell(self) -> None:
        text = self.typed()
        over = len(text or "") - LONGEST
        set_property(self.said, "tone", "danger" if over > 0 else "muted")
        set_property(self.edit, "invalid", "true" if over > 0 else "")
        self.reset.setEnabled(text is not None)
        if text is None:
            self.said.say("As recorded.")
        elif over > 0:
            self.said.say(f"Too long: a layer may have {LONGEST:,} characters here.")
        else:
            self.said.say(f"Changed: {words.count(len(text), 'character')}.")


class TryForm(QWidget):
    """All layers and the models, and the button that asks.

    Signals:
        wanted: The person asks for it to be tried.
        left: The person is done with it.
    """

    wanted = Signal()
    left = Signal()

    def __init__(self) -> None:
        super().__init__()
        unit = fonts.measures().unit
        self._view: TraceView | None = None
        self._boxes: dict[str, LayerBox] = {}
        self._typed: dict[str, str] = {}
        self._busy = False
        self.model = ModelChoice("The model that is asked", ())
        self.model.setMaximumWidth(unit * 50)
        self.model.currentIndexChanged.connect(self._tell)
        self._layers = QVBoxLayout()
        self._layers.setSpacing(unit)
        holder = QWidget()
        holder.setLayout(self._layers)
        self._layers.setContentsMargins(0, 0, 0, 0)
        self.said = Label("", "small", "muted").wrapped()
        self.confirm = Button("Try", "Ctrl ⏎", "primary")
        self.confirm.clicked.connect(self.ask)
        leave = Button("Close", "Esc")
        leave.clicked.connect(self.left)
        row = QHBoxLayout()
        row.setSpacing(unit)
        row.addWidget(leave)
        row.addWidget(self.said, 1)
        row.addWidget(self.confirm)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(unit)
        column.addWidget(card_of(column_of(caption("Model"), self.model, gap=unit // 2), holder))
        column.addLayout(row)

    def show_step(self, view: TraceView, change: Change, models: Sequence[str]) -> None:
        """Shows a step, with what was changed of it before."""
        self._view, self._typed, self._boxes = view, dict(change.layers), {}
        self.show_models(models, change.model)
        clear(self._layers)
        for number, layer in enumerate(view.layers, start=1):
            about = f"{words.count(len(layer.text), 'character')} recorded"
            build = partial(self._box, layer)
            opened = layer.name == _OPEN or layer.name in change.layers
            section = folded(layer_title(number, layer), about, build, opened=opened)
            self._layers.addWidget(section)
            section.show()
        self._tell()

    def show_models(self, models: Sequence[str], chosen: str = "") -> None:
        """Offers models; what is chosen stays where it is offered still."""
        chosen = chosen or self.model.chosen()
        elsewhere = self._view is not None and self._view.grade == ReplayGrade.AUDIT_ONLY
        first = "Choose a model of this machine" if elsewhere else "The one that made the step"
        self.model.blockSignals(True)
        self.model.clear()
        for value, said in (("", first), *((name, words.one_line(name)) for name in models)):
            self.model.addItem(said, value)
        self.model.choose(chosen)
        self.model.blockSignals(False)
        self._tell()

    def change(self) -> Change:
        """Returns what is to be other."""
        return Change(dict(self._typed), self.model.chosen())

    def set_busy(self, *, busy: bool) -> None:
        """Lets nothing more be asked while something is."""
        self._busy = busy
        self._tell()

    def take_focus(self) -> None:
        """Puts the cursor into the layer that is opened first."""
        box = self._boxes.get(_OPEN)
        target = box.edit if box is not None else self.model
        target.setFocus(Qt.FocusReason.ShortcutFocusReason)

    @Slot()
    def ask(self) -> None:
        """Asks for it to be tried, where it can be."""
        if not (self._busy or self._why_not()):
            self.wanted.emit()

    def _box(self, layer: LayerRow) -> QWidget:
        if len(layer.text) > LONGEST:
            return prose(
                f"It has {len(layer.text):,} characters, and no more than {LONGEST:,} can be "
                "changed here; it is asked as recorded.",
                "small",
                "muted",
            )
        box = LayerBox(layer, self._typed.get(layer.name))
        box.changed.connect(partial(self._on_changed, layer.name, box))
        box.edit.done.connect(self.ask)
        box.edit.left.connect(self.left)
        self._boxes[layer.name] = box
        return box

    def _on_changed(self, name: str, box: LayerBox) -> None:
        text = box.typed()
        if text is None:
            self._typed.pop(name, None)
        else:
            self._typed[name] = text
        self._tell()

    def _why_not(self) -> str:
        """Says why it cannot be tried as it stands; nothing where it can."""
        if any(len(text) > LONGEST for text in self._typed.values()):
            return "A layer is too long."
        elsewhere = self._view is not None and self._view.grade == ReplayGrade.AUDIT_ONLY
        if elsewhere and not self.model.chosen():
            return "It was computed elsewhere, where nothing is sent: choose a model."
        return "" if self.change() else "Change a layer, or choose another model."

    @Slot()
    def _tell(self) -> None:
        why_not = self._why_not()
        self.confirm.setEnabled(not (why_not or self._busy))
        changed = [name.replace("_", " ") for name in self._typed]
        self.said.say(why_not or (f"Changed: {', '.join(changed)}." if changed else ""))
