"""Calling a chat model: the format asked for, retries, one fallback, and all of it on record."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from converge_core.capability import (
    CallCancelled,
    CancellationToken,
    ChatBackend,
    ChatMessage,
    ChatRequest,
    ChatResponse,
    ChatRole,
    FinishReason,
    ResponseFormat,
    ToolCall,
    ToolDefinition,
)
from converge_core.capability_errors import (
    AuthDenied,
    ContentFiltered,
    ErrorCategory,
    LlmError,
    NetworkError,
    ProviderError,
    RateLimited,
    ResponseFormatMismatch,
)
from converge_core.errors import InvalidConfiguration
from converge_core.retry import NO_RETRY, AttemptOutcome, CallAttempt, RetryPolicy
from converge_desktop.adapters.formats.json_schema import SchemaViolation
from converge_desktop.adapters.waiting import chance, wait
from converge_desktop.runtime.chat_call import (
    CHAIN_RULES,
    DEFAULT_RULES,
    Answer,
    AnswerCutOff,
    CallRules,
    ChatCaller,
)

TEXT, MARKDOWN, JSON, YAML, TOML = ResponseFormat
PROSE = "Sure, here it is!"
SCHEMA = {"type": "object", "required": ["ready"], "properties": {"ready": {"type": "boolean"}}}

Told = str | ChatResponse | Exception


def wanted() -> bool:
    """Nobody has ended the call."""
    return False


@dataclass
class Scripted:
    """A backend that answers and fails as it was told, and keeps what it was asked."""

    script: Sequence[Told]
    asked: list[ChatRequest] = field(default_factory=list)

    def chat(self, request: ChatRequest, cancelled: CancellationToken) -> ChatResponse:
        self.asked.append(request)
        told = self.script[len(self.asked) - 1]
        if isinstance(told, Exception):
            raise told
        return ChatResponse(content=told) if isinstance(told, str) else told


@dataclass
class Calls:
    """A caller over a scripted backend, and everything it did."""

    script: Sequence[Told]
    rules: CallRules = DEFAULT_RULES
    tools: tuple[ToolDefinition, ...] = ()
    waits: list[int] = field(default_factory=list)
    recorded: list[CallAttempt] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.backend = Scripted(self.script)

    def call(
        self,
        response_format: ResponseFormat,
        schema: Any = None,
        cancelled: CancellationToken = wanted,
        system: str | None = "Be brief.",
    ) -> Answer:
        assert isinstance(self.backend, ChatBackend)
        caller = ChatCaller(
            self.backend,
            self.rules,
            record=self.recorded.append,
            sleep=self.sleep,
            jitter=lambda: 500,
        )
        request = ChatRequest(
            messages=(ChatMessage(role=ChatRole.USER, content="Is it ready?"),),
            system=system,
            tools=self.tools,
            response_format=response_format,
        )
        return caller.call(request, cancelled, schema)

    def sleep(self, microseconds: int, cancelled: CancellationToken) -> bool:
        self.waits.append(microseconds)
        return not cancelled()

    @property
    def made(self) -> list[tuple[int, str, str | None, bool]]:
        """Number, outcome, format and whether it was the fallback, of each attempt."""
        return [(one.number, one.outcome, one.format, one.fallback) for one in self.recorded]


# What comes of a call.


@pytest.mark.parametrize(
    ("asked", "text", "value"),
    [
        (TEXT, PROSE, PROSE),
        (MARKDOWN, "# Ready", "# Ready"),
        (JSON, '```json\n{"ready": true}\n```', {"ready": True}),
        (YAML, "ready: true", {"ready": True}),
        (TOML, "ready = true", {"ready": True}),
    ],
)
def test_an_answer_comes_parsed_with_its_response_and_its_attempts(
    asked: ResponseFormat, text: str, value: Any
) -> None:
    """One call, one attempt on record."""
    calls = Calls([text])

    answer = calls.call(asked)

    assert Answer(value, ChatResponse(content=text), tuple(calls.recorded)) == answer
    assert [(1, "answered", asked, False)] == calls.made


@pytest.mark.parametrize("asked", ResponseFormat)
@pytest.mark.parametrize("system", [None, "Be brief."])
def test_the_instruction_of_the_format_is_added(asked: ResponseFormat, system: str | None) -> None:
    """After what else the model is told, and nothing else is changed."""
    text = {JSON: "{}", YAML: "a: 1", TOML: "a = 1"}.get(asked, PROSE)
    calls = Calls([text])

    calls.call(asked, system=system)

    (request,) = calls.backend.asked
    told = [part for part in (system, asked.system_instruction()) if part]
    assert ("\n\n".join(told) or None) == request.system
    assert asked is request.response_format
    assert ("Is it ready?",) == tuple(one.content for one in request.messages)


# Trying again.


def test_what_may_pass_is_tried_again_and_stands_on_record() -> None:
    """The wait is the one asked for, then the policy's."""
    calls = Calls([RateLimited(7_000_000), ProviderError("oops"), "ready: true"])

    answer = calls.call(YAML)

    assert {"ready": True} == answer.value
    assert [7_000_000, 200_000] == calls.waits
    assert [
        (1, "failed", YAML, False),
        (2, "failed", YAML, False),
        (3, "answered", YAML, False),
    ] == (calls.made)
    assert ["rate_limit", "internal", None] == [one.category for one in answer.attempts]


