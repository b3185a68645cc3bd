"""What the tests of the whole window share: what is on the screen, and who can be reached."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtWidgets import (
    QAbstractScrollArea,
    QApplication,
    QLabel,
    QPushButton,
    QSplitter,
    QWidget,
)

from converge_desktop.ui.widgets.labels import Elided
from tests.ui.conftest import Desk
from tests.ui.insights_kit import insights_drawn

SHOWN = {
    "runs": lambda w: w.routes.run.emit("r-0192"),
    "context": lambda w: w.pages.context.step(1),
    "traces": lambda w: w.routes.trace.emit("t-0192-03"),
    "insights": insights_drawn,
    "ledger": lambda w: w.pages.ledger.head.jumped.emit("48191"),
}
"""How something is shown on a page that shows nothing by itself."""


def show(opened: Desk, page: str) -> None:
    """Brings a page to the front, with something on it."""
    opened.window.go(page)
    opened.settle()
    if page in SHOWN:
        SHOWN[page](opened.window)
    opened.settle()
    opened.wait(1)


def visible(window: QWidget, kind: type[QWidget] = QWidget) -> Iterator[QWidget]:
    """Walks what is on the screen, or would be if the page were scrolled."""
    for widget in window.findChildren(kind):
        if widget.isVisible() and not widget.objectName().startswith("qt_"):
            yield widget


def tabbed(window: QWidget) -> list[QWidget]:
    """What Tab is to reach."""
    return [
        widget
        for widget in visible(window)
        if widget.isEnabled()
        and widget.focusPolicy() & Qt.FocusPolicy.TabFocus
        and widget.focusProxy() is None
    ]


def walk(window: QWidget, most: int = 400) -> list[QWidget]:
    """Presses Tab until it comes round, and returns what had the focus, in that order."""
    seen: list[QWidget] = []
    start = QApplication.focusWidget()
    for _ in range(most):
        window.focusNextChild()
        now = QApplication.focusWidget()
        if now is None or (seen and now is seen[0]):
            return seen
        seen.append(now)
    where = type(seen[-1]).__name__ if seen else start
    raise AssertionError(f"Tab does not come round; it is last at {where}")


def described(widget: QWidget) -> str:
    """Names a widget in a failure."""
    said = widget.accessibleName() or getattr(widget, "text", lambda: "")()
    return f"{type(widget).__name__} “{said}”"


def place(widget: QWidget, of: QWidget) -> QRect:
    """Where a widget stands in another one."""
    return QRect(widget.mapTo(of, QPoint(0, 0)), widget.size())


def in_scroll(widget: QWidget) -> bool:
    """Whether a widget may lie outside of what is seen of its parent."""
    parent = widget.parentWidget()
    while parent is not None:
        if isinstance(parent, QAbstractScrollArea):
            return True
        parent = parent.parentWidget()
    return False


def cut(widget: QWidget) -> bool:
    """Says whether the words of a label or a button do not fit, and nothing says so."""
    if isinstance(widget, QPushButton):
        return widget.width() < widget.minimumSizeHint().width() - 1
    if not isinstance(widget, QLabel) or not widget.text() or widget.width() == 0:
        return False
    if isinstance(widget, Elided):
        return widget.text() != widget._whole and not widget.toolTip()
    if widget.wordWrap():
        return widget.heightForWidth(widget.width()) > widget.height() + 2
    room = widget.contentsRect().width() + 2
    return max(map(widget.fontMetrics().horizontalAdvance, widget.text().split("\n"))) > room


def spilling(window: QWidget) -> list[str]:
    """Lists what stands outside of its parent."""
    found = []
    for widget in visible(window):
        parent = widget.parentWidget()
        if parent is None or widget.isWindow() or isinstance(parent, QSplitter):
            continue
        if isinstance(parent, QAbstractScrollArea) or in_scroll_content(widget):
            continue
        if not parent.rect().adjusted(-2, -2, 2, 2).contains(widget.geometry()):
            found.append(f"{described(widget)} in {described(parent)}: {widget.geometry()}")
    return found


def in_scroll_content(widget: QWidget) -> bool:
    """Whether a widget is what a scroll area scrolls."""
    parent = widget.parentWidget()
    above = parent.parentWidget() if parent is not None else None
    return isinstance(above, QAbstractScrollArea) and above.viewport() is parent


def overlapping(window: QWidget) -> list[str]:
    """Lists widgets of one layout that lie on each other."""
    found = []
    for widget in visible(window):
        layout = widget.layout()
        if layout is None:
            continue
        inside = [
            child
            for child in widget.children()
            if isinstance(child, QWidget) and child.isVisible() and layout.indexOf(child) >= 0
        ]
        for number, one in enumerate(inside):
            for other in inside[number + 1 :]:
                both = one.geometry().intersected(other.geometry())
                if both.width() > 2 and both.height() > 2:
                    found.append(f"{described(one)} and {described(other)}: {both}")
    return found
