"""Folders as a person would pick them: a repository with a tag, and reports beside it."""

from __future__ import annotations

from pathlib import Path

import pygit2

WHEN = 1_790_000_000
"""The commits' time, in seconds since 1970 UTC; before any clock that reads them."""


def make_folder(
    folder: Path, *, failed: int = 0, passed: int = 12, covered: int = 90, lines: int = 100
) -> Path:
    """Makes a folder with a tagged history, a JUnit report and a Cobertura report."""
    folder.mkdir(parents=True)
    repository = pygit2.init_repository(str(folder), initial_head="main")
    _commit(repository, folder, "one", "def f():\n    return 1\n")
    tip = repository.references.get("refs/heads/main")
    assert tip is not None
    repository.references.create("refs/tags/v0.3.2", tip.target)
    _commit(repository, folder, "two", "def f():\n    return 2\n")
    cases = [
        f'<testcase classname="tests.test_mod" name="p{i}" time="0.1"/>' for i in range(passed)
    ]
    cases += [
        f'<testcase classname="tests.test_mod" name="f{i}" time="0.1"><failure/></testcase>'
        for i in range(failed)
    ]
    (folder / "junit.xml").write_text(
        f"<testsuites><testsuite name='s'>{''.join(cases)}</testsuite></testsuites>", "utf-8"
    )
    hits = "".join(f'<line number="{n}" hits="{int(n <= covered)}"/>' for n in range(1, lines + 1))
    (folder / "coverage.xml").write_text(
        f'<coverage lines-valid="{lines}" lines-covered="{covered}" line-rate="{covered / lines}" '
        'branch-rate="0" version="7" timestamp="0"><packages><package name="."><classes>'
        f'<class name="mod.py" filename="mod.py"><methods/><lines>{hits}</lines></class>'
        "</classes></package></packages></coverage>",
        "utf-8",
    )
    return folder


def _commit(repository: pygit2.Repository, folder: Path, message: str, text: str) -> None:
    (folder / "mod.py").write_text(text, "utf-8")
    repository.index.add("mod.py")
    repository.index.write()
    author = pygit2.Signature("A. Author", "author@example.org", WHEN, 0)
    parents = [] if repository.head_is_unborn else [repository.head.target]
    tree = repository.index.write_tree()
    repository.create_commit("refs/heads/main", author, author, message, tree, parents)
