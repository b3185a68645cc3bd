"""The chain's agents: each renders a prompt over facts, calls the model once, and suggests.

An answer that breaks its contract leaves a trace and a refusal, and no proposal; the next step is
woken by the fact of the one before, so it is never reached. Nothing is retried.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from converge_core.agent import AgentEffect, Dependency
from converge_core.answers import Answer, EvaluationAnswer, PlanningAnswer, ReasoningAnswer
from converge_core.chain import (
    DecisionStep,
    capability_ids,
    contract_of,
    evaluation_entry,
    reasoning_entry,
)
from converge_core.context import ContextView
from converge_core.contract import ContractResult, Ground
from converge_core.fact import Fact
from converge_core.ids import AgentId, FactId
from converge_core.intent import RootIntent
from converge_core.key import ContextKey
from converge_core.placeholders import fill
from converge_core.plan import ExecutionPlan
from converge_core.prompt import Standing, StateEntry, StateLayer
from converge_core.proposal import ContentKind, ProposedFact
from converge_core.scope import DECLARED
from converge_desktop.adapters.packs.pack import Pack
from converge_desktop.runtime.hints import NO_HINTS, Hints, Recalls, hints_for
from converge_desktop.runtime.model_call import Infer, Question, Telling, ask, broken
from converge_desktop.runtime.state_layers import impossible, signal_entry, signals, truths
from converge_desktop.runtime.wording import plural

MAKES = {
    DecisionStep.REASONING: (ContextKey.HYPOTHESES, FactId("reasoning")),
    DecisionStep.EVALUATION: (ContextKey.EVALUATIONS, FactId("evaluation")),
    DecisionStep.PLANNING: (ContextKey.STRATEGIES, FactId("strategy")),
}
"""Key and id of the fact that each step proposes."""

_AFTER = {
    DecisionStep.EVALUATION: DecisionStep.REASONING,
    DecisionStep.PLANNING: DecisionStep.EVALUATION,
}
"""The step whose fact wakes each step but the first, which is woken by signals."""


class StepAgent:
    """One step of a pack's chain.

    Args:
        step: which step.
        pack: its prompts, limits, verdicts and capabilities.
        about: what the run is for: subject, and question of the intent layer.
        plan: what the chain may do.
        infer: how the model is called.
        recalls: how it is recalled what is like the matter at hand; None where nothing can be.
    """

    def __init__(
        self,
        step: DecisionStep,
        pack: Pack,
        about: RootIntent,
        plan: ExecutionPlan,
        infer: Infer,
        *,
        recalls: Recalls | None = None,
    ) -> None:
        self.name = AgentId(step.value)
        self.dependencies = (_woken_by(step),)
        self._step = step
        self._pack = pack
        self._subject = about.subject
        self._question = about.question
        self._plan = plan
        self._infer = infer
        self._recalls = recalls
        self._capabilities = capability_ids(tuple(pack.capabilities))
        self._key, self._fact_id = MAKES[step]

    def accepts(self, view: ContextView) -> bool:
        """Accepts once what it reasons over stands and its own fact does not."""
        before = _AFTER.get(self._step)
        there = view.contains(*MAKES[before]) if before else view.has(ContextKey.SIGNALS)
        return there and not view.contains(self._key, self._fact_id)

    def execute(self, view: ContextView) -> AgentEffect:
        """Renders the prompt, calls the model once, and holds the answer to its contract."""
        view.get(ContextKey.CONSTRAINTS)
        measured = signals(self._pack, view)
        read = [signal_entry(self._pack, cite, fact) for cite, fact in measured.items()]
        found = self._findings(view, measured)
        # The first step reads the signals; a later one reads what was found, and cites through it.
        hints = self._hints(found or read)
        told = StateLayer((*(found or read), *hints.entries), None if found else self._pack.hold_at)
        state = StateLayer((*read, *found, *hints.entries))
        ground = Ground(
            state=state,
            verdicts=tuple(self._pack.verdicts),
            capabilities=frozenset(self._capabilities.values()),
            concluded=self._concluded(view),
            contradictions=impossible(self._pack, measured.values()),
            required_truths=self._plan.kernel.required_truths,
            truths=truths(self._pack, measured.values()),
        )
        question = Question(
            self._step.value,
            self._pack.templates[self._step].stack(told, self._question),
            contract_of(self._step, tuple(self._pack.verdicts)),
            ground,
            hints.envelope,
        )
        telling = Telling(
            lambda answer: self._propose(answer, state, self._confidence(answer, view)),
            _headline,
            lambda held: _refusal(held, state),
        )
        return ask(question, self._plan, self._infer, telling)

    def _hints(self, told: Sequence[StateEntry]) -> Hints:
        """Returns what is recalled of things like this, where the plan says that it is."""
        policy = self._plan.recalls(self._step.value)
        if policy is None:
            return NO_HINTS
        return hints_for(self._step.value, self._question, told, policy, self._recalls)

    def _findings(self, view: ContextView, measured: dict[str, Fact]) -> list[StateEntry]:
        """Returns what the steps before this one found."""
        entries = []
        if self._step is not DecisionStep.REASONING:
            fact = _made(view, DecisionStep.REASONING)
            answer = ReasoningAnswer.model_validate(fact.structured["answer"])
            entries.append(reasoning_entry("h01", fact.id, answer, self._remedies(measured)))
        if self._step is DecisionStep.PLANNING:
            fact = _made(view, DecisionStep.EVALUATION)
            score, confidence = fact.structured["score"], fact.structured["confidence"]
            entries.append(evaluation_entry("e01", fact.id, score, confidence))
        return entries

    def _remedies(self, measured: dict[str, Fact]) -> dict[str, str]:
        remedies = {}
        for cite, fact in measured.items():
            limit = self._pack.limits.get(fact.structured["metric"])
            if limit is not None:
                remedies[cite] = self._capabilities[limit.remedy]
        return remedies

    def _concluded(self, view: ContextView) -> str | None:
        if self._step is DecisionStep.REASONING:
            return None
        return str(_made(view, DecisionStep.REASONING).structured["conclusion"])

    def _confidence(self, answer: Answer, view: ContextView) -> int | None:
        if isinstance(answer, EvaluationAnswer):
            return answer.confidence_thousandths
        evaluation = view.find(*MAKES[DecisionStep.EVALUATION])
        return evaluation.confidence if evaluation else None

    def _propose(self, answer: Answer, state: StateLayer, confidence: int | None) -> ProposedFact:
        cites = {entry.cite: str(entry.fact_id) for entry in state.entries}
        about: dict[str, Any]
        match answer:
            case ReasoningAnswer():
                kind = ContentKind.REASONING
                content = f"The reasoning concludes: {answer.conclusion}"
                about = {"answer": answer.model_dump(mode="json"), "conclusion": answer.conclusion}
            case EvaluationAnswer():
                kind, score = ContentKind.EVALUATION, answer.score_thousandths
                content = f"readiness {answer.score}, confidence {answer.confidence}"
                about = {
                    "score": score,
                    "confidence": answer.confidence_thousandths,
                    "justification": answer.justification,
                }
            case PlanningAnswer():
                kind = ContentKind.PLAN
                content = fill(self._pack.verdicts[answer.verdict], {"subject": self._subject})
                named = {cite: name for name, cite in self._capabilities.items()}
                # What a plan answers is the model's to say; how it closes, the pack's.
                steps = [
                    {"do": named[step.do], "for": [cites[cite] for cite in step.cites]}
                    for step in answer.steps
                ]
                closing = self._pack.closings[answer.verdict]
                steps += [{"do": name, "for": []} for name in closing]
                about = {"verdict": answer.verdict, "steps": steps}
        return ProposedFact(
            key=self._key,
            id=self._fact_id,
            content=content,
            kind=kind,
            structured={**about, "cites": cites, DECLARED: {"product": self._subject}},
            confidence=confidence,
        )


def _woken_by(step: DecisionStep) -> ContextKey | Dependency:
    """Returns what wakes a step; what others say under the same key does not."""
    before = _AFTER.get(step)
    if before is None:
        return ContextKey.SIGNALS
    key, fact = MAKES[before]
    return Dependency(key, prefix=fact)


def _made(view: ContextView, step: DecisionStep) -> Fact:
    """Returns the fact that an earlier step made."""
    fact = view.find(*MAKES[step])
    assert fact is not None, f"a step after {step} is executed once its fact stands"
    return fact


def _headline(held: ContractResult) -> str:
    match held.answer:
        case ReasoningAnswer(steps=steps, conclusion=conclusion):
            return f"{plural(len(steps), 'reason')}, {conclusion}"
        case EvaluationAnswer(score=score):
            return f"readiness {score}"
        case PlanningAnswer(verdict=verdict, steps=steps):
            return f"{verdict}, {plural(len(steps), 'step')}"
        case _:
            return "not an answer"


def _refusal(held: ContractResult, state: StateLayer) -> str:
    if held.valid and isinstance(held.answer, ReasoningAnswer):
        open_ones = [step.text for step in held.answer.steps if step.side is Standing.UNKNOWN]
        return f"The model cannot tell: {state.fill('; '.join(open_ones))}."
    return broken(held)
