"""A model behind an address: what is asked, what is kept of the answer, and how it fails."""

from __future__ import annotations

import json
import math
import traceback
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from converge_core.canonical import canonical
from converge_core.capability import (
    ChatBackend,
    ChatMessage,
    ChatRequest,
    ChatRole,
    EmbedBackend,
    EmbedRequest,
    FinishReason,
    LlmBackend,
    ResponseFormat,
    TokenUsage,
    ToolCall,
    ToolDefinition,
)
from converge_core.capability_errors import (
    AuthDenied,
    ContentFiltered,
    ContextLengthExceeded,
    InvalidRequest,
    LlmError,
    ModelNotFound,
    NetworkError,
    ProviderError,
    RateLimited,
    Timeout,
)
from converge_core.envelope import InferenceRequest, ReplayGrade
from converge_core.routing import Reach
from converge_desktop.adapters.remote.openai_answers import chatted, embeddings
from converge_desktop.adapters.remote.openai_compatible import (
    AddressRefused,
    OpenAICompatibleBackend,
    SchemaForm,
)
from converge_desktop.adapters.remote.openai_errors import Asked, error_of
from converge_desktop.adapters.remote.patient_http import Answer, Patience
from tests.adapters.model_server import KEY, FakeServer, fake_server, free_port, real_server

