"""Looks into model files with llama.cpp; run as a process of its own, which may die of it.

``model_check.py`` starts it and reads what it says: one JSON line an event, each behind a word that
the file cannot know, so that nothing that llama.cpp prints of a file passes for an answer. Before
the first file is opened, the process bounds itself: memory, time on the processor, no core dump, no
file written.
"""

from __future__ import annotations

import ctypes
import json
import math
import os
import resource
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final

import llama_cpp

from converge_core.canonical import ContentHash, canonical_record, content_hash, hash_bytes
from converge_core.model_config import ModelFacts, ModelKind, SpecialToken
from converge_desktop.adapters.models.gguf_header import plain

CONTEXT_TOKENS: Final = 64
START_CPU_S: Final = 30
MOST_CONTROLS: Final = 512
MOST_ENDS: Final = 64
_ERROR_LEVEL: Final = 4
_KINDS: Final = {
    llama_cpp.LLAMA_VOCAB_TYPE_SPM: "llama",
    llama_cpp.LLAMA_VOCAB_TYPE_BPE: "gpt2",
    llama_cpp.LLAMA_VOCAB_TYPE_WPM: "bert",
    llama_cpp.LLAMA_VOCAB_TYPE_UGM: "t5",
}
_ROLES: Final = {
    "bos": ("bos_token_id", llama_cpp.llama_vocab_bos),
    "eos": ("eos_token_id", llama_cpp.llama_vocab_eos),
    "eot": ("eot_token_id", llama_cpp.llama_vocab_eot),
    "pad": ("padding_token_id", llama_cpp.llama_vocab_pad),
}


class Refused(Exception):
    """llama.cpp does not take the file; the text says why, as far as it is not in its log."""


@dataclass(frozen=True, slots=True)
class _Loaded:
    """A model that llama.cpp holds."""

    model: Any
    vocab: Any

    @property
    def width(self) -> int:
        return int(llama_cpp.llama_vocab_n_tokens(self.vocab))

    def piece(self, token: int) -> str:
        return bytes(llama_cpp.llama_vocab_get_text(self.vocab, token)).decode("utf-8", "replace")

    def controls(self) -> Iterator[int]:
        for token in range(self.width):
            if llama_cpp.llama_vocab_is_control(self.vocab, token):
                yield token


def facts_of(path: Path, sha256: ContentHash, size: int) -> ModelFacts:
    """Loads a model, computes one token with it, and returns what it says of itself.

    Raises:
        Refused: if llama.cpp does not take it, or what it computes are no numbers.
    """
    with _loaded(path) as loaded:
        _compute(loaded)
        return _facts(loaded, sha256, size)


def try_adapter(base: Path, adapter: Path) -> None:
    """Loads a model and an adapter of it, and computes one token with both.

    Raises:
        Refused: if llama.cpp does not take them together.
    """
    with _loaded(base) as loaded:
        handle = llama_cpp.llama_adapter_lora_init(loaded.model, os.fsencode(adapter))
        if not handle:
            raise Refused("the adapter does not go with the model")
        # The model frees the adapters that were made for it.
        _compute(loaded, handle)


@contextmanager
def _loaded(path: Path) -> Iterator[_Loaded]:
    wanted = llama_cpp.llama_model_default_params()
    wanted.n_gpu_layers = 0
    wanted.check_tensors = True
    model = llama_cpp.llama_model_load_from_file(os.fsencode(path), wanted)
    if not model:
        raise Refused("it cannot be loaded")
    try:
        yield _Loaded(model, llama_cpp.llama_model_get_vocab(model))
    finally:
        llama_cpp.llama_model_free(model)


def _compute(loaded: _Loaded, adapter: Any = None) -> None:
    """Evaluates one token, as the file's first use would."""
    if not loaded.width:
        return
    wanted = llama_cpp.llama_context_default_params()
    wanted.n_ctx = wanted.n_batch = wanted.n_ubatch = CONTEXT_TOKENS
    wanted.n_threads = wanted.n_threads_batch = 1
    context = llama_cpp.llama_init_from_model(loaded.model, wanted)
    if not context:
        raise Refused("there is no context to be had with it")
    try:
        if adapter is not None:
            _join(context, adapter)
        _evaluate(loaded, context)
    finally:
        llama_cpp.llama_free(context)


