"""Where a fact came from, as a chain that can be read from the fact down to the input."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from converge_desktop.runtime.readmodel import FactCard, Lineage
from converge_desktop.ui import fonts, words
from converge_desktop.ui.pages.page import Tools
from converge_desktop.ui.widgets.chips import Chip, ChipButton, ChipRow, clear
from converge_desktop.ui.widgets.empty import EmptyState
from converge_desktop.ui.widgets.labels import Label, caption
from converge_desktop.ui.widgets.lists import Panel
from converge_desktop.ui.widgets.scroll import ScrollBody, ScrollPage

_INDENT = 3
_DEEPEST = 8


class _Edge(QWidget):
    """One line of the chain: a relation, and what it leads to."""

    def __init__(self, depth: int, relation: str, label: str, target: QWidget | None) -> None:
        super().__init__()
        unit = fonts.measures().unit
        row = QHBoxLayout(self)
        row.setContentsMargins(min(depth, _DEEPEST) * unit * _INDENT, 0, 0, 0)
        row.setSpacing(unit)
        if relation:
            said = Label(f"↳ {relation.replace('_', ' ')}", "small", "muted")
            said.setFixedWidth(max(unit * 14, said.sizeHint().width()))
            said.setAlignment(Qt.AlignmentFlag.AlignTop)
            row.addWidget(said)
        row.addWidget(Label(label, "body" if relation else "strong").wrapped().selectable(), 1)
        if target is not None:
            row.addWidget(target, 0, Qt.AlignmentFlag.AlignTop)
        self.setAccessibleName(words.one_line(f"{relation} {label}".strip()))


class LineagePane(QStackedWidget):
    """Shows what a fact rests on, step by step."""

    def __init__(self, tools: Tools) -> None:
        super().__init__()
        self._tools = tools
        self._wanted = ("", "")
        self._card: FactCard | None = None
        self.empty = EmptyState(
            "context", "No fact is chosen", "Choose one to see where it came from."
        )
        self.empty.pressed.connect(self._on_again)
        unit = fonts.measures().unit
        header = Panel("header")
        self._title = Label("", "title").wrapped()
        self._chips = ChipRow()
        head = QVBoxLayout(header)
        head.setContentsMargins(unit * 3, unit + 4, unit * 3, unit + 4)
        head.setSpacing(unit)
        head.addWidget(self._title)
        head.addWidget(self._chips)
        body = ScrollBody()
        outer = QVBoxLayout(body)
        outer.setContentsMargins(unit * 3, unit * 2 + 2, unit * 3, unit * 3)
        outer.setSpacing(unit)
        outer.addWidget(caption("Where it came from"))
        card = QFrame()
        card.setProperty("card", "plain")
        card.setMaximumWidth(fonts.measures().text_width + unit * 30)
        self._column = QVBoxLayout(card)
        self._column.setContentsMargins(unit * 2, unit + 4, unit * 2, unit + 4)
        self._column.setSpacing(unit)
        outer.addWidget(card)
        self._as_of = Label("", "small", "muted")
        outer.addWidget(self._as_of)
        outer.addStretch(1)
        scroll = ScrollPage(body)
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(header)
        column.addWidget(scroll, 1)
        self.addWidget(self.empty)
        self.addWidget(page)
        self._leads: dict[ChipButton, str] = {}

    def load(self, run_id: str, fact_id: str, card: FactCard | None = None) -> None:
        """Asks where a fact came from and shows it."""
        self._wanted = (run_id, fact_id)
        self._card = card
        self.empty.tell("Following the fact…", "From the fact back to what was read.")
        self.setCurrentIndex(0)
        self._tools.bridge.ask(
            self,
            self._tools.desk.lineage(run_id, fact_id),
            partial(self._on_lineage, self._wanted),
            partial(self._on_failed, self._wanted),
        )

    def _on_lineage(self, wanted: tuple[str, str], lineage: Lineage) -> None:
        if wanted != self._wanted:
            return
        labels = dict(lineage.labels)
        card = self._card
        self._title.say(card.text if card else labels.get(lineage.fact_id, lineage.fact_id))
        self._chips.show_chips(*self._make_chips(card))
        clear(self._column)
        self._leads = {}
        self._walk(lineage, labels)
        self._as_of.say(f"As of ledger record {lineage.seq:,}.")
        self.setCurrentIndex(1)

    def _on_failed(self, wanted: tuple[str, str], error: BaseException) -> None:
        if wanted == self._wanted:
            self.empty.tell(
                "This cannot be followed", words.problem(error), action="Try again", tone="danger"
            )

    def _make_chips(self, card: FactCard | None) -> list[QWidget]:
        run_id, fact_id = self._wanted
        chips: list[QWidget] = []
        if card is not None:
            chips += [Chip(card.key), Chip(card.byline)]
            if card.approver:
                chips.append(Chip(f"approved by {card.approver}"))
        run = ChipButton(card.run_label if card else words.short_id(run_id), "Show the run")
        run.clicked.connect(self._on_run)
        return [*chips, run, Chip(words.short_id(fact_id, 20), tip=fact_id)]

    def _walk(self, lineage: Lineage, labels: dict[str, str]) -> None:
        """Sets the edges as a tree, depth first; what came up before is not followed again."""
        after: dict[str, list[tuple[str, str]]] = {}
        for start, relation, end in lineage.edges:
            after.setdefault(start, []).append((relation, end))
        root = lineage.fact_id
        if root not in after and lineage.edges:
            root = lineage.edges[0][0]  # the nearest edge starts at the fact, by its full name
        seen = {root}
        self._add(0, "", root, labels)
        stack = [(1, r, e) for r, e in reversed(after.get(root, []))]
        while stack:
            depth, relation, end = stack.pop()
            again = end in seen
            self._add(depth, relation, end, labels, again=again)
            if not again:
                seen.add(end)
                stack += [(depth + 1, r, e) for r, e in reversed(after.get(end, []))]
        rest = [edge for edge in lineage.edges if edge[0] not in seen]
        for start, relation, end in rest:
            self._add(0, "", start, labels)
            self._add(1, relation, end, labels)
        if not lineage.edges:
            self._column.addWidget(
                Label(
                    "Nothing is recorded before it: it was read from the input.", "body", "muted"
                ).wrapped()
            )

    def _add(
        self, depth: int, relation: str, node: str, labels: dict[str, str], *, again: bool = False
    ) -> None:
        label = labels.get(node, node)
        lead = self._lead(node)
        self._column.addWidget(
            _Edge(depth, relation, f"{label} (see above)" if again else label, lead)
        )

    def _lead(self, node: str) -> ChipButton | None:
        kind = node.partition(":")[0].casefold()
        title = {"run": "Open run", "trace": "Open trace", "gate": "Open review"}.get(kind)
        if title is None:
            return None
        chip = ChipButton(title, node)
        chip.clicked.connect(self._on_lead)
        self._leads[chip] = node
        return chip

    @Slot()
    def _on_lead(self) -> None:
        chip = self.sender()
        if not isinstance(chip, ChipButton) or chip not in self._leads:
            return
        kind, _, name = self._leads[chip].partition(":")
        identifier = name.partition("|")[2] or name  # what belongs to a run is named with it
        routes = self._tools.routes
        signal = {"run": routes.run, "trace": routes.trace, "gate": routes.gate}[kind.casefold()]
        signal.emit(identifier)

    @Slot()
    def _on_run(self) -> None:
        self._tools.routes.run.emit(self._wanted[0])

    @Slot()
    def _on_again(self) -> None:
        if self._wanted[1]:
            self.load(*self._wanted, self._card)
