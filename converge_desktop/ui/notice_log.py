"""All that was said in this session, newest first, so that nothing is missed."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QVBoxLayout, QWidget

from converge_desktop.ui import fonts, words
from converge_desktop.ui.clock import UiClock
from converge_desktop.ui.models.looks import RowLook
from converge_desktop.ui.models.rows import RowModel
from converge_desktop.ui.overlay import Overlay
from converge_desktop.ui.widgets.labels import Label
from converge_desktop.ui.widgets.lists import RowList, select_in, step_in
from converge_desktop.ui.widgets.text_view import TextView

_MOST = 500
GRAVITY = {
    "info": ("Note", "i", "accent"),
    "good": ("Done", "✓", "good"),
    "caution": ("Mind", "!", "caution"),
    "danger": ("Problem", "✕", "danger"),
}
"""How grave something is: its word, its sign, its tone."""


@dataclass(frozen=True, slots=True)
class Said:
    """One sentence that was shown."""

    number: int
    at: int
    severity: str
    text: str


class NoticeLog(Overlay):
    """The sentences of this session; the one that is chosen is shown whole.

    Signals:
        missed: So many have been said since the list was looked at last.
    """

    missed = Signal(int)

    def __init__(self, host: QWidget, clock: UiClock) -> None:
        super().__init__(host, "Messages of this session")
        self._clock = clock
        self._said: deque[Said] = deque(maxlen=_MOST)
        self._count = 0
        self._seen = 0
        self.model: RowModel[Said] = RowModel(lambda s: str(s.number), self._look, self)
        self.list = RowList(self.model, "Messages, newest first")
        self.list.moved.connect(self._on_moved)
        self.none = Label("Nothing has been said yet.", "body", "muted")
        self.whole = TextView("", "The message, whole", limit=6, kind="sheet")
        unit = fonts.measures().unit
        column = QVBoxLayout(self)
        column.setContentsMargins(unit * 2, unit * 2, unit * 2, unit * 2)
        column.setSpacing(unit)
        column.addWidget(Label("Messages of this session", "heading"))
        column.addWidget(self.none)
        column.addWidget(self.list, 1)
        column.addWidget(self.whole)
        self._tall = unit * 60
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def open(self) -> None:
        """Override Overlay.open."""
        self._seen = self._count
        self.missed.emit(0)
        self.model.set_rows(list(self._said))
        self.none.setVisible(not self._said)
        self.list.setVisible(bool(self._said))
        self.whole.setVisible(bool(self._said))
        super().open()
        select_in(self.list, 0)
        (self.list if self._said else self).setFocus(Qt.FocusReason.PopupFocusReason)

    @Slot(str, str)
    def add(self, severity: str, text: str) -> None:
        """Keeps a sentence; the same one again takes the place of what was said just before."""
        self._count += 1
        if self._said and self._said[0].text == text:
            self._said.popleft()
        self._said.appendleft(Said(self._count, self._clock.now(), severity, text))
        if self.isVisible():
            self._seen = self._count
            self.model.set_rows(list(self._said))
        self.missed.emit(self._count - self._seen)

    def texts(self) -> list[str]:
        """Lists what was said, newest first."""
        return [said.text for said in self._said]

    def step(self, by: int) -> None:
        """Moves in the list."""
        step_in(self.list, by)

    def _look(self, said: Said) -> RowLook:
        word, sign, tone = GRAVITY[said.severity]
        return RowLook(
            title=words.one_line(said.text),
            subtitle=word,
            right=words.clock_time(said.at, self._clock.now()),
            badge=sign,
            badge_tone=tone,
        )

    @Slot(int)
    def _on_moved(self, number: int) -> None:
        said = self.model.row_at(number)
        self.whole.setPlainText("" if said is None else words.visible(said.text))
        self.whole.updateGeometry()
