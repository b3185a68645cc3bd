"""What can be done with a recorded step, for the one table of actions; none of it writes there."""

from __future__ import annotations

from typing import Protocol

from converge_desktop.runtime.review_model import TraceView
from converge_desktop.ui.actions import Action
from converge_desktop.ui.pages.exporting import Exporter
from converge_desktop.ui.pages.trace_comparing import TraceComparing
from converge_desktop.ui.pages.trace_note import Notes
from converge_desktop.ui.pages.trace_trying import Trier

_STEP = "a recorded step that is shown"


class Pane(Protocol):
    """What shows a step, as far as its actions know of it."""

    view: TraceView | None
    exporter: Exporter
    comparing: TraceComparing
    notes: Notes
    trier: Trier

    def shows_step(self) -> bool:
        """Says whether a step is shown, and not two of them compared."""

    def can_replay(self) -> bool:
        """Says whether the step can be made again, now."""

    def replay(self) -> None:
        """Has the step made again."""

    def can_stop_replay(self) -> bool:
        """Says whether the step is being made again, and nobody gave that up."""

    def stop_replay(self) -> None:
        """Gives up making the step again."""

    def try_with_change(self) -> None:
        """Shows what can be changed of the step before it is tried."""

    def compare_with(self) -> None:
        """Takes the step as the first to be compared, or compares it with the one that is."""

    def show_run(self) -> None:
        """Shows the run that the step is of."""

    def show_record(self) -> None:
        """Shows the record of the ledger that says the step."""


def actions_of(pane: Pane) -> tuple[Action, ...]:
    """Lists what can be done with what a pane shows."""
    acts = (*_replaying(pane), *_trying(pane), *_comparing(pane), *_noting(pane))
    return (*acts, pane.exporter.action_of("traces"))


def _replaying(pane: Pane) -> tuple[Action, ...]:
    return (
        Action(
            *("trace.replay", "Replay the recorded step", ("P", "Ctrl+Shift+R"), pane.replay),
            "Run",
            pane.can_replay,
            page="traces",
            needs="a recorded step that is shown and was computed here",
        ),
        Action(
            *("trace.stop", "Cancel the replay of the recorded step", (), pane.stop_replay, "Run"),
            pane.can_stop_replay,
            page="traces",
            needs="a recorded step that is being replayed",
        ),
        Action(
            *("trace.run", "Show the run of the recorded step", (), pane.show_run, "Go"),
            pane.shows_step,
            page="traces",
            needs=_STEP,
        ),
        Action(
            *("trace.record", "Show the record of the recorded step", (), pane.show_record),
            "Go",
            lambda: pane.shows_step() and pane.view is not None and pane.view.seq >= 0,
            page="traces",
            needs=_STEP,
        ),
    )


def _trying(pane: Pane) -> tuple[Action, ...]:
    title = "Try the recorded step with a change…"
    return (
        Action(
            *("trace.try", title, ("T",), pane.try_with_change, "Run"),
            pane.shows_step,
            page="traces",
            needs=_STEP,
        ),
        Action(
            *("trace.try-stop", "Cancel the try of the recorded step", (), pane.trier.stop, "Run"),
            pane.trier.can_stop,
            page="traces",
            needs="a recorded step that is being tried",
        ),
    )


def _comparing(pane: Pane) -> tuple[Action, ...]:
    comparing = pane.comparing
    return (
        Action(
            *("trace.compare", "Compare the recorded step with another…", ("C",)),
            pane.compare_with,
            "View",
            pane.shows_step,
            page="traces",
            needs=_STEP,
        ),
        Action(
            *("trace.swap", "Swap the sides of the comparison", ("X",), comparing.shown.swap),
            "View",
            comparing.is_open,
            page="traces",
            needs="two recorded steps that are compared",
        ),
    )


def _noting(pane: Pane) -> tuple[Action, ...]:
    notes = pane.notes
    return (
        Action(
            *("trace.note", "Note something about the recorded step…", ("N",), notes.open, "Run"),
            pane.shows_step,
            page="traces",
            needs=_STEP,
        ),
        Action(
            *("trace.note-remove", "Remove the note about the recorded step", (), notes.remove),
            "Run",
            lambda: pane.shows_step() and notes.can_remove(),
            page="traces",
            needs="a recorded step with a note",
        ),
        Action(
            *("trace.note-undo", "Put the note back as it was", (), notes.undo, "Run"),
            notes.can_undo,
            page="traces",
            needs="a note that was changed or removed just now",
        ),
    )
