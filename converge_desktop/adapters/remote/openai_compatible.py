"""A model behind any server that speaks OpenAI's protocol: llama.cpp's, Ollama, vLLM and others.

This is how a user outgrows one machine. What is computed elsewhere is not repeatable here: a call
leaves the hashes of what was sent and of what came back, and the grade audit-only. Whether a model
elsewhere may be asked at all is the routing policy's to say (``converge_core/routing.py``).

A call is one request: no retry, no redirect, no proxy of the environment, nothing left out that the
server does not take. Which template a server puts around a message, it does not say.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from enum import StrEnum
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

import msgspec

from converge_core.canonical import hash_bytes, parse
from converge_core.capability import (
    CancellationToken,
    ChatMessage,
    ChatRequest,
    ChatResponse,
    EmbedRequest,
    EmbedResponse,
    FinishReason,
    ResponseFormat,
    ToolCall,
    ToolDefinition,
)
from converge_core.capability_errors import ContentFiltered, InvalidRequest, ProviderError
from converge_core.envelope import (
    InferenceEnvelope,
    InferenceRequest,
    InferenceResult,
    RemoteRef,
    ReplayGrade,
)
from converge_core.errors import InvalidValue
from converge_core.routing import Destination, Reach
from converge_desktop.adapters.remote.openai_answers import chatted, embeddings
from converge_desktop.adapters.remote.openai_errors import Asked, error_of
from converge_desktop.adapters.remote.patient_http import (
    Answer,
    Patience,
    Request,
    post,
    tls_context,
)
from converge_desktop.adapters.remote.server_address import AddressRefused, address_of

__all__ = ["AddressRefused", "OpenAICompatibleBackend", "SchemaForm"]

TIMEOUT_US: Final = 120_000_000
"""How long a call may take in all, unless it is said otherwise, in microseconds."""
_CHAT: Final = "/chat/completions"
_EMBED: Final = "/embeddings"
_KEY: Final = re.compile(r"[!-~]+")


class SchemaForm(StrEnum):
    """How a server is told the JSON Schema of an answer; servers differ, and so it is a setting."""

    JSON_SCHEMA = "json_schema"
    """As OpenAI, vLLM, Ollama and llama.cpp's own server take it."""
    JSON_OBJECT = "json_object"
    """As llama-cpp-python's server takes it, and llama.cpp's own does too."""

    def of(self, schema: Any) -> Mapping[str, Any]:
        """Returns the parameter for an answer of this ``schema``."""
        if self is SchemaForm.JSON_OBJECT:
            return {"type": "json_object", "schema": schema}
        named = {"name": "answer", "strict": True, "schema": schema}
        return {"type": "json_schema", "json_schema": named}


