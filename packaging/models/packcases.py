"""Cases over the real pack: its own limits and remedies, the app's layout, random readings."""

from __future__ import annotations

import tomllib
from decimal import Decimal
from random import Random

from generate import PACK, Case
from layout import APP

from converge_core.chain import capability_ids
from converge_core.limits import Limit, Quantity, Weight
from converge_core.prompt import StateEntry

LABELS = {
    "tests.failed": ("failed tests", ""),
    "coverage.line": ("line coverage", "%"),
    "tests.skipped_share": ("skipped tests", "%"),
    "tests.slowest": ("slowest test", "s"),
    "modules.changed_and_failing": ("modules changed and failing", ""),
    "history.churn": ("lines changed since the tag", ""),
    "history.days_since_tag": ("days since the last tag", "days"),
}
"""Labels and units of the pack's metrics; none of the labels occurs in training."""

NOTES = (
    ("tests in total", "412"),
    ("branch coverage", "58.3 %"),
    ("coverage trend", "-2.4 %"),
    ("last tag", "v1.9.2"),
    ("commits since the tag", "88"),
    ("authors", "5"),
    ("release branch", "main"),
    ("suite duration", "61.30 s"),
    ("hard failures last week", "-"),
)
"""Lines without a limit."""


def make_pack_case(seed: int) -> Case:
    """Returns a case over the release-readiness pack; half the readings lie at their limit."""
    rng = Random(f"pack:{seed}")
    pack = tomllib.loads((PACK / "pack.toml").read_text("utf-8"))
    limits = rng.sample(pack["limit"], rng.randint(4, len(pack["limit"])))
    notes = rng.sample(NOTES, rng.randint(0, 5))
    lines: list[tuple[str, str, Quantity | None, Limit | None]] = []
    calm = rng.random() < 0.6
    for table in limits:
        limit = _limit(table)
        label, unit = LABELS[limit.metric]
        shown = label if rng.random() < 0.8 else limit.metric
        lines.append((shown, "", _reading(rng, limit, unit, calm=calm), limit))
    lines += [(label, value, None, None) for label, value in notes]
    rng.shuffle(lines)
    lines.sort(key=lambda line: line[3] is None)
    entries, remedies = [], {}
    ids = capability_ids(tuple(pack["capabilities"]))
    for number, (label, value, quantity, limit) in enumerate(lines, 1):
        cite = f"s{number:02d}"
        if quantity is None or limit is None:
            entries.append(StateEntry(cite, cite, ("info", label, value), f"{label} {value}"))
            continue
        remedies[cite] = ids[limit.remedy]
        fields = (
            *APP.head(quantity, limit),
            *APP.fields(label, quantity, limit).values(),
        )
        shown, binding = f"{label} {quantity}", limit.weight is Weight.HARD
        entries.append(StateEntry(cite, cite, fields, shown, limit.standing(quantity), binding))
    return Case(
        category="pack",
        entries=tuple(entries),
        remedies=remedies,
        hold_at=rng.randint(2, 4),
        capabilities=tuple(pack["capabilities"]),
        policy=f"release-readiness {rng.randint(1, 9)}",
        question=f"is {_version(rng)} fit to be released",
    )


def _version(rng: Random) -> str:
    return f"{rng.randint(0, 9)}.{rng.randint(0, 30)}.{rng.randint(0, 9)}"


def _limit(table: dict[str, str]) -> Limit:
    at_least = "at_least" in table
    return Limit(
        metric=table["metric"],
        bound=Decimal(table["at_least" if at_least else "at_most"]),
        at_least=at_least,
        weight=Weight(table["weight"]),
        remedy=table["remedy"],
        name=table.get("name", table["metric"]),
    )


def _reading(rng: Random, limit: Limit, unit: str, *, calm: bool) -> Quantity:
    places = -int(limit.bound.as_tuple().exponent)
    bound = int(limit.bound.scaleb(places))
    if rng.random() < (0.06 if calm else 0.2):
        return Quantity(None, places, unit)
    inward = 1 if limit.at_least else -1
    if calm and rng.random() < 0.8:
        return Quantity(max(0, bound + inward * rng.choice((0, 1, 1, 20))), places, unit)
    if rng.random() < 0.5:
        return Quantity(max(0, bound + rng.choice((-1, 0, 1))), places, unit)
    ceiling = 100 * 10**places if unit == "%" else max(10, 2 * bound)
    return Quantity(rng.randint(0, ceiling), places, unit)