def _join(context: Any, adapter: Any) -> None:
    adapters = (llama_cpp.llama_adapter_lora_p_ctypes * 1)(adapter)
    scales = (ctypes.c_float * 1)(1.0)
    if llama_cpp.llama_set_adapters_lora(context, adapters, 1, scales):
        raise Refused("the adapter cannot be laid over the model")


def _evaluate(loaded: _Loaded, context: Any) -> None:
    batch = llama_cpp.llama_batch_get_one((llama_cpp.llama_token * 1)(0), 1)
    encodes = llama_cpp.llama_model_has_encoder(loaded.model)
    code = (llama_cpp.llama_encode if encodes else llama_cpp.llama_decode)(context, batch)
    if code:
        raise Refused(f"it does not compute (code {code})")
    if encodes or llama_cpp.llama_pooling_type(context) > 0:
        return
    logits = llama_cpp.llama_get_logits(context)
    if not logits or not all(map(math.isfinite, logits[: loaded.width])):
        raise Refused("what it computes are no numbers; its weights are damaged")


def _facts(loaded: _Loaded, sha256: ContentHash, size: int) -> ModelFacts:
    model = loaded.model
    said = _metadata(model)
    file_type = llama_cpp.llama_ftype_name(llama_cpp.llama_model_ftype(model)) or b""
    return ModelFacts(
        kind=ModelKind.MODEL,
        sha256=sha256,
        size=size,
        name=plain(said.get("general.name", "")),
        architecture=plain(said.get("general.architecture", "")),
        file_type=plain(file_type.decode("utf-8", "replace").removeprefix("(guessed) ")),
        licence=plain(said.get("general.license", "")),
        parameters=int(llama_cpp.llama_model_n_params(model)),
        context_trained=int(llama_cpp.llama_model_n_ctx_train(model)),
        embedding_length=int(llama_cpp.llama_model_n_embd(model)),
        layers=int(llama_cpp.llama_model_n_layer(model)),
        vocabulary=loaded.width,
        tokenizer=_tokenizer(loaded, said),
        pre_tokenizer=plain(said.get("tokenizer.ggml.pre", "")),
        tokenizer_hash=_hash_tokenizer(loaded, said),
        special=tuple(_special(loaded, said)),
        ends=tuple(_ends(loaded, said)),
        controls=tuple(map(loaded.piece, islice(loaded.controls(), MOST_CONTROLS))),
        starts=loaded.width > 0 and bool(llama_cpp.llama_vocab_get_add_bos(loaded.vocab)),
    )


def _tokenizer(loaded: _Loaded, said: dict[str, str]) -> str:
    kind = llama_cpp.llama_vocab_type(loaded.vocab)
    if kind == llama_cpp.LLAMA_VOCAB_TYPE_NONE:
        return ""
    return _KINDS.get(kind) or plain(said.get("tokenizer.ggml.model", "")) or f"kind {kind}"


def _hash_tokenizer(loaded: _Loaded, said: dict[str, str]) -> str:
    """Returns the hash that an envelope names; see ``LlamaBackend``."""
    text = llama_cpp.llama_vocab_get_text
    pieces = [text(loaded.vocab, token).hex() for token in range(loaded.width)]
    ours = ((key, value) for key, value in said.items() if key.isascii())
    settings = {key: value for key, value in ours if key.startswith("tokenizer.")}
    return content_hash({"pieces": pieces, "settings": settings})


def _special(loaded: _Loaded, said: dict[str, str]) -> Iterator[SpecialToken]:
    """Yields the tokens with a role that the file names, or that its vocabulary marks.

    Where a file names none, or one outside of its vocabulary, llama.cpp takes a number of its own,
    which may be any word.
    """
    for role, (key, chosen) in _ROLES.items():
        named = said.get(f"tokenizer.ggml.{key}", "")
        if named.isascii() and named.isdigit():
            yield _token(loaded, role, int(named))
            continue
        token = chosen(loaded.vocab)
        if 0 <= token < loaded.width and llama_cpp.llama_vocab_is_control(loaded.vocab, token):
            yield _token(loaded, role, token)


