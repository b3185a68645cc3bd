"""Pictures of a recorded step: every tab, notes, and two steps compared."""

from __future__ import annotations

from collections.abc import Callable

from converge_desktop.ui.main_window import MainWindow
from converge_desktop.ui.pages.trace_view import TABS
from converge_desktop.ui.widgets.disclosure import Disclosure
from tests.ui import sample_trace as own
from tests.ui.fake_desk import FakeDesk


def scenes(
    window: MainWindow, desk: FakeDesk, settle: Callable[[], None]
) -> dict[str, Callable[[], None]]:
    """Lists the scenes, by name."""
    pane = window.pages.traces.pane

    def show(trace_id: str, tab: str = TABS[0]) -> None:
        desk.answers |= own.answers()
        window.routes.trace.emit(trace_id)
        settle()
        pane.tabs.setCurrentIndex(TABS.index(tab))

    def tab(trace_id: str, name: str) -> Callable[[], None]:
        return lambda: show(trace_id, name)

    def compared(one: str, other: str, *, whole: bool = False) -> Callable[[], None]:
        def scene() -> None:
            show(one)
            settle()
            pane.compare(one, other)
            settle()
            for section in pane.comparing.shown.findChildren(Disclosure) if whole else ():
                if "side by side" in section.head.accessibleName() and section.isVisible():
                    section.head.click()

        return scene

    def first() -> None:
        show(own.PLANNING)
        settle()
        pane.compare_with()

    def noting() -> None:
        pane.escape()
        show(own.EVALUATION)
        settle()
        pane.notes.open()
        pane.notes.box.write("Its score is lower than that of the run before; ask why.")

    def removed() -> None:
        pane.escape()
        show(own.PLANNING)
        settle()
        pane.notes.remove()

    return {
        "trace-prompt": tab(own.PLANNING, "Prompt and output"),
        "trace-envelope": tab(own.PLANNING, "Envelope"),
        "trace-validation": tab("t-0191-12", "Validation"),
        "trace-timing": tab(own.PLANNING, "Timing"),
        "trace-timing-decided": tab(own.OLDER, "Timing"),
        "trace-recall": tab(own.EVALUATION, "Recall"),
        "trace-lineage": tab(own.PLANNING, "Lineage"),
        "trace-replay": tab(own.PLANNING, "Replay"),
        "trace-long": tab(own.LONG, "Prompt and output"),
        "trace-compared": compared(own.PLANNING, own.OLDER),
        "trace-compared-whole": compared(own.PLANNING, own.OLDER, whole=True),
        "trace-compared-same": compared(own.PLANNING, own.PLANNING),
        "trace-compared-long": compared(own.LONG, own.LONG, whole=True),
        "trace-compare-first": first,
        "trace-noting": noting,
        "trace-note-removed": removed,
    }
