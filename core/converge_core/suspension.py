"""A run that a person holds: what is put on record when they do, and when they let it go on."""

from __future__ import annotations

from typing import ClassVar, NamedTuple

from converge_core.event import Event
from converge_core.ids import RunId


class RunSuspended(Event, frozen=True):
    """A person holds the run: nothing of it begins or executes until it is resumed.

    What agents are at is given up; they execute again then, against the same context.
    """

    kind: ClassVar[str] = "run_suspended"
    run: RunId
    cycle: int
    by: str
    reason: str


class RunResumed(Event, frozen=True):
    """A person lets a suspended run go on from where it stood."""

    kind: ClassVar[str] = "run_resumed"
    run: RunId
    by: str


class Suspension(NamedTuple):
    """That a run is held, by whom, why, and since when; the reason may be empty."""

    by: str
    reason: str
    since: int
