"""A real desk: its steps are read, compared and noted at the window, and it keeps what is noted."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from converge_desktop.ui.pages.trace_view import TABS, TracePane
from converge_desktop.ui.widgets.chips import ChipButton
from tests.runtime.deciding_kit import (  # noqa: F401
    MakeWaiting,
    answer,
    make_waiting,
)
from tests.ui.test_ui_deciding_desk import PATIENCE, Person, Sit, sit  # noqa: F401
from tests.ui.tracing import link, press, told

CTRL = Qt.KeyboardModifier.ControlModifier


def chips(pane: TracePane) -> list[str]:
    """What the heading leads to, as far as it is seen."""
    return [chip.text() for chip in pane.head.findChildren(ChipButton) if chip.isVisible()]


class Reader:
    """Somebody who reads the steps behind what waits."""

    def __init__(self, person: Person) -> None:
        self.person = person
        self.pane: TracePane = person.window.pages.traces.pane

    def until(self, what: Callable[[], bool]) -> None:
        self.person.until(what)

    def opens(self, trace_id: str) -> None:
        """Shows a step, and waits until it is there."""
        self.person.window.routes.trace.emit(trace_id)
        self.until(lambda: self.pane.shows_step() and self._id() == trace_id)

    def _id(self) -> str:
        return self.pane.view.row.trace_id if self.pane.view is not None else ""

    def turns_to(self, tab: str) -> str:
        """Turns to a tab, and reads it."""
        self.pane.tabs.setCurrentIndex(TABS.index(tab))
        return told(self.pane)


@pytest.mark.qt_log_ignore("This plugin does not support")
def test_steps_are_read_compared_and_noted(
    make_waiting: MakeWaiting,  # noqa: F811
    sit: Sit,  # noqa: F811
) -> None:
    """While it waits and once it is decided; a note is there the next time, and only beside."""
    place = make_waiting()
    review = place.ask()
    person = sit(place)
    reader = Reader(person)
    pane = reader.pane

    reader.opens(review.trace_ids[-1])
    said = reader.turns_to("Timing")
    assert "Still waiting for a person, for" in said
    assert "writing the answer" in said
    assert pane.view is not None
    record = pane.view.seq

    pane.compare(review.trace_ids[0], review.trace_ids[-1])
    reader.until(pane.comparing.is_open)
    assert "The layer priming differs first, in line 1." in told(pane)
    assert pane.escape()
    pane.compare(review.trace_ids[0], review.trace_ids[0])
    reader.until(pane.comparing.is_open)
    assert "Nothing differs." in told(pane)
    assert pane.escape()

    last = place.desk.ledger_page(0, 10_000).result(10)[-1].seq
    pane.notes.open()
    pane.notes.box.write("Look at this again: Åre")
    QTest.keyClick(pane.notes.box.edit, Qt.Key.Key_Return, CTRL)
    reader.until(lambda: "Look at this again: Åre" in told(pane.head))
    assert last == place.desk.ledger_page(0, 10_000).result(10)[-1].seq
    note = place.desk.trace_note(review.trace_ids[-1]).result(10)
    assert note is not None
    assert (record, "Look at this again: Åre") == (note.seq, note.text)

    place.port.answer(answer(review, reason="until it passes")).result(10)
    reader.until(lambda: "It took effect: it is a fact now." in told(pane))
    assert "alice approved it: “until it passes”." in told(pane)
    reader.until(lambda: f"record {record:,}" in chips(pane))
    link(pane, f"record {record:,}").click()
    reader.until(lambda: person.window.pages.page_id() == "ledger")

    reader.opens(review.trace_ids[0])
    reader.opens(review.trace_ids[-1])
    reader.until(lambda: "Look at this again: Åre" in told(pane.head))
    press(pane, "Remove")
    reader.until(lambda: "is removed. It said:" in pane.note_strip.words())
    press(pane, "Undo")
    reader.until(lambda: "Look at this again: Åre" in told(pane.head))
