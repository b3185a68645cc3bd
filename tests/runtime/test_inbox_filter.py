"""The filter language of the inbox: what it means, where it is wrong, and what comes next."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from converge_desktop.runtime.filter_fields import FIELDS
from converge_desktop.runtime.inbox_filter import (
    MOST_CHARACTERS,
    FilterProblem,
    compile_filter,
    complete,
)
from converge_desktop.runtime.review_model import InboxRow

HOUR = 3_600_000_000
NOW = 1_000 * HOUR
ROW = InboxRow(
    gate_id="gate:run-0012/3/planning/0",
    run_id="run-0012",
    run_label="run 0012",
    title="Hold the release",
    risk="high",
    agent="planning",
    key="Strategies",
    confidence=650,
    opened_at=NOW - 5 * HOUR,
    deadline=NOW + HOUR,
    votes=1,
    votes_needed=2,
    kind="plan",
    rule="holding-needs-a-human",
    text="Hold the release until three tests pass",
)
OTHER = replace(
    ROW,
    run_id="run-0120",
    run_label="run 0120",
    title="Ship ÅNGSTRÖM",
    risk="low",
    agent="Sorter",
    key="Evaluations",
    confidence=None,
    opened_at=NOW,
    deadline=None,
    votes=0,
    kind="classification",
    rule="sorting",
    text='It is "fine"',
)


def holds(text: str, row: InboxRow = ROW) -> bool:
    return compile_filter(text, NOW).holds(row)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "risk:high",
        "RISK:High",
        "risk>=medium",
        "risk>low",
        "agent:plan*",
        "agent:PLANNING",
        "conf<0.7",
        "conf<70%",
        "conf>=65%",
        "conf=0.65",
        "due<2h",
        "due:90m",
        "due>=1h",
        "age>4h",
        "age:5h",
        "age<1d",
        "run:12",
        "run:run-0012",
        'run:"run 0012"',
        "kind:plan",
        "key:strategies",
        "rule:holding*human",
        "title:release",
        'title:"the release"',
        "votes:1",
        "votes>0",
        "release",
        '"three tests"',
        "hold*pass",
        "-risk:low",
        "-(risk:low or agent:sorter)",
        "--release",
        "risk:high release",
        "nowhere or release",
        "nowhere or (risk:high agent:p*)",
        "(release)",
        "order or release",
    ],
)
def test_a_filter_lets_the_row_through_that_it_describes(text: str) -> None:
    """Each of these is true of a plan at high risk, with one vote, due in an hour."""
    assert holds(text)


@pytest.mark.parametrize(
    "text",
    [
        "risk:low",
        "risk<high",
        "agent:plan",
        "conf>0.65",
        "conf:none",
        "due<30m",
        "due:none",
        "due:over",
        "run:1",
        "run:120",
        "key:strateg",
        "title:pass",
        "votes:2",
        "-release",
        "release -hold",
        "release risk:low or nowhere",
        "sort*",
    ],
)
def test_a_filter_keeps_out_what_it_does_not_describe(text: str) -> None:
    """Fields of words are to be as written, whole; words of no field may stand anywhere."""
    assert not holds(text)


def test_what_a_row_does_not_have_is_compared_with_nothing() -> None:
    """A proposal without confidence is neither sure nor unsure, one without deadline never due."""
    assert not any(holds(text, OTHER) for text in ["conf<0.7", "conf>=0.1", "due<9w", "due>1m"])
    assert holds("conf:none due:none votes=0", OTHER)


def test_letters_are_compared_whatever_their_case_and_quotes_can_be_quoted() -> None:
    """In every alphabet; what only a shell would read otherwise is read as it stands."""
    assert holds("ångström", OTHER)
    assert holds(r'"it is \"fine\""', OTHER)
    assert not holds("agent:[s]orter", OTHER)


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("risk:huge", 5, "risk is one of"),
        ("release rsk:high", 8, "no field 'rsk'"),
        ("agent<plan", 5, "compared with : = only"),
        ("conf<", 5, "what conf is to be"),
        ("conf<0,7", 5, "written as 0.7"),
        ("conf<none", 5, "with : or = only"),
        ("due<soon", 4, "written as 30m"),
        ("due>over", 4, "with : or = only"),
        ("votes:x", 6, "whole numbers"),
        ("(risk:high", 0, "not closed"),
        ("risk:high)", 9, "closes none"),
        (")", 0, "closes none"),
        ("()", 0, "nothing stands"),
        ("or", 0, "on either side"),
        ("release or", 8, "on either side"),
        ("a or or b", 2, "on either side"),
        ("a - b", 2, "right before"),
        ('say "hello', 4, "not closed"),
        ('agent:"x', 6, "not closed"),
        ("(" * 50 + "a" + ")" * 50, 40, "parentheses"),
        ("x" * (MOST_CHARACTERS + 1), MOST_CHARACTERS, "characters"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_place(text: str, place: int, words: str) -> None:
    """A person sees where to mend it."""
    with pytest.raises(FilterProblem) as found:
        compile_filter(text, NOW)
    assert place == found.value.place
    assert words in found.value.words


def problem_of(text: str) -> FilterProblem | None:
    try:
        compile_filter(text, NOW).rows((ROW, OTHER))
    except FilterProblem as problem:
        return problem
    return None


@given(st.text(max_size=60))
def test_any_text_is_a_filter_or_a_problem_within_it(text: str) -> None:
    """Nothing else comes of it, whatever is typed; and typing goes on from anywhere."""
    problem = problem_of(text)
    if problem is not None:
        assert 0 <= problem.place <= problem.place + problem.length <= len(text)
    for cursor in range(len(text) + 1):
        complete(text, cursor, (ROW, OTHER))


Meaning = tuple[str, Callable[[InboxRow], bool]]
ATOMS: list[Meaning] = [
    ("risk:high", lambda row: row.risk == "high"),
    ("risk<high", lambda row: row.risk in {"low", "medium"}),
    ("agent:p*", lambda row: row.agent.casefold().startswith("p")),
    ("conf<0.7", lambda row: row.confidence is not None and row.confidence < 700),
    ("due<=2h", lambda row: row.deadline is not None and row.deadline - NOW <= 2 * HOUR),
    ("votes>=1", lambda row: row.votes >= 1),
    ('"the release"', lambda row: "the release" in f"{row.title} {row.text}".casefold()),
    ("kind:plan", lambda row: row.kind == "plan"),
    ("run:12", lambda row: row.run_id == "run-0012"),
]


def both(parts: list[Meaning]) -> Meaning:
    return " ".join(part[0] for part in parts), lambda row: all(part[1](row) for part in parts)


def either(parts: list[Meaning]) -> Meaning:
    words = " or ".join(part[0] for part in parts)
    return f"({words})", lambda row: any(part[1](row) for part in parts)


def negated(part: Meaning) -> Meaning:
    return f"-({part[0]})", lambda row: not part[1](row)


MEANINGS = st.recursive(
    st.sampled_from(ATOMS),
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3).map(both)
        | st.lists(inner, min_size=1, max_size=3).map(either)
        | inner.map(negated)
    ),
    max_leaves=8,
)
ROWS = st.builds(
    replace,
    st.sampled_from([ROW, OTHER]),
    risk=st.sampled_from(["low", "medium", "high"]),
    confidence=st.none() | st.integers(0, 1000),
    deadline=st.none() | st.integers(NOW - HOUR, NOW + 4 * HOUR),
    votes=st.integers(0, 3),
    run_id=st.sampled_from(["run-0012", "run-0120", "odd"]),
)


@given(MEANINGS, st.lists(ROWS, max_size=20))
def test_a_filter_means_what_its_parts_mean(meaning: Meaning, rows: list[InboxRow]) -> None:
    """Side by side is and, parentheses and minus bind as they are written."""
    text, means = meaning
    assert tuple(filter(means, rows)) == compile_filter(text, NOW).rows(tuple(rows))


# What could be typed next.


def offered(text: str) -> list[str]:
    return [one.text for one in complete(text, len(text), (ROW, OTHER))]


def test_fields_are_offered_where_a_term_begins_and_values_behind_a_field() -> None:
    """Values are those that stand in the inbox, the most frequent first."""
    assert [f"{name}{field.ops[0]}" for name, field in FIELDS.items()] == offered("")
    assert ["risk:", "run:", "rule:"] == offered("(-r")
    assert ["high", "medium", "low"] == offered("release risk:")
    assert ["planning"] == offered("agent:p")
    assert ["run-0012", "run-0120"] == offered("run:run")
    assert [] == offered('"risk:')
    assert [] == offered("nonsense:")


def test_what_is_offered_says_what_it_takes_the_place_of() -> None:
    """The rest of the line stays."""
    [one] = complete("-agent:so release", 9, (ROW, OTHER))
    assert ("Sorter", 7, 9) == (one.text, one.start, one.end)


def test_a_value_with_blanks_is_offered_in_quotes() -> None:
    """What is offered can be read."""
    row = replace(ROW, agent='the "old" planner')
    [one] = complete("agent:", 6, (row,))
    assert compile_filter(f"agent:{one.text}", NOW).holds(row)
