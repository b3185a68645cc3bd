"""The promotion gate: the one road from a proposal to a fact.

Three things are needed, and each is of its own type: a :class:`Validated` proposal (a draft is
another type), the report of the checks that made it so (single use, bound to that draft by
digest), and an authority grant that covers key, gate and time. Only this module makes the first
two. Checks run; a check that the policy names and nobody provides refuses everything.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Never, final

import msgspec
from msgspec.structs import force_setattr

from converge_core.authority import Actor, AuthorityGrant
from converge_core.canonical import ContentHash, canonical_record, hash_bytes, hash_record, parse
from converge_core.context import Context
from converge_core.contract import CheckResult
from converge_core.errors import MissingCheck, NotAuthorized, ReportMismatch
from converge_core.fact import (
    SEAL,
    Fact,
    FactRecord,
    PromotionRecord,
    Seal,
    Sealed,
    ValidationSummary,
)
from converge_core.ids import ApprovalId, GateId, ProposalId
from converge_core.key import ContextKey
from converge_core.policy import Policy
from converge_core.proposal import Draft, ProposedFact
from converge_core.record import Record, read, settled

_set = object.__setattr__
Check = Callable[[Draft, Context], CheckResult]
"""A named rule about one proposal; pure, and it says why."""


class CheckRecord(Record, frozen=True):
    """A check's outcome as it is written down."""

    name: str
    passed: bool
    reason: str = ""
    expected: str = ""
    found: str = ""


class ReportRecord(Record, frozen=True):
    """A validation report as it is written down."""

    proposal: ProposalId
    proposal_digest: str
    policy: str
    checks: tuple[CheckRecord, ...]

    @property
    def passed(self) -> bool:
        """Whether every check passed."""
        return not [check for check in self.checks if not check.passed]

    def digest(self) -> ContentHash:
        """Returns the hash that decisions name this report by."""
        return hash_record(self)

    def why_not(self) -> str:
        """Returns the reasons of the checks that failed, as sentences."""
        return " ".join(f"{c.name}: {c.reason}" for c in self.checks if not c.passed)


@final
class Validated(metaclass=Sealed):
    """A proposal whose checks all passed, just now, at one gate. It can be promoted once."""

    __slots__ = ("_seal", "draft", "report")
    draft: Draft
    report: ReportRecord

    def __init__(self, draft: Draft, report: ReportRecord, seal: Seal) -> None:
        if seal is not SEAL:
            raise TypeError("only a promotion gate validates a proposal")
        _set(self, "draft", draft)
        _set(self, "report", report)
        _set(self, "_seal", seal)

    def __init_subclass__(cls) -> Never:
        raise TypeError("a validated proposal cannot be subclassed")

    def __setattr__(self, name: str, value: object) -> Never:
        raise AttributeError(f"a validated proposal never changes; {name} cannot be set")

    def __delattr__(self, name: str) -> Never:
        raise AttributeError(f"a validated proposal never changes; {name} cannot be deleted")

    def __reduce__(self) -> Never:
        raise TypeError("a validated proposal cannot be pickled or copied; validate again")


_Issued = tuple[Validated, Draft, bytes, ReportRecord, str]
"""What a promotion is made of, its bytes and their hash, to see whether any of it was exchanged."""


