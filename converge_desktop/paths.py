"""Where things lie on disk."""

from __future__ import annotations

from pathlib import Path


def resources() -> Path:
    """Returns the folder of shipped resources: inside the package, or beside it in a checkout."""
    package = Path(__file__).resolve().parent
    inside = package / "_resources"
    return inside if inside.is_dir() else package.parent / "resources"
