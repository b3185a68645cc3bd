"""Long texts: each stored once, durable before any record names it, and checked when read."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from converge_core.canonical import hash_text
from converge_core.trace import TextRef, text_ref
from converge_desktop.adapters.texts import TextMissing, TextReader, TextStore
from tests.core.test_canonical import TEXT

LONG = "Grüße 😀\n" * 400
OTHER = "\n".join(f"line {number} of another text" for number in range(150))


def kept(directory: Path, *texts: str) -> Path:
    """Keeps ``texts`` and returns the file they lie in."""
    with closing(TextStore(directory)) as store:
        store.keep(texts)
    [file] = directory.iterdir()
    return file


@given(st.lists(TEXT, max_size=5))
def test_a_text_kept_is_a_text_read(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str]
) -> None:
    """Whatever is in it, from the store and from a reader of the same file."""
    directory = tmp_path_factory.mktemp("texts")
    with closing(TextStore(directory)) as store:
        store.keep(texts)
        found = [store.text(text_ref(text, shared=True)) for text in texts]
    reader = TextReader(directory)

    assert texts == found == [reader.text(text_ref(text, shared=True)) for text in texts]


def test_a_text_is_stored_once(tmp_path: Path) -> None:
    """However often it is kept, at once or later."""
    size = kept(tmp_path, LONG).stat().st_size

    assert size == kept(tmp_path, LONG, LONG).stat().st_size


def test_keeping_nothing_new_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A text that is there costs no sync."""
    kept(tmp_path, LONG)
    with closing(TextStore(tmp_path)) as store, monkeypatch.context() as watched:
        watched.setattr(os, "fsync", lambda fd: pytest.fail("synced"))
        store.keep([LONG])


def test_short_texts_are_in_the_record_itself(tmp_path: Path) -> None:
    """A reader needs no file for them."""
    assert "short" == TextReader(tmp_path / "nowhere").text(text_ref("short"))


@pytest.mark.parametrize(
    "ref",
    [
        pytest.param(TextRef(sha256=hash_text("a"), size=1, inline="b"), id="inline"),
        pytest.param(text_ref(OTHER), id="missing"),
    ],
)
def test_a_text_that_is_not_the_one_recorded_is_refused(tmp_path: Path, ref: TextRef) -> None:
    """What a record says by hash is what is shown, or nothing is."""
    kept(tmp_path, LONG)

    with pytest.raises(TextMissing):
        TextReader(tmp_path).text(ref)


@pytest.mark.parametrize("part", [b"sha256", b"text", b"Gr", b'":"', b"}"])
def test_a_changed_text_is_refused(tmp_path: Path, part: bytes) -> None:
    """Wherever its line was changed: it is refused in words and never shown."""
    file = kept(tmp_path, LONG)
    data = file.read_bytes()
    file.write_bytes(data.replace(part, b"#" * len(part), 1))

    with pytest.raises(TextMissing, match=hash_text(LONG)[:12]):
        TextReader(tmp_path).text(text_ref(LONG))


def test_a_changed_text_can_be_kept_again(tmp_path: Path) -> None:
    """Whoever has it whole mends the store by keeping it."""
    file = kept(tmp_path, LONG)
    file.write_bytes(file.read_bytes().replace(b"Gr", b"##", 1))
    kept(tmp_path, LONG)

    assert LONG == TextReader(tmp_path).text(text_ref(LONG))


def test_a_text_that_changes_under_a_reader_is_refused(tmp_path: Path) -> None:
    """It is checked when it is read and not only when the file was opened."""
    file = kept(tmp_path, LONG)
    reader = TextReader(tmp_path)
    file.write_bytes(file.read_bytes().replace(b"Gr", b"##"))

    with pytest.raises(TextMissing, match="was changed"):
        reader.text(text_ref(LONG))


def test_one_changed_text_does_not_harm_the_others(tmp_path: Path) -> None:
    """Each is found and checked on its own."""
    file = kept(tmp_path, LONG, OTHER)
    file.write_bytes(b"#" + file.read_bytes()[1:])

    assert OTHER == TextReader(tmp_path).text(text_ref(OTHER))


def test_a_torn_end_is_no_text_and_the_next_is_kept_whole(tmp_path: Path) -> None:
    """At any byte of an unfinished line; nothing durable can name it."""
    first = kept(tmp_path, LONG).stat().st_size
    file = kept(tmp_path, OTHER)
    data = file.read_bytes()
    for length in (first, first + 1, first + 2000, len(data) - 1):
        file.write_bytes(data[:length])
        with closing(TextStore(tmp_path)) as store:
            with pytest.raises(TextMissing):
                store.text(text_ref(OTHER))
            store.keep([OTHER])

        assert data == file.read_bytes()


def test_a_reader_writes_nothing(tmp_path: Path) -> None:
    """It makes no folder, and leaves a torn end to the writer."""
    TextReader(tmp_path / "nowhere")
    file = kept(tmp_path / "texts", LONG)
    file.write_bytes(file.read_bytes() + b'{"sha')
    before = file.read_bytes()

    assert LONG == TextReader(tmp_path / "texts").text(text_ref(LONG))
    assert (before, False) == (file.read_bytes(), (tmp_path / "nowhere").exists())


@pytest.mark.parametrize("broken", ["write", "fsync"])
def test_a_text_that_could_not_be_made_durable_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    """The disk's reason is raised, the file is as before, and keeping it later works."""
    before = kept(tmp_path, OTHER).read_bytes()

    def fail(*arguments: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with closing(TextStore(tmp_path)) as store:
        with monkeypatch.context() as full:
            full.setattr(os, broken, fail)
            with pytest.raises(OSError, match="No space left"):
                store.keep([LONG])
        with pytest.raises(TextMissing):
            store.text(text_ref(LONG))
        assert [before] == [file.read_bytes() for file in tmp_path.iterdir()]

        store.keep([LONG])
        assert LONG == store.text(text_ref(LONG))


def test_a_new_file_is_entered_in_its_folder_before_anything_names_its_texts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder is synced when the file is made, so that a crash cannot lose the file itself."""
    synced: list[bool] = []
    sync_for_real = os.fsync

    def noted(fd: int) -> None:
        synced.append(stat.S_ISDIR(os.fstat(fd).st_mode))
        sync_for_real(fd)

    monkeypatch.setattr(os, "fsync", noted)
    kept(tmp_path / "texts", LONG)

    assert [True, True, False] == synced  # the folder's own place, the file's, its content


def test_the_file_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    """Prompts and answers are nobody else's business."""
    assert 0o600 == kept(tmp_path, LONG).stat().st_mode & 0o777


def test_a_file_removed_while_it_is_in_use_takes_no_text(tmp_path: Path) -> None:
    """No record may name a text that lies in a file nobody can find."""
    with closing(TextStore(tmp_path)) as store:
        store.keep([LONG])
        for file in tmp_path.iterdir():
            file.unlink()
        with pytest.raises(OSError, match="it was removed or moved while it was in use"):
            store.keep([OTHER])
