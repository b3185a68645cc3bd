"""Model calls once more: is it the same answer, to the byte, and where does it begin to differ?

Every recorded call of a model on this machine can be repeated. What it is held against is on
record; how exactly it *can* be the same was measured when it was made (its grade). A difference is
told by its first token and by what of the envelope is no longer as it was.
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

import msgspec
from msgspec import UNSET

from converge_core.canonical import canonical_record, hash_text, parse
from converge_core.capability import CancellationToken
from converge_core.envelope import InferenceEnvelope, InferenceRequest, InferenceResult, ReplayGrade
from converge_core.errors import InvalidValue
from converge_core.ids import TraceId
from converge_core.prompt import LAYERS, render_layers
from converge_core.record import Record, read
from converge_core.trace import DecisionTrace, TextRef
from converge_desktop.adapters.disk import sync_directory, write_durably


class Repeated(Protocol):
    """A model that repeats calls."""

    sha256: str

    @property
    def adapter_sha256(self) -> str:
        """The hash of the adapter that it computes with; empty without one."""

    def infer(self, request: InferenceRequest, cancelled: CancellationToken) -> InferenceResult:
        """Answers ``request``."""

    def tokens_of(self, text: str) -> list[int]:
        """Returns the tokens of ``text``."""

    def text_of(self, tokens: list[int]) -> str:
        """Returns the text of ``tokens``."""


class GoldenTrace(Record, frozen=True):
    """A recorded call with all it takes to make it again, on one line of a file.

    Attributes:
        v: the version of the format.
        id: the trace it was.
        prompt: the exact prompt.
        grammar: what bounded the answer.
        output: the answer.
        grade: how exactly it could be had again where it was recorded.
        envelope: how it was computed.
    """

    v: int
    id: TraceId
    prompt: str
    grammar: str
    output: str
    grade: ReplayGrade
    envelope: InferenceEnvelope


VERSION = 1


class Outcome(StrEnum):
    """What came of repeating a call."""

    SAME = "same"
    """The same answer, to the byte."""
    DIFFERS = "differs"
    """Another answer."""
    NOT_REPEATED = "not repeated"
    """It was not tried, and it is said why."""


@dataclass(frozen=True, slots=True)
class FirstDifference:
    """The first token that differs: its place from 0, what was recorded there, and what came."""

    token: int
    recorded: str
    found: str


@dataclass(frozen=True, slots=True)
class Replay:
    """What came of repeating one call.

    Attributes:
        trace_id: which call.
        outcome: whether the answer was the same.
        grade: how exactly it could be the same.
        words: one sentence about it.
        first: where the answers begin to differ; None if they do not.
        changed: what of the envelope is not as it was: its field, then, and now.
    """

    trace_id: str
    outcome: Outcome
    grade: ReplayGrade
    words: str
    first: FirstDifference | None = None
    changed: tuple[tuple[str, str, str], ...] = ()


def golden_of(trace: DecisionTrace, text: Callable[[TextRef], str]) -> GoldenTrace:
    """Returns a trace as a golden one, its prompt rebuilt from the record alone.

    Raises:
        InvalidValue: if the layers on record do not give the prompt that was asked.
    """
    call = trace.call
    prompt = render_layers({name: text(call.layers[name]) for name in LAYERS})
    if hash_text(prompt) != call.prompt_hash:
        raise InvalidValue(f"{trace.id}: the recorded layers do not give the prompt")
    return GoldenTrace(
        v=VERSION,
        id=trace.id,
        prompt=prompt,
        grammar=text(call.grammar),
        output=text(call.output),
        grade=trace.grade,
        envelope=call.envelope,
    )


def replay(golden: GoldenTrace, model: Repeated, cancelled: CancellationToken) -> Replay:
    """Makes a recorded call again and holds the answer against the record.

    A model that cannot be asked that, because it has no room for it say, has not repeated it.
    """
    # What loads models is loaded where a model is at hand already: commands start without it.
    from converge_desktop.adapters.models.llama_library import ModelProblem  # noqa: PLC0415

    envelope = golden.envelope
    why_not = why_not_repeated(golden, model)
    if why_not:
        return Replay(golden.id, Outcome.NOT_REPEATED, golden.grade, why_not)
    asked = InferenceRequest(
        golden.prompt,
        golden.grammar,
        envelope.max_tokens,
        seed=envelope.seed,
        temperature=envelope.temperature,
    )
    try:
        result = model.infer(asked, cancelled)
    except ModelProblem as error:
        words = f"The model cannot be asked that: {str(error).rstrip('.')}."
        return Replay(golden.id, Outcome.NOT_REPEATED, golden.grade, words)
    changed = changed_between(envelope, result.envelope)
    if result.text == golden.output:
        words = "The model gives the same answer, to the byte."
        return Replay(golden.id, Outcome.SAME, golden.grade, words, changed=changed)
    first = first_difference(golden.output, result.text, model)
    return Replay(
        golden.id, Outcome.DIFFERS, golden.grade, _difference_words(first, changed), first, changed
    )


def first_difference(recorded: str, found: str, model: Repeated) -> FirstDifference:
    """Returns where two answers that differ begin to do so, in the model's own tokens."""
    old, new = model.tokens_of(recorded), model.tokens_of(found)
    place = next(
        (at for at, (one, other) in enumerate(zip(old, new, strict=False)) if one != other),
        min(len(old), len(new)),
    )
    return FirstDifference(
        place, model.text_of(old[place : place + 1]), model.text_of(new[place : place + 1])
    )


