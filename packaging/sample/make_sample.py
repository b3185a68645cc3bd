"""Makes the shipped sample from this checkout: its history as a bundle, its own reports, a README.

    .venv/bin/python packaging/sample/make_sample.py

The tests of core and adapters run once, as they are; whether they pass is theirs to say. What the
reports hold of this machine (its name, its paths, the time of day) is taken out, and the sample is
read back before it takes its place. Run it on a clean checkout of the commit to be shown; a sample
cannot hold the commit that adds it.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from defusedxml import ElementTree

from converge_desktop.adapters.readiness import Intake, IntakeError, read_folder

if TYPE_CHECKING:
    from collections.abc import Sequence
    from xml.etree.ElementTree import Element

ROOT = Path(__file__).resolve().parents[2]
NAME = "converge-desktop"
PACK = "release-readiness"
TESTS = ("core", "tests/core", "tests/adapters")
COVERED = ("converge_core", "converge_desktop.adapters")
LARGE = 20_000_000

_DOCTYPE = "http://cobertura.sourceforge.net/xml/coverage-04.dtd"
_MACHINE_ATTRIBUTES = ("hostname", "timestamp")
_RAN = (0, 1)  # pytest: all passed, some failed; anything else is no test run

_README = """\
# Sample: {name}

This is real: the history of this project up to commit `{commit}` as a git bundle, and the JUnit \
and Cobertura reports of its own tests of core and adapters at that commit ({tests} tests, {line} \
of lines covered). Host name, machine paths and time of day were taken out of the reports; nothing \
else was changed. Made by `packaging/sample/make_sample.py`; pick this folder in the app to see \
what the release-readiness pack proposes.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Makes the sample and prints what it says."""
    options = _parse(arguments)
    root: Path = options.root.resolve()
    with tempfile.TemporaryDirectory(prefix="sample-") as directory:
        scratch = Path(directory)
        made = scratch / NAME
        made.mkdir()
        run_tests(root, options.tests, options.covered, scratch)
        (made / "junit.xml").write_bytes(scrubbed_junit(scratch / "junit.xml", root))
        (made / "coverage.xml").write_bytes(scrubbed_coverage(scratch / "coverage.xml", root))
        make_bundle(root, made / f"{NAME}.bundle")
        intake = read_back(made, root, scratch / "workspace")
        (made / "README.md").write_text(readme(intake, git(root, "rev-parse", "HEAD")))
        publish(made, options.out or root / "resources" / "samples" / PACK)
    print(intake.subject)
    for metric in intake.metrics:
        print(f"  {metric.label}: {metric.quantity}  {metric.detail}".rstrip())
    for note in intake.notes:
        print(f"  ({note})")
    return 0


def run_tests(root: Path, tests: Sequence[str], covered: Sequence[str], out: Path) -> None:
    """Runs the project's tests with both reports; failing tests are part of the sample."""
    chosen = [test for test in tests if (root / test).exists()]
    command = [
        sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", *chosen,
        f"--junitxml={out / 'junit.xml'}", f"--cov-report=xml:{out / 'coverage.xml'}",
        *(f"--cov={package}" for package in covered),
    ]  # fmt: skip
    environment = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("COV", "PYTEST", "GIT_"))
    }
    environment["PYTHONPATH"] = os.pathsep.join((str(root), str(root / "core")))
    environment["COVERAGE_FILE"] = str(out / "coverage.data")
    done = subprocess.run(command, cwd=root, env=environment, check=False)
    if done.returncode not in _RAN:
        stop(f"pytest ended with {done.returncode}; no sample was made")


def scrubbed_junit(report: Path, root: Path) -> bytes:
    """Returns a JUnit report without what it says of this machine."""
    tree = _parsed(report)
    for element in tree.iter():
        for key in _MACHINE_ATTRIBUTES:
            element.attrib.pop(key, None)
        _scrub(element, root)
    return _written(tree, "")


