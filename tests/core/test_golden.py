"""Golden files: what any version wrote is read for ever, to the byte and to the root."""

from __future__ import annotations

import importlib
import json
import pkgutil
from typing import Any, Literal, get_origin

import msgspec
import pytest

import converge_core
from converge_core.audit import read_in
from converge_core.canonical import canonical, canonical_record, parse
from converge_core.events import KINDS, Event, RunStarted, RunStopped, body_of, read_event
from converge_core.ledger import UPCASTS, VERSION, Entry, decode
from converge_core.record import Record, read
from converge_core.run_state import DeskState, Phase
from converge_core.state import fold
from converge_core.stop import StopReason
from tests.core.golden_story import (
    EVENTS,
    FOLDER,
    LEDGER,
    RECORDS,
    bodies,
    records,
    story,
    written,
)
from tests.core.kit import fits

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
        "run-0004": "c8239da5de488de2be230a82c595728549f698d6ef8ea55f1fa1f694f5e8e46b",
        "run-0005": "f5b0004dcb37a73152bf7633c135bddf61917b5b5ea011def534300a3149f2e5",
    },
    "ledger_v4.jsonl": {
        "run-0001": "f5cffe6849fbd1814e2ba74f0c31384f301f01e0fdec80af40bf05e97f965e7b",
        "run-0002": "80e283342ceb9a1c47cda9c6c217bafc02d464f8e2916a2e9b661a66169a126e",
        "run-0003": "485655341b5c2c6f876c6f979910e0c9fdc119728a33e9d2b72b7c9c01181611",
        "run-0004": "c8239da5de488de2be230a82c595728549f698d6ef8ea55f1fa1f694f5e8e46b",
        "run-0005": "f5b0004dcb37a73152bf7633c135bddf61917b5b5ea011def534300a3149f2e5",
    },
    "ledger_v5.jsonl": {
        "run-0001": "f5cffe6849fbd1814e2ba74f0c31384f301f01e0fdec80af40bf05e97f965e7b",
        "run-0002": "80e283342ceb9a1c47cda9c6c217bafc02d464f8e2916a2e9b661a66169a126e",
        "run-0003": "485655341b5c2c6f876c6f979910e0c9fdc119728a33e9d2b72b7c9c01181611",
        "run-0004": "c8239da5de488de2be230a82c595728549f698d6ef8ea55f1fa1f694f5e8e46b",
        "run-0005": "f5b0004dcb37a73152bf7633c135bddf61917b5b5ea011def534300a3149f2e5",
        "run-0006": "0d0befd8e3bb883eab05f3a6f8bd16c7386bad5b70ae3ae8d23736c9b0ea6a6c",
    },
    "ledger_v6.jsonl": {
        "run-0001": "f5cffe6849fbd1814e2ba74f0c31384f301f01e0fdec80af40bf05e97f965e7b",
        "run-0002": "80e283342ceb9a1c47cda9c6c217bafc02d464f8e2916a2e9b661a66169a126e",
        "run-0003": "485655341b5c2c6f876c6f979910e0c9fdc119728a33e9d2b72b7c9c01181611",
        "run-0004": "c8239da5de488de2be230a82c595728549f698d6ef8ea55f1fa1f694f5e8e46b",
        "run-0005": "f5b0004dcb37a73152bf7633c135bddf61917b5b5ea011def534300a3149f2e5",
        "run-0006": "0d0befd8e3bb883eab05f3a6f8bd16c7386bad5b70ae3ae8d23736c9b0ea6a6c",
        "run-0007": "af272c076f7fcac4c1111ef61b6ae84f9ccfecb98e08915cb21d307e3e9b08e3",
    },
}
HEADS = {
    "ledger_v1.jsonl": "ed56df85361fef074db04069bd2587de10fa2959c26e9e7473771f0ceefecf91",
    "ledger_v2.jsonl": "22e14deab9215c0a4133dc959e49e404d0cb6d9437904a27119c7df3299abd8c",
    "ledger_v3.jsonl": "ff0f93b1698632276c81d1f54f184b572fabffd75e642c256316ab4538f56aca",
    "ledger_v4.jsonl": "ae79d2d4ce22b92ad43575a227cef4287b84b3c39339a6252d7fe864a6e6927a",
    "ledger_v5.jsonl": "87636bfde35ac5791eca2185cc58cb3c87f23508584753aafba8b51e0684e806",
    "ledger_v6.jsonl": "4b376cf6730cc4db88212dde27d1f3d1b5edddf3e2dd61798fa83454566fe05f",
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
def test_every_claim_of_a_golden_ledger_is_believed_when_it_is_read_back(name: str) -> None:
    """What was signed then is signed now, whatever has been added to what is signed since."""
    desk = DeskState()
    for entry in entries(name):
        desk = read_in(desk, entry, fits)

    assert ROOTS[name] == {run: one.context.root for run, one in desk.runs.items()}


@pytest.mark.parametrize("name", HEADS)
def test_a_golden_ledger_says_what_became_of_its_runs(name: str) -> None:
    """One met its criteria, one was discarded, two were cancelled, and the rest are done."""
    ends = {
        "run-0001": "CriteriaMet",
        "run-0002": "InvariantViolated",
        "run-0003": "UserCancelled",
        "run-0004": "UserCancelled",
        "run-0005": "Converged",
        "run-0006": "Converged",
        "run-0007": "Converged",
    }
    runs = state(name).runs
    assert {run: ends[run] for run in ROOTS[name]} == {
        run: one.stop.kind for run, one in runs.items() if one.stop
    }
    assert {Phase.STOPPED} == {one.phase for one in runs.values()}


@pytest.mark.parametrize(("version", "kind"), OLD_BODIES)
def test_a_body_of_an_older_version_is_brought_up_to_date(version: int, kind: str) -> None:
    """Nothing it says is lost, and what it could not say yet has the meaning it had then."""
    old = body = OLD_BODIES[version, kind]
    for step in range(version, VERSION):
        body = UPCASTS[step](kind, body)
    event = read_event(kind, body)

    assert holds(body_of(event), old)
    if isinstance(event, RunStarted) and version < 3:
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


# Every type that is written down, and every reason to stop.


def serialisable() -> dict[str, type[msgspec.Struct]]:
    """Returns what the core can write down apart from events, by name."""
    for module in pkgutil.iter_modules(converge_core.__path__):
        importlib.import_module(f"{converge_core.__name__}.{module.name}")
    found, following = {}, [Record, StopReason]
    while following:
        for kind in following.pop().__subclasses__():
            if kind is not Event and kind.__module__.startswith(f"{converge_core.__name__}."):
                following.append(kind)
                found[kind.__name__] = kind
    bases = {kind for one in found.values() for kind in one.__mro__[1:]}
    return {
        name: kind for name, kind in found.items() if not name.startswith("_") and kind not in bases
    }


TYPES = serialisable()
RECORDED = json.loads(RECORDS.read_text())


def test_every_type_and_every_reason_has_a_golden_body() -> None:
    """A new one is not complete without; none that is gone is promised."""
    assert set(TYPES) == set(RECORDED)
    assert records() == RECORDED


def read_golden(name: str) -> msgspec.Struct:
    body, kind = RECORDED[name], TYPES[name]
    if issubclass(kind, Record):
        return read(kind, body)
    return read(RunStopped, {"run": "r", "cycles": 1, "reason": body, "root": ""}).reason


@pytest.mark.parametrize("name", TYPES)
def test_a_golden_record_is_read_and_written_unchanged(name: str) -> None:
    """No field is lost, renamed, retyped or spelled otherwise."""
    record = read_golden(name)

    assert TYPES[name] is type(record)
    assert canonical(RECORDED[name]) == canonical_record(record)


@pytest.mark.parametrize("name", TYPES)
def test_a_golden_record_says_all_that_its_type_can_say(name: str) -> None:
    """A field that is left at its default would not show whether it is read."""
    record = read_golden(name)
    fields = msgspec.structs.fields(type(record))
    defaults = {
        field.name: field.default_factory() if callable(field.default_factory) else field.default
        for field in fields
        if not field.required and get_origin(field.type) is not Literal  # which says one thing only
    }

    assert [] == [field for field, default in defaults.items() if getattr(record, field) == default]
