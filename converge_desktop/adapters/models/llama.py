"""A local GGUF model through llama.cpp, in this process.

Rules: every call is made on the one thread that owns the backend; decoding is greedy or seeded, so
that the same prompt gives the same answer; the answer is bounded by our own grammar; a request to
stop is seen while the prompt is read as well as while the answer is written. llama.cpp says why it
refuses a file only in its log, so the log is captured and its reason shown.
"""

from __future__ import annotations

import ctypes
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Final

import llama_cpp

from converge_core.canonical import content_hash, hash_text
from converge_core.capability import (
    CallCancelled,
    CancellationToken,
    ChatRequest,
    ChatResponse,
    EmbedRequest,
    EmbedResponse,
    FinishReason,
    TokenUsage,
)
from converge_core.capability_errors import ContextLengthExceeded, InvalidRequest
from converge_core.envelope import (
    InferenceEnvelope,
    InferenceRequest,
    InferenceResult,
    ReplayGrade,
)
from converge_core.recall_envelope import EmbedderIdentity
from converge_desktop.adapters.models.determinism import Findings
from converge_desktop.adapters.models.llama_adapter import Adapter
from converge_desktop.adapters.models.llama_context import BATCH_TOKENS, Context
from converge_desktop.adapters.models.llama_contexts import ContextPool
from converge_desktop.adapters.models.llama_decoding import Chooser, Grammar
from converge_desktop.adapters.models.llama_embedding import (
    Embedder,
    Vectors,
    pieces_of,
    size_for,
)
from converge_desktop.adapters.models.llama_file import hash_model
from converge_desktop.adapters.models.llama_library import (
    ModelProblem,
    Stop,
    build,
    cpu_features,
    first_error,
    forget_log,
)

__all__ = ["LlamaBackend", "ModelProblem"]

GGUF_MAGIC: Final = b"GGUF"
MOST_CONTEXT: Final = 8192
"""The longest context that is taken, in tokens, whatever a model was trained for."""
SMALL_MODEL_BYTES: Final = 50_000_000
MOST_GRAMMARS: Final = 32
CACHE_BYTES: Final = 1_000_000_000
"""What the contexts of one model may take together, beside the first."""
MOST_CONTEXTS: Final = 8
COMPUTE_BYTES: Final = 64_000_000
"""About what llama.cpp takes beside keys and values to compute in."""
_CHAT_TOKENS: Final = 512
"""The longest answer of a chat that names no limit."""


