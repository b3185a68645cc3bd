"""Who may be enrolled, take another key and be revoked: one set of rules, asked twice.

Asked when it is to happen, and again whenever it is read back. Until version 5, nobody signed that
somebody was enrolled; what was written then is read as it was meant then.
"""

from __future__ import annotations

import re

from converge_core import events as e
from converge_core.errors import DecisionRefused
from converge_core.ids import OperatorId
from converge_core.people import (
    Revocation,
    Rotation,
    Welcome,
    key_bytes,
    revocation_bytes,
    rotation_bytes,
    welcome_bytes,
    why_away,
)
from converge_core.review import Operator, SignatureCheck
from converge_core.run_state import DeskState
from converge_core.sizes import why_too_long

WELCOMED = 5
"""The version of the format from which on all but the first person of a desk are welcomed."""
PeopleEvent = e.OperatorEnrolled | e.OperatorKeyRotated | e.OperatorRevoked
_KEY = re.compile(r"[0-9a-f]{64}")


def take_in(state: DeskState, event: PeopleEvent, verify: SignatureCheck) -> list[e.Event]:
    """Returns what follows when people are to change; nothing where it is so already.

    Raises:
        DecisionRefused: if it may not be, with the reason.
    """
    if isinstance(event, e.OperatorEnrolled) and is_here(state, event.operator):
        return []
    reason = _why_too_long(event) or why_not_people(state, event, WELCOMED, verify)
    if reason:
        raise DecisionRefused(reason)
    return [event]


def is_here(state: DeskState, operator: Operator) -> bool:
    """Whether somebody is enrolled just so, and was not revoked."""
    return state.operators.get(operator.id) == operator and operator.id not in state.revoked


def known_by(state: DeskState, public_key: str) -> Operator | None:
    """Returns who has a key by now; None where nobody who was enrolled has it."""
    return next((one for one in state.operators.values() if one.public_key == public_key), None)


def why_not_people(
    state: DeskState, event: PeopleEvent, version: int, verify: SignatureCheck
) -> str:
    """Says why what is said of people cannot be so at a desk as it stands; empty if it can.

    Args:
        state: what the records before say.
        event: what is said.
        version: the version of the format in which it is.
        verify: checks signatures.
    """
    match event:
        case e.OperatorEnrolled(operator=operator):
            return _why_not_enrolled(state, operator, event.welcome or None, version, verify)
        case e.OperatorKeyRotated(rotation=rotation):
            return _why_not_rotated(state, rotation, verify)
        case e.OperatorRevoked(revocation=revocation):
            return _why_not_revoked(state, revocation, verify)


def _why_too_long(event: PeopleEvent) -> str:
    if isinstance(event, e.OperatorKeyRotated):
        return why_too_long(event.rotation.reason, "the reason")
    return (
        why_too_long(event.revocation.reason, "the reason")
        if isinstance(event, e.OperatorRevoked)
        else ""
    )


def _why_not_enrolled(
    state: DeskState,
    operator: Operator,
    welcome: Welcome | None,
    version: int,
    verify: SignatureCheck,
) -> str:
    known = state.operators.get(operator.id)
    if known is not None and known.public_key != operator.public_key:
        return f"{operator.id} was enrolled before, with another key"
    if version < WELCOMED:
        return ""
    if known is not None:  # nothing new is said, unless they were revoked
        return why_away(operator.id, state.revoked)
    if not state.operators:
        return "" if welcome is None else f"{operator.id} is welcomed where nobody is yet"
    reason = _why_taken(state, operator.public_key)
    if reason:
        return reason
    if welcome is None:
        return (
            f"{operator.id} is not enrolled at this desk, and nobody who is welcomes them; "
            "somebody who may decide here has to"
        )
    if not verify(operator.public_key, key_bytes(operator), welcome.proof):
        return f"the key of {operator.id} is not shown to be theirs"
    signed = welcome_bytes(state.desk, operator, welcome)
    return _why_not_by(state, welcome.by, signed, welcome.signature, verify)


def _why_not_rotated(state: DeskState, rotation: Rotation, verify: SignatureCheck) -> str:
    signed = rotation_bytes(state.desk, rotation)
    return (
        _why_taken(state, rotation.public_key)
        or _why_not_by(state, rotation.operator, signed, rotation.signature, verify)
        or (
            ""
            if verify(rotation.public_key, signed, rotation.proof)
            else f"the new key of {rotation.operator} is not shown to be theirs"
        )
    )


def _why_not_revoked(state: DeskState, revocation: Revocation, verify: SignatureCheck) -> str:
    who, signed = revocation.operator, revocation_bytes(state.desk, revocation)
    if who not in state.operators:
        return f"{who} was never enrolled at this desk"
    if who in state.revoked:
        return f"{who} was revoked before, by {state.revoked[who].by}"
    if not revocation.reason.strip():
        return f"revoking {who} needs a reason"
    if len(state.operators) - len(state.revoked) == 1:
        return f"{who} is the last who may decide here; enrol somebody else first"
    return _why_not_by(state, revocation.by, signed, revocation.signature, verify)


def _why_taken(state: DeskState, public_key: str) -> str:
    """Says whose a key is or was; empty where it is new, and a key."""
    if not _KEY.fullmatch(public_key):
        return "a public key is 64 lower-case hexadecimal digits"
    known = known_by(state, public_key)
    if known is not None:
        return f"that is the key of {known.id}; everybody has their own"
    before = state.retired.get(public_key)
    return f"that was a key of {before} before; a key that was laid down stays so" if before else ""


def _why_not_by(
    state: DeskState, by: OperatorId, signed: bytes, signature: str, verify: SignatureCheck
) -> str:
    """Says why ``by`` cannot have signed something; empty if they can."""
    who = state.operators.get(by)
    if who is None:
        return f"{by}, who is said to have signed it, was never enrolled"
    reason = why_away(by, state.revoked)
    if reason or verify(who.public_key, signed, signature):
        return reason
    return f"the signature is not that of {by}"
