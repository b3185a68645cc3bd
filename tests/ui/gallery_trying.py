"""Pictures of a recorded step that is tried with a change: what can be changed, and what came."""

from __future__ import annotations

from collections.abc import Callable

from converge_desktop.ui.main_window import MainWindow
from converge_desktop.ui.pages.trace_try_form import LayerBox
from tests.ui import sample_trace as own
from tests.ui import sample_trying
from tests.ui.fake_desk import FakeDesk


def scenes(
    window: MainWindow, desk: FakeDesk, settle: Callable[[], None]
) -> dict[str, Callable[[], None]]:
    """Lists the scenes, by name."""
    pane = window.pages.traces.pane

    def trying() -> None:
        pane.escape()
        desk.answers |= own.answers() | {"try_trace": sample_trying.tried}
        window.routes.trace.emit(own.PLANNING)
        settle()
        pane.try_with_change()
        settle()

    def tried(layer: str, model: str = "") -> Callable[[], None]:
        def scene() -> None:
            trying()
            for box in pane.trier.findChildren(LayerBox):
                if box.edit.accessibleName() == f"The {layer} layer":
                    box.edit.setPlainText("STATE\ntests.failed = 0 + support")
            pane.trier.form.model.choose(model)
            pane.trier.form.ask()
            settle()

        return scene

    return {
        "trace-trying": trying,
        "trace-tried": tried("state"),
        "trace-tried-same": tried("", "converge-medium"),
    }
