"""How exactly a model repeats itself is measured, and nothing is kept at its price."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from gguf import GGMLQuantizationType

from converge_core.envelope import InferenceRequest, ReplayGrade
from converge_desktop import paths
from converge_desktop.adapters.models.determinism import Determinism, Findings, probe
from converge_desktop.adapters.models.llama import LlamaBackend
from tests.adapters.gguf_files import write_model

EXACT = Findings(repeated=True, unrelated=True, warm=True, pieces=True, threads=True)
LETTERS = "root ::= [a-z]{8,16}"
PROMPT = "what speaks for it, and what against?\n"


@pytest.fixture(scope="module")
def nano() -> Iterator[LlamaBackend]:
    backend = LlamaBackend(paths.default_model())
    yield backend
    backend.close()


def test_the_shipped_model_is_bit_exact_here(nano: LlamaBackend) -> None:
    """Cold, again, after another prompt, warm, in pieces, with other threads: the same bits."""
    assert EXACT == probe(nano)


@pytest.mark.parametrize("precision", [GGMLQuantizationType.F32, GGMLQuantizationType.F16])
def test_any_model_is_measured(tmp_path: Path, precision: GGMLQuantizationType) -> None:
    """One with a context shorter than the probe's prompt, too; what is found is consistent."""
    path = tmp_path / "tiny.gguf"
    write_model(path, precision=precision, context=64)
    backend = LlamaBackend(path)

    found = probe(backend)
    backend.close()

    assert found.repeated
    assert found.unrelated
    assert found == msgspec.convert(msgspec.to_builtins(found), Findings)


@pytest.mark.parametrize(
    ("missing", "determinism", "grade", "reuse"),
    [
        ((), Determinism.BIT_EXACT, ReplayGrade.BYTE_EXACT, True),
        (("threads",), Determinism.SAME_SETTINGS, ReplayGrade.ENVELOPE_EXACT, True),
        (("warm",), Determinism.SAME_SETTINGS, ReplayGrade.ENVELOPE_EXACT, False),
        (("pieces",), Determinism.SAME_SETTINGS, ReplayGrade.ENVELOPE_EXACT, False),
        (("repeated",), Determinism.NONE, ReplayGrade.RECORDED_ONLY, False),
        (("unrelated",), Determinism.NONE, ReplayGrade.RECORDED_ONLY, False),
        (("repeated", "warm", "threads"), Determinism.NONE, ReplayGrade.RECORDED_ONLY, False),
    ],
)
def test_the_grade_is_what_was_found(
    missing: tuple[str, ...], determinism: Determinism, grade: ReplayGrade, reuse: bool
) -> None:
    """Whatever differed takes it down, and where reuse would differ nothing is reused."""
    found = msgspec.structs.replace(EXACT, **dict.fromkeys(missing, False))

    assert (determinism, grade, reuse) == (found.determinism, found.grade, found.reuse_is_exact)


def reused(backend: LlamaBackend, findings: Findings | None) -> tuple[int, ReplayGrade]:
    backend.findings = findings
    request = InferenceRequest(PROMPT * 4, LETTERS, 16)
    backend.infer(request, lambda: False)
    result = backend.infer(request, lambda: False)
    return result.reused_tokens, result.grade


def test_nothing_is_kept_where_that_would_change_a_bit(nano: LlamaBackend) -> None:
    """Nor before it was measured; the answer carries the grade."""
    assert (0, ReplayGrade.RECORDED_ONLY) == reused(nano, None)
    warm_differs = msgspec.structs.replace(EXACT, warm=False)
    assert (0, ReplayGrade.ENVELOPE_EXACT) == reused(nano, warm_differs)

    kept, grade = reused(nano, EXACT)

    assert kept > 0
    assert ReplayGrade.BYTE_EXACT is grade


def test_each_stable_prefix_is_kept_while_others_take_turns(nano: LlamaBackend) -> None:
    """Three steps of a chain over and over: each reads its own beginning once."""
    nano.findings = EXACT
    prefixes = [f"step {step}\n" + PROMPT * 6 for step in range(3)]

    def ask(number: int, prefix: str) -> tuple[int, int]:
        request = InferenceRequest(f"{prefix}state {number}\n", LETTERS, 16, prefix=prefix)
        result = nano.infer(request, lambda: False)
        return result.reused_tokens, nano.count_tokens(prefix)

    first = [ask(0, prefix) for prefix in prefixes]
    again = [ask(number, prefix) for number in (1, 2) for prefix in prefixes]

    assert all(kept < size // 2 for kept, size in first)
    assert all(kept >= size - 1 for kept, size in again)


def test_the_prefix_used_longest_ago_makes_room(nano: LlamaBackend) -> None:
    """More prefixes than are kept cost time, and no memory without end."""
    nano.findings = EXACT
    prefixes = [f"prefix {number}\n" + PROMPT * 3 for number in range(20)]
    for prefix in prefixes:
        nano.infer(InferenceRequest(prefix + "x", LETTERS, 16, prefix=prefix), lambda: False)

    assert len(nano._contexts) <= 8
    last = InferenceRequest(prefixes[-1] + "y", LETTERS, 16, prefix=prefixes[-1])
    assert nano.infer(last, lambda: False).reused_tokens > 0
