"""Reads a folder into metrics: reports, coverage and history, from files nobody vouches for.

Reading changes nothing in the folder and starts no program. Whatever cannot be read ends in one
:class:`IntakeError`, whose text is for a person, before a run starts. Importing this package loads
Polars and libgit2: import it on the thread that reads, not before the first paint.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from converge_core.canonical import MAX_INTEGER, ContentHash
from converge_desktop.adapters.intake import (
    Intake,
    IntakeError,
    Metric,
    Source,
    checked_folder,
    few,
    refusal,
)
from converge_desktop.adapters.readiness.changes import (
    GIT,
    changes_frame,
    measure_history,
    measure_overlap,
    note_changes,
)
from converge_desktop.adapters.readiness.cobertura import CoverageReport, read_cobertura
from converge_desktop.adapters.readiness.history import History, read_history
from converge_desktop.adapters.readiness.junit import MAX_TESTS, TestReport, read_junit
from converge_desktop.adapters.readiness.metrics import (
    cases_frame,
    coverage_frame,
    failing_modules,
    measure_coverage,
    measure_tests,
    note_tests,
)
from converge_desktop.adapters.readiness.modules import ModuleMap
from converge_desktop.adapters.readiness.reports import Found, Kind, Reports, find_reports
from converge_desktop.adapters.readiness.repository import Place, find_repository
from converge_desktop.adapters.wording import counted, listed, plain, plain_bytes

_SHORT = 6
_RUN_TESTS = "Run the tests with a JUnit report, such as: pytest --junitxml=junit.xml"
_RUN_COVERAGE = "Run the tests with a Cobertura report, such as: pytest --cov --cov-report=xml"
_ONE_COVERAGE = "Leave one of them, or combine the data and write one report."


def read_folder(folder: Path, *, now_us: int, workspace: Path) -> Intake:
    """Reads the folder.

    Args:
        folder: what the person picked.
        now_us: the time of reading, in microseconds since 1970 UTC.
        workspace: where a bundle may be unpacked; the only place written to.

    Raises:
        IntakeError: if no run can start from it; nothing else is raised.
    """
    root = checked_folder(folder)
    found = find_reports(root)
    _require_reports(root, found)
    place = find_repository(root, workspace)
    history = read_history(place)
    chosen = _choose(found, place, history)
    tests = _read_tests(chosen.junit, found.notes)
    coverage = _read_coverage(chosen.cobertura, found.notes)
    metrics, notes = _measure(tests, coverage, history, now_us)
    _check_bounds(metrics)
    of_reports = [note for report in tests for note in report.notes]
    # What the numbers are worth is never left out for what merely lies around in the folder.
    notes = [*few(found.notes), *few(of_reports), *notes]
    return Intake(
        subject=f"{place.name} at {history.commit[:_SHORT]}",
        metrics=metrics,
        notes=tuple(dict.fromkeys(notes)),
        sources=tuple(_sources(tests, coverage, place, history)),
    )


def _require_reports(root: Path, found: Reports) -> None:
    """Refuses a folder that lacks a report, and says what may have been meant as one."""
    for reports, kind, remedy in (
        (found.junit, "JUnit test report", _RUN_TESTS),
        (found.cobertura, "Cobertura coverage report", _RUN_COVERAGE),
    ):
        if reports:
            continue
        if found.faulty:
            sentence = f"No {kind} in {plain(str(root))} can be read. {found.faulty[0]}"
            raise IntakeError(sentence)
        what = f"no {kind} lies in this folder{_strangers(found)}"
        raise refusal(plain(str(root)), "", what, remedy)
    found.notes.extend(f"Left out: {fault}" for fault in found.faulty)


def _strangers(found: Reports) -> str:
    said = [f"{each.name} starts with <{element}>" for each, element in found.strangers]
    said += [note.rstrip(".") for note in found.notes]
    return f" ({listed(said, 3)})" if said else ""


def _choose(found: Reports, place: Place, history: History) -> Reports:
    """Leaves out reports that are part of the project itself, unless there are no others.

    A repository may hold reports as test data; the ones that a test run wrote are not committed.
    """
    chosen = Reports()
    for all_, kept in ((found.junit, chosen.junit), (found.cobertura, chosen.cobertura)):
        fresh = [each for each in all_ if not _is_committed(each, place, history)]
        kept.extend(fresh or all_)
        if left := [each.name for each in all_ if each not in kept]:
            found.notes.append(
                f"{counted(len(left), 'report is', 'reports are')} part of the repository and "
                f"{'was' if len(left) == 1 else 'were'} left out: {listed(left)}."
            )
    return chosen


def _is_committed(found: Found, place: Place, history: History) -> bool:
    if place.root is None or not found.path.is_relative_to(place.root):
        return False
    inside = found.path.relative_to(place.root).as_posix()
    return plain_bytes(os.fsencode(inside)) in history.paths


def _read_tests(found: Sequence[Found], notes: list[str]) -> list[TestReport]:
    reports: dict[ContentHash, TestReport] = {}
    for each in found:
        report = read_junit(each.path, each.name)
        if report.sha256 in reports:
            twin = reports[report.sha256].name
            notes.append(f"{report.name} is a copy of {twin} and was read once.")
        reports.setdefault(report.sha256, report)
    total = sum(len(report.rows) for report in reports.values())
    names = listed([report.name for report in reports.values()])
    if total == 0:
        what = "the report holds no test case, so nothing was tested"
        raise refusal(names, "testsuites//testcase", what, _RUN_TESTS)
    if total > MAX_TESTS:
        what = f"together they hold {total} test cases, more than {MAX_TESTS}"
        raise refusal(names, "", what, "Pick a folder with the reports of one test run.")
    return list(reports.values())


def _read_coverage(found: Sequence[Found], notes: list[str]) -> CoverageReport:
    reports: dict[ContentHash, CoverageReport] = {}
    for each in found:
        report = read_cobertura(each.path, each.name)
        if report.sha256 in reports:
            twin = reports[report.sha256].name
            notes.append(f"{report.name} is a copy of {twin} and was read once.")
        reports.setdefault(report.sha256, report)
    if len(reports) > 1:
        names = [report.name for report in reports.values()]
        what = "there is more than one Cobertura report, and adding them up would count lines twice"
        raise refusal(listed(names), "", what, _ONE_COVERAGE)
    return next(iter(reports.values()))


def _measure(
    tests: Sequence[TestReport], coverage: CoverageReport, history: History, now_us: int
) -> tuple[tuple[Metric, ...], list[str]]:
    cases = cases_frame(tests)
    failing = failing_modules(cases, ModuleMap(history.paths))
    covered, contradictions = measure_coverage(coverage, coverage_frame(coverage))
    changes = changes_frame(history)
    tested = measure_tests(cases, failing)
    known = None if history.changes is None else changes
    overlap = measure_overlap(failing, known, tested[0].source)
    notes = [*note_tests(cases), *contradictions, *history.notes]
    metrics = (*tested, *covered, *measure_history(history, changes, now_us), overlap)
    return metrics, [*notes, *note_changes(history, failing, now_us)]


def _check_bounds(metrics: Sequence[Metric]) -> None:
    for metric in metrics:
        value = metric.quantity.value
        if value is not None and not 0 <= value <= MAX_INTEGER:
            what = f"the {metric.label} come out as {metric.quantity}, which cannot be"
            raise refusal(metric.source, metric.place, what, "Write the reports again.")


def _sources(
    tests: Sequence[TestReport], coverage: CoverageReport, place: Place, history: History
) -> Iterator[Source]:
    yield Source(coverage.name, coverage.sha256, Kind.COBERTURA)
    for report in sorted(tests, key=lambda report: report.name):
        yield Source(report.name, report.sha256, Kind.JUNIT)
    if place.bundle:
        yield Source(*place.bundle, Kind.BUNDLE)
    yield Source(GIT, history.digest, Kind.GIT)
