"""Words for people: checks, rules and times, the same in window and command line."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from converge_core.errors import LedgerCorrupt
from converge_core.trace import Cited
from converge_desktop.runtime.review_model import Segment, Text
from converge_desktop.runtime.unseen import Mark, pieces

CHECKS: Mapping[str, str] = {
    "parses": "the answer has the shape of its contract",
    "cites-exist": "everything it cites stands in the state",
    "no-own-numbers": "every number comes from the state",
    "sides-agree": "every fact is on the side its limit puts it",
    "nothing-left-out": "nothing that speaks against is left out",
    "conclusion-declared": "the conclusion is one the pack declares",
    "score-agrees": "the score points where the evidence points",
    "confidence-allowed": "the confidence is no higher than the evidence allows",
    "steps-answer": "every step answers something that speaks against",
    "verdict-declared": "the verdict is one the pack declares",
    "verdict-follows": "the verdict follows from the reasoning",
    "capabilities-declared": "every step is a declared capability",
    "steps-grounded": "every step is for a fact that exists",
    "hints-not-evidence": "nothing rests on a hint",
    "text-plain": "its words are plain letters and signs",
    "text-fits": "its words are no more than the contract allows",
    "says-something": "every text says more than what it cites",
    "weighed-once": "nothing is weighed twice",
    "nothing-unanswered": "everything that speaks against is answered by a step",
    "steps-differ": "no step is said twice",
    "uncertain-explained": "where it is uncertain it says what of",
    "contradictions-faced": "nothing is concluded from a state that contradicts itself",
    "categories-declared": "every category is declared",
    "categories-counted": "it is put into as many categories as it may be",
    "fields-declared": "every field was asked for",
    "required-found": "every required field is found in the state",
    "content-present": "the proposal says something",
    "confidence-in-range": "the confidence lies between 0 and 1",
    "ground-exists": "every fact it rests on exists",
    "within-scope": "it is about what the run is about",
    "uses-countable": "what it uses can be counted",
    "no-failing-test": "no release while a test fails",
    "coverage-floor": "no release under the coverage floor",
}

GRADES: Mapping[str, str] = {
    "byte-exact": "The same bytes come again, whatever was computed before; measured on this "
    "machine.",
    "envelope-exact": "The same bytes come again under the very same settings; measured on this "
    "machine.",
    "recorded-only": "What was asked and answered can be read; asked again, another answer may "
    "come.",
    "audit-only": "It was computed elsewhere; what was sent and what came back is on record, and "
    "no more.",
}
"""What each replay grade means."""

_BLANK = frozenset({Mark.INVISIBLE, Mark.DIRECTION, Mark.CONTROL, Mark.SPACE})
_LOOKED_AT = 10_000
"""So many characters of which none is seen are nothing, whatever follows."""
_CITE = re.compile(r'\{([a-z][0-9]{2})\}|"([a-z][0-9]{2})"')


def check_words(name: str) -> str:
    """Returns what a check makes sure of, in words."""
    truth = name.removeprefix("truth:")
    if truth != name:
        return f"required: {check_words(truth)}"
    return CHECKS.get(name, name.replace("-", " "))


def segments(text: str, cited: Sequence[Cited]) -> Text:
    """Splits ``text`` at its cites; each cite becomes what it stands for, with the fact's id."""
    shown = {one.cite: one for one in cited}
    pieces: list[Segment] = []
    end = 0
    for match in _CITE.finditer(text):
        one = shown.get(match[1] or match[2])
        if one is None:
            continue
        if match.start() > end:
            pieces.append(Segment(text[end : match.start()]))
        pieces.append(Segment(one.shown, one.fact))
        end = match.end()
    if end < len(text):
        pieces.append(Segment(text[end:]))
    return tuple(pieces)


def shows_something(text: str) -> bool:
    """Whether somebody who reads ``text`` sees anything of it; blanks of all kinds are nothing."""
    return any(one.mark not in _BLANK and one.text.strip() for one in pieces(text[:_LOOKED_AT]))


def is_text(value: str) -> bool:
    """Whether ``value`` can be written down; names of files in foreign encodings cannot."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def ledger_problem(place: Path, error: LedgerCorrupt | OSError) -> str:
    """Says that a ledger cannot be used, and what mends it."""
    match error:
        case LedgerCorrupt() if "newer" in error.reason:
            why, remedy = str(error), "Open it with the version that wrote it"
        case LedgerCorrupt() if "restore the files" in error.reason:
            why, remedy = str(error), "Do that"
        case LedgerCorrupt():
            why, remedy = str(error), "Restore it from a copy"
        case OSError():
            why, remedy = error.strerror or str(error), "Mend that"
    return (
        f"The ledger in {place} cannot be used: {why}. Nothing was changed. "
        f"{remedy}, or choose another place with --data-dir."
    )


def run_label(run_id: str) -> str:
    """Returns what a run is called: ``run 0192``."""
    return run_id.replace("-", " ")


def plural(count: int, one: str, many: str = "") -> str:
    """Returns ``count`` with its noun, such as ``2 cycles``."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def seconds(microseconds: int) -> str:
    """Returns a duration as ``1.9 s``."""
    return f"{microseconds / 1e6:.1f} s"


def fingerprint(public_key: str) -> str:
    """Returns the hash of a public key in groups of four, as people compare them aloud."""
    digest = hashlib.sha256(bytes.fromhex(public_key)).hexdigest()[:32]
    return " ".join(digest[at : at + 4] for at in range(0, len(digest), 4))
