"""The cases of the stress suite: answers that must pass, and answers with one fault each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from converge_core.answers import MISSING, UNCERTAIN
from converge_core.canonical import canonical_text, parse
from converge_core.contract import Ground, OutputContract
from converge_core.contract_classification import ClassificationContract
from converge_core.contract_evaluation import EvaluationContract
from converge_core.contract_extraction import ExtractionContract
from converge_core.contract_freeform import FreeformContract
from converge_core.contract_planning import PlanningContract
from converge_core.contract_reasoning import ReasoningContract
from converge_core.contradiction import Condition, Contradiction, ValueRange
from converge_core.prompt import Standing, StateEntry, StateLayer


@dataclass(frozen=True, slots=True)
class Case:
    """An answer, and what must come of it.

    Attributes:
        name: what is tried.
        contract: the contract it is held against.
        ground: the state it is about.
        raw: the answer.
        fault: the check that must catch it; empty where it must pass.
    """

    name: str
    contract: OutputContract
    ground: Ground
    raw: str
    fault: str = ""

    def told_twice(self, field: str) -> Case:
        """Returns the case of the same answer with a field told once more at its end."""
        return replace(self, raw=f'{self.raw[:-1]},"{field}":{_value(self.raw, field)}}}')


def _value(raw: str, field: str) -> str:
    return canonical_text(parse(raw)[field])


VERDICTS = ("proceed", "conditions", "hold")


def _ground(*standings: Standing | None, hint: str = "") -> Ground:
    entries = [
        StateEntry(f"s{number:02d}", f"fact {number}", ("a line",), "a value", standing)
        for number, standing in enumerate(standings, 1)
    ]
    if hint:
        entries.append(StateEntry(hint, "an old fact", ("a line",), "a value", hint=True))
    return Ground(StateLayer(tuple(entries)), VERDICTS, frozenset({"c01", "c02"}))


_MIXED = _ground(
    Standing.BREACH, Standing.CONCERN, Standing.UNKNOWN, Standing.SUPPORT, None, hint="r01"
)
_FINE = _ground(Standing.SUPPORT, Standing.SUPPORT, hint="r01")
_CONCERN = _ground(Standing.CONCERN, Standing.SUPPORT)
_TORN = replace(
    _CONCERN,
    contradictions=(
        Contradiction(
            "failing modules without a failure",
            Condition("tests.failed", Decimal(0), at_least=False),
            Condition("tests.failing_modules", Decimal(1), at_least=True),
            "No module fails where no test does.",
        ),
        ValueRange("coverage.line", Decimal(0), Decimal(100)),
    ),
)
_ALONE = _ground(Standing.CONCERN, None)
_BLIND = replace(
    _CONCERN,
    state=StateLayer(
        (
            StateEntry("s01", "fact", ("a line",), "a value", Standing.UNKNOWN, binding=True),
            StateEntry("s02", "fact", ("a line",), "a value", Standing.SUPPORT),
        )
    ),
)
_BOTH = "{s01} is against and {s02} for it"
_UNPROVEN = replace(_FINE, required_truths=("reviewed",))
_DISPROVEN = replace(_UNPROVEN, truths={"reviewed": lambda _answer, _ground: False})
_PROVEN = replace(_UNPROVEN, truths={"reviewed": lambda _answer, _ground: True})
_HELD = replace(_MIXED, concluded="hold")


def _reasoning(
    name: str, fault: str, ground: Ground, conclusion: str, *steps: tuple[str, str]
) -> Case:
    told = [{"text": text, "side": side} for text, side in steps]
    raw = canonical_text({"steps": told, "conclusion": conclusion})
    return Case(name, ReasoningContract(VERDICTS), ground, raw, fault)


def _evaluation(
    name: str,
    fault: str,
    ground: Ground,
    numbers: tuple[str, str],
    words: str = "{s01} is decisive",
) -> Case:
    score, sure = numbers
    told = f'"score":{score},"confidence":{sure}'
    raw = f'{{"justification":{canonical_text(words)},{told}}}'
    return Case(name, EvaluationContract(), ground, raw, fault)


def _planning(
    name: str, fault: str, ground: Ground, verdict: str, *steps: tuple[str, list[str]]
) -> Case:
    told = [{"do": do, "for": cites} for do, cites in steps]
    raw = canonical_text({"verdict": verdict, "steps": told})
    return Case(name, PlanningContract(VERDICTS), ground, raw, fault)


def _sorted(
    name: str,
    fault: str,
    labels: list[str],
    *,
    words: str = "{s01} tells it",
    sure: str = "0.60",
    several: bool = False,
) -> Case:
    told = f'"labels":{canonical_text(labels)},"confidence":{sure}'
    raw = f'{{"justification":{canonical_text(words)},{told}}}'
    contract = ClassificationContract(("bug", "wish", "question"), several)
    return Case(name, contract, _MIXED, raw, fault)


def _extraction(name: str, fault: str, **values: str) -> Case:
    contract = ExtractionContract(("price", "date"), ("note",))
    return Case(name, contract, _MIXED, canonical_text({"values": values}), fault)


def _freeform(name: str, fault: str, text: str) -> Case:
    return Case(name, FreeformContract(60), _MIXED, canonical_text({"text": text}), fault)


_PLAN = (("c01", ["s01"]), ("c01", ["s02"]), ("c01", ["s03"]))
_MEANLESS = replace(_MIXED, capabilities=frozenset())
_BREACH = ("{s01} breaks a hard limit", "breach")
_SOFT = ("{s02} is outside its limit", "concern")
_OPEN = ("{s03} is not known", "unknown")
_INSIDE = ("{s04} is inside its limit", "support")
_AGAINST = (_BREACH, _SOFT, _OPEN)
_FINE_STEPS = (("{s01} is inside", "support"), ("{s02} is inside", "support"))
_DENIED = ("{s01} is inside, nothing is missing", "support")
_SETTLED = ("{s01} is inside and there is no conflict", "support")
_DOUBTED = ("{s01} has no fault, but {s02} cannot be so", "support")
_SILENT = (("{s01} is outside", "concern"), ("{s02} is inside", "support"))
_TORN_STEPS = (("{s01} is outside", "concern"), ("{s02} contradicts it", "support"))

CASES: tuple[Case, ...] = (
    _reasoning("a sound reasoning", "", _MIXED, "hold", *_AGAINST, _INSIDE),
    _reasoning("supports left out", "", _MIXED, "hold", *_AGAINST),
    _reasoning("all for it", "", _FINE, "proceed", *_FINE_STEPS),
    _reasoning("uncertain with a reason", "", _MIXED, UNCERTAIN, *_AGAINST),
    _reasoning("uncertain before a contradiction", "", _TORN, UNCERTAIN, *_TORN_STEPS),
    _reasoning("a required truth that holds", "", _PROVEN, "proceed", *_FINE_STEPS),
    _reasoning("no step at all", "parses", _FINE, "proceed"),
    _reasoning("a side that there is not", "parses", _FINE, "proceed", ("{s01} is", "good")),
    _reasoning("an empty statement", "parses", _FINE, "proceed", ("", "support")),
    _reasoning("a bare claim", "cites-exist", _FINE, "proceed", ("it feels right", "support")),
    _reasoning("an invented fact", "cites-exist", _FINE, "proceed", ("{s77} is up", "support")),
    _reasoning("a hint as evidence", "hints-not-evidence", _FINE, "proceed", ("{r01}", "support")),
    _reasoning("an invented metric", "no-own-numbers", _FINE, "proceed", ("{s01} 98", "support")),
    _reasoning("a fraction sign", "no-own-numbers", _FINE, "proceed", ("{s01} ½", "support")),
    _reasoning("a reversed text", "text-plain", _FINE, "proceed", ("{s01} \u202eno", "support")),
    _reasoning("endless words", "text-fits", _FINE, "proceed", ("{s01} " + "so " * 99, "support")),
    _reasoning(
        "a number in words", "no-own-numbers", _FINE, "proceed", ("{s01} is ninety", "support")
    ),
    _reasoning("a cite alone", "says-something", _FINE, "proceed", ("{s01}", "support")),
    _reasoning("padding", "says-something", _FINE, "proceed", ("{s01} so so so", "support")),
    _reasoning("a support twice", "weighed-once", _FINE, "proceed", *_FINE_STEPS, _FINE_STEPS[0]),
    _reasoning("a breach as support", "sides-agree", _MIXED, "hold", ("{s01}", "support")),
    _reasoning("a breach left out", "nothing-left-out", _MIXED, "hold", _SOFT, _OPEN, _INSIDE),
    _reasoning("another verdict", "conclusion-declared", _FINE, "ship it", *_FINE_STEPS),
    _reasoning("uncertain for nothing", "uncertain-explained", _FINE, UNCERTAIN, *_FINE_STEPS),
    _reasoning("uncertain since nothing is", "uncertain-explained", _FINE, UNCERTAIN, _DENIED),
    _reasoning("uncertain without conflict", "uncertain-explained", _FINE, UNCERTAIN, _SETTLED),
    _reasoning("uncertain by its words", "", _FINE, UNCERTAIN, _DOUBTED),
    _reasoning("uncertain before a silent contradiction", "", _TORN, UNCERTAIN, *_SILENT),
    _reasoning("a field twice", "parses", _FINE, "proceed", *_FINE_STEPS).told_twice("conclusion"),
    _reasoning("blind to a conflict", "contradictions-faced", _TORN, "proceed", *_TORN_STEPS),
    _reasoning("nobody evaluates it", "truth:reviewed", _UNPROVEN, "proceed", *_FINE_STEPS),
    _reasoning("a truth that is none", "truth:reviewed", _DISPROVEN, "proceed", *_FINE_STEPS),
    _evaluation("low for a breach", "", _MIXED, ("0.10", "0.80")),
    _evaluation("high for supports", "", _FINE, ("0.90", "0.95")),
    _evaluation("high in spite of a concern", "", _CONCERN, ("0.70", "0.95"), _BOTH),
    _evaluation("high with a concern alone", "", _ALONE, ("0.70", "0.95")),
    _evaluation("even over what is unknown and hard", "", _BLIND, ("0.50", "0.80"), _BOTH),
    _evaluation("low for a concern", "", _CONCERN, ("0.30", "0.95")),
    _evaluation("unsure before a contradiction", "", _TORN, ("0.50", "0.65")),
    _evaluation("a score above one", "parses", _FINE, ("1.01", "0.50")),
    _evaluation("a confidence below none", "parses", _FINE, ("0.90", "-0.10")),
    _evaluation("no number", "parses", _FINE, ("NaN", "0.50")),
    _evaluation("a number in quotes", "parses", _FINE, ('"0.90"', "0.50")),
    _evaluation("no number but true", "parses", _FINE, ("0.90", "true")),
    _evaluation("two scores", "parses", _FINE, ('0.10,"score":0.90', "0.50")),
    _evaluation("three places", "parses", _FINE, ("0.905", "0.50")),
    _evaluation("filler", "cites-exist", _FINE, ("0.90", "0.50"), "all in all it looks good"),
    _evaluation("a ghost", "cites-exist", _FINE, ("0.90", "0.50"), "{s99} is so"),
    _evaluation("a memory", "hints-not-evidence", _FINE, ("0.90", "0.50"), "{r01} was so"),
    _evaluation("its own figure", "no-own-numbers", _FINE, ("0.90", "0.50"), "{s01} is at 99"),
    _evaluation("in words", "no-own-numbers", _FINE, ("0.90", "0.50"), "{s01} at two thirds"),
    _evaluation("in numerals", "no-own-numbers", _FINE, ("0.90", "0.50"), "{s01} is at XCIX"),
    _evaluation("the first one", "", _FINE, ("0.90", "0.50"), "{s01} is the first one inside"),
    _evaluation("no width", "text-plain", _FINE, ("0.90", "0.50"), "{s01} is\u200b so"),
    _evaluation("a sermon", "text-fits", _FINE, ("0.90", "0.50"), "{s01} " + "is so " * 20),
    _evaluation("nothing said", "says-something", _FINE, ("0.90", "0.50"), "{s01} {s02}"),
    _evaluation("high over a breach", "score-agrees", _MIXED, ("0.90", "0.50")),
    _evaluation("low without a reason", "score-agrees", _FINE, ("0.10", "0.50")),
    _evaluation("high by a concern", "score-agrees", _CONCERN, ("0.70", "0.50")),
    _evaluation("nearly whole over a concern", "score-agrees", _CONCERN, ("0.90", "0.50"), _BOTH),
    _evaluation("whole over a concern alone", "score-agrees", _ALONE, ("1.00", "0.50")),
    _evaluation("high and blind", "score-agrees", _BLIND, ("0.51", "0.50"), _BOTH),
    _evaluation("low by supports", "score-agrees", _CONCERN, ("0.10", "0.50"), "{s02} is inside"),
    _evaluation("too sure", "confidence-allowed", _MIXED, ("0.10", "0.81")),
    _evaluation("surer than sure", "confidence-allowed", _FINE, ("0.90", "0.96")),
    _evaluation("sure of a contradiction", "confidence-allowed", _TORN, ("0.50", "0.66")),
    _planning("a sound plan", "", _HELD, "hold", ("c01", ["s01", "s02"]), ("c02", ["s03"])),
    _planning("two means for the same", "", _MIXED, "hold", *_PLAN, ("c02", ["s01"])),
    _planning("a step for nothing told twice", "parses", _FINE, "proceed").told_twice("steps"),
    _planning("no step over a breach", "nothing-unanswered", _MIXED, "hold"),
    _planning("an unknown unanswered", "nothing-unanswered", _MIXED, "hold", *_PLAN[:-1]),
    _planning("a step said twice", "steps-differ", _MIXED, "hold", *_PLAN, _PLAN[0]),
    _planning("a step for the same twice", "steps-differ", _CONCERN, "hold", ("c01", ["s01"] * 2)),
    _planning("nothing to answer", "", _FINE, "proceed"),
    _planning("a choice of its own", "", _MIXED, "hold", *_PLAN),
    _planning("no means for it", "", _MEANLESS, "hold"),
    _planning("a step for nothing", "parses", _MIXED, "hold", ("c01", [])),
    _planning("a capability in words", "parses", _MIXED, "hold", ("rm -rf", ["s01"])),
    _planning("no verdict of the pack", "verdict-declared", _MIXED, "ship it"),
    _planning("against the reasoning", "verdict-follows", _HELD, "proceed", ("c01", ["s01"])),
    _planning("an invented means", "capabilities-declared", _MIXED, "hold", ("c09", ["s01"])),
    _planning("a step for a ghost", "cites-exist", _MIXED, "hold", ("c01", ["s99"])),
    _planning("a step for a hint", "hints-not-evidence", _MIXED, "hold", ("c01", ["r01"])),
    _planning("a step for what is fine", "steps-answer", _MIXED, "hold", ("c01", ["s04"])),
    _sorted("one category", "", ["bug"]),
    _sorted("several categories", "", ["bug", "wish"], several=True),
    _sorted("no category", "parses", []),
    _sorted("an undeclared category", "categories-declared", ["spam"]),
    _sorted("two where one may be", "categories-counted", ["bug", "wish"]),
    _sorted("the same twice", "categories-counted", ["bug", "bug"], several=True),
    _sorted("a category for no reason", "cites-exist", ["bug"], words="it is one"),
    _sorted("a category by memory", "hints-not-evidence", ["bug"], words="{r01} was one"),
    _sorted("a category by figure", "no-own-numbers", ["bug"], words="{s01} has 7 of them"),
    _sorted("a category in words", "no-own-numbers", ["bug"], words="{s01} has a dozen of it"),
    _sorted("a category in disguise", "text-plain", ["bug"], words="{s01} <b>is</b> one"),
    _sorted("a category at length", "text-fits", ["bug"], words="{s01} tells " + "it " * 40),
    _sorted("a category unexplained", "says-something", ["bug"], words="{s01}"),
    _sorted("too sure of a category", "confidence-allowed", ["bug"], sure="0.90"),
    _extraction("every field by id", "", price="s01", date="s02", note="s03"),
    _extraction("an optional field missing", "", price="s01", date="s02", note=MISSING),
    _extraction("an optional field left out", "", price="s01", date="s02"),
    _extraction("values twice", "parses", price="s01", date="s02").told_twice("values"),
    _extraction("a value made up", "parses", price="about ten", date="s02"),
    _extraction("a field nobody asked for", "fields-declared", price="s01", date="s02", tax="s03"),
    _extraction("a required field missing", "required-found", price=MISSING, date="s02"),
    _extraction("a required field left out", "required-found", price="s01"),
    _extraction("a value from nowhere", "cites-exist", price="s01", date="s88"),
    _extraction("a value from memory", "hints-not-evidence", price="s01", date="r01"),
    _freeform("words with a cite", "", "we wait, because {s01} is open"),
    _freeform("words alone", "", "we wait."),
    _freeform("no words", "parses", ""),
    _freeform("words on a ghost", "cites-exist", "because of {s70}"),
    _freeform("words on a memory", "hints-not-evidence", "because of {r01}"),
    _freeform("a value alone", "", "{s01}"),
    _freeform("blanks alone", "says-something", "   "),
    _freeform("signs alone", "says-something", "... -"),
    _freeform("words with a number", "no-own-numbers", "we wait three days"),
    _freeform("words with a figure", "no-own-numbers", "we wait 3 days"),
    _freeform("words in a look-alike", "text-plain", "we w\u0430it"),
    _freeform("too many words", "text-fits", "we wait " * 8),
)
