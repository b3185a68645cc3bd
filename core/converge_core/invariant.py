"""Rules about the whole context, in three classes (vocabulary 1.4)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from converge_core.canonical import checked
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


class OnViolation(StrEnum):
    """What a broken semantic or acceptance rule leads to; a structural one always stops."""

    STOP = "stop"
    """The run stops at once."""
    REMEDIATE = "remediate"
    """A diagnostic names it, agents may mend it, and the run goes on; a rule that is still broken
    when nothing changes any more stops the run then."""


@dataclass(frozen=True, slots=True)
class Violation:
    """Why a rule does not hold, and the facts concerned.

    Attributes:
        reason: one sentence for a person.
        facts: the facts concerned.
        failed: whether the rule could not be judged, because judging it failed.
    """

    reason: str
    facts: tuple[FactId, ...] = ()
    failed: bool = False


def _can_be_told(violation: Violation) -> bool:
    """Whether each field is of its type; what no text can hold raises."""
    checked((violation.reason, violation.facts), "violation")
    named = type(violation.facts) is tuple and all(isinstance(one, str) for one in violation.facts)
    return named and type(violation.failed) is bool


@dataclass(frozen=True, slots=True)
class Invariant:
    """A named rule; ``check`` returns None while it holds.

    Attributes:
        name: what diagnostics and stops call it.
        invariant_class: when it must hold.
        check: says how a context breaks it.
        on_violation: what breaking it leads to.
        parameters: the numbers and texts it compares with, by name, so that whoever runs the same
            intent elsewhere can tell whether their rule is this one.
    """

    name: str
    invariant_class: InvariantClass
    check: Callable[[Context], Violation | None]
    on_violation: OnViolation = OnViolation.STOP
    parameters: Mapping[str, int | str] = field(default_factory=dict, hash=False)

    def judge(self, context: Context) -> Violation | None:
        """Returns how ``context`` breaks the rule, or None; a rule that fails does not hold."""
        try:
            violation: Any = self.check(context._fork())  # noqa: SLF001 - what it stages is its own
            if violation is None:
                return None
            if type(violation.reason) is not str:
                return Violation("It was judged without a reason.", failed=True)
            if type(violation) is Violation and _can_be_told(violation):
                return violation
            return Violation("It was judged by what is no violation.", failed=True)
        except Exception as error:  # noqa: BLE001 - a rule may fail in any way
            return Violation(f"It could not be judged: {type(error).__name__}.", failed=True)
