"""A model file is untrusted input: it is looked into by a process that may die of it.

Checklist D3 where a file's own metadata decides, and D18's compatibility of adapters.
"""

from __future__ import annotations

import json
import os
import re
import struct
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from gguf import GGMLQuantizationType
from hypothesis import given
from hypothesis import strategies as st

from converge_core.canonical import hash_bytes
from converge_core.envelope import InferenceRequest
from converge_core.model_config import (
    AdapterNeeds,
    ConfigurationRefused,
    ContextBudget,
    ContextBudgetInvalid,
    ModelFacts,
    ModelKind,
    Needs,
    PrecisionMismatch,
    PromptFamilyMismatch,
    SpecialTokenInvalid,
    TokenizerMismatch,
    require_fit,
)
from converge_core.prompt import PromptVersion
from converge_desktop import paths
from converge_desktop.adapters.models import model_check
from converge_desktop.adapters.models.gguf_header import BadHeader, read_header
from converge_desktop.adapters.models.llama import LlamaBackend
from converge_desktop.adapters.models.model_check import (
    CheckUnavailable,
    ModelChanged,
    ModelCrashed,
    ModelRefused,
    inspect_model,
    inspect_models,
)
from tests.adapters.fuzz_models import mutants, outcome
from tests.adapters.gguf_files import BEGIN, END, PAD, Q8_0, vocabulary, write_adapter, write_model

SHIPPED = paths.default_model()


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="module")
def good(files: Path) -> Path:
    return write_model(files / "good.gguf")


@pytest.fixture(scope="module")
def adapter(files: Path) -> Path:
    return write_adapter(files / "adapter.gguf")


@pytest.fixture
def taken_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """From here on a file does with its process what its name says."""
    monkeypatch.setattr(model_check, "_MODULE", "tests.adapters.bad_child")


def refusal(path: Path, base: Path | None = None) -> str:
    with pytest.raises(ModelRefused) as refused:
        inspect_model(path, base=base)
    assert path == refused.value.path
    return str(refused.value)


# The header, before any process is started.


def header(
    *, magic: bytes = b"GGUF", version: int = 3, tensors: int = 0, keys: int = 0, rest: bytes = b""
) -> bytes:
    return magic + struct.pack("<IQQ", version, tensors, keys) + rest


def text(value: str) -> bytes:
    return struct.pack("<Q", len(value.encode())) + value.encode()


def setting(key: str, kind: int, value: bytes) -> bytes:
    return text(key) + struct.pack("<I", kind) + value


ALIGNMENT = setting("general.alignment", 4, struct.pack("<I", 24))
ONE = setting("a", 7, b"\1")
WEIGHTS = text("w") + struct.pack("<IQIQ", 1, 32, 0, 4096)
BAD_HEADERS: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "it does not begin with “GGUF”"),
    "a text": (b"hello, I am a text", "it does not begin with “GGUF”"),
    "cut off": (b"GGUF\3\0\0\0", "it is cut off at 8 bytes, within its header"),
    "version 1": (header(version=1), "version 1 of the format is not known; 2 and 3 are"),
    "other byte order": (
        header(version=3 << 24),
        (
            "version 50331648 of the format is not known; 2 and 3 are (it was written for machines "
            "of the other byte order)"
        ),
    ),
    "more tensors than fit": (
        header(tensors=2**40),
        "1,099,511,627,776 tensors do not fit into its 24 bytes",
    ),
    "more settings than fit": (
        header(keys=3, rest=ONE),
        "3 settings do not fit into its 38 bytes",
    ),
    "a setting without a name": (
        header(keys=1, rest=setting("", 7, b"\1") + ONE),
        "a setting has no name",
    ),
    "a setting twice": (header(keys=2, rest=ONE + ONE), "the setting “a” stands there twice"),
    "a setting of no kind": (
        header(keys=1, rest=setting("a", 99, b"\1")),
        "the setting “a” is of the unknown kind 99",
    ),
    "a text beyond the end": (
        header(keys=1, rest=setting("a", 8, struct.pack("<Q", 2**50))),
        "it is cut off at 45 bytes, within its header",
    ),
    "a list of lists": (
        header(keys=1, rest=setting("a", 9, struct.pack("<IQ", 9, 1))),
        "the list “a” is of the unknown kind 9",
    ),
    "a list of too many texts": (
        header(keys=1, rest=setting("a", 9, struct.pack("<IQ", 8, 2**60))),
        "the list “a” of 1,152,921,504,606,846,976 texts does not fit into it",
    ),
    "an alignment between powers of two": (
        header(keys=1, rest=ALIGNMENT),
        "an alignment of “24” is no power of two",
    ),
    "weights of no dimensions": (
        header(tensors=1, rest=text("w") + struct.pack("<IQIQ", 0, 32, 0, 0)),
        "the weights “w” have 0 dimensions",
    ),
    "weights beyond the end": (
        header(tensors=1, rest=WEIGHTS),
        (
            "the weights “w” are said to lie at 4,160, outside of its 57 bytes or across their "
            "alignment"
        ),
    ),
    "a name that is not to be shown": (
        header(keys=1, rest=setting("\x1b[2J\u202e", 99, b"\1")),
        "the setting “\ufffd[2J\ufffd” is of the unknown kind 99",
    ),
}


