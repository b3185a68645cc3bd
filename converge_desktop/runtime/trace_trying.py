"""A recorded call asked once more with something changed: what if a layer had said something else?

What comes of it is told and forgotten: nothing of it enters the ledger, and nothing follows from
it. The grammar and the settings stay as recorded; only the words, or the model, are other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from converge_core.capability import CallCancelled, CancellationToken
from converge_core.envelope import InferenceRequest, InferenceResult, ReplayGrade
from converge_core.errors import IllegalCommand
from converge_core.prompt import LAYERS, render_layers
from converge_desktop.runtime.engine_thread import EngineThread
from converge_desktop.runtime.model_thread import ModelThread, ModelUnavailable
from converge_desktop.runtime.stopper import GivenUp, Stopper
from converge_desktop.runtime.trace_compare import text_difference
from converge_desktop.runtime.trace_tried import LONGEST, Tried
from converge_desktop.runtime.wording import is_text

if TYPE_CHECKING:
    from converge_desktop.adapters.models.llama import LlamaBackend
    from converge_desktop.runtime.replay import GoldenTrace
    from converge_desktop.runtime.views import Views


@dataclass(frozen=True, slots=True)
class Recorded:
    """A call as it is on record: all it takes to make it again, and its layers by name."""

    golden: GoldenTrace
    layers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Asking:
    """A recorded call, what is to be other about it, and who is asked."""

    recorded: Recorded
    changed: Mapping[str, str]
    model: str

    def ask(
        self, models: ModelThread, cancelled: CancellationToken
    ) -> Future[Callable[[Views], Tried]]:
        """Asks once no chain waits; comes to what holds the answer to the contract."""
        return models.use(
            self.model,
            self.recorded.golden.envelope,
            lambda backend, stopping: _ask(self, backend, stopping),
            cancelled,
        )


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
            views = self._engine.views
            asking = self._engine.send(lambda: prepared(views, trace_id, wanted, model)).result()
            asked = asking.ask(self._model, lambda: self._closed or stopper.asked)
            stopper.call(asked.cancel)  # where its turn has not come
            try:
                answer = asked.result()
            except (CallCancelled, CancelledError) as error:
                raise GivenUp("nothing was tried, on request") from error
            return self._engine.send(lambda: answer(views)).result()

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


def prepared(views: Views, trace_id: str, layers: Mapping[str, str], model: str) -> Asking:
    """Returns what is asked of which model; see :meth:`TryingDesk.try_trace`.

    Raises:
        ConvergeError: if there is no such call, or it cannot be tried so.
        ModelUnavailable: if it needs a model to be named.
    """
    recorded = Recorded(
        views.golden(trace_id), {layer.name: layer.text for layer in views.trace(trace_id).layers}
    )
    changed = _changed(recorded.layers, layers)
    _require_change(recorded, changed, model)
    return Asking(recorded, changed, model)


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
    asking: Asking, backend: LlamaBackend, cancelled: CancellationToken
) -> Callable[[Views], Tried]:
    """Asks the model; returns what holds its answer to the contract, on another thread."""
    from converge_desktop.runtime.replay import why_not_repeated  # noqa: PLC0415 - off the start

    recorded = asking.recorded
    golden = recorded.golden
    why_not = "" if asking.model else why_not_repeated(golden, backend)
    if why_not:
        raise ModelUnavailable(f"{why_not} Or choose a model to try it with.")
    envelope = golden.envelope
    prompt = render_layers({**recorded.layers, **asking.changed})
    request = InferenceRequest(
        prompt,
        golden.grammar,
        envelope.max_tokens,
        seed=envelope.seed,
        temperature=envelope.temperature,
    )
    result = backend.infer(request, cancelled)
    return _held(recorded, tuple(asking.changed), result, backend)


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
