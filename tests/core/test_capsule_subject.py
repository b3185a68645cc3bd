"""What evidence is about has to be in it, and how a gate stands is told by what is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from converge_core import events as e
from converge_core.capsule import About, Proven, parts, redact
from converge_core.capsule_check import check
from converge_core.ids import ApprovalId
from converge_core.review import ActKind, Decision, GateAct
from tests.core.capsule_kit import (
    ABOUT_RUN,
    GATES,
    PART,
    STORY,
    WHOLE,
    Lines,
    changed,
    place_of,
    refused,
    sealed,
)
from tests.core.golden_capsule import fits, public_key, tell
from tests.core.golden_story import NOON
from tests.core.kit import ALICE

KEY = public_key(ALICE.operator.id)
DECIDED = next(about for about in GATES if b'"gate_decided"' in b"".join(STORY.capsule(about)))


def bare(lines: Lines, place: int) -> Lines:
    """Returns a capsule of which one record is redacted, as anybody who copies it can."""

    def strip(raw: dict[str, Any]) -> None:
        del raw["record"]["body"], raw["record"]["salt"]

    return changed(lines, place, strip)


def without(lines: Lines, keeps: Callable[[bytes], bool]) -> Lines:
    return sealed([line for line in lines[:-1] if keeps(line)])


def test_every_gate_says_how_it_stands() -> None:
    """Who decided what, by the records in it; of a run there is nothing to be said."""
    for about in GATES:
        lines = STORY.capsule(about)
        events = [part.entry.event for _, part in parts(lines) if isinstance(part, Proven)]
        decided = [one.decision for one in events if isinstance(one, e.GateDecided)]
        answers = [one for one in decided if one.gate == about.gate]
        stands = check(lines, fits).stands
        assert all(f"{one.operator}: {one.verdict}" in stands for one in answers)
        assert ("decided by" in stands) is bool(answers)
        assert ("no decision is in it" in stands) is ("decided by" not in stands)
    assert "" == check(WHOLE, fits).stands


def test_a_decision_that_was_dropped_is_told_to_be_missing() -> None:
    """The gate may be open still, so that is no fault in the file; nobody takes it for more."""
    lines = STORY.capsule(DECIDED)
    dropped = without(lines, lambda line: b'"kind":"gate_decided"' not in line)

    assert check(lines, fits).stands.startswith("decided by ")
    assert "no decision is in it" == check(dropped, fits).stands


def test_answers_that_were_left_out_are_counted() -> None:
    """They may have been given at this gate, and nobody can tell."""
    lines = STORY.capsule(DECIDED)
    many = b"".join(lines).count(b'"kind":"gate_decided"')
    copy = list(redact(lines, lambda head: head.kind == "gate_decided", lambda _: False))

    assert check(copy, fits).stands == (
        f"no decision is in it; answers and acts in this run that were left out: {many}"
    )


def test_a_decision_of_which_nobody_checked_the_signature_says_so() -> None:
    """Because the record that enrols whoever took it was left out."""
    about = next(one for one in GATES if "bob" in check(STORY.capsule(one), fits).stands)
    lines = STORY.capsule(about)
    copy = list(redact(lines, lambda head: head.kind.startswith("operator"), lambda _: False))

    assert "bob#81b637d8: " in check(copy, fits, KEY).stands
    assert "(signature not checked)" in check(copy, fits, KEY).stands


def gate_acts() -> tuple[About, list[tuple[list[e.Event], int]]]:
    """Returns a ledger in which somebody decides, takes it back, and decides anew."""
    opened = next(one.event for one in STORY.entries if isinstance(one.event, e.GateOpened))
    decided = next(one.event for one in STORY.entries if isinstance(one.event, e.GateDecided))
    begun = [one.event for one in STORY.entries[:3] if one.event]
    begun += [one.event for one in STORY.of_run(opened.run)[:1] if one.event]
    gate = opened.request.id
    replace = msgspec.structs.replace

    def answer(verdict: str) -> e.Event:
        one: Decision = replace(
            decided.decision, gate=gate, verdict=verdict, operator=ALICE.operator.id
        )
        return e.GateDecided(run=opened.run, decision=one)

    undone = GateAct(
        id=ApprovalId("act"),
        gate=gate,
        act=ActKind.UNDO,
        operator=ALICE.operator.id,
        reason="",
        acted_at=1,
        signature="",
    )
    elsewhere = replace(undone, gate="other")
    events = [*begun, opened, answer("approve"), e.GateActed(run=opened.run, act=undone)]
    events += [answer("reject"), e.GateActed(run=opened.run, act=elsewhere)]
    return About(run=opened.run, gate=gate), [(events, NOON)]


def test_what_was_taken_back_does_not_stand() -> None:
    """It is told beside what does."""
    about, batches = gate_acts()
    who = ALICE.operator.id
    for last, stands in {
        None: f"decided by {who}: reject; taken back since: {who}: approve",
        -2: f"no decision is in it; taken back since: {who}: approve",
    }.items():
        ledger = tell([(events[:last], at) for events, at in batches])
        lines = ledger.capsule(about, only=ledger.entries[:-1])
        assert stands == check(lines, fits).stands


def test_a_gate_capsule_holds_the_opening_of_that_very_gate() -> None:
    """Whole: one that is redacted may be of any gate, and a name can be made up."""
    lines = STORY.capsule(DECIDED)
    place = place_of(lines, "gate_opened")
    told = "and no record begins that unless it is one that was left out; get a copy with that"

    refused(bare(lines, place), 1, told)
    renamed = changed(lines, 0, lambda raw: raw["about"].update(gate="gate:never"))
    refused(renamed, 1, "about gate gate:never of run")
    refused(bare(renamed, place), 1, told)
    moved = changed(lines, 0, lambda raw: raw["about"].update(run="run-0009"))
    refused(moved, 1, "of run run-0009, and no record begins that")
    refused(
        without(lines, lambda line: b'"kind":"gate_opened"' not in line), 1, "no record begins that"
    )


@pytest.mark.parametrize("lines", [PART, WHOLE])
def test_a_run_capsule_holds_how_the_run_began(lines: Lines) -> None:
    """Whole."""
    place = place_of(lines, "run_started")
    copy = bare(lines, place)
    kept = [line for line in copy if not line.startswith(b'{"sha256"')]
    refused(sealed(kept[:-1]) if lines is PART else copy, 1, "unless it is one that was left out")


def test_a_run_is_not_begun_by_another() -> None:
    """Nor a run by a gate of it."""
    other = changed(WHOLE, 0, lambda raw: raw["about"].update(run="run-0099"))
    refused(other, 1, "about run run-0099, and no record begins that")
    assert ABOUT_RUN == check(WHOLE, fits).about
