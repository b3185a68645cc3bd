"""Fills the window with sample content and writes a picture of every page.

Run as ``python -m tests.ui.gallery FOLDER [light|dark|high-contrast …]``. Set
``QT_SCALE_FACTOR=2`` for a dense screen.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtWidgets import QApplication

from converge_desktop.runtime.desk_model import ModelView
from converge_desktop.runtime.port import NotSigned, StatusChanged, VerifyProgress
from converge_desktop.runtime.run_model import FactAnswer
from converge_desktop.ui.application import create_application
from converge_desktop.ui.clock import UiClock
from converge_desktop.ui.main_window import MainWindow
from converge_desktop.ui.settings import UiSettings
from tests.ui import (
    gallery_deciding,
    gallery_inbox,
    gallery_insights,
    gallery_people,
    gallery_recall,
    gallery_review,
    gallery_run_compare,
    gallery_runs,
    gallery_trace,
    gallery_traces,
    gallery_trying,
    sample,
    sample_people,
    sample_proof,
    sample_recall,
    sample_runs,
    sample_traces,
)
from tests.ui.fake_desk import FakeDesk
from tests.ui.gallery_shell import shell_scenes

UNUSABLE: dict[str, Any] = {
    "ledger_state": "altered",
    "engine": "The ledger cannot be used",
    "ledger_seq": 0,
    "signed_seq": -1,
    "ledger_problem": "The ledger in /home/ada/converge cannot be used: record "
    "48201: the ledger was shortened: this desk once wrote record 48213, which is gone; restore "
    "the files from a copy, or, if they were replaced on purpose, remove the folder snapshots "
    "beside them. Nothing was changed. Do that, or choose another place with --data-dir.",
}
BEHIND = (
    "record 48211 stands behind the newest checkpoint, which covers 48,200 records; one is signed "
    "with every decision and when the desk is closed, so export it after that"
)
SIZES = {"1280": (1280, 800), "1920": (1920, 1080)}


class Steady:
    """A steady clock that moves on while the window settles."""

    at = 0.0

    def __call__(self) -> float:
        return Steady.at


def settle(app: QApplication) -> None:
    for _ in range(60):
        Steady.at += 0.05
        app.processEvents()


def make(folder: Path, desk: FakeDesk, app: QApplication) -> MainWindow:
    clock = UiClock(now=lambda: sample.NOW, monotonic=Steady())
    window = MainWindow(desk, UiSettings(folder / "window.ini"), clock)
    window.show()
    window.activateWindow()
    desk.tell(StatusChanged(sample.STATUS))
    settle(app)
    return window


def scenes(  # noqa: C901 - a list of little functions
    window: MainWindow, desk: FakeDesk, app: QApplication
) -> dict[str, Callable[[], None]]:
    pages = window.pages

    def inbox() -> None:
        window.go("inbox")

    def inbox_link() -> None:
        window.go("inbox")
        pages.inbox.review.body.follow("f-90aa4e11")

    def inbox_medium() -> None:
        window.go("inbox")
        pages.inbox.show_gate("g-3")

    def inbox_reject() -> None:
        inbox_medium()
        settle(app)
        pages.inbox.review.open_reject()
        pages.inbox.review.reject_box.presets[1].click()

    def run(run_id: str) -> Callable[[], None]:
        return lambda: window.routes.run.emit(run_id)

    def run_card() -> None:
        window.routes.run.emit("r-0192")
        settle(app)
        pages.runs.pane.facts.cards()[1].click()

    def new_run() -> None:
        window.routes.start.emit("")
        pages.runs.form.folder.setText("/home/ada/reports/week-47")

    def traces() -> None:
        window.routes.trace.emit("t-0192-03")

    def trace_tab(tab: int, trace: str = "t-0192-03") -> Callable[[], None]:
        def show() -> None:
            window.routes.trace.emit(trace)
            settle(app)
            pages.traces.pane.tabs.setCurrentIndex(tab)

        return show

    def replay(trace: str) -> Callable[[], None]:
        def show() -> None:
            window.routes.trace.emit(trace)
            settle(app)
            pages.traces.pane.tabs.setCurrentIndex(6)
            pages.traces.pane.replay()

        return show

    def models(model: ModelView) -> Callable[[], None]:
        def show() -> None:
            window.bridge.post(StatusChanged(replace(sample.STATUS, model=model)))
            window.go("models")

        return show

    def context() -> None:
        window.go("context")
        settle(app)
        pages.context.step(1)

    def ledger() -> None:
        window.go("ledger")
        pages.ledger.verify()

    def record() -> None:
        window.go("ledger")
        pages.ledger.jump.setText("48,191")
        pages.ledger.jump.returnPressed.emit()

    def ledger_fresh() -> None:
        window.go("ledger")
        pages.ledger.close_detail()

    def verifying() -> None:
        answer = desk.answers.pop("verify")
        ledger_fresh()
        pages.ledger.verify()
        desk.tell(VerifyProgress(412_000, 380))
        settle(app)
        desk.answers["verify"] = answer

    def verified() -> None:
        verifying_calls = desk.named("verify")
        if verifying_calls and not verifying_calls[-1].future.done():
            verifying_calls[-1].future.set_result(desk.answers["verify"]())
        ledger_fresh()

    def compare(copy: str) -> Callable[[], None]:
        def show() -> None:
            window.go("ledger")
            pages.ledger.compare()
            pages.ledger.comparing.edit.setPlainText(copy)
            pages.ledger.comparing.compare()

        return show

    def proven() -> None:
        record()
        settle(app)
        pages.ledger.exporter.begin_proof(48_191, Path("/home/ada/record-48191.capsule.jsonl"))

    def record_of_no_run() -> None:
        answer = desk.answers["record"]
        desk.answers["record"] = lambda seq: sample_proof.of_the_desk(answer(seq))
        pages.ledger.jump.setText("48,180")
        pages.ledger.jump.returnPressed.emit()
        settle(app)
        desk.answers["record"] = answer

    def checked_evidence() -> None:
        window.go("ledger")
        pages.ledger.compare()
        at = sample.STATUS.signed_at
        found = sample_proof.checked(Path("record-48191.capsule.jsonl"), "ada#2bd806c9", at)
        pages.ledger.comparing.evidence.show_found(found)

    def keep() -> None:
        window.go("ledger")
        pages.ledger.keep()

    def unusable() -> None:
        window.bridge.post(StatusChanged(replace(sample.STATUS, **UNUSABLE)))
        window.go("ledger")

    def moment() -> None:
        window.routes.moment.emit("r-0192", 48_100, sample.NOW - 7 * 60_000_000)

    def replay_run() -> None:
        window.routes.run.emit("r-0190")
        settle(app)
        pages.runs.asks.replay()

    def unsigned() -> None:
        window.routes.run.emit("r-0190")
        settle(app)
        export = desk.answers.pop("export")
        pages.runs.asks.exporter.begin("r-0190", "run 0190", Path("/home/ada/run-0190.jsonl"))
        desk.last("export").future.set_exception(NotSigned(BEHIND))
        desk.answers["export"] = export

    def palette() -> None:
        window.go("inbox")
        window.palette_overlay.open()

    def sheet() -> None:
        window.palette_overlay.leave()
        window.sheet_overlay.open()

    return {
        "inbox": inbox,
        "inbox-link": inbox_link,
        "inbox-medium": inbox_medium,
        "inbox-reject": inbox_reject,
        "run-waiting": run("r-0192"),
        "run-card": run_card,
        "run-running": run("r-0193"),
        "run-converged": run("r-0190"),
        "run-budget": run("r-0191"),
        "run-new": new_run,
        "traces": traces,
        "traces-envelope": trace_tab(1),
        "traces-validation": trace_tab(2, "t-0191-12"),
        "traces-lineage": trace_tab(5),
        "context": context,
        "ledger": ledger,
        "ledger-record": record,
        "ledger-proven": proven,
        "ledger-of-no-run": record_of_no_run,
        "ledger-evidence": checked_evidence,
        "ledger-keep": keep,
        "ledger-compare": compare(sample.checkpoint().text),
        "ledger-verifying": verifying,
        "ledger-verified": verified,
        "run-moment": moment,
        "run-replay": replay_run,
        "run-unsigned": unsigned,
        "packs": lambda: window.go("packs"),
        "traces-replay-differs": replay("t-0192-03"),
        "traces-replay-same": replay("t-0192-02"),
        "traces-remote": trace_tab(1, sample.ELSEWHERE),
        "traces-remote-replay": trace_tab(6, sample.ELSEWHERE),
        "traces-replay": trace_tab(6, "t-0192-01"),
        "models": models(sample.MODEL),
        "models-loading": models(replace(sample.MODEL, state="measuring", doing="converge-medium")),
        "models-measuring": models(
            ModelView(state="measuring", name="nano", doing="nano", path="/home/ada/nano.gguf")
        ),
        "models-quarantined": models(sample.QUARANTINED),
        "models-none": models(ModelView()),
        "palette": palette,
        "sheet": sheet,
        **shell_scenes(window),
        "ledger-unusable": unusable,
        **gallery_deciding.scenes(window, desk, lambda: settle(app)),
        **gallery_inbox.scenes(window, desk, lambda: settle(app)),
        **gallery_insights.scenes(window, desk, lambda: settle(app)),
        **gallery_people.scenes(window, desk, lambda: settle(app)),
        **gallery_recall.scenes(window, desk, lambda: settle(app)),
        **gallery_review.scenes(window, desk, lambda: settle(app)),
        **gallery_runs.scenes(window, desk, lambda: settle(app)),
        **gallery_trace.scenes(window, desk, lambda: settle(app)),
        **gallery_traces.scenes(window, desk, lambda: settle(app)),
        **gallery_trying.scenes(window, desk, lambda: settle(app)),
        **gallery_run_compare.scenes(window, desk, lambda: settle(app)),
    }


def empty(folder: Path, app: QApplication, suffix: str, size: tuple[int, int]) -> None:
    """Pictures a desk with nothing in it, and one that fails."""
    desk = FakeDesk()
    desk.answers = dict.fromkeys(("runs", "inbox"), tuple)
    desk.answers |= sample_traces.of_rows(()).answers()
    desk.answers["packs"] = lambda: sample.PACKS
    desk.answers["facts"] = lambda *_: FactAnswer((), 0)
    with tempfile.TemporaryDirectory() as state:
        window = make(Path(state), desk, app)
        window.resize(*size)
        for page in ("inbox", "runs", "traces", "context"):
            window.go(page)
            settle(app)
            window.grab().save(str(folder / f"empty-{page}-{suffix}.png"))
        window.messages.say(
            "danger",
            "The ledger cannot be written: the disk is full. Free some space; nothing was lost.",
        )
        window.messages.say("good", "Approved and signed: “Hold converge-desktop 0.4.0”.")
        settle(app)
        window.grab().save(str(folder / f"messages-{suffix}.png"))
        window.close()
        window.deleteLater()
        settle(app)


def main(argv: list[str]) -> None:
    folder = Path(argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    themes = argv[2:] or ["light", "dark", "high-contrast"]
    scale = os.environ.get("QT_SCALE_FACTOR", "1")
    sizes = os.environ.get("GALLERY_SIZES", "1280,1920").split(",")
    only = os.environ.get("GALLERY_ONLY", "")
    app = create_application(argv[:1])
    for theme in themes:
        for size in sizes:
            with tempfile.TemporaryDirectory() as state:
                desk = FakeDesk()
                desk.answers = sample.answers() | sample_people.answers() | sample_runs.answers()
                desk.answers |= sample_recall.answers()
                desk.recalls = sample_recall.READY
                window = make(Path(state), desk, app)
                window.theme.choose(theme)
                window.resize(*SIZES[size])
                settle(app)
                for name, scene in scenes(window, desk, app).items():
                    if only and name not in only.split(","):
                        continue
                    scene()
                    settle(app)
                    window.pages.inbox.review.refresh()
                    settle(app)
                    suffix = "" if scale == "1" else f"@{scale}x"
                    window.grab().save(str(folder / f"{name}-{size}-{theme}{suffix}.png"))
                window.close()
                window.deleteLater()
                settle(app)
                empty(folder, app, f"{size}-{theme}", SIZES[size])


if __name__ == "__main__":
    main(sys.argv)
