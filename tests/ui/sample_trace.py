"""Recorded steps with all that can be known of one: timing, hints, notes, and what they led to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from converge_desktop.runtime.deciding_model import VoteRow
from converge_desktop.runtime.review_model import CheckRow, LayerRow, TraceView
from converge_desktop.runtime.trace_compare import TraceComparison, compare
from converge_desktop.runtime.trace_detail import Consequence, HintRow
from converge_desktop.runtime.trace_model import Note
from tests.ui.sample import ELSEWHERE, LAYERS, MIN, NOW, t, trace_view

PLANNING, EVALUATION, REASONING = "t-0192-03", "t-0192-02", "t-0192-01"
OLDER = "t-0190-23"
LONG = "t-0191-11"
"""A step whose texts are very long."""
WAITING = Consequence(
    proposal="Hold converge-desktop 0.4.0",
    words="It waits for an answer.",
    gate="g-1",
    opened_at=NOW - 7 * MIN,
    phase="open",
)
DECIDED = replace(
    WAITING,
    words="alice#1f chose to approve it.",
    phase="closed",
    end="approved",
    answers=(
        VoteRow("bob#2a", "reject", "the failing test is known", NOW - 6 * MIN, stands=False),
        VoteRow("alice#1f", "approve", "until the tests pass", NOW - 3 * MIN, stands=True),
    ),
    decided_at=NOW - 3 * MIN,
    effect_at=NOW - 2 * MIN,
    became="f-3c11a09b",
)
HINTS = (
    HintRow(
        *("m01", "Hold converge-desktop 0.3.9 until the rounding tests pass.", "decision"),
        seq=31_204,
        score=861,
    ),
    HintRow("m02", "All but one of 118 tests passed; the one is flaky.", "fact", 29_872, 702),
)
RECALL = (
    ("m01", f"{HINTS[0].text} (decision, record 31,204, 0.86)"),
    ("m02", f"{HINTS[1].text} (fact, record 29,872, 0.70)"),
    ("found", "2 hints; nothing else is near enough."),
    ("among", "4,102 things"),
    ("up to", "record 48,190"),
    ("looked at", "every one"),
    ("embedded by", "all-MiniLM-L6-v2, byte-exact"),
    ("took", "11.3 ms"),
    ("left out of the question", "1 piece of personal data"),
    ("replay", "the same hints are found again over the same ledger: byte-exact"),
    ("query", "3b4c5d6e7f8091a2b351c9e8f0a37d4be1c09d20fa11b7a8d2c4b5e6f708192a"),
    ("corpus", "f0a37d4be1c09d20fa11b7a8d2c4b5e6f708192a3b4c5d6e7f8091a2b351c9e8"),
)
NOTE = Note(
    *(PLANNING, 48_191, "ab", "The rounding tests fail since Tuesday; ask Norden about the fix."),
    by="alice#1f",
    at=NOW - 5 * MIN,
)


def step(trace_id: str) -> TraceView:
    """A step of the sample data, whole."""
    view = trace_view(trace_id)
    first = 0 if trace_id == ELSEWHERE else view.row.duration // 4
    view = replace(view, seq=48_191, first_us=first, finish="stop")
    match trace_id:
        case "t-0192-03":
            return replace(view, consequence=WAITING)
        case "t-0192-02":
            layers = (*LAYERS[:3], replace(LAYERS[3], text=_with_hints()), LAYERS[4])
            return replace(view, layers=layers, hints=HINTS, recall=RECALL)
        case "t-0190-23":
            return older(view)
        case "t-0191-11":
            return long(view)
        case _:
            return view


def _with_hints() -> str:
    hints = "\n".join(f"{one.cite} | hint, not evidence | {one.text}" for one in HINTS)
    return f"{LAYERS[3].text}\n{hints}"


def older(view: TraceView) -> TraceView:
    """A step over another state, with another answer, which was decided."""
    state = LAYERS[3].text.replace("tests.failed = 3 ! breach", "tests.failed = 0 + support")
    state = state.replace("coverage.line = 61.2 % ! breach", "coverage.line = 81.0 % + support")
    return replace(
        view,
        layers=(*LAYERS[:3], LayerRow("state", state, 201), LAYERS[4]),
        raw_output="proceed\n1 tests.write e4\n2 release.propose\n",
        checks=(*view.checks[:-1], CheckRow("nothing rests on a hint", True, "")),
        envelope=tuple(
            (name, "llama.cpp b6701, CPU, 8 threads" if name == "runtime" else value)
            for name, value in view.envelope
        ),
        output_tokens=31,
        led_to="Release 0.3.2",
        consequence=replace(DECIDED, proposal="Release 0.3.2"),
    )


def long(view: TraceView, size: int = 200_000) -> TraceView:
    """A step whose state and answer have so many characters."""
    line = "e{0} module.{0}.coverage = {1} % + support (at least 75.0)\n"
    state = "".join(line.format(n, 40 + n % 60) for n in range(size // 48))[:size]
    answer = "".join(f"{n} tests.write e{n}\n" for n in range(size // 20))[:size]
    return replace(
        view,
        layers=(*LAYERS[:3], LayerRow("state", state, size // 4), LAYERS[4]),
        raw_output=answer,
        output=(*t("hold ", ("3", "f-7c1e09a4"), " of "), *t(answer)),
    )


def longer(view: TraceView) -> TraceView:
    """The same with a word changed in the middle, and another line at the end."""
    state = view.layers[3].text
    middle = state.index("coverage", len(state) // 2)
    changed = f"{state[:middle]}branches{state[middle + 8 :]}\none line more"
    layers = (*view.layers[:3], replace(view.layers[3], text=changed), view.layers[4])
    return replace(view, layers=layers, raw_output=view.raw_output[::-1])


def compared(one: str, other: str) -> TraceComparison:
    """Two steps of the sample data, compared."""
    if one == other == LONG:
        return compare(step(one), longer(step(one)))
    return compare(step(one), step(other))


def noted(trace_id: str) -> Note | None:
    """What is noted about a step: something about the first alone."""
    return NOTE if trace_id == PLANNING else None


def annotated(trace_id: str, text: str) -> Note:
    """A note, as the desk says that it kept it."""
    return Note(trace_id, 48_191, "ab", text.strip(), "alice#1f", NOW)


def answers() -> dict[str, Callable[..., Any]]:
    """What a desk with these steps answers."""
    return {
        "trace": step,
        "trace_note": noted,
        "annotate_trace": annotated,
        "compare_traces": compared,
    }
