"""What can be done on the inbox beside deciding what is shown: for the one table of actions."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from converge_desktop.ui.actions import Action
from converge_desktop.ui.pages.inbox_bars import JUMP
from converge_desktop.ui.pages.inbox_batch import BatchPane
from converge_desktop.ui.pages.inbox_side import InboxSide

_WRITES = "a decision on each that is listed, once you confirm"
Can = Callable[[], bool]


def acts_of(side: InboxSide, pane: BatchPane, begin: Callable[[str], None]) -> tuple[Action, ...]:
    """Lists what can be done with the list, and with what is marked.

    Args:
        side: the list, and what is around it.
        pane: where several are decided as one.
        begin: lists what is marked there, to approve or to reject it.
    """
    return (*_deciding(side, begin), *_marking(side), *_turning(pane), *_arranging(side))


def _act(
    group: str,
    name: str,
    title: str,
    key: str,
    call: Callable[[], object],
    *,
    can: Can = lambda: True,
    needs: str = "",
    repeats: bool = False,
    writes: str = "",
) -> Action:
    def do() -> None:
        call()

    keys = (key,) if key else ()
    return Action(
        f"inbox.{name}", title, keys, do, group, can, repeats, "inbox", writes=writes, needs=needs
    )


def _deciding(side: InboxSide, begin: Callable[[str], None]) -> tuple[Action, ...]:
    def marked() -> bool:
        return bool(side.model.states.marked)

    act = partial(_act, "Decide", can=marked, needs="a proposal that is marked", writes=_WRITES)
    return (
        act("approve_marked", "Approve marked…", "Shift+A", partial(begin, "approve")),
        act("reject_marked", "Reject marked…", "Shift+R", partial(begin, "reject")),
    )


def _marking(side: InboxSide) -> tuple[Action, ...]:
    model, rows = side.model, side.list

    def listed() -> bool:
        return model.rowCount() > 0

    def marked() -> bool:
        return bool(model.states.marked)

    def waits() -> bool:
        return model.total() > 0 or model.unsettled()

    mark = partial(_act, "Go", can=listed, needs="a proposal in the list")
    newest, needs = "Jump to the newest, and put the list in order", "a proposal that waits"
    return (
        _act("Go", "newest", newest, JUMP, side.jump, can=waits, needs=needs),
        mark("mark", "Mark, or take the mark away", "X", rows.toggle_mark),
        mark("mark_down", "Mark downwards", "Shift+J", partial(rows.extend, 1), repeats=True),
        mark("mark_up", "Mark upwards", "Shift+K", partial(rows.extend, -1), repeats=True),
        mark("mark_all", "Mark all that are listed", "Ctrl+A", rows.mark_all),
        _act(
            "Go", "clear_marks", "Clear the marks", "", rows.clear_marks, can=marked, needs="marks"
        ),
    )


def _turning(pane: BatchPane) -> tuple[Action, ...]:
    turn = partial(_act, "Go", can=pane.isVisible, needs="several decided as one", repeats=True)
    return (
        turn("batch_down", "Page down in what is decided as one", "Space", partial(pane.page, 1)),
        turn(
            "batch_up", "Page up in what is decided as one", "Shift+Space", partial(pane.page, -1)
        ),
    )


def _arranging(side: InboxSide) -> tuple[Action, ...]:
    grouped, clear = side.model.grouped, side.filter.clear

    def filtered() -> bool:
        return bool(side.filter.text())

    act = partial(_act, "View")
    save, needs = side.saved.can_save, "a filter that can be read"
    return (
        act("arrange", "Order and group the inbox…", "O", side.sort.open),
        act(
            "fold",
            "Fold or unfold the group",
            "Shift+O",
            side.list.fold,
            can=grouped,
            needs="groups",
        ),
        act("saved", "Saved filters…", "Shift+F", side.saved.open),
        act("save_filter", "Save this filter…", "", side.save_box.open, can=save, needs=needs),
        act(
            "clear_filter",
            "Clear the filter",
            "",
            clear,
            can=filtered,
            needs="a filter",
        ),
    )
