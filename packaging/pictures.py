"""Takes the pictures of README and guide: the real app, offscreen, over the shipped sample.

    QT_QPA_PLATFORM=offscreen .venv/bin/python packaging/pictures.py resources/docs

Nothing is staged: runs are started and answered as a person would, and each page is photographed
once it shows what it is for.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QEventLoop, QSize, QTimer
from PySide6.QtWidgets import QApplication

from converge_desktop import paths
from converge_desktop.runtime.deciding_model import Answer
from converge_desktop.runtime.desk import Desk, DeskOptions
from converge_desktop.ui.application import create_application
from converge_desktop.ui.main_window import MainWindow
from converge_desktop.ui.settings import UiSettings

PLACE = Path(tempfile.gettempdir()) / "converge-desktop"
SIZE = QSize(1280, 800)
LOOK_MS = 20
PATIENCE = 3000
SETTLE_MS = 800
ROOM_MS = 2500
"""After so long nothing keeps the room of what can be undone no more."""
PACK = "release-readiness"
ANSWERS = (
    ("approve", ""),
    ("approve", ""),
    ("reject", "The coverage report is of another commit."),
    ("approve", ""),
    ("approve", ""),
)
"""What was answered before, in runs over the same folder."""


def main() -> None:
    """Takes every picture."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--folder", type=Path, default=paths.samples() / "release-readiness")
    parser.add_argument("--themes", nargs="+", default=["light", "dark"])
    chosen = parser.parse_args()
    chosen.out.mkdir(parents=True, exist_ok=True)
    app = create_application(["converge-desktop"])
    PLACE.mkdir()  # a name that is the same wherever the pictures are taken
    try:
        model = Path(shutil.copy(paths.default_model(), PLACE))
        data = PLACE / "desk"
        known = dict.fromkeys(paths.shipped_models(), model)
        where = (data, paths.packs(), paths.samples(), "ada", model)
        desk = Desk(DeskOptions(*where, models=known, embedder=paths.embedder()))
        settings = UiSettings(data / "window.ini")
        settings.put("first/state", "left")  # the first steps stand beside the pages otherwise
        window = MainWindow(desk, settings)
        window.resize(SIZE)
        window.show()
        try:
            _take_all(app, desk, window, chosen)
        finally:
            window.close()
            desk.close()
    finally:
        shutil.rmtree(PLACE)


def _take_all(
    app: QApplication, desk: Desk, window: MainWindow, chosen: argparse.Namespace
) -> None:
    for verdict, reason in ANSWERS:
        _, gate = _asked(desk, chosen.folder)
        shown = desk.review(gate).result(10)
        desk.answer(Answer(gate, verdict, shown.digest, reason)).result(10)
    _until(lambda: all(row.phase != "running" for row in desk.runs().result(10)))
    run, gate = _asked(desk, chosen.folder)
    _until(lambda: not desk.settling().result(10))
    _live(ROOM_MS)
    window.undo.strip.forget()
    trace = desk.traces().result(10)[0]
    for theme in chosen.themes:
        window.theme.choose(theme)
        ending = "" if theme == chosen.themes[0] else f"-{theme}"
        window.routes.gate.emit(gate)
        _until(lambda: window.pages.inbox.review.review is not None)
        _take(window, chosen.out / f"inbox{ending}.png")
        window.routes.run.emit(run)
        _take(window, chosen.out / f"run{ending}.png")
        window.routes.trace.emit(trace.trace_id)
        _until(lambda: window.pages.traces.pane.view is not None)
        _take(window, chosen.out / f"trace{ending}.png")
        fact = desk.run_view(run).result(10).context[0][1][0]
        window.routes.fact.emit(run, fact.fact_id)
        _take(window, chosen.out / f"context{ending}.png")
        window.go("insights")
        _until(lambda: window.pages.insights.insights is not None)
        _until(lambda: not window.pages.insights.busy())
        _take(window, chosen.out / f"insights{ending}.png")
        for page in ("ledger", "people", "packs", "models", "settings"):
            window.go(page)
            _take(window, chosen.out / f"{page}{ending}.png")
    app.processEvents()


def _asked(desk: Desk, folder: Path) -> tuple[str, str]:
    """Starts a run, and returns it with the gate at which it asks."""
    run = desk.start_run(PACK, folder).result(60)
    _until(lambda: any(row.run_id == run for row in desk.inbox().result(10)))
    return run, next(row.gate_id for row in desk.inbox().result(10) if row.run_id == run)


def _until(done: Callable[[], bool]) -> None:
    """Lets the window live until ``done``; gives up after a minute."""
    for _ in range(PATIENCE):
        if done():
            return
        _live(LOOK_MS)
    raise SystemExit("the app never came to what was to be photographed")


def _live(milliseconds: int) -> None:
    loop = QEventLoop()
    QTimer.singleShot(milliseconds, loop.quit)
    loop.exec()


def _take(window: MainWindow, path: Path) -> None:
    _live(SETTLE_MS)
    window.grab().save(str(path))
    print(path)


if __name__ == "__main__":
    main()
