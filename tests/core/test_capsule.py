"""Evidence that was handed on: it proves itself, and nothing can be done to it unnoticed."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from converge_core import capsule as capsules
from converge_core import events as e
from converge_core.capsule import VERSION, Proven, Text, parts, redact, texts_of
from converge_core.capsule_check import check
from converge_core.checkpoint import text_of
from converge_core.errors import CapsuleBroken
from converge_core.people import Revocation, revocation_bytes
from converge_core.review import bytes_of
from tests.core.capsule_kit import (
    ABOUT_RUN,
    ABOUT_SMALL,
    PART,
    SMALL,
    STORY,
    WHOLE,
    Lines,
    changed,
    closing,
    made_up,
    place_of,
    refused,
    sealed,
)
from tests.core.golden_capsule import (
    CAPSULE,
    RUN,
    TEXTS,
    Told,
    fits,
    private_key,
    public_key,
    sign,
    told,
)
from tests.core.kit import ALICE, BOB, DESK

# What is in it.


def test_the_golden_capsule_holds() -> None:
    """Whoever was handed one can have it verified for ever."""
    found = check(CAPSULE.read_bytes().splitlines(keepends=True), fits)

    assert (46, 0, 1, 0, 3, 5, 0) == (
        *(found.records, found.redacted, found.texts, found.left_out),
        *(found.inline, found.fitting, found.unchecked),
    )
    assert (ABOUT_RUN, True) == (found.about, found.whole)
    assert ("00c0ffee", 153) == (found.signed.checkpoint.desk, found.signed.checkpoint.size)
    assert public_key(ALICE.operator.id) == found.key


def test_it_is_the_same_whenever_it_is_made_of_the_same() -> None:
    """No clock and no chance but what is given."""
    assert WHOLE == told().capsule(ABOUT_RUN)


def test_it_holds_the_lines_of_the_ledger_to_the_byte() -> None:
    """All of the run, and of the desk what its signatures are checked by."""
    held = [part.line for _, part in parts(WHOLE) if isinstance(part, Proven)]
    of_desk = [entry.head.seq for entry in STORY.of_run("")]
    of_it = [entry.head.seq for entry in STORY.of_run(RUN)]

    rotated = [
        entry.head.seq for entry in STORY.entries if entry.head.kind == "operator_key_rotated"
    ]
    assert [STORY.lines[seq] for seq in (*of_desk[:3], *of_it, *rotated)] == held
    assert TEXTS == {part.sha256: part.text for _, part in parts(WHOLE) if isinstance(part, Text)}


def test_it_says_what_policy_prompt_and_model_there_were() -> None:
    """In the traces, their layers, and the beginning of the run."""
    [trace] = [
        part.entry.event
        for _, part in parts(WHOLE)
        if isinstance(part, Proven) and isinstance(part.entry.event, e.TraceRecorded)
    ]

    assert trace.trace.call.envelope.model_sha256
    assert {"priming", "policy"} == set(trace.trace.call.layers)
    assert TEXTS.keys() <= {ref.sha256 for ref in texts_of(trace)}


def test_a_record_behind_the_checkpoint_is_not_exported() -> None:
    """Nobody signed for it."""
    early = sign(STORY.entries[:10])

    with pytest.raises(CapsuleBroken, match="record 10 is not covered by the checkpoint, which en"):
        STORY.capsule(ABOUT_RUN, early)


def test_a_ledger_that_was_redacted_can_still_be_told_of() -> None:
    """What is left out of it is left out of the evidence."""
    copy = redact(PART, lambda head: head.seq in {2, 3}, lambda _: False)
    left = [part.line for _, part in parts(copy) if isinstance(part, Proven)]
    found = check(Told([*left, SMALL.lines[-1]]).capsule(ABOUT_SMALL), fits)

    assert (4, 1, 1) == (found.records, found.redacted, found.texts)


# What is done to it.


@pytest.mark.parametrize("bit", [0, 5])
def test_a_flipped_bit_at_any_byte_is_refused(bit: int) -> None:
    """No byte counts for nothing."""
    data = b"".join(PART)
    assert check(PART, fits).whole
    for place in range(len(data)):
        flipped = bytearray(data)
        flipped[place] ^= 1 << bit
        with pytest.raises(CapsuleBroken):
            check(bytes(flipped).splitlines(keepends=True), fits)


def test_a_missing_a_doubled_and_a_swapped_line_is_refused() -> None:
    """Unless whoever did it writes another end."""
    for place in range(len(PART)):
        for lines in (
            [*PART[:place], *PART[place + 1 :]],
            [*PART[: place + 1], *PART[place:]],
            [*PART[:place], *reversed(PART[place : place + 2]), *PART[place + 2 :]],
        ):
            if lines != PART:
                with pytest.raises(CapsuleBroken):
                    check(lines, fits)


def test_a_capsule_that_stops_early_is_refused() -> None:
    """At any line, or within one, or with nothing at all."""
    refused([], 1, "stops before its end")
    for place in range(1, len(PART)):
        refused(PART[:place], place + 1, "stops before its end")
        with pytest.raises(CapsuleBroken):
            check([*PART[:place], PART[place][:-1]], fits)


ENDS_WITH = [b'{"end":"x"}\n', b"{}\n", b"\n", b"no\n", b"\xff\n", b"[" * 10_000 + b"\n"]


@pytest.mark.parametrize("line", ENDS_WITH)
def test_what_is_no_line_is_refused(line: bytes) -> None:
    """At the beginning, within, and behind the end."""
    for place in (0, 1, len(PART) - 1):
        refused([*PART[:place], line, *PART[place:]], place + 1, "")
    refused([*PART, line], len(PART) + 1, "something follows the end")


@pytest.mark.parametrize(
    "spell",
    [
        lambda line: b" " + line,
        lambda line: line.replace(b":", b": ", 1),
        lambda line: line[:-1] + b"\r\n",
        lambda line: line.replace(b"capsule", b"\\u0063apsule"),
    ],
)
def test_another_spelling_is_refused(spell: Callable[[bytes], bytes]) -> None:
    """Readers that go by other parts of a line would see other things."""
    for place in range(len(PART) - 1):
        line = spell(PART[place])
        if line != PART[place]:
            with pytest.raises(CapsuleBroken):
                check(sealed([*PART[:place], line, *PART[place + 1 : -1]]), fits)


PROOF = place_of(PART, "run_started")
FORGED: dict[str, tuple[Lines, int, str]] = {
    "a newer version": (
        changed(PART, 0, lambda raw: raw.update(capsule=VERSION + 1, more=1)),
        1,
        f"version {VERSION + 1} is newer than this program reads; update it",
    ),
    "no version": (changed(PART, 0, lambda raw: raw.pop("capsule")), 1, "how a capsule begins"),
    "an old version": (changed(PART, 0, lambda raw: raw.update(capsule=0)), 1, "how a capsule"),
    "a field more": (changed(PART, 0, lambda raw: raw.update(more=1)), 1, "how a capsule begins"),
    "another run": (
        changed(PART, 0, lambda raw: raw["about"].update(run="other")),
        1,
        "it is said to be about run other, and no record begins that",
    ),
    "another gate": (
        changed(PART, 0, lambda raw: raw["about"].update(gate="gate:x")),
        1,
        "about gate gate:x of run run, and no record",
    ),
    "no checkpoint": (
        changed(PART, 0, lambda raw: raw.update(checkpoint="none")),
        1,
        "this is no checkpoint",
    ),
    "a checkpoint nobody signed": (
        changed(
            PART, 0, lambda raw: raw.update(checkpoint=raw["checkpoint"].replace("at 1", "at 2"))
        ),
        1,
        "the signature of the checkpoint is not that of alice",
    ),
    "another root": (
        changed(
            PART,
            0,
            lambda raw: raw.update(checkpoint=text_of(sign(STORY.entries))),
        ),
        2,
        "record 0 is not one that the checkpoint covers",
    ),
    "another body": (
        changed(PART, 1, lambda raw: raw["record"]["body"].update(desk="mine")),
        2,
        "the record does not hold: the body is not the one the record commits to",
    ),
    "a body that is of nothing": (
        changed(PART, 1, lambda raw: raw["record"].update(head=1)),
        2,
        "the record does not hold: the head is malformed",
    ),
    "another proof": (
        changed(PART, PROOF, lambda raw: raw.update(proof=["0" * 64, *raw["proof"][1:]])),
        PROOF + 1,
        "record 2 is not one that the checkpoint covers",
    ),
    "no proof": (
        changed(PART, PROOF, lambda raw: raw.update(proof=[])),
        PROOF + 1,
        "record 2 is not one that the checkpoint covers",
    ),
    "a proof of something else": (
        changed(PART, PROOF, lambda raw: raw.update(proof=["zz"])),
        PROOF + 1,
        "the line is not a record with its proof",
    ),
    "another text": (
        changed(PART, -2 % len(PART), lambda raw: raw.update(text="y")),
        len(PART) - 1,
        "the text is not the one of its hash",
    ),
    "a text that nobody names": (
        sealed([*PART[:-2], b'{"sha256":"%b"}\n' % (b"0" * 64), PART[-2]]),
        len(PART) - 1,
        "no record names the text 000000000000",
    ),
    "a text twice": (
        sealed([*PART[:-1], PART[-2]]),
        len(PART),
        "the texts are not in the order of their hashes",
    ),
    "no text": (
        sealed(PART[:-2]),
        len(PART) - 1,
        "that record 2 names is not there, nor left out",
    ),
    "a text with more": (
        changed(PART, -2 % len(PART), lambda raw: raw.update(more=1)),
        len(PART) - 1,
        "this is no line of a capsule",
    ),
    "a text that is a number": (
        changed(PART, -2 % len(PART), lambda raw: raw.update(text=1)),
        len(PART) - 1,
        "this is no line of a capsule",
    ),
    "a record behind a text": (
        sealed([*PART[:4], PART[-2], PART[4]]),
        6,
        "a record stands behind a text",
    ),
    "records in another order": (
        sealed([PART[0], PART[2], PART[1], *PART[3:-1]]),
        3,
        "record 0 stands behind record 1",
    ),
    "a record twice": (
        sealed([*PART[:2], *PART[1:-1]]),
        3,
        "record 0 stands behind record 0",
    ),
    "nobody enrolled": (
        sealed([*PART[:2], *PART[3:-1]]),
        4,
        "record 3: alice#2bd806c9 was never enrolled",
    ),
}


@pytest.mark.parametrize("what", FORGED)
def test_what_was_forged_is_refused_where_it_stands(what: str) -> None:
    """Though whoever did it wrote an end that fits."""
    lines, line, reason = FORGED[what]
    refused(lines, line, reason)


def test_the_checkpoint_is_that_of_who_is_known_to_have_signed() -> None:
    """A key that is known from elsewhere counts, and the capsule's own has to be that one."""
    mine, other = public_key(ALICE.operator.id), public_key("mallory")
    assert check(PART, fits, mine).key == mine
    refused(PART, 1, "alice#2bd806c9 is enrolled in it with another key than that given", other)
    refused(PART, 1, "with another key than that given", "zz")


