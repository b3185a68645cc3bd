"""Pictures of the inbox's list, and of what is decided as one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from converge_desktop.runtime.deciding_model import OrderMatters
from converge_desktop.runtime.port import InboxChanged
from converge_desktop.ui.main_window import MainWindow
from tests.ui import sample, sample_inbox
from tests.ui.fake_desk import FakeDesk

Scene = Callable[[], None]


def scenes(  # noqa: C901 - a list of little functions
    window: MainWindow, desk: FakeDesk, settle: Callable[[], None]
) -> dict[str, Scene]:
    """Scenes of the inbox's list; each begins with the same proposals."""
    page = window.pages.inbox

    def fresh() -> None:
        window.go("inbox")
        if page.batching():
            page.batch.leave()
        page.side.save_box.leave()
        page.filter.clear()
        page.filter.completions.hide()
        page.sort.choose("Due")
        page.sort.choose_group("None")
        page.list.clear_marks()
        desk.answers["review"] = sample_inbox.review
        desk.answers["decide_many"] = sample_inbox.decided
        desk.tell(InboxChanged(sample.INBOX))
        settle()
        page.side.settle()
        page.show_gate("g-3")
        page.window_active(active=True)
        settle()

    def grouped() -> None:
        fresh()
        desk.tell(InboxChanged((*sample.INBOX, sample_inbox.WARNED, sample_inbox.OVERDUE)))
        settle()
        page.side.settle()
        page.sort.choose_group("Due")
        page.show_gate("g-3")

    def typed(text: str) -> None:
        page.focus_filter()
        QTest.keyClicks(page.filter, text)

    def completing() -> None:
        fresh()
        typed("agent:")
        QTest.keyClick(page.filter, Qt.Key.Key_Down)

    def problem() -> None:
        fresh()
        page.focus_filter()
        page.filter.setText("risk:high riks:low")

    def saving() -> None:
        fresh()
        page.filter.setText("risk:high")
        page.side.saved.save_wanted.emit()

    def marked() -> None:
        fresh()
        page.model.mark(("g-1", "g-3", "g-4"))
        page.list.marks_changed.emit()

    def batch() -> None:
        marked()
        page.begin_batch("approve")

    def split() -> None:
        def refuse(*_: object) -> None:
            raise OrderMatters(
                (("g-3", "g-4", "both correct f-90aa, and the first to merge does"),)
            )

        fresh()
        desk.answers["decide_many"] = refuse
        page.model.mark(("g-3", "g-4", "g-5"))
        page.list.marks_changed.emit()
        page.begin_batch("approve")
        settle()
        page.batch.approve()

    def result() -> None:
        batch()
        settle()
        page.batch.approve()

    def rejecting() -> None:
        marked()
        page.begin_batch("reject")

    def moved() -> None:
        fresh()
        closed = sample_inbox.standing()
        desk.answers["review"] = lambda gate, _="": replace(sample.review(gate), standing=closed)
        new = (
            sample_inbox.row("g-8", title="Tag 0.4.1", opened_at=sample.NOW),
            sample_inbox.WARNED,
        )
        desk.tell(InboxChanged((*(r for r in sample.INBOX if r.gate_id != "g-4"), *new)))

    def hidden() -> None:
        fresh()
        page.filter.setText("zebra")

    return {
        "inbox-grouped": grouped,
        "inbox-completing": completing,
        "inbox-problem": problem,
        "inbox-saving": saving,
        "inbox-marked": marked,
        "inbox-batch": batch,
        "inbox-split": split,
        "inbox-result": result,
        "inbox-rejecting": rejecting,
        "inbox-moved": moved,
        "inbox-hidden": hidden,
    }
