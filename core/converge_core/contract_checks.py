"""The checks that several contracts share, and what of a state counts as evidence.

Each is a pure function of answer and ground, and says by name what it makes sure of. A check of
one contract alone stands beside that contract.
"""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal

from converge_core.answer_schema import MAX_TEXT_ITEMS, plain_sign
from converge_core.answers import Answer, cites_in, confidence_of, texts_of
from converge_core.contract import CheckResult, Ground, verdict_on
from converge_core.prompt import CITE, Standing, StateEntry

SUREST = 950
"""The highest confidence, in thousandths, that any evidence allows."""
PER_UNKNOWN = 150
"""How much less each unknown value allows, down to :data:`EVEN`."""
PER_CONTRADICTION = 150
"""How much less still each contradiction allows, down to :data:`LEAST_SURE`."""
EVEN = 500
"""The score, in thousandths, at which for and against balance."""
LEAST_SURE = 200

_NUMBER_WORDS = (
    "zero|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|"
    "sixteen|seventeen|eighteen|nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|"
    "hundreds?|thousands?|millions?|billions?|dozens?|half|halves|thirds|quarters?"
)
_IN_WORDS = re.compile(
    rf"\b(?:{_NUMBER_WORDS})\b"
    r"|\bone[ -]+(?:third\b|per ?cent\b|%)"  # alone, "one" is a pronoun
    r"|\ba[ -]third\b(?! +(?!of\b)\w)",  # "a third check" counts on, "a third of it" measures
    re.IGNORECASE,
)
"""Numbers in English words; "first" and "second" only tell an order."""
_ROMAN = re.compile(
    r"\b(?!(?:CI|CD)\b)(?=[IVXLCDM]{2,}\b)"
    r"(?:[IVX]+|M*(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3}))(?<=\w)\b"
)
"""Roman numerals; CI and CD stand for what builds and ships far more often than for numbers."""


# What counts.


def evidence(ground: Ground) -> list[StateEntry]:
    """Returns the entries that an answer may rest on: all but the hints."""
    hints = {entry.cite for entry in ground.state.entries if entry.hint}
    return [entry for entry in ground.state.entries if entry.cite not in hints]


def citable(ground: Ground) -> tuple[str, ...]:
    """Returns the ids that an answer may cite."""
    return tuple(entry.cite for entry in evidence(ground))


def citable_if_hinted(ground: Ground | None) -> tuple[str, ...] | None:
    """Returns the ids that may be cited where hints forbid some of them; None if none does."""
    hinted = ground is not None and any(entry.hint for entry in ground.state.entries)
    return citable(ground) if ground is not None and hinted else None


def against(ground: Ground) -> list[StateEntry]:
    """Returns the evidence that speaks against: breaches, concerns and unknowns."""
    return [entry for entry in evidence(ground) if entry.standing not in {None, Standing.SUPPORT}]


# What is cited.


def cites_exist(answer: Answer, ground: Ground) -> CheckResult:
    """Checks that all that is cited stands in the state."""
    wrong = [cite for cite in cites_in(answer) if ground.state.entry(cite) is None]
    reason = "What is cited does not stand in the state."
    return verdict_on("cites-exist", wrong, reason, "ids of the state layer")


def each_cites(answer: Answer, ground: Ground) -> CheckResult:
    """Checks that each text cites something, and that what it cites stands in the state."""
    bare = [text for text in texts_of(answer) if not CITE.search(text)]
    if bare:
        reason = "A statement rests on nothing: it cites no fact."
        return verdict_on("cites-exist", bare[:1], reason, "at least one cite each")
    return cites_exist(answer, ground)


def hints_not_evidence(answer: Answer, ground: Ground) -> CheckResult:
    """Checks that nothing rests on what was merely recalled."""
    hints = {entry.cite for entry in ground.state.entries if entry.hint}
    wrong = [cite for cite in cites_in(answer) if cite in hints]
    reason = "The answer rests on a hint; what was recalled is no evidence of how it is now."
    return verdict_on("hints-not-evidence", wrong, reason, "facts of the state layer")


# What is said.


