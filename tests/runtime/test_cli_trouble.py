"""The command line when something is in its way: a sentence and an exit code, never a traceback."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from converge_core.canonical import ContentHash
from converge_core.ledger import VERSION
from converge_desktop.adapters.models.model_registry import (
    KnownModel,
    ModelRegistry,
    Quarantine,
)
from converge_desktop.runtime.desk import operator_name
from tests.runtime.conftest import Cli, OpenDesk
from tests.runtime.folders import make_folder
from tests.runtime.test_cli import printed

MAIN = "import sys; from converge_desktop.__main__ import main; main()"

BUFFERED = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
"""The environment in which a person's interpreter writes: when it flushes, and again at its end."""

STALLS = f"""
from converge_core.events import TraceRecorded
from converge_desktop.adapters.ledger.ledger_file import LedgerWriteFailed
from converge_desktop.runtime.journal import Journal
keep = Journal.commit
def commit(journal, events, at, texts=(), sign=None):
    if any(isinstance(event, TraceRecorded) for event in events):
        raise LedgerWriteFailed("the disk is full")
    return keep(journal, events, at, texts, sign)
Journal.commit = commit
{MAIN}
"""
STALLS_AFTER_THE_DECISION = STALLS.replace("TraceRecorded", "FactPromoted")
NEVER_ANSWERS = f"""
import linecache, signal, sys, threading
signal.signal(signal.SIGINT, signal.default_int_handler)  # some parents have it ignored
from converge_desktop.adapters.models.llama import LlamaBackend
from converge_core.capability import CallCancelled
def infer(backend, request, cancelled):
    asked = False
    while not cancelled():
        main = sys._current_frames()[threading.main_thread().ident]
        waits = "seen.get()" in linecache.getline(main.f_code.co_filename, main.f_lineno)
        if waits and not asked:
            asked = True
            print("asked", flush=True)
    raise CallCancelled
LlamaBackend.infer = infer
from converge_desktop.runtime.desk import Desk
Desk._store_changed = lambda *_: None  # or its news would wake the command
{MAIN}
"""


def program(code: str, *arguments: str, **variables: str) -> subprocess.CompletedProcess[bytes]:
    """Runs ``code`` as if it were the program."""
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        timeout=100,
        check=False,
        env={**os.environ, **variables},
    )


def run_of(folder: Path, data_dir: Path, *more: str) -> tuple[str, ...]:
    return ("run", "release-readiness", "--input", str(folder), "--data-dir", str(data_dir), *more)


def sentence(result: subprocess.CompletedProcess[bytes]) -> str:
    """Returns the last line of what was told, and asserts that no traceback was."""
    told = result.stderr.decode()
    assert "Traceback" not in told
    return told.splitlines()[-1]


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory in which a proposal waits."""
    made = tmp_path_factory.mktemp("asked")
    folder = make_folder(made / "failing", failed=1)
    assert 3 == program(MAIN, *run_of(folder, made / "data")).returncode
    return made / "data"


@pytest.fixture
def waiting(asked: Path, data_dir: Path, cli: Cli) -> dict[str, str]:
    """The proposal that waits in the test's own copy of it."""
    shutil.copytree(asked, data_dir)
    [gate] = printed("inbox", cli("inbox", "--json"))
    found: dict[str, str] = gate
    return found


# Runs that cannot go on.


def test_a_run_that_stalls_ends_the_command_with_the_reason(failing: Path, data_dir: Path) -> None:
    """It does not wait for what will not come."""
    stalled = program(STALLS, *run_of(failing, data_dir))

    assert 2 == stalled.returncode
    assert "run 0001 could not go on: the disk is full" in sentence(stalled)


def test_a_run_that_stalled_is_no_trouble_of_the_next_one(
    failing: Path, data_dir: Path, packs_dir: Path, cli: Cli
) -> None:
    """What is told about another run is told, and the new one goes on."""
    program(STALLS, *run_of(failing, data_dir), "--packs", str(packs_dir))
    texts = data_dir / "texts" / "000000000000.jsonl"
    texts.write_bytes(texts.read_bytes().replace(b"Who decides", b"Who derides"))

    ran = cli("run", "release-readiness", "--input", str(failing), "--json")

    assert (3, "run-0002") == (ran.returncode, printed("run", ran)["run_id"])
    assert "run 0001 could not go on" in ran.stderr


