"""Trying again: only what may be, as often as is allowed, with every attempt on record."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from converge_core.canonical import canonical, canonical_record
from converge_core.capability import CallCancelled, ResponseFormat
from converge_core.capability_errors import (
    AuthDenied,
    CapabilityError,
    ContentFiltered,
    ContextLengthExceeded,
    ErrorCategory,
    InvalidRequest,
    ModelNotFound,
    NetworkError,
    ProviderError,
    RateLimited,
    ResponseFormatMismatch,
    Timeout,
)
from converge_core.errors import InvalidConfiguration, InvalidValue
from converge_core.record import read, reread
from converge_core.retry import (
    LONGEST_WORDS,
    NO_RETRY,
    AttemptOutcome,
    CallAttempt,
    RetryPolicy,
    with_retry,
)

NO_JITTER = RetryPolicy(jitter=0)
ERRORS: list[CapabilityError] = [
    RateLimited(1_500_000),
    Timeout(2, 1),
    AuthDenied("x"),
    InvalidRequest("x"),
    ModelNotFound("x"),
    ContextLengthExceeded(1, 2),
    ContentFiltered("x"),
    ResponseFormatMismatch(ResponseFormat.JSON, "x"),
    ProviderError("x"),
    NetworkError("x"),
]
POLICIES = st.builds(
    RetryPolicy,
    max_attempts=st.integers(1, 8),
    first_wait_us=st.integers(0, 10**7),
    longest_wait_us=st.integers(0, 10**8),
    jitter=st.integers(0, 1000),
    patience_us=st.integers(0, 10**8),
)
FAILURES = st.lists(
    st.sampled_from(ERRORS) | st.builds(RateLimited, st.integers(0, 2 * 10**8)), max_size=10
)


@dataclass
class Attempts:
    """Calls that fail as told and then answer; keeps what was waited and recorded."""

    failures: Sequence[Exception]
    draws: Callable[[], int] = lambda: 500
    wanted: Callable[[int], bool] = lambda _: True
    calls: int = 0
    waits: list[int] = field(default_factory=list)
    recorded: list[CallAttempt] = field(default_factory=list)

    def make(self, policy: RetryPolicy) -> str:
        return with_retry(
            self.call,
            policy,
            sleep=self.sleep,
            jitter=self.draws,
            record=self.recorded.append,
        )

    def call(self) -> str:
        self.calls += 1
        if self.calls <= len(self.failures):
            raise self.failures[self.calls - 1]
        return "answer"

    def sleep(self, microseconds: int) -> bool:
        assert self.calls == len(self.recorded), "recorded before the wait"
        self.waits.append(microseconds)
        return self.wanted(microseconds)


# Whether to try again.


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_what_may_be_tried_again_is_and_nothing_else(error: CapabilityError) -> None:
    """A retryable error is followed by another call; any other is the end."""
    attempts = Attempts([error])

    if error.retryable:
        assert "answer" == attempts.make(RetryPolicy())
        assert 2 == attempts.calls
        return
    with pytest.raises(type(error)) as raised:
        attempts.make(RetryPolicy())
    assert error is raised.value
    assert (1, []) == (attempts.calls, attempts.waits)


def test_the_last_error_is_raised_when_the_attempts_are_used_up() -> None:
    """Three calls, two waits, and the third one's error."""
    errors = [NetworkError("a"), ProviderError("b"), Timeout(2, 1), NetworkError("d")]
    attempts = Attempts(errors)

    with pytest.raises(Timeout) as raised:
        attempts.make(RetryPolicy())

    assert errors[2] is raised.value
    assert (3, 2) == (attempts.calls, len(attempts.waits))


def test_where_there_is_no_retry_there_is_one_call() -> None:
    """Even for what would pass by itself."""
    attempts = Attempts([NetworkError("a")])

    with pytest.raises(NetworkError):
        attempts.make(NO_RETRY)

    assert (1, []) == (attempts.calls, attempts.waits)


@given(FAILURES, POLICIES, st.lists(st.integers(0, 1000), min_size=10, max_size=10))
def test_the_law_of_trying_again(
    failures: list[CapabilityError], policy: RetryPolicy, draws: list[int]
) -> None:
    """Never more calls than allowed; only retryable errors are followed by another; each wait is
    what was asked for or within the policy's bounds; all of it stands on record."""
    supply = iter(draws)
    attempts = Attempts(failures, draws=lambda: next(supply))
    try:
        attempts.make(policy)
        answered = True
    except CapabilityError:
        answered = False
    made = attempts.recorded

    assert attempts.calls <= policy.max_attempts
    assert attempts.calls == len(made) == len(attempts.waits) + 1
    assert [*range(1, len(made) + 1)] == [attempt.number for attempt in made]
    assert [*attempts.waits, None] == [attempt.wait_us for attempt in made]
    assert answered is (made[-1].outcome is AttemptOutcome.ANSWERED)
    for number, (error, wait) in enumerate(zip(failures, attempts.waits, strict=False)):
        assert error.retryable
        if error.retry_after is not None:
            assert wait == error.retry_after <= policy.patience_us
            continue
        plain = min(policy.first_wait_us * 2**number, policy.longest_wait_us)
        assert plain * (1000 - policy.jitter) // 1000 <= wait <= policy.longest_wait_us
        assert wait <= plain * (1000 + policy.jitter) // 1000


# How long to wait.


