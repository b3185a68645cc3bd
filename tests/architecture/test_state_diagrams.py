"""The documentation's diagrams say what the tables say."""

from __future__ import annotations

import importlib.util
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_diagrams_are_those_of_the_tables() -> None:
    """``packaging/state_diagrams.py`` writes the page anew."""
    spec = importlib.util.spec_from_file_location(
        "state_diagrams", ROOT / "packaging" / "state_diagrams.py"
    )
    assert spec
    assert spec.loader
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)

    assert made.page() == (ROOT / "docs" / "states.md").read_text("utf-8")
