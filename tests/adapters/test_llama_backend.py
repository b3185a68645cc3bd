"""A local model through llama.cpp: greedy, bounded, cancellable, and never a crash.

The shipped model is used because it is small; what it answers is nobody's business here.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from converge_core.canonical import hash_text
from converge_core.capability import CallCancelled
from converge_core.envelope import InferenceRequest, InferenceResult
from converge_desktop import paths
from converge_desktop.adapters.models.determinism import probe
from converge_desktop.adapters.models.llama import LlamaBackend, ModelProblem

MODEL = paths.default_model()
LETTERS = "root ::= [a-z]{60,60}"


@pytest.fixture(scope="module")
def shared() -> Iterator[LlamaBackend]:
    backend = LlamaBackend(MODEL)
    backend.findings = probe(backend)
    yield backend
    backend.close()


@pytest.fixture
def backend(shared: LlamaBackend) -> LlamaBackend:
    """The model, with nothing of an earlier test in its cache."""
    shared.infer(asking(f"fresh {shared.name}", tokens=1), never)
    return shared


def never() -> bool:
    return False


def asking(prompt: str, grammar: str = LETTERS, tokens: int = 100) -> InferenceRequest:
    return InferenceRequest(prompt, grammar, tokens)


PROMPT = "what speaks for it, and what against?\n" * 12
OTHER = "something else altogether\n" * 20


# Files.


def refusal(path: Path) -> str:
    with pytest.raises(ModelProblem) as refused:
        LlamaBackend(path)
    return str(refused.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """With the system's reason and a remedy."""
    path = tmp_path / "nowhere.gguf"

    assert f"{path} cannot be read: No such file or directory. Choose another model file." == (
        refusal(path)
    )


def test_a_folder_is_no_model(tmp_path: Path) -> None:
    """Choosing one by mistake is a sentence."""
    assert f"{tmp_path} is not a file. Choose a file whose name ends in .gguf." == refusal(tmp_path)


@pytest.mark.parametrize("data", [b"", b"GGU", b"hello, I am a text\n" * 100, b"\x00" * 100])
def test_a_file_of_another_kind_is_told_by_its_first_bytes(tmp_path: Path, data: bytes) -> None:
    """Before llama.cpp is asked."""
    path = tmp_path / "model.gguf"
    path.write_bytes(data)

    assert f"{path} is not a GGUF model: it does not begin with “GGUF”." in refusal(path)


@pytest.mark.parametrize("part", ["4 bytes", "100 bytes", "1 %", "half", "all but a byte"])
def test_a_model_cut_off_anywhere_is_refused_with_llama_cpps_reason(
    tmp_path: Path, part: str
) -> None:
    """In the header, the vocabulary or the weights: the reason is what its log says."""
    data = MODEL.read_bytes()
    length = {
        "4 bytes": 4,
        "100 bytes": 100,
        "1 %": len(data) // 100,
        "half": len(data) // 2,
        "all but a byte": len(data) - 1,
    }[part]
    path = tmp_path / "model.gguf"
    path.write_bytes(data[:length])
    said = re.fullmatch(
        rf"{path} could not be loaded\. llama\.cpp says: (.+)\. The file may be cut off or of a "
        r"kind this version does not know; fetch it again or choose another\.",
        refusal(path),
    )

    assert said
    assert re.search("gguf_init|error loading model", said[1])


@pytest.mark.parametrize("position", [4, 8, 16, 30])
def test_a_model_with_a_damaged_header_is_refused(tmp_path: Path, position: int) -> None:
    """Absurd versions, counts and lengths are llama.cpp's reasons, not its crashes."""
    data = bytearray(MODEL.read_bytes())
    data[position] ^= 0xFF
    path = tmp_path / "model.gguf"
    path.write_bytes(data)

    assert "llama.cpp says: " in refusal(path)


