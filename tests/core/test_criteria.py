"""Criteria: four answers of required and optional ones, and the three ends they lead to."""

from __future__ import annotations

from itertools import product

import pytest

from converge_core.criterion import (
    Blocked,
    CriterionResult,
    Indeterminate,
    Met,
    Unmet,
    outcome,
)
from converge_core.ids import FactId
from converge_core.intent import Criterion
from converge_core.key import ContextKey as Key
from converge_core.stop import AnyStop, Converged, CriteriaMet, HumanInterventionRequired
from tests.core.kit import Play, declared, engine_of, seed

MET = Met((FactId("a"),))
UNMET = Unmet("Not yet.")
BLOCKED = Blocked("The board has to approve it.", "board-7")
INDETERMINATE = Indeterminate("Nobody can say.")
ANSWERS = {"met": MET, "unmet": UNMET, "blocked": BLOCKED, "indeterminate": INDETERMINATE}
WAITS = HumanInterventionRequired(
    criteria=("one",), detail="The board has to approve it.", approvals=("board-7",)
)
DONE = CriteriaMet(criteria=("one",))


def criterion(name: str, *, required: bool = True) -> Criterion:
    return Criterion(id=name, description=name, key=Key.STRATEGIES, required=required)


def end_of(**answers: tuple[bool, CriterionResult]) -> AnyStop | None:
    """Returns how a run ends whose criteria, required or not, are judged like this."""
    criteria = tuple(criterion(name, required=needed) for name, (needed, _) in answers.items())
    judges = {name: (lambda _, r=result: r) for name, (_, result) in answers.items()}
    engine = engine_of(criteria=judges)  # type: ignore[arg-type]
    return Play(engine, intent=declared(criteria=criteria)).begin(seed("a")).state.stop


@pytest.mark.parametrize(
    ("answer", "end"),
    [(MET, DONE), (UNMET, Converged()), (BLOCKED, WAITS), (INDETERMINATE, Converged())],
    ids=ANSWERS,
)
@pytest.mark.parametrize("optional", [None, *ANSWERS])
def test_a_required_answer_decides_and_an_optional_one_never_does(
    answer: CriterionResult, end: AnyStop, optional: str | None
) -> None:
    """Met, waiting for a person, or a fixed point without it: all four, beside all four."""
    beside = {"extra": (False, ANSWERS[optional])} if optional else {}

    assert end == end_of(one=(True, answer), **beside)


@pytest.mark.parametrize(("first", "second"), list(product(ANSWERS, repeat=2)))
def test_two_required_answers(first: str, second: str) -> None:
    """Blocked wins over everything, all have to be met, and the order does not matter."""
    stop = end_of(one=(True, ANSWERS[first]), two=(True, ANSWERS[second]))
    blocked = tuple(name for name, said in (("one", first), ("two", second)) if said == "blocked")

    if blocked:
        assert isinstance(stop, HumanInterventionRequired)
        assert (blocked, ("board-7",) * len(blocked)) == (stop.criteria, stop.approvals)
    elif first == second == "met":
        assert CriteriaMet(criteria=("one", "two")) == stop
    else:
        assert Converged() == stop


@pytest.mark.parametrize("answer", ANSWERS)
def test_optional_answers_alone_meet_nothing(answer: str) -> None:
    """A run that had to meet nothing has met nothing, and is blocked by nothing."""
    optional = criterion("extra", required=False)

    assert Converged() == outcome([(optional, ANSWERS[answer])])


def test_a_blocked_criterion_need_not_name_an_approval() -> None:
    """Its sentence is enough for a person."""
    stop = end_of(one=(True, Blocked("Ask the landlord.")))

    assert HumanInterventionRequired(criteria=("one",), detail="Ask the landlord.") == stop
