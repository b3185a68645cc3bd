"""Canonical bytes: one value, one spelling, one hash."""

from __future__ import annotations

import math
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from converge_core.canonical import (
    MAX_DEPTH,
    MAX_INTEGER,
    canonical,
    canonical_record,
    canonical_text,
    checked,
    content_hash,
    hash_text,
    parse,
)
from converge_core.errors import InvalidValue
from converge_core.ids import FactId
from converge_core.key import ContextKey
from tests.core.kit import fact

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
ASCII = st.text(st.characters(max_codepoint=127))
INTEGERS = st.integers(-MAX_INTEGER, MAX_INTEGER) | st.sampled_from([MAX_INTEGER, -MAX_INTEGER])
VALUES = st.recursive(
    st.none() | st.booleans() | INTEGERS | TEXT,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(ASCII, inner, max_size=5),
    max_leaves=20,
)


def nested(depth: int) -> Any:
    value: Any = 0
    for _ in range(depth):
        value = [value]
    return value


@given(VALUES)
def test_canonical_bytes_are_those_of_rfc_8785(value: Any) -> None:
    """An independent implementation of the standard spells every value alike."""
    assert rfc8785.dumps(value) == canonical(value)


@given(VALUES)
def test_reading_canonical_bytes_gives_the_value_back(value: Any) -> None:
    """Nothing is lost on the way to disk and back."""
    assert value == parse(canonical(value))


@given(st.dictionaries(ASCII, INTEGERS, min_size=2))
def test_the_order_in_which_keys_came_leaves_no_mark(value: dict[str, int]) -> None:
    """Two dictionaries with the same content have the same bytes."""
    assert canonical(value) == canonical(dict(reversed(value.items())))


def test_control_characters_and_unicode_are_spelled_as_the_standard_says() -> None:
    """The shortest escape for controls, and everything else as it is."""
    spelled = '"\\u0000\\b\\t\\n\\f\\r\\u001f\\"\\\\/é€😀\x7f"'

    assert spelled == canonical_text('\x00\b\t\n\f\r\x1f"\\/é€😀\x7f')


def test_tuples_ids_and_enumerations_are_spelled_as_what_they_stand_for() -> None:
    """A tuple is a list, an id and a member of an enumeration are their text."""
    assert b'["f-1","Seeds"]' == canonical((FactId("f-1"), ContextKey.SEEDS))


def test_a_record_is_spelled_as_the_object_of_its_fields() -> None:
    """Records and plain values share one spelling."""
    record = fact(ContextKey.SEEDS, "f-1", structured={"b": [1, None], "a": "é"})

    assert canonical_record(record) == canonical(parse(canonical_record(record)))


def test_the_hash_is_that_of_the_bytes() -> None:
    """The SHA-256 of ``{}``, as any tool computes it."""
    expected = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"

    assert expected == content_hash({}) == hash_text("{}")


@pytest.mark.parametrize(
    ("value", "said"),
    [
        pytest.param({"a": [0, 1.0]}, "$.a[1]: float", id="a float, even a whole one"),
        pytest.param(math.nan, "$: float", id="not a number"),
        pytest.param([math.inf], "$[0]: float", id="infinity"),
        pytest.param({"n": MAX_INTEGER + 1}, "$.n: ", id="an integer of 2^53"),
        pytest.param({"n": -MAX_INTEGER - 1}, "$.n: ", id="its negative"),
        pytest.param({"n": 10**5000}, "$.n: ", id="an integer too long to print"),
        pytest.param({"a": {"ü": 1}}, "$.a: key 'ü'", id="a key that is not ASCII"),
        pytest.param({"a": {1: 1}}, "$.a: key 1", id="a key that is not text"),
        pytest.param({"a": ["\ud800"]}, "$.a[0]: ", id="half a surrogate pair"),
        pytest.param({"a": b"x"}, "$.a: bytes", id="bytes"),
        pytest.param({"a": {1, 2}}, "$.a: set", id="a set"),
        pytest.param(nested(3 * MAX_DEPTH), "nested", id="a value nested beyond reason"),
    ],
)
def test_what_lies_outside_the_domain_is_refused_with_its_place(value: Any, said: str) -> None:
    """A value that has no one spelling is an error that says where it stands."""
    with pytest.raises(InvalidValue) as refused:
        canonical(value)

    assert said in str(refused.value)


def test_a_value_that_contains_itself_is_refused() -> None:
    """What never ends cannot be written down."""
    endless: list[Any] = []
    endless.append(endless)

    with pytest.raises(InvalidValue, match="nested"):
        canonical(endless)


def test_what_may_enter_a_record_can_still_be_read_inside_it() -> None:
    """A record adds levels around a value, and reading allows for them."""
    deepest = checked(nested(MAX_DEPTH), "here")

    assert canonical({"body": {"fact": {"structured": {"x": deepest}}}})
    with pytest.raises(InvalidValue, match=r"here.*nested"):
        checked(nested(MAX_DEPTH + 1), "here")


@pytest.mark.parametrize(
    "data", [b"", b"{", b"[1,]", b"\xff", b'"\xc0\x80"', b"[" * 10_000, b"NaN", b"1 2"]
)
def test_what_is_no_json_is_refused_by_one_kind_of_error(data: bytes) -> None:
    """Broken text, broken UTF-8 and endless brackets are all the same to a caller."""
    with pytest.raises(InvalidValue, match="not JSON"):
        parse(data)