def _token(loaded: _Loaded, role: str, token: int) -> SpecialToken:
    known = token < loaded.width
    text = plain(loaded.piece(token)) if known else ""
    return SpecialToken(role=role, token=token, text=text, known=known)


def _ends(loaded: _Loaded, said: dict[str, str]) -> Iterator[str]:
    """Yields what ends an answer, without a word that llama.cpp took for want of a better one."""
    named = said.get("tokenizer.ggml.eos_token_id", "")
    assumed = llama_cpp.llama_vocab_eos(loaded.vocab) if loaded.width else -1
    left = MOST_ENDS
    for token in range(loaded.width):
        if left and llama_cpp.llama_vocab_is_eog(loaded.vocab, token):
            control = llama_cpp.llama_vocab_is_control(loaded.vocab, token)
            if token != assumed or control or named == str(token):
                left -= 1
                yield plain(loaded.piece(token))


def _metadata(model: Any) -> dict[str, str]:
    count = llama_cpp.llama_model_meta_count(model)
    keys = [
        _text(llama_cpp.llama_model_meta_key_by_index, model, number) for number in range(count)
    ]
    values = [_text(llama_cpp.llama_model_meta_val_str_by_index, model, n) for n in range(count)]
    return dict(zip(keys, values, strict=True))


def _text(read: Callable[..., int], model: Any, number: int) -> str:
    buffer = ctypes.create_string_buffer(256)
    size = read(model, number, buffer, len(buffer))
    if size >= len(buffer):
        buffer = ctypes.create_string_buffer(size + 1)
        read(model, number, buffer, len(buffer))
    return buffer.value.decode("utf-8", "replace")


class _Speaker:
    """Says events, each on a line of its own behind the secret word."""

    def __init__(self, word: str) -> None:
        self._word = word.encode()
        self._log: Any = None

    def say(self, event: str, value: object = None) -> None:
        line = self._word + b" " + json.dumps({event: value}).encode() + b"\n"
        while line:
            line = line[os.write(sys.stdout.fileno(), line) :]

    def pass_on_the_log(self) -> None:
        """Says what llama.cpp logs as errors, at once: it may be the last thing it does."""

        def heard(level: int, text: bytes, _user: Any) -> None:
            if level == _ERROR_LEVEL:
                self.say("said", plain(text.decode("utf-8", "replace").strip(), 500))

        self._log = llama_cpp.llama_log_callback(heard)
        llama_cpp.llama_log_set(self._log, ctypes.c_void_p(0))


def _bound(memory: int, seconds: int, files: int) -> None:
    """Bounds this process, and those it might start."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    most = START_CPU_S + seconds * (files + 1)
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, most))


def _allow(seconds: int) -> None:
    """Gives the next file its time on the processor."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, most = resource.getrlimit(resource.RLIMIT_CPU)
    soft = min(most, math.ceil(used.ru_utime + used.ru_stime) + seconds)
    resource.setrlimit(resource.RLIMIT_CPU, (soft, most))


def main(arguments: list[str]) -> None:
    """Looks into files one after the other.

    Args:
        arguments: the secret word, bytes of memory, seconds a file, the base of an adapter or
            nothing, and the files.
    """
    word, memory, seconds, base, *files = arguments
    _bound(int(memory), int(seconds), len(files))
    speaker = _Speaker(word)
    speaker.pass_on_the_log()
    speaker.say("ready")
    for place, name in enumerate(files):
        _allow(int(seconds))
        speaker.say("begun", place)
        try:
            speaker.say("facts", _look(Path(name), base))
        except Refused as error:
            speaker.say("refused", str(error))
        except MemoryError:
            speaker.say("memory")


def _look(path: Path, base: str) -> object:
    if base:
        try_adapter(Path(base), path)
        return None
    # The hash is the business of whoever asks; here it has a place and no meaning.
    return json.loads(canonical_record(facts_of(path, hash_bytes(b""), 0)))


if __name__ == "__main__":
    main(sys.argv[1:])
