"""What has to be known before a review is read: over it, and only where there is something."""

from __future__ import annotations

from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from converge_desktop.runtime.review_model import Review
from converge_desktop.ui import fonts
from converge_desktop.ui.pages.review_truth import GroundView, Leading
from converge_desktop.ui.widgets.checks import Sign
from converge_desktop.ui.widgets.chips import clear
from converge_desktop.ui.widgets.labels import Label
from converge_desktop.ui.widgets.whole_text import WholeText

_GROUND = (
    "− is what it rested on when it was asked, + is what holds now. An approval is bound to what "
    "you see here; where more moves, it is asked anew."
)


class Notices(Leading):
    """Cards with one thing to mind each."""

    def __init__(self) -> None:
        super().__init__()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(fonts.measures().unit)
        self._unseen: QFrame | None = None
        self.hide()

    def show_review(self, review: Review) -> None:
        """Shows what is to be minded about a review."""
        clear(self._column)
        self._unseen = None
        standing = review.standing
        if standing is not None and standing.moved:
            ground = GroundView(standing.moved)
            ground.fact.connect(self.fact)
            self._card("The ground moved since this was asked", _GROUND, ground)
        if standing is not None and standing.will_move:
            said = "\n".join(standing.will_move)
            self._card("Answers that wait for their effect have to do with this one", said)
        self.setVisible(self._column.count() > 0)

    def show_unseen(self, head: str, text: str) -> None:
        """Says what of the texts the eye would miss; nothing where there is no such thing."""
        if self._unseen is not None:
            self._column.removeWidget(self._unseen)
            self._unseen.hide()
            self._unseen.deleteLater()
            self._unseen = None
        if head:
            self._unseen = self._card(head, text)
        self.setVisible(self._column.count() > 0)

    def _card(self, head: str, text: str, more: QWidget | None = None) -> QFrame:
        unit = fonts.measures().unit
        card = QFrame()
        card.setProperty("card", "plain")
        card.setAccessibleName(head)
        row = QHBoxLayout(card)
        row.setContentsMargins(unit + 4, unit, unit + 4, unit + 2)
        row.setSpacing(unit + 2)
        hold = QVBoxLayout()
        hold.addWidget(Sign("alert", "caution", "Mind"))
        hold.addStretch(1)
        row.addLayout(hold)
        column = QVBoxLayout()
        column.setSpacing(unit // 2)
        column.addWidget(Label(head, "small-strong").wrapped())
        column.addWidget(WholeText(text, "small"))
        if more is not None:
            column.addSpacing(unit // 2)
            column.addWidget(more)
        row.addLayout(column, 1)
        self._column.addWidget(card)
        return card
