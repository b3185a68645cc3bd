"""A ledger as it is read, record by record: what it says so far, and the tree over it.

All that is believed of a record is in :mod:`converge_core.audit`; what takes the whole ledger
before it is here. A checkpoint in the ledger covers every record before it, so it is held against
the tree over them, and against the key of the person who signed it.
"""

from __future__ import annotations

from converge_core.audit import read_in
from converge_core.checkpoint import SignedCheckpoint, why_not_signed, why_not_taken
from converge_core.errors import LedgerCorrupt
from converge_core.events import CheckpointSigned
from converge_core.ledger import Chain, Entry
from converge_core.merkle import Frontier
from converge_core.people import why_away
from converge_core.review import SignatureCheck
from converge_core.run_state import DeskState
from converge_core.state import fold

BUFFER = 1024
"""How many records may wait before the tree takes them in; each waits as its hash."""


class Reading:
    """A ledger read as far as the last record taken.

    Args:
        state: what the records before say; it is used up.
        frontier: the tree over them.
        chain: where the next one goes.
        verify: how signatures are checked.
    """

    def __init__(
        self, state: DeskState, frontier: Frontier, chain: Chain, verify: SignatureCheck
    ) -> None:
        self.state = state
        self._frontier = frontier
        self._seq, self._hash = chain.seq, chain.hash
        self._verify = verify
        self._waiting: list[str] = []

    @property
    def chain(self) -> Chain:
        """Where the next record goes."""
        return Chain(self._seq, self._hash)

    @property
    def frontier(self) -> Frontier:
        """The tree over all records taken, also over those whose body was left out."""
        if self._waiting:
            self._frontier = self._frontier.extend(map(bytes.fromhex, self._waiting))
            self._waiting.clear()
        return self._frontier

    def grow_tree(self) -> None:
        """Takes what waits into the tree now, rather than when it is asked for."""
        self._frontier = self.frontier

    def take(self, entry: Entry) -> None:
        """Takes in the next record, after checking what it claims.

        Raises:
            LedgerCorrupt: if it claims what does not stand before it, or what nobody signed;
                then nothing is changed.
        """
        event = entry.event
        if isinstance(event, CheckpointSigned):
            reason = self._why_not(event.signed)
            if reason:
                raise LedgerCorrupt(entry.head.seq, reason)
        self.state = read_in(self.state, entry, self._verify)
        self._grow(entry)

    def follow(self, entry: Entry) -> None:
        """Takes in a record whose event was made here, of this very state, and is believed.

        Raises:
            IllegalCommand: if it does not fit what stands before it.
        """
        if entry.event is not None:
            self.state = fold(self.state, entry.event, entry.head.at, entry.head.seq)
        self._grow(entry)

    def pass_over(self, seq: int, found: str) -> None:
        """Takes the next record into the tree, by its hash, and believes nothing of it."""
        self._seq, self._hash = seq, found
        self._waiting.append(found)
        if len(self._waiting) >= BUFFER:
            self._frontier = self.frontier

    def _grow(self, entry: Entry) -> None:
        self.pass_over(entry.head.seq, entry.hash)

    def _why_not(self, signed: SignedCheckpoint) -> str:
        """Says why nobody at this desk can have signed it of what stands before; empty if so."""
        who = self.state.operators.get(signed.operator)
        if who is None:
            return f"a checkpoint is signed by {signed.operator}, who was never enrolled"
        return (
            why_away(who.id, self.state.revoked)
            or why_not_taken(signed.checkpoint, self.state.desk, self.frontier, self._hash)
            or why_not_signed(signed, who.public_key, self._verify)
        )
