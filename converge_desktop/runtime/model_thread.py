"""The one thread that owns the models of this process; everyone else sends it a job and waits.

Chains come first: what is embedded waits until nothing else does.

A model elsewhere is asked on a thread of its own, one for each, so that a slow server does not keep
this machine's models waiting.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from queue import PriorityQueue
from typing import TYPE_CHECKING, Any, TypeVar

from converge_core.capability import CallCancelled, CancellationToken, ChatRequest
from converge_core.envelope import InferenceEnvelope, InferenceRequest, InferenceResult
from converge_core.model_config import ModelFacts
from converge_core.plan import StepPlan
from converge_core.routing import Reach
from converge_desktop.adapters.models.catalogue import FILE, LocalModel, ModelEntry, RemoteModel
from converge_desktop.runtime.desk_model import ModelRow, ModelView

if TYPE_CHECKING:
    from converge_desktop.adapters.models.llama import LlamaBackend
    from converge_desktop.adapters.models.llama_embedding import Embedded
    from converge_desktop.adapters.remote.openai_compatible import OpenAICompatibleBackend
    from converge_desktop.runtime.chat_call import Answer
    from converge_desktop.runtime.model_pool import ModelPool
    from converge_desktop.runtime.replay import GoldenTrace, Replay

T = TypeVar("T")

LOOK_S = 0.01
"""How often whoever waits looks whether to wait any longer, in seconds."""


class ModelUnavailable(Exception):
    """No model is loaded; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """How models are kept.

    Attributes:
        registry: the directory of what is known of model files.
        catalogue: the models by name.
        threads: the most threads a model computes with.
        memory_bytes: what the loaded models may take together; half of the machine's if None.
        embedder: the file that texts are embedded with, to be told of; None where there is none.
    """

    registry: Path
    catalogue: Mapping[str, ModelEntry]
    threads: int = 2
    memory_bytes: int | None = None
    embedder: Path | None = None


CHAINS, ASKED, EMBEDDINGS, THE_END = range(4)
"""What is done first: chains, questions that somebody waits for, what is only kept up, the end."""


@dataclass(frozen=True, slots=True)
class _Job:
    work: Callable[[], object]
    future: Future[object]


_Place = tuple[int, int, _Job | None]
"""How soon a job is done, which number it has, and the job; None for the end."""


