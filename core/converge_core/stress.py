"""A stress suite for the contracts: do they still refuse what they must, and nothing else?

Each case of :data:`~converge_core.stress_cases.CASES` is an answer that must pass, or one that a
certain check must catch. A contract that lets the latter pass is too weak, one that refuses the
former too strict. It runs anywhere in milliseconds, without a model.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from converge_core.contract import ContractResult, Ground, OutputContract
from converge_core.stress_cases import CASES, Case

Hold = Callable[[OutputContract, str, Ground], ContractResult]
"""Holds an answer against its contract."""


@dataclass(frozen=True, slots=True)
class StressReport:
    """What came of the suite.

    Attributes:
        total: how many cases there were.
        matched: how many came out as they must.
        too_weak: the cases whose fault was not caught by the check that is there for it.
        too_strict: the cases that were refused without a fault.
    """

    total: int
    matched: int
    too_weak: tuple[str, ...]
    too_strict: tuple[str, ...]


def run_stress(hold: Hold | None = None, cases: Iterable[Case] = CASES) -> StressReport:
    """Holds every case against its contract.

    Args:
        hold: how an answer is held; None for the contracts' own way.
        cases: the cases.
    """
    ran = [(case, _held(case, hold)) for case in cases]
    weak = tuple(case.name for case, result in ran if case.fault and not _caught(case, result))
    strict = tuple(case.name for case, result in ran if not case.fault and not result.valid)
    return StressReport(len(ran), len(ran) - len(weak) - len(strict), weak, strict)


def _held(case: Case, hold: Hold | None) -> ContractResult:
    if hold is None:
        return case.contract.hold(case.raw, case.ground)
    return hold(case.contract, case.raw, case.ground)


def _caught(case: Case, result: ContractResult) -> bool:
    """Whether it was refused for its own fault, and not for another by chance."""
    return case.fault in {check.name for check in result.failures}
