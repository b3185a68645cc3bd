"""Whether the agents of a new run are shown what was found and decided before."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QVBoxLayout, QWidget

from converge_desktop.runtime.port import RecallChanged
from converge_desktop.ui import fonts, words
from converge_desktop.ui.pages.page import Tools
from converge_desktop.ui.widgets.labels import Label
from converge_desktop.ui.widgets.switch import Switch

_NAME = "Let agents recall"
_HINTS = "A hint is never evidence, and no answer may cite one. The run’s replay grade says so."


class RecallChoice(QWidget):
    """A switch with what it does, where the policy of a pack lets it be asked for.

    It is off until a person turns it on, and off again for the next run.
    """

    def __init__(self, tools: Tools) -> None:
        super().__init__()
        self.switch = Switch(_NAME)
        title = Label(_NAME, "strong")
        title.setBuddy(self.switch)
        self._does = Label("", "small", "muted").wrapped()
        self._note = Label("", "small", "caution").wrapped()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, fonts.measures().unit)
        column.setSpacing(fonts.measures().unit)
        for widget in (title, self.switch, self._does, self._note):
            column.addWidget(widget)
        self.hide()
        self._tell(tools.desk.recall_state())
        tools.bridge.recall_changed.connect(self._tell)

    def offer(self, sentence: str) -> None:
        """Offers it with what it does, or not at all where the sentence is empty."""
        does = f"{sentence} {_HINTS}" if sentence else ""
        self._does.say(does)
        self.switch.setAccessibleDescription(does)
        if not sentence:
            self.reset()
        self.setVisible(bool(sentence))

    def reset(self) -> None:
        """Turns it off."""
        self.switch.setChecked(False)

    def wanted(self) -> bool:
        """Says whether the person asks for it."""
        return self.switch.isChecked()

    @Slot(object)
    def _tell(self, change: RecallChanged) -> None:
        """Lets it be asked for where something can be recalled, and says why where not."""
        why_not, note = _why_not(change), _up_to(change)
        self.switch.setEnabled(not why_not)
        if why_not:
            self.reset()
        self._note.say(why_not or note)
        self._note.setVisible(bool(why_not or note))


def _why_not(change: RecallChanged) -> str:
    """Says why nothing can be recalled now; empty if something can."""
    match change.state:
        case "off":
            return "Not on this desk: it was opened without a model that embeds texts."
        case "opening":
            return "Not yet: what can be recalled is still being opened."
        case "failed" if change.seq < 0:
            return f"Not now: recall failed. {words.sentence(change.trouble)}"
    return ""


def _up_to(change: RecallChanged) -> str:
    """Says from how much hints come, where that is not all there is."""
    upto = max(change.seq, 0)
    match change.state:
        case "filling":
            return f"Recall has read the ledger up to record {upto:,} so far; hints come from that."
        case "failed":
            trouble = words.sentence(change.trouble)
            return f"Recall goes no further. {trouble} Hints, if any, end at record {upto:,}."
    return ""
