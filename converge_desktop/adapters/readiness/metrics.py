"""Turns test and coverage reports into metrics.

Polars does the sums, over whole numbers only: the same files give the same bytes on any machine
and with any number of threads. Where a number must be rounded, it is rounded against the release:
coverage down, times and shares of skipped tests up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from converge_core.limits import Quantity
from converge_desktop.adapters.intake import Metric, refusal
from converge_desktop.adapters.readiness.cobertura import CoverageReport
from converge_desktop.adapters.readiness.junit import FAILED, SKIPPED, TestReport
from converge_desktop.adapters.readiness.modules import ModuleMap
from converge_desktop.adapters.wording import counted, listed

_TESTS = {
    "report": pl.String,
    "line": pl.Int64,
    "name": pl.String,
    "owner": pl.String,
    "outcome": pl.String,
    "micros": pl.Int64,
}
_CASES = "testsuites//testcase"
_MICROS_PER_HUNDREDTH = 10_000
_RATE_TOLERANCE = 2
"""By how many thousandths a rate may differ from its lines before it is told."""


@dataclass(frozen=True, slots=True)
class Failing:
    """A module with failing tests.

    Attributes:
        module: its path in the repository, or what the report calls it where none fits.
        known: whether it is a path of the repository.
        tests: how many of its tests fail.
    """

    module: str
    known: bool
    tests: int


def cases_frame(reports: Sequence[TestReport]) -> pl.DataFrame:
    """Returns the test cases of all reports, in an order that depends on their content alone."""
    columns = {
        key: [getattr(row, key) for report in reports for row in report.rows] for key in _TESTS
    }
    return pl.DataFrame(columns, schema=_TESTS).sort("report", "line", "name")


def coverage_frame(report: CoverageReport) -> pl.DataFrame:
    """Returns files with their lines and covered lines; a line that stands twice counts once."""
    lines = pl.DataFrame(
        {"owner": report.owners, "line": report.lines, "hits": report.hits},
        schema={"owner": pl.Int64, "line": pl.Int64, "hits": pl.Int64},
    )
    files = pl.DataFrame(
        {"owner": range(len(report.files)), "file": report.files},
        schema={"owner": pl.Int64, "file": pl.String},
    )
    each = lines.group_by("owner", "line").agg(covered=(pl.col("hits") > 0).any())
    sums = each.group_by("owner").agg(
        lines=pl.len().cast(pl.Int64), covered=pl.col("covered").sum().cast(pl.Int64)
    )
    joined = files.join(sums, on="owner", how="left").with_columns(
        pl.col("lines", "covered").fill_null(0)
    )
    return joined.select("file", "lines", "covered").sort("file")


def failing_modules(tests: pl.DataFrame, modules: ModuleMap) -> list[Failing]:
    """Returns the modules with failing tests, sorted by name."""
    owners = _failed(tests).group_by("owner").agg(tests=pl.len().cast(pl.Int64))
    found = [(owner, modules.find(owner), count) for owner, count in owners.iter_rows()]
    frame = pl.DataFrame(
        [(path or owner or "(no name)", path is not None, count) for owner, path, count in found],
        schema={"module": pl.String, "known": pl.Boolean, "tests": pl.Int64},
        orient="row",
    )
    sums = frame.group_by("module", "known").agg(pl.col("tests").sum()).sort("module", "known")
    return [Failing(*row) for row in sums.iter_rows()]


def measure_tests(tests: pl.DataFrame, failing: Sequence[Failing]) -> tuple[Metric, ...]:
    """Returns the metrics of the test reports."""
    source = listed(sorted(set(tests["report"])), 3)
    failed, skipped = _failed(tests), tests.filter(pl.col("outcome") == SKIPPED)
    modules = [f"{each.module} {each.tests}" for each in failing]
    share = Quantity(_rounded_up(skipped.height * 1000, tests.height), 1, "%")
    return (
        Metric("tests.total", "tests reported", Quantity(tests.height), source, _CASES),
        Metric(
            "tests.failed",
            "tests failed",
            Quantity(failed.height),
            source,
            _first_at(failed, "failure or error"),
            listed(failed["name"].sort().to_list()),
        ),
        Metric(
            "tests.skipped",
            "tests skipped",
            Quantity(skipped.height),
            source,
            _first_at(skipped, "skipped"),
            listed(skipped["name"].sort().to_list()),
        ),
        Metric("tests.skipped_share", "share of tests skipped", share, source, _CASES),
        _slowest(tests, source),
        Metric(
            "tests.failing_modules",
            "modules with failing tests",
            Quantity(len(failing)),
            source,
            f"{_CASES}/@classname or @file",
            listed(modules),
        ),
    )


def note_tests(tests: pl.DataFrame) -> list[str]:
    """Returns what the test reports leave open."""
    notes = []
    untimed = tests.filter(pl.col("outcome") != SKIPPED)["micros"].null_count()
    if untimed:
        which = counted(untimed, "test case carries", "test cases carry")
        notes.append(f"{which} no time, so the slowest test is the slowest of the others.")
    if tests.filter(pl.col("outcome") == SKIPPED).height == tests.height:
        notes.append("Every test was skipped, so nothing was tried.")
    repeated = tests.group_by("name").agg(pl.col("report").n_unique()).filter(pl.col("report") > 1)
    if repeated.height:
        which = counted(repeated.height, "test stands", "tests stand")
        notes.append(f"{which} in more than one report and count each time.")
    return notes


def measure_coverage(
    report: CoverageReport, files: pl.DataFrame
) -> tuple[tuple[Metric, ...], list[str]]:
    """Returns the metrics of the coverage report, and where it contradicts itself.

    Raises:
        IntakeError: if it covers no line.
    """
    permille, place, notes = _line_coverage(report, files)
    least = files.filter(pl.col("lines") > 0).with_columns(
        permille=pl.col("covered") * 1000 // pl.col("lines")
    )
    lowest = least.sort("permille", "file").head(3)
    shown = [
        f"{file} {Quantity(value, 1, '%')}"
        for file, value in lowest.select("file", "permille").iter_rows()
    ]
    detail = f"lowest: {', '.join(shown)}" if shown else ""
    line = Quantity(permille, 1, "%")
    count = Quantity(files.height)
    return (
        Metric("coverage.line", "line coverage", line, report.name, place),
        Metric("coverage.files", "files measured", count, report.name, "coverage//class", detail),
    ), notes


def _line_coverage(report: CoverageReport, files: pl.DataFrame) -> tuple[int, str, list[str]]:
    lines, covered = int(files["lines"].sum()), int(files["covered"].sum())
    place = "coverage//class/lines/line/@hits"
    notes = []
    if report.covered is not None and report.valid is not None:
        if not lines or (report.covered, report.valid) == (covered, lines):
            lines, covered = report.valid, report.covered
            place = "coverage/@lines-covered and @lines-valid"
        else:
            notes.append(
                f"{report.name} says {report.covered} of {report.valid} lines are covered, its "
                f"lines are {covered} of {lines}; the lines were counted."
            )
    if not lines and report.rate and report.valid is None:
        return int(report.rate * 1000), "coverage/@line-rate", notes
    if not lines:
        what = "the report covers no line of code"
        remedy = "Measure the project's own code and write the report again."
        raise refusal(report.name, "coverage", what, remedy)
    permille = covered * 1000 // lines
    if abs(report.rate * 1000 - permille) > _RATE_TOLERANCE:
        said = Quantity(int(report.rate * 1000), 1, "%")
        shown = Quantity(permille, 1, "%")
        notes.append(f"{report.name} says its line rate is {said}; its lines make it {shown}.")
    return permille, place, notes


def _slowest(tests: pl.DataFrame, source: str) -> Metric:
    timed = tests.drop_nulls("micros").sort(
        ["micros", "name", "report", "line"], descending=[True, False, False, False]
    )
    if timed.is_empty():
        unknown = Quantity(None, 2, "s")
        return Metric("tests.slowest", "slowest test", unknown, source, f"{_CASES}/@time")
    first = timed.row(0, named=True)
    value = Quantity(_rounded_up(first["micros"], _MICROS_PER_HUNDREDTH), 2, "s")
    place = f"line {first['line']}, testcase/@time"
    return Metric("tests.slowest", "slowest test", value, first["report"], place, first["name"])


def _failed(tests: pl.DataFrame) -> pl.DataFrame:
    return tests.filter(pl.col("outcome") == FAILED)


def _first_at(tests: pl.DataFrame, what: str) -> str:
    if tests.is_empty():
        return f"{_CASES}[{what}]"
    report, line = tests.select("report", "line").row(0)
    return f"{_CASES}[{what}], first in {report}, line {line}"


def _rounded_up(part: int, whole: int) -> int:
    return -(-part // whole)
