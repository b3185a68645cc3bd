"""What can befall an open desk: told in words, nothing lost, and the rest goes on."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from queue import SimpleQueue

import pytest

from converge_core.errors import DecisionRefused
from converge_core.ledger import Entry, decode
from converge_desktop import paths
from converge_desktop.adapters.clock import Clock
from converge_desktop.adapters.ledger.ledger_file import LedgerWriteFailed
from converge_desktop.adapters.surreal import StoreProblem, SurrealView
from converge_desktop.adapters.texts import TextMissing
from converge_desktop.runtime import store_thread
from converge_desktop.runtime.desk import Desk, DeskOptions
from converge_desktop.runtime.journal import Journal
from converge_desktop.runtime.port import Notice, StatusChanged
from converge_desktop.runtime.store_thread import StoreThread
from tests.core.golden_story import LEDGER
from tests.runtime.conftest import OpenDesk
from tests.runtime.packs import at_once
from tests.runtime.test_main_path import ask
from tests.runtime.watching import PATIENCE, Watch

# Opening.


def test_a_run_may_be_started_as_soon_as_there_is_a_desk(
    data_dir: Path, failing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ledger and model are still being opened; the run waits for them."""
    too_early = threading.Event()
    read = Journal.__init__

    def slowly(journal: Journal, directory: Path, clock: Clock) -> None:
        too_early.wait(0.5)
        read(journal, directory, clock)

    monkeypatch.setattr(Journal, "__init__", slowly)
    desk = Desk(DeskOptions(data_dir, at_once(), paths.samples(), "alice", paths.default_model()))
    try:
        watch = Watch(desk)
        started = desk.start_run("release-readiness", failing)
        started.add_done_callback(lambda _: too_early.set())
        run_id = started.result(PATIENCE)
        assert "waiting" == watch.phase(run_id, "waiting").row.phase
    finally:
        desk.close()


# Texts.


def damage_pack(data_dir: Path) -> None:
    """Changes a word of the pack's policy as it was kept with the runs."""
    [texts] = (data_dir / "texts").glob("*.jsonl")
    whole = texts.read_bytes()
    texts.write_bytes(whole.replace(b"Who decides", b"Who derides"))
    assert whole != texts.read_bytes()


def test_a_damaged_pack_text_takes_a_review_and_nothing_else(
    open_desk: OpenDesk, data_dir: Path, failing: Path
) -> None:
    """The proposal is listed, cannot be decided, and its run can still be stopped."""
    desk, watch = open_desk()
    run_id, review = ask(desk, watch, failing)
    desk.close()
    damage_pack(data_dir)

    desk, watch = open_desk()

    assert [review.gate_id] == [row.gate_id for row in desk.inbox().result(10)]
    with pytest.raises(TextMissing, match=r"texts was changed; restore that folder"):
        desk.review(review.gate_id).result(10)
    desk.cancel(run_id).result(10)
    assert "UserCancelled" == watch.phase(run_id, "stopped").stop_kind


def test_a_run_without_its_pack_is_told_of_and_goes_on_once_the_text_is_there_again(
    open_desk: OpenDesk, data_dir: Path, failing: Path
) -> None:
    """Cut off in the chain, its pack damaged: the next run of the pack keeps the text anew."""
    desk, _ = open_desk()
    cut = desk.start_run("release-readiness", failing).result(PATIENCE)
    desk.close()
    damage_pack(data_dir)

    desk, watch = open_desk()
    told = watch.until(lambda u: isinstance(u, Notice) and u.run_id == cut)
    run_id, review = ask(desk, watch, failing)
    desk.decide(review.gate_id, "approve", "", review.digest).result(10)

    assert isinstance(told, Notice)
    assert "run 0001 could not go on" in told.text
    assert "CriteriaMet" == watch.phase(run_id, "stopped").stop_kind
    assert "waiting" == watch.phase(cut, "waiting").row.phase


# The view.

ENTRIES = list(decode(LEDGER.read_bytes().splitlines(keepends=True)))
STEP = 10


