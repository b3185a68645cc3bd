"""The promotion gate: the one road from a proposal to a fact."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from dataclasses import replace
from typing import Any, get_type_hints

import msgspec
import pytest

from converge_core.authority import Actor, ActorKind, AuthorityGrant
from converge_core.canonical import canonical_record
from converge_core.context import Context
from converge_core.contract import CheckResult
from converge_core.errors import MissingCheck, NotAuthorized, ReportMismatch
from converge_core.fact import Fact, PromotionRecord
from converge_core.gate import PromotionGate, ReportRecord, Validated
from converge_core.ids import ApprovalId, FactId, GateId, ObservationId, TraceId
from converge_core.key import ContextKey
from converge_core.policy import BASIC_CHECKS, ENGINE_GATE, Effect, grant
from converge_core.proposal import Draft, ProposedFact
from tests.core.kit import (
    EVERYTHING,
    drafted,
    fact,
    gate_of,
    policy_of,
    rule,
    seed,
)

SYSTEM = Actor(kind=ActorKind.SYSTEM, id="test")


def failing(name: str = "never", reason: str = "It never holds.") -> Callable[..., CheckResult]:
    def check(draft: Draft, context: Context) -> CheckResult:
        return CheckResult(name, False, reason, "the moon", "a stone")

    return check


def validated(gate: PromotionGate, proposed: ProposedFact | None = None) -> Validated:
    _, sound = gate.validate(drafted(proposed or seed("x")), Context())
    assert sound is not None
    return sound


def promoted(gate: PromotionGate, proposed: ProposedFact | None = None) -> Fact:
    return gate.promote(validated(gate, proposed), EVERYTHING, approver=SYSTEM, at=7)


# Drafts, validated proposals and facts are three types.


def test_promoting_takes_a_validated_proposal_and_a_draft_is_none() -> None:
    """The types say it, so that a type checker refuses a draft before anything runs."""
    hints = get_type_hints(PromotionGate.promote)

    assert Validated is hints["validated"]
    assert not issubclass(Draft, Validated)


def test_a_draft_is_refused_at_run_time_too() -> None:
    """What was not validated is not promoted, whatever a type checker was told."""
    with pytest.raises(ReportMismatch):
        gate_of().promote(drafted(seed("x")), EVERYTHING, approver=SYSTEM, at=7)  # type: ignore[arg-type]


@pytest.mark.parametrize("seal", [None, object(), "seal"])
def test_nobody_else_makes_a_fact_or_a_validated_proposal(seal: Any) -> None:
    """Both constructors want what only the gate holds."""
    fact_record = promoted(gate_of()).record
    sound = validated(gate_of())

    with pytest.raises(TypeError, match="only a promotion gate"):
        Fact(fact_record, seal)
    with pytest.raises(TypeError, match="only a promotion gate"):
        Validated(sound.draft, sound.report, seal)


@pytest.mark.parametrize(
    "duplicate",
    [
        pytest.param(copy.copy, id="copy"),
        pytest.param(copy.deepcopy, id="deepcopy"),
        pytest.param(pickle.dumps, id="pickle"),
        pytest.param(replace, id="dataclasses.replace"),
        pytest.param(msgspec.structs.replace, id="msgspec.structs.replace"),
        pytest.param(lambda thing: type(thing)(), id="its own constructor"),
        pytest.param(lambda thing: type("Forged", (type(thing),), {}), id="a subclass"),
    ],
)
@pytest.mark.parametrize("make", [promoted, validated], ids=["fact", "validated"])
def test_neither_can_be_duplicated(
    make: Callable[[PromotionGate], Any], duplicate: Callable[[Any], object]
) -> None:
    """No way that Python offers for making another one of a thing works."""
    thing = make(gate_of())

    with pytest.raises(TypeError):
        duplicate(thing)


def test_a_bare_object_of_the_type_is_no_fact() -> None:
    """What ``object.__new__`` gives has no record, and cannot be given one."""
    bare = object.__new__(Fact)

    with pytest.raises(AttributeError):
        _ = bare.record
    with pytest.raises(AttributeError):
        bare._record = promoted(gate_of()).record


def test_a_bare_validated_proposal_is_refused_by_the_gate_it_claims() -> None:
    """A gate knows each proposal it validated by identity, so a look-alike does not pass."""
    gate = gate_of()
    sound = validated(gate)
    forged = object.__new__(Validated)
    for name in ("draft", "report", "_seal"):
        object.__setattr__(forged, name, getattr(sound, name))

    with pytest.raises(ReportMismatch):
        gate.promote(forged, EVERYTHING, approver=SYSTEM, at=7)


@pytest.mark.parametrize("name", ["id", "content", "structured", "promotion", "_record", "new"])
def test_a_fact_never_changes(name: str) -> None:
    """Every attempt to set or delete an attribute raises, and the fact stays as it was."""
    made = promoted(gate_of())
    before = canonical_record(made.record)

    with pytest.raises(AttributeError):
        setattr(made, name, "changed")
    with pytest.raises(AttributeError):
        delattr(made, name)

    assert before == canonical_record(made.record)


@pytest.mark.parametrize("name", ["draft", "report", "_seal", "new"])
def test_a_validated_proposal_never_changes(name: str) -> None:
    """What was validated is what will be promoted."""
    sound = validated(gate_of())

    with pytest.raises(AttributeError):
        setattr(sound, name, None)
    with pytest.raises(AttributeError):
        delattr(sound, name)


def test_changing_what_a_fact_shows_does_not_change_the_fact() -> None:
    """Whatever a reader does to the objects a fact hands out, the fact says what it said."""
    made = promoted(gate_of(), fact(ContextKey.SEEDS, "x", structured={"list": [{"a": 1}]}))
    before = canonical_record(made.record)
    made.structured["list"][0]["a"] = 2
    made.structured.clear()
    made.record.structured["list"].append("more")

    assert before == canonical_record(made.record)


# A report belongs to one proposal, at one gate, once.


def test_a_validation_is_used_once() -> None:
    """Promoting the same validated proposal twice is refused."""
    gate = gate_of()
    sound = validated(gate)
    gate.promote(sound, EVERYTHING, approver=SYSTEM, at=7)

    with pytest.raises(ReportMismatch, match="used before"):
        gate.promote(sound, EVERYTHING, approver=SYSTEM, at=7)


def test_a_refused_promotion_uses_the_validation_up() -> None:
    """Somebody without authority cannot try again with the same validation."""
    gate = gate_of()
    sound = validated(gate)
    with pytest.raises(NotAuthorized):
        gate.promote(sound, grant("nobody"), approver=SYSTEM, at=7)

    with pytest.raises(ReportMismatch):
        gate.promote(sound, EVERYTHING, approver=SYSTEM, at=7)


def test_a_gate_does_not_promote_what_another_validated() -> None:
    """Even a gate of the same name and policy is another gate."""
    with pytest.raises(ReportMismatch):
        gate_of().promote(validated(gate_of()), EVERYTHING, approver=SYSTEM, at=7)


def test_a_report_of_another_proposal_does_not_count() -> None:
    """A report is bound to its draft by digest."""
    gate = gate_of()
    sound, other = validated(gate), validated(gate, seed("y"))
    object.__setattr__(sound, "report", other.report)

    with pytest.raises(ReportMismatch, match="does not belong"):
        gate.promote(sound, EVERYTHING, approver=SYSTEM, at=7)


# Checks run.


def test_a_check_that_nobody_provides_refuses() -> None:
    """A policy that names a check which does not exist lets nothing pass."""
    gate = gate_of(policy_of(rule(Effect.PERMIT), checks=["is-sound"]))

    with pytest.raises(MissingCheck, match="'is-sound' for Seeds"):
        gate.validate(drafted(seed("x")), Context())


def test_a_failing_check_blocks_and_says_why() -> None:
    """The report names the check, what it wanted and what it found; no proposal is validated."""
    gate = gate_of(policy_of(rule(Effect.PERMIT), checks=[*BASIC_CHECKS, "never"]), never=failing())
    report, sound = gate.validate(drafted(seed("x")), Context())

    assert None is sound
    assert "never: It never holds." == report.why_not()
    assert ("never", False, "the moon", "a stone") == (
        report.checks[-1].name,
        report.checks[-1].passed,
        report.checks[-1].expected,
        report.checks[-1].found,
    )


def test_every_required_check_runs_even_after_one_failed() -> None:
    """Who proposed something learns of all that is wrong with it at once."""
    policy = policy_of(rule(Effect.PERMIT), checks=["first", "second"])
    gate = gate_of(policy, first=failing("first"), second=failing("second"))
    report, _ = gate.validate(drafted(seed("x")), Context())

    assert ["first", "second"] == [check.name for check in report.checks if not check.passed]


@pytest.mark.parametrize(
    ("proposed", "check"),
    [
        (seed("x", " \n"), "content-present"),
        (seed("x", "a" * 100_001), "content-present"),
        (fact(ContextKey.SEEDS, "x", confidence=-1), "confidence-in-range"),
        (fact(ContextKey.SEEDS, "x", confidence=1001), "confidence-in-range"),
        (fact(ContextKey.SEEDS, "x", rests_on=(FactId("ghost"),)), "ground-exists"),
    ],
)
def test_the_basic_checks_hold_for_every_pack(proposed: ProposedFact, check: str) -> None:
    """Blank or absurd words, impossible confidence and missing ground never pass."""
    report, sound = gate_of().validate(drafted(proposed), Context())

    assert None is sound
    assert [check] == [one.name for one in report.checks if not one.passed]


@pytest.mark.parametrize(
    "proposed",
    [
        seed("x", "a" * 100_000),
        fact(ContextKey.SEEDS, "x", confidence=0),
        fact(ContextKey.SEEDS, "x", confidence=1000),
        fact(ContextKey.SEEDS, "x", confidence=None),
    ],
)
def test_the_basic_checks_let_the_bounds_themselves_pass(proposed: ProposedFact) -> None:
    """A bound is inside."""
    _, sound = gate_of().validate(drafted(proposed), Context())

    assert sound is not None


def test_a_report_without_any_failure_passes_and_its_digest_names_it() -> None:
    """Two reports differ in digest as soon as one check's outcome differs."""
    good = gate_of().examine(drafted(seed("x")), Context())
    bad = gate_of().examine(drafted(seed("x", " ")), Context())

    assert (True, False) == (good.passed, bad.passed)
    assert good.digest() != bad.digest()
    assert isinstance(good, ReportRecord)


