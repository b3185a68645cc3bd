"""F3: records are found by tenant, time, kind, correlation, chain and limit, and no other."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from converge_core.errors import IllegalCommand
from converge_core.events import KINDS, RunStarted
from converge_core.ledger import Entry
from converge_desktop.adapters.ledger.history import LedgerHistory
from converge_desktop.adapters.ledger.ledger_file import read_ledger
from converge_desktop.runtime.event_query import EventQuery, find
from tests.core.golden_story import LEDGER


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> LedgerHistory:
    """A ledger with runs that go on from others, and one with a tenant."""
    directory = tmp_path_factory.mktemp("ledger")
    shutil.copy(LEDGER, directory / "000000000000.jsonl")
    return LedgerHistory(directory).read_all()


def started(entries: list[Entry]) -> dict[str, RunStarted]:
    """Returns how each run began."""
    events = [entry.event for entry in entries]
    return {event.run: event for event in events if isinstance(event, RunStarted)}


@given(data=st.data())
def test_what_is_found_is_what_matches(history: LedgerHistory, data: st.DataObject) -> None:
    """The same as going through every record from the first."""
    entries = list(read_ledger(history.directory))
    runs = started(entries)
    times = st.none() | st.sampled_from([entry.head.at for entry in entries])
    tenants = {one.tenant for one in runs.values() if one.tenant is not UNSET}
    query = EventQuery(
        run=data.draw(st.sampled_from(["", *runs])),
        with_origins=data.draw(st.booleans()),
        kinds=tuple(data.draw(st.sets(st.sampled_from(sorted(KINDS)), max_size=3))),
        tenant=data.draw(st.sampled_from(["", *tenants, "nobody"])),
        since=data.draw(times),
        until=data.draw(times),
        limit=data.draw(st.integers(1, 200)),
    )
    line = {query.run}
    at = runs.get(query.run)
    while query.with_origins and at is not None and at.continues:
        line.add(at.continues)
        at = runs[at.continues]

    def matches(entry: Entry) -> bool:
        head = entry.head
        own = runs.get(head.run)
        tenant = own.tenant if own is not None and own.tenant is not UNSET else ""
        return (
            (not query.run or head.run in line)
            and (not query.kinds or head.kind in query.kinds)
            and (not query.tenant or (own is not None and tenant == query.tenant))
            and (query.since is None or head.at >= query.since)
            and (query.until is None or head.at < query.until)
        )

    expected = [entry for entry in entries if matches(entry)][-query.limit :]
    assert expected == find(history, query)


@pytest.mark.parametrize("by", ["tenant", "time", "kind", "correlation", "chain", "limit"])
def test_records_are_found_by_tenant_time_kind_correlation_chain_and_limit(
    history: LedgerHistory, by: str
) -> None:
    """What belongs together is a run; a chain is a run with those that it goes on from."""
    entries = list(read_ledger(history.directory))
    runs = started(entries)
    later = next(run for run, one in runs.items() if one.continues)
    line = [later]
    while origin := runs[line[-1]].continues:
        line.append(origin)
    tenant = next(str(one.tenant) for one in runs.values() if one.tenant is not UNSET)
    own = {run for run, one in runs.items() if one.tenant == tenant}
    middle = entries[len(entries) // 2].head.at
    query, expected = {
        "tenant": (EventQuery(tenant=tenant), [e for e in entries if e.head.run in own]),
        "time": (
            EventQuery(since=entries[9].head.at, until=middle),
            [e for e in entries if entries[9].head.at <= e.head.at < middle],
        ),
        "kind": (
            EventQuery(kinds=("gate_decided",)),
            [e for e in entries if e.head.kind == "gate_decided"],
        ),
        "correlation": (EventQuery(run=later), [e for e in entries if e.head.run == later]),
        "chain": (
            EventQuery(run=later, with_origins=True),
            [e for e in entries if e.head.run in line],
        ),
        "limit": (EventQuery(limit=3), entries[-3:]),
    }[by]
    query = query if by == "limit" else replace(query, limit=len(entries))

    assert 0 < len(expected) < len(entries)
    assert expected == find(history, query)


def test_a_kind_that_there_is_not_is_named_with_those_there_are(history: LedgerHistory) -> None:
    """A typing error is no empty answer."""
    with pytest.raises(IllegalCommand, match=r"no kind 'gate_decide'; there are: .*gate_decided"):
        find(history, EventQuery(kinds=("gate_decide",)))


def test_a_run_that_there_is_not_is_said_to_be_none(history: LedgerHistory) -> None:
    """Nothing found and nothing there are two answers."""
    with pytest.raises(IllegalCommand, match="there is no run run-9999"):
        find(history, EventQuery(run="run-9999"))


def test_the_golden_story_has_what_is_asked_for_here(history: LedgerHistory) -> None:
    """Otherwise the law above would hold of nothing."""
    runs = started(list(read_ledger(history.directory)))
    assert any(one.continues for one in runs.values())
    assert any(one.tenant is not UNSET for one in runs.values())
