"""Ten lines of rules, the baseline the model is held against.

They are what a programmer would write against the app's own layout. There they are right by
construction, because that layout hands the comparison over ready made; what the held-out states
ask is what remains of them when a line is set another way.
"""

from __future__ import annotations

import re

_LINE = re.compile(r"^([a-z]\d\d) \| (hard|soft) \| margin ([-+?])", re.MULTILINE)
_WEIGHT = re.compile(r"\b(hard|soft)\b")
_MARGIN = re.compile(r"\bmargin\b\W*?(?:[a-z]+ )?([-+?])")


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


def tolerant_rules(state: str, hold_at: int) -> tuple[str, dict[str, str]]:
    """The same over any layout: a line's first ``hard`` or ``soft``, and the sign at ``margin``."""
    found = ((line[:3], _WEIGHT.search(line), _MARGIN.search(line)) for line in state.splitlines())
    lines = [f"{cite} | | {w[1]} | margin {m[1]}" for cite, w, m in found if w and m]
    return ten_rules("\n".join(lines), hold_at)
