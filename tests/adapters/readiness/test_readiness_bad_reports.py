"""Reports that are broken, dangerous or absurd: each is refused with file, place and remedy."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from converge_desktop.adapters.readiness import IntakeError, safe_xml
from tests.adapters.readiness.readiness_material import (
    COBERTURA,
    JUNIT,
    Git,
    case,
    cobertura_of,
    intake_of,
    junit_of,
    refused,
    write_reports,
)

LAUGHS = "".join(
    f'<!ENTITY l{level} "{f"&l{level - 1};" * 10}">' if level else '<!ENTITY l0 "ha">'
    for level in range(10)
)
BOMBS = {
    "billion laughs": (f"<!DOCTYPE t [{LAUGHS}]>", "&l9;", 'the entity "l0"'),
    "quadratic blow-up": (f'<!DOCTYPE t [<!ENTITY a "{"x" * 50_000}">]>', "&a;" * 1000, '"a"'),
    "external entity": ('<!DOCTYPE t [<!ENTITY p SYSTEM "file:///etc/passwd">]>', "&p;", '"p"'),
    "parameter entity": ('<!DOCTYPE t [<!ENTITY % d SYSTEM "http://x.invalid/">%d;]>', "", '"d"'),
    "default attribute": ('<!DOCTYPE t [<!ATTLIST testcase name CDATA "x">]>', "", "DOCTYPE"),
}


@pytest.mark.parametrize("bomb", BOMBS)
@pytest.mark.parametrize("name", ["junit.xml", "coverage.xml"])
def test_an_xml_bomb_is_refused_before_it_is_read(project: Git, bomb: str, name: str) -> None:
    """The sentence names the file, the line and what was declared there."""
    doctype, text, named = BOMBS[bomb]
    report = f"{doctype}\n{junit_of(case('test') + f'<system-out>{text}</system-out>')}"
    if name == "coverage.xml":
        report = f"{doctype}\n{cobertura_of(text)}"
    (project.path / name).write_text(report)
    sentence = refused(project.path)
    assert name in sentence
    assert named in sentence
    assert "Nothing of it was read" in sentence


LINES = JUNIT.splitlines()


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        (JUNIT[: JUNIT.index("suite>\n</")], 8, 1),
        # expat points at the name behind "</"; the line became one shorter.
        (JUNIT.replace("<failure/>", "<failure>"), 5, LINES[4].index("</testcase>") + 2),
        (JUNIT.replace('"test_no"', "test_no"), 5, LINES[4].index('"test_no"') + 1),
    ],
    ids=["truncated", "mismatched tag", "missing quotes"],
)
def test_broken_xml_is_refused_at_its_line_and_column(
    project: Git, text: str, line: int, column: int
) -> None:
    """Truncated or malformed: a person finds the place."""
    write_reports(project.path, junit=text)
    sentence = refused(project.path)
    assert sentence.startswith(f"junit.xml, line {line}, column {column}: the XML is broken (")
    assert sentence.endswith("Run the tool that wrote it again.")


@pytest.mark.parametrize(
    ("time", "words"),
    [
        ("NaN", "is not a number of seconds"),
        ("inf", "is not a number of seconds"),
        ("-0.1", "is not a number of seconds"),
        ("0,123", "is not a number of seconds"),
        ("1e99", "is more than a year"),
        ("99999999999", "is more than a year"),
    ],
)
def test_an_absurd_time_is_refused(project: Git, time: str, words: str) -> None:
    """The sentence shows the attribute, its value and its line."""
    write_reports(project.path, junit=junit_of(case("test", time=time)))
    assert refused(project.path).startswith(
        f'junit.xml, line 2: the attribute time="{time}" {words}'
    )


@pytest.mark.parametrize(
    ("count", "words"),
    [
        ("-3", "is below zero"),
        (str(2**53), "is absurdly large"),
        ("9" * 5000, "is absurdly large"),
        ("1.5", "is not a whole number"),
        ("many", "is not a whole number"),
    ],
)
def test_an_absurd_count_is_refused(project: Git, count: str, words: str) -> None:
    """Counts are whole, not negative, and below 2^53, even those that are not used."""
    write_reports(project.path, junit=junit_of(case("test"), f'tests="{count}"'))
    sentence = refused(project.path)
    assert sentence.startswith('junit.xml, line 1: the attribute tests="')
    assert words in sentence


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('line-rate="0.75"', 'line-rate="1.5"', 'line 3: the attribute line-rate="1.5" is not'),
        ('line-rate="0.75"', 'line-rate="nan"', "is not between 0 and 1"),
        ('lines-covered="3"', 'lines-covered="5"', "lines-covered is 5, more than lines-valid, 4"),
        ('hits="7"', 'hits="-7"', 'line 6: the attribute hits="-7" is below zero'),
        ('hits="7"', f'hits="{2**53}"', "is absurdly large"),
        ('hits="7"', "", "lacks its number or its hits"),
    ],
)
def test_an_absurd_coverage_is_refused(project: Git, old: str, new: str, words: str) -> None:
    """Rates lie between 0 and 1, counts are whole and possible."""
    write_reports(project.path, cobertura=COBERTURA.replace(old, new))
    sentence = refused(project.path)
    assert sentence.startswith("coverage.xml, line ")
    assert words in sentence


def test_coverage_of_no_line_is_refused(project: Git) -> None:
    """A report that measured nothing is no coverage."""
    write_reports(project.path, cobertura=cobertura_of("", 'line-rate="0"'))
    assert "coverage.xml, coverage: the report covers no line of code" in refused(project.path)


def test_an_unknown_encoding_is_refused(project: Git) -> None:
    """The remedy is to write UTF-8."""
    write_reports(project.path, junit=JUNIT.replace("utf-8", "klingon"))
    assert "junit.xml" in refused(project.path)


def test_depth_and_length_are_bounded(project: Git, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file cannot make the reader hold more than a little of it."""
    write_reports(project.path, junit="<testsuite>" * 70 + "</testsuite>" * 70)
    assert "line 1: elements are nested deeper than 64" in refused(project.path)
    monkeypatch.setattr(safe_xml, "MAX_TAG_BYTES", 100_000)
    write_reports(project.path, junit=junit_of(case("x" * 300_000)))
    assert "one tag is longer than" in refused(project.path)
    monkeypatch.setattr(safe_xml, "MAX_BYTES", 100)
    write_reports(project.path)
    assert "the file is larger than" in refused(project.path)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    name=st.sampled_from(["junit.xml", "coverage.xml"]),
    at=st.integers(0, 500),
    cut=st.integers(0, 30),
    put=st.binary(max_size=8),
)
def test_a_garbled_report_ends_in_metrics_or_in_a_sentence(
    project: Git, name: str, at: int, cut: int, put: bytes
) -> None:
    """Whatever the bytes, nothing but the one error is raised."""
    write_reports(project.path)
    data = (project.path / name).read_bytes()
    (project.path / name).write_bytes(data[:at] + put + data[at + cut :])
    try:
        values = [metric.quantity.value for metric in intake_of(project.path).metrics]
    except IntakeError as error:
        values, sentence = [], str(error)
    else:
        sentence = "read"
    assert all(value is None or 0 <= value < 2**53 for value in values)
    assert [sentence] == sentence.splitlines()
