"""Has what pictures are drawn with imported: a quarter of a second, never on the GUI thread."""

from __future__ import annotations

from concurrent.futures import Future
from typing import TYPE_CHECKING

from converge_desktop.ui.elsewhere import elsewhere

if TYPE_CHECKING:
    from converge_desktop.ui.widgets.plot_canvas import Canvas


class NoPictures(Exception):
    """What pictures are drawn with is not there."""


def load_canvas() -> Future[type[Canvas]]:
    """Begins to import the canvas of pictures; its future fails with ``NoPictures``."""
    return elsewhere(_load, "pictures")


def _load() -> type[Canvas]:
    try:
        from converge_desktop.ui.widgets.plot_canvas import Canvas  # noqa: PLC0415 - see above
    except (ImportError, OSError) as error:
        raise NoPictures(
            f"Pictures are drawn with pyqtgraph, which cannot be loaded here ({error}). The tables "
            "say the same. To have pictures, install what requirements.lock names, and ask again"
        ) from error
    return Canvas
