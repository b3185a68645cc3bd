"""Runs compared and calls tried with a change, from the command line; neither writes anything."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.runtime.conftest import Cli, OpenDesk
from tests.runtime.folders import make_folder
from tests.runtime.test_cli import printed

PACK = "release-readiness"


@pytest.fixture
def two(open_desk: OpenDesk, failing: Path, tmp_path: Path) -> tuple[str, str, str]:
    """Two runs over other numbers, and the first call of the first."""
    desk, watch = open_desk()
    runs = []
    for folder in (failing, make_folder(tmp_path / "fit")):
        runs.append(desk.start_run(PACK, folder).result(60))
        watch.phase(runs[-1], "waiting")
    call = desk.traces().result(10)[-1].trace_id
    desk.close()
    return runs[0], runs[1], call


def test_two_runs_are_compared(cli: Cli, two: tuple[str, str, str]) -> None:
    """Exit 1 where something differs, 0 where nothing does, 2 where there is no such run."""
    one, other, call = two
    differs = cli("compare", one, other, "--json")
    found = printed("compare", differs)
    words = cli("compare", one, other)
    same = cli("compare", one, one, "--json")
    none = cli("compare", one, "run-9999")

    assert 1 == differs.returncode
    assert call == found["pairs"][0]["one"]
    assert "prompt" == found["pairs"][0]["differs"]
    assert " The layer " in found["first"]
    assert words.stdout.startswith(found["first"])
    assert (0, "") == (same.returncode, printed("compare", same)["first"])
    assert (2, "there is no run run-9999" in none.stderr) == (none.returncode, True)


def test_a_call_is_tried_with_a_change(
    cli: Cli, two: tuple[str, str, str], tmp_path: Path, data_dir: Path
) -> None:
    """Exit 1 where another answer comes; what is asked wrongly is a sentence; no trace stays."""
    _, other, call = two
    traces = [line["trace_id"] for line in json.loads(cli("traces", "--json").stdout)]
    theirs = next(name for name in traces if other in name and "reasoning" in name)
    layers = json.loads(cli("trace", theirs, "--json").stdout)["layers"]
    file = tmp_path / "state.txt"
    file.write_text(layers["state"], "utf-8")
    before = sorted(one.stat().st_size for one in (data_dir / "ledger").rglob("*"))

    tried = cli("try", call, "--layer", f"state={file}", "--json")
    found = printed("try", tried)
    same = cli("try", call, "--with", "converge-nano", "--json")

    assert (["state"], False, 1) == (found["layers"], found["same"], tried.returncode)
    assert found["token"] >= 0
    assert found["checks"]
    assert (0, True) == (same.returncode, printed("try", same)["same"])
    assert before == sorted(one.stat().st_size for one in (data_dir / "ledger").rglob("*"))
    for arguments, words in (
        ((), "nothing is changed"),
        (("--layer", "state"), "write it as state=FILE"),
        (("--layer", f"state={tmp_path / 'none'}"), "cannot be read as text"),
        (("--layer", f"mood={file}"), "no layer 'mood'"),
        (("--with", "nobody"), "there is no model 'nobody'"),
    ):
        refused = cli("try", call, *arguments)
        assert (2, "") == (refused.returncode, refused.stdout)
        assert words in refused.stderr
