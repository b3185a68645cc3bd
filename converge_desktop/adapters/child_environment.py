"""What a process of our own is told of this one: where the packages are, and little else."""

from __future__ import annotations

import os
from pathlib import Path

import converge_core
import converge_desktop

_PASSED_ON = (
    *("PATH", "LANG", "LC_ALL", "TMPDIR"),
    *("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"),
)


def child_environment(**more: str) -> dict[str, str]:
    """Returns the variables of a process that runs a module of these packages.

    Args:
        more: variables of that process alone.
    """
    places = dict.fromkeys(
        str(Path(package.__file__ or "").resolve().parents[1])
        for package in (converge_desktop, converge_core)
    )
    kept = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return kept | {"PYTHONPATH": os.pathsep.join(places), "PYTHONDONTWRITEBYTECODE": "1"} | more
