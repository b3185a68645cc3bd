"""The one table of what can be done: it feeds menus, keys, the sheet and the palette.

Every page says what can be done on it (:meth:`Page.actions_of`), the window what can be done
anywhere; the table is all of that, in the order of ``GROUPS``.
"""

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
        page: The page it can be done on, by id; empty where it can be done anywhere. The same key
            may mean something else on another page.
        writes: What it writes into the ledger, in words, as ``a decision and a checkpoint``; empty
            where it writes nothing there. What writes is off while the ledger is only read.
        needs: What there has to be before it can be done, as ``a proposal that is shown``.
    """

    id: str
    title: str
    shortcut: tuple[str, ...]
    callback: Callable[[], None]
    group: str
    enabled: Callable[[], bool] = lambda: True
    repeats: bool = False
    page: str = ""
    writes: str = ""
    needs: str = ""

    def authority(self) -> str:
        """Says in a sentence what it writes into the ledger; nothing where it writes nothing."""
        return f"Writes into the ledger: {self.writes}." if self.writes else ""


PAGES: tuple[tuple[str, str, str, str], ...] = (
    ("inbox", "Inbox", "I", "inbox"),
    ("runs", "Runs", "R", "runs"),
    ("context", "Context", "C", "context"),
    ("traces", "Traces", "T", "traces"),
    ("ledger", "Ledger", "L", "ledger"),
    ("insights", "Insights", "N", "insights"),
    ("people", "People", "O", "people"),
    ("packs", "Packs", "P", "packs"),
    ("models", "Models", "M", "models"),
    ("settings", "Settings", "S", "settings"),
)
BY_NUMBER = 10
"""How many pages have a key with a number beside their letter; 0 stands for the tenth."""
GROUPS = ("Decide", "Go", "Run", "People", "Ledger", "View", "Help")


def spoken(shortcut: str) -> str:
    """Shows a key sequence the way it is printed on keys."""
    shown = shortcut.replace("Ctrl+Return", "Ctrl ⏎").replace("Ctrl+Enter", "Ctrl Enter")
    return shown.replace(", ", " then ").replace("+", " ") if shown != "Ctrl+," else "Ctrl ,"


def is_single(shortcut: str) -> bool:
    """Says whether a key sequence is made of single letters and signs, as ``J`` or ``G, I``."""
    return all(len(part.removeprefix("Shift+")) == 1 for part in shortcut.split(", "))
