"""Kills processes at every boundary of what they do to their files, and sees what they left.

python -m tests.survival.kills --count 1000

Each process tells a story over a data directory of its own, says what was acknowledged, and is
killed with SIGKILL before, in the middle of, or after one operation on a file. Another takes the
story up and, from the second round on, is killed as well; the last one tells it to the end. Then no
decision may be lost or doubled, and the context root is that of the story that was never
interrupted. Processes are forked from this one, which has no threads.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

from converge_desktop.runtime import desk_reader
from tests.runtime.folders import make_folder
from tests.survival.desks import kill_desks
from tests.survival.files import REAL, Op, Watch, watched
from tests.survival.story import Teller, Told, told_by

MOMENTS = ("before", "half of", "after")


class Boundary(NamedTuple):
    """Where a process is killed: at which of its operations, and when."""

    number: int
    moment: str
    op: Op

    def __str__(self) -> str:
        return f"{self.moment} operation {self.number}, {self.op.kind} {self.op.name}"


@dataclass
class Tally:
    """What came of all kills.

    Attributes:
        kills: how many processes were killed, by moment and kind of operation.
        acknowledged: how many batches were acknowledged before kills.
        wrong: what should not be, in words.
    """

    kills: Counter[tuple[str, str]] = field(default_factory=Counter)
    acknowledged: int = 0
    wrong: list[str] = field(default_factory=list)


def boundaries(story: Path) -> Iterator[Boundary]:
    """Tells the story in ``story`` once, and yields every place where it could be killed."""
    ops: list[Op] = []

    def count(op: Op, do: Callable[..., Any]) -> Any:
        ops.append(op)
        return do()

    with watched(story, count):
        Teller(story).tell()
    for number, op in enumerate(ops):
        for moment in MOMENTS:
            if moment != "half of" or len(op.data) > 1:
                yield Boundary(number, moment, op)


def killing(at: Boundary | None) -> Watch:
    """Returns what kills its own process at ``at``."""
    number = -1

    def watch(op: Op, do: Callable[..., Any]) -> Any:
        nonlocal number
        number += 1
        if at is None or number != at.number:
            return do()
        try:
            if at.moment == "half of":
                do(op.data[: len(op.data) // 2])
            elif at.moment == "after":
                do()
        finally:
            os.kill(os.getpid(), signal.SIGKILL)

    return watch


def told_in_a_process(directory: Path, at: Boundary | None) -> tuple[list[str], bool]:
    """Tells the story in a process that is killed at ``at``.

    Returns:
        The hashes of the records that were acknowledged, and whether it was killed.

    Raises:
        AssertionError: if it failed in another way.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        _be_the_child(directory, at, writing)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        said = pipe.read().splitlines()
    _, status = os.waitpid(child, 0)
    killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    assert killed or status == 0, said[-1] if said else f"it ended with {status}"
    return said, killed


def _be_the_child(directory: Path, at: Boundary | None, writing: int) -> None:
    def say(words: str) -> None:
        REAL["write"](writing, f"{words}\n".encode())

    try:
        with watched(directory, killing(at)):
            Teller(directory, lambda entries: say(entries[-1].hash)).tell()
        os._exit(0)
    except BaseException as error:  # noqa: BLE001 - the parent tells it
        say(f"{type(error).__name__}: {error}")
        os._exit(1)


def killed_and_taken_up(
    directory: Path, places: tuple[Boundary, ...], unbroken: Told, tally: Tally
) -> None:
    """Kills the story at each of ``places`` in turn, lets it end, and notes what is wrong."""
    where = ", then ".join(map(str, places))
    try:
        heard: list[str] = []
        for at in (*places, None):
            said, killed = told_in_a_process(directory, at)
            heard += said
            if killed and at is not None:
                tally.kills[at.moment, at.op.kind] += 1
                tally.acknowledged += len(said)
        told = told_by(directory)
    except Exception as error:  # noqa: BLE001 - told with all others
        tally.wrong.append(f"{where}: {type(error).__name__}: {error}")
        return
    lost = set(heard) - set(told.hashes)
    tally.wrong += [f"{where}: lost the batch of {one[:12]}" for one in sorted(lost)]
    tally.wrong += [f"{where}: doubled {one}" for one in told.doubled]
    if told.roots != unbroken.roots:
        tally.wrong.append(f"{where}: came to {told.roots} instead of {unbroken.roots}")


def rounds(places: list[Boundary]) -> Iterator[tuple[Boundary, ...]]:
    """Yields every boundary alone, and then each with another at which recovery is killed."""
    for at in places:
        yield (at,)
    for step in range(1, len(places)):
        for number, at in enumerate(places):
            yield at, places[(number * 7 + step * 13) % min(len(places), 60)]


def kill(
    scratch: Path, count: int | None = None, moments: tuple[str, ...] = MOMENTS
) -> tuple[Tally, int]:
    """Kills processes and returns what came of it, and how many boundaries there are.

    Args:
        scratch: where the data directories lie.
        count: how many to kill; one at each boundary if None.
        moments: when to kill.
    """
    places = [at for at in boundaries(scratch / "unbroken") if at.moment in moments]
    count = len(places) if count is None else count
    unbroken = told_by(scratch / "unbroken")
    tally = Tally()
    for number, at in enumerate(islice(rounds(places), count)):
        if tally.kills.total() >= count:
            break
        directory = scratch / str(number)
        killed_and_taken_up(directory, at, unbroken, tally)
        shutil.rmtree(directory)
    return tally, len(places)


def kill_again(scratch: Path, count: int) -> Tally:
    """Kills processes in the middle of a batch, and the next at one of its first steps."""
    places = list(boundaries(scratch / "unbroken"))
    unbroken, tally = told_by(scratch / "unbroken"), Tally()
    torn = [at for at in places if at.moment == "half of"][3]
    for number, at in enumerate(places[:count]):
        killed_and_taken_up(scratch / str(number), (torn, at), unbroken, tally)
    return tally


@contextmanager
def without_threads() -> Iterator[Executor]:
    """Gives a process from which others can be forked: whoever runs tests has threads.

    In it as well, short ledgers are remembered as long ones are.
    """
    fresh = get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=fresh, initializer=_remember) as made:
        yield made


def _remember() -> None:
    desk_reader.BELIEVE_FROM = 0


def main() -> int:
    """Prints what came of the kills; 1 if anything was lost, doubled or different."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1000, help="how many processes to kill")
    parser.add_argument("--desks", type=int, default=10, help="how many whole desks to kill")
    parser.add_argument("--scratch", type=Path, help="where the data directories lie")
    asked = parser.parse_args()
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(dir=asked.scratch) as scratch:
        with patch.object(desk_reader, "BELIEVE_FROM", 0):  # so that snapshots are tried as well
            tally, places = kill(Path(scratch), asked.count)
        taken = time.monotonic() - begun
        desks, wrong = 0, tally.wrong
        if asked.desks:
            folder = make_folder(Path(scratch, "failing"), failed=1)
            desks, more = kill_desks(Path(scratch, "desks"), folder, asked.desks)
            wrong = wrong + more
    for (moment, kind), times in sorted(tally.kills.items()):
        print(f"{times:6} killed {moment} {kind}")
    print(
        f"{tally.kills.total():6} kills at {places} boundaries, {tally.acknowledged} batches "
        f"acknowledged before them; in {taken:.0f} s"
    )
    print(f"{desks:6} of {asked.desks} whole desks killed at work")
    for words in wrong:
        print(f"WRONG: {words}")
    print(f"{len(wrong):6} lost, doubled or different")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