# Authority is explicit, scoped and expiring.


def scoped(*keys: str, gate: str = ENGINE_GATE, until: int | None = None) -> AuthorityGrant:
    return AuthorityGrant(
        grantor=SYSTEM, keys=keys, gates=(GateId(gate),), granted_at=0, expires_at=until
    )


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        pytest.param(scoped(), "does not cover Seeds", id="no key at all"),
        pytest.param(scoped("Signals"), "does not cover Seeds", id="another key"),
        pytest.param(scoped("Seeds", gate="other"), "does not cover gate", id="another gate"),
        pytest.param(
            AuthorityGrant(grantor=SYSTEM, keys=("Seeds",), gates=(), granted_at=0),
            "does not cover gate",
            id="no gate at all",
        ),
        pytest.param(scoped("Seeds", until=6), "has expired", id="expired"),
        pytest.param(scoped("Seeds", until=7), "has expired", id="expiring this very moment"),
    ],
)
def test_a_grant_that_does_not_cover_a_promotion_is_refused_with_the_reason(
    given: AuthorityGrant, reason: str
) -> None:
    """Key, gate and time must all be covered; none is by default."""
    gate = gate_of()

    with pytest.raises(NotAuthorized, match=reason):
        gate.promote(validated(gate), given, approver=SYSTEM, at=7)


