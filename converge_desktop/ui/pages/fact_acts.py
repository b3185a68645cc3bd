"""What can be done about a fact: take it back, by a proposal that goes the way of every other."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QObject, Slot

from converge_desktop.runtime.deciding_model import Edit, Retraction
from converge_desktop.runtime.port import InboxChanged
from converge_desktop.runtime.review_model import InboxRow
from converge_desktop.ui import words
from converge_desktop.ui.actions import Action
from converge_desktop.ui.pages.fact_pane import FactPane
from converge_desktop.ui.pages.page import Tools
from converge_desktop.ui.pages.retract_box import who_words

_RETRACTED = "Retracted: "
_NEXT_CYCLE = (
    "It was proposed, and waits in {run} for its next cycle, which begins once all that is asked "
    "there is decided."
)


class FactActs(QObject):
    """Opens the box, proposes, and says where the proposal waits."""

    def __init__(self, tools: Tools, pane: FactPane) -> None:
        super().__init__(pane)
        self._tools = tools
        self._pane = pane
        self._made: tuple[Retraction, str] | None = None
        self._leads_to: tuple[str, str] = ("", "")
        pane.retract_button.clicked.connect(self.open)
        pane.box.confirmed.connect(self._on_confirmed)
        pane.strip.pressed.connect(self._on_strip)
        tools.bridge.inbox_changed.connect(self._on_inbox)

    def actions_of(self) -> tuple[Action, ...]:
        """Lists what can be done about the fact that is shown."""
        pane, page = self._pane, "context"
        take = ("Ctrl+Shift+R",)
        return (
            Action(
                "fact.retract",
                "Retract the fact…",
                take,
                self.open,
                "Run",
                self.can_retract,
                page=page,
                writes="a correction you propose, and why (input_staged), once you confirm it",
                needs="a fact that is shown",
            ),
            Action(
                "fact.copy", "Copy the id of the fact", (), pane.copy, "Run", self.shows, page=page
            ),
            Action(
                "fact.record",
                "Open the fact’s ledger record",
                (),
                self.record,
                "Run",
                self.shows,
                page=page,
            ),
            Action(
                "fact.tree",
                "Go to the fact’s lineage",
                (),
                self.focus_tree,
                "Run",
                self.shows,
                page=page,
            ),
        )

    def shows(self) -> bool:
        """Says whether a fact is shown."""
        return self._pane.view is not None and self._pane.currentIndex() == 1

    def can_retract(self) -> bool:
        """Says whether the fact that is shown can be taken back."""
        return self.shows() and self._pane.retract_button.isEnabled()

    @Slot()
    def open(self) -> None:
        """Shows what rests on the fact, and asks why it is taken back."""
        if self.can_retract() and self._pane.view is not None:
            self._pane.foot.hide()
            self._pane.box.open(self._pane.view, *self._pane.rest())

    def record(self) -> None:
        """Shows the ledger record of the fact."""
        if self._pane.view is not None:
            self._pane.follow("record", str(self._pane.view.card.seq))

    def focus_tree(self) -> None:
        """Puts the focus into the tree."""
        tree = self._pane.tree
        self._pane.body_scroll.ensureWidgetVisible(tree)
        tree.setFocus()
        if not tree.currentIndex().isValid():
            tree.setCurrentIndex(tree.graph.heading(0))

    @Slot(str, str)
    def _on_confirmed(self, reason: str, instead: str) -> None:
        view = self._pane.view
        if view is None:
            return
        self._pane.box.work(on=True)
        about = (view.seen_from, view.card.fact_id)
        says = instead or f"{_RETRACTED}{view.card.text}"
        asked = self._tools.desk.retract(
            view.seen_from, view.card.fact_id, reason, Edit(content=instead) if instead else None
        )
        refused = partial(self._on_not_proposed, about, view.card.text)
        self._tools.bridge.ask(self, asked, partial(self._on_proposed, about, says), refused)

    def _is_shown(self, about: tuple[str, str]) -> bool:
        view = self._pane.view
        return view is not None and about == (view.seen_from, view.card.fact_id)

    def _on_proposed(self, about: tuple[str, str], says: str, made: Retraction) -> None:
        self._made = (made, says)
        if not self._is_shown(about):  # somebody may be typing about another fact by now
            said = (
                f"It was proposed to take back “{words.one_line(says.removeprefix(_RETRACTED))}”."
            )
            self._tools.routes.say.emit("info", said, f"fact {about[1]}")
            return
        self._pane.close_box()
        view = self._pane.view
        own = view is not None and made.run_id == view.card.run_id
        label = view.card.run_label if view and own else made.run_id.replace("-", " ")
        self._say(_NEXT_CYCLE.format(run=label), "Show the run", ("run", made.run_id))
        self._tools.bridge.ask(self, self._tools.desk.inbox(), self._look_for, lambda _: None)
        self._pane.again()

    def _on_not_proposed(self, about: tuple[str, str], text: str, error: BaseException) -> None:
        if not self._is_shown(about):
            said = (
                f"It was not proposed to take back “{words.one_line(text)}”. {words.problem(error)}"
            )
            self._tools.routes.say.emit("danger", said, f"fact {about[1]}")
            return
        self._pane.box.work(on=False)
        self._pane.strip.tell("danger", f"Nothing was proposed. {words.problem(error)}")

    @Slot(object)
    def _on_inbox(self, change: InboxChanged) -> None:
        self._look_for(change.rows)

    def _look_for(self, rows: tuple[InboxRow, ...]) -> None:
        """Finds the proposal where it waits, as soon as somebody is asked about it."""
        if self._made is None:
            return
        made, says = self._made
        for row in rows:
            if row.run_id == made.run_id and says in {row.text, row.title}:
                self._made = None
                view = self._pane.view
                who = f" {who_words(view.retractable)}" if view else ""
                self._say(
                    f"It was proposed and waits in the inbox.{who}",
                    "Show it",
                    ("gate", row.gate_id),
                )
                return

    def _say(self, text: str, action: str, leads_to: tuple[str, str]) -> None:
        self._leads_to = leads_to
        self._pane.strip.tell("good", text, action)

    @Slot()
    def _on_strip(self) -> None:
        if self._leads_to[0]:
            self._pane.follow(*self._leads_to)
