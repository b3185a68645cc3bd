"""What a fact came from and what rests on it, as a tree that is made only where it is opened.

The graph behind it is one of many ways: opened whole, what is shared would stand in it again and
again. So a row learns its children when somebody opens it, and one that stands above itself has
none.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from converge_desktop.ui import words
from converge_desktop.ui.models.looks import Role

Index = QModelIndex | QPersistentModelIndex
Edges = Iterable[tuple[str, str, str]]
_NOWHERE = QModelIndex()
UP, DOWN = 0, 1
HEADINGS = ("What it came from", "What rests on it")
_COLUMNS = ("What", "How")
KINDS = {
    "fact": "fact",
    "trace": "step",
    "proposal": "proposal",
    "observation": "input",
    "decision": "decision",
    "gate": "proposal that waits",
    "run": "run",
    "model": "model",
    "prompt": "prompt",
    "correction": "correction",
    "operator": "person",
}
"""What the first part of a name says that it is."""


@dataclass(slots=True)
class Node:
    """A row: what it is, how it hangs together with the row above it, and where it stands.

    ``side`` is ``UP`` or ``DOWN``; the two headings have no name. ``children`` are the numbers of
    the rows under it; None until somebody opened it.
    """

    name: str
    relation: str
    side: int
    parent: int
    row: int
    children: list[int] | None = None

    @property
    def kind(self) -> str:
        """What it is: ``fact``, ``trace``, ``run`` and so on."""
        return self.name.partition(":")[0].casefold()

    @property
    def run(self) -> str:
        """The run that it belongs to; empty where it belongs to none."""
        place, _, own = self.name.partition(":")[2].partition("|")
        return place if own else ""

    @property
    def id(self) -> str:
        """Its id, without what it is and the run it belongs to."""
        place, _, own = self.name.partition(":")[2].partition("|")
        return own or place


class ProvenanceModel(QAbstractItemModel):
    """Two headings, and under each what is reached one way, opened step by step."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._start = ""
        self._next: tuple[dict[str, list[tuple[str, str]]], dict[str, list[tuple[str, str]]]]
        self._next = ({}, {})
        self._became: set[str] = set()
        self._counted = ("", "")
        self._labels: dict[str, str] = {}
        self._nodes: list[Node] = []
        self._plant()

    def show_graph(
        self,
        start: str,
        up: tuple[tuple[str, str, str], ...],
        down: tuple[tuple[str, str, str], ...],
        labels: dict[str, str],
    ) -> None:
        """Shows what is reached from ``start``; edges lead from what came to what it came of."""
        self.beginResetModel()
        self._start, self._labels = start, dict(labels)
        above: dict[str, list[tuple[str, str]]] = {}
        below: dict[str, list[tuple[str, str]]] = {}
        for child, relation, parent in dict.fromkeys(up):
            above.setdefault(child, []).append((relation, parent))
        for child, relation, parent in dict.fromkeys(down):
            below.setdefault(parent, []).append((relation, child))
        self._next = (above, below)
        self._became = became_facts((*up, *down))
        up_words, down_words = (reach_words(self.reached(s), self._became) for s in (UP, DOWN))
        self._counted = (up_words, down_words)
        self._plant()
        self.endResetModel()

    def _plant(self) -> None:
        self._nodes = [Node("", "", side, -1, side) for side in (UP, DOWN)]

    def reached(self, side: int) -> list[str]:
        """Lists what is reached one way, nearest first."""
        seen, ahead = {self._start: None}, [self._start]
        for name in ahead:
            fresh = [other for _, other in self._next[side].get(name, ()) if other not in seen]
            fresh = list(dict.fromkeys(fresh))
            seen.update(dict.fromkeys(fresh))
            ahead += fresh
        return ahead[1:]

    def node(self, index: Index) -> Node | None:
        """Returns what stands in a row."""
        return self._nodes[index.internalId()] if index.isValid() else None

    def label(self, node: Node) -> str:
        """Returns what a row says."""
        if not node.name:
            return HEADINGS[node.side]
        return self._labels.get(node.name, node.id)

    def heading(self, side: int) -> QModelIndex:
        """Returns one of the two headings."""
        return self.createIndex(side, 0, side)

    # What Qt asks.

    def index(self, row: int, column: int, parent: Index = _NOWHERE) -> QModelIndex:
        """Override QAbstractItemModel.index."""
        if column not in {0, 1} or row < 0 or parent.column() > 0:
            return QModelIndex()
        if not parent.isValid():
            return self.createIndex(row, column, row) if row < len(HEADINGS) else QModelIndex()
        children = self._nodes[parent.internalId()].children or []
        return self.createIndex(row, column, children[row]) if row < len(children) else _NOWHERE

    def parent(self, index: Index) -> QModelIndex:  # type: ignore[override]
        """Override QAbstractItemModel.parent."""
        above = self._nodes[index.internalId()].parent if index.isValid() else -1
        return self.createIndex(self._nodes[above].row, 0, above) if above >= 0 else QModelIndex()

    def rowCount(self, parent: Index = _NOWHERE) -> int:  # noqa: N802
        """Override QAbstractItemModel.rowCount."""
        if not parent.isValid():
            return len(HEADINGS)
        if parent.column() > 0:
            return 0
        return len(self._nodes[parent.internalId()].children or ())

    def columnCount(self, parent: Index = _NOWHERE) -> int:  # noqa: N802, ARG002
        """Override QAbstractItemModel.columnCount."""
        return len(_COLUMNS)

    def hasChildren(self, parent: Index = _NOWHERE) -> bool:  # noqa: N802
        """Override QAbstractItemModel.hasChildren."""
        if not parent.isValid():
            return True
        return parent.column() == 0 and bool(self._steps(parent.internalId()))

    def canFetchMore(self, parent: Index) -> bool:  # noqa: N802
        """Override QAbstractItemModel.canFetchMore."""
        if not parent.isValid() or parent.column() > 0:
            return False
        number = parent.internalId()
        return self._nodes[number].children is None and bool(self._steps(number))

    def fetchMore(self, parent: Index) -> None:  # noqa: N802
        """Override QAbstractItemModel.fetchMore."""
        if not self.canFetchMore(parent):
            return
        number = parent.internalId()
        steps, side = self._steps(number), self._nodes[number].side
        first = len(self._nodes)
        self.beginInsertRows(
            self.createIndex(self._nodes[number].row, 0, number), 0, len(steps) - 1
        )
        self._nodes += [
            Node(name, relation, side, number, row) for row, (relation, name) in enumerate(steps)
        ]
        self._nodes[number].children = list(range(first, len(self._nodes)))
        self.endInsertRows()

    def _steps(self, number: int) -> list[tuple[str, str]]:
        """Returns what is one step further from a row; nothing where it stands above itself."""
        node = self._nodes[number]
        name = node.name or self._start
        above = node.parent
        while above >= 0:
            if (self._nodes[above].name or self._start) == name:
                return []
            above = self._nodes[above].parent
        return self._next[node.side].get(name, [])

    def headerData(  # noqa: N802
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Override QAbstractItemModel.headerData."""
        across = orientation == Qt.Orientation.Horizontal
        if across and role == Qt.ItemDataRole.DisplayRole and 0 <= section < len(_COLUMNS):
            return _COLUMNS[section]
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Override QAbstractItemModel.data."""
        node = self.node(index)
        if node is None:
            return None
        if role == Role.ROW:
            return node
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(node) if index.column() == 0 else words.one_line(self._how(node))
        if role == Qt.ItemDataRole.ToolTipRole:
            return words.tooltip(f"{self.label(node)}\n{node.name}".strip())
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return words.one_line(f"{self._how(node)} {self.label(node)}".strip())
        return None

    def _text(self, node: Node) -> str:
        return words.one_line(self.label(node))

    def _how(self, node: Node) -> str:
        if not node.name:
            return self._counted[node.side] or "nothing"
        relation = node.relation.replace("_", " ")
        kind = KINDS.get(node.kind, node.kind)
        return f"{relation} · {kind}" if node.side == UP else f"{kind} · {relation}"


def became_facts(edges: Edges) -> set[str]:
    """Returns the proposals that became facts."""
    return {
        parent
        for child, _, parent in edges
        if child.startswith("fact:") and parent.startswith("proposal:")
    }


def reach_words(names: Iterable[str], became: set[str]) -> str:
    """Counts what was reached, as in ``3 facts, 1 proposal and 2 runs``; empty where it is none.

    A proposal of those that ``became`` facts counts as that fact.
    """
    reached: dict[str, list[str]] = {}
    for name in names:
        reached.setdefault(name.partition(":")[0].casefold(), []).append(name)
    open_ = [name for name in reached.get("proposal", ()) if name not in became]
    said = [
        words.count(len(some), one)
        for one, some in (
            ("fact", reached.get("fact", [])),
            ("proposal", open_ or ([] if reached.get("proposal") else reached.get("gate", []))),
            ("step", reached.get("trace", [])),
            ("place in the input", reached.get("observation", [])),
            ("run", reached.get("run", [])),
        )
        if some
    ]
    plain = [text.replace("place in the inputs", "places in the input") for text in said]
    return " and ".join(filter(None, [", ".join(plain[:-1]), *plain[-1:]]))
