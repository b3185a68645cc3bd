"""Recorded model calls, and a desk's part that finds, orders and pages through them by hand."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from converge_desktop.runtime.filter_reading import ALIKE, Candidate, Field, Language, candidates
from converge_desktop.runtime.filter_reading import read_filter as read
from converge_desktop.runtime.filter_words import like, within
from converge_desktop.runtime.port import TraceExportProgress, TraceIndexChanged
from converge_desktop.runtime.review_model import TraceRow, TraceView
from converge_desktop.runtime.trace_export import TraceExport
from converge_desktop.runtime.trace_model import (
    FoundTrace,
    IndexState,
    LikeTraces,
    TraceProblem,
    TraceSet,
)

NOW = 1_795_183_560_000_000
MIN = 60_000_000
FIRST_SEQ = 40_001
KEPT = 4
Holds = Callable[[FoundTrace], bool]
STEPS = ("reasoning", "evaluation", "planning")
SAID = {
    "reasoning": ("2 against, 1 for", "3 for, none against", "1 for, 1 against"),
    "evaluation": ("score 0.10, confidence 0.95", "score 0.92, confidence 0.90"),
    "planning": ("hold, 5 steps", "release 0.3.2", "hold, 3 steps"),
}
CAUSE = "confidence-follows"


def found_trace(row: TraceRow, number: int) -> FoundTrace:
    """What is found of a call that is the so-manieth of all, from 0."""
    broken = row.outcome == "invalid"
    prompt = row.tokens - 40 - number % 30
    return FoundTrace(
        row=row,
        seq=FIRST_SEQ + 7 * number,
        pack="release-readiness",
        agent="release-plan",
        model="converge-nano" if number % 5 else "converge-small",
        version=f"{row.step}:v2:nano",
        contract=row.step,
        grade="byte-exact",
        causes=(CAUSE,) if broken else (),
        prompt_tokens=prompt,
        reused_tokens=prompt * 7 // 10,
        output_tokens=row.tokens - prompt,
        first_us=row.duration // 3,
        note="too bold" if number % 40 == 5 else "",
    )


def made(number: int, every: int) -> FoundTrace:
    """The call of a number among so many that were made up, the newest of them now."""
    step, run = STEPS[number % 3], number // 9
    outcome = {0: "invalid", 7: "uncertain"}.get(number % 20, "valid")
    said = SAID[step]
    row = TraceRow(
        trace_id=f"t-{number}",
        run_id=f"r-{run:04}",
        run_label=f"run {run:04}",
        step=step,
        headline=said[number * 7 % len(said)],
        outcome=outcome,
        at=NOW - (every - number) * MIN,
        duration=70_000 + number * 7919 % 90_000,
        tokens=480 + number * 31 % 160,
    )
    return found_trace(row, number)


def _word(get: Callable[[FoundTrace], str], words: str, example: str) -> Field[Holds, Any]:
    def test(op: str, value: str, now: int) -> Holds:
        del op, now
        fits = like(value)
        return lambda found: fits(get(found))

    def values(rows: Sequence[FoundTrace]) -> list[tuple[str, str]]:
        there = [get(found) for found in rows]
        known = sorted(set(there), key=lambda one: -there.count(one))
        return [(one, f"{there.count(one):,} steps") for one in known[:8]]

    return Field(words, ALIKE, example, test, values)


def _valid(op: str, value: str, now: int) -> Holds:
    del op, now
    if value not in {"yes", "no"}:
        raise ValueError(f"valid is yes or no; it cannot be {value!r}")
    return lambda found: (found.row.outcome == "valid") == (value == "yes")


def _run(op: str, value: str, now: int) -> Holds:
    del op, now
    return lambda found: value in {found.row.run_id, found.row.run_label.removeprefix("run ")}


FIELDS: dict[str, Field[Holds, Any]] = {
    "step": _word(lambda found: found.row.step, "the step of the chain", "evaluation"),
    "valid": Field(
        "whether it keeps its contract",
        ALIKE,
        "no",
        _valid,
        lambda _: [("yes", ""), ("no", "")],
    ),
    "outcome": _word(lambda found: found.row.outcome, "what came of its contract", "uncertain"),
    "model": _word(lambda found: found.model, "the model", "converge-nano"),
    "run": Field("the run, by id or number", ALIKE, "12", _run, lambda _: []),
}


def _said(words: str) -> Holds:
    holds = within(words)
    return lambda found: holds(f"{found.row.headline}\n{found.row.run_label}".casefold())


LANGUAGE: Language[Holds, Any] = Language(
    FIELDS,
    _said,
    lambda _: True,
    lambda tests: lambda found: all(test(found) for test in tests),
    lambda tests: lambda found: any(test(found) for test in tests),
    lambda test: lambda found: not test(found),
)
KEYS: dict[str, Callable[[FoundTrace], Any]] = {
    "time": lambda found: found.row.at,
    "run": lambda found: found.row.run_label,
    "step": lambda found: found.row.step,
    "outcome": lambda found: found.row.outcome,
    "cause": lambda found: found.causes,
    "agent": lambda found: found.agent,
    "model": lambda found: found.model,
    "version": lambda found: found.version,
    "contract": lambda found: found.contract,
    "grade": lambda found: found.grade,
    "tokens": lambda found: found.row.tokens,
    "prompt": lambda found: found.prompt_tokens,
    "reused": lambda found: found.reused_tokens,
    "out": lambda found: found.output_tokens,
    "first": lambda found: found.first_us,
    "duration": lambda found: found.row.duration,
    "headline": lambda found: found.row.headline,
}


class Traces:
    """Calls, oldest first, and the sets that were asked for."""

    def __init__(self, calls: Sequence[FoundTrace]) -> None:
        self.calls = list(calls)
        self.sets: OrderedDict[int, list[FoundTrace]] = OrderedDict()
        self.made = 0

    @property
    def as_of(self) -> int:
        return self.calls[-1].seq if self.calls else 0

    def add(self, found: FoundTrace) -> None:
        """Another call was recorded, behind all there are."""
        self.calls.append(replace(found, seq=self.as_of + 7))

    def keep(self, rows: list[FoundTrace]) -> TraceSet:
        self.made += 1
        self.sets[self.made] = rows
        while len(self.sets) > KEPT:
            self.sets.popitem(last=False)
        return TraceSet(len(rows), self.as_of, self.as_of, self.made)

    def find(self, text: str = "", order: str = "time", descending: bool = True) -> TraceSet:
        holds = read(text, NOW, LANGUAGE)
        rows = self.calls if not text.strip() else [one for one in self.calls if holds(one)]
        rows = rows if order == "time" else sorted(rows, key=KEYS[order])
        return self.keep(rows[::-1] if descending else list(rows))

    def of(self, token: int) -> list[FoundTrace]:
        if token not in self.sets:
            raise TraceProblem("what was found is not kept any more; look for it again")
        self.sets.move_to_end(token)
        return self.sets[token]

    def rows(self, token: int, first: int, count: int) -> tuple[FoundTrace, ...]:
        return tuple(self.of(token)[first : first + count])

    def place(self, token: int, seq: int) -> int:
        return next((n for n, one in enumerate(self.of(token)) if one.seq == seq), -1)

    def at(self, token: int, time: int) -> int:
        rows = self.of(token)
        return min(range(len(rows)), key=lambda n: abs(rows[n].row.at - time), default=-1)

    def like(self, trace_id: str) -> LikeTraces:
        asked = next(one for one in self.calls if one.row.trace_id == trace_id)
        near = [
            one
            for one in reversed(self.calls)
            if one.row.step == asked.row.step and one.row.run_id != asked.row.run_id
        ][:12]
        many = f"{len(near)} step{'s' if len(near) != 1 else ''}"
        said = f"{many} of chains that came to something like it, nearest first."
        words = said if near else "No other chain came to anything like it."
        scores = tuple(940 - 37 * number for number in range(len(near)))
        return LikeTraces(self.keep(near), scores, words)

    def complete(self, text: str, cursor: int) -> tuple[Candidate, ...]:
        return candidates(text, cursor, FIELDS, self.calls[-300:])

    def view(self, trace_id: str, like: TraceView) -> TraceView:
        """One of the calls, whole: its texts are another's."""
        found = next(one for one in self.calls if one.row.trace_id == trace_id)
        return replace(like, row=found.row, seq=found.seq)

    def seq_of(self, trace_id: str) -> int:
        return next((one.seq for one in self.calls if one.row.trace_id == trace_id), -1)

    def write(self, token: int, path: Path, places: Sequence[int] | None = None) -> TraceExport:
        many = len(self.of(token)) if places is None else len(places)
        return TraceExport(str(path), many, 4_100 * many, "ab" * 32)

    def answers(self) -> dict[str, Any]:
        """What a desk with these calls answers."""
        return {
            "find_traces": self.find,
            "trace_rows": self.rows,
            "trace_place_in": self.place,
            "trace_at": self.at,
            "like_trace": self.like,
            "complete_traces": self.complete,
            "export_traces": self.write,
            "stop_trace_export": lambda: None,
            "rebuild_trace_index": lambda: None,
        }


def of_rows(rows: Sequence[TraceRow]) -> Traces:
    """A desk's part with calls whose rows are given, oldest first."""
    return Traces([found_trace(row, number) for number, row in enumerate(rows)])


def many(count: int) -> Traces:
    """A desk's part with so many calls that were made up."""
    return Traces([made(number, count) for number in range(count)])


def index(state: str, as_of: int, seq: int, problem: str = "") -> TraceIndexChanged:
    """The index stands so."""
    return TraceIndexChanged(IndexState(state, as_of, seq, problem))


def moved(traces: Traces) -> TraceIndexChanged:
    """The index has followed up to the last call there is."""
    return index("ready", traces.as_of, traces.as_of)


def progress(done: int, total: int) -> TraceExportProgress:
    """So many calls of an export are written."""
    return TraceExportProgress(done, total)