class OpenAICompatibleBackend:
    """One model of one server. Synchronous; called on the thread that owns it.

    It is remote even where its address is this machine's: what listens there may hand on what it is
    asked, and nothing here would notice.

    Args:
        base_url: the address, such as ``https://models.example/v1``.
        model: the model's name, as the server knows it.
        key: the key, or None where the server wants none. It is sent and never shown.
        timeout_us: how long a call may take in all, in microseconds.
        allow_plain: whether a server on another machine may be spoken to without encryption.
        schema_form: how the server is told the schema of an answer.
        authorities: a file of certificates to trust in place of the system's.

    Raises:
        AddressRefused: if the address or the key cannot be used, naming the remedy.
    """

    def __init__(
        self,
        base_url: str,
        model: str,
        key: str | None = None,
        *,
        timeout_us: int = TIMEOUT_US,
        allow_plain: bool = False,
        schema_form: SchemaForm = SchemaForm.JSON_SCHEMA,
        authorities: Path | None = None,
    ) -> None:
        self.address = address_of(base_url, allow_plain=allow_plain)
        self.model = model
        if key is not None and not _KEY.fullmatch(key):
            raise AddressRefused(
                f"the key for {self.address} is empty, or holds a blank or a sign that no key has. "
                "Paste it again, without line breaks."
            )
        self._key = key
        self._timeout_us = timeout_us
        self._schema_form = schema_form
        self._context = tls_context(authorities)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self.address)!r}, {self.model!r})"

    @property
    def destination(self) -> Destination:
        """What a routing policy is asked about."""
        return Destination(f"{self.model} at {self.address}", Reach.REMOTE)

    def chat(self, request: ChatRequest, cancelled: CancellationToken) -> ChatResponse:
        """Answers a conversation, in one request.

        Raises:
            LlmError: one of its kinds, if there is no answer.
            CallCancelled: if ``cancelled`` said so first.
        """
        said = request.instructed()
        model = said.model or self.model
        body = {"model": model, "messages": _messages(said), "stream": False, **_options(said)}
        asked = Asked(model, self._key, shaped="response_format" in body)
        answer = self._post(_CHAT, _encoded(body), asked, self._patience(cancelled))
        found = chatted(asked, answer)
        if found.refusal:
            raise ContentFiltered(found.refusal)
        return found.response

    def embed(self, request: EmbedRequest, cancelled: CancellationToken) -> EmbedResponse:
        """Embeds texts, in one request.

        Raises:
            LlmError: one of its kinds, if there are no embeddings.
            CallCancelled: if ``cancelled`` said so first.
        """
        if not request.inputs:
            raise InvalidRequest("there is no text to embed")
        model = request.model or self.model
        body: dict[str, Any] = {"model": model, "input": request.inputs, "encoding_format": "float"}
        if request.dimensions is not None:
            body["dimensions"] = request.dimensions
        asked = Asked(model, self._key)
        answer = self._post(_EMBED, _encoded(body), asked, self._patience(cancelled))
        return embeddings(asked, answer, len(request.inputs))

    def infer(self, request: InferenceRequest, cancelled: CancellationToken) -> InferenceResult:
        """Answers one step of a chain: the exact prompt as one user message, in one request.

        Raises:
            LlmError: one of its kinds, if there is no answer that is whole.
            CallCancelled: if ``cancelled`` said so first.
        """
        body = _encoded(self._inference(request))
        patience = self._patience(cancelled)
        asked = Asked(self.model, self._key, shaped=bool(request.schema))
        answer = self._post(_CHAT, body, asked, patience)
        found = chatted(asked, answer)
        response, usage = found.response, found.response.usage
        finish = response.finish_reason
        if found.refusal or finish is FinishReason.CONTENT_FILTER:
            raise ContentFiltered(found.refusal or "the server withheld the answer")
        if finish not in {FinishReason.STOP, FinishReason.LENGTH} or response.tool_calls:
            raise ProviderError(f"{self.address} does not say that its answer is at an end")
        prompt_tokens = usage.prompt_tokens if usage else 0
        return InferenceResult(
            text=response.content,
            finish_reason=finish.value,
            prompt_tokens=prompt_tokens,
            reused_tokens=min(found.reused_tokens, prompt_tokens),
            completion_tokens=usage.completion_tokens if usage else 0,
            prefill_us=answer.first_us,
            duration_us=patience.elapsed_us,
            envelope=self._envelope(request),
            grade=ReplayGrade.AUDIT_ONLY,
            remote=RemoteRef(
                system=str(self.address),
                model=response.model or self.model,
                reference=found.reference,
                request_hash=hash_bytes(body),
                response_hash=hash_bytes(answer.body),
            ),
        )

    def _patience(self, cancelled: CancellationToken) -> Patience:
        return Patience(cancelled, self._timeout_us)

    def _post(self, path: str, body: bytes, asked: Asked, patience: Patience) -> Answer:
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if self._key is not None:
            headers["Authorization"] = f"Bearer {self._key}"
        answer = post(self.address, Request(path, headers, body), patience, self._context)
        if answer.status != HTTPStatus.OK:
            raise error_of(asked, answer, patience)
        return answer

    def _inference(self, request: InferenceRequest) -> Mapping[str, Any]:
        body = {
            "model": self.model,
            "messages": [{"role": "user", "content": request.prompt}],
            "stream": False,
            "temperature": request.temperature / 1000,
            "seed": request.seed,
            "max_tokens": request.max_tokens,
        }
        if request.schema:
            try:
                body["response_format"] = self._schema_form.of(parse(request.schema))
            except InvalidValue as error:
                raise InvalidRequest(f"the schema of the answer is {error}") from error
        elif request.grammar:
            raise InvalidRequest(
                "the answer is bounded by a grammar alone, which this protocol does not know. Give "
                "its JSON Schema, or ask a model on this machine."
            )
        return body

    def _envelope(self, request: InferenceRequest) -> InferenceEnvelope:
        """Returns what was asked for; whether the server kept to it cannot be known."""
        return InferenceEnvelope(
            backend=f"openai-compatible {self.address}",
            model=self.model,
            model_sha256="",
            family="",
            tokenizer_hash="",
            grammar_hash="",
            temperature=request.temperature,
            top_k=0,
            seed=request.seed,
            seed_policy="requested",
            max_tokens=request.max_tokens,
            stop=(),
            context_size=0,
            batch_size=0,
            threads=0,
            cpu="",
        )


def _encoded(body: Mapping[str, Any]) -> bytes:
    try:
        return msgspec.json.encode(body)
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidRequest(f"the request cannot be written as JSON: {error}") from error


def _options(request: ChatRequest) -> Mapping[str, Any]:
    """Returns what the request sets, under the protocol's names; what it leaves open is left out.

    The form is enforced by the server only for JSON, which is the one that the protocol knows.
    """
    options: dict[str, Any] = {}
    if request.max_tokens is not None:
        options["max_tokens"] = request.max_tokens
    if request.temperature is not None:
        if not math.isfinite(request.temperature):
            raise InvalidRequest("the temperature is not a number")
        options["temperature"] = request.temperature
    if request.stop_sequences:
        options["stop"] = request.stop_sequences
    if request.tools:
        options["tools"] = [_tool(tool) for tool in request.tools]
    if request.response_format is ResponseFormat.JSON:
        options["response_format"] = {"type": "json_object"}
    return options


def _messages(request: ChatRequest) -> list[Mapping[str, Any]]:
    system = [{"role": "system", "content": request.system}] if request.system else []
    return [*system, *(_message(message) for message in request.messages)]


def _message(message: ChatMessage) -> Mapping[str, Any]:
    said: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.tool_calls:
        said["tool_calls"] = [_call(call) for call in message.tool_calls]
    if message.tool_call_id is not None:
        said["tool_call_id"] = message.tool_call_id
    return said


def _call(call: ToolCall) -> Mapping[str, Any]:
    function = {"name": call.name, "arguments": call.arguments}
    return {"id": call.id, "type": "function", "function": function}


def _tool(tool: ToolDefinition) -> Mapping[str, Any]:
    function = {
        "name": tool.name,
        "description": tool.description,
        "parameters": tool.parameters,
    }
    return {"type": "function", "function": function}