@pytest.mark.parametrize("what", BAD_HEADERS)
def test_a_header_that_cannot_be_is_refused_by_what_is_wrong_with_it(
    tmp_path: Path, what: str
) -> None:
    """With the place in it and a remedy; llama.cpp never sees the file."""
    data, reason = BAD_HEADERS[what]
    path = tmp_path / "model.gguf"
    path.write_bytes(data)

    assert (
        f"{path} is no GGUF model: {reason}. Choose a file whose name ends in .gguf, and is whole."
    ) == refusal(path)


def test_what_is_no_file_is_refused_without_waiting_for_it(tmp_path: Path) -> None:
    """A folder, a pipe that nobody writes to, and nothing at all."""
    pipe = tmp_path / "pipe.gguf"
    os.mkfifo(pipe)
    nowhere = tmp_path / "nowhere.gguf"

    for path in (tmp_path, pipe):
        assert f"{path} is no GGUF model: it is not a file. " in refusal(path)
    assert (
        f"{nowhere} cannot be read: No such file or directory. Choose another model file."
    ) == refusal(nowhere)


@given(st.binary(max_size=400), st.integers(2, 3), st.integers(0, 4), st.integers(0, 4))
def test_any_bytes_are_a_header_or_are_refused(
    tmp_path_factory: pytest.TempPathFactory, rest: bytes, version: int, tensors: int, keys: int
) -> None:
    """And nothing else comes of reading them."""
    path = tmp_path_factory.getbasetemp() / "any.gguf"
    path.write_bytes(header(version=version, tensors=tensors, keys=keys, rest=rest))
    with suppress(BadHeader):
        assert tensors == len(read_header(path).tensors)


def test_a_header_is_read_as_it_was_written(good: Path) -> None:
    """Settings by name, lists by their length, tensors by name, shape and kind."""
    found = read_header(good)

    assert ("llama", "tiny", "") == tuple(
        found.text(f"general.{key}") for key in ("architecture", "name", "nothing")
    )
    assert (2, 0, 0) == tuple(
        found.number(key) for key in ("llama.block_count", "general.name", "nothing")
    )
    assert len(vocabulary()) == found.lists["tokenizer.ggml.tokens"]
    assert ("token_embd.weight", (32, len(vocabulary())), "F32") == (
        found.tensors[0].name,
        found.tensors[0].shape,
        found.tensors[0].precision,
    )


def test_a_setting_that_is_no_setting_any_more_is_passed_over(tmp_path: Path) -> None:
    """What is too long to be one is neither kept nor in the way."""
    path = tmp_path / "long.gguf"
    path.write_bytes(header(keys=2, rest=setting("long", 8, text("x" * 200_000)) + ONE))

    assert {"a": True} == read_header(path).settings


# What a file says of itself.


def test_a_model_says_what_it_is(good: Path) -> None:
    """By llama.cpp's own reading of it, after it computed a token."""
    facts = inspect_model(good)

    assert hash_bytes(good.read_bytes()) == facts.sha256
    assert good.stat().st_size == facts.size
    assert ("tiny", "llama", "all F32", "MIT") == (
        *(facts.name, facts.architecture, facts.file_type, facts.licence),
    )
    assert (256, 32, 2, len(vocabulary())) == (
        *(facts.context_trained, facts.embedding_length, facts.layers, facts.vocabulary),
    )
    assert ("gpt2", "gpt-2", False) == (facts.tokenizer, facts.pre_tokenizer, facts.starts)
    assert ((END,), {BEGIN, END, PAD}) == (facts.ends, set(facts.controls))
    assert {"bos": 0, "eos": 1, "eot": 1, "pad": 2} == {
        one.role: one.token for one in facts.special if one.known
    }
    assert 20_000 < facts.parameters < 40_000
    assert facts.adapter is None


