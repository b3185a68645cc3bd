"""What a person sets holds at once where it can, is remembered, and says so where it cannot."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from converge_desktop.ui import fonts, notifications
from converge_desktop.ui.application import enlarge
from converge_desktop.ui.pages import settings as page_module
from converge_desktop.ui.pages.settings import SettingsPage
from converge_desktop.ui.settings import LOCK_AFTER, SINGLE_KEYS, TEXT_SIZE, THEME, UiSettings
from tests.ui import sample
from tests.ui.conftest import Desk, MakeDesk
from tests.ui.fake_desk import FakeDesk

CTRL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def page(opened: Desk) -> SettingsPage:
    """The page, reached by its key."""
    QTest.keyClick(opened.window, Qt.Key.Key_Comma, CTRL)
    opened.settle()
    assert "settings" == opened.window.pages.page_id()
    return opened.window.pages.settings


def choose(combo: object, value: str) -> None:
    """Chooses as a person does: by the combo's own row."""
    combo.setCurrentIndex(combo.findData(value))  # type: ignore[attr-defined]


def test_a_theme_holds_at_once_and_the_key_for_the_next_one_moves_the_choice(
    opened: Desk, page: SettingsPage
) -> None:
    choose(page.theme, "dark")
    assert "dark" == opened.window.theme.resolved()
    opened.window.next_theme()
    assert "high-contrast" == page.theme.chosen()
    opened.window.theme.choose("light")


def test_single_keys_are_off_at_once_and_everything_else_works(
    opened: Desk, page: SettingsPage
) -> None:
    """Letters are letters then; chords, arrows and the palette do what they did."""
    page.single.click()
    opened.window.go("inbox")
    QTest.keyClick(opened.window, Qt.Key.Key_J)
    QTest.keyClick(opened.window, Qt.Key.Key_G)
    QTest.keyClick(opened.window, Qt.Key.Key_R)
    assert "inbox" == opened.window.pages.page_id()
    QTest.keyClick(opened.window, Qt.Key.Key_K, CTRL)
    assert opened.window.palette_overlay.isVisible()
    opened.window.palette_overlay.leave()
    opened.window.switch_single_keys()
    assert page.single.isChecked()
    QTest.keyClick(opened.window, Qt.Key.Key_G)
    QTest.keyClick(opened.window, Qt.Key.Key_R)
    assert "runs" == opened.window.pages.page_id()


def test_everything_is_remembered(opened: Desk, page: SettingsPage, make_desk: MakeDesk) -> None:
    """In the one file; another window over it begins with the same."""
    choose(page.theme, "dark")
    choose(page.text_size, "150")
    choose(page.lock, "30")
    choose(page.shows, notifications.COUNT)
    page.single.click()
    page.notify.click()
    opened.window.close()
    kept = UiSettings(opened.settings)
    said = {name: kept.text(name) for name in (THEME, TEXT_SIZE, LOCK_AFTER, SINGLE_KEYS)}
    assert {THEME: "dark", TEXT_SIZE: "150", LOCK_AFTER: "30", SINGLE_KEYS: "off"} == said
    assert ("off", "count") == (kept.text(notifications.ON), kept.text(notifications.SHOWS))

    again = make_desk(FakeDesk()).window
    assert "150" == again.pages.settings.text_size.chosen()
    assert "30" == again.pages.settings.lock.chosen()
    assert not again.pages.settings.single.isChecked()
    assert not again.around.tray.pause.isEnabled() or again.around.tray.pause.isChecked()
    again.theme.choose("light")


def test_another_text_size_says_that_it_holds_from_the_next_start_on(
    opened: Desk, page: SettingsPage
) -> None:
    """And nothing is said where it is the one in force."""
    choose(page.text_size, "200")
    assert "Text is 200 % from the next start on." == page._later.text()
    assert page._later.isVisible()
    choose(page.text_size, "100")
    assert not page._later.isVisible()


@pytest.fixture
def large(qapp: QApplication) -> Iterator[None]:
    enlarge(qapp, 200)
    yield
    enlarge(qapp, 100)


def test_at_the_next_start_all_text_and_every_length_is_larger(
    qapp: QApplication, large: None
) -> None:
    measures = fonts.measures()
    assert 26 == fonts.font("body").pixelSize()
    assert measures.control >= 60
    assert f"min-height: {measures.control - 2}px" in qapp.styleSheet()
    assert 26 == qapp.font().pixelSize()


def test_sizes_that_nobody_offers_are_the_nearest_that_is() -> None:
    """A file edited by hand cannot make the window unusable."""
    fonts.enlarge(9_000)
    assert 200 == fonts.enlarged()
    fonts.enlarge(0)
    assert 100 == fonts.enlarged()


def test_a_file_with_nonsense_in_it_counts_as_nothing_chosen(
    qapp: QApplication, tmp_path: Path
) -> None:
    path = tmp_path / "window.ini"
    path.write_text("[window]\ntext_size=huge\ntheme=mauve\n")
    kept = UiSettings(path)
    assert 100 == kept.number(TEXT_SIZE, 100)


def test_the_places_are_shown_and_opened(
    opened: Desk, page: SettingsPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nothing opens a folder, it says what to do."""
    folder = opened.settings.parent
    shown = [label.text() for label in page.findChildren(type(page._later))]
    assert str(folder) in shown
    assert str(folder / "logs") in shown
    asked: list[Path] = []
    monkeypatch.setattr(page_module, "open_folder", lambda place: asked.append(place) or False)
    page.data.click()
    assert [folder] == asked
    assert f"No program of this desktop opens {folder}." in opened.window.messages.texts()[0]


def test_nothing_of_it_asks_the_desk(opened: Desk, page: SettingsPage) -> None:
    """Settings are the window's own; the ledger hears nothing of them."""
    asked = len(opened.desk.calls)
    page.single.click()
    choose(page.lock, "5")
    assert asked == len(opened.desk.calls)
    assert sample.STATUS.unlocked == opened.window.unlocked
