"""D19: what can be recalled lies in a view of its own that may be deleted, and is kept apart."""

from __future__ import annotations

import errno
import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from converge_core.canonical import hash_text
from converge_core.recall import RecallSource
from converge_desktop.adapters.recall import rows as rows_of_recall
from converge_desktop.adapters.recall.broken import TableBroken
from converge_desktop.adapters.recall.corpus import CORRECTED, Corpus
from converge_desktop.adapters.recall.rows import HEAD, THINGS, VECTORS, RecallRows, Vectors, Wanted
from converge_desktop.adapters.recall.table import COMPACT_AFTER, RecallTable, filter_of
from converge_desktop.adapters.recall.things import Thing
from converge_desktop.adapters.refused import Refused

WIDTH = 16
EMBEDDER = hash_text("embedder")
NOISE = np.random.default_rng(7)


def vectors(count: int) -> Vectors:
    made = NOISE.normal(size=(count, WIDTH)).astype(np.float32)
    found: Vectors = made / np.linalg.norm(made, axis=1, keepdims=True)
    return found


def things(
    count: int,
    first: int = 0,
    tenant: str = "",
    run: str = "run-0001",
    kind: RecallSource = RecallSource.FACT,
) -> list[Thing]:
    return [
        Thing(
            *(kind, tenant, run, seq, 1, f"fact-{seq}", f"text {seq}", hash_text(f"text {seq}")),
            f"fact: text {seq}",
        )
        for seq in range(first, first + count)
    ]


def opened(folder: Path, *, exact_most: int = 1000, desk: str = "desk") -> Corpus:
    return Corpus(folder, desk, EMBEDDER, WIDTH, exact_most=exact_most)


def filled(folder: Path, *parts: tuple[Sequence[Thing], Vectors], exact_most: int = 1000) -> Corpus:
    corpus = opened(folder, exact_most=exact_most)
    corpus.begin()
    for some, theirs in parts:
        last = some[-1].seq
        corpus.add(some, list(theirs), last, f"hash-{last}", 0)
    return corpus


def told(folder: Path, **other: object) -> None:
    """Has the head of a table say something else."""
    said = json.loads((folder / HEAD).read_text())
    (folder / HEAD).write_text(json.dumps({**said, **other}))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "recall"


@pytest.mark.parametrize("exact_most", [1000, 10])
def test_the_nearest_are_found_whether_in_memory_or_in_the_table(
    folder: Path, exact_most: int
) -> None:
    """Above a size the vectors stay in the table, and what is found is the same."""
    made = vectors(60)
    corpus = filled(folder, (things(60), made), exact_most=exact_most)
    asked = vectors(1)[0]

    found = corpus.search(asked, "", (), 5)

    best = np.argsort(-(made @ asked))[:5]
    assert [f"text {place}" for place in best] == [thing.about for thing, _ in found.hits]
    assert np.allclose(sorted(made @ asked)[::-1][:5], [c for _, c in found.hits], atol=1e-5)
    assert (True, 60) == (found.exact, found.searched)


@pytest.mark.parametrize("exact_most", [1000, 10])
def test_nobody_finds_what_is_another_tenants(folder: Path, exact_most: int) -> None:
    """Not by any query, not even by a name made to break out of the table's filter."""
    made = vectors(90)
    corpus = filled(
        folder,
        (things(30), made[:30]),
        (things(30, 30, "acme"), made[30:60]),
        (things(30, 60, "o'hara"), made[60:]),
        exact_most=exact_most,
    )

    for tenant, first in (("", 0), ("acme", 30), ("o'hara", 60)):
        for one in made[::9]:
            found = corpus.search(one, tenant, (), 90)
            assert set(range(first, first + 30)) == {thing.seq for thing, _ in found.hits}
            assert 30 == found.searched  # how many others there are is nobody's business
    for stranger in ("ACME", "acme' OR '1'='1", "' OR tenant != '", "%"):
        assert () == corpus.search(made[0], stranger, (), 90).hits


