"""What the tests of the readiness adapter are made of: repositories, reports, a folder of both."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.sax.saxutils import quoteattr

from converge_desktop.adapters.readiness import Intake, IntakeError, Metric, read_folder

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

DAY = 86_400
START = 1_700_000_000
NOW_US = (START + 400 * DAY) * 1_000_000

JUNIT = """<?xml version="1.0" encoding="utf-8"?>
<testsuites>
<testsuite name="pytest" tests="4" failures="1" errors="1" skipped="1" time="2.5">
<testcase classname="tests.test_gate.TestVote" name="test_yes" time="1.234001"/>
<testcase classname="tests.test_gate.TestVote" name="test_no" time="0.5"><failure/></testcase>
<testcase classname="tests.test_ledger" name="test_append" time="0.25"><error/></testcase>
<testcase classname="tests.test_ledger" name="test_tail" time="0.0"><skipped/></testcase>
</testsuite>
</testsuites>
"""

COBERTURA = """<?xml version="1.0" ?>
<!DOCTYPE coverage SYSTEM "http://cobertura.sourceforge.net/xml/coverage-04.dtd">
<coverage version="7" lines-valid="4" lines-covered="3" line-rate="0.75" timestamp="0">
<packages><package name="."><classes>
<class name="gate.py" filename="gate.py"><methods/>
<lines><line number="1" hits="1"/><line number="2" hits="7"/></lines></class>
<class name="ledger.py" filename="ledger.py"><methods/>
<lines><line number="1" hits="1"/><line number="2" hits="0"/></lines></class>
</classes></package></packages>
</coverage>
"""


@dataclass(frozen=True)
class Git:
    """The git command on one repository, with nobody's configuration; for tests only."""

    path: Path

    def __call__(self, *arguments: str, day: int = 0) -> str:
        date = f"{START + day * DAY} +0000"
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.path),
            "GIT_CONFIG_GLOBAL": "/dev/null",
            "GIT_CONFIG_SYSTEM": "/dev/null",
            "GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@example.org", "GIT_AUTHOR_DATE": date,
            "GIT_COMMITTER_NAME": "A", "GIT_COMMITTER_EMAIL": "a@example.org",
            "GIT_COMMITTER_DATE": date,
        }  # fmt: skip
        command = ["git", "-C", str(self.path), *arguments]
        done = subprocess.run(command, env=environment, capture_output=True, check=True)
        return done.stdout.decode().strip()

    def commit(self, files: Mapping[str, str | bytes | None], *, day: int = 0) -> str:
        """Writes the files (None deletes one), commits them, returns the commit."""
        for name, content in files.items():
            file = self.path / name
            if content is None:
                file.unlink()
                continue
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content if isinstance(content, bytes) else content.encode())
        self("add", "--all", "--", *files, day=day)
        self("commit", "--quiet", "--allow-empty", "--message", f"day {day}", day=day)
        return self("rev-parse", "HEAD")

    def count(self, spec: str) -> int:
        """Counts commits, as git does."""
        return int(self("rev-list", "--count", spec))

    def churn(self, old: str, new: str = "HEAD") -> int:
        """Counts changed lines, as git does."""
        rows = self("diff", "--numstat", "-M", old, new).splitlines()
        counts = [row.split("\t")[:2] for row in rows]
        return sum(int(added) + int(deleted) for added, deleted in counts if added != "-")

    def files_changed(self, old: str, new: str = "HEAD") -> int:
        """Counts changed files, as git does."""
        return len(self("diff", "--name-status", "-M", old, new).splitlines())


def make_git(path: Path) -> Git:
    """Makes an empty repository."""
    path.mkdir(parents=True, exist_ok=True)
    git = Git(path)
    git("init", "--quiet", "--initial-branch=main", ".")
    return git


def write_reports(folder: Path, *, junit: str = JUNIT, cobertura: str = COBERTURA) -> None:
    """Puts a report of each kind into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "junit.xml").write_text(junit, encoding="utf-8")
    (folder / "coverage.xml").write_text(cobertura, encoding="utf-8")


def lines(count: int, word: str = "line") -> str:
    """Returns a text of so many lines."""
    return "".join(f"{word} {number}\n" for number in range(count))


def junit_of(cases: str, attributes: str = "") -> str:
    """Returns a JUnit report of the given test cases."""
    return f'<testsuite name="suite" {attributes}>\n{cases}\n</testsuite>\n'


def case(name: str, outcome: str = "", *, owner: str = "tests.test_gate", time: str = "0.1") -> str:
    """Returns a test case of a JUnit report."""
    inside = f"<{outcome}/>" if outcome else ""
    return (
        f"<testcase classname={quoteattr(owner)} name={quoteattr(name)} "
        f"time={quoteattr(time)}>{inside}</testcase>"
    )


def cobertura_of(classes: str, attributes: str = 'line-rate="0.5"') -> str:
    """Returns a Cobertura report of the given classes."""
    return (
        f"<coverage {attributes}><packages><package><classes>{classes}"
        "</classes></package></packages></coverage>"
    )


def intake_of(folder: Path, *, now_us: int = NOW_US) -> Intake:
    """Reads the folder; bundles are unpacked beside it."""
    return read_folder(folder, now_us=now_us, workspace=folder.parent / "workspace")


def refused(folder: Path) -> str:
    """Reads a folder that must be refused and returns the sentence."""
    try:
        intake_of(folder)
    except IntakeError as error:
        return str(error)
    raise AssertionError("the folder was accepted")


def shown(intake: Intake) -> dict[str, str]:
    """Returns what each metric shows."""
    return {metric.id: str(metric.quantity) for metric in intake.metrics}


def metric_of(intake: Intake, metric_id: str) -> Metric:
    """Returns the one metric."""
    return next(metric for metric in intake.metrics if metric.id == metric_id)
