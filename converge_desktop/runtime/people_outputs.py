"""What the commands about people, and about what they may change, print with ``--json``."""

from __future__ import annotations

from dataclasses import dataclass, field


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


@dataclass(frozen=True, slots=True)
class PackLine:
    """One element of ``packs``: the version in force, and the one that waits for approval, if any.

    ``loosens`` says in sentences what that makes easier and who has to agree; ``gates`` are where
    it is asked, ``refused`` whether it was and was not approved, ``changes`` what is other.
    """

    pack: str
    title: str
    version: int
    waiting: int | None = None
    loosens: list[str] = field(default_factory=list)
    gates: list[str] = field(default_factory=list)
    refused: bool = False
    changes: str = ""
