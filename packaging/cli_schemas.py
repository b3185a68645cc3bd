"""Writes ``docs/cli/*.schema.json``: what each command prints with ``--json``.

.venv/bin/python packaging/cli_schemas.py
"""

from __future__ import annotations

import json
from pathlib import Path

from converge_desktop.runtime.outputs import OUTPUTS, schema

DOCS = Path(__file__).resolve().parents[1] / "docs" / "cli"


def main() -> None:
    """Writes one schema a command."""
    DOCS.mkdir(parents=True, exist_ok=True)
    for command in OUTPUTS:
        text = json.dumps(schema(command), indent=2, sort_keys=True) + "\n"
        (DOCS / f"{command}.schema.json").write_text(text, "utf-8")


if __name__ == "__main__":
    main()
