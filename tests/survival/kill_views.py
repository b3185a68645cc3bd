"""Kills processes at every boundary of what they write of a view, or for others, to a disk.

python -m tests.survival.kill_views index|recall|export FOLDER

Below the folder a ledger of model calls is made, and for each kill a copy of it, in which a process
that keeps the index of the calls, or what can be recalled, or exports the calls, is killed with
SIGKILL in the middle of, or after one operation on a file. The last one is not killed. What they
left is for who started this.
Processes are forked from this one, which has no threads: so nothing here may start any.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Callable
from itertools import count
from pathlib import Path

import numpy as np

from converge_desktop.adapters.ledger.ledger_file import read_ledger
from converge_desktop.adapters.recall.broken import TableBroken
from converge_desktop.adapters.texts import TextReader
from converge_desktop.runtime import trace_index
from converge_desktop.runtime.trace_export import Chosen, Sources, export_traces
from tests.adapters.test_recall_corpus import WIDTH, things
from tests.adapters.test_recall_corpus import opened as opened_recall
from tests.runtime.trace_kit import LONG, Spec, calls, index_of, opened, written
from tests.survival.files import Op, watched
from tests.survival.kills import Boundary, killing

BEFORE = "what was there before"
OUT = "out.jsonl"
THINGS, AT_ONCE = 12, 4
"""How many things can be recalled in the end, and how many are added at a time."""
SOME = [Spec(run=1 + n % 3, headline=f"answer {n}", output=f"{n} {LONG}") for n in range(10)]


def export(place: Path) -> None:
    """Writes all model calls to a file."""
    seqs = [entry.head.seq for entry, _ in calls(read_ledger(place / "ledger"))]
    sources = Sources(opened(place).entry, TextReader(place / "texts").text, {})
    export_traces(place / OUT, Chosen(seqs, {}), sources)


def index(place: Path) -> None:
    """Has the index follow the ledger, in blocks of four calls that are written at every other."""
    trace_index.BLOCK, trace_index.KEEP_EVERY, trace_index.STEP = 4, 2, 1
    index_of(place)


def recall(place: Path) -> None:
    """Adds what is not there yet of what can be recalled, some at a time."""
    corpus = opened_recall(place / "recall")
    try:
        corpus.open()
    except TableBroken:
        corpus.begin()
    for first in range(corpus.head.rows, THINGS, AT_ONCE):
        last = first + AT_ONCE - 1
        vectors = np.eye(WIDTH, dtype=np.float32)[first : last + 1]
        corpus.add(things(AT_ONCE, first), list(vectors), last, f"hash-{last}", 0)


def is_killed(place: Path, work: Callable[[Path], None], at: Boundary) -> bool:
    """Does some work in a process that is killed at an operation, if it comes to that.

    Raises:
        AssertionError: if it failed in another way.
    """
    child = os.fork()
    if child == 0:
        try:
            with watched(place, killing(at)):
                work(place)
            os._exit(0)
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    assert killed or status == 0, f"{at}: it ended with {status}"
    return killed


WORK = {"index": index, "recall": recall, "export": export}


def main() -> None:
    """Kills one process a boundary, until one comes to its end; prints how many were killed."""
    work, folder = WORK[sys.argv[1]], Path(sys.argv[2])
    written(folder / "whole", SOME)
    (folder / "whole" / OUT).write_text(BEFORE)
    for number in count():
        for moment in ("half of", "after"):
            place = folder / f"{number} {moment}"
            shutil.copytree(folder / "whole", place)
            if not is_killed(place, work, Boundary(number, moment, Op("", ""))):
                print(number)
                return


if __name__ == "__main__":
    main()
