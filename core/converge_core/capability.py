"""The boundary to language models: what is asked, what comes back, and who may be asked.

Source: the trait source of the original's LLM capability, every type of it. Chat and embedding are
protocols of their own, because many models can do one and not the other; :class:`LlmBackend` is
both.

Why a backend is synchronous, takes a cancellation token, and is called on the thread that owns it:

* A llama.cpp context may not be shared: two calls at once on one context corrupt each other. One
  owner thread makes that impossible, where a lock would only make it unlikely.
* It computes in C with the interpreter's lock released, so a call that blocks its thread holds up
  nobody else, and a coroutine would gain nothing.
* The order of calls is a fact and not a race: what a model has in its cache, and so the bits of
  what it answers, follows from that order. Without it there is no determinism to speak of.
* Nobody can interrupt a thread from outside, so the one who computes must ask whether it is still
  wanted, and asks often.

Nothing here is hashed, so temperatures and embeddings may be floats. What a call leaves on record
is a trace, which has none.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, Any, Protocol, runtime_checkable

import msgspec

CancellationToken = Callable[[], bool]
"""Returns True once the caller wants the call to end.

It costs next to nothing, may be called from any thread, never raises, and once it has returned
True it does not go back.
"""

Tokens = Annotated[int, msgspec.Meta(ge=0, le=2**32 - 1)]
"""A number of tokens or dimensions, as the original counts them: 32 bits, no sign."""


class CallCancelled(Exception):
    """The caller's token said that the call is to end, and it did.

    No error of the model or its server, hence no ``LlmError``: nothing went wrong, nothing is
    tried again, and there is no answer.
    """


class _Spoken(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is said across the boundary: frozen, typed, and read back strictly."""


class ChatRole(StrEnum):
    """Who says a message."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"
    TOOL = "tool"


class FinishReason(StrEnum):
    """Why a model stopped."""

    STOP = "stop"
    """It was done."""
    LENGTH = "length"
    """It had used up the tokens it was given."""
    CONTENT_FILTER = "content_filter"
    """What it said was withheld."""
    STOP_SEQUENCE = "stop_sequence"
    """It said one of the texts that end an answer."""
    TOOL_CALLS = "tool_calls"
    """It waits for the results of tools."""


class ResponseFormat(StrEnum):
    """The form in which an answer is asked for.

    JSON is what every model can do and most servers enforce; YAML takes fewer tokens and is easier
    to review; TOML is the most compact for flat records; Markdown is for people and not for
    programs; text is whatever the model says.
    """

    TEXT = "text"
    MARKDOWN = "markdown"
    JSON = "json"
    YAML = "yaml"
    TOML = "toml"

    @classmethod
    def default_structured(cls) -> ResponseFormat:
        """Returns the format to ask for where an answer is to be parsed."""
        return cls.YAML

    def fallback(self) -> ResponseFormat | None:
        """Returns the format to ask for once an answer in this one could not be parsed.

        None where there is none safer (JSON) or nothing to parse (text).
        """
        if self in {ResponseFormat.JSON, ResponseFormat.TEXT}:
            return None
        return ResponseFormat.JSON

    def system_instruction(self) -> str | None:
        """Returns the sentence of the system prompt that asks for this format; None for text."""
        return _INSTRUCTIONS.get(self)


_INSTRUCTIONS = {
    ResponseFormat.MARKDOWN: (
        "You MUST respond with valid Markdown only. Use headings, lists, and tables to structure "
        "the data. Do NOT wrap output in code fences or return serialized JSON/YAML. Present data "
        "as readable Markdown."
    ),
    ResponseFormat.JSON: "You MUST respond with valid JSON only. No other text.",
    ResponseFormat.YAML: (
        "You MUST respond with valid YAML only. No anchors, no aliases, no custom tags. No other "
        "text or code fences."
    ),
    ResponseFormat.TOML: (
        "You MUST respond with valid TOML only. Use sections and key-value pairs. No inline tables "
        "for complex data. No other text or code fences."
    ),
}


class ToolDefinition(_Spoken, frozen=True):
    """A tool that a model may ask for; ``parameters`` is a JSON Schema."""

    name: str
    description: str
    parameters: Any


class ToolCall(_Spoken, frozen=True):
    """A model's wish for a tool; ``arguments`` is JSON as the model wrote it, not yet parsed."""

    id: str
    name: str
    arguments: str


