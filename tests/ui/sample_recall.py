"""What a desk recalls: decisions about things like those of ``sample``, and how it found them."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from converge_core.envelope import ReplayGrade
from converge_core.recall import RecallConsumer, RecallStopReason, RecallUse
from converge_desktop.runtime.port import RecallChanged
from converge_desktop.runtime.recalling import Alike, AlikeRow
from tests.core.golden_recall import ENVELOPE
from tests.ui.sample import HOUR, NOW

DAY = 24 * HOUR
READY = RecallChanged("ready", 48_213)
OPENING = RecallChanged("opening", -1)
OFF = RecallChanged("off", -1)
FILLING = RecallChanged("filling", 12_000)
FAILED = RecallChanged(
    "failed", -1, "/opt/converge/all-minilm-l6-v2-q8_0.gguf cannot be read: it ends too soon"
)
ROWS = (
    AlikeRow(
        "gate:r-0151/4/planning/0",
        "r-0151",
        "run 0151",
        "Hold billing 2.3.0 until the failing tests pass",
        "approve",
        "the failures touch invoices, as they did in May",
        "bob#77aa66bb",
        NOW - 12 * DAY,
        931,
    ),
    AlikeRow(
        "gate:r-0133/4/planning/0",
        "r-0133",
        "run 0133",
        "Hold ledger-tools 1.8.2: coverage fell below the floor",
        "reject",
        "generated code was counted; the floor holds without it",
        "ada#1f2e3d4c",
        NOW - 31 * DAY,
        742,
    ),
)
"""Decisions about things like that of ``sample.review``; none of them stands there already."""
SHOWN_ALREADY = AlikeRow(
    "gate:r-0188/4/planning/0",
    "r-0188",
    "run 0188",
    "Hold converge-desktop 0.4.0",
    "approve",
    "the failing tests are known",
    "ada#1f2e3d4c",
    NOW - 3 * HOUR,
    988,
)
"""One that ``sample_review.PRECEDENTS`` holds as well."""
HOW = replace(
    ENVELOPE,
    embedder="all-minilm-l6-v2-q8_0",
    embedder_grade=ReplayGrade.BYTE_EXACT,
    consumers=(RecallConsumer.PERSON,),
    purpose=RecallUse.RUNTIME_AUGMENTATION,
    ledger_seq=48_213,
    exact=True,
    searched=1_204,
    stop_reason=RecallStopReason.BELOW_THRESHOLD,
    latency_us=12_300,
)


def alike(*rows: AlikeRow, words: str = "") -> Alike:
    """What was found: these rows, or nothing in so many words."""
    told = words or f"{len(rows)} decisions about things like this."
    return Alike(rows, told, HOW.ledger_seq, HOW)


NONE = alike(words="Nothing like this has been decided on this desk.")
BUSY = Alike(
    (),
    "Precedents were not looked for: the model is busy. Look again in a while.",
    HOW.ledger_seq,
    replace(HOW, candidates=(), searched=0, stop_reason=RecallStopReason.LATENCY_EXCEEDED),
)
UNAVAILABLE = Alike(
    (),
    "Precedents cannot be looked for yet.",
    -1,
    replace(HOW, candidates=(), searched=0, stop_reason=RecallStopReason.UNAVAILABLE),
)


def answers() -> dict[str, Any]:
    """What a desk that recalls answers, beside what ``sample`` has."""
    return {"alike": lambda _: alike(*ROWS)}
