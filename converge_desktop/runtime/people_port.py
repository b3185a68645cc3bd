"""What the window and the command line may ask of a desk about people, beside ``DeskPort``.

``name`` is the name of whose key is meant; that of the person at the desk where it is None.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from converge_desktop.runtime.deciding_model import Answered

if TYPE_CHECKING:
    from converge_core.ballot import Ballot
    from converge_desktop.adapters.identity.key_store import Kept
    from converge_desktop.runtime.ballots import Request
    from converge_desktop.runtime.carried import Carried
    from converge_desktop.runtime.peopling import OperatorRow
    from converge_desktop.runtime.person_views import PersonView


class PeoplePort(Protocol):
    """A running desk, as whoever looks after its people sees it."""

    def operators(self) -> Future[tuple[OperatorRow, ...]]:
        """Lists everybody who was ever enrolled, and whose keys lie here."""

    def person(self, operator_id: str) -> Future[PersonView]:
        """Says what is known of somebody, what they may decide, and what hangs on them."""

    def take_seat(self, name: str, passphrase: str = "") -> Future[str]:
        """Has somebody else sit at this desk, and returns their id; every other key is locked."""

    def enrol_operator(self, name: str, passphrase: str = "") -> Future[str]:
        """Makes a key for somebody at this desk, answers for them, and returns their id."""

    def import_operator(self, path: Path, public_key: str = "") -> Future[str]:
        """Answers for the owner of a key that was exported elsewhere, and returns their id.

        ``public_key`` is the key that was shown; the file must hold that one still.
        """

    def export_key(self, path: Path, name: str | None = None) -> Future[str]:
        """Writes the public half of somebody's key, and returns their id."""

    def rotate_key(self, reason: str, name: str | None = None) -> Future[str]:
        """Has somebody take another key, and returns their id."""

    def revoke_operator(self, name: str, reason: str) -> Future[str]:
        """Has somebody, by name or id, decide nothing any more, and returns their id."""

    def protect_key(self, name: str | None = None, passphrase: str = "") -> Future[Kept]:
        """Moves a key from its plain file under a passphrase; without one, into the keyring."""

    def change_passphrase(self, old: str, new: str) -> Future[Kept]:
        """Has the key of the person at the desk lie under another passphrase."""

    def request_vote(self, gate_id: str, shown: Sequence[str], path: Path) -> Future[None]:
        """Writes a request for a vote at another desk, with the evidence that belongs to it."""

    def look_at(self, path: Path) -> Future[Carried]:
        """Says what a file is that was carried here; nothing of it is recorded."""

    def read_request(self, path: Path) -> Future[Request]:
        """Reads a request of another desk, and checks what can be checked of it here."""

    def vote(
        self, request: Request, verdict: str, reason: str, path: Path, name: str | None = None
    ) -> Future[None]:
        """Signs a vote on a request of another desk, and writes it."""

    def import_vote(self, path: Path, signature: str = "") -> Future[tuple[Ballot, Answered]]:
        """Records a vote that was signed at another desk, and returns what came of it.

        ``signature`` is that of the vote that was shown; the file must hold that one still.
        """
