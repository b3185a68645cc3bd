"""Models by name: what ships, what a desk adds, and what a file that cannot be meant says."""

from __future__ import annotations

import traceback
from pathlib import Path

import pytest

from converge_core.routing import Reach
from converge_desktop.adapters.models.catalogue import (
    CatalogueProblem,
    LocalModel,
    RemoteModel,
    load_catalogue,
)

SECRET = "open-sesame"
SHIPPED = {"nano": Path("/models/nano.gguf")}


def loaded(folder: Path, text: str) -> dict[str, LocalModel | RemoteModel]:
    (folder / "models.toml").write_text(text, "utf-8")
    return load_catalogue(folder, SHIPPED)


def test_without_a_file_there_is_what_ships(tmp_path: Path) -> None:
    """By its name, in this process."""
    assert {"nano": LocalModel("nano", SHIPPED["nano"])} == load_catalogue(tmp_path, SHIPPED)


def test_a_desk_adds_files_and_servers(tmp_path: Path) -> None:
    """Relative paths begin at the desk's directory; a server says by what name it knows it."""
    known = loaded(
        tmp_path,
        '[planner]\npath = "planner.gguf"\nadapter = "/a.gguf"\n'
        f'sha256 = "{"0" * 64}"\n'
        '[big]\nurl = "https://models.example.org/v1"\nmodel = "large"\nkey_env = "BIG_KEY"\n',
    )

    assert (
        LocalModel("planner", tmp_path / "planner.gguf", "0" * 64, Path("/a.gguf"))
        == (known["planner"])
    )
    assert RemoteModel("big", "https://models.example.org/v1", "large", "BIG_KEY") == known["big"]
    assert [Reach.LOCAL, Reach.LOCAL, Reach.REMOTE] == [one.reach for one in known.values()]


def test_what_a_desk_says_of_a_name_wins(tmp_path: Path) -> None:
    """So that a shipped pack can be run with another model."""
    known = loaded(tmp_path, '[nano]\npath = "/mine.gguf"\n')

    assert {"nano": LocalModel("nano", Path("/mine.gguf"))} == known


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[", "is not TOML"),
        ("[big]\n", "big: needs either path, for a file, or url, for a server"),
        ('[big]\npath = "a"\nurl = "http://b"\n', "big: needs either path"),
        ('[big]\nurl = "http://b"\n', "big: needs model"),
        ('[big]\nurl = "ftp://b"\nmodel = "m"\n', "big.url"),
        ('[big]\nurl = "http://b"\nmodel = "m"\nadapter = "a"\n', "belong to a file"),
        ('[big]\npath = "a"\nkey_env = "K"\n', "belong to a server"),
        ('[big]\npath = "a"\nsha256 = "12"\n', "big.sha256"),
        ('[big]\npath = "a"\nkey = "secret"\n', "big.key"),
        ('["Big Model"]\npath = "a"\n', "Big Model"),
        ('big = "a"\n', "big"),
    ],
)
def test_what_cannot_be_meant_is_a_sentence(tmp_path: Path, text: str, said: str) -> None:
    """It names the file, the place and the remedy."""
    with pytest.raises(CatalogueProblem) as refused:
        loaded(tmp_path, text)

    assert str(refused.value).startswith(str(tmp_path / "models.toml"))
    assert said in str(refused.value)
    assert "Mend it and try again." in str(refused.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """Text in another encoding, say."""
    (tmp_path / "models.toml").write_bytes(b"\xff\xfe")

    with pytest.raises(CatalogueProblem, match=r"models\.toml cannot be read"):
        load_catalogue(tmp_path, SHIPPED)


def test_a_key_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is written down nowhere; where it is missing, the sentence says which variable."""
    model = RemoteModel("big", "https://models.example.org/v1", "large", "BIG_KEY")
    monkeypatch.delenv("BIG_KEY", raising=False)
    with pytest.raises(CatalogueProblem, match="BIG_KEY, and that is not set"):
        model.key()

    monkeypatch.setenv("BIG_KEY", "sesame")

    assert "sesame" == model.key()
    assert None is RemoteModel("open", "http://127.0.0.1/v1", "m").key()


@pytest.mark.parametrize(
    "url",
    [
        "https://alice:{}@models.example.org/v1",
        "https://{}@models.example.org/v1",
        "https://models.example.org/v1?key={}",
        "https://models.example.org/v1#{}",
        "https://alice:{}/v1",
        "https:///alice:{}@models.example.org/v1",
        "https://models.example.org\\\\@{}/v1",
        "https://[{}/v1",
    ],
)
def test_an_address_that_may_hold_a_secret_is_refused_without_repeating_it(
    tmp_path: Path, url: str
) -> None:
    """A key belongs into the environment; not even the errors behind the sentence hold it."""
    with pytest.raises(CatalogueProblem, match="environment variable") as refused:
        loaded(tmp_path, f'[big]\nurl = "{url.format(SECRET)}"\nmodel = "m"\n')

    assert "big.url: write the address as https://host/v1" in str(refused.value)
    assert SECRET not in "".join(traceback.format_exception(refused.value))


@pytest.mark.parametrize("what", ["path", "adapter"])
@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("~nobodyx/a", "names a person this machine does not know"),
        ("a\\u0000b", "a path holds no sign of number zero"),
    ],
)
def test_a_path_that_leads_nowhere_is_a_sentence(
    tmp_path: Path, what: str, place: str, said: str
) -> None:
    """Someone unknown, or a sign that no path holds; file and place are named."""
    other = "" if what == "path" else 'path = "a"\n'
    with pytest.raises(CatalogueProblem, match=said) as refused:
        loaded(tmp_path, f'[big]\n{other}{what} = "{place}"\n')

    assert str(refused.value).startswith(f"{tmp_path / 'models.toml'}: big.{what}: ")


def test_a_path_may_begin_at_home(tmp_path: Path) -> None:
    """As a shell reads it."""
    [_, big] = loaded(tmp_path, '[big]\npath = "~/a.gguf"\n').values()

    assert LocalModel("big", Path.home() / "a.gguf") == big
