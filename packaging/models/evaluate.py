"""Judges the shipped file on states it never saw, through llama.cpp and the real grammars.

Usage: ``python evaluate.py [--model FILE] [--cases N] [--out FILE]``. Two sets: held-out wording
and layout, and the real pack's metrics in the app's layout. Each step is judged on gold input, and
the chain end to end on the model's own words. Beside it stand ten lines of rules.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from generate import SHIPPED, VERDICTS, Case, Example, make_case
from llama_cpp import Llama, LlamaGrammar
from packcases import make_pack_case
from rules import ten_rules, tolerant_rules

from converge_core.answers import (
    UNCERTAIN,
    EvaluationAnswer,
    PlanningAnswer,
    ReasoningAnswer,
    cites_of,
)
from converge_core.chain import DecisionStep, contract_of, evaluation_entry, reasoning_entry
from converge_core.contract import ContractResult, OutputContract
from converge_core.prompt import Standing, StateLayer

HELD_OUT_SEED = 500_000


class Model:
    """The model file behind the contracts' grammars, decoding greedily."""

    def __init__(self, path: Path) -> None:
        self._llama = Llama(str(path), n_ctx=2048, n_threads=1, verbose=False)
        self.tokens = 0
        self.seconds = 0.0

    def answer(self, contract: OutputContract, example: Example) -> str:
        """Returns the model's answer to an example's prompt, as the app bounds it."""
        text = contract.grammar_over(example.ground)
        grammar = LlamaGrammar.from_string(text, verbose=False)
        started = time.perf_counter()
        done = self._llama.create_completion(
            example.prompt,
            max_tokens=contract.max_bytes,
            temperature=0.0,
            repeat_penalty=1.0,
            grammar=grammar,
        )
        self.seconds += time.perf_counter() - started
        self.tokens += done["usage"]["completion_tokens"]
        return str(done["choices"][0]["text"])


@dataclass(slots=True)
class Tally:
    """Rights and totals by name."""

    right: Counter[str] = field(default_factory=Counter)
    total: Counter[str] = field(default_factory=Counter)

    def note(self, name: str, *, right: bool) -> None:
        """Counts one outcome."""
        self.total[name] += 1
        self.right[name] += right

    def percent(self) -> dict[str, float]:
        """Returns the share of rights in per cent."""
        return {name: round(100 * self.right[name] / n, 2) for name, n in self.total.items()}


def sides_of(result: ContractResult) -> dict[str, str]:
    """Returns what an answer cites as speaking against, by cite id."""
    match result.answer:
        case ReasoningAnswer(steps=steps):
            said = [(cite, step.side) for step in steps for cite in cites_of([step.text])]
            return {cite: str(side) for cite, side in said if side is not Standing.SUPPORT}
    return {}


def verdict_of(result: ContractResult) -> str:
    """Returns the verdict of a reasoning or planning answer."""
    match result.answer:
        case ReasoningAnswer(conclusion=verdict) | PlanningAnswer(verdict=verdict):
            return verdict
    return ""


def reasons_right(case: Case, result: ContractResult) -> bool:
    """Says whether exactly what speaks against is cited, each on its side."""
    return sides_of(result) == {e.cite: str(e.standing) for e in case.against}


def ask(model: Model, example: Example) -> tuple[str, ContractResult]:
    """Returns the raw answer to an example and what its contract says of it."""
    contract = contract_of(example.step, VERDICTS)
    raw = model.answer(contract, example)
    return raw, contract.hold(raw, example.ground)


def judge_steps(model: Model, case: Case, tally: Tally) -> str:
    """Judges each step on gold input; returns the raw reasoning."""
    reasoning = ""
    for example in case.examples():
        raw, result = ask(model, example)
        tally.note(f"{example.step} valid", right=result.valid)
        tally.note(f"{example.step} exact", right=raw == example.answer)
        tally.note("all steps valid", right=result.valid)
        match example.step:
            case DecisionStep.REASONING:
                reasoning = raw
                right = verdict_of(result) == case.verdict
                tally.note("verdict right", right=right)
                tally.note("reasons right", right=reasons_right(case, result))
                kind = case.verdict if case.category == "pack" else case.category
                tally.note(f"verdict right: {kind}", right=right)
            case DecisionStep.PLANNING:
                tally.note("plan's verdict right", right=verdict_of(result) == case.verdict)
    return reasoning


