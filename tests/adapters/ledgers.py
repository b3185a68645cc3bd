"""Ledgers of any shape, made quickly: what lies in them is of no matter, where it lies is."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import strategies as st

from converge_core.events import CycleStarted, DeskOpened, Event, GateWithdrawn
from converge_core.ids import GateId, RunId
from converge_core.ledger import Entry
from converge_desktop.adapters.ledger.history import LedgerHistory
from converge_desktop.adapters.ledger.ledger_file import LedgerFile, read_ledger
from converge_desktop.adapters.ledger.snapshots import SnapshotReader, Snapshots

Batches = Sequence[Sequence[Event]]
SMALL = 1500
"""The bytes of a file of these ledgers, which hold two or three records."""


def withdrawn(run: str, text: str = "no") -> GateWithdrawn:
    return GateWithdrawn(run=RunId(run), gate=GateId("g"), reason=text)


def event(run: str, number: int) -> Event:
    """Returns something that happens to a run, or to the desk where it has no name."""
    if not run:
        return DeskOpened(desk=f"desk {number}", app_version="0.1.0")
    if number % 2:
        return CycleStarted(run=RunId(run), cycle=number, eligible=())
    return withdrawn(run, "x" * (number * 37 % 400))


SHAPES = st.lists(
    st.lists(st.sampled_from(["", "a", "b", "run-0003"]), min_size=1, max_size=4),
    min_size=1,
    max_size=12,
)
"""Batches, as the runs that their records are of."""
SIZES = st.sampled_from([1, 700, SMALL, 4000, 1 << 20])


def batches_of(shape: Iterable[Iterable[str]]) -> list[list[Event]]:
    numbers = iter(range(10_000))
    return [[event(run, next(numbers)) for run in runs] for runs in shape]


EIGHT = batches_of([[""], ["a", "a"], ["a", "b"], ["", "b"], ["a"], ["b", "a", "b"], ["a"], ["b"]])
"""A ledger of thirteen records over several files, if those are small."""


def snapshots_of(place: Path) -> Snapshots:
    return Snapshots(place / "snapshots", place / "snapshots.key")


def reader_of(place: Path) -> SnapshotReader:
    return SnapshotReader(place / "snapshots", place / "snapshots.key")


def ledger_of(place: Path) -> Path:
    return place / "ledger"


def written(
    place: Path, batches: Batches, segment_bytes: int = SMALL, *, keep: bool = False
) -> list[Entry]:
    """Appends batches to the ledger at a place; with snapshots, if they are to be kept."""
    ledger_of(place).mkdir(parents=True, exist_ok=True)
    snapshots = snapshots_of(place) if keep else None
    history = LedgerHistory(ledger_of(place), snapshots).read_all()
    with closing(LedgerFile(ledger_of(place), segment_bytes, history=history)) as ledger:
        for at, events in enumerate(batches):
            ledger.append(events, at)
        history.save()
    return list(read_ledger(ledger_of(place)))


def opened(place: Path, snapshots: SnapshotReader | None = None) -> LedgerHistory:
    """Reads the ledger at a place to its end."""
    return LedgerHistory(ledger_of(place), snapshots).read_all()


def files_of(place: Path) -> list[Path]:
    return sorted(ledger_of(place).glob("*.jsonl"))


def kept(place: Path) -> list[Path]:
    """Returns the snapshots at a place."""
    return sorted((place / "snapshots").glob("*.snapshot"))


def believed(place: Path) -> int:
    """Returns how many records are known without reading them."""
    return LedgerHistory(ledger_of(place), reader_of(place)).index.count


@pytest.fixture(scope="module")
def no_waiting() -> Iterator[None]:
    """The disk does not let anybody wait."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(os, "fsync", lambda fd: None)
        yield


@pytest.fixture(scope="module")
def whole(no_waiting: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger over several files, each with a snapshot, that nobody changes."""
    place = tmp_path_factory.mktemp("whole")
    written(place, EIGHT, keep=True)
    assert 4 <= len(files_of(place)) == len(kept(place))
    return place


@pytest.fixture
def place(whole: Path, tmp_path: Path) -> Path:
    """A copy of it, to be changed."""
    shutil.copytree(whole, tmp_path / "place")
    return tmp_path / "place"


def open_files() -> int:
    """Counts what this process has open."""
    return len(list(Path("/proc/self/fd").iterdir()))


def names(folder: Path) -> list[str]:
    """Returns what lies in a folder."""
    return sorted(path.name for path in folder.iterdir())
