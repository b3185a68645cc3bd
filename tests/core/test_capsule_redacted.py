"""Evidence of which parts were left out: it still holds, and what was left out is gone."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from converge_core.capsule import About, Proven, begins, capsule, parts, redact
from converge_core.capsule_check import Holding, check
from converge_core.errors import CapsuleBroken
from tests.core.capsule_kit import (
    ABOUT_RUN,
    ABOUT_SMALL,
    GATES,
    PART,
    SMALL,
    STORY,
    WHOLE,
    closing,
    made_up,
    refused,
)
from tests.core.golden_capsule import (
    TEXTS,
    fits,
    public_key,
    text,
)
from tests.core.kit import ALICE, BOB


@given(st.data())
def test_a_redacted_copy_holds_and_says_how_much_is_left_out(data: st.DataObject) -> None:
    """Whatever is left out: what stays is still under the same root."""
    seqs = [part.entry.head.seq for _, part in parts(WHOLE) if isinstance(part, Proven)]
    hidden = data.draw(st.sets(st.sampled_from(seqs)))
    left = hidden - {entry.head.seq for entry in STORY.entries if begins(ABOUT_RUN, entry)}
    without_texts = data.draw(st.booleans())
    copy = list(redact(WHOLE, lambda head: head.seq in hidden, lambda _: without_texts))
    key = public_key(ALICE.operator.id)
    found = check(copy, fits, key)

    assert len(left) == found.redacted
    assert len(seqs) == found.records
    assert found.left_out == (found.texts if without_texts else 0)
    assert found.signed == check(WHOLE, fits).signed
    assert copy == list(redact(copy, lambda _: False, lambda _: False))
    assert found.whole is (copy == WHOLE)


def test_what_was_left_out_is_gone() -> None:
    """Neither its words, nor the salt that would let one guess them."""
    copy = b"".join(redact(PART, lambda head: head.kind == "gate_decided", lambda _: True))

    assert b"approve" not in copy
    assert b'"text"' not in copy
    assert b'"sha256"' in copy
    assert b"".join(PART).count(b'"salt"') == copy.count(b'"salt"') + 1


def test_a_text_that_no_record_names_any_more_is_gone_with_its_hash() -> None:
    """A short text can be guessed from it."""
    [name] = TEXTS
    copy = b"".join(redact(WHOLE, lambda head: head.kind == "trace_recorded", lambda _: False))

    assert name.encode() in b"".join(WHOLE)
    assert name.encode() not in copy


def test_without_the_record_that_enrols_who_signed_their_key_is_asked_for() -> None:
    """And signatures of others whose keys are gone are not said to hold."""
    copy = list(redact(WHOLE, lambda head: head.kind == "operator_enrolled", lambda _: False))
    refused(copy, 1, "a record that enrols alice#2bd806c9, who signed, was left out; give their")
    found = check(copy, fits, public_key(ALICE.operator.id))

    assert (2, 2) == (found.fitting, found.unchecked)


def test_where_a_new_key_is_left_out_nobody_is_accused_of_forging() -> None:
    """Whose key it was is not known, so what was signed after it is not checked at all."""
    lines = STORY.capsule(About(run="run-0004", gate=""))
    copy = list(redact(lines, lambda head: head.kind == "operator_key_rotated", lambda _: False))
    whole, found = check(lines, fits), check(copy, fits, public_key(ALICE.operator.id))

    assert 0 == whole.unchecked < found.unchecked
    assert found.redacted == 1


def test_a_checkpoint_by_somebody_who_is_left_out_is_not_said_to_hold() -> None:
    """Nobody can tell."""
    lines = made_up(last=closing(BOB.operator.id))
    copy = redact(lines, lambda head: head.kind == "operator_enrolled", lambda _: False)
    found = check(copy, fits, public_key(ALICE.operator.id))

    assert (1, 1) == (found.fitting, found.unchecked)


@pytest.mark.parametrize("about", [ABOUT_RUN, ABOUT_SMALL, *GATES])
def test_the_record_that_begins_what_it_is_about_stays(about: About) -> None:
    """Whatever else is left out: without it nobody could tell that there was such a thing."""
    story = SMALL if about == ABOUT_SMALL else STORY
    copy = list(redact(story.capsule(about), lambda _: True, lambda _: True))
    found = check(copy, fits, public_key(ALICE.operator.id))
    whole = [p for _, p in parts(copy) if isinstance(p, Proven) and p.entry.event is not None]

    assert (about, found.records - 1) == (found.about, found.redacted)
    assert [True] == [begins(about, part.entry) for part in whole]


def test_a_damaged_capsule_is_not_redacted() -> None:
    """Its end would fit again."""
    data = b"".join(PART).replace(b'"exported_at":1', b'"exported_at":2')
    with pytest.raises(CapsuleBroken, match="the lines before the end are not those"):
        list(redact(data.splitlines(keepends=True), lambda _: True, lambda _: True))


def test_what_holds_is_told_in_numbers() -> None:
    """So that a person sees how much there is."""
    found = check(PART, fits)

    assert (
        Holding(
            about=ABOUT_SMALL,
            stands="",
            exported_at=found.exported_at,
            signed=SMALL.signed(),
            key=public_key(ALICE.operator.id),
            records=4,
            redacted=0,
            texts=1,
            left_out=0,
            inline=0,
            fitting=2,
            unchecked=0,
        )
        == found
    )


def test_a_text_is_read_where_a_record_names_it() -> None:
    """Once, however often it is named."""
    asked: list[str] = []

    def read(ref: Any) -> str:
        asked.append(ref.sha256)
        return text(ref)

    lines = ((SMALL.lines[seq], SMALL.tree.inclusion(seq, 4)) for seq in range(4))
    assert PART == list(
        capsule(ABOUT_SMALL, check(PART, fits).exported_at, SMALL.signed(), lines, read)
    )
    assert list(TEXTS) == asked
