"""Trying again: which errors, how often, after how long, and with every attempt on record.

The core has neither clock nor chance, so whoever calls brings the waiting and the jitter.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, TypeVar

import msgspec

from converge_core.canonical import MAX_INTEGER
from converge_core.capability import CallCancelled, ResponseFormat
from converge_core.capability_errors import CapabilityError, ErrorCategory
from converge_core.errors import InvalidConfiguration
from converge_core.record import Record

T = TypeVar("T")

LONGEST_WORDS = 400
"""What an attempt says at most; a server's message may be of any length."""

THOUSAND = 1000

Span = Annotated[int, msgspec.Meta(ge=0, le=MAX_INTEGER)]
"""Microseconds."""


class RetryPolicy(Record, frozen=True):
    """How often to try, and how long to wait in between; times in microseconds.

    Attributes:
        max_attempts: how many calls at most, the first one included.
        first_wait_us: the wait after the first failure; it doubles after each further one.
        longest_wait_us: what it does not grow beyond, jitter included.
        jitter: by how many thousandths a wait may be shorter or longer, so that many callers who
            failed together do not come back together.
        patience_us: the longest that the other side may ask to be left alone; a call that would
            have to wait longer fails instead.
    """

    max_attempts: Annotated[int, msgspec.Meta(ge=1, le=100)] = 3
    first_wait_us: Span = 100_000
    longest_wait_us: Span = 10_000_000
    jitter: Annotated[int, msgspec.Meta(ge=0, le=THOUSAND)] = 200
    patience_us: Span = 60_000_000

    def __post_init__(self) -> None:
        """Refuses what would never try, or never stop."""
        if not 1 <= self.max_attempts <= 100:  # noqa: PLR2004 - as the field says
            raise InvalidConfiguration(f"{self.max_attempts} attempts: 1 to 100 can be made")
        if not 0 <= self.jitter <= THOUSAND:
            raise InvalidConfiguration(f"jitter of {self.jitter} thousandths: 0 to 1000 can be had")
        if min(self.first_wait_us, self.longest_wait_us, self.patience_us) < 0:
            raise InvalidConfiguration("a wait cannot be negative")

    def backoff(self, failures: int, draw: int) -> int:
        """Returns how long to wait after so many failures.

        Args:
            failures: how many attempts have failed; at least 1.
            draw: where in the jitter's range the wait lies: 0 is its beginning, 500 no jitter,
                1000 its end.
        """
        plain = min(self.first_wait_us << (failures - 1), self.longest_wait_us)
        off = self.jitter * (2 * min(max(draw, 0), THOUSAND) - THOUSAND)
        return min(plain + plain * off // THOUSAND**2, self.longest_wait_us)


NO_RETRY = RetryPolicy(max_attempts=1)
"""One call, and what comes of it."""


class AttemptOutcome(StrEnum):
    """What came of one attempt."""

    ANSWERED = "answered"
    FAILED = "failed"
    CANCELLED = "cancelled"


class CallAttempt(Record, frozen=True):
    """One attempt at a call, as it goes on record.

    Attributes:
        number: which attempt, from 1.
        outcome: what came of it.
        category: what kind of thing went wrong; None if nothing did.
        words: what went wrong, for a person; empty if nothing did.
        wait_us: how long is waited before the next attempt; None if there is none.
        format: the format that was asked for; None where the call has none.
        fallback: whether it asks for a safer format than was wanted.
    """

    number: int
    outcome: AttemptOutcome
    category: ErrorCategory | None = None
    words: str = ""
    wait_us: Span | None = None
    format: ResponseFormat | None = None
    fallback: bool = False


def with_retry(
    call: Callable[[], T],
    policy: RetryPolicy,
    *,
    sleep: Callable[[int], bool],
    jitter: Callable[[], int],
    record: Callable[[CallAttempt], None],
) -> T:
    """Returns what ``call`` returns, calling again as ``policy`` and the error's kind allow.

    Only an error that says it is retryable is followed by another attempt. If it says how long to
    wait, that long is waited; else as the policy has it.

    Args:
        call: makes one attempt.
        policy: how often, and after how long.
        sleep: waits so many microseconds; returns False if the caller wanted the call to end
            meanwhile, and then at once.
        jitter: returns a number from 0 to 1000, by chance.
        record: is given each attempt as soon as it is known what came of it, and before the wait.

    Raises:
        CapabilityError: the last attempt's, where no other may follow.
        CallCancelled: if the caller wanted the call to end.
    """
    number = 1
    while True:
        try:
            answer = call()
        except CallCancelled as error:
            record(_attempt(number, AttemptOutcome.CANCELLED, error))
            raise
        except CapabilityError as error:
            wait = _wait(error, number, policy, jitter)
            record(_attempt(number, AttemptOutcome.FAILED, error, error.category, wait))
            if wait is None:
                raise
            if not sleep(wait):
                raise CallCancelled("the call was ended between two attempts") from error
        except Exception as error:
            # A mistake in the backend: as much an attempt as any, but nothing to repeat.
            record(_attempt(number, AttemptOutcome.FAILED, error, ErrorCategory.INTERNAL))
            raise
        else:
            record(CallAttempt(number=number, outcome=AttemptOutcome.ANSWERED))
            return answer
        number += 1


def _wait(
    error: CapabilityError, failures: int, policy: RetryPolicy, jitter: Callable[[], int]
) -> int | None:
    """Returns how long to wait before the next attempt; None if there is to be none."""
    if not error.retryable or failures >= policy.max_attempts:
        return None
    if error.retry_after is None:
        return policy.backoff(failures, jitter())
    return error.retry_after if error.retry_after <= policy.patience_us else None


def _attempt(
    number: int,
    outcome: AttemptOutcome,
    error: Exception,
    category: ErrorCategory | None = None,
    wait_us: int | None = None,
) -> CallAttempt:
    said = str(error) or type(error).__name__
    words = said.encode(errors="replace").decode()[:LONGEST_WORDS]
    return CallAttempt(
        number=number, outcome=outcome, category=category, words=words, wait_us=wait_us
    )
