"""kill -9 while a view or an export is written: all of it opens afterwards, and is right."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from converge_desktop.adapters.recall.broken import TableBroken
from tests.runtime.trace_kit import index_of, opened, shown
from tests.survival.kill_views import BEFORE, OUT, export, opened_recall, recall
from tests.survival.power import image_of

ROOT = Path(__file__).parents[2]


def killed(work: str, folder: Path) -> list[Path]:
    """Kills processes at that work wherever they can be, and returns what each left."""
    command = [sys.executable, "-m", "tests.survival.kill_views", work, str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 10, "it writes that often"
    return [place for place in folder.iterdir() if place.name != "whole"]


@pytest.fixture(autouse=True)
def _no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.fsync", lambda fd: None)


def test_an_index_whose_process_was_killed_is_as_one_that_is_made_anew(tmp_path: Path) -> None:
    """Whatever there is of its blocks: what fits is taken, half a block is not, nor in the way."""
    places, taken = killed("index", tmp_path), 0
    anew = shown(index_of(tmp_path / "whole"))
    for place in places:
        history = opened(place)
        taken += index_of(place, history, fill=False).view.as_of >= 0
        found = index_of(place, history)
        assert history.index.count - 1 == found.view.as_of
        assert anew == shown(found), place.name
        assert not list((place / "traces").glob("*.new"))
    assert taken > 5, "blocks that were whole are not made again"


def test_recall_whose_process_was_killed_goes_on_where_it_was(tmp_path: Path) -> None:
    """What was added whole is there, and nothing twice; then it is as one that was not killed."""
    places, there = killed("recall", tmp_path), set()
    recall(tmp_path / "whole")
    for place in places:
        corpus = opened_recall(place / "recall")
        with suppress(TableBroken):  # where it was killed before it had begun
            corpus.open()
        there.add(corpus.head.rows)
        recall(place)
        again, whole = (opened_recall(one / "recall") for one in (place, tmp_path / "whole"))
        again.open()
        whole.open()
        assert whole.fingerprint == again.fingerprint, place.name
        assert image_of(tmp_path / "whole" / "recall") == image_of(place / "recall"), place.name
    assert {0, 4, 8, 12} == there


def test_an_export_whose_process_was_killed_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    """Under its name lies what lay there before, until all of it does; then it can be repeated."""
    places, whole = killed("export", tmp_path), 0
    for place in places:
        left = (place / OUT).read_text()
        export(place)
        again = (place / OUT).read_text()
        assert left in {BEFORE, again}, place.name
        whole += left == again
        *lines, last = again.splitlines()
        assert (10, 11) == (json.loads(last)["traces"], len(lines))
        assert not list(place.glob(".*")), "what was left of the first is gone"
    assert 0 < whole < len(places)
