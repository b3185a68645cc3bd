"""Model calls, as somebody looks for them, and how a desk fares.

They go through the index as the desk left it; what is newer is read from the ledger, and nothing is
written.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from converge_core.errors import LedgerCorrupt
from converge_desktop.adapters.clock import system_clock
from converge_desktop.cli.shared import DONE, CannotGoOn, data_dir, read, show
from converge_desktop.runtime.filter_reading import FilterProblem
from converge_desktop.runtime.trace_model import ORDERS, FoundTrace, TraceProblem
from converge_desktop.runtime.trace_outputs import insights_output, trace_line
from converge_desktop.runtime.unseen import spelled_out
from converge_desktop.runtime.wording import ledger_problem

if TYPE_CHECKING:
    from converge_desktop.runtime.trace_reading import TraceReading

_PAGE = 1000


def add_commands(command: Callable[..., Any]) -> None:
    """Adds the commands; ``command`` makes one of a name and words."""
    traces = command("traces", "list recorded model calls")
    traces.add_argument(
        "--filter",
        default="",
        metavar="TEXT",
        help="which, such as: step:evaluation valid:no after:yesterday tokens>500",
    )
    traces.add_argument("--order", choices=ORDERS, default="time", help="by what; time if left out")
    traces.add_argument(
        "--ascending", action="store_true", help="the least, or the oldest, comes first"
    )
    traces.add_argument("--limit", type=_many, metavar="N", help="the first N; all if left out")
    insights = command("insights", "show how the desk fares: decisions, failures, tokens, times")
    insights.add_argument("--table", default="", metavar="NAME", help="one table; all if left out")
    insights.add_argument(
        "--csv", action="store_true", help="print the table as comma separated values"
    )


def _many(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of calls, from 1 on")
    return int(text)


def traces(arguments: argparse.Namespace) -> int:
    """Carries out ``traces``."""
    found = list(_found(_reading(arguments), arguments))
    lines = [
        f"{one.row.outcome:9}  {one.row.step:10}  {one.row.headline}\n  {one.row.trace_id}"
        for one in found
    ]
    nothing = "No model call fits the filter." if arguments.filter else "No model was called yet."
    show(arguments, [trace_line(one) for one in found], [*map(spelled_out, lines)] or [nothing])
    return DONE


def _found(reading: TraceReading, arguments: argparse.Namespace) -> Iterator[FoundTrace]:
    try:
        found = reading.find(
            arguments.filter,
            arguments.order,
            descending=not arguments.ascending,
            now=system_clock(),
        )
        limit = min(arguments.limit or found.total, found.total)
        for first in range(0, limit, _PAGE):
            yield from reading.page(found.token, first, min(_PAGE, limit - first))
    except FilterProblem as error:
        raise CannotGoOn(f"the filter cannot be read: {error}") from error
    except TraceProblem as error:
        raise CannotGoOn(str(error)) from error


def insights(arguments: argparse.Namespace) -> int:
    """Carries out ``insights``."""
    found = _reading(arguments).insights()
    names = [table.name for table in found.tables]
    if arguments.table and arguments.table not in names:
        raise CannotGoOn(f"there is no table {arguments.table!r}; there are: {', '.join(names)}")
    if arguments.csv and not arguments.table:
        raise CannotGoOn(f"name the table with --table; there are: {', '.join(names)}")
    lines: list[str] = []
    for table in found.tables:
        if arguments.table in {"", table.name}:
            text = table.csv().rstrip("\r\n").replace("\r\n", "\n")
            lines.append(text if arguments.csv else f"{table.title} ({table.name})\n{text}\n")
    show(arguments, insights_output(found, arguments.table), [*map(spelled_out, lines)])
    return DONE


def _reading(arguments: argparse.Namespace) -> TraceReading:
    """Reads the ledger and, as far as it fits, the index, without locking or writing anything."""
    views, directory = read(arguments), data_dir(arguments)
    # Imported here: NumPy takes a tenth of a second, and most commands do without.
    from converge_desktop.runtime.trace_reading import TraceReading  # noqa: PLC0415

    try:
        return TraceReading(directory, views.history)
    except (LedgerCorrupt, OSError) as error:
        raise CannotGoOn(ledger_problem(directory, error)) from error
