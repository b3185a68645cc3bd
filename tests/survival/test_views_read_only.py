"""Folders that may not be written, or not even read: it is said, nothing is lost, the desk opens.

Root may write everywhere, so these are tried without what root has beyond its own files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from converge_desktop import paths
from converge_desktop.adapters.refused import Refused
from converge_desktop.runtime import recall_thread, trace_index, trace_thread
from converge_desktop.runtime.desk import Desk, DeskOptions
from converge_desktop.runtime.port import RecallChanged, TraceIndexChanged
from converge_desktop.runtime.recall_thread import TRIED
from converge_desktop.runtime.trace_thread import TraceThread
from tests.runtime.folders import make_folder
from tests.runtime.packs import at_once
from tests.runtime.recall_kit import PATIENCE_S, Bag, Followed
from tests.runtime.test_recall_thread import LAST, OPEN, RELEASE
from tests.runtime.test_trace_thread import SOME, Told, found
from tests.runtime.trace_kit import index_of, opened, shown, written
from tests.runtime.watching import Watch
from tests.survival.rooms import bound
from tests.survival.test_views_full import PART, exported

LEAVE = "cannot be {}: Permission denied; let this program read and write it"


@pytest.fixture(autouse=True)
def _bound_by_permissions() -> Iterator[None]:
    with bound():
        yield


@pytest.fixture
def follow(tmp_path: Path) -> Iterator[Callable[..., Followed]]:
    """Begins to follow a ledger, beside which recall lies there; ends what a test leaves open."""
    begun: list[Followed] = []

    def begin(**more: object) -> Followed:
        begun.append(Followed(tmp_path / "recall", **more))  # type: ignore[arg-type]
        return begun[-1]

    yield begin
    for one in begun:
        one.thread.close()


def test_recall_that_may_not_write_answers_from_what_is_there(
    tmp_path: Path,
    follow: Callable[..., Followed],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And says why it goes no further; once it may, it goes on from there."""
    monkeypatch.setattr(recall_thread, "LOOK_S", 0.05)
    first = follow(ledger=list(PART))
    first.until("ready", PART[-1].head.seq)
    before = first.thread.recall(RELEASE, OPEN).result(PATIENCE_S)
    first.thread.close()
    modes = shut(tmp_path / "recall")
    again = follow(bag=Bag())

    _, seq, trouble = again.until("failed")
    assert (PART[-1].head.seq, f"{tmp_path / 'recall'} {LEAVE.format('written')}") == (seq, trouble)
    meanwhile = again.thread.recall(RELEASE, OPEN).result(PATIENCE_S)
    assert before.candidates == meanwhile.candidates
    for path, mode in modes.items():
        path.chmod(mode)
    again.until("ready", LAST)
    assert "0 tests failed" not in again.bag.texts, "what was there is not embedded again"


def test_recall_that_may_not_even_read_throws_nothing_away(
    tmp_path: Path, follow: Callable[..., Followed]
) -> None:
    """It says so, whoever asks is told that nothing could be searched, and then all is there."""
    first = follow()
    first.until("ready", LAST)
    first.thread.close()
    (tmp_path / "recall").chmod(0)
    again = follow(bag=Bag())

    _, _, trouble = again.until("failed")
    assert f"{tmp_path / 'recall'} {LEAVE.format('read')}" == trouble
    answer = again.thread.recall(RELEASE, OPEN).result(PATIENCE_S)
    assert "No hint: nothing could be searched." == answer.words
    (tmp_path / "recall").chmod(0o700)
    again.thread.follow()
    again.until("ready", LAST)
    assert {TRIED} == set(again.bag.texts)


@pytest.mark.parametrize("mode", [0o500, 0], ids=["not written", "not read"])
def test_an_index_whose_folder_is_shut_is_used_from_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: int
) -> None:
    """It says what to do; once that is done it can be made again, and is kept."""
    monkeypatch.setattr(trace_index, "BLOCK", 4)
    monkeypatch.setattr(trace_thread, "IDLE_S", 0)
    written(tmp_path, SOME)
    history, told = opened(tmp_path), Told()
    last, traces = history.index.count - 1, tmp_path / trace_index.FOLDER
    traces.mkdir(mode=mode)
    with closing(TraceThread(tmp_path, lambda: history, last, told)) as thread:
        state = told.until(lambda one: one.state == "ready" and bool(one.problem))
        assert f"the index cannot be kept: {traces} {LEAVE.format('written')}" == state.problem
        assert (10, 1) == (found(thread).total, found(thread, '"answer 3"').total)
        traces.chmod(0o700)
        thread.rebuild()
        told.until(lambda one: one.as_of == last and one.state == "ready" and not one.problem)

    kept = index_of(tmp_path, history, fill=False)
    assert last == kept.view.as_of
    assert shown(index_of(tmp_path / "anew", history)) == shown(kept)


def test_an_export_to_a_folder_that_may_not_be_written_says_so(tmp_path: Path) -> None:
    """With the file that was asked for, and not with one that nobody knows."""
    written(tmp_path, SOME)
    out = tmp_path / "theirs"
    out.mkdir(mode=0o500)
    with pytest.raises(Refused) as refused:
        exported(tmp_path, out / "out.jsonl")

    assert f"{out / 'out.jsonl'} {LEAVE.format('written')}" == str(refused.value)
    assert [] == list(out.iterdir())
    out.chmod(0o700)
    assert 10 == exported(tmp_path, out / "out.jsonl").traces


def test_a_desk_opens_and_decides_though_its_views_are_shut(tmp_path: Path) -> None:
    """Its ledger may be written: that is all it takes; views and a trace say what they lack."""
    data = tmp_path / "data"
    for name in ("recall", "traces"):
        (data / name).mkdir(parents=True)
        (data / name / "something").touch()  # or it could be made anew
        (data / name).chmod(0o500)
    options = DeskOptions(
        data_dir=data,
        packs_dir=at_once(),
        samples_dir=paths.samples(),
        operator="alice",
        model=paths.default_model(),
        embedder=paths.embedder(),
    )
    with closing(Desk(options)) as desk:
        watch = Watch(desk)
        desk.ready.result(PATIENCE_S)
        failing = make_folder(tmp_path / "failing", failed=1)
        run = desk.start_run("release-readiness", failing, recall=True)
        watch.phase(run.result(PATIENCE_S), "waiting")
        told = watch.until(lambda one: isinstance(one, RecallChanged) and one.state == "failed")
        assert isinstance(told, RecallChanged)
        assert f"{data / 'recall'} {LEAVE.format('written')}" == told.trouble
        index = watch.until(lambda one: isinstance(one, TraceIndexChanged) and one.state.problem)
        assert isinstance(index, TraceIndexChanged)
        assert LEAVE.format("written") in index.state.problem
        [trace] = desk.find_traces("step:reasoning", rows=1).result(PATIENCE_S).first
        recalled = dict(desk.trace(trace.row.trace_id).result(PATIENCE_S).recall)
        assert "No hint: nothing could be searched." == recalled["found"]
        [gate] = desk.inbox().result(PATIENCE_S)
        digest = desk.review(gate.gate_id).result(PATIENCE_S).digest
        desk.decide(gate.gate_id, "approve", "", digest).result(PATIENCE_S)
        watch.phase(gate.run_id, "stopped")


def shut(folder: Path) -> dict[Path, int]:
    """Lets nothing below a folder be written; returns how it was before."""
    modes = {path: path.stat().st_mode for path in (folder, *folder.rglob("*"))}
    for path, mode in modes.items():
        path.chmod(mode & ~0o222)
    return modes
