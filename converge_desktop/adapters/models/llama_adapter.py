"""A weight adapter, laid over the contexts of a model."""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Any

import llama_cpp

from converge_desktop.adapters.models.llama_context import Context
from converge_desktop.adapters.models.llama_file import hash_model
from converge_desktop.adapters.models.llama_library import ModelProblem, first_error, forget_log


class Adapter:
    """A LoRA adapter, laid over each context of its model."""

    def __init__(self, model: Any, path: Path) -> None:
        self.name, self.sha256 = path.stem, hash_model(path)
        forget_log()
        self._handle = llama_cpp.llama_adapter_lora_init(model, str(path).encode())
        if not self._handle:
            raise ModelProblem(
                f"the adapter {path} does not fit the model. llama.cpp says: {first_error()}. "
                "Choose one that was made for it."
            )

    def join(self, context: Context) -> None:
        """Has ``context`` compute with it."""
        handles = (llama_cpp.llama_adapter_lora_p_ctypes * 1)(self._handle)
        scales = (ctypes.c_float * 1)(1.0)
        llama_cpp.llama_set_adapters_lora(context.handle, handles, 1, scales)

    def close(self) -> None:
        """Lets it go; llama.cpp frees it with its model."""
        self._handle = None
