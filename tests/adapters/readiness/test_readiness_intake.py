"""A folder becomes the same metrics every time, and each bad folder a sentence."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.adapters.readiness.readiness_material import (
    COBERTURA,
    JUNIT,
    Git,
    case,
    intake_of,
    junit_of,
    metric_of,
    refused,
    shown,
    write_reports,
)

ROOT = Path(__file__).parents[3]
CASES = [
    case("test_a", "failure", time="0.5"),
    case("test_b", "error", owner="tests.test_ledger", time="2.5"),
    case("test_c", "failure", time="2.5"),
    case("test_d", "skipped"),
    case("test_e", owner="somewhere.else"),
]


def test_a_folder_becomes_thirteen_metrics(project: Git) -> None:
    """Each number is what the reports and git itself say."""
    expected = {
        "tests.total": "4",
        "tests.failed": "2",
        "tests.skipped": "1",
        "tests.skipped_share": "25.0 %",
        "tests.slowest": "1.24 s",
        "tests.failing_modules": "2",
        "coverage.line": "75.0 %",
        "coverage.files": "2",
        "history.commits_since_tag": str(project.count("v1.0.0..HEAD")),
        "history.churn": f"{project.churn('v1.0.0')} lines",
        "history.files_changed": str(project.files_changed("v1.0.0")),
        "history.days_since_tag": "399 days",
        "modules.changed_and_failing": "1",
    }
    assert expected == shown(intake_of(project.path))


def test_the_subject_names_project_and_commit(project: Git) -> None:
    """The subject is the folder's name and the start of HEAD."""
    assert f"acme at {project('rev-parse', 'HEAD')[:6]}" == intake_of(project.path).subject


def test_every_number_names_its_source_and_place(project: Git) -> None:
    """A person can go from each number to the cell it came from."""
    intake = intake_of(project.path)
    assert all(metric.source and metric.place for metric in intake.metrics)
    slowest = metric_of(intake, "tests.slowest")
    assert (slowest.source, slowest.place) == ("junit.xml", "line 4, testcase/@time")
    assert slowest.detail == "tests.test_gate.TestVote::test_yes"


def test_the_sources_carry_the_hash_of_what_was_read(project: Git) -> None:
    """Files by the hash of their bytes, the history by one of its own."""
    import hashlib

    sources = {source.path: source for source in intake_of(project.path).sources}
    assert list(sources) == ["coverage.xml", "junit.xml", "git"]
    assert hashlib.sha256(JUNIT.encode()).hexdigest() == sources["junit.xml"].sha256


def test_reading_changes_nothing_in_the_folder(project: Git) -> None:
    """No file of the folder is written, moved or added."""

    def seen() -> dict[Path, tuple[int, int]]:
        files = (path for path in project.path.rglob("*") if path.is_file())
        return {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in files}

    before = seen()
    intake_of(project.path)
    assert before == seen()


def test_reports_are_known_by_content_not_by_name(project: Git) -> None:
    """Any name in any subfolder does; names that promise a report mean nothing."""
    expected = shown(intake_of(project.path))
    (project.path / "out/deep").mkdir(parents=True)
    (project.path / "junit.xml").rename(project.path / "out/deep/coverage.xml.txt")
    (project.path / "coverage.xml").rename(project.path / "out/result")
    (project.path / "junit.xml").write_text("<project/>")
    assert expected == shown(intake_of(project.path))


def test_a_copy_of_a_report_counts_once(project: Git) -> None:
    """The same bytes twice are one report, and that is said."""
    expected = shown(intake_of(project.path))
    for name in ("junit.xml", "coverage.xml"):
        shutil.copy(project.path / name, project.path / f"old-{name}")
    intake = intake_of(project.path)
    assert expected == shown(intake)
    assert "old-junit.xml is a copy of junit.xml and was read once." in intake.notes


def test_committed_reports_give_way_to_fresh_ones(project: Git) -> None:
    """Test data of the project is not taken for its results."""
    expected = shown(intake_of(project.path))
    project.commit({"tests/data/fixture.xml": junit_of(case("bad", "failure"))}, day=3)
    intake = intake_of(project.path)
    assert expected["tests.total"] == shown(intake)["tests.total"]
    assert (
        "1 report is part of the repository and was left out: tests/data/fixture.xml."
        in intake.notes
    )


def test_committed_reports_count_where_there_are_no_others(project: Git) -> None:
    """A repository that commits its reports can be read."""
    expected = shown(intake_of(project.path))["tests.total"]
    project("add", "junit.xml", "coverage.xml")
    project("commit", "--quiet", "--message", "reports", day=4)
    assert expected == shown(intake_of(project.path))["tests.total"]


def test_links_are_not_followed_and_that_is_said(project: Git, tmp_path: Path) -> None:
    """A link cannot lead the reading out of the folder."""
    (project.path / "junit.xml").rename(tmp_path / "outside.xml")
    (project.path / "junit.xml").symlink_to(tmp_path / "outside.xml")
    assert "junit.xml is a link and was not followed" in refused(project.path)


