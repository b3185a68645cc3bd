"""What takes long to import comes after the first paint, whichever page is in front."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from converge_desktop import paths

HEAVY = "numpy polars pyqtgraph lancedb pyarrow surrealdb llama_cpp segno ssl"
"""What is not there before the window is."""
PROGRAM = """
import sys
from pathlib import Path
from PySide6.QtCore import QEvent, QObject
from converge_desktop import paths
from converge_desktop.runtime.desk import Desk, DeskOptions
from converge_desktop.ui.application import create_application
from converge_desktop.ui.main_window import MainWindow
from converge_desktop.ui.settings import UiSettings

class Eye(QObject):
    painted = None
    def eventFilter(self, watched, event):
        if event.type() == QEvent.Type.Paint and self.painted is None:
            self.painted = {name.partition(".")[0] for name in sys.modules}
        return False

place, page = Path(sys.argv[1]), sys.argv[2]
app = create_application(["first"])
options = DeskOptions(place / "data", paths.packs(), paths.samples(), "alice", None)
desk = Desk(options, held=True)
settings = UiSettings(place / "window.ini")
settings.put("window/page", page)
window = MainWindow(desk, settings)
eye = Eye()
window.installEventFilter(eye)
window.show()
while eye.painted is None:
    app.processEvents()
print("front:", window.pages.page_id())
print("there:", *sorted(eye.painted & set(sys.argv[3].split())))
window.close()
desk.close()
"""


@pytest.mark.parametrize("page", ["inbox", "traces", "insights"])
def test_nothing_heavy_is_imported_before_the_first_paint(tmp_path: Path, page: str) -> None:
    """Also where the window opens on a page that needs it."""
    command = [sys.executable, "-c", PROGRAM, str(tmp_path), page, HEAVY]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)

    assert done.returncode == 0, done.stderr
    assert f"front: {page}\nthere:\n" == done.stdout.replace("there: \n", "there:\n")


def test_what_is_heavy_would_be_seen(tmp_path: Path) -> None:
    """The test above can fail: something that is there is found."""
    command = [sys.executable, "-c", PROGRAM, str(tmp_path), "inbox", "PySide6 numpy"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)

    assert "there: PySide6\n" in done.stdout
    assert paths.packs().is_dir()