def test_the_reason_is_that_of_this_file_and_not_of_the_last(tmp_path: Path) -> None:
    """Two bad files in a row have each its own."""
    data = MODEL.read_bytes()
    first, second = tmp_path / "first.gguf", tmp_path / "second.gguf"
    first.write_bytes(data[:100])
    second.write_bytes(data[:-1])

    assert refusal(first).partition("says")[2] != refusal(second).partition("says")[2]


def test_a_good_model_loads_after_bad_ones(tmp_path: Path) -> None:
    """A refusal leaves nothing behind."""
    path = tmp_path / "model.gguf"
    path.write_bytes(MODEL.read_bytes()[:5000])
    refusal(path)
    backend = LlamaBackend(MODEL)

    assert 60 == len(backend.infer(asking("hello"), never).text)
    backend.close()


def test_a_model_says_what_it_is(shared: LlamaBackend) -> None:
    """What a person is shown of it, each in a word or a number."""
    said = dict(shared.describe())

    assert {"name", "architecture", "parameters", "context", "licence"} <= set(said)
    assert all(said.values())
    assert (shared.name, f"{shared.context_size:,} tokens") == (said["name"], said["context"])


# Answers.


def answers(backend: LlamaBackend, *prompts: str) -> list[InferenceResult]:
    return [backend.infer(asking(prompt), never) for prompt in prompts]


def test_the_same_prompt_gives_the_same_answer(backend: LlamaBackend) -> None:
    """With a cold cache, a warm one, after another prompt, and in another copy of the model."""
    cold, warm, _, again = answers(backend, PROMPT, PROMPT, OTHER, PROMPT)
    copy = LlamaBackend(MODEL)
    [elsewhere] = answers(copy, PROMPT)
    copy.close()

    assert {cold.text} == {warm.text, again.text, elsewhere.text}
    assert cold.envelope == warm.envelope == again.envelope == elsewhere.envelope


def test_a_common_beginning_is_computed_once(backend: LlamaBackend) -> None:
    """What the cache still holds of a prompt is not computed again, and the answer tells."""
    cold, warm, longer = answers(backend, PROMPT, PROMPT, PROMPT + OTHER)

    assert 0 == cold.reused_tokens
    assert cold.prompt_tokens - 1 == warm.reused_tokens
    assert cold.prompt_tokens // 2 < longer.reused_tokens < longer.prompt_tokens


def test_the_grammar_bounds_the_answer(backend: LlamaBackend) -> None:
    """Every character is one the rules admit, and they end it."""
    result = backend.infer(asking(PROMPT, 'root ::= "{" [ab]{3,9} "}"'), never)

    assert re.fullmatch(r"\{[ab]{3,9}\}", result.text)
    assert "stop" == result.finish_reason


@pytest.mark.parametrize("tokens", [1, 5])
def test_an_answer_ends_where_its_room_does(backend: LlamaBackend, tokens: int) -> None:
    """Cut off, and said to be."""
    result = backend.infer(asking(PROMPT, tokens=tokens), never)

    assert ("length", tokens) == (result.finish_reason, result.completion_tokens)


def test_the_envelope_says_all_that_determines_the_answer(backend: LlamaBackend) -> None:
    """Model by hash, grammar by hash, and nothing left to chance."""
    envelope = backend.infer(asking(PROMPT), never).envelope

    assert (
        hashlib.sha256(MODEL.read_bytes()).hexdigest(),
        hash_text(LETTERS),
        (0, 1, 0, "fixed"),
        100,
        True,
    ) == (
        envelope.model_sha256,
        envelope.grammar_hash,
        (envelope.temperature, envelope.top_k, envelope.seed, envelope.seed_policy),
        envelope.max_tokens,
        envelope.deterministic,
    )
    assert all((envelope.backend, envelope.model, envelope.family, envelope.cpu))


