"""Why a run ended, or waits: thirteen reasons, each with its own facts (vocabulary 1.3)."""

from __future__ import annotations

from typing import ClassVar, Literal

import msgspec

from converge_core.ids import AgentId, GateId, ProposalId


class StopReason(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind"):
    """The base of the thirteen reasons."""

    success: ClassVar[bool] = False

    @property
    def kind(self) -> str:
        """The reason's name, such as ``Converged``."""
        return type(self).__name__

    def words(self) -> str:
        """Returns one or two sentences for a person."""
        raise NotImplementedError


class Converged(StopReason, frozen=True, tag="Converged"):
    """Nothing changes any more."""

    success: ClassVar[bool] = True

    def words(self) -> str:
        """Returns one or two sentences for a person."""
        return "Converged. No agent has anything to add to this context."


class CriteriaMet(StopReason, frozen=True, tag="CriteriaMet"):
    """The fixed point is reached and every required criterion is met."""

    success: ClassVar[bool] = True
    criteria: tuple[str, ...]

    def words(self) -> str:
        """Returns one or two sentences for a person."""
        met = ", ".join(self.criteria)
        return f"Done. The run reached its fixed point and met its criteria: {met}."


class UserCancelled(StopReason, frozen=True, tag="UserCancelled"):
    """A person stopped the run."""

    success: ClassVar[bool] = True
    by: str

    def words(self) -> str:
        """Returns one or two sentences for a person."""
        return f"Cancelled by {self.by}. What was decided before stays in the context."


class HumanInterventionRequired(StopReason, frozen=True, tag="HumanInterventionRequired"):
    """A required criterion is blocked until a person acts outside this run."""

    criteria: tuple[str, ...]
    detail: str
    approvals: tuple[str, ...] = ()

    def words(self) -> str:
        """Returns one or two sentences for a person."""
        return f"A person is needed: {self.detail}"


class HitlGatePending(StopReason, frozen=True, tag="HitlGatePending"):
    """The run waits for a human decision; it stops only for a caller that cannot wait."""

    gate: GateId
    proposal: ProposalId
    summary: str
    agent: AgentId
    cycle: int

    def words(self) -> str:
        """Returns one or two sentences for a person."""
        return f"Waiting for a decision on “{self.summary}”. Nothing runs until then."


class CycleBudgetExhausted(StopReason, frozen=True, tag="CycleBudgetExhausted"):
    """The run used all its cycles."""

    executed: int
    limit: int

    def words(self) -> str:
        """Returns one or two sentences for a person."""
        return f"Stopped after {self.executed} of {self.limit} cycles without a fixed point."


class FactBudgetExhausted(StopReason, frozen=True, tag="FactBudgetExhausted"):
    """One more fact would have been too many; it was not made."""

    facts: int
    limit: int

    def words(self) -> str:
        """Returns one or two sentences for a person."""
        return f"Stopped at {self.facts} facts; the budget is {self.limit}."


class TokenBudgetExhausted(StopReason, frozen=True, tag="TokenBudgetExhausted"):
    """The models used all the tokens of the run."""

    consumed: int
    limit: int

    def words(self) -> str:
        """Returns one or two sentences for a person."""
        return f"Stopped: the models used {self.consumed} tokens; the budget is {self.limit}."


class TimeBudgetExhausted(StopReason, frozen=True, tag="TimeBudgetExhausted"):
    """Agents worked longer than the run allows; waiting does not count."""

    duration_us: int
    limit_us: int

    def words(self) -> str:
        """Returns one or two sentences for a person."""
        used, limit = self.duration_us / 1e6, self.limit_us / 1e6
        return f"Stopped: the agents worked {used:.1f} s; the budget is {limit:.1f} s."


class InvariantViolated(StopReason, frozen=True, tag="InvariantViolated"):
    """A rule about the whole context does not hold."""

    invariant_class: str
    name: str
    reason: str

    def words(self) -> str:
        """Returns one or two sentences for a person."""
        return f"Stopped: the {self.invariant_class} rule “{self.name}” is broken. {self.reason}"


class PromotionRejected(StopReason, frozen=True, tag="PromotionRejected"):
    """A proposal that the intent requires was refused."""

    proposal: ProposalId
    reason: str

    def words(self) -> str:
        """Returns one or two sentences for a person."""
        return f"Stopped: a required proposal was refused. {self.reason}"


class Error(StopReason, frozen=True, tag="Error"):
    """Something failed that is nobody's decision."""

    message: str
    category: Literal["internal", "configuration", "external", "resource", "unknown"]
    observed: int | None = None
    limit: int | None = None

    def words(self) -> str:
        """Returns one or two sentences for a person."""
        return f"Stopped by an error ({self.category}): {self.message}"


class AgentRefused(StopReason, frozen=True, tag="AgentRefused"):
    """An agent that the intent requires could not do its work."""

    agent: AgentId
    reason: str

    def words(self) -> str:
        """Returns one or two sentences for a person."""
        return f"Stopped: the agent {self.agent}, which this run requires, gave up. {self.reason}"


AnyStop = (
    Converged
    | CriteriaMet
    | UserCancelled
    | HumanInterventionRequired
    | HitlGatePending
    | CycleBudgetExhausted
    | FactBudgetExhausted
    | TokenBudgetExhausted
    | TimeBudgetExhausted
    | InvariantViolated
    | PromotionRejected
    | Error
    | AgentRefused
)