class LlamaBackend:
    """One loaded model.

    Args:
        path: the GGUF file.
        threads: the most threads that compute; a small model gets one, because threads that wait
            for each other at every step cost more than they bring, above all on a busy machine.
            So many texts are embedded side by side.
        sha256: the hash of the file, where it is known already.
        findings: what the probe found out about it here; None while it has not been measured.
        adapter: a weight adapter to compute with.
        cancelled: whether to give up loading.

    Raises:
        ModelProblem: if the file is missing, is no GGUF, or llama.cpp refuses it.
        CallCancelled: if loading was given up.
    """

    def __init__(
        self,
        path: Path,
        threads: int = 2,
        *,
        sha256: str = "",
        findings: Findings | None = None,
        adapter: Path | None = None,
        cancelled: CancellationToken = bool,
    ) -> None:
        self.path = path
        self.sha256 = sha256 or hash_model(path)
        self.findings = findings
        self._threads = 1 if path.stat().st_size < SMALL_MODEL_BYTES else threads
        self._lanes = threads
        self._model = _load(path, cancelled)
        self._vocabulary = llama_cpp.llama_model_get_vocab(self._model)
        self._adapter = Adapter(self._model, adapter) if adapter else None
        self._stop = Stop()
        self._contexts = ContextPool(self.new_context, self._most_contexts())
        self._grammars: OrderedDict[str, Grammar] = OrderedDict()
        self._metadata = _metadata(self._model)
        self.name = self._metadata.get("general.name") or path.stem
        self.family = self._metadata.get("general.architecture", "unknown")
        self._pieces = pieces_of(self._vocabulary, self._metadata)
        self._embedder: Embedder | None = None
        self._tokenizer_hash = self._hash_tokenizer()

    @property
    def context_size(self) -> int:
        """The most tokens of prompt and answer together: what it was trained for, within reason."""
        trained = int(llama_cpp.llama_model_n_ctx_train(self._model))
        return min(trained, MOST_CONTEXT) if trained > 0 else MOST_CONTEXT

    @property
    def adapter_sha256(self) -> str:
        """The hash of the adapter's file that it computes with; empty without one."""
        return self._adapter.sha256 if self._adapter else ""

    @property
    def threads(self) -> int:
        """How many threads compute."""
        return self._threads

    @property
    def weights_bytes(self) -> int:
        """What its weights take."""
        return int(llama_cpp.llama_model_size(self._model))

    @property
    def memory_bytes(self) -> int:
        """About what it takes: weights and the contexts that are open."""
        return self.weights_bytes + max(1, len(self._contexts)) * self._context_bytes()

    @property
    def embeds_only(self) -> bool:
        """Whether it gives vectors and writes nothing."""
        return self._metadata.get(f"{self.family}.attention.causal") == "false"

    @property
    def grade(self) -> ReplayGrade:
        """How exactly it repeats itself here, as far as it was measured."""
        return self.findings.grade if self.findings else ReplayGrade.RECORDED_ONLY

    def settings(self) -> dict[str, str]:
        """Returns what its determinism was, or is to be, measured under."""
        return {
            "build": build(),
            "cpu": cpu_features(),
            "threads": str(self._threads),
            "context": str(self.context_size),
            "adapter": self.adapter_sha256,
            **({"lanes": str(self._lanes)} if self.embeds_only else {}),
        }

    def describe(self) -> tuple[tuple[str, str], ...]:
        """Returns what the file says of itself, for a person."""
        parameters = llama_cpp.llama_model_n_params(self._model)
        about = {
            "name": self.name,
            "architecture": self.family,
            "parameters": f"{parameters / 1e6:,.1f} million",
            "weights": f"{self.weights_bytes / 1e6:,.1f} MB",
            "vocabulary": f"{self._width():,} tokens",
            "context": f"{self.context_size:,} tokens",
            "licence": self._metadata.get("general.license") or "not stated",
            "threads": str(self._threads),
        }
        if self._adapter:
            about["adapter"] = self._adapter.name
        return tuple(about.items())

    def tokens_of(self, text: str, *, special: bool = False) -> list[int]:
        """Returns the tokens of ``text``; with a start token, if the model wants one, if asked.

        What spells a control token is plain text here: no text can pretend to be one.
        """
        if self._pieces is not None:
            return self._pieces.tokens_of(text, ends=special)
        data = text.encode()
        most = len(data) + 8
        array = (llama_cpp.llama_token * most)()
        count = llama_cpp.llama_tokenize(
            self._vocabulary, data, len(data), array, most, special, False
        )
        if count < 0:
            raise ModelProblem(f"{self.name} cannot take {len(data):,} bytes of text at once")
        return list(array[:count])

    def count_tokens(self, text: str) -> int:
        """Returns how many tokens ``text`` takes, without a start token."""
        return len(self.tokens_of(text))

    def text_of(self, tokens: list[int]) -> str:
        """Returns the text of an answer's tokens."""
        return b"".join(map(self._piece, tokens)).decode("utf-8", "replace")

    def infer(self, request: InferenceRequest, cancelled: CancellationToken) -> InferenceResult:
        """Answers ``request``.

        Raises:
            CallCancelled: if ``cancelled`` said so; the model can be used again at once.
            ModelProblem: if there is no prompt, it and its answer cannot both fit, the grammar is
                none, or llama.cpp fails.
        """
        return self._answer(request, self._grammar(request.grammar), cancelled)

    def _answer(
        self, request: InferenceRequest, grammar: Grammar | None, cancelled: CancellationToken
    ) -> InferenceResult:
        tokens = self._prompt(request)
        context = self._open().of(request.prefix)
        chooser = Chooser(grammar, self._width(), request.temperature, request.seed)
        started = time.perf_counter_ns()
        try:
            with self._stop.when(cancelled):
                reused = context.read(tokens, reuse=self._reuses)
                answer, first, finish = self._decode(context, chooser, request.max_tokens)
        except ModelProblem as error:
            raise ModelProblem(f"{self.name}: {error}") from error
        finally:
            chooser.close()
        ended = time.perf_counter_ns()
        return InferenceResult(
            text=self.text_of(answer),
            finish_reason=finish,
            prompt_tokens=len(tokens),
            reused_tokens=reused,
            completion_tokens=len(answer),
            prefill_us=(first - started) // 1000,
            duration_us=(ended - started) // 1000,
            envelope=self._envelope(request),
            part_tokens=tuple(map(self.count_tokens, request.parts)),
            grade=self.grade,
        )

    def chat(self, request: ChatRequest, cancelled: CancellationToken) -> ChatResponse:
        """Answers a conversation, laid out as the model's own chat template wants it.

        Raises:
            LlmError: if the request cannot be met by this model.
            CallCancelled: if ``cancelled`` said so.
            ModelProblem: if llama.cpp fails.
        """
        if request.tools or request.stop_sequences:
            raise InvalidRequest("a model in this process takes no tools and no stop sequences")
        prompt = self._conversation(request)
        size, most = len(self.tokens_of(prompt, special=True)), request.max_tokens or _CHAT_TOKENS
        if size + most > self.context_size:
            raise ContextLengthExceeded(self.context_size, size + most)
        temperature = round((request.temperature or 0.0) * 1000)
        asked = InferenceRequest(prompt, "", most, temperature=temperature)
        result = self._answer(asked, None, cancelled)
        total = result.prompt_tokens + result.completion_tokens
        return ChatResponse(
            content=result.text,
            usage=TokenUsage(result.prompt_tokens, result.completion_tokens, total),
            model=self.name,
            finish_reason=FinishReason(result.finish_reason),
        )

    def embed(self, request: EmbedRequest, cancelled: CancellationToken) -> EmbedResponse:
        """Returns one vector of length one for each text: the model's own pooling, or the mean.

        Raises:
            LlmError: if a text does not fit, or other dimensions than the model's are asked for.
            CallCancelled: if ``cancelled`` said so.
            ModelProblem: if llama.cpp fails.
        """
        width = int(llama_cpp.llama_model_n_embd(self._model))
        if request.dimensions not in {None, width}:
            raise InvalidRequest(f"{self.name} gives {width} dimensions and no other number")
        read = [self.tokens_of(text, special=True) for text in request.inputs]
        longest = max(map(len, read), default=0)
        if longest > self.context_size:
            raise ContextLengthExceeded(self.context_size, longest)
        vectors = self._embed(read, cancelled)
        count = sum(map(len, read))
        found = tuple(tuple(vector) for vector in vectors.astype(float).tolist())
        return EmbedResponse(embeddings=found, usage=TokenUsage(count, 0, count), model=self.name)

    def vectors(self, texts: Sequence[str], most: int, cancelled: CancellationToken) -> Vectors:
        """Returns one vector for each text, of which no more than ``most`` tokens are read.

        Raises:
            CallCancelled: if ``cancelled`` said so.
            ModelProblem: if llama.cpp fails.
        """
        most = min(most, self.context_size)
        if self._pieces is not None:
            read = [self._pieces.tokens_of(text, most=most) for text in texts]
        else:
            read = [self.tokens_of(text, special=True)[:most] for text in texts]
        return self._embed(read, cancelled)

    def embedder_identity(self, most: int) -> EmbedderIdentity:
        """Returns what embeds, when no more than ``most`` tokens of a text are read."""
        return EmbedderIdentity(
            model=self.name,
            model_sha256=self.sha256,
            tokenizer_hash=self._tokenizer_hash,
            reads=min(most, self.context_size),
            width=int(llama_cpp.llama_model_n_embd(self._model)),
            build=build(),
            cpu=cpu_features(),
        )

    def _embed(self, read: Sequence[list[int]], cancelled: CancellationToken) -> Vectors:
        self._open()
        embedder = self._embedder_for(max(map(len, read), default=1))
        with self._stop.when(cancelled):
            return embedder.embed(read)

    def _embedder_for(self, longest: int) -> Embedder:
        """Returns what embeds, kept open from call to call; made anew where a text is longer."""
        if self._embedder is None or self._embedder.size < longest:
            if self._embedder is not None:
                self._embedder.close()
                self._embedder = None
            size = size_for(longest, self.context_size)
            self._embedder = Embedder(self._model, size, self._lanes, self._stop)
        return self._embedder

    def new_context(self, *, threads: int | None = None) -> Context:
        """Returns a context of its own, with nothing in it; the caller closes it."""
        context = Context(self._model, self.context_size, threads or self._threads, self._stop)
        if self._adapter:
            self._adapter.join(context)
        return context

    def new_embedder(self, lanes: int) -> Embedder:
        """Returns what embeds so many texts side by side; the caller closes it."""
        return Embedder(self._model, size_for(1, self.context_size), lanes, self._stop)

    def stopping(self, cancelled: CancellationToken) -> AbstractContextManager[None]:
        """Has whatever its contexts compute meanwhile be given up once ``cancelled`` says so.

        Raises:
            CallCancelled: if it says so at once.
        """
        return self._stop.when(cancelled)

    def close(self) -> None:
        """Frees the model. Safe to call twice."""
        self._contexts.close()
        if self._embedder is not None:
            self._embedder.close()
            self._embedder = None
        while self._grammars:
            self._grammars.popitem()[1].close()
        if self._adapter:
            self._adapter.close()
        if self._model:
            llama_cpp.llama_model_free(self._model)
            self._model = None

    @property
    def _reuses(self) -> bool:
        """Whether keys and values are kept; never at the price of what the probe measured."""
        return self.findings is not None and self.findings.reuse_is_exact

    def _open(self) -> ContextPool:
        if not self._model:
            raise ModelProblem(f"{self.name} was closed; load it again")
        return self._contexts

    def _width(self) -> int:
        return int(llama_cpp.llama_vocab_n_tokens(self._vocabulary))

    def _context_bytes(self) -> int:
        heads = llama_cpp.llama_model_n_head(self._model) or 1
        shared = llama_cpp.llama_model_n_head_kv(self._model) / heads
        wide = llama_cpp.llama_model_n_embd(self._model) * shared
        layers = llama_cpp.llama_model_n_layer(self._model)
        return int(4 * wide * layers * self.context_size) + COMPUTE_BYTES

    def _most_contexts(self) -> int:
        return max(1, min(MOST_CONTEXTS, CACHE_BYTES // self._context_bytes()))

    def _grammar(self, text: str) -> Grammar:
        """Returns a grammar after compiling it once."""
        self._open()
        if text in self._grammars:
            self._grammars.move_to_end(text)
            return self._grammars[text]
        while len(self._grammars) >= MOST_GRAMMARS:
            self._grammars.popitem(last=False)[1].close()
        grammar = self._grammars[text] = Grammar(self._vocabulary, text)
        return grammar

    def _prompt(self, request: InferenceRequest) -> list[int]:
        self._open()
        if not request.prompt:
            raise ModelProblem("the prompt is empty, so there is nothing to answer")
        tokens = self.tokens_of(request.prompt, special=True)
        if len(tokens) + request.max_tokens > self.context_size:
            raise ModelProblem(
                f"the prompt takes {len(tokens):,} tokens, its answer up to "
                f"{request.max_tokens:,}, and {self.name} has room for {self.context_size:,} in "
                "all; choose a model with a longer context"
            )
        return tokens

    def _decode(self, context: Context, chooser: Chooser, most: int) -> tuple[list[int], int, str]:
        answer: list[int] = []
        first = 0
        while len(answer) < most:
            token = chooser.choose(context.logits())
            first = first or time.perf_counter_ns()
            if llama_cpp.llama_vocab_is_eog(self._vocabulary, token):
                return answer, first, "stop"
            answer.append(token)
            context.append([token])
        return answer, first, "length"

    def _piece(self, token: int) -> bytes:
        size = 64
        while True:
            buffer = ctypes.create_string_buffer(size)
            count = llama_cpp.llama_token_to_piece(self._vocabulary, token, buffer, size, 0, True)
            if count >= 0:
                return buffer.raw[:count]
            size = -count

    def _conversation(self, request: ChatRequest) -> str:
        told = [("system", request.system)] if request.system else []
        told += [(message.role.value, message.content) for message in request.messages]
        if not told:
            raise InvalidRequest("there is no message to answer")
        template = llama_cpp.llama_model_chat_template(self._model, None)
        if not template:  # a model that was never taught to converse is told everything in order
            return "\n\n".join(text for _, text in told) + "\n\n"
        kept = [(role.encode(), text.encode()) for role, text in told]
        made = [llama_cpp.llama_chat_message(role, text) for role, text in kept]
        messages = (llama_cpp.llama_chat_message * len(made))(*made)
        most = 2 * sum(len(text) for _, text in kept) + 4096
        buffer = ctypes.create_string_buffer(most)
        size = llama_cpp.llama_chat_apply_template(
            template, messages, len(kept), True, buffer, most
        )
        if not 0 < size <= most:
            raise InvalidRequest(f"llama.cpp does not know the chat template of {self.name}")
        return buffer.raw[:size].decode("utf-8", "replace")

    def _hash_tokenizer(self) -> str:
        text = llama_cpp.llama_vocab_get_text
        pieces = [text(self._vocabulary, token).hex() for token in range(self._width())]
        ours = ((key, value) for key, value in self._metadata.items() if key.isascii())
        settings = {key: value for key, value in ours if key.startswith("tokenizer.")}
        return content_hash({"pieces": pieces, "settings": settings})

    def _envelope(self, request: InferenceRequest) -> InferenceEnvelope:
        adapter = {"adapter_sha256": self._adapter.sha256} if self._adapter else {}
        return InferenceEnvelope(
            backend="llama.cpp",
            model=self.name,
            model_sha256=self.sha256,
            family=self.family,
            tokenizer_hash=self._tokenizer_hash,
            grammar_hash=hash_text(request.grammar),
            temperature=request.temperature,
            top_k=1 if request.temperature == 0 else 0,
            seed=request.seed,
            seed_policy="fixed",
            max_tokens=request.max_tokens,
            stop=(),
            context_size=self.context_size,
            batch_size=BATCH_TOKENS,
            threads=self._threads,
            cpu=cpu_features(),
            build=build(),
            adapter=self._adapter.name if self._adapter else None,
            **adapter,
        )


def _load(path: Path, cancelled: CancellationToken) -> Any:
    forget_log()
    llama_cpp.llama_backend_init()
    params = llama_cpp.llama_model_default_params()
    params.n_gpu_layers = 0
    # Read whole: of a mapped file, whoever cuts it short ends this process, and whoever writes into
    # it changes what its hash was taken of.
    params.load_mode = llama_cpp.LLAMA_LOAD_MODE_NONE
    goes_on = llama_cpp.llama_progress_callback(lambda _share, _data: not cancelled())
    params.progress_callback = goes_on
    model = llama_cpp.llama_model_load_from_file(str(path).encode(), params)
    if not model and cancelled():
        raise CallCancelled(f"{path} was not loaded any further, on request")
    if not model:
        raise ModelProblem(
            f"{path} could not be loaded. llama.cpp says: {first_error()}. The file may be cut off "
            "or of a kind this version does not know; fetch it again or choose another."
        )
    return model


def _metadata(model: Any) -> dict[str, str]:
    count = llama_cpp.llama_model_meta_count(model)
    keys = (
        _text(llama_cpp.llama_model_meta_key_by_index, model, number) for number in range(count)
    )
    values = [_text(llama_cpp.llama_model_meta_val_str_by_index, model, n) for n in range(count)]
    return dict(zip(keys, values, strict=True))


def _text(read: Callable[..., int], model: Any, number: int) -> str:
    buffer = ctypes.create_string_buffer(256)
    size = read(model, number, buffer, len(buffer))
    if size >= len(buffer):
        buffer = ctypes.create_string_buffer(size + 1)
        read(model, number, buffer, len(buffer))
    return buffer.value.decode("utf-8", "replace")
