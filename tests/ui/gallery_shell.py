"""Pictures of what is around the pages, for the gallery."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from converge_desktop.crash import report
from converge_desktop.runtime.port import StatusChanged
from converge_desktop.ui.main_window import MainWindow
from tests.ui import sample

PROBLEM = (
    "The ledger in /home/ada/converge cannot be used: record 48201: the ledger was shortened; "
    "restore the files from a copy. Nothing was changed."
)
LEFT = (
    "Fatal Python error: Segmentation fault\n\nThread 0x00007f19 (most recent call first):\n"
    '  File "converge_desktop/adapters/models/llama_backend.py", line 211 in decode'
)
LOG = "2026-11-20 14:03:22 INFO the window was opened\n2026-11-20 14:05:01 WARNING the disk is slow"


def shell_scenes(window: MainWindow) -> dict[str, Callable[[], None]]:
    """Returns the scenes, by name; the last ones change what the window stands in."""
    around = window.around

    def settings() -> None:
        window.sheet_overlay.leave()
        window.go("settings")

    def said() -> None:
        window.go("runs")
        for severity, text in (
            ("info", "Copied the id r-0192."),
            ("good", "Approved and signed: “Hold converge-desktop 0.4.0”."),
            ("caution", "The disk is nearly full: 300 MB are left. Free some space."),
            ("danger", "The evidence was not exported. /media/stick is gone. Put it back."),
        ):
            window.messages.say(severity, text)

    def log() -> None:
        window.show_overlay(around.notices)

    def crash() -> None:
        around.notices.leave()
        for _ in range(4):
            window.messages.close_newest()
        path = Path(tempfile.mkdtemp()) / "crash.last.log"
        path.write_text(report(LEFT, LOG), encoding="utf-8")
        around.offer_crash(str(path), fresh=True)
        window.show_overlay(around.crash)

    def crash_offer() -> None:
        around.crash.leave()
        window.go("inbox")

    def steps() -> None:
        window.messages.close_newest()
        around.steps.open()
        around.steps._tick("start")
        window.go("inbox")

    def steps_done() -> None:
        for name in ("read", "decide", "see", "verify"):
            around.steps._tick(name)
        window.go("ledger")

    def only_read() -> None:
        around.steps.leave()
        window.bridge.post(StatusChanged(replace(sample.STATUS, ledger_problem=PROBLEM)))
        window.go("inbox")

    return {
        "settings": settings,
        "messages-bars": said,
        "messages-log": log,
        "crash": crash,
        "crash-offer": crash_offer,
        "first-steps": steps,
        "first-steps-done": steps_done,
        "only-read": only_read,
        "only-read-runs": lambda: window.go("runs"),
    }