PROMPT = "STATE\ns01 | tests.failed | 0\n\nANSWER\n"
STEP = InferenceRequest(PROMPT, grammar="", max_tokens=16, seed=7)
SCHEMA = json.dumps(
    {
        "type": "object",
        "properties": {"score": {"type": "integer"}},
        "required": ["score"],
        "additionalProperties": False,
    }
)
HELLO = ChatRequest(messages=(ChatMessage(role=ChatRole.USER, content="hello"),))
SAID = {
    "id": "chatcmpl-1",
    "model": "nano-2",
    "choices": [{"message": {"content": "so it is"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 9, "completion_tokens": 3},
}


def wanted() -> bool:
    """The token of a caller who never gives up."""
    return False


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of llama-cpp-python's own server, with the shipped model."""
    with real_server(tmp_path_factory.mktemp("server") / "log") as address:
        yield address


@pytest.fixture
def fake() -> Iterator[FakeServer]:
    """A server that does what the test says."""
    with fake_server() as server:
        yield server


def backend_of(address: str, **settings: Any) -> OpenAICompatibleBackend:
    return OpenAICompatibleBackend(address, "nano", **{"key": KEY, **settings})


def failure(fake: FakeServer, request: InferenceRequest = STEP) -> LlmError:
    """Returns the error of one call, which was one request."""
    with pytest.raises(LlmError) as caught:
        backend_of(fake.address).infer(request, wanted)
    assert 1 == len(fake.seen)
    return caught.value


# A real server


def test_a_step_is_answered_by_a_real_server_and_leaves_its_reference(real: str) -> None:
    """What came back is on record: the text, whose it is, and the hashes of both bodies."""
    result = backend_of(real).infer(STEP, wanted)

    assert result.text
    assert "length" == result.finish_reason
    assert 16 == result.completion_tokens
    assert result.prompt_tokens > 16
    assert 0 < result.prefill_us <= result.duration_us
    assert ReplayGrade.AUDIT_ONLY is result.grade
    assert result.remote
    assert (real, "nano") == (result.remote.system, result.remote.model)
    assert result.remote.reference.startswith("chatcmpl-")
    assert result.remote.request_hash != result.remote.response_hash


def test_a_real_server_greedily_gives_the_same_answer_twice(real: str) -> None:
    """Temperature and seed arrive; still the call counts as audit-only, for nobody can know."""
    first, second = (backend_of(real).infer(STEP, wanted) for _ in range(2))

    assert first.text == second.text
    assert first.remote
    assert second.remote
    assert first.remote.request_hash == second.remote.request_hash
    assert first.remote.reference != second.remote.reference
    assert first.envelope == second.envelope
    assert not first.envelope.deterministic


def test_a_real_server_keeps_an_answer_to_its_schema(real: str) -> None:
    """Where the server is told in the form it takes."""
    backend = backend_of(real, schema_form=SchemaForm.JSON_OBJECT)
    result = backend.infer(replaced(schema=SCHEMA, max_tokens=64), wanted)

    assert {"score"} == set(json.loads(result.text))
    assert "stop" == result.finish_reason


def test_a_real_server_that_does_not_take_the_schema_is_not_asked_without_it(real: str) -> None:
    """An answer without its shape is none; the error names the parameter."""
    with pytest.raises(InvalidRequest, match="response_format"):
        backend_of(real).infer(replaced(schema=SCHEMA), wanted)


def test_a_real_server_chats_in_the_form_that_was_asked_for(real: str) -> None:
    """JSON is enforced by the server; usage and reason come with it."""
    request = replace(HELLO, response_format=ResponseFormat.JSON, max_tokens=64, temperature=0.0)
    response = backend_of(real).chat(request, wanted)

    assert response.content.startswith("{")
    assert response.usage
    assert response.usage.total_tokens == (
        response.usage.prompt_tokens + response.usage.completion_tokens
    )
    assert response.finish_reason in {FinishReason.STOP, FinishReason.LENGTH}
    assert "nano" == response.model


def test_a_real_server_embeds_one_vector_a_text(real: str) -> None:
    """In the order of the texts, all of one length."""
    backend = backend_of(real)
    both = backend.embed(EmbedRequest(inputs=("tests pass", "tests fail")), wanted)
    alone = backend.embed(EmbedRequest(inputs=("tests fail",)), wanted)

    assert 2 == len(both.embeddings)
    assert 1 == len({len(vector) for vector in both.embeddings})
    assert both.embeddings[1] == pytest.approx(alone.embeddings[0], abs=1e-3)
    assert both.embeddings[0] != pytest.approx(alone.embeddings[0], abs=1e-3)


def test_a_real_server_says_by_how_much_a_prompt_is_too_long(real: str) -> None:
    """The error carries the numbers."""
    with pytest.raises(ContextLengthExceeded) as caught:
        backend_of(real).infer(replaced(prompt="tests.failed " * 1500), wanted)

    assert 1024 == caught.value.max_tokens
    assert caught.value.request_tokens > 1024


def test_a_real_server_that_does_not_know_the_key_denies(real: str) -> None:
    """And the key that was tried stands nowhere in the error."""
    with pytest.raises(AuthDenied) as caught:
        backend_of(real, key="sk-of-somebody-else").infer(STEP, wanted)

    assert "sk-of" not in f"{caught.value!r} {caught.value}"


def test_a_wrong_path_of_a_real_server_is_the_addresss_fault(real: str) -> None:
    """No model is missing there."""
    with pytest.raises(InvalidRequest, match="ends in /v1"):
        backend_of(real.removesuffix("/v1")).infer(STEP, wanted)


# What is asked


def replaced(**changes: Any) -> InferenceRequest:
    fields = {name: getattr(STEP, name) for name in STEP.__slots__}
    return InferenceRequest(**{**fields, **changes})


def test_one_step_is_one_request_with_the_exact_prompt(fake: FakeServer) -> None:
    """One user message, and every setting of the request in it; nothing streams."""
    fake.answers(200, SAID)
    backend_of(fake.address).infer(replaced(temperature=250, schema=SCHEMA), wanted)

    [seen] = fake.seen
    assert "/v1/chat/completions" == seen.path
    assert f"Bearer {KEY}" == seen.headers["Authorization"]
    assert seen.body == {
        "model": "nano",
        "messages": [{"role": "user", "content": PROMPT}],
        "stream": False,
        "temperature": 0.25,
        "seed": 7,
        "max_tokens": 16,
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "answer", "strict": True, "schema": json.loads(SCHEMA)},
        },
    }


def test_the_fields_of_a_schema_keep_their_order(fake: FakeServer) -> None:
    """A server that decodes by it answers in that order."""
    fake.answers(200, SAID)
    schema = '{"type":"object","properties":{"z":{},"a":{}}}'
    backend_of(fake.address).infer(replaced(schema=schema), wanted)

    sent = fake.seen[0].body["response_format"]["json_schema"]["schema"]
    assert ["z", "a"] == list(sent["properties"])