def test_the_tokenizer_bears_the_hash_that_envelopes_name() -> None:
    """So that what a pack pins can be held against either."""
    backend = LlamaBackend(SHIPPED)
    request = InferenceRequest("hello", "root ::= [a-z]{1,1}", 2)
    envelope = backend.infer(request, lambda: False).envelope
    backend.close()
    facts = inspect_model(SHIPPED)

    assert (envelope.tokenizer_hash, envelope.model_sha256) == (facts.tokenizer_hash, facts.sha256)
    assert (envelope.family, envelope.model) == (facts.architecture, facts.name)


def test_an_adapter_says_what_it_is_by_its_header(adapter: Path) -> None:
    """Without a base there is nothing that llama.cpp could load it into."""
    facts = inspect_model(adapter)

    assert (ModelKind.ADAPTER, "tiny-adapter", "llama") == (
        *(facts.kind, facts.name, facts.architecture),
    )
    assert facts.adapter
    about = facts.adapter
    assert ("lora", "tiny", 4, 8000, "F32", 32, 2) == (
        *(about.method, about.base, about.rank, about.alpha, about.precision),
        *(about.width, about.layers),
    )
    assert ("blk.0.attn_q.weight", "blk.0.attn_v.weight") == about.targets[:2]


def test_an_adapter_is_tried_with_its_base(good: Path, adapter: Path) -> None:
    """It is loaded over it and a token is computed."""
    assert inspect_model(adapter) == inspect_model(adapter, base=good)


def test_an_adapter_that_llama_cpp_does_not_take_is_refused_with_its_reason(
    good: Path, files: Path
) -> None:
    """A wider base, a deeper one, another family, or a model in its place."""
    wide = write_adapter(files / "wide.gguf", width=64)
    deep = write_adapter(files / "deep.gguf", layers=3)
    foreign = write_adapter(files / "foreign.gguf", architecture="gemma")

    assert "has incorrect shape (hint: maybe wrong base model?)" in refusal(wide, good)
    assert "'blk.2.attn_q.weight' does not exist in base model" in refusal(deep, good)
    assert "model arch and LoRA arch mismatch" in refusal(foreign, good)
    assert f"{SHIPPED} is no adapter. Choose an adapter's file." == refusal(SHIPPED, good)


# What does not fit is refused by class, from the file's own metadata.

Q4_0 = GGMLQuantizationType.Q4_0


def lora(path: Path, base: Path) -> Needs:
    """An adapter beside ``base``, as a pack would name it."""
    return Needs(adapter=AdapterNeeds(inspect_model(write_adapter(path), base=base)))


MISFITS: dict[
    str, tuple[type[ConfigurationRefused], Callable[[Path], Path], Callable[[Path], Needs]]
] = {
    "a prompt for another family": (
        PromptFamilyMismatch,
        write_model,
        lambda _: Needs(prompt=PromptVersion("reasoning", 1, "gemma")),
    ),
    "no pre-tokenizer": (
        TokenizerMismatch,
        lambda path: write_model(path, pre=None),
        lambda _: Needs(),
    ),
    "another tokenizer": (
        TokenizerMismatch,
        write_model,
        lambda _: Needs(tokenizer_hash=inspect_model(SHIPPED).tokenizer_hash),
    ),
    "an adapter over a base of four bits": (
        PrecisionMismatch,
        lambda path: write_model(path, precision=Q4_0),
        lambda path: lora(path.with_name("lora.gguf"), path),
    ),
    "an adapter in the place of the model": (PrecisionMismatch, write_adapter, lambda _: Needs()),
    "a context that is too long": (
        ContextBudgetInvalid,
        lambda path: write_model(path, context=128),
        lambda _: Needs(budget=ContextBudget(prompt=100, answer=29)),
    ),
    "an end token outside of the vocabulary": (
        SpecialTokenInvalid,
        lambda path: write_model(path, eos=50_000),
        lambda _: Needs(),
    ),
    "a start token outside of the vocabulary": (
        SpecialTokenInvalid,
        lambda path: write_model(path, bos=50_000),
        lambda _: Needs(),
    ),
    "no end token": (
        SpecialTokenInvalid,
        lambda path: write_model(path, eos=None, ends=False),
        lambda _: Needs(),
    ),
    "no start token where one is to be put": (
        SpecialTokenInvalid,
        lambda path: write_model(path, bos=None, starts=True),
        lambda _: Needs(),
    ),
    "a control token in a layer": (
        SpecialTokenInvalid,
        write_model,
        lambda _: Needs(layers=(("policy", f"say {END} when you are done"),)),
    ),
}


