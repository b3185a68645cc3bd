"""The fields of a new run, as they lie under each other."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from converge_desktop.ui import fonts
from converge_desktop.ui.pages.budget_fields import BudgetFields
from converge_desktop.ui.pages.folder_field import FolderEdit, InputReport, RecentFolders
from converge_desktop.ui.pages.page import Tools
from converge_desktop.ui.pages.recall_choice import RecallChoice
from converge_desktop.ui.widgets.buttons import Button
from converge_desktop.ui.widgets.combo import PackCombo
from converge_desktop.ui.widgets.labels import Label
from converge_desktop.ui.widgets.say_box import SayEdit
from converge_desktop.ui.widgets.scroll import ScrollBody, ScrollPage

_SAYS = "Agents read a folder, propose, and stop where a person must decide."
PRIVATE = "The folder is read, never written. Nothing leaves this machine."


class NewRunForm(ScrollPage):
    """What is asked of whoever starts a run; what comes of it is another's.

    Signals:
        left: The person goes back.
    """

    left = Signal()

    def __init__(self, tools: Tools) -> None:
        body = ScrollBody()
        super().__init__(body)
        self._tools = tools
        unit = fonts.measures().unit
        outer = QVBoxLayout(body)
        outer.setContentsMargins(unit * 3, unit * 3, unit * 3, unit * 3)
        outer.addWidget(self._build())
        outer.addStretch(1)

    def _build(self) -> QFrame:
        unit = fonts.measures().unit
        card = QFrame()
        card.setProperty("card", "plain")
        card.setMaximumWidth(unit * 92)
        column = QVBoxLayout(card)
        column.setContentsMargins(unit * 3, unit * 2, unit * 3, unit * 3)
        column.setSpacing(unit)
        column.addWidget(Label("New run", "title"))
        column.addWidget(Label(_SAYS, "body", "muted").wrapped())
        column.addSpacing(unit)
        self._build_pack(column)
        self._build_folder(column)
        self._build_intent(column)
        self._build_budgets(column)
        self.recall = RecallChoice(self._tools)
        column.addWidget(self.recall)
        self._build_buttons(column)
        return card

    def _build_pack(self, column: QVBoxLayout) -> None:
        self.pack = PackCombo()
        self.pack.setFont(fonts.font("body"))
        self.pack.setAccessibleName("Pack")
        self._summary = Label("", "small", "muted").wrapped()
        column.addWidget(_named("Pack", self.pack))
        column.addWidget(self.pack)
        column.addWidget(self._summary)

    def _build_folder(self, column: QVBoxLayout) -> None:
        unit = fonts.measures().unit
        column.addSpacing(unit)
        self.folder = FolderEdit()
        self.browse_button = Button("Browse…", "Ctrl O")
        self.sample = Button("Use the sample")
        row = QHBoxLayout()
        row.setSpacing(unit)
        row.addWidget(self.folder, 1)
        row.addWidget(self.browse_button)
        row.addWidget(self.sample)
        self.recent = RecentFolders(self._tools.settings)
        self.recent.chosen.connect(self.folder.setText)
        self.error = Label("", "body", "danger").wrapped().selectable()
        self.error.hide()
        self.report = InputReport()
        self._input = Label(PRIVATE, "small", "muted").wrapped()
        column.addWidget(_named("Folder to read", self.folder))
        column.addLayout(row)
        for widget in (self.recent, self.error, self.report, self._input):
            column.addWidget(widget)

    def _build_intent(self, column: QVBoxLayout) -> None:
        column.addSpacing(fonts.measures().unit)
        self.intent = SayEdit("What you want to know", "In your words; it may stay empty.")
        self.intent.left.connect(self.left)
        self._intent_help = Label("", "small", "muted").wrapped()
        column.addWidget(_named("What you want", self.intent))
        column.addWidget(self.intent)
        column.addWidget(self._intent_help)

    def _build_budgets(self, column: QVBoxLayout) -> None:
        column.addSpacing(fonts.measures().unit)
        self._budget_title = Label("What it may spend", "strong")
        self.budgets = BudgetFields()
        self._budget_note = Label("", "small", "caution").wrapped()
        column.addWidget(self._budget_title)
        column.addWidget(self._budget_note)
        column.addWidget(self.budgets)
        column.addSpacing(fonts.measures().unit)

    def _build_buttons(self, column: QVBoxLayout) -> None:
        unit = fonts.measures().unit
        self.start_button = Button("Start", "Ctrl ⏎", kind="primary").stands_for("run.start")
        self.back = Button("Back", "Esc")
        self.back.clicked.connect(self.left)
        self._state = Label("", "small", "muted").wrapped()
        buttons = QHBoxLayout()
        buttons.setSpacing(unit)
        buttons.addWidget(self.start_button)
        buttons.addWidget(self.back)
        buttons.addWidget(self._state, 1)
        column.addLayout(buttons)


def _named(text: str, field: QWidget) -> Label:
    made = Label(text, "strong")
    made.setBuddy(field)
    return made
