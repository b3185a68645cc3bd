"""One model call of an agent: asked once, held to its contract, and told whatever comes of it.

Whoever asks, a step of the chain or an agent of the pack, asks this way. No answer is asked for
again and nothing takes its place: one that breaks its contract leaves a trace and a refusal, and no
fact. Where a model elsewhere gave no answer at all, the plan says whether it is asked again; every
attempt is on record with what went wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from msgspec import UNSET

from converge_core.agent import AgentEffect
from converge_core.answers import UNCERTAIN, Answer, ReasoningAnswer
from converge_core.canonical import canonical, hash_text
from converge_core.capability_errors import CapabilityError
from converge_core.contract import ContractResult, Ground, OutputContract
from converge_core.envelope import InferenceRequest, InferenceResult
from converge_core.gate import CheckRecord
from converge_core.ids import FactId
from converge_core.plan import ExecutionPlan, StepPlan
from converge_core.prompt import PromptStack
from converge_core.proposal import ProposedFact
from converge_core.recall_envelope import RecallProvenanceEnvelope
from converge_core.retry import CallAttempt
from converge_core.trace import Cited, ModelCall, Outcome, text_ref

Infer = Callable[[InferenceRequest, StepPlan, Callable[[CallAttempt], None]], InferenceResult]
"""Calls the model that is planned for a step and waits for the answer; it is given where to record
what came of each attempt at a model elsewhere."""

_SHARED = frozenset({"priming", "policy", "task_frame"})
"""The layers that recur from run to run, and are stored once."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of a model, and what the answer is held to.

    Attributes:
        step: who asks, as the plan names it.
        stack: the prompt.
        contract: what the answer must be.
        ground: what it must be true of.
        recall: how the hints in it were found; None where none were looked for.
    """

    step: str
    stack: PromptStack
    contract: OutputContract
    ground: Ground
    recall: RecallProvenanceEnvelope | None = None


@dataclass(frozen=True, slots=True)
class Telling:
    """How an agent puts what was answered.

    Attributes:
        propose: makes a fact to propose of a valid answer.
        headline: says in a few words what was answered.
        refusal: says why nothing follows from it.
    """

    propose: Callable[[Answer], ProposedFact]
    headline: Callable[[ContractResult], str]
    refusal: Callable[[ContractResult], str]


def ask(question: Question, plan: ExecutionPlan, infer: Infer, telling: Telling) -> AgentEffect:
    """Calls the model once, and returns what comes of it."""
    stack, contract, ground = question.stack, question.contract, question.ground
    request = InferenceRequest(
        stack.render(),
        contract.grammar_over(ground),
        contract.max_bytes_over(ground),
        parts=tuple(text for _, text in stack.layers()),
        prefix=stack.stable_prefix(),
        schema=canonical(contract.schema(ground)).decode(),
    )
    planned = plan.step(question.step)
    made: list[CallAttempt] = []
    try:
        result = infer(request, planned, made.append)
    except CapabilityError as error:
        return AgentEffect(refusal=str(error), attempts=tuple(made))
    attempts = tuple(made)
    held = contract.hold(result.text, ground)
    call = _call(question, request, plan, result, held, headline=telling.headline(held))
    texts = _long_ones(call, dict(stack.layers()), request.grammar, result.text)
    if call.outcome is not Outcome.VALID or held.answer is None:
        return AgentEffect((), (call,), texts, refusal=telling.refusal(held), attempts=attempts)
    return AgentEffect((telling.propose(held.answer),), (call,), texts, attempts=attempts)


def broken(held: ContractResult) -> str:
    """Says which checks of its contract an answer did not pass."""
    reasons = " ".join(check.reason for check in held.failures)
    return f"The answer broke its contract. {reasons}"


def _call(
    question: Question,
    request: InferenceRequest,
    plan: ExecutionPlan,
    result: InferenceResult,
    held: ContractResult,
    *,
    headline: str,
) -> ModelCall:
    stack, state = question.stack, question.ground.state
    return ModelCall(
        step=question.step,
        version=str(stack.version),
        layers={name: text_ref(text, shared=name in _SHARED) for name, text in stack.layers()},
        prompt_hash=hash_text(request.prompt),
        state=tuple(
            Cited(cite=entry.cite, fact=FactId(entry.fact_id), shown=entry.shown)
            for entry in state.entries
        ),
        envelope=result.envelope,
        contract=held.contract,
        grammar=text_ref(request.grammar),
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
        headline=headline,
        finish_reason=result.finish_reason,
        prompt_tokens=result.prompt_tokens,
        layer_tokens=result.part_tokens,
        reused_tokens=result.reused_tokens,
        completion_tokens=result.completion_tokens,
        prefill_us=result.prefill_us,
        duration_us=result.duration_us,
        grade=result.grade,
        remote=result.remote or UNSET,
        plan=plan.digest(),
        recall=question.recall or UNSET,
    )


def _long_ones(
    call: ModelCall, layers: Mapping[str, str], grammar: str, output: str
) -> tuple[str, ...]:
    """Returns the texts that the record of a call names and does not hold itself."""
    named = [(call.layers[name], text) for name, text in layers.items()]
    named += [(call.grammar, grammar), (call.output, output)]
    return tuple(text for ref, text in named if ref.inline is None)


def _outcome(held: ContractResult) -> Outcome:
    if not held.valid:
        return Outcome.INVALID
    unsure = isinstance(held.answer, ReasoningAnswer) and held.answer.conclusion == UNCERTAIN
    return Outcome.UNCERTAIN if unsure else Outcome.VALID