def test_what_is_on_record_is_what_was_sent_and_what_came(fake: FakeServer) -> None:
    """The hashes are those of the very bytes; the server's own names are kept."""
    came = json.dumps(SAID, indent=3).encode()
    fake.answers(200, came)
    result = backend_of(fake.address).infer(STEP, wanted)

    assert result.remote
    assert sha256(came).hexdigest() == result.remote.response_hash
    sent = json.dumps(fake.seen[0].body, separators=(",", ":")).encode()
    assert sha256(sent).hexdigest() == result.remote.request_hash
    assert ("nano-2", "chatcmpl-1") == (result.remote.model, result.remote.reference)
    assert ("so it is", "stop", 9, 3, 0) == (
        result.text,
        result.finish_reason,
        result.prompt_tokens,
        result.completion_tokens,
        result.reused_tokens,
    )


def test_the_envelope_claims_nothing_that_cannot_be_known(fake: FakeServer) -> None:
    """No hash of a model nobody has seen; what was asked for is on record as asked for."""
    fake.answers(200, SAID)
    envelope = backend_of(fake.address).infer(STEP, wanted).envelope

    assert f"openai-compatible {fake.address}" == envelope.backend
    assert ("nano", "", "", "", 0) == (
        envelope.model,
        envelope.model_sha256,
        envelope.tokenizer_hash,
        envelope.grammar_hash,
        envelope.context_size,
    )
    assert (7, "requested", 16) == (envelope.seed, envelope.seed_policy, envelope.max_tokens)


def test_tokens_that_the_server_had_cached_are_counted(fake: FakeServer) -> None:
    """Where it says so, and never more of them than the prompt has."""
    usage = {"prompt_tokens": 9, "prompt_tokens_details": {"cached_tokens": 99}}
    fake.answers(200, {**SAID, "usage": usage})

    assert 9 == backend_of(fake.address).infer(STEP, wanted).reused_tokens


def test_an_answer_bounded_by_a_grammar_alone_is_not_asked_for(fake: FakeServer) -> None:
    """The protocol knows none, and asking without would drop the bound in silence."""
    with pytest.raises(InvalidRequest, match="Give its JSON Schema"):
        backend_of(fake.address).infer(replaced(grammar='root ::= "a"'), wanted)

    assert not fake.seen


@pytest.mark.parametrize("schema", ["{", "nonsense"])
def test_a_schema_that_is_none_is_not_sent(fake: FakeServer, schema: str) -> None:
    """It is refused before anybody is asked."""
    with pytest.raises(InvalidRequest, match="the schema of the answer is not JSON"):
        backend_of(fake.address).infer(replaced(schema=schema), wanted)

    assert not fake.seen


def test_a_conversation_is_sent_whole(fake: FakeServer) -> None:
    """System prompt with the format's instruction, tools, calls and their results, and limits."""
    call = ToolCall(id="c1", name="look", arguments='{"at":1}')
    fake.answers(200, SAID)
    backend_of(fake.address).chat(
        ChatRequest(
            messages=(
                ChatMessage(role=ChatRole.USER, content="look"),
                ChatMessage(role=ChatRole.ASSISTANT, content="", tool_calls=(call,)),
                ChatMessage(role=ChatRole.TOOL, content="seen", tool_call_id="c1"),
            ),
            system="Be brief.",
            tools=(
                ToolDefinition(name="look", description="looks", parameters={"type": "object"}),
            ),
            response_format=ResponseFormat.YAML,
            max_tokens=5,
            temperature=0.5,
            stop_sequences=("END",),
            model="other",
        ),
        wanted,
    )

    [seen] = fake.seen
    instruction = ResponseFormat.YAML.system_instruction()
    function = {"name": "look", "arguments": '{"at":1}'}
    assert seen.body == {
        "model": "other",
        "messages": [
            {"role": "system", "content": f"Be brief.\n\n{instruction}"},
            {"role": "user", "content": "look"},
            {
                "role": "assistant",
                "content": "",
                "tool_calls": [{"id": "c1", "type": "function", "function": function}],
            },
            {"role": "tool", "content": "seen", "tool_call_id": "c1"},
        ],
        "stream": False,
        "max_tokens": 5,
        "temperature": 0.5,
        "stop": ["END"],
        "tools": [
            {
                "type": "function",
                "function": {
                    "name": "look",
                    "description": "looks",
                    "parameters": {"type": "object"},
                },
            }
        ],
    }


