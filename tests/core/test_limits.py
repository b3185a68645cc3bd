"""Numbers and the limits they are held against: exact, with the bound itself inside."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from converge_core.limits import Limit, Quantity, Weight
from converge_core.prompt import Standing


def limit(bound: str, *, at_least: bool, weight: Weight = Weight.HARD) -> Limit:
    return Limit("m", Decimal(bound), at_least, weight, "tests.fix", "name")


@pytest.mark.parametrize(
    ("bound", "at_least", "quantity", "inside"),
    [
        ("75.0", True, Quantity(751, 1), True),
        ("75.0", True, Quantity(750, 1), True),
        ("75.0", True, Quantity(749, 1), False),
        ("75.0", True, Quantity(7499, 2), False),
        ("75.0", True, Quantity(75), True),
        ("0", False, Quantity(0), True),
        ("0", False, Quantity(1), False),
        ("60.00", False, Quantity(6000, 2), True),
        ("60.00", False, Quantity(6001, 2), False),
        ("60.00", False, Quantity(5999, 2), True),
        ("-1", True, Quantity(-1), True),
        ("-1", True, Quantity(-2), False),
    ],
)
@pytest.mark.parametrize("weight", Weight)
def test_the_bound_is_inside_and_one_unit_beside_it_is_not(
    bound: str, at_least: bool, quantity: Quantity, inside: bool, weight: Weight
) -> None:
    """Floors and ceilings alike; what lies outside is a breach or a concern by weight."""
    outside = Standing.BREACH if weight is Weight.HARD else Standing.CONCERN
    held = limit(bound, at_least=at_least, weight=weight)

    assert (Standing.SUPPORT if inside else outside) is held.standing(quantity)


@pytest.mark.parametrize("at_least", [True, False])
@pytest.mark.parametrize("weight", Weight)
def test_what_is_not_known_is_neither_inside_nor_outside(at_least: bool, weight: Weight) -> None:
    """An unknown number is unknown under every limit."""
    held = limit("75.0", at_least=at_least, weight=weight)

    assert (Standing.UNKNOWN, None) == (held.standing(Quantity(None)), held.margin(Quantity(None)))


NUMBERS = st.tuples(st.integers(-(2**53) + 1, 2**53 - 1), st.integers(0, 6))


@given(value=NUMBERS, bound=NUMBERS, at_least=st.booleans())
def test_comparing_never_rounds(
    value: tuple[int, int], bound: tuple[int, int], at_least: bool
) -> None:
    """The margin is the exact difference, for any number that can be recorded."""
    written = str(Quantity(*bound))
    exact = Fraction(value[0], 10 ** value[1]) - Fraction(bound[0], 10 ** bound[1])
    margin = limit(written, at_least=at_least).margin(Quantity(*value))

    assert margin is not None
    assert (exact if at_least else -exact) == Fraction(margin)


@given(NUMBERS)
def test_a_quantity_is_written_in_full(number: tuple[int, int]) -> None:
    """No exponent, no rounding, all its places."""
    written = str(Quantity(*number, "%"))
    digits, _, unit = written.partition(" ")

    assert ("%", Decimal(number[0]).scaleb(-number[1])) == (unit, Decimal(digits))
    assert number[1] == len(digits.partition(".")[2])


@pytest.mark.parametrize(
    ("quantity", "words"),
    [
        (Quantity(2), "2"),
        (Quantity(815, 1, "%"), "81.5 %"),
        (Quantity(-5, 2), "-0.05"),
        (Quantity(0, 1, "s"), "0.0 s"),
        (Quantity(None, 1, "%"), "unknown"),
    ],
)
def test_a_quantity_in_words(quantity: Quantity, words: str) -> None:
    """As the state layer and the window show it."""
    assert words == str(quantity)


@pytest.mark.parametrize(
    ("at_least", "unit", "words"),
    [(True, "%", "at least 75.0 %"), (False, "", "at most 75.0")],
)
def test_a_limit_in_words(at_least: bool, unit: str, words: str) -> None:
    """With the bound as the pack writes it."""
    assert words == limit("75.0", at_least=at_least).describe(unit)


@pytest.mark.parametrize(
    ("value", "margin"), [(610, "-14.0"), (750, "+0.0"), (815, "+6.5"), (None, "?")]
)
@pytest.mark.parametrize("weight", Weight)
def test_a_line_of_the_state_opens_with_weight_and_margin(
    value: int | None, margin: str, weight: Weight
) -> None:
    """The margin is worked out and signed for the model, which is no calculator."""
    opening = limit("75.0", at_least=True, weight=weight).head(Quantity(value, 1, "%"))

    assert (weight.value, f"margin {margin}") == opening