def judge_chain(model: Model, case: Case, reasoning: str, tally: Tally) -> bool:
    """Judges the chain on the model's own words, from its raw reasoning; says if all was right."""
    gold = case.examples()
    first = gold[0]
    result = contract_of(first.step, VERDICTS).hold(reasoning, first.ground)
    right, valid = verdict_of(result) == case.verdict, result.valid
    if len(gold) == 1:
        right = right and reasoning == first.answer
    ends = verdict_of(result) == UNCERTAIN
    if isinstance(result.answer, ReasoningAnswer) and valid and not ends:
        entries = (reasoning_entry("h01", "reasoning", result.answer, case.remedies),)
        second = case.example(DecisionStep.EVALUATION, entries, "")
        raw, scored = ask(model, second)
        right = right and len(gold) > 1 and raw == gold[1].answer
        valid = scored.valid
        if isinstance(scored.answer, EvaluationAnswer) and valid:
            numbers = scored.answer.score_thousandths, scored.answer.confidence_thousandths
            entries = (*entries, evaluation_entry("e01", "evaluation", *numbers))
            concluded = result.answer.conclusion
            third = case.example(DecisionStep.PLANNING, entries, "", concluded)
            raw, planned = ask(model, third)
            right = right and raw == gold[2].answer
            valid = planned.valid
    tally.note("chain valid", right=valid)
    tally.note("chain right to the last step", right=right and valid)
    return right and valid


def judge_rules(case: Case, tally: Tally) -> None:
    """Judges both sets of rules on the same state."""
    state = StateLayer(case.entries).render()
    gold = {e.cite: str(e.standing) for e in case.against}
    for name, rules in (("ten rules", ten_rules), ("tolerant rules", tolerant_rules)):
        verdict, sides = rules(state, case.hold_at)
        tally.note(f"{name}: verdict right", right=verdict == case.verdict)
        tally.note(f"{name}: reasons right", right=sides == gold)


def judge(model: Model, cases: Iterable[Case], show: int = 0) -> dict[str, float]:
    """Judges a set of cases; prints the first ``show`` wrong reasonings."""
    tally = Tally()
    for case in cases:
        reasoning = judge_steps(model, case, tally)
        right = judge_chain(model, case, reasoning, tally)
        judge_rules(case, tally)
        if not right and show:
            show -= 1
            print(
                f"{StateLayer(case.entries).render()}\nhold at {case.hold_at}\n"
                f"gold  {case.reasoning()}\nmodel {reasoning}\n"
            )
    return tally.percent()


def held_out(count: int) -> Iterable[Case]:
    """Returns held-out cases."""
    return (make_case("held-out", HELD_OUT_SEED + seed) for seed in range(count))


SETS: dict[str, Callable[[int], Iterable[Case]]] = {
    "held-out": held_out,
    "pack": lambda count: map(make_pack_case, range(count)),
}


def main() -> None:
    """Reads the command line, judges, prints, and writes the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, default=SHIPPED)
    parser.add_argument("--cases", type=int, default=1000)
    parser.add_argument("--show", type=int, default=0, help="wrong answers to print")
    parser.add_argument("--out", type=Path)
    chosen = parser.parse_args()
    figures: dict[str, dict[str, float]] = defaultdict(dict)
    for name, cases in SETS.items():
        model = Model(chosen.model)
        figures[name] = judge(model, cases(chosen.cases), chosen.show)
        figures[name]["cases"] = chosen.cases
        figures[name]["answer tokens a second"] = round(model.tokens / model.seconds)
    print(json.dumps(figures, indent=2))
    if chosen.out:
        chosen.out.write_text(json.dumps(figures, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
