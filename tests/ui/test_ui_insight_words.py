"""How insights read: cells, sentences, axes and what a picture shows, out of the tables alone."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from converge_desktop.runtime.insight_model import Insights, InsightTable, Kind, Value
from converge_desktop.ui.models import insight_sentences as say
from converge_desktop.ui.models.insight_cards import MODELS, PEOPLE, Question, outcomes
from converge_desktop.ui.models.insight_cells import NOTHING, cell, span
from converge_desktop.ui.models.insight_picture import MOST_BARS, Bars, Lines, bars_of, ticks_of
from tests.ui import sample
from tests.ui.sample_insights import HOUR, MIN, MONDAY, WEEK, S, insights, nothing

QUESTIONS = (*PEOPLE, *MODELS)


def changed(whole: Insights, name: str, *rows: tuple[Value, ...]) -> Insights:
    """Returns insights in which one table has other rows."""
    tables = tuple(replace(t, rows=rows) if t.name == name else t for t in whole.tables)
    return replace(whole, tables=tables)


@pytest.mark.parametrize(
    ("kind", "value", "said"),
    [
        (Kind.SHARE, 853, "85 %"),
        (Kind.SHARE, 999, "99 %"),
        (Kind.SHARE, 2, "0.2 %"),
        (Kind.SHARE, 0, "0 %"),
        (Kind.COUNT, 48_213, "48,213"),
        (Kind.TIME, 1_240_000, "1.2 s"),
        (Kind.WEEK, MONDAY, "week of 16 Nov"),
        (Kind.WEEK, MONDAY - 52 * WEEK, "week of 17 Nov 2025"),
        (Kind.TEXT, "one\u202etwo", "one⟨U+202E⟩two"),
        (Kind.SHARE, None, NOTHING),
    ],
)
def test_a_cell_is_written_for_people(kind: Kind, value: Value, said: str) -> None:
    """A share is never rounded up, so that not all is never 100 %."""
    assert said == cell(kind, value, sample.NOW)


@pytest.mark.parametrize(
    ("micros", "said"),
    [
        (3_240, "3.2 ms"),
        (105_000, "105 ms"),
        (4 * MIN, "4 min"),
        (4 * MIN + 12 * S, "4 min 12 s"),
        (95 * MIN, "1 h 35 min"),
        (47 * HOUR, "47 h"),
        (75 * HOUR, "3 d 3 h"),
    ],
)
def test_a_time_is_as_exact_as_somebody_would_say_it(micros: int, said: str) -> None:
    """From a part of a second to days."""
    assert said == span(micros)


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.name)
def test_every_question_has_a_sentence_a_table_and_a_picture(question: Question) -> None:
    """Which are about the same rows."""
    whole = insights()
    table = question.table(whole)
    picture = question.draw(table, sample.NOW)

    assert question.title.endswith("?")
    assert question.answer(whole).endswith(".")
    assert picture is not None
    assert 1 < len(picture.said()) == len(table.rows)


def test_the_sentence_on_approval_says_the_counts() -> None:
    """And what became of the others."""
    said = say.approval(insights())

    assert said == (
        "Of 110 proposals that people decided, 83 were approved as proposed (75 %); 9 edited "
        "first, 6 sent back and 12 rejected."
    )


def test_outcomes_add_up_to_what_was_asked() -> None:
    """Whoever waits is counted, too."""
    whole = insights()
    row = say.rows_of(whole.table("decisions"))[0]
    table = outcomes(changed(whole, "decisions", (120, *list(row.values())[1:])))

    assert 120 == sum(int(str(many)) for many in table.values("proposals"))
    assert ("waiting", 9, 75) == table.rows[-1]


def test_weeks_are_compared_with_the_one_before() -> None:
    """More, less, as many; and the first has none before it."""
    whole = insights()
    rows = whole.table("calls_by_week").rows

    assert "93 % of 690 answers kept to their contract, more than" in say.kept_lately(whole)
    back = changed(whole, "calls_by_week", rows[1], rows[0])
    assert "less than in the one before (81 %)" in say.kept_lately(back)
    same = changed(whole, "calls_by_week", rows[0], rows[0])
    assert "as many as in the one before" in say.kept_lately(same)
    assert "no week before it" in say.kept_lately(changed(whole, "calls_by_week", rows[0]))


def test_versions_are_compared_where_a_step_has_several() -> None:
    """Over all models; and it is said where no step has."""
    whole = insights()
    said = say.versions(whole)

    assert "In planning, 90 % of 1,311 answers with planning:v2 and 80 % of 902" in said
    first = changed(whole, "versions", whole.table("versions").rows[0])
    assert "No step has had another version of its prompt yet." == say.versions(first)


def test_one_agent_and_one_person_are_told_of_as_such() -> None:
    """Nobody is best of one."""
    whole = insights()
    agent = changed(whole, "decisions_by_agent", whole.table("decisions_by_agent").rows[0])
    person = changed(whole, "people", whole.table("people").rows[0])

    assert "All that was decided is by planning; 71 % of 57" in say.by_agent(agent)
    assert "ada#4b1e gave all 71 answers, half of them within 12 min." == say.by_person(person)


def test_what_is_alike_is_called_alike() -> None:
    """No agent is best where all fare the same; a single answer is the only one."""
    whole = insights()
    first = whole.table("decisions_by_agent").rows[0]
    alike = changed(whole, "decisions_by_agent", first, ("another", *first[1:]))
    calls = whole.table("agents").rows[0]
    same = changed(whole, "agents", calls, ("another", *calls[1:]))
    only = changed(whole, "people", ("ada#4b1e", 1, *whole.table("people").rows[0][2:]))
    undone = whole.table("decisions").rows[0]
    none = changed(whole, "decisions", (*undone[:10], 0, *undone[11:]))

    assert say.by_agent(alike).startswith("No agent fares better than another: 71 %")
    assert "None does better than another: of each, 89 % kept to the contract." == say.agents(same)
    assert "ada#4b1e gave the only answer, after 12 min." == say.by_person(only)
    assert say.outcomes(none).endswith("No decision was undone.")


def test_where_there_is_nothing_there_is_no_picture() -> None:
    """And nothing is counted as decided."""
    none = nothing()

    assert (0, 0) == (say.decided(none), say.calls(none))
    for question in QUESTIONS:
        if question.name != "outcomes":
            assert question.draw(question.table(none), sample.NOW) is None


def test_a_picture_of_many_bars_says_how_many_it_leaves_out() -> None:
    """The longest stay."""
    whole = insights()
    row = whole.table("decisions_by_agent").rows[0]
    many = tuple((f"agent {n}", *row[1:7], n * 10, *row[8:]) for n in range(40))
    table = replace(whole.table("decisions_by_agent"), rows=many)
    picture = bars_of(table, ("agent",), ("approval_rate", "decided"), "Approved", sample.NOW)

    assert picture is not None
    assert (MOST_BARS, 40 - MOST_BARS) == (len(picture.bars), picture.left_out)
    assert "agent 39: 39 % of 57 decided" == picture.said()[0]


def test_a_line_has_a_dot_for_each_week_that_was_measured() -> None:
    """A week without a decision has none, and the others stay where they are in time."""
    whole = insights()
    rows = [list(row) for row in whole.table("decisions_by_week").rows]
    rows[3][7:9] = [None, None]
    found = changed(whole, "decisions_by_week", *(tuple(row) for row in rows))
    picture = PEOPLE[0].draw(PEOPLE[0].table(found), sample.NOW)

    assert isinstance(picture, Lines)
    approved = picture.lines[0]
    assert (9, 9) == (len(approved.dots), len(picture.weeks))
    assert approved.dots[3][0] - approved.dots[2][0] == 2
    assert "approved 85 %" == approved.text


@given(st.sampled_from([Kind.COUNT, Kind.TIME]), st.integers(0, 10**13))
def test_an_axis_reaches_beyond_the_highest_in_few_even_steps(kind: Kind, top: int) -> None:
    """So that every value lies between 0 and its last mark."""
    ticks = [tick.at for tick in ticks_of(kind, float(top))]

    assert ticks[0] == 0
    assert top <= ticks[-1]
    assert 2 <= len(ticks) <= 6
    assert len({round(b - a) for a, b in pairwise(ticks)}) == 1


def test_bars_are_named_by_all_that_tells_them_apart() -> None:
    """Agent and model; what would hide is spelled out."""
    question = next(one for one in MODELS if one.name == "agents")
    table = question.table(insights())
    hidden = ("plan\u202ening", *table.rows[0][1:])
    picture = question.draw(replace(table, rows=(hidden, table.rows[1])), sample.NOW)

    assert isinstance(picture, Bars)
    assert ["plan⟨U+202E⟩ning · converge-nano", "planning · converge-nano"] == [
        bar.name for bar in picture.bars
    ]


def test_a_table_of_a_card_has_what_the_desk_has() -> None:
    """Columns by their names; none is made up."""
    whole = insights()
    for question in QUESTIONS:
        table = question.table(whole)
        assert isinstance(table, InsightTable)
        assert table.as_of == whole.as_of