def test_who_signed_may_be_nobody_that_the_capsule_knows() -> None:
    """Then their key has to be known."""
    only = [entry for entry in SMALL.entries if entry.head.kind in {"desk_opened", "run_started"}]
    lines = SMALL.capsule(ABOUT_SMALL, only=only)

    refused(lines, 1, "signed by alice#2bd806c9, whom no record enrols; give their public key")
    refused(lines, 1, "with another key than the one given", public_key("mallory"))
    assert check(lines, fits, public_key(ALICE.operator.id)).fitting == 1


def test_a_decision_is_signed_by_who_took_it() -> None:
    """Whoever made up the ledger has no key of theirs."""
    decided = SMALL.entries[3].event
    assert isinstance(decided, e.GateDecided)
    replace = msgspec.structs.replace
    forged = replace(decided, decision=replace(decided.decision, reason="so"))

    assert check(made_up(decided), fits).fitting == 2
    refused(made_up(forged), 5, "record 3: the signature is not that of alice#2bd806c9")


def test_an_act_is_signed_by_who_did_it() -> None:
    """As a decision is."""
    acted = next(one.event for one in STORY.entries if isinstance(one.event, e.GateActed))
    act = msgspec.structs.replace(acted.act, operator=ALICE.operator.id)
    forged = msgspec.structs.replace(acted, act=act)

    refused(made_up(forged), 5, "record 3: the signature is not that of alice#2bd806c9")