def test_no_report_is_refused_and_names_the_folder_and_the_remedy(project: Git) -> None:
    """What is missing is named, and how to make it."""
    (project.path / "junit.xml").unlink()
    assert (
        f"{project.path}: no JUnit test report lies in this folder. "
        "Run the tests with a JUnit report, such as: pytest --junitxml=junit.xml"
    ) == refused(project.path)


def test_no_coverage_report_is_refused_and_names_what_was_there(project: Git) -> None:
    """An XML file of another kind may have been meant, so it is named."""
    (project.path / "coverage.xml").write_text("<coverage generated='1'><project/></coverage>")
    (project.path / "web.xml").write_text("<web/>")
    sentence = refused(project.path)
    assert "no Cobertura coverage report lies in this folder" in sentence
    assert "(coverage.xml starts with <coverage>, web.xml starts with <web>)" in sentence


def test_a_file_that_is_no_xml_is_refused_at_its_place_where_a_report_is_missing(
    project: Git,
) -> None:
    """An empty or garbled report is named rather than called missing."""
    (project.path / "junit.xml").write_bytes(b"")
    assert (
        f"No JUnit test report in {project.path} can be read. junit.xml, line 1, column 1: the "
        "XML is broken (no element found). Run the tool that wrote it again."
    ) == refused(project.path)


def test_a_broken_file_beside_good_reports_is_told(project: Git) -> None:
    """It does not stop the reading, but nothing is dropped in silence."""
    (project.path / "half.xml").write_text("<?xml")
    assert (
        "Left out: half.xml, line 1, column 1: the XML is broken (unclosed token). Run the "
        "tool that wrote it again." in intake_of(project.path).notes
    )


def test_two_coverage_reports_are_refused_by_name(project: Git) -> None:
    """Both are named, and what to do."""
    other = COBERTURA.replace('hits="7"', 'hits="8"')
    (project.path / "extra.xml").write_text(other)
    assert refused(project.path) == (
        "coverage.xml, extra.xml: there is more than one Cobertura report, and adding them up "
        "would count lines twice. Leave one of them, or combine the data and write one report."
    )


def test_zero_tests_are_refused(project: Git) -> None:
    """A suite without cases is no evidence of anything."""
    write_reports(project.path, junit=junit_of(""))
    assert refused(project.path) == (
        "junit.xml, testsuites//testcase: the report holds no test case, so nothing was tested. "
        "Run the tests with a JUnit report, such as: pytest --junitxml=junit.xml"
    )


@pytest.mark.parametrize(("name", "words"), [("nowhere", "no such folder"), ("a", "not a folder")])
def test_what_is_no_folder_is_refused(tmp_path: Path, name: str, words: str) -> None:
    """A path that does not exist, or is a file, ends in a sentence."""
    (tmp_path / "a").write_text("text")
    assert words in refused(tmp_path / name)


def test_what_is_no_repository_is_refused(tmp_path: Path) -> None:
    """The sentence names the folder and both ways out."""
    folder = tmp_path / "plain"
    write_reports(folder)
    sentence = refused(folder)
    assert sentence.startswith(f"{folder}: neither this folder nor one above it is a git")
    assert "git bundle create" in sentence


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(order=st.permutations(range(len(CASES))), cut=st.integers(0, len(CASES)))
def test_neither_the_order_of_cases_nor_their_split_into_files_matters(
    project: Git, order: list[int], cut: int
) -> None:
    """Merging reports is commutative and associative."""
    second = project.path / "second.xml"
    second.write_text("<empty/>")
    write_reports(project.path, junit=junit_of("".join(CASES)))
    expected = [(each.id, each.quantity, each.detail) for each in intake_of(project.path).metrics]
    cases = [CASES[number] for number in order]
    write_reports(project.path, junit=junit_of("".join(cases[cut:])))
    second.write_text(junit_of("".join(cases[:cut])))
    actual = [(each.id, each.quantity, each.detail) for each in intake_of(project.path).metrics]
    assert expected == actual


def test_the_number_of_threads_changes_no_byte(project: Git) -> None:
    """One thread or several: the same metrics, notes and sources."""
    script = (
        "import sys; from pathlib import Path; sys.path[:0] = sys.argv[2:];"
        "from converge_desktop.adapters.readiness import read_folder;"
        "print(read_folder(Path(sys.argv[1]), now_us=0, workspace=Path('w')))"
    )
    command = [sys.executable, "-c", script, str(project.path), str(ROOT), str(ROOT / "core")]
    outputs = {
        subprocess.run(
            command,
            env={**os.environ, "POLARS_MAX_THREADS": threads},
            capture_output=True,
            check=True,
        ).stdout
        for threads in ("1", "3")
    }
    assert len(outputs) == 1