def test_tokens_are_counted_as_they_are_computed(backend: LlamaBackend) -> None:
    """The sum over a prompt's parts is no less than the prompt takes."""
    result = backend.infer(asking(PROMPT), never)

    assert 0 < result.prompt_tokens <= backend.count_tokens(PROMPT) + 1
    assert 0 == backend.count_tokens("")


# Cancelling.


def counting(limit: int) -> Callable[[], bool]:
    """Returns a question that is answered yes from the ``limit``-th time on."""
    asked = count(1)
    return lambda: next(asked) >= limit


LONG = OTHER * 4
"""Takes much longer to read than it takes to ask twice whether to stop."""


@pytest.mark.parametrize("limit", [1, 2])
def test_a_request_to_stop_is_heard_while_the_prompt_is_read(
    backend: LlamaBackend, limit: int
) -> None:
    """Before it begins and in the middle; the next call gives what it would have given."""
    [expected] = answers(backend, PROMPT)
    with pytest.raises(CallCancelled):
        backend.infer(asking(LONG), counting(limit))

    assert expected.text == answers(backend, PROMPT)[0].text


def test_a_request_to_stop_is_heard_while_the_answer_is_written(backend: LlamaBackend) -> None:
    """It is asked some times while a prompt of one word is read and a long answer begun."""
    [expected] = answers(backend, PROMPT)
    endless = asking("short", "root ::= p p p p p\np ::= [a-z]{1800,1800}", 2000)
    with pytest.raises(CallCancelled):
        backend.infer(endless, counting(8))

    assert expected.text == answers(backend, PROMPT)[0].text


def test_what_was_read_before_a_stop_is_not_read_again(backend: LlamaBackend) -> None:
    """A stop costs what was under way and no more: what was read whole stays read."""
    backend.infer(asking(LONG, tokens=1), never)
    with pytest.raises(CallCancelled):
        backend.infer(asking(LONG, "root ::= [a-z]{900,900}", 900), counting(2))
    [again] = [backend.infer(asking(LONG, tokens=1), never)]

    assert again.prompt_tokens - 1 == again.reused_tokens


def test_whoever_asked_to_stop_one_call_did_not_stop_the_next(backend: LlamaBackend) -> None:
    """The question is forgotten with its call."""
    with pytest.raises(CallCancelled):
        backend.infer(asking(PROMPT), lambda: True)

    assert 60 == len(backend.infer(asking(PROMPT), never).text)


# What cannot be answered.


def test_a_prompt_that_leaves_no_room_for_its_answer_is_refused(backend: LlamaBackend) -> None:
    """With the numbers, before anything is computed; the model goes on working."""
    with pytest.raises(ModelProblem, match=r"takes [0-9,]+ tokens, .* room for 2,048") as refused:
        backend.infer(asking("far too long " * 4096), never)

    assert "choose a model with a longer context" in str(refused.value)
    assert 60 == len(backend.infer(asking(PROMPT), never).text)


def test_an_empty_prompt_is_refused(backend: LlamaBackend) -> None:
    """There is nothing to answer."""
    with pytest.raises(ModelProblem, match="the prompt is empty"):
        backend.infer(asking(""), never)


@pytest.mark.parametrize("grammar", ["", "root ::= nonsense(", "no rules", 'start ::= "a"'])
def test_a_grammar_that_is_none_is_refused(backend: LlamaBackend, grammar: str) -> None:
    """Handed on as it is, it would take the process down with it."""
    with pytest.raises(ModelProblem, match="cannot read the grammar"):
        backend.infer(asking(PROMPT, grammar), never)
    assert 60 == len(backend.infer(asking(PROMPT), never).text)


def test_a_closed_model_answers_nothing() -> None:
    """Closing twice does no harm, and asking afterwards is an error and no crash."""
    backend = LlamaBackend(MODEL)
    backend.close()
    backend.close()

    with pytest.raises(ModelProblem, match="was closed"):
        backend.infer(asking(PROMPT), never)