def test_a_grant_may_cover_some_kinds_of_statement_only() -> None:
    """Beside key, gate and time, a grant names what kind of statement it is for."""
    gate = gate_of()
    plans = msgspec.structs.replace(EVERYTHING, kinds=("plan",))

    with pytest.raises(NotAuthorized, match="does not cover the kind claim"):
        gate.promote(validated(gate), plans, approver=plans.grantor, at=7)
    claims = msgspec.structs.replace(EVERYTHING, kinds=("plan", "claim"))
    assert gate.promote(validated(gate), claims, approver=claims.grantor, at=7)


def test_a_grant_covers_nothing_from_before_it_was_granted() -> None:
    """Authority does not reach back; the very moment it was given is covered."""
    gate = gate_of()
    later = msgspec.structs.replace(EVERYTHING, granted_at=8)

    with pytest.raises(NotAuthorized, match="the grant of policy:test was not given yet"):
        gate.promote(validated(gate), later, approver=SYSTEM, at=7)
    assert gate.promote(validated(gate), later, approver=SYSTEM, at=8)


def test_a_grant_holds_until_it_expires() -> None:
    """The last moment before the expiry is covered."""
    gate = gate_of()

    assert gate.promote(validated(gate), scoped("Seeds", until=8), approver=SYSTEM, at=7)


