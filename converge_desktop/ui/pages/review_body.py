"""The review itself: what becomes true, why, on what evidence, under which rule, and the raw."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

from PySide6.QtCore import QRect, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QMoveEvent, QPaintEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QBoxLayout, QVBoxLayout

from converge_desktop.runtime.deciding_model import Previews
from converge_desktop.runtime.review_model import Review
from converge_desktop.ui import fonts
from converge_desktop.ui.actions import Action
from converge_desktop.ui.pages.review_main import ReviewMain
from converge_desktop.ui.pages.review_notices import Notices
from converge_desktop.ui.pages.review_previews import PreviewsView
from converge_desktop.ui.pages.review_raw import RawSteps
from converge_desktop.ui.pages.review_section import Section
from converge_desktop.ui.pages.review_side import ReviewSide
from converge_desktop.ui.pages.review_unseen import Found, look_through, note_of
from converge_desktop.ui.pages.review_walk import Walk, walking
from converge_desktop.ui.pages.review_watch import Watch
from converge_desktop.ui.widgets.link_text import LinkText
from converge_desktop.ui.widgets.moment import Moment
from converge_desktop.ui.widgets.scroll import ScrollBody

_TICK_MS = 30_000
_SCAN = 20_000
"""How many characters are looked through in one turn of the event loop."""
_CLOSED = "It takes no answer any more, so there is nothing that could follow from one."


class ReviewBody(ScrollBody):
    """All of a review but its heading and its buttons.

    Signals:
        painted: The review is on the screen.
        traced: The person asks where a fact came from: run id, fact id.
        trace_wanted: The person asks for a recorded step.
        run_wanted: The person asks for a run.
        gate_wanted: The person asks for another proposal, by its gate's id.
        previews_wanted: What would follow is wanted for a gate; ``show_previews`` or
            ``previews_failed`` answers.
        alike_wanted: The review of a gate is on the screen, so that what was decided about things
            like it may be looked for; ``side.alike`` shows that.
        copied: A fact's id was copied.
        look_at: A rectangle that should be brought into sight.
        seen_changed: Other parts than before have been seen.
    """

    painted = Signal()
    traced = Signal(str, str)
    trace_wanted = Signal(str)
    run_wanted = Signal(str)
    gate_wanted = Signal(str)
    previews_wanted = Signal(str)
    alike_wanted = Signal(str)
    copied = Signal(str)
    look_at = Signal(QRect)
    seen_changed = Signal()

    def __init__(self, now: Callable[[], int]) -> None:
        """Makes an empty review.

        Args:
            now: What time it is, for what is told as long ago.
        """
        super().__init__()
        self._now = now
        self._witness = False
        self._review: Review | None = None
        self._found: Found = Counter()
        self._scan: Iterator[int] = iter(())
        self.notices = Notices()
        self.main = ReviewMain()
        self.side = ReviewSide()
        self.previews = PreviewsView()
        self.raw = RawSteps()
        self.preview_section = Section("What would follow")
        self.raw_section = Section("Raw")
        self.watch = Watch(self)
        self.walk = Walk(self, self.sections, self.show_unseen)
        self._lay_out(fonts.measures().unit)
        self._connect()

    def _lay_out(self, unit: int) -> None:
        self.preview_section.add(self.previews)
        self.raw_section.add(self.raw)
        self._box = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._box.setSpacing(unit * 3)
        self._box.addWidget(self.main, 1000, Qt.AlignmentFlag.AlignTop)
        self._box.addWidget(self.side, 0, Qt.AlignmentFlag.AlignTop)
        self._box.addStretch(1)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(unit * 3, unit * 2 + 2, unit * 3, unit * 3)
        outer.setSpacing(unit * 3)
        outer.addWidget(self.notices)
        outer.addLayout(self._box)
        outer.addWidget(self.preview_section)
        outer.addWidget(self.raw_section)
        outer.addStretch(1)

    def _connect(self) -> None:
        self.side.evidence.traced.connect(self._on_traced)
        self.side.evidence.copied.connect(self.copied)
        self.side.evidence.shown.connect(self._on_evidence_shown)
        self.side.evidence.built.connect(self._on_evidence_built)
        self.side.trace_wanted.connect(self.trace_wanted)
        self.side.run_wanted.connect(self.run_wanted)
        self.main.followed.connect(self.follow)
        self.raw.followed.connect(self.follow)
        self.raw.trace_wanted.connect(self.trace_wanted)
        self.raw.turned.connect(self.watch.soon)
        self.previews.wanted.connect(self._ask_previews)
        for leading in (self.notices, self.main, self.side):
            leading.fact.connect(self._on_traced)
            leading.gate.connect(self.gate_wanted)
        for section in self.sections():
            section.folded.connect(self.watch.soon)
        self.watch.changed.connect(self.seen_changed)
        self._turn = QTimer(self)
        self._turn.setInterval(0)
        self._turn.timeout.connect(self._scan_on)
        self._tick = QTimer(self)
        self._tick.setInterval(_TICK_MS)
        self._tick.timeout.connect(self.tell_time)

    def sections(self) -> tuple[Section, ...]:
        """Lists the sections that show something, in the order of reading."""
        every = (
            *self.main.sections(),
            *self.side.sections(),
            self.preview_section,
            self.raw_section,
        )
        return tuple(one for one in every if one.used)

    def actions_of(self) -> tuple[Action, ...]:
        """Lists what can be done while reading, for the one table of actions."""
        unseen = Action(
            "review.unseen",
            "Show what must still be seen",
            ("Alt+End",),
            self.show_unseen,
            "Go",
            lambda: bool(self.not_seen()),
            page="inbox",
            needs="a proposal of which something must still be seen",
        )
        return (*walking(self.walk, lambda: self._review is not None), unseen)

    # What is shown.

    def show_review(self, review: Review) -> None:
        """Shows a review; ``painted`` follows once it is on the screen."""
        other = self._review is None or review.gate_id != self._review.gate_id
        self._review = review
        self.notices.show_review(review)
        self.main.show_review(review)
        self.side.show_review(review, self._now())
        self.raw.show_steps(review.raw)
        self.raw_section.use(used=bool(review.raw))
        if other:
            for section in self.sections():
                section.fold(folded=False)
        self._watch(review)
        self._ask_previews()
        self._found = Counter()
        self._scan = look_through(review, self._found)
        self._scan_on()
        self._arrange(self.width())
        self._tick.start()
        self._witness = True
        self.update()

    def tell_standing(self, review: Review) -> None:
        """Shows how the gate of the review that is shown stands by now; nothing else moves."""
        if self._review is None or review.gate_id != self._review.gate_id:
            return
        was_open = _is_open(self._review)
        self._review = review
        self.notices.show_review(review)
        self._tell_unseen()
        self.side.tell(review, self._now())
        if was_open and not _is_open(review):
            self.previews.none(_CLOSED)

    def show_previews(self, previews: Previews) -> None:
        """Shows what approving and what rejecting would lead to."""
        if self._review is not None and previews.gate_id == self._review.gate_id:
            self.previews.show_previews(previews)

    def previews_failed(self, words: str) -> None:
        """Says in a sentence why what would follow cannot be shown."""
        self.previews.failed(words)

    @Slot()
    def _ask_previews(self) -> None:
        review = self._review
        if review is None:
            return
        if not _is_open(review):
            self.previews.none(_CLOSED)
            return
        self.previews.wait(review.becomes_true)
        self.previews_wanted.emit(review.gate_id)

    def texts(self) -> list[LinkText]:
        """Lists the running texts, for tests and for a change of colours."""
        return self.main.texts()

    def retint(self) -> None:
        """Draws running text in the colours now in force."""
        for text in self.texts():
            text.retint()
        self.raw.retint()
        self.update()

    @Slot()
    def tell_time(self) -> None:
        """Says how long ago and how far ahead everything is by now."""
        for moment in self.findChildren(Moment):
            moment.tell(self._now())

    # What was seen.

    def seen(self) -> tuple[str, ...]:
        """Lists the parts that were seen whole, in the order of ``Review.parts``."""
        return self.watch.seen()

    def not_seen(self) -> tuple[str, ...]:
        """Lists the parts that must be seen before anybody approves, and were not."""
        return self.watch.not_seen()

    def window_active(self, *, active: bool) -> None:
        """The window got or lost the focus; what is in sight without it is not seen."""
        self.watch.activate(active=active)

    @Slot()
    def show_unseen(self) -> None:
        """Brings what must still be seen into sight; opens it where it is folded."""
        for section in self.sections():
            region = self.watch.first_unseen()
            if region is not None and section.is_folded() and section.isAncestorOf(region):
                section.fold(folded=False)
        region = self.watch.first_unseen()
        if region is not None:
            self.walk.show(region)

    def _watch(self, review: Review) -> None:
        self.watch.begin(review)
        evidence = self.side.evidence
        for part, region in (*self.main.regions, *self.side.regions):
            if region is evidence:
                self.watch.add(part, region, lambda: not evidence.is_whole())
            else:
                self.watch.add(part, region)
        if review.raw:
            self.watch.add("raw", self.raw, self.raw.is_shut)

    @Slot()
    def _scan_on(self) -> None:
        """Looks through the next piece of the texts for what the eye would miss."""
        left = _SCAN
        for size in self._scan:
            left -= size
            if left <= 0:
                self._turn.start()
                return
        self._turn.stop()
        self._tell_unseen()

    def _tell_unseen(self) -> None:
        self.notices.show_unseen(*note_of(self._found))

    # Where everything is.

    @Slot(str)
    def follow(self, fact_id: str) -> None:
        """Leads from a number in a text to the fact it stands for."""
        if self.side.evidence.item(fact_id) is None:
            self._on_traced(fact_id)
            return
        self.side.evidence_section.fold(folded=False)
        self.side.evidence.lead_to(fact_id)

    def _arrange(self, width: int) -> None:
        measures = fonts.measures()
        inner = width - measures.unit * 6
        stacked = inner < measures.unit * 66
        down = QBoxLayout.Direction.TopToBottom
        self._box.setDirection(down if stacked else QBoxLayout.Direction.LeftToRight)
        if stacked:
            self.side.setMinimumWidth(0)
            self.side.setMaximumWidth(measures.text_width)
            left, beside = inner, 0
        else:
            side = max(measures.unit * 34, min(measures.side + measures.unit * 8, inner * 3 // 8))
            self.side.setFixedWidth(side)
            beside = side + measures.unit * 3
            left = inner - beside
        self.main.setMaximumWidth(measures.text_width + measures.unit * 12)
        whole = min(left, self.main.maximumWidth()) + beside
        for below in (self.notices, self.preview_section, self.raw_section):
            below.setMaximumWidth(whole)
        self.main.arrange(narrow=left < measures.unit * 50)

    @Slot(str)
    def _on_traced(self, fact_id: str) -> None:
        if self._review is not None:
            self.traced.emit(self._review.run_id, fact_id)

    @Slot()
    def _on_evidence_built(self) -> None:
        self.watch.heed(self.side.evidence)

    @Slot(QRect)
    def _on_evidence_shown(self, rect: QRect) -> None:
        place = self.side.evidence.mapTo(self, rect.topLeft())
        self.look_at.emit(QRect(place, rect.size()))

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Override QWidget.resizeEvent."""
        super().resizeEvent(event)
        self._arrange(event.size().width())
        self.watch.soon()

    def moveEvent(self, event: QMoveEvent) -> None:  # noqa: N802
        """Override QWidget.moveEvent: it was scrolled."""
        super().moveEvent(event)
        self.watch.soon()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        """Override QWidget.showEvent."""
        super().showEvent(event)
        self.watch.soon()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Override QWidget.paintEvent: notes that the review was seen."""
        super().paintEvent(event)
        self.watch.drawn()
        if self._witness:
            self._witness = False
            self.painted.emit()
            if self._review is not None:
                self.alike_wanted.emit(self._review.gate_id)


def _is_open(review: Review) -> bool:
    return review.standing is None or review.standing.phase == "open"
