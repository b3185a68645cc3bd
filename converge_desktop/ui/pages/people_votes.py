"""A question of another desk: what is asked, what proves it, and the person's vote, as a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer, Signal, Slot
from PySide6.QtGui import QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QFrame, QHBoxLayout, QVBoxLayout, QWidget

from converge_desktop.runtime.wording import fingerprint
from converge_desktop.ui import fonts, words
from converge_desktop.ui.approve_guard import ApproveGuard
from converge_desktop.ui.pages.page import Tools
from converge_desktop.ui.pages.people_acts import in_two
from converge_desktop.ui.seen import Look, Seen
from converge_desktop.ui.widgets.approve_button import ApproveButton
from converge_desktop.ui.widgets.buttons import Button
from converge_desktop.ui.widgets.chips import Chip, ChipRow
from converge_desktop.ui.widgets.labels import Label, caption
from converge_desktop.ui.widgets.lists import Panel
from converge_desktop.ui.widgets.scroll import ScrollBody, ScrollPage
from converge_desktop.ui.widgets.values import ValueTable
from converge_desktop.ui.widgets.whole_text import WholeText

if TYPE_CHECKING:
    from converge_core.ballot import Asked
    from converge_core.capsule_check import Holding
    from converge_desktop.runtime.ballots import Request

_ASKED = "asked"
"""What must have been seen whole before anybody approves: the vote signs all of it."""


class _Body(ScrollBody):
    """Says when it was painted.

    Signals:
        painted: A person can have seen it by now.
    """

    painted = Signal()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Override QWidget.paintEvent."""
        super().paintEvent(event)
        self.painted.emit()


