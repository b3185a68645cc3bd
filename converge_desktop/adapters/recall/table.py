"""The LanceDB table of what can be recalled, and what is known of it.

It is a view: nothing of it is synced to disk, and whatever is wrong with it, its folder is thrown
away and filled again from the ledger. A small file beside the table says how far it has come and by
what it was embedded; rows that it does not cover are none.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from zlib import crc32

os.environ.setdefault("LANCEDB_LOG", "error")  # it looks at that once; a new table is no warning

import lancedb
import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
from lancedb.index import HnswSq

from converge_core.canonical import ContentHash
from converge_core.recall import RecallSource
from converge_desktop.adapters.recall.things import SCHEMA, Thing

NAME: Final = "things"
HEAD: Final = "head.json"
REFINE: Final = 4
EF: Final = 200
"""How hard an index looks: all of what is near, in a few milliseconds (storage.md)."""
COMPACT_AFTER: Final = 50
"""Additions, each a file or three, after which they are made one."""
OLD: Final = timedelta(minutes=10)
"""How old a version of the table is that nobody reads any more."""
_TEXTS: Final = (
    *("kind", "tenant", "run", "reference", "about", "content", "summary", "detail", "replaces"),
)
_NUMBERS: Final = ("seq", "at")
_SEARCHED: Final = ("seq", "tenant", "run", "kind", "content", "replaces")

Vectors = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Held:
    """What of rows is held in memory to be searched, or looked at when the table is opened."""

    seqs: Sequence[int]
    tenants: Sequence[str]
    runs: Sequence[str]
    kinds: Sequence[RecallSource]
    contents: Sequence[str]
    replaces: Sequence[str]
    vectors: Vectors


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rows count: those of one tenant, of some kinds or all, and not those of a run."""

    tenant: str
    kinds: tuple[RecallSource, ...] = ()
    but_run: str = ""

    def filter(self) -> str:
        """Returns it as the table's filter."""
        kinds = ", ".join(map(_quoted, self.kinds))
        parts = [f"tenant = {_quoted(self.tenant)}"]
        parts += [f"kind IN ({kinds})"] if kinds else []
        parts += [f"run != {_quoted(self.but_run)}"] if self.but_run else []
        return " AND ".join(parts)


class TableBroken(Exception):
    """The table cannot be used; it is to be filled again."""


@contextmanager
def _table_can_be(done: str) -> Iterator[None]:
    """Makes whatever the engine raises, which is of no one kind, a table that is broken."""
    try:
        yield
    except Exception as error:
        raise TableBroken(f"it cannot be {done}: {error}") from error


@dataclass(frozen=True, slots=True)
class TableHead:
    """How far a table has come.

    Attributes:
        desk: whose ledger it shows.
        embedder: the digest of what embedded its rows.
        seq: the last record it takes in.
        hash: that record's.
        resume: the record from which one has to read to go on.
        rows: how many rows it has.
        content: the hash of what its rows say, in order.
        check: the checksum of its vectors, in order.
        schema: how its rows were made.
    """

    desk: str
    embedder: ContentHash
    seq: int
    hash: str
    resume: int
    rows: int
    content: ContentHash
    check: int = 0
    schema: int = SCHEMA


