"""The calls that are marked, to be compared or written out."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent

from converge_desktop.runtime.trace_model import FoundTrace
from converge_desktop.ui import words
from converge_desktop.ui.models.traces import TraceModel
from converge_desktop.ui.pages.page import Tools
from converge_desktop.ui.pages.traces_finding import tried
from converge_desktop.ui.pages.traces_table import TraceTable

MOST = 500
"""The most calls that are marked one by one; more are chosen by a filter."""
_TWO = 2


class Marks(QObject):
    """Which calls are marked, by their records: they stay so whatever the list shows.

    Signals:
        changed: Others are marked than before.
    """

    changed = Signal()

    def __init__(self, tools: Tools, model: TraceModel, table: TraceTable, parent: QObject) -> None:
        super().__init__(parent)
        self._tools = tools
        self._model = model
        self._table = table
        self._marked: dict[int, str] = {}
        self._before: dict[int, str] = {}
        self._origin = -1
        table.toggle_wanted.connect(self.toggle)
        table.reach_wanted.connect(self._on_reach)
        table.extend_wanted.connect(self.extend)

    def seqs(self) -> tuple[int, ...]:
        """Returns the records of what is marked, as it was marked."""
        return tuple(self._marked)

    def two(self) -> tuple[str, str] | None:
        """Returns the ids of the two calls that are marked; None where there are more or fewer."""
        ids = tuple(self._marked.values())
        return (ids[0], ids[1]) if len(ids) == _TWO else None

    def toggle_here(self) -> None:
        """Marks the current call, or takes its mark away."""
        self.toggle(self._table.currentIndex().row())

    @Slot(int)
    def toggle(self, row: int) -> None:
        """Marks a call, or takes its mark away; one that is still being read is let be."""
        self._origin = -1
        found = self._model.row_at(row)
        if found is None:
            return
        if found.seq in self._marked:
            self._mark({seq: name for seq, name in self._marked.items() if seq != found.seq})
        else:
            self._mark({**self._marked, found.seq: found.row.trace_id})

    @Slot(int)
    def extend(self, by: int) -> None:
        """Marks from where the range began to the next call; back again unmarks."""
        here = self._table.currentIndex().row()
        if here < 0:
            self._table.go(0)
            return
        self._begin(here)
        self._table.go(max(0, min(self._model.rowCount() - 1, here + by)))
        self._reach(self._table.currentIndex().row())

    def clear(self) -> bool:
        """Takes all marks away; returns whether there were any."""
        self._origin = -1
        had = bool(self._marked)
        self._mark({})
        return had

    def forget_range(self) -> None:
        """Ends the range: the rows have other numbers by now."""
        self._origin = -1

    @Slot(int)
    def _on_reach(self, row: int) -> None:
        here = self._table.currentIndex().row()
        self._begin(here if here >= 0 else row)
        self._table.go(row)
        self._reach(row)

    def _begin(self, row: int) -> None:
        if self._origin < 0:
            self._origin, self._before = row, dict(self._marked)

    def _reach(self, row: int) -> None:
        first, last = sorted((self._origin, row))
        rows = self._model.read_rows(first, last) if last - first < MOST else None
        if rows is not None:
            self._mark_range(self._origin, rows)
        elif last - first >= MOST:
            self._refuse()
        elif self._model.found is not None:
            ask = partial(
                self._tools.desk.trace_rows, self._model.found.token, first, last - first + 1
            )
            took = partial(self._mark_range, self._origin)
            self._tools.bridge.ask(self, tried(ask), took, self._on_failed)

    def _mark_range(self, origin: int, rows: Iterable[FoundTrace]) -> None:
        if origin != self._origin:
            return
        marked = {**self._before, **{found.seq: found.row.trace_id for found in rows}}
        if len(marked) > MOST:
            self._refuse()
        else:
            self._mark(marked)

    def _refuse(self) -> None:
        said = (
            f"At most {MOST} steps are marked one by one. To write out more, export all that a "
            "filter finds, with nothing marked."
        )
        self._tools.routes.say.emit("caution", said, "trace marks")

    def _on_failed(self, error: BaseException) -> None:
        said = f"The steps were not marked. {words.problem(error)}"
        self._tools.routes.say.emit("danger", said, "trace marks")

    def _mark(self, marked: dict[int, str]) -> None:
        if marked == self._marked:
            return
        self._marked = marked
        self._model.mark(frozenset(marked))
        said = f"{words.count(len(marked), 'step')} marked." if marked else "Nothing is marked."
        QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self._table, said))
        self.changed.emit()
