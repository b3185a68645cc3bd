"""The agents that a pack declares beside its chain: each asks a model once, and suggests.

What they sort, find and word are facts. A number in what one of them proposes was put there by the
renderer, from the fact that the model cited; no agent writes one of its own.
"""

from __future__ import annotations

from typing import Any

from converge_core.agent import AgentEffect
from converge_core.answers import (
    MISSING,
    Answer,
    ClassificationAnswer,
    ExtractionAnswer,
    FreeformAnswer,
    confidence_of,
)
from converge_core.context import ContextView
from converge_core.contract import ContractResult, Ground
from converge_core.contract_extraction import ExtractionContract
from converge_core.fact import Fact
from converge_core.ids import AgentId, FactId
from converge_core.intent import RootIntent
from converge_core.key import ContextKey
from converge_core.plan import ExecutionPlan
from converge_core.prompt import StateEntry, StateLayer
from converge_core.proposal import ContentKind, ProposedFact
from converge_core.scope import DECLARED
from converge_core.speakers import ENGINE
from converge_desktop.adapters.packs.agents import PackAgent
from converge_desktop.adapters.packs.pack import Pack
from converge_desktop.runtime.model_call import Infer, Question, Telling, ask, broken
from converge_desktop.runtime.state_layers import (
    MOST_FACTS,
    cited,
    impossible,
    signal_entry,
    signals,
    statement_entry,
    truths,
)
from converge_desktop.runtime.wording import plural

LONGEST_HEADLINE = 48
"""How many characters of a text its headline quotes, at most."""


class DeclaredAgent:
    """One agent of a pack.

    Args:
        declared: what it reads, must answer, and proposes.
        pack: the limits its numbers are held against.
        about: what the run is for: subject, and question of the intent layer.
        plan: what the run may do.
        infer: how the model is called.
    """

    def __init__(
        self, declared: PackAgent, pack: Pack, about: RootIntent, plan: ExecutionPlan, infer: Infer
    ) -> None:
        self.name = AgentId(declared.name)
        self.dependencies = declared.reads
        self._declared = declared
        self._fact_id = FactId(declared.fact)
        self._pack = pack
        self._subject = about.subject
        self._question = about.question
        self._plan = plan
        self._infer = infer

    def accepts(self, view: ContextView) -> bool:
        """Accepts once all that it reads is there, unless its fact stands or it has failed."""
        if view.contains(self._declared.key, self._fact_id) or self._has_failed(view):
            return False
        return all(view.has(key) for key in self.dependencies)

    def execute(self, view: ContextView) -> AgentEffect:
        """Renders the prompt, calls the model once, and holds the answer to its contract."""
        for key in self.dependencies:
            if view.count(key) > MOST_FACTS:
                return AgentEffect(
                    refusal=f"There are {view.count(key):,} facts under {key}, and a prompt can "
                    f"name {MOST_FACTS} of them; have the pack make fewer."
                )
        state, measured = self._state(view)
        ground = Ground(
            state=state,
            verdicts=tuple(self._pack.verdicts),
            contradictions=impossible(self._pack, measured),
            required_truths=self._plan.kernel.required_truths,
            truths=truths(self._pack, measured),
        )
        declared = self._declared
        question = Question(
            declared.name,
            declared.template.stack(state, self._question),
            declared.contract,
            ground,
        )
        telling = Telling(
            lambda answer: self._propose(answer, state),
            lambda held: self._headline(held, state),
            broken,
        )
        return ask(question, self._plan, self._infer, telling)

    def _has_failed(self, view: ContextView) -> bool:
        """Whether it was asked before and nothing came of it: it is not tried again."""
        failure = f"failed:{self.name}:"
        told = view.peek(ContextKey.DIAGNOSTIC)
        return any(fact.agent == ENGINE and fact.id.startswith(failure) for fact in told)

    def _state(self, view: ContextView) -> tuple[StateLayer, tuple[Fact, ...]]:
        """Returns what it is shown, in the order in which it is declared, and the signals in it."""
        entries: list[StateEntry] = []
        measured: tuple[Fact, ...] = ()
        for key in self.dependencies:
            if key is ContextKey.SIGNALS:
                numbers = signals(self._pack, view)
                measured = tuple(numbers.values())
                entries += [signal_entry(self._pack, cite, one) for cite, one in numbers.items()]
            else:
                facts = cited(key, view.get(key))
                entries += [statement_entry(cite, fact) for cite, fact in facts.items()]
        return StateLayer(tuple(entries)), measured

    def _propose(self, answer: Answer, state: StateLayer) -> ProposedFact:
        cites = {entry.cite: str(entry.fact_id) for entry in state.entries}
        about: dict[str, Any]
        match answer:
            case ClassificationAnswer():
                kind, content = ContentKind.CLASSIFICATION, _sorted_words(answer)
                about = {
                    "labels": list(answer.labels),
                    "confidence": answer.confidence_thousandths,
                    "justification": answer.justification,
                }
                if len(answer.labels) == 1:  # a rule of the policy compares with one word
                    about["label"] = answer.labels[0]
            case ExtractionAnswer():
                kind = ContentKind.CLAIM
                found = self._found(answer, state)
                content = "; ".join(
                    f"{name}: {entry.shown if entry else MISSING}" for name, entry in found.items()
                )
                about = {
                    "values": {name: entry.shown for name, entry in found.items() if entry},
                    "facts": {name: str(one.fact_id) for name, one in found.items() if one},
                    "missing": [name for name, entry in found.items() if entry is None],
                }
            case FreeformAnswer():
                kind, content = ContentKind.DOCUMENT, state.fill(answer.text)
                about = {"text": answer.text}
            case _:
                raise AssertionError(f"no agent of a pack answers {type(answer).__name__}")
        return ProposedFact(
            key=self._declared.key,
            id=self._fact_id,
            content=content,
            kind=kind,
            structured={**about, "cites": cites, DECLARED: {"product": self._subject}},
            confidence=confidence_of(answer),
        )

    def _found(self, answer: ExtractionAnswer, state: StateLayer) -> dict[str, StateEntry | None]:
        """Returns for each declared field the entry that holds its value; None where none does."""
        contract = self._declared.contract
        assert isinstance(contract, ExtractionContract)
        fields = (*contract.required, *contract.optional)
        return {name: state.entry(answer.values.get(name, MISSING)) for name in fields}

    def _headline(self, held: ContractResult, state: StateLayer) -> str:
        match held.answer:
            case ClassificationAnswer() as answer:
                return _sorted_words(answer)
            case ExtractionAnswer() as answer:
                found = self._found(answer, state).values()
                return f"{sum(one is not None for one in found)} of {plural(len(found), 'field')}"
            case FreeformAnswer(text=text):
                return _first_words(state.fill(text))
            case _:
                return "not an answer"


def _sorted_words(answer: ClassificationAnswer) -> str:
    return f"{', '.join(answer.labels)}, confidence {answer.confidence:.2f}"


def _first_words(text: str) -> str:
    """Returns how a text begins, up to the end of a word."""
    line = " ".join(text.split()) or "no words"
    if len(line) <= LONGEST_HEADLINE:
        return line
    start = line[:LONGEST_HEADLINE].rpartition(" ")[0] or line[:LONGEST_HEADLINE]
    return f"{start}…"
