"""A small project whose history, tests and coverage are known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.adapters.readiness.readiness_material import Git, lines, make_git, write_reports

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def project(tmp_path: Path) -> Git:
    """A repository with a tag, two commits after it, and reports that are not committed."""
    git = make_git(tmp_path / "acme")
    git.commit({"gate.py": lines(20), "ledger.py": lines(10), "tests/test_gate.py": lines(5)})
    git.commit({"tests/test_ledger.py": lines(5)}, day=1)
    git("tag", "v1.0.0")
    git.commit({"gate.py": lines(25)}, day=2)
    git.commit({"docs.md": lines(3)}, day=3)
    write_reports(git.path)
    return git
