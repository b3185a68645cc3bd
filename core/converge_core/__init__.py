"""converge_core: context, agents, gate and loop, without input or output.

Start with :class:`Engine`; its docstring is the quick start.
"""

from converge_core import lifecycle
from converge_core.agent import Agent, AgentEffect, ReactOnceAgent, SeedAgent
from converge_core.artifact import (
    ArtifactKind,
    ArtifactRef,
    ArtifactState,
    RollbackImpact,
    Severity,
    Use,
)
from converge_core.authority import Actor, ActorKind, AuthorityGrant
from converge_core.context import Context, ContextView
from converge_core.engine import Engine, RunResult
from converge_core.evals import Eval, EvalAgent, EvalOutcome, EvalRegistry, EvalResult, requires
from converge_core.fact import Fact
from converge_core.gate import PromotionGate
from converge_core.key import ContextKey
from converge_core.policy import grant
from converge_core.proposal import ContentKind, ProposedFact

__all__ = [
    "Actor",
    "ActorKind",
    "Agent",
    "AgentEffect",
    "ArtifactKind",
    "ArtifactRef",
    "ArtifactState",
    "AuthorityGrant",
    "ContentKind",
    "Context",
    "ContextKey",
    "ContextView",
    "Engine",
    "Eval",
    "EvalAgent",
    "EvalOutcome",
    "EvalRegistry",
    "EvalResult",
    "Fact",
    "PromotionGate",
    "ProposedFact",
    "ReactOnceAgent",
    "RollbackImpact",
    "RunResult",
    "SeedAgent",
    "Severity",
    "Use",
    "grant",
    "lifecycle",
    "requires",
]
