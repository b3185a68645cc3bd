"""What the documents show as an example can be written down just so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from converge_core.policy import Risk
from converge_core.redaction import PATTERNS
from converge_core.routing import DataClass
from converge_desktop import paths
from converge_desktop.adapters.models.catalogue import LocalModel, RemoteModel, load_catalogue
from converge_desktop.adapters.packs.pack import FILES, pack_of
from converge_desktop.adapters.surreal import Server, load_place
from converge_desktop.runtime.recalling import ALIKE_FROM
from tests.runtime.packs import with_kernel
from tests.runtime.table_pack import TEXTS

DOCS = Path(__file__).parents[2] / "docs"


def blocks(name: str) -> list[str]:
    return re.findall(r"```toml\n(.*?)```", (DOCS / name).read_text("utf-8"), re.DOTALL)


def of_file(name: str, file: str) -> str:
    """Returns the examples of a document that say they belong to a pack's file."""
    return "\n".join(block for block in blocks(name) if block.startswith(f"# {file}\n"))


def test_the_example_of_a_catalogue_is_read(tmp_path: Path) -> None:
    """A file and a server."""
    (tmp_path / "models.toml").write_text(blocks("models.md")[0], "utf-8")

    known = load_catalogue(tmp_path, {})

    assert ["medium", "large"] == list(known)
    assert isinstance(known["medium"], LocalModel)
    assert isinstance(known["large"], RemoteModel)


def test_the_example_of_what_may_leave_is_a_policy() -> None:
    """Public data at low risk, and no more."""
    shipped = paths.packs() / "release-readiness"
    texts = {name: (shipped / name).read_text("utf-8") for name in FILES}
    told = of_file("models.md", "policy.toml")
    texts["policy.toml"] = with_kernel(texts["policy.toml"], told)

    kernel = pack_of(texts, "docs").kernel

    assert (DataClass.PUBLIC, DataClass.PUBLIC, Risk.LOW) == (
        kernel.data,
        kernel.routing.most_confidential,
        kernel.routing.highest_risk,
    )


def test_the_examples_of_a_server_name_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the password in a variable, and in a file."""
    monkeypatch.setenv("CONVERGE_VIEW_PASSWORD", "correct horse")
    (tmp_path / "view.password").write_text("correct horse\n")
    (tmp_path / "view.password").chmod(0o600)
    found = []
    for example in blocks("view.md"):
        (tmp_path / "view.toml").write_text(example, "utf-8")
        found.append(load_place(tmp_path))

    assert [
        Server("wss://db.example.org:8000", "converge", "correct horse"),
        Server("ws://127.0.0.1:8000", "converge", "correct horse"),
    ] == found


def test_the_examples_of_a_pack_make_a_pack() -> None:
    """Tables, metrics, what cannot be, models, an agent with its prompt, and a required truth."""
    begun = TEXTS["pack.toml"].partition("[[table]]")[0]
    written = "\n".join(block for block in blocks("packs.md") if not block.startswith("# "))
    unnoted = re.compile(r"\[\[limit\]\]\nmetric = \"spend.unnoted_share\"\n(.+\n)*")
    texts = {
        "pack.toml": unnoted.sub("", begun) + written.replace('input = "tables"\n', ""),
        "policy.toml": with_kernel(TEXTS["policy.toml"], of_file("packs.md", "policy.toml")),
        "prompts.toml": TEXTS["prompts.toml"] + "\n" + of_file("packs.md", "prompts.toml"),
    }

    pack = pack_of(texts, "docs")

    assert pack.tables
    assert ["spend.total", "caps.exceeded"] == [metric.id for metric in pack.tables.metrics]
    assert ["spend.total impossible", "caps-without-spending"] == [
        one.name for one in pack.impossible
    ]
    assert ["triage"] == [agent.name for agent in pack.agents]
    assert ("converge-nano", ("caps-kept",)) == (
        pack.models.reasoning,
        pack.kernel.required_truths,
    )


def test_what_is_left_out_before_embedding_is_listed_pattern_by_pattern() -> None:
    """In the order in which they are looked for, and no other."""
    rows = re.findall(
        r"^\| `<(.+)>` \| (.+) \|$", (DOCS / "recall.md").read_text("utf-8"), re.MULTILINE
    )
    assert rows == [(pattern.name, pattern.about) for pattern in PATTERNS]


def test_the_threshold_that_the_guide_names_is_the_one_in_force() -> None:
    """So that nobody reads another number than counts."""
    assert f"from {ALIKE_FROM / 1000:.2f} on" in (DOCS / "recall.md").read_text("utf-8")
