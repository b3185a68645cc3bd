"""The pane in which what is marked is decided as one, in the place of the review."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from converge_desktop.adapters.keys import KeyLocked
from converge_desktop.runtime.deciding_model import Answered, OrderMatters
from converge_desktop.runtime.port import StatusChanged
from converge_desktop.runtime.review_model import InboxRow
from converge_desktop.ui import fonts, words
from converge_desktop.ui.approve_guard import ApproveGuard
from converge_desktop.ui.models.inbox_batch import Batch, Item, summary
from converge_desktop.ui.pages.inbox_batch_card import BatchCard, result_lines, section
from converge_desktop.ui.pages.inbox_batch_frame import BatchFrame
from converge_desktop.ui.pages.inbox_batch_reader import BatchReader
from converge_desktop.ui.pages.page import Tools
from converge_desktop.ui.seen import Look, Seen

MOST = 500
"""The desk takes no more as one."""
_HIGH = (
    "High risk is decided one at a time: its review asks for more than a list can show. "
    "Open each by itself."
)
_MORE = (
    "What has more that must be seen than a list can show is decided one at a time; each says "
    "what that is. Open each by itself."
)
_VERBS = {"approve": "Approve", "reject": "Reject"}


class BatchPane(QWidget):
    """Lists each marked proposal whole, takes one decision for all, and says what came of each.

    Signals:
        decided: Answers were recorded: what came of each.
        left: The person is done here.
        open_wanted: The person wants to see one by itself, by its gate.
    """

    decided = Signal(object)
    left = Signal()
    open_wanted = Signal(str)

    def __init__(self, tools: Tools) -> None:
        super().__init__()
        self._tools = tools
        self.batch = Batch("approve", ())
        self.guard = ApproveGuard(tools.clock.monotonic)
        self.frame = BatchFrame(self.permits)
        self._reader = BatchReader(tools, self)
        self._reader.moved.connect(self._show)
        self._busy = False
        self._cards: list[BatchCard] = []
        self._seen = Seen()
        self._waits: dict[str, str] = {}
        self._over = self._active = False
        self._sits = ""
        self._arm = QTimer(self)
        self._arm.setSingleShot(True)
        self._arm.timeout.connect(self.refresh)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.frame)
        self.frame.looked.connect(self._on_looked)
        self.frame.approve.pressed_by.connect(self.approve)
        self.frame.reject.confirmed.connect(self._on_reject)
        self.frame.reject.left.connect(self.leave)
        self.frame.leave.clicked.connect(self.leave)
        self.frame.split.clicked.connect(self._on_split)
        tools.bridge.status_changed.connect(self._on_status)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)

    def begin(self, verdict: str, rows: Sequence[InboxRow]) -> None:
        """Reads what is marked, and lists it once all of it is there."""
        if self._busy:
            return  # what came of the last is still to come
        self._over = False
        self.batch = Batch(verdict, rows[:MOST])
        self._waits = {}
        self.frame.tell("")
        self.frame.reject.reset()
        self.frame.reject.setVisible(False)
        self.frame.footer.show()
        self._read(self.batch.together())
        self.setFocus(Qt.FocusReason.OtherFocusReason)

    def _read(self, items: Sequence[Item]) -> None:
        self.guard.pane_changed()
        self._reader.read(items)
        self._show()

    def deciding(self, gate_id: str) -> bool:
        """Says whether a decision on a proposal is on its way from here."""
        return self._busy and any(item.gate_id == gate_id for item in self.batch.together())

    def lose(self, gate_id: str, why: str) -> None:
        """A proposal no longer waits: it is answered with the others no more."""
        if not self._over and not self._busy and self.batch.lose(gate_id, why):
            self._show(keep_place=True)

    @Slot()
    def _show(self, *, keep_place: bool = False) -> None:
        """Lists what is to be decided, or says how far reading is."""
        batch, verb = self.batch, _VERBS[self.batch.verdict]
        unread, together = batch.unread(), batch.together()
        self._cards = []
        if unread:
            read = len(together) - len(unread)
            self.frame.say(f"Reading {words.count(len(together), 'proposal')}…", "")
            self.frame.fill(section(f"{read:,} of {len(together):,} are read", ""))
            self.refresh()
            return
        count = words.count(len(together), "proposal")
        self.frame.say(
            f"{verb} {count}" if together else "Nothing here can be decided as one",
            "Each is signed by itself; all are recorded, or none is." if len(together) > 1 else "",
        )
        self.frame.fill(*self._sections(), keep_place=keep_place)
        self.guard.loaded()
        self._seen.begin("batch", [(i.gate_id, i.review.digest) for i in together if i.review])
        if batch.verdict == "reject" and together:
            self.frame.reject.open()
        self.refresh()

    def _sections(self) -> list[QWidget]:
        batch, now = self.batch, self._tools.clock.now()
        self._cards = [self._card(item, now) for item in batch.together()]
        singles, later, out = batch.singles(), batch.later(), batch.out()
        parts = [section("Together", "", *self._cards)] if self._cards else []
        if later:
            cards = [self._card(item, now, item.later) for item in later]
            parts.append(section("Afterwards", "These wait for the ones above.", *cards))
        if singles:
            said = " ".join(dict.fromkeys(_HIGH if i.high else _MORE for i in singles))
            parts.append(section("One at a time", said, *(self._card(i, now) for i in singles)))
        if out:
            cards = [self._card(item, now, item.gone or item.problem) for item in out]
            parts.append(section("Left out", "", *cards))
        return parts

    def _card(self, item: Item, now: int, why: str = "") -> BatchCard:
        card = BatchCard(item, now, why)
        card.open_wanted.connect(self.open_wanted)
        return card

    def permits(self) -> bool:
        """Says whether approving counts now."""
        ready = self.batch.verdict == "approve" and not self._over and not self._waits
        return ready and bool(self._cards) and self.guard.permits()

    def can_confirm(self) -> bool:
        """Whether the chord means something now."""
        rejecting = self.batch.verdict == "reject" and not self.frame.reject.isHidden()
        return rejecting or self.permits()

    def confirm(self) -> None:
        """Does what the chord does: confirms the reason, or approves all that is listed."""
        if self.batch.verdict == "reject":
            self.frame.reject.take("keyboard")
        else:
            self.approve()

    @Slot()
    def refresh(self) -> None:
        """Brings the foot in line with what is permitted, and comes back when time is up."""
        approving = self.batch.verdict == "approve" and not self._over
        button, count = self.frame.approve, len(self._cards)
        button.setVisible(approving)
        button.setText(f"Approve {count} together" if count > 1 else "Approve")
        button.setAccessibleName(button.text())
        button.updateGeometry()
        button.setEnabled(self.permits())
        self.frame.footer.setVisible(self._over or self.frame.reject.isHidden())
        self.frame.leave.setText("Done" if self._over else "Back")
        self.frame.reject.setEnabled(not self._busy)
        self.frame.hint.say(self._hint())
        if approving and self.guard.ready() and not self.guard.permits():
            self._arm.start(max(1, round(self.guard.wait() * 1000) + 1))

    def _hint(self) -> str:
        if self._over or not self._cards:
            return ""
        if self._busy:
            return "Signing and recording…"
        if self._waits:
            return "Split them first, as said above."
        unseen = sum(not self._seen.is_whole(card.gate_id) for card in self._cards)
        if unseen:
            return f"{words.count(unseen, 'proposal')} still to be seen: scroll on, or press Space."
        return "Ctrl+Return approves each that is listed under “Together”, signed with your key."

    @Slot()
    def _on_looked(self) -> None:
        """Notes what of the list was in sight; approving waits until all of it was."""
        if not self._active or not self.frame.laid_out():
            return  # it looks again once the person is here, and everything has its place
        for card in self._cards:
            size = (card.width(), card.height())
            self._seen.look(card.gate_id, [Look(size, *self.frame.in_sight(card))])
        if self._cards and self.isVisible():
            self.guard.seen(all_of_it=all(self._seen.is_whole(c.gate_id) for c in self._cards))
            self.guard.shown()
        self.refresh()

    def page(self, by: int) -> None:
        """Goes on in the list, with a line of what was seen left in sight."""
        bar = self.frame.listing.verticalScrollBar()
        bar.setValue(bar.value() + by * max(1, bar.pageStep() - 2 * fonts.line("body")))

    @Slot(str)
    def approve(self, origin: str = "keyboard") -> None:
        """Approves all that is listed, if an approval counts now."""
        if self.permits():
            self._decide("", origin)

    @Slot(str)
    def _on_reject(self, origin: str) -> None:
        if self.guard.still() and not self._busy and self._cards:
            self._decide(self.frame.reject.reason(), origin)

    def _decide(self, reason: str, origin: str) -> None:
        # First of all: what is decided is to be durable before anything is drawn.
        seen = [card.gate_id for card in self._cards if self._seen.is_whole(card.gate_id)]
        future = self._tools.desk.decide_many(self.batch.answers(reason, origin, seen))
        self._busy = True
        self.guard.deciding(busy=True)
        self.frame.tell("")
        self.refresh()
        self._tools.bridge.ask(self, future, self._on_decided, self._on_refused)

    def _on_decided(self, answered: tuple[Answered, ...]) -> None:
        self._busy = False
        self._over = True
        self.guard.deciding(busy=False)
        results = self.batch.results(answered, self._tools.clock.now())
        said = summary(results, self.batch.verdict)
        self._cards = []
        self.frame.reject.reset()
        self.frame.say(said[0].upper() + said[1:], "What came of each is said below.")
        left = [(i, "") for i in self.batch.singles()] + [(i, i.later) for i in self.batch.later()]
        now = self._tools.clock.now()
        parts = [section("What came of it", "", *result_lines(results))]
        if left:
            cards = (self._card(item, now, why) for item, why in left)
            parts.append(section("Still waiting for you", "They stay marked.", *cards))
        self.frame.fill(*parts)
        self.refresh()
        QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, f"{said}."))
        self._tell_elsewhere("info", f"Decided as one: {said}.")
        self.setFocus(Qt.FocusReason.OtherFocusReason)
        self.decided.emit(answered)

    def _on_refused(self, error: BaseException) -> None:
        self._busy = False
        self.guard.deciding(busy=False)
        if isinstance(error, OrderMatters):
            self._offer_split(error)
            return
        if isinstance(error, KeyLocked):
            self.frame.tell(
                "Your key is locked, so nothing can be signed. Unlock it, then confirm."
            )
            self._tools.routes.unlock.emit()
            self.refresh()
            return
        why = self.batch.named(str(error)) or words.problem(error)
        said = f"Nothing was recorded. {words.sentence(why)}"
        self.frame.tell(f"{said} They are read again; look at them once more.")
        self._announce()
        self._read(self.batch.together())

    def _offer_split(self, error: OrderMatters) -> None:
        self._waits = self.batch.split(error.clashes)
        whys = "; ".join(dict.fromkeys(self.batch.named(why) for *_, why in error.clashes))
        now = [i.row.title for i in self.batch.together() if i.gate_id not in self._waits]
        later = [self.batch.items[gate].row.title for gate in self._waits]
        together = ", ".join(f"“{title}”" for title in now)
        afterwards = ", ".join(f"“{title}”" for title in later)
        self.frame.tell(
            f"Nothing was recorded, because their order matters: {whys}. "
            f"These can go together: {together}. Afterwards: {afterwards}.",
            f"Split: {len(now):,} now, {len(later):,} afterwards",
        )
        self._announce()
        self.refresh()

    def _tell_elsewhere(self, severity: str, text: str) -> None:
        """Says it over the page where the person has gone on to something else."""
        if not self.isVisible():
            self._tools.routes.say.emit(severity, text, "batch")

    def _announce(self) -> None:
        self._tell_elsewhere("danger", self.frame.refused.text())
        event = QAccessibleAnnouncementEvent(self, self.frame.refused.text())
        event.setPoliteness(QAccessible.AnnouncementPoliteness.Assertive)
        QAccessible.updateAccessibility(event)

    @Slot()
    def _on_split(self) -> None:
        self.batch.postpone(self._waits)
        self._waits = {}
        self.frame.tell("")
        self.guard.pane_changed()
        self._show()

    @Slot()
    def leave(self) -> None:
        """Goes back to the review, unless something is being recorded."""
        if not self._busy:
            self._reader.stop()
            self.left.emit()

    def window_active(self, *, active: bool) -> None:
        """The window got or lost the focus; what is in sight without it is not seen."""
        self._active = active
        self.guard.window_active(active=active)
        self.frame.look_soon()
        self.refresh()

    @Slot(object)
    def _on_status(self, change: StatusChanged) -> None:
        """Whoever takes the seat has seen nothing of what is listed: it is read anew."""
        before, self._sits = self._sits, change.status.operator
        if not before or before == self._sits or self._over:
            return
        self._seen = Seen()
        self.guard.seen(all_of_it=False)
        if not self._busy:
            self._read(self.batch.together())

    def entered(self) -> None:
        """The pane has come to the front."""
        self.guard.moved()
        self.refresh()