class ModelThread:
    """Loads models and runs them, one call at a time.

    Args:
        changed: called with the models' state whenever that changes, on the thread that changed it.
        settings: where models are known and how they are kept.
    """

    def __init__(self, changed: Callable[[ModelView], None], settings: ModelSettings) -> None:
        self._changed = changed
        self._settings = settings
        self._jobs: PriorityQueue[_Place] = PriorityQueue()
        self._numbers = count()
        self._pool: ModelPool | None = None
        self._default: LocalModel | None = None
        self._remote: dict[str, tuple[OpenAICompatibleBackend, ThreadPoolExecutor]] = {}
        self._closing = threading.Event()
        self._viewing = threading.RLock()
        self._view = replace(ModelView(), **self._known())
        self._thread = threading.Thread(target=self._serve, name="model")
        self._thread.start()

    @property
    def view(self) -> ModelView:
        """The models' state, as last published."""
        return self._view

    @property
    def in_use(self) -> bool:
        """Whether there is a model for whoever names none."""
        return self._default is not None

    def entry(self, name: str) -> ModelEntry:
        """Returns the model of a name; without one, the model that is in use.

        Raises:
            ModelUnavailable: if there is none.
        """
        if name:
            known = self._settings.catalogue.get(name)
            if known is None:
                listed = ", ".join(self._settings.catalogue) or "none"
                raise ModelUnavailable(
                    f"there is no model {name!r} on this desk; there are: {listed}. Add it to "
                    "models.toml in the desk's directory."
                )
            return known
        if self._default is None:
            problem = self._view.problem or "No model is loaded; choose one on the Models page."
            raise ModelUnavailable(problem)
        return self._default

    def load(self, path: Path) -> Future[None]:
        """Takes the model at ``path`` into use; the one before stays if that fails."""
        model = LocalModel(self._name_of(path), path)
        if self._default is None:
            self._publish(state="loading", name=model.name, path=str(path))
        return self._submit(lambda: self._load(model))

    def facts(self, name: str) -> Future[ModelFacts | None]:
        """Finds out what the model of a name says of itself; None of one elsewhere."""
        entry = self.entry(name)
        if isinstance(entry, RemoteModel):
            found: Future[ModelFacts | None] = Future()
            found.set_result(None)
            return found
        return self._submit(lambda: self._need_pool().facts(entry))

    def infer(
        self, request: InferenceRequest, cancelled: CancellationToken, step: StepPlan
    ) -> InferenceResult:
        """Calls the model that is planned for a step and waits; for threads other than this one.

        Raises:
            ModelUnavailable: if there is no such model, or not where it was when the run was
                planned.
        """
        entry = self.entry(step.model)
        if step.remote is not (entry.reach is Reach.REMOTE):
            was, now = ("elsewhere", "on this machine")[:: 1 if step.remote else -1]
            raise ModelUnavailable(
                f"the model {step.model} was {was} when this run was planned, and is {now} now; "
                "put it back into models.toml as it was, or begin a new run"
            )
        if isinstance(entry, RemoteModel):
            return self._ask_elsewhere(entry, request, cancelled)
        return self._await(
            self._submit(lambda: self._infer(entry, request, cancelled, step)), cancelled
        )

    def _await(self, future: Future[T], cancelled: CancellationToken) -> T:
        """Waits for a job; one that has not begun is given up once ``cancelled`` says so.

        Raises:
            CallCancelled: if it was given up.
        """
        while not future.done():
            wait([future], timeout=LOOK_S)
            if cancelled() and future.cancel():
                raise CallCancelled("the model was not asked any more, on request")
        return future.result()

    def converse(
        self, name: str, request: ChatRequest, cancelled: CancellationToken
    ) -> Future[Answer]:
        """Asks the model of a name outside of any run; its answer in the request's format.

        Raises:
            ModelUnavailable: if there is no such model.
        """
        from converge_desktop.runtime.chat_call import ChatCaller  # noqa: PLC0415 - see above

        entry = self.entry(name)
        if isinstance(entry, RemoteModel):
            backend, thread = self._elsewhere(entry)
            return thread.submit(ChatCaller(backend).call, request, cancelled)

        def ask() -> Answer:
            with self._at_work():
                return ChatCaller(self._need_pool().backend(entry)).call(request, cancelled)

        return self._submit(ask)

    def replay(self, golden: GoldenTrace, cancelled: CancellationToken) -> Future[Replay]:
        """Makes a recorded call again with the model that made it, if that is known here."""
        return self._submit(lambda: self._replay(golden, cancelled))

    def use(
        self,
        name: str,
        envelope: InferenceEnvelope,
        work: Callable[[LlamaBackend, CancellationToken], T],
        cancelled: CancellationToken,
    ) -> Future[T]:
        """Does something with a model of this machine, once no chain waits.

        With the model of a name; without one, with the one of an envelope as ``replay`` finds it.

        Raises:
            ModelUnavailable: if there is none of that name here.
        """
        entry = self._here(name) if name else None

        def used() -> T:
            stopping = self._stopping(cancelled)
            with self._at_work():
                if entry is None:
                    backend = self._backend_of(envelope, stopping)
                else:
                    backend = self._need_pool().backend(entry, stopping)
                self._publish(state="busy", doing="" if entry in {None, self._default} else name)
                return work(backend, stopping)

        return self._submit(used, ASKED)

    def _here(self, name: str) -> LocalModel:
        """Returns the model of a name, if it computes on this machine."""
        if self._default is not None and self._default.name == name:
            return self._default
        entry = self.entry(name)
        if isinstance(entry, RemoteModel):
            raise ModelUnavailable(f"the model {name} is elsewhere; choose one of this machine")
        return entry

    def embed(
        self,
        model: LocalModel,
        texts: Sequence[str],
        most: int,
        cancelled: CancellationToken,
        *,
        asked: bool = False,
    ) -> Future[Embedded]:
        """Embeds texts, of which no more than ``most`` tokens are read, once no chain waits.

        What somebody ``asked`` comes before what is only to be kept up.
        """

        def work() -> Embedded:
            from converge_desktop.adapters.models.llama_embedding import Embedded  # noqa: PLC0415

            pool, stopping = self._need_pool(), self._stopping(cancelled)
            if not pool.has(model):
                with self._at_work():  # what is loaded is told of
                    pool.backend(model, stopping)
            backend = pool.backend(model, stopping)
            vectors = backend.vectors(texts, most, self._stopping(cancelled))
            return Embedded(vectors, backend.embedder_identity(most), backend.grade)

        return self._submit(work, ASKED if asked else EMBEDDINGS)

    def release(self, sha256: str) -> Future[None]:
        """Lets a quarantined file be looked into again."""
        return self._submit(lambda: self._need_pool().release(sha256))

    def close(self) -> None:
        """Stops what is computing, frees the models and ends the threads. Safe to call twice."""
        if not self._closing.is_set():
            self._closing.set()
            self._put(THE_END, None)
        self._thread.join()
        for _, thread in self._remote.values():
            thread.shutdown(wait=True, cancel_futures=True)

    def _submit(self, work: Callable[[], T], turn: int = CHAINS) -> Future[T]:
        future: Future[T] = Future()
        if self._closing.is_set():
            future.set_exception(ModelUnavailable("The desk is closing."))
        else:
            self._put(turn, _Job(work, future))  # type: ignore[arg-type]
        return future

    def _put(self, turn: int, job: _Job | None) -> None:
        self._jobs.put((turn, next(self._numbers), job))

    def _serve(self) -> None:
        while (job := self._jobs.get()[-1]) is not None:
            _run(job)
        while not self._jobs.empty():
            job = self._jobs.get()[-1]
            if job is not None:
                job.future.set_exception(ModelUnavailable("The desk is closing."))
        if self._pool is not None:
            self._pool.close()

    def _need_pool(self) -> ModelPool:
        if self._pool is None:
            # Imported here so that neither window nor command line waits for llama.cpp.
            from converge_desktop.adapters.models.model_registry import ModelRegistry  # noqa: PLC0415
            from converge_desktop.runtime.model_pool import ModelPool  # noqa: PLC0415

            self._pool = ModelPool(
                ModelRegistry(self._settings.registry),
                threads=self._settings.threads,
                memory_bytes=self._settings.memory_bytes,
                telling=lambda doing, model: self._publish(state=doing, doing=model.name),
            )
        return self._pool

    def _load(self, model: LocalModel) -> None:
        before = self._default
        self._publish(problem="", failed_path="", quarantined="")
        try:
            backend = self._need_pool().taken_anew(model, self._stopping())
        except Exception as error:
            self._publish(
                state="ready" if before else "failed",
                path=str(before.path if before else model.path),
                doing="",
                problem=str(error),
                failed_path=str(model.path),
                quarantined=self._quarantined(error),
            )
            raise
        self._default = model
        if before is not None and before.path != model.path:
            self._need_pool().drop(before)
        self._publish(
            state="ready",
            name=backend.name,
            path=str(model.path),
            sha256=backend.sha256,
            detail=backend.describe(),
            grade=str(backend.grade),
            doing="",
        )

    def _quarantined(self, error: Exception) -> str:
        """Returns the SHA-256 of the file that is quarantined, if that is the trouble."""
        from converge_desktop.adapters.models.model_check import (  # noqa: PLC0415 - see above
            ModelCrashed,
            UnsafeModel,
        )
        from converge_desktop.adapters.models.model_registry import (  # noqa: PLC0415
            ModelQuarantined,
            ModelRegistry,
        )

        if not isinstance(error, ModelCrashed | ModelQuarantined):
            return ""
        try:
            return ModelRegistry(self._settings.registry).sha256(error.path)
        except UnsafeModel:
            return ""  # it is gone, or being written to: then another look comes anyway

    def _infer(
        self,
        entry: LocalModel,
        request: InferenceRequest,
        cancelled: CancellationToken,
        step: StepPlan,
    ) -> InferenceResult:
        with self._at_work():
            backend = self._need_pool().backend(entry, self._stopping(cancelled))
            family = step.version.rpartition(":")[2]
            if family not in {"any", backend.family}:
                raise ModelUnavailable(
                    f"the step {step.step} is prompted with {step.version}, and {backend.name} is "
                    f"of the family {backend.family}; take a model of that family into use"
                )
            self._publish(state="busy", doing="" if entry == self._default else entry.name)
            result = backend.infer(request, self._stopping(cancelled))
            if entry == self._default:
                decoding = max(result.duration_us - result.prefill_us, 1)
                speed = round(result.completion_tokens * 1_000_000 / decoding)
                self._publish(tokens_per_second=speed)
        return result

    def _stopping(self, cancelled: CancellationToken = bool) -> CancellationToken:
        """Returns whether to stop: because whoever asks says so, or because the desk closes."""
        return lambda: self._closing.is_set() or cancelled()

    @contextlib.contextmanager
    def _at_work(self) -> Iterator[None]:
        """Says afterwards, whatever came of it, that nothing is being done any more."""
        resting = "none" if self._view.state == "loading" else self._view.state
        try:
            yield
        finally:
            self._publish(state="ready" if self.in_use else resting, doing="")

    def _ask_elsewhere(
        self, entry: RemoteModel, request: InferenceRequest, cancelled: CancellationToken
    ) -> InferenceResult:
        backend, thread = self._elsewhere(entry)
        self._publish(doing=entry.name)
        try:
            asked = thread.submit(backend.infer, request, self._stopping(cancelled))
            return self._await(asked, cancelled)
        finally:
            self._publish(doing="")

    def _elsewhere(self, entry: RemoteModel) -> tuple[OpenAICompatibleBackend, ThreadPoolExecutor]:
        from converge_desktop.adapters.remote.openai_compatible import (  # noqa: PLC0415 - see above
            OpenAICompatibleBackend,
            SchemaForm,
        )

        with self._viewing:
            if entry.name not in self._remote:
                backend = OpenAICompatibleBackend(
                    entry.url,
                    entry.model,
                    entry.key(),
                    timeout_us=entry.timeout_s * 1_000_000,
                    allow_plain=entry.plain,
                    schema_form=SchemaForm(entry.schema),
                )
                thread = ThreadPoolExecutor(1, thread_name_prefix=f"model-{entry.name}")
                self._remote[entry.name] = (backend, thread)
            return self._remote[entry.name]

    def _replay(self, golden: GoldenTrace, cancelled: CancellationToken) -> Replay:
        from converge_desktop.runtime.replay import replay  # noqa: PLC0415 - see above

        with self._at_work():
            backend = self._backend_of(golden.envelope, self._stopping(cancelled))
            self._publish(state="busy")
            return replay(golden, backend, self._stopping(cancelled))

    def _backend_of(
        self, envelope: InferenceEnvelope, cancelled: CancellationToken
    ) -> LlamaBackend:
        """Returns the model of an envelope, or the one in use, which then says that it is another.

        With its adapter, if it had one.
        """
        pool = self._need_pool()
        wanted = envelope.model_sha256, envelope.adapter_sha256 or ""
        loaded = pool.of_hash(*wanted)
        if loaded is not None:
            return loaded
        for entry in self._settings.catalogue.values():
            if isinstance(entry, LocalModel) and pool.is_file_of(entry, *wanted):
                return pool.backend(entry, cancelled)
        entry = self.entry("")
        assert isinstance(entry, LocalModel)
        return pool.backend(entry, cancelled)

    def _publish(self, **changes: object) -> None:
        with self._viewing:
            self._view = replace(self._view, **self._known(), **changes)  # type: ignore[arg-type]
            self._changed(self._view)

    def _known(self) -> dict[str, Any]:
        return {"models": self._rows(), "catalogue": str(self._settings.registry.parent / FILE)}

    def _name_of(self, path: Path) -> str:
        """Returns the name by which a file is known; its own where it is not."""
        for name, entry in self._settings.catalogue.items():
            if isinstance(entry, LocalModel) and entry.path == path and not entry.adapter:
                return name
        return path.stem

    def _rows(self) -> tuple[ModelRow, ...]:
        loaded = {str(one.path): one for one in self._pool.loaded()} if self._pool else {}
        rows = []
        for name, entry in self._settings.catalogue.items():
            if isinstance(entry, RemoteModel):
                rows.append(ModelRow(name, entry.url, remote=True))
                continue
            backend = loaded.get(str(entry.path))
            grade = str(backend.grade) if backend else ""
            rows.append(ModelRow(name, str(entry.path), loaded=backend is not None, grade=grade))
        embeds = self._settings.embedder
        if embeds is not None:
            backend = loaded.get(str(embeds))
            grade = str(backend.grade) if backend else ""
            row = ModelRow(embeds.stem, str(embeds), loaded=backend is not None, grade=grade)
            rows.append(replace(row, embeds=True))
        return tuple(rows)


def _run(job: _Job) -> None:
    if not job.future.set_running_or_notify_cancel():
        return
    try:
        job.future.set_result(job.work())
    except Exception as error:  # noqa: BLE001 - whatever went wrong belongs to the one who asked
        job.future.set_exception(error)
