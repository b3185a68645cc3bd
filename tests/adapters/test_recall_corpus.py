"""D19: what can be recalled lies in a view of its own that may be deleted, and is kept apart."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from converge_core.canonical import hash_text
from converge_core.recall import RecallSource
from converge_desktop.adapters.recall.corpus import Corpus
from converge_desktop.adapters.recall.table import COMPACT_AFTER, HEAD, TableBroken, Vectors, Wanted
from converge_desktop.adapters.recall.things import Thing

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


def test_it_is_there_when_it_is_opened_again(folder: Path) -> None:
    """With the same fingerprint, and what was embedded is not embedded again."""
    made = vectors(20)
    before = filled(folder, (things(10), made[:10]), (things(10, 10), made[10:]))

    again = opened(folder)
    again.open()

    assert before.fingerprint == again.fingerprint
    assert (made[13] == again.vector_of(hash_text("text 13"))).all()
    assert again.vector_of(hash_text("new")) is None
    assert "text 13" == again.search(made[13], "", (), 1).hits[0][0].about


def test_many_small_additions_are_made_one_and_lie_where_they_did(folder: Path) -> None:
    """A row is found by its place, whatever became of the files it lies in."""
    made = vectors(COMPACT_AFTER + 10)
    parts = [(things(1, place), made[place : place + 1]) for place in range(len(made))]
    corpus = filled(folder, *parts)

    assert len(list((folder / "things.lance" / "data").iterdir())) < 2 * len(made)
    for place in (0, 7, COMPACT_AFTER, len(made) - 1):
        assert f"text {place}" == corpus.search(made[place], "", (), 1).hits[0][0].about
    again = opened(folder)
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
    "harm", ["all of it", "the head", "the table", "a foreign head", "another desk", "a lost row"]
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
        case "the table":
            shutil.rmtree(folder / "things.lance")
        case "a foreign head":
            (folder / HEAD).write_text('{"rows": "many"}')
        case "a lost row":
            text = (folder / HEAD).read_text()
            (folder / HEAD).write_text(text.replace('"rows": 10', '"rows": 11'))
    corpus = opened(folder, desk=desk)

    with pytest.raises(TableBroken):
        corpus.open()
    corpus.begin()
    assert (0, -1) == (corpus.head.rows, corpus.head.seq)


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
    assert "text 5" == found.hits[0][0].about


def test_below_it_no_index_is_wanted(folder: Path) -> None:
    """An exact product is as fast."""
    assert not filled(folder, (things(60), vectors(60)), exact_most=100).index_wanted()


def test_the_filter_of_the_table_quotes_what_it_is_given() -> None:
    """A tenant's name is a text there and nothing else."""
    wanted = Wanted("o'hara", (RecallSource.FACT,), "run-'1")

    assert "tenant = 'o''hara' AND kind IN ('fact') AND run != 'run-''1'" == wanted.filter()
