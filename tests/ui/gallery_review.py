"""Pictures of the review in each of its states."""

from __future__ import annotations

from collections.abc import Callable

from converge_desktop.runtime.review_model import Review
from converge_desktop.ui.main_window import MainWindow
from tests.ui import sample_review
from tests.ui.fake_desk import FakeDesk


def scenes(
    window: MainWindow, desk: FakeDesk, settle: Callable[[], None]
) -> dict[str, Callable[[], None]]:
    """Lists the scenes, by name."""
    pane = window.pages.inbox.review

    def show(review: Review, down: int = 0, *, previews: bool = True) -> None:
        window.go("inbox")
        answers = sample_review.answers()
        kept = {name: desk.answers.get(name) for name in answers}
        desk.answers |= answers
        desk.answers["review"] = lambda *_: review
        if not previews:
            desk.answers.pop("previews")
        pane.load(review.gate_id)
        settle()
        for _ in range(down):
            pane.body.walk.page(1)
            settle()
        desk.answers |= {name: value for name, value in kept.items() if value is not None}

    def at(review: Callable[[], Review], section: str = "") -> Callable[[], None]:
        def scene() -> None:
            show(review())
            if section:
                [wanted] = [one for one in pane.body.sections() if one.title == section]
                pane.body.walk.show(wanted)

        return scene

    def folded() -> None:
        show(sample_review.review())
        pane.body.main.why.turn()
        pane.body.side.evidence_section.turn()

    def failed() -> None:
        show(sample_review.review(), previews=False)
        desk.last("previews").future.set_exception(OSError("the engine is busy with another run"))
        settle()
        pane.body.walk.show(pane.body.preview_section)

    def loading() -> None:
        show(sample_review.review(), previews=False)
        pane.body.walk.show(pane.body.preview_section)

    return {
        "review-corrects": at(sample_review.correcting),
        "review-truth": at(sample_review.correcting, "Against what stands"),
        "review-standing": at(sample_review.correcting, "Who asked and who decides"),
        "review-drifted": at(sample_review.drifted),
        "review-hiding": at(sample_review.hiding),
        "review-closed": at(sample_review.closed, "Who asked and who decides"),
        "review-previews": at(sample_review.review, "What would follow"),
        "review-previews-loading": loading,
        "review-previews-failed": failed,
        "review-folded": folded,
        "review-long": at(sample_review.long),
        "review-bare": at(sample_review.bare),
        "review-raw": at(sample_review.review, "Raw"),
    }
