"""The scenes of the list of model calls: every state it can be in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel

from converge_desktop.runtime.trace_model import TraceProblem
from converge_desktop.ui.main_window import MainWindow
from tests.ui import sample, sample_traces
from tests.ui.fake_desk import FakeDesk

_MANY = 12_043


def scenes(  # noqa: C901 - a list of little functions
    window: MainWindow, desk: FakeDesk, settle: Callable[[], None]
) -> dict[str, Callable[[], None]]:
    page = window.pages.traces
    side = page.side
    shown: list[QLabel] = []

    def waits(times: int = 6) -> None:
        for _ in range(times):
            settle()

    def found(filter_: str = "") -> None:
        """A long list, with a call in it that is shown."""
        while shown:
            shown.pop().hide()
        calls = sample_traces.many(_MANY)
        like = sample.trace_view("t-0192-03")
        desk.answers |= calls.answers()
        desk.answers["trace"] = lambda name: calls.view(name, like)
        window.go("traces")
        window.leave_front()
        window.leave_front()
        side.sort.choose("time", descending=True)
        page.filter.setText(filter_)
        desk.tell(sample_traces.moved(calls))
        waits()
        page.table.choose(3)
        waits()

    def filtered() -> None:
        found("step:evaluation valid:no")

    def problem() -> None:
        found("step:evaluation valid:no")
        page.filter.setText("step:evaluation valid:maybe")
        page.focus_filter()
        page.table.setFocus()
        waits()

    def completing() -> None:
        found()
        page.focus_filter()
        QTest.keyClicks(page.filter, "step:")
        waits()

    def nothing() -> None:
        found("no such words")

    def like() -> None:
        found()
        page._like_shown()
        waits()

    def unlike() -> None:
        def off(_: str) -> None:
            raise TraceProblem(
                "recall is off at this desk: the model that embeds could not be loaded; see Models"
            )

        found()
        desk.answers["like_trace"] = off
        page._like_shown()
        waits()

    def marked() -> None:
        found()
        side.marks.toggle(2)
        side.marks.toggle(5)

    def sorted_() -> None:
        found()
        side.sort.sort_by("tokens")
        waits()

    def jump() -> None:
        found()
        side.jump_line.open()
        side.jump_line.edit.setText("next week")
        side.jump_line.jump()

    def filling() -> None:
        found()
        desk.tell(sample_traces.index("filling", 12_000, 48_213))

    def failed() -> None:
        found()
        trouble = "the model calls cannot be indexed: no space is left on the disk"
        desk.tell(sample_traces.index("failed", 12_000, 48_213, trouble))

    def columns() -> None:
        found()
        for name in ("model", "at", "first"):
            side.columns._rows[name].trigger()
        if page.splitter is not None:
            page.splitter.setSizes([800, 300])
        waits()

    def columns_menu() -> None:
        """The menu is a window of its own: its picture lies over the page."""
        side.columns._on_standard()
        if page.splitter is not None:
            page.splitter.setSizes([472, 2_000])
        found()
        side.columns.open()
        settle()
        picture = QLabel(window)
        picture.setPixmap(side.columns.menu_.grab())
        picture.adjustSize()
        picture.move(side.columns.mapTo(window, side.columns.rect().bottomLeft()))
        side.columns.menu_.close()
        picture.show()
        shown.append(picture)

    def exporting() -> None:
        found("valid:no")
        assert side.model.found is not None
        answer = desk.answers.pop("export_traces")
        side.exporter.begin(side.model.found, (), Path("/home/ada/calls.traces.jsonl"))
        settle()
        desk.tell(sample_traces.progress(400, 1_204))
        waits()
        desk.answers["export_traces"] = answer

    def exported() -> None:
        call = desk.last("export_traces")
        if not call.future.done():
            call.future.set_result(desk.answers["export_traces"](*call.args))
        waits()

    return {
        "traces-list": found,
        "traces-filtered": filtered,
        "traces-problem": problem,
        "traces-completing": completing,
        "traces-nothing": nothing,
        "traces-like": like,
        "traces-unlike": unlike,
        "traces-marked": marked,
        "traces-sorted": sorted_,
        "traces-jump": jump,
        "traces-filling": filling,
        "traces-failed": failed,
        "traces-columns": columns,
        "traces-columns-menu": columns_menu,
        "traces-exporting": exporting,
        "traces-exported": exported,
    }
