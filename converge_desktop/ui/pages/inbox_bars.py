"""The bars around the list of the inbox: its order, what is new, and what is marked."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import Signal, Slot
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QHBoxLayout, QMenu, QVBoxLayout

from converge_desktop.runtime.review_model import InboxRow
from converge_desktop.ui import fonts, words
from converge_desktop.ui.models.inbox_order import GROUPS, SORTS
from converge_desktop.ui.settings import UiSettings
from converge_desktop.ui.widgets.buttons import Button
from converge_desktop.ui.widgets.labels import Label
from converge_desktop.ui.widgets.lists import Panel

JUMP = "Ctrl+Shift+J"


class ArrangeButton(Button):
    """Says how the list is ordered, and lets it be ordered and grouped otherwise.

    Signals:
        chosen: Another order or grouping was chosen.
    """

    chosen = Signal()

    def __init__(self, settings: UiSettings) -> None:
        super().__init__("", kind="compact")
        self._settings = settings
        self.sort = _known(settings.text("inbox/sort"), list(SORTS))
        self.grouping = _known(settings.text("inbox/group"), list(GROUPS))
        if not settings.text("inbox/group"):
            self.grouping = "None"
        self.menu_ = QMenu(self)
        self.menu_.setAccessibleName("Order and groups")
        self._add("Order", {name: title for name, (title, _) in SORTS.items()}, self.choose)
        self._add("Groups", dict(GROUPS), self.choose_group)
        self.clicked.connect(self.open)
        self._tell()

    def _add(self, heading: str, offered: dict[str, str], choose: Callable[..., None]) -> None:
        self.menu_.addSection(heading)
        group = QActionGroup(self.menu_)
        for name, title in offered.items():
            row = QAction(title, self.menu_, checkable=True)
            row.setObjectName(f"{heading} {name}")
            row.triggered.connect(partial(choose, name))
            group.addAction(row)
            self.menu_.addAction(row)

    @Slot()
    def open(self) -> None:
        """Opens the menu at the button."""
        self.menu_.popup(self.mapToGlobal(self.rect().bottomLeft()))

    def choose(self, name: str, _: bool = False) -> None:
        """Orders the list otherwise, and remembers it."""
        self.sort = name
        self._settings.put("inbox/sort", name)
        self._tell()
        self.chosen.emit()

    def choose_group(self, name: str, _: bool = False) -> None:
        """Groups the list otherwise, and remembers it."""
        self.grouping = name
        self._settings.put("inbox/group", name)
        self._tell()
        self.chosen.emit()

    def _tell(self) -> None:
        self.setText(f"{self.sort} ▾")
        grouped = (
            "not grouped" if self.grouping == "None" else f"grouped {GROUPS[self.grouping].lower()}"
        )
        said = f"Order: {self.sort}, {grouped}"
        self.setAccessibleName(said)
        self.setToolTip(words.tooltip(said))
        self.updateGeometry()
        for row in self.menu_.actions():
            if row.isCheckable():
                row.setChecked(
                    row.objectName() in {f"Order {self.sort}", f"Groups {self.grouping}"}
                )


def _known(name: str, offered: list[str]) -> str:
    return name if name in offered else offered[0]


class FreshBar(Panel):
    """Says what is new and what is gone since the list was put in order.

    Signals:
        wanted: The person wants to see the newest.
    """

    wanted = Signal()

    def __init__(self) -> None:
        super().__init__("listfoot")
        unit = fonts.measures().unit
        self.button = Button("", "Ctrl ⇧ J", "compact")
        self.button.clicked.connect(self.wanted)
        row = QHBoxLayout(self)
        row.setContentsMargins(unit + 4, unit, unit + 4, unit)
        row.addWidget(self.button)
        row.addStretch(1)
        self.hide()

    def tell(self, new: int, hidden: int, gone: int) -> None:
        """Says how many are new, how many of them the filter hides, and how many are closed."""
        parts = [f"{new:,} new" if new else "", f"{gone:,} closed" if gone else ""]
        if hidden and new:
            parts[0] += f", {hidden:,} hidden by the filter"
        said = " · ".join(part for part in parts if part)
        if said == self.button.text():
            return
        self.button.setText(said)
        meant = "Show the newest" if new else "Put the list in order"
        self.button.setAccessibleName(f"{said}. {meant}" if said else "")
        self.button.setToolTip(words.tooltip(f"{meant}, and put the list in order."))
        self.button.updateGeometry()
        self.setVisible(bool(said))


class MarkBar(Panel):
    """Appears where something is marked, and says what can be done about it.

    Signals:
        approve_wanted: Look at what is marked, to approve it.
        reject_wanted: Look at what is marked, to reject it.
        clear_wanted: Take the marks away.
    """

    approve_wanted = Signal()
    reject_wanted = Signal()
    clear_wanted = Signal()

    def __init__(self) -> None:
        super().__init__("listfoot")
        unit = fonts.measures().unit
        self.said = Label("", "strong")
        clear = Button("Clear", "Esc", "compact")
        clear.setAccessibleName("Clear the marks")
        clear.clicked.connect(self.clear_wanted)
        self.approve = Button("Approve marked…", "⇧ A", "compact")
        self.approve.stands_for("inbox.approve_marked")
        self.approve.clicked.connect(self.approve_wanted)
        self.reject = Button("Reject marked…", "⇧ R", "compact")
        self.reject.stands_for("inbox.reject_marked")
        self.reject.clicked.connect(self.reject_wanted)
        upper, lower = QHBoxLayout(), QHBoxLayout()
        for row in (upper, lower):
            row.setSpacing(unit)
        upper.addWidget(self.said, 1)
        upper.addWidget(clear)
        lower.addWidget(self.reject)
        lower.addWidget(self.approve)
        lower.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(unit + 4, unit, unit + 4, unit)
        column.setSpacing(unit)
        column.addLayout(upper)
        column.addLayout(lower)
        self.hide()

    def tell(self, marked: tuple[InboxRow, ...]) -> None:
        """Says what is marked."""
        high = sum(row.risk == "high" for row in marked)
        self.said.say(f"{len(marked):,} marked" + (f" · {high:,} high risk" if high else ""))
        self.setVisible(bool(marked))
