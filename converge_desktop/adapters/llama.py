"""A local GGUF model through llama.cpp, in this process.

Rules: every call is made on the one thread that owns the backend; decoding is greedy and seeded, so
that the same prompt gives the same answer; the answer is bounded by our own grammar; a request to
stop is seen while the prompt is read as well as while the answer is written. llama.cpp says why it
refuses a file only in its log, so the log is captured and its reason shown.
"""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import io
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import llama_cpp
from llama_cpp.llama_grammar import LlamaGrammar

from converge_core.canonical import content_hash, hash_text
from converge_core.envelope import InferenceEnvelope, InferenceRequest, InferenceResult

GGUF_MAGIC: Final = b"GGUF"
CONTEXT_TOKENS: Final = 4096
BATCH_TOKENS: Final = 512
SMALL_MODEL_BYTES: Final = 50_000_000
LEAST_ANSWER: Final = 512
"""A prompt that leaves less room than this for its answer is refused."""
_ERROR_LEVEL: Final = 4

_reasons: deque[str] = deque(maxlen=20)


@llama_cpp.llama_log_callback  # type: ignore[untyped-decorator]
def _capture(level: int, text: bytes, _user: Any) -> None:
    if level == _ERROR_LEVEL:
        _reasons.append(text.decode("utf-8", "replace").strip())


llama_cpp.llama_log_set(_capture, ctypes.c_void_p(0))


class ModelProblem(Exception):
    """The model cannot be used; the text names the file, the reason and the remedy."""


class Cancelled(Exception):
    """The call was stopped on request; the next one works."""


class LlamaBackend:
    """One loaded model.

    Args:
        path: the GGUF file.
        threads: the most threads that compute; a small model gets one, because threads that wait
            for each other at every step cost more than they bring, above all on a busy machine.

    Raises:
        ModelProblem: if the file is missing, is no GGUF, or llama.cpp refuses it.
    """

    def __init__(self, path: Path, threads: int = 2) -> None:
        self.path = path
        self.sha256 = _hash_model(path)
        self._threads = 1 if path.stat().st_size < SMALL_MODEL_BYTES else threads
        self._llm = _load(path, self._threads)
        self._closed = False
        self._compiled: set[str] = set()
        self._cancelled: Callable[[], bool] = lambda: False
        self._abort = llama_cpp.ggml_abort_callback(lambda _: self._cancelled())
        llama_cpp.llama_set_abort_callback(self._llm.ctx, self._abort, ctypes.c_void_p(0))
        metadata = self._llm.metadata
        self.name = str(metadata.get("general.name") or path.stem)
        self.family = str(metadata.get("general.architecture", "unknown"))
        self._tokenizer_hash = _hash_tokenizer(self._llm, metadata)

    @property
    def context_size(self) -> int:
        """The most tokens of prompt and answer together."""
        return int(self._llm.n_ctx())

    def describe(self) -> tuple[tuple[str, str], ...]:
        """Returns what the file says of itself, for a person."""
        model = self._llm.model
        parameters = llama_cpp.llama_model_n_params(model)
        size = llama_cpp.llama_model_size(model)
        about = {
            "name": self.name,
            "architecture": self.family,
            "parameters": f"{parameters / 1e6:,.1f} million",
            "weights": f"{size / 1e6:,.1f} MB",
            "vocabulary": f"{self._llm.n_vocab():,} tokens",
            "context": f"{self.context_size:,} tokens",
            "licence": str(self._llm.metadata.get("general.license", "not stated")),
            "threads": str(self._threads),
        }
        return tuple(about.items())

    def count_tokens(self, text: str) -> int:
        """Returns how many tokens ``text`` takes, without a start token."""
        return len(self._llm.tokenize(text.encode(), add_bos=False, special=False))

    def infer(self, request: InferenceRequest, cancelled: Callable[[], bool]) -> InferenceResult:
        """Answers ``request``.

        Raises:
            Cancelled: if ``cancelled`` said so; the model can be used again at once.
            ModelProblem: if there is no prompt, it and its answer cannot both fit, the grammar is
                none, or llama.cpp fails.
        """
        if self._closed:
            raise ModelProblem(f"{self.name} was closed; load it again")
        tokens = self._tokens(request)
        reused = self._cached_prefix(tokens)
        grammar = self._grammar(request.grammar)
        started = time.perf_counter_ns()
        self._cancelled = cancelled
        try:
            answer, first, finish = self._decode(tokens, grammar, request)
        except RuntimeError as error:
            self._llm.reset()  # type: ignore[no-untyped-call]
            if cancelled():
                raise Cancelled("the model was stopped on request") from error
            raise ModelProblem(f"{self.name} failed while computing: {error}") from error
        finally:
            self._cancelled = lambda: False
        ended = time.perf_counter_ns()
        return InferenceResult(
            text=self._llm.detokenize(answer).decode("utf-8", "replace"),
            finish_reason=finish,
            prompt_tokens=len(tokens),
            reused_tokens=reused,
            completion_tokens=len(answer),
            prefill_us=((first or ended) - started) // 1000,
            duration_us=(ended - started) // 1000,
            envelope=self._envelope(request, self._answer_tokens(tokens, request)),
            part_tokens=tuple(self.count_tokens(part) for part in request.parts),
        )

    def close(self) -> None:
        """Frees the model. Safe to call twice."""
        self._closed = True
        self._llm.close()

    def _grammar(self, text: str) -> LlamaGrammar:
        """Returns a grammar after compiling it once: a broken one would crash the process."""
        if text not in self._compiled:
            vocab = llama_cpp.llama_model_get_vocab(self._llm.model)
            sampler = text and llama_cpp.llama_sampler_init_grammar(vocab, text.encode(), b"root")
            if not sampler:
                raise ModelProblem(f"llama.cpp cannot read the grammar of the answer: {text[:80]}")
            llama_cpp.llama_sampler_free(sampler)
            self._compiled.add(text)
        return LlamaGrammar.from_string(text, verbose=False)

    def _tokens(self, request: InferenceRequest) -> list[int]:
        tokens: list[int] = self._llm.tokenize(request.prompt.encode(), special=False)
        if not tokens:
            raise ModelProblem("the prompt is empty, so there is nothing to answer")
        if self.context_size - len(tokens) < min(request.max_tokens, LEAST_ANSWER):
            raise ModelProblem(
                f"the prompt takes {len(tokens)} tokens and {self.name} has room for "
                f"{self.context_size} with the answer; choose a model with a longer context"
            )
        return tokens

    def _answer_tokens(self, tokens: list[int], request: InferenceRequest) -> int:
        return min(request.max_tokens, self.context_size - len(tokens))

    def _cached_prefix(self, tokens: list[int]) -> int:
        cached = self._llm.input_ids[: self._llm.n_tokens].tolist()
        same = 0
        for old, new in zip(cached, tokens, strict=False):
            if old != new:
                break
            same += 1
        return min(same, len(tokens) - 1)

    def _decode(
        self, tokens: list[int], grammar: LlamaGrammar, request: InferenceRequest
    ) -> tuple[list[int], int, str]:
        vocab = llama_cpp.llama_model_get_vocab(self._llm.model)
        answer: list[int] = []
        first, most = 0, self._answer_tokens(tokens, request)
        stream = self._llm.generate(tokens, temp=0.0, top_k=1, grammar=grammar)
        for token in stream:
            first = first or time.perf_counter_ns()
            if llama_cpp.llama_vocab_is_eog(vocab, token):
                return answer, first, "stop"
            answer.append(token)
            if self._cancelled():
                raise Cancelled("the model was stopped on request")
            if len(answer) >= most:
                break
        return answer, first, "length"

    def _envelope(self, request: InferenceRequest, max_tokens: int) -> InferenceEnvelope:
        return InferenceEnvelope(
            backend=f"llama.cpp (llama-cpp-python {llama_cpp.__version__})",
            model=self.name,
            model_sha256=self.sha256,
            family=self.family,
            tokenizer_hash=self._tokenizer_hash,
            grammar_hash=hash_text(request.grammar),
            temperature=0,
            top_k=1,
            seed=request.seed,
            seed_policy="fixed",
            max_tokens=max_tokens,
            stop=(),
            context_size=self.context_size,
            batch_size=BATCH_TOKENS,
            threads=self._threads,
            cpu=_cpu_features(),
        )