@pytest.mark.parametrize("what", MISFITS)
def test_a_file_that_does_not_fit_is_refused_by_class(tmp_path: Path, what: str) -> None:
    """The file is sound; what it says of itself contradicts what is to be done with it."""
    kind, write, needs = MISFITS[what]
    path = write(tmp_path / "model.gguf")
    facts = inspect_model(path)
    with pytest.raises(ConfigurationRefused) as refused:
        require_fit(facts, needs(path), str(path))

    assert kind is type(refused.value)


def test_sound_files_fit(good: Path, adapter: Path, tmp_path: Path) -> None:
    """The same needs, met: none of the refusals comes of a rule that refuses all."""
    needs = Needs(
        prompt=PromptVersion("reasoning", 1, "llama"),
        budget=ContextBudget(prompt=200, answer=56),
        required_tokens=(END,),
        layers=(("policy", "say when you are done"),),
        adapter=AdapterNeeds(inspect_model(adapter, base=good)),
    )

    require_fit(inspect_model(good), needs)
    require_fit(inspect_model(write_model(tmp_path / "q8.gguf", precision=Q8_0)), needs)


# Files that are bad for whoever loads them.


@pytest.fixture
def crashing(tmp_path: Path) -> Path:
    """A model without blocks: an assertion of llama.cpp ends the process that loads it."""
    return write_model(tmp_path / "crashing.gguf", said_layers=0)


def test_a_file_that_crashes_the_loader_is_an_error_and_not_a_crash(
    crashing: Path, good: Path
) -> None:
    """It says by what, and llama.cpp's last words; the next file is looked into as ever."""
    with pytest.raises(ModelCrashed) as crashed:
        inspect_model(crashing)

    said = str(crashed.value)
    assert said.startswith(
        f"{crashing} is not safe to load: the process that tried it was ended by SIGABRT, after "
        "llama.cpp said: llama-model.cpp:"
    )
    assert said.endswith(
        ". Nothing was loaded here; fetch the file again from where it came from, or choose "
        "another."
    )
    assert "tiny" == inspect_model(good).name


def test_an_adapter_that_crashes_the_loader_is_one_too(tmp_path: Path, good: Path) -> None:
    """Though its base is sound."""
    with pytest.raises(ModelCrashed, match="SIGABRT"):
        inspect_model(write_adapter(tmp_path / "crashing.gguf", crashes=True), base=good)


@pytest.mark.parametrize("part", [0.5, 0.999])
def test_a_model_that_is_cut_off_is_refused_with_llama_cpps_reason(
    tmp_path: Path, good: Path, part: float
) -> None:
    """In the midst of its weights, which its header cannot show."""
    data = good.read_bytes()
    path = tmp_path / "half.gguf"
    path.write_bytes(data[: int(len(data) * part)])

    assert re.search(
        rf"{path} (could not be loaded\. llama\.cpp says: .*not within the file bounds|"
        r"is no GGUF model: the weights “.+” are said to lie at)",
        refusal(path),
    )


def test_a_model_whose_weights_are_no_numbers_is_refused(tmp_path: Path, good: Path) -> None:
    """Whatever it answered would be nonsense."""
    data = bytearray(good.read_bytes())
    data[-64:] = struct.pack("<f", float("nan")) * 16
    path = tmp_path / "nan.gguf"
    path.write_bytes(data)

    assert "llama.cpp says: " in refusal(path)


def test_a_batch_goes_on_after_each_crash(tmp_path: Path, good: Path, crashing: Path) -> None:
    """One answer a file, in their order."""
    text = tmp_path / "text.gguf"
    text.write_text("hello")
    found = list(inspect_models([crashing, good, text, crashing, crashing, good]))

    assert [ModelCrashed, ModelFacts, ModelRefused, ModelCrashed, ModelCrashed, ModelFacts] == [
        type(one) for one in found
    ]