@pytest.mark.parametrize("exact_most", [1000, 10])
def test_only_the_wanted_kinds_and_runs_count(folder: Path, exact_most: int) -> None:
    """Decisions alone for a person, and never a run's own things for that run."""
    made = vectors(30)
    corpus = filled(
        folder,
        (things(10), made[:10]),
        (things(10, 10, kind=RecallSource.DECISION), made[10:20]),
        (things(10, 20, run="run-0002"), made[20:]),
        exact_most=exact_most,
    )

    decisions = corpus.search(made[0], "", (RecallSource.DECISION,), 30)
    others = corpus.search(made[0], "", (), 30, "run-0001")

    assert set(range(10, 20)) == {thing.seq for thing, _ in decisions.hits}
    assert set(range(20, 30)) == {thing.seq for thing, _ in others.hits}


@pytest.mark.parametrize("exact_most", [1000, 10])
def test_it_is_there_when_it_is_opened_again(folder: Path, exact_most: int) -> None:
    """With the same fingerprint, and what was embedded is not embedded again."""
    made = vectors(20)
    parts = (things(10), made[:10]), (things(10, 10), made[10:])
    before = filled(folder, *parts, exact_most=exact_most)

    again = opened(folder, exact_most=exact_most)
    again.open()

    assert before.fingerprint == again.fingerprint
    assert again.vector_of(hash_text("new")) is None
    assert "text 13" == again.search(made[13], "", (), 1).hits[0][0].about
    if exact_most == 1000:
        assert (made[13] == again.vector_of(hash_text("text 13"))).all()


ALONE = """
import sys
from pathlib import Path
from converge_desktop.adapters.recall.corpus import Corpus

corpus = Corpus(Path(sys.argv[1]), "desk", sys.argv[2], int(sys.argv[3]))
corpus.open()
found = corpus.search(corpus.vector_of(sys.argv[4]), "", (), 1)
assert sys.argv[4] == found.hits[0][0].content
print(sorted({name.partition(".")[0] for name in sys.modules} & {"lancedb", "pyarrow"}))
"""


def test_what_lies_in_memory_is_opened_and_told_without_the_engine(folder: Path) -> None:
    """It takes a hundred megabytes, so it is not imported before it searches anything."""
    filled(folder, (things(10), vectors(10)))

    asked = (folder, EMBEDDER, str(WIDTH), hash_text("text 3"))
    done = subprocess.run([sys.executable, "-c", ALONE, *asked], capture_output=True, check=True)

    assert b"[]" == done.stdout.strip()


def test_a_table_that_is_gone_is_made_of_the_rows(folder: Path) -> None:
    """Nothing is embedded again for it."""
    made = vectors(20)
    before = filled(folder, (things(20), made), exact_most=10)
    shutil.rmtree(folder / "things.lance")

    again = opened(folder, exact_most=10)
    again.open()

    assert before.fingerprint == again.fingerprint
    assert "text 13" == again.search(made[13], "", (), 1).hits[0][0].about
    again.require_there()


def test_many_small_additions_are_made_one_and_lie_where_they_did(folder: Path) -> None:
    """A row is found by its place, whatever became of the files it lies in."""
    made = vectors(COMPACT_AFTER + 10)
    parts = [(things(1, place), made[place : place + 1]) for place in range(len(made))]
    corpus = filled(folder, *parts, exact_most=5)

    assert len(list((folder / "things.lance" / "data").iterdir())) < 2 * len(made)
    for place in (0, 7, COMPACT_AFTER, len(made) - 1):
        assert f"text {place}" == corpus.search(made[place], "", (), 1).hits[0][0].about
    again = opened(folder, exact_most=5)
    again.open()
    assert corpus.fingerprint == again.fingerprint


def test_the_fingerprint_follows_what_is_in_it(folder: Path) -> None:
    """The same things in the same order, in whatever batches, and nothing else."""
    made = vectors(20)
    once = filled(folder / "a", (things(20), made)).fingerprint
    twice = filled(folder / "b", (things(5), made[:5]), (things(15, 5), made[5:])).fingerprint
    other = filled(folder / "c", (things(20, tenant="acme"), made)).fingerprint

    assert once.digest() == twice.digest()
    assert once.digest() != other.digest()


