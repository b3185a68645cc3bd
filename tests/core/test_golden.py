"""Golden files: what any version wrote is read for ever, to the byte and to the root."""

from __future__ import annotations

import json
from typing import Any

import pytest

from converge_core.canonical import canonical, canonical_record, parse
from converge_core.events import KINDS, Event, RunStarted, body_of, read_event
from converge_core.ledger import UPCASTS, VERSION, Entry, decode
from converge_core.state import DeskState, Phase, fold
from tests.core.golden_story import EVENTS, FOLDER, LEDGER, bodies, story, written

BODIES = json.loads(EVENTS.read_text())
ROOTS = {
    "ledger_v1.jsonl": {
        "run-0001": "f5cffe6849fbd1814e2ba74f0c31384f301f01e0fdec80af40bf05e97f965e7b",
        "run-0002": "efa0b9278b64267480154fe32c72674a1285a3fac165e6c89bdabb5fa7d0d4ab",
        "run-0003": "485655341b5c2c6f876c6f979910e0c9fdc119728a33e9d2b72b7c9c01181611",
    },
    "ledger_v2.jsonl": {
        "run-0001": "f5cffe6849fbd1814e2ba74f0c31384f301f01e0fdec80af40bf05e97f965e7b",
        "run-0002": "80e283342ceb9a1c47cda9c6c217bafc02d464f8e2916a2e9b661a66169a126e",
        "run-0003": "485655341b5c2c6f876c6f979910e0c9fdc119728a33e9d2b72b7c9c01181611",
    },
    "ledger_v3.jsonl": {
        "run-0001": "f5cffe6849fbd1814e2ba74f0c31384f301f01e0fdec80af40bf05e97f965e7b",
        "run-0002": "80e283342ceb9a1c47cda9c6c217bafc02d464f8e2916a2e9b661a66169a126e",
        "run-0003": "485655341b5c2c6f876c6f979910e0c9fdc119728a33e9d2b72b7c9c01181611",
    },
}
HEADS = {
    "ledger_v1.jsonl": "ed56df85361fef074db04069bd2587de10fa2959c26e9e7473771f0ceefecf91",
    "ledger_v2.jsonl": "22e14deab9215c0a4133dc959e49e404d0cb6d9437904a27119c7df3299abd8c",
    "ledger_v3.jsonl": "20d775c662f91d86b1d102dd4ab100730855986fdf7d50437f3da3b6e536cd36",
}
"""The hash of the last record of each version's ledger."""
OLD_BODIES = {
    (version, kind): body
    for version in UPCASTS
    for kind, body in json.loads((FOLDER / f"events_v{version}.json").read_text()).items()
}


def entries(name: str = LEDGER.name) -> list[Entry]:
    return list(decode((FOLDER / name).read_bytes().splitlines(keepends=True)))


def state(name: str = LEDGER.name) -> DeskState:
    state = DeskState()
    for entry in entries(name):
        assert entry.event is not None
        state = fold(state, entry.event, entry.head.at, entry.head.seq)
    return state


@pytest.mark.parametrize("name", HEADS)
def test_a_golden_ledger_opens_with_the_roots_it_was_written_with(name: str) -> None:
    """Today's reader comes to the same facts, in the same order, by the same authority."""
    assert ROOTS[name] == {run: one.context.root for run, one in state(name).runs.items()}
    assert HEADS[name] == entries(name)[-1].hash


@pytest.mark.parametrize("name", HEADS)
def test_a_golden_ledger_says_what_became_of_its_runs(name: str) -> None:
    """One met its criteria with a failure on the way, one was discarded, one cancelled."""
    runs = state(name).runs
    assert {
        "run-0001": "CriteriaMet",
        "run-0002": "InvariantViolated",
        "run-0003": "UserCancelled",
    } == {run: one.stop.kind for run, one in runs.items() if one.stop}
    assert {Phase.STOPPED} == {one.phase for one in runs.values()}


@pytest.mark.parametrize(("version", "kind"), OLD_BODIES)
def test_a_body_of_an_older_version_is_brought_up_to_date(version: int, kind: str) -> None:
    """Nothing it says is lost, and what it could not say yet has the meaning it had then."""
    old = body = OLD_BODIES[version, kind]
    for step in range(version, VERSION):
        body = UPCASTS[step](kind, body)
    event = read_event(kind, body)

    assert holds(body_of(event), old)
    if isinstance(event, RunStarted):
        assert () == event.levels
    if isinstance(event, RunStarted) and version == 1:
        assert (None, "", None) == (event.continues, event.base_root, event.intent.active_packs)


def holds(new: Any, old: Any) -> bool:
    """Whether ``new`` says everything that ``old`` does."""
    if isinstance(old, dict):
        return all(name in new and holds(new[name], value) for name, value in old.items())
    if isinstance(old, list):
        return len(new) == len(old) and all(map(holds, new, old))
    return bool(new == old)


def test_the_golden_ledger_holds_every_kind_of_event() -> None:
    """So that no format goes unwatched."""
    assert set(KINDS) == {entry.head.kind for entry in entries()}


def test_today_writes_the_golden_ledger_to_the_byte() -> None:
    """The same events, times and salts give the same file."""
    batches: list[tuple[list[Event], int]] = [([], 0)]
    for entry in entries():
        assert entry.event is not None
        batches[-1] = ([*batches[-1][0], entry.event], entry.head.at)
        if entry.head.close:
            batches.append(([], 0))

    assert LEDGER.read_bytes() == written(batches[:-1])


def test_today_tells_the_golden_story_to_the_byte() -> None:
    """The engine makes the same events of the same input, agents and answers.

    When it is meant to act otherwise one day, this test goes and the file stays as it is.
    """
    assert LEDGER.read_bytes() == written(story())


def test_every_kind_of_event_has_a_golden_body() -> None:
    """A new kind of event is not complete without one."""
    assert set(KINDS) == set(BODIES)
    assert bodies() == BODIES


@pytest.mark.parametrize("kind", KINDS)
def test_a_golden_body_is_read_and_written_unchanged(kind: str) -> None:
    """No field is lost, renamed, retyped or spelled otherwise."""
    event = read_event(kind, BODIES[kind])

    assert canonical(BODIES[kind]) == canonical_record(event)
    assert set(BODIES[kind]) == set(parse(canonical_record(event)))
