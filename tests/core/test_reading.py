"""Reading a ledger record by record: what takes all of it before a record to be checked."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from converge_core import events as e
from converge_core import reading
from converge_core.checkpoint import Checkpoint, SignedCheckpoint, take
from converge_core.errors import LedgerCorrupt
from converge_core.ledger import Chain, Entry, decode, encode_batch
from converge_core.merkle import Frontier
from converge_core.reading import Reading
from converge_core.run_state import DeskState
from tests.core.golden_story import LEDGER
from tests.core.kit import ALICE, BOB, CAROL, Person, fits, salts

ENTRIES = list(decode(LEDGER.read_bytes().splitlines(keepends=True)))
CAST = [
    e.DeskOpened(desk="d", app_version="1"),
    e.OperatorEnrolled(operator=ALICE.operator),
    ALICE.welcome(BOB, "d"),
]


def fresh() -> Reading:
    return Reading(DeskState(), Frontier(), Chain(), fits)


def tree(entries: list[Entry]) -> Frontier:
    return Frontier().extend(bytes.fromhex(entry.hash) for entry in entries)


def signed_for(
    change: Callable[[Checkpoint], Checkpoint] = lambda one: one,
    who: Person = ALICE,
    after: Callable[[SignedCheckpoint], SignedCheckpoint] = lambda one: one,
) -> list[Entry]:
    """Returns a batch of three records and the checkpoint of them that closes it."""

    def last(entries: object) -> e.Event:
        assert isinstance(entries, list)
        taken = take("d", tree(entries), entries[-1].hash, 7)
        return e.CheckpointSigned(signed=after(who.checkpoint(change(taken))))

    return encode_batch(CAST, Chain(), 7, salts(), last)[1]


def read(entries: list[Entry]) -> Reading:
    found = fresh()
    for entry in entries:
        found.take(entry)
    return found


@pytest.mark.parametrize("buffer", [1, 7, 1024])
def test_a_reading_knows_state_tree_and_end_after_every_record(
    buffer: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many records the tree takes in at once."""
    monkeypatch.setattr(reading, "BUFFER", buffer)
    found = fresh()
    for place, entry in enumerate(ENTRIES):
        found.take(entry)
        assert (place, Chain(place, entry.hash)) == (found.state.seq, found.chain)
        if place % 11 == 0:
            assert tree(ENTRIES[: place + 1]) == found.frontier

    assert tree(ENTRIES) == found.frontier


def test_a_reading_goes_on_from_where_another_stood() -> None:
    """State, tree and end are all it takes."""
    before = read(ENTRIES[:100])
    after = Reading(before.state, before.frontier, before.chain, fits)
    for entry in ENTRIES[100:]:
        after.take(entry)

    whole = read(ENTRIES)
    assert (whole.chain, whole.frontier) == (after.chain, after.frontier)


def test_a_record_that_was_left_out_has_its_place_in_the_tree() -> None:
    """A checkpoint over it holds; what it said is not known."""
    entries = signed_for()
    hidden = msgspec.structs.replace(entries[2], event=None)
    found = read([*entries[:2], hidden, entries[3]])

    assert tree(entries) == found.frontier
    assert [ALICE.operator.id] == [*found.state.operators]


def test_a_checkpoint_of_all_that_stands_before_it_is_believed() -> None:
    """By whoever is enrolled."""
    assert 3 == read(signed_for(who=BOB)).chain.seq


def changed(**fields: object) -> Callable[[object], object]:
    return lambda one: msgspec.structs.replace(one, **fields)  # type: ignore[type-var]


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        (signed_for(changed(desk="x")), "is of desk x, and this is d"),  # type: ignore[arg-type]
        (signed_for(changed(size=2)), "covers 2 records, and 3 stand here"),  # type: ignore[arg-type]
        (signed_for(changed(root="0" * 64)), "is of other records than 0 to 2"),  # type: ignore[arg-type]
        (signed_for(changed(head="0" * 64)), "is of other records than 0 to 2"),  # type: ignore[arg-type]
        (signed_for(who=CAROL), "signed by carol#[0-9a-f]+, who was never enrolled"),
        (signed_for(after=changed(key="0" * 8)), "with another key"),  # type: ignore[arg-type]
        (
            signed_for(after=changed(signature=ALICE.sign(b"no"))),  # type: ignore[arg-type]
            "the signature of the checkpoint is not that of alice",
        ),
        (
            signed_for(after=changed(operator=BOB.operator.id)),  # type: ignore[arg-type]
            "signed by bob#[0-9a-f]+ with another key",
        ),
    ],
)
def test_a_checkpoint_of_anything_else_is_refused_with_its_number(
    entries: list[Entry], said: str
) -> None:
    """And what was read before it stands as it stood."""
    found = read(entries[:3])

    with pytest.raises(LedgerCorrupt, match=said) as refused:
        found.take(entries[3])
    assert (3, Chain(2, entries[2].hash)) == (refused.value.seq, found.chain)
    assert tree(entries[:3]) == found.frontier


def test_a_claim_that_does_not_stand_leaves_a_reading_where_it_was() -> None:
    """What is refused has no place in the tree."""
    found = read(ENTRIES[:2])
    wrong = next(entry for entry in ENTRIES if entry.head.kind == e.FactPromoted.kind)

    with pytest.raises(LedgerCorrupt):
        found.take(wrong)
    assert (tree(ENTRIES[:2]), Chain(1, ENTRIES[1].hash)) == (found.frontier, found.chain)
