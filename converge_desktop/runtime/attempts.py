"""Attempts at models elsewhere, in words: how often one was asked, and what came of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from converge_core.capability_errors import ErrorCategory
from converge_core.events import CallAttempted
from converge_core.ids import AgentId
from converge_core.retry import AttemptOutcome, CallAttempt
from converge_desktop.runtime.wording import seconds

_CATEGORIES: Mapping[ErrorCategory, str] = {
    ErrorCategory.TIMEOUT: "no answer in time",
    ErrorCategory.RATE_LIMIT: "rate limited",
    ErrorCategory.AUTH: "the key was refused",
    ErrorCategory.INVALID_INPUT: "the request was refused",
    ErrorCategory.NOT_FOUND: "no such model there",
    ErrorCategory.CONFLICT: "something else was in the way",
    ErrorCategory.UNAVAILABLE: "not reached",
    ErrorCategory.INVARIANT_VIOLATION: "a rule was broken",
    ErrorCategory.INTERNAL: "the answer could not be used",
}
_TIMES = {1: "once", 2: "twice"}


@dataclass(frozen=True, slots=True)
class Asked:
    """One call of a model elsewhere: who made it, and all attempts at it, in their order."""

    agent: AgentId
    cycle: int
    attempts: tuple[CallAttempt, ...]

    @property
    def answered(self) -> bool:
        """Whether there was an answer in the end."""
        return self.attempts[-1].outcome is AttemptOutcome.ANSWERED

    @property
    def words(self) -> str:
        """How often was asked and what came of it: ``asked twice: rate limited, then answered``."""
        return asked_words(self.attempts)

    @property
    def why(self) -> str:
        """What went wrong last, as it was said; empty if there was an answer."""
        return self.attempts[-1].words


def calls_of(events: Iterable[CallAttempted]) -> Iterator[Asked]:
    """Yields the calls that attempts belong to, in their order; a first attempt begins a call."""
    calls: list[list[CallAttempted]] = []
    for event in events:
        before = calls[-1][-1] if calls else None
        if before is None or event.attempt.number == 1 or event.agent != before.agent:
            calls.append([])
        calls[-1].append(event)
    for call in calls:
        first = call[0]
        yield Asked(first.agent, first.cycle, tuple(event.attempt for event in call))


def asked_words(attempts: Sequence[CallAttempt]) -> str:
    """Says how often was asked, and what came of each attempt."""
    count = _TIMES.get(len(attempts), f"{len(attempts):,} times")
    *before, last = [_outcome_words(attempt) for attempt in attempts]
    return f"asked {count}: {', '.join([*before, f'then {last}' if before else last])}"


def attempt_words(attempt: CallAttempt) -> str:
    """Says what came of one attempt, with what was said and whether it is made again."""
    words = f"attempt {attempt.number:,}: {_outcome_words(attempt)}"
    if attempt.words:
        words += f" ({attempt.words})"
    if attempt.wait_us is not None:
        words += f"; asked again after {seconds(attempt.wait_us)}"
    return words


def _outcome_words(attempt: CallAttempt) -> str:
    match attempt.outcome:
        case AttemptOutcome.ANSWERED:
            words = "answered"
        case AttemptOutcome.CANCELLED:
            words = "called off"
        case _:
            words = _CATEGORIES[attempt.category or ErrorCategory.INTERNAL]
    if attempt.fallback and attempt.format is not None:
        return f"{words} when asked for {attempt.format.value.upper()} instead"
    return words
