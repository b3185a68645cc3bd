"""Who speaks in a run beside its agents; no agent may take one of these names."""

from __future__ import annotations

from converge_core.authority import Actor, ActorKind
from converge_core.ids import AgentId

INPUT = AgentId("input")
"""Whoever lays input before a run."""
ENGINE = AgentId("engine")
"""The engine itself, which says nothing but what went wrong."""
PEOPLE = AgentId("people")
"""A person, where one edits or sends back; the draft's author says who."""
SYSTEM = Actor(kind=ActorKind.SYSTEM, id="engine")
"""The engine as an approver."""