def test_the_usual_policy() -> None:
    """Three attempts, 100 ms that double up to 10 s, 20 % jitter."""
    policy = RetryPolicy()

    assert (3, 100_000, 10_000_000, 200) == (
        policy.max_attempts,
        policy.first_wait_us,
        policy.longest_wait_us,
        policy.jitter,
    )


@pytest.mark.parametrize(
    ("failures", "draw", "wait"),
    [
        (1, 500, 100_000),
        (1, 0, 80_000),
        (1, 1000, 120_000),
        (2, 500, 200_000),
        (3, 500, 400_000),
        (7, 500, 6_400_000),
        (8, 500, 10_000_000),
        (8, 0, 8_000_000),
        (8, 1000, 10_000_000),
        (99, 500, 10_000_000),
        (1, -7, 80_000),
        (1, 5000, 120_000),
    ],
)
def test_a_wait_doubles_within_its_bounds(failures: int, draw: int, wait: int) -> None:
    """Jitter moves it by a fifth at most, and never beyond the longest wait."""
    assert wait == RetryPolicy().backoff(failures, draw)


def test_who_asks_to_be_left_alone_is_left_alone_so_long() -> None:
    """To the microsecond: no jitter, and no cap by the policy's own longest wait."""
    attempts = Attempts([RateLimited(30_000_000), NetworkError("x")], draws=lambda: 0)

    attempts.make(RetryPolicy())

    assert [30_000_000, 160_000] == attempts.waits


def test_who_asks_to_be_left_alone_too_long_is_not_waited_for() -> None:
    """Calling earlier would be rude, and waiting for an hour is no answer."""
    attempts = Attempts([RateLimited(60_000_001)])

    with pytest.raises(RateLimited):
        attempts.make(RetryPolicy())

    assert (1, []) == (attempts.calls, attempts.waits)


@pytest.mark.parametrize(
    "wrong",
    [
        {"max_attempts": 0},
        {"max_attempts": 101},
        {"jitter": -1},
        {"jitter": 1001},
        {"first_wait_us": -1},
        {"longest_wait_us": -1},
        {"patience_us": -1},
    ],
)
def test_a_policy_that_cannot_be_kept_is_refused(wrong: dict[str, int]) -> None:
    """Where it is made, and where it is read."""
    with pytest.raises(InvalidConfiguration):
        RetryPolicy(**wrong)
    with pytest.raises(InvalidValue):
        read(RetryPolicy, wrong)


# Being stopped.


def test_who_no_longer_wants_the_answer_gets_no_further_attempt() -> None:
    """The wait ends, and no call follows."""
    error = NetworkError("x")
    attempts = Attempts([error], wanted=lambda _: False)

    with pytest.raises(CallCancelled) as raised:
        attempts.make(RetryPolicy())

    assert error is raised.value.__cause__
    assert 1 == attempts.calls


def test_a_call_that_is_stopped_is_not_repeated() -> None:
    """It is on record as stopped, which is no kind of error."""
    attempts = Attempts([CallCancelled("stopped on request")])

    with pytest.raises(CallCancelled):
        attempts.make(RetryPolicy())

    (made,) = attempts.recorded
    assert (AttemptOutcome.CANCELLED, None, "stopped on request", None) == (
        made.outcome,
        made.category,
        made.words,
        made.wait_us,
    )


# On record.


def test_every_attempt_is_on_record() -> None:
    """Number, what came of it, its kind, its words, and the wait that followed."""
    attempts = Attempts([RateLimited(5), ProviderError("oops", "E1")])

    attempts.make(NO_JITTER)

    assert [
        CallAttempt(
            number=1,
            outcome=AttemptOutcome.FAILED,
            category=ErrorCategory.RATE_LIMIT,
            words="rate limited (retry after 5µs)",
            wait_us=5,
        ),
        CallAttempt(
            number=2,
            outcome=AttemptOutcome.FAILED,
            category=ErrorCategory.INTERNAL,
            words="provider error: oops (code: E1)",
            wait_us=200_000,
        ),
        CallAttempt(number=3, outcome=AttemptOutcome.ANSWERED),
    ] == attempts.recorded


def test_a_mistake_in_a_backend_is_on_record_and_not_repeated() -> None:
    """Whatever it is, it was an attempt."""
    attempts = Attempts([ZeroDivisionError()])

    with pytest.raises(ZeroDivisionError):
        attempts.make(RetryPolicy())

    (made,) = attempts.recorded
    assert (ErrorCategory.INTERNAL, "ZeroDivisionError") == (made.category, made.words)


@given(st.text(max_size=2 * LONGEST_WORDS))
def test_whatever_a_server_says_can_be_recorded(message: str) -> None:
    """Half characters too, and not more of it than is of use."""
    attempts = Attempts([AuthDenied(message)])

    with pytest.raises(AuthDenied):
        attempts.make(RetryPolicy())

    (made,) = attempts.recorded
    assert len(made.words) <= LONGEST_WORDS
    assert made == reread(CallAttempt, made)


def test_an_attempt_is_recorded_by_its_format_and_whether_it_is_the_fallback() -> None:
    """Its bytes are canonical: no floats, one spelling."""
    attempt = CallAttempt(
        number=2,
        outcome=AttemptOutcome.FAILED,
        category=ErrorCategory.INTERNAL,
        words="no",
        wait_us=7,
        format=ResponseFormat.JSON,
        fallback=True,
    )

    assert canonical(
        {
            "number": 2,
            "outcome": "failed",
            "category": "internal",
            "words": "no",
            "wait_us": 7,
            "format": "json",
            "fallback": True,
        }
    ) == canonical_record(attempt)
