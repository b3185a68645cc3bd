"""The one table of what can be done: it feeds menus, shortcuts, the sheet and the palette."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


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
GROUPS = ("Decide", "Go", "Run", "View", "Help")


@dataclass(frozen=True, slots=True)
class Callbacks:
    """What the window can do; the table gives it names and keys."""

    go: Callable[[str], Callable[[], None]]
    approve: Callable[[], None]
    can_approve: Callable[[], bool]
    focus_approve: Callable[[], None]
    reject: Callable[[], None]
    can_reject: Callable[[], bool]
    next_row: Callable[[], None]
    previous_row: Callable[[], None]
    filter: Callable[[], None]
    new_run: Callable[[], None]
    choose_folder: Callable[[], None]
    replay: Callable[[], None]
    can_replay: Callable[[], bool]
    verify: Callable[[], None]
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
        Action("ledger.verify", "Verify the ledger", (), do.verify, "Run"),
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
    return decide + pages + moves + rest


def spoken(shortcut: str) -> str:
    """Shows a key sequence the way it is printed on keys."""
    shown = shortcut.replace("Ctrl+Return", "Ctrl ⏎").replace("Ctrl+Enter", "Ctrl Enter")
    return shown.replace(", ", " then ").replace("+", " ") if shown != "Ctrl+," else "Ctrl ,"
