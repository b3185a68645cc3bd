"""What the person at a desk signs about people: that others are who they are, a new key, an end."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from converge_core.canonical import canonical_record
from converge_core.errors import DecisionRefused, InvalidValue
from converge_core.events import OperatorEnrolled, OperatorKeyRotated, OperatorRevoked
from converge_core.ids import OperatorId
from converge_core.people import (
    Revocation,
    Rotation,
    Welcome,
    key_bytes,
    revocation_bytes,
    rotation_bytes,
    welcome_bytes,
)
from converge_core.record import Record, read
from converge_core.review import Operator
from converge_core.run_state import DeskState
from converge_desktop.adapters.keys import OperatorKey, signature_fits
from converge_desktop.runtime.carried_file import open_carried

LETTERS = "A-Za-zÀ-ɏ"
NAME = re.compile(rf"[{LETTERS}][{LETTERS}0-9 ._-]{{0,47}}")
"""Names in one script only, so that nobody can look like somebody else."""
MOST_BYTES = 4096
"""More than any exported key has."""


class ExportedKey(Record, frozen=True):
    """The public half of a key, to be enrolled at another desk.

    Attributes:
        key: the version of this form.
        operator: whose it is.
        proof: Ed25519 over :func:`converge_core.people.key_bytes`: it is theirs.
    """

    key: int
    operator: Operator
    proof: str


@dataclass(frozen=True, slots=True)
class OperatorRow:
    """Somebody who was enrolled.

    ``state`` is ``enrolled`` or ``revoked``; ``by`` and ``reason`` are those of a revocation.
    ``here`` says where their key lies on this machine; empty where it does not. ``sits`` says
    whether they are the person at the desk.
    """

    operator_id: str
    name: str
    public_key: str
    state: str
    by: str = ""
    reason: str = ""
    at: int = 0
    here: str = ""
    sits: bool = False


def require_name(name: str) -> str:
    """Returns a name as it is kept.

    Raises:
        DecisionRefused: if it cannot be an operator's.
    """
    plain = name.strip()
    if not NAME.fullmatch(plain):
        raise DecisionRefused(
            f"{name!r} cannot be an operator's name: use 1 to 48 letters, digits, spaces, "
            "dots, hyphens or underscores, and begin with a letter"
        )
    return plain


def exported(key: OperatorKey) -> bytes:
    """Returns the public half of a key as a file."""
    made = ExportedKey(key=1, operator=key.operator, proof=key.sign(key_bytes(key.operator)))
    return canonical_record(made) + b"\n"


def read_exported(path: Path) -> ExportedKey:
    """Reads what :func:`exported` wrote.

    Raises:
        DecisionRefused: if it is anything else, or nobody has that key.
        OSError: if it cannot be read.
    """
    with open_carried(path) as file:
        data = file.read(MOST_BYTES + 1)
    try:
        found = read(ExportedKey, msgspec.json.decode(data))
    except (InvalidValue, msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise DecisionRefused(
            f"{path} is no exported key; make one with: converge-desktop operator export-key"
        ) from error
    if found.key != 1:
        raise DecisionRefused(f"{path} is of version {found.key}; use a newer converge-desktop")
    require_name(found.operator.name)
    who = found.operator
    if not signature_fits(who.public_key, key_bytes(who), found.proof):
        raise DecisionRefused(f"{path}: the key of {who.id} is not shown to be theirs")
    return found


def welcome_of(state: DeskState, by: OperatorKey, new: ExportedKey, now: int) -> OperatorEnrolled:
    """Returns that ``by`` answers for somebody, whose name nobody here has yet.

    Raises:
        DecisionRefused: if somebody of that name may decide here already.
    """
    who = new.operator
    require_new(state, who.name)
    unsigned = Welcome(by=by.operator.id, welcomed_at=now, proof=new.proof, signature="")
    signature = by.sign(welcome_bytes(state.desk, who, unsigned))
    welcome = msgspec.structs.replace(unsigned, signature=signature)
    return OperatorEnrolled(operator=who, welcome=welcome)


def require_new(state: DeskState, name: str) -> None:
    """Refuses to have two people of one name decide at a desk.

    Raises:
        DecisionRefused: if somebody of that name may decide here already.
    """
    same = [one.id for one in state.operators.values() if one.name == name]
    if any(one not in state.revoked for one in same):
        raise DecisionRefused(
            f"somebody called {name} may decide here already, and a person is a name; have them "
            "take another key instead, or revoke them first"
        )


def rotation_of(
    state: DeskState, old: OperatorKey, new: OperatorKey, reason: str, now: int
) -> OperatorKeyRotated:
    """Returns that somebody has another key from now on."""
    unsigned = Rotation(
        operator=old.operator.id,
        public_key=new.operator.public_key,
        reason=reason.strip(),
        rotated_at=now,
        proof="",
        signature="",
    )
    signed = rotation_bytes(state.desk, unsigned)
    rotation = msgspec.structs.replace(unsigned, proof=new.sign(signed), signature=old.sign(signed))
    return OperatorKeyRotated(rotation=rotation)


def revocation_of(
    state: DeskState, by: OperatorKey, who: OperatorId, reason: str, now: int
) -> OperatorRevoked:
    """Returns that somebody may not decide any more."""
    unsigned = Revocation(
        operator=who, by=by.operator.id, reason=reason.strip(), revoked_at=now, signature=""
    )
    signature = by.sign(revocation_bytes(state.desk, unsigned))
    return OperatorRevoked(revocation=msgspec.structs.replace(unsigned, signature=signature))


def somebody_here(state: DeskState, name: str) -> OperatorId:
    """Returns who is meant by a name or an id, among those who may decide.

    Raises:
        DecisionRefused: if nobody is.
    """
    for who, one in state.operators.items():
        if name in {who, one.name} and who not in state.revoked:
            return who
    known = ", ".join(who for who in state.operators if who not in state.revoked) or "nobody"
    raise DecisionRefused(f"{name} may not decide at this desk; who may: {known}")


def rows_of(state: DeskState, here: Mapping[str, str], sitting: str) -> tuple[OperatorRow, ...]:
    """Returns everybody who was ever enrolled.

    Args:
        state: what the ledger says.
        here: by name, where keys lie.
        sitting: the name of the person at the desk.
    """
    found = []
    for who, one in state.operators.items():
        ended = state.revoked.get(who)
        if ended is not None:
            by, reason, at = ended.by, ended.reason, ended.revoked_at
            row = OperatorRow(who, one.name, one.public_key, "revoked", by, reason, at)
        else:
            lies, sits = here.get(one.name, ""), one.name == sitting.strip()
            row = OperatorRow(who, one.name, one.public_key, "enrolled", here=lies, sits=sits)
        found.append(row)
    return tuple(found)
