"""Ten lines of rules, the baseline the model is held against.

They are what a programmer would write against the app's own layout. On it they are right by
construction, because that layout hands the comparison over ready made; the question they answer
is what remains of that when a line is set another way.
"""

from __future__ import annotations

import re

_LINE = re.compile(r"^([a-z]\d\d) \|.*\| (hard|soft) \| margin ([-+?])", re.MULTILINE)


def ten_rules(state: str, hold_at: int) -> tuple[str, dict[str, str]]:
    """Returns verdict and side of each thing that speaks against, read from the state layer."""
    lines = _LINE.findall(state)
    sides = {cite: "unknown" for cite, _, sign in lines if sign == "?"}
    sides |= {cite: "breach" for cite, weight, sign in lines if sign == "-" and weight == "hard"}
    sides |= {cite: "concern" for cite, weight, sign in lines if sign == "-" and weight == "soft"}
    if "breach" in sides.values():
        return "hold", sides
    if any(sign == "?" and weight == "hard" for _, weight, sign in lines):
        return "uncertain", sides
    if list(sides.values()).count("concern") >= hold_at:
        return "hold", sides
    return ("conditions" if sides else "proceed"), sides


_WORDS = re.compile(r"\b(hard|soft)\b.*?margin\W*(?:\w+ )?([-+?])|margin\W*(?:\w+ )?([-+?]).*?\b(hard|soft)\b")


def tolerant_rules(state: str, hold_at: int) -> tuple[str, dict[str, str]]:
    """The same over whatever layout: the first ``hard`` or ``soft`` and the sign at ``margin``."""
    rewritten = []
    for line in state.splitlines():
        if found := _WORDS.search(line):
            weight, sign = found[1] or found[4], found[2] or found[3]
            rewritten.append(f"{line[:3]} | | {weight} | margin {sign}")
    return ten_rules("\n".join(rewritten), hold_at)
