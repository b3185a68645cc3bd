"""Pictures of two runs compared."""

from __future__ import annotations

from collections.abc import Callable

from converge_desktop.ui.main_window import MainWindow
from tests.ui import sample_run_compare as own
from tests.ui import sample_trace
from tests.ui.fake_desk import FakeDesk


def scenes(
    window: MainWindow, desk: FakeDesk, settle: Callable[[], None]
) -> dict[str, Callable[[], None]]:
    """Lists the scenes, by name."""
    page = window.pages.runs

    def show(run_id: str) -> None:
        desk.answers |= sample_trace.answers() | {"compare_runs": own.compared}
        window.routes.run.emit(run_id)
        settle()

    def first() -> None:
        show(own.ONE)
        page.comparing.take()

    def compared(one: str, other: str) -> Callable[[], None]:
        def scene() -> None:
            show(one)
            page.comparing.compare(one, other)

        return scene

    return {
        "run-compare-first": first,
        "run-compared": compared(own.ONE, own.OTHER),
        "run-compared-same": compared(own.ONE, own.ONE),
    }
