"""Which model may be asked: nothing confidential and nothing of high risk leaves this machine.

How confidential data is, and how much hangs on an answer, are said by the policy or the pack and
never by a model (rule 9 of the design). What nobody has said counts as the worst. A policy may let
less leave than it could, and by default lets nothing leave; it cannot let more leave.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from msgspec.structs import replace

from converge_core.key import ContextKey
from converge_core.policy import UNDECIDED, Risk, Rule, RulePolicy, conditions
from converge_core.record import Record


class DataClass(StrEnum):
    """Who may see the data, from everybody to few."""

    PUBLIC = "public"
    INTERNAL = "internal"
    CONFIDENTIAL = "confidential"


class Reach(StrEnum):
    """Where a backend computes."""

    LOCAL = "local"
    """In this process, or one that it started."""
    REMOTE = "remote"
    """Behind an address; what stands there, and whom it asks in turn, cannot be known here."""


@dataclass(frozen=True, slots=True)
class Destination:
    """A backend as a routing policy sees it.

    Attributes:
        name: what sentences for people call it.
        reach: where it computes; whoever does not say is remote.
    """

    name: str
    reach: Reach = Reach.REMOTE


class RoutingPolicy(Record, frozen=True):
    """What may leave this machine; None, which is the default, means nothing.

    Attributes:
        most_confidential: the most confidential class of data that may leave.
        highest_risk: the highest risk at which a model elsewhere may be asked.
    """

    most_confidential: DataClass | None = None
    highest_risk: Risk | None = None


class RoutingRefused(Record, frozen=True):
    """Why a backend may not be asked.

    Attributes:
        backend: which.
        sentence: what may not leave, why, and what to do, for a person.
    """

    backend: str
    sentence: str


NEVER_LEAVES = DataClass.CONFIDENTIAL
NEVER_TRUSTED = Risk.HIGH

_REMEDY = "Choose a model that runs on this machine"

Grade = TypeVar("Grade", DataClass, Risk)


def classification_of(*said: str | None) -> DataClass:
    """Returns the strictest of what policy and pack say of the data.

    None is one that says nothing. If none says anything, or one says a word that is no class, the
    data counts as confidential.
    """
    return _worst(DataClass, said)


def route(
    policy: RoutingPolicy, classification: str | None, risk: str | None, backend: Destination
) -> RoutingRefused | None:
    """Says why ``backend`` may not be asked; None if it may.

    Args:
        policy: what may leave this machine.
        classification: the class of the data in the prompt; None where nobody said.
        risk: how much hangs on the answer; None where nobody said.
        backend: who is to be asked.
    """
    if backend.reach is Reach.LOCAL:
        return None
    why = _data_stays(policy, classification) or _risk_stays(policy, risk)
    if not why:
        return None
    return RoutingRefused(backend=backend.name, sentence=f"“{backend.name}” was not asked: {why}")


def risk_of(policy: RulePolicy, key: ContextKey, agent: str | None = None) -> Risk:
    """Returns the highest risk that ``policy`` may see in a proposal under ``key``.

    That is the highest of all rules that may fit one, and of what is asked where no rule fits,
    unless one of them always does. Say whose proposal it is, where it is known: other agents' rules
    then do not count, and a rule about just this agent and key always fits.
    """
    rules = [rule for rule in policy.rules if _may_fit(rule, key, agent)]
    silent = () if any(_always_fits(rule, agent) for rule in rules) else (UNDECIDED.risk,)
    return _worst(Risk, (*(rule.risk for rule in rules), *silent))


def _may_fit(rule: Rule, key: ContextKey, agent: str | None) -> bool:
    return rule.key in {None, key} and (agent is None or rule.agent in {None, agent})


def _always_fits(rule: Rule, agent: str | None) -> bool:
    """Whether a rule that may fit sets no condition beside key and, if it is known, agent."""
    beside = replace(rule, key=None, agent=rule.agent if agent is None else None)
    return not conditions(beside)


def _worst(kind: type[Grade], said: tuple[str | None, ...]) -> Grade:
    """Returns the worst grade that is said; the worst there is, if none is or one is unknown."""
    grades = list(kind)
    words = [word for word in said if word is not None]
    if not words or any(word not in grades for word in words):
        return grades[-1]
    return grades[max(grades.index(kind(word)) for word in words)]


def _data_stays(policy: RoutingPolicy, classification: str | None) -> str:
    """Says why data of this class stays here, and what to do; empty if it may leave."""
    found, most = classification_of(classification), policy.most_confidential
    if found is NEVER_LEAVES:
        if classification == found:
            return f"the data is {found}, and {found} data never leaves this machine. {_REMEDY}."
        return (
            f"nobody says how confidential the data is, so it counts as {found} and stays on this "
            f"machine. {_REMEDY}, or have the policy or the pack classify the data."
        )
    if _within(found, most):
        return ""
    allowed = "no data" if most is None else f"data that is at most {most}"
    return (
        f"the data is {found}, and the routing policy lets {allowed} leave this machine. {_REMEDY},"
        f" or have the routing policy let {found} data leave."
    )


def _risk_stays(policy: RoutingPolicy, risk: str | None) -> str:
    """Says why what has this risk stays here, and what to do; empty if it may leave."""
    found, most = _worst(Risk, (risk,)), policy.highest_risk
    if found is NEVER_TRUSTED:
        if risk == found:
            return (
                f"the risk is {found}, and nothing of {found} risk leaves this machine. {_REMEDY}."
            )
        return (
            f"nobody says how much hangs on the answer, so its risk counts as {found} and it is "
            f"worked out on this machine. {_REMEDY}, or have the policy say its risk."
        )
    if _within(found, most):
        return ""
    allowed = "nothing" if most is None else f"what has at most {most} risk"
    return (
        f"the risk is {found}, and the routing policy lets {allowed} leave this machine. {_REMEDY},"
        f" or have the routing policy let {found} risk leave."
    )


def _within(found: Grade, most: Grade | None) -> bool:
    grades = list(type(found))
    return most is not None and grades.index(found) <= grades.index(most)
