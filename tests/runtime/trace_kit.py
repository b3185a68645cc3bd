"""Ledgers of model calls of any kind, made quickly, and what a plain look at them finds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path

import msgspec
from hypothesis import strategies as st

from converge_core.envelope import ReplayGrade
from converge_core.events import CycleStarted, DeskOpened, Event, TraceRecorded, run_without_pack
from converge_core.gate import CheckRecord
from converge_core.ids import AgentId, RunId, TraceId
from converge_core.ledger import Entry
from converge_core.trace import DecisionTrace, Outcome, text_ref
from converge_desktop.adapters.ledger.history import LedgerHistory
from converge_desktop.adapters.ledger.ledger_file import LedgerFile, read_ledger
from converge_desktop.adapters.texts import TextReader, TextStore
from converge_desktop.runtime.trace_index import FOLDER, TraceIndex
from tests.core.kit import ENVELOPE, INTENT, model_call

NOON = 1_795_176_000_000_000
"""20 November 2026, 12:00 UTC, in microseconds."""
HOUR = 3_600_000_000
LONG = "It goes on and on, " * 80
"""A text that is stored beside the ledger."""
OUTPUTS = ("{}", '{"verdict":"Hold"}', "Straße nach Åre", "no source is given", LONG)
REASONS = ("A statement cites no source.", "", "The verdict does not follow.")
CHECKS = ("cites-exist", "verdict-follows", "steps-differ")


class Spec(msgspec.Struct, frozen=True):
    """A model call, as a test wants it."""

    run: int = 1
    step: str = "reasoning"
    model: str = "converge-nano"
    agent: str = "reasoning"
    outcome: Outcome = Outcome.VALID
    failed: tuple[tuple[str, str], ...] = ()
    headline: str = "an answer"
    output: str = "{}"
    prompt: int = 0
    out: int = 0
    duration: int = 0
    grade: ReplayGrade = ReplayGrade.BYTE_EXACT


SPECS = st.builds(
    Spec,
    run=st.integers(1, 3),
    step=st.sampled_from(["reasoning", "evaluation", "planning"]),
    model=st.sampled_from(["converge-nano", "Big One"]),
    agent=st.sampled_from(["reasoning", "Sorter"]),
    outcome=st.sampled_from(list(Outcome)),
    failed=st.lists(
        st.tuples(st.sampled_from(CHECKS), st.sampled_from(REASONS)), max_size=2, unique=True
    ).map(tuple),
    headline=st.sampled_from(["an answer", "Hold, 3 steps", "SHIP it"]),
    output=st.sampled_from(OUTPUTS),
    prompt=st.integers(0, 900),
    out=st.integers(0, 90),
    duration=st.integers(0, 5_000_000),
    grade=st.sampled_from([ReplayGrade.BYTE_EXACT, ReplayGrade.RECORDED_ONLY]),
)


def written(place: Path, specs: Sequence[Spec], desk: str = "desk") -> list[Entry]:
    """Appends model calls to the ledger at a place, an hour between them; begins runs as needed."""
    ledger = place / "ledger"
    ledger.mkdir(parents=True, exist_ok=True)
    history = LedgerHistory(ledger).read_all()
    begun = set(history.index.runs)
    with (
        closing(LedgerFile(ledger, 1 << 20, history=history)) as file,
        closing(TextStore(place / "texts")) as texts,
    ):
        if not begun:
            file.append([DeskOpened(desk=desk, app_version="0.1.0")], NOON)
        for number, spec in enumerate(specs, history.index.count):
            run = f"run-{spec.run:04d}"
            events: list[Event] = [call(spec, number)]
            if run not in begun:
                begun.add(run)
                events.insert(0, run_without_pack(RunId(run), INTENT, pack=f"pack {spec.run}"))
            events.append(CycleStarted(run=RunId(run), cycle=number, eligible=()))
            texts.keep([spec.output])
            file.append(events, NOON + number * HOUR)
    return list(read_ledger(ledger))


def call(spec: Spec, number: int) -> TraceRecorded:
    """Returns a model call as it is recorded."""
    run = RunId(f"run-{spec.run:04d}")
    checks = (
        CheckRecord(name="parses", passed=True),
        *(CheckRecord(name=name, passed=False, reason=why) for name, why in spec.failed),
    )
    made = model_call(
        step=spec.step,
        envelope=msgspec.structs.replace(ENVELOPE, model=spec.model),
        output=text_ref(spec.output),
        outcome=spec.outcome,
        checks=checks,
        headline=spec.headline,
        prompt_tokens=spec.prompt,
        completion_tokens=spec.out,
        duration_us=spec.duration,
        prefill_us=spec.duration // 2,
        grade=spec.grade,
    )
    trace = DecisionTrace(
        id=TraceId(f"trace:{run}/{number}/{spec.agent}/0"),
        run=run,
        cycle=number,
        agent=AgentId(spec.agent),
        call=made,
    )
    return TraceRecorded(run=run, trace=trace)


def calls(entries: Iterable[Entry]) -> list[tuple[Entry, DecisionTrace]]:
    """Returns the model calls among records."""
    return [
        (entry, entry.event.trace) for entry in entries if isinstance(entry.event, TraceRecorded)
    ]


def opened(place: Path) -> LedgerHistory:
    """Reads the ledger at a place to its end."""
    return LedgerHistory(place / "ledger").read_all()


def index_of(
    place: Path, history: LedgerHistory | None = None, *, fill: bool = True, keep: bool = True
) -> TraceIndex:
    """Opens the index at a place, and has it follow the ledger to its end."""
    ledger = history or opened(place)
    read = TextReader(place / "texts").text
    index = TraceIndex(place / FOLDER, lambda: ledger, read, keep=keep)
    index.load(ledger.index.count - 1)
    if fill:
        filled(index, ledger)
    return index


def filled(index: TraceIndex, ledger: LedgerHistory) -> TraceIndex:
    """Has an index follow a ledger to its end, and keeps what it came to."""
    for _ in index.advance(ledger.index.count - 1):
        pass
    index.keep()
    return index


def shown(index: TraceIndex) -> list[tuple[object, ...]]:
    """Returns all that an index says of each model call, in words, to be compared."""
    view = index.view
    table = view.traces
    words = [[table.word(name, row) for name in table.words] for row in range(table.count)]
    numbers = [
        [
            int(column[row])
            for name, column in table.columns.items()
            if name not in {*table.words, "text"}
        ]
        for row in range(table.count)
    ]
    said: list[tuple[str, ...]] = []
    for texts in view.texts:
        own = texts.frame(("headline", "output", "reasons")).rows()
        said += [own[int(at)] for at in table["text"][texts.first : texts.first + texts.count]]
    return list(zip(map(tuple, numbers), map(tuple, words), said, strict=True))
