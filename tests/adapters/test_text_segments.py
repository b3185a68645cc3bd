"""Where long texts lie: in segments, all but the last with an index, and in shared pieces."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from converge_core.canonical import hash_text
from converge_core.trace import TextRef, text_ref
from converge_desktop.adapters import texts as texts_module
from converge_desktop.adapters.text_pieces import WHOLE, pieces_of
from converge_desktop.adapters.texts import TextMissing, TextReader, TextStore

SMALL = 4000
"""The size of a segment in these tests."""
TEXTS = tuple(f"text {number}: " + "words and more words. " * 60 for number in range(12))
LAST = TEXTS[-1]


def fill(directory: Path, *texts: str, segment_bytes: int = SMALL) -> Path:
    """Keeps ``texts``, each on its own, in small segments, and returns where."""
    with closing(TextStore(directory, segment_bytes)) as store:
        for text in texts:
            store.keep([text])
    return directory


def names(directory: Path, kind: str) -> list[str]:
    return sorted(file.name for file in directory.glob(f"*.{kind}"))


def readable(directory: Path, texts: tuple[str, ...] = TEXTS) -> int:
    """Returns how many of ``texts`` can be read; each is checked as it is."""
    reader, count = TextReader(directory), 0
    for text in texts:
        try:
            assert text == reader.text(text_ref(text, shared=True))
            count += 1
        except TextMissing:
            continue
    return count


def test_texts_lie_in_segments_none_of_which_ends_within_one(tmp_path: Path) -> None:
    """Each segment has whole lines alone; all but the last have an index; everything is there."""
    fill(tmp_path, *TEXTS)

    segments = names(tmp_path, "jsonl")
    assert [f"{number:012d}.jsonl" for number in range(len(segments))] == segments
    assert [name.replace("jsonl", "index") for name in segments[:-1]] == names(tmp_path, "index")
    assert len(segments) > 3
    for file in tmp_path.glob("*.jsonl"):
        assert file.read_bytes().endswith(b"}\n")
        assert file.stat().st_size <= SMALL
    assert len(TEXTS) == readable(tmp_path)


def test_a_file_from_before_there_were_segments_stays_readable(tmp_path: Path) -> None:
    """However large it is: it is sealed as it stands, and new texts lie in the next one."""
    fill(tmp_path, *TEXTS[:-1], segment_bytes=10**9)
    assert ["000000000000.jsonl"] == names(tmp_path, "jsonl")
    assert [] == names(tmp_path, "index")
    before = (tmp_path / "000000000000.jsonl").read_bytes()

    fill(tmp_path, LAST)

    assert before == (tmp_path / "000000000000.jsonl").read_bytes()
    assert ["000000000000.jsonl", "000000000001.jsonl"] == names(tmp_path, "jsonl")
    assert len(TEXTS) == readable(tmp_path)


def test_a_text_is_stored_once_over_all_segments(tmp_path: Path) -> None:
    """What lies in a sealed segment is not written again."""
    fill(tmp_path, *TEXTS)
    before = {file: file.read_bytes() for file in tmp_path.iterdir()}

    fill(tmp_path, *TEXTS, *TEXTS)

    assert before == {file: file.read_bytes() for file in tmp_path.iterdir()}


def test_opening_reads_the_last_segment_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However much is stored; the others are looked into where a text is asked for."""
    fill(tmp_path, *TEXTS)
    last = names(tmp_path, "jsonl")[-1]
    opened: list[str] = []
    for_real = Path.open

    def noted(path: Path, *arguments: object, **more: object) -> object:
        opened.append(path.name)
        return for_real(path, *arguments, **more)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", noted)
    reader = TextReader(tmp_path)

    assert [last] == [name for name in opened if name.endswith("jsonl")]
    opened.clear()
    assert TEXTS[0] == reader.text(text_ref(TEXTS[0], shared=True))
    assert {"000000000000.jsonl"} == set(opened)


def damaged(kind: str) -> Callable[[bytes], bytes]:
    return {
        "cut short": lambda data: data[:-1],
        "empty": lambda data: b"",
        "of another kind": lambda data: b"?" + data[1:],
        "of zeros behind its head": lambda data: data[:24] + bytes(len(data) - 24),
        "of another order": lambda data: data[:24] + data[24:][::-1],
        "pointing nowhere": lambda data: data[:56] + b"\xff" * (len(data) - 56),
    }[kind]


