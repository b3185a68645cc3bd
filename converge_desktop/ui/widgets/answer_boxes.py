"""The boxes for all that a person answers with words, and for whom a vote is handed over to."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QComboBox, QWidget

from converge_desktop.ui import fonts
from converge_desktop.ui.widgets.answer_box import ReasonBox

REJECTIONS = (
    "The evidence does not support it.",
    "A source is missing or out of date.",
    "The plan leaves something out.",
    "Not now: circumstances have changed.",
)
REFINEMENTS = (
    "Say until when.",
    "Say what speaks against it.",
    "Propose a smaller step.",
    "Name who does each step.",
)


def reject_box() -> ReasonBox:
    """Makes the box in which a rejection gets its reason."""
    return ReasonBox(
        "Why not?",
        "Reject with this reason",
        name="Reason for rejecting",
        hint="What speaks against it? The agent and the record get this.",
        need="A rejection needs a reason.",
        presets=REJECTIONS,
    )


def refine_box() -> ReasonBox:
    """Makes the box in which a proposal goes back to its author with feedback."""
    return ReasonBox(
        "What is to be better?",
        "Send back with this feedback",
        name="Feedback to the author",
        hint="What should its author think over? It becomes a fact that the author sees.",
        need="Sending it back needs feedback to go by.",
        presets=REFINEMENTS,
    )


def extend_box() -> ReasonBox:
    """Makes the box in which a deadline is moved."""
    return ReasonBox(
        "More time?",
        "Extend the deadline",
        name="Reason for extending",
        hint="Why it takes longer, for the record. May be left empty.",
    )


def escalate_box() -> ReasonBox:
    """Makes the box in which others are asked instead."""
    return ReasonBox(
        "Have others decide?",
        "Escalate with this reason",
        name="Reason for escalating",
        hint="Why is this not for those who are asked now?",
        need="Escalating needs a reason.",
    )


class DelegateBox(ReasonBox):
    """Chooses who votes instead of the person."""

    def __init__(self) -> None:
        super().__init__(
            "Who votes instead of you?",
            "Delegate your vote",
            name="Reason for delegating",
            hint="Why them, for the record. May be left empty.",
        )
        self.whom = QComboBox()
        self.whom.setFont(fonts.font("body"))
        self.whom.setAccessibleName("Who votes instead of you")
        self.whom.currentIndexChanged.connect(self._on_chosen)
        self.content.insertWidget(0, self.whom)
        self.offer(())

    def offer(self, people: tuple[tuple[str, str], ...]) -> None:
        """Offers people, by id and name; who was chosen stays so where they are still offered."""
        chosen = self.to()
        self.whom.clear()
        self.whom.addItem("Choose a person…", "")
        for who, name in people:
            self.whom.addItem(f"{name}  ({who})", who)
        self.whom.setCurrentIndex(max(0, self.whom.findData(chosen)))
        self.refresh()

    def to(self) -> str:
        """Returns who was chosen, by id; empty while nobody is."""
        return str(self.whom.currentData() or "")

    def lacks(self) -> str:
        """Override AnswerBox.lacks."""
        return "" if self.to() else "Choose who votes instead of you."

    def first(self) -> QWidget:
        """Override AnswerBox.first."""
        return self.whom

    def reset(self) -> None:
        """Override AnswerBox.reset."""
        self.whom.setCurrentIndex(0)
        super().reset()

    @Slot(int)
    def _on_chosen(self, _: int) -> None:
        self.refresh()
