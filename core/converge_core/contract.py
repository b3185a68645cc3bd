"""Output contracts: shape by grammar, meaning by check (seed: the article, "OutputContract").

A contract compiles to a GBNF grammar in which every derivation is finite, so that what a model
says always parses and ends within the bytes its longest derivation has. Over a given state it
compiles to a narrower one, in which no id can be invented and nothing that weighs be left out.
Whether an answer is *true to the state* is decided afterwards by checks with a name, a reason, and
what was expected and found. The six contracts are in the files beside this one.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from pydantic import ValidationError

from converge_core.answer_schema import Shape, grammar_of, schema_of
from converge_core.answers import (
    Answer,
    ClassificationAnswer,
    EvaluationAnswer,
    ExtractionAnswer,
    FreeformAnswer,
    PlanningAnswer,
    ReasoningAnswer,
)
from converge_core.canonical import ContentHash, hash_text
from converge_core.contradiction import Impossibility
from converge_core.prompt import StateLayer

MOST_SHOWN = 200
"""How much of what was found a check quotes, in characters."""

TruthEvaluator = Callable[[Answer, "Ground"], bool]
"""Says whether a required truth holds of an answer; pure."""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The outcome of one named check.

    Attributes:
        name: the check.
        passed: whether it holds.
        reason: one sentence for a person.
        expected: what the check wanted, where it failed.
        found: what it saw instead.
    """

    name: str
    passed: bool
    reason: str = ""
    expected: str = ""
    found: str = ""

    def record(self) -> dict[str, object]:
        """Returns the recordable form."""
        return {
            "name": self.name,
            "passed": self.passed,
            "reason": self.reason,
            "expected": self.expected,
            "found": self.found,
        }


@dataclass(frozen=True, slots=True)
class Ground:
    """What an answer is checked against.

    Attributes:
        state: the entries that may be cited, and hints, which may not.
        verdicts: the verdicts the pack declares.
        capabilities: the ids of the capabilities the pack declares.
        concluded: the verdict an earlier step of the chain reached, if any.
        contradictions: what is present in the state though the pack says that it cannot be.
        required_truths: what must hold of the answer, by name.
        truths: who says whether it does; a truth that nobody evaluates has not passed.
    """

    state: StateLayer
    verdicts: tuple[str, ...]
    capabilities: frozenset[str] = frozenset()
    concluded: str | None = None
    contradictions: tuple[Impossibility, ...] = ()
    required_truths: tuple[str, ...] = ()
    truths: Mapping[str, TruthEvaluator] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class ContractResult:
    """What came of holding an answer against its contract."""

    contract: str
    answer: Answer | None
    checks: tuple[CheckResult, ...]

    @property
    def valid(self) -> bool:
        """Whether the answer parses and every check passed."""
        return self.answer is not None and all(check.passed for check in self.checks)

    @property
    def failures(self) -> tuple[CheckResult, ...]:
        """The checks that did not pass."""
        return tuple(check for check in self.checks if not check.passed)


class OutputContract(Protocol):
    """What one step of a chain must answer."""

    @property
    def name(self) -> str:
        """The contract's name and the version of the shape it reads."""

    @property
    def max_bytes(self) -> int:
        """The longest answer the general grammar derives, in bytes."""

    def max_bytes_over(self, ground: Ground) -> int:
        """Returns the longest answer that :meth:`grammar_over` derives, in bytes.

        No token is shorter than a byte, so this is the token budget of the call.
        """

    def grammar(self) -> str:
        """Returns the bounded GBNF of every answer the contract may read."""

    def grammar_over(self, ground: Ground) -> str:
        """Returns the narrower GBNF of the answers that can be true of ``ground``."""

    def schema(self, ground: Ground) -> dict[str, Any]:
        """Returns what :meth:`grammar_over` derives as JSON Schema, Draft 2020-12."""

    def hold(self, raw: str, ground: Ground) -> ContractResult:
        """Parses ``raw`` and checks it against ``ground``."""


