"""What the window and the command line may ask of a desk about its gates, beside ``DeskPort``.

``operator`` is the name of whoever answers; the person at the desk where it is None.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from typing import Protocol

from converge_desktop.runtime.deciding_model import (
    Allowed,
    Answer,
    Answered,
    Doing,
    Edit,
    EditView,
    Previews,
    Retraction,
    Settling,
)
from converge_desktop.runtime.review_model import Review


class DecidingPort(Protocol):
    """A running desk, as whoever decides sees it."""

    def review(self, gate_id: str, since: str = "") -> Future[Review]:
        """Assembles what a person is shown; ``since`` is the digest of what was opened before."""

    def allowed(self, gate_id: str, operator: str | None = None) -> Future[Allowed]:
        """Returns what somebody may do at a gate; their key may be locked."""

    def proposed(self, gate_id: str) -> Future[Edit]:
        """Returns what a proposal says, as an edit of it begins."""

    def settling(self) -> Future[tuple[Settling, ...]]:
        """Lists the decisions that can still be undone, the newest first."""

    def previews(self, gate_id: str) -> Future[Previews]:
        """Returns what approving and what rejecting would lead to, side by side."""

    def look_at_edit(
        self, gate_id: str, edit: Edit, operator: str | None = None
    ) -> Future[EditView]:
        """Returns what an edit would change, and all that speaks against it."""

    def answer(self, answer: Answer, operator: str | None = None) -> Future[Answered]:
        """Signs and records an answer, and returns what came of it at once."""

    def decide_many(
        self, answers: Sequence[Answer], operator: str | None = None
    ) -> Future[tuple[Answered, ...]]:
        """Signs and records several answers as one: all of them are taken, or none is."""

    def act(self, doing: Doing, operator: str | None = None) -> Future[Answered]:
        """Signs and records that somebody undid, extended, delegated or escalated."""

    def retract(
        self,
        run_id: str,
        fact_id: str,
        reason: str,
        instead: Edit | None = None,
        operator: str | None = None,
    ) -> Future[Retraction]:
        """Proposes a correction that takes a fact back, and tells what rests on that fact."""

    def filters(self) -> Future[tuple[tuple[str, str], ...]]:
        """Lists the filters of the inbox that were saved, by name."""

    def save_filter(self, name: str, text: str) -> Future[None]:
        """Keeps a filter of the inbox under a name; an empty text takes it away."""