def scrubbed_coverage(report: Path, root: Path) -> bytes:
    """Returns a Cobertura report whose paths are the repository's."""
    tree = _parsed(report)
    sources = [Path(source.text or "") for source in tree.iter("source")]
    for element in tree.iter("class"):
        name = element.get("filename", "")
        files = [source / name for source in sources if (source / name).is_file()]
        inside = [file for file in files if file.is_relative_to(root)]
        if inside:
            element.set("filename", inside[0].relative_to(root).as_posix())
    for holder in tree.findall("sources"):
        for source in list(holder)[1:]:
            holder.remove(source)
        for source in holder:
            source.text = "."
    for element in tree.iter():
        _scrub(element, root)
    tree.set("timestamp", "0")
    return _written(tree, f'<!DOCTYPE coverage SYSTEM "{_DOCTYPE}">\n')


def make_bundle(root: Path, path: Path) -> None:
    """Writes the history of HEAD and the tags it descends from; threads would reorder it."""
    tags = git(root, "tag", "--merged", "HEAD").splitlines()
    refs = ("HEAD", *(f"refs/tags/{tag}" for tag in tags))
    git(root, "-c", "pack.threads=1", "bundle", "create", "--quiet", str(path), *refs)
    if (size := path.stat().st_size) > LARGE:
        print(f"the bundle is large: {size // 1_000_000} MB", file=sys.stderr)


def read_back(made: Path, root: Path, workspace: Path) -> Intake:
    """Reads the sample as the app will, on the day of its commit."""
    now_us = int(git(root, "log", "-1", "--format=%ct")) * 1_000_000
    try:
        return read_folder(made, now_us=now_us, workspace=workspace)
    except IntakeError as error:
        stop(f"the sample cannot be read: {error}")


def readme(intake: Intake, commit: str) -> str:
    """Returns the paragraph that says what the sample is."""
    shown = {metric.id: str(metric.quantity) for metric in intake.metrics}
    return _README.format(
        name=NAME, commit=commit, tests=shown["tests.total"], line=shown["coverage.line"]
    )


def publish(made: Path, out: Path) -> None:
    """Puts the sample in its place; files of an older one that it lacks are removed."""
    out.mkdir(parents=True, exist_ok=True)
    for old in out.iterdir():
        if old.is_file() and not (made / old.name).exists():
            old.unlink()
    for file in sorted(made.iterdir()):
        shutil.copyfile(file, out / file.name)
        print(f"{file.stat().st_size:>9}  {out / file.name}")


def git(root: Path, *arguments: str) -> str:
    """Runs git on this checkout, which is our own, without anybody's configuration."""
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    command = ["git", "-c", f"safe.directory={root}", "-C", str(root), *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        stop(f"git {arguments[0]} failed: {done.stderr.strip()}")
    return done.stdout.strip()


def stop(reason: str) -> NoReturn:
    """Ends with a sentence; nothing was put in place."""
    raise SystemExit(f"make_sample: {reason}")


def scrubbed(text: str, root: Path) -> str:
    """Returns the text with this machine's paths and name replaced by words."""
    for path, word in _machine(root):
        end = "" if path.endswith("/") else r"(?![\w-])"
        text = re.sub(rf"(?<![\w.]){re.escape(path)}{end}", word, text)
    return text


def _machine(root: Path) -> list[tuple[str, str]]:
    """Returns what tells of this machine, the longest first, so that none hides another."""
    said = {
        f"{root}/": "", str(root): ".",
        sys.prefix: "PYTHON", sys.base_prefix: "PYTHON", sys.exec_prefix: "PYTHON",
        str(Path.home()): "HOME", tempfile.gettempdir(): "TMP", socket.gethostname(): "HOST",
    }  # fmt: skip
    return sorted(said.items(), key=lambda pair: -len(pair[0]))


def _parsed(report: Path) -> Element:
    root = ElementTree.parse(report).getroot()
    if root is None:
        stop(f"{report.name} is empty")
    return root


def _scrub(element: Element, root: Path) -> None:
    for key, value in element.attrib.items():
        element.set(key, scrubbed(value, root))
    if element.text:
        element.text = scrubbed(element.text, root)


def _written(tree: Element, doctype: str) -> bytes:
    text = ElementTree.tostring(tree, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{doctype}{text}\n'.encode()


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Makes the shipped sample.")
    parser.add_argument("--root", type=Path, default=ROOT, help="the checkout")
    parser.add_argument("--out", type=Path, help="default: resources/samples/release-readiness")
    parser.add_argument("--tests", nargs="+", default=TESTS, help="what pytest runs")
    parser.add_argument("--covered", nargs="+", default=COVERED, help="what coverage measures")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    raise SystemExit(main())
