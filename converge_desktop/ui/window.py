"""The window as those know it that are wired to it; ``MainWindow`` is the one there is."""

from __future__ import annotations

from converge_desktop.ui.action_host import ActionHost
from converge_desktop.ui.pages.stack import PageStack
from converge_desktop.ui.status_bar import StatusBar
from converge_desktop.ui.undo import Undo
from converge_desktop.ui.unlock import UnlockDialog
from converge_desktop.ui.widgets.message_bar import MessageBar


class Window(ActionHost):
    """What it holds, and what can be asked of it.

    Attributes:
        unlocked: whether the person at the desk may sign now.
    """

    pages: PageStack
    messages: MessageBar
    status: StatusBar
    undo: Undo
    unlock_dialog: UnlockDialog
    unlocked: bool

    def go(self, page: str) -> None:
        """Brings a page to the front."""
        raise NotImplementedError

    def come_forward(self) -> None:
        """Shows the window to a person who has just asked for it."""
        raise NotImplementedError

    def next_theme(self) -> None:
        """Takes the next look in turn."""
        raise NotImplementedError

    def switch_single_keys(self) -> None:
        """Switches keys without Ctrl or Alt off, or on again."""
        raise NotImplementedError

    def lock_key(self) -> None:
        """Locks the person's key."""
        raise NotImplementedError

    def leave_front(self) -> None:
        """Closes what is open: an overlay, something on the page, or the newest message."""
        raise NotImplementedError

    def quit(self) -> None:
        """Closes the window."""
        raise NotImplementedError
