"""What can be done with the list of calls: for the one table of actions."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from converge_desktop.ui.actions import Action
from converge_desktop.ui.pages.traces_side import TracesSide

Can = Callable[[], bool]
_ONE = "a step in the list"


def acts_of(side: TracesSide, like: Callable[[], None], can_like: Can) -> tuple[Action, ...]:
    """Lists what can be done with the list, and with what is marked.

    Args:
        side: the list, and what is around it.
        like: lists the calls that are like the one that is shown.
        can_like: whether one is shown.
    """
    return (*_going(side, like, can_like), *_marking(side), *_arranging(side), *_writing(side))


def _act(
    group: str,
    name: str,
    title: str,
    keys: tuple[str, ...],
    call: Callable[[], object],
    *,
    can: Can = lambda: True,
    needs: str = "",
    repeats: bool = False,
) -> Action:
    def do() -> None:
        call()

    page = "traces"
    return Action(f"traces.{name}", title, keys, do, group, can, repeats, page, needs=needs)


def _going(side: TracesSide, like: Callable[[], None], can_like: Can) -> tuple[Action, ...]:
    def listed() -> bool:
        return side.model.rowCount() > 0

    def alike() -> bool:
        return not side.like_bar.isHidden()

    return (
        _act(
            "Go", "jump", "Go to a time…", ("Ctrl+G",), side.jump_line.open, can=listed, needs=_ONE
        ),
        _act(
            "Go",
            "like",
            "Steps like this one",
            ("M",),
            like,
            can=can_like,
            needs="a step that is shown",
        ),
        _act(
            "Go",
            "back",
            "Back to the list of steps",
            (),
            side.like.leave,
            can=alike,
            needs="a list of steps that are like one of them",
        ),
    )


def _marking(side: TracesSide) -> tuple[Action, ...]:
    marks = side.marks

    def listed() -> bool:
        return side.model.rowCount() > 0

    def marked() -> bool:
        return bool(marks.seqs())

    def two() -> bool:
        return marks.two() is not None

    mark = partial(_act, "Go", can=listed, needs=_ONE)
    return (
        mark(
            "mark",
            "Mark the step, or take its mark away",
            ("Space",),
            marks.toggle_here,
            repeats=True,  # or no held Space would turn pages elsewhere
        ),
        mark(
            "mark_down",
            "Mark steps downwards",
            ("Shift+J",),
            partial(marks.extend, 1),
            repeats=True,
        ),
        mark(
            "mark_up", "Mark steps upwards", ("Shift+K",), partial(marks.extend, -1), repeats=True
        ),
        _act(
            "Go",
            "clear_marks",
            "Clear the marks of steps",
            (),
            marks.clear,
            can=marked,
            needs="marks",
        ),
        _act(
            "Go",
            "compare",
            "Compare the two steps that are marked",
            ("C",),
            side.compare,
            can=two,
            needs="two steps that are marked; Space marks",
        ),
    )


def _arranging(side: TracesSide) -> tuple[Action, ...]:
    def filtered() -> bool:
        return bool(side.filter.text())

    act = partial(_act, "View")
    return (
        act("sort", "Order the steps…", ("O",), side.sort.open),
        act("columns", "Columns of the steps…", ("Shift+C",), side.columns.open),
        act(
            "clear_filter",
            "Clear the filter of steps",
            (),
            side.filter.clear,
            can=filtered,
            needs="a filter",
        ),
    )


def _writing(side: TracesSide) -> tuple[Action, ...]:
    exporter = side.exporter

    def can() -> bool:
        return not exporter.busy and (side.model.rowCount() > 0 or bool(side.marks.seqs()))

    act = partial(_act, "Run")
    return (
        act("export", "Export the steps…", ("Ctrl+Shift+E",), side.export, can=can, needs=_ONE),
        act(
            "stop_export",
            "Cancel the export of steps",
            (),
            exporter.stop,
            can=exporter.can_stop,
            needs="steps that are being exported",
        ),
        act("rebuild", "Make the index over the steps again", (), side.rebuild),
    )