def _load(path: Path, threads: int) -> llama_cpp.Llama:
    _reasons.clear()
    try:
        # Quiet loading swaps the process's standard streams, under the feet of other threads;
        # talkative loading only prints, and what it prints is dropped here.
        with contextlib.redirect_stderr(io.StringIO()):
            llm = llama_cpp.Llama(
                str(path),
                n_ctx=CONTEXT_TOKENS,
                n_batch=BATCH_TOKENS,
                n_threads=threads,
                n_threads_batch=threads,
                n_gpu_layers=0,
                seed=0,
                verbose=True,
            )
    except (ValueError, RuntimeError, AssertionError, OSError) as error:
        said = [reason for reason in _reasons if reason]
        because = said[0] if said else str(error)
        raise ModelProblem(
            f"{path} could not be loaded. llama.cpp says: {because}. The file may be cut off or of "
            "a kind this version does not know; fetch it again or choose another."
        ) from error
    llm.verbose = False
    return llm


def _hash_model(path: Path) -> str:
    try:
        if path.exists() and not path.is_file():
            raise ModelProblem(f"{path} is not a file. Choose a file whose name ends in .gguf.")
        with path.open("rb") as file:
            if file.read(len(GGUF_MAGIC)) != GGUF_MAGIC:
                raise ModelProblem(
                    f"{path} is not a GGUF model: it does not begin with “GGUF”. Choose a file "
                    "whose name ends in .gguf."
                )
            file.seek(0)
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ModelProblem(
            f"{path} cannot be read: {error.strerror or error}. Choose another model file."
        ) from error


def _hash_tokenizer(llm: llama_cpp.Llama, metadata: dict[str, str]) -> str:
    vocab = llama_cpp.llama_model_get_vocab(llm.model)
    pieces = [llama_cpp.llama_vocab_get_text(vocab, token).hex() for token in range(llm.n_vocab())]
    ours = ((key, value) for key, value in metadata.items() if key.isascii())
    settings = {key: value for key, value in ours if key.startswith("tokenizer.")}
    return content_hash({"pieces": pieces, "settings": settings})


def _cpu_features() -> str:
    return str(llama_cpp.llama_print_system_info().decode("utf-8", "replace")).strip()
