"""The one table of what can be done: it feeds menus, shortcuts, the sheet and the palette."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial


@dataclass(frozen=True, slots=True)
class Action:
    """Something the person can do.

    Attributes:
        id: Its name in code, ``group.verb``.
        title: Its name for people.
        shortcut: Key sequences, in Qt's portable notation.
        callback: What it does.
        group: The menu and the part of the sheet it stands in.
        enabled: Whether it can be done now.
        repeats: Whether a held key does it again; never so for anything that decides.
    """

    id: str
    title: str
    shortcut: tuple[str, ...]
    callback: Callable[[], None]
    group: str
    enabled: Callable[[], bool] = lambda: True
    repeats: bool = False


PAGES: tuple[tuple[str, str, str, str], ...] = (
    ("inbox", "Inbox", "I", "inbox"),
    ("runs", "Runs", "R", "runs"),
    ("context", "Context", "C", "context"),
    ("traces", "Traces", "T", "traces"),
    ("ledger", "Ledger", "L", "ledger"),
    ("packs", "Packs", "P", "packs"),
    ("models", "Models", "M", "models"),
)
GROUPS = ("Decide", "Go", "Run", "Ledger", "View", "Help")


@dataclass(frozen=True, slots=True)
class Callbacks:
    """What the window can do; the table gives it names and keys."""

    go: Callable[[str], Callable[[], None]]
    approve: Callable[[], None]
    can_approve: Callable[[], bool]
    focus_approve: Callable[[], None]
    reject: Callable[[], None]
    can_reject: Callable[[], bool]
    unlock: Callable[[], None]
    lock: Callable[[], None]
    next_row: Callable[[], None]
    previous_row: Callable[[], None]
    filter: Callable[[], None]
    new_run: Callable[[], None]
    choose_folder: Callable[[], None]
    replay: Callable[[], None]
    can_replay: Callable[[], bool]
    replay_run: Callable[[], None]
    back_to_now: Callable[[], None]
    export: Callable[[], None]
    verify: Callable[[], None]
    stop_verifying: Callable[[], None]
    show_moment: Callable[[], None]
    fork: Callable[[], None]
    keep: Callable[[], None]
    compare: Callable[[], None]
    can: Callable[[str], bool]
    rebuild: Callable[[], None]
    theme: Callable[[], None]
    palette: Callable[[], None]
    sheet: Callable[[], None]
    escape: Callable[[], None]
    quit: Callable[[], None]


def build(do: Callbacks) -> tuple[Action, ...]:
    """Builds the table."""
    decide = (
        Action(
            "decide.approve",
            "Approve",
            ("Ctrl+Return", "Ctrl+Enter"),
            do.approve,
            "Decide",
            do.can_approve,
        ),
        Action(
            "decide.point",
            "Point at Approve (decides nothing)",
            ("A",),
            do.focus_approve,
            "Decide",
            do.can_approve,
        ),
        Action(
            "decide.reject", "Reject with a reason…", ("R",), do.reject, "Decide", do.can_reject
        ),
        Action(
            "key.unlock",
            "Unlock your key…",
            ("Ctrl+U",),
            do.unlock,
            "Decide",
            partial(do.can, "key.unlock"),
        ),
        Action(
            "key.lock",
            "Lock your key",
            ("Ctrl+Shift+U",),
            do.lock,
            "Decide",
            partial(do.can, "key.lock"),
        ),
    )
    pages = tuple(
        Action(f"go.{page}", f"Go to {title}", (f"G, {key}", f"Alt+{number}"), do.go(page), "Go")
        for number, (page, title, key, _) in enumerate(PAGES, start=1)
    )
    moves = (
        Action("go.next", "Next in the list", ("J",), do.next_row, "Go", repeats=True),
        Action("go.previous", "Previous in the list", ("K",), do.previous_row, "Go", repeats=True),
        Action("go.filter", "Filter the list", ("/",), do.filter, "Go"),
    )
    rest = (
        Action("run.new", "New run…", ("Ctrl+N",), do.new_run, "Run"),
        Action(
            "run.folder", "Choose a folder for a new run…", ("Ctrl+O",), do.choose_folder, "Run"
        ),
        Action(
            "trace.replay",
            "Replay the recorded step",
            ("Ctrl+Shift+R",),
            do.replay,
            "Run",
            do.can_replay,
        ),
        Action("context.rebuild", "Fill the database again", (), do.rebuild, "Run"),
        Action(
            "view.theme",
            "Next theme: system, light, dark, high contrast",
            ("Ctrl+,",),
            do.theme,
            "View",
        ),
        Action("view.escape", "Close what is open", ("Esc",), do.escape, "View"),
        Action("help.palette", "Find an action…", ("Ctrl+K",), do.palette, "Help"),
        Action("help.sheet", "Keys", ("?",), do.sheet, "Help"),
        Action("app.quit", "Quit", ("Ctrl+Q",), do.quit, "View"),
    )
    return decide + pages + moves + rest + _of_run(do) + _of_ledger(do)


def _of_run(do: Callbacks) -> tuple[Action, ...]:
    """Builds what can be asked of a run, or of what stands for one."""

    def action(name: str, title: str, keys: tuple[str, ...], call: Callable[[], None]) -> Action:
        return Action(name, title, keys, call, "Run", partial(do.can, name))

    return (
        action("run.replay", "Replay the run from the ledger", ("Ctrl+Shift+L",), do.replay_run),
        action("run.export", "Export evidence of what is shown…", ("Ctrl+E",), do.export),
        action("run.fork", "Fork the run from the moment shown", ("Ctrl+Shift+F",), do.fork),
        action("run.now", "Go back to the run as it is now", (), do.back_to_now),
    )


def _of_ledger(do: Callbacks) -> tuple[Action, ...]:
    """Builds what can be asked of the ledger."""

    def action(name: str, title: str, keys: tuple[str, ...], call: Callable[[], None]) -> Action:
        return Action(name, title, keys, call, "Ledger", partial(do.can, name))

    return (
        action("ledger.verify", "Verify the ledger", ("Ctrl+Shift+V",), do.verify),
        action("ledger.stop", "Stop verifying", (), do.stop_verifying),
        action(
            "ledger.moment",
            "Show the run as it stood at the record",
            ("Ctrl+Shift+T",),
            do.show_moment,
        ),
        action("checkpoint.keep", "Keep a copy of the checkpoint…", ("Ctrl+Shift+K",), do.keep),
        action(
            "checkpoint.compare", "Compare the ledger with a copy…", ("Ctrl+Shift+M",), do.compare
        ),
    )


def spoken(shortcut: str) -> str:
    """Shows a key sequence the way it is printed on keys."""
    shown = shortcut.replace("Ctrl+Return", "Ctrl ⏎").replace("Ctrl+Enter", "Ctrl Enter")
    return shown.replace(", ", " then ").replace("+", " ") if shown != "Ctrl+," else "Ctrl ,"
