"""What the commands about people print with ``--json``."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class OperatorLine:
    """A person, as ``operator list`` prints them.

    ``state`` is ``enrolled`` or ``revoked``; of a revocation there are ``by``, ``reason``, ``at``.
    ``key`` says where their key lies on this machine; empty where it does not.
    """

    operator: str
    name: str
    public_key: str
    state: str
    key: str
    by: str
    reason: str
    at: int


@dataclass(frozen=True, slots=True)
class OperatorOutput:
    """What came of the other ``operator`` commands: about whom, and the file or place, if any."""

    operator: str
    done: str
    place: str = ""


@dataclass(frozen=True, slots=True)
class RequestOutput:
    """``request``: a question that goes to another desk."""

    gate_id: str
    file: str


@dataclass(frozen=True, slots=True)
class VoteOutput:
    """``vote``: signed into ``file``, or recorded; ``phase`` and ``end`` are the gate's by then."""

    gate_id: str
    desk: str
    operator: str
    verdict: str
    file: str = ""
    phase: str = ""
    end: str = ""
