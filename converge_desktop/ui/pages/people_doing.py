"""Doing what the box on the people's page asks for: one thing at a time, told when it is done."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal, Slot

from converge_desktop.ui import words
from converge_desktop.ui.pages import people_acts as acts
from converge_desktop.ui.pages.page import Tools
from converge_desktop.ui.widgets.act_box import Act, ActBox, Values

if TYPE_CHECKING:
    from converge_core.review import Operator
    from converge_desktop.adapters.identity.key_store import Kept
    from converge_desktop.runtime.peopling import OperatorRow
    from converge_desktop.runtime.person_views import PersonView

Do = Callable[[Values], Future[Any]]
Told = Callable[[Any, Values], str]


class Doer(QObject):
    """Asks in the box, asks the desk, and says what came of it.

    Signals:
        opened: Something is asked.
        done: Something was done: the id of whom it was about, empty for nobody.
    """

    opened = Signal()
    done = Signal(str)

    def __init__(self, tools: Tools, box: ActBox) -> None:
        super().__init__(box)
        self._tools = tools
        self._box = box
        self._do: Do | None = None
        self._told: Told | None = None
        self._about: Callable[[Any], str] = str
        self._busy = False
        box.confirmed.connect(self._on_confirmed)

    def ask(self, act: Act, do: Do, told: Told, about: Callable[[Any], str] = lambda _: "") -> None:
        """Opens the box for an act.

        Args:
            act: What is asked.
            do: Asks the desk, with what was typed.
            told: Says in a sentence what came of it.
            about: Says whom it was about, by id.
        """
        if self._busy:
            self._box.take_focus()
            return
        self._do, self._told, self._about = do, told, about
        self._box.open(act)
        self.opened.emit()

    def enrol(self) -> None:
        """Makes a key for somebody here, and answers for them."""
        desk = self._tools.desk
        self.ask(
            acts.ENROL,
            lambda typed: desk.enrol_operator(typed["name"], typed["new"]),
            lambda who, _: f"{who} may decide here from now on.",
            str,
        )

    def welcome(self, path: Any, who: Operator) -> None:
        """Answers for somebody whose key was made elsewhere."""
        self.ask(
            acts.welcome(who),
            lambda _: self._tools.desk.import_operator(path, who.public_key),
            lambda known, _: (
                f"{known} may decide here from now on, with a key that lies elsewhere."
            ),
            str,
        )

    def seat(self, row: OperatorRow) -> None:
        """Has somebody else decide at this desk."""
        self.ask(
            acts.seat(row),
            lambda typed: self._tools.desk.take_seat(row.name, typed.get("passphrase", "")),
            lambda who, _: f"{who} decides here now. Every other key is locked.",
            str,
        )

    def rotate(self, row: OperatorRow) -> None:
        """Has the person at the desk take another key."""
        self.ask(
            acts.rotate(row),
            lambda typed: self._tools.desk.rotate_key(typed["reason"]),
            lambda who, _: f"{who} has another key. What was signed with the old one stands.",
            str,
        )

    def revoke(self, row: OperatorRow, person: PersonView | None) -> None:
        """Has somebody decide nothing any more."""
        self.ask(
            acts.revoke(row, person),
            lambda typed: self._tools.desk.revoke_operator(row.operator_id, typed["reason"]),
            lambda who, _: f"{who} decides nothing here any more.",
            str,
        )

    def protect(self, row: OperatorRow) -> None:
        """Moves a key out of its plain file."""

        def told(kept: Kept, _: Values) -> str:
            return f"The key of {row.name} lies in {acts.place(kept.where)} now."

        self.ask(
            acts.protect(row),
            lambda typed: self._tools.desk.protect_key(row.name, typed["new"]),
            told,
            lambda _: row.operator_id,
        )

    def passphrase(self, row: OperatorRow) -> None:
        """Changes the passphrase of the person at the desk."""
        self.ask(
            acts.PASSPHRASE,
            lambda typed: self._tools.desk.change_passphrase(typed["old"], typed["new"]),
            lambda _, __: "Your key lies under the new passphrase now.",
            lambda _: row.operator_id,
        )

    @Slot()
    def _on_confirmed(self) -> None:
        if self._do is None or self._busy:
            return
        typed = self._box.values()
        self._busy = True
        self._box.work("This takes a moment…")
        self._tools.bridge.ask(
            self, self._do(typed), lambda result: self._on_done(result, typed), self._on_failed
        )

    def _on_done(self, result: Any, typed: Values) -> None:
        told, about = self._told, self._about
        assert told is not None
        self._busy = False
        self._box.done()
        self._tools.routes.say.emit("good", told(result, typed), "people")
        self.done.emit(about(result))

    def _on_failed(self, error: BaseException) -> None:
        self._busy = False
        self._box.fail(words.problem(error))