class ShapedContract(Protocol):
    """A contract whose grammars, budgets and schemas all follow from one shape."""

    __slots__ = ()
    name: str

    def shape(self, ground: Ground | None = None) -> Shape:
        """Returns the shape of every answer, or of those that can be true of ``ground``."""

    @property
    def max_bytes(self) -> int:
        """The longest answer the general grammar derives, in bytes."""
        return grammar_of(self.shape()).longest

    def max_bytes_over(self, ground: Ground) -> int:
        """Returns the longest answer that can be derived over ``ground``, in bytes."""
        return grammar_of(self.shape(ground)).longest

    def grammar(self) -> str:
        """Returns the bounded GBNF of every answer the contract may read."""
        return grammar_of(self.shape()).render()

    def grammar_over(self, ground: Ground) -> str:
        """Returns the narrower GBNF of the answers that can be true of ``ground``."""
        return grammar_of(self.shape(ground)).render()

    def schema(self, ground: Ground) -> dict[str, Any]:
        """Returns the answers that can be true of ``ground`` as JSON Schema."""
        return schema_of(self.shape(ground), self.name)


def grammar_hash(contract: OutputContract) -> ContentHash:
    """Returns the hash by which an envelope names the contract's grammar."""
    return hash_text(contract.grammar())


A = TypeVar(
    "A",
    ReasoningAnswer,
    EvaluationAnswer,
    PlanningAnswer,
    ClassificationAnswer,
    ExtractionAnswer,
    FreeformAnswer,
)


def held(
    name: str,
    model: type[A],
    raw: str,
    ground: Ground,
    checks: Callable[[A, Ground], tuple[CheckResult, ...]],
) -> ContractResult:
    """Returns what comes of reading ``raw`` as ``model`` and checking it against ``ground``.

    Args:
        name: the contract's name.
        model: what it reads.
        raw: what was answered.
        ground: what it is about.
        checks: the contract's own checks; they run only on what could be read.
    """
    try:
        answer: A = model.model_validate_json(raw)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the answer"
        return _unread(name, raw, f"{place[:MOST_SHOWN]}: {first['msg']}")
    if ambiguity := _ambiguity(raw):
        return _unread(name, raw, ambiguity)
    parsed = CheckResult("parses", passed=True)
    return ContractResult(name, answer, (parsed, *checks(answer, ground), *_truths(answer, ground)))


def _unread(name: str, raw: str, wrong: str) -> ContractResult:
    reason = f"The answer does not have the shape of its contract: {wrong}."
    found = raw[:MOST_SHOWN].encode(errors="replace").decode()
    return ContractResult(name, None, (CheckResult("parses", False, reason, "", found),))


def _ambiguity(raw: str) -> str:
    """Returns why two readers could read two answers; nothing if they could not.

    A field that stands twice has the value that its reader prefers, so it says nothing.
    """
    try:
        json.loads(raw, object_pairs_hook=_once, parse_int=str, parse_float=str)
    except ValueError as error:
        return str(error)
    return ""


def _once(pairs: list[tuple[str, object]]) -> None:
    seen = set()
    for key, _ in pairs:
        if key in seen:
            shown = key[:MOST_SHOWN].encode(errors="replace").decode() or "a field without a name"
            raise ValueError(f"{shown} stands twice")
        seen.add(key)


def verdict_on(name: str, wrong: list[str], reason: str, expected: str) -> CheckResult:
    """Returns a check that passes if nothing is ``wrong``, and otherwise tells what is."""
    if not wrong:
        return CheckResult(name, passed=True)
    found = ", ".join(wrong)
    shown = found if len(found) <= MOST_SHOWN else f"{found[:MOST_SHOWN]}…"
    return CheckResult(name, False, reason, expected, shown)


def _truths(answer: Answer, ground: Ground) -> tuple[CheckResult, ...]:
    return tuple(_truth(name, answer, ground) for name in ground.required_truths)


def _truth(name: str, answer: Answer, ground: Ground) -> CheckResult:
    check, evaluator = f"truth:{name}", ground.truths.get(name)
    if evaluator is None:
        return CheckResult(check, False, "nobody evaluates it", "an evaluator", "none")
    try:
        true = evaluator(answer, ground)
    except Exception as error:  # noqa: BLE001 - an evaluator may fail in any way
        found = type(error).__name__
        return CheckResult(check, False, "It could not be evaluated.", "an answer", found)
    if true is True:
        return CheckResult(check, passed=True)
    found = "false" if true is False else type(true).__name__
    return CheckResult(check, False, "It does not hold.", "true", found)
