"""Keeps a table or a picture of the page of insights in a file of the person's choice."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QBuffer, QIODevice, QObject
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QFileDialog, QWidget

from converge_desktop.ui import words
from converge_desktop.ui.elsewhere import elsewhere
from converge_desktop.ui.pages.insights_card import InsightCard
from converge_desktop.ui.pages.page import Tools
from converge_desktop.ui.widgets.task_strip import TaskStrip

_KINDS = {".csv": "Comma separated values (*.csv)", ".png": "Pictures (*.png)"}


class InsightSaver(QObject):
    """Asks where to, has the desk write it, and says in a strip what came of it."""

    def __init__(self, tools: Tools, strip: TaskStrip, parent: QWidget) -> None:
        super().__init__(parent)
        self._tools = tools
        self._strip = strip
        self._parent = parent

    def csv(self, card: InsightCard) -> None:
        """Asks where the table of a card is to lie, and writes it."""
        path = self._ask(card, ".csv") if card.has_rows() else None
        if path is not None:
            self.write_csv(card, path)

    def png(self, card: InsightCard, source: str) -> None:
        """Asks where the picture of a card is to lie, and writes it."""
        path = self._ask(card, ".png") if card.has_picture() else None
        if path is not None:
            self.write_png(card, source, path)

    def write_csv(self, card: InsightCard, path: Path) -> None:
        """Writes the table of a card to a file, whole, in the order in which it was counted."""
        if card.table is None:
            return
        self._strip.work(f"Writing the table to {path}…")
        self._tools.bridge.ask(
            self,
            self._tools.desk.save_text(card.table.csv(), path),
            lambda _: self._strip.tell("good", f"The table lies in {path}"),
            lambda error: self._failed("table", error),
        )

    def write_png(self, card: InsightCard, source: str, path: Path) -> None:
        """Writes the picture of a card to a file, with its question, answer and source."""
        image = card.image(source)
        if image is None:
            return
        self._strip.work(f"Writing the picture to {path}…")
        self._tools.bridge.ask(
            self,
            elsewhere(lambda: encoded(image), "picture"),
            lambda data: self._keep(data, path),
            lambda error: self._failed("picture", error),
        )

    def _keep(self, data: bytes, path: Path) -> None:
        self._tools.bridge.ask(
            self,
            self._tools.desk.save_bytes(data, path),
            lambda _: self._strip.tell("good", f"The picture lies in {path}"),
            lambda error: self._failed("picture", error),
        )

    def _failed(self, what: str, error: BaseException) -> None:
        said = f"The {what} was not saved. {words.problem(error)}"
        more = " Choose another place for it." if isinstance(error, OSError) else ""
        self._strip.tell("danger", f"{said}{more}")

    def _ask(self, card: InsightCard, suffix: str) -> Path | None:
        name = f"converge-{card.question.name}{suffix}"
        chosen = ask_where(self._parent, str(Path.home() / name), suffix)
        if not chosen:
            return None
        path = Path(chosen)
        if path.suffix.casefold() == suffix:
            return path
        longer = path.with_name(path.name + suffix)
        if not longer.exists():
            return longer
        # The dialog asked about the name as it was typed, so nobody agreed to lose this one.
        said = f"Nothing was saved: {longer} is there already. Choose it itself to replace it."
        self._strip.tell("caution", said)
        return None


def encoded(image: QImage) -> bytes:
    """Returns a picture as a PNG; it takes its time, so no window waits for it."""
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    if not image.save(buffer, "PNG"):  # type: ignore[call-overload] # Qt takes bytes for names
        raise OSError("the picture is too large to be written")
    return bytes(buffer.data().data())


def ask_where(parent: QWidget, start: str, suffix: str) -> str:
    """Asks where something is to lie; returns nothing where the person leaves it."""
    title = "Save the table" if suffix == ".csv" else "Save the picture"
    chosen, _ = QFileDialog.getSaveFileName(parent, title, start, _KINDS[suffix])
    return chosen
