"""A section of the review: a heading, what is under it, and a way to fold it."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLayout, QVBoxLayout, QWidget

from converge_desktop.runtime.deciding_model import Change
from converge_desktop.runtime.review_model import Review
from converge_desktop.ui import fonts
from converge_desktop.ui.widgets.buttons import IconButton
from converge_desktop.ui.widgets.checks import Sign
from converge_desktop.ui.widgets.chips import clear
from converge_desktop.ui.widgets.diff import DiffList
from converge_desktop.ui.widgets.labels import Label, caption

PART_WORDS = {
    "what": "what becomes true",
    "consequences": "what follows from it",
    "truth": "what it stands against",
    "reasoning": "the reasoning",
    "evaluation": "the evaluation",
    "plan": "the plan",
    "evidence": "the evidence",
    "checks": "the checks",
    "rule": "who asked and who may decide",
    "notes": "what is to be minded",
    "raw": "the raw steps",
}
"""What the parts of a review are called, inside a sentence."""


def listed(parts: tuple[str, ...]) -> str:
    """Names parts of a review inside a sentence: ``the evidence, the checks and the plan``."""
    names = [PART_WORDS.get(name, name) for name in parts]
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


class Section(QWidget):
    """A heading with its content. Only the person folds it; it begins open.

    Signals:
        folded: It was folded or opened.
    """

    folded = Signal()

    def __init__(self, title: str) -> None:
        super().__init__()
        self.title = title
        self.used = True
        self._folded = False
        unit = fonts.measures().unit
        self.setAccessibleName(title)
        self.fold_button = IconButton("chevron-down", f"Fold {title}", 12)
        self.fold_button.clicked.connect(self.turn)
        head = QHBoxLayout()
        head.setSpacing(unit // 2)
        head.addWidget(caption(title))
        head.addWidget(self.fold_button)
        head.addStretch(1)
        said = f"Folded. Nothing of it counts as seen; open it to read {title.casefold()}."
        self._note = Label(said, "small", "muted").wrapped()
        self._note.hide()
        self._hold = QWidget()
        self.content = QVBoxLayout(self._hold)
        self.content.setContentsMargins(0, 0, 0, 0)
        self.content.setSpacing(unit)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(unit // 2)
        column.addLayout(head)
        column.addWidget(self._note)
        column.addWidget(self._hold)

    def add(self, what: QWidget | QLayout) -> None:
        """Puts something under what is there."""
        if isinstance(what, QLayout):
            self.content.addLayout(what)
        else:
            self.content.addWidget(what)

    def begin(self, part: str, review: Review) -> None:
        """Empties it for another review; what of the part changed since it was opened comes first.

        Args:
            part: The name of the part, as in ``Review.parts``.
            review: The review.
        """
        clear(self.content)
        for row in review.since:
            if row.part == part:
                self.add(ChangedSince(part, row.changes))

    def use(self, *, used: bool) -> None:
        """Shows it where the review has something for it, else not; ``used`` says which."""
        self.used = used
        self.setVisible(used)

    def is_folded(self) -> bool:
        """Says whether it is folded."""
        return self._folded

    def fold(self, *, folded: bool) -> None:
        """Folds it, or opens it."""
        if folded is self._folded:
            return
        self._folded = folded
        self._hold.setVisible(not folded)
        self._note.setVisible(folded)
        name = f"{'Open' if folded else 'Fold'} {self.title}"
        self.fold_button.turn("chevron-right" if folded else "chevron-down")
        self.fold_button.setAccessibleName(name)
        self.fold_button.setToolTip(name)
        self.folded.emit()

    @Slot()
    def turn(self) -> None:
        """Folds it if it is open, and the other way round."""
        self.fold(folded=not self.is_folded())


class ChangedSince(QWidget):
    """What of a part is other than when it was opened before."""

    def __init__(self, part: str, changes: tuple[Change, ...]) -> None:
        super().__init__()
        unit = fonts.measures().unit
        head = QHBoxLayout()
        head.setSpacing(unit - 2)
        head.addWidget(Sign("alert", "caution", "Changed"))
        head.addWidget(Label("Changed since you opened it", "small-strong", "caution"))
        head.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, unit // 2)
        column.setSpacing(unit // 2)
        column.addLayout(head)
        column.addWidget(DiffList(changes))
        self.setAccessibleName(f"Changed since you opened it: {PART_WORDS.get(part, part)}")
