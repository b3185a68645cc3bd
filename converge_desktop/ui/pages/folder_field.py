"""Where the folder of a new run is named: typed, chosen, dropped, or taken from the last ones."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QMimeData, Signal, Slot
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QLineEdit, QVBoxLayout, QWidget

from converge_desktop.runtime.input_view import InputView
from converge_desktop.ui import fonts, words
from converge_desktop.ui.settings import UiSettings
from converge_desktop.ui.widgets.checks import check_line
from converge_desktop.ui.widgets.chips import ChipButton, ChipRow, clear
from converge_desktop.ui.widgets.labels import Label

_KEPT = 5
_SETTING = "runs/folders"
_MOST_NOTES = 4


class FolderEdit(QLineEdit):
    """A path; a folder that is dropped on it takes its place."""

    def __init__(self) -> None:
        super().__init__()
        self.setFont(fonts.font("mono"))
        self.setPlaceholderText("Type a path, or drop a folder here")
        self.setAccessibleName("Folder to read")
        self.setAcceptDrops(True)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802
        """Override QLineEdit.dragEnterEvent."""
        if dropped(event.mimeData()):
            event.acceptProposedAction()
        else:
            super().dragEnterEvent(event)

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802
        """Override QLineEdit.dropEvent."""
        path = dropped(event.mimeData())
        if path:
            self.setText(path)
            event.acceptProposedAction()
        else:
            super().dropEvent(event)


def dropped(data: QMimeData) -> str:
    """Returns the path of the one thing that is dropped; nothing where it is none, or several."""
    paths = [url.toLocalFile() for url in data.urls() if url.isLocalFile()]
    return paths[0] if len(paths) == 1 else ""


class RecentFolders(ChipRow):
    """The folders of the last runs, newest first, to be taken with one press.

    Signals:
        chosen: A folder was taken: its path.
    """

    chosen = Signal(str)

    def __init__(self, settings: UiSettings) -> None:
        super().__init__()
        self._settings = settings
        self._paths: dict[ChipButton, str] = {}
        self._fill()

    def folders(self) -> list[str]:
        """Lists the folders that are remembered."""
        return [line for line in self._settings.text(_SETTING).split("\n") if line]

    def remember(self, folder: str) -> None:
        """Puts a folder first."""
        kept = [folder, *(one for one in self.folders() if one != folder)][:_KEPT]
        self._settings.put(_SETTING, "\n".join(kept))
        self._fill()

    def _fill(self) -> None:
        self._paths = {}
        for folder in self.folders():
            path = Path(folder)
            chip = ChipButton(f"{path.parent.name}/{path.name}" if path.parent.name else path.name)
            chip.setToolTip(words.tooltip(folder))
            chip.setAccessibleName(f"Recent folder {words.one_line(folder)}")
            chip.clicked.connect(self._on_chip)
            self._paths[chip] = folder
        self.show_chips(*self._paths)
        self.setVisible(bool(self._paths))

    @Slot()
    def _on_chip(self) -> None:
        chip = self.sender()
        if isinstance(chip, ChipButton) and chip in self._paths:
            self.chosen.emit(self._paths[chip])


class InputReport(QWidget):
    """What the folder was read as, before anything starts on it."""

    def __init__(self) -> None:
        super().__init__()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(fonts.measures().unit // 2)
        self.hide()

    def work(self) -> None:
        """Says that the folder is being read."""
        clear(self._column)
        self._column.addWidget(Label("Looking into the folder…", "small", "muted"))
        self.show()

    def tell(self, view: InputView) -> None:
        """Says what the folder was read as."""
        clear(self._column)
        many = words.count(view.read, "number")
        came = ", ".join(path for path, _ in view.sources) or "nothing"
        said = f"Reads as {view.subject}: {many} from {came}."
        self.setAccessibleDescription(words.one_line(said))
        self._column.addWidget(check_line("check", "good", "Can be read", said))
        for note in (*_unknown(view), *view.notes[:_MOST_NOTES]):
            self._column.addWidget(check_line("info", "muted", "Note", words.sentence(note)))
        more = len(view.notes) - _MOST_NOTES
        if more > 0:
            said = f"and {words.count(more, 'more note')}; the run lists them"
            self._column.addWidget(Label(said, "small", "muted"))
        self.show()


def _unknown(view: InputView) -> tuple[str, ...]:
    if not view.unknown:
        return ()
    return (f"{', '.join(view.unknown)} cannot be known from it.",)
