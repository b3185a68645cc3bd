"""Request files and vote files: how a question goes to another desk, and how the answer returns.

A request is one line that is signed, and below it the evidence capsule of the gate, to the byte. A
vote is one line: what was asked, and the decision. Both are text, and small enough to be carried.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TypeVar

import msgspec

from converge_core import events as e
from converge_core.asking import Gate
from converge_core.ballot import (
    Asked,
    Ballot,
    asked_bytes,
    unsigned_vote,
    voter,
    why_not_asked,
    why_not_cast,
)
from converge_core.canonical import canonical_record, parse
from converge_core.capsule import MAX_BYTES, Proven, parts
from converge_core.capsule_check import Holding, check
from converge_core.errors import CapsuleBroken, DecisionRefused, InvalidValue
from converge_core.record import read
from converge_core.review import Verdict, bytes_of
from converge_core.run_state import DeskState, RunState
from converge_desktop.adapters.keys import OperatorKey, signature_fits
from converge_desktop.runtime.carried_file import open_carried
from converge_desktop.runtime.wording import is_text, shows_something

T = TypeVar("T", Asked, Ballot)

MOST_ASKED = 1024 * 1024
"""More bytes than what is asked takes, without the evidence."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request that holds.

    Attributes:
        asked: what is asked.
        holding: what its evidence proves.
    """

    asked: Asked
    holding: Holding


def asked_of(
    state: DeskState,
    run: RunState,
    gate: Gate,
    *,
    key: OperatorKey,
    shown: Sequence[str],
    evidence: str,
    now: int,
) -> Asked:
    """Returns what is asked at a gate, signed by who asks.

    Raises:
        DecisionRefused: if the gate awaits no answer.
    """
    if not gate.open:
        raise DecisionRefused(f"{gate.request.id} awaits no answer; there is nothing to ask")
    roster = gate.roster if gate.roster is not None else tuple(state.operators)
    unsigned = Asked(
        desk=state.desk,
        run=run.run,
        gate=gate.request.id,
        request=gate.request.digest(),
        shown=tuple(shown),
        evidence=evidence,
        voters=tuple(
            state.operators[who]
            for who in roster
            if who in state.operators and who not in state.revoked
        ),
        answers=len(gate.every_answer()),
        asked_at=now,
        deadline=gate.deadline,
        by=key.operator,
        signature="",
    )
    return msgspec.structs.replace(unsigned, signature=key.sign(asked_bytes(unsigned)))


def request_bytes(asked: Asked, capsule: bytes) -> bytes:
    """Returns a request file."""
    return canonical_record(asked) + b"\n" + capsule


def read_request(path: Path) -> Request:
    """Reads a request file and checks all that can be checked of it away from its desk.

    Raises:
        DecisionRefused: if it does not hold, with the reason.
        OSError: if it cannot be read.
    """
    if path.stat().st_size > MAX_BYTES:
        raise DecisionRefused(f"{path} is larger than any request")
    with open_carried(path) as file:
        line, capsule = file.readline(MOST_ASKED + 1), file.read()
    asked = _read(Asked, line, path, "request")
    reason = why_not_asked(asked, signature_fits)
    if not reason and sha256(capsule).hexdigest() != asked.evidence:
        reason = "the evidence in it is not the one that was asked with; get a whole copy"
    if reason:
        raise DecisionRefused(f"{path}: {reason}")
    try:
        lines = capsule.splitlines(keepends=True)
        holding = check(lines, signature_fits)
    except CapsuleBroken as error:
        raise DecisionRefused(f"{path}: its evidence does not hold: {error}") from error
    about, desk = holding.about, holding.signed.checkpoint.desk
    if (about.run, about.gate, desk) != (asked.run, asked.gate, asked.desk):
        raise DecisionRefused(f"{path}: its evidence is about something else than it asks")
    if asked.request not in _requests(lines):
        raise DecisionRefused(f"{path}: it asks something else than its evidence says was asked")
    return Request(asked, holding)


def vote_on(request: Request, key: OperatorKey, verdict: str, reason: str, now: int) -> Ballot:
    """Returns a signed vote.

    Raises:
        DecisionRefused: if the owner of the key is not asked, or a rejection has no reason.
    """
    asked = request.asked
    who = voter(asked, key.operator.public_key)
    if who is None:
        known = ", ".join(one.id for one in asked.voters) or "nobody"
        raise DecisionRefused(
            f"{key.operator.name} is not asked with the key here; asked are: {known}. Have your "
            "key enrolled there: converge-desktop operator export-key"
        )
    if not is_text(reason):
        raise DecisionRefused("the reason holds what is no text; write it anew")
    if reason.strip() and not shows_something(reason):
        raise DecisionRefused("nothing of the reason can be seen; write it anew")
    if verdict == Verdict.REJECT and not reason.strip():
        raise DecisionRefused("a rejection needs a reason")
    unsigned = unsigned_vote(asked, who, Verdict(verdict), reason, now)
    decision = msgspec.structs.replace(unsigned, signature=key.sign(bytes_of(unsigned)))
    return Ballot(asked=asked, decision=decision)


def ballot_bytes(ballot: Ballot) -> bytes:
    """Returns a vote file."""
    return canonical_record(ballot) + b"\n"


def read_ballot(path: Path) -> Ballot:
    """Reads a vote file and checks that it is a vote on what it says was asked.

    Raises:
        DecisionRefused: if it does not hold, with the reason.
        OSError: if it cannot be read.
    """
    with open_carried(path) as file:
        line = file.read(2 * MOST_ASKED + 1)
    ballot = _read(Ballot, line, path, "vote")
    reason = why_not_cast(ballot, signature_fits)
    if reason:
        raise DecisionRefused(f"{path}: {reason}")
    return ballot


def _read(kind: type[T], line: bytes, path: Path, what: str) -> T:
    try:
        found = read(kind, parse(line))
        same = canonical_record(found) + b"\n" == line
    except InvalidValue as error:
        raise DecisionRefused(f"{path} is no {what} file ({error})") from error
    if not same:
        raise DecisionRefused(f"{path} is no {what} file as it was written; get a whole copy")
    return found


def _requests(lines: list[bytes]) -> set[str]:
    """Returns the digests of what was asked by the records of a capsule."""
    return {
        part.entry.event.request.digest()
        for _, part in parts(lines)
        if isinstance(part, Proven) and isinstance(part.entry.event, e.GateOpened)
    }
