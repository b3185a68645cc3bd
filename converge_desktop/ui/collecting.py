"""Keeps the garbage collector from holding the window up while a person works in it.

A full pass walks all that lasts, on whichever thread it falls, and no other goes on meanwhile: with
much recorded, that is seen. So what outlived one pass is not walked again for as long as the person
is here; once they turn to something else, all is.
"""

from __future__ import annotations

import gc
from functools import partial

from PySide6.QtCore import QObject, Qt, Slot
from PySide6.QtGui import QGuiApplication

_FULL = 2
"""The generation of a pass that walks all."""
_OFTEN = 3
"""A full pass follows on so many smaller ones: the more often, the less there is to walk."""


class ShortPasses(QObject):
    """Makes every full pass walk only what came since the last one."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        gc.freeze()
        gc.collect()  # by what is left of it, the collector reckons when the next one is due
        gc.callbacks.append(_after_pass)
        young, middle, old = gc.get_threshold()
        gc.set_threshold(young, middle, _OFTEN)
        self.destroyed.connect(partial(_leave, old))
        app = QGuiApplication.instance()
        if isinstance(app, QGuiApplication):
            app.applicationStateChanged.connect(self._on_state)

    @Slot(Qt.ApplicationState)
    def _on_state(self, state: Qt.ApplicationState) -> None:
        if state != Qt.ApplicationState.ApplicationActive:
            gc.unfreeze()


def _after_pass(phase: str, info: dict[str, int]) -> None:
    if phase == "stop" and info["generation"] == _FULL:
        gc.freeze()


def _leave(old: int, *_: object) -> None:
    gc.callbacks.remove(_after_pass)
    gc.set_threshold(*gc.get_threshold()[:2], old)
