"""What the tests of a recorded step share: showing one, and reading all that stands there."""

from __future__ import annotations

from PySide6.QtWidgets import QAbstractButton, QLabel, QPlainTextEdit, QTextEdit, QWidget

from converge_desktop.ui.pages.trace_view import TABS, TracePane
from converge_desktop.ui.widgets.chips import ChipButton
from converge_desktop.ui.widgets.disclosure import Disclosure
from converge_desktop.ui.widgets.task_strip import TaskStrip
from tests.ui import sample_trace as own
from tests.ui.conftest import Desk


def told(widget: QWidget) -> str:
    """Everything that is to be read in a widget, long texts among it, in the order of making."""
    kinds = (QLabel, QPlainTextEdit, QTextEdit)
    seen = (x for x in widget.findChildren(QWidget) if x.isVisibleTo(widget))
    texts = [
        x.text() if isinstance(x, QLabel) else x.toPlainText() for x in seen if isinstance(x, kinds)
    ]
    return " | ".join(filter(None, texts))


def shown(opened: Desk, trace_id: str = own.PLANNING, tab: str = TABS[0]) -> TracePane:
    """The pane of a step, at a tab."""
    opened.window.routes.trace.emit(trace_id)
    opened.settle()
    pane = opened.window.pages.traces.pane
    pane.tabs.setCurrentIndex(TABS.index(tab))
    opened.settle()
    return pane


def link(pane: QWidget, text: str) -> ChipButton:
    """The chip that is seen with these words."""
    [found] = [c for c in pane.findChildren(ChipButton) if c.isVisible() and c.text() == text]
    return found


def section(pane: QWidget, title: str) -> Disclosure:
    """The first section that is seen whose heading begins so."""
    seen = [s for s in pane.findChildren(Disclosure) if s.isVisible()]
    return next(s for s in seen if s.head.accessibleName().startswith(title))


def strip(pane: QWidget, name: str) -> TaskStrip:
    """A strip by its name."""
    [found] = [s for s in pane.findChildren(TaskStrip) if s.accessibleName() == name]
    return found


def can(opened: Desk, action: str) -> bool:
    """Whether an action of the table can be done now."""
    return opened.window.can_do(opened.window.known(action))


def press(widget: QWidget, text: str) -> None:
    """Presses the button that is seen with these words."""
    found = [b for b in widget.findChildren(QAbstractButton) if b.isVisible() and b.text() == text]
    found[0].click()
