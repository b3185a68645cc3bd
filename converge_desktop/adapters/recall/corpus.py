"""What can be recalled, held so that it can be searched: exactly, or by an index beyond a size.

Up to :data:`EXACT_MOST` rows all vectors are in memory, and one product finds what is nearest,
exactly and as fast as any index. Above it they are put into a table of LanceDB as well, and an
index that may miss something is asked; whoever asks is told which it was.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

import numpy as np
import numpy.typing as npt

from converge_core.canonical import ContentHash
from converge_core.recall import RecallSource
from converge_core.recall_envelope import CorpusFingerprint
from converge_desktop.adapters.recall.broken import TableBroken
from converge_desktop.adapters.recall.rows import (
    EMPTY_HASH,
    TABLE,
    RecallRows,
    TableHead,
    Vectors,
    Wanted,
    checked,
    told,
)
from converge_desktop.adapters.recall.things import SCHEMA, Thing
from converge_desktop.adapters.refused import Refused

if TYPE_CHECKING:
    from converge_desktop.adapters.recall.table import RecallTable

S = TypeVar("S", bound=np.generic)

EXACT_MOST: Final = 100_000
"""Rows up to which an exact product is as fast as an index, and takes 150 MB."""
CORRECTED: Final = "what came of it was corrected since"
_NONE: Final = -2.0
"""Less than any cosine."""
_KINDS: Final = {kind: number for number, kind in enumerate(RecallSource)}


@dataclass(frozen=True, slots=True)
class Found:
    """What was near, nearest first, with cosines; how, and among how many, it was looked for."""

    hits: tuple[tuple[Thing, float], ...]
    exact: bool
    searched: int


class Corpus:
    """The rows and, while they are few, their vectors in memory. Used by one thread.

    Args:
        folder: where the rows lie.
        desk: whose ledger it shows.
        embedder: the digest of what embeds.
        width: how many numbers a vector has.
        exact_most: rows up to which the search is exact.
    """

    def __init__(
        self,
        folder: Path,
        desk: str,
        embedder: ContentHash,
        width: int,
        *,
        exact_most: int = EXACT_MOST,
    ) -> None:
        self._folder = folder
        self._rows = RecallRows(folder, width)
        self._table: RecallTable | None = None
        """What is searched where there are too many rows for the memory."""
        self._exact_most = exact_most
        self._width = width
        self._empty = TableHead(desk, embedder, -1, "", 0, 0, EMPTY_HASH)
        self.head = self._empty
        self._vectors: Vectors | None = None
        self._places: dict[str, int] = {}
        self._before: tuple[dict[str, int], Vectors] | None = None
        self._forget()
        self._indexed = 0
        """Rows that an index covers; 0 where there is none."""
        self._tried = 0
        self._indexing: threading.Thread | None = None
        self._broken = ""

    def require_there(self) -> None:
        """Passes while its folder is there and can be read; anybody may delete it at any time.

        Raises:
            TableBroken: if it is not, or something in it could not be read.
        """
        if not (self._rows.there and (self._table is None or self._table.there)):
            raise TableBroken("it was deleted")
        if self._broken:
            raise TableBroken(self._broken)

    @property
    def fingerprint(self) -> CorpusFingerprint:
        """What it holds, in a word."""
        head = self.head
        return CorpusFingerprint(
            schema_version=SCHEMA,
            embedder_hash=head.embedder,
            ledger_seq=head.seq,
            rows=head.rows,
            content_hash=head.content,
        )

    def open(self) -> None:
        """Opens what is there, if it is of this desk and embedder.

        Raises:
            Refused: if the system does not let it be read.
            TableBroken: if it is not, or cannot be used.
        """
        head = self._rows.head()
        if head is None:
            raise TableBroken("there is none")
        if (head.desk, head.embedder) != (self._empty.desk, self._empty.embedder):
            raise TableBroken("it is of another desk, or was embedded by something else")
        self._rows.open(head.rows)
        self._forget()
        if head.rows <= self._exact_most:
            # Made of more rows, those that were cut off: it may not fit what comes in their place.
            shutil.rmtree(self._folder / TABLE, ignore_errors=True)
            self._hold_all(head)
        else:
            self._open_table(head)
        self.head = head

    def _hold_all(self, head: TableHead) -> None:
        """Takes all rows into memory."""
        self._make_room(head.rows)
        try:
            for things, vectors in self._rows.all(head):
                self._hold(things, vectors)
        except TableBroken:
            self._forget()  # or a vector that was changed would be taken for what was embedded
            raise

    def _open_table(self, head: TableHead) -> None:
        """Has a table searched rather than the memory; one that does not fit is made anew."""
        # Imported where it is needed alone: it takes a second, and a hundred megabytes.
        from converge_desktop.adapters.recall.table import RecallTable  # noqa: PLC0415 - see above

        table = RecallTable(self._folder, self._width)
        try:
            table.open(head.rows)
        except TableBroken:
            table.fill(self._rows.all(head))
        self._replaced |= _marks(table.replaced())
        if table.indexed():
            self._indexed = self._tried = head.rows
        self._table, self._vectors, self._places = table, None, {}

    def begin(self) -> None:
        """Throws away what is there and begins anew; what was embedded is not embedded again."""
        # Of two, the larger: where it was begun anew a moment ago, little is known yet.
        both = filter(None, (self._known(), self._before))
        before = max(both, key=lambda known: len(known[0]), default=None)
        self._rows.begin(self._empty)
        self._broken, self._indexed, self._tried = "", 0, 0
        self._forget()
        self._before = before
        self.head = self._empty

    def mend(self) -> None:
        """Makes again what is broken: the table alone, of the rows, where these are whole.

        Raises:
            Refused: if the system lets nothing be written or read now.
            TableBroken: if nothing can be written for another reason.
        """
        if self._table is not None and self._rows.there:
            with contextlib.suppress(TableBroken):
                self._table.fill(self._rows.all(self.head))
                self._broken, self._indexed, self._tried = "", 0, 0
                return
        self.begin()

    def vector_of(self, content: str) -> Vectors | None:
        """Returns the vector of a text that was embedded before; None where none is at hand."""
        for known in (self._known(), self._before):
            if known is not None and content in known[0]:
                vector: Vectors = known[1][known[0][content]]
                return vector
        return None

    def caught_up(self) -> None:
        """Lets go of what was only kept to fill it again."""
        self._before = None

    def add(
        self, things: Sequence[Thing], vectors: Sequence[Vectors], seq: int, last: str, resume: int
    ) -> None:
        """Adds things, and says that all records up to ``seq`` are taken in.

        Args:
            things: the things.
            vectors: the vector of each.
            seq: the last record that is taken in.
            last: that record's hash.
            resume: the record from which one has to read to go on.

        Raises:
            Refused: if the system lets nothing be written now; it stays as it was.
            TableBroken: if it was deleted meanwhile, or cannot be written for another reason.
        """
        block = np.array(vectors, np.float32).reshape(-1, self._width)
        head = replace(
            self.head,
            seq=seq,
            hash=last,
            resume=resume,
            rows=self.head.rows + len(things),
            content=told(self.head.content, things),
            check=checked(self.head.check, block),
        )
        if self._table is not None:
            self._table.add(things, block, self.head.rows, compact=not self._indexes())
        self._rows.add(things, block, head)
        self.head = head
        self._hold(things, block)
        if self._table is None and head.rows > self._exact_most:
            self._open_table(head)

    def search(
        self,
        vector: Vectors,
        tenant: str,
        kinds: Iterable[RecallSource],
        most: int,
        but_run: str = "",
    ) -> Found:
        """Returns what is nearest among one tenant's things, without those of a run.

        What was corrected since is left out, and a decision that it came of says so.

        Raises:
            TableBroken: if the table cannot be read.
        """
        try:
            return self._search(vector, Wanted(tenant, tuple(kinds), but_run), most)
        except TableBroken as error:
            self._broken = str(error)
            raise

    def _search(self, vector: Vectors, wanted: Wanted, most: int) -> Found:
        exact = self._vectors is not None
        if exact:
            places, looked_at = self._product(vector, wanted, most)
        else:
            table = self._need_table()
            places, looked_at = table.near(vector, wanted, most), table.count(wanted)
        things = self._rows.at([place for place, _ in places])
        standing = ((self._as_it_stands(things[place]), cosine) for place, cosine in places)
        hits = tuple((thing, cosine) for thing, cosine in standing if thing is not None)
        return Found(hits, exact or not self._indexed, looked_at)

    def _as_it_stands(self, thing: Thing) -> Thing | None:
        """Returns a thing as it is to be told by now; None where it no longer stands."""
        if thing.mark not in self._replaced or thing.kind is RecallSource.FAILURE:
            return thing
        if thing.kind is RecallSource.DECISION:
            detail = json.dumps({**json.loads(thing.detail or "{}"), "corrected": True})
            return replace(thing, summary=f"{thing.summary} ({CORRECTED})", detail=detail)
        return None

    def near(self, vector: Vectors, wanted: Wanted, most: int) -> list[tuple[int, float]]:
        """Returns places and cosines of what the index holds to be nearest.

        Raises:
            TableBroken: if the table cannot be searched.
        """
        return self._need_table().near(vector, wanted, most)

    def _need_table(self) -> RecallTable:
        assert self._table is not None, "there are so many rows that it was opened"
        return self._table

    def index_wanted(self) -> bool:
        """Whether there are so many rows that an index pays, and none covers most of them."""
        if self._table is None or self._indexes():
            return False
        return self.head.rows > max(self._exact_most, self._tried * 5 // 4)

    def _indexes(self) -> bool:
        return self._indexing is not None and self._indexing.is_alive()

    def build_index(self) -> threading.Thread:
        """Has an index built, on a thread of its own; meanwhile every row is looked at."""

        def build(table: RecallTable, rows: int) -> None:
            with contextlib.suppress(TableBroken, Refused):  # tried again once it has grown
                table.build_index()
                if self._tried == rows:  # or it was begun anew meanwhile
                    self._indexed = rows

        self._tried = self.head.rows
        self._indexing = threading.Thread(
            target=build, args=(self._need_table(), self._tried), name="recall-index", daemon=True
        )
        self._indexing.start()
        return self._indexing

    def _product(
        self, vector: Vectors, wanted: Wanted, most: int
    ) -> tuple[list[tuple[int, float]], int]:
        """Returns places and cosines of what is nearest, and among how many."""
        assert self._vectors is not None
        count = self._count
        number = self._tenants.get(wanted.tenant)
        if number is None or not count:
            return [], 0
        fits = self._of[:count] == number
        if wanted.kinds:
            fits &= np.isin(self._is[:count], [_KINDS[kind] for kind in wanted.kinds])
        if wanted.but_run in self._runs:
            fits &= self._in[:count] != self._runs[wanted.but_run]
        cosines = np.where(fits, self._vectors[:count] @ vector, _NONE)
        kept = min(most, count)
        best = np.argpartition(-cosines, kept - 1)[:kept]
        ordered = best[np.lexsort((best, -cosines[best]))]
        found = [(int(place), float(cosines[place])) for place in ordered if cosines[place] > _NONE]
        return found, int(np.count_nonzero(fits))

    # What is held in memory.

    def _forget(self) -> None:
        self._vectors = np.empty((1024, self._width), np.float32)
        self._of = np.empty(1024, np.int32)
        self._in = np.empty(1024, np.int32)
        self._is = np.empty(1024, np.int8)
        self._count = 0
        self._table = None
        self._places = {}
        self._before = None
        self._replaced: set[str] = set()
        self._tenants: dict[str, int] = {}
        self._runs: dict[str, int] = {}

    def _known(self) -> tuple[dict[str, int], Vectors] | None:
        return None if self._vectors is None else (self._places, self._vectors)

    def _hold(self, things: Sequence[Thing], vectors: Vectors) -> None:
        """Takes rows in: into memory as well, unless there are too many for that."""
        self._replaced |= _marks(one.replaces for one in things)
        if self._vectors is None:
            return
        first, last = self._count, self._count + len(things)
        if last > len(self._vectors):
            self._make_room(max(last, min(2 * len(self._vectors), self._exact_most)))
        self._vectors[first:last] = vectors
        self._of[first:last] = _numbers(self._tenants, [one.tenant for one in things])
        self._in[first:last] = _numbers(self._runs, [one.run for one in things])
        self._is[first:last] = [_KINDS[one.kind] for one in things]
        self._count = last
        for place, thing in enumerate(things, start=first):
            self._places.setdefault(thing.content, place)

    def _make_room(self, rows: int) -> None:
        assert self._vectors is not None
        self._vectors = _grown(self._vectors, rows)
        self._of, self._is = _grown(self._of, rows), _grown(self._is, rows)
        self._in = _grown(self._in, rows)


def _marks(replaces: Iterable[str]) -> set[str]:
    return {mark for one in replaces if one for mark in one.split("\n")}


def _numbers(known: dict[str, int], names: Sequence[str]) -> list[int]:
    return [known.setdefault(one, len(known)) for one in names]


def _grown(array: npt.NDArray[S], room: int) -> npt.NDArray[S]:
    grown = np.empty((max(room, len(array)), *array.shape[1:]), array.dtype)
    grown[: len(array)] = array
    return grown