# A promotion leaves a complete record.


def test_the_promotion_record_is_complete() -> None:
    """All seven fields say what they are for, and none has a default."""
    proposed = fact(ContextKey.SEEDS, "x", observation=ObservationId("read:1"), confidence=500)
    draft = msgspec.structs.replace(drafted(proposed), traces=(TraceId("trace:1"),))
    gate = gate_of()
    _, sound = gate.validate(draft, Context())
    assert sound is not None
    made = gate.promote(
        sound, EVERYTHING, approver=SYSTEM, at=7, approvals=(ApprovalId("approval:1"),)
    )

    assert {
        "gate_id": ENGINE_GATE,
        "policy_version_hash": gate.policy.version,
        "approver": SYSTEM,
        "checks": BASIC_CHECKS,
        "observations": ("read:1",),
        "approvals": ("approval:1",),
        "trace_link": ("trace:1",),
        "promoted_at": 7,
    } == {
        "gate_id": made.promotion.gate_id,
        "policy_version_hash": made.promotion.policy_version_hash,
        "approver": made.promotion.approver,
        "checks": made.promotion.validation_summary.checks_passed,
        "observations": made.promotion.observations,
        "approvals": made.promotion.approvals,
        "trace_link": made.promotion.trace_link,
        "promoted_at": made.promotion.promoted_at,
    }
    assert all(field.required for field in msgspec.structs.fields(PromotionRecord) if field.name)


def test_a_fact_keeps_what_was_proposed() -> None:
    """Words, structure, confidence and kind survive promotion."""
    proposed = fact(ContextKey.SIGNALS, "x", "said", structured={"n": 1}, confidence=321)
    made = promoted(gate_of(), proposed)

    assert (proposed.key, proposed.id, "said", {"n": 1}, 321, proposed.kind) == (
        made.key,
        made.id,
        made.content,
        made.structured,
        made.confidence,
        made.kind,
    )


def test_the_policy_hash_changes_with_the_policy() -> None:
    """Rules, checks, settings: whatever decides is covered by the version in every record."""
    policies = [
        policy_of(rule(Effect.PERMIT)),
        policy_of(rule(Effect.ASK)),
        policy_of(rule(Effect.PERMIT), checks=["content-present"]),
        msgspec.structs.replace(policy_of(rule(Effect.PERMIT)), settings=("floor: 75",)),
        msgspec.structs.replace(policy_of(rule(Effect.PERMIT)), revision=2),
    ]

    assert 5 == len(
        {promoted(gate_of(policy)).promotion.policy_version_hash for policy in policies}
    )
    assert all(len(policy.version) == 64 for policy in policies)


def test_the_digest_of_a_fact_covers_content_and_authority_but_no_clock_and_no_run() -> None:
    """Two runs that come to the same fact by the same authority agree on its digest."""
    gate = gate_of()
    early = gate.promote(validated(gate), EVERYTHING, approver=SYSTEM, at=1)
    late = gate.promote(validated(gate), EVERYTHING, approver=SYSTEM, at=9)
    other = Actor(kind=ActorKind.HUMAN, id="alice")
    approved = gate.promote(validated(gate), EVERYTHING, approver=other, at=1)

    assert early.digest == late.digest
    assert len({early.digest, approved.digest, promoted(gate_of(), seed("y")).digest}) == 3
