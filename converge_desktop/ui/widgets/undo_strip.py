"""The strip over the status bar: what was decided, how long it can be undone, and Undo."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from converge_desktop.ui import fonts, words
from converge_desktop.ui.widgets.bars import Bar
from converge_desktop.ui.widgets.buttons import Button, IconButton
from converge_desktop.ui.widgets.labels import Elided, Label

MOST = 3
"""How many decisions are listed; of more than that, the rest is counted."""
_STILL_MS = 1500
"""For how long the strip keeps the room of what it no longer shows: where one decision follows on
another, the page over it would move up and down with each."""
Row = tuple[str, str, str, int, bool]
"""A gate, what was decided, until when it can be undone, the share left, and whether it can."""


class _Line(QWidget):
    """One decision that can be undone.

    Signals:
        undo_wanted: Undo it; the gate.
    """

    undo_wanted = Signal(str)

    def __init__(self, key: str) -> None:
        super().__init__()
        unit = fonts.measures().unit
        self._gate = ""
        self.what = Elided("", "body")
        self.left = Label("", "small", "muted")
        self.bar = Bar(1000)
        self.bar.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.undo = Button("Undo", key, "compact")
        self.undo.stands_for("decide.undo")
        self.undo.clicked.connect(self._on_undo)
        row = QHBoxLayout(self)
        row.setContentsMargins(unit * 3, unit // 2, unit * 3, unit // 2)
        row.setSpacing(unit + 4)
        row.addWidget(self.what, 1)
        row.addWidget(self.left)
        row.addWidget(self.bar)
        row.addWidget(self.undo)
        digits = fonts.metrics("small").horizontalAdvance("Takes effect in 00 min 00 s.")
        self.left.setMinimumWidth(digits)  # so that counting down moves nothing
        self.left.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)

    def tell(self, row: Row) -> None:
        """Shows a decision."""
        self._gate, what, left, share, on = row
        self.what.say(what)
        self.left.say(left)
        self.bar.tell(share, left)
        self.undo.setEnabled(on)
        self.undo.setAccessibleName(f"Undo: {what}")

    @Slot()
    def _on_undo(self) -> None:
        self.undo_wanted.emit(self._gate)


class UndoStrip(QWidget):
    """The newest decisions that can be undone, and what became of the last one that could.

    Signals:
        undo_wanted: Undo a decision; the gate.
        fact_wanted: Show what a decision led to, where it can be retracted: run and fact.
    """

    undo_wanted = Signal(str)
    fact_wanted = Signal(str, str)

    def __init__(self) -> None:
        super().__init__()
        unit = fonts.measures().unit
        self.setObjectName("footer")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAccessibleName("Decisions that can be undone")
        self._lines = [_Line("" if number else "Ctrl Z") for number in range(MOST)]
        self._more = Label("", "small", "muted")
        self._more.setContentsMargins(unit * 3, 0, unit * 3, unit // 2)
        self._fact = ("", "")
        self._ended = self._build_ended(unit)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, unit // 2, 0, unit // 2)
        column.setSpacing(0)
        column.addWidget(self._ended)
        for line in self._lines:
            line.undo_wanted.connect(self.undo_wanted)
            column.addWidget(line)
        column.addWidget(self._more)
        self._ended.hide()
        self._still = QTimer(self)
        self._still.setSingleShot(True)
        self._still.setInterval(_STILL_MS)
        self._still.timeout.connect(self._give_room)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self.show_rows(())

    def _build_ended(self, unit: int) -> QWidget:
        made = QWidget()
        self.became = Elided("", "body")
        self.retract = Button("Retract…", kind="compact")
        self.retract.setToolTip(
            words.tooltip("Shows the fact, and what rests on it; there a correction is proposed.")
        )
        self.retract.clicked.connect(self._on_retract)
        close = IconButton("close", "Close this message", 14)
        close.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        close.clicked.connect(self.forget)
        row = QHBoxLayout(made)
        row.setContentsMargins(unit * 3, unit // 2, unit * 3, unit // 2)
        row.setSpacing(unit + 4)
        row.addWidget(self.became, 1)
        row.addWidget(self.retract)
        row.addWidget(close)
        return made

    def show_rows(self, rows: Sequence[Row]) -> None:
        """Shows the decisions that can be undone, the newest first."""
        for number, line in enumerate(self._lines):
            self._put(line, shown=number < len(rows))
            if number < len(rows):
                line.tell(rows[number])
        left = len(rows) - MOST
        self._put(self._more, shown=left > 0)
        if left > 0:
            more = words.count(left, "more decision", "more decisions")
            self._more.say(f"And {more} that can be undone; these come up as the newer ones end.")
        self._fit(bool(rows))

    def say(self, text: str, run_id: str = "", fact_id: str = "") -> None:
        """Says what became of a decision; where it made a fact, leads to retracting it."""
        self._fact = (run_id, fact_id)
        self.became.say(text)
        self.retract.setVisible(bool(fact_id))
        self._ended.show()
        self._fit(not self._lines[0].isHidden())
        self.announce(text)

    def announce(self, text: str) -> None:
        """Has a screen reader say something."""
        QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, text))

    def said(self) -> str:
        """Returns all that the strip says."""
        ended = [] if self._ended.isHidden() else [self.became.accessibleName()]
        lines = [line for line in self._lines if not line.isHidden()]
        told = [f"{line.what.accessibleName()} {line.left.text()}" for line in lines]
        more = [] if self._more.isHidden() else [self._more.text()]
        return "" if self.isHidden() else "\n".join([*ended, *told, *more])

    def undo_buttons(self) -> list[Button]:
        """Returns the buttons that undo, the newest first."""
        return [line.undo for line in self._lines if not line.isHidden()]

    @Slot()
    def forget(self) -> None:
        """Closes what was said of a decision that cannot be undone any more."""
        self._ended.hide()
        self._fit(not self._lines[0].isHidden())

    def _fit(self, undoable: bool) -> None:
        self._put(self, shown=undoable or not self._ended.isHidden())

    def _put(self, widget: QWidget, *, shown: bool) -> None:
        """Shows something at once; what is hidden leaves its room only after a while."""
        if not shown and widget.isVisible():
            _keep_room(widget, keep=True)
            self._still.start()
        widget.setVisible(shown)

    @Slot()
    def _give_room(self) -> None:
        for widget in (*self._lines, self._more, self):
            _keep_room(widget, keep=False)

    @Slot()
    def _on_retract(self) -> None:
        self.fact_wanted.emit(*self._fact)


def _keep_room(widget: QWidget, *, keep: bool) -> None:
    policy = widget.sizePolicy()
    if policy.retainSizeWhenHidden() is not keep:
        policy.setRetainSizeWhenHidden(keep)
        widget.setSizePolicy(policy)
