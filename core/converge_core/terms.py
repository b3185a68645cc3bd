"""The terms under which people are asked: who, how many, until when, and what happens otherwise.

They are written in the policy beside the rule that asks, looked at when the policy is saved, and
frozen into the request when a gate opens; a policy that changes later changes no open gate.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import msgspec

from converge_core.quorum import Quorum, why_unmeetable
from converge_core.record import Record

MAX_TIME_US = 10 * 366 * 24 * 3600 * 1_000_000
"""Ten years: longer is a slip of the pen."""
Duration = Annotated[int, msgspec.Meta(ge=0, le=MAX_TIME_US)]
"""Microseconds."""


class OnTimeout(StrEnum):
    """What becomes of a gate that nobody closed by its deadline."""

    REJECT = "reject"
    """It is rejected."""
    ESCALATE = "escalate"
    """Others are asked, whom the terms name, for as long again; after that it is rejected."""
    APPROVE = "approve"
    """It is approved, because the policy says in words that silence does."""


class ReviewTerms(Record, frozen=True, omit_defaults=True):
    """The terms of one rule that asks.

    Attributes:
        quorum: how many must approve.
        roster: who may vote, by name or id; empty for anybody who is enrolled.
        self_approval: whether who wrote a proposal, or edited it, may approve it alone.
        deadline_us: how long people have, in microseconds from the opening; None for ever.
        on_timeout: what happens then.
        timeout_words: the sentence in which the policy says that silence approves.
        escalate_to: who is asked instead, by name or id, for as long again.
        extension_us: by how much one extension moves the deadline, in microseconds.
        extensions: how often it may be moved.
        undo_us: how long a decision can be undone before it takes effect, in microseconds.
        refinements: how often one target may be sent back with feedback.
    """

    quorum: Quorum = Quorum()
    roster: tuple[str, ...] = ()
    self_approval: bool = False
    deadline_us: Duration | None = None
    on_timeout: OnTimeout = OnTimeout.REJECT
    timeout_words: str = ""
    escalate_to: tuple[str, ...] = ()
    extension_us: Duration = 0
    extensions: Annotated[int, msgspec.Meta(ge=0, le=100)] = 0
    undo_us: Duration = 0
    refinements: Annotated[int, msgspec.Meta(ge=0, le=100)] = 3


ANYBODY_ONCE = ReviewTerms()
"""Any one person who is enrolled, for ever, at once."""


def why_unfit(terms: ReviewTerms, *, high_risk: bool) -> str:
    """Says why a policy with these terms cannot be saved; empty if it can.

    Args:
        terms: what the policy writes beside a rule that asks.
        high_risk: whether much hangs on what the rule asks about.
    """
    roster = terms.roster or None
    twice = [who for index, who in enumerate(terms.roster) if who in terms.roster[:index]]
    if twice:
        return f"{twice[0]} is on the roster twice"
    reason = why_unmeetable(terms.quorum, roster)
    if reason:
        return reason
    if terms.self_approval and not terms.quorum.is_one_person:
        return "nobody may approve their own proposal where more than one person is asked"
    if terms.self_approval and high_risk:
        return "nobody may approve their own proposal where the risk is high"
    reason = why_unmeetable(terms.quorum, terms.escalate_to) if terms.escalate_to else ""
    if reason:
        return f"after escalation {reason}"
    return _why_unfit_in_time(terms, high_risk=high_risk)


def _why_unfit_in_time(terms: ReviewTerms, *, high_risk: bool) -> str:
    if terms.deadline_us is None:
        if terms.on_timeout is not OnTimeout.REJECT or terms.extensions:
            return "what happens at a deadline needs a deadline"
        return ""
    if terms.deadline_us == 0:
        return "a deadline of nothing closes the gate before anybody sees it"
    if terms.on_timeout is OnTimeout.APPROVE:
        if not terms.timeout_words.strip():
            return "silence approves only where timeout_words say so in a sentence"
        if high_risk:
            return "silence never approves where the risk is high"
    if terms.on_timeout is OnTimeout.ESCALATE and not terms.escalate_to:
        return "escalation names nobody"
    if terms.extensions and not terms.extension_us:
        return "an extension of nothing extends nothing"
    return ""