def people_signed() -> dict[str, e.Event]:
    """Returns what happened to people in the story, with real signatures."""
    found: dict[str, e.Event] = {}
    for entry in STORY.entries:
        if entry.event is not None:
            found.setdefault(entry.head.kind, entry.event)
    welcomed = next(
        entry.event
        for entry in STORY.entries
        if isinstance(entry.event, e.OperatorEnrolled) and entry.event.welcome
    )
    return {**found, "operator_enrolled": welcomed}


def test_what_happened_to_people_is_signed_or_refused() -> None:
    """As it is in the ledger: welcomed, another key, revoked; each by who could."""
    told = people_signed()
    welcomed, rotated = told["operator_enrolled"], told["operator_key_rotated"]
    assert isinstance(welcomed, e.OperatorEnrolled)
    assert isinstance(rotated, e.OperatorKeyRotated)
    assert welcomed.welcome
    replace = msgspec.structs.replace
    alone = e.OperatorEnrolled(operator=welcomed.operator)
    unproven = replace(welcomed, welcome=replace(welcomed.welcome, proof="00" * 64))
    unsigned = replace(welcomed, welcome=replace(welcomed.welcome, signature="00" * 64))
    not_theirs = replace(rotated, rotation=replace(rotated.rotation, proof="00" * 64))
    not_asked = replace(rotated, rotation=replace(rotated.rotation, signature="00" * 64))

    assert check(made_up(welcomed, rotated), fits).fitting == 3
    refused(made_up(alone), 5, "bob#81b637d8 is enrolled, and nobody welcomes them")
    refused(made_up(unproven), 5, "the key of bob#81b637d8 is not shown to be theirs")
    refused(made_up(unsigned), 5, "the signature is not that of alice#2bd806c9")
    refused(made_up(welcomed, not_theirs), 6, "new key of bob#81b637d8 is not shown to be theirs")
    refused(made_up(welcomed, not_asked), 6, "the signature is not that of bob#81b637d8")


