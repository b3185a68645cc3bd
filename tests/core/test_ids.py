"""Ids: text that cannot be empty, cannot hide characters, and cannot be mixed up."""

from __future__ import annotations

import pickle
import unicodedata
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from converge_core.canonical import canonical_record, parse
from converge_core.errors import InvalidId, InvalidValue
from converge_core.ids import (
    MAX_ID_LENGTH,
    AgentId,
    ApprovalId,
    ArtifactId,
    FactId,
    FrameId,
    GateId,
    Id,
    IntentId,
    ObservationId,
    OperatorId,
    ProposalId,
    RunId,
    TraceId,
    gate_request_id,
    proposal_id,
    proposal_ids,
    trace_id,
)
from converge_core.key import ContextKey
from converge_core.proposal import ProposedFact
from converge_core.record import read
from tests.core.kit import fact

KINDS = (
    AgentId,
    ApprovalId,
    ArtifactId,
    FactId,
    FrameId,
    GateId,
    IntentId,
    ObservationId,
    OperatorId,
    ProposalId,
    RunId,
    TraceId,
)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("text", ["a", "run/1/agent/0", "Grüße", "日本", "x" * MAX_ID_LENGTH])
def test_an_id_is_its_text(kind: type[Id], text: str) -> None:
    """An id compares, hashes and prints as the text it was made of."""
    made = kind(text)

    assert (text, hash(text), text) == (made, hash(made), str(made))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "is empty"),
        (" ", "is blank"),
        ("\t\n", "is blank"),
        ("\u2003", "is blank"),
        ("x" * (MAX_ID_LENGTH + 1), "has 129 characters"),
        ("a\x00b", "U+0000"),
        ("a\nb", "U+000A"),
        ("a\x7f", "U+007F"),
        ("a\x85b", "U+0085"),
        ("a\u200bb", "U+200B"),
        ("a\u202eb", "U+202E"),
        ("a\u2028b", "U+2028"),
        ("a\u2029b", "U+2029"),
        ("\ufeffa", "U+FEFF"),
        ("a\ud800", "U+D800"),
        (b"bytes", "is bytes, not text"),
        (7, "is int, not text"),
        (None, "is NoneType, not text"),
    ],
)
def test_a_bad_id_is_refused_with_the_reason(text: str, reason: str) -> None:
    """Empty, blank, overlong, invisible or no text: each is told apart."""
    with pytest.raises(InvalidId) as refused:
        FactId(text)

    assert reason in str(refused.value)


@given(st.text(max_size=MAX_ID_LENGTH + 5))
def test_whatever_becomes_an_id_can_be_seen_and_written(text: str) -> None:
    """No text with a control, format or separator character gets through, whatever it is."""
    hidden = {"Cc", "Cf", "Cs", "Zl", "Zp"}
    sound = (
        0 < len(text) <= MAX_ID_LENGTH
        and not text.isspace()
        and not any(unicodedata.category(char) in hidden for char in text)
    )
    try:
        made: str | None = FactId(text)
    except InvalidId:
        made = None

    assert (text if sound else None) == made


@pytest.mark.parametrize(("one", "other"), list(permutations(KINDS, 2)))
def test_an_id_of_one_kind_is_no_id_of_another(one: type[Id], other: type[Id]) -> None:
    """A proposal's id cannot stand where a fact's is wanted, though both are text."""
    with pytest.raises(InvalidId, match=f"{one.__name__} 'x' is not a {other.__name__}"):
        other(one("x"))


@pytest.mark.parametrize("kind", KINDS)
def test_an_id_may_be_made_of_its_own_kind(kind: type[Id]) -> None:
    """Making an id of itself changes nothing."""
    assert kind("x") == kind(kind("x"))


def test_an_id_survives_pickling_as_the_kind_it_is() -> None:
    """Messages between threads and processes keep what an id is an id of."""
    assert FactId is type(pickle.loads(pickle.dumps(FactId("x"))))


def test_ids_are_validated_when_they_are_read_back() -> None:
    """A record with a hidden character in an id is refused at the border."""
    body = parse(canonical_record(fact(ContextKey.SEEDS, "x")))

    with pytest.raises(InvalidValue, match=r"U\+0000"):
        read(ProposedFact, {**body, "id": "x\x00"})


def test_ids_derive_from_run_cycle_agent_and_ordinal() -> None:
    """The same run names everything alike."""
    run, agent = RunId("r"), AgentId("a")
    proposal = proposal_id(run, 2, agent, 0)

    assert ("r/2/a/0", ProposalId) == (proposal, type(proposal))
    assert ("trace:r/2/a/1", TraceId) == ((made := trace_id(run, 2, agent, 1)), type(made))
    assert "gate:r/2/a/0" == gate_request_id(proposal, 0)
    assert "gate:r/2/a/0#1" == gate_request_id(proposal, 1)


@given(st.integers(0, 120), st.integers(0, 10**6), st.integers(0, 12))
def test_the_ids_of_many_proposals_are_those_of_each(room: int, cycle: int, count: int) -> None:
    """Made together they are the same, or refused together for the same reason."""
    run, agent = RunId("r" * (room + 1)), AgentId("a")
    try:
        each = [proposal_id(run, cycle, agent, ordinal) for ordinal in range(count)]
    except InvalidId:
        with pytest.raises(InvalidId, match="no room"):
            proposal_ids(run, cycle, agent, count)
    else:
        together = proposal_ids(run, cycle, agent, count)
        assert each == together
        assert all(type(one) is ProposalId for one in together)
