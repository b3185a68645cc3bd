"""A pack that reads tables: may a month of expenses be paid out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from converge_desktop import paths
from converge_desktop.adapters.packs.pack import FILES
from tests.adapters.tables.table_material import SECTIONS

ID = "expenses"

_LIMITS = """
[[limit]]
metric = "caps.exceeded"
at_most = "0"
weight = "hard"
remedy = "caps.ask"
name = "caps-kept"

[[limit]]
metric = "spend.total"
at_most = "5000.00"
weight = "soft"
remedy = "spend.spread"

[[limit]]
metric = "spend.unnoted_share"
at_most = "10.0"
weight = "soft"
remedy = "notes.add"
"""

_PACK = f"""
id = "{ID}"
title = "Expenses"
version = 1
summary = "Reads a month of expenses and proposes: pay, pay with conditions, or hold."
question = "may {{subject}} be paid out"
input = "tables"

[verdicts]
proceed = "Pay {{subject}}"
conditions = "Pay {{subject}} with conditions"
hold = "Hold {{subject}}"

[capabilities]
"caps.ask" = "Ask who approved what lies above its cap"
"spend.spread" = "Pay in two months"
"notes.add" = "Add what the missing notes are about"
"pay" = "Pay it out"

[closings]
proceed = ["pay"]
conditions = ["notes.add", "pay"]
hold = ["caps.ask"]
{_LIMITS}{SECTIONS}"""


def _texts() -> dict[str, str]:
    shipped = paths.packs() / "release-readiness"
    texts = {name: (shipped / name).read_text("utf-8") for name in FILES}
    policy = texts["policy.toml"].replace('id = "release-readiness"', f'id = "{ID}"')
    texts["policy.toml"] = policy.replace('"no-failing-test", "coverage-floor"', '"caps-kept"')
    return {**texts, "pack.toml": _PACK}


TEXTS: Mapping[str, str] = _texts()
"""The files of the pack; rules and prompts are those of the shipped one."""


def write_pack(directory: Path, texts: Mapping[str, str] = TEXTS) -> Path:
    """Writes the pack under ``directory`` and returns its folder."""
    folder = directory / ID
    folder.mkdir(parents=True)
    for name, text in texts.items():
        (folder / name).write_text(text, "utf-8")
    return folder