@pytest.mark.parametrize(
    "kind",
    [
        "cut short",
        "empty",
        "of another kind",
        "of zeros behind its head",
        "of another order",
        "pointing nowhere",
    ],
)
def test_an_index_that_says_something_else_loses_no_text(tmp_path: Path, kind: str) -> None:
    """It says where to look and is believed in nothing."""
    fill(tmp_path, *TEXTS)
    for file in tmp_path.glob("*.index"):
        file.write_bytes(damaged(kind)(file.read_bytes()))

    assert len(TEXTS) == readable(tmp_path)
    fill(tmp_path, *TEXTS)
    assert len(TEXTS) == readable(tmp_path)


def test_an_index_that_is_gone_is_made_again_by_the_writer_alone(tmp_path: Path) -> None:
    """A reader does without."""
    fill(tmp_path, *TEXTS)
    before = {file.name: file.read_bytes() for file in tmp_path.glob("*.index")}
    for name in before:
        (tmp_path / name).unlink()

    assert len(TEXTS) == readable(tmp_path)
    assert [] == names(tmp_path, "index")
    fill(tmp_path)
    assert before == {file.name: file.read_bytes() for file in tmp_path.glob("*.index")}


def test_a_segment_that_is_gone_is_named_and_its_texts_alone_are_missed(tmp_path: Path) -> None:
    """With its index or without; nothing new takes its place."""
    fill(tmp_path, *TEXTS)
    (tmp_path / "000000000001.jsonl").unlink()
    there = readable(tmp_path)
    lost = next(text for text in TEXTS if readable(tmp_path, (text,)) == 0)

    with pytest.raises(TextMissing) as missing:
        TextReader(tmp_path).text(text_ref(lost, shared=True))
    fill(tmp_path, "new " * 1000)

    assert 0 < there < len(TEXTS)
    assert (
        f"no text {hash_text(lost)[:12]} lies in {tmp_path}, where 000000000001.jsonl is missing; "
        "restore that file from a copy"
    ) == str(missing.value)
    assert not (tmp_path / "000000000001.jsonl").exists()


def test_whoever_has_a_lost_text_mends_the_store_by_keeping_it(tmp_path: Path) -> None:
    """Where its segment is gone, or was changed though its size was not."""
    fill(tmp_path, *TEXTS)
    first, second = (tmp_path / f"00000000000{number}.jsonl" for number in (0, 1))
    first.unlink()
    second.write_bytes(second.read_bytes().replace(b"words", b"WORDS"))
    assert readable(tmp_path) < len(TEXTS)

    fill(tmp_path, *TEXTS)

    assert len(TEXTS) == readable(tmp_path)


def test_a_last_segment_that_is_gone_is_never_begun_anew_under_its_name(tmp_path: Path) -> None:
    """Its index tells that there was one; a copy of it can still be laid back."""
    fill(tmp_path, *TEXTS)
    segments = names(tmp_path, "jsonl")
    (tmp_path / segments[-1]).unlink()
    (tmp_path / segments[-2]).unlink()

    fill(tmp_path, "new " * 1000, "newer " * 1000)

    assert segments[-2] not in names(tmp_path, "jsonl")


def taken_aside(directory: Path) -> list[bytes]:
    """Takes what was moved aside out of a directory and returns it."""
    found = [(file, file.read_bytes()) for file in directory.glob("unfinished-*.part")]
    for file, _ in found:
        file.unlink()
    return [data for _, data in found]


def test_a_torn_tail_at_every_byte_of_the_last_text_loses_no_other(tmp_path: Path) -> None:
    """It is no text; the next writer moves it aside, and keeps the text whole."""
    fill(tmp_path, *TEXTS[:2])
    file = tmp_path / "000000000000.jsonl"
    before = file.stat().st_size
    fill(tmp_path, LAST, segment_bytes=10**9)
    whole = file.read_bytes()

    for length in range(before, len(whole)):
        file.write_bytes(whole[:length])
        assert (2, 0) == (readable(tmp_path, TEXTS[:2]), readable(tmp_path, (LAST,)))
        fill(tmp_path, LAST, segment_bytes=10**9)
        assert whole == file.read_bytes()
        assert [whole[before:length]] * (length > before) == taken_aside(tmp_path)


@pytest.mark.parametrize("other", [b"x", b"\n", b"\0", b""])
def test_a_changed_byte_at_every_place_of_the_last_text_is_cut_away_by_nobody(
    tmp_path: Path, other: bytes
) -> None:
    """Not even its line end, without which it is told from no crash: whoever looks finds it whole.

    The store opens, the other texts are there, and keeping the text again mends it.
    """
    file = fill(tmp_path, *TEXTS[:2]) / "000000000000.jsonl"
    before = file.stat().st_size
    fill(tmp_path, LAST, segment_bytes=10**9)
    whole = file.read_bytes()

    for place in range(before, len(whole)):
        changed = whole[:place] + other + whole[place + 1 :]
        file.write_bytes(changed)
        fill(tmp_path, segment_bytes=10**9)
        assert changed == file.read_bytes() + b"".join(taken_aside(tmp_path))
        there = int(changed == whole)
        assert (2, there) == (readable(tmp_path, TEXTS[:2]), readable(tmp_path, (LAST,)))
        fill(tmp_path, LAST, segment_bytes=10**9)
        assert 3 == readable(tmp_path, (*TEXTS[:2], LAST))


