"""A run whose prompts and models do not go together does not begin."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from converge_core.model_config import (
    ConfigurationRefused,
    PromptFamilyMismatch,
    SpecialTokenInvalid,
)
from converge_desktop import paths
from converge_desktop.runtime.desk import Desk, DeskOptions

PACK = "release-readiness"


def refusal(tmp_path: Path, folder: Path, old: str, new: str) -> ConfigurationRefused:
    """Returns why a run is refused under prompts in which ``old`` became ``new``."""
    packs = tmp_path / "packs"
    shutil.copytree(paths.packs() / PACK, packs / PACK)
    prompts = packs / PACK / "prompts.toml"
    text = prompts.read_text("utf-8")
    assert old in text
    prompts.write_text(text.replace(old, new, 1), "utf-8")
    desk = Desk(DeskOptions(tmp_path / "d", packs, paths.samples(), "alice", paths.default_model()))
    try:
        with pytest.raises(ConfigurationRefused) as refused:
            desk.start_run(PACK, folder).result(60)
        assert () == desk.runs().result(10)
    finally:
        desk.close()
    return refused.value


def test_a_prompt_version_of_another_family_is_refused(tmp_path: Path, failing: Path) -> None:
    """With both families in the sentence."""
    error = refusal(tmp_path, failing, "[planning]\n", '[planning]\nfamily = "qwen2"\n')

    assert isinstance(error, PromptFamilyMismatch)
    assert "qwen2" in str(error)
    assert "llama" in str(error)


def test_a_prompt_that_spells_a_control_token_is_refused(tmp_path: Path, failing: Path) -> None:
    """Before a single token of it is computed."""
    error = refusal(tmp_path, failing, "reasoning. say", "<|end|> reasoning. say")

    assert isinstance(error, SpecialTokenInvalid)
    assert "<|end|>" in str(error)
