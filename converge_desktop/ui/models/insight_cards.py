"""The questions that the page of insights answers: each with a sentence, a table and a picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from converge_desktop.runtime.insight_model import Column, Insights, InsightTable, Kind
from converge_desktop.ui.models import insight_sentences as say
from converge_desktop.ui.models.insight_picture import Picture, bars_of, lines_of

Draw = Callable[[InsightTable, int], Picture | None]
_OUTCOME = (
    Column("outcome", "Outcome", Kind.TEXT),
    Column("proposals", "Proposals", Kind.COUNT),
    Column("share", "Share", Kind.SHARE),
)
_ENDED = ("decided", "approved", "edited", "refined", "rejected", "opened")
_TOOK = ("output_tokens", "duration_median", "duration_p90")


@dataclass(frozen=True, slots=True)
class Question:
    """A card of the page.

    Attributes:
        name: for programs, and the beginning of a file's name.
        title: the question.
        answer: returns the sentence that answers it.
        table: returns the table that says it in full.
        draw: returns its picture; None where there is nothing to draw.
    """

    name: str
    title: str
    answer: Callable[[Insights], str]
    table: Callable[[Insights], InsightTable]
    draw: Draw


def _table(name: str, *columns: str) -> Callable[[Insights], InsightTable]:
    return lambda insights: insights.table(name).only(*columns)


def _lines(*lines: tuple[str, str], of: str, axis: str) -> Draw:
    return lambda table, now: lines_of(table, lines, of, f"{axis}, by week", now)


def _bars(*names: str, value: str, of: str = "", axis: str) -> Draw:
    return lambda table, now: bars_of(table, names, (value, of), axis, now)


def _approved(*names: str, of: str = "decided") -> Draw:
    return _bars(*names, value="approval_rate", of=of, axis="Approved as proposed")


def _kept(*names: str) -> Draw:
    return _bars(*names, value="valid_share", of="calls", axis="Kept to the contract")


def outcomes(insights: Insights) -> InsightTable:
    """Makes a table of how proposals ended, and how many wait, out of the one row that has all."""
    whole = insights.table("decisions")
    row = say.rows_of(whole)[0]
    ended = [(say.ENDS[name], say.number(row, name)) for name in say.ENDS]
    asked = say.number(row, "opened")
    ended.append(("waiting", max(0, asked - sum(many for _, many in ended))))
    rows = tuple((how, many, many * 1000 // max(1, asked)) for how, many in ended)
    return InsightTable(
        "outcomes", "What becomes of what people are asked", _OUTCOME, rows, whole.as_of
    )


PEOPLE = (
    Question(
        "approval-rate",
        "How often do people approve what agents propose?",
        say.approval,
        _table("decisions_by_week", "week", "approval_rate", "edit_rate", *_ENDED),
        _lines(
            ("approval_rate", "approved"),
            ("edit_rate", "edited"),
            of="decided",
            axis="Share of what people decided",
        ),
    ),
    Question(
        "outcomes",
        "What becomes of what people are asked?",
        say.outcomes,
        outcomes,
        _bars("outcome", value="proposals", axis="Proposals"),
    ),
    Question(
        "time-to-decide",
        "How long does a proposal wait for its decision?",
        say.waiting,
        _table(
            "decisions_by_week",
            "week",
            "decide_median",
            "decide_p90",
            "decided",
            "expired",
            "undone",
        ),
        _lines(
            ("decide_median", "half within"),
            ("decide_p90", "90 % within"),
            of="decided",
            axis="Time from question to decision",
        ),
    ),
    Question(
        "approval-by-risk",
        "Does risk change what people decide?",
        say.by_risk,
        _table("decisions_by_risk", "risk", "approval_rate", *_ENDED, "decide_median"),
        _approved("risk"),
    ),
    Question(
        "approval-by-agent",
        "Whose proposals are approved?",
        say.by_agent,
        _table("decisions_by_agent", "agent", "approval_rate", *_ENDED, "decide_median"),
        _approved("agent"),
    ),
    Question(
        "answers-by-person",
        "How does each person answer?",
        say.by_person,
        _table(
            "people",
            *("by", "approval_rate", "answers", "approved", "edited", "refined", "rejected"),
            *("undone", "decide_median", "decide_p90"),
        ),
        _approved("by", of="answers"),
    ),
)
"""What is asked about the people who decide."""
MODELS = (
    Question(
        "contract-failures",
        "Why do answers of models fail their contract?",
        say.failures,
        _table("failures", "cause", "calls", "share", "words"),
        _bars("cause", value="calls", axis="Answers that failed it"),
    ),
    Question(
        "contract-by-week",
        "Do more answers keep to their contract than before?",
        say.kept_lately,
        _table("calls_by_week", "week", "valid_share", "valid", "calls"),
        _lines(("valid_share", "kept to it"), of="calls", axis="Share of answers"),
    ),
    Question(
        "agents",
        "Which agent does best, with which model?",
        say.agents,
        _table(
            "agents",
            *("agent", "model", "valid_share", "valid", "calls", "prompt_tokens", *_TOOK),
        ),
        _kept("agent", "model"),
    ),
    Question(
        "prompt-versions",
        "Did another version of a prompt help?",
        say.versions,
        _table(
            "versions",
            *("step", "version", "model", "valid_share", "valid", "calls", *_TOOK),
        ),
        _kept("version", "model"),
    ),
    Question(
        "tokens",
        "How much do models read and write?",
        say.tokens,
        _table("calls_by_week", "week", "prompt_tokens", "reused_tokens", "output_tokens", "calls"),
        _lines(
            ("prompt_tokens", "prompts"),
            ("reused_tokens", "reused"),
            ("output_tokens", "answers"),
            of="calls",
            axis="Tokens",
        ),
    ),
    Question(
        "latency",
        "How long does an answer take?",
        say.latency,
        _table(
            "calls_by_week",
            *("week", "duration_p90", "duration_median", "first_median", "first_p90", "calls"),
        ),
        _lines(
            ("duration_p90", "90 % within"),
            ("duration_median", "half within"),
            ("first_median", "first token"),
            of="calls",
            axis="Time of an answer",
        ),
    ),
)
"""What is asked about the models that answer."""
