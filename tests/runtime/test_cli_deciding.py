"""Deciding without a window: every verb a command, and its refusal a sentence."""

from __future__ import annotations

import json
from pathlib import Path

from tests.runtime.conftest import Cli
from tests.runtime.test_cli import printed


def asked(cli: Cli, folder: Path) -> str:
    """Starts a run and returns the gate at which it asks."""
    cli("run", "release-readiness", "--input", str(folder), "--json")
    [gate] = printed("inbox", cli("inbox", "--json"))
    return str(gate["gate_id"])


def test_a_fact_is_taken_back(cli: Cli, failing: Path) -> None:
    """In a run of its own, and whoever is alone at a desk may approve that; it is marked."""
    gate = asked(cli, failing)
    approved = printed("decide", cli("decide", gate, "approve", "--json"))

    taken_back = cli("retract", "run-0001", "strategy", "--reason", "tests are mended", "--json")

    found = printed("retract", taken_back)
    assert ("approved", None, []) == (approved["end"], approved["undo_until"], approved["changes"])
    assert ("run-0002", "strategy") == (found["run_id"], found["fact_id"])
    [waiting] = printed("inbox", cli("inbox", "--filter", "retracted run:2", "--json"))
    assert waiting["title"].startswith("Retracted: ")
    assert [] == printed("inbox", cli("inbox", "--filter", "run:1", "--json"))
    own = printed("decide", cli("decide", waiting["gate_id"], "approve", "--json"))
    assert "approved" == own["end"]
    stands = printed("context", cli("context", "run-0002", "--json"))["facts"]
    assert waiting["title"] in [fact["text"] for fact in stands]
    assert 0 == cli("verify").returncode


def test_a_release_is_not_taken_back_alone(cli: Cli, healthy: Path) -> None:
    """Its risk is high, whoever wants it back; the refusal says so."""
    cli("decide", asked(cli, healthy), "approve")
    cli("retract", "run-0001", "strategy", "--reason", "it was called off")

    [waiting] = printed("inbox", cli("inbox", "--filter", "retracted", "--json"))
    own = cli("decide", waiting["gate_id"], "approve")

    assert "high" == waiting["risk"]
    assert 2 == own.returncode
    assert "nobody decides about their own where the risk is high" in own.stderr


def test_what_cannot_be_done_is_one_sentence(cli: Cli, failing: Path, tmp_path: Path) -> None:
    """Each names the gate, the file or the place in the filter."""
    gate = asked(cli, failing)
    edit = tmp_path / "edit.json"
    edit.write_text(json.dumps({"content": 7}), "utf-8")

    refused = {
        ("undo", gate): "nothing to undo",
        ("extend", gate): "no deadline to move",
        ("delegate", gate, "bob"): "bob is not enrolled",
        ("escalate", gate): "nobody to escalate to",
        ("decide", gate, "refine"): "a refinement needs feedback",
        ("decide", gate, "edit"): "none is given",
        ("decide", gate, "edit", "--edit", str(edit)): "content is to hold words",
        ("retract", "run-0001", "strategy", "--reason", "x"): "there is no fact strategy",
        ("inbox", "--filter", "risk:huge"): "at character 6",
    }
    for arguments, words in refused.items():
        result = cli(*arguments)
        assert 2 == result.returncode, arguments
        assert words in result.stderr
        assert "Traceback" not in result.stderr
    assert [gate] == [one["gate_id"] for one in printed("inbox", cli("inbox", "--json"))]
