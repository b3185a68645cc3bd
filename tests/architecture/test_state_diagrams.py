"""What the documentation draws from tables says what the tables say."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("script", "page"), [("state_diagrams", "states.md"), ("decision_chapter", "decisions.md")]
)
def test_the_pages_say_what_the_tables_say(script: str, page: str) -> None:
    """The script of that name writes the page anew."""
    spec = importlib.util.spec_from_file_location(script, ROOT / "packaging" / f"{script}.py")
    assert spec
    assert spec.loader
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)

    assert made.page() == (ROOT / "docs" / page).read_text("utf-8")
