"""How each person answers what they are asked: how often which way, and how soon.

An answer counts for whoever gave it, also where it was one vote of several or was undone later.
"""

from __future__ import annotations

import polars as pl

from converge_core.review import ActKind, Verdict
from converge_desktop.runtime.insight_frames import (
    Question,
    codes_of,
    frame_of,
    grouped,
    share,
    table_of,
    time_between,
)
from converge_desktop.runtime.insight_model import Column, InsightTable, Kind
from converge_desktop.runtime.trace_index import Indexed
from converge_desktop.runtime.trace_rows import OPENED

QUESTION = Question("people", "How each person answers", ("by",))
_VERDICTS = {
    Verdict.APPROVE: "approved",
    Verdict.EDIT: "edited",
    Verdict.REFINE: "refined",
    Verdict.REJECT: "rejected",
}
_COLUMNS = (
    Column("answers", "Answers", Kind.COUNT),
    *(Column(name, name.capitalize(), Kind.COUNT) for name in _VERDICTS.values()),
    Column("approval_rate", "Approval rate", Kind.SHARE),
    Column("undone", "Undone", Kind.COUNT),
    Column("decide_median", "Time to answer, median", Kind.TIME),
    Column("decide_p90", "Time to answer, 90 %", Kind.TIME),
)


def of_people(view: Indexed) -> InsightTable:
    """Returns a row for each person who answered."""
    code = codes_of(view.gates, "what")
    frame = frame_of(view.gates, ("gate", "at", "what", "by"))

    def is_(*words: str) -> pl.Expr:
        codes = [one for word in words for one in code(word)]
        return pl.col("what").is_in(codes or [-1])

    asked = frame.filter(is_(OPENED)).group_by("gate").agg(pl.col("at").first().alias("asked"))
    acts = frame.filter(is_(*_VERDICTS, ActKind.UNDO)).join(asked, on="gate", how="left")
    answer = is_(*_VERDICTS)
    took = time_between("asked", "at").filter(answer)
    found = grouped(
        acts,
        QUESTION.by,
        {
            "answers": answer.sum(),
            **{name: is_(verdict).sum() for verdict, name in _VERDICTS.items()},
            "approval_rate": share(is_(Verdict.APPROVE).sum(), answer.sum()),
            "undone": is_(ActKind.UNDO).sum(),
            "decide_median": took.median(),
            "decide_p90": took.quantile(0.9, "nearest"),
        },
    )
    found = found.filter(pl.col("answers") > 0).sort("answers", "by", descending=[True, False])
    return table_of(view, view.gates, found, QUESTION, _COLUMNS)
