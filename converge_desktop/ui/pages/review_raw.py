"""The raw side of a review: each step's layers, checks and output, built when first opened."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from converge_desktop.runtime.readmodel import TraceView
from converge_desktop.ui import fonts, words
from converge_desktop.ui.pages import trace_parts
from converge_desktop.ui.widgets.buttons import Button
from converge_desktop.ui.widgets.chips import clear
from converge_desktop.ui.widgets.disclosure import Disclosure
from converge_desktop.ui.widgets.labels import caption
from converge_desktop.ui.widgets.link_text import LinkText


class _Step(QWidget):
    """One step's layers and output."""

    followed = Signal(str)
    trace_wanted = Signal(str)

    def __init__(self, view: TraceView) -> None:
        super().__init__()
        self._view = view
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(fonts.measures().unit)
        self.texts: list[LinkText] = []

    @Slot(bool)
    def fill(self, opened: bool) -> None:
        """Builds the content, the first time it is opened."""
        if not opened or self._column.count():
            return
        for section in trace_parts.layer_sections(self._view, state_open=False):
            self._column.addWidget(section)
        output, text = trace_parts.output_section(self._view)
        text.followed.connect(self.followed)
        self.texts.append(text)
        self._column.addWidget(output)
        self._column.addWidget(trace_parts.raw_section(self._view))
        row = QHBoxLayout()
        whole = Button("Open the whole trace", kind="compact")
        whole.clicked.connect(self._on_whole)
        row.addWidget(whole)
        row.addStretch(1)
        self._column.addLayout(row)

    @Slot()
    def _on_whole(self) -> None:
        self.trace_wanted.emit(self._view.row.trace_id)


class RawSteps(QWidget):
    """The steps behind a proposal, closed until asked for.

    Signals:
        followed: A fact's link was followed.
        trace_wanted: The person asks for a recorded step.
    """

    followed = Signal(str)
    trace_wanted = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(fonts.measures().unit)
        self._steps: list[_Step] = []

    def show_steps(self, views: tuple[TraceView, ...]) -> None:
        """Shows these steps, closed."""
        clear(self._column)
        self._steps = []
        self.setVisible(bool(views))
        if not views:
            return
        self._column.addWidget(caption("Raw"))
        for view in views:
            step = _Step(view)
            step.followed.connect(self.followed)
            step.trace_wanted.connect(self.trace_wanted)
            self._steps.append(step)
            tokens = words.count(view.prompt_tokens, "token")
            about = f"{len(view.layers)} layers · {tokens} · {view.row.outcome}"
            name = view.row.step[:1].upper() + view.row.step[1:]
            section = Disclosure(name, about, step)
            section.head.toggled.connect(step.fill)
            self._column.addWidget(section)

    def retint(self) -> None:
        """Draws running text in the colours now in force."""
        for step in self._steps:
            for text in step.texts:
                text.retint()
