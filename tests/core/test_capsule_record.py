"""Proof of one record: the record, its place under a signed root, and nothing of its run."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from converge_core import events as e
from converge_core.canonical import canonical_record
from converge_core.capsule import About, Proven, Text, begins, parts, redact
from converge_core.capsule_check import check
from converge_core.errors import CapsuleBroken
from converge_core.merkle import Tree, includes, steps
from converge_core.people import Revocation
from tests.core.capsule_kit import (
    PART,
    SMALL,
    STORY,
    Lines,
    changed,
    place_of,
    refused,
    sealed,
)
from tests.core.golden_capsule import (
    CAPSULE_OF_RECORD,
    Told,
    fits,
    public_key,
    sign,
    tell,
)
from tests.core.golden_story import NOON
from tests.core.kit import ALICE, BOB, DESK

KEY = public_key(ALICE.operator.id)
ENROLLED = About(run="", gate="", record=1)


def single(seq: int) -> About:
    return About(run="", gate="", record=seq)


def of_seq(lines: Lines, seq: int) -> Proven:
    return next(
        part for _, part in parts(lines) if isinstance(part, Proven) and part.entry.head.seq == seq
    )


# What holds.


def test_the_golden_proof_of_a_record_holds() -> None:
    """Whoever was handed one can have it verified for ever."""
    found = check(CAPSULE_OF_RECORD.read_bytes().splitlines(keepends=True), fits)

    assert (single(34), 5, 0) == (found.about, found.records, found.redacted)
    assert (168, "00c0ffee") == (found.signed.checkpoint.size, found.signed.checkpoint.desk)
    assert KEY == found.key
    assert "it is a record of run run-0001, gate_decided" == found.stands


@pytest.mark.parametrize("ledger", [SMALL, STORY], ids=["small", "story"])
def test_every_record_of_a_ledger_is_proven_by_itself(ledger: Told) -> None:
    """Of a run or of none: with those by which signatures are checked, and no other."""
    people = {e.DeskOpened.kind, *(one.kind for one in (e.OperatorEnrolled, e.OperatorKeyRotated))}
    for entry in ledger.entries[: ledger.signed().checkpoint.size]:
        seq = entry.head.seq
        lines = ledger.capsule(single(seq))
        found = check(lines, fits)

        assert (single(seq), 0) == (found.about, found.redacted)
        assert ledger.lines[seq] == of_seq(lines, seq).line
        assert entry.head.kind in found.stands
        others = {
            part.entry.head.kind
            for _, part in parts(lines)
            if isinstance(part, Proven) and part.entry.head.seq != seq
        }
        assert others <= people | {e.OperatorRevoked.kind}


def test_a_text_that_it_names_is_there_by_its_hash_alone() -> None:
    """It may be long and private; whoever is handed it beside can hold it against that."""
    lines = SMALL.capsule(single(2))
    texts = [part for _, part in parts(lines) if isinstance(part, Text)]

    assert [(sha256(b"x").hexdigest(), None)] == [(one.sha256, one.text) for one in texts]
    assert 1 == check(lines, fits).left_out


def test_a_record_whose_content_was_left_out_is_proven_by_its_head() -> None:
    """As it lies in a redacted ledger, or redacted on the way: what it said is not known."""
    lines = SMALL.capsule(single(3))
    hidden = list(redact(lines, lambda head: head.seq == 3, lambda _: False))
    found = check(hidden, fits)

    gone = "it is a record of run run, gate_decided; what it said was left out, and its hash is"
    assert found.stands.startswith(gone)
    assert (1, False) == (found.redacted, found.whole)
    assert check(lines, fits).records == found.records


def test_in_a_ledger_of_which_people_were_left_out_a_known_key_proves_every_record() -> None:
    """What nobody can read any more accuses nobody of having signed without being enrolled."""
    bare = [
        b'{"hash":"%b","head":%b}\n' % (entry.hash.encode(), canonical_record(entry.head))
        if entry.head.kind.startswith("operator_")
        else line
        for entry, line in zip(STORY.entries, STORY.lines, strict=True)
    ]
    ledger = Told(bare)
    for seq in range(ledger.signed().checkpoint.size):
        lines = ledger.capsule(single(seq))
        assert check(lines, fits, KEY).about == single(seq)
    refused(lines, 1, "a record that enrols alice#2bd806c9, who signed, was left out; give their")


def test_a_record_can_be_proven_under_a_checkpoint_of_any_later_time() -> None:
    """The path is another one each time, and the record the same."""
    for size in range(2, len(STORY.entries), 17):
        signed = sign(STORY.entries[:size])
        lines = STORY.capsule(ENROLLED, signed)
        assert check(lines, fits).signed == signed
        assert steps(size, 1) == len(of_seq(lines, 1).proof)


# What does not.


def test_any_byte_that_is_changed_is_found() -> None:
    """No byte counts for nothing, the end that fits them included."""
    data = b"".join(SMALL.capsule(single(2)))
    for place in range(len(data)):
        flipped = bytearray(data)
        flipped[place] ^= 1 << place % 8
        with pytest.raises(CapsuleBroken):
            check(bytes(flipped).splitlines(keepends=True), fits)


LINES = SMALL.capsule(single(3))


@given(st.integers(0, len(b"".join(LINES[:-1])) - 1), st.integers(1, 255))
def test_any_byte_that_is_changed_is_found_though_the_end_was_brought_up_to_date(
    place: int, by: int
) -> None:
    """What forges the end stands before the checkpoint; when it was made is all it may say."""
    data = bytearray(b"".join(LINES[:-1]))
    data[place] ^= by
    forged = sealed(bytes(data).splitlines(keepends=True))
    try:
        found = check(forged, fits)
    except CapsuleBroken:
        return
    assert found.exported_at != check(LINES, fits).exported_at


def short(raw: dict[str, Any]) -> None:
    raw["proof"].pop()


def long(raw: dict[str, Any]) -> None:
    raw["proof"].append("00" * 32)


def other(raw: dict[str, Any]) -> None:
    raw["proof"][0] = "00" * 32


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (short, "record 1 is not one that the checkpoint covers: its proof has the length 1, and"),
        (long, "record 1 is not one that the checkpoint covers: its proof has the length 3, and"),
        (other, "with its proof it comes to another root than the one that was signed"),
        (lambda raw: raw["record"]["head"].update(seq=2), "the record does not hold"),
        (lambda raw: raw["record"]["body"].update(more=1), "the record does not hold"),
    ],
)
def test_a_path_that_leads_elsewhere_is_told_as_what_it_is(
    change: Callable[[dict[str, Any]], object], reason: str
) -> None:
    """Too short, too long, of another place, of another record."""
    lines = SMALL.capsule(ENROLLED)
    refused(changed(lines, place_of(lines, "operator_enrolled"), change), 3, reason)


def test_it_is_about_a_record_that_is_in_it() -> None:
    """And about nothing beside it."""
    why = "it is said to be about record 3, and that record is not in it"
    lines = SMALL.capsule(ENROLLED)
    refused(changed(lines, 0, lambda raw: raw["about"].update(record=3)), 1, why)


@pytest.mark.parametrize(
    "change",
    [
        lambda raw: raw["about"].update(record=None),
        lambda raw: raw["about"].update(record="1"),
        lambda raw: raw["about"].update(record=True),
        lambda raw: raw["about"].update(run="run"),
        lambda raw: raw["about"].update(gate="gate"),
        lambda raw: raw["about"].pop("record"),
        lambda raw: raw.update(capsule=1),
    ],
)
def test_no_capsule_is_about_two_things(change: Callable[[dict[str, Any]], object]) -> None:
    """Nor of a version that cannot say what it is about."""
    refused(changed(SMALL.capsule(ENROLLED), 0, change), 1, "this is not how a capsule begins")


def test_what_is_about_a_run_or_a_gate_stays_of_the_first_version() -> None:
    """So that whoever has an old verifier can check it."""
    assert b'{"about":{"gate":"","run":"run"},"capsule":1,' in PART[0]
    newer = changed(PART, 0, lambda raw: raw.update(capsule=2))
    refused(newer, 1, "this is not how a capsule begins")
    empty = changed(PART, 0, lambda raw: raw["about"].update(record=None))
    refused(empty, 1, "this is not how a capsule begins")


def test_a_root_that_nobody_signed_or_somebody_else_is_refused() -> None:
    """By who the capsule itself says, or by whose key is given."""
    lines = SMALL.capsule(ENROLLED)
    refused(lines, 1, "is enrolled in it with another key", public_key("mallory"))
    stranger = SMALL.capsule(ENROLLED, sign(SMALL.entries[:4], BOB.operator.id))
    refused(stranger, 1, "signed by bob#81b637d8, whom no record enrols; give their public key")


def test_of_another_desk_it_is_not() -> None:
    """A checkpoint of one desk proves nothing of another."""
    begun = [e.DeskOpened(desk="another", app_version="1"), SMALL.entries[1].event]
    ledger = tell([([one for one in begun if one], NOON)])
    refused(ledger.capsule(ENROLLED), 2, f"it is of desk another, and the checkpoint of {DESK}")


def test_who_was_revoked_before_signs_no_root() -> None:
    """Though the signature fits: nobody takes their word any more."""
    ended = Revocation(
        operator=BOB.operator.id, by=ALICE.operator.id, reason="left", revoked_at=NOON, signature=""
    )
    begun = [entry.event for entry in STORY.entries[:3] if entry.event is not None]
    ledger = tell([([*begun, e.OperatorRevoked(revocation=ended)], NOON)])
    mine = sign(ledger.entries[:-1], BOB.operator.id)
    refused(ledger.capsule(ENROLLED, mine), 1, "bob#81b637d8, who signed the checkpoint, was")


# How long a path is.


@given(st.integers(1, 200), st.data())
def test_a_path_has_as_many_hashes_as_its_place_takes(size: int, data: st.DataObject) -> None:
    """So that one that was cut short is told from one that leads elsewhere."""
    index = data.draw(st.integers(0, size - 1))
    tree = Tree(number.to_bytes(32) for number in range(size))
    proof = tree.inclusion(index)
    assert len(proof) == steps(size, index)
    assert includes(tree.root(), size, index, index.to_bytes(32), proof)


def test_a_record_begins_what_is_about_itself() -> None:
    """Whatever it says."""
    assert begins(ENROLLED, SMALL.entries[1])
    assert not begins(ENROLLED, SMALL.entries[2])
