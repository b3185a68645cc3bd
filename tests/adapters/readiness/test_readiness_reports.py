"""Test and coverage reports: what is counted, and how it is rounded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from junitparser import JUnitXml

from converge_desktop.adapters.readiness.junit import read_junit
from tests.adapters.readiness.readiness_material import (
    COBERTURA,
    JUNIT,
    Git,
    case,
    cobertura_of,
    intake_of,
    junit_of,
    metric_of,
    shown,
    write_reports,
)

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("covered", "valid", "expected"),
    [(7496, 10000, "74.9 %"), (7499, 10000, "74.9 %"), (75, 100, "75.0 %"), (2, 3, "66.6 %")],
)
def test_coverage_is_rounded_down(project: Git, covered: int, valid: int, expected: str) -> None:
    """What lies below the floor never passes as the floor."""
    attributes = f'line-rate="0.75" lines-covered="{covered}" lines-valid="{valid}"'
    write_reports(project.path, cobertura=cobertura_of("", attributes))
    assert expected == shown(intake_of(project.path))["coverage.line"]


def test_lines_win_over_what_a_coverage_report_claims(project: Git) -> None:
    """A claim that its own lines contradict is told and not believed."""
    claim = COBERTURA.replace('lines-covered="3"', 'lines-covered="4"')
    write_reports(project.path, cobertura=claim.replace('rate="0.75"', 'rate="1"'))
    intake = intake_of(project.path)
    assert shown(intake)["coverage.line"] == "75.0 %"
    assert (
        "coverage.xml says 4 of 4 lines are covered, its lines are 3 of 4; the lines were counted."
        in intake.notes
    )
    assert "coverage.xml says its line rate is 100.0 %; its lines make it 75.0 %." in intake.notes


def test_a_line_that_stands_twice_counts_once(project: Git) -> None:
    """Methods repeat their class's lines, and a file can have several classes."""
    line = '<line number="1" hits="{}"/>'
    method = f"<methods><method><lines>{line.format(0)}</lines></method></methods>"
    classes = "".join(
        f'<class filename="a.py">{method}<lines>{line.format(hits)}</lines></class>'
        for hits in (0, 3)
    )
    write_reports(project.path, cobertura=cobertura_of(classes, 'line-rate="1"'))
    assert shown(intake_of(project.path))["coverage.line"] == "100.0 %"


def test_counts_are_those_of_the_cases_and_a_difference_is_told(project: Git) -> None:
    """What a suite says of itself is compared, never believed."""
    write_reports(project.path, junit=junit_of(case("a") + case("b", "error"), 'tests="9"'))
    intake = intake_of(project.path)
    assert (shown(intake)["tests.total"], shown(intake)["tests.failed"]) == ("2", "1")
    assert (
        "junit.xml, line 1: the suite claims 9 tests, but its test cases show 2; the test cases "
        "were counted." in intake.notes
    )


def test_nested_suites_are_counted_like_junitparser_counts_them(tmp_path: Path) -> None:
    """The rows are the cases of an independent reader."""
    inner = junit_of(case("c", "failure") + junit_of(case("d", "skipped")))
    report = tmp_path / "nested.xml"
    report.write_text(
        f"<testsuites>{junit_of(case('a') + inner)}{junit_of(case('e'))}</testsuites>"
    )
    parsed = JUnitXml.fromfile(str(report))
    expected = sorted(each.name for suite in parsed for each in suite)
    rows = read_junit(report, "nested.xml").rows
    assert expected == sorted(row.name.rpartition("::")[2] for row in rows)


@pytest.mark.parametrize(
    ("inside", "attributes", "expected"),
    [
        ("<rerunFailure/>", "", "passed"),
        ("<flakyError/>", "", "passed"),
        ("<skipped/><failure/>", "", "failed"),
        ("<failure/><error/>", "", "failed"),
        ("", 'status="notrun"', "skipped"),
        ("", 'status="run" result="suppressed"', "skipped"),
        ("", 'status="fail"', "failed"),
        ("<system-out>failure</system-out>", "", "passed"),
    ],
)
def test_flavours_of_outcomes(tmp_path: Path, inside: str, attributes: str, expected: str) -> None:
    """Surefire, GoogleTest, CTest and pytest say the same in different ways."""
    report = tmp_path / "junit.xml"
    report.write_text(junit_of(f'<testcase name="t" {attributes}>{inside}</testcase>'))
    assert [expected] == [row.outcome for row in read_junit(report, "junit.xml").rows]


def test_times_are_exact_and_rounded_up_once(project: Git) -> None:
    """60.001 s is over 60 s; Surefire's thousands commas are understood."""
    write_reports(project.path, junit=junit_of(case("a", time="1,060.001") + case("b", time="2")))
    assert shown(intake_of(project.path))["tests.slowest"] == "1060.01 s"


def test_a_missing_time_is_unknown_and_told(project: Git) -> None:
    """No time is not zero seconds."""
    write_reports(project.path, junit=junit_of('<testcase classname="a" name="b"/>'))
    intake = intake_of(project.path)
    assert shown(intake)["tests.slowest"] == "unknown"
    assert any(note.startswith("1 test case carries no time") for note in intake.notes)


def test_names_from_a_report_stay_on_one_line(project: Git) -> None:
    """Line breaks, direction marks and endless names cannot disguise a sentence."""
    name = "a&#10;b\u202e" + "x" * 1000
    report = f'<testsuite><testcase name="{name}"><failure/></testcase></testsuite>'
    write_reports(project.path, junit=report)
    detail = metric_of(intake_of(project.path), "tests.failed").detail
    assert detail.startswith("a\\u000ab\\u202exxx")
    assert len(detail) < 300


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "latin-1"])
def test_encodings_that_xml_declares_are_read(project: Git, encoding: str) -> None:
    """The declaration, not a guess, says how to read."""
    declared = encoding.removesuffix("-sig")
    text = JUNIT.replace("utf-8", declared).replace("test_no", "tést_nö")
    (project.path / "junit.xml").write_bytes(text.encode(encoding))
    assert "tést_nö" in metric_of(intake_of(project.path), "tests.failed").detail


def test_a_rate_alone_is_enough_and_rounded_down(project: Git) -> None:
    """Some tools write neither lines nor their number."""
    write_reports(project.path, cobertura=cobertura_of("", 'line-rate="0.7499"'))
    metric = metric_of(intake_of(project.path), "coverage.line")
    assert (str(metric.quantity), metric.place) == ("74.9 %", "coverage/@line-rate")
