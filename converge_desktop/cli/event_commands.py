"""The records of the ledger, as somebody looks for them."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from converge_desktop.cli.shared import DONE, read, show
from converge_desktop.runtime.event_query import EventQuery
from converge_desktop.runtime.outputs import EventLine


def add_commands(command: Callable[..., Any]) -> None:
    """Adds the command; ``command`` makes one of a name and words."""
    events = command("events", "list records of the ledger")
    events.add_argument("--run", default="", metavar="RUN", help="those of a run")
    events.add_argument(
        "--origins", action="store_true", help="with those of the runs that it builds on"
    )
    events.add_argument("--kind", action="append", default=[], help="of a kind; may be repeated")
    events.add_argument("--tenant", default="", metavar="NAME", help="those of somebody's runs")
    events.add_argument("--since", type=_moment, metavar="TIME", help="such as 2026-11-26T09:00")
    events.add_argument("--until", type=_moment, metavar="TIME", help="before that time")
    events.add_argument(
        "--limit", type=_many, default=100, metavar="N", help="the newest N; 100 if left out"
    )


def events(arguments: argparse.Namespace) -> int:
    """Carries out ``events``."""
    query = EventQuery(
        run=arguments.run,
        with_origins=arguments.origins,
        kinds=tuple(arguments.kind),
        tenant=arguments.tenant,
        since=arguments.since,
        until=arguments.until,
        limit=arguments.limit,
    )
    rows = read(arguments).events(query)
    output = [
        EventLine(row.seq, row.at, row.kind, row.run_id, row.hash, row.summary) for row in rows
    ]
    lines = [f"{row.seq:>9}  {_time(row.at)}  {row.kind:18}  {row.summary}" for row in rows]
    show(arguments, output, lines or ["No record is like that."])
    return DONE


def _moment(text: str) -> int:
    """Reads a time as ISO 8601 spells it, of this machine's zone if it names none."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no time; write it like 2026-11-26T09:00"
        ) from None
    return int(moment.astimezone(UTC).timestamp() * 1e6)


def _many(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 on")
    return int(text)


def _time(at: int) -> str:
    return datetime.fromtimestamp(at / 1e6).astimezone().isoformat(" ", "seconds")
