"""The LanceDB table by which more is searched than lies in memory: vectors, and what sorts them.

It is made of the rows, which it follows, once there are so many (see ``corpus``). Only then is this
imported: the engine brings a hundred megabytes of code and modules with it.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

os.environ.setdefault("LANCEDB_LOG", "error")  # it looks at that once; a new table is no warning

import lancedb
import numpy as np
import pyarrow as pa
from lancedb.index import Bitmap, HnswSq

from converge_desktop.adapters.recall.broken import TableBroken
from converge_desktop.adapters.recall.rows import TABLE, Part, Vectors, Wanted, can_be
from converge_desktop.adapters.recall.things import Thing
from converge_desktop.adapters.refused import Refused

NAME: Final = Path(TABLE).stem
REFINE: Final = 4
EF: Final = 200
"""How hard an index looks: all of what is near, in a few milliseconds (storage.md)."""
COMPACT_AFTER: Final = 50
"""Additions, each a file or three, after which they are made one."""
OLD: Final = timedelta(minutes=10)
"""How old a version of the table is that nobody reads any more."""
_TEXTS: Final = ("kind", "tenant", "run", "replaces")
_COUNTED: Final = ("kind", "tenant", "run")
"""By which of them it is told which rows count."""
VECTOR: Final = "vector"


class RecallTable:
    """A folder with the table in it.

    Args:
        folder: where the rows lie, beside which it has a folder of its own.
        width: how many numbers a vector has.
    """

    def __init__(self, folder: Path, width: int) -> None:
        self._folder = folder
        self._width = width
        self._table: Any = None
        self._added = 0

    @property
    def there(self) -> bool:
        """Whether its folder is there; somebody may delete it at any time."""
        return (self._folder / TABLE).is_dir()

    def open(self, rows: int) -> None:
        """Opens what is there.

        Rows behind those that are known of go: whoever added them was cut off.

        Raises:
            TableBroken: if it cannot be read, or has other rows than it should.
        """
        with can_be(self._folder, "opened"):
            self._table = lancedb.connect(self._folder).open_table(NAME)
            self._drop_behind(rows)
            found, schema = self._table.count_rows(), self._table.schema
        if found != rows or schema != self._schema():
            raise TableBroken(f"it has {found} rows of what should be {rows}")

    def fill(self, parts: Iterable[Part]) -> None:
        """Throws away what is there and makes it anew, of all rows.

        Raises:
            TableBroken: if the rows cannot be read, or it cannot be written.
        """
        with can_be(self._folder, "written"):
            self._table, place = None, 0
            shutil.rmtree(self._folder / TABLE, ignore_errors=True)
            self._table = lancedb.connect(self._folder).create_table(
                NAME, schema=self._schema(), mode="overwrite"
            )
            for things, vectors in parts:
                self._table.add(self._rows(things, vectors, place))
                place += len(things)
            self._added = 0

    def add(
        self, things: Sequence[Thing], vectors: Vectors, first: int, *, compact: bool = True
    ) -> None:
        """Adds rows.

        Args:
            things: what they say.
            vectors: their vectors.
            first: the place of the first.
            compact: whether files may be made one; an index that is being built would be lost.

        Raises:
            Refused: if the system lets nothing be written now; what it wrote of it will not count.
            TableBroken: if it was deleted meanwhile, or cannot be written for another reason.
        """
        if not self.there:
            raise TableBroken("it was deleted")
        with can_be(self._folder, "written"):
            self._drop_behind(first)  # what was cut off when it was added last
            if things:
                self._table.add(self._rows(things, vectors, first))
                self._added += 1
        if self._added >= COMPACT_AFTER and compact:
            self._compact()

    def replaced(self) -> list[str]:
        """Returns what its rows say that they take the place of.

        Raises:
            TableBroken: if they cannot be read.
        """
        with can_be(self._folder, "read"):
            found = self._table.search().where("replaces != ''").select(["replaces"])
            rows = found.limit(max(self._table.count_rows(), 1)).to_arrow()
            return [str(one) for one in rows["replaces"].to_pylist()]

    def indexed(self) -> bool:
        """Whether an index is asked where something is looked for, which may miss some of it.

        Raises:
            TableBroken: if it cannot be told.
        """
        with can_be(self._folder, "read"):
            return any(VECTOR in one.columns for one in self._table.list_indices())

    def build_index(self) -> None:
        """Builds the indexes by which many vectors are searched; takes minutes, on any thread.

        Those of what rows count take a tenth of a second, and then a search takes a quarter.

        Raises:
            TableBroken: if it cannot be built.
        """
        with can_be(self._folder, "indexed"):
            for name in _COUNTED:
                self._table.create_index(name, config=Bitmap())
            self._table.create_index(VECTOR, config=HnswSq(distance_type="cosine"))

    def near(self, vector: Vectors, wanted: Wanted, most: int) -> list[tuple[int, float]]:
        """Returns places and cosines of what an index holds to be nearest.

        Raises:
            TableBroken: if it cannot be searched.
        """
        with can_be(self._folder, "searched"):
            rows = (
                self._table.search(vector, vector_column_name=VECTOR)
                .distance_type("cosine")
                .where(filter_of(wanted), prefilter=True)
                .ef(EF)
                .refine_factor(REFINE)
                .limit(most)
                .select(["place", "_distance"])
                .to_list()
            )
        return [(row["place"], 1.0 - row["_distance"]) for row in rows]

    def count(self, wanted: Wanted) -> int:
        """Counts the rows among which is looked for.

        Raises:
            TableBroken: if they cannot be counted.
        """
        with can_be(self._folder, "searched"):
            return int(self._table.count_rows(filter_of(wanted)))

    def _drop_behind(self, rows: int) -> None:
        if self._table.count_rows() > rows:
            self._table.delete(f"place >= {rows}")

    def _compact(self) -> None:
        with suppress(Refused), can_be(self._folder, "written"):  # tried with the next addition
            self._table.optimize(cleanup_older_than=OLD)
            self._added = 0

    def _rows(self, things: Sequence[Thing], vectors: Vectors, first: int) -> Any:
        columns: dict[str, Any] = {
            "place": pa.array(range(first, first + len(things)), pa.int64()),
            **{name: [str(getattr(one, name)) for one in things] for name in _TEXTS},
        }
        flat = pa.array(np.ascontiguousarray(vectors).reshape(-1), pa.float32())
        columns[VECTOR] = pa.FixedSizeListArray.from_arrays(flat, self._width)
        return pa.table(columns, schema=self._schema())

    def _schema(self) -> Any:
        fields = [pa.field("place", pa.int64())]
        fields += [pa.field(name, pa.string()) for name in _TEXTS]
        fields.append(pa.field(VECTOR, pa.list_(pa.float32(), self._width)))
        return pa.schema(fields)


def filter_of(wanted: Wanted) -> str:
    """Returns which rows count, as the table's filter."""
    kinds = ", ".join(map(_quoted, wanted.kinds))
    parts = [f"tenant = {_quoted(wanted.tenant)}"]
    parts += [f"kind IN ({kinds})"] if kinds else []
    parts += [f"run != {_quoted(wanted.but_run)}"] if wanted.but_run else []
    return " AND ".join(parts)


def _quoted(text: str) -> str:
    return "'" + str(text).replace("'", "''") + "'"
