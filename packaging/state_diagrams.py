"""Writes ``docs/states.md``: the state machines of the core, drawn from its tables.

.venv/bin/python packaging/state_diagrams.py
"""

from __future__ import annotations

from pathlib import Path

from converge_core import artifact, asking, command

PAGE = Path(__file__).resolve().parents[1] / "docs" / "states.md"


def page() -> str:
    """Returns the page."""
    return (
        "# State machines\n\n"
        "Drawn from the tables the engine runs on, by `packaging/state_diagrams.py`.\n\n"
        "## A run\n\n"
        "What each command may lead to (`converge_core.command.TRANSITIONS`). A snapshot is\n"
        "legal in every phase and moves nothing; nor does an answer repeated word for word.\n\n"
        f"```mermaid\n{command.diagram()}```\n\n"
        "A person may hold a run in any phase but the last (`Suspend`), and let it go on\n"
        "(`Resume`); neither moves it. While it is held, `Advance` and `Report` are refused: no\n"
        "cycle begins, no agent executes, nothing is merged. What agents were at is given up;\n"
        "they execute again when it goes on. People go on deciding, deadlines go on passing, and\n"
        "it can be cancelled.\n\n"
        "## A gate\n\n"
        "What each event about a gate leads to (`converge_core.asking.MOVES`). What it means to\n"
        "the people who decide stands in [What a decision is](decisions.md).\n\n"
        f"```mermaid\n{asking.diagram()}```\n\n"
        "## A governed artifact\n\n"
        "A prompt, policy, pack, model or adapter (`converge_core.artifact.TRANSITIONS`).\n"
        "New runs may use what is approved or active; a replay also what is quarantined.\n\n"
        f"```mermaid\n{artifact.diagram()}```\n"
    )


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
