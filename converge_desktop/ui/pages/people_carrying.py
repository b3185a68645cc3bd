"""Files that go from desk to desk: requests, votes and public keys, in and out."""

from __future__ import annotations

import re
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from converge_core.errors import DecisionRefused
from converge_desktop.runtime.shown_lines import shown_lines
from converge_desktop.ui import words
from converge_desktop.ui.pages import people_acts as acts
from converge_desktop.ui.pages.page import Tools
from converge_desktop.ui.pages.people_doing import Doer
from converge_desktop.ui.widgets.act_box import Act, Field, Values

if TYPE_CHECKING:
    from converge_core.ballot import Ballot
    from converge_desktop.runtime.ballots import Request
    from converge_desktop.runtime.carried import Carried
    from converge_desktop.runtime.deciding_model import Answered
    from converge_desktop.runtime.peopling import OperatorRow
    from converge_desktop.runtime.review_model import Review

_TOPIC = "carried"


class Carrying(QObject):
    """Takes files in and writes them.

    Signals:
        asked: A request was read that holds; the file it came in.
        reading: What is being read, in a sentence; empty once it was.
    """

    asked = Signal(object, object)
    reading = Signal(str)

    def __init__(self, tools: Tools, doer: Doer, parent: QWidget) -> None:
        super().__init__(parent)
        self._tools = tools
        self._doer = doer
        self._parent = parent

    def open(self) -> None:
        """Lets the person choose a file of another desk."""
        chosen = ask_open(self._parent)
        if chosen:
            self.take(Path(chosen))

    def take(self, path: Path) -> None:
        """Looks at a file, and does what one does with what it is."""
        self.reading.emit(f"Reading {path.name}, and checking what it proves…")
        self._tools.bridge.ask(
            self,
            self._tools.desk.look_at(path),
            partial(self._on_seen, path),
            partial(self._on_not_seen, path),
        )

    def export(self, row: OperatorRow) -> None:
        """Writes somebody's public key, to be enrolled at another desk."""
        chosen = ask_save(self._parent, "Export a public key", f"{_plain(row.name)}.key")
        if not chosen:
            return
        done = f"{chosen} holds the public key of {row.operator_id}. Have it enrolled elsewhere."
        self._tools.bridge.ask(
            self,
            self._tools.desk.export_key(Path(chosen), None if row.sits else row.name),
            lambda _: self._say("good", done),
            partial(self._failed, "The key was not exported."),
        )

    def ask_elsewhere(self, gate_id: str) -> None:
        """Writes a request for a vote on an open gate, as it is shown."""
        chosen = ask_save(self._parent, "Ask another desk", f"{_plain(gate_id)}.request.jsonl")
        if not chosen:
            return
        self._say("info", "Gathering the evidence for the other desk…")
        self._tools.bridge.ask(
            self,
            self._tools.desk.review(gate_id),
            partial(self._on_review, Path(chosen)),
            partial(self._failed, "Nobody was asked."),
        )

    def vote(self, request: Request, verdict: str, file: Path) -> None:
        """Votes on a request; a rejection is asked for its reason first."""
        if verdict == "reject":
            self._doer.ask(
                _REJECT,
                lambda typed: self._written(request, verdict, typed["reason"], file),
                lambda told, _: str(told),
            )
            return
        self._tools.bridge.ask(
            self,
            self._written(request, verdict, "", file),
            partial(self._say, "good"),
            partial(self._failed, "No vote was written."),
        )

    def _written(self, request: Request, verdict: str, reason: str, file: Path) -> Future[str]:
        """Writes a vote where the person chooses, and returns what is to be said of it."""
        told: Future[str] = Future()
        chosen = ask_save(self._parent, "Keep your vote", vote_name(file), str(file.parent))
        if not chosen:
            told.set_exception(DecisionRefused("no place was chosen for your vote; vote again"))
            return told
        said = f"{chosen} holds your vote to {verdict}. Take it back to the desk that asked."

        def done(written: Future[None]) -> None:
            error = written.exception()
            if error is not None:
                told.set_exception(error)
            else:
                told.set_result(said)

        vote = self._tools.desk.vote(request, verdict, reason, Path(chosen))
        vote.add_done_callback(done)
        return told

    def _on_seen(self, path: Path, seen: Carried) -> None:
        # Imported here: the desk has them by now, and a window that starts needs none of it.
        from converge_core.ballot import Ballot  # noqa: PLC0415
        from converge_desktop.runtime.ballots import Request  # noqa: PLC0415

        self.reading.emit("")
        if isinstance(seen, Request):
            self.asked.emit(seen, path)
        elif isinstance(seen, Ballot):
            self._take_vote(path, seen)
        else:
            self._doer.welcome(path, seen.operator)

    def _take_vote(self, path: Path, ballot: Ballot) -> None:
        def told(result: tuple[Ballot, Answered], _: Values) -> str:
            taken, answered = result
            said = taken.decision
            how = f"is {answered.end} now" if answered.end else "waits for more votes"
            return f"{said.operator} chose to {said.verdict} it, and the proposal {how}."

        signed = ballot.decision.signature
        self._doer.ask(
            acts.take_vote(path, ballot), lambda _: self._tools.desk.import_vote(path, signed), told
        )

    def _on_not_seen(self, path: Path, error: BaseException) -> None:
        self.reading.emit("")
        self._say("danger", f"{path.name} cannot be used. {words.problem(error)}")

    def _on_review(self, path: Path, review: Review) -> None:
        asked = self._tools.desk.request_vote(review.gate_id, shown_lines(review), path)
        done = (
            f"{path} asks for a vote on “{review.title}”, with the evidence. Take it to the other "
            "desk, and bring their vote back (People)."
        )
        self._tools.bridge.ask(
            self,
            asked,
            lambda _: self._say("good", done),
            partial(self._failed, "Nobody was asked."),
        )

    def _failed(self, what: str, error: BaseException) -> None:
        self._say("danger", f"{what} {words.problem(error)}")

    def _say(self, severity: str, text: str) -> None:
        if text:
            self._tools.routes.say.emit(severity, text, _TOPIC)


def _reason_lacks(typed: Values) -> str:
    return "" if typed["reason"] else "A rejection needs a reason."


_REJECT = Act(
    id="vote-reject",
    title="Why not?",
    about="Who asked, and the agent, read it.",
    verb="Reject with this reason",
    writes="Writes your vote into a file, signed by you. Nothing is written into this desk's "
    "ledger.",
    fields=(Field("reason", "Reason", "what speaks against it"),),
    lacks=_reason_lacks,
)


def vote_name(path: Path) -> str:
    """Returns a name for the file of the vote on a request."""
    return f"{path.name.partition('.')[0] or 'request'}.vote.json"


def _plain(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9-]+", "-", name).strip("-") or "file"


def ask_open(parent: QWidget) -> str:
    """Asks for a file of another desk; returns nothing where the person leaves it."""
    kinds = "All files (*)"
    chosen, _ = QFileDialog.getOpenFileName(parent, "A file of another desk", "", kinds)
    return chosen


def ask_save(parent: QWidget, title: str, name: str, folder: str = "") -> str:
    """Asks where a file is to lie; returns nothing where the person leaves it."""
    start = str((Path(folder) if folder else Path.home()) / name)
    chosen, _ = QFileDialog.getSaveFileName(parent, title, start)
    return chosen