def test_a_text_whose_end_was_changed_is_named_with_the_file_that_has_it(tmp_path: Path) -> None:
    """Before a writer moved it aside, and after."""
    file = fill(tmp_path, *TEXTS[:2]) / "000000000000.jsonl"
    file.write_bytes(file.read_bytes()[:-1] + b"x")

    def why() -> str:
        with pytest.raises(TextMissing) as missing:
            TextReader(tmp_path).text(text_ref(TEXTS[1], shared=True))
        return str(missing.value)

    what = f"the text {hash_text(TEXTS[1])[:12]} in"
    remedy = f"was changed at its end, or never finished; restore {tmp_path} from a copy"
    assert f"{what} {file} {remedy}" == why()
    fill(tmp_path)
    [aside] = tmp_path.glob("unfinished-000000000000-*.part")
    assert f"{what} {aside} {remedy}" == why()


def test_an_end_that_cannot_be_moved_aside_stays_where_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk is full; the reason is raised, and nothing is cut."""
    file = fill(tmp_path, *TEXTS[:2]) / "000000000000.jsonl"
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    before = file.read_bytes()

    def fail(*arguments: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "write", fail)
    with pytest.raises(OSError, match="No space left"):
        TextStore(tmp_path)
    assert before == file.read_bytes()


def test_what_is_moved_aside_is_durable_before_it_is_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file and its name in the folder; a crash between the two finds it twice and not never."""
    file = fill(tmp_path, *TEXTS[:2]) / "000000000000.jsonl"
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    size, seen = file.stat().st_size, []
    for_real = os.fsync

    def noted(fd: int) -> None:
        seen.append((stat.S_ISDIR(os.fstat(fd).st_mode), file.stat().st_size == size))
        for_real(fd)

    monkeypatch.setattr(os, "fsync", noted)
    fill(tmp_path, segment_bytes=10**9)

    assert [(False, True), (True, True), (False, False)] == seen


def test_an_index_that_is_cut_short_under_a_reader_ends_nothing(tmp_path: Path) -> None:
    """Whoever maps a file that somebody truncates is killed by it; an index is read instead."""
    fill(tmp_path, *TEXTS)
    with closing(TextStore(tmp_path, SMALL)) as store:
        for file in tmp_path.glob("*.index"):
            os.truncate(file, 0)
        assert list(TEXTS) == [store.text(text_ref(text, shared=True)) for text in TEXTS]


def test_a_flipped_bit_at_every_byte_is_never_shown(tmp_path: Path) -> None:
    """The text whose line it is is refused, or still what was recorded; the others are as before.

    A flipped line end makes one line of two.
    """
    texts = tuple(f"{number} " + "words " * 20 for number in range(3))
    file = fill(tmp_path, *texts) / "000000000000.jsonl"
    whole = file.read_bytes()

    for place in range(len(whole)):
        file.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        assert readable(tmp_path, texts) >= (1 if whole[place] == ord("\n") else 2)


def test_a_listing_that_names_itself_or_too_much_is_refused(tmp_path: Path) -> None:
    """Whoever can write the file cannot have a reader go on for ever, or fill its memory."""
    piece = "x" * 1000
    fill(tmp_path, piece)
    many = f"{hash_text(piece)}\n" * 20
    fill(tmp_path, many, segment_bytes=10**9)
    endless, bomb = hash_text("endless"), hash_text("bomb")
    with (tmp_path / "000000000000.jsonl").open("a") as file:
        file.write(f'{{"listing":"{endless}","sha256":"{endless}"}}\n')
        file.write(f'{{"listing":"{hash_text(many)}","sha256":"{bomb}"}}\n')
        file.write(f'{{"listing":"no name","sha256":"{hash_text("other")}"}}\n')

    for name in (endless, bomb, hash_text("other"), "no name"):
        with pytest.raises(TextMissing):
            TextReader(tmp_path).text(TextRef(sha256=name, size=4000))


LINES = st.lists(st.text(st.sampled_from("ab€ \n"), max_size=400), max_size=60).map("\n".join)


@given(LINES)
def test_pieces_joined_are_the_text(text: str) -> None:
    """None is longer than what is stored in one, and few are too short to be worth a name."""
    pieces = pieces_of(text)

    assert text == "".join(pieces)
    assert all(0 < len(piece.encode()) <= WHOLE for piece in pieces)
    assert len(pieces) <= 1 + len(text.encode()) // 128


