"""Pictures of deciding: every box, the typed word, the undo strip, and what moved meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from converge_desktop.runtime.deciding_model import Allowed, Change, EditView
from converge_desktop.runtime.port import RunChanged, SettlingChanged, StatusChanged
from converge_desktop.runtime.review_model import Review
from converge_desktop.ui.main_window import MainWindow
from tests.ui import sample
from tests.ui import sample_deciding as deciding
from tests.ui.fake_desk import FakeDesk

_EDITED = EditView(
    (
        Change(
            "content",
            "converge-desktop 0.4.0 is on hold until 3 failing tests pass and line coverage "
            "reaches 75.0 %.",
            "converge-desktop 0.4.0 is on hold until Monday.",
        ),
        Change("structured.steps[1].do", "tests.fix", "tests.run"),
    ),
    (),
    asks=deciding.BOB,
)
_PROBLEMS = (
    "steps[1].for is missing; what has no meaning any more is left empty",
    "verdict is another, and the words still say what they said; change both",
)


def scenes(  # noqa: C901 - a list of little functions
    window: MainWindow, desk: FakeDesk, lay_out: Callable[[], None]
) -> dict[str, Callable[[], None]]:
    """Returns what to show, by name."""
    pane = window.pages.inbox.review

    def settle() -> None:
        """Delivers what was asked, however little time passes."""
        for _ in range(3):
            window.bridge.drain()
            lay_out()

    def shows(gate_id: str = "g-1", said: Review | None = None) -> None:
        window.go("inbox")
        desk.answers |= deciding.answers()
        if said is not None:
            desk.answers["review"] = lambda *_: said
        pane.load(gate_id)
        settle()
        for _ in range(12):
            pane.body.walk.page(1)
            settle()

    def box(what: str, gate_id: str = "g-1") -> Callable[[], None]:
        def show() -> None:
            shows(gate_id)
            pane.begin(what)
            settle()

        return show

    def typed() -> None:
        box("approve")()
        pane.boxes.approve.line.setText(pane.boxes.approve.word)

    def edit(view: EditView) -> Callable[[], None]:
        def show() -> None:
            desk.answers["look_at_edit"] = lambda *_: view
            shows()
            desk.answers["look_at_edit"] = lambda *_: view
            pane.begin("edit")
            settle()
            pane.boxes.edit.text.setPlainText("converge-desktop 0.4.0 is on hold until Monday.")
            pane.boxes.edit.look()
            pane.boxes.edit._pause.stop()

        return show

    def becomes(said: Review) -> Callable[[], None]:
        def show() -> None:
            shows()
            desk.answers["review"] = lambda *_: said
            desk.tell(RunChanged(sample.run_view("r-0192")))
            settle()

        return show

    def undo(*left: int) -> Callable[[], None]:
        def show() -> None:
            shows("g-3")
            gates = ("g-1", "g-4", "g-2", "g-5", "g-3")
            ends = ("approved", "rejected", "refined", "edited", "approved")
            rows = zip(gates, ends, left, strict=False)
            told = tuple(deciding.settling(g, e, n * 1_000_000) for g, e, n in rows)
            desk.tell(SettlingChanged(told))

        return show

    def became() -> None:
        undo(3)()
        settle()
        closed = deciding.decided_elsewhere(verdict="approve")
        assert closed.standing is not None
        fact = replace(closed, standing=replace(closed.standing, became="f-hold"))
        desk.answers["review"] = lambda *_: fact
        desk.tell(SettlingChanged(()))
        settle()
        desk.answers |= deciding.answers()

    def locked() -> None:
        window.undo.strip.forget()
        shows()
        desk.tell(StatusChanged(replace(sample.STATUS, unlocked=False)))

    def unlocked(show: Callable[[], Any]) -> Callable[[], None]:
        def after() -> None:
            desk.tell(StatusChanged(sample.STATUS))
            show()

        return after

    def may_not() -> None:
        shows()
        why = f"{deciding.ME} wrote it, and nobody decides about their own"
        verdicts = ("approve", "reject", "refine", "edit")
        desk.answers["allowed"] = lambda *_: Allowed(deciding.ME, dict.fromkeys(verdicts, why))
        pane.load("g-1")

    two = replace(deciding.OPEN, needed=2, approvals=1, half_gone=True, votes=(deciding.voted(),))
    became_fact = deciding.decided_elsewhere(verdict="approve")
    assert became_fact.standing is not None
    return {
        "decide": shows,
        "decide-word": box("approve"),
        "decide-word-typed": typed,
        "decide-reject": box("reject"),
        "decide-refine": box("refine"),
        "decide-edit": edit(_EDITED),
        "decide-edit-problems": edit(replace(_EDITED, problems=_PROBLEMS)),
        "decide-extend": box("extend"),
        "decide-delegate": box("delegate"),
        "decide-escalate": box("escalate"),
        "decide-quorum": lambda: shows(said=deciding.review("g-1", two)),
        "decide-drifted": becomes(deciding.drifted()),
        "decide-elsewhere": becomes(deciding.decided_elsewhere()),
        "decide-became": becomes(
            replace(became_fact, standing=replace(became_fact.standing, became="f-hold"))
        ),
        "decide-expired": becomes(deciding.expired()),
        "decide-may-not": may_not,
        "decide-undo": undo(27),
        "decide-undo-many": undo(29, 24, 18, 11, 6),
        "decide-undo-over": became,
        "decide-locked": locked,
        "decide-medium": unlocked(lambda: shows("g-3")),
    }
