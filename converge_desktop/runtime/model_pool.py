"""The models of this process that are loaded, within a memory budget.

Owned by the model thread. A file is let in by the registry before it is loaded here, and measured
when it is loaded for the first time; the model that was not used for longest makes room.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from converge_core.capability import CancellationToken
from converge_core.errors import InvalidValue
from converge_core.model_config import AdapterNeeds, ModelFacts, Needs, require_fit
from converge_core.record import read
from converge_desktop.adapters.models.catalogue import LocalModel
from converge_desktop.adapters.models.determinism import Findings, probe, probe_embedder
from converge_desktop.adapters.models.llama import (
    COMPUTE_BYTES,
    MOST_CONTEXT,
    LlamaBackend,
    ModelProblem,
)
from converge_desktop.adapters.models.model_check import ModelChanged, UnsafeModel
from converge_desktop.adapters.models.model_registry import Admitted, ModelRegistry

SHARE: Final = 2
"""The models may take one part in so many of the machine's memory."""

Key = tuple[str, str]
"""What tells loaded models apart: file and adapter."""


class ModelPool:
    """Loads models and keeps them.

    Args:
        registry: what is known of model files.
        threads: the most threads a model computes with.
        memory_bytes: what the models may take together; half of the machine's memory if None.
        telling: told what is being done, in a word: ``loading`` or ``measuring``.
    """

    def __init__(
        self,
        registry: ModelRegistry,
        *,
        threads: int,
        memory_bytes: int | None,
        telling: Callable[[str, LocalModel], None],
    ) -> None:
        self._registry = registry
        self._threads = threads
        self._memory = memory_bytes or _machine_bytes() // SHARE
        self._telling = telling
        self._backends: OrderedDict[Key, LlamaBackend] = OrderedDict()

    def facts(self, model: LocalModel) -> ModelFacts:
        """Returns what a model's file says of itself, without loading it here.

        Raises:
            UnsafeModel: if the file is not let in.
        """
        return self._admit(model).facts

    def backend(self, model: LocalModel, cancelled: CancellationToken = bool) -> LlamaBackend:
        """Returns a model, loaded; gives up loading and measuring once ``cancelled`` says so.

        Raises:
            UnsafeModel: if its file is not let in.
            ConfigurationRefused: if it and its adapter do not fit.
            ModelProblem: if llama.cpp refuses it, or there is no room.
        """
        key = _key(model)
        if key in self._backends:
            self._backends.move_to_end(key)
            return self._backends[key]
        self._telling("loading", model)
        admitted = self._admit(model)
        adapter = self._require_adapter(model, admitted)
        self._make_room(model, _wanted(admitted.facts))
        backend = LlamaBackend(
            model.path,
            self._threads,
            sha256=admitted.sha256,
            adapter=model.adapter,
            cancelled=cancelled,
        )
        try:
            self._registry.require_pin(model.path, admitted.sha256)  # it may have been replaced
            if adapter is not None:
                self._require_same(adapter, backend)
            self._measure(model, backend, cancelled)
        except BaseException:
            backend.close()
            raise
        self._backends[key] = backend
        return backend

    def has(self, model: LocalModel) -> bool:
        """Says whether a model is loaded."""
        return _key(model) in self._backends

    def taken_anew(self, model: LocalModel, cancelled: CancellationToken = bool) -> LlamaBackend:
        """Returns a model as its file is now; one that changed on disk is another model.

        Raises:
            UnsafeModel: if its file is not let in.
            ConfigurationRefused: if it and its adapter do not fit.
            ModelProblem: if llama.cpp refuses it, or there is no room.
        """
        loaded = self._backends.get(_key(model))
        if loaded is None or self.is_file_of(model, loaded.sha256, loaded.adapter_sha256):
            return self.backend(model, cancelled)
        del self._backends[_key(model)]
        try:
            found = self.backend(model, cancelled)
        except BaseException:
            self._backends[_key(model)] = loaded  # what is loaded goes on as it was
            raise
        loaded.close()
        return found

    def of_hash(self, sha256: str, adapter_sha256: str = "") -> LlamaBackend | None:
        """Returns the loaded model of a hash, with the adapter of a hash, if there is one."""
        wanted = (sha256, adapter_sha256)
        loaded = self._backends.values()
        return next((one for one in loaded if (one.sha256, one.adapter_sha256) == wanted), None)

    def is_file_of(self, model: LocalModel, sha256: str, adapter_sha256: str = "") -> bool:
        """Whether a model's file and its adapter's have those hashes; without one it is empty.

        A file that cannot be read has none.
        """
        try:
            adapter = self._registry.sha256(model.adapter) if model.adapter else ""
            return adapter == adapter_sha256 and self._registry.sha256(model.path) == sha256
        except UnsafeModel:
            return False

    def release(self, sha256: str) -> None:
        """Lets a quarantined file be looked into again."""
        self._registry.release(sha256)

    def loaded(self) -> tuple[LlamaBackend, ...]:
        """Returns what is loaded, the one that was used last at the end."""
        return tuple(self._backends.values())

    def drop(self, model: LocalModel) -> None:
        """Frees a model, if it is loaded."""
        backend = self._backends.pop(_key(model), None)
        if backend is not None:
            backend.close()

    def close(self) -> None:
        """Frees all of them."""
        while self._backends:
            self._backends.popitem()[1].close()

    def _admit(self, model: LocalModel) -> Admitted:
        if model.sha256:
            self._registry.require_pin(model.path, model.sha256)
        return self._registry.admit(model.path)

    def _require_adapter(self, model: LocalModel, base: Admitted) -> Admitted | None:
        """Returns the adapter, if there is one, once it is known that both fit."""
        needs, adapter = Needs(generates=False), None
        if model.adapter:
            adapter = self._registry.admit(model.adapter, base)
            about = AdapterNeeds(adapter.facts, base_sha256=model.sha256)
            needs = Needs(generates=False, adapter=about)
        require_fit(base.facts, needs, str(model.path))
        return adapter

    def _require_same(self, adapter: Admitted, backend: LlamaBackend) -> None:
        """Lets a loaded model pass if its adapter was, and still is, the one that was let in."""
        self._registry.require_pin(adapter.path, adapter.sha256)
        if backend.adapter_sha256 != adapter.sha256:
            raise ModelChanged(
                adapter.path, "was changed while it was loaded", "Wait until it is written."
            )

    def _make_room(self, model: LocalModel, wanted: int) -> None:
        """Frees what was not used for longest until ``wanted`` bytes fit.

        Raises:
            ModelProblem: if they would not even fit alone.
        """
        if wanted > self._memory:
            raise ModelProblem(
                f"{model.path} takes {wanted / 1e9:,.1f} GB, and the models of this desk may take "
                f"{self._memory / 1e9:,.1f} GB together; choose a smaller one"
            )
        while self._backends and self._used() + wanted > self._memory:
            self._backends.popitem(last=False)[1].close()

    def _used(self) -> int:
        return sum(backend.memory_bytes for backend in self._backends.values())

    def _measure(
        self, model: LocalModel, backend: LlamaBackend, cancelled: CancellationToken
    ) -> None:
        """Finds out how exactly a model repeats itself here, unless that is known already."""
        settings = backend.settings()
        known = self._registry.measured(backend.sha256, settings)
        if known is not None:
            try:
                backend.findings = read(Findings, known.findings)
            except InvalidValue:
                backend.findings = None  # what another version found is found out anew
        if backend.findings is None:
            self._telling("measuring", model)
            with backend.stopping(cancelled):
                measure = probe_embedder if backend.embeds_only else probe
                backend.findings = measure(backend)
            found = msgspec.structs.asdict(backend.findings)
            self._registry.remember_measured(
                backend.sha256, backend.findings.grade, found, settings
            )


def _wanted(facts: ModelFacts) -> int:
    """Returns about what a model will take: its weights, and a context of all its width."""
    context = min(facts.context_trained or MOST_CONTEXT, MOST_CONTEXT)
    return facts.size + COMPUTE_BYTES + 4 * facts.embedding_length * facts.layers * context


def _key(model: LocalModel) -> Key:
    return str(model.path), str(model.adapter or Path())


def _machine_bytes() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
