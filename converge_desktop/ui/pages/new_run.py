"""Starting a run: a pack, a folder, and what was wrong with it, right beneath."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from converge_desktop.runtime.readmodel import PackRow
from converge_desktop.ui import fonts, icons, tokens, words
from converge_desktop.ui.pages.page import Tools
from converge_desktop.ui.widgets.buttons import Button
from converge_desktop.ui.widgets.labels import Label, set_property
from converge_desktop.ui.widgets.scroll import ScrollBody, ScrollPage


class PackCombo(QComboBox):
    """A choice of packs; it draws its own arrow, in the colours in force."""

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Override QComboBox.paintEvent."""
        super().paintEvent(event)
        painter = QPainter(self)
        side = 12
        rect = self.rect()
        place = rect.adjusted(rect.width() - side - 10, 0, -10, 0).toRectF()
        place.setTop((rect.height() - side) / 2)
        place.setHeight(side)
        icons.paint(painter, "chevron-down", place, QColor(tokens.current().muted))


class NewRun(ScrollPage):
    """The form. What was typed stays until a run was started with it.

    Signals:
        started: A run was started, by id.
        left: The person goes back.
    """

    started = Signal(str)
    left = Signal()

    def __init__(self, tools: Tools) -> None:
        body = ScrollBody()
        super().__init__(body)
        self._tools = tools
        self._packs: tuple[PackRow, ...] = ()
        self._wanted = ""
        self._busy = False
        unit = fonts.measures().unit
        outer = QVBoxLayout(body)
        outer.setContentsMargins(unit * 3, unit * 3, unit * 3, unit * 3)
        outer.addWidget(self._build())
        outer.addStretch(1)
        self._refresh()

    def _build(self) -> QFrame:
        unit = fonts.measures().unit
        card = QFrame()
        card.setProperty("card", "plain")
        card.setMaximumWidth(unit * 92)
        column = QVBoxLayout(card)
        column.setContentsMargins(unit * 3, unit * 2, unit * 3, unit * 3)
        column.setSpacing(unit)
        column.addWidget(Label("New run", "title"))
        says = "Agents read a folder, propose, and stop where a person must decide."
        column.addWidget(Label(says, "body", "muted").wrapped())
        column.addSpacing(unit)
        self.pack = PackCombo()
        self.pack.setFont(fonts.font("body"))
        self.pack.currentIndexChanged.connect(self._on_pack)
        pack_label = Label("Pack", "strong")
        pack_label.setBuddy(self.pack)
        self.pack.setAccessibleName("Pack")
        self._summary = Label("", "small", "muted").wrapped()
        column.addWidget(pack_label)
        column.addWidget(self.pack)
        column.addWidget(self._summary)
        self._build_folder(column)
        self._build_buttons(column)
        return card

    def _build_folder(self, column: QVBoxLayout) -> None:
        unit = fonts.measures().unit
        column.addSpacing(unit)
        self.folder = QLineEdit()
        self.folder.setFont(fonts.font("mono"))
        self.folder.setPlaceholderText("/path/to/the/folder")
        self.folder.setAccessibleName("Folder to read")
        self.folder.textChanged.connect(self._on_folder)
        self.folder.returnPressed.connect(self.submit)
        folder_label = Label("Folder to read", "strong")
        folder_label.setBuddy(self.folder)
        browse = Button("Browse…", "Ctrl O")
        browse.clicked.connect(self.browse)
        self.sample = Button("Use the sample")
        self.sample.clicked.connect(self._on_sample)
        row = QHBoxLayout()
        row.setSpacing(unit)
        row.addWidget(self.folder, 1)
        row.addWidget(browse)
        row.addWidget(self.sample)
        column.addWidget(folder_label)
        column.addLayout(row)
        self.error = Label("", "body", "danger").wrapped().selectable()
        self.error.hide()
        column.addWidget(self.error)
        column.addWidget(
            Label(
                "The folder is read, never written. Nothing leaves this machine.", "small", "muted"
            ).wrapped()
        )
        column.addSpacing(unit)

    def _build_buttons(self, column: QVBoxLayout) -> None:
        unit = fonts.measures().unit
        self.start_button = Button("Start", kind="primary")
        self.start_button.clicked.connect(self.submit)
        self.back = Button("Back", "Esc")
        self.back.clicked.connect(self.left)
        self._state = Label("", "small", "muted")
        buttons = QHBoxLayout()
        buttons.setSpacing(unit)
        buttons.addWidget(self.start_button)
        buttons.addWidget(self.back)
        buttons.addWidget(self._state)
        buttons.addStretch(1)
        column.addLayout(buttons)

    def show_packs(self, packs: tuple[PackRow, ...]) -> None:
        """Offers these packs."""
        before = self.current()
        chosen = self._wanted or (before.pack_id if before else "")
        self._packs = packs
        self.pack.blockSignals(True)
        self.pack.clear()
        for pack in packs:
            self.pack.addItem(words.one_line(pack.title), pack.pack_id)
        self.pack.blockSignals(False)
        self.choose_pack(chosen)
        self._on_pack()

    def choose_pack(self, pack_id: str) -> None:
        """Chooses a pack, now or as soon as it is known."""
        self._wanted = pack_id
        place = self.pack.findData(pack_id)
        if place >= 0:
            self._wanted = ""
            self.pack.setCurrentIndex(place)

    def current(self) -> PackRow | None:
        """Returns the pack that is chosen."""
        place = self.pack.currentIndex()
        return self._packs[place] if 0 <= place < len(self._packs) else None

    def focus_first(self) -> None:
        """Puts the cursor where something is missing."""
        self.folder.setFocus(Qt.FocusReason.OtherFocusReason)

    @Slot()
    def browse(self) -> None:
        """Lets the person choose a folder."""
        chosen = ask_folder(self, self.folder.text())
        if chosen:
            self.folder.setText(chosen)

    @Slot()
    def submit(self) -> None:
        """Starts the run; what is wrong with the folder is said beneath it."""
        pack = self.current()
        folder = self.folder.text().strip()
        if pack is None or not folder or self._busy:
            return
        self._busy = True
        self._say("")
        self._refresh()
        self._tools.bridge.ask(
            self,
            self._tools.desk.start_run(pack.pack_id, Path(folder).expanduser()),
            self._on_started,
            self._on_failed,
        )

    def _on_started(self, run_id: str) -> None:
        self._busy = False
        self._refresh()
        self.started.emit(run_id)

    def _on_failed(self, error: BaseException) -> None:
        self._busy = False
        self._say(words.problem(error))
        self._refresh()
        self.folder.setFocus(Qt.FocusReason.OtherFocusReason)

    def _say(self, sentence: str) -> None:
        self.error.say(sentence)
        self.error.setVisible(bool(sentence))
        set_property(self.folder, "invalid", "true" if sentence else "")

    def _refresh(self) -> None:
        ready = self.current() is not None and bool(self.folder.text().strip())
        self.start_button.setEnabled(ready and not self._busy)
        self._state.say("Reading the folder…" if self._busy else "")
        self.folder.setEnabled(not self._busy)
        self.pack.setEnabled(not self._busy)

    @Slot()
    def _on_pack(self) -> None:
        pack = self.current()
        self._summary.say(pack.summary if pack else "Packs are being read…")
        self.sample.setVisible(pack is not None and bool(pack.sample))
        self._refresh()

    @Slot()
    def _on_sample(self) -> None:
        pack = self.current()
        if pack is not None:
            self.folder.setText(pack.sample)

    @Slot()
    def _on_folder(self) -> None:
        self._say("")
        self._refresh()


def ask_folder(parent: QWidget, start: str) -> str:
    """Asks for a folder; returns nothing where the person leaves it."""
    return QFileDialog.getExistingDirectory(parent, "Folder to read", start)
