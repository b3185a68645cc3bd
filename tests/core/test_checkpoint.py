"""Checkpoints: what a ledger came to, signed, to be kept where nobody can replace it."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from converge_core import checkpoint as c
from converge_core.canonical import MAX_INTEGER
from converge_core.checkpoint import (
    Checkpoint,
    SignedCheckpoint,
    bytes_of,
    key_id,
    read_checkpoint,
    take,
    text_of,
    why_not_grown,
    why_not_kept,
    why_not_signed,
    why_not_taken,
)
from converge_core.errors import InvalidId, InvalidValue
from converge_core.ids import OperatorId
from converge_core.ledger import GENESIS
from converge_core.merkle import Frontier, Tree
from converge_core.record import read
from tests.core.kit import ALICE, BOB, Person, fits

DESK = "00c0ffee"
HASHES = [sha256(bytes([number])).hexdigest() for number in range(12)]


def tree_of(hashes: list[str]) -> Tree:
    return Tree(map(bytes.fromhex, hashes))


def taken(size: int = 7, hashes: list[str] = HASHES) -> Checkpoint:
    frontier = Frontier().extend(bytes.fromhex(one) for one in hashes[:size])
    return take(DESK, frontier, hashes[size - 1], 1_795_176_000_000_000)


def signed(
    checkpoint: Checkpoint, who: Person = ALICE, operator: str = "", signature: str = ""
) -> SignedCheckpoint:
    name = OperatorId(operator or who.operator.id)
    return SignedCheckpoint(
        checkpoint=checkpoint,
        operator=name,
        key=key_id(name, who.operator.public_key),
        signature=signature or who.sign(bytes_of(checkpoint)) * 2,  # as long as an Ed25519 one
    )


def fits_twice(public_key: str, message: bytes, signature: str) -> bool:
    half = len(signature) // 2
    return signature[:half] == signature[half:] and fits(public_key, message, signature[:half])


# Against a ledger.


@pytest.mark.parametrize("size", range(1, len(HASHES) + 1))
@pytest.mark.parametrize("old", range(1, len(HASHES) + 1))
def test_the_ledger_it_was_taken_of_is_known_again(old: int, size: int) -> None:
    """As it was, and grown since; one that is shorter is not it."""
    reason = why_not_kept(taken(old), DESK, tree_of(HASHES[:size]))

    if size >= old:
        assert reason == ""
    else:
        assert (
            f"the ledger was replaced or shortened: the checkpoint covers records 0 to {old - 1}, "
            f"and the ledger ends at record {size - 1}"
        ) == reason


@pytest.mark.parametrize("place", range(7))
@pytest.mark.parametrize("size", [7, 12])
def test_a_ledger_with_one_other_record_is_not_it(place: int, size: int) -> None:
    """However long it is, and however well it hangs together."""
    others = [*HASHES[:size]]
    others[place] = "f" * 64

    assert (
        "the ledger was replaced or shortened: records 0 to 6 are not those that the checkpoint "
        "covers"
    ) == why_not_kept(taken(7), DESK, tree_of(others))


def test_an_empty_ledger_is_not_it() -> None:
    """Nothing is left of what was signed."""
    assert (
        "the ledger was replaced or shortened: the checkpoint covers records 0 to 6, and the "
        "ledger ends before its first record"
    ) == why_not_kept(taken(7), DESK, Tree())


def test_the_ledger_of_another_desk_is_not_it() -> None:
    """Two desks whose ledgers were swapped."""
    assert ("the checkpoint is of desk 00c0ffee, and this is the ledger of other") == why_not_kept(
        taken(), "other", tree_of(HASHES)
    )


def test_a_checkpoint_that_contradicts_itself_fits_no_ledger() -> None:
    """Its root covers other records than its head ends."""
    false = msgspec.structs.replace(taken(7), head=HASHES[7])

    assert (
        "the ledger was replaced or shortened: record 6 is not the one the checkpoint names as "
        "the last"
    ) == why_not_kept(false, DESK, tree_of(HASHES))


def test_a_proof_is_enough_to_know_it_again() -> None:
    """Whoever holds the checkpoint needs no record, only a root, a size and a few hashes."""
    tree = tree_of(HASHES)
    root, proof = tree.root(), tree.consistency(7)

    assert why_not_grown(taken(7), 12, root, proof) == ""
    assert why_not_grown(taken(12), 12, root, ()) == ""
    assert "records 0 to 6 are not those" in why_not_grown(taken(7), 12, root, ())
    assert "records 0 to 5 are not those" in why_not_grown(taken(6), 12, root, proof)


BAD_FIELDS = {
    "no desk": {"desk": ""},
    "a desk of two lines": {"desk": "a\nb"},
    "half a surrogate pair": {"desk": "\ud800"},
    "no record": {"size": 0},
    "fewer than none": {"size": -1},
    "more records than can be": {"size": MAX_INTEGER + 1},
    "a time before all": {"at": -1},
    "a time after all": {"at": MAX_INTEGER + 1},
    "a short root": {"root": "ab"},
    "a root in capitals": {"root": "AB" * 32},
    "a head that is none": {"head": "g" * 64},
}


@pytest.mark.parametrize("what", BAD_FIELDS)
def test_what_no_ledger_came_to_is_not_signed_and_fits_nothing(what: str) -> None:
    """A record can say anything; a checkpoint cannot."""
    wrong = msgspec.structs.replace(taken(7), **BAD_FIELDS[what])

    with pytest.raises(InvalidValue):
        bytes_of(wrong)
    assert why_not_kept(wrong, wrong.desk, tree_of(HASHES)).startswith("the checkpoint cannot be")
    assert why_not_signed(
        SignedCheckpoint(checkpoint=wrong, operator=ALICE.operator.id, key="0" * 8, signature=""),
        ALICE.operator.public_key,
        lambda *_: True,
    ).startswith("the checkpoint cannot be checked: ")


# In a ledger.


def test_it_says_how_the_ledger_stands() -> None:
    """How many records, their root, and the last of them; of none, nothing can be said."""
    frontier = Frontier().extend(bytes.fromhex(one) for one in HASHES[:3])

    assert (DESK, 3, frontier.root.hex(), HASHES[2], 5) == msgspec.structs.astuple(
        take(DESK, frontier, HASHES[2], 5)
    )
    with pytest.raises(InvalidValue, match="one record or more"):
        take(DESK, Frontier(), GENESIS, 5)


def test_in_a_ledger_it_covers_every_record_before_it() -> None:
    """No fewer, no others, and of that desk."""
    frontier = Frontier().extend(bytes.fromhex(one) for one in HASHES[:7])
    grown = frontier.append(bytes.fromhex(HASHES[7]))
    head = HASHES[6]

    assert why_not_taken(taken(7), DESK, frontier, head) == ""
    assert "is of desk 00c0ffee" in why_not_taken(taken(7), "other", frontier, head)
    assert "covers 7 records, and 8 stand here" in why_not_taken(taken(7), DESK, grown, HASHES[7])
    assert "of other records than 0 to 6" in why_not_taken(taken(7), DESK, frontier, GENESIS)
    other = msgspec.structs.replace(taken(7), root="0" * 64)
    assert "of other records than 0 to 6" in why_not_taken(other, DESK, frontier, head)


# Signed.


def test_the_signature_is_that_of_the_key_given() -> None:
    """The key that is asked about, and none that merely has its name."""
    one = signed(taken())

    assert why_not_signed(one, ALICE.operator.public_key, fits_twice) == ""
    assert "with another key than the one given" in why_not_signed(
        one, BOB.operator.public_key, fits_twice
    )
    assert "a public key is 64" in why_not_signed(one, "abc", fits_twice)


@pytest.mark.parametrize(
    "change", [{"desk": "other"}, {"size": 8}, {"root": "0" * 64}, {"head": "0" * 64}, {"at": 1}]
)
def test_the_signature_covers_all_that_it_says(change: dict[str, object]) -> None:
    """Whatever is changed, it no longer fits."""
    one = signed(taken())
    other = msgspec.structs.replace(
        one, checkpoint=msgspec.structs.replace(one.checkpoint, **change)
    )

    assert (
        f"the signature of the checkpoint is not that of {ALICE.operator.id}"
    ) == why_not_signed(other, ALICE.operator.public_key, fits_twice)


def test_the_key_is_named_as_signed_notes_do() -> None:
    """The example of the note format: first bytes of a hash over name, kind and public key."""
    public = "5a" * 32
    named = sha256(b"alice\n\x01" + bytes.fromhex(public)).hexdigest()

    assert named[:8] == key_id(OperatorId("alice"), public)
    assert named[:8] != key_id(OperatorId("bob"), public)


# As text.

TEXT = text_of(signed(taken()))


def test_the_text_is_short_lines_that_say_what_is_signed() -> None:
    """The signature covers what stands before the empty line."""
    body, line = TEXT.split("\n\n")

    assert bytes_of(taken()) == body.encode() + b"\n"
    assert [
        "converge/desk/00c0ffee",
        "7",
        b64encode(tree_of(HASHES[:7]).root()).decode(),
        f"head {HASHES[6]}",
        "at 1795176000000000",
    ] == body.splitlines()
    assert line.startswith("— alice#2bd806c9 ")
    assert max(map(len, TEXT.splitlines())) < 120


def test_what_was_written_is_read() -> None:
    """All of it, as it was signed."""
    assert signed(taken()) == read_checkpoint(TEXT)
    assert why_not_signed(read_checkpoint(TEXT), ALICE.operator.public_key, fits_twice) == ""


NAMES = st.text(min_size=1, max_size=40)


@given(
    NAMES,
    NAMES,
    st.integers(1, MAX_INTEGER),
    st.integers(0, MAX_INTEGER),
    st.binary(min_size=64, max_size=64),
)
def test_whatever_can_be_signed_is_read_as_it_was_written(
    desk: str, name: str, size: int, at: int, signature: bytes
) -> None:
    """Names with blanks, signs of other scripts, plus and per cent signs too."""
    one = msgspec.structs.replace(taken(), desk=desk, size=size, at=at)
    try:
        text = text_of(
            SignedCheckpoint(
                checkpoint=one, operator=OperatorId(name), key="00ff00ff", signature=signature.hex()
            )
        )
    except (InvalidId, InvalidValue):
        return
    found = read_checkpoint(text)

    assert (one, name, "00ff00ff") == (found.checkpoint, found.operator, found.key)
    assert signature.hex() == found.signature
    assert text == text_of(found)
    shown = text.splitlines()[-1].split(" ")
    assert 3 == len(shown)
    assert "+" not in shown[1]


def test_names_with_blanks_stay_on_their_line() -> None:
    """As signed notes want it, and a name that looks as if it had been quoted stays itself."""
    one = signed(taken(), operator="Ada  Lovelace+1#%41")

    assert "— Ada%20%20Lovelace%2B1#%2541 " in text_of(one)
    assert one == read_checkpoint(text_of(one))


@given(st.integers(0, len(TEXT) - 1), st.characters(codec="utf-8"))
def test_a_changed_character_is_refused_or_changes_what_is_signed(place: int, char: str) -> None:
    """There is one spelling, so no other text says the same."""
    changed = TEXT[:place] + char + TEXT[place + 1 :]
    if changed == TEXT:
        return
    try:
        found = read_checkpoint(changed)
    except InvalidValue:
        return

    assert found != signed(taken())
    assert changed == text_of(found)
    assert why_not_signed(found, ALICE.operator.public_key, fits_twice)


LINES = TEXT.splitlines(keepends=True)
OTHER_TEXTS = {
    "nothing": ("", "lines of one"),
    "a poem": ("roses are red\n", "lines of one"),
    "no line end": (TEXT[:-1], "lines of one"),
    "a line more": (TEXT + "\n", "lines of one"),
    "two signatures": (TEXT + LINES[-1], "lines of one"),
    "a blank before it": (" " + TEXT, "lines of one"),
    "line ends of elsewhere": (TEXT.replace("\n", "\r\n"), "lines of one"),
    "another origin": (TEXT.replace("converge/", "other/"), "lines of one"),
    "a dash of another length": (TEXT.replace("— ", "- "), "lines of one"),
    "a line missing": ("".join(LINES[:3] + LINES[4:]), "lines of one"),
    "a line twice": ("".join(LINES[:2] + LINES[1:]), "lines of one"),
    "a size in words": (TEXT.replace("\n7\n", "\nseven\n"), "lines of one"),
    "a size in other digits": (TEXT.replace("\n7\n", "\n٧\n"), "lines of one"),
    "a size that takes a breath": (TEXT.replace("\n7\n", f"\n{'7' * 17}\n"), "lines of one"),
    "a book": (TEXT.replace("00c0ffee", "0" * 10_000), "lines of one"),
    "a size that is written long": (TEXT.replace("\n7\n", "\n07\n"), "spelled otherwise"),
    "no record": (TEXT.replace("\n7\n", "\n0\n"), "one record or more"),
    "a size beyond": (TEXT.replace("\n7\n", f"\n{2**53}\n"), "one record or more"),
    "a root that is none": (TEXT.replace(LINES[2], "???\n"), "the root is not base64"),
    "a short root": (TEXT.replace(LINES[2], "AAAA\n"), "root and head are 64"),
    "a short head": (TEXT.replace(HASHES[6], "ab"), "root and head are 64"),
    "a signature that is none": (TEXT.replace(LINES[-1][-9:], "*\n"), "not base64"),
    "a short signature": (TEXT.replace(LINES[-1][-9:], "\n"), "the signature is not 64 bytes"),
    "a name quoted for nothing": (TEXT.replace("— a", "— %61"), "spelled otherwise"),
    "a name that is not text": (TEXT.replace("— a", "— %FF"), "spelled otherwise"),
    "a name nobody can have": (TEXT.replace("— alice", "— %00lice"), "control character"),
    "a desk nobody can have": (TEXT.replace("00c0ffee", "a\x7f"), "control character"),
}


@pytest.mark.parametrize("what", OTHER_TEXTS)
def test_anything_else_is_refused_in_words(what: str) -> None:
    """What is wrong, and what to give instead."""
    text, reason = OTHER_TEXTS[what]
    assert text != TEXT

    with pytest.raises(InvalidValue) as refused:
        read_checkpoint(text)

    assert str(refused.value).startswith("this is no checkpoint: ")
    assert reason in str(refused.value)
    assert "give the text as it was written" in str(refused.value)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"key": "0" * 7}, "eight"),
        ({"key": "ABCDEF00"}, "eight"),
        ({"signature": ""}, "128"),
        ({"signature": "F" * 128}, "128"),
    ],
)
def test_what_is_no_signature_is_not_written(change: dict[str, str], reason: str) -> None:
    """A text that nobody could read back is no use to anybody."""
    with pytest.raises(InvalidValue, match=reason):
        text_of(msgspec.structs.replace(signed(taken()), **change))


def test_it_is_written_down_like_everything_else() -> None:
    """In a ledger it is a record, read back strictly."""
    one = signed(taken())
    body = msgspec.to_builtins(one, enc_hook=str.__str__)

    assert one == read(SignedCheckpoint, body)
    with pytest.raises(InvalidValue):
        read(SignedCheckpoint, {**body, "more": 1})


def test_the_longest_one_is_still_read() -> None:
    """Names of as many signs as are allowed, each of which is quoted."""
    long = msgspec.structs.replace(
        taken(), desk="a" + "\u3000" * 127, size=MAX_INTEGER, at=MAX_INTEGER
    )
    one = signed(long, operator="a" + "\u2003" * 127)

    assert one == read_checkpoint(text_of(one))
    assert len(text_of(one)) < c.MAX_TEXT
