"""The stress suite: no contract is too weak or too strict, and the suite can tell."""

from __future__ import annotations

from dataclasses import replace

import pytest

from converge_core.contract import CheckResult, ContractResult, Ground, OutputContract
from converge_core.stress import run_stress
from converge_core.stress_cases import CASES

MUST_PASS = [case for case in CASES if not case.fault]
MUST_FAIL = [case for case in CASES if case.fault]
CONTRACTS = sorted({case.contract.name for case in CASES})


def test_every_case_comes_out_as_it_must() -> None:
    """Zero mismatches, over six contracts."""
    report = run_stress()

    assert ((), ()) == (report.too_weak, report.too_strict)
    assert report.total == report.matched == len(CASES)


def test_the_suite_is_no_smaller_than_the_originals() -> None:
    """At least its 31 cases, 14 that pass and 17 that fail; each contract has both kinds."""
    assert len(CASES) >= 31
    assert len(MUST_PASS) >= 14
    assert len(MUST_FAIL) >= 17
    assert 6 == len(CONTRACTS)
    assert set(CONTRACTS) == {case.contract.name for case in MUST_PASS}
    assert set(CONTRACTS) == {case.contract.name for case in MUST_FAIL}


@pytest.mark.parametrize("contract", CONTRACTS)
def test_each_check_of_a_contract_has_an_answer_that_passes_and_one_that_does_not(
    contract: str,
) -> None:
    """No check stands there untried."""
    ran = [
        (case, case.contract.hold(case.raw, case.ground))
        for case in CASES
        if case.contract.name == contract
    ]
    passed = {check.name for case, result in ran if result.valid for check in result.checks}

    assert {check.name for _, result in ran for check in result.checks} == passed
    assert passed == {case.fault for case, _ in ran if case.fault} | (passed & {"truth:reviewed"})


@pytest.mark.parametrize("fault", sorted({case.fault for case in MUST_FAIL}))
def test_a_contract_without_one_of_its_checks_is_reported_as_too_weak(fault: str) -> None:
    """Every case of that check, and no other, whatever else catches the answer."""

    def weakened(contract: OutputContract, raw: str, ground: Ground) -> ContractResult:
        result = contract.hold(raw, ground)
        return replace(result, checks=tuple(one for one in result.checks if one.name != fault))

    report = run_stress(weakened)
    due = tuple(case.name for case in MUST_FAIL if case.fault == fault)

    assert (due, ()) == (report.too_weak, report.too_strict)
    assert len(CASES) - len(due) == report.matched


def test_a_contract_that_refuses_everything_is_reported_as_too_strict() -> None:
    """By all the cases that must pass."""

    def strict(contract: OutputContract, raw: str, ground: Ground) -> ContractResult:
        result = contract.hold(raw, ground)
        return replace(result, checks=(*result.checks, CheckResult("never", passed=False)))

    report = run_stress(strict)

    assert tuple(case.name for case in MUST_PASS) == report.too_strict
    assert () == report.too_weak


def test_a_contract_that_refuses_for_another_reason_is_not_taken_for_a_sound_one() -> None:
    """An answer that fails by chance does not prove that its own check works."""

    def random(contract: OutputContract, raw: str, ground: Ground) -> ContractResult:
        return ContractResult(contract.name, None, (CheckResult("by chance", passed=False),))

    report = run_stress(random)

    assert (len(MUST_FAIL), len(MUST_PASS), 0) == (
        len(report.too_weak),
        len(report.too_strict),
        report.matched,
    )


def test_cases_can_be_chosen() -> None:
    """For a suite of one's own."""
    assert 2 == run_stress(cases=[MUST_PASS[0], MUST_FAIL[0]]).total


def test_no_two_cases_of_a_contract_have_one_name() -> None:
    """A report names them so that they can be found."""
    assert len(CASES) == len({(case.contract.name, case.name) for case in CASES})
