"""The filter of the inbox: what can be typed is offered, what cannot be read is said in place."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from converge_core.errors import IllegalCommand
from converge_desktop.ui.pages.inbox import InboxPage
from converge_desktop.ui.widgets.filter_line import FilterLine
from tests.ui import sample
from tests.ui.conftest import Desk

CTRL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def page(opened: Desk) -> InboxPage:
    """The inbox, with the cursor in its filter."""
    QTest.keyClick(opened.window, Qt.Key.Key_Slash)
    assert opened.window.pages.inbox.filter.hasFocus()
    return opened.window.pages.inbox


def listed(page: InboxPage) -> list[str]:
    rows = (page.model.proposal_at(n) for n in range(page.model.rowCount()))
    return [row.gate_id for row in rows if row is not None]


def offered(line: FilterLine) -> list[str]:
    model = line.completions.model
    rows = (model.row_at(n) for n in range(model.rowCount()))
    return [row.text for row in rows if row is not None]


def press(line: FilterLine, *keys: Qt.Key) -> None:
    for key in keys:
        QTest.keyClick(line, key)


def test_the_list_follows_every_letter(page: InboxPage) -> None:
    QTest.keyClicks(page.filter, "norden")
    assert listed(page) == ["g-2"]
    page.filter.clear()
    QTest.keyClicks(page.filter, "risk:medium (agent:spend or conf<0.5)")
    assert listed(page) == ["g-4"]


def test_fields_and_values_are_offered_and_taken_by_keyboard(page: InboxPage) -> None:
    line = page.filter
    QTest.keyClicks(line, "ag")
    assert line.completions.isVisible()
    assert offered(line)[0] == "agent:"
    press(line, Qt.Key.Key_Tab)
    assert line.text().startswith("agent:")
    assert line.hasFocus(), "Tab took what was offered and left nothing"
    assert {"spend", "planning"} <= set(offered(line))
    place = offered(line).index("spend")
    press(line, *[Qt.Key.Key_Down] * (place + 1), Qt.Key.Key_Return)
    assert line.text() == "agent:spend "
    assert not line.completions.isVisible()
    assert listed(page) == ["g-2", "g-4"]


def test_nothing_is_taken_that_was_not_chosen(page: InboxPage) -> None:
    """Return looks for what was typed, and goes back to the list."""
    QTest.keyClicks(page.filter, "ri")
    assert page.filter.completions.isVisible()
    press(page.filter, Qt.Key.Key_Return)
    assert page.filter.text() == "ri"
    assert page.list.hasFocus()


def test_down_offers_all_fields_and_escape_closes_first_that_then_the_line(
    page: InboxPage,
) -> None:
    line = page.filter
    press(line, Qt.Key.Key_Down)
    assert {"risk:", "agent:", "due<"} <= set(offered(line))
    press(line, Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Up)
    current = line.completions.current()
    assert current is not None
    assert current.text == offered(line)[0]
    press(line, Qt.Key.Key_Escape)
    assert not line.completions.isVisible()
    assert line.hasFocus()
    press(line, Qt.Key.Key_Escape)
    assert page.list.hasFocus()


def test_tab_leaves_the_line_where_nothing_is_offered(page: InboxPage) -> None:
    assert not page.filter.completions.isVisible()
    press(page.filter, Qt.Key.Key_Tab)
    assert not page.filter.hasFocus()


def test_what_cannot_be_read_is_said_with_its_place_and_the_list_stays(page: InboxPage) -> None:
    QTest.keyClicks(page.filter, "risk:high")
    page.filter.setText("risk:high riks:low")
    assert listed(page) == ["g-1", "g-2"]
    said = page.side.problem.text()
    assert page.side.problem.isVisible()
    assert said.startswith("“riks”, at character 11: there is no field 'riks'; there are: risk,")
    assert said.endswith("The list stays as it was until this can be read.")
    assert page.filter.property("invalid") == "true"
    page.filter.setText("risk:high")
    assert page.side.problem.isHidden()


def test_what_is_still_being_typed_is_no_mistake(page: InboxPage) -> None:
    """Until the person says that they are done."""
    QTest.keyClicks(page.filter, "risk:hi")
    assert page.side.problem.isHidden()
    press(page.filter, Qt.Key.Key_Return)
    assert "risk is one of low, medium, high" in page.side.problem.text()
    assert page.filter.hasFocus()
    QTest.keyClicks(page.filter, "gh")
    assert page.side.problem.isHidden()
    assert listed(page) == ["g-1", "g-2"]


def test_what_is_left_unfinished_is_said_at_the_end(page: InboxPage) -> None:
    QTest.keyClicks(page.filter, "due<")
    page.sort.setFocus()
    assert page.side.problem.text().startswith("At the end: what due is to be, such as due<2h")


def test_a_saved_filter_is_applied_from_the_menu(opened: Desk, page: InboxPage) -> None:
    opened.settle()
    page.side.saved.fill()
    rows = {a.text().partition("\t")[0]: a for a in page.side.saved.menu_.actions()}
    rows["Risky"].trigger()
    assert page.filter.text() == "risk:high"
    assert listed(page) == ["g-1", "g-2"]


def test_a_filter_is_saved_under_a_name_without_leaving_the_page(
    opened: Desk, page: InboxPage
) -> None:
    opened.desk.answers["save_filter"] = lambda *_: None
    page.filter.setText("agent:spend")
    page.side.saved.save_wanted.emit()
    box = page.side.save_box
    assert box.edit.hasFocus()
    assert not box.confirm.isEnabled()
    QTest.keyClicks(box.edit, "Spending")
    QTest.keyClick(box.edit, Qt.Key.Key_Return)
    opened.settle()
    assert opened.desk.last("save_filter").args == ("Spending", "agent:spend")
    assert box.isHidden()
    assert "“Spending” is saved" in opened.window.messages.texts()[0]
    assert len(opened.desk.named("filters")) == 2, "what is saved is read again"


def test_a_filter_that_cannot_be_read_cannot_be_saved(page: InboxPage) -> None:
    page.filter.setText("riks:high")
    assert not page.side.saved.can_save()
    page.filter.setText("")
    assert not page.side.saved.can_save()


def test_a_saved_filter_is_taken_away_by_an_empty_text(opened: Desk, page: InboxPage) -> None:
    opened.desk.answers["save_filter"] = lambda *_: None
    opened.settle()
    page.side.saved.take_away("Pressing")
    opened.settle()
    assert opened.desk.last("save_filter").args == ("Pressing", "")
    assert "“Pressing” is no longer saved" in opened.window.messages.texts()[0]


def test_a_filter_that_cannot_be_kept_says_why(opened: Desk, page: InboxPage) -> None:
    def fail(*_: str) -> None:
        raise IllegalCommand("100 filters are saved, which is the most; remove one first")

    opened.desk.answers["save_filter"] = fail
    page.filter.setText("risk:high")
    page.side.saved.save("One more")
    opened.settle()
    said = opened.window.messages.texts()[0]
    assert said.startswith("The saved filters are as they were. 100 filters are saved")


def test_all_of_it_stands_in_the_table(opened: Desk) -> None:
    """So that it is found in the palette and on the sheet of keys."""
    keys = {action.id: action.shortcut for action in opened.window.table}
    assert keys["inbox.newest"] == ("Ctrl+Shift+J",)
    assert keys["inbox.mark"] == ("X",)
    for name in ("arrange", "saved", "save_filter", "clear_filter", "fold", "approve_marked"):
        assert f"inbox.{name}" in keys
    assert len(sample.INBOX) == opened.window.pages.inbox.model.total()
