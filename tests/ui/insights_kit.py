"""Waiting until the page of insights has drawn all that it draws."""

from __future__ import annotations

from PySide6.QtWidgets import QApplication

from converge_desktop.ui.main_window import MainWindow

PATIENCE_S = 30
TURNS = 400
"""More turns than there are things to do."""


def insights_drawn(window: MainWindow) -> None:
    """Lets the window work until every card that has something to draw is drawn."""
    page = window.pages.insights
    for _ in range(TURNS):
        window.bridge.drain()
        QApplication.processEvents()
        if page.loading is not None:
            page.loading.exception(PATIENCE_S)
        if not page.busy() and all(
            card.has_picture() or not card.has_rows() for card in page.cards()
        ):
            return
    raise AssertionError("the page does not come to rest")
