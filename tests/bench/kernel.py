"""What our way to the model costs, beside bare llama.cpp calls on the same model and prompt.

The larger two models are of random weights, made for this by ``packaging/models/random_weights.py``
and kept in a temporary folder of the system; what a token costs does not depend on what they mean.
Each pair is measured in turns, so that a busy machine bears on both alike.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import llama_cpp

from converge_core.answers import MAX_REASONS
from converge_core.capability import CallCancelled
from converge_core.contract import Ground
from converge_core.contract_reasoning import ReasoningContract
from converge_core.envelope import InferenceRequest
from converge_core.prompt import PromptStack, PromptVersion, Standing, StateEntry, StateLayer
from converge_desktop import paths
from converge_desktop.adapters.models.determinism import probe
from converge_desktop.adapters.models.llama import LlamaBackend

MAKE = Path(__file__).parents[2] / "packaging" / "models" / "random_weights.py"
KEPT = Path(tempfile.gettempdir()) / "converge-bench-models"
TOKENS = 64
"""How many tokens are decoded at a time."""
LETTERS = f"root ::= [a-z ]{{{4 * TOKENS},{8 * TOKENS}}}"
"""Binds every token, and ends no earlier than the measurement."""
FREE = "root ::= [^\\x00]{1,4096}"
PREFIX = "what speaks for it, and what against, and who has to answer for it?\n"
STATE = "s{:02d} | hard | margin +{} | line coverage | 61.0 % | at least 75.0 %\n"


STOP_S = 0.05
STEP_S = 0.002


def measure() -> None:
    """Prints one line a measurement."""
    print(f"{'kernel':42} {'model':>6} {'ours':>11} {'bare':>11} {'ratio':>7}  aim")
    models = {"nano": paths.default_model(), "r200": _made("r200"), "r1b": _made("r1b")}
    for name, path in models.items():
        backend = LlamaBackend(path)
        backend.findings = probe(backend)
        rounds = 9 if name == "nano" else 3
        _decoding(name, backend, rounds)
        _grammar(name, backend, rounds)
        _first_token(name, backend, rounds)
        _stopping(name, backend)
        if name == "nano":
            _chains(backend)
            _step()
        backend.close()


def _made(shape: str) -> Path:
    KEPT.mkdir(exist_ok=True)
    path = KEPT / f"{shape}-q8_0.gguf"
    if not path.exists():
        subprocess.run([sys.executable, str(MAKE), shape, str(path)], check=True)
    return path


def _decoding(name: str, backend: LlamaBackend, rounds: int) -> None:
    prompt = PREFIX * 8
    bare = _Bare(backend, prompt)
    ours, theirs = _in_turns(rounds, lambda: _decode(backend, prompt, LETTERS), bare.decode)
    aim = 0.0 if name == "nano" else 0.95
    _print(Line("decoding, a token, with grammar", name, ours, theirs), theirs / ours, aim)
    bare.close()


def _grammar(name: str, backend: LlamaBackend, rounds: int) -> None:
    prompt = PREFIX * 8
    ours, free = _in_turns(
        rounds,
        lambda: _decode(backend, prompt, LETTERS),
        lambda: _decode(backend, prompt, None),
    )
    _print(Line("grammar, beside the same without", name, ours, free), free / ours, 0.9)


def _first_token(name: str, backend: LlamaBackend, rounds: int) -> None:
    """A step whose prefix is kept, beside the reading of what is new in it and nothing else."""
    prefix = PREFIX * 20
    new = "".join(STATE.format(number, number) for number in range(1, 9))
    backend.infer(InferenceRequest(prefix + "x", LETTERS, 1, prefix=prefix), _never)
    tail = backend.tokens_of(prefix + new)[len(backend.tokens_of(prefix)) :]
    context = backend.new_context()
    kept = backend.tokens_of(prefix)

    def ours() -> float:
        result = backend.infer(InferenceRequest(prefix + new, LETTERS, 1, prefix=prefix), _never)
        backend.infer(InferenceRequest(prefix + "x", LETTERS, 1, prefix=prefix), _never)
        return result.prefill_us / 1e6

    def bare() -> float:
        context.read(kept, reuse=True)
        begun = time.perf_counter()
        context.append(tail)
        context.logits()
        return time.perf_counter() - begun

    mine, theirs = _in_turns(rounds, ours, bare)
    _print(Line("first token, prefix kept", name, mine, theirs), mine / theirs, -1.1)
    context.close()


def _chains(backend: LlamaBackend) -> None:
    """Prefill of 200 chains of one pack: three steps each, every state another."""
    prefixes = [f"step {step}\n" + PREFIX * 24 for step in range(3)]
    asked = read = 0
    for number in range(200):
        state = "".join(STATE.format(line, number * line) for line in range(1, 5))
        for prefix in prefixes:
            result = backend.infer(
                InferenceRequest(prefix + state, LETTERS, 1, prefix=prefix), _never
            )
            asked += result.prompt_tokens
            read += result.prompt_tokens - result.reused_tokens
    less = asked / read
    print(
        f"{'prefill of 200 chains, tokens':42} {'nano':>6} {read:11,} {asked:11,} {less:7.1f}  "
        f"{'met' if less >= 5 else 'missed'}: at least 5 times less work"
    )


def _stopping(name: str, backend: LlamaBackend) -> None:
    """From the request to stop to its being obeyed, while a prompt is read and while decoding."""
    long = (PREFIX * 400)[: 4 * (backend.context_size - TOKENS) // 2]
    endless = "root ::= p p p p p\np ::= [a-z ]{1800,1800}"
    most = backend.context_size // 2
    prompts = {
        "stopped while reading": InferenceRequest(long, LETTERS, TOKENS),
        "stopped while decoding": InferenceRequest("x", endless, most),
    }
    for doing, request in prompts.items():
        late = [_late(backend, request, 0.02 + 0.003 * turn) for turn in range(10)]
        worst = max(late)
        print(
            f"{doing:42} {name:>6} {statistics.median(late) * 1e3:8.1f} ms {worst * 1e3:8.1f} ms "
            f"         {'met' if worst <= STOP_S else 'missed'}: at most 50 ms (the longest)",
            flush=True,
        )


def _late(backend: LlamaBackend, request: InferenceRequest, after: float) -> float:
    """Returns how long after the request to stop the call was over."""
    stop = time.perf_counter() + after
    try:
        backend.infer(request, lambda: time.perf_counter() >= stop)
    except CallCancelled:
        return time.perf_counter() - stop
    raise RuntimeError("it was over before it could be stopped")


def _step() -> None:
    """Rendering a prompt of twenty lines and holding its answer to the contract."""
    standings = [*Standing, Standing.SUPPORT, Standing.SUPPORT]
    entries = [
        StateEntry(
            f"s{number:02d}",
            f"f{number}",
            ("hard", "margin +1", f"metric {number}", "61.0 %", "at least 60.0 %"),
            f"metric {number} 61.0 %",
            standings[number % 6] if number <= MAX_REASONS else None,
        )
        for number in range(1, 21)
    ]
    state = StateLayer(tuple(entries), 3)
    ground = Ground(state, ("proceed", "conditions", "hold"))
    steps = [
        {"text": f"{{{entry.cite}}} is so", "side": entry.standing}
        for entry in entries
        if entry.standing is not None
    ]
    raw = json.dumps({"steps": steps, "conclusion": "hold"}, separators=(",", ":"))
    contract = ReasoningContract(("proceed", "conditions", "hold"))
    version = PromptVersion("reasoning", 1)

    def once() -> float:
        begun = time.perf_counter()
        PromptStack(version, PREFIX, PREFIX, PREFIX, state, "is it fit").render()
        contract.grammar_over(ground)
        contract.max_bytes_over(ground)
        contract.schema(ground)
        if contract.hold(raw, ground).answer is None:
            raise RuntimeError("the answer does not parse")
        return time.perf_counter() - begun

    taken = statistics.median(once() for _ in range(50))
    print(
        f"{'rendering and validation of a step':42} {'':>6} {taken * 1e6:8,.0f} µs {'':>11} "
        f"{'':>7}  {'met' if taken <= STEP_S else 'missed'}: at most 2 ms"
    )


def _decode(backend: LlamaBackend, prompt: str, grammar: str | None) -> float:
    if grammar is None:
        return _unbound(backend, prompt)
    result = backend.infer(InferenceRequest(prompt, grammar, TOKENS), _never)
    return (result.duration_us - result.prefill_us) / 1e6 / (result.completion_tokens - 1)


def _unbound(backend: LlamaBackend, prompt: str) -> float:
    """Decodes through our loop without a grammar, as a chat does."""
    request = InferenceRequest(prompt, "", TOKENS)
    result = backend._answer(request, None, _never)
    return (result.duration_us - result.prefill_us) / 1e6 / max(1, result.completion_tokens - 1)


class _Bare:
    """llama.cpp called as its own examples do: decode, sample, decode."""

    def __init__(self, backend: LlamaBackend, prompt: str) -> None:
        self._context = backend.new_context()
        self._prompt = backend.tokens_of(prompt, special=True)
        chain = llama_cpp.llama_sampler_chain_init(llama_cpp.llama_sampler_chain_default_params())
        llama_cpp.llama_sampler_chain_add(chain, llama_cpp.llama_sampler_init_greedy())
        self._sampler = chain

    def decode(self) -> float:
        """Returns the seconds a token takes."""
        self._context.read(self._prompt, reuse=True)
        handle, token = self._context.handle, (llama_cpp.llama_token * 1)()
        begun = time.perf_counter()
        for _ in range(TOKENS - 1):
            token[0] = llama_cpp.llama_sampler_sample(self._sampler, handle, -1)
            if llama_cpp.llama_decode(handle, llama_cpp.llama_batch_get_one(token, 1)):
                raise RuntimeError("llama.cpp failed")
        llama_cpp.llama_sampler_sample(self._sampler, handle, -1)
        taken = (time.perf_counter() - begun) / (TOKENS - 1)
        memory = llama_cpp.llama_get_memory(handle)
        llama_cpp.llama_memory_seq_rm(memory, 0, len(self._prompt), -1)
        return taken

    def close(self) -> None:
        """Frees what it took."""
        llama_cpp.llama_sampler_free(self._sampler)
        self._context.close()


def _in_turns(
    rounds: int, one: Callable[[], float], other: Callable[[], float]
) -> tuple[float, float]:
    """Returns the medians of two measurements that take turns."""
    one(), other()
    pairs = [(one(), other()) for _ in range(rounds)]
    return statistics.median(a for a, _ in pairs), statistics.median(b for _, b in pairs)


class Line(NamedTuple):
    """What was measured; both times in seconds."""

    name: str
    model: str
    ours: float
    bare: float


def _print(line: Line, ratio: float, aim: float) -> None:
    words = ""
    if aim > 0:
        words = f"{'met' if ratio >= aim else 'missed'}: at least {aim}"
    elif aim < 0:
        words = f"{'met' if ratio <= -aim else 'missed'}: at most {-aim}"
    print(
        f"{line.name:42} {line.model:>6} {line.ours * 1e6:8,.0f} µs {line.bare * 1e6:8,.0f} µs "
        f"{ratio:7.2f}  {words}",
        flush=True,
    )


def _never() -> bool:
    return False
