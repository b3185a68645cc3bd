"""Output contracts: shape by grammar, meaning by check (seed: the article, "OutputContract").

A contract compiles to a GBNF grammar in which every derivation is finite, so that what a model
says always parses and ends within :attr:`OutputContract.max_bytes`. Over a given state it compiles
to a narrower one, in which no id can be invented and nothing that weighs be left out. Within an
answer what is cited comes before what is said of it, so that a small model looks first and judges
then. Whether it is *true to the state* is decided afterwards by checks with a name, a reason, and
what was expected and found.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Annotated, Protocol

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from converge_core.canonical import ContentHash, hash_text
from converge_core.prompt import CITE, Standing, StateEntry, StateLayer

MAX_TEXT_ITEMS = 80
"""Longest running text, in characters and cites together."""
MAX_REASONS = 12
MAX_PLAN_STEPS = 12
MAX_CITES = 4
EVEN = 500
"""The score, in thousandths, at which for and against balance."""

_TEXT_RULES = f"""\
text ::= item{{1,{MAX_TEXT_ITEMS}}}
item ::= [A-Za-z0-9 ,.;:'()%/-] | "{{" cite "}}"
cite ::= [a-z] [0-9] [0-9]
"""
_TEXT_BYTES = MAX_TEXT_ITEMS * 5
_WORD = "[A-Za-z ,.;:'()%/-]"
"""A character of running text over a state; digits come from the state, by id."""


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ReasoningStep(_Answer):
    """One thing that speaks for or against, citing what it rests on."""

    side: Standing
    text: Annotated[str, Field(min_length=1)]


UNCERTAIN = "uncertain"
"""The conclusion that says that none can be drawn; valid, and the end of the chain."""


class ReasoningAnswer(_Answer):
    """Steps, then the conclusion they lead to, which may be :data:`UNCERTAIN`."""

    steps: Annotated[tuple[ReasoningStep, ...], Field(min_length=1, max_length=MAX_REASONS)]
    conclusion: str


class EvaluationAnswer(_Answer):
    """How fit the state is, how sure the model is, and why. Both numbers lie in 0..1."""

    score: Annotated[Decimal, Field(ge=0, le=1, decimal_places=2)]
    confidence: Annotated[Decimal, Field(ge=0, le=1, decimal_places=2)]
    justification: Annotated[str, Field(min_length=1)]

    @property
    def score_thousandths(self) -> int:
        """The score in thousandths, the form in which it is recorded."""
        return int(self.score * 1000)

    @property
    def confidence_thousandths(self) -> int:
        """The confidence in thousandths, the form in which it is recorded."""
        return int(self.confidence * 1000)


class PlanStep(_Answer):
    """One step: a declared capability by its id, and the state entries it is for."""

    do: Annotated[str, Field(pattern=r"^[a-z][0-9]{2}$")]
    cites: Annotated[tuple[str, ...], Field(alias="for", min_length=1, max_length=MAX_CITES)]


class PlanningAnswer(_Answer):
    """A verdict and the ordered steps that answer what speaks against, if anything does."""

    verdict: str
    steps: Annotated[tuple[PlanStep, ...], Field(max_length=MAX_PLAN_STEPS)]


Answer = ReasoningAnswer | EvaluationAnswer | PlanningAnswer


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
        state: the entries that may be cited.
        verdicts: the verdicts the pack declares.
        capabilities: the ids of the capabilities the pack declares.
        concluded: the verdict an earlier step of the chain reached, if any.
    """

    state: StateLayer
    verdicts: tuple[str, ...]
    capabilities: frozenset[str] = frozenset()
    concluded: str | None = None


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
        """The contract's name and version."""

    @property
    def max_bytes(self) -> int:
        """The longest answer the grammar can derive, in bytes; no token is shorter than one."""

    def grammar(self) -> str:
        """Returns the bounded GBNF of every answer the contract may read."""

    def grammar_over(self, ground: Ground) -> str:
        """Returns the narrower GBNF of the answers that can be true of ``ground``."""

    def hold(self, raw: str, ground: Ground) -> ContractResult:
        """Parses ``raw`` and checks it against ``ground``."""


def grammar_hash(contract: OutputContract) -> ContentHash:
    """Returns the hash by which an envelope names the contract's grammar."""
    return hash_text(contract.grammar())


@dataclass(frozen=True, slots=True)
class ReasoningContract:
    """Steps that each cite the state, then a declared conclusion or an explicit "uncertain"."""

    verdicts: tuple[str, ...]
    name: str = field(default="reasoning:v1", init=False)

    @property
    def max_bytes(self) -> int:
        """The longest derivation, in bytes."""
        return MAX_REASONS * (_TEXT_BYTES + 32) + _longest((*self.verdicts, UNCERTAIN)) + 64

    def grammar(self) -> str:
        """Returns the bounded GBNF of the answer."""
        return (
            f'root ::= "{{\\"steps\\":[" step ("," step){{0,{MAX_REASONS - 1}}} '
            '"],\\"conclusion\\":\\"" verdict "\\"}"\n'
            'step ::= "{\\"text\\":\\"" text "\\",\\"side\\":\\"" side "\\"}"\n'
            f"side ::= {_either(tuple(Standing))}\n"
            f"verdict ::= {_either((*self.verdicts, UNCERTAIN))}\n" + _TEXT_RULES
        )

    def grammar_over(self, ground: Ground) -> str:
        """Returns the GBNF in which each thing that a limit binds is weighed once, in order."""
        weighed = [entry.cite for entry in ground.state.entries if entry.standing is not None]
        if not 0 < len(weighed) <= MAX_REASONS:
            return self.grammar()
        steps = ' "," '.join(
            f'"{{\\"text\\":\\"{{{cite}}}" said "\\",\\"side\\":\\"" side "\\"}}"'
            for cite in weighed
        )
        return (
            f'root ::= "{{\\"steps\\":[" {steps} "],\\"conclusion\\":\\"" verdict "\\"}}"\n'
            f"said ::= {_WORD}{{1,{MAX_TEXT_ITEMS - 1}}}\n"
            f"side ::= {_either(tuple(Standing))}\n"
            f"verdict ::= {_either((*self.verdicts, UNCERTAIN))}\n"
        )

    def hold(self, raw: str, ground: Ground) -> ContractResult:
        """Parses ``raw`` and checks it against ``ground``."""
        answer, parsed = _parse(ReasoningAnswer, raw)
        if not isinstance(answer, ReasoningAnswer):
            return ContractResult(self.name, None, (parsed,))
        texts = [step.text for step in answer.steps]
        declared = (*ground.verdicts, UNCERTAIN)
        return ContractResult(
            self.name,
            answer,
            (
                parsed,
                _each_cites(texts, ground),
                _no_own_numbers(texts),
                _sides_agree(answer, ground),
                _nothing_left_out(answer, ground),
                _declared("conclusion-declared", answer.conclusion, declared),
            ),
        )


@dataclass(frozen=True, slots=True)
class EvaluationContract:
    """A score and a confidence in 0..1 with a justification that cites the state."""

    name: str = field(default="evaluation:v1", init=False)

    @property
    def max_bytes(self) -> int:
        """The longest derivation, in bytes."""
        return _TEXT_BYTES + 80

    def grammar(self) -> str:
        """Returns the bounded GBNF of the answer."""
        return (
            'root ::= "{\\"justification\\":\\"" text "\\",\\"score\\":" unit '
            '",\\"confidence\\":" unit "}"\n'
            'unit ::= "1.00" | "0." [0-9] [0-9]\n' + _TEXT_RULES
        )

    def grammar_over(self, ground: Ground) -> str:
        """Returns the GBNF whose justification begins with a fact and cites the state's alone."""
        cites = tuple(entry.cite for entry in ground.state.entries)
        if not cites:
            return self.grammar()
        return (
            'root ::= "{\\"justification\\":\\"" cited ' + f"item{{1,{MAX_TEXT_ITEMS - 1}}} "
            '"\\",\\"score\\":" unit ",\\"confidence\\":" unit "}"\n'
            'unit ::= "1.00" | "0." [0-9] [0-9]\n'
            f"item ::= {_WORD} | cited\n"
            'cited ::= "{" cite "}"\n'
            f"cite ::= {_either(cites)}\n"
        )

    def hold(self, raw: str, ground: Ground) -> ContractResult:
        """Parses ``raw`` and checks it against ``ground``."""
        answer, parsed = _parse(EvaluationAnswer, raw)
        if not isinstance(answer, EvaluationAnswer):
            return ContractResult(self.name, None, (parsed,))
        texts = [answer.justification]
        return ContractResult(
            self.name,
            answer,
            (
                parsed,
                _each_cites(texts, ground),
                _no_own_numbers(texts),
                _score_agrees(answer, ground),
                _confidence_allowed(answer, ground),
            ),
        )


@dataclass(frozen=True, slots=True)
class PlanningContract:
    """A verdict that follows from the chain, and ordered steps of declared capabilities.

    Each step answers something that speaks against; how a plan closes is the pack's to say.
    """

    verdicts: tuple[str, ...]
    name: str = field(default="planning:v2", init=False)

    @property
    def max_bytes(self) -> int:
        """The longest derivation, in bytes."""
        return MAX_PLAN_STEPS * (6 * MAX_CITES + 24) + _longest(self.verdicts) + 64

    def grammar(self) -> str:
        """Returns the bounded GBNF of the answer."""
        return (
            'root ::= "{\\"verdict\\":\\"" verdict "\\",\\"steps\\":[" '
            f'(step ("," step){{0,{MAX_PLAN_STEPS - 1}}}){{0,1}} "]}}"\n'
            'step ::= "{\\"for\\":[" cites "],\\"do\\":\\"" cite "\\"}"\n'
            f'cites ::= quoted ("," quoted){{0,{MAX_CITES - 1}}}\n'
            'quoted ::= "\\"" cite "\\""\n'
            "cite ::= [a-z] [0-9] [0-9]\n"
            f"verdict ::= {_either(self.verdicts)}\n"
        )

    def grammar_over(self, ground: Ground) -> str:
        """Returns the GBNF of plans that answer just what speaks against, by declared means."""
        against = tuple(entry.cite for entry in _against(ground))
        if against and not ground.capabilities:
            return self.grammar()
        verdicts = (ground.concluded,) if ground.concluded in self.verdicts else self.verdicts
        rules = (
            f'step ::= "{{\\"for\\":[" cites "],\\"do\\":\\"" do "\\"}}"\n'
            f'cites ::= quoted ("," quoted){{0,{MAX_CITES - 1}}}\n'
            'quoted ::= "\\"" cite "\\""\n'
            f"cite ::= {_either(against)}\n"
            f"do ::= {_either(tuple(sorted(ground.capabilities)))}\n"
        )
        steps = f'step ("," step){{0,{min(len(against), MAX_PLAN_STEPS) - 1}}} ' if against else ""
        return (
            f'root ::= "{{\\"verdict\\":\\"" verdict "\\",\\"steps\\":[" {steps}"]}}"\n'
            f"verdict ::= {_either(verdicts)}\n" + (rules if against else "")
        )

    def hold(self, raw: str, ground: Ground) -> ContractResult:
        """Parses ``raw`` and checks it against ``ground``."""
        answer, parsed = _parse(PlanningAnswer, raw)
        if not isinstance(answer, PlanningAnswer):
            return ContractResult(self.name, None, (parsed,))
        cited = ["{" + cite + "}" for step in answer.steps for cite in step.cites]
        return ContractResult(
            self.name,
            answer,
            (
                parsed,
                _declared("verdict-declared", answer.verdict, ground.verdicts),
                _follows(answer, ground),
                _capabilities_declared(answer, ground),
                _cites_exist(cited, ground),
                _steps_answer(answer, ground),
            ),
        )


def cites_of(texts: list[str]) -> list[str]:
    """Returns the cite ids in ``texts``, in order, repeats included."""
    return [match for text in texts for match in CITE.findall(text)]


def _against(ground: Ground) -> list[StateEntry]:
    return [e for e in ground.state.entries if e.standing not in {None, Standing.SUPPORT}]


def _either(words: tuple[str, ...]) -> str:
    return " | ".join(f'"{word}"' for word in words)


def _longest(words: tuple[str, ...]) -> int:
    return max(len(word.encode()) for word in words)


def _parse(model: type[_Answer], raw: str) -> tuple[Answer | None, CheckResult]:
    try:
        answer = model.model_validate_json(raw)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the answer"
        reason = f"The answer does not have the shape of its contract: {place}: {first['msg']}."
        return None, CheckResult("parses", passed=False, reason=reason, found=raw[:200])
    return answer, CheckResult("parses", passed=True)  # type: ignore[return-value]


def _verdict(name: str, wrong: list[str], reason: str, expected: str) -> CheckResult:
    if not wrong:
        return CheckResult(name, passed=True)
    return CheckResult(name, False, reason, expected, ", ".join(wrong))


def _declared(name: str, verdict: str, declared: tuple[str, ...]) -> CheckResult:
    wrong = [] if verdict in declared else [verdict]
    return _verdict(name, wrong, "The verdict is not one the pack declares.", ", ".join(declared))


def _cites_exist(texts: list[str], ground: Ground) -> CheckResult:
    wrong = [cite for cite in cites_of(texts) if ground.state.entry(cite) is None]
    reason = "What is cited does not stand in the state."
    return _verdict("cites-exist", wrong, reason, "ids of the state layer")


def _each_cites(texts: list[str], ground: Ground) -> CheckResult:
    bare = [text for text in texts if not CITE.search(text)]
    if bare:
        reason = "A statement rests on nothing: it cites no fact."
        return CheckResult("cites-exist", False, reason, "at least one cite each", bare[0])
    return _cites_exist(texts, ground)


def _no_own_numbers(texts: list[str]) -> CheckResult:
    wrong = [text for text in texts if any(char.isdigit() for char in CITE.sub("", text))]
    reason = "The model wrote a number of its own; numbers come from the state, by id."
    return _verdict("no-own-numbers", wrong, reason, "cites instead of numbers")


def _sides_agree(answer: ReasoningAnswer, ground: Ground) -> CheckResult:
    wrong = []
    for step in answer.steps:
        for cite in cites_of([step.text]):
            entry = ground.state.entry(cite)
            if entry is not None and entry.standing is not step.side:
                wrong.append(f"{cite} as {step.side}")
    reason = "The model puts a fact on the wrong side."
    return _verdict("sides-agree", wrong, reason, "the standing computed from the limits")


def _nothing_left_out(answer: ReasoningAnswer, ground: Ground) -> CheckResult:
    said = set(cites_of([step.text for step in answer.steps]))
    against = [entry.cite for entry in _against(ground)]
    missing = [cite for cite in against if cite not in said]
    wrong = missing[: max(0, MAX_REASONS - (len(against) - len(missing)))]
    reason = "The reasoning leaves out something that speaks against."
    return _verdict("nothing-left-out", wrong, reason, "every breach, concern and unknown")


def _score_agrees(answer: EvaluationAnswer, ground: Ground) -> CheckResult:
    standings = {entry.standing for entry in ground.state.entries}
    high = answer.score_thousandths > EVEN
    low = answer.score_thousandths < EVEN
    against = standings & {Standing.BREACH, Standing.CONCERN, Standing.UNKNOWN}
    if Standing.BREACH in standings and not low:
        expected = "below 0.50, because a hard limit is broken"
    elif not against and not high:
        expected = "above 0.50, because nothing speaks against it"
    else:
        return CheckResult("score-agrees", passed=True)
    reason = "The score points the other way than the evidence."
    return CheckResult("score-agrees", False, reason, expected, str(answer.score))


def _confidence_allowed(answer: EvaluationAnswer, ground: Ground) -> CheckResult:
    unknown = sum(entry.standing is Standing.UNKNOWN for entry in ground.state.entries)
    ceiling = max(500, 950 - 150 * unknown)
    if answer.confidence_thousandths <= ceiling:
        return CheckResult("confidence-allowed", passed=True)
    reason = f"The confidence is higher than {unknown} unknown values allow."
    expected = f"at most {Decimal(ceiling) / 1000:.2f}"
    return CheckResult("confidence-allowed", False, reason, expected, str(answer.confidence))


def _follows(answer: PlanningAnswer, ground: Ground) -> CheckResult:
    if ground.concluded is None or answer.verdict == ground.concluded:
        return CheckResult("verdict-follows", passed=True)
    reason = "The plan's verdict is not the one the reasoning concluded."
    return CheckResult("verdict-follows", False, reason, ground.concluded, answer.verdict)


def _capabilities_declared(answer: PlanningAnswer, ground: Ground) -> CheckResult:
    wrong = [step.do for step in answer.steps if step.do not in ground.capabilities]
    reason = "The plan names a capability that the pack does not declare."
    expected = ", ".join(sorted(ground.capabilities))
    return _verdict("capabilities-declared", wrong, reason, expected)


def _steps_answer(answer: PlanningAnswer, ground: Ground) -> CheckResult:
    against = {entry.cite for entry in _against(ground)}
    wrong = [cite for step in answer.steps for cite in step.cites if cite not in against]
    reason = "The plan has a step for something that does not speak against."
    return _verdict("steps-answer", wrong, reason, "a breach, a concern or an unknown")