def said_rightly(answer: Answer) -> tuple[CheckResult, CheckResult, CheckResult]:
    """Checks the running texts: no number of the model's own, plain signs, and not too long."""
    texts = texts_of(answer)
    return _no_own_numbers(texts), _plain(texts), fits(texts, MAX_TEXT_ITEMS)


def fits(texts: list[str], most: int) -> CheckResult:
    """Checks that no text is longer than ``most`` characters, a cite counted as one."""
    lengths = [len(CITE.sub("x", text)) for text in texts]
    wrong = [f"{length} characters" for length in lengths if length > most]
    reason = "A text is longer than the contract allows."
    return verdict_on("text-fits", wrong, reason, f"at most {most} characters, a cite as one")


def says_something(answer: Answer) -> CheckResult:
    """Checks that a justification is more than the ids it cites: two different words at least."""
    wrong = [text for text in texts_of(answer) if len(_words(text)) <= 1]
    reason = "The justification justifies nothing: it says no more than what it cites."
    return verdict_on("says-something", wrong, reason, "at least two different words")


def not_blank(answer: Answer) -> CheckResult:
    """Checks that each text holds a letter or a cite, and not blanks and signs alone."""
    wrong = [
        repr(text)
        for text in texts_of(answer)
        if not CITE.search(text) and not any(char.isalnum() for char in text)
    ]
    reason = "The text says nothing: it holds no word."
    return verdict_on("says-something", wrong, reason, "at least one word")


def _words(text: str) -> set[str]:
    """Returns the different words of a text, its cites apart."""
    letters = "".join(char if char.isalpha() else " " for char in CITE.sub(" ", text))
    return {word.lower() for word in letters.split() if len(word) > 1}


def _no_own_numbers(texts: list[str]) -> CheckResult:
    wrong = [text for text in texts if _has_number(text)]
    reason = "The model wrote a number of its own; numbers come from the state, by id."
    return verdict_on("no-own-numbers", wrong, reason, "cites instead of numbers")


def _has_number(text: str) -> bool:
    """Whether a text holds a number in digits or in words, its cites left out or set apart."""
    if any(_counts(char) for char in CITE.sub("", text)):
        return True
    readings = (CITE.sub("", text), CITE.sub(" ", text))
    return any(_IN_WORDS.search(one) or _ROMAN.search(one) for one in readings)


def _counts(char: str) -> bool:
    """Whether a character is a digit, a fraction or a numeral in any script."""
    return unicodedata.category(char)[0] == "N"


def _plain(texts: list[str]) -> CheckResult:
    odd = {char for text in texts for char in CITE.sub("", text) if not plain_sign(char)}
    wrong = [f"U+{ord(char):04X}" for char in sorted(odd)]
    reason = "A text holds a character that could show people something else than what it says."
    return verdict_on("text-plain", wrong, reason, "letters, digits and common signs, and cites")


# How sure it may be.


def confidence_ceiling(ground: Ground) -> int:
    """Returns the highest confidence that the evidence allows, in thousandths."""
    unknown = sum(entry.standing is Standing.UNKNOWN for entry in evidence(ground))
    known = max(EVEN, SUREST - PER_UNKNOWN * unknown)
    return max(LEAST_SURE, known - PER_CONTRADICTION * len(ground.contradictions))


def confidence_allowed(answer: Answer, ground: Ground) -> CheckResult:
    """Checks that an answer is no surer than unknown values and contradictions allow."""
    ceiling, confidence = confidence_ceiling(ground), confidence_of(answer)
    if confidence is None or confidence <= ceiling:
        return CheckResult("confidence-allowed", passed=True)
    unknown = sum(entry.standing is Standing.UNKNOWN for entry in evidence(ground))
    weighed = f"{unknown} unknown values"
    if ground.contradictions:
        weighed += f" and {len(ground.contradictions)} contradictions"
    return CheckResult(
        "confidence-allowed",
        False,
        f"The confidence is higher than {weighed} allow.",
        f"at most {_unit(ceiling)}",
        _unit(confidence),
    )


def _unit(thousandths: int) -> str:
    return f"{Decimal(thousandths) / 1000:.2f}"