class VotePane(QWidget):
    """Shows a request and takes the vote.

    Signals:
        voted: The person votes: ``approve`` or ``reject``.
        closed: The person closes it.
    """

    voted = Signal(str)
    closed = Signal()

    def __init__(self, tools: Tools) -> None:
        super().__init__()
        self._tools = tools
        self.request: Request | None = None
        self.asked_of = ("", "")
        self._answers = ""
        self._busy = self._active = False
        self._seen = Seen()
        self.guard = ApproveGuard(tools.clock.monotonic)
        self._arm = QTimer(self)
        self._arm.setSingleShot(True)
        self._arm.timeout.connect(self.refresh)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addWidget(self._build_head())
        outer.addWidget(self._build_body(), 1)
        outer.addWidget(self._build_foot())

    def _build_head(self) -> QWidget:
        unit = fonts.measures().unit
        header = Panel("header")
        self._title = Label("", "title").wrapped()
        self._chips = ChipRow()
        self.close_button = Button("Close", "Esc", "compact")
        self.close_button.clicked.connect(self.closed)
        top = QHBoxLayout()
        top.addWidget(self._title, 1)
        top.addWidget(self.close_button)
        head = QVBoxLayout(header)
        head.setContentsMargins(unit * 3, unit + 4, unit * 3, unit + 4)
        head.setSpacing(unit)
        head.addLayout(top)
        head.addWidget(self._chips)
        return header

    def _build_body(self) -> QWidget:
        unit = fonts.measures().unit
        body = _Body()
        body.painted.connect(self._on_painted)
        self._box = QBoxLayout(QBoxLayout.Direction.LeftToRight, body)
        self._box.setContentsMargins(unit * 3, unit * 2 + 2, unit * 3, unit * 3)
        self._box.setSpacing(unit * 4)
        left, right = QVBoxLayout(), QVBoxLayout()
        left.setSpacing(unit)
        right.setSpacing(unit)
        left.addWidget(caption("What is asked"))
        left.addWidget(Label("Your vote signs this, to the letter.", "small", "muted").wrapped())
        self.asked = WholeText("", "mono-small").copyable()
        self.asked.laid_out.connect(self.look)
        sheet = QFrame()
        sheet.setProperty("card", "plain")
        page = QVBoxLayout(sheet)
        page.setContentsMargins(unit * 2, unit + 4, unit * 2, unit + 4)
        page.addWidget(self.asked)
        left.addWidget(sheet)
        left.addStretch(1)
        self._whose = Label("").wrapped()
        self._values = ValueTable()
        card = QFrame()
        card.setProperty("card", "plain")
        inner = QVBoxLayout(card)
        inner.setContentsMargins(unit * 2, unit + 4, unit * 2, unit + 4)
        inner.addWidget(self._values)
        self._proven = Label("").wrapped()
        self._may = Label("").wrapped()
        for name, parts in (
            ("Whose request", (self._whose, card)),
            ("What its evidence proves", (self._proven,)),
            ("Who may answer", (self._may,)),
        ):
            right.addWidget(caption(name))
            for part in parts:
                right.addWidget(part)
            right.addSpacing(unit)
        right.addStretch(1)
        self._box.addLayout(left, 11)
        self._box.addLayout(right, 9)
        return ScrollPage(body)

    def _build_foot(self) -> QWidget:
        unit = fonts.measures().unit
        footer = Panel("footer")
        row = QHBoxLayout(footer)
        row.setContentsMargins(unit * 3, unit + 4, unit * 3, unit + 4)
        row.setSpacing(unit)
        self.said = Label("", "small", "muted").wrapped()
        self.reject_button = Button("Reject…", "R").stands_for("people.reject")
        self.reject_button.clicked.connect(self.reject)
        self.approve_button = ApproveButton(self.guard.permits)
        self.approve_button.weigh("high")
        self.approve_button.pressed_by.connect(self.approve)
        row.addWidget(self.said, 1)
        row.addWidget(self.reject_button)
        row.addWidget(self.approve_button)
        return footer

    def show_request(self, request: Request, mine: str, me: str) -> None:
        """Shows a request.

        Args:
            request: What was read.
            mine: The public key of the person at the desk; empty where they have none.
            me: Their name.
        """
        self.guard.pane_changed()
        self.request, self.asked_of = request, (mine, me)
        asked, now = request.asked, self._tools.clock.now()
        who = next((one.id for one in asked.voters if one.public_key == mine), "")
        self._answers = "" if who else f"{me or 'Nobody'} is not asked with the key here."
        self._busy = False
        self._title.say(asked.shown[0] if asked.shown else "A question without words")
        self._chips.show_chips(*_chips(asked, now, may=bool(who)))
        self._seen = Seen()
        self._seen.begin(asked.gate, [(_ASKED, asked.request)])
        self.asked.say("\n".join(asked.shown))
        self.asked.called("What is asked")
        self._whose.say(
            f"{words.one_line(asked.by.name)} asks, and signed all of it. This desk cannot know "
            "whose key that is: have them read its fingerprint aloud, and compare."
        )
        self._values.show_rows(
            (
                ("asked by", asked.by.id),
                ("fingerprint", in_two(fingerprint(asked.by.public_key))),
                ("desk", asked.desk),
                ("gate", asked.gate),
                ("asked at", words.full_time(asked.asked_at)),
            )
        )
        self._proven.say(proven(request.holding))
        self._may.say(_voters(asked, str(who)))
        self.guard.may(yes=bool(who))
        self.guard.loaded()
        self.refresh()

    def window_active(self, *, active: bool) -> None:
        """The window got or lost the focus; what is in sight without it is not seen."""
        self._active = active
        self.guard.window_active(active=active)
        self.look()
        self.refresh()

    def leave_to(self) -> None:
        """Somebody else sits here now: nothing counts until it was shown to them."""
        self.guard.pane_changed()
        self.refresh()

    @Slot()
    def look(self) -> None:
        """Notes what of the question was in sight; approving waits until all of it was."""
        if self.request is None:
            return
        text, sight = self.asked, self.asked.visibleRegion().boundingRect()
        settled = text.is_whole() and text.height() + 1 >= text.heightForWidth(text.width())
        if self._active and settled and not sight.isEmpty():
            size = (text.width(), text.height())
            self._seen.look(_ASKED, [Look(size, sight.top(), sight.bottom() + 1)])
        self.guard.seen(all_of_it=self._seen.is_whole(_ASKED))

    def answering(self, *, otherwise: bool) -> None:
        """A box under it opened or closed."""
        self.guard.answering(otherwise=otherwise)
        self.refresh()

    def work(self, *, busy: bool) -> None:
        """A vote is being written, or is no longer."""
        self._busy = busy
        self.guard.deciding(busy=busy)
        self.refresh()

    def can_reject(self) -> bool:
        """Says whether the person may reject what is shown."""
        return self.request is not None and not self._answers and not self._busy

    @Slot()
    def approve(self) -> None:
        """Approves what is shown, if an approval counts now."""
        if self.request is not None and self.guard.permits():
            self.voted.emit("approve")

    @Slot()
    def reject(self) -> None:
        """Asks for the reason."""
        if self.can_reject():
            self.voted.emit("reject")

    @Slot()
    def refresh(self) -> None:
        """Brings the buttons in line with what counts now, and comes back when time is up."""
        permitted = self.guard.permits()
        self.approve_button.setEnabled(permitted)
        self.reject_button.setEnabled(self.can_reject())
        if self._answers:
            self.said.say(f"{self._answers} Have your key enrolled there: export it, and take it.")
        elif not self._seen.is_whole(_ASKED):
            self.said.say("Scroll to the end of what is asked first: your vote signs all of it.")
        else:
            self.said.say(
                "Your vote is written into a file that you take back to the desk that asked. "
                "Nothing is written into this desk's ledger."
            )
        if self.guard.ready() and not permitted:
            self._arm.start(max(1, round(self.guard.wait() * 1000) + 1))

    @Slot()
    def _on_painted(self) -> None:
        if self.request is not None:
            self.look()
            self.guard.shown()
            QTimer.singleShot(0, self, self.refresh)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Override QWidget.resizeEvent: what does not fit beside goes beneath."""
        super().resizeEvent(event)
        narrow = event.size().width() < fonts.measures().unit * 90
        down = QBoxLayout.Direction.TopToBottom
        self._box.setDirection(down if narrow else QBoxLayout.Direction.LeftToRight)
        self.guard.moved()


def proven(holding: Holding) -> str:
    """Says in sentences what the evidence of a request proves, and what it leaves open."""
    many = words.count(holding.records, "record")
    holds = (
        f"The evidence holds {many} of that desk's ledger, each proven under a checkpoint that "
        f"{words.one_line(holding.signed.operator)} signed; {holding.fitting:,} signatures fit."
    )
    said = [holds]
    if not holding.whole:
        gone = words.count(holding.redacted, "record")
        texts = words.count(holding.left_out, "text")
        said.append(f"But not all is there: of {gone} the content was left out, and {texts}.")
    if holding.unchecked:
        said.append(
            f"{words.count(holding.unchecked, 'signature')} could not be checked, because who was "
            "enrolled was left out."
        )
    said.append("It proves what that desk recorded, and not that the record is true.")
    return " ".join(said)


def _chips(asked: Asked, now: int, *, may: bool) -> list[QWidget]:
    due = words.due(asked.deadline, now)
    tone = words.due_tone(asked.deadline, now)
    chips: list[QWidget] = [Chip("from another desk", "accent")]
    chips.append(
        Chip(f"due {due}" if asked.deadline else due, "plain" if tone == "muted" else tone)
    )
    chips.append(Chip("you are asked", "good") if may else Chip("you are not asked", "caution"))
    return chips


def _voters(asked: Asked, me: str) -> str:
    names = [f"{one.id} (you)" if one.id == me else str(one.id) for one in asked.voters]
    return f"{', '.join(map(words.one_line, names)) or 'Nobody'}."