class ChatMessage(_Spoken, frozen=True, omit_defaults=True):
    """One message of a conversation.

    Attributes:
        role: who says it.
        content: what is said.
        tool_calls: the tools an assistant asks for; left out of the JSON where there are none.
        tool_call_id: which call a tool's message answers; left out where it answers none.
    """

    role: ChatRole
    content: str
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None


class ChatRequest(_Spoken, frozen=True):
    """What is asked of a chat model.

    Attributes:
        messages: the conversation so far.
        system: what the model is told before it.
        tools: the tools it may ask for; none of them in a decision chain.
        response_format: the form its answer is to have.
        max_tokens: the longest answer; the backend's own limit where None.
        temperature: 0 is greedy; the backend's own where None.
        stop_sequences: texts that end an answer.
        model: which model; the backend's own where None.
    """

    messages: tuple[ChatMessage, ...]
    system: str | None = None
    tools: tuple[ToolDefinition, ...] = ()
    response_format: ResponseFormat = ResponseFormat.TEXT
    max_tokens: Tokens | None = None
    temperature: float | None = None
    stop_sequences: tuple[str, ...] = ()
    model: str | None = None

    def instructed(self) -> ChatRequest:
        """Returns the request with its format's instruction as the last line of ``system``.

        A request that ends with it already is returned as it is, so whoever is not sure that it
        has been done may do it.
        """
        instruction = self.response_format.system_instruction()
        if instruction is None or (self.system or "").endswith(instruction):
            return self
        system = f"{self.system}\n\n{instruction}" if self.system else instruction
        return msgspec.structs.replace(self, system=system)

    def asked_as(self, response_format: ResponseFormat) -> ChatRequest:
        """Returns the same request for an answer in another format, with that one's instruction.

        The instruction of the format before goes, so that a model never reads two.
        """
        before = self.response_format.system_instruction() or ""
        system = (self.system or "").removesuffix(before).rstrip() or None
        changed = msgspec.structs.replace(self, system=system, response_format=response_format)
        return changed.instructed()


class TokenUsage(_Spoken, frozen=True):
    """How many tokens a call took."""

    prompt_tokens: Tokens = 0
    completion_tokens: Tokens = 0
    total_tokens: Tokens = 0


class ChatResponse(_Spoken, frozen=True):
    """What a chat model answered; what its backend does not know is None."""

    content: str
    tool_calls: tuple[ToolCall, ...] = ()
    usage: TokenUsage | None = None
    model: str | None = None
    finish_reason: FinishReason | None = None


class EmbedRequest(_Spoken, frozen=True):
    """Texts to embed; ``dimensions`` is for models that can vary them."""

    inputs: tuple[str, ...]
    model: str | None = None
    dimensions: Tokens | None = None


class EmbedResponse(_Spoken, frozen=True):
    """One embedding for each input, in their order."""

    embeddings: tuple[tuple[float, ...], ...]
    usage: TokenUsage | None = None
    model: str | None = None


@runtime_checkable
class ChatBackend(Protocol):
    """Answers conversations. Synchronous; called on the thread that owns it (see the module)."""

    def chat(self, request: ChatRequest, cancelled: CancellationToken) -> ChatResponse:
        """Answers ``request``; asks ``cancelled`` often, and ends soon after it says so.

        The request's format instruction is part of the system prompt whoever calls
        (:meth:`ChatRequest.instructed`).

        Raises:
            LlmError: one of its ten kinds, if there is no answer.
            CallCancelled: if ``cancelled`` said so first.
        """


@runtime_checkable
class EmbedBackend(Protocol):
    """Embeds texts. Synchronous; called on the thread that owns it (see the module)."""

    def embed(self, request: EmbedRequest, cancelled: CancellationToken) -> EmbedResponse:
        """Embeds the request's inputs; asks ``cancelled`` often, and ends soon after it says so.

        Raises:
            LlmError: one of its ten kinds, if there are no embeddings.
            CallCancelled: if ``cancelled`` said so first.
        """


@runtime_checkable
class LlmBackend(ChatBackend, EmbedBackend, Protocol):
    """Both: whatever chats and embeds is one, without saying so."""
