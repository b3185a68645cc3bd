"""What one person gives is signed by nobody else, and what was shown is what is taken."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from converge_core.errors import DecisionRefused
from converge_core.events import GateActed, GateDecided
from converge_desktop.adapters.ledger.ledger_file import read_ledger
from converge_desktop.runtime.deciding_model import Answer, Doing, Edit
from converge_desktop.runtime.desk import Desk
from tests.runtime.deciding_kit import MakeWaiting, answer, make_waiting
from tests.runtime.test_people import got, people

__all__ = ["make_waiting", "people"]
Open = Callable[..., Desk]
BENS = "correct horse"


@pytest.mark.parametrize(
    "give",
    [
        lambda desk, given: desk.answer(given),
        lambda desk, given: desk.decide_many((given,)),
        lambda desk, given: desk.decide(given.gate_id, "approve", "", given.shown),
        lambda desk, given: desk.act(Doing(given.gate_id, "extend")),
    ],
    ids=["answer", "several", "decide", "act"],
)
def test_what_one_person_gave_is_not_signed_by_who_took_the_seat_before_its_turn(
    make_waiting: MakeWaiting,
    monkeypatch: pytest.MonkeyPatch,
    give: Callable[[Desk, Answer], object],
) -> None:
    """Alice answers while much is done, ben sits down, and her answer's turn comes after that."""
    place = make_waiting()
    review = place.ask()
    desk = place.desk
    got(desk.enrol_operator("ben", BENS))
    waits: list[Callable[[], object]] = []
    with monkeypatch.context() as busy:
        busy.setattr(desk._engine, "send", waits.append)
        give(desk, answer(review))
    got(desk.take_seat("ben", BENS))

    with pytest.raises(DecisionRefused, match="ben took the seat before this was signed for alice"):
        got(desk._engine.send(waits[0]))
    ledger = read_ledger(place.place / "data" / "ledger")
    assert not [one for one in ledger if isinstance(one.event, GateDecided | GateActed)]


def test_a_key_that_was_put_in_the_place_of_the_one_that_was_shown_is_not_welcomed(
    people: Open,
    tmp_path: Path,
) -> None:
    """Its fingerprint was compared; the file is another by the time it is taken."""
    path, other = tmp_path / "bob.key", tmp_path / "other.key"
    got(people("other", "bob").export_key(path))
    got(people("third", "bob").export_key(other))
    desk = people()
    shown = got(desk.look_at(path))
    other.replace(path)

    with pytest.raises(DecisionRefused, match="holds something else than what was shown"):
        got(desk.import_operator(path, shown.operator.public_key))
    assert {row.name for row in got(desk.operators())} == {"alice"}


@pytest.mark.parametrize("what", ["a pipe", "a folder", "nested", "nothing", "binary", "halves"])
def test_whatever_is_brought_along_is_answered_at_once_and_in_a_sentence(
    people: Open,
    tmp_path: Path,
    what: str,
) -> None:
    """A pipe, a folder or noise holds nobody up, and the desk goes on."""
    path = tmp_path / "brought"
    match what:
        case "a pipe":
            os.mkfifo(path)
        case "a folder":
            path.mkdir()
        case "nested":
            path.write_bytes(b"[" * 500_000)
        case "nothing":
            path.write_bytes(b"")
        case "binary":
            path.write_bytes(bytes(range(256)) * 9_000)
        case _:
            path.write_bytes(b'{"decision": "\\ud800", "asked": 1}\n')
    desk = people()
    takes: tuple[Callable[[Path], Any], ...] = (
        desk.look_at,
        desk.read_request,
        desk.import_vote,
        desk.import_operator,
    )
    for take in takes:
        with pytest.raises((DecisionRefused, OSError)) as refused:
            take(path).result(20)
        assert str(path) in str(refused.value)
    assert got(desk.operators())


@pytest.mark.parametrize(
    ("content", "fields"),
    [
        ("", None),
        ("\u200b\u2060\ufeff", None),
        ("half \ud800", None),
        (None, {"verdict": float("nan")}),
        (None, {"verdict": "\ud800"}),
        (None, {"verdict": [[[]]] * 3, "deep": None}),
        (None, {"verdict": 2**80}),
        ("x" * 1_048_577, None),
    ],
    ids=["empty", "invisible", "half a character", "nan", "half", "shape", "huge", "long"],
)
def test_an_edit_that_says_nothing_or_cannot_be_recorded_is_never_taken(
    make_waiting: MakeWaiting,
    content: str | None,
    fields: dict[str, object] | None,
) -> None:
    """Whatever speaks against it is told in a sentence, and giving it anyway is refused."""
    place = make_waiting("self_approval = true")
    review = place.ask()
    edit = Edit(content, fields)
    looked = place.desk.look_at_edit(review.gate_id, edit)
    if looked.exception(60) is None:
        assert looked.result().problems
    else:
        assert isinstance(looked.exception(), DecisionRefused)
    with pytest.raises(DecisionRefused):
        place.desk.answer(answer(review, "edit", edit=edit)).result(60)
    assert len(got(place.desk.inbox())) == 1


@pytest.mark.parametrize("verdict", ["reject", "refine"])
def test_a_reason_of_which_nothing_can_be_seen_is_none(
    make_waiting: MakeWaiting,
    verdict: str,
) -> None:
    """Whoever reads the record later would find it empty."""
    place = make_waiting()
    review = place.ask()
    with pytest.raises(DecisionRefused, match="nothing of the reason can be seen"):
        place.desk.answer(answer(review, verdict, reason="\u200b\u2800\u3164 ")).result(60)
    assert len(got(place.desk.inbox())) == 1
