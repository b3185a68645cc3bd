"""Beginning with what another run came to, at its end or at any record of its life.

A run that continues another goes on from its end, so that one must have stopped. A fork goes on
from a record of it, which may be long ago; what the other does since is not seen by it. Facts are
by reference either way: the root in the first record of the new run covers them.
"""

from __future__ import annotations

from converge_core.context import Context
from converge_core.errors import IllegalCommand
from converge_core.events import RunStarted
from converge_core.run_state import Phase, RunState


def context_at(origin: RunState, seq: int, last: int) -> Context:
    """Returns the context of ``origin`` as it stood once record ``seq`` was written.

    Args:
        origin: a run, which may be under way; it is left as it is.
        seq: the record.
        last: the last record there is.

    Raises:
        IllegalCommand: if there is no such record, or it is from before the run.
    """
    if not origin.started_seq <= seq <= last:
        raise IllegalCommand(
            f"run {origin.run} cannot be forked at record {seq}; it began with record "
            f"{origin.started_seq}, and the last there is is record {last}"
        )
    made = sum(place <= seq for place in origin.fact_seq.values())
    return origin.context._oldest(origin.base_facts + made)  # noqa: SLF001 - contexts grow here


def base_of(started: RunStarted, origin: RunState | None, seq: int) -> Context:
    """Returns the context that a run begins with: nothing, or what another came to.

    Args:
        started: how it begins.
        origin: the run that it continues, if there is one.
        seq: the record by which it begins.

    Raises:
        IllegalCommand: if that run did not come to what the new one says that it begins with.
    """
    forked_at = started.forked_at
    if started.continues is None:
        if isinstance(forked_at, int):
            raise IllegalCommand(f"record {seq}: run {started.run} is a fork, of no run")
        return Context()
    how = f"record {seq}: run {started.run} continues {started.continues}, which"
    if origin is None:
        raise IllegalCommand(f"{how} never started")
    if isinstance(forked_at, int):
        base, when = context_at(origin, forked_at, seq - 1), f"at record {forked_at}"
    elif origin.phase is Phase.STOPPED:
        base, when = origin.context, "in the end"
    else:
        raise IllegalCommand(f"{how} did not end")
    if base.root != started.base_root:
        raise IllegalCommand(f"{how} did not come to {started.base_root[:12]} {when}")
    return base
