"""The report of a crash, to read, copy, keep or delete. Nothing of it is ever sent."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QVBoxLayout, QWidget

from converge_desktop.ui import fonts, words
from converge_desktop.ui.overlay import Overlay
from converge_desktop.ui.pages.page import Tools
from converge_desktop.ui.widgets.buttons import Button
from converge_desktop.ui.widgets.labels import Label
from converge_desktop.ui.widgets.text_view import TextView

_ABOUT = (
    "What is known of how a session ended. It lies on this machine only; nothing of it was sent "
    "anywhere. The ledger holds what was written before; nothing half-written counts."
)


class CrashView(Overlay):
    """Shows the report, if there is one.

    Signals:
        deleted: There is no report any more.
    """

    deleted = Signal()

    def __init__(self, host: QWidget, tools: Tools) -> None:
        super().__init__(host, "Report of a crash")
        self._tools = tools
        self._path: Path | None = None
        unit = fonts.measures().unit
        self.text = TextView("", "The report", limit=10_000, kind="sheet")
        self.copy_button = Button("Copy", kind="compact")
        self.copy_button.clicked.connect(self.copy)
        self.save_button = Button("Save a copy…", kind="compact")
        self.save_button.clicked.connect(self._on_save)
        self.delete_button = Button("Delete it", kind="compact")
        self.delete_button.clicked.connect(self.delete)
        close = Button("Close", "Esc", kind="compact")
        close.clicked.connect(self.leave)
        row = QHBoxLayout()
        row.setSpacing(unit)
        for button in (self.copy_button, self.save_button, self.delete_button):
            row.addWidget(button)
        row.addStretch(1)
        row.addWidget(close)
        column = QVBoxLayout(self)
        column.setContentsMargins(unit * 2, unit * 2, unit * 2, unit * 2)
        column.setSpacing(unit)
        column.addWidget(Label("Report of a crash", "heading"))
        column.addWidget(Label(_ABOUT, "body", "muted").wrapped())
        column.addWidget(self.text, 1)
        column.addLayout(row)
        self._tall = unit * 72

    def offer(self, path: str) -> None:
        """Takes a report to show; an empty path is none."""
        self._path = Path(path) if path else None

    def there(self) -> bool:
        """Says whether there is a report."""
        return self._path is not None

    def open(self) -> None:
        """Override Overlay.open."""
        if self._path is None:
            return
        try:
            said = self._path.read_text(encoding="utf-8", errors="replace")
        except OSError as error:
            said = f"The report {self._path} cannot be read: {words.problem(error)}"
        self.text.setPlainText(words.visible(said))
        super().open()
        self.text.setFocus(Qt.FocusReason.PopupFocusReason)

    @Slot()
    def copy(self) -> None:
        """Puts the report on the clipboard."""
        QGuiApplication.clipboard().setText(self.text.toPlainText())
        self._tools.routes.say.emit("info", "The report lies on the clipboard.", "crash")

    @Slot()
    def _on_save(self) -> None:
        chosen = ask_report(self, "converge-desktop-crash.txt")
        if chosen:
            self.save(Path(chosen))

    def save(self, path: Path) -> None:
        """Keeps a copy of the report."""
        self._tools.bridge.ask(
            self,
            self._tools.desk.save_text(self.text.toPlainText(), path),
            lambda _: self._tools.routes.say.emit("good", f"The report lies in {path}.", "crash"),
            lambda error: self._tools.routes.say.emit(
                "danger", f"The report was not saved. {words.problem(error)}", "crash"
            ),
        )

    @Slot()
    def delete(self) -> None:
        """Deletes the report."""
        if self._path is None:
            return
        try:
            self._path.unlink(missing_ok=True)
        except OSError as error:
            said = f"The report {self._path} was not deleted. {words.problem(error)}"
            self._tools.routes.say.emit("danger", said, "crash")
            return
        self._path = None
        self.deleted.emit()
        self.leave()
        self._tools.routes.say.emit("info", "The report of the crash is deleted.", "crash")


def ask_report(parent: QWidget, start: str) -> str:
    """Asks where a report is to lie; returns nothing where the person leaves it."""
    chosen, _ = QFileDialog.getSaveFileName(parent, "Save the report", start, "Text (*.txt)")
    return chosen
