"""Calling a chat model: its format asked for, retried as its errors allow, its answer parsed.

Nothing happens in silence. Every attempt is recorded as soon as it is known what came of it, also
where the call fails in the end, and so is the one fallback to a safer format.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec

from converge_core.capability import (
    CallCancelled,
    CancellationToken,
    ChatBackend,
    ChatRequest,
    ChatResponse,
    FinishReason,
    ResponseFormat,
)
from converge_core.capability_errors import ContentFiltered, ResponseFormatMismatch
from converge_core.errors import InvalidConfiguration
from converge_core.retry import NO_RETRY, CallAttempt, RetryPolicy, with_retry
from converge_desktop.adapters.formats.enforce import enforce, preview
from converge_desktop.adapters.formats.json_schema import (
    SchemaViolation,
    against_schema,
    why_unfit_schema,
)
from converge_desktop.adapters.waiting import chance, wait

DATA = frozenset({ResponseFormat.JSON, ResponseFormat.YAML, ResponseFormat.TOML})
"""The formats that are parsed, and so the ones that a schema can be held against."""


class AnswerCutOff(ResponseFormatMismatch):
    """The answer ran out of tokens, so what it says may not be all it would have said."""


@dataclass(frozen=True, slots=True)
class CallRules:
    """What may be done about a call that fails.

    Attributes:
        retry: how often to make the same call.
        fallback: whether an answer that cannot be parsed is asked for once more, as JSON. That
            call is retried as the first one was.
    """

    retry: RetryPolicy
    fallback: bool


DEFAULT_RULES = CallRules(RetryPolicy(), fallback=True)
"""Whatever helps to get an answer."""

CHAIN_RULES = CallRules(NO_RETRY, fallback=False)
"""One call a step and no other: a decision chain fails fast, and its trace is of the call made."""


class Answer(NamedTuple):
    """What came of a call.

    Attributes:
        value: the parsed answer; the text where the format is text or Markdown; None where the
            model asked for tools instead.
        response: the answer as the backend gave it.
        attempts: every attempt, the last one of which is it.
    """

    value: Any
    response: ChatResponse
    attempts: tuple[CallAttempt, ...]


class ChatCaller:
    """Calls a chat backend, on the thread that owns it.

    Args:
        backend: what answers.
        rules: what may be done about failures.
        record: is given every attempt as soon as it is known what came of it.
        sleep: waits between attempts, as :func:`wait` does.
        jitter: spreads the waits, as :func:`chance` does.
    """

    def __init__(
        self,
        backend: ChatBackend,
        rules: CallRules = DEFAULT_RULES,
        *,
        record: Callable[[CallAttempt], None] = lambda _: None,
        sleep: Callable[[int, CancellationToken], bool] = wait,
        jitter: Callable[[], int] = chance,
    ) -> None:
        self._backend = backend
        self._rules = rules
        self._record = record
        self._sleep = sleep
        self._jitter = jitter

    def call(
        self, request: ChatRequest, cancelled: CancellationToken, schema: Any = None
    ) -> Answer:
        """Returns the model's answer in the request's format, or in JSON if that failed.

        Args:
            request: what is asked; the instruction of its format is added.
            cancelled: returns True once the call is to end.
            schema: the JSON Schema that the parsed answer is held against.

        Raises:
            LlmError: the last attempt's; a ``ResponseFormatMismatch`` where the answer cannot be
                used.
            CallCancelled: if the call was ended.
            InvalidConfiguration: if the schema cannot be used; nothing was called.
        """
        why = _unfit(request, schema)
        if why:
            raise InvalidConfiguration(why)
        attempts: list[CallAttempt] = []
        try:
            return self._ask(request.instructed(), cancelled, schema, attempts)
        except (AnswerCutOff, SchemaViolation):
            raise  # it was parsed, or there was too little of it: JSON would not help
        except ResponseFormatMismatch:
            safer = request.response_format.fallback()
            if safer is None or not self._rules.fallback:
                raise
        return self._ask(request.asked_as(safer), cancelled, schema, attempts, fallback=True)

    def _ask(
        self,
        request: ChatRequest,
        cancelled: CancellationToken,
        schema: Any,
        attempts: list[CallAttempt],
        *,
        fallback: bool = False,
    ) -> Answer:
        def attempt() -> tuple[Any, ChatResponse]:
            if cancelled():
                raise CallCancelled("the call was ended before it was made")
            response = self._backend.chat(request, cancelled)
            return _value(request, response, schema), response

        def record(made: CallAttempt) -> None:
            kept = msgspec.structs.replace(
                made,
                number=len(attempts) + 1,
                format=request.response_format,
                fallback=fallback,
            )
            attempts.append(kept)
            self._record(kept)

        value, response = with_retry(
            attempt,
            self._rules.retry,
            sleep=lambda microseconds: self._sleep(microseconds, cancelled),
            jitter=self._jitter,
            record=record,
        )
        return Answer(value, response, tuple(attempts))


def _unfit(request: ChatRequest, schema: Any) -> str | None:
    """Returns why an answer to ``request`` cannot be held against ``schema``; None if it can."""
    if schema is None:
        return None
    if request.response_format not in DATA:
        return f"an answer in {request.response_format} has no shape that a schema could describe"
    return why_unfit_schema(schema)


def _value(request: ChatRequest, response: ChatResponse, schema: Any) -> Any:
    """Returns what the response says in the request's format."""
    expected = request.response_format
    if response.tool_calls and request.tools:
        return None
    if response.finish_reason is FinishReason.CONTENT_FILTER:
        raise ContentFiltered("the provider withheld the answer, or part of it")
    if response.finish_reason is FinishReason.LENGTH and expected in DATA:
        raise AnswerCutOff(
            expected, f'the answer was cut off; it begins "{preview(response.content)}"'
        )
    value = enforce(expected, response.content)
    if schema is not None:
        against_schema(value, schema, expected)
    return value
