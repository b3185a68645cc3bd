"""What a server of the OpenAI protocol answers: its shape is checked before anything is used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final, TypeVar

import msgspec

from converge_core.capability import (
    ChatResponse,
    EmbedResponse,
    FinishReason,
    Tokens,
    TokenUsage,
    ToolCall,
)
from converge_core.capability_errors import ProviderError
from converge_desktop.adapters.remote.openai_errors import Asked, refusal_of
from converge_desktop.adapters.remote.patient_http import Answer

_FINISHED: Final = {
    "stop": FinishReason.STOP,
    "length": FinishReason.LENGTH,
    "content_filter": FinishReason.CONTENT_FILTER,
    "tool_calls": FinishReason.TOOL_CALLS,
    "function_call": FinishReason.TOOL_CALLS,
}


class _Function(msgspec.Struct):
    name: str
    arguments: str


class _Call(msgspec.Struct):
    function: _Function
    id: str = ""


class _Message(msgspec.Struct):
    content: str | None = None
    refusal: str | None = None
    tool_calls: tuple[_Call, ...] | None = None


class _Choice(msgspec.Struct):
    message: _Message
    finish_reason: str | None = None


class _Cached(msgspec.Struct):
    cached_tokens: Tokens | None = None


class _Usage(msgspec.Struct):
    prompt_tokens: Tokens | None = None
    completion_tokens: Tokens | None = None
    total_tokens: Tokens | None = None
    prompt_tokens_details: _Cached | None = None


class _Chat(msgspec.Struct):
    choices: Annotated[tuple[_Choice, ...], msgspec.Meta(min_length=1)]
    id: str | None = None
    model: str | None = None
    usage: _Usage | None = None


class _Vector(msgspec.Struct):
    index: int
    embedding: tuple[float, ...]


class _Vectors(msgspec.Struct):
    data: tuple[_Vector, ...]
    model: str | None = None
    usage: _Usage | None = None


S = TypeVar("S", _Chat, _Vectors)


@dataclass(frozen=True, slots=True)
class Chatted:
    """A chat answer, and what is known of it beside.

    Attributes:
        response: the answer.
        reference: the server's id of it; empty if it gives none.
        reused_tokens: tokens of the prompt that the server says it had cached.
        refusal: why the model would not answer; empty if it did.
    """

    response: ChatResponse
    reference: str
    reused_tokens: int
    refusal: str


def chatted(asked: Asked, answer: Answer) -> Chatted:
    """Reads a chat answer; of several, the first.

    Raises:
        ProviderError: if it is not JSON of the protocol's shape, or repeats the key.
    """
    read = _read(_Chat, asked, answer)
    choice, usage = read.choices[0], read.usage
    _require_no_key(asked, choice.message)
    if choice.finish_reason is not None and choice.finish_reason not in _FINISHED:
        raise _odd(asked, f"it ended for a reason nobody knows: {choice.finish_reason}")
    details = usage.prompt_tokens_details if usage else None
    return Chatted(
        response=ChatResponse(
            content=choice.message.content or "",
            tool_calls=tuple(
                ToolCall(id=call.id, name=call.function.name, arguments=call.function.arguments)
                for call in choice.message.tool_calls or ()
            ),
            usage=_usage(usage),
            model=_name(asked, read.model),
            finish_reason=_FINISHED.get(choice.finish_reason or ""),
        ),
        reference=asked.line(read.id or ""),
        reused_tokens=(details.cached_tokens or 0) if details else 0,
        refusal=asked.line(choice.message.refusal or ""),
    )


def embeddings(asked: Asked, answer: Answer, inputs: int) -> EmbedResponse:
    """Reads embeddings, one for each of so many inputs, in the order of these.

    Raises:
        ProviderError: if it is not JSON of the protocol's shape, or one is missing.
    """
    read = _read(_Vectors, asked, answer)
    found = {vector.index: vector.embedding for vector in read.data}
    if len(read.data) != inputs or set(found) != set(range(inputs)):
        raise _odd(asked, "the texts do not have one embedding each")
    if len({len(vector) for vector in found.values()}) > 1 or not all(found.values()):
        raise _odd(asked, "embeddings are empty, or of several lengths")
    return EmbedResponse(
        embeddings=tuple(found[index] for index in range(inputs)),
        usage=_usage(read.usage),
        model=_name(asked, read.model),
    )


def _read(kind: type[S], asked: Asked, answer: Answer) -> S:
    try:
        return msgspec.json.decode(answer.body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _odd(asked, refusal_of(asked, answer).message or str(error)) from error


def _require_no_key(asked: Asked, message: _Message) -> None:
    """Keeps the key out of whatever an answer is recorded in: its text cannot be cut and be it."""
    said = [message.content or ""]
    for call in message.tool_calls or ():
        said += (call.id, call.function.name, call.function.arguments)
    if any(map(asked.is_key_in, said)):
        raise ProviderError(
            "the answer repeats the key that was sent with the question, and is not kept. Tell "
            "whoever runs the server, and have the key replaced; where a server takes any word "
            "for a key, choose one that no answer holds"
        )


def _odd(asked: Asked, what: str) -> ProviderError:
    return ProviderError(f"the answer is not what the protocol promises: {asked.line(what)}")


def _name(asked: Asked, model: str | None) -> str | None:
    return None if model is None else asked.line(model)


def _usage(usage: _Usage | None) -> TokenUsage | None:
    if usage is None:
        return None
    prompt, completion = usage.prompt_tokens or 0, usage.completion_tokens or 0
    total = prompt + completion if usage.total_tokens is None else usage.total_tokens
    return TokenUsage(prompt_tokens=prompt, completion_tokens=completion, total_tokens=total)
