"""The chain's agents: each renders a prompt over facts, calls the model once, and suggests.

An answer that breaks its contract leaves a trace and a refusal, and no proposal; the next step is
woken by the fact of the one before, so it is never reached. Nothing is retried.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import UNSET

from converge_core.agent import AgentEffect
from converge_core.answers import (
    UNCERTAIN,
    Answer,
    EvaluationAnswer,
    PlanningAnswer,
    ReasoningAnswer,
)
from converge_core.canonical import canonical, hash_text
from converge_core.capability_errors import CapabilityError
from converge_core.chain import (
    DecisionStep,
    capability_ids,
    contract_of,
    evaluation_entry,
    reasoning_entry,
)
from converge_core.context import ContextView
from converge_core.contract import ContractResult, Ground, TruthEvaluator
from converge_core.contradiction import Impossibility, contradictions_in
from converge_core.envelope import InferenceRequest, InferenceResult
from converge_core.fact import Fact
from converge_core.gate import CheckRecord
from converge_core.ids import AgentId, FactId
from converge_core.intent import RootIntent
from converge_core.key import ContextKey
from converge_core.limits import Limit, Quantity
from converge_core.plan import ExecutionPlan, StepPlan
from converge_core.prompt import PromptStack, Standing, StateEntry, StateLayer
from converge_core.proposal import ContentKind, ProposedFact
from converge_core.retry import LONGEST_WORDS, AttemptOutcome, CallAttempt
from converge_core.scope import DECLARED
from converge_core.trace import Cited, ModelCall, Outcome, text_ref
from converge_desktop.adapters.packs import Pack
from converge_desktop.runtime.wording import plural

Infer = Callable[[InferenceRequest, StepPlan], InferenceResult]
"""Calls the model that is planned for a step and waits for the answer."""

_WAKES = {
    DecisionStep.REASONING: ContextKey.SIGNALS,
    DecisionStep.EVALUATION: ContextKey.HYPOTHESES,
    DecisionStep.PLANNING: ContextKey.EVALUATIONS,
}
MAKES = {
    DecisionStep.REASONING: (ContextKey.HYPOTHESES, FactId("reasoning")),
    DecisionStep.EVALUATION: (ContextKey.EVALUATIONS, FactId("evaluation")),
    DecisionStep.PLANNING: (ContextKey.STRATEGIES, FactId("strategy")),
}
"""Key and id of the fact that each step proposes."""


class StepAgent:
    """One step of a pack's chain.

    Args:
        step: which step.
        pack: its prompts, limits, verdicts and capabilities.
        about: what the run is for: subject, and question of the intent layer.
        plan: what the chain may do.
        infer: how the model is called.
    """

    def __init__(
        self, step: DecisionStep, pack: Pack, about: RootIntent, plan: ExecutionPlan, infer: Infer
    ) -> None:
        self.name = AgentId(step.value)
        self.dependencies = (_WAKES[step],)
        self._step = step
        self._pack = pack
        self._subject = about.subject
        self._question = about.question
        self._plan = plan
        self._infer = infer
        self._capabilities = capability_ids(tuple(pack.capabilities))
        self._key, self._fact_id = MAKES[step]

    def accepts(self, view: ContextView) -> bool:
        """Accepts once what it reasons over stands and its own fact does not."""
        return view.has(self.dependencies[0]) and not view.contains(self._key, self._fact_id)

    def execute(self, view: ContextView) -> AgentEffect:
        """Renders the prompt, calls the model once, and holds the answer to its contract."""
        signals = self._signals(view)
        read = [self._signal(cite, fact) for cite, fact in signals.items()]
        found = self._findings(view, signals)
        # The first step reads the signals; a later one reads what was found, and cites through it.
        told = StateLayer(tuple(found)) if found else StateLayer(tuple(read), self._pack.hold_at)
        state = StateLayer((*read, *found))
        concluded = self._concluded(view)
        stack = self._pack.templates[self._step].stack(told, self._question)
        contract = contract_of(self._step, tuple(self._pack.verdicts))
        prompt = stack.render()
        parts = tuple(text for _, text in stack.layers())
        ground = Ground(
            state=state,
            verdicts=tuple(self._pack.verdicts),
            capabilities=frozenset(self._capabilities.values()),
            concluded=concluded,
            contradictions=self._impossible(signals),
            required_truths=self._plan.kernel.required_truths,
            truths=self._truths(signals),
        )
        grammar = contract.grammar_over(ground)
        request = InferenceRequest(
            prompt,
            grammar,
            contract.max_bytes_over(ground),
            parts=parts,
            prefix=stack.stable_prefix(),
            schema=canonical(contract.schema(ground)).decode(),
        )
        planned = self._plan.step(self._step.value)
        try:
            result = self._infer(request, planned)
        except CapabilityError as error:  # no step is tried again, but the attempt is on record
            return AgentEffect(refusal=str(error), attempts=(_failed(error),))
        attempts = (_ANSWERED,) if planned.remote else ()
        held = contract.hold(result.text, ground)
        call = self._call(stack, state, grammar, result, held)
        texts = (*(text for _, text in stack.layers()), grammar, result.text)
        if call.outcome is not Outcome.VALID or held.answer is None:
            refusal = self._refusal(held, state)
            return AgentEffect((), (call,), texts, refusal=refusal, attempts=attempts)
        proposal = self._propose(held.answer, state, self._confidence(held.answer, view))
        return AgentEffect((proposal,), (call,), texts, attempts=attempts)

    def _impossible(self, signals: dict[str, Fact]) -> tuple[Impossibility, ...]:
        """Returns what the pack says cannot be, and yet is."""
        values = {fact.structured["metric"]: quantity_of(fact) for fact in signals.values()}
        return contradictions_in(self._pack.impossible, values)

    def _truths(self, signals: dict[str, Fact]) -> dict[str, TruthEvaluator]:
        """Returns who says of each hard limit whether an answer respects it."""
        values = {fact.structured["metric"]: quantity_of(fact) for fact in signals.values()}
        limits = [limit for limit in self._pack.limits.values() if limit.name]
        return {limit.name: self._respects(limit, values) for limit in limits}

    def _respects(self, limit: Limit, values: dict[str, Quantity]) -> TruthEvaluator:
        quantity = values.get(limit.metric)
        holds = quantity is not None and limit.standing(quantity) is Standing.SUPPORT

        def evaluate(answer: Answer, ground: Ground) -> bool:
            del ground
            match answer:
                case ReasoningAnswer(conclusion=verdict) | PlanningAnswer(verdict=verdict):
                    return holds or verdict not in self._pack.permissive
            return True

        return evaluate

    def _signals(self, view: ContextView) -> dict[str, Fact]:
        """Returns the signals by cite id: those a limit binds first, then the others."""
        view.get(ContextKey.CONSTRAINTS)
        limits = self._pack.limits
        facts = sorted(
            view.get(ContextKey.SIGNALS), key=lambda fact: fact.structured["metric"] not in limits
        )
        return {f"s{number:02d}": fact for number, fact in enumerate(facts, start=1)}

    def _findings(self, view: ContextView, signals: dict[str, Fact]) -> list[StateEntry]:
        """Returns what the steps before this one found."""
        entries = []
        if self._step is not DecisionStep.REASONING:
            [fact] = view.get(ContextKey.HYPOTHESES)
            answer = ReasoningAnswer.model_validate(fact.structured["answer"])
            entries.append(reasoning_entry("h01", fact.id, answer, self._remedies(signals)))
        if self._step is DecisionStep.PLANNING:
            [fact] = view.get(ContextKey.EVALUATIONS)
            score, confidence = fact.structured["score"], fact.structured["confidence"]
            entries.append(evaluation_entry("e01", fact.id, score, confidence))
        return entries

    def _remedies(self, signals: dict[str, Fact]) -> dict[str, str]:
        remedies = {}
        for cite, fact in signals.items():
            limit = self._pack.limits.get(fact.structured["metric"])
            if limit is not None:
                remedies[cite] = self._capabilities[limit.remedy]
        return remedies

    def _concluded(self, view: ContextView) -> str | None:
        if self._step is DecisionStep.REASONING:
            return None
        [fact] = view.get(ContextKey.HYPOTHESES)
        return str(fact.structured["conclusion"])

    def _confidence(self, answer: Answer, view: ContextView) -> int | None:
        if isinstance(answer, EvaluationAnswer):
            return answer.confidence_thousandths
        evaluations = view.get(ContextKey.EVALUATIONS)
        return evaluations[0].confidence if evaluations else None

    def _signal(self, cite: str, fact: Fact) -> StateEntry:
        about = fact.structured
        quantity = quantity_of(fact)
        shown = f"{about['label']} {quantity}"
        limit = self._pack.limits.get(about["metric"])
        told = (about["label"], str(quantity))
        if limit is None:
            return StateEntry(cite, fact.id, ("info", *told), shown)
        return StateEntry(
            cite,
            fact.id,
            (*limit.head(quantity), *told, limit.describe(quantity.unit)),
            shown,
            limit.standing(quantity),
            binding=limit.weight == "hard",
        )

    def _call(
        self,
        stack: PromptStack,
        state: StateLayer,
        grammar: str,
        result: InferenceResult,
        held: ContractResult,
    ) -> ModelCall:
        shared = {"priming", "policy", "task_frame"}
        layers = stack.layers()
        return ModelCall(
            step=self._step.value,
            version=str(stack.version),
            layers={name: text_ref(text, shared=name in shared) for name, text in layers},
            prompt_hash=hash_text(stack.render()),
            state=tuple(
                Cited(cite=entry.cite, fact=FactId(entry.fact_id), shown=entry.shown)
                for entry in state.entries
            ),
            envelope=result.envelope,
            contract=held.contract,
            grammar=text_ref(grammar),
            output=text_ref(result.text),
            outcome=_outcome(held),
            checks=tuple(
                CheckRecord(
                    name=check.name,
                    passed=check.passed,
                    reason=check.reason,
                    expected=check.expected,
                    found=check.found,
                )
                for check in held.checks
            ),
            headline=self._headline(held),
            finish_reason=result.finish_reason,
            prompt_tokens=result.prompt_tokens,
            layer_tokens=result.part_tokens,
            reused_tokens=result.reused_tokens,
            completion_tokens=result.completion_tokens,
            prefill_us=result.prefill_us,
            duration_us=result.duration_us,
            grade=result.grade,
            remote=result.remote or UNSET,
            plan=self._plan.digest(),
        )

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
                content = self._pack.verdicts[answer.verdict].format(subject=self._subject)
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

    def _headline(self, held: ContractResult) -> str:
        match held.answer:
            case ReasoningAnswer(steps=steps, conclusion=conclusion):
                return f"{plural(len(steps), 'reason')}, {conclusion}"
            case EvaluationAnswer(score=score):
                return f"readiness {score}"
            case PlanningAnswer(verdict=verdict, steps=steps):
                return f"{verdict}, {plural(len(steps), 'step')}"
            case _:
                return "not an answer"

    def _refusal(self, held: ContractResult, state: StateLayer) -> str:
        if held.valid and isinstance(held.answer, ReasoningAnswer):
            open_ones = [step.text for step in held.answer.steps if step.side is Standing.UNKNOWN]
            return f"The model cannot tell: {state.fill('; '.join(open_ones))}."
        reasons = " ".join(check.reason for check in held.failures)
        return f"The answer broke its contract. {reasons}"


_ANSWERED = CallAttempt(number=1, outcome=AttemptOutcome.ANSWERED)


def _failed(error: CapabilityError) -> CallAttempt:
    return CallAttempt(
        number=1,
        outcome=AttemptOutcome.FAILED,
        category=error.category,
        words=str(error)[:LONGEST_WORDS],
    )


def quantity_of(fact: Fact) -> Quantity:
    """Returns the number a signal states."""
    about = fact.structured
    return Quantity(about["value"], about["places"], about["unit"])


def _outcome(held: ContractResult) -> Outcome:
    if not held.valid:
        return Outcome.INVALID
    unsure = isinstance(held.answer, ReasoningAnswer) and held.answer.conclusion == UNCERTAIN
    return Outcome.UNCERTAIN if unsure else Outcome.VALID
