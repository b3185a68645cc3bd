"""Facts: what the gate let through, for ever as it was.

What holds, and by what: a fact is made from a :class:`FactRecord` and the seal that lives in this
module; only the gate and the fold, which reads back what the gate made, import it. A fact has no
setters, cannot be copied into another one, pickled or subclassed. Python cannot stop code in the
same process that goes looking for the seal; such a fact still never reaches a ledger, because
the engine records only what its own gate returned. Nor are private names a boundary to such code:
whoever reaches for them can change what is in memory, and what is not trusted with that belongs in
another process.
"""

from __future__ import annotations

from typing import Any, Final, Never, final

import msgspec

from converge_core.authority import Actor
from converge_core.canonical import ContentHash, fresh, hash_record
from converge_core.correction import Correction
from converge_core.ids import (
    AgentId,
    ApprovalId,
    FactId,
    GateId,
    ObservationId,
    ProposalId,
    TraceId,
)
from converge_core.key import ContextKey
from converge_core.proposal import ContentKind
from converge_core.record import Record, reread

_set = object.__setattr__


@final
class Seal:
    """The type of :data:`SEAL`, so that a type checker can tell it from anything else."""


SEAL: Final = Seal()
"""What only :mod:`converge_core.gate` and :mod:`converge_core.state` hold up to make a fact."""


class ValidationSummary(Record, frozen=True):
    """Which checks ran before the promotion."""

    checks_passed: tuple[str, ...]
    checks_skipped: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


class PromotionRecord(Record, frozen=True):
    """How a proposal became a fact; seven fields, none of them optional (vocabulary 1.2).

    Attributes:
        gate_id: the gate it passed.
        policy_version_hash: the SHA-256 of the policy in force.
        approver: the person, or the system in the name of a policy's rule.
        validation_summary: the checks that ran.
        observations: the observations it restates.
        approvals: the human decisions behind it.
        trace_link: the recorded model calls it came from; empty where no model had a part.
        promoted_at: microseconds since 1970 UTC.
    """

    gate_id: GateId
    policy_version_hash: str
    approver: Actor
    validation_summary: ValidationSummary
    observations: tuple[ObservationId, ...]
    approvals: tuple[ApprovalId, ...]
    trace_link: tuple[TraceId, ...]
    promoted_at: int


class FactRecord(Record, frozen=True):
    """A fact as it is written down."""

    id: FactId
    key: ContextKey
    kind: ContentKind
    content: str
    structured: dict[str, Any]
    confidence: int | None
    agent: AgentId
    proposal: ProposalId
    rests_on: tuple[FactId, ...]
    promotion: PromotionRecord
    corrects: Correction | msgspec.UnsetType = msgspec.UNSET
    conflict: str | msgspec.UnsetType = msgspec.UNSET


class _Content(Record, frozen=True):
    id: FactId
    key: ContextKey
    kind: ContentKind
    content: str
    structured: dict[str, Any]
    confidence: int | None
    rests_on: tuple[FactId, ...]
    approver: Actor
    corrects: Correction | msgspec.UnsetType
    conflict: str | msgspec.UnsetType


class Sealed(type):
    """The type of classes that nothing can be derived from, whatever stands beside them."""

    def __new__(mcs, name: str, bases: tuple[type, ...], body: dict[str, Any]) -> Sealed:
        """Makes the class itself, and refuses to make another of it."""
        for base in bases:
            if isinstance(base, Sealed):
                raise TypeError(f"{base.__name__} cannot be subclassed")
        return super().__new__(mcs, name, bases, body)


@final
class Fact(metaclass=Sealed):
    """A fact of the context. Read its attributes; nothing else can be done with it."""

    __slots__ = ("_digest", "_record")
    _record: FactRecord
    _digest: ContentHash

    def __init__(self, record: FactRecord, seal: Seal) -> None:
        if seal is not SEAL:
            raise TypeError("only a promotion gate makes a fact")
        structured = record.structured  # the only part of a record that could be changed in place
        if structured or type(structured) is not dict:
            record = msgspec.structs.replace(record, structured=fresh(record.structured))
        _set(self, "_record", record)
        _set(self, "_digest", "")

    def __init_subclass__(cls) -> Never:
        raise TypeError("a fact cannot be subclassed")

    def __setattr__(self, name: str, value: object) -> Never:
        raise AttributeError(f"a fact never changes; {name} cannot be set")

    def __delattr__(self, name: str) -> Never:
        raise AttributeError(f"a fact never changes; {name} cannot be deleted")

    def __reduce__(self) -> Never:
        raise TypeError("a fact cannot be pickled or copied; read it from the ledger")

    def __repr__(self) -> str:
        return f"<Fact {self._record.key}/{self._record.id}>"

    @property
    def id(self) -> FactId:
        """Its id, unique in its run."""
        return self._record.id

    @property
    def key(self) -> ContextKey:
        """Where it stands."""
        return self._record.key

    @property
    def kind(self) -> ContentKind:
        """What kind of statement it makes."""
        return self._record.kind

    @property
    def content(self) -> str:
        """The statement in words."""
        return self._record.content

    @property
    def structured(self) -> dict[str, Any]:
        """The statement for machines; a fresh copy at each call."""
        return dict(fresh(self._record.structured))

    @property
    def confidence(self) -> int | None:
        """The author's confidence in thousandths, if given."""
        return self._record.confidence

    @property
    def agent(self) -> AgentId:
        """Who proposed it."""
        return self._record.agent

    @property
    def rests_on(self) -> tuple[FactId, ...]:
        """The facts its author read or named."""
        return self._record.rests_on

    @property
    def corrects(self) -> Correction | None:
        """The fact whose place it takes, and why; None where it corrects nothing. A fresh copy."""
        corrects = self._record.corrects
        return reread(Correction, corrects) if corrects else None

    @property
    def conflict(self) -> str:
        """What it settles that can be so in one way only; empty where it settles no such thing."""
        return self._record.conflict or ""

    @property
    def promotion(self) -> PromotionRecord:
        """How it came to be a fact; a fresh copy at each call."""
        return reread(PromotionRecord, self._record.promotion)

    @property
    def record(self) -> FactRecord:
        """The whole as it is written down; a fresh copy at each call."""
        return reread(FactRecord, self._record)

    @property
    def digest(self) -> ContentHash:
        """The hash of what it says, why and by whose authority; it covers no clock and no run."""
        if not self._digest:
            _set(self, "_digest", _digest(self._record))
        return self._digest


def _digest(record: FactRecord) -> ContentHash:
    return hash_record(
        _Content(
            id=record.id,
            key=record.key,
            kind=record.kind,
            content=record.content,
            structured=record.structured,
            confidence=record.confidence,
            rests_on=record.rests_on,
            approver=record.promotion.approver,
            corrects=record.corrects,
            conflict=record.conflict,
        )
    )
