"""What a run is about: the bounds of its scope, and whether a proposal stays within them.

Source: vocabulary 1.2, ``Scope`` and ``ScopeConstraint``; there ``Scope.allows`` always says yes
(upstream-gaps D14), here it is a check of the gate.

A proposal says what it is about under ``structured["scope"]``, an object of names and values:
``{"geography": "SE", "time": [start, end]}``. The rule, in full:

* a name the run does not bound is refused, so that a slip of the pen passes nothing;
* a name may be bounded more than once (SE, NO): each value has to lie within one of the bounds;
* a value is a text or a list of texts, compared to the letter: nobody here knows that SE lies in
  Europe; under ``time`` it is a moment, or a pair of them, in microseconds since 1970 UTC;
* a name about which a proposal is silent it takes over from the run: every fact of a run about
  Sweden is about Sweden unless it says otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from converge_core.record import Record

DECLARED = "scope"
"""The name under which a proposal's structured content says what it is about."""


class Bound(Record, frozen=True, tag_field="type"):
    """The base of all bounds: one value that lies within, of what goes by ``name``."""

    @property
    def name(self) -> str:
        """What proposals call it."""
        raise NotImplementedError

    def holds(self, value: object) -> bool:
        """Says whether ``value`` lies within."""
        raise NotImplementedError

    def words(self) -> str:
        """Returns what lies within, for a person."""
        raise NotImplementedError


class _Text(Bound, frozen=True):
    """A bound that is one text."""

    value: str

    def holds(self, value: object) -> bool:
        """Says whether ``value`` lies within."""
        return type(value) is str and value == self.value

    def words(self) -> str:
        """Returns what lies within, for a person."""
        return self.value


class Market(_Text, frozen=True, tag="Market"):
    """A market, such as ``B2B SaaS``."""

    @property
    def name(self) -> str:
        """What proposals call it."""
        return "market"


class Geography(_Text, frozen=True, tag="Geography"):
    """A place, such as ``SE``."""

    @property
    def name(self) -> str:
        """What proposals call it."""
        return "geography"


class Product(_Text, frozen=True, tag="Product"):
    """A product, or a version of one."""

    @property
    def name(self) -> str:
        """What proposals call it."""
        return "product"


class CustomerSegment(_Text, frozen=True, tag="CustomerSegment"):
    """Some of the customers."""

    @property
    def name(self) -> str:
        """What proposals call it."""
        return "customer_segment"


class Custom(_Text, frozen=True, tag="Custom"):
    """Anything else that has a name; ``key`` is that name."""

    key: str

    @property
    def name(self) -> str:
        """What proposals call it."""
        return self.key


class TimeWindow(Bound, frozen=True, tag="TimeWindow"):
    """A stretch of time.

    Attributes:
        start: its first moment, in microseconds since 1970 UTC; None for no beginning.
        end: the first moment after it, likewise; None for no end.
        description: what people call it, such as ``the fourth quarter``.
    """

    start: int | None = None
    end: int | None = None
    description: str = ""

    @property
    def name(self) -> str:
        """What proposals call it."""
        return "time"

    def holds(self, value: object) -> bool:
        """Says whether a moment, or a pair of first and last moment, lies within."""
        moments: list[Any] = list(value) if isinstance(value, (list, tuple)) else [value]
        if not moments or any(type(moment) is not int for moment in moments):
            return False
        first, last = moments[0], moments[-1]
        after_start = self.start is None or self.start <= first
        return first <= last and after_start and (self.end is None or last < self.end)

    def words(self) -> str:
        """Returns what lies within, for a person."""
        start = "the beginning" if self.start is None else self.start
        end = "the end" if self.end is None else self.end
        return self.description or f"{start} to {end}"


TextBound = Market | Geography | Product | CustomerSegment | Custom
ScopeConstraint = Market | Geography | Product | CustomerSegment | TimeWindow | Custom
Scope = tuple[ScopeConstraint, ...]
NAMES = frozenset({"market", "geography", "product", "customer_segment", "time"})
"""The names that are taken; a custom one is called otherwise."""


def text_bound(name: str, value: str) -> TextBound:
    """Returns the bound of what goes by ``name``: of its own kind if it has one, else custom."""
    match name:
        case "market":
            return Market(value=value)
        case "geography":
            return Geography(value=value)
        case "product":
            return Product(value=value)
        case "customer_segment":
            return CustomerSegment(value=value)
        case _:
            return Custom(key=name, value=value)


def why_outside(
    bounds: Iterable[Bound], structured: Mapping[str, Any], also: Iterable[str] = ()
) -> str:
    """Says why what a proposal is about lies outside ``bounds``; empty where it does not.

    Args:
        bounds: the bounds of the scope.
        structured: the structured content of the proposal.
        also: names it may use too, because somebody else looks at them.
    """
    about = structured.get(DECLARED)
    if about is None:
        return ""
    if not isinstance(about, Mapping):
        return f"What it is about is a {type(about).__name__}, not an object of names and values."
    bounded: dict[str, list[Bound]] = {name: [] for name in also}
    for bound in bounds:
        bounded.setdefault(bound.name, []).append(bound)
    for name, value in about.items():
        if name not in bounded:
            known = ", ".join(bounded)
            return f"It says that it is about {name} {_shown(value)}; the run bounds {known}."
        within = bounded[name]
        if within and not all(any(b.holds(one) for b in within) for one in _values(name, value)):
            wanted = " or ".join(bound.words() for bound in within)
            return f"It is about {name} {_shown(value)}; the run is about {wanted}."
    return ""


def _values(name: str, value: object) -> list[object]:
    """Returns the values that each have to lie within; a pair of moments is one of them."""
    if name == "time" or not isinstance(value, (list, tuple)):
        return [value]
    return list(value) or [None]  # an empty list names nothing that could lie within


def _shown(value: object) -> str:
    text = str(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


_LONGEST = 80
