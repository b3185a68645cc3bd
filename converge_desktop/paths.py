"""Where things lie on disk."""

from __future__ import annotations

from pathlib import Path

from platformdirs import user_data_path

APP = "converge-desktop"


def resources() -> Path:
    """Returns the folder of shipped resources: inside the package, or beside it in a checkout."""
    package = Path(__file__).resolve().parent
    inside = package / "_resources"
    return inside if inside.is_dir() else package.parent / "resources"


def packs() -> Path:
    """Returns the folder of shipped packs."""
    return resources() / "packs"


def samples() -> Path:
    """Returns the folder of shipped samples, one a pack."""
    return resources() / "samples"


def default_model() -> Path:
    """Returns the model that ships with the app."""
    return resources() / "models" / "converge-nano-q8_0.gguf"


def shipped_models() -> dict[str, Path]:
    """Returns the models that ship with the app, by the names by which packs call them."""
    return {"converge-nano": default_model()}


def embedder() -> Path:
    """Returns the model that ships to embed texts with; it writes nothing, so no pack names it."""
    return resources() / "models" / "all-minilm-l6-v2-q8_0.gguf"


def default_data_dir() -> Path:
    """Returns where a desk lies unless the person says otherwise."""
    return user_data_path(APP, appauthor=False)
