"""A model file by its bytes."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

from converge_desktop.adapters.models.llama_library import ModelProblem

GGUF_MAGIC: Final = b"GGUF"


def hash_model(path: Path) -> str:
    """Returns the SHA-256 of a model file.

    Raises:
        ModelProblem: if it cannot be read, or is no GGUF by its first bytes.
    """
    try:
        if path.exists() and not path.is_file():
            raise ModelProblem(f"{path} is not a file. Choose a file whose name ends in .gguf.")
        with path.open("rb") as file:
            if file.read(len(GGUF_MAGIC)) != GGUF_MAGIC:
                raise ModelProblem(
                    f"{path} is not a GGUF model: it does not begin with “GGUF”. Choose a file "
                    "whose name ends in .gguf."
                )
            file.seek(0)
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ModelProblem(
            f"{path} cannot be read: {error.strerror or error}. Choose another model file."
        ) from error
