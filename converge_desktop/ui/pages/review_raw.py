"""The raw side of a review: each step's layers, envelope and output, built when first opened."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from converge_desktop.runtime.review_model import TraceView
from converge_desktop.ui import fonts, words
from converge_desktop.ui.pages import trace_parts
from converge_desktop.ui.widgets.buttons import Button
from converge_desktop.ui.widgets.chips import clear
from converge_desktop.ui.widgets.disclosure import Disclosure
from converge_desktop.ui.widgets.link_text import LinkText


class _Step(QWidget):
    """One step's layers and output."""

    followed = Signal(str)
    trace_wanted = Signal(str)
    turned = Signal()

    def __init__(self, view: TraceView) -> None:
        super().__init__()
        self._view = view
        self.inner: list[Disclosure] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(fonts.measures().unit)
        self.texts: list[LinkText] = []

    @Slot(bool)
    def fill(self, opened: bool) -> None:
        """Builds the content, the first time it is opened."""
        if not opened or self._column.count():
            return
        layers = trace_parts.layer_sections(self._view, state_open=False, whole=True)
        about = words.count(len(self._view.envelope) + 1, "value")
        envelope = Disclosure("Envelope", about, trace_parts.envelope_table(self._view))
        output, text = trace_parts.output_section(self._view)
        text.followed.connect(self.followed)
        self.texts.append(text)
        raw = trace_parts.raw_section(self._view, whole=True)
        self.inner = [*layers, envelope, output, raw]
        for section in self.inner:
            self._column.addWidget(section)
            section.head.toggled.connect(self.turned)
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
        turned: Something was opened or closed.
    """

    followed = Signal(str)
    trace_wanted = Signal(str)
    turned = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(fonts.measures().unit)
        self._steps: list[_Step] = []
        self._outer: list[Disclosure] = []

    def show_steps(self, views: tuple[TraceView, ...]) -> None:
        """Shows these steps, closed."""
        clear(self._column)
        self._steps = []
        self._outer = []
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
            section.head.toggled.connect(self.turned)
            step.turned.connect(self.turned)
            self._outer.append(section)
            self._column.addWidget(section)

    def is_shut(self) -> bool:
        """Says whether anything in it is closed."""
        every = [*self._outer, *(one for step in self._steps for one in step.inner)]
        return not all(section.is_open() for section in every)

    def retint(self) -> None:
        """Draws running text in the colours now in force."""
        for step in self._steps:
            for text in step.texts:
                text.retint()
