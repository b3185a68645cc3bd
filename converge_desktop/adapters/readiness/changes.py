"""Turns a history into metrics, and says which failing modules changed.

As in :mod:`metrics`, Polars does the sums and every number is a whole one. What the history cannot
say stays unknown; it never becomes a zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import polars as pl

from converge_core.limits import Quantity
from converge_desktop.adapters.intake import Metric
from converge_desktop.adapters.readiness.history import History
from converge_desktop.adapters.readiness.metrics import Failing
from converge_desktop.adapters.readiness.modules import changed_modules
from converge_desktop.adapters.wording import counted, listed

_CHANGES = {
    "path": pl.String,
    "renamed_from": pl.String,
    "added": pl.Int64,
    "deleted": pl.Int64,
    "binary": pl.Boolean,
}
_MICROS_PER_DAY = 86_400_000_000
GIT = "git"


def changes_frame(history: History) -> pl.DataFrame:
    """Returns what changed since the tag, a row a file."""
    columns = {key: [getattr(change, key) for change in history.changes or ()] for key in _CHANGES}
    return pl.DataFrame(columns, schema=_CHANGES)


def measure_history(history: History, changes: pl.DataFrame, now_us: int) -> tuple[Metric, ...]:
    """Returns the metrics of the history; the clock is the caller's."""
    place = f"refs/tags/{history.tag}..HEAD" if history.tag else "refs/tags"
    known = history.changes is not None
    files = Quantity(changes.height if known else None)
    return (
        Metric(
            "history.commits_since_tag",
            "commits since the tag",
            Quantity(history.commits),
            GIT,
            place,
            counted(history.merges, "merge", "merges") + " among them" if history.merges else "",
        ),
        Metric("history.churn", "churn since the tag", _churn(changes, known), GIT, place),
        Metric(
            "history.files_changed",
            "files changed since the tag",
            files,
            GIT,
            place,
            _kinds(changes),
        ),
        _days(history, now_us),
    )


def measure_overlap(
    failing: Sequence[Failing], changes: pl.DataFrame | None, source: str
) -> Metric:
    """Returns how many modules both changed and fail; ``changes`` is None where none are known."""
    known = [each.module for each in failing if each.known]
    both: list[str] | None = [] if not failing else None
    if failing and changes is not None:
        paths = changes["path"].to_list() + changes["renamed_from"].drop_nulls().to_list()
        both = changed_modules(known, paths)
    return Metric(
        "modules.changed_and_failing",
        "modules changed and failing",
        Quantity(None if both is None else len(both)),
        f"{source} and {GIT}",
        "testcase/@classname or @file, and the paths changed since the tag",
        listed(both or []),
    )


def note_changes(history: History, failing: Sequence[Failing], now_us: int) -> list[str]:
    """Returns what the comparison of history, clock and failures leaves open."""
    notes = []
    if history.tagged_us is not None and history.tagged_us > now_us:
        notes.append(
            f"The tag {history.tag} lies in the future by this machine's clock "
            f"({_moment(history.tagged_us)}, now {_moment(now_us)}), so it counts as made today."
        )
    strangers = [each.module for each in failing if not each.known]
    if strangers:
        which = counted(len(strangers), "failing module fits", "failing modules fit")
        notes.append(
            f"{which} no one file of the repository, so whether it changed cannot be known: "
            f"{listed(strangers)}."
        )
    if failing and history.changes is None:
        notes.append("Without a tag it cannot be known whether what fails was changed.")
    return notes


def _churn(changes: pl.DataFrame, known: bool) -> Quantity:
    text = changes.filter(~pl.col("binary"))
    if not known or text["added"].null_count():
        return Quantity(None, 0, "lines")
    return Quantity(int(text["added"].sum()) + int(text["deleted"].sum()), 0, "lines")


def _kinds(changes: pl.DataFrame) -> str:
    renamed = changes["renamed_from"].drop_nulls().len()
    binary = changes.filter(pl.col("binary")).height
    said = [
        f"{count} {what}" for count, what in ((renamed, "renamed"), (binary, "binary")) if count
    ]
    return ", ".join(said)


def _days(history: History, now_us: int) -> Metric:
    if history.tagged_us is None:
        days, detail = None, ""
    else:
        days = max(0, now_us - history.tagged_us) // _MICROS_PER_DAY
        # The moment of reading stands in the ledger; here it would make every minute another fact.
        detail = f"{history.tag} of {_moment(history.tagged_us)}"
    place = f"refs/tags/{history.tag}, committer date" if history.tag else "refs/tags"
    quantity = Quantity(days, 0, "days")
    return Metric("history.days_since_tag", "days since the tag", quantity, GIT, place, detail)


def _moment(micros: int) -> str:
    try:
        return datetime.fromtimestamp(micros // 1_000_000, UTC).strftime("%Y-%m-%d %H:%M UTC")
    except (OverflowError, ValueError, OSError):
        return f"{micros // 1_000_000} s after 1970"
