"""Answers of a model that means nothing by them: they parse, at any temperature.

``python -m tests.adapters.fuzz_contracts 1000``
"""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from converge_core.canonical import parse
from converge_core.contract import Ground, OutputContract
from converge_core.contract_classification import ClassificationContract
from converge_core.contract_evaluation import EvaluationContract
from converge_core.contract_extraction import ExtractionContract
from converge_core.contract_freeform import FreeformContract
from converge_core.contract_planning import PlanningContract
from converge_core.contract_reasoning import ReasoningContract
from converge_core.envelope import InferenceRequest
from converge_core.prompt import Standing, StateEntry, StateLayer
from converge_desktop.adapters.models.llama import LlamaBackend

MAKE = Path(__file__).parents[2] / "packaging" / "models" / "random_weights.py"
VERDICTS = ("proceed", "conditions", "hold")
TEMPERATURES = (0, 800, 1500, 3000)
CONTRACTS: tuple[OutputContract, ...] = (
    ReasoningContract(VERDICTS),
    EvaluationContract(),
    PlanningContract(VERDICTS),
    ClassificationContract(("billing", "delivery", "other"), several=True),
    ExtractionContract(("amount", "payee"), ("reference",)),
    FreeformContract(200),
)


def random_model(folder: Path) -> LlamaBackend:
    """Returns a model of random weights, with the shipped model's vocabulary."""
    path = folder / "tiny.gguf"
    subprocess.run([sys.executable, str(MAKE), "tiny", str(path)], check=True, capture_output=True)
    return LlamaBackend(path)


def ground(rng: random.Random) -> Ground:
    """Draws a state: some lines, each of some standing, one or two of them hints."""
    standings = [*Standing, None]
    entries = [
        StateEntry(
            f"s{n:02d}", f"f{n}", (f"metric {n}", "1"), f"metric {n} 1", rng.choice(standings)
        )
        for n in range(1, rng.randint(2, 6))
    ]
    hints = [StateEntry("r01", "h1", ("decided hold",), "", hint=True)] * rng.randint(0, 1)
    return Ground(StateLayer((*entries, *hints)), VERDICTS, frozenset({"c01", "c02", "c03"}))


def outcomes(backend: LlamaBackend, count: int, seed: int = 7) -> Iterator[str]:
    """Yields what came of so many answers: ``accepted``, ``parsed``, or what was wrong.

    Accepted is what holds every check of its contract, if only by chance.
    """
    rng = random.Random(seed)
    for number in range(count):
        contract, about = CONTRACTS[number % len(CONTRACTS)], ground(rng)
        most = contract.max_bytes_over(about)
        request = InferenceRequest(
            f"{contract.name}\n{about.state.render()}\nANSWER\n",
            contract.grammar_over(about),
            most,
            seed=number,
            temperature=TEMPERATURES[number // len(CONTRACTS) % len(TEMPERATURES)],
        )
        result = backend.infer(request, lambda: False)
        held = contract.hold(result.text, about)
        if held.answer is None or result.finish_reason != "stop":
            yield f"{contract.name}: {result.finish_reason}: {result.text[:80]!r}"
        elif len(result.text.encode()) > most or parse(result.text.encode()) is None:
            yield f"{contract.name}: too long or no JSON"
        else:
            yield "accepted" if held.valid else "parsed"


def main() -> None:
    """Prints how many of so many answers parsed."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    begun = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        backend = random_model(Path(folder))
        found = Counter(outcomes(backend, count))
        backend.close()
    accepted, parsed = found.pop("accepted", 0), found.pop("parsed", 0)
    taken = time.perf_counter() - begun
    print(f"{accepted + parsed:,} of {count:,} parsed, {accepted:,} held, {taken:.0f} s")
    for words, times in found.most_common():
        print(f"{times} x {words}")


if __name__ == "__main__":
    main()