@pytest.mark.parametrize(
    "harm",
    [
        *("all of it", "the head", THINGS, VECTORS, "a foreign head", "another desk"),
        *("a lost row", "a word for a number", "another row", "another vector"),
        *(f"noise in {THINGS}", f"noise in {VECTORS}", f"half of {VECTORS}"),
    ],
)
def test_whatever_is_wrong_with_it_it_is_not_used(folder: Path, harm: str) -> None:
    """It says so, and can be begun anew."""
    filled(folder, (things(10), vectors(10)))
    desk = "other" if harm == "another desk" else "desk"
    match harm:
        case "all of it":
            shutil.rmtree(folder)
        case "the head":
            (folder / HEAD).unlink()
        case "things.jsonl" | "vectors.f32":
            (folder / harm).unlink()
        case "a foreign head":
            (folder / HEAD).write_text('{"rows": "many"}')
        case "a lost row":
            told(folder, rows=11)
        case "a word for a number":
            told(folder, seq="9")
        case "another row":
            told(folder, content=hash_text("another"))
        case "another vector":
            told(folder, check=7)
        case _ if "noise" in harm:
            file = folder / harm.rsplit(maxsplit=1)[-1]
            file.write_bytes(NOISE.bytes(file.stat().st_size))
        case _ if "half" in harm:
            file = folder / harm.rsplit(maxsplit=1)[-1]
            file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    corpus = opened(folder, desk=desk)

    with pytest.raises(TableBroken):
        corpus.open()
    corpus.begin()
    assert (0, -1) == (corpus.head.rows, corpus.head.seq)


def test_a_table_of_rows_that_are_none_is_not_searched(folder: Path) -> None:
    """Whoever was cut off had made it: what came in their place is found, and by its tenant."""
    made = vectors(12)
    corpus = filled(folder, (things(6), made[:6]), exact_most=8)
    before = (folder / HEAD).read_bytes()
    corpus.add(things(6, 6, "acme"), list(made[6:]), 11, "hash-11", 0)
    (folder / HEAD).write_bytes(before)

    again = opened(folder, exact_most=8)
    again.open()
    again.add(things(6, 6, "globex"), list(made[:5:-1]), 11, "hash-11", 0)

    assert () == again.search(made[6], "acme", (), 12).hits
    [(found, cosine), *_] = again.search(made[6], "globex", (), 12).hits
    assert (11, 1) == (found.seq, pytest.approx(cosine, abs=1e-5))


def test_a_vector_that_was_changed_is_embedded_again(folder: Path) -> None:
    """It is not taken for what was embedded before, nor told from a table that is made of it."""
    filled(folder, (things(10), vectors(10)))
    raw = bytearray((folder / VECTORS).read_bytes())
    raw[3 * WIDTH * 4 + 2] ^= 1
    (folder / VECTORS).write_bytes(raw)

    for exact_most in (1000, 5):
        corpus = opened(folder, exact_most=exact_most)
        with pytest.raises(TableBroken, match="not those that were added"):
            corpus.open()
    corpus = opened(folder)
    with pytest.raises(TableBroken):
        corpus.open()
    corpus.begin()
    assert [None] * 10 == [corpus.vector_of(one.content) for one in things(10)]


def test_what_was_embedded_is_known_however_often_the_folder_is_deleted(folder: Path) -> None:
    """Also where it was not all added again since."""
    made = vectors(10)
    corpus = filled(folder, (things(10), made))
    for _ in range(3):
        corpus.begin()
        corpus.add(things(2), list(made[:2]), 1, "hash-1", 0)

    known = [corpus.vector_of(one.content) for one in things(10)]
    assert np.array_equal(made, np.array(known))


def test_a_line_that_was_cut_in_two_is_no_two_rows(folder: Path) -> None:
    """However it is read: the rows that are known of are as many as their vectors."""
    filled(folder, (things(10), vectors(10)))
    raw = (folder / THINGS).read_bytes()
    cut = raw.index(b"\n")
    line = raw[raw.rindex(b"\n", 0, -1) + 1 :]
    (folder / THINGS).write_bytes(raw[:cut] + b"\r" + raw[cut + 1 :] + line)

    with pytest.raises(TableBroken):
        opened(folder).open()


