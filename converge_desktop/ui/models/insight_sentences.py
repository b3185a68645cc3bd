"""The sentences that answer the questions about a desk, out of the tables alone."""

from __future__ import annotations

from converge_desktop.runtime.insight_model import Insights, InsightTable, Value
from converge_desktop.ui import words
from converge_desktop.ui.models.insight_cells import span

Row = dict[str, Value]
_RISKS = ("high", "medium", "low")
_FEW = 2
_LONGEST = 60
"""How many letters of a name a sentence has; the table has all of them."""
ENDS = {
    "approved": "approved as proposed",
    "edited": "edited, then approved",
    "refined": "sent back",
    "rejected": "rejected",
    "expired": "expired",
    "withdrawn": "withdrawn",
}
"""How a proposal may end, by the column that counts it."""


def rows_of(table: InsightTable) -> list[Row]:
    """Returns the rows by the names of the columns."""
    names = [column.name for column in table.columns]
    return [dict(zip(names, row, strict=True)) for row in table.rows]


def number(row: Row, name: str) -> int:
    """Returns a count or a measure; 0 where there is none."""
    value = row[name]
    return value if isinstance(value, int) else 0


def decided(insights: Insights) -> int:
    """Returns how many proposals people decided."""
    return number(_whole(insights, "decisions"), "decided")


def calls(insights: Insights) -> int:
    """Returns how many model calls there are."""
    return number(_whole(insights, "calls"), "calls")


def approval(insights: Insights) -> str:
    """Says how often people approve, and what else they do."""
    row = _whole(insights, "decisions")
    many, approved = number(row, "decided"), number(row, "approved")
    said = f"Of {words.count(many, 'proposal')} that people decided, {approved:,} "
    said += f"{_was(approved)} approved as proposed ({words.percent(number(row, 'approval_rate'))})"
    others = (("edited", "edited first"), ("refined", "sent back"), ("rejected", "rejected"))
    more = [f"{number(row, name):,} {how}" for name, how in others if number(row, name)]
    return f"{said}; {_listed(more)}." if more else f"{said}."


def outcomes(insights: Insights) -> str:
    """Says what people made of proposals, what nobody answered, and what was undone."""
    row = _whole(insights, "decisions")
    asked, overruled = number(row, "opened"), number(row, "decided") - number(row, "approved")
    said = f"People were asked {words.count(asked, 'time')}; {words.count(overruled, 'proposal')} "
    said += "did not pass as proposed. "
    undone = number(row, "undone")
    if not undone:
        return f"{said}No decision was undone."
    return f"{said}{words.count(undone, 'decision')} {_was(undone)} undone in time."


def waiting(insights: Insights) -> str:
    """Says how soon people decide, and what nobody decided in time."""
    row = _whole(insights, "decisions")
    said = f"Half of them were decided within {span(number(row, 'decide_median'))}, "
    said += f"nine of ten within {span(number(row, 'decide_p90'))}"
    expired = number(row, "expired")
    if not expired:
        return f"{said}; none expired."
    return f"{said}; {words.count(expired, 'proposal')} expired before anybody decided."


def by_risk(insights: Insights) -> str:
    """Says what share of each risk is approved."""
    rows = {str(row["risk"]): row for row in rows_of(insights.table("decisions_by_risk"))}
    known = [risk for risk in _RISKS if risk in rows and number(rows[risk], "decided")]
    parts = [
        f"{words.percent(number(rows[risk], 'approval_rate'))} of {risk} risk" for risk in known
    ]
    return f"Approved as proposed: {_listed(parts)}."


def by_agent(insights: Insights) -> str:
    """Says whose proposals are approved most, and least."""
    rows = [r for r in rows_of(insights.table("decisions_by_agent")) if number(r, "decided")]
    rows.sort(key=lambda row: -number(row, "approval_rate"))
    best, least = rows[0], rows[-1]
    if len(rows) == 1:
        share = _share_of(best, "approval_rate", "decided")
        return f"All that was decided is by {_name(best, 'agent')}; {share} approved as proposed."
    if number(best, "approval_rate") == number(least, "approval_rate"):
        share = words.percent(number(best, "approval_rate"))
        return f"No agent fares better than another: {share} of what each proposed was approved."
    parts = [
        f"{how} often those by {_name(row, 'agent')} ({_share_of(row, 'approval_rate', 'decided')})"
        for how, row in (("Most", best), ("least", least))
    ]
    return f"{', '.join(parts)}."


def by_person(insights: Insights) -> str:
    """Says who answers how much."""
    rows = rows_of(insights.table("people"))
    most, total = rows[0], sum(number(row, "answers") for row in rows)
    name = _name(most, "by")
    if len(rows) == 1:
        half = span(number(most, "decide_median"))
        if total == 1:
            return f"{name} gave the only answer, after {half}."
        return f"{name} gave all {words.count(total, 'answer')}, half of them within {half}."
    said = f"{len(rows):,} people gave {words.count(total, 'answer')}; most of them, "
    return f"{said}{number(most, 'answers'):,}, are by {name}."


