"""People: who may decide here, whose keys these are, and votes from and for other desks."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QMimeData, Slot
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from converge_desktop.runtime.port import StatusChanged
from converge_desktop.ui import fonts, words
from converge_desktop.ui.actions import Action
from converge_desktop.ui.pages import people_acts as acts
from converge_desktop.ui.pages.page import Page, Tools, column
from converge_desktop.ui.pages.people_actions import people_actions
from converge_desktop.ui.pages.people_carrying import Carrying
from converge_desktop.ui.pages.people_detail import PersonPane
from converge_desktop.ui.pages.people_doing import Doer
from converge_desktop.ui.pages.people_list import PeopleList
from converge_desktop.ui.pages.people_locking import Locking
from converge_desktop.ui.pages.people_votes import VotePane
from converge_desktop.ui.widgets.act_box import ActBox
from converge_desktop.ui.widgets.buttons import Button
from converge_desktop.ui.widgets.chips import ChipRow
from converge_desktop.ui.widgets.empty import EmptyState
from converge_desktop.ui.widgets.lists import Panel, select_in, step_in

if TYPE_CHECKING:
    from converge_desktop.adapters.surreal import DecisionRow
    from converge_desktop.runtime.ballots import Request
    from converge_desktop.runtime.peopling import OperatorRow
    from converge_desktop.runtime.person_views import PersonView


class PeoplePage(Page):
    """The people of this desk.

    Args:
        tools: What it works with.
        gate: Returns the id of the gate that is shown in the Inbox; empty where none is.
    """

    def __init__(self, tools: Tools, gate: Callable[[], str] = str) -> None:
        super().__init__(tools, "People")
        self.gate_shown = gate
        self.setAcceptDrops(True)
        self.me, self.unlocked, self._kept = "", False, ""
        self._wanted = ""
        self._file = Path()
        self.box = ActBox("Ctrl ⏎")
        self.doer = Doer(tools, self.box)
        self.doer.done.connect(self._on_done)
        self.doer.opened.connect(self._on_box)
        self.box.left.connect(self._on_box)
        self.carrying = Carrying(tools, self.doer, self)
        self.carrying.asked.connect(self._on_asked)
        self.people = PeopleList()
        self.list, self.model = self.people.view, self.people.model
        self.main = self.list
        self.list.moved.connect(self._on_moved)
        self.people.enrol_button.clicked.connect(self.doer.enrol)
        self.people.open_button.clicked.connect(self.carrying.open)
        self.carrying.reading.connect(self.people.read)
        self.split("people", self.people, self._build_detail(), width=340)
        tools.bridge.status_changed.connect(self._on_status)

    def _build_detail(self) -> QWidget:
        self.empty = EmptyState("people", "Reading who may decide…", "")
        self.empty.pressed.connect(self.reload)
        self._locking = Locking(self.tools)
        self.person = PersonPane(self.tools, self._locking)
        self.person.run_wanted.connect(self.tools.routes.run)
        self.vote = VotePane(self.tools)
        self.vote.voted.connect(self._on_voted)
        self.vote.closed.connect(self.close_request)
        self.stack = QStackedWidget()
        for pane in (self.empty, self.person, self.vote):
            self.stack.addWidget(pane)
        self._foot = Panel("footer")
        unit = fonts.measures().unit
        outer = QVBoxLayout(self._foot)
        outer.setContentsMargins(unit * 3, unit + 4, unit * 3, unit + 4)
        row = ChipRow()
        outer.addWidget(row)
        self.buttons: dict[str, Button] = {}
        for name, title, keys in (
            ("seat", "Decide as them…", "D"),
            ("export", "Export the key…", "E"),
            ("rotate", "Take another key…", "T"),
            ("protect", "Protect it…", "P"),
            ("passphrase", "Change the passphrase…", "W"),
            ("revoke", "Revoke…", "V"),
        ):
            button = Button(title, keys, "compact").stands_for(f"people.{name}")
            button.clicked.connect(partial(self.do, name))
            self.buttons[name] = button
        row.show_chips(*self.buttons.values())
        made = QWidget()
        made.setLayout(column(self.stack, self._foot, self.box))
        return made

    # What the window asks for.

    def actions_of(self) -> tuple[Action, ...]:
        """Override Page.actions_of."""
        return people_actions(self)

    def entered(self) -> None:
        """Override Page.entered: who may decide is read anew."""
        self.reload()
        self.vote.guard.moved()
        self.vote.refresh()

    def window_active(self, *, active: bool) -> None:
        """The window got or lost the focus."""
        self.vote.window_active(active=active)

    def step(self, by: int) -> None:
        """Override Page.step."""
        step_in(self.list, by)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802
        """Override QWidget.dragEnterEvent: one file may be dropped."""
        if dropped(event.mimeData()) is not None:
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802
        """Override QWidget.dropEvent: a file of another desk is looked at."""
        path = dropped(event.mimeData())
        if path is not None:
            event.acceptProposedAction()
            self.carrying.take(path)

    def escape(self) -> bool:
        """Override Page.escape."""
        if not self.box.isHidden():
            self.box.leave()
        elif self.stack.currentWidget() is self.vote:
            self.close_request()
        else:
            return False
        return True

    def row(self) -> OperatorRow | None:
        """Returns who is shown; nobody while a request is."""
        return self.person.row if self.stack.currentWidget() is self.person else None

    def votes(self) -> bool:
        """Says whether a request is shown, and nothing else is asked."""
        return self.stack.currentWidget() is self.vote and self.box.isHidden()

    def may(self, act: str) -> bool:
        """Says whether something can be done with who is shown."""
        row = self.row()
        if row is None:
            return False
        here, stands = bool(row.here), row.state == "enrolled"
        last = self.person.person is not None and self.person.person.last
        return {
            "seat": stands and here and not row.sits,
            "export": stands and here,
            "rotate": row.sits,
            "protect": stands and row.here in {acts.PLAIN, acts.KEYRING},
            "passphrase": row.sits and row.here == acts.SEALED,
            "revoke": stands and not last,
        }[act]

    # Acts.

    def do(self, act: str) -> None:
        """Asks in the box whether something is to be done with who is shown."""
        row = self.row()
        if row is None or not self.may(act):
            return
        match act:
            case "seat":
                self.doer.seat(row)
            case "export":
                self.carrying.export(row)
            case "rotate":
                self.doer.rotate(row)
            case "protect":
                self.doer.protect(row)
            case "passphrase":
                self.doer.passphrase(row)
            case "revoke":
                self.doer.revoke(row, self.person.person)

    def change_seat(self) -> None:
        """Goes to the next person whose key lies here, and asks whether they decide here now."""
        self.tools.routes.page.emit("people")
        others = [row for row in self.people.rows() if row.here and not row.sits]
        if not others:
            said = "Nobody else's key lies at this desk. Enrol them here first."
            self.tools.routes.say.emit("info", said, "people")
            return
        self.close_request()
        select_in(self.list, self.model.find(others[0].operator_id))
        self.do("seat")

    # What is shown.

    @Slot()
    def reload(self) -> None:
        """Reads who may decide."""
        self.tools.bridge.ask(self, self.tools.desk.operators(), self._on_rows, self._on_failed)

    def _on_rows(self, rows: tuple[OperatorRow, ...]) -> None:
        self.people.show_rows(rows)
        if self.vote.request is not None and self.vote.asked_of != self._mine():
            self.vote.show_request(self.vote.request, *self._mine())
        if not rows:
            self.empty.tell(
                "Nobody may decide here yet",
                "The first person of a desk comes by themselves, once their key can be opened. "
                "What keeps it from that is told above.",
                action="Look again",
            )
            self.stack.setCurrentWidget(self.empty)
            self._refresh()
            return
        shown = self._wanted or (self.person.row.operator_id if self.person.row else "")
        mine = next((row.operator_id for row in rows if row.sits), rows[0].operator_id)
        self._wanted = ""
        at = self.model.find(shown) if shown else self.model.find(mine)
        if self.list.currentIndex().row() == at:
            self._on_moved(at)
        else:
            select_in(self.list, max(at, 0))

    def _on_failed(self, error: BaseException) -> None:
        self.empty.tell(
            "Who may decide cannot be read",
            words.problem(error),
            action="Try again",
            tone="danger",
        )
        self.stack.setCurrentWidget(self.empty)
        self._refresh()

    @Slot(int)
    def _on_moved(self, number: int) -> None:
        row = self.model.row_at(number)
        if row is None:
            return
        other = self.person.row is None or self.person.row.operator_id != row.operator_id
        if other and not self.box.isHidden():
            self.box.leave()
        self.person.show_row(row, unlocked=self.unlocked)
        if self.stack.currentWidget() is not self.vote:
            self.stack.setCurrentWidget(self.person)
        ask, desk, who = self.tools.bridge.ask, self.tools.desk, row.operator_id
        ask(self, desk.person(who), self._on_person, partial(self._on_no_person, who))
        try:
            decided = desk.decisions_by(who)
        except Exception as error:  # noqa: BLE001 - a view that is still opening refuses at once
            self.person.no_decisions(who, error)
        else:
            failed = partial(self.person.no_decisions, who)
            ask(self, decided, partial(self._on_decisions, who), failed)
        self._refresh()

    def _on_person(self, person: PersonView) -> None:
        self.person.show_person(person)
        self._refresh()

    def _on_no_person(self, who: str, error: BaseException) -> None:
        said = f"What the ledger says of {who} cannot be read. {words.problem(error)}"
        self.tools.routes.say.emit("danger", said, "people")

    def _on_decisions(self, who: str, found: tuple[list[DecisionRow], int]) -> None:
        self.person.show_decisions(who, found[0])

    # Requests of other desks.

    @Slot(object, object)
    def _on_asked(self, request: Request, file: Path) -> None:
        self._file = file
        self.stack.setCurrentWidget(self.vote)
        self.vote.window_active(active=self.window().isActiveWindow())
        self.vote.show_request(request, *self._mine())
        self._refresh()

    def _mine(self) -> tuple[str, str]:
        """Returns the public key and the name of the person at the desk."""
        mine = next((row for row in self.people.rows() if row.sits), None)
        return (mine.public_key, mine.name) if mine else ("", self.me)

    @Slot(str)
    def _on_voted(self, verdict: str) -> None:
        if self.vote.request is not None:
            self.carrying.vote(self.vote.request, verdict, self._file)

    @Slot()
    def close_request(self) -> None:
        """Shows a person again instead of a request."""
        if self.stack.currentWidget() is self.vote:
            self.box.leave()
            self.stack.setCurrentWidget(self.person if self.person.row else self.empty)
            self._refresh()

    @Slot(str)
    def _on_done(self, who: str) -> None:
        self._wanted = who
        self._on_box()
        self.reload()

    @Slot()
    def _on_box(self) -> None:
        """The box opened or closed."""
        self.vote.answering(otherwise=not self.box.isHidden())
        self._refresh()
        if self.box.isHidden():
            self.take_focus()

    def _refresh(self) -> None:
        """Offers what can be done with who is shown."""
        shown = self.row() is not None and self.box.isHidden()
        for name, button in self.buttons.items():
            button.setVisible(shown and self.may(name))
        row = self.row()
        if row is not None:
            title = f"Decide as {row.name}…"
            self.buttons["seat"].setText(words.unmnemonic(title))
            self.buttons["seat"].setAccessibleName(title.rstrip("…"))
            self.buttons["seat"].updateGeometry()
        self._foot.setVisible(shown and any(map(self.may, self.buttons)))

    @Slot(object)
    def _on_status(self, change: StatusChanged) -> None:
        status = change.status
        before = (self.me, self.unlocked, self._kept)
        self.me, self.unlocked, self._kept = status.operator, status.unlocked, status.key_kept
        if before == (self.me, self.unlocked, self._kept):
            return
        if before[0] != self.me:
            self.vote.leave_to()
        self._locking.show_kept(self._kept)
        if self.isVisible():
            self.reload()


def dropped(data: QMimeData) -> Path | None:
    """Returns the one file that is being dropped; None where it is none, or several."""
    files = [url.toLocalFile() for url in data.urls() if url.isLocalFile()]
    return Path(files[0]) if len(files) == 1 else None