def write_golden(file: Path, traces: Iterable[GoldenTrace]) -> int:
    """Writes golden traces, one a line, all or none of them; returns how many.

    A file of golden traces that lies there is replaced, and no other.

    Raises:
        OSError: if they cannot be written.
        InvalidValue: if a file lies there that holds something else.
    """
    lines = [canonical_record(trace) + b"\n" for trace in traces]
    target = file.resolve()
    _require_replaceable(target)
    unfinished = target.with_name(f".golden-{secrets.token_hex(8)}.part")
    try:
        write_durably(unfinished, b"".join(lines))
        unfinished.replace(target)
        sync_directory(target.parent)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(file)) from error
    finally:
        with contextlib.suppress(OSError):
            unfinished.unlink()
    return len(lines)


def _require_replaceable(file: Path) -> None:
    """Lets a place pass where nothing lies, or nothing but golden traces."""
    why = "it is something else than a file" if file.exists() and not file.is_file() else ""
    if file.is_file():
        try:
            for _ in read_golden(file):
                pass
        except InvalidValue as error:
            why = str(error)
    if why:
        raise InvalidValue(
            f"{file} is left as it is, because it holds something else than golden traces "
            f"({why}). Choose another name, or move it away first"
        )


def read_golden(file: Path) -> Iterator[GoldenTrace]:
    """Yields the golden traces of a file.

    Raises:
        OSError: if it cannot be read.
        InvalidValue: naming the line that is none.
    """
    for number, line in enumerate(file.read_bytes().splitlines(), start=1):
        try:
            trace = read(GoldenTrace, parse(line))
        except InvalidValue as error:
            raise InvalidValue(f"{file}, line {number}, is no golden trace: {error}") from error
        if trace.v != VERSION:
            raise InvalidValue(
                f"{file}, line {number}, has version {trace.v}; this program reads {VERSION}"
            )
        yield trace


def why_not_repeated(golden: GoldenTrace, model: Repeated) -> str:
    """Says why a model cannot repeat a call; nothing where it can."""
    if golden.grade is ReplayGrade.AUDIT_ONLY:
        return "It was computed elsewhere; what was asked and answered is on record, and no more."
    wanted = golden.envelope.model_sha256
    if wanted != model.sha256:
        return (
            f"It was computed by another model ({golden.envelope.model}, {wanted[:12]}); take that "
            "one into use and try again."
        )
    recorded = golden.envelope.adapter_sha256
    adapter = "" if recorded is UNSET else recorded
    if adapter != model.adapter_sha256:
        return (
            f"It was computed with {_adapter_words(adapter)}, and the model at hand computes with "
            f"{_adapter_words(model.adapter_sha256)}; take the one into use that it was, and try "
            "again."
        )
    return ""


def _adapter_words(sha256: str) -> str:
    return f"the adapter {sha256[:12]}" if sha256 else "no adapter"


def changed_between(
    recorded: InferenceEnvelope, now: InferenceEnvelope
) -> tuple[tuple[str, str, str], ...]:
    """Returns what of an envelope is not as it was: its field, then, and now."""
    old, new = msgspec.structs.asdict(recorded), msgspec.structs.asdict(now)
    return tuple((name, str(old[name]), str(new[name])) for name in old if old[name] != new[name])


def _difference_words(first: FirstDifference, changed: tuple[tuple[str, str, str], ...]) -> str:
    words = (
        f"The answers differ from token {first.token:,} on: {first.recorded!r} was recorded, "
        f"{first.found!r} came."
    )
    if not changed:
        return f"{words} Nothing of the envelope has changed."
    return f"{words} Changed since: {', '.join(name for name, _, _ in changed)}."