def test_who_was_revoked_signs_nothing_after_that() -> None:
    """What they signed before stands."""
    enrolled = people_signed()["operator_enrolled"]
    assert isinstance(enrolled, e.OperatorEnrolled)
    unsigned = Revocation(
        operator=BOB.operator.id, by=ALICE.operator.id, reason="left", revoked_at=1, signature=""
    )
    alice, bob = private_key(ALICE.operator.id), private_key(BOB.operator.id)
    signature = alice.sign(revocation_bytes(DESK, unsigned)).hex()
    revoked = e.OperatorRevoked(revocation=msgspec.structs.replace(unsigned, signature=signature))
    decided = SMALL.entries[3].event
    assert isinstance(decided, e.GateDecided)
    vote = msgspec.structs.replace(decided.decision, operator=BOB.operator.id, signature="")
    vote = msgspec.structs.replace(vote, signature=bob.sign(bytes_of(vote)).hex())
    voted = e.GateDecided(run=decided.run, decision=vote)

    assert check(made_up(enrolled, voted, revoked), fits).fitting == 4
    refused(made_up(enrolled, revoked, voted), 7, "record 5: bob#81b637d8 was revoked before")


def test_nobody_is_enrolled_with_two_keys() -> None:
    """One of them would be somebody else's."""
    once = SMALL.entries[1].event
    assert isinstance(once, e.OperatorEnrolled)
    other = msgspec.structs.replace(once.operator, public_key=public_key("mallory"))

    assert check(made_up(once), fits).records == 4
    refused(
        made_up(e.OperatorEnrolled(operator=other)),
        5,
        "record 3: alice#2bd806c9 was enrolled before, with another key",
    )


def test_the_records_are_of_the_desk_that_was_signed_for() -> None:
    """And of no other."""
    other = e.DeskOpened(desk="beef", app_version="")
    refused(made_up(other), 5, "record 3: it is of desk beef, and the checkpoint of 00c0ffee")


def test_a_short_text_is_the_one_of_its_hash() -> None:
    """It stands in the record, and its hash beside it."""
    trace = next(one.event for one in STORY.entries if isinstance(one.event, e.TraceRecorded))
    call = trace.trace.call
    layers = {**call.layers, "x": msgspec.structs.replace(call.layers["priming"], inline="other")}
    forged = msgspec.structs.replace(
        trace,
        run="run",
        trace=msgspec.structs.replace(
            trace.trace, call=msgspec.structs.replace(call, layers=layers)
        ),
    )
    refused(made_up(forged), 5, "a text in the record is not the one of its hash")


def test_a_checkpoint_among_the_records_is_of_those_before_it() -> None:
    """As far as can be told without them, and signed by who is named."""
    assert check(made_up(last=closing()), fits).fitting == 2
    for last, reason in {
        closing(BOB.operator.id): "bob#81b637d8 was never enrolled",
        closing(size=2): "the checkpoint is of other records than stand before it",
        closing(signature="ab" * 64): "the signature of the checkpoint is not that of alice",
    }.items():
        refused(made_up(last=last), 5, f"record 3: {reason}")


def test_a_record_that_follows_another_is_the_next_one() -> None:
    """Two ledgers that were signed for cannot be mixed."""
    other = made_up(e.DeskOpened(desk="00c0ffee", app_version="x"))
    mixed = sealed([*PART[:4], other[4], *PART[5:-1]])
    refused(mixed, 5, "the record does not follow the one before it")


def test_the_last_record_is_the_one_that_the_checkpoint_names() -> None:
    """Its hash stands there twice: as a leaf, and by itself."""
    signed = sign(SMALL.entries)
    forged = msgspec.structs.replace(
        signed, checkpoint=msgspec.structs.replace(signed.checkpoint, head="0" * 64)
    )
    refused(
        SMALL.capsule(ABOUT_SMALL, forged, only=SMALL.entries),
        6,
        "record 4 is not one that the checkpoint covers",
    )


def test_a_record_behind_the_checkpoint_is_refused() -> None:
    """However it came there."""
    lines = changed(PART, 0, lambda raw: raw.update(checkpoint=text_of(sign(SMALL.entries[:1]))))
    refused(sealed([lines[0], *PART[2:-1]]), 2, "record 1 is not covered by the checkpoint")


def test_a_capsule_larger_than_any_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a line of it, nor all of it."""
    refused([*PART[:2], b"x" * (64 * 1024 * 1024 + 1)], 3, "it is larger than any capsule")
    monkeypatch.setattr(capsules, "MAX_BYTES", 2000)
    refused(WHOLE, 3, "it is larger than any capsule")
