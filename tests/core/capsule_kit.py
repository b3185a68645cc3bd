"""What the tests of evidence are written with: capsules, and what a forger can do to them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Any

import msgspec
import pytest

from converge_core import events as e
from converge_core.capsule import About
from converge_core.capsule_check import check
from converge_core.errors import CapsuleBroken
from converge_core.ids import OperatorId
from converge_core.ledger import Chain, Closing, Entry, encode_batch
from tests.core.golden_capsule import RUN, Told, fits, sign, small, told
from tests.core.kit import ALICE, salts

Lines = list[bytes]
STORY = told()
SMALL = small()
ABOUT_RUN = About(run=RUN, gate="")
ABOUT_SMALL = About(run="run", gate="")
WHOLE = STORY.capsule(ABOUT_RUN)
PART = SMALL.capsule(ABOUT_SMALL)
GATES = [
    About(run=entry.event.run, gate=entry.event.request.id)
    for entry in STORY.entries
    if isinstance(entry.event, e.GateOpened)
]


def sealed(lines: Lines) -> Lines:
    """Returns the lines with an end that fits, as whoever changed them can write it."""
    return [*lines, b'{"end":"%b"}\n' % sha256(b"".join(lines)).hexdigest().encode()]


def changed(lines: Lines, place: int, change: Callable[[dict[str, Any]], object]) -> Lines:
    """Returns a capsule of which one line says something else, with an end that fits."""
    raw = json.loads(lines[place])
    change(raw)
    spelled = json.dumps(raw, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return sealed([*lines[:place], spelled.encode() + b"\n", *lines[place + 1 : -1]])


def refused(lines: Lines, line: int, reason: str, key: str = "") -> None:
    with pytest.raises(CapsuleBroken) as caught:
        check(lines, fits, key)
    assert line == caught.value.line
    assert reason in caught.value.reason


def place_of(lines: Lines, kind: str) -> int:
    """Returns where the first record of a kind stands; the first line is 0."""
    return next(at for at, line in enumerate(lines) if b'"kind":"%b"' % kind.encode() in line)


def kinds(entries: list[Entry]) -> list[str]:
    return [entry.head.kind for entry in entries]


def made_up(*events: e.Event, last: Closing | None = None) -> Lines:
    """Returns a capsule of a ledger that somebody made up, who has the key of who signs it."""
    begun = [entry.event for entry in SMALL.entries[:3] if entry.event is not None]
    data, _ = encode_batch([*begun, *events], Chain(), 1, salts(), last)
    ledger = Told(data.splitlines(keepends=True))
    return ledger.capsule(ABOUT_SMALL, sign(ledger.entries), only=ledger.entries)


def closing(by: OperatorId = ALICE.operator.id, size: int = 3, **more: Any) -> Closing:
    """Returns what ends a ledger with a checkpoint of its first records."""

    def last(entries: Sequence[Entry]) -> e.Event:
        signed = msgspec.structs.replace(sign(entries[:size], by), **more)
        return e.CheckpointSigned(signed=signed)

    return last
