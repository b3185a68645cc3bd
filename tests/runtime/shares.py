"""Ledgers to be verified in shares, and what plain reading finds in them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from converge_core.errors import LedgerCorrupt
from converge_core.ledger import Chain
from converge_core.merkle import Frontier
from converge_core.reading import Reading
from converge_core.run_state import DeskState
from converge_desktop.adapters.ledger.ledger_file import read_ledger
from converge_desktop.adapters.ledger.segments import segments
from converge_desktop.runtime import verify_share, verifying
from converge_desktop.runtime.ledger_model import Verification
from tests.runtime.journals import Scripted
from tests.survival.story import ANNA, BERT, NOON

SHARES = (1, 2, 3, 5)
RUNS = ("run-0001", "run-0002", "run-0003", "run-0004", "run-0005", "run-0006")


@pytest.fixture(scope="module")
def no_waiting() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(os, "fsync", lambda fd: None)
        yield


def tell(place: Path, segment_bytes: int = 8000) -> Path:
    """Makes a ledger in which runs go on from others and are forked, and much is signed."""
    desk = Scripted(place, segment_bytes)
    desk.enrol(ANNA)
    one, two, three, four, five, six = RUNS
    desk.begin(one)
    desk.begin(two)
    desk.answer(one)
    desk.begin(three, one)
    desk.begin(four, two, desk.run(two).started_seq + 6)
    desk.journal.sign(NOON, ANNA.checkpoint)
    desk.enrol(BERT)
    desk.answer(four, by=BERT)
    desk.begin(five, four)
    desk.cancel(five)
    desk.begin(six)
    desk.answer(three)
    desk.answer(two, "reject")
    desk.journal.sign(NOON, BERT.checkpoint)
    desk.journal.close()
    return place / "ledger"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Such a ledger, which nobody changes."""
    return tell(tmp_path_factory.mktemp("whole"))


def copied(ledger: Path, to: Path, *more: bytes) -> Path:
    """Copies a ledger into one file, with something behind it."""
    to.mkdir(parents=True, exist_ok=True)
    data = b"".join(path.read_bytes() for path in segments(ledger))
    (to / "000000000000.jsonl").write_bytes(data + b"".join(more))
    return to


def by_one(ledger: Path) -> tuple[int, str, str]:
    """Reads a ledger plainly; returns the first bad record, and the root and head if all hold."""
    reading = Reading(DeskState(), Frontier(), Chain(), verify_share.signature_fits)
    try:
        for entry in read_ledger(ledger):
            reading.take(entry)
    except LedgerCorrupt as error:
        return error.seq, "", error.reason
    return -1, reading.frontier.root.hex(), reading.chain.hash


def in_shares(ledger: Path, shares: int) -> Verification:
    """Verifies a ledger in shares, one after the other."""
    found = [verify_share.verify_share(ledger, number, shares) for number in range(shares)]
    return verifying._verification(found)


def same_in_all(ledger: Path) -> Verification:
    """Asserts that any number of shares finds what reading it plainly finds."""
    bad, root, last = by_one(ledger)
    one, *others = [in_shares(ledger, shares) for shares in SHARES]
    assert bad == one.bad_seq
    if bad < 0:
        assert (root, last) == (one.root, one.head)
    else:
        assert last == one.reason
    assert [one] * len(others) == others
    return one
