"""Reads JUnit reports, of any flavour, into one row a test case.

The numbers come from the test cases. What a suite says about itself in its attributes is compared
with them, and a difference is told, but it is never believed. An error counts as a failure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Final

from junitparser.junitparser import FinalResult, Skipped
from junitparser.xunit2 import TestCase

from converge_core.canonical import ContentHash
from converge_desktop.adapters.readiness.safe_xml import AGAIN, ElementReader, read
from converge_desktop.adapters.wording import plain

PASSED: Final = "passed"
FAILED: Final = "failed"
SKIPPED: Final = "skipped"

MAX_TESTS = 1_000_000
LONGEST_TEST_SECONDS = 366 * 24 * 3600

# Plain, or with the thousands commas that Surefire writes; never a decimal comma.
_SECONDS = re.compile(
    r"(?:\d{1,15}|[1-9]\d{0,2}(?:,\d{3}){1,4})(?:\.\d{0,30})?(?:[eE][+-]?\d{1,2})?"
)
_MICROS = 1_000_000

# Elements below a test case that say how it ended, as junitparser knows them; reruns that a later
# attempt made good are not among them.
_OUTCOMES = {
    tag: SKIPPED if issubclass(kind, Skipped) else FAILED
    for tag, kind in TestCase.ITER_TYPES.items()
    if issubclass(kind, FinalResult)
}
# GoogleTest and CTest say it in an attribute instead.
_STATUSES = {
    **dict.fromkeys(("notrun", "disabled", "skipped", "suppressed", "ignored"), SKIPPED),
    **dict.fromkeys(("fail", "failed", "failure", "error"), FAILED),
}


@dataclass(frozen=True, slots=True)
class TestRow:
    """One test case.

    Attributes:
        report: the report it stands in.
        line: the line of the report where it starts.
        name: class and name, as the report has them.
        owner: what the report says it belongs to: a file, or else a class, or else a suite.
        outcome: passed, failed or skipped.
        micros: how long it took; None where the report does not say.
    """

    __test__ = False

    report: str
    line: int
    name: str
    owner: str
    outcome: str
    micros: int | None


@dataclass(frozen=True, slots=True)
class TestReport:
    """One JUnit report.

    Attributes:
        name: how the file is called.
        sha256: the hash of its bytes.
        rows: its test cases, in the order in which they stand.
        notes: where it contradicts itself.
    """

    __test__ = False

    name: str
    sha256: ContentHash
    rows: tuple[TestRow, ...]
    notes: tuple[str, ...]


def read_junit(path: Path, name: str) -> TestReport:
    """Reads one report.

    Raises:
        IntakeError: if it is broken, dangerous, or holds an absurd number.
    """
    reader = _JUnitReader(name)
    sha256 = read(path, reader)
    return TestReport(name, sha256, tuple(reader.rows), tuple(reader.notes[:1]))


@dataclass(slots=True)
class _Suite:
    """A suite that is open: what it claims, and what was counted in it so far."""

    name: str
    file: str
    line: int
    claims: dict[str, int]
    counts: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys((PASSED, FAILED, SKIPPED), 0)
    )


@dataclass(slots=True)
class _Case:
    """A test case that is open."""

    line: int
    name: str
    owner: str
    micros: int | None
    outcome: str

    def end_as(self, outcome: str) -> None:
        """A failure stands, whatever else is said of the case."""
        if self.outcome != FAILED:
            self.outcome = outcome


class _JUnitReader(ElementReader):
    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.rows: list[TestRow] = []
        self.notes: list[str] = []
        self._suites: list[_Suite] = []
        self._case: _Case | None = None

    def opened(self, tag: str, attributes: Mapping[str, str]) -> None:
        if tag in {"testsuite", "testsuites"}:
            self._open_suite(attributes)
        elif tag == "testcase":
            self._open_case(attributes)
        elif self._case and tag in _OUTCOMES:
            self._case.end_as(_OUTCOMES[tag])

    def closed(self, tag: str) -> None:
        if tag in {"testsuite", "testsuites"}:
            self._close_suite(self._suites.pop())
        elif tag == "testcase" and self._case:
            self._close_case(self._case)
            self._case = None

    def _open_suite(self, attributes: Mapping[str, str]) -> None:
        keys = ("tests", "failures", "errors", "skipped", "disabled")
        counts = {key: self.count(attributes, key) for key in keys}
        self._micros(attributes)  # unused, but an absurd one makes the report doubtful
        claims = {key: count for key, count in counts.items() if count is not None}
        file = attributes.get("file") or attributes.get("filepath") or ""
        if not file and self._suites:
            file = self._suites[-1].file
        name = plain(attributes.get("name", ""))
        self._suites.append(_Suite(name, file, self.line, claims))

    def _close_suite(self, suite: _Suite) -> None:
        if difference := _difference(suite):
            self.notes.append(
                f"{self.name}, line {suite.line}: {difference}; the test cases were counted."
            )
        if self._suites:
            outer = self._suites[-1].counts
            for outcome, count in suite.counts.items():
                outer[outcome] += count

    def _open_case(self, attributes: Mapping[str, str]) -> None:
        if self._case:
            raise self.refusal("a test case stands inside another", AGAIN)
        if len(self.rows) == MAX_TESTS:
            raise self.refusal(f"there are more than {MAX_TESTS} test cases", AGAIN)
        suite = self._suites[-1] if self._suites else _Suite("", "", self.line, {})
        classname = attributes.get("classname", "")
        name = attributes.get("name", "")
        self._case = _Case(
            line=self.line,
            name=plain(f"{classname}::{name}" if classname else name),
            owner=plain(attributes.get("file") or suite.file or classname or suite.name),
            micros=self._micros(attributes),
            outcome=_status(attributes),
        )

    def _close_case(self, case: _Case) -> None:
        if self._suites:
            self._suites[-1].counts[case.outcome] += 1
        self.rows.append(
            TestRow(self.name, case.line, case.name, case.owner, case.outcome, case.micros)
        )

    def _micros(self, attributes: Mapping[str, str]) -> int | None:
        text = attributes.get("time", "").strip()
        if not text:
            return None
        if not _SECONDS.fullmatch(text) or not text.isascii():
            shown = plain(text, 40)
            raise self.refusal(f'the attribute time="{shown}" is not a number of seconds', AGAIN)
        seconds = Decimal(text.replace(",", ""))
        if seconds > LONGEST_TEST_SECONDS:
            shown = plain(text, 40)
            raise self.refusal(f'the attribute time="{shown}" is more than a year', AGAIN)
        return int(seconds * _MICROS)


def _status(attributes: Mapping[str, str]) -> str:
    said = [_STATUSES.get(attributes.get(key, "").lower(), PASSED) for key in ("status", "result")]
    return FAILED if FAILED in said else SKIPPED if SKIPPED in said else PASSED


def _difference(suite: _Suite) -> str | None:
    """Says where a suite's attributes differ from its test cases, or None."""
    claims, counts = suite.claims, suite.counts
    facts = {"tests": sum(counts.values()), "failures and errors": counts[FAILED]}
    said = {"tests": claims.get("tests")}
    if "failures" in claims:
        said["failures and errors"] = claims["failures"] + claims.get("errors", 0)
    for what, fact in facts.items():
        claim = said.get(what)
        if claim is not None and claim != fact:
            return f"the suite claims {claim} {what}, but its test cases show {fact}"
    return None
