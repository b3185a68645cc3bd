"""Records: frozen, typed, and read back strictly."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from converge_core import record
from converge_core.canonical import canonical_record, parse
from converge_core.errors import InvalidValue
from converge_core.ids import FactId
from converge_core.key import ContextKey
from converge_core.proposal import ProposedFact
from converge_core.record import decoder, read, settled
from tests.core.kit import fact, seed
from tests.core.test_canonical import ASCII, VALUES


@given(st.dictionaries(ASCII, VALUES, max_size=4))
def test_a_record_read_back_is_the_record(structured: dict[str, Any]) -> None:
    """Writing and reading are inverse, whatever a proposal carries."""
    record = fact(ContextKey.SIGNALS, "x", structured=structured, confidence=500)

    assert record == read(ProposedFact, parse(canonical_record(record)))


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"extra": 1}, "extra"),
        ({"confidence": "high"}, "confidence"),
        ({"confidence": 0.5}, "confidence"),
        ({"key": "Nonsense"}, "Nonsense"),
        ({"kind": "rumour"}, "rumour"),
        ({"structured": []}, "structured"),
        ({"content": None}, "content"),
        ({"rests_on": "x"}, "rests_on"),
    ],
)
def test_reading_refuses_what_does_not_fit_and_names_it(change: dict[str, Any], place: str) -> None:
    """Unknown fields, wrong types and values outside a closed set are errors, never guesses."""
    body = parse(canonical_record(seed("x")))

    with pytest.raises(InvalidValue) as refused:
        read(ProposedFact, {**body, **change})

    assert place in str(refused.value)


def test_reading_refuses_a_missing_field() -> None:
    """Nothing that must be said may be left out."""
    body = parse(canonical_record(seed("x")))
    del body["content"]

    with pytest.raises(InvalidValue, match="content"):
        read(ProposedFact, body)


def test_a_record_cannot_be_changed() -> None:
    """Setting a field of a record raises."""
    with pytest.raises(AttributeError):
        seed("x").content = "y"  # type: ignore[misc]


def test_a_settled_record_shares_nothing_with_what_it_was_made_of() -> None:
    """Whoever made a record cannot change it afterwards through what they put into it."""
    inside: dict[str, Any] = {"list": [1], "map": {"a": 1}}
    record = settled(ProposedFact, fact(ContextKey.SEEDS, "x", structured=inside))
    inside["list"].append(2)
    inside["map"]["a"] = 2

    assert {"list": [1], "map": {"a": 1}} == record.structured


def test_a_settled_record_is_what_reading_it_back_would_give() -> None:
    """Tuples become lists now and not only after a restart."""
    record = settled(ProposedFact, fact(ContextKey.SEEDS, "x", structured={"pair": (1, 2)}))

    assert [1, 2] == record.structured["pair"]
    assert record == read(ProposedFact, parse(canonical_record(record)))


@pytest.mark.parametrize(
    "rubbish",
    [
        pytest.param("not a record", id="text"),
        pytest.param(None, id="nothing"),
        pytest.param(
            ProposedFact(key="Nonsense", id=FactId("x"), content="x"),  # type: ignore[arg-type]
            id="an unknown key",
        ),
        pytest.param(
            ProposedFact(key=ContextKey.SEEDS, id="a\nb", content="x"),  # type: ignore[arg-type]
            id="an id with a line break",
        ),
        pytest.param(
            ProposedFact(key=ContextKey.SEEDS, id=FactId("x"), content=7),  # type: ignore[arg-type]
            id="content that is no text",
        ),
        pytest.param(fact(ContextKey.SEEDS, "x", structured={"f": 0.5}), id="a float"),
        pytest.param(fact(ContextKey.SEEDS, "x", structured={"ü": 1}), id="a key not ASCII"),
        pytest.param(fact(ContextKey.SEEDS, "x", "\ud800"), id="half a surrogate pair"),
        pytest.param(fact(ContextKey.SEEDS, "x", structured={"o": object()}), id="an object"),
    ],
)
def test_what_could_not_be_read_back_cannot_be_settled(rubbish: Any) -> None:
    """A record is checked before it is relied on, because making one checks nothing."""
    with pytest.raises(InvalidValue):
        settled(ProposedFact, rubbish)


def test_a_type_that_no_record_has_cannot_be_read_back() -> None:
    """Of the types that JSON does not know, ids alone are read."""
    with pytest.raises(NotImplementedError, match="cannot be read back"):
        record._typed(complex, 1)


def test_bytes_are_read_as_strictly_as_values() -> None:
    """And a float anywhere is none of the values that can be recorded."""
    whole = canonical_record(fact(ContextKey.SIGNALS, "x", structured={"f": 5}))

    assert fact(ContextKey.SIGNALS, "x", structured={"f": 5}) == decoder(ProposedFact).decode(whole)
    for wrong in (b'"f":5.0', b'"f":5e0', b'"f":5},"more":{"f":5'):
        with pytest.raises((msgspec.ValidationError, ValueError)):
            decoder(ProposedFact).decode(whole.replace(b'"f":5', wrong))
