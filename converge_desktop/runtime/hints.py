"""What is recalled for a step of a chain: entries of its state, each marked as a hint.

A hint may be read and never cited: the grammar over the state leaves its id out, and the contract
refuses an answer that cites it. What recall could not do in its budgets is on record, and the step
goes on without.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Final

from msgspec.structs import replace

from converge_core.errors import IllegalCommand
from converge_core.events import RunStarted
from converge_core.prompt import StateEntry
from converge_core.recall import MOST_QUERY, RecallPolicy, RecallQuery
from converge_core.recall_envelope import RecallProvenanceEnvelope
from converge_core.redaction import redact
from converge_desktop.runtime.recalling import LETTER, RecallAnswer, not_looked

Asks = Callable[[RecallQuery, RecallPolicy], Future[RecallAnswer]]
"""Has something recalled."""
Recalls = Callable[[RecallQuery, RecallPolicy], RecallAnswer]
"""Recalls for a run, and waits."""


@dataclass(frozen=True, slots=True)
class Hints:
    """What was recalled, and how; no envelope where nothing was to be looked for."""

    entries: tuple[StateEntry, ...] = ()
    envelope: RecallProvenanceEnvelope | None = None


NO_HINTS: Final = Hints()


def recalling(asks: Asks | None, started: RunStarted) -> Recalls | None:
    """Returns how a run recalls: among the things of its tenant alone, and not its own."""
    if asks is None:
        return None

    def recall(query: RecallQuery, policy: RecallPolicy) -> RecallAnswer:
        asked = replace(query, tenant_scope=started.tenant, but_run=str(started.run))
        return asks(asked, policy).result()

    return recall


def hints_for(
    step: str,
    question: str,
    told: Sequence[StateEntry],
    policy: RecallPolicy,
    recalls: Recalls | None,
) -> Hints:
    """Returns what is like a question over a state, as entries of that state.

    Where nothing could be asked, because nothing embeds here or recall did not open, the envelope
    says so: a decision does not hang on that.
    """
    matter = "; ".join((question, *(entry.shown for entry in told)))
    query = RecallQuery(
        query_text=matter[:MOST_QUERY], top_k=max(policy.max_k_total, 1), step_context=step
    )
    found = _found(query, policy, recalls)
    if found is None:
        return Hints((), not_looked(query, policy, redact(query.query_text)))
    entries = (
        StateEntry(
            f"{LETTER}{number:02d}",
            one.id,
            (one.source_type.value, one.summary),
            one.summary,
            hint=True,
        )
        for number, one in enumerate(found.candidates, start=1)
    )
    return Hints(tuple(entries), found.envelope)


def _found(
    query: RecallQuery, policy: RecallPolicy, recalls: Recalls | None
) -> RecallAnswer | None:
    try:
        return recalls(query, policy) if recalls is not None else None
    except IllegalCommand:  # it did not open
        return None
