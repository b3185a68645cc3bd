"""The one thread that owns the model; everyone else sends it a job and waits for a future."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, replace
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING

from converge_core.envelope import InferenceRequest, InferenceResult
from converge_desktop.runtime.readmodel import ModelView

if TYPE_CHECKING:
    from converge_desktop.adapters.llama import LlamaBackend


class ModelUnavailable(Exception):
    """No model is loaded; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class _Job:
    work: Callable[[], object]
    future: Future[object]


class ModelThread:
    """Loads models and runs them, one call at a time.

    Args:
        changed: called on this thread with the model's state whenever that changes.
        threads: how many threads a model computes with.
    """

    def __init__(self, changed: Callable[[ModelView], None], threads: int = 2) -> None:
        self._changed = changed
        self._threads = threads
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._backend: LlamaBackend | None = None
        self._closing = threading.Event()
        self._view = ModelView()
        self._thread = threading.Thread(target=self._serve, name="model")
        self._thread.start()

    @property
    def view(self) -> ModelView:
        """The model's state, as last published."""
        return self._view

    def load(self, path: Path) -> Future[object]:
        """Takes the model at ``path`` into use; the one before stays if that fails."""
        if self._backend is None:
            self._publish(ModelView(state="loading", name=path.stem, path=str(path)))
        return self._submit(lambda: self._load(path))

    def infer(self, request: InferenceRequest, cancelled: Callable[[], bool]) -> InferenceResult:
        """Calls the model and waits; for threads other than this one.

        Raises:
            ModelUnavailable: if no model is loaded.
        """
        result = self._submit(lambda: self._infer(request, cancelled)).result()
        assert isinstance(result, InferenceResult)
        return result

    def close(self) -> None:
        """Stops what is computing, frees the model and ends the thread. Safe to call twice."""
        if not self._closing.is_set():
            self._closing.set()
            self._jobs.put(None)
        self._thread.join()

    def _submit(self, work: Callable[[], object]) -> Future[object]:
        future: Future[object] = Future()
        if self._closing.is_set():
            future.set_exception(ModelUnavailable("The desk is closing."))
        else:
            self._jobs.put(_Job(work, future))
        return future

    def _serve(self) -> None:
        while (job := self._jobs.get()) is not None:
            _run(job)
        while not self._jobs.empty():
            job = self._jobs.get()
            if job is not None:
                job.future.set_exception(ModelUnavailable("The desk is closing."))
        if self._backend is not None:
            self._backend.close()

    def _load(self, path: Path) -> None:
        # Imported here so that neither window nor command line waits for llama.cpp.
        from converge_desktop.adapters.llama import LlamaBackend, ModelProblem  # noqa: PLC0415

        before = self._view
        self._publish(ModelView(state="loading", name=path.stem, path=str(path)))
        try:
            backend = LlamaBackend(path, self._threads)
        except ModelProblem as error:
            failed = before if self._backend else ModelView(state="failed", path=str(path))
            self._publish(replace(failed, problem=str(error)))
            raise
        if self._backend is not None:
            self._backend.close()
        self._backend = backend
        self._publish(
            ModelView(
                state="ready",
                name=backend.name,
                path=str(path),
                sha256=backend.sha256,
                detail=backend.describe(),
                grade="not measured",
            )
        )

    def _infer(self, request: InferenceRequest, cancelled: Callable[[], bool]) -> InferenceResult:
        backend = self._need()
        self._publish(replace(self._view, state="busy"))
        speed = self._view.tokens_per_second
        try:
            result = backend.infer(request, lambda: self._closing.is_set() or cancelled())
            decoding = max(result.duration_us - result.prefill_us, 1)
            speed = round(result.completion_tokens * 1_000_000 / decoding)
        finally:
            self._publish(replace(self._view, state="ready", tokens_per_second=speed))
        return result

    def _need(self) -> LlamaBackend:
        if self._backend is None:
            problem = self._view.problem or "No model is loaded; choose one on the Models page."
            raise ModelUnavailable(problem)
        return self._backend

    def _publish(self, view: ModelView) -> None:
        self._view = view
        self._changed(view)


def _run(job: _Job) -> None:
    try:
        job.future.set_result(job.work())
    except Exception as error:  # noqa: BLE001 - whatever went wrong belongs to the one who asked
        job.future.set_exception(error)
