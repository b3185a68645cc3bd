"""Which records of a ledger somebody asks for: by run, kind, time and tenant."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from msgspec import UNSET

from converge_core.errors import IllegalCommand
from converge_core.events import KINDS, RunStarted
from converge_core.ledger import Entry
from converge_desktop.adapters.ledger.history import LedgerHistory


@dataclass(frozen=True, slots=True)
class EventQuery:
    """What is asked for; what is left empty matches everything.

    Attributes:
        run: the run that records belong to.
        with_origins: whether those of the runs that it builds on are wanted as well.
        kinds: their kinds.
        tenant: whose runs.
        since: the earliest time, in microseconds since 1970 UTC.
        until: the time before which they were written.
        limit: how many at most, the newest.
    """

    run: str = ""
    with_origins: bool = False
    kinds: tuple[str, ...] = ()
    tenant: str = ""
    since: int | None = None
    until: int | None = None
    limit: int = 100


def find(history: LedgerHistory, query: EventQuery) -> list[Entry]:
    """Returns the records that match, oldest first; of more than the limit, the newest.

    Raises:
        IllegalCommand: if a kind or a run is asked for that there is not.
    """
    unknown = sorted(set(query.kinds) - set(KINDS))
    if unknown:
        raise IllegalCommand(f"there is no kind {unknown[0]!r}; there are: {', '.join(KINDS)}")
    runs = _runs(history, query)
    found: list[Entry] = []
    for seq in _newest_first(history, query, runs):
        entry = history.entry(seq)
        if _fits(entry, query):
            found.append(entry)
            if len(found) == query.limit:
                break
    return found[::-1]


def _runs(history: LedgerHistory, query: EventQuery) -> list[str] | None:
    """Returns the runs that are asked for; None for all records, the desk's own among them."""
    if not query.run:
        every = [run for run in history.index.runs if run]
        return [run for run in every if _is_of(history, run, query)] if query.tenant else None
    if query.run not in history.index.runs:
        raise IllegalCommand(f"there is no run {query.run}")
    runs = [query.run]
    while query.with_origins and (origin := _started(history, runs[-1]).continues):
        runs.append(origin)
    return [run for run in runs if not query.tenant or _is_of(history, run, query)]


def _is_of(history: LedgerHistory, run: str, query: EventQuery) -> bool:
    tenant = _started(history, run).tenant
    return tenant is not UNSET and tenant == query.tenant


def _started(history: LedgerHistory, run: str) -> RunStarted:
    """Returns how a run began; of one whose record was redacted, that is not known."""
    event = next(history.of_run(run)).event
    if not isinstance(event, RunStarted):
        raise IllegalCommand(f"how run {run} began was left out of this copy of the ledger")
    return event


def _newest_first(
    history: LedgerHistory, query: EventQuery, runs: list[str] | None
) -> Iterator[int]:
    index, kinds = history.index, set(query.kinds)
    if runs is None:
        every = index.of_kinds(query.kinds) if kinds else range(index.count)
        yield from reversed(list(every) if kinds else range(index.count))
        return
    spans = sorted(span for run in runs for span in index.spans(run))
    for first, count in reversed(spans):
        for seq in reversed(range(first, first + count)):
            if not kinds or index.kind(seq) in kinds:
                yield seq


def _fits(entry: Entry, query: EventQuery) -> bool:
    at = entry.head.at
    return (query.since is None or at >= query.since) and (query.until is None or at < query.until)
