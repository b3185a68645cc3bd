"""What an engine goes by: its policy and checks, its invariants, its judges, and who said what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from converge_core.authority import AuthorityGrant, AuthorityLevel
from converge_core.binding import NOTHING_BINDS, Binding
from converge_core.checks import BASIC
from converge_core.criterion import Judge
from converge_core.gate import Check, PromotionGate
from converge_core.ids import AgentId
from converge_core.invariant import Invariant, InvariantClass, OnViolation
from converge_core.merge import Merge
from converge_core.policy import ENGINE_GATE, Policy, policy_of_grants
from converge_core.run_state import RunState
from converge_core.stakes import StakesOf

Invariants = tuple[Invariant, ...]
_Known = tuple[tuple[AuthorityGrant, ...], tuple[tuple[str, Check], ...], str]


class Rules:
    """All that is written down before a run begins; nothing of it changes in one.

    Attributes:
        judges: who judges a criterion, by its id.
        invariants: the rules about the whole context, in the order in which they are checked.
        structural: rules that discard a merge.
        semantic: rules that must hold when nothing changes any more.
        stopping: those of them that stop a run at once.
        remedied: those of them that agents may mend.
        acceptance: rules that must hold for a run to converge.
        amended: those of them that agents may mend.
    """

    def __init__(
        self,
        *,
        policy: Policy | None,
        checks: Mapping[str, Check],
        invariants: Iterable[Invariant],
        judges: Mapping[str, Judge],
        stakes: StakesOf | None,
        levels: Mapping[AgentId, AuthorityLevel],
    ) -> None:
        self._policy = policy
        self._checks = {**BASIC, **checks}
        self._stakes = stakes
        self._levels = levels
        self._gates: dict[_Known, PromotionGate] = {}
        self.judges = dict(judges)
        known = self.invariants = tuple(invariants)
        self.structural = _of(known, InvariantClass.STRUCTURAL)
        self.semantic = _of(known, InvariantClass.SEMANTIC)
        self.stopping = _leading_to(self.semantic, OnViolation.STOP)
        self.remedied = _leading_to(self.semantic, OnViolation.REMEDIATE)
        self.acceptance = _of(known, InvariantClass.ACCEPTANCE)
        self.amended = _leading_to(self.acceptance, OnViolation.REMEDIATE)

    def gate(
        self, grants: tuple[AuthorityGrant, ...], binding: Binding = NOTHING_BINDS
    ) -> PromotionGate:
        """Returns the gate that everything passes in a run with these grants, bound like this."""
        # A policy that is made of grants is as they are; another may change between runs.
        version = self._policy.version if self._policy else ""
        known = grants, binding.checks, version
        gate = self._gates.get(known)
        if gate is None:
            policy = self._policy or policy_of_grants(grants)
            gate = PromotionGate(ENGINE_GATE, policy, self._checks, binding.checks)
            self._gates = {known: gate}
        return gate

    def merge(self, state: RunState, now: int) -> Merge:
        """Returns a merge on top of ``state``."""
        started, context = state.started, state.context
        return Merge(
            run=started.run,
            cycle=state.cycle,
            gate=self.gate(started.grants, state.binding),
            context=context._fork(),  # noqa: SLF001 - a merge is the engine's own
            grants=started.grants,
            room=state.base_facts + started.intent.budgets.facts - context.count(),
            now=now,
            observations=state.observations,
            levels=state.levels or self._levels,  # as it began; an old ledger does not say
            stakes=self._stakes,
            closed=state.refused_targets,
            recorded=state.fact_seq,
            drafted=len(state.drafts),
            tenant=started.tenant or "",
            operators=state.operators,
            absent=state.absent,
            traces=state.traces,
        )


def _of(invariants: Invariants, kind: InvariantClass) -> Invariants:
    return tuple(one for one in invariants if one.invariant_class is kind)


def _leading_to(invariants: Invariants, mode: OnViolation) -> Invariants:
    return tuple(one for one in invariants if one.on_violation is mode)
