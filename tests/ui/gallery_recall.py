"""Pictures of what is recalled: beside a review, for a new run, in the status bar."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from converge_desktop.runtime.port import RecallChanged
from converge_desktop.ui.main_window import MainWindow
from converge_desktop.ui.widgets.disclosure import Disclosure
from tests.ui import sample_recall, sample_review
from tests.ui.fake_desk import FakeDesk


def scenes(
    window: MainWindow, desk: FakeDesk, settle: Callable[[], None]
) -> dict[str, Callable[[], None]]:
    """Lists the scenes, by name."""
    pane, runs = window.pages.inbox.review, window.pages.runs

    def told(change: RecallChanged) -> None:
        desk.recalls = change
        desk.tell(change)
        settle()

    def review(alike: Any, change: RecallChanged = sample_recall.READY) -> Callable[[], None]:
        def show() -> None:
            told(change)
            kept = dict(desk.answers)
            desk.answers |= sample_review.answers()
            desk.answers.pop("alike", None)
            if alike is not None:
                desk.answers["alike"] = lambda _: alike
            window.go("inbox")
            pane.clear("", "")
            pane.body.side.alike.wait()
            pane.load("g-1")
            settle()
            settle()
            pane.body.walk.show(pane.body.side.precedents)
            for how in pane.body.side.alike.findChildren(Disclosure):
                how.head.setChecked(True)
            settle()
            pane.body.walk.show(pane.body.side.precedents)
            desk.answers = kept

        return show

    def new_run(change: RecallChanged, *, on: bool = False) -> Callable[[], None]:
        def show() -> None:
            told(change)
            window.routes.start.emit("")
            runs.form.folder.setText("/home/ada/reports/week-47")
            settle()
            runs.form.recall.switch.setChecked(on)
            runs.form.ensureWidgetVisible(runs.form.start_button)

        return show

    def models() -> None:
        told(sample_recall.FAILED)
        window.go("models")

    found = sample_recall.alike(*sample_recall.ROWS)
    return {
        "review-alike": review(found),
        "review-alike-none": review(sample_recall.NONE),
        "review-alike-looking": review(None),
        "review-alike-busy": review(sample_recall.BUSY),
        "review-alike-failed": review(sample_recall.UNAVAILABLE, sample_recall.FAILED),
        "run-new-recall": new_run(sample_recall.READY, on=True),
        "run-new-recall-filling": new_run(sample_recall.FILLING),
        "run-new-recall-off": new_run(sample_recall.OFF),
        "models-recall": models,
    }
