"""Where Tab goes: along the order of reading, whatever was made first.

Qt goes in the order in which widgets were made, so what a page shows anew (a chip, a card, a fold)
would come after everything else in the window.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cmp_to_key

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractScrollArea,
    QAbstractSpinBox,
    QComboBox,
    QLineEdit,
    QScrollArea,
    QWidget,
)

_WHOLE = (QAbstractSpinBox, QComboBox, QLineEdit)
"""What is one thing for whoever presses Tab, whatever it is made of."""


def takes_tab(widget: QWidget) -> bool:
    """Says whether Tab stops at a widget that is seen."""
    policy = widget.focusPolicy()
    tabbed = (policy & Qt.FocusPolicy.TabFocus) == Qt.FocusPolicy.TabFocus
    return tabbed and widget.isEnabled() and widget.focusProxy() is None


def reading_order(root: QWidget) -> Iterator[QWidget]:
    """Walks what is visible in a widget: in rows from the top, in each from the left."""
    if isinstance(root, _WHOLE):
        return
    children: Sequence[object] = root.children()
    if isinstance(root, QScrollArea):
        children = [root.widget()]
    elif isinstance(root, QAbstractScrollArea):
        return
    inside = [child for child in children if isinstance(child, QWidget)]
    seen = [child for child in inside if child.isVisible() and not child.isWindow()]
    for child in sorted(seen, key=cmp_to_key(_before)):
        yield child
        yield from reading_order(child)


def _before(one: QWidget, other: QWidget) -> int:
    """Compares two places: those that share half of their height stand in one row."""
    here, there = one.geometry(), other.geometry()
    shared = min(here.bottom(), there.bottom()) - max(here.top(), there.top())
    if 2 * shared >= min(here.height(), there.height()):
        return here.left() - there.left()
    return here.top() - there.top()


def move_focus(root: QWidget, here: QWidget | None, *, forward: bool) -> bool:
    """Moves the focus to what is read next in a widget, or before; it goes round at the end."""
    order = [widget for widget in reading_order(root) if widget is here or takes_tab(widget)]
    if here in order:
        place = order.index(here)
        order = order[place + 1 :] + order[:place]
    if not order:
        return False
    target = order[0 if forward else -1]
    reason = Qt.FocusReason.TabFocusReason if forward else Qt.FocusReason.BacktabFocusReason
    target.setFocus(reason)
    bring_into_sight(target)
    return True


def bring_into_sight(widget: QWidget) -> None:
    """Scrolls whatever a widget lies in so that it can be seen."""
    above = widget.parentWidget()
    while above is not None:
        if isinstance(above, QScrollArea):
            above.ensureWidgetVisible(widget)
        above = above.parentWidget()
