"""How a state line is set: field order, separators, brackets, key words, number notation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from random import Random

from wording import (
    APP_ORDER,
    FIELDS,
    HELD_OUT,
    HELD_OUT_ORDERS,
    TRAINING,
    TRAINING_ORDERS,
    Wording,
    Wrap,
)

from converge_core.limits import Limit, Quantity
from converge_core.prompt import StateEntry

NO_WRAPS: Mapping[str, Wrap] = dict.fromkeys(FIELDS, ("", ""))
_PUNCTUATION = "|;,:/*#&.=+%!"


def _grouped(mark: str) -> Callable[[Decimal], str]:
    return lambda number: f"{number:,}".replace(",", mark)


def _eighths(number: Decimal) -> str:
    return f"{int(number * 8)}/8"


NOTATIONS: Mapping[str, Callable[[Decimal], str]] = {
    "plain": str,
    "padded": lambda number: f"{number:09.2f}",
    "decimal-comma": lambda number: str(number).replace(".", ","),
    "thousands": _grouped(","),
    "apostrophe": _grouped("'"),
    "underscore": _grouped("_"),
    "scientific": lambda number: f"{number:e}",
    "eighths": _eighths,
}
"""How the magnitude of a number is written, by name."""


@dataclass(frozen=True, slots=True)
class Layout:
    """One way to set a line.

    Attributes:
        order: the fields in order.
        separator: what stands between fields.
        opening: what stands between a line's head and its first field.
        wraps: what stands around each field.
        bound: words for a floor and for a ceiling.
        notation: how numbers are written.
        unit: where the unit stands: ``{number}`` and ``{unit}``.
        noise: how often a line has noise in it; never in the held-out split.
        app: whether this is the app's own layout, written by the core itself.
    """

    order: tuple[str, ...] = APP_ORDER
    separator: str = " | "
    opening: str = " | "
    wraps: Mapping[str, Wrap] = None  # type: ignore[assignment]
    bound: Wrap = ("at least", "at most")
    notation: str = "plain"
    unit: str = "{number} {unit}"
    noise: float = 0.0
    app: bool = True

    def number(self, quantity: Quantity) -> str:
        """Writes a quantity."""
        if quantity.value is None or self.app:
            return str(quantity)
        value = Decimal(quantity.value).scaleb(-quantity.places)
        sign = "-" if value < 0 else ""
        text = sign + NOTATIONS[self.notation](abs(value))
        return self.unit.format(number=text, unit=quantity.unit).strip()

    def fields(self, label: str, quantity: Quantity, limit: Limit | None) -> dict[str, str]:
        """Returns the texts of a line's fields, in the layout's order."""
        texts = {"label": label, "value": self.number(quantity)}
        if limit is not None:
            bound = f"{self.bound[0 if limit.at_least else 1]} "
            bound += NOTATIONS[self.notation](limit.bound)
            texts["bound"] = limit.describe(quantity.unit) if self.app else bound
        return {name: texts[name] for name in self.order if name in texts}

    def head(self, quantity: Quantity, limit: Limit | None) -> tuple[str, ...]:
        """Returns what opens a line behind its cite id; only the margin's notation is free."""
        if limit is None:
            return ("info",)
        weight, margin = limit.head(quantity)
        if quantity.value is None or self.app:
            return weight, margin
        sign, number = margin[7], Decimal(margin[8:])
        return weight, f"margin {sign}{NOTATIONS[self.notation](number)}"

    def line(self, head: tuple[str, ...], fields: Mapping[str, str]) -> str:
        """Returns what stands behind the cite id."""
        wrapped = [
            self.wraps[name][0] + text + self.wraps[name][1] for name, text in fields.items()
        ]
        opening = " | " + " | ".join(head)
        return opening + self.opening + self.separator.join(wrapped) if wrapped else opening


APP = Layout(wraps=NO_WRAPS)
"""The app's own layout."""
BARE = Layout(order=(), wraps=NO_WRAPS, app=False)
"""Only what matters, for the first lessons of training."""


@dataclass(frozen=True, slots=True)
class SetEntry(StateEntry):
    """A state entry whose line is set by a layout other than the app's."""

    line: str = ""

    def render(self) -> str:
        """Returns the entry's line of the state layer."""
        return self.cite + self.line


def training_layout(rng: Random, app_share: float = 0.25) -> Layout:
    """Draws a layout of the training split: the app's own, or a random one."""
    if rng.random() < app_share:
        return APP
    layout = _draw(rng, TRAINING, TRAINING_ORDERS)
    if rng.random() < 0.3:
        mark = "".join(rng.choices(_PUNCTUATION, k=rng.randint(1, 3)))
        separator = rng.choice((f" {mark} ", f"{mark} ", f" {mark} "))
        if separator not in HELD_OUT.separators:
            layout = _draw(rng, TRAINING, TRAINING_ORDERS, separator)
    return replace(layout, noise=rng.choice((0.2, 0.5, 1.0)))


def held_out_layout(rng: Random) -> Layout:
    """Draws a layout of the held-out split."""
    return _draw(rng, HELD_OUT, HELD_OUT_ORDERS)


def _draw(
    rng: Random, stock: Wording, orders: tuple[tuple[str, ...], ...], separator: str = ""
) -> Layout:
    separator = separator or rng.choice(stock.separators)
    bare = rng.random() < 0.3
    return Layout(
        order=rng.choice(orders),
        separator=separator,
        opening=rng.choice(stock.openings) or separator,
        wraps=NO_WRAPS if bare else {name: rng.choice(stock.wraps[name]) for name in FIELDS},
        bound=rng.choice(stock.bounds),
        notation=rng.choice(stock.notations),
        unit=rng.choice(("{number} {unit}", "{number}{unit}", "{unit} {number}")),
        app=False,
    )