def test_mutated_headers_never_crash_this_process(tmp_path: Path) -> None:
    """The quick form of ``python -m tests.adapters.fuzz_models 1000``; some crash their own."""
    numbers = (1, 87, 218, 747, *range(200, 236))
    came = [outcome(found) for found in inspect_models(mutants(tmp_path, numbers))]

    assert len(numbers) == len(came)
    assert {"refused", "loaded", "crashed its own process"} == set(came)


# Processes that a file has taken over.


def crash(path: Path, timeout_s: float = 60.0) -> str:
    path.write_bytes(header())
    with pytest.raises(ModelCrashed) as crashed:
        inspect_model(path, timeout_s=timeout_s)
    return crashed.value.reason.removeprefix("is not safe to load: the process that tried it ")


@pytest.mark.usefixtures("taken_over")
@pytest.mark.parametrize(
    ("does", "said"),
    [
        ("segfaults", "was ended by SIGSEGV"),
        ("swells", "needed more memory than is allowed"),
        ("leaves", "ended with exit code 0"),
        ("floods", "gave no sensible answer"),
        ("floods_lines", "gave no sensible answer, after llama.cpp said: x"),
        ("answers_a_text", "gave no sensible answer"),
        ("answers_half", "gave no sensible answer"),
        ("answers_too_much", "gave no sensible answer"),
        ("answers_no_json", "gave no sensible answer"),
        ("writes", "ended with exit code 1, after llama.cpp said: OSError: [Errno 27] File too"),
    ],
)
def test_a_process_that_is_taken_over_is_an_error(tmp_path: Path, does: str, said: str) -> None:
    """However it ends or whatever it says; it says by what."""
    reason = crash(tmp_path / f"{does}.gguf")

    assert reason.startswith(said)
    assert len(reason) < 1000


@pytest.mark.usefixtures("taken_over")
def test_a_process_that_stands_still_is_ended(tmp_path: Path) -> None:
    """Within the time that it was given."""
    assert "did not finish within 0.5 s" == crash(tmp_path / "hangs.gguf", 0.5)


@pytest.mark.usefixtures("taken_over")
def test_a_process_that_computes_without_end_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its limit of time on the processor, however long it may otherwise take."""
    monkeypatch.setattr(model_check, "CPU_S", 1)

    assert "used up its 1 s on the processor" == crash(tmp_path / "burns.gguf")


@pytest.mark.usefixtures("taken_over")
def test_what_a_file_has_printed_passes_for_no_answer(tmp_path: Path) -> None:
    """Answers stand behind a word that it cannot know."""
    path = tmp_path / "pretends.gguf"
    path.write_bytes(header())

    assert "llama.cpp says: nobody believed it" in refusal(path)


@pytest.mark.usefixtures("taken_over")
def test_the_process_inherits_nothing_that_is_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No environment beyond what it needs, no input, no open files, no core dump."""
    monkeypatch.setenv("DESK_PASSWORD", "hunter2")
    path = tmp_path / "tells.gguf"
    path.write_bytes(header())
    with path.open():
        found = re.search(r"says: (\{.*\})", refusal(path))
    assert found
    told = json.loads(found[1])

    assert set(told["environment"]) <= {
        *("PATH", "LANG", "LC_ALL", "LC_CTYPE", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TMPDIR"),
        *("PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"),
        *("GGML_NO_BACKTRACE", "COV_CORE_SOURCE", "COVERAGE_PROCESS_START"),
    }
    assert ("", [0, 0]) == (told["input"], told["core"])
    assert [] == told["files"]


@pytest.mark.usefixtures("taken_over")
def test_a_file_that_changed_meanwhile_is_not_the_one_that_was_checked(tmp_path: Path) -> None:
    """Even if its bytes are the same: somebody was at it."""
    path = tmp_path / "touches.gguf"
    path.write_bytes(header())
    with pytest.raises(ModelChanged) as changed:
        inspect_model(path)

    assert (
        f"{path} was changed while it was checked. Wait until it is written, then choose it again."
    ) == str(changed.value)


def test_a_process_that_cannot_be_started_blames_no_file(
    good: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is the app's fault, or the machine's."""
    monkeypatch.setattr(model_check, "_MODULE", "converge_desktop.adapters.nowhere")
    with pytest.raises(CheckUnavailable, match="No module named converge_desktop"):
        inspect_model(good)