def test_what_a_request_leaves_open_is_left_out(fake: FakeServer) -> None:
    """The server's own settings then hold; without a key no key is sent."""
    fake.answers(200, SAID)
    backend_of(fake.address, key=None).chat(HELLO, wanted)

    [seen] = fake.seen
    assert {"model", "messages", "stream"} == set(seen.body)
    assert "Authorization" not in seen.headers


def test_what_a_model_asks_of_tools_is_read(fake: FakeServer) -> None:
    """With their arguments as the model wrote them."""
    calls = [{"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{"}}]
    message = {"content": None, "tool_calls": calls}
    fake.answers(200, {"choices": [{"message": message, "finish_reason": "tool_calls"}]})
    response = backend_of(fake.address).chat(HELLO, wanted)

    assert (ToolCall(id="c1", name="look", arguments="{"),) == response.tool_calls
    assert FinishReason.TOOL_CALLS is response.finish_reason
    assert ("", None, None) == (response.content, response.usage, response.model)


def test_embeddings_are_put_in_the_order_of_their_texts(fake: FakeServer) -> None:
    """By the index that the server gives, in whatever order they come."""
    vectors = [{"index": 1, "embedding": [3, 4]}, {"index": 0, "embedding": [1, 2.5]}]
    usage = {"prompt_tokens": 4, "total_tokens": 4}
    fake.answers(200, {"data": vectors, "model": "e", "usage": usage})
    request = EmbedRequest(inputs=("a", "b"), dimensions=2)
    response = backend_of(fake.address).embed(request, wanted)

    assert ((1.0, 2.5), (3.0, 4.0)) == response.embeddings
    assert TokenUsage(prompt_tokens=4, total_tokens=4) == response.usage
    assert "/v1/embeddings" == fake.seen[0].path
    assert fake.seen[0].body == {
        "model": "nano",
        "input": ["a", "b"],
        "encoding_format": "float",
        "dimensions": 2,
    }


def test_it_chats_and_embeds_and_is_remote(fake: FakeServer) -> None:
    """Even at an address of this machine, since whoever listens there may pass it on."""
    backend = backend_of(fake.address)

    assert isinstance(backend, ChatBackend)
    assert isinstance(backend, EmbedBackend)
    assert isinstance(backend, LlmBackend)
    assert Reach.REMOTE is backend.destination.reach
    assert f"nano at {fake.address}" == backend.destination.name


@pytest.mark.parametrize(
    "request_",
    [
        replace(HELLO, temperature=math.nan),
        replace(HELLO, messages=(ChatMessage(role=ChatRole.USER, content="\ud800"),)),
        replace(HELLO, tools=(ToolDefinition(name="t", description="", parameters=object()),)),
    ],
)
def test_what_cannot_be_said_in_the_protocol_is_not_sent(
    fake: FakeServer, request_: ChatRequest
) -> None:
    """It is the request's fault, and nobody is asked."""
    with pytest.raises(InvalidRequest):
        backend_of(fake.address).chat(request_, wanted)
    with pytest.raises(InvalidRequest, match="no text"):
        backend_of(fake.address).embed(EmbedRequest(inputs=()), wanted)

    assert not fake.seen


# How it fails


def problem(message: str, **more: Any) -> dict[str, Any]:
    return {"error": {"message": message, **more}}


