"""What every page is handed, and what the window may ask of it."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QSplitter, QVBoxLayout, QWidget

from converge_desktop.runtime.window_port import WindowPort
from converge_desktop.ui import fonts
from converge_desktop.ui.actions import Action
from converge_desktop.ui.bridge import Bridge
from converge_desktop.ui.clock import UiClock
from converge_desktop.ui.routes import Routes
from converge_desktop.ui.settings import UiSettings


@dataclass(frozen=True, slots=True)
class Tools:
    """What a page works with."""

    desk: WindowPort
    bridge: Bridge
    clock: UiClock
    routes: Routes
    settings: UiSettings


class Page(QWidget):
    """A page of the window.

    Signals:
        counted: How many things wait on the page.
    """

    counted = Signal(int)

    def __init__(self, tools: Tools, name: str) -> None:
        super().__init__()
        self.setObjectName("page")
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAccessibleName(name)
        self.tools = tools
        self.splitter: QSplitter | None = None
        self.main: QWidget | None = None

    def start(self) -> None:
        """Asks the desk for what the page shows. Called once, when the window is made."""

    def actions_of(self) -> tuple[Action, ...]:
        """Lists what can be done on the page, for the one table of actions."""
        return ()

    def entered(self) -> None:
        """The page has come to the front."""

    def take_focus(self) -> None:
        """Puts the focus where J, K and the arrows work, and where nothing is pressed."""
        shown = self.main is not None and self.main.isVisibleTo(self)
        target = self.main if shown and self.main is not None else self
        target.setFocus(Qt.FocusReason.OtherFocusReason)

    def retint(self) -> None:
        """Other colours are in force."""

    def does(self, what: str) -> bool:
        """Says whether the page does something of this class in a way of its own."""
        return getattr(type(self), what) is not getattr(Page, what)

    def step(self, by: int) -> None:
        """Moves in the page's list, down or up."""

    def focus_filter(self) -> None:
        """Puts the cursor where the page's list is filtered."""

    def can_export(self) -> bool:
        """Says whether something is shown of which evidence can be exported."""
        return False

    def export(self) -> None:
        """Exports evidence of what is shown."""

    def can_fork(self) -> bool:
        """Says whether a moment of a run is shown from which another can begin."""
        return False

    def fork_here(self) -> None:
        """Begins a run with the facts of the moment that is shown."""

    def escape(self) -> bool:
        """Leaves what is open on the page; returns whether something was."""
        return False

    def split(self, name: str, master: QWidget, detail: QWidget, width: int = 0) -> None:
        """Divides the page into a list and what it shows; the person may move the line."""
        measures = fonts.measures()
        master.setMinimumWidth(measures.list_min - measures.unit * 6)
        splitter = QSplitter(Qt.Orientation.Horizontal)
        splitter.setObjectName(name)
        splitter.setHandleWidth(1)
        splitter.setChildrenCollapsible(False)
        splitter.addWidget(master)
        splitter.addWidget(detail)
        splitter.setStretchFactor(0, 0)
        splitter.setStretchFactor(1, 1)
        splitter.setSizes([width or measures.list_width, 10_000])
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(splitter)
        self.splitter = splitter
        self.tools.settings.restore_splitter(name, splitter)

    def remember(self) -> None:
        """Keeps what the person arranged."""
        if self.splitter is not None:
            self.tools.settings.save_splitter(self.splitter.objectName(), self.splitter)


def column(*widgets: QWidget, gap: int = 0) -> QVBoxLayout:
    """Makes a column without margins."""
    made = QVBoxLayout()
    made.setContentsMargins(0, 0, 0, 0)
    made.setSpacing(gap)
    for widget in widgets:
        made.addWidget(widget)
    return made
