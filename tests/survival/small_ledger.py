"""A small desk's ledger over several files, to be damaged."""

from __future__ import annotations

from contextlib import closing
from itertools import count
from pathlib import Path

from converge_core import events as e
from converge_core.key import ContextKey as Key
from converge_core.policy import Effect
from converge_core.run_state import DeskState
from converge_core.terms import ReviewTerms
from converge_desktop.adapters.keys import signature_fits
from converge_desktop.adapters.ledger.ledger_file import LedgerFile, SetAside, read_ledger
from tests.core.kit import Play, engine_of, fact, policy_of, proposes, rule
from tests.survival.story import ANNA, NOON

SEGMENT_BYTES = 2500
UNDO = policy_of(rule(Effect.ASK, Key.STRATEGIES, "undo", review=ReviewTerms(undo_us=1000)))


def batches(desk: str = "a small desk") -> list[tuple[list[e.Event], int]]:
    """Returns what happens on a small desk, whose last batches are a decision and what follows."""
    clock = count(NOON).__next__
    engine = engine_of(
        proposes("planner", fact(Key.STRATEGIES, "plan", "grow")),
        policy=UNDO,
        verify=signature_fits,
    )
    play = Play(engine, clock=clock, desk=DeskState()).enrol(ANNA).begin()
    [gate] = play.gates()
    play.answer(gate, "approve", ANNA).cancel()
    return [([e.DeskOpened(desk=desk, app_version="0.1.0")], NOON), *play.batches]


def written(
    directory: Path, segment_bytes: int = SEGMENT_BYTES, desk: str = "a small desk"
) -> Path:
    """Writes that desk's ledger below ``directory`` and returns where it lies."""
    with closing(LedgerFile(directory / "ledger", segment_bytes=segment_bytes)) as ledger:
        for events, at in batches(desk):
            ledger.append(events, at)
    return directory / "ledger"


def opened(ledger: Path) -> tuple[list[str], SetAside | None]:
    """Returns the hashes that a ledger opens with, and what was set aside."""
    with closing(LedgerFile(ledger, segment_bytes=SEGMENT_BYTES)) as file:
        return [entry.hash for entry in file.entries()], file.set_aside


def segments(ledger: Path) -> list[Path]:
    return sorted(ledger.glob("*.jsonl"))


def hashes(ledger: Path) -> list[str]:
    return [entry.hash for entry in read_ledger(ledger)]


def swap(first: Path, second: Path) -> None:
    one, other = first.read_bytes(), second.read_bytes()
    first.write_bytes(other)
    second.write_bytes(one)