class RecallTable:
    """A folder with the table in it.

    Args:
        folder: where it lies; it need not exist.
        width: how many numbers a vector has.
    """

    def __init__(self, folder: Path, width: int) -> None:
        self._folder = folder
        self._width = width
        self._table: Any = None
        self._added = 0

    def head(self) -> TableHead | None:
        """Returns how far it has come; None where it is missing or makes no sense."""
        try:
            data = (self._folder / HEAD).read_bytes()
            found = msgspec.json.decode(data, type=TableHead)
        except (OSError, ValueError, RecursionError):
            return None
        return found if found.schema == SCHEMA else None

    @property
    def there(self) -> bool:
        """Whether its folder is there; somebody may delete it at any time."""
        return (self._folder / HEAD).is_file() and (self._folder / f"{NAME}.lance").is_dir()

    def open(self, rows: int) -> None:
        """Opens what is there.

        Rows behind those that are known of go: whoever added them was cut off.

        Raises:
            TableBroken: if it cannot be read, or has other rows than it should.
        """
        with _table_can_be("opened"):
            self._table = lancedb.connect(self._folder).open_table(NAME)
            if self._table.count_rows() > rows:
                self._table.delete(f"place >= {rows}")
            found, schema = self._table.count_rows(), self._table.schema
        if found != rows or schema != self._schema():
            raise TableBroken(f"it has {found} rows of what should be {rows}")

    def begin(self, head: TableHead) -> None:
        """Throws away what is there and makes an empty table that has come as far as ``head``."""
        self._table = None
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(parents=True, exist_ok=True)
        self._table = lancedb.connect(self._folder).create_table(
            NAME, schema=self._schema(), mode="overwrite"
        )
        self._added = 0
        self._say(head)

    def add(
        self, things: Sequence[Thing], vectors: Vectors, head: TableHead, *, compact: bool = True
    ) -> None:
        """Adds rows, and says how far it has come then.

        Args:
            things: what the rows say.
            vectors: their vectors.
            head: how far it has come then.
            compact: whether files may be made one; an index that is being built would be lost.

        Raises:
            TableBroken: if it was deleted meanwhile, or cannot be written.
        """
        if not self.there:
            raise TableBroken("it was deleted")
        with _table_can_be("written"):
            if things:
                first = head.rows - len(things)
                self._table.add(self._rows(things, vectors, first))
                self._added += 1
            if self._added >= COMPACT_AFTER and compact:
                self._table.optimize(cleanup_older_than=OLD)
                self._added = 0
            self._say(head)

    def held(self) -> Held:
        """Returns what is searched of all rows, in the order in which they were added.

        Raises:
            TableBroken: if they cannot be read, or are not those that were added.
        """
        with _table_can_be("read"):
            found = self._table.search().select(["place", *_SEARCHED, "vector"])
            rows = found.limit(self._table.count_rows()).to_arrow().sort_by("place")
            flat = rows["vector"].combine_chunks().flatten().to_numpy(zero_copy_only=False)
            texts = {name: rows[name].to_pylist() for name in _SEARCHED}
            kinds = [RecallSource(kind) for kind in texts["kind"]]
            places = rows["place"].to_numpy()
        if not np.array_equal(places, np.arange(len(places))):
            raise TableBroken("some of its rows are missing, or there twice")
        return Held(
            *(texts["seq"], texts["tenant"], texts["run"], kinds),
            *(texts["content"], texts["replaces"], flat.reshape(-1, self._width)),
        )

    def replaced(self) -> list[str]:
        """Returns what its rows say that they take the place of.

        Raises:
            TableBroken: if they cannot be read.
        """
        with _table_can_be("read"):
            found = self._table.search().where("replaces != ''").select(["replaces"])
            rows = found.limit(max(self._table.count_rows(), 1)).to_arrow()
            return [str(one) for one in rows["replaces"].to_pylist()]

    def indexed(self) -> bool:
        """Whether an index is asked where something is looked for, which may miss some of it.

        Raises:
            TableBroken: if it cannot be told.
        """
        with _table_can_be("read"):
            return bool(self._table.list_indices())

    def at(self, places: Sequence[int]) -> dict[int, Thing]:
        """Returns rows by their places.

        Raises:
            TableBroken: if they cannot be read.
        """
        if not places:
            return {}
        with _table_can_be("read"):
            # Rows lie in the order of their places, which is held against what comes.
            wanted = ["place", "check", *_TEXTS, *_NUMBERS]
            rows = self._table.take_offsets(list(places)).select(wanted).to_list()
            things = {row["place"]: thing_of(row) for row in rows}
            whole = all(check_of(things[row["place"]]) == row["check"] for row in rows)
        if things.keys() != set(places) or not whole:
            raise TableBroken("some of its rows are gone, were changed, or lie elsewhere")
        return things

    def build_index(self) -> None:
        """Builds the index by which many vectors are searched; takes minutes, on any thread.

        Raises:
            TableBroken: if it cannot be built.
        """
        with _table_can_be("indexed"):
            self._table.create_index("vector", config=HnswSq(distance_type="cosine"))

    def near(self, vector: Vectors, wanted: Wanted, most: int) -> list[tuple[int, float]]:
        """Returns places and cosines of what an index holds to be nearest.

        Raises:
            TableBroken: if it cannot be searched.
        """
        with _table_can_be("searched"):
            rows = (
                self._table.search(vector, vector_column_name="vector")
                .distance_type("cosine")
                .where(wanted.filter(), prefilter=True)
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
        with _table_can_be("searched"):
            return int(self._table.count_rows(wanted.filter()))

    def _rows(self, things: Sequence[Thing], vectors: Vectors, first: int) -> Any:
        columns: dict[str, Any] = {
            "place": pa.array(range(first, first + len(things)), pa.int64()),
            "check": pa.array(map(check_of, things), pa.int64()),
            **{name: [str(getattr(one, name)) for one in things] for name in _TEXTS},
            **{name: [getattr(one, name) for one in things] for name in _NUMBERS},
        }
        flat = pa.array(np.ascontiguousarray(vectors).reshape(-1), pa.float32())
        columns["vector"] = pa.FixedSizeListArray.from_arrays(flat, self._width)
        return pa.table(columns, schema=self._schema())

    def _schema(self) -> Any:
        fields = [pa.field(name, pa.int64()) for name in ("place", "check")]
        fields += [pa.field(name, pa.string()) for name in _TEXTS]
        fields += [pa.field(name, pa.int64()) for name in _NUMBERS]
        fields.append(pa.field("vector", pa.list_(pa.float32(), self._width)))
        return pa.schema(fields)

    def _say(self, head: TableHead) -> None:
        unfinished = self._folder / f"{HEAD}.part"
        unfinished.write_bytes(msgspec.json.encode(head))
        unfinished.replace(self._folder / HEAD)


def _quoted(text: str) -> str:
    return "'" + str(text).replace("'", "''") + "'"


def check_of(thing: Thing) -> int:
    """Returns the checksum of all that a row says beside its vector."""
    said = (str(getattr(thing, name)) for name in (*_TEXTS, *_NUMBERS))
    return crc32("\0".join(said).encode())


def thing_of(row: dict[str, Any]) -> Thing:
    """Returns a row as the thing it was made of."""
    said = {name: row[name] for name in (*_TEXTS, *_NUMBERS)}
    return Thing(**{**said, "kind": RecallSource(row["kind"])})