def test_a_decision_whose_run_stalls_is_told_with_the_reason(
    waiting: dict[str, str], data_dir: Path, cli: Cli
) -> None:
    """The decision stands; the next start goes on with it."""
    gate = waiting["gate_id"]

    stalled = program(
        STALLS_AFTER_THE_DECISION, "decide", gate, "approve", "--data-dir", str(data_dir)
    )
    again = cli("decide", gate, "approve", "--json")

    assert 2 == stalled.returncode
    assert "run 0001 could not go on: the disk is full" in sentence(stalled)
    assert (0, "CriteriaMet") == (again.returncode, printed("decide", again)["stop"])


def test_ctrl_c_is_answered_in_words_and_loses_no_run(
    failing: Path, data_dir: Path, open_desk: OpenDesk
) -> None:
    """Exit 130 while the model computes; the next desk takes the run up."""
    with subprocess.Popen(
        [sys.executable, "-c", NEVER_ANSWERS, *run_of(failing, data_dir)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout is not None
        assert other.stderr is not None
        assert "asked\n" == other.stdout.readline()
        other.send_signal(signal.SIGINT)
        told = other.stderr.read()
        other.wait(30)

    assert 130 == other.returncode
    assert "Traceback" not in told
    assert told.endswith("stopped; what was decided is kept, and the run goes on next time\n")
    _, watch = open_desk()
    assert "waiting" == watch.phase("run-0001", "waiting").row.phase


# What is shown before signing.


def test_what_is_signed_was_printed_before(waiting: dict[str, str], cli: Cli) -> None:
    """Consequence, rule, reasons, plan, evidence with its sources and checks come first."""
    gate = waiting

    decided = cli("decide", gate["gate_id"], "reject", "--reason", "not now", "--json")

    shown = decided.stderr.splitlines()
    assert gate["title"] == shown[0]
    assert shown[1].startswith("medium risk, asked by rule holding-needs-a-human: ")
    assert "  It becomes a fact under Strategies, with you as its approver." in shown
    assert "  breach   tests failed 1 breaks a hard limit" in shown
    assert any(line.startswith("  tests.fix  ") for line in shown)
    assert any(line.startswith("  tests failed: 1 at most 0 (hard) (junit.xml, ") for line in shown)
    assert "  ok  every step answers something that speaks against" in shown
    assert "reject" == printed("decide", decided)["verdict"]


# Names.


@pytest.mark.parametrize(
    ("login", "name"),
    [
        ("ada", "ada"),
        ("bob@corp.example", "bob-corp.example"),
        ("CORP\\bob", "CORP-bob"),
        ("_svc", "operator"),
        ("", "operator"),
        ("a" * 60, "a" * 48),
    ],
)
def test_a_login_that_is_no_name_is_made_one(login: str, name: str) -> None:
    """Whoever logs in over a directory service can work and decide too."""
    assert name == operator_name(login)


def test_the_login_decides_where_no_name_is_given_and_an_empty_name_does_not(
    waiting: dict[str, str], data_dir: Path
) -> None:
    """An unset variable behind ``--as`` must not sign for whoever happens to be logged in."""
    decide = ("decide", waiting["gate_id"], "approve", "--data-dir", str(data_dir))

    empty = program(MAIN, *decide, "--as", "", LOGNAME="bob@corp.example")
    stranger = program(MAIN, *decide, LOGNAME="bob@corp.example")
    enrol = ("operator", "enrol", "bob-corp.example", "--data-dir", str(data_dir))
    assert 0 == program(MAIN, *enrol).returncode
    decided = program(MAIN, *decide, LOGNAME="bob@corp.example")

    assert 2 == empty.returncode
    assert "'' cannot be an operator's name: use 1 to 48 letters" in sentence(empty)
    assert 2 == stranger.returncode
    assert "bob-corp.example" in sentence(stranger)
    assert 0 == decided.returncode
    assert "bob-corp.example chose approve." in decided.stdout.decode()


# Pipes, disks and encodings.


@pytest.mark.usefixtures("waiting")
def test_a_reader_that_has_seen_enough_is_no_problem(data_dir: Path) -> None:
    """As with ``| head -1``: no sentence, no traceback, exit 0."""
    read, write = os.pipe()
    os.close(read)
    result = subprocess.run(
        [sys.executable, "-c", MAIN, "traces", "--data-dir", str(data_dir)],
        stdout=write,
        stderr=subprocess.PIPE,
        timeout=100,
        env=BUFFERED,
        check=False,
    )
    os.close(write)

    assert (0, b"") == (result.returncode, result.stderr)


def test_output_that_cannot_be_written_is_a_sentence(data_dir: Path) -> None:
    """A full disk behind the redirection; the interpreter does not stumble over it again."""
    with Path("/dev/full").open("wb") as full:
        result = subprocess.run(
            [sys.executable, "-c", MAIN, "inbox", "--data-dir", str(data_dir)],
            stdout=full,
            stderr=subprocess.PIPE,
            timeout=100,
            env=BUFFERED,
            check=False,
        )

    assert 2 == result.returncode
    assert b"what is printed: No space left on device" in result.stderr
    assert 1 == len(result.stderr.splitlines())


@pytest.mark.parametrize(
    "terminal",
    [{"LC_ALL": "C"}, {"PYTHONIOENCODING": "ascii"}, {"PYTHONIOENCODING": "latin-1"}],
    ids=["C locale", "ascii", "latin-1"],
)
def test_a_terminal_without_the_characters_gets_them_escaped(
    tmp_path: Path, data_dir: Path, terminal: dict[str, str]
) -> None:
    """A project called größe: told on any terminal, and in JSON that reads back the same."""
    folder = make_folder(tmp_path / "größe 数", failed=1)

    ran = program(MAIN, *run_of(folder, data_dir), **terminal)
    listed = program(MAIN, "inbox", "--json", "--data-dir", str(data_dir), **terminal)

    assert 3 == ran.returncode
    assert b"Waiting for a decision on" in ran.stdout
    [gate] = printed(
        "inbox", subprocess.CompletedProcess([], listed.returncode, listed.stdout.decode("ascii"))
    )
    assert "größe 数" in gate["title"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", b"\xff", "--input", "/"),
        ("run", "release-readiness", "--input", b"/\xff"),
        ("run", "release-readiness", "--input", "/", "--model", b"/\xff.gguf"),
        ("decide", b"\xff", "approve"),
        ("trace", b"\xff"),
    ],
)
def test_arguments_in_a_foreign_encoding_are_a_sentence(
    data_dir: Path, arguments: tuple[str | bytes, ...]
) -> None:
    """Bytes that are no text are shown escaped."""
    result = subprocess.run(
        [sys.executable, "-c", MAIN, *arguments, "--data-dir", str(data_dir)],
        capture_output=True,
        timeout=100,
        check=False,
    )

    assert 2 == result.returncode
    assert "udcff" in sentence(result)


def test_a_reason_in_a_foreign_encoding_signs_nothing(
    waiting: dict[str, str], data_dir: Path, cli: Cli
) -> None:
    """What cannot be written down is refused before it is signed."""

    result = subprocess.run(
        [
            *(sys.executable, "-c", MAIN, "decide", waiting["gate_id"], "reject"),
            *("--reason", b"\xff", "--data-dir", str(data_dir)),
        ],
        capture_output=True,
        timeout=100,
        check=False,
    )

    assert 2 == result.returncode
    assert "the reason holds what is no text; write it anew" in sentence(result)
    assert [waiting] == printed("inbox", cli("inbox", "--json"))


# Models that were set aside.


def set_aside(data_dir: Path) -> tuple[str, Path]:
    """Has a file be known as one that crashed; returns its hash and what holds it."""
    sha256 = "abcdef01" + "2" * 56
    held = Quarantine(reason="was ended by SIGSEGV", file="/models/bad.gguf", at=1)
    ModelRegistry(data_dir / "models")._write(
        KnownModel(sha256=ContentHash(sha256), quarantine=held)
    )
    return sha256, data_dir / "models" / f"{sha256}.json"


def test_a_file_is_released_by_the_digits_that_the_sentence_names(data_dir: Path, cli: Cli) -> None:
    """It is said which; JSON stays the list it is."""
    sha256, _ = set_aside(data_dir)
    released = cli("models", "--release", sha256[:12], "--json")
    lines = printed("models", released)
    set_aside(data_dir)
    in_words = cli("models", "--release", sha256[:12])

    assert 0 == released.returncode
    assert "quarantined" not in {line["state"] for line in lines}
    assert f"{sha256}, which lay at /models/bad.gguf, is released" in released.stderr
    assert f"{sha256}, which lay at /models/bad.gguf, is released" in in_words.stdout


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("../../victim", "64 hexadecimal digits"),
        ("hashes", "64 hexadecimal digits"),
        ("abcdef0", "64 hexadecimal digits"),
        ("0" * 12, "no quarantined file begins with 000000000000"),
    ],
)
def test_a_release_that_means_no_file_is_a_problem(
    data_dir: Path, cli: Cli, wrong: str, said: str
) -> None:
    """Exit 2 and a sentence; no other file is touched."""
    _, kept = set_aside(data_dir)
    victim = data_dir.parent / "victim.json"
    victim.write_text("words")

    result = cli("models", "--release", wrong, "--json")

    assert (2, "") == (result.returncode, result.stdout)
    assert said in result.stderr
    assert "Traceback" not in result.stderr
    assert "words" == victim.read_text()
    assert kept.exists()


