"""What is sent to the database: the same bytes that its own package sends, in less time."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from surrealdb import RecordID
from surrealdb.data.cbor import decode, encode

from converge_desktop.adapters.surreal.values import Ref, request

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)
NAME = st.text("abcdefgh_", max_size=40)
PLAIN = st.integers(-(2**63), 2**63 - 1) | TEXT.filter(lambda text: "\0" not in text)
VALUES = st.recursive(
    PLAIN, lambda inner: st.lists(inner, max_size=30) | st.dictionaries(NAME, inner), max_leaves=40
)


@given(st.dictionaries(NAME, VALUES), PLAIN.map(str))
def test_a_question_is_the_bytes_that_the_package_would_send(
    values: dict[str, Any], statements: str
) -> None:
    """Numbers and texts of every size, in lists and objects."""
    expected = {"id": "7", "method": "query", "params": [statements, values]}

    assert encode(expected) == request(7, statements, values, "desk")


@given(st.text("abc:|⟩'\"", min_size=1), st.lists(TEXT, min_size=1, max_size=3))
def test_a_reference_is_a_record_of_the_desk(table: str, key: list[str]) -> None:
    """By a list that begins with the desk; what its names hold is never looked into."""
    sent = decode(request(1, "", {"one": Ref(table, tuple(key))}, "desk"))

    shown = [part.replace("\0", "␀") for part in key]
    assert RecordID(table, ["desk", *shown]) == sent["params"][1]["one"]


@pytest.mark.parametrize("value", [None, 1.5, b"bytes", {1, 2}])
def test_what_no_row_holds_is_refused(value: object) -> None:
    """Rather than sent as something else."""
    with pytest.raises(TypeError, match="no value of a row"):
        request(1, "", {"one": value}, "desk")


@pytest.mark.parametrize("value", [2**63, -(2**63) - 1])
def test_a_number_that_the_database_cannot_hold_is_refused(value: int) -> None:
    """It holds 63 bits and a sign."""
    with pytest.raises(OverflowError, match="no number of a row"):
        request(1, "", {"one": value}, "desk")
