"""A stand-in for a model: it answers the steps of a pack's chain, and computes nothing."""

from __future__ import annotations

import json
from collections.abc import Callable

from converge_core.canonical import hash_text
from converge_core.chain import DecisionStep, capability_ids
from converge_core.envelope import InferenceEnvelope, InferenceRequest, InferenceResult, ReplayGrade
from converge_core.ids import AgentId
from converge_core.plan import StepPlan
from converge_core.prompt import Standing
from converge_core.retry import CallAttempt
from converge_desktop.adapters.intake import Metric
from converge_desktop.adapters.packs.pack import Pack


class Answers:
    """Answers as a model would that is never wrong, or once, if it ``breaks`` its contract."""

    def __init__(self, pack: Pack, metrics: tuple[Metric, ...], verdict: str, breaks: bool) -> None:
        self._verdict, self._breaks = verdict, breaks
        bound = [metric for metric in metrics if metric.id in pack.limits]
        self._stands = {
            f"s{place:02d}": pack.limits[metric.id].standing(metric.quantity)
            for place, metric in enumerate(bound, start=1)
        }
        capabilities = capability_ids(tuple(pack.capabilities))
        self._remedies = {
            f"s{place:02d}": capabilities[pack.limits[metric.id].remedy]
            for place, metric in enumerate(bound, start=1)
        }

    def __call__(
        self, request: InferenceRequest, step: StepPlan, _: Callable[[CallAttempt], None]
    ) -> InferenceResult:
        text = json.dumps(self._answer(AgentId(step.step)), separators=(",", ":"))
        tokens = tuple(len(part) // 4 for part in request.parts)
        return InferenceResult(
            text=text,
            finish_reason="stop",
            prompt_tokens=sum(tokens),
            reused_tokens=sum(tokens[:3]),
            completion_tokens=len(text) // 4,
            prefill_us=41_000,
            duration_us=41_000 + 900 * len(text),
            envelope=_envelope(request),
            part_tokens=tokens,
            grade=ReplayGrade.BYTE_EXACT,
        )

    def _answer(self, step: str) -> dict[str, object]:
        against = [one for one, side in self._stands.items() if side is not Standing.SUPPORT]
        if step == DecisionStep.REASONING:
            said = "it is all quite well" if self._breaks else "is what counts here"
            weighed = [
                {"text": said if self._breaks else f"{{{cite}}} {said}", "side": side}
                for cite, side in self._stands.items()
            ]
            return {"steps": weighed, "conclusion": self._verdict}
        if step == DecisionStep.EVALUATION:
            cited = against[0] if against else "s01"
            score = {"proceed": 0.92, "conditions": 0.45, "hold": 0.2}[self._verdict]
            why = f"{{{cited}}} tells most about it"
            return {"justification": why, "score": score, "confidence": 0.81}
        steps = [{"for": [cite], "do": self._remedies[cite]} for cite in against]
        return {"verdict": self._verdict, "steps": steps}


def _envelope(request: InferenceRequest) -> InferenceEnvelope:
    return InferenceEnvelope(
        backend="llama-cpp-python 0.3.36",
        model="converge-nano",
        model_sha256=hash_text("model"),
        family="llama",
        tokenizer_hash=hash_text("tokenizer"),
        grammar_hash=hash_text(request.grammar),
        temperature=0,
        top_k=1,
        seed=0,
        seed_policy="fixed",
        max_tokens=request.max_tokens,
        stop=(),
        context_size=4096,
        batch_size=512,
        threads=2,
        cpu="AVX2",
    )
