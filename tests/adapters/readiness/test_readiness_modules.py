"""Which file a test belongs to, whether it changed, and which tag is the highest."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from converge_desktop.adapters.readiness.modules import ModuleMap, changed_modules
from converge_desktop.adapters.readiness.tags import version_key
from converge_desktop.adapters.wording import listed, plain

PATHS = [
    "tests/core/test_gate.py",
    "tests/test_gate.py",
    "tests/README.md",
    "src/test/java/org/acme/FooTest.java",
    "web/src/app.spec.ts",
    "pkg/one/util.py",
    "pkg/two/util.py",
]


@pytest.mark.parametrize(
    ("owner", "expected"),
    [
        ("tests.core.test_gate", "tests/core/test_gate.py"),
        ("tests.core.test_gate.TestVote", "tests/core/test_gate.py"),
        ("tests.test_gate.TestVote.TestInner", "tests/test_gate.py"),
        ("tests/test_gate.py", "tests/test_gate.py"),
        ("tests/test_gate.py::TestVote", "tests/test_gate.py"),
        ("/builds/7/tests/core/test_gate.py", "tests/core/test_gate.py"),
        ("C:\\build\\web\\src\\app.spec.ts", "web/src/app.spec.ts"),
        ("./tests/test_gate.py", "tests/test_gate.py"),
        ("org.acme.FooTest", "src/test/java/org/acme/FooTest.java"),
        ("org.acme.FooTest$Inner", "src/test/java/org/acme/FooTest.java"),
        ("FooTest", "src/test/java/org/acme/FooTest.java"),
        ("util", None),
        ("README", None),
        ("nowhere.to.be.found", None),
        ("", None),
    ],
)
def test_what_a_report_calls_a_module_is_found_among_the_paths(
    owner: str, expected: str | None
) -> None:
    """A file, a dotted class, a path of another machine; what is ambiguous fits none."""
    assert expected == ModuleMap(PATHS).find(owner)


@pytest.mark.parametrize(
    ("module", "changed", "expected"),
    [
        ("tests/test_gate.py", "tests/test_gate.py", True),
        ("tests/test_gate.py", "core/gate.py", True),
        ("pkg/gate_test.go", "pkg/gate.go", True),
        ("src/FooTest.java", "src/Foo.java", True),
        ("web/app.spec.ts", "web/app.ts", True),
        ("tests/TestFoo.cs", "Foo.cs", True),
        ("tests/test_gate.py", "docs/gate.md", False),
        ("tests/test_gate.py", "core/ledger.py", False),
        ("src/Latest.java", "src/La.java", False),
        ("tests/test_gate.py", "tests/test_ledger.py", False),
    ],
)
def test_a_failing_module_changed_if_it_or_what_it_is_about_did(
    module: str, changed: str, expected: bool
) -> None:
    """The rules are those that the module's own text states."""
    assert ([module] if expected else []) == changed_modules([module], [changed])


def test_versions_are_ordered_as_people_mean_them() -> None:
    """Numbers as numbers, candidates before the release, names without a version first."""
    ordered = [
        "latest", "nightly", "v0.9", "release-1.0.0-rc1", "v1.0.0-rc2", "v1.0.0-rc10", "v1.0.0",
        "v1.9.0", "v1.10.0", "pkg@2.0.1", "v3",
    ]  # fmt: skip
    shuffled = ordered[:]
    random.Random(7).shuffle(shuffled)
    assert ordered == sorted(shuffled, key=version_key)


@given(st.text(), st.text())
def test_any_two_tag_names_have_an_order(one: str, other: str) -> None:
    """Names from outside cannot break the comparison."""
    assert (version_key(one) == version_key(other)) == (one == other)


@given(st.text(), st.integers(2, 50))
def test_plain_text_is_one_line_that_encodes(text: str, limit: int) -> None:
    """Whatever a name holds, it cannot leave its line, nor fail to be written."""
    result = plain(text, limit)
    assert result == result.encode().decode()
    assert len(result.splitlines()) <= 1


def test_long_lists_end_in_a_count() -> None:
    """What is not shown is counted."""
    assert listed(["a", "b", "c", "d"], 2) == "a, b and 2 more"
