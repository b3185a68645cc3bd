"""The shipped pack with agents of its own beside the chain: one for each of three contracts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from converge_desktop import paths
from converge_desktop.adapters.packs.pack import FILES

ID = "release-agents"

TRIAGE = """
[[agent]]
name = "triage"
contract = "classification"
reads = ["Signals"]
key = "Hypotheses"
fact = "kind-of-release"
categories = ["routine", "risky", "urgent"]
model = "fast"
"""
FINDER = """
[[agent]]
name = "finder"
contract = "extraction"
reads = ["Signals", "Constraints"]
key = "Proposals"
fact = "key-figures"
required = ["coverage"]
optional = ["failures", "owner"]
model = "medium"
"""
NOTES = """
[[agent]]
name = "notes"
contract = "free-form"
reads = ["Evaluations", "Hypotheses"]
key = "Proposals"
fact = "release-notes"
most_characters = 90
"""
AGENTS = TRIAGE + FINDER + NOTES

RULES = """
[[rule]]
name = "triage-may-stand"
effect = "permit"
key = "Hypotheses"
agent = "triage"
risk = "low"
reason = "Sorting decides nothing."

[[rule]]
name = "figures-may-stand"
effect = "permit"
key = "Proposals"
agent = "finder"
risk = "low"
reason = "What was found stands in the state already."

[[rule]]
name = "notes-are-read-first"
effect = "ask"
key = "Proposals"
agent = "notes"
risk = "medium"
reason = "What is published in our name is read first."
"""

PROMPTS = """
[agents.triage]
revision = 1
priming = "triage. sort the release. cite by id. write no number."
task_frame = "TASK triage\\none of {categories}\\nanswer justification, labels, confidence"

[agents.finder]
revision = 3
priming = "finder. name the id of each field."
task_frame = "TASK finder\\nfields {fields}"

[agents.notes]
revision = 1
priming = "notes. tell it in words. cite by id."
task_frame = "TASK notes\\nat most {most_characters} characters"
"""


def _texts() -> dict[str, str]:
    shipped = paths.packs() / "release-readiness"
    texts = {name: (shipped / name).read_text("utf-8") for name in FILES}
    about = texts["pack.toml"].replace('id = "release-readiness"', f'id = "{ID}"')
    return {
        "pack.toml": about + AGENTS,
        "policy.toml": texts["policy.toml"] + RULES,
        "prompts.toml": texts["prompts.toml"] + PROMPTS,
    }


TEXTS: Mapping[str, str] = _texts()
"""The files of the pack."""


def write_pack(directory: Path, texts: Mapping[str, str] = TEXTS) -> Path:
    """Writes the pack under ``directory`` and returns its folder."""
    folder = directory / ID
    folder.mkdir(parents=True)
    for name, text in texts.items():
        (folder / name).write_text(text, "utf-8")
    return folder