VLLM_TOO_LONG = (
    "This model's maximum context length is 2048 tokens. However, you requested 3000 tokens (2900 "
    "in the messages, 100 in the completion)."
)
LLAMA_TOO_LONG = "request (3000 tokens) exceeds the available context size (2048 tokens)"


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (400, problem("bad seed"), InvalidRequest("bad seed")),
        (422, {"detail": [{"loc": ["seed"]}]}, InvalidRequest('[{"loc":["seed"]}]')),
        (413, b"", InvalidRequest("the server gives no reason (HTTP 413)")),
        (401, problem("no such key"), AuthDenied("no such key")),
        (403, {"detail": "not yours"}, AuthDenied("not yours")),
        (404, problem("The model `nano` does not exist."), ModelNotFound("nano")),
        (404, {"error": 'model "nano" not found, try pulling it first'}, ModelNotFound("nano")),
        (400, problem("gone", code="model_not_found"), ModelNotFound("nano")),
        (400, {"object": "error", "message": VLLM_TOO_LONG}, ContextLengthExceeded(2048, 3000)),
        (400, problem(LLAMA_TOO_LONG), ContextLengthExceeded(2048, 3000)),
        (
            400,
            problem("no", type="exceed_context_size_error", n_ctx=2048, n_prompt_tokens=3000),
            ContextLengthExceeded(2048, 3000),
        ),
        (400, problem("no", code="context_length_exceeded"), ContextLengthExceeded(0, 0)),
        (400, problem("too rude", code="content_filter"), ContentFiltered("too rude")),
        (500, problem("out of memory"), ProviderError("out of memory", "500")),
        (503, problem("loading model"), ProviderError("loading model", "503")),
        (502, b"<html>", ProviderError("the server gives no reason (HTTP 502)", "502")),
        (500, [1], ProviderError("the server gives no reason (HTTP 500)", "500")),
        (500, {"error": 1}, ProviderError("the server gives no reason (HTTP 500)", "500")),
        (204, b"", ProviderError("the server gives no reason (HTTP 204)", "204")),
        (429, problem("slowly"), RateLimited(1_000_000, "slowly")),
        (429, b"", RateLimited(1_000_000)),
    ],
)
def test_each_refusal_is_the_error_it_means(
    fake: FakeServer, status: int, body: Any, error: LlmError
) -> None:
    """As the servers that speak the protocol word it; after one request, whatever it is."""
    fake.answers(status, body)
    found = failure(fake)

    assert (type(error), error.args) == (type(found), found.args)


def test_a_server_that_fails_over_the_form_of_the_answer_refuses_it(fake: FakeServer) -> None:
    """Whether or not it calls that its own fault: the same request would fail again."""
    fake.answers(500, problem("('body', 'response_format', 'type')"))

    assert isinstance(failure(fake, replaced(schema=SCHEMA)), InvalidRequest)
    fake.seen.clear()
    assert isinstance(failure(fake), ProviderError)


def test_a_server_that_ran_out_of_time_is_a_timeout(fake: FakeServer) -> None:
    """With how long it took, and how long it had."""
    fake.answers(408, b"")
    found = failure(fake)

    assert isinstance(found, Timeout)
    assert found.elapsed < found.deadline


@pytest.mark.parametrize(
    ("headers", "microseconds"),
    [
        ({"Retry-After": "7"}, 7_000_000),
        ({"Retry-After": "0.5"}, 500_000),
        ({"Retry-After": "999999999"}, 86_400_000_000),
        ({"Retry-After": "soon"}, 1_000_000),
        ({"Retry-After": "-5"}, 1_000_000),
        ({"Retry-After": "Wed, 21 Oct 2099 07:28:30 GMT"}, 86_400_000_000),
        ({"Retry-After": "Wed, 21 Oct 2015 07:28:30 GMT"}, 0),
        ({"Retry-After": "Wed, 21 Oct 2015 07:28:30"}, 1_000_000),
    ],
)
def test_how_long_to_wait_is_what_the_server_asks_for(
    fake: FakeServer, headers: dict[str, str], microseconds: int
) -> None:
    """In seconds, or until a moment; a day at most, and a second where it does not say."""
    fake.answers(429, b"", **headers)
    found = failure(fake)

    assert isinstance(found, RateLimited)
    assert microseconds == found.retry_after


def test_a_moment_is_held_against_the_servers_own_clock(fake: FakeServer) -> None:
    """Two clocks that differ would make it wait for hours, or not at all."""
    fake.sends(
        b"HTTP/1.1 429 Slowly\r\nContent-Length: 0\r\nDate: Wed, 21 Oct 2015 07:28:00 GMT\r\n"
        b"Retry-After: Wed, 21 Oct 2015 07:28:30 GMT\r\n\r\n"
    )

    assert 30_000_000 == failure(fake).retry_after


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b"\xff\xfe",
        b"[" * 100_000,
        {},
        {"choices": []},
        {"choices": [{"message": {"content": 7}, "finish_reason": "stop"}]},
        {"choices": [{"message": {"content": "x"}, "finish_reason": "bored"}]},
        {"choices": [{"message": {"content": "x"}, "finish_reason": None}]},
        {"choices": [{"message": {"content": "x"}, "finish_reason": "tool_calls"}]},
        {**SAID, "usage": {"prompt_tokens": -1}},
        {**SAID, "usage": {"prompt_tokens": 1.5}},
        b'{"choices":[{"message":{"content":"\\ud800"},"finish_reason":"stop"}]}',
    ],
)
def test_what_is_not_the_protocols_shape_is_no_answer(fake: FakeServer, body: Any) -> None:
    """Nothing of it is used; it is the provider's error."""
    fake.answers(200, body)

    assert isinstance(failure(fake), ProviderError)