def test_what_will_not_pass_is_not_tried_again() -> None:
    """A key that is refused stays refused; the attempt is on record though there is no answer."""
    calls = Calls([AuthDenied("no key")])

    with pytest.raises(AuthDenied):
        calls.call(YAML)

    (made,) = calls.recorded
    assert (ErrorCategory.AUTH, "authentication denied: no key") == (made.category, made.words)
    assert [] == calls.waits


# The fallback.


@pytest.mark.parametrize(
    ("asked", "bad"),
    [(YAML, PROSE), (TOML, PROSE), (MARKDOWN, '```json\n{"ready": false}\n```')],
)
def test_what_cannot_be_parsed_is_asked_for_once_more_as_json(
    asked: ResponseFormat, bad: str
) -> None:
    """The same conversation, with the instruction of JSON and without the other."""
    calls = Calls([bad, '{"ready": true}'])

    answer = calls.call(asked)

    first, second = calls.backend.asked
    assert {"ready": True} == answer.value
    assert [(1, "failed", asked, False), (2, "answered", JSON, True)] == calls.made
    assert "response format mismatch" in calls.recorded[0].words
    assert f"Be brief.\n\n{JSON.system_instruction()}" == second.system
    assert (first.messages, JSON) == (second.messages, second.response_format)


def test_there_is_one_fallback() -> None:
    """What is no JSON either is refused, and both attempts are on record."""
    calls = Calls([PROSE, PROSE, '{"ready": true}'])

    with pytest.raises(ResponseFormatMismatch) as raised:
        calls.call(YAML)

    assert JSON is raised.value.expected
    assert [(1, "failed", YAML, False), (2, "failed", JSON, True)] == calls.made


def test_from_json_there_is_no_fallback() -> None:
    """It is the safest."""
    calls = Calls([PROSE, '{"ready": true}'])

    with pytest.raises(ResponseFormatMismatch):
        calls.call(JSON)

    assert [(1, "failed", JSON, False)] == calls.made


def test_the_fallback_is_retried_as_the_first_call_was() -> None:
    """All attempts are numbered in one row."""
    calls = Calls([NetworkError("x"), PROSE, NetworkError("y"), "{}"])

    answer = calls.call(YAML)

    assert [
        (1, "failed", YAML, False),
        (2, "failed", YAML, False),
        (3, "failed", JSON, True),
        (4, "answered", JSON, True),
    ] == calls.made
    assert tuple(calls.recorded) == answer.attempts


# Shape.


def test_the_answer_is_held_against_its_schema() -> None:
    """In the fallback too."""
    assert {"ready": True} == Calls(["ready: true"]).call(YAML, SCHEMA).value
    assert {"ready": True} == Calls([PROSE, '{"ready": true}']).call(YAML, SCHEMA).value
    with pytest.raises(SchemaViolation, match=r"\$\.ready"):
        Calls([PROSE, '{"ready": "yes"}']).call(YAML, SCHEMA)


def test_a_wrong_shape_is_no_reason_for_a_fallback() -> None:
    """It was parsed: another format would not change what the model means."""
    calls = Calls(["ready: perhaps", '{"ready": true}'])

    with pytest.raises(SchemaViolation):
        calls.call(YAML, SCHEMA)

    (made,) = calls.recorded
    assert "at $.ready: a text, not of type boolean" in made.words


@pytest.mark.parametrize(
    ("asked", "schema"),
    [
        (TEXT, SCHEMA),
        (MARKDOWN, SCHEMA),
        (JSON, {"type": "strin"}),
        (YAML, {"$ref": "https://example.org/a.json"}),
    ],
)
def test_a_schema_that_cannot_be_used_is_refused_before_anything_is_called(
    asked: ResponseFormat, schema: Any
) -> None:
    """No model computes for a mistake that could be seen before."""
    calls = Calls([])

    with pytest.raises(InvalidConfiguration):
        calls.call(asked, schema)

    assert [] == calls.backend.asked


# Answers that are none.


@pytest.mark.parametrize("asked", [JSON, YAML, TOML])
def test_an_answer_that_was_cut_off_is_refused_even_if_it_parses(asked: ResponseFormat) -> None:
    """It may have said more; and JSON, which is longer, would not help."""
    text = {JSON: "{}", YAML: "ready: true", TOML: "ready = true"}[asked]
    calls = Calls([ChatResponse(content=text, finish_reason=FinishReason.LENGTH), "{}"])

    with pytest.raises(AnswerCutOff, match="cut off"):
        calls.call(asked)

    assert [(1, "failed", asked, False)] == calls.made


@pytest.mark.parametrize("asked", [TEXT, MARKDOWN])
def test_prose_that_was_cut_off_is_still_prose(asked: ResponseFormat) -> None:
    """The response says that it was."""
    response = ChatResponse(content=PROSE, finish_reason=FinishReason.LENGTH)

    assert (PROSE, response) == Calls([response]).call(asked)[:2]


