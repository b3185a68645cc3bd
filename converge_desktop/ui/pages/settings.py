"""How the window looks, speaks and locks, and where everything lies. Kept by ``UiSettings``."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from PySide6.QtCore import Qt, QUrl, Signal, Slot
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QApplication, QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from converge_desktop.logs import log_file
from converge_desktop.ui import fonts, notifications, theme
from converge_desktop.ui.idle_lock import OPTIONS
from converge_desktop.ui.pages.page import Page, Tools
from converge_desktop.ui.settings import (
    LOCK_AFTER,
    LOCK_AFTER_MIN,
    SINGLE_KEYS,
    TEXT_SIZE,
    THEME,
)
from converge_desktop.ui.widgets.buttons import Button
from converge_desktop.ui.widgets.choice import Choice
from converge_desktop.ui.widgets.labels import Label, caption, rule
from converge_desktop.ui.widgets.lists import Panel
from converge_desktop.ui.widgets.scroll import ScrollBody, ScrollPage
from converge_desktop.ui.widgets.switch import Switch

_LOCKS = (("", "as it is kept"), *OPTIONS)
_SHOWN = (
    (notifications.CONTENT, "Agent, proposal, risk and deadline"),
    (notifications.COUNT, "Only how many wait"),
)
_ABOUT = {
    "theme": "High contrast is a look of its own: every word stands out by 7 to 1 or more.",
    "size": "All text, and every length with it.",
    "single": "Letters alone, such as J, K, A and R, do something. Turn this off where they get in "
    "the way; every action can still be reached by the palette (Ctrl K) and by chords.",
    "notify": "When a proposal arrives while you work elsewhere. The count beside Inbox and the "
    "mark in the taskbar are there either way, and the window never comes forward by itself.",
    "shows": "Others may see your screen; this is what a notification tells them.",
    "lock": "After so long without keyboard or pointer; you unlock it again to sign. As it is "
    f"kept means after {LOCK_AFTER_MIN} minutes, and never where it lies in a plain file.",
    "data": "Everything this desk keeps lies in one folder. Copy it while the app is closed.",
    "log": "What went wrong is written here. It stays on this machine.",
}


class SettingsPage(Page):
    """What a person may set.

    Signals:
        steps_wanted: The first steps are to be shown.
        crash_wanted: The report of the last crash is to be shown.
    """

    steps_wanted = Signal()
    crash_wanted = Signal()

    def __init__(self, tools: Tools) -> None:
        super().__init__(tools, "Settings")
        self._settings = tools.settings
        self._place = Path(tools.settings.place).parent
        unit = fonts.measures().unit
        header = Panel("header")
        head = QHBoxLayout(header)
        head.setContentsMargins(unit * 3, unit + 4, unit * 3, unit + 4)
        head.addWidget(Label("Settings", "title"))
        body = ScrollBody()
        holder = QWidget()
        holder.setMaximumWidth(fonts.measures().text_width)
        self._column = QVBoxLayout(holder)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self._build()
        self._column.addStretch(1)
        row = QHBoxLayout(body)
        row.setContentsMargins(unit * 3, unit * 2, unit * 3, unit * 4)
        row.addWidget(holder, 1000)
        row.addStretch(1)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addWidget(header)
        outer.addWidget(ScrollPage(body), 1)
        self.main = self.theme

    def _build(self) -> None:
        self.theme = self._choice("Theme", THEME, theme.TITLES.items(), "system")
        self.theme.currentIndexChanged.connect(self._on_theme)
        sizes = [(str(size), f"{size} %") for size in fonts.SIZES]
        self.text_size = self._choice("Text size", TEXT_SIZE, sizes, "100")
        self.text_size.currentIndexChanged.connect(self._on_size)
        self._later = Label("", "small", "accent").wrapped()
        self._later.hide()
        self._section("Look")
        self._row("Theme", _ABOUT["theme"], self.theme)
        self._row("Text size", _ABOUT["size"], self.text_size, self._later)
        self._section("Keys")
        self.single = self._switch("Keys without Ctrl or Alt", SINGLE_KEYS)
        self._row("Keys without Ctrl or Alt", _ABOUT["single"], self.single)
        self._section("Notifications")
        self.notify = self._switch("Notifications on the desktop", notifications.ON)
        self._row("Notifications on the desktop", _ABOUT["notify"], self.notify)
        shown = self._choice("What they show", notifications.SHOWS, _SHOWN, notifications.CONTENT)
        self.shows = shown
        self._row("What they show", _ABOUT["shows"], shown)
        self._section("Your key")
        self.lock = self._choice("Lock your key", LOCK_AFTER, _LOCKS, "")
        self._row("Lock your key", _ABOUT["lock"], self.lock)
        self._section("On this machine")
        self.data = self._place_row("Data", _ABOUT["data"], self._place)
        self.log = self._place_row("Log", _ABOUT["log"], log_file(self._place).parent)
        steps = Button("Show the first steps", kind="compact").stands_for("help.first")
        steps.clicked.connect(self.steps_wanted)
        self._row("First steps", "Two minutes on the sample, from start to proof.", steps)
        self.crash = Button("Show the report", kind="compact").stands_for("help.crash")
        self.crash.clicked.connect(self.crash_wanted)
        self._crash_row = self._row(
            "Last crash", "A session ended in a crash; what is known of it.", self.crash
        )
        self.offer_crash(there=False)

    def offer_crash(self, *, there: bool) -> None:
        """Offers the report of the last crash, or no longer."""
        self._crash_row.setVisible(there)

    def _section(self, title: str) -> None:
        unit = fonts.measures().unit
        self._column.addSpacing(unit * 2)
        self._column.addWidget(caption(title))
        self._column.addSpacing(unit)
        self._column.addWidget(rule())

    def _row(self, title: str, about: str, control: QWidget, *more: QWidget) -> QWidget:
        """Shows what is set, what that means, and at the right how it stands."""
        unit = fonts.measures().unit
        made = QWidget()
        grid = QGridLayout(made)
        grid.setContentsMargins(0, unit + 2, 0, unit + 2)
        grid.setHorizontalSpacing(unit * 3)
        grid.setVerticalSpacing(2)
        grid.setColumnStretch(0, 1)
        name = Label(title, "strong")
        name.setBuddy(control)
        grid.addWidget(name, 0, 0)
        grid.addWidget(Label(about, "small", "muted").wrapped(), 1, 0)
        for line, widget in enumerate(more, start=2):
            grid.addWidget(widget, line, 0)
        side = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop
        grid.addWidget(control, 0, 1, 2 + len(more), 1, side)
        control.setAccessibleDescription(about)
        self._column.addWidget(made)
        return made

    def _place_row(self, title: str, about: str, place: Path) -> Button:
        shown = Label(str(place), "mono-small").wrapped().selectable()
        shown.setAccessibleName(f"{title}: {place}")
        button = Button("Open the folder", kind="compact")
        button.setAccessibleName(f"Open the folder of {title.lower()}")
        button.clicked.connect(lambda: self._open(place))
        self._row(title, about, button, shown)
        return button

    def _choice(
        self, name: str, key: str, choices: Iterable[tuple[str, str]], fallback: str
    ) -> Choice:
        made = Choice(name, tuple(choices))
        made.choose(self._settings.text(key, fallback))
        made.currentIndexChanged.connect(lambda _: self._settings.put(key, made.chosen()))
        self._settings.watch(key, made.choose)
        return made

    def _switch(self, name: str, key: str) -> Switch:
        made = Switch(name)
        made.setChecked(self._settings.text(key, "on") == "on")
        made.toggled.connect(lambda on: self._settings.put(key, "on" if on else "off"))
        self._settings.watch(key, lambda value: made.setChecked(value == "on"))
        return made

    @Slot()
    def _on_theme(self) -> None:
        app = QApplication.instance()
        if isinstance(app, QApplication):
            theme.manager(app).choose(self.theme.chosen())

    @Slot()
    def _on_size(self) -> None:
        differs = self.text_size.chosen() != str(fonts.enlarged())
        self._later.setVisible(differs)
        said = f"Text is {self.text_size.chosen()} % from the next start on." if differs else ""
        self._later.say(said)
        if differs:
            self.tools.routes.say.emit("info", said, "size")

    def _open(self, place: Path) -> None:
        if not open_folder(place):
            said = f"No program of this desktop opens {place}. Open it by hand."
            self.tools.routes.say.emit("caution", said, "folder")


def open_folder(place: Path) -> bool:
    """Has the desktop show a folder; says whether anything does."""
    return place.is_dir() and QDesktopServices.openUrl(QUrl.fromLocalFile(str(place)))
