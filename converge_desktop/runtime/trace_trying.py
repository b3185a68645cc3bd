"""A recorded call asked once more with something changed: what if a layer had said something else?

What comes of it is told and forgotten: nothing of it enters the ledger, and nothing follows from
it. The grammar and the settings stay as recorded; only the words, or the model, are other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from converge_core.capability import CallCancelled, CancellationToken
from converge_core.envelope import InferenceRequest, InferenceResult, ReplayGrade
from converge_core.errors import IllegalCommand
from converge_core.prompt import LAYERS, render_layers
from converge_desktop.runtime.engine_thread import EngineThread
from converge_desktop.runtime.model_thread import ModelThread, ModelUnavailable
from converge_desktop.runtime.readmodel import CheckRow
from converge_desktop.runtime.stopper import GivenUp, Stopper
from converge_desktop.runtime.trace_compare import TextDifference, text_difference
from converge_desktop.runtime.wording import is_text

if TYPE_CHECKING:
    from converge_desktop.adapters.models.llama import LlamaBackend
    from converge_desktop.runtime.replay import FirstDifference, GoldenTrace
    from converge_desktop.runtime.views import Views

LONGEST: Final = 30_000
"""How long a layer may be that is typed, in characters."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A call as it is on record: all it takes to make it again, and its layers by name."""

    golden: GoldenTrace
    layers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Tried:
    """What a model answers to a recorded call with something changed. Nothing of it is recorded.

    Attributes:
        trace_id: which call.
        model: what answered, by its name.
        layers: the layers that were other than recorded, by name.
        recorded: the answer on record.
        answer: the answer that came.
        words: where they part, by words.
        first: where they part, by the tokens of what answered; None where they do not.
        checks: what came of each check of the contract, over the facts on record.
        unchecked: why no check was applied; empty where all were.
        changed: what of the envelope is not as recorded: its field, then, and now.
        cut: whether the answer ran into its limit.
        output_tokens: the tokens of the answer.
        duration: how long it took, in microseconds.
    """

    trace_id: str
    model: str
    layers: tuple[str, ...]
    recorded: str
    answer: str
    words: TextDifference
    first: FirstDifference | None = None
    checks: tuple[CheckRow, ...] = ()
    unchecked: str = ""
    changed: tuple[tuple[str, str, str], ...] = ()
    cut: bool = False
    output_tokens: int = 0
    duration: int = 0

    @property
    def same(self) -> bool:
        """Whether it is the answer on record, to the byte."""
        return self.answer == self.recorded

    @property
    def broken(self) -> tuple[CheckRow, ...]:
        """The checks that it does not pass."""
        return tuple(check for check in self.checks if not check.passed)


class TryingDesk:
    """The part of a desk that tries calls with a change; :class:`Desk` is one."""

    _engine: EngineThread
    _model: ModelThread
    _closed: bool
    _trying: dict[str, Stopper]
    _tries: ThreadPoolExecutor

    def try_trace(self, trace_id: str, layers: Mapping[str, str], model: str = "") -> Future[Tried]:
        """Asks a recorded call once more with other layers, or another model; records nothing.

        It waits until no chain wants the model. Fails with a sentence where it cannot be asked.

        Args:
            trace_id: which call.
            layers: the text of each layer that is to be other than recorded, by its name.
            model: the name of a model of this machine; without one, the one that made the call.
        """
        stopper = self._trying[trace_id] = Stopper()
        wanted = dict(layers)

        def attempt() -> Tried:
            stopper.require_wanted()
            recorded = self._engine.send(lambda: _recorded(self._engine.views, trace_id)).result()
            changed = _changed(recorded.layers, wanted)
            _require_change(recorded, changed, model)
            asked = self._model.use(
                model,
                recorded.golden.envelope,
                lambda backend, stopping: _ask(
                    recorded, changed, backend, stopping, named=bool(model)
                ),
                lambda: self._closed or stopper.asked,
            )
            stopper.call(asked.cancel)  # where its turn has not come
            try:
                answer = asked.result()
            except (CallCancelled, CancelledError) as error:
                raise GivenUp("nothing was tried, on request") from error
            return self._engine.send(lambda: answer(self._engine.views)).result()

        return self._tries.submit(attempt)

    def stop_trying(self, trace_id: str) -> None:
        """Gives up what ``try_trace`` began last for a call; its future fails."""
        stopper = self._trying.get(trace_id)
        if stopper is not None:
            stopper.stop()

    def _close_trying(self) -> None:
        self._tries.shutdown(wait=True, cancel_futures=True)


