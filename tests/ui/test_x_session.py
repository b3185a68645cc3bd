"""A whole session on a real X server: a real window, and nothing but keys."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from converge_core import events as e
from converge_core.ledger import Entry
from converge_core.review import ActKind, Verdict
from converge_desktop.adapters.ledger.ledger_file import read_ledger
from tests.runtime.folders import make_folder
from tests.ui.x_screen import Screen, missing, program, screen, until

ROOT = Path(__file__).resolve().parents[2]

pytestmark = [
    pytest.mark.skipif(
        bool(missing()),
        reason=f"a real X server needs {', '.join(missing())}, not on this machine; the other "
        "tests of the window run without a screen",
    ),
    pytest.mark.timeout(300),
]


@pytest.fixture
def real() -> Iterator[Screen]:
    with screen() as made:
        yield made


class Session:
    """The program on a screen, and what it has written so far."""

    def __init__(self, screen: Screen, data_dir: Path) -> None:
        self.screen = screen
        self.data_dir = data_dir

    def entries(self) -> list[Entry]:
        """Returns what is on disk by now; none while there is no ledger."""
        folder = self.data_dir / "ledger"
        return list(read_ledger(folder)) if folder.is_dir() else []

    def events(self, kind: type) -> list[e.Event]:
        """Returns the events of one kind that are on disk by now."""
        return [entry.event for entry in self.entries() if isinstance(entry.event, kind)]

    def see(self, kind: type, what: str, count: int = 1) -> e.Event:
        """Waits until so many events of a kind are on disk, and returns the last."""
        return until(lambda: self.events(kind)[count - 1 :], what)[-1]

    def approve(self) -> None:
        """Reads the review to its end, page by page, and approves what was read."""
        before = len(self.events(e.GateDecided))
        until(lambda: self._approved(before), "the approval")

    def _approved(self, before: int) -> bool:
        # A page further, or where all was seen the same page: the chord counts only then.
        self.screen.press("space", "ctrl+Return")
        return len(self.events(e.GateDecided)) > before


def test_a_person_works_a_whole_session_by_keys_alone(real: Screen, tmp_path: Path) -> None:
    """Start, read, approve, undo, approve again, find an action, and leave; all of it on disk."""
    folder = make_folder(tmp_path / "billing", failed=1)
    data_dir = tmp_path / "data"
    words = [sys.executable, "-m", "converge_desktop", "--data-dir", str(data_dir)]
    with program(real, words, tmp_path / "log.txt") as app:
        window = real.window("Converge Desktop")
        session = Session(real, data_dir)
        real.press("ctrl+n")
        real.write(str(folder))
        real.press("ctrl+Return")
        session.see(e.RunStarted, "the run")
        session.see(e.GateOpened, "the question")
        real.press("g", "i")
        session.approve()
        real.press("ctrl+z")
        undone = session.see(e.GateActed, "the undo")
        assert undone.act.act is ActKind.UNDO
        session.approve()
        assert real.photo(tmp_path / "approved.png", window)
        session.see(e.RunStopped, "the end of the run")
        real.press("ctrl+k")
        real.write("Verify the ledger")
        real.press("Return")
        real.press("ctrl+q")
        assert app.wait(60) == 0, (tmp_path / "log.txt").read_text("utf-8")
    decisions = [event.decision for event in session.events(e.GateDecided)]
    assert [one.verdict for one in decisions] == [Verdict.APPROVE, Verdict.APPROVE]
    assert {one.input_origin for one in decisions} == {"keyboard"}
    assert all({"what", "evidence", "checks"} <= set(one.opened) for one in decisions)
    verifier = ROOT / "packaging" / "verify_ledger.py"
    done = subprocess.run([sys.executable, str(verifier), str(data_dir / "ledger")], check=False)
    assert done.returncode == 0