def test_a_failed_answer_of_status_200_says_what_the_server_said(fake: FakeServer) -> None:
    """Some gateways answer so."""
    fake.answers(200, problem("no credit left"))

    assert "no credit left" in str(failure(fake))


@pytest.mark.parametrize(
    "data",
    [
        [],
        [{"index": 0, "embedding": [1]}],
        [{"index": 0, "embedding": [1]}, {"index": 0, "embedding": [1]}],
        [{"index": 0, "embedding": [1]}, {"index": 2, "embedding": [1]}],
        [{"index": 0, "embedding": [1]}, {"index": 1, "embedding": [1, 2]}],
        [{"index": 0, "embedding": []}, {"index": 1, "embedding": []}],
        [{"index": 0, "embedding": "AAAA"}, {"index": 1, "embedding": "AAAA"}],
        [{"index": 0, "embedding": [None]}, {"index": 1, "embedding": [1]}],
    ],
)
def test_embeddings_that_do_not_fit_their_texts_are_none(fake: FakeServer, data: Any) -> None:
    """One each, all of one length, numbers all."""
    fake.answers(200, {"data": data})
    with pytest.raises(ProviderError):
        backend_of(fake.address).embed(EmbedRequest(inputs=("a", "b")), wanted)


@pytest.mark.parametrize(
    ("choice", "reason"),
    [
        ({"message": {"content": "x"}, "finish_reason": "content_filter"}, "withheld"),
        ({"message": {"refusal": "I will not"}, "finish_reason": "stop"}, "I will not"),
    ],
)
def test_an_answer_that_was_withheld_is_no_answer(
    fake: FakeServer, choice: Any, reason: str
) -> None:
    """Not even the part of it that came."""
    fake.answers(200, {"choices": [choice]})
    found = failure(fake)

    assert isinstance(found, ContentFiltered)
    assert reason in found.reason


def test_a_chat_is_told_of_a_refusal_and_of_a_filter(fake: FakeServer) -> None:
    """A model that will not answer is an error; a filtered answer says so itself."""
    choice = {"message": {"content": "so"}, "finish_reason": "content_filter"}
    fake.answers(200, {"choices": [choice]})
    assert FinishReason.CONTENT_FILTER is backend_of(fake.address).chat(HELLO, wanted).finish_reason
    fake.answers(200, {"choices": [{"message": {"refusal": "no"}}]})
    with pytest.raises(ContentFiltered):
        backend_of(fake.address).chat(HELLO, wanted)


def test_a_server_that_is_not_there_is_a_network_error() -> None:
    """The sentence names the address and what to do."""
    address = f"http://127.0.0.1:{free_port()}/v1"
    with pytest.raises(NetworkError, match=f"{address}: nothing listens there. Start the server"):
        backend_of(address).infer(STEP, wanted)


def test_a_redirect_is_not_followed(fake: FakeServer) -> None:
    """Neither the prompt nor the key goes to somebody who was not named."""
    with fake_server() as elsewhere:
        elsewhere.answers(200, SAID)
        fake.answers(307, b"", Location=f"{elsewhere.address}/chat/completions")
        found = failure(fake)

        assert not elsewhere.seen
    assert isinstance(found, InvalidRequest)
    assert "redirects are not followed" in str(found)


