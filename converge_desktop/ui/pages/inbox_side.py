"""The left half of the inbox: filter, order, list, and what is said beside them."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QTimer, Signal, Slot
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout

from converge_desktop.runtime.inbox_filter import Filter
from converge_desktop.runtime.review_model import InboxRow
from converge_desktop.ui import fonts, words
from converge_desktop.ui.models.inbox_model import InboxModel
from converge_desktop.ui.models.inbox_order import entry_key
from converge_desktop.ui.pages.inbox_bars import ArrangeButton, FreshBar, MarkBar
from converge_desktop.ui.pages.inbox_list import InboxList
from converge_desktop.ui.pages.inbox_saved import SaveBox, SavedButton
from converge_desktop.ui.pages.page import Tools
from converge_desktop.ui.widgets.empty import EmptyState
from converge_desktop.ui.widgets.filter_languages import InboxLanguage
from converge_desktop.ui.widgets.filter_line import FilterLine
from converge_desktop.ui.widgets.listbar import list_bar
from converge_desktop.ui.widgets.lists import Panel, select_in
from converge_desktop.ui.widgets.problem_line import ProblemLine

_TICK_MS = 30_000


class InboxSide(Panel):
    """What waits.

    Attributes:
        shown: the proposal that the page shows beside it.

    Signals:
        moved: The person went to another proposal, by its gate.
        retry_wanted: The inbox could not be read, and the person wants it tried again.
        counted: How many wait.
    """

    moved = Signal(str)
    retry_wanted = Signal()
    counted = Signal(int)

    def __init__(self, tools: Tools) -> None:
        super().__init__("master")
        self.model = InboxModel(tools.clock.now, self)
        self.shown = ""
        self._known = False
        self._failed = False
        self._counted = -1
        self._say = tools.routes.say
        self._updating = False
        self.filter = FilterLine(InboxLanguage(tools.clock.now, self.model.waiting))
        self.saved = SavedButton(tools, self.filter)
        self.sort = ArrangeButton(tools.settings)
        self.save_box = SaveBox()
        self.problem = ProblemLine(self.filter)
        self.list = InboxList(self.model)
        self.none = EmptyState(
            "inbox", "Reading the inbox…", "What waits for you appears here.", beside=True
        )
        self.fresh, self.marks = FreshBar(), MarkBar()
        self._left = QStackedWidget()
        self.model.arrange(self.sort.sort, self.sort.grouping)
        self._lay_out()
        self._connect()
        self._tick = QTimer(self)
        self._tick.setInterval(_TICK_MS)
        self._tick.timeout.connect(self._on_tick)
        self._tick.start()

    def _lay_out(self) -> None:
        unit = fonts.measures().unit
        self.problem.setContentsMargins(unit + 4, unit, unit + 4, unit)
        self._left.addWidget(self.none)
        self._left.addWidget(self.list)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(list_bar(self.filter, self.saved, self.sort))
        column.addWidget(self.save_box)
        column.addWidget(self.problem)
        column.addWidget(self._left, 1)
        column.addWidget(self.fresh)
        column.addWidget(self.marks)

    def _connect(self) -> None:
        self.filter.sifted.connect(self._on_sifted)
        self.filter.told.connect(self.problem.tell)
        self.filter.left.connect(self.focus_list)
        self.saved.save_wanted.connect(self.save_box.open)
        self.save_box.named.connect(self.saved.save)
        self.save_box.left.connect(self.focus_list)
        self.sort.chosen.connect(self._on_arranged)
        self.list.moved.connect(self._on_moved)
        self.list.marks_changed.connect(self.tell)
        self.marks.clear_wanted.connect(self.list.clear_marks)
        self.none.pressed.connect(self._on_none_pressed)

    def take(self, rows: tuple[InboxRow, ...], own: Callable[[str], bool]) -> tuple[InboxRow, ...]:
        """Takes what waits by now; returns what no longer does, but for what is the person's own.

        No row moves: what is new comes last, and what is gone stays until the list is put in order.
        """
        self._known, self._failed = True, False
        gone: list[tuple[InboxRow, ...]] = []
        self.refill(lambda: gone.append(self.model.take(rows, own)), still=True)
        return gone[0]

    def fail(self, error: BaseException) -> None:
        """Says that the inbox cannot be read."""
        self._failed = True
        said = words.problem(error)
        self.none.tell("The inbox cannot be read", said, action="Try again", tone="danger")
        self._left.setCurrentIndex(0)

    def refill(self, change: Callable[[], object], *, still: bool = False) -> None:
        """Changes the rows without taking the person to another one; ``still`` scrolls nothing."""
        entry = self.model.row_at(self.list.here())
        key = entry_key(entry) if entry is not None else self.shown
        bar = self.list.verticalScrollBar()
        place = bar.value()
        self._updating = True
        change()
        now = self.model.find(key)
        if now != self.list.here():
            select_in(self.list, now)
            if still:
                self.list.doItemsLayout()
                bar.setValue(place)
        self._updating = False
        self.tell()

    def settle(self) -> None:
        """Puts the list in order, by the time it is now."""
        if self.filter.text():
            self.filter.again()
        self.refill(self.model.settle)

    def drop(self, *gates: str) -> str:
        """Takes out what was decided here; returns the proposal to go on with."""
        place = self.model.find(gates[0]) if gates else -1
        below = range(place + 1, self.model.rowCount())
        above = range(place - 1, -1, -1)
        rows = (self.model.proposal_at(number) for number in (*below, *above))
        names = [row.gate_id for row in rows if row is not None and row.gate_id not in gates]
        following = next(filter(self.model.contains, names), "")
        self.refill(lambda: self.model.drop(gates))
        return following if place >= 0 else ""

    def select(self, gate_id: str) -> bool:
        """Goes to a proposal that waits, whatever hides it; returns whether it does wait."""
        if not self.model.contains(gate_id) and self.model.find(gate_id) < 0:
            return False
        if self.model.find(gate_id) < 0 and self.model.arrangement.folded:
            self.refill(self.model.unfold)
        if self.model.find(gate_id) < 0:
            self.filter.clear()
        select_in(self.list, self.model.find(gate_id))
        return True

    def known(self) -> bool:
        """Says whether what waits was read."""
        return self._known

    def leave(self, shown: str) -> None:
        """Goes to no row, because something is shown that is none."""
        self.shown = shown
        select_in(self.list, -1)

    def first(self) -> None:
        """Goes to the first proposal."""
        select_in(self.list, -1)
        self.list.step(1)

    def jump(self) -> None:
        """Puts the list in order, and goes to the newest proposal."""
        newest = self.model.newest()
        if newest == self.shown and not self.model.unsettled():
            self._say.emit("info", "The newest proposal is the one that is shown.", "newest")
        self.settle()
        if newest:
            self.select(newest)
            self.focus_list()

    @Slot()
    def focus_list(self) -> None:
        """Puts the focus where J and K, X and the arrows work."""
        (self.list if self.model.rowCount() else self).setFocus()

    def tell_why(self, row: InboxRow, why: str) -> None:
        """Says why a proposal no longer waits, where it stood."""
        self.model.tell_why(row.gate_id, why)
        said = f"{row.title} no longer waits. {why}"
        QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, said))

    @Slot()
    def tell(self) -> None:
        """Brings what is said around the list in line with it."""
        states = self.model.states
        hidden = sum(self.model.find(name) < 0 for name in states.unseen)
        self.fresh.tell(len(states.unseen), hidden, len(states.gone))
        self.marks.tell(self.model.marked())
        if self.model.total() != self._counted:
            self._counted = self.model.total()
            self.counted.emit(self._counted)
        if self._failed:
            return
        if self.model.rowCount():
            self._left.setCurrentIndex(1)
            return
        self._left.setCurrentIndex(0)
        if self.model.total():
            hidden_by = words.count(self.model.total(), "proposal is", "proposals are")
            self.none.tell(
                "Nothing passes this filter",
                f"{hidden_by} hidden by it; change it, or clear it to see all.",
                action="Clear the filter",
            )
        elif self._known:
            self.none.tell(
                "Nothing waits for you",
                "Agents go on by themselves; what needs you appears here by itself.",
            )

    @Slot()
    def _on_none_pressed(self) -> None:
        if self._failed:
            self.retry_wanted.emit()
        else:
            self.filter.clear()

    @Slot(object)
    def _on_sifted(self, found: Filter | None) -> None:
        self.refill(lambda: self.model.sift(found.holds if found is not None else None))

    @Slot()
    def _on_arranged(self) -> None:
        self.refill(lambda: self.model.arrange(self.sort.sort, self.sort.grouping))

    @Slot(int)
    def _on_moved(self, number: int) -> None:
        row = self.model.proposal_at(number)
        if self._updating or row is None:
            return
        self.model.seen(row.gate_id)
        self.tell()
        if row.gate_id != self.shown:
            self.moved.emit(row.gate_id)

    @Slot()
    def _on_tick(self) -> None:
        """Time has passed: the rows say so where they stand."""
        self.model.refresh()
