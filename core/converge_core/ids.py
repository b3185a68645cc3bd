"""Typed ids: text that cannot be empty, cannot hide characters, and cannot be mixed up.

Ids derive from run, cycle, agent and ordinal, never from a clock or from chance, so that the same
run over the same input names everything alike.
"""

from __future__ import annotations

import unicodedata
from typing import Self

from converge_core.errors import InvalidId

MAX_ID_LENGTH = 128
MAX_NAME = 64
"""The longest name of an agent or an invariant; ids derive from it and need room."""


class Id(str):
    """The base of all ids; use one of its kinds.

    Raises:
        InvalidId: if the text is empty, blank, longer than 128 characters, or holds a control or
            separator character; or if it is an id of another kind.
    """

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        """Validates ``text``."""
        if (
            type(text) is str  # the usual case, first and fast
            and len(text) <= MAX_ID_LENGTH
            and text.isascii()
            and text.isprintable()
            and text.strip()
        ):
            return str.__new__(cls, text)
        if isinstance(text, Id) and not isinstance(text, cls):
            raise InvalidId(f"{type(text).__name__} {text!r} is not a {cls.__name__}")
        if isinstance(text, str):
            text = str.__str__(text)  # its own characters, whatever it says that it is
        reason = why_invalid(text)
        if reason:
            raise InvalidId(f"{cls.__name__} {str(text)[:40]!r} {reason}")
        return super().__new__(cls, text)


def why_invalid(text: object) -> str:
    """Says why ``text`` cannot be an id; empty if it can."""
    if not isinstance(text, str):
        return f"is {type(text).__name__}, not text"
    if not text:
        return "is empty"
    if text.isspace():
        return "is blank"
    if len(text) > MAX_ID_LENGTH:
        return f"has {len(text)} characters; at most {MAX_ID_LENGTH} are allowed"
    if text.isascii() and text.isprintable():
        return ""
    bad = next((char for char in text if unicodedata.category(char) in _FORBIDDEN), None)
    return f"holds the control character U+{ord(bad):04X}" if bad else ""


_FORBIDDEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}


class RunId(Id):
    """A run of the engine."""

    __slots__ = ()


class AgentId(Id):
    """An agent's name, unique in its run."""

    __slots__ = ()


class FactId(Id):
    """A fact; chosen by whoever proposes it, unique in its run."""

    __slots__ = ()


class ObservationId(Id):
    """Something read from the world."""

    __slots__ = ()


class ProposalId(Id):
    """A suggestion of an agent or a person."""

    __slots__ = ()


class GateId(Id):
    """A promotion gate, or one request for a human decision at it."""

    __slots__ = ()


class ApprovalId(Id):
    """A recorded human decision."""

    __slots__ = ()


class TraceId(Id):
    """One recorded model call."""

    __slots__ = ()


class OperatorId(Id):
    """A person who may decide."""

    __slots__ = ()


class TensionId(Id):
    """A contradiction between proposals."""

    __slots__ = ()


class ArtifactId(Id):
    """A governed artifact's name; its versions share it."""

    __slots__ = ()


class IntentId(Id):
    """A declared intent."""

    __slots__ = ()


class FrameId(Id):
    """A frame of an intent."""

    __slots__ = ()


def proposal_id(run: RunId, cycle: int, agent: AgentId, ordinal: int) -> ProposalId:
    """Returns the id of an agent's ``ordinal``-th proposal of a cycle."""
    return ProposalId(f"{run}/{cycle}/{agent}/{ordinal}")


def proposal_ids(run: RunId, cycle: int, agent: AgentId, count: int) -> list[ProposalId]:
    """Returns the ids of an agent's first ``count`` proposals of a cycle."""
    prefix = "/".join((run, str(cycle), agent, ""))
    if count and len(prefix) + len(str(count - 1)) > MAX_ID_LENGTH:
        raise InvalidId(f"{prefix[:40]!r} leaves no room for the numbers of {count} proposals")
    # Ids that are joined are an id if it is not too long.
    return [str.__new__(ProposalId, f"{prefix}{ordinal}") for ordinal in range(count)]


def gate_request_id(proposal: ProposalId, asked: int) -> GateId:
    """Returns the id of the ``asked``-th time a proposal is put to a person."""
    return GateId(f"gate:{proposal}" if asked == 0 else f"gate:{proposal}#{asked}")


def trace_id(run: RunId, cycle: int, agent: AgentId, ordinal: int) -> TraceId:
    """Returns the id of an agent's ``ordinal``-th model call of a cycle."""
    return TraceId(f"trace:{run}/{cycle}/{agent}/{ordinal}")
