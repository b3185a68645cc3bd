"""All pages, one of them in front."""

from __future__ import annotations

from PySide6.QtWidgets import QStackedWidget

from converge_desktop.ui.actions import Action
from converge_desktop.ui.pages.context import ContextPage
from converge_desktop.ui.pages.inbox import InboxPage
from converge_desktop.ui.pages.insights import InsightsPage
from converge_desktop.ui.pages.ledger import LedgerPage
from converge_desktop.ui.pages.models import ModelsPage
from converge_desktop.ui.pages.packs import PacksPage
from converge_desktop.ui.pages.page import Page, Tools
from converge_desktop.ui.pages.people import PeoplePage
from converge_desktop.ui.pages.runs import RunsPage
from converge_desktop.ui.pages.settings import SettingsPage
from converge_desktop.ui.pages.traces import TracesPage


class PageStack(QStackedWidget):
    """The pages, by id."""

    def __init__(self, tools: Tools) -> None:
        super().__init__()
        self.inbox = InboxPage(tools)
        self.runs = RunsPage(tools)
        self.context = ContextPage(tools)
        self.traces = TracesPage(tools)
        self.ledger = LedgerPage(tools)
        self.insights = InsightsPage(tools)
        self.people = PeoplePage(tools, gate=lambda: self.inbox.review.gate_id)
        self.packs = PacksPage(tools)
        self.models = ModelsPage(tools)
        self.settings = SettingsPage(tools)
        self._pages: dict[str, Page] = {
            "inbox": self.inbox,
            "runs": self.runs,
            "context": self.context,
            "traces": self.traces,
            "ledger": self.ledger,
            "insights": self.insights,
            "people": self.people,
            "packs": self.packs,
            "models": self.models,
            "settings": self.settings,
        }
        for page in self._pages.values():
            self.addWidget(page)
        self._front = "inbox"

    def start(self) -> None:
        """Has every page ask for what it shows."""
        for page in self._pages.values():
            page.start()

    def actions_of(self) -> tuple[Action, ...]:
        """Lists what can be done on the pages."""
        return tuple(action for page in self._pages.values() for action in page.actions_of())

    def show_page(self, page_id: str) -> str:
        """Brings a page to the front; an unknown one is the inbox. Returns which it is."""
        self._front = page_id if page_id in self._pages else "inbox"
        page = self._pages[self._front]
        self.setCurrentWidget(page)
        page.take_focus()
        page.entered()
        return self._front

    def page_id(self) -> str:
        """Returns the id of the page in front."""
        return self._front

    def current(self) -> Page:
        """Returns the page in front."""
        return self._pages[self._front]

    def retint(self) -> None:
        """Has every page draw itself in the colours now in force."""
        for page in self._pages.values():
            page.retint()

    def remember(self) -> None:
        """Has every page keep what the person arranged."""
        for page in self._pages.values():
            page.remember()
