"""Two model calls side by side: what differs first, and where."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from converge_desktop.runtime.review_model import CheckRow, LayerRow, TraceRow, TraceView
from converge_desktop.runtime.trace_compare import TextDifference, compare, text_difference

CALL = TraceView(
    row=TraceRow(
        "trace:run-1/0/planning/0", "run-1", "run 1", "planning", "hold", "valid", 1, 2, 3
    ),
    version="planning:v2:any",
    layers=(LayerRow("priming", "You plan.", 3), LayerRow("state", "s01 tests failed 3\nend", 9)),
    raw_output='{"verdict":"hold","steps":[]}',
    output=(),
    checks=(CheckRow("it parses", True, ""),),
    envelope=(("model", "nano"), ("seed", "0 (fixed)")),
    prompt_hash="00",
    prompt_tokens=12,
    reused_tokens=3,
    output_tokens=8,
    led_to="",
    rests_on=(),
)
TEXT = st.text(st.sampled_from("ab \n{é"), max_size=12)


def test_what_is_alike_has_no_difference() -> None:
    """Not in any part; and nothing is said to come first."""
    found = compare(CALL, CALL)

    assert all(layer.same for layer in found.layers)
    assert found.output.same
    assert ((), (), (), "") == (found.envelope, found.measures, found.checks, found.first)


def test_the_first_difference_of_each_layer_is_found() -> None:
    """With its line and its place in it, the word on either side, and what stands before both."""
    other = replace(
        CALL, layers=(CALL.layers[0], LayerRow("state", "s01 tests failed 3\nends here", 9))
    )
    found = compare(CALL, other)

    assert (
        TextDifference("priming"),
        TextDifference("state", 2, 1, "", "end", "ends"),
    ) == found.layers
    assert "The layer state differs first, in line 2." == found.first


def test_fields_of_the_envelope_are_told_by_name() -> None:
    """Also those that only one of them has."""
    other = replace(CALL, envelope=(("model", "large"), ("adapter", "law")))
    found = compare(CALL, other)

    assert [("model", "nano", "large"), ("seed", "0 (fixed)", ""), ("adapter", "", "law")] == [
        (one.name, one.one, one.other) for one in found.envelope
    ]
    assert "The prompts are the same; the model differs." == found.first


def test_the_first_token_of_the_answer_that_differs_is_found() -> None:
    """Where prompt and envelope are the same, that is said, because it should not be."""
    other = replace(CALL, raw_output='{"verdict":"holding","steps":[]}', output_tokens=9)
    found = compare(CALL, other)

    assert TextDifference("output", 1, 13, '{"verdict":"', "hold", "holding") == found.output
    assert ["output tokens"] == [one.name for one in found.measures]
    assert "still the answers differ, from line 1, place 13" in found.first


def test_checks_that_came_out_otherwise_are_told() -> None:
    """One that only one of them had, too."""
    other = replace(CALL, checks=(CheckRow("it parses", False, "no"), CheckRow("new", True, "")))

    assert [("it parses", "passed", "failed"), ("new", "", "passed")] == [
        (one.name, one.one, one.other) for one in compare(CALL, other).checks
    ]


@given(one=TEXT, other=TEXT)
def test_before_a_difference_all_is_alike(one: str, other: str) -> None:
    """And at it, nothing is: the place is right, whatever stands there."""
    found = text_difference("t", one, other)
    if one == other:
        assert found.same
        return
    at = sum(len(line) + 1 for line in one.split("\n")[: found.line - 1]) + found.place - 1

    assert one[:at] == other[:at]
    assert found.one != found.other
    assert one[at:].startswith(found.one)
    assert other[at:].startswith(found.other)
