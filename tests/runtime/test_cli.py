"""The headless twin: the same runtime without Qt; exit codes and JSON that stay as they are."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from converge_desktop import __version__
from converge_desktop.runtime.outputs import OUTPUTS, schema
from tests.runtime.conftest import Cli
from tests.runtime.folders import make_folder

DOCS = Path(__file__).resolve().parents[2] / "docs" / "cli"


def printed(command: str, result: subprocess.CompletedProcess[str]) -> Any:
    """Returns what was printed, after holding it against the documented schema."""
    output = json.loads(result.stdout)
    jsonschema.validate(output, json.loads((DOCS / f"{command}.schema.json").read_text("utf-8")))
    return output


@pytest.mark.parametrize("command", sorted(OUTPUTS))
def test_the_documented_schemas_are_those_of_the_program(command: str) -> None:
    """``packaging/cli_schemas.py`` was run after the last change."""
    assert schema(command) == json.loads((DOCS / f"{command}.schema.json").read_text("utf-8"))


def test_version(cli: Cli) -> None:
    """``--version`` names the program and its version."""
    result = cli("--version")

    assert (0, f"converge-desktop {__version__}\n") == (result.returncode, result.stdout)


def test_from_folder_to_fact_without_a_window(cli: Cli, failing: Path) -> None:
    """run exits 3, inbox lists the gate, decide takes it, traces tell, verify holds."""
    ran = cli("run", "release-readiness", "--input", str(failing), "--json")
    waiting = printed("run", ran)
    [gate] = printed("inbox", cli("inbox", "--json"))
    enrolled = printed("operator", cli("operator", "enrol", "alice", "--json"))
    decided = cli("decide", gate["gate_id"], "approve", "--as", "alice", "--json")
    traces = printed("traces", cli("traces", "--json"))
    trace = printed("trace", cli("trace", traces[0]["trace_id"], "--json"))
    verified = cli("verify", "--json")

    assert (3, [gate["gate_id"]]) == (ran.returncode, waiting["gates"])
    assert {"gate_id", "title", "run", "risk", "proposal"} <= set(gate)
    assert enrolled["operator"].startswith("alice#")
    assert (0, "CriteriaMet") == (decided.returncode, printed("decide", decided)["stop"])
    assert ["planning", "evaluation", "reasoning"] == [line["step"] for line in traces]
    assert ["priming", "policy", "task_frame", "state", "intent"] == list(trace["layers"])
    assert (0, True) == (verified.returncode, printed("verify", verified)["ok"])
    assert [] == printed("inbox", cli("inbox", "--json"))


def test_a_rejection_needs_a_reason(cli: Cli, failing: Path) -> None:
    """Without one nothing is recorded; with one the run ends without a strategy."""
    cli("run", "release-readiness", "--input", str(failing), "--json")
    [gate] = printed("inbox", cli("inbox", "--json"))

    bare = cli("decide", gate["gate_id"], "reject")
    reasoned = cli("decide", gate["gate_id"], "reject", "--reason", "not now", "--json")

    assert 2 == bare.returncode
    assert "a rejection needs a reason" in bare.stderr
    assert (0, "Converged") == (reasoned.returncode, printed("decide", reasoned)["stop"])


def test_verify_names_the_first_altered_record(cli: Cli, data_dir: Path, tmp_path: Path) -> None:
    """One flipped byte: exit 1 and the sequence number, from verify and from every reader."""
    folder = make_folder(tmp_path / "folder", failed=1)
    cli("run", "release-readiness", "--input", str(folder), "--json")
    [segment] = (data_dir / "ledger").glob("*.jsonl")
    lines = segment.read_bytes().splitlines(keepends=True)
    lines[7] = lines[7].replace(b'"at":', b'"at":1', 1)
    segment.write_bytes(b"".join(lines))

    verified = cli("verify", "--json")

    assert 1 == verified.returncode
    assert (False, 7) == (printed("verify", verified)["ok"], printed("verify", verified)["bad_seq"])
    assert 1 == cli("inbox").returncode


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("run", "release-readiness", "--input", "/nowhere"), "/nowhere"),
        (("run", "no-such-pack", "--input", "/"), "no-such-pack"),
        (("decide", "gate:none", "approve"), "gate:none"),
        (("trace", "trace:none"), "trace:none"),
        (("run", "release-readiness", "--input", "/", "--model", "/no.gguf"), "/no.gguf"),
    ],
)
def test_a_problem_is_one_sentence_and_exit_2(
    cli: Cli, arguments: tuple[str, ...], words: str
) -> None:
    """No traceback; the sentence names the thing."""
    result = cli(*arguments)

    assert 2 == result.returncode
    assert words in result.stderr
    assert "Traceback" not in result.stderr


def test_nothing_comes_after_a_command_that_could_still_end_the_process(data_dir: Path) -> None:
    """Engines have threads that may come back to Python while the interpreter goes away."""
    code = (
        "import atexit, sys; atexit.register(print, 'the interpreter goes away'); "
        f"sys.argv[1:] = ['inbox', '--data-dir', {str(data_dir)!r}]; "
        "from converge_desktop.__main__ import main; main()"
    )

    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )

    assert (0, "Nothing waits for you.\n") == (result.returncode, result.stdout)


def test_the_command_line_never_imports_qt(data_dir: Path) -> None:
    """It works on machines without a display library."""
    code = (
        "import sys; sys.modules['PySide6'] = None; sys.argv[1:] = ['inbox', '--data-dir', "
        f"{str(data_dir)!r}]; from converge_desktop.__main__ import main; sys.exit(main())"
    )

    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )

    assert (0, "Nothing waits for you.\n") == (result.returncode, result.stdout)