def test_an_answer_that_was_withheld_is_no_answer() -> None:
    """What is left of it could mean anything."""
    response = ChatResponse(content="ready: true", finish_reason=FinishReason.CONTENT_FILTER)

    with pytest.raises(ContentFiltered):
        Calls([response]).call(YAML)


def test_a_wish_for_tools_is_an_answer_of_its_own() -> None:
    """There is nothing to parse yet; but who was given no tools cannot ask for any."""
    tool = ToolDefinition(name="look", description="Looks.", parameters={})
    response = ChatResponse(
        content="", tool_calls=(ToolCall(id="c1", name="look", arguments="{}"),)
    )

    assert (None, response) == Calls([response], tools=(tool,)).call(YAML)[:2]
    with pytest.raises(ResponseFormatMismatch):
        Calls([response, response]).call(YAML)


# In a chain.


@pytest.mark.parametrize("told", [NetworkError("x"), ProviderError("x"), RateLimited(1), PROSE])
def test_in_a_chain_there_is_one_call(told: Told) -> None:
    """No retry and no fallback: the trace is of the call that was made."""
    calls = Calls([told, '{"ready": true}'], CHAIN_RULES)

    with pytest.raises(LlmError):
        calls.call(YAML)

    assert [(1, "failed", YAML, False)] == calls.made
    assert [] == calls.waits


# Ending a call.


def test_a_call_that_nobody_wants_is_not_made() -> None:
    """It is on record as ended."""
    calls = Calls([])

    with pytest.raises(CallCancelled):
        calls.call(YAML, cancelled=lambda: True)

    assert [] == calls.backend.asked
    assert [(1, "cancelled", YAML, False)] == calls.made


def answers(*each: bool) -> CancellationToken:
    """Returns a token that answers so, one by one."""
    supply: Iterator[bool] = iter(each)
    return lambda: next(supply)


def test_a_wait_that_nobody_wants_ends_the_call() -> None:
    """And so does what happens between call and fallback."""
    waiting = Calls([NetworkError("x"), "ready: true"])
    falling = Calls([PROSE, "{}"])

    with pytest.raises(CallCancelled):
        waiting.call(YAML, cancelled=answers(False, True))
    with pytest.raises(CallCancelled):
        falling.call(YAML, cancelled=answers(False, True))

    assert (1, 1) == (len(waiting.backend.asked), len(falling.backend.asked))
    assert AttemptOutcome.CANCELLED is falling.recorded[-1].outcome


def test_the_real_wait_takes_its_time() -> None:
    """Not less than it was told."""
    before = time.monotonic_ns()

    assert wait(15_000, wanted)
    assert time.monotonic_ns() - before >= 15_000_000


def test_the_real_wait_ends_when_nobody_wants_it() -> None:
    """An hour is over with the second question."""
    assert not wait(3_600_000_000, answers(False, True))
    assert not wait(0, answers(True))
    assert wait(0, wanted)


def test_chance_stays_within_thousandths() -> None:
    """And is no constant."""
    drawn = {chance() for _ in range(200)}

    assert len(drawn) > 1
    assert 0 <= min(drawn) <= max(drawn) <= 1000


def test_a_caller_needs_no_more_than_a_backend() -> None:
    """The rules, the waiting and the jitter are there; records go nowhere unless asked for."""
    request = ChatRequest(messages=(), response_format=JSON)
    backend = Scripted([RateLimited(1), "{}"])

    assert {} == ChatCaller(backend).call(request, wanted).value


# The law.

TOLD = st.sampled_from(
    [
        PROSE,
        "ready: true",
        '{"ready": true}',
        NetworkError("x"),
        ProviderError("y"),
        AuthDenied("z"),
    ]
)
RULES = st.builds(
    CallRules,
    st.sampled_from([NO_RETRY, RetryPolicy(), RetryPolicy(max_attempts=2)]),
    fallback=st.booleans(),
)


@given(st.lists(TOLD, min_size=6, max_size=6), st.sampled_from(ResponseFormat), RULES)
def test_whatever_happens_every_call_is_on_record(
    script: list[Told], asked: ResponseFormat, rules: CallRules
) -> None:
    """As many attempts as calls, numbered, with at most one change of format, and no more than the
    rules allow."""
    calls = Calls(script, rules)
    try:
        outcome = AttemptOutcome.ANSWERED
        assert calls.call(asked).attempts == tuple(calls.recorded)
    except LlmError:
        outcome = AttemptOutcome.FAILED
    fallbacks = [one.fallback for one in calls.recorded]

    assert len(calls.backend.asked) == len(calls.recorded)
    assert [*range(1, len(fallbacks) + 1)] == [one.number for one in calls.recorded]
    assert sorted(fallbacks) == fallbacks
    assert rules.fallback or not any(fallbacks)
    assert fallbacks.count(False) <= rules.retry.max_attempts
    assert fallbacks.count(True) <= rules.retry.max_attempts
    assert [one.response_format for one in calls.backend.asked] == [
        one.format for one in calls.recorded
    ]
    assert outcome is calls.recorded[-1].outcome