@pytest.mark.parametrize("exact_most", [1000, 5])
def test_rows_that_were_added_when_somebody_was_cut_off_are_none(
    folder: Path, exact_most: int
) -> None:
    """They are taken away, and the others need not be made again."""
    made = vectors(12)
    first = filled(folder, (things(10), made[:10]), exact_most=exact_most)
    first.add(things(2, 10), list(made[10:]), 11, "hash-11", 0)
    whole = json.loads((folder / HEAD).read_text())
    filled(folder / "b", (things(10), made[:10]))
    shutil.copy(folder / "b" / HEAD, folder / HEAD)
    corpus = opened(folder, exact_most=exact_most)

    corpus.open()
    assert (12, 10) == (whole["rows"], corpus.head.rows)
    corpus.add(things(2, 10), list(made[10:]), 11, "hash-11", 0)
    assert ["fact-11"] == [one.reference for one, _ in corpus.search(made[11], "", (), 1).hits]
    assert 12 == corpus.search(made[11], "", (), 1).searched
    again = opened(folder)
    again.open()
    assert whole["content"] == again.head.content


@pytest.mark.parametrize("exact_most", [1000, 11, 5])
@pytest.mark.parametrize("file", [HEAD, THINGS, VECTORS, "things.lance"])
def test_what_the_system_refuses_for_now_is_added_later(
    folder: Path, exact_most: int, file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once, wherever it was cut off, and whether a table is there or is made of it just then."""
    made = vectors(12)
    corpus = filled(folder, (things(10), made[:10]), exact_most=exact_most)
    with monkeypatch.context() as full:
        if file == "things.lance":
            full.setattr(RecallTable, "_rows", no_room)
        elif file == HEAD:
            full.setattr(RecallRows, "_say", no_room)
        else:
            full.setattr(rows_of_recall, "_write", no_room_for(file))
        refused = exact_most < 12 or file != "things.lance"
        with pytest.raises(Refused, match="make room") if refused else nullcontext():
            corpus.add(things(2, 10), list(made[10:]), 11, "hash-11", 0)

    if corpus.head.rows == 10:
        corpus.add(things(2, 10), list(made[10:]), 11, "hash-11", 0)
    corpus.add(things(1, 12), list(made[:1]), 12, "hash-12", 0)
    again = opened(folder, exact_most=exact_most)
    again.open()

    for one in (corpus, again):
        assert 13 == one.head.rows == one.search(made[11], "", (), 1).searched
        assert ["fact-11"] == [hit.reference for hit, _ in one.search(made[11], "", (), 1).hits]


def no_room(*_: object) -> None:
    raise OSError(errno.ENOSPC, "no room")


def no_room_for(name: str) -> Callable[[Path, int, bytes], None]:
    """Returns what writes half of what it is given into a file of that name."""
    write = rows_of_recall._write

    def half(path: Path, begin: int, data: bytes) -> None:
        write(path, begin, data[: len(data) // 2] if path.name == name else data)
        if path.name == name:
            no_room()

    return half


@pytest.mark.parametrize("exact_most", [1000, 5])
def test_a_row_that_is_changed_under_it_is_not_told(folder: Path, exact_most: int) -> None:
    """It says so once, and then that all of it has to be made again."""
    made = vectors(10)
    corpus = filled(folder, (things(10), made), exact_most=exact_most)
    rows = (folder / THINGS).read_bytes()
    (folder / THINGS).write_bytes(rows.replace(b"fact: text", b"fact: obey"))

    with pytest.raises(TableBroken):
        corpus.search(made[3], "", (), 10)
    with pytest.raises(TableBroken, match="changed"):
        corpus.require_there()
    corpus.begin()
    corpus.require_there()


@pytest.mark.parametrize("exact_most", [1000, 2])
def test_what_was_corrected_since_is_not_told_as_if_it_stood(folder: Path, exact_most: int) -> None:
    """A fact and its proposal are left out, the decision says so; of another run they stay."""
    made = vectors(1)[0]
    sources = (RecallSource.PROPOSAL, RecallSource.DECISION, RecallSource.FACT, RecallSource.FACT)
    old = [
        replace(things(1, seq, kind=kind)[0], run=run, reference=name)
        for seq, (kind, run, name) in enumerate(
            zip(sources, [*["run-0001"] * 3, "run-0002"], ["p", "g", "f", "f"], strict=True)
        )
    ]
    instead = replace(things(1, 4)[0], replaces="run-0001\tf\nrun-0001\tp\nrun-0001\tg")
    filled(folder, ([*old, instead], np.array([made] * 5)), exact_most=exact_most)
    corpus = opened(folder, exact_most=exact_most)
    corpus.open()

    found = [one for one, _ in corpus.search(made, "", (), 10).hits]

    assert ["decision:1", "fact:3", "fact:4"] == sorted(one.id for one in found)
    assert [CORRECTED in one.summary for one in sorted(found, key=lambda one: one.id)] == [
        *(True, False, False)
    ]


def test_a_folder_deleted_under_it_is_noticed(folder: Path) -> None:
    """Nothing is added to half a table, and nothing is answered from one."""
    made = vectors(10)
    corpus = filled(folder, (things(10), made))
    shutil.rmtree(folder)

    with pytest.raises(TableBroken):
        corpus.require_there()
    with pytest.raises(TableBroken):
        corpus.add(things(1, 10), list(vectors(1)), 10, "hash", 0)
    with pytest.raises(TableBroken):
        corpus.search(made[0], "", (), 1)
    corpus.begin()
    assert (made[3] == corpus.vector_of(hash_text("text 3"))).all()


def test_above_a_size_an_index_is_built_and_it_is_said_that_it_may_miss_something(
    folder: Path,
) -> None:
    """Elsewhere than on the thread that asks, and not again before it has grown by a quarter."""
    made = vectors(600)
    corpus = filled(folder, (things(600), made), exact_most=100)
    assert corpus.index_wanted()

    built = corpus.build_index()
    built.join()
    found = corpus.search(made[5], "", (), 10)

    assert "recall-index" == built.name
    assert not corpus.index_wanted()
    assert not found.exact
    again = opened(folder, exact_most=100)
    again.open()
    assert not again.index_wanted()
    assert not again.search(made[5], "", (), 10).exact
    again.begin()
    again.add(things(600), list(made), 599, "hash-599", 0)
    assert again.index_wanted()
    assert again.search(made[5], "", (), 10).exact
    assert "text 5" == found.hits[0][0].about


def test_what_is_added_meanwhile_does_not_lose_the_index(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files are made one before or after an index is built, and not while."""
    made = vectors(700)
    corpus = filled(folder, (things(600), made[:600]), exact_most=100)
    begun, over = threading.Event(), threading.Event()
    builds = RecallTable.build_index

    def slowly(table: RecallTable) -> None:
        begun.set()
        assert over.wait(30)
        builds(table)

    compacted: list[bool] = []
    adds = RecallTable.add

    def adding(*args: Any, compact: bool = True) -> None:
        compacted.append(compact)
        adds(*args, compact=compact)

    monkeypatch.setattr(RecallTable, "build_index", slowly)
    monkeypatch.setattr(RecallTable, "add", adding)
    built = corpus.build_index()
    assert begun.wait(30)
    corpus.add(things(1, 600), list(made[600:601]), 600, "hash-600", 0)
    over.set()
    built.join()
    corpus.add(things(1, 601), list(made[601:602]), 601, "hash-601", 0)

    assert [False, True] == compacted
    assert not corpus.search(made[5], "", (), 10).exact


def test_below_it_no_index_is_wanted(folder: Path) -> None:
    """An exact product is as fast."""
    assert not filled(folder, (things(60), vectors(60)), exact_most=100).index_wanted()


def test_the_filter_of_the_table_quotes_what_it_is_given() -> None:
    """A tenant's name is a text there and nothing else."""
    wanted = Wanted("o'hara", (RecallSource.FACT,), "run-'1")

    assert "tenant = 'o''hara' AND kind IN ('fact') AND run != 'run-''1'" == filter_of(wanted)
