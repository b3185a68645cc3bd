"""The inspector of one fact: what it says, how it became true, and what hangs on it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from converge_desktop.runtime.desk_model import Status
from converge_desktop.runtime.fact_model import FactView
from converge_desktop.runtime.run_model import FactCard, Lineage
from converge_desktop.ui import fonts, words
from converge_desktop.ui.models.provenance import DOWN, Node, became_facts, reach_words
from converge_desktop.ui.pages.fact_sections import (
    CorrectionSection,
    EvidenceSection,
    PromotionSection,
)
from converge_desktop.ui.pages.page import Tools
from converge_desktop.ui.pages.provenance_tree import ProvenanceTree
from converge_desktop.ui.pages.retract_box import RetractBox
from converge_desktop.ui.widgets.buttons import Button
from converge_desktop.ui.widgets.chips import Chip, ChipButton, ChipRow
from converge_desktop.ui.widgets.empty import EmptyState
from converge_desktop.ui.widgets.foot import Foot
from converge_desktop.ui.widgets.labels import Label, caption
from converge_desktop.ui.widgets.lists import Panel
from converge_desktop.ui.widgets.scroll import ScrollBody, ScrollPage
from converge_desktop.ui.widgets.task_strip import TaskStrip

if TYPE_CHECKING:
    from converge_desktop.adapters.surreal import Walk

Edges = tuple[tuple[str, str, str], ...]
_RESTING = frozenset(["fact", "proposal", "gate", "run"])
"""What is worth telling of what rests on a fact; steps and answers stand in the tree."""
_ASKING = "Within {run}, from the ledger. Asking the database about other runs…"
_ALONE = "Within {run} alone, from the ledger. {why}"
_FILLING = "The database is being filled ({share}); other runs are shown once it is."


class FactPane(QStackedWidget):
    """Shows one fact from the ledger at once, and other runs as soon as the database tells."""

    def __init__(self, tools: Tools) -> None:
        super().__init__()
        self._tools = tools
        self._wanted = ("", "")
        self._status = Status()
        self.view: FactView | None = None
        self._up: Edges = ()
        self._down: Edges = ()
        self._labels: dict[str, str] = {}
        self._found: tuple[str, ...] | None = None
        self._silent = False
        self._asked_while = ""
        self.empty = EmptyState(
            "context", "No fact is chosen", "Choose one to see how it became true."
        )
        self.empty.pressed.connect(self._on_again)
        self.promotion, self.evidence = PromotionSection(), EvidenceSection()
        self.corrections = CorrectionSection()
        for section in (self.promotion, self.evidence, self.corrections):
            section.followed.connect(self.follow)
        self.tree = ProvenanceTree()
        self.tree.followed.connect(self._on_node)
        self.strip = TaskStrip("What was asked of the fact")
        self.box = RetractBox()
        self.box.followed.connect(self._on_name)
        self.box.left.connect(self._on_box_left)
        self._lay_out()

    def _lay_out(self) -> None:
        unit = fonts.measures().unit
        body = ScrollBody()
        column = QVBoxLayout(body)
        column.setContentsMargins(unit * 3, unit * 2 + 2, unit * 3, unit * 3)
        column.setSpacing(unit)
        holder = QWidget()
        holder.setMaximumWidth(fonts.measures().text_width + unit * 30)
        parts = QVBoxLayout(holder)
        parts.setContentsMargins(0, 0, 0, 0)
        parts.setSpacing(unit)
        for widget in (self.corrections, self.promotion, self.evidence):
            parts.addWidget(widget)
        parts.addWidget(caption("Lineage"))
        parts.addWidget(self.tree)
        self.as_of = Label("", "small", "muted").wrapped()
        parts.addWidget(self.as_of)
        column.addWidget(holder)
        column.addStretch(1)
        self.body_scroll = ScrollPage(body)
        page = QWidget()
        outer = QVBoxLayout(page)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addWidget(self._build_head())
        outer.addWidget(self.strip)
        outer.addWidget(self.body_scroll, 1)
        outer.addWidget(self.box)
        self.foot = self._build_foot()
        outer.addWidget(self.foot)
        self.addWidget(self.empty)
        self.addWidget(page)

    def _build_head(self) -> QWidget:
        unit = fonts.measures().unit
        made = Panel("header")
        self._title = Label("", "title").wrapped().selectable()
        self._chips = ChipRow()
        head = QVBoxLayout(made)
        head.setContentsMargins(unit * 3, unit + 4, unit * 3, unit + 4)
        head.setSpacing(unit)
        head.addWidget(self._title)
        head.addWidget(self._chips)
        return made

    def _build_foot(self) -> QWidget:
        self.retract_button = Button("Retract…", "Ctrl Shift R").stands_for("fact.retract")
        self._why_not = Label("", "small", "muted").wrapped()
        self.copy_button = Button("Copy id")
        self.copy_button.clicked.connect(self.copy)
        return Foot(self.retract_button, self._why_not, self.copy_button)

    def load(self, run_id: str, fact_id: str, card: FactCard | None = None) -> None:
        """Asks the ledger about a fact and shows it; ``card`` is what is known of it already."""
        if (run_id, fact_id) != self._wanted:
            self.close_box()
            self.strip.leave()
        self._wanted = (run_id, fact_id)
        heading = card.text if card else "Looking into the fact…"
        self.empty.tell(heading, "How it was promoted, on what it rests, and what rests on it.")
        self.setCurrentIndex(0)
        self._tools.bridge.ask(
            self,
            self._tools.desk.fact(run_id, fact_id),
            partial(self._on_fact, self._wanted),
            partial(self._on_failed, self._wanted),
        )

    def close_box(self) -> None:
        """Closes the box in which a fact is taken back, and forgets what was typed."""
        self.box.reset()
        self.foot.show()

    def again(self) -> None:
        """Asks again about the fact that is shown."""
        if self._wanted[1]:
            self._tools.bridge.ask(
                self,
                self._tools.desk.fact(*self._wanted),
                partial(self._on_fact, self._wanted),
                partial(self._on_failed, self._wanted),
            )

    def _on_fact(self, wanted: tuple[str, str], view: FactView) -> None:
        if wanted != self._wanted:
            return
        self.view = view
        now = self._tools.clock.now()
        self._title.say(view.card.text)
        self._chips.show_chips(*self._make_chips(view))
        self.promotion.show_fact(view, now)
        self.evidence.show_rows(view.evidence)
        self.corrections.show_fact(view)
        can = view.retractable
        self.retract_button.setEnabled(not can.why_not and not can.forbidden)
        self._why_not.say(can.why_not or (can.reason if can.forbidden else ""))
        self._up = self._down = view.edges
        self._labels, self._found = dict(view.labels), None
        self._show_graph()
        self._ask_database()
        self.setCurrentIndex(1)

    def _on_failed(self, wanted: tuple[str, str], error: BaseException) -> None:
        if wanted == self._wanted:
            self.view = None
            self.empty.tell(
                "This fact cannot be shown", words.problem(error), action="Try again", tone="danger"
            )
            self.setCurrentIndex(0)

    # What the database adds.

    def _ask_database(self) -> None:
        view = self.view
        if view is None:
            return
        self._silent, self._asked_while = False, self._status.view_state
        self.as_of.say(_ASKING.format(run=view.card.run_label))
        run_id, fact_id = view.card.run_id, view.card.fact_id
        desk, bridge, wanted = self._tools.desk, self._tools.bridge, self._wanted
        silent = partial(self._on_silent, wanted)
        bridge.ask(self, desk.lineage(run_id, fact_id), partial(self._on_lineage, wanted), silent)
        bridge.ask(self, desk.blast_radius(run_id, fact_id), partial(self._on_walk, wanted), silent)

    def _on_lineage(self, wanted: tuple[str, str], found: Lineage) -> None:
        if wanted == self._wanted and found.edges:
            self._up = found.edges
            self._labels |= dict(found.labels)
            self._show_graph()
            self._show_as_of(found.seq, whole=True)

    def _on_walk(self, wanted: tuple[str, str], found: tuple[Walk, int]) -> None:
        walk, seq = found
        if wanted != self._wanted:
            return
        self._found = walk.found
        own, view = f"run:{self._wanted[0]}", self.view
        runs = [n for n in walk.found if n.startswith("run:") and n != own]
        if view is not None and (walk.edges or runs):
            # A run holds something of it, or begins with it; no record says so, all of them do.
            self._down = (
                *walk.edges,
                *((run, "has it, or begins with it", view.start) for run in runs),
            )
            self._labels |= {run: run.partition(":")[2].replace("-", " ") for run in runs}
            self._labels |= walk.labels
        self._show_graph()
        self._show_as_of(seq, whole=walk.whole)
        if self.box.isVisible():
            self.box.tell_rest(*self.rest())

    def _on_silent(self, wanted: tuple[str, str], error: BaseException) -> None:
        view = self.view
        if wanted != self._wanted or view is None:
            return
        if self._status.view_state == "ready" != self._asked_while:
            self._ask_database()  # it has come to answer while the question was on its way
            return
        self._silent = True
        why = words.problem(error)
        if self._status.view_state == "filling":
            why = _FILLING.format(share=words.percent(self._status.view_share))
        self.as_of.say(_ALONE.format(run=view.card.run_label, why=why))

    def _show_as_of(self, seq: int, *, whole: bool) -> None:
        cut = "" if whole else " There is more than can be shown."
        self.as_of.say(f"Over all runs, as of ledger record {seq:,}.{cut}")

    def _show_graph(self) -> None:
        if self.view is not None:
            self.tree.show_graph(self.view.start, self._up, self._down, self._labels)

    def tell(self, status: Status) -> None:
        """Notes how it stands with the database; asks again once it answers."""
        before, self._status = self._status.view_state, status
        if self._silent and status.view_state == "ready" and before != "ready":
            self._ask_database()

    def rest(self) -> tuple[str, tuple[tuple[str, str], ...]]:
        """Says what rests on the fact, and lists it, nearest first."""
        graph = self.tree.graph
        names = tuple(self._found) if self._found is not None else tuple(graph.reached(DOWN))
        became = became_facts(self._down)
        own = f"run:{self._wanted[0]}"
        names = tuple(name for name in names if name != own)
        many = reach_words((n for n in names if n.partition(":")[0] in _RESTING), became)
        if not many:
            return "Nothing rests on it yet.", ()
        verb = "rests" if many.startswith("1 ") and " and " not in many else "rest"
        where = "" if self._found is not None else " within its run; other runs are not known yet"
        shown = [n for n in names if n.partition(":")[0] in _RESTING and n not in became]
        if any(name.startswith("proposal:") for name in shown):  # gates only ask about them
            shown = [name for name in shown if not name.startswith("gate:")]
        return f"{many} {verb} on it{where}.", tuple((n, self._labels.get(n, n)) for n in shown)

    # Where it leads.

    @Slot(str, str)
    def follow(self, kind: str, name: str) -> None:
        """Goes to what a link stands for."""
        routes = self._tools.routes
        match kind:
            case "fact":
                routes.fact.emit(self._wanted[0], name)
            case "record":
                routes.record.emit(int(name))
            case "trace" | "run" | "gate":
                signal = {"trace": routes.trace, "run": routes.run, "gate": routes.gate}[kind]
                signal.emit(name)

    @Slot(object)
    def _on_node(self, node: Node) -> None:
        if node.kind == "fact" and node.run:
            self._tools.routes.fact.emit(node.run, node.id)
        else:
            self.follow(node.kind, node.id)

    @Slot(str)
    def _on_name(self, name: str) -> None:
        self._on_node(Node(name, "", DOWN, -1, 0))

    def _make_chips(self, view: FactView) -> list[QWidget]:
        card = view.card
        chips: list[QWidget] = [Chip(card.key), Chip(card.byline)]
        if view.corrected_by:
            chips.append(Chip("corrected", "caution", "Another fact has taken its place."))
        if view.self_approved:
            chips.append(Chip("self-approved", "caution", "Who approved it wrote it as well."))
        chips += [
            Chip(f"replay {grade}", tip="How exactly the step behind it can be had again.")
            for grade in dict.fromkeys(one.grade for one in view.steps)
        ]
        run = ChipButton(card.run_label, "Show the run")
        run.clicked.connect(self._on_run)
        chips.append(run)
        if view.seen_from != card.run_id:
            seen = f"seen from {view.seen_from.replace('-', ' ')}"
            chips.append(Chip(seen, tip="That run goes on from the one that made it."))
        chips.append(Chip(words.short_id(card.fact_id, 24), tip=card.fact_id))
        return chips

    @Slot()
    def _on_box_left(self) -> None:
        self.foot.show()
        self.retract_button.setFocus()

    @Slot()
    def _on_run(self) -> None:
        self._tools.routes.run.emit(self.view.card.run_id if self.view else self._wanted[0])

    @Slot()
    def copy(self) -> None:
        """Copies the id of the fact."""
        if self.view is not None:
            QGuiApplication.clipboard().setText(self.view.card.fact_id)
            self._tools.routes.tell_copied(words.short_id(self.view.card.fact_id, 40))

    @Slot()
    def _on_again(self) -> None:
        if self._wanted[1]:
            self.load(*self._wanted)