@pytest.mark.parametrize("more", [(), ("--json",)])
def test_a_quarantine_that_is_lost_is_told_beside_the_list(
    data_dir: Path, cli: Cli, more: tuple[str, ...]
) -> None:
    """On standard error, in words and with JSON alike."""
    _, kept = set_aside(data_dir)
    kept.write_bytes(kept.read_bytes()[:-9])

    result = cli("models", *more)

    assert 0 == result.returncode
    assert f"{kept} is damaged (" in result.stderr
    assert "is damaged" not in result.stdout


# Places.


@pytest.mark.parametrize("option", ["--data-dir", "--input", "--model"])
def test_an_empty_path_is_not_the_folder_one_is_in(failing: Path, option: str) -> None:
    """A variable that was not set must not make a desk wherever one happens to be."""
    result = program(MAIN, *run_of(failing, failing / "data", option, ""))

    assert 2 == result.returncode
    assert sentence(result).endswith(f"argument {option}: the path is empty")


@pytest.mark.parametrize("command", ["inbox", "traces", "verify", "run"])
def test_a_file_is_no_data_directory(tmp_path: Path, failing: Path, command: str) -> None:
    """Nothing waits there, but not because all is done."""
    file = tmp_path / "file"
    file.write_text("words")
    arguments = run_of(failing, file) if command == "run" else (command, "--data-dir", str(file))

    result = program(MAIN, *arguments)

    assert 2 == result.returncode
    assert str(file) in sentence(result)
    assert "--data-dir" in sentence(result)