class PromotionGate:
    """Validates drafts and promotes what it validated.

    Args:
        gate_id: its name in every promotion record.
        policy: names the checks each key requires.
        checks: the checks there are, by name.
        always: checks that every proposal must pass whatever the policy requires, by name.
    """

    def __init__(
        self,
        gate_id: GateId,
        policy: Policy,
        checks: Mapping[str, Check],
        always: tuple[tuple[str, Check], ...] = (),
    ) -> None:
        self.gate_id = gate_id
        self.policy = policy
        self._version = policy.version
        self._checks = dict(checks)
        self._always = always
        self._required: dict[ContextKey, _Required] = {}
        self._issued: dict[int, _Issued] = {}

    def examine(self, draft: Draft, context: Context) -> ReportRecord:
        """Runs every check the policy requires and returns the report.

        Raises:
            MissingCheck: if the policy names a check that nobody provides.
        """
        digest = draft.digest()
        return self._report(self._required_of(draft.fact.key), draft, digest, context)

    def _report(
        self, required: _Required, draft: Draft, digest: str, context: Context
    ) -> ReportRecord:
        return ReportRecord(
            proposal=draft.id,
            proposal_digest=digest,
            policy=self._version,
            checks=_outcomes(required, draft, context),
        )

    def _required_of(self, key: ContextKey) -> _Required:
        required = self._required.get(key)
        if required is None:
            names = self.policy.required_checks(key)
            missing = [name for name in names if name not in self._checks]
            if missing:
                raise MissingCheck(
                    f"the policy requires the check {missing[0]!r} for {key}, "
                    "and nobody provides it"
                )
            checks = (*((name, self._checks[name]) for name in names), *self._always)
            required = self._required[key] = _Required(
                checks,
                tuple(CheckRecord(name=name, passed=True) for name, _ in checks),
                ValidationSummary(checks_passed=tuple(name for name, _ in checks)),
            )
        return required

    def validate(
        self, draft: Draft, context: Context, *, sound: bool = False
    ) -> tuple[ReportRecord, Validated | None]:
        """Runs the checks; returns their report, and the validated proposal if all passed.

        Args:
            draft: the proposal.
            context: what it is checked against.
            sound: whether it is known to be one that can be read back, as those of the engine are.

        Raises:
            MissingCheck: if the policy names a check that nobody provides.
            InvalidValue: naming what of ``draft`` cannot be recorded, or does not fit.
        """
        held = draft if sound else settled(Draft, draft)
        required, spelled = self._required_of(draft.fact.key), canonical_record(draft)
        digest = hash_bytes(spelled)  # of what the checks are shown, whatever they make of it
        report = self._report(required, draft, digest, context)
        if report.checks is not required.passed and not report.passed:
            _put_back(draft, spelled)
            return report, None
        validated = Validated(draft, report, SEAL)
        self._issued[id(validated)] = validated, held, spelled, report, digest
        return report, validated

    def promote(
        self,
        validated: Validated,
        grant: AuthorityGrant,
        *,
        approver: Actor,
        at: int,
        approvals: tuple[ApprovalId, ...] = (),
    ) -> Fact:
        """Makes the fact.

        Args:
            validated: what this gate validated; it is used up.
            grant: the authority for it.
            approver: who stands in the record.
            at: microseconds since 1970 UTC.
            approvals: the human decisions behind it.

        Raises:
            ReportMismatch: if this gate did not validate it, it was promoted before, or somebody
                changed it since it was shown to the checks; it is as it was then.
            NotAuthorized: if the grant does not cover it.
        """
        issued = self._issued.pop(id(validated), None)
        if issued is None or issued[0] is not validated:
            raise ReportMismatch("this gate issued no such validation, or it was used before")
        _, draft, spelled, of_checks, digest = issued
        report = validated.report
        changed = _put_back(validated.draft, spelled)
        if changed or report is not of_checks or report.proposal_digest != digest:
            raise ReportMismatch(f"the report does not belong to {draft.id}")
        fact = draft.fact
        if type(grant) is not AuthorityGrant:
            raise NotAuthorized(f"{draft.id}: a {type(grant).__name__} is no grant")
        reason = grant.why_not(fact.key, fact.kind, self.gate_id, at)
        if reason:
            raise NotAuthorized(f"{draft.id}: {reason}")
        return Fact(self._record(draft, fact, approver, approvals, at), SEAL)

    def withdraw(self, validated: Validated) -> None:
        """Takes a validation back: nothing can be promoted by it any more."""
        issued = self._issued.pop(id(validated), None)
        if issued is not None:
            _put_back(issued[1], issued[2])

    def _record(
        self,
        draft: Draft,
        fact: ProposedFact,
        approver: Actor,
        approvals: tuple[ApprovalId, ...],
        at: int,
    ) -> FactRecord:
        promotion = PromotionRecord(
            gate_id=self.gate_id,
            policy_version_hash=self._version,
            approver=approver,
            validation_summary=self._required[fact.key].summary,
            observations=(fact.observation,) if fact.observation else (),
            approvals=approvals,
            trace_link=draft.traces,
            promoted_at=at,
        )
        return FactRecord(
            id=fact.id,
            key=fact.key,
            kind=fact.kind,
            content=fact.content,
            structured=fact.structured,
            confidence=fact.confidence,
            agent=draft.agent,
            proposal=draft.id,
            rests_on=draft.rests_on,
            promotion=promotion,
            corrects=fact.corrects,
            conflict=fact.conflict,
        )


def _put_back(draft: Draft, spelled: bytes) -> bool:
    """Returns whether ``draft`` was changed since it was spelled like this; it no longer is, then.

    Checks, policies and stakes are shown the proposal itself, which is on record by then.
    """
    try:
        if canonical_record(draft) == spelled:
            return False
    except Exception:  # noqa: BLE001, S110 - what cannot be spelled was changed
        pass
    honest = read(Draft, parse(spelled))
    for name in Draft.__struct_fields__:
        force_setattr(draft, name, getattr(honest, name))
    return True


class _Required(msgspec.Struct, frozen=True):
    """What a key requires: checks by name, and what is on record of a proposal that passes all."""

    checks: tuple[tuple[str, Check], ...]
    passed: tuple[CheckRecord, ...]
    summary: ValidationSummary


def _outcomes(required: _Required, draft: Draft, context: Context) -> tuple[CheckRecord, ...]:
    """Runs each check; one that cannot say has not passed."""
    other: dict[str, CheckRecord] = {}
    for name, check in required.checks:
        try:
            result = check(draft, context)
            if result.passed is not True or result.reason or result.expected or result.found:
                other[name] = _said(name, result)
        except Exception as error:  # noqa: BLE001 - it may fail in any way, and never passes then
            reason = f"The check itself failed: {type(error).__name__}."
            other[name] = CheckRecord(name=name, passed=False, reason=reason)
    if not other:
        return required.passed
    return tuple(other.get(passed.name, passed) for passed in required.passed)


def _said(name: str, result: CheckResult) -> CheckRecord:
    record = CheckRecord(
        name=name,
        passed=result.passed is True,
        reason=result.reason,
        expected=result.expected,
        found=result.found,
    )
    return settled(CheckRecord, record)
