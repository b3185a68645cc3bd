"""Secrets are written down nowhere: every byte below a desk's directory is searched for them."""

from __future__ import annotations

import base64
import logging
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from converge_desktop.adapters.surreal.address import Server, ServerRefused
from converge_desktop.runtime.port import Notice
from tests.adapters.model_server import FakeServer, fake_server, free_port, reply
from tests.runtime.test_remote_models import (
    OPEN,
    PACK,
    TRIAGE,
    TRIAGE_PROMPT,
    TRIAGE_RULE,
    Place,
    completion,
)

API_KEY = "sk-5ecret/of+the=test~0123456789"
DB_PASSWORD = "pa55word/of+the=database~0123456789"
VARIABLE, DB_VARIABLE = "CONVERGE_TEST_KEY", "CONVERGE_TEST_DB"


def spellings(secret: bytes) -> dict[str, bytes]:
    """Returns how a secret may stand in a file, by what the spelling is called."""
    text = secret.decode("latin-1")
    found = {
        "plain": secret,
        "percent": quote(secret, safe="").encode(),
        "percent in small letters": quote(secret, safe="").lower().encode(),
        "hex": secret.hex().encode(),
        "escaped": text.replace("/", "\\/").encode("latin-1"),
    }
    for before in range(3):
        whole = base64.b64encode(bytes(before) + secret)
        inner = whole[-(-before * 8 // 6) : (before + len(secret)) * 8 // 6]
        found[f"base64 after {before}"] = inner
        found[f"base64 for addresses after {before}"] = inner.translate(
            bytes.maketrans(b"+/", b"-_")
        )
    return found


def leaks(directory: Path, secrets: dict[str, bytes]) -> list[str]:
    """Returns which secret stands in which file below ``directory``, beside those of the keys."""
    return [
        f"{name} ({spelling}) in {file.relative_to(directory)}"
        for file in sorted(directory.rglob("*"))
        if file.is_file() and file.relative_to(directory).parts[0] != "keys"
        for name, secret in secrets.items()
        for spelling, spelled in spellings(secret).items()
        if spelled in file.read_bytes() or spelled in str(file).encode()
    ]


def echo(spelled: str) -> dict[str, Any]:
    return {"error": {"message": f"who is {spelled}?", "code": spelled, "type": spelled}}


ECHOES = {
    "plain": API_KEY,
    "base64": base64.b64encode(f"Bearer {API_KEY}".encode()).decode(),
    "percent": quote(API_KEY, safe=""),
    "percent whole": "".join(f"%{ord(sign):02x}" for sign in API_KEY),
}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A desk whose pack asks a model elsewhere, and whose view is at a server that is not there."""
    monkeypatch.setenv(VARIABLE, API_KEY)
    monkeypatch.setenv(DB_VARIABLE, DB_PASSWORD)
    with fake_server() as server:
        more = f'key_env = "{VARIABLE}"\n'
        made = Place(tmp_path, server.address, kernel=TRIAGE_RULE + OPEN, step="", more=more)
        made.append("pack.toml", TRIAGE.replace("attempts = 3", "attempts = 1"))
        made.append("prompts.toml", TRIAGE_PROMPT)
        (made.data / "view.toml").write_text(
            f'url = "ws://127.0.0.1:{free_port()}"\nuser = "desk"\npassword_env = "{DB_VARIABLE}"\n'
        )
        yield made, server


def run_and_collect(
    made: Place, failing: Path, caplog: pytest.LogCaptureFixture
) -> tuple[str, list[str]]:
    """Runs once; returns all that was told on the way, and which secrets lie in which files."""
    caplog.set_level(logging.DEBUG)
    desk, watch = made.desk()
    try:
        run_id = desk.start_run(PACK, failing).result(60)
        watch.phase(run_id, "waiting", "stopped")
        told = [repr(update) for update in watch.updates]
        told += [repr(desk.run_view(run_id).result(10)), repr(desk.traces().result(10))]
        told += [update.text for update in watch.updates if isinstance(update, Notice)]
    finally:
        desk.close()
    private = next((made.data / "keys").iterdir()).read_bytes().strip()
    secrets = {
        "the key of the model": API_KEY.encode(),
        "the password of the database": DB_PASSWORD.encode(),
        "the operator's private key": private,
    }
    words = "\n".join([*told, caplog.text])
    heard = [
        f"{name} ({spelling}) was told"
        for name, secret in secrets.items()
        for spelling, spelled in spellings(secret).items()
        if spelled.decode("latin-1") in words
    ]
    return words, [*leaks(made.data, secrets), *heard]


@pytest.mark.parametrize("echoed", ECHOES)
@pytest.mark.parametrize("status", [400, 401, 429, 500])
def test_a_server_that_repeats_the_key_in_an_error_leaves_no_trace_of_it(
    place: tuple[Place, FakeServer],
    failing: Path,
    caplog: pytest.LogCaptureFixture,
    status: int,
    echoed: str,
) -> None:
    """However it spells the key: neither on disk, nor in what is told, nor in a log."""
    made, server = place
    server.does = reply(status, echo(ECHOES[echoed]))

    _, found = run_and_collect(made, failing, caplog)

    assert [f"Bearer {API_KEY}"] == [one.headers["Authorization"] for one in server.seen]
    assert [] == found


@pytest.mark.parametrize("echoed", ECHOES)
def test_a_model_that_repeats_the_key_in_its_answer_is_not_recorded(
    place: tuple[Place, FakeServer],
    failing: Path,
    caplog: pytest.LogCaptureFixture,
    echoed: str,
) -> None:
    """Its words cannot be cut and still be its answer, so they are refused."""
    made, server = place
    answer = completion(f'{{"labels": ["usual"], "justification": "{ECHOES[echoed]}"}}')
    answer["id"] = answer["model"] = ECHOES[echoed]
    server.does = reply(200, answer)

    words, found = run_and_collect(made, failing, caplog)

    assert server.seen
    assert [] == found
    assert "repeats the key" in words or made.state().attempts


def test_the_search_finds_what_it_searches_for(tmp_path: Path) -> None:
    """In a file of any kind and any spelling; what lies among the keys is where it belongs."""
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "own").write_bytes(API_KEY.encode())
    assert [] == leaks(tmp_path, {"key": API_KEY.encode()})

    for number, spelled in enumerate(spellings(API_KEY.encode()).values()):
        (tmp_path / f"{number}").write_bytes(b"\0some " + spelled + b" thing")
        assert leaks(tmp_path, {"key": API_KEY.encode()})
        (tmp_path / f"{number}").unlink()


def test_a_server_address_with_a_password_in_it_is_refused_without_repeating_it() -> None:
    """Nor does a server show the password it was given on its own."""
    with pytest.raises(ServerRefused) as refused:
        Server(f"wss://desk:{quote(DB_PASSWORD, safe='')}@db.example.org", "desk", "x")
    assert "pa55word" not in str(refused.value)
    assert "pa55word" not in repr(Server("wss://db.example.org", "desk", DB_PASSWORD))