def test_a_desk_that_closes_does_not_wait_until_its_view_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stops between two steps; the next start goes on from there and ends with all."""
    monkeypatch.setattr(store_thread, "STEP", STEP)
    asked: SimpleQueue[int] = SimpleQueue()

    def slow() -> Iterator[Entry]:
        """Halts in the second step until the desk closes."""
        for number, entry in enumerate(ENTRIES):
            asked.put(number)
            if number == STEP + 1:
                store._closing.wait(PATIENCE)
            yield entry

    states: SimpleQueue[tuple[str, int]] = SimpleQueue()
    store = StoreThread(tmp_path / "view", slow, lambda *state: states.put(state))
    while asked.get(timeout=PATIENCE) <= STEP:
        pass
    store.close()
    assert [("opening", -1), ("filling", -1)] == [states.get(), states.get()]
    assert states.empty()
    assert asked.qsize() < len(ENTRIES) - STEP

    again = StoreThread(tmp_path / "view", lambda: ENTRIES, lambda *state: states.put(state))
    found, seq = again.facts("", "").result(PATIENCE)
    again.close()
    assert found
    assert ENTRIES[-1].head.seq == seq


def test_a_question_asked_while_the_view_is_filled_does_not_keep_the_desk_open(
    tmp_path: Path,
) -> None:
    """Whoever asked gets an answer, if only that there is none."""
    begun: SimpleQueue[None] = SimpleQueue()

    def slow() -> Iterator[Entry]:
        begun.put(None)
        store._closing.wait(PATIENCE)
        yield from ENTRIES * 4

    store = StoreThread(tmp_path / "view", slow, lambda *_: None)
    begun.get(timeout=PATIENCE)
    question = store.facts("", "")
    store.close()

    assert question.done()


def test_a_view_that_cannot_be_opened_takes_its_answers_and_nothing_else(
    open_desk: OpenDesk, failing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Run, decide and close as ever; what only the view knows is refused in words."""

    async def refuse(_: SurrealView) -> None:
        raise StoreProblem("the database does not open: no such luck")

    monkeypatch.setattr(SurrealView, "_connect", refuse)
    desk, watch = open_desk()
    watch.until(lambda u: isinstance(u, StatusChanged) and u.status.view_state == "failed")
    run_id, review = ask(desk, watch, failing)
    desk.decide(review.gate_id, "approve", "", review.digest).result(10)

    assert "CriteriaMet" == watch.phase(run_id, "stopped").stop_kind
    with pytest.raises(StoreProblem, match="no such luck"):
        desk.facts("", "").result(10)


# Names.


def test_a_name_that_could_pass_for_another_signs_nothing(
    open_desk: OpenDesk, failing: Path, data_dir: Path
) -> None:
    """Empty, foreign, hidden or a path: refused with what a name may be, and no key is made."""
    desk, watch = open_desk()
    _, review = ask(desk, watch, failing)
    keys = sorted((data_dir / "keys").iterdir())

    for name in ("", " ", "x/../y", "Алиса", "a\nb", "9lives", "a" * 49, "\u202eecila", "\udcff"):
        with pytest.raises(DecisionRefused, match="cannot be an operator's name: use 1 to 48"):
            desk.decide(review.gate_id, "approve", "", review.digest, name).result(10)

    assert 1 == len(desk.inbox().result(10))
    assert keys == sorted((data_dir / "keys").iterdir())


# The ledger.


def test_a_ledger_removed_while_it_is_in_use_forgets_nothing(
    open_desk: OpenDesk, data_dir: Path, failing: Path, tmp_path: Path
) -> None:
    """Nothing goes into a file that nobody can find, nor into an empty one in its place."""
    desk, watch = open_desk()
    run_id, review = ask(desk, watch, failing)
    [segment] = (data_dir / "ledger").iterdir()
    shutil.copy(segment, tmp_path / "copy")
    segment.unlink()

    for _ in range(2):
        with pytest.raises(LedgerWriteFailed, match="it was removed or moved while it was in use"):
            desk.decide(review.gate_id, "approve", "", review.digest).result(10)
        assert [review.gate_id] == [row.gate_id for row in desk.inbox().result(10)]
        assert [] == list((data_dir / "ledger").iterdir())

    shutil.copy(tmp_path / "copy", segment)
    desk.decide(review.gate_id, "approve", "", review.digest).result(10)
    assert "CriteriaMet" == watch.phase(run_id, "stopped").stop_kind
    assert -1 == desk.verify().result(10).bad_seq
