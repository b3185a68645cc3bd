"""Votes across desks that never meet: a request goes out as a file, a vote comes in as one."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog, QWidget

from converge_desktop.runtime.deciding_model import Answered
from converge_desktop.runtime.review_model import Review
from converge_desktop.runtime.shown_lines import shown_lines
from converge_desktop.ui import words
from converge_desktop.ui.pages.decide_words import name, timed
from converge_desktop.ui.pages.page import Tools

if TYPE_CHECKING:
    from converge_core.ballot import Ballot

REQUEST = ".request.jsonl"


class VoteFiles(QObject):
    """Asks where a file goes or lies, has the desk write or read it, and says what came of it."""

    def __init__(self, tools: Tools, parent: QWidget) -> None:
        super().__init__(parent)
        self._tools = tools
        self._parent = parent

    def request(self, review: Review) -> None:
        """Asks where the request for a vote is to lie, and has it written."""
        start = str(Path.home() / (re.sub(r"[^\w.-]+", "-", review.gate_id) + REQUEST))
        kinds = "Requests for a vote (*.jsonl)"
        title = "Request a vote from another desk"
        chosen, _ = QFileDialog.getSaveFileName(self._parent, title, start, kinds)
        if chosen:
            self.write(review, Path(chosen))

    def write(self, review: Review, path: Path) -> None:
        """Has a request written that shows the other desk what is shown here."""
        self._say("info", "Signing the request and gathering its evidence…")
        self._tools.bridge.ask(
            self,
            self._tools.desk.request_vote(review.gate_id, shown_lines(review), path),
            partial(self._on_written, path),
            partial(self._on_failed, "No request was written."),
        )

    def bring_in(self) -> None:
        """Asks which vote is to be brought in, and has it recorded."""
        title, kinds = "Bring a vote in", "Votes (*.json);;All files (*)"
        chosen, _ = QFileDialog.getOpenFileName(self._parent, title, str(Path.home()), kinds)
        if chosen:
            self.read(Path(chosen))

    def read(self, path: Path) -> None:
        """Has a vote recorded from a file that the person chose."""
        self._tools.bridge.ask(
            self,
            self._tools.desk.import_vote(path),
            self._on_read,
            partial(self._on_failed, f"No vote was taken from {path.name}."),
        )

    def _on_written(self, path: Path, _: None) -> None:
        self._say(
            "good",
            f"The request lies in {path}. Take it to the other desk; whoever votes there opens it "
            f"on the People page. What they give you comes back with “Bring a vote in”.",
        )

    def _on_read(self, came: tuple[Ballot, Answered]) -> None:
        ballot, answered = came
        who = name(ballot.decision.operator)
        stands = "It still takes more votes." if answered.phase == "open" else "That decides it."
        self._say("good", f"The vote of {who} is recorded. {stands}")

    def _on_failed(self, what: str, error: BaseException) -> None:
        self._say("danger", f"{what} {timed(words.problem(error))}")

    def _say(self, severity: str, text: str) -> None:
        self._tools.routes.say.emit(severity, text, "vote")
