"""Misuse is a type error: what must not check does not, line by line."""

from __future__ import annotations

import gc
import re
import sys
from collections import defaultdict
from pathlib import Path

import pytest
from mypy import api

from converge_core.ids import Id

ROOT = Path(__file__).parent.parent.parent
FILE = Path("tests/core/typing/must_not_check.py")
MARK = re.compile(r"  # E: (?P<codes>[a-z-]+(?: [a-z-]+)*)$")
ERROR = re.compile(r"^(?P<file>[^:]+):(?P<line>\d+): error: .*\[(?P<code>[a-z-]+)\]$")

Found = dict[int, list[str]]
"""Error codes by line."""


@pytest.fixture(scope="module")
def marked() -> Found:
    """Returns the codes that the file itself says mypy must find."""
    lines = (ROOT / FILE).read_text().splitlines()
    marks = ((number, MARK.search(line)) for number, line in enumerate(lines, 1))
    return {number: sorted(mark["codes"].split()) for number, mark in marks if mark}


@pytest.fixture(scope="module")
def reported() -> Found:
    """Returns what mypy finds, with the project's own settings and its usual cache."""
    depth, thresholds = sys.getrecursionlimit(), gc.get_threshold()
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(ROOT)
            said, broken, _ = api.run(["--no-error-summary", "--hide-error-context", str(FILE)])
    finally:  # mypy moves both for the whole process, and leaves them there
        sys.setrecursionlimit(depth)
        gc.set_threshold(*thresholds)
    assert not broken
    found: Found = defaultdict(list)
    for line in said.splitlines():
        error = ERROR.match(line)
        if error:
            assert FILE == Path(error["file"])
            found[int(error["line"])].append(error["code"])
    return {number: sorted(codes) for number, codes in found.items()}


def test_every_misuse_is_a_type_error_and_nothing_else_is(marked: Found, reported: Found) -> None:
    """The marked lines fail with just the codes they name, and the others check."""
    assert marked == reported


@pytest.mark.parametrize("kind", [kind.__name__ for kind in Id.__subclasses__()])
def test_every_kind_of_id_is_mixed_up_with_another(kind: str, marked: Found) -> None:
    """A new kind is not complete without a line that takes one for something else."""
    text = (ROOT / FILE).read_text()
    constant = re.search(rf"^([A-Z]+) = {kind}\(", text, re.MULTILINE)
    assert constant
    lines = [text.splitlines()[number - 1] for number in marked]

    assert [line for line in lines if re.search(rf"\b{constant[1]}\b", line)]


@pytest.mark.parametrize(
    "misuse",
    [
        "gate.promote(one,",
        "Fact(record)",
        "fact.content =",
        "context.add_input(fact)",
        "confidence=0.95",
        "ReturnsAList()",
        "DecidesNothing()",
        "id=PROPOSAL",
    ],
)
def test_what_matters_most_is_among_the_misuses(misuse: str, marked: Found) -> None:
    """Else an emptied file would promise nothing and pass."""
    lines = (ROOT / FILE).read_text().splitlines()

    assert [number for number in marked if misuse in lines[number - 1]]