def require_layers(layers: Mapping[str, str]) -> None:
    """Lets layers pass that can be asked.

    Raises:
        IllegalCommand: naming the one that cannot be, and why.
    """
    for name, text in layers.items():
        said = name.replace("_", " ")
        if name not in LAYERS:
            raise IllegalCommand(f"a prompt has no layer {name!r}; it has {', '.join(LAYERS)}")
        if len(text) > LONGEST:
            raise IllegalCommand(
                f"the layer {said} has {len(text):,} characters, and may have {LONGEST:,} here; "
                "make it shorter"
            )
        if not is_text(text) or "\0" in text:
            raise IllegalCommand(f"the layer {said} holds what is no text; type it anew")


def _recorded(views: Views, trace_id: str) -> Recorded:
    layers = {layer.name: layer.text for layer in views.trace(trace_id).layers}
    return Recorded(views.golden(trace_id), layers)


def _changed(recorded: Mapping[str, str], wanted: Mapping[str, str]) -> dict[str, str]:
    changed = {name: text for name, text in wanted.items() if recorded.get(name) != text}
    require_layers(changed)
    return changed


def _require_change(recorded: Recorded, changed: Mapping[str, str], model: str) -> None:
    """Lets a try pass that changes something, and that a model of this machine can be asked."""
    if not model and recorded.golden.grade is ReplayGrade.AUDIT_ONLY:
        raise ModelUnavailable(
            "it was computed elsewhere, and nothing is sent there; choose a model of this machine"
        )
    if not changed and not model:
        raise IllegalCommand(
            "nothing is changed, so that this would be a replay; change a layer, or choose "
            "another model"
        )


def _ask(
    recorded: Recorded,
    changed: Mapping[str, str],
    backend: LlamaBackend,
    cancelled: CancellationToken,
    *,
    named: bool,
) -> Callable[[Views], Tried]:
    """Asks the model; returns what holds its answer to the contract, on another thread."""
    from converge_desktop.runtime.replay import why_not_repeated  # noqa: PLC0415 - off the start

    golden = recorded.golden
    why_not = "" if named else why_not_repeated(golden, backend)
    if why_not:
        raise ModelUnavailable(f"{why_not} Or choose a model to try it with.")
    envelope = golden.envelope
    prompt = render_layers({**recorded.layers, **changed})
    request = InferenceRequest(
        prompt,
        golden.grammar,
        envelope.max_tokens,
        seed=envelope.seed,
        temperature=envelope.temperature,
    )
    result = backend.infer(request, cancelled)
    return _held(recorded, tuple(changed), result, backend)


def _held(
    recorded: Recorded, changed: tuple[str, ...], result: InferenceResult, backend: LlamaBackend
) -> Callable[[Views], Tried]:
    from converge_desktop.runtime.replay import (  # noqa: PLC0415 - off the start
        changed_between,
        first_difference,
    )

    golden, answer = recorded.golden, result.text
    same = answer == golden.output
    first = None if same else first_difference(golden.output, answer, backend)

    def held(views: Views) -> Tried:
        from converge_desktop.runtime.trace_holding import held_as_recorded  # noqa: PLC0415

        found = held_as_recorded(views, golden.id, answer)
        return Tried(
            trace_id=golden.id,
            model=backend.name,
            layers=tuple(name for name in LAYERS if name in changed),
            recorded=golden.output,
            answer=answer,
            words=text_difference("output", golden.output, answer),
            first=first,
            checks=found.checks,
            unchecked=found.why_not,
            changed=changed_between(golden.envelope, result.envelope),
            cut=result.finish_reason == "length",
            output_tokens=result.completion_tokens,
            duration=result.duration_us,
        )

    return held