def test_no_proxy_of_the_environment_is_used(
    fake: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever set one did not mean prompts; a server that was named is asked itself."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    fake.answers(200, SAID)

    assert "so it is" == backend_of(fake.address).infer(STEP, wanted).text


@pytest.mark.parametrize("status", [200, 400, 401, 404, 429, 500])
def test_the_key_stands_in_no_error(fake: FakeServer, status: int) -> None:
    """Not even where a server repeats it, in a message, a shape or a reason."""
    fake.answers(status, problem(f"the key {KEY}\x1b[2J\nis\u202e wrong {'x' * 999}"))
    backend = backend_of(fake.address)
    found = failure(fake)
    asked = Asked("nano", KEY)
    shown = f"{found} {found!r} {found.args} {found.__cause__!r} {backend!r} {asked!r}"

    assert KEY not in shown
    assert all(sign.isprintable() for sign in str(found))
    assert len(str(found)) < 500


def test_the_key_stands_in_no_record(fake: FakeServer) -> None:
    """Nor does a name of the server's with it."""
    fake.answers(200, {**SAID, "model": f"m {KEY}", "id": f"id\n{KEY}"})
    result = backend_of(fake.address).infer(STEP, wanted)

    assert result.remote
    assert KEY.encode() not in canonical(result.remote) + canonical(result.envelope)
    assert ("m …", "id …") == (result.remote.model, result.remote.reference)


ECHOES = [
    {"content": f"your key is {KEY}, thank you"},
    {"content": json.dumps({"summary": KEY}).replace("s", "\\u0073")},
    {"content": None, "tool_calls": [{"function": {"name": KEY, "arguments": "{}"}}]},
    {"content": None, "tool_calls": [{"function": {"name": "f", "arguments": f'"{KEY}"'}}]},
    {"content": None, "tool_calls": [{"id": KEY, "function": {"name": "f", "arguments": ""}}]},
]


@pytest.mark.parametrize("message", ECHOES)
@pytest.mark.parametrize("how", ["infer", "chat"])
def test_an_answer_that_repeats_the_key_is_refused(
    fake: FakeServer, message: dict[str, Any], how: str
) -> None:
    """So that it comes into no trace and no ledger; the sentence does not repeat it either."""
    fake.answers(200, {**SAID, "choices": [{"message": message, "finish_reason": "stop"}]})
    backend = backend_of(fake.address)

    with pytest.raises(ProviderError, match="the answer repeats the key") as refused:
        backend.infer(STEP, wanted) if how == "infer" else backend.chat(HELLO, wanted)

    assert KEY not in "".join(traceback.format_exception(refused.value))


def test_an_answer_without_a_key_to_repeat_is_taken(fake: FakeServer) -> None:
    """Whatever it says."""
    said = {"message": {"content": f"\\{KEY}"}, "finish_reason": "stop"}
    fake.answers(200, {**SAID, "choices": [said]})

    assert f"\\{KEY}" == backend_of(fake.address, key=None).infer(STEP, wanted).text


@pytest.mark.parametrize("key", ["", "two words", "line\nbreak", "schlüssel"])
def test_a_key_that_cannot_be_sent_is_refused_unseen(key: str) -> None:
    """The sentence says what to do and does not repeat it."""
    with pytest.raises(AddressRefused, match="Paste it again") as caught:
        OpenAICompatibleBackend("https://models.test/v1", "nano", key)

    assert not key or key not in str(caught.value)


NAMES = st.sampled_from(
    [
        "error",
        "message",
        "code",
        "type",
        "detail",
        "n_ctx",
        "choices",
        "finish_reason",
        "usage",
        "content",
        "data",
        "index",
        "embedding",
        "model",
        "id",
        "tool_calls",
    ]
)
WORDS = st.sampled_from(
    [KEY, f"no {KEY}", "stop", "content_filter", "context_length_exceeded", "context size 1"]
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | WORDS | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)
BODIES = st.binary(max_size=50) | ANYTHING.map(lambda value: json.dumps(value).encode())


@given(st.integers(100, 599), BODIES, st.booleans())
def test_whatever_a_server_sends_is_read_or_is_an_error_without_the_key(
    status: int, body: bytes, shaped: bool
) -> None:
    """Nothing it can say breaks the reader, and no error repeats the key."""
    asked = Asked("nano", KEY, shaped=shaped)
    answer = Answer(status, {}, body, 0)
    found = [error_of(asked, answer, Patience(wanted, 1))]
    for read in (lambda: chatted(asked, answer), lambda: embeddings(asked, answer, 1)):
        try:
            read()
        except ProviderError as error:
            found.append(error)

    assert all(KEY not in str(error) for error in found)
