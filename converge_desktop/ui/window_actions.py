"""What can be done anywhere in the window, for the one table of actions."""

from __future__ import annotations

from functools import partial

from converge_desktop.ui.actions import BY_NUMBER, GROUPS, PAGES, Action
from converge_desktop.ui.surroundings import Surroundings
from converge_desktop.ui.window import Window

_LIST = "a page with a list"


def table_of(window: Window, around: Surroundings) -> tuple[Action, ...]:
    """Returns all that can be done, by group; within one, in the order it was named."""
    said = (
        *_keys(window),
        *window.pages.actions_of(),
        *window.undo.actions_of(),
        *_moving(window),
        *_everywhere(window, around),
    )
    return tuple(action for group in GROUPS for action in said if action.group == group)


def _keys(window: Window) -> tuple[Action, ...]:
    return (
        Action(
            "key.unlock",
            "Unlock your key…",
            ("Ctrl+U",),
            window.unlock_dialog.ask,
            "People",
            lambda: not window.unlocked,
            needs="a key that is locked",
        ),
        Action(
            "key.lock",
            "Lock your key",
            ("Ctrl+Shift+U",),
            window.lock_key,
            "People",
            lambda: window.unlocked,
            needs="a key that is unlocked",
        ),
    )


def _moving(window: Window) -> tuple[Action, ...]:
    page = window.pages.current

    def keys(number: int, name: str, letter: str) -> tuple[str, ...]:
        by_number = (f"Alt+{number % 10}",) if number <= BY_NUMBER else ()
        return (f"G, {letter}", *by_number, *(("Ctrl+,",) if name == "settings" else ()))

    going = (
        Action(f"go.{name}", f"Go to {title}", keys(n, name, letter), go, "Go")
        for n, (name, title, letter, _) in enumerate(PAGES, start=1)
        for go in [partial(window.go, name)]
    )
    down, up = (lambda: page().step(1)), (lambda: page().step(-1))

    def steps() -> bool:
        return page().does("step")

    return (
        *going,
        Action("go.next", "Next in the list", ("J",), down, "Go", steps, repeats=True, needs=_LIST),
        Action(
            "go.previous",
            "Previous in the list",
            ("K",),
            up,
            "Go",
            steps,
            repeats=True,
            needs=_LIST,
        ),
        Action(
            "go.filter",
            "Filter the list",
            ("/", "Ctrl+F"),
            lambda: page().focus_filter(),
            "Go",
            lambda: page().does("focus_filter"),
            needs="a page with a list that can be filtered",
        ),
    )


def _everywhere(window: Window, around: Surroundings) -> tuple[Action, ...]:
    page = window.pages.current
    return (
        Action(
            "run.export",
            "Export evidence of what is shown…",
            ("Ctrl+E",),
            lambda: page().export(),
            "Run",
            lambda: page().can_export(),
            needs="a run, a proposal or a record that is shown",
        ),
        Action(
            "run.fork",
            "Fork the run from the moment shown",
            ("Ctrl+Shift+F",),
            lambda: page().fork_here(),
            "Run",
            lambda: page().can_fork(),
            writes="a new run",
            needs="a moment of a run that is shown",
        ),
        Action(
            "view.theme",
            "Next theme: system, light, dark, high contrast",
            ("F9",),
            window.next_theme,
            "View",
        ),
        Action(
            "view.single-keys",
            "Switch keys without Ctrl or Alt on or off",
            (),
            window.switch_single_keys,
            "View",
        ),
        Action(
            "view.pause",
            "Pause notifications on the desktop, or let them go on",
            (),
            around.tray.pause.toggle,
            "View",
        ),
        Action("view.escape", "Close what is open", ("Esc",), window.leave_front, "View"),
        Action("help.palette", "Find an action…", ("Ctrl+K",), window.show_palette, "Help"),
        Action("help.sheet", "Keys", ("?", "F1"), window.show_sheet, "Help"),
        Action(
            "help.messages",
            "Messages of this session",
            ("F8",),
            lambda: window.show_overlay(around.notices),
            "Help",
        ),
        Action("help.first", "Show the first steps", (), around.steps.open, "Help"),
        Action(
            "help.crash",
            "Show the report of the last crash",
            (),
            lambda: window.show_overlay(around.crash),
            "Help",
            around.crash.there,
            needs="a session that ended in a crash",
        ),
        Action("app.quit", "Quit", ("Ctrl+Q",), window.quit, "View"),
    )