def failures(insights: Insights) -> str:
    """Says how many answers kept to their contract, and why most of the others did not."""
    row, causes = _whole(insights, "calls"), rows_of(insights.table("failures"))
    many, valid = number(row, "calls"), number(row, "valid")
    said = f"Of {words.count(many, 'answer')}, {valid:,} kept to "
    said += f"{'its' if many == 1 else 'their'} contract ({_percent(row)})"
    if not causes:
        return f"{said}; no check of a contract failed."
    most = causes[0]
    times = words.count(number(most, "calls"), "time")
    return f"{said}. What failed most: {_name(most, 'cause')}, {times}."


def kept_lately(insights: Insights) -> str:
    """Compares the latest week with the one before it."""
    weeks = rows_of(insights.table("calls_by_week"))
    last = f"In the latest week {_percent(weeks[-1])} of {words.count(_many(weeks[-1]), 'answer')}"
    if len(weeks) < _FEW:
        return f"{last} kept to their contract; there is no week before it to compare with."
    before = weeks[-2]
    moved = number(weeks[-1], "valid_share") // 10 - number(before, "valid_share") // 10
    how = "more than" if moved > 0 else "less than" if moved < 0 else "as many as"
    return f"{last} kept to their contract, {how} in the one before ({_percent(before)})."


def agents(insights: Insights) -> str:
    """Says which agent's answers keep to their contract most, and least."""
    rows = sorted(rows_of(insights.table("agents")), key=lambda row: -number(row, "valid_share"))
    best = f"{_name(rows[0], 'agent')} with {_name(rows[0], 'model')}"
    said = f"{_percent(rows[0])} of {_many(rows[0]):,} answers of {best} kept to their contract"
    if len(rows) == 1:
        return f"{said}; there is no other to compare with."
    if _percent(rows[0]) == _percent(rows[-1]):
        return f"None does better than another: of each, {_percent(rows[0])} kept to the contract."
    last = f"{_name(rows[-1], 'agent')} with {_name(rows[-1], 'model')}"
    return f"{said}; {_percent(rows[-1])} of {_many(rows[-1]):,} of {last}."


def versions(insights: Insights) -> str:
    """Compares the versions of the prompt that was asked most, of those that have several."""
    steps: dict[str, list[Row]] = {}
    for row in rows_of(insights.table("versions")):
        steps.setdefault(str(row["step"]), []).append(row)
    several = {name: rows for name, rows in steps.items() if len({r["version"] for r in rows}) > 1}
    if not several:
        return "No step has had another version of its prompt yet."
    step, rows = max(several.items(), key=lambda item: sum(map(_many, item[1])))
    valid: dict[str, int] = {}
    of: dict[str, int] = {}
    for row in rows:
        version = _name(row, "version")
        valid[version] = valid.get(version, 0) + number(row, "valid")
        of[version] = of.get(version, 0) + _many(row)
    shares = {version: valid[version] * 1000 // of[version] for version in of}
    best = sorted(shares, key=lambda version: -shares[version])[:_FEW]
    parts = [f"{words.percent(shares[v])} of {of[v]:,} answers with {v}" for v in best]
    return f"In {words.one_line(step)}, {_listed(parts)} kept to their contract."


def tokens(insights: Insights) -> str:
    """Says what a call reads and writes on average."""
    row = _whole(insights, "calls")
    many = max(1, _many(row))
    prompt, kept = number(row, "prompt_tokens"), number(row, "reused_tokens")
    said = f"On average a model reads {prompt // many:,} tokens for an answer"
    if prompt:
        said += f", {words.percent(kept * 1000 // prompt)} of which were reused from one before,"
    return f"{said} and writes {number(row, 'output_tokens') // many:,}."


def latency(insights: Insights) -> str:
    """Says how soon answers come, and their first token."""
    row = _whole(insights, "calls")
    said = f"Half of the answers came within {span(number(row, 'duration_median'))}, nine of ten "
    said += f"within {span(number(row, 'duration_p90'))}; half of the first tokens within "
    return f"{said}{span(number(row, 'first_median'))}."


def _whole(insights: Insights, table: str) -> Row:
    return rows_of(insights.table(table))[0]


def _many(row: Row) -> int:
    return number(row, "calls")


def _percent(row: Row) -> str:
    return words.percent(number(row, "valid_share"))


def _share_of(row: Row, share: str, of: str) -> str:
    return f"{words.percent(number(row, share))} of {number(row, of):,}"


def _name(row: Row, name: str) -> str:
    return words.short_id(str(row[name]), _LONGEST) or "one without a name"


def _was(many: int) -> str:
    return "was" if many == 1 else "were"


def _listed(parts: list[str]) -> str:
    return f"{', '.join(parts[:-1])} and {parts[-1]}" if len(parts) > 1 else "".join(parts)
