"""The shipped pack as it ships: how long a decision can be undone, and who may take a fact back."""

from __future__ import annotations

import pytest

from converge_core.errors import DecisionRefused
from converge_core.events import FactPromoted
from converge_desktop import paths
from converge_desktop.adapters.ledger.ledger_file import read_ledger
from converge_desktop.runtime.deciding_model import Doing, Edit
from converge_desktop.runtime.fact_model import Retractable
from converge_desktop.runtime.port import RunChanged, Update
from converge_desktop.runtime.review_model import Review
from converge_desktop.ui.pages.retract_box import who_words
from tests.runtime.deciding_kit import MakeWaiting, Waiting, answer
from tests.runtime.folders import make_folder

SECOND = 1_000_000
HOLD, RELEASE = 1, 0
"""How many tests fail where the shipped pack holds a release, and where it lets it go."""


@pytest.fixture
def place(make_waiting: MakeWaiting) -> Waiting:
    """A desk over the shipped pack, at which nobody but alice is enrolled."""
    return make_waiting(source=paths.packs())


def asked(place: Waiting, failed: int) -> Review:
    return place.ask(make_folder(place.place / "folder", failed=failed))


def passes(place: Waiting, seconds: int) -> None:
    """Lets time go by, and the desk see that it has."""
    place.ahead += seconds * SECOND
    place.desk.inbox().result(10)


def strategies(place: Waiting, run: str) -> list[str]:
    """Returns which strategies stand in a run; one that is asked about does not."""
    found = dict(place.desk.run_view(run).result(10).context).get("Strategies", ())
    return [card.text for card in found if card.state == "fact"]


def settled(place: Waiting, failed: int) -> str:
    """Returns a run whose strategy was approved and stands."""
    review = asked(place, failed)
    place.desk.answer(answer(review)).result(10)
    passes(place, 31)
    place.watch.phase(review.run_id, "stopped")
    return review.run_id


# Undoing.


@pytest.mark.parametrize(
    ("failed", "risk", "seconds"), [(HOLD, "medium", 10), (RELEASE, "high", 30)]
)
def test_a_decision_can_be_undone_the_longer_the_higher_its_risk(
    place: Waiting, failed: int, risk: str, seconds: int
) -> None:
    """Until then nothing stands; once the time is over it does, and the run goes on."""
    review = asked(place, failed)
    assert risk == review.risk

    done = place.desk.answer(answer(review)).result(10)

    [row] = place.desk.settling().result(10)
    assert ("settling", review.gate_id) == (done.phase, row.gate_id)
    assert seconds * SECOND == row.until - row.since
    assert [] == strategies(place, review.run_id)
    view = place.desk.run_view(review.run_id).result(10)
    assert ("waiting", "decided, may be undone") == (view.row.phase, view.row.outcome)
    passes(place, seconds + 1)
    place.watch.phase(review.run_id, "stopped")
    assert 1 == len(strategies(place, review.run_id))
    assert () == place.desk.settling().result(10)


def test_what_is_undone_within_its_window_is_asked_again(place: Waiting) -> None:
    """It has no effect, however long one waits."""
    review = asked(place, HOLD)
    place.desk.answer(answer(review)).result(10)

    undone = place.desk.act(Doing(review.gate_id, "undo")).result(10)

    passes(place, 60)
    assert "open" == undone.phase
    assert [review.gate_id] == [row.gate_id for row in place.desk.inbox().result(10)]
    assert [] == strategies(place, review.run_id)


# Taking back.


def retractable(place: Waiting, run: str, fact: str) -> Retractable:
    return place.desk.fact(run, fact).result(10).retractable


def stands_in(update: Update, fact: str) -> bool:
    """Whether a desk tells that a fact stands in a run."""
    if not isinstance(update, RunChanged):
        return False
    cards = [card for _, cards in update.view.context for card in cards]
    return fact in [card.fact_id for card in cards if card.state == "fact"]


def asked_about(place: Waiting, run: str, fact: str) -> tuple[Review, str]:
    """Proposes to take a fact back; returns what is asked then, and the id of the correction."""
    made = place.desk.retract(run, fact, "it was another build").result(60)
    place.watch.phase(made.run_id, "waiting")
    [gate] = [
        row.gate_id
        for row in place.desk.inbox().result(10)
        if row.run_id == made.run_id and row.text.startswith("Retracted: ")
    ]
    return place.desk.review(gate).result(10), str(made.proposed_id)


@pytest.mark.parametrize("fact", ["tests.failed", "strategy"])
def test_who_is_alone_may_take_back_what_is_no_release_and_it_is_marked(
    place: Waiting, fact: str
) -> None:
    """A signal or a hold: asked at medium risk, undone for a while, then it stands."""
    run = settled(place, HOLD)
    assert who_words(retractable(place, run, fact)).startswith("You may approve it yourself")
    review, correction = asked_about(place, run, fact)
    assert ("medium", "taking-back-needs-a-human") == (review.risk, review.rule)

    place.desk.answer(answer(review)).result(10)

    standing = place.desk.review(review.gate_id).result(10).standing
    assert standing is not None
    assert "It was decided by the one who proposed it." in standing.words
    assert [True] == [vote.own for vote in standing.votes]
    for row in place.desk.inbox().result(10):  # what else the run asks has to be answered first
        shown = place.desk.review(row.gate_id).result(10)
        place.desk.answer(answer(shown, "reject", reason="not this time")).result(10)
    passes(place, 11)
    place.watch.until(lambda update: stands_in(update, correction))
    new = place.desk.fact(review.run_id, correction).result(10)
    assert (True, True) == (new.by_person, new.self_approved)
    old = place.desk.fact(review.run_id, fact).result(10)
    assert [correction] == [one.fact_id for one in old.corrected_by]


def test_a_release_is_not_taken_back_by_its_proposer_alone(place: Waiting) -> None:
    """Its risk is high: the window says so before, and the desk to whoever tries."""
    run = settled(place, RELEASE)
    before = who_words(retractable(place, run, "strategy"))
    assert before.startswith("Nobody at this desk could approve it")
    assert "no policy lets anybody approve their own words where the risk is high" in before
    review, _ = asked_about(place, run, "strategy")
    assert "high" == review.risk

    with pytest.raises(DecisionRefused, match="about their own where the risk is high"):
        place.desk.answer(answer(review)).result(10)


def test_a_release_is_not_reworded_into_something_milder_by_one_person(place: Waiting) -> None:
    """What takes its place says hold; that it takes back a release asks for more all the same."""
    run = settled(place, RELEASE)
    [said] = [
        entry.event.fact.structured
        for entry in read_ledger(place.place / "data" / "ledger")
        if isinstance(entry.event, FactPromoted) and entry.event.fact.id == "strategy"
    ]
    instead = Edit("It is on hold.", {**said, "verdict": "hold"})
    made = place.desk.retract(run, "strategy", "it was another build", instead).result(60)
    place.watch.phase(made.run_id, "waiting")
    [row] = [one for one in place.desk.inbox().result(10) if one.run_id == made.run_id]
    assert ("high", "releasing-needs-a-human") == (row.risk, row.rule)
