"""Whoever sees little, or uses no pointer, can do everything; and what is shown is said."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QApplication, QLabel, QWidget

from converge_desktop.ui.actions import PAGES
from converge_desktop.ui.overlay import Overlay
from tests.ui.conftest import Desk
from tests.ui.reading import described, place, show, tabbed, visible, walk

PAGE_IDS = [page for page, *_ in PAGES]
_NO_ROLE = {QAccessible.Role.NoRole, QAccessible.Role.Client, QAccessible.Role.Pane}


@pytest.mark.parametrize("page", PAGE_IDS)
def test_what_can_have_the_focus_has_a_name_and_a_role(opened: Desk, page: str) -> None:
    """A screen reader says what it is and what it is called."""
    show(opened, page)
    nameless, roleless = [], []
    for widget in tabbed(opened.window):
        interface = QAccessible.queryAccessibleInterface(widget)
        if not interface.text(QAccessible.Text.Name):
            nameless.append(described(widget))
        if interface.role() in _NO_ROLE:
            roleless.append(f"{described(widget)}: {interface.role()}")
    assert ([], []) == (nameless, roleless)


@pytest.mark.parametrize("page", PAGE_IDS)
def test_tab_reaches_everything_and_comes_round(opened: Desk, page: str) -> None:
    """There is no trap, and nothing that only a pointer gets to."""
    show(opened, page)
    opened.window.pages.current().take_focus()
    seen = walk(opened.window)
    missed = [described(widget) for widget in tabbed(opened.window) if widget not in seen]
    assert [] == missed


@pytest.mark.parametrize("page", PAGE_IDS)
def test_tab_follows_the_order_of_reading(opened: Desk, page: str) -> None:
    """To the right, or down; rail, page, and what is below; whatever was made when."""
    show(opened, page)
    opened.window.rail.button(page).setFocus()
    seen = walk(opened.window)
    window = opened.window
    regions = [window.rail, window.pages, window.status]
    where = [next(n for n, r in enumerate(regions) if r.isAncestorOf(one)) for one in seen]
    assert [*sorted(where[:-1]), 0] == where, [described(one) for one in seen]
    wrong = []
    for one, other in pairwise(seen):
        if one.parentWidget() is not other.parentWidget():
            continue
        here, there = place(one, opened.window), place(other, opened.window)
        if there.bottom() <= here.top() + 2:
            wrong.append(f"{described(one)} goes up to {described(other)}")
        elif there.top() < here.bottom() and there.right() <= here.left() + 2:
            wrong.append(f"{described(one)} goes back to {described(other)}")
    assert wrong == [], "\n".join(wrong)


@pytest.mark.parametrize("theme", ["light", "dark", "high-contrast"])
def test_the_focus_can_be_seen_wherever_it_is(opened: Desk, theme: str) -> None:
    """Whatever has it looks different from when it has not."""
    opened.window.theme.choose(theme)
    unseen = []
    for page in PAGE_IDS:
        show(opened, page)
        for widget in tabbed(opened.window):
            if widget.visibleRegion().isEmpty():
                continue
            opened.window.status.setFocus()
            widget.clearFocus()
            before = widget.grab().toImage()
            widget.setFocus(Qt.FocusReason.TabFocusReason)
            if widget.hasFocus() and before == widget.grab().toImage():
                unseen.append(f"{page}: {described(widget)}")
    opened.window.theme.choose("light")
    assert [] == unseen


def test_an_overlay_keeps_the_focus_and_lets_go_of_it(opened: Desk) -> None:
    """Tab goes round in it; Escape leaves, and the focus is where it was."""
    window = opened.window
    window.pages.inbox.list.setFocus()
    for overlay in window._overlays:
        window.show_overlay(overlay)
        if not overlay.isVisible():
            continue
        for _ in range(12):
            QApplication.focusWidget().focusNextChild()
            now = QApplication.focusWidget()
            assert now is overlay or overlay.isAncestorOf(now), overlay.accessibleName()
        window.leave_front()
        assert not overlay.isVisible()
        assert window.pages.inbox.list.hasFocus(), overlay.accessibleName()


def test_what_has_words_of_its_own_says_them(opened: Desk) -> None:
    """Nothing on the screen is only a picture: signs, dots and bars have names."""
    for page in PAGE_IDS:
        show(opened, page)
        for widget in visible(opened.window):
            painted = type(widget).paintEvent is not QWidget.paintEvent
            ours = type(widget).__module__.startswith("converge_desktop.ui.widgets")
            if painted and ours and widget.focusPolicy() & Qt.FocusPolicy.TabFocus:
                assert QAccessible.queryAccessibleInterface(widget).text(QAccessible.Text.Name)


# Words


@pytest.mark.parametrize("page", PAGE_IDS)
def test_no_label_shows_a_long_hash_whole(opened: Desk, page: str) -> None:
    """An id is short, with a way to copy it; whole it stands only where values are listed."""
    show(opened, page)
    long = re.compile(r"\b[0-9a-f]{64}\b")
    shown = [described(one) for one in visible(opened.window, QLabel) if long.search(one.text())]
    assert [] == shown


@pytest.mark.parametrize("page", PAGE_IDS)
def test_a_time_that_is_past_can_be_read_exactly(opened: Desk, page: str) -> None:
    """Where a label says how long ago, resting on it says when."""
    show(opened, page)
    past = re.compile(r"\b\d+ (min|h|days) ago\b|\bjust now\b")
    inexact = [
        described(one)
        for one in visible(opened.window, QLabel)
        if past.search(one.text()) and not re.search(r"\d\d:\d\d:\d\d", one.toolTip())
    ]
    assert [] == inexact


def test_the_overlays_are_known_to_the_window(opened: Desk) -> None:
    """What is not known there would hear no Escape."""
    assert set(opened.window.findChildren(Overlay)) == set(opened.window._overlays)
