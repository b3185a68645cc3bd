"""The scenes of insights: pictures, tables, nothing, trouble, and newer records."""

from __future__ import annotations

from collections.abc import Callable

from converge_desktop.runtime.port import TraceIndexChanged
from converge_desktop.runtime.trace_model import IndexState, TraceProblem
from converge_desktop.ui.main_window import MainWindow
from tests.ui import sample_insights
from tests.ui.fake_desk import FakeDesk
from tests.ui.insights_kit import insights_drawn


def fail() -> object:
    """Fails as a desk does whose index is being made again."""
    raise TraceProblem(
        "the index over the model calls was damaged (block 4) and is being made again from the "
        "ledger; ask again in a moment"
    )


def scenes(
    window: MainWindow, desk: FakeDesk, settle: Callable[[], None]
) -> dict[str, Callable[[], None]]:
    page = window.pages.insights

    def shown(answer: Callable[[], object] = sample_insights.insights) -> None:
        desk.answers["insights"] = answer
        window.go("insights")
        page.strip.leave()
        page.ask_again()
        insights_drawn(window)
        if page.body is not None:
            page.body.verticalScrollBar().setValue(0)
        settle()

    def anew(answer: Callable[[], object]) -> Callable[[], None]:
        def show() -> None:
            page._stack.setCurrentWidget(page.empty)
            page.insights = None
            shown(answer)

        return show

    def tables() -> None:
        shown()
        for number in (0, 2):
            page.cards()[number].tabs.setCurrentIndex(1)
        page.cards()[2].rows.sort_next()

    def below() -> None:
        shown()
        for card in page.cards():
            card.tabs.setCurrentIndex(0)
        assert page.body is not None
        page.body.bring_into_sight(page.cards()[-3])
        page.cards()[-3].take_focus()

    def newer() -> None:
        shown()
        last = sample_insights.AS_OF + 12
        desk.tell(TraceIndexChanged(IndexState("ready", last, last)))

    def saved() -> None:
        shown()
        page.strip.tell("good", "The picture lies in /home/ada/converge-approval-rate.png")

    return {
        "insights": shown,
        "insights-below": below,
        "insights-tables": tables,
        "insights-newer": newer,
        "insights-saved": saved,
        "insights-failed": lambda: shown(fail),
        "insights-undecided": anew(lambda: sample_insights.nothing(calls=True)),
        "insights-failed-at-once": anew(fail),
        "insights-empty": anew(sample_insights.nothing),
    }
