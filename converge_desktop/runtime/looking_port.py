"""What the window may ask of a desk before a run starts, and about one fact."""

from __future__ import annotations

from concurrent.futures import Future
from pathlib import Path
from typing import Protocol

from converge_desktop.runtime.fact_model import FactView
from converge_desktop.runtime.input_view import InputView


class LookingPort(Protocol):
    """A running desk, as whoever looks before they act sees it."""

    def check_input(self, pack_id: str, folder: Path) -> Future[InputView]:
        """Reads a folder as a run of a pack would, and starts none; fails with a sentence."""

    def fact(self, run_id: str, fact_id: str) -> Future[FactView]:
        """Returns one fact whole, as a run sees it, from the ledger alone: no database is asked."""