@given(LINES, LINES)
def test_what_is_added_at_the_end_moves_no_cut_before_it(text: str, more: str) -> None:
    """All pieces but the last are those of the text before."""
    before = pieces_of(text + "\n")

    assert before[:-1] == pieces_of(f"{text}\n{more}")[: len(before) - 1]


def test_a_text_that_grows_line_by_line_is_stored_in_proportion(tmp_path: Path) -> None:
    """Two hundred prompts, each one line longer than the one before: ten times less."""
    lines = [f"h{n:03d} | claim | " + f"{hash_text(str(n))} " * 6 for n in range(200)]
    prompts = ["\n".join(["STATE", *lines[: n + 1]]) for n in range(200)]
    fill(tmp_path, *prompts, segment_bytes=100_000)
    stored = sum(file.stat().st_size for file in tmp_path.iterdir())

    assert stored < sum(map(len, prompts)) / 10
    assert len(prompts) == readable(tmp_path, tuple(prompts))


GROWING = tuple(
    "\n".join(["STATE", *(f"{n:03d} {hash_text(str(n))}" for n in range(most))])
    for most in range(40, 60)
)
"""Prompts each of which is a line longer than the one before."""


def stored_lines(directory: Path, kind: bytes) -> int:
    return sum(file.read_bytes().count(kind) for file in directory.glob("*.jsonl"))


def test_a_text_that_goes_on_where_another_ended_is_stored_as_what_is_new(tmp_path: Path) -> None:
    """One line each, however long they are; over segments too, and read by anybody."""
    fill(tmp_path, *GROWING)
    size = sum(file.stat().st_size for file in tmp_path.glob("*.jsonl"))

    assert len(GROWING) - 1 == stored_lines(tmp_path, b'{"after"')
    assert len(names(tmp_path, "jsonl")) > 1
    assert size < 3 * len(GROWING[-1])
    assert len(GROWING) == readable(tmp_path, GROWING)


def test_kept_again_in_whatever_order_they_are_stored_no_second_time(tmp_path: Path) -> None:
    """Another process remembers none of them, and finds each as it is."""
    fill(tmp_path, *GROWING)
    before = {file: file.read_bytes() for file in tmp_path.iterdir()}

    fill(tmp_path, *reversed(GROWING), *GROWING)

    assert before == {file: file.read_bytes() for file in tmp_path.iterdir()}


def test_a_chain_of_such_texts_comes_to_an_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that reading one takes no longer the longer a run is; then one lies in pieces."""
    monkeypatch.setattr(texts_module, "LONGEST_CHAIN", 5)
    fill(tmp_path, *GROWING)

    assert 1 < stored_lines(tmp_path, b'{"listing"')
    assert len(GROWING) == readable(tmp_path, GROWING)


def test_what_goes_on_after_a_text_that_is_gone_is_missed_with_it(tmp_path: Path) -> None:
    """And mended with it, by keeping both."""
    fill(tmp_path, *GROWING[:3])
    file = tmp_path / "000000000000.jsonl"
    lines = file.read_bytes().splitlines(keepends=True)
    gone = f'"sha256":"{hash_text(GROWING[1])}"'.encode()
    file.write_bytes(b"".join(line for line in lines if gone not in line))

    assert 1 == readable(tmp_path, GROWING[:3])
    fill(tmp_path, *GROWING[:3], segment_bytes=10**9)
    assert 3 == readable(tmp_path, GROWING[:3])


def test_nothing_goes_on_after_what_could_not_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk was full for one text; the next is whole without it."""

    def fail(*arguments: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with closing(TextStore(tmp_path)) as store:
        with monkeypatch.context() as full:
            full.setattr(os, "fsync", fail)
            with pytest.raises(OSError, match="No space left"):
                store.keep([GROWING[0]])
        store.keep([GROWING[1]])

    assert (0, 1) == (readable(tmp_path, GROWING[:1]), readable(tmp_path, GROWING[1:2]))


def test_a_chain_that_bites_its_tail_is_refused(tmp_path: Path) -> None:
    """Two texts that each go on after the other are no texts."""
    fill(tmp_path, "short")
    one, other = hash_text("one"), hash_text("other")
    with (tmp_path / "000000000000.jsonl").open("a") as file:
        for name, after in ((one, other), (other, one), (hash_text("third"), "no name")):
            file.write(f'{{"after":"{after}","keep":1,"sha256":"{name}","text":"x"}}\n')

    for name in (one, other, hash_text("third")):
        with pytest.raises(TextMissing, match="was changed"):
            TextReader(tmp_path).text(TextRef(sha256=name, size=4000))
