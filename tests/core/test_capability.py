"""The boundary to models: what is asked, what comes back, and who may be asked."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from converge_core import capability
from converge_core.capability import (
    CancellationToken,
    ChatBackend,
    ChatMessage,
    ChatRequest,
    ChatResponse,
    ChatRole,
    EmbedBackend,
    EmbedRequest,
    EmbedResponse,
    FinishReason,
    LlmBackend,
    ResponseFormat,
    TokenUsage,
    ToolCall,
    ToolDefinition,
)

TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
COUNT = st.integers(0, 2**32 - 1)
FINITE = st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


def many(one: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(one, max_size=3).map(tuple)


def maybe(one: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | one


CALLS = st.builds(ToolCall, id=TEXT, name=TEXT, arguments=TEXT)
MESSAGES = st.builds(
    ChatMessage,
    role=st.sampled_from(ChatRole),
    content=TEXT,
    tool_calls=many(CALLS),
    tool_call_id=maybe(TEXT),
)
TOOLS = st.builds(ToolDefinition, name=TEXT, description=TEXT, parameters=JSON)
REQUESTS = st.builds(
    ChatRequest,
    messages=many(MESSAGES),
    system=maybe(TEXT),
    tools=many(TOOLS),
    response_format=st.sampled_from(ResponseFormat),
    max_tokens=maybe(COUNT),
    temperature=maybe(FINITE),
    stop_sequences=many(TEXT),
    model=maybe(TEXT),
)
USAGE = st.builds(TokenUsage, prompt_tokens=COUNT, completion_tokens=COUNT, total_tokens=COUNT)
RESPONSES = st.builds(
    ChatResponse,
    content=TEXT,
    tool_calls=many(CALLS),
    usage=maybe(USAGE),
    model=maybe(TEXT),
    finish_reason=maybe(st.sampled_from(FinishReason)),
)
EMBED_REQUESTS = st.builds(
    EmbedRequest, inputs=many(TEXT), model=maybe(TEXT), dimensions=maybe(COUNT)
)
EMBED_RESPONSES = st.builds(
    EmbedResponse, embeddings=many(many(FINITE)), usage=maybe(USAGE), model=maybe(TEXT)
)
SPOKEN = MESSAGES | TOOLS | REQUESTS | RESPONSES | EMBED_REQUESTS | EMBED_RESPONSES

YAML = (
    "You MUST respond with valid YAML only. No anchors, no aliases, no custom tags. "
    "No other text or code fences."
)
MARKDOWN = (
    "You MUST respond with valid Markdown only. Use headings, lists, and tables to structure the "
    "data. Do NOT wrap output in code fences or return serialized JSON/YAML. Present data as "
    "readable Markdown."
)
TOML = (
    "You MUST respond with valid TOML only. Use sections and key-value pairs. No inline tables for "
    "complex data. No other text or code fences."
)
JSON_ONLY = "You MUST respond with valid JSON only. No other text."


def spelled(said: msgspec.Struct) -> Any:
    return msgspec.json.decode(msgspec.json.encode(said))


# What is said.


@given(SPOKEN)
def test_what_is_said_comes_back_from_json_as_it_was(said: msgspec.Struct) -> None:
    """Every type, with and without each of its optional parts."""
    assert said == msgspec.json.decode(msgspec.json.encode(said), type=type(said))


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (ChatRole, ["system", "user", "assistant", "tool"]),
        (ResponseFormat, ["text", "markdown", "json", "yaml", "toml"]),
        (FinishReason, ["stop", "length", "content_filter", "stop_sequence", "tool_calls"]),
    ],
)
def test_choices_are_spelled_in_snake_case(kind: type[StrEnum], values: list[str]) -> None:
    """These spellings and no others."""
    assert values == [one.value for one in kind]


def test_what_a_message_does_not_have_is_left_out() -> None:
    """No empty list of tool calls and no null id."""
    message = ChatMessage(role=ChatRole.USER, content="")

    assert b'{"role":"user","content":""}' == msgspec.json.encode(message)


def test_what_a_message_has_is_written() -> None:
    """An assistant's calls, and the id that a tool's answer belongs to."""
    call = ToolCall(id="c1", name="look", arguments='{"at": 1}')
    message = ChatMessage(role=ChatRole.TOOL, content="seen", tool_calls=(call,), tool_call_id="c1")

    assert {
        "role": "tool",
        "content": "seen",
        "tool_calls": [{"id": "c1", "name": "look", "arguments": '{"at": 1}'}],
        "tool_call_id": "c1",
    } == spelled(message)


def test_what_a_request_leaves_open_is_null_or_empty() -> None:
    """Text is asked for unless another format is."""
    assert {
        "messages": [],
        "system": None,
        "tools": [],
        "response_format": "text",
        "max_tokens": None,
        "temperature": None,
        "stop_sequences": [],
        "model": None,
    } == spelled(ChatRequest(messages=()))


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (ChatMessage, b'{"role":"User","content":""}'),
        (ChatMessage, b'{"role":"user"}'),
        (ChatMessage, b'{"role":"user","content":"","mood":"good"}'),
        (TokenUsage, b'{"prompt_tokens":-1}'),
        (TokenUsage, b'{"total_tokens":4294967296}'),
        (EmbedResponse, b'{"embeddings":[["a"]]}'),
    ],
)
def test_reading_refuses_what_does_not_fit(kind: type[msgspec.Struct], text: bytes) -> None:
    """Unknown spellings and fields, missing fields, wrong types, counts that cannot be."""
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(text, type=kind)


@given(SPOKEN)
def test_what_is_said_cannot_be_changed(said: msgspec.Struct) -> None:
    """A request that is handed to a backend stays what it was."""
    with pytest.raises(AttributeError):
        setattr(said, said.__struct_fields__[0], None)


# Formats.


def test_the_format_for_answers_that_are_parsed_is_yaml() -> None:
    """It takes fewer tokens than JSON, and people can read it."""
    assert ResponseFormat.YAML is ResponseFormat.default_structured()


@pytest.mark.parametrize(
    ("asked", "fallback", "instruction"),
    [
        (ResponseFormat.TEXT, None, None),
        (
            ResponseFormat.MARKDOWN,
            ResponseFormat.JSON,
            MARKDOWN,
        ),
        (ResponseFormat.JSON, None, JSON_ONLY),
        (ResponseFormat.YAML, ResponseFormat.JSON, YAML),
        (
            ResponseFormat.TOML,
            ResponseFormat.JSON,
            TOML,
        ),
    ],
)
def test_each_format_has_its_fallback_and_its_instruction(
    asked: ResponseFormat, fallback: ResponseFormat | None, instruction: str | None
) -> None:
    """Word for word, because models were tried with these words."""
    assert (fallback, instruction) == (asked.fallback(), asked.system_instruction())


@pytest.mark.parametrize(
    ("system", "asked", "told"),
    [
        (None, ResponseFormat.TEXT, None),
        ("Be brief.", ResponseFormat.TEXT, "Be brief."),
        (None, ResponseFormat.YAML, YAML),
        ("Be brief.", ResponseFormat.YAML, f"Be brief.\n\n{YAML}"),
    ],
)
def test_an_instructed_request_ends_its_system_prompt_with_the_instruction(
    system: str | None, asked: ResponseFormat, told: str | None
) -> None:
    """After what else the model is told; text needs none."""
    request = ChatRequest(messages=(), system=system, response_format=asked)

    assert told == request.instructed().system


@given(REQUESTS)
def test_instructing_twice_is_instructing_once(request: ChatRequest) -> None:
    """So that caller and backend may both see to it."""
    assert request.instructed() == request.instructed().instructed()


@given(REQUESTS, st.sampled_from(ResponseFormat))
def test_a_request_in_another_format_has_only_that_instruction(
    request: ChatRequest, other: ResponseFormat
) -> None:
    """The one before is gone, whether it was there or not."""
    changed = request.instructed().asked_as(other)
    wanted = other.system_instruction()
    told = changed.system or ""
    others = {one.system_instruction() for one in ResponseFormat} - {None, wanted}

    assert other is changed.response_format
    assert wanted is None or told.endswith(wanted)
    assert not [one for one in others if one and one in told]


# Backends.


class Chats:
    """Chats only; inherits from nothing."""

    def chat(self, request: ChatRequest, cancelled: CancellationToken) -> ChatResponse:
        return ChatResponse(content=request.messages[-1].content)


class Embeds:
    """Embeds only."""

    def embed(self, request: EmbedRequest, cancelled: CancellationToken) -> EmbedResponse:
        return EmbedResponse(embeddings=tuple((float(len(text)),) for text in request.inputs))


class Both(Chats, Embeds):
    """Chats and embeds."""


@pytest.mark.parametrize(
    ("backend", "is_a"),
    [
        (Chats(), {ChatBackend}),
        (Embeds(), {EmbedBackend}),
        (Both(), {ChatBackend, EmbedBackend, LlmBackend}),
        (object(), set()),
    ],
)
def test_a_backend_is_what_it_can_do(backend: object, is_a: set[type]) -> None:
    """Whatever does both is an LlmBackend, without saying so; whatever does one is not."""
    kinds: list[type] = [ChatBackend, EmbedBackend, LlmBackend]

    assert is_a == {kind for kind in kinds if isinstance(backend, kind)}


def test_backends_of_all_kinds_serve_from_one_registry() -> None:
    """Chosen at run time by what they can do."""
    registry: dict[str, object] = {"small": Chats(), "vectors": Embeds(), "all": Both()}
    request = ChatRequest(messages=(ChatMessage(role=ChatRole.USER, content="hello"),))
    chats = {name: one for name, one in registry.items() if isinstance(one, ChatBackend)}
    embeds = {name: one for name, one in registry.items() if isinstance(one, EmbedBackend)}

    assert ["small", "all"] == list(chats)
    assert {"hello"} == {one.chat(request, lambda: False).content for one in chats.values()}
    assert ["vectors", "all"] == list(embeds)
    assert {((2.0,),)} == {
        one.embed(EmbedRequest(inputs=("hi",)), lambda: False).embeddings for one in embeds.values()
    }


@pytest.mark.parametrize("word", ["owner", "interpreter's lock", "order of calls", "wanted"])
def test_the_module_says_why_a_backend_is_as_it_is(word: str) -> None:
    """Synchronous, on the thread that owns it, with a token that it asks."""
    assert word in (capability.__doc__ or "")
