"""The one error tree of the core.

Every error names whose fault it is by its class, carries the ids involved in its text, and leaves
state untouched: whatever raises one has changed nothing.
"""

from __future__ import annotations


class ConvergeError(Exception):
    """Anything the core refuses to do."""


class InvalidId(ConvergeError):
    """An id is empty, blank, too long, or holds a control character."""


class InvalidValue(ConvergeError):
    """A value cannot be recorded: a float, a key that is not ASCII, an integer beyond 2^53."""


class GateError(ConvergeError):
    """The promotion gate refused to make a fact."""


class MissingCheck(GateError):
    """The policy names a check that nobody provides."""


class ReportMismatch(GateError):
    """The validation report does not belong to the proposal, or was used before."""


class NotAuthorized(GateError):
    """No grant covers the promotion."""


class Conflict(ConvergeError):
    """The same id stands for two contents."""


class IllegalCommand(ConvergeError):
    """The command does not fit the state of the run."""


class IllegalTransition(ConvergeError):
    """A governed artifact may not go where it is to go from where it stands."""


class DecisionRefused(ConvergeError):
    """A human decision cannot be taken: foreign, stale, repeated differently, or unsigned."""


class InvalidConfiguration(ConvergeError):
    """A policy, pack or contract contradicts itself."""


class InvalidIntent(ConvergeError):
    """A declared intent, or a frame of it, lacks something or contradicts itself.

    Attributes:
        field: where, such as ``scope`` or ``frames.launch.constraints``.
        reason: one sentence for a person.
    """

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


class LedgerCorrupt(ConvergeError):
    """A record of the ledger does not verify."""

    def __init__(self, seq: int, reason: str) -> None:
        super().__init__(f"record {seq}: {reason}")
        self.seq = seq
        self.reason = reason


class CapsuleBroken(ConvergeError):
    """A line of an evidence capsule does not hold."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(f"line {line}: {reason}")
        self.line = line
        self.reason = reason
