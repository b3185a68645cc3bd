"""The inbox: what waits for a person, and beside it the review."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, QTimer, Slot
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout

from converge_desktop.runtime.port import InboxChanged
from converge_desktop.runtime.readmodel import InboxRow
from converge_desktop.ui import words
from converge_desktop.ui.models.filtering import compile_filter
from converge_desktop.ui.models.lists import INBOX_FIELDS, INBOX_ORDERS, inbox_look
from converge_desktop.ui.models.rows import RowModel
from converge_desktop.ui.pages.page import Page, Tools
from converge_desktop.ui.pages.review import ReviewPane
from converge_desktop.ui.widgets.empty import EmptyState
from converge_desktop.ui.widgets.listbar import FilterEdit, SortButton, list_bar
from converge_desktop.ui.widgets.lists import Panel, RowList, select_in, step_in

_TICK_MS = 30_000


class InboxPage(Page):
    """Where the person decides."""

    def __init__(self, tools: Tools) -> None:
        super().__init__(tools, "Inbox")
        self.model: RowModel[InboxRow] = RowModel(
            lambda r: r.gate_id, inbox_look(tools.clock.now), self
        )
        self._order = "Due"
        self.model.set_order(INBOX_ORDERS[self._order])
        self._updating = False
        self._known = False
        self._wanted = ""
        self._place = 0
        self.filter = FilterEdit("Filter: risk:high agent:planning …", "Filter the inbox")
        self.filter.textChanged.connect(self._on_filter)
        self.sort = SortButton(list(INBOX_ORDERS), self._order)
        self.sort.chosen.connect(self._on_sort)
        self.list = RowList(self.model, "Waiting proposals")
        self.main = self.list
        self.list.moved.connect(self._on_moved)
        self.none = EmptyState(
            "inbox", "Reading the inbox…", "What waits for you appears here.", beside=True
        )
        self.none.pressed.connect(self._on_none_pressed)
        self._left = QStackedWidget()
        self._left.addWidget(self.none)
        self._left.addWidget(self.list)
        master = Panel("master")
        column = QVBoxLayout(master)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(list_bar(self.filter, self.sort))
        column.addWidget(self._left, 1)
        self.review = ReviewPane(tools)
        self.review.decided.connect(self._on_decided)
        self.split("inbox", master, self.review)
        tools.bridge.inbox_changed.connect(self._on_changed)
        self._tick = QTimer(self)
        self._tick.setInterval(_TICK_MS)
        self._tick.timeout.connect(self.model.refresh)
        self._tick.start()

    def start(self) -> None:
        """Override Page.start."""
        self.tools.bridge.ask(self, self.tools.desk.inbox(), self._on_rows, self._on_failed)

    def entered(self) -> None:
        """Override Page.entered: nothing counts until the page has stood still."""
        self.review.entered()

    def retint(self) -> None:
        """Override Page.retint."""
        self.review.body.retint()

    def step(self, by: int) -> None:
        """Override Page.step."""
        step_in(self.list, by)

    def focus_filter(self) -> None:
        """Override Page.focus_filter."""
        self.filter.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def escape(self) -> bool:
        """Override Page.escape."""
        if not self.review.reject_box.isHidden():
            self.review.reject_box.leave()
            return True
        return False

    def show_gate(self, gate_id: str) -> None:
        """Shows a waiting proposal, now or as soon as it is known."""
        self._wanted = gate_id
        row = self.model.find(gate_id)
        if row < 0 and self.filter.text() and self.model.contains(gate_id):
            self.filter.clear()
            row = self.model.find(gate_id)
        if row >= 0:
            self._wanted = ""
            select_in(self.list, row)

    @Slot(object)
    def _on_changed(self, change: InboxChanged) -> None:
        self._on_rows(change.rows)

    def _on_rows(self, rows: tuple[InboxRow, ...]) -> None:
        self._known = True
        with_focus = self.review.gate_id
        self._note_place()
        self._refill(lambda: self.model.set_rows(rows))
        if self._wanted:
            self.show_gate(self._wanted)
        elif with_focus and not self.model.contains(with_focus):
            if not self.review.idle():
                return  # our own decision: what came of it follows
            self.review.mark_closed()
            if self.review.review is None:
                self._nothing_chosen()
        elif not with_focus:
            self._nothing_chosen()
            select_in(self.list, 0)

    def _note_place(self) -> None:
        """Remembers where the shown proposal stood, to go on from there once it is decided."""
        place = self.model.find(self.review.gate_id)
        if place >= 0:
            self._place = place

    def _refill(self, change: Callable[[], None]) -> None:
        """Changes the rows without moving the person to another one."""
        self._updating = True
        change()
        row = self.model.find(self.review.gate_id)
        select_in(self.list, row)
        self._updating = False
        self._show_left()

    def _show_left(self) -> None:
        self.counted.emit(self.model.total())
        if self.model.rowCount():
            self._left.setCurrentIndex(1)
            return
        self._left.setCurrentIndex(0)
        if self.model.total():
            hidden = words.count(self.model.total(), "proposal is", "proposals are")
            self.none.tell(
                "Nothing passes this filter", f"{hidden} hidden by it.", action="Clear the filter"
            )
        elif self._known:
            self.none.tell("Nothing waits for you", "Proposals that need you appear here.")

    def _nothing_chosen(self) -> None:
        if self.model.total():
            self.review.clear("Nothing is chosen", "Choose a proposal from the list; J and K move.")
        else:
            self.review.clear(
                "Nothing waits for you",
                "Agents go on by themselves until something needs a person. Start a run on a "
                "folder, or look at earlier ones under Runs.",
                "Start a run",
            )

    def _on_failed(self, error: BaseException) -> None:
        self.none.tell(
            "The inbox cannot be read", words.problem(error), action="Try again", tone="danger"
        )
        self._left.setCurrentIndex(0)

    @Slot()
    def _on_none_pressed(self) -> None:
        if self.model.total():
            self.filter.clear()
        else:
            self.start()

    @Slot(int)
    def _on_moved(self, number: int) -> None:
        if self._updating:
            return
        row = self.model.row_at(number)
        if row is not None and row.gate_id != self.review.gate_id:
            self.review.load(row.gate_id)

    @Slot(str)
    def _on_filter(self, text: str) -> None:
        self._refill(lambda: self.model.set_filter(compile_filter(text, INBOX_FIELDS)))

    @Slot(str)
    def _on_sort(self, name: str) -> None:
        self._order = name
        self._refill(lambda: self.model.set_order(INBOX_ORDERS[name]))

    @Slot(str, str, str)
    def _on_decided(self, gate_id: str, verdict: str, title: str) -> None:
        self._note_place()
        self._refill(lambda: self.model.remove(gate_id))
        if verdict == "approve":
            said = f"Approved and signed: “{title}”. The run goes on with it."
        else:
            said = f"Rejected and signed: “{title}”. The run goes on without it."
        self.tools.routes.say.emit("good", said, "decided")
        if self.review.gate_id != gate_id:
            return
        following = min(self._place, self.model.rowCount() - 1)
        # The button that was pressed is off now; Qt would pass its focus to whatever comes next.
        (self.list if following >= 0 else self.review).setFocus()
        if following >= 0:
            select_in(self.list, following)
        else:
            self._nothing_chosen()
