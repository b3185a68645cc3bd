"""What goes wrong at a model: in words for people, and in terms that decide what is done."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from converge_core.capability import ResponseFormat
from converge_core.capability_errors import (
    AuthDenied,
    CapabilityError,
    ContentFiltered,
    ContextLengthExceeded,
    ErrorCategory,
    InvalidRequest,
    LlmError,
    ModelNotFound,
    NetworkError,
    ProviderError,
    RateLimited,
    ResponseFormatMismatch,
    Timeout,
    span,
)

Row = tuple[LlmError, str, str, bool, bool, int | None]

TABLE: list[Row] = [
    (
        RateLimited(1_500_000),
        "rate limited (retry after 1.5s)",
        "rate_limit",
        True,
        True,
        1_500_000,
    ),
    (
        RateLimited(30_000_000, "slow down"),
        "rate limited (retry after 30s): slow down",
        "rate_limit",
        True,
        True,
        30_000_000,
    ),
    (
        Timeout(elapsed=2_000_250, deadline=100_000),
        "timeout after 2.00025s (deadline: 100ms)",
        "timeout",
        True,
        True,
        None,
    ),
    (AuthDenied("no key"), "authentication denied: no key", "auth", False, False, None),
    (InvalidRequest("no text"), "invalid request: no text", "invalid_input", False, False, None),
    (ModelNotFound("m-7b"), "model not found: m-7b", "not_found", False, False, None),
    (
        ContextLengthExceeded(max_tokens=4096, request_tokens=5000),
        "context length exceeded: 5000 tokens (max: 4096)",
        "invalid_input",
        False,
        False,
        None,
    ),
    (
        ContentFiltered("violence"),
        "content filtered: violence",
        "invalid_input",
        False,
        False,
        None,
    ),
    (
        ResponseFormatMismatch(ResponseFormat.YAML, "prose"),
        "response format mismatch for Yaml: prose",
        "internal",
        False,
        False,
        None,
    ),
    (ProviderError("oops"), "provider error: oops", "internal", False, True, None),
    (
        ProviderError("oops", "E42"),
        "provider error: oops (code: E42)",
        "internal",
        False,
        True,
        None,
    ),
    (NetworkError("no route"), "network error: no route", "unavailable", True, True, None),
]


@pytest.mark.parametrize("row", TABLE, ids=lambda row: type(row[0]).__name__)
def test_each_kind_has_its_words_and_its_class(row: Row) -> None:
    """Display text, category, transient, retryable and retry-after, as the table has them."""
    error, *expected = row

    assert expected == [
        str(error),
        error.category,
        error.transient,
        error.retryable,
        error.retry_after,
    ]


def test_the_kinds_are_ten() -> None:
    """And the table has them all."""
    kinds = set(LlmError.__subclasses__())

    assert 10 == len(kinds)
    assert kinds == {type(error) for error, *_ in TABLE}


def test_the_categories_are_nine() -> None:
    """Spelled in snake case."""
    assert [
        "timeout",
        "rate_limit",
        "auth",
        "invalid_input",
        "not_found",
        "conflict",
        "unavailable",
        "invariant_violation",
        "internal",
    ] == [str(one) for one in ErrorCategory]


def kinds(base: type[CapabilityError]) -> Iterator[type[CapabilityError]]:
    yield base
    for kind in base.__subclasses__():
        yield from kinds(kind)


@pytest.mark.parametrize("kind", sorted(kinds(CapabilityError), key=str))
def test_whatever_passes_by_itself_may_be_tried_again(kind: type[CapabilityError]) -> None:
    """Transient implies retryable; the reverse does not hold."""
    assert kind.retryable or not kind.transient


@pytest.mark.parametrize("asked", ResponseFormat)
def test_a_format_is_named_as_a_word(asked: ResponseFormat) -> None:
    """Json, Yaml, Toml, Markdown, Text."""
    error = ResponseFormatMismatch(asked, "no")

    assert f"response format mismatch for {asked.value.title()}: no" == str(error)


@pytest.mark.parametrize("error", [row[0] for row in TABLE], ids=repr)
def test_an_error_survives_being_copied_and_sent(error: LlmError) -> None:
    """A backend may run in a process of its own."""
    for twin in (copy.copy(error), pickle.loads(pickle.dumps(error))):
        assert type(error) is type(twin)
        assert (str(error), vars(error)) == (str(twin), vars(twin))


@pytest.mark.parametrize(
    ("microseconds", "words"),
    [
        (0, "0ns"),
        (1, "1µs"),
        (250, "250µs"),
        (999, "999µs"),
        (1_000, "1ms"),
        (1_050, "1.05ms"),
        (100_000, "100ms"),
        (999_999, "999.999ms"),
        (1_000_000, "1s"),
        (1_000_001, "1.000001s"),
        (1_500_000, "1.5s"),
        (30_000_000, "30s"),
        (3_600_000_000, "3600s"),
    ],
)
def test_a_span_reads_as_it_does_in_the_original(microseconds: int, words: str) -> None:
    """In the largest unit that it fills, without closing zeros."""
    assert words == span(microseconds)


@given(st.integers(1, 10**15))
def test_a_span_says_exactly_how_long_it_is(microseconds: int) -> None:
    """No digit is lost and none is made up."""
    words = span(microseconds)
    size, unit = next(
        (size, unit)
        for size, unit in ((1, "µs"), (1_000, "ms"), (1_000_000, "s"))
        if words.endswith(unit)
    )
    whole, _, rest = words.removesuffix(unit).partition(".")
    digits = len(str(size)) - 1

    assert microseconds == int(whole) * size + int(rest.ljust(digits, "0") or 0)
    assert not rest.endswith("0")


def test_a_span_that_would_be_negative_is_none() -> None:
    """A date that has passed asks for no wait."""
    assert 0 == RateLimited(-5).retry_after
    assert "timeout after 0ns (deadline: 0ns)" == str(Timeout(-1, -2))
