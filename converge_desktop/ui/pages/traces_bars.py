"""The bars around the list of calls: how the index stands, what they are like, where to go."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from converge_desktop.runtime.filter_moments import moment
from converge_desktop.runtime.trace_model import IndexState
from converge_desktop.ui import fonts, words
from converge_desktop.ui.clock import UiClock
from converge_desktop.ui.widgets.buttons import Button
from converge_desktop.ui.widgets.labels import Label, set_property
from converge_desktop.ui.widgets.lists import Panel
from converge_desktop.ui.widgets.problem_line import ProblemLine
from converge_desktop.ui.widgets.short_line import ShortLine
from converge_desktop.ui.widgets.tight_bar import TightBar

FAR = 1_000
"""Records by which the index may be behind before it is said: it is up again in a moment."""


class IndexBar(Panel):
    """Says how far the index follows the ledger, and what to do where it cannot.

    Signals:
        again_wanted: The person has the index made again.
    """

    again_wanted = Signal()

    def __init__(self) -> None:
        super().__init__("listbar")
        unit = fonts.measures().unit
        self.said = Label("", "small", "muted").wrapped()
        self.again = Button("Make it again", kind="compact").stands_for("traces.rebuild")
        self.again.clicked.connect(self.again_wanted)
        column = QVBoxLayout(self)
        column.setContentsMargins(unit + 4, unit, unit + 4, unit)
        column.setSpacing(unit)
        column.addWidget(self.said)
        column.addWidget(self.again)
        self.hide()

    def tell(self, state: IndexState) -> None:
        """Says how the index stands; where it is up, nothing."""
        tone = "caution" if state.problem else "muted"
        said = index_words(state)
        set_property(self.said, "tone", "danger" if state.state == "failed" else tone)
        self.said.say(said)
        self.again.setVisible(bool(state.problem))
        if state.problem and self.isHidden():
            QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, said))
        self.setVisible(bool(said))


def index_words(state: IndexState) -> str:
    """Says how an index stands; nothing where it is up, or nearly."""
    if state.state == "failed":
        return f"{words.sentence(state.problem)} What was found before can still be looked at."
    if state.problem:
        return (
            f"{words.sentence(state.problem)} What is found here is whole all the same; until this "
            "is mended and the index made again, each start takes longer."
        )
    if state.state == "filling" and state.seq - state.as_of > FAR:
        return (
            f"Following the ledger: record {max(0, state.as_of):,} of {state.seq:,}. "
            "What is older shows already."
        )
    return ""


class LikeBar(TightBar):
    """Says what the calls are like that are listed, and leads back to the list.

    Signals:
        back_wanted: The person wants the list as it was.
    """

    back_wanted = Signal()

    def __init__(self) -> None:
        unit = fonts.measures().unit
        self.title = Label("", "strong").wrapped()
        self.said = Label("", "small", "muted").wrapped()
        self.back = Button("Back to the list", "Esc", "compact")
        words_ = QWidget()
        column = QVBoxLayout(words_)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(unit // 4)
        column.addWidget(self.title)
        column.addWidget(self.said)
        super().__init__("likebar", words_, self.back)
        self.setProperty("banner", "info")
        self.back.clicked.connect(self.back_wanted)
        self.hide()

    def tell(self, title: str, said: str, *, problem: bool = False) -> None:
        """Says what is listed, or why it is not."""
        self.title.say(title)
        self.said.say(said)
        set_property(self, "banner", "caution" if problem else "info")
        set_property(self.said, "tone", "" if problem else "muted")
        self.show()
        QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, f"{title}. {said}"))


class JumpLine(Panel):
    """Where a day or a time is typed that the list is to go to.

    Signals:
        jumped: The time, in microseconds.
        left: The person is done here.
    """

    jumped = Signal(object)
    left = Signal()

    def __init__(self, clock: UiClock) -> None:
        super().__init__("listbar")
        self._clock = clock
        unit = fonts.measures().unit
        self.edit = ShortLine()
        self.edit.setPlaceholderText("yesterday, 2026-11-20, 2h …")
        self.edit.setAccessibleName("Go to the step that was recorded closest to a day or a time")
        self.edit.taken.connect(self.jump)
        self.edit.left.connect(self.leave)
        self.edit.textChanged.connect(self._on_text)
        self.confirm = Button("Go", kind="compact")
        self.confirm.setAccessibleName("Go to that time")
        self.confirm.clicked.connect(self.jump)
        self.problem = ProblemLine(self.edit)
        row = QHBoxLayout()
        row.setSpacing(unit)
        row.addWidget(Label("Go to", "small", "muted"))
        row.addWidget(self.edit, 1)
        row.addWidget(self.confirm)
        column = QVBoxLayout(self)
        column.setContentsMargins(unit + 4, unit, unit + 4, unit)
        column.setSpacing(unit // 2)
        column.addLayout(row)
        column.addWidget(self.problem)
        self.hide()

    def open(self) -> None:
        """Shows the line and puts the cursor in it."""
        self.show()
        self.edit.selectAll()
        self.edit.setFocus(Qt.FocusReason.ShortcutFocusReason)

    @Slot()
    def leave(self) -> None:
        """Hides the line."""
        self.hide()
        self.left.emit()

    @Slot()
    def jump(self) -> None:
        """Goes to what is typed, or says why it cannot be read."""
        try:
            begin, _ = moment(self.edit.text().strip(), self._clock.now())
        except ValueError as error:
            self.tell(words.sentence(str(error)))
        else:
            self.jumped.emit(max(0, begin))

    def tell(self, problem: str) -> None:
        """Says why it cannot be gone there."""
        self.problem.tell(problem)
        set_property(self.edit, "invalid", "true" if problem else "")

    @Slot()
    def _on_text(self) -> None:
        self.tell("")


class TracesFoot(TightBar):
    """How many calls are listed and marked, and what can be done with them.

    Signals:
        compare_wanted: Lay the two that are marked side by side.
        export_wanted: Write out what is marked, or all that is listed.
    """

    compare_wanted = Signal()
    export_wanted = Signal()

    def __init__(self) -> None:
        self.said = Label("", "small", "muted").wrapped()
        self.compare = Button("Compare", "C", "compact").stands_for("traces.compare")
        self.export = Button("Export…", kind="compact").stands_for("traces.export")
        super().__init__("listfoot", self.said, self.compare, self.export)
        self.compare.clicked.connect(self.compare_wanted)
        self.export.clicked.connect(self.export_wanted)

    def tell(self, listed: int, every: int, marked: int, *, of_like: bool) -> None:
        """Says how many calls are listed, of how many, and how many are marked."""
        some = 0 <= listed < every and not of_like
        many = f"{listed:,} of {every:,}" if some else words.count(listed, "step")
        self.said.say(f"{many} · {f'{marked:,} marked' if marked else 'Space marks'}")
        self.export.setText("Export marked…" if marked else "Export…")
        self.export.setAccessibleName(
            "Export the steps that are marked" if marked else "Export the steps that are listed"
        )
        self.export.updateGeometry()
