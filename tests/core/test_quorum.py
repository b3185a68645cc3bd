"""How many must agree: counted over who may vote, settled as soon as it can be no other."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from converge_core.quorum import Quorum, QuorumRule, tally, why_nobody_can, why_unmeetable

PEOPLE = [f"p{number}" for number in range(9)]
RULES = st.one_of(
    st.sampled_from([QuorumRule.MAJORITY, QuorumRule.SUPERMAJORITY, QuorumRule.UNANIMOUS]).map(
        lambda rule: Quorum(rule=rule)
    ),
    st.integers(1, 9).map(lambda count: Quorum(count=count)),
    st.sampled_from(PEOPLE).map(lambda who: Quorum(rule=QuorumRule.LEAD, lead=who)),
)
ROSTERS = st.integers(1, 9).map(lambda size: PEOPLE[:size])
VOTES = st.dictionaries(st.sampled_from([*PEOPLE, "stranger"]), st.booleans())


@pytest.mark.parametrize(
    ("rule", "voters", "needed"),
    [
        (QuorumRule.MAJORITY, 1, 1),
        (QuorumRule.MAJORITY, 2, 2),
        (QuorumRule.MAJORITY, 3, 2),
        (QuorumRule.MAJORITY, 4, 3),
        (QuorumRule.SUPERMAJORITY, 1, 1),
        (QuorumRule.SUPERMAJORITY, 3, 2),
        (QuorumRule.SUPERMAJORITY, 4, 3),
        (QuorumRule.SUPERMAJORITY, 6, 4),
        (QuorumRule.SUPERMAJORITY, 7, 5),
        (QuorumRule.UNANIMOUS, 4, 4),
        (QuorumRule.LEAD, 4, 1),
    ],
)
def test_how_many_must_approve_follows_from_who_may_vote(
    rule: QuorumRule, voters: int, needed: int
) -> None:
    """More than half, two thirds or more, all, or the lead alone; never a share of who came."""
    assert needed == Quorum(rule=rule).needed(voters)


@pytest.mark.parametrize(
    ("quorum", "votes", "approved"),
    [
        (Quorum(), {}, None),
        (Quorum(), {"p0": True}, True),
        (Quorum(), {"p0": False}, None),
        (Quorum(), {"p0": False, "p1": False, "p2": False}, False),
        (Quorum(count=2), {"p0": True}, None),
        (Quorum(count=2), {"p0": True, "p1": False}, None),
        (Quorum(count=2), {"p0": False, "p1": False}, False),
        (Quorum(rule=QuorumRule.MAJORITY), {"p0": True, "p1": True}, True),
        (Quorum(rule=QuorumRule.UNANIMOUS), {"p0": True, "p1": True}, None),
        (Quorum(rule=QuorumRule.UNANIMOUS), {"p1": False}, False),
        (Quorum(rule=QuorumRule.LEAD, lead="p1"), {"p0": True, "p2": True}, None),
        (Quorum(rule=QuorumRule.LEAD, lead="p1"), {"p0": False, "p1": True}, True),
        (Quorum(rule=QuorumRule.LEAD, lead="p1"), {"p0": True, "p1": False}, False),
        (Quorum(count=2), {"stranger": True, "other": True}, None),
    ],
)
def test_a_vote_is_settled_once_it_can_be_no_other(
    quorum: Quorum, votes: dict[str, bool], approved: bool | None
) -> None:
    """Three people may vote; rejected is what those who are left cannot approve any more."""
    assert approved is tally(quorum, PEOPLE[:3], votes).approved


@pytest.mark.parametrize(("vote", "approved"), [(True, True), (False, False)])
def test_where_anybody_may_decide_the_first_does(vote: bool, approved: bool) -> None:
    """One person is enough either way."""
    assert approved is tally(Quorum(), None, {"anyone": vote}).approved


@given(RULES, ROSTERS, VOTES, VOTES)
def test_what_is_settled_stays_settled(
    quorum: Quorum, roster: list[str], votes: dict[str, bool], later: dict[str, bool]
) -> None:
    """No vote that comes later turns an outcome."""
    before = tally(quorum, roster, votes).approved
    after = tally(quorum, roster, {**later, **votes}).approved

    assert before is None or before is after


@given(RULES, ROSTERS, VOTES)
def test_votes_of_strangers_count_for_nothing(
    quorum: Quorum, roster: list[str], votes: dict[str, bool]
) -> None:
    """Only who is on the roster is counted."""
    known = {who: vote for who, vote in votes.items() if who in roster}

    assert tally(quorum, roster, votes) == tally(quorum, roster, known)


@given(RULES, ROSTERS)
def test_a_rule_that_is_said_to_be_meetable_is_met_when_all_approve(
    quorum: Quorum, roster: list[str]
) -> None:
    """And one that is said not to be is not met by anybody."""
    all_approve = tally(quorum, roster, dict.fromkeys(roster, True))

    assert (all_approve.approved is True) is (why_unmeetable(quorum, roster) == "")


@pytest.mark.parametrize(
    ("quorum", "roster", "reason"),
    [
        (Quorum(count=3), ["a", "b"], "3 approvals are asked for, and the roster has 2"),
        (Quorum(count=0), ["a"], "0 approvals are asked for; at least one is needed"),
        (Quorum(rule=QuorumRule.LEAD, lead="c"), ["a", "b"], "c is not on the roster"),
        (Quorum(rule=QuorumRule.LEAD), ["a"], "the lead is not on the roster"),
        (Quorum(rule=QuorumRule.UNANIMOUS), [], "nobody is on the roster"),
        (Quorum(rule=QuorumRule.MAJORITY), None, "“majority” needs a roster, and none is named"),
        (Quorum(count=2), None, "“count” needs a roster, and none is named"),
        (Quorum(), None, ""),
        (Quorum(count=2), ["a", "b"], ""),
    ],
)
def test_a_rule_that_its_roster_can_never_meet_says_why(
    quorum: Quorum, roster: list[str] | None, reason: str
) -> None:
    """Before anybody is asked."""
    assert reason == why_unmeetable(quorum, roster)


@pytest.mark.parametrize(
    ("quorum", "votes", "present", "reason"),
    [
        (Quorum(count=2), {}, ["p0", "p1"], ""),
        (
            Quorum(count=2),
            {},
            ["p0", "stranger"],
            "2 more approvals are needed, and 1 of those present can give one",
        ),
        (Quorum(count=2), {"p0": True}, ["p0"], "nobody present can decide this"),
        (Quorum(rule=QuorumRule.LEAD, lead="p1"), {}, ["p0"], "nobody present can decide this"),
        (Quorum(rule=QuorumRule.LEAD, lead="p1"), {}, ["p1"], ""),
        (Quorum(), {"p0": True}, [], ""),
    ],
)
def test_a_gate_that_nobody_present_can_decide_says_so(
    quorum: Quorum, votes: dict[str, bool], present: list[str], reason: str
) -> None:
    """Of those who may vote and have not, as many must be here as are still needed."""
    assert reason == why_nobody_can(quorum, PEOPLE[:3], votes, present)


def test_a_quorum_is_said_in_words() -> None:
    """As the review shows it."""
    said = [
        str(Quorum()),
        str(Quorum(count=2)),
        str(Quorum(rule=QuorumRule.MAJORITY)),
        str(Quorum(rule=QuorumRule.SUPERMAJORITY)),
        str(Quorum(rule=QuorumRule.UNANIMOUS)),
        str(Quorum(rule=QuorumRule.LEAD, lead="carol")),
    ]

    assert ["one person", "2 people", "more than half", "two thirds", "everybody", "carol"] == said
