"""Rules about the whole context, in three classes (vocabulary 1.4)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from converge_core.context import Context
from converge_core.ids import FactId


class InvariantClass(StrEnum):
    """When a rule must hold, and what breaking it means."""

    STRUCTURAL = "structural"
    """After every merge; a merge that breaks it is discarded whole."""
    SEMANTIC = "semantic"
    """At the end of every cycle; breaking it stops the run."""
    ACCEPTANCE = "acceptance"
    """At the fixed point; breaking it means that the result is not accepted."""


@dataclass(frozen=True, slots=True)
class Violation:
    """Why a rule does not hold, and the facts concerned."""

    reason: str
    facts: tuple[FactId, ...] = ()


@dataclass(frozen=True, slots=True)
class Invariant:
    """A named rule; ``check`` returns None while it holds."""

    name: str
    invariant_class: InvariantClass
    check: Callable[[Context], Violation | None]
