"""What goes wrong at a capability, and whether to try again.

Every capability (models today) classifies its errors in the same four terms, so that one helper
(``retry.py``) serves them all. These are no errors of the core, which refused nothing; they report
what the outside did, and so they are not part of its error tree.

Spans of time are integers in microseconds; one that would be negative is none.
"""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from converge_core.capability import ResponseFormat


class ErrorCategory(StrEnum):
    """What kind of thing went wrong."""

    TIMEOUT = "timeout"
    RATE_LIMIT = "rate_limit"
    AUTH = "auth"
    INVALID_INPUT = "invalid_input"
    NOT_FOUND = "not_found"
    CONFLICT = "conflict"
    UNAVAILABLE = "unavailable"
    INVARIANT_VIOLATION = "invariant_violation"
    INTERNAL = "internal"


class CapabilityError(Exception):
    """A capability could not do what it was asked.

    Attributes:
        category: what kind of thing went wrong.
        transient: whether it is likely to pass by itself.
        retryable: whether the same call may be made again; so is whatever is transient.
        retry_after: how long the other side asks to be left alone, in microseconds; None if it
            does not say.
    """

    category: ClassVar[ErrorCategory] = ErrorCategory.INTERNAL
    transient: ClassVar[bool] = False
    retryable: ClassVar[bool] = False
    retry_after: int | None = None


class LlmError(CapabilityError):
    """A language model gave no answer, or none that can be used; one of ten kinds.

    ``str()`` is a sentence for a person. The fields are the error's ``args`` in their order, so
    that it can be copied and sent to another process whole.
    """


class RateLimited(LlmError):
    """The provider wants fewer calls.

    Attributes:
        retry_after: how long it asks to be left alone.
        message: what it said.
    """

    category = ErrorCategory.RATE_LIMIT
    transient = True
    retryable = True
    retry_after: int

    def __init__(self, retry_after: int, message: str | None = None) -> None:
        super().__init__(retry_after, message)
        self.retry_after = max(0, retry_after)
        self.message = message

    def __str__(self) -> str:
        said = "" if self.message is None else f": {self.message}"
        return f"rate limited (retry after {span(self.retry_after)}){said}"


class Timeout(LlmError):
    """The call took too long.

    Attributes:
        elapsed: how long it had taken.
        deadline: how long it was given.
    """

    category = ErrorCategory.TIMEOUT
    transient = True
    retryable = True

    def __init__(self, elapsed: int, deadline: int) -> None:
        super().__init__(elapsed, deadline)
        self.elapsed = max(0, elapsed)
        self.deadline = max(0, deadline)

    def __str__(self) -> str:
        return f"timeout after {span(self.elapsed)} (deadline: {span(self.deadline)})"


class AuthDenied(LlmError):
    """The provider does not know the caller, or does not let it."""

    category = ErrorCategory.AUTH

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    def __str__(self) -> str:
        return f"authentication denied: {self.message}"


class InvalidRequest(LlmError):
    """The request cannot be answered as it stands."""

    category = ErrorCategory.INVALID_INPUT

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    def __str__(self) -> str:
        return f"invalid request: {self.message}"


class ModelNotFound(LlmError):
    """The model that was asked for is not there."""

    category = ErrorCategory.NOT_FOUND

    def __init__(self, model: str) -> None:
        super().__init__(model)
        self.model = model

    def __str__(self) -> str:
        return f"model not found: {self.model}"


class ContextLengthExceeded(LlmError):
    """The request does not fit into the model's context.

    Attributes:
        max_tokens: how many tokens fit.
        request_tokens: how many the request has.
    """

    category = ErrorCategory.INVALID_INPUT

    def __init__(self, max_tokens: int, request_tokens: int) -> None:
        super().__init__(max_tokens, request_tokens)
        self.max_tokens = max_tokens
        self.request_tokens = request_tokens

    def __str__(self) -> str:
        return f"context length exceeded: {self.request_tokens} tokens (max: {self.max_tokens})"


class ContentFiltered(LlmError):
    """The provider withheld the answer, or would not read the question."""

    category = ErrorCategory.INVALID_INPUT

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return f"content filtered: {self.reason}"


class ResponseFormatMismatch(LlmError):
    """The answer is not in the format that was asked for.

    The same call would bring the same answer, so it is not retried; asking for a safer format is
    another call (:meth:`ResponseFormat.fallback`).

    Attributes:
        expected: the format that was asked for.
        message: in what the answer differs from it.
    """

    category = ErrorCategory.INTERNAL

    def __init__(self, expected: ResponseFormat, message: str) -> None:
        super().__init__(expected, message)
        self.expected = expected
        self.message = message

    def __str__(self) -> str:
        return f"response format mismatch for {self.expected.value.capitalize()}: {self.message}"


class ProviderError(LlmError):
    """The provider failed; not transient as far as it says, but worth another try.

    Attributes:
        message: what it said.
        code: its own code for it.
    """

    category = ErrorCategory.INTERNAL
    retryable = True

    def __init__(self, message: str, code: str | None = None) -> None:
        super().__init__(message, code)
        self.message = message
        self.code = code

    def __str__(self) -> str:
        code = "" if self.code is None else f" (code: {self.code})"
        return f"provider error: {self.message}{code}"


class NetworkError(LlmError):
    """The provider could not be reached."""

    category = ErrorCategory.UNAVAILABLE
    transient = True
    retryable = True

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    def __str__(self) -> str:
        return f"network error: {self.message}"


_UNITS = ((1_000_000, "s"), (1_000, "ms"), (1, "µs"))


def span(microseconds: int) -> str:
    """Spells a span of time as Rust's ``Duration`` does: ``1.5s``, ``30s``, ``100ms``, ``0ns``."""
    for size, unit in _UNITS:
        if microseconds >= size:
            whole, rest = divmod(microseconds, size)
            digits = f"{rest:0{len(str(size)) - 1}d}".rstrip("0") if rest else ""
            return f"{whole}.{digits}{unit}" if digits else f"{whole}{unit}"
    return "0ns"
