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
from msgspec.structs import replace

from converge_core.authority import Actor, AuthorityGrant
from converge_core.canonical import ContentHash, hash_record
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
from converge_core.record import Record, settled

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

    def __setattr__(self, name: str, value: object) -> Never:
        raise AttributeError(f"a validated proposal never changes; {name} cannot be set")

    def __delattr__(self, name: str) -> Never:
        raise AttributeError(f"a validated proposal never changes; {name} cannot be deleted")

    def __reduce__(self) -> Never:
        raise TypeError("a validated proposal cannot be pickled or copied; validate again")


_Parts = tuple[Draft, ProposedFact, bool, ReportRecord]
"""What a promotion is made of, copied, to see whether any of it was exchanged."""
_NOTHING: tuple[None, None] = None, None


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
        self._issued: dict[int, tuple[Validated, _Parts]] = {}

    def examine(self, draft: Draft, context: Context) -> ReportRecord:
        """Runs every check the policy requires and returns the report.

        Raises:
            MissingCheck: if the policy names a check that nobody provides.
        """
        return self._report(self._required_of(draft.fact.key), draft, context)

    def _report(self, required: _Required, draft: Draft, context: Context) -> ReportRecord:
        return ReportRecord(
            proposal=draft.id,
            proposal_digest=draft.digest(),
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

    def validate(self, draft: Draft, context: Context) -> tuple[ReportRecord, Validated | None]:
        """Runs the checks; returns their report, and the validated proposal if all passed.

        Raises:
            MissingCheck: if the policy names a check that nobody provides.
        """
        required, fact = self._required_of(draft.fact.key), draft.fact
        report = self._report(required, draft, context)
        if report.checks is not required.passed and not report.passed:
            return report, None
        validated = Validated(draft, report, SEAL)
        parts = replace(draft), replace(fact), bool(fact.structured), report
        self._issued[id(validated)] = validated, parts
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
            ReportMismatch: if this gate did not validate it, or it was promoted before.
            NotAuthorized: if the grant does not cover it.
        """
        issued, parts = self._issued.pop(id(validated), _NOTHING)
        if issued is not validated:
            raise ReportMismatch("this gate issued no such validation, or it was used before")
        draft, fact, report = validated.draft, validated.draft.fact, validated.report
        # Structure can be changed in place; of the rest it is enough that the parts are the same.
        changed = fact.structured and report.proposal_digest != draft.digest()
        if changed or parts != (draft, fact, bool(fact.structured), report):
            raise ReportMismatch(f"the report does not belong to {draft.id}")
        if type(grant) is not AuthorityGrant:
            raise NotAuthorized(f"{draft.id}: a {type(grant).__name__} is no grant")
        reason = grant.why_not(fact.key, fact.kind, self.gate_id, at)
        if reason:
            raise NotAuthorized(f"{draft.id}: {reason}")
        return Fact(self._record(draft, fact, approver, approvals, at), SEAL)

    def withdraw(self, validated: Validated) -> None:
        """Takes a validation back: nothing can be promoted by it any more."""
        self._issued.pop(id(validated), None)

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
