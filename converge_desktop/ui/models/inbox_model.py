"""The rows of the inbox as an item model that moves nothing unless the person does."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from PySide6.QtCore import QObject

from converge_desktop.runtime.review_model import InboxRow
from converge_desktop.ui.models.inbox_look import RowStates, inbox_look
from converge_desktop.ui.models.inbox_order import Arrangement, Entry, Heading, entry_key
from converge_desktop.ui.models.rows import RowModel

Keep = Callable[[InboxRow], bool]


class InboxModel(RowModel[Entry]):
    """Proposals and headings.

    Between two moments at which it is put in order (:meth:`settle`), what is new stands at its
    end, and what no longer waits stays where it stood and says so: so no row moves under the
    pointer, and none away from the selection.

    Attributes:
        states: what is marked, new and gone.
    """

    def __init__(self, now: Callable[[], int], parent: QObject | None = None) -> None:
        self.states = RowStates()
        super().__init__(entry_key, inbox_look(now, self.states), parent)
        self._now = now
        self._waiting: dict[str, InboxRow] = {}
        self._left: dict[str, InboxRow] = {}
        self._fresh: set[str] = set()
        self._decided: set[str] = set()  # here; undone, they come back, but are no news
        self._filter: Keep | None = None
        self._places: dict[str, int] = {}
        self.arrangement = Arrangement()

    def take(self, rows: Iterable[InboxRow], own: Callable[[str], bool]) -> tuple[InboxRow, ...]:
        """Takes what waits by now.

        Args:
            rows: all that waits.
            own: whether a proposal is one that the person here just decided.

        Returns:
            What no longer waits and was decided elsewhere, or by nobody.
        """
        before, self._waiting = self._waiting, {row.gate_id: row for row in rows}
        if before and before == self._waiting:
            return ()  # something was recorded, but nothing that is seen here
        gone = tuple(row for name, row in before.items() if name not in self._waiting)
        came = [name for name in self._waiting if name not in before and name not in self._left]
        for row in gone:
            self._left[row.gate_id] = row
            self.states.gone[row.gate_id] = ""
            self.states.marked.pop(row.gate_id, None)
            self.states.unseen.discard(row.gate_id)
        for name in [name for name in self._left if name in self._waiting]:
            del self._left[name]
            self.states.gone.pop(name, None)
        if before:
            self._fresh.update(came)
            self.states.unseen.update(name for name in came if name not in self._decided)
        self._fresh.intersection_update({*self._waiting, *self._left})
        if before and self._waiting:
            self._arrange()
        else:
            self.settle()
        return tuple(row for row in gone if not own(row.gate_id))

    def settle(self) -> None:
        """Puts everything in its place, and takes out what no longer waits."""
        self._fresh.clear()
        self._left.clear()
        self.states.gone.clear()
        self._arrange()

    def unsettled(self) -> bool:
        """Whether something is new or gone and not in its place."""
        return bool(self._fresh or self._left)

    def sift(self, keep: Keep | None) -> None:
        """Shows only what passes a filter."""
        self._filter = keep
        self.settle()

    def arrange(self, sort: str, group: str) -> None:
        """Orders and groups the rows."""
        self.arrangement = replace(self.arrangement, sort=sort, group=group)
        self.settle()

    def fold(self, key: str, *, folded: bool) -> None:
        """Folds a group, or unfolds it."""
        others = self.arrangement.folded - {key}
        self.arrangement = replace(self.arrangement, folded=others | {key} if folded else others)
        self._arrange()

    def unfold(self) -> None:
        """Unfolds every group."""
        self.arrangement = replace(self.arrangement, folded=frozenset())
        self._arrange()

    def drop(self, gates: Iterable[str]) -> None:
        """Takes proposals out, because they were decided here."""
        for gate_id in gates:
            self._decided.add(gate_id)
            self._waiting.pop(gate_id, None)
            self.states.marked.pop(gate_id, None)
            self.states.unseen.discard(gate_id)
        self.settle()

    def tell_why(self, gate_id: str, why: str) -> None:
        """Says of a row that is gone why it is."""
        if gate_id in self.states.gone:
            self.states.gone[gate_id] = why
            self._again(gate_id)

    def mark(self, names: Iterable[str]) -> None:
        """Marks exactly these, as far as they wait."""
        wanted = {name: None for name in names if name in self._waiting}
        other = self.states.marked.keys() ^ wanted.keys()
        self.states.marked.clear()
        self.states.marked.update(wanted)
        for name in other:
            self._again(name)

    def marked(self) -> tuple[InboxRow, ...]:
        """Returns what is marked, in the order in which it was."""
        return tuple(self._waiting[name] for name in self.states.marked)

    def seen(self, gate_id: str) -> None:
        """The person looks at a row: it is new no longer."""
        if gate_id in self.states.unseen:
            self.states.unseen.discard(gate_id)
            self._again(gate_id)

    def newest(self) -> str:
        """Returns what came last and was not looked at, else what came last; empty for nothing."""
        rows = [self._waiting[name] for name in self.states.unseen] or self._waiting.values()
        last = max(rows, key=lambda row: (row.opened_at, row.gate_id), default=None)
        return last.gate_id if last is not None else ""

    def waiting(self) -> tuple[InboxRow, ...]:
        """Returns all that waits, whether or not the filter shows it."""
        return tuple(self._waiting.values())

    def proposal_at(self, number: int) -> InboxRow | None:
        """Returns the proposal at a place; None for a heading, or beyond the end."""
        entry = self.row_at(number)
        return entry if isinstance(entry, InboxRow) else None

    def group_of(self, number: int) -> Heading | None:
        """Returns the heading that a place stands under, or is."""
        for place in range(number, -1, -1):
            entry = self.row_at(place)
            if isinstance(entry, Heading):
                return entry
        return None

    def members(self, key: str) -> tuple[str, ...]:
        """Returns the proposals under a heading that is open."""
        found: list[str] = []
        for place in range(self._places.get(f"heading {key}", -1) + 1, self.rowCount()):
            entry = self.row_at(place)
            if not isinstance(entry, InboxRow):
                break
            found.append(entry.gate_id)
        return tuple(found)

    def grouped(self) -> bool:
        """Whether headings stand in the list."""
        return any(name.startswith("heading ") for name in self._places)

    def total(self) -> int:
        """Override RowModel.total: counts what waits."""
        return len(self._waiting)

    def contains(self, key: str) -> bool:
        """Override RowModel.contains: says whether a proposal waits."""
        return key in self._waiting

    def find(self, key: str) -> int:
        """Override RowModel.find."""
        return self._places.get(key, -1)

    def _arrange(self) -> None:
        rows = (*self._waiting.values(), *self._left.values())
        kept = rows if self._filter is None else filter(self._filter, rows)
        entries = self.arrangement.entries(kept, self._now(), self._fresh, self._left)
        self._places = {entry_key(entry): place for place, entry in enumerate(entries)}
        self.set_rows(entries)

    def _again(self, gate_id: str) -> None:
        place = self.find(gate_id)
        if place >= 0:
            self.dataChanged.emit(self.index(place), self.index(place))