@pytest.mark.usefixtures("waiting")
@pytest.mark.parametrize("command", ["inbox", "run"])
def test_a_ledger_of_a_newer_version_is_left_to_it(
    failing: Path, data_dir: Path, command: str
) -> None:
    """Exit 1, and the remedy is the newer program, not an older copy."""
    [segment] = (data_dir / "ledger").glob("*.jsonl")
    data = segment.read_bytes().replace(b'"v":%d' % VERSION, b'"v":9')
    segment.write_bytes(data)
    run, inbox = run_of(failing, data_dir), ("inbox", "--data-dir", str(data_dir))

    result = program(MAIN, *(run if command == "run" else inbox))

    assert 1 == result.returncode
    assert "record 0: version 9 is newer than this program reads" in sentence(result)
    assert "Open it with the version that wrote it" in sentence(result)
    assert "copy" not in sentence(result)
    assert data == segment.read_bytes()


def test_a_bad_model_means_a_run_that_never_began(
    failing: Path, data_dir: Path, tmp_path: Path, open_desk: OpenDesk
) -> None:
    """Asked for at once, before the model was tried: the run waits for what comes of it."""
    bad = tmp_path / "bad.gguf"
    bad.write_bytes(b"GGUF\x03\0\0\0" + b"\xff" * 64)

    result = program(MAIN, *run_of(failing, data_dir, "--model", str(bad)))

    assert 2 == result.returncode
    assert f"{bad} is no GGUF model: " in sentence(result)
    assert "Choose a file whose name ends in .gguf, and is whole." in sentence(result)
    desk, _ = open_desk()
    assert () == desk.runs().result(10)
