"""Corrections: a new fact that takes an older one's place; nothing is changed or taken away.

A correction is a proposal like any other and goes the same road. What stands in the place of what
is a matter of scope: for everybody, for one tenant, or for one session (a run).

Source: vocabulary 1.2, CorrectionEvent and CorrectionError.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import msgspec

from converge_core.ids import FactId
from converge_core.record import Record


class CorrectionReason(StrEnum):
    """Why a fact is corrected."""

    DATA_ERROR = "data_error"
    """What was read or computed was wrong."""
    POLICY_CHANGE = "policy_change"
    """It was right under another policy."""
    SOURCE_RETRACTION = "source_retraction"
    """Where it came from took it back."""
    MANUAL_OVERRIDE = "manual_override"
    """A person knows better."""
    SYSTEM_RECONCILIATION = "system_reconciliation"
    """Two records of the same were brought together."""


class ScopeKind(StrEnum):
    """For whom a correction holds."""

    GLOBAL = "global"
    """For everybody."""
    TENANT = "tenant"
    """For one tenant."""
    SESSION = "session"
    """For one run."""


class CorrectionScope(Record, frozen=True):
    """For whom a correction holds; ``name`` is the tenant or the run, empty for everybody."""

    kind: ScopeKind = ScopeKind.GLOBAL
    name: str = ""

    def __str__(self) -> str:
        return f"{self.kind} {self.name}".strip()

    def covers(self, scope: CorrectionScope) -> bool:
        """Whether what holds here holds for all for whom ``scope`` does.

        A run belongs to one tenant, and a correction for a run is made in it, so that a tenant's
        scope covers that of its runs.
        """
        wider = (self.kind, scope.kind) == (ScopeKind.TENANT, ScopeKind.SESSION)
        return self.kind is ScopeKind.GLOBAL or wider or self == scope

    def overlaps(self, scope: CorrectionScope) -> bool:
        """Whether there may be somebody for whom both hold."""
        apart = self.kind is scope.kind and self.name != scope.name
        return not apart


EVERYBODY = CorrectionScope()


class Correction(Record, frozen=True):
    """What a proposal corrects, and why.

    Attributes:
        supersedes: the fact whose place it takes.
        reason: why, as a code.
        text: why, in a sentence.
        scope: for whom.
    """

    supersedes: FactId
    reason: CorrectionReason
    text: Annotated[str, msgspec.Meta(min_length=1)]
    scope: CorrectionScope = EVERYBODY


class CorrectionProblem(StrEnum):
    """Why a correction cannot stand."""

    FACT_NOT_FOUND = "fact-not-found"
    ALREADY_SUPERSEDED = "already-superseded"
    SCOPE_MISMATCH = "scope-mismatch"
    INVALID_CHAIN = "invalid-chain"
    NOT_AUTHORIZED = "not-authorized"
