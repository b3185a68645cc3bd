"""What was decided before about the same: a bounded table, whatever the length of the ledger.

Of a run that has stopped, its note holds what people decided in it; so nothing is read again to
find a precedent, and the newest few of each target and of each kind are all that is kept.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable
from dataclasses import dataclass

from converge_core.asking import Gate
from converge_core.proposal import Draft
from converge_core.run_state import RunState
from converge_core.targets import target_of
from converge_desktop.runtime.deciding_model import PrecedentRow
from converge_desktop.runtime.standing_views import decided_own
from converge_desktop.runtime.wording import run_label

KEPT = 20
"""How many decisions of one target, and of one kind, are kept: the newest."""
SHOWN = 8
"""How many are shown."""
MOST_OF_RUN = 200
"""How many decisions of one run are noted: the newest."""
LONGEST = 400
"""How much of a title or a reason is noted."""


@dataclass(frozen=True, slots=True)
class Precedent:
    """A decision in a few words."""

    gate: str
    target: str
    kind: str
    title: str
    verdict: str
    reason: str
    operator: str
    at: int
    own: bool = False


def decided_in(run: RunState) -> tuple[Precedent, ...]:
    """Returns what people decided in a run and did not undo, oldest first."""
    found = [_precedent(run, gate) for gate in run.gates.values() if gate.decision is not None]
    return tuple(sorted(found, key=lambda one: one.at)[-MOST_OF_RUN:])


def kind_of(draft: Draft) -> str:
    """Returns what kind of thing a proposal is, for precedents: its key and its kind."""
    return f"{draft.fact.key}\t{draft.fact.kind}"


class Precedents:
    """The newest decisions of each target and of each kind, in runs that have stopped."""

    def __init__(self) -> None:
        self._targets: dict[str, list[Precedent]] = {}
        self._kinds: dict[str, list[Precedent]] = {}

    def note(self, decided: Iterable[Precedent]) -> None:
        """Takes in what was decided in a run that has stopped."""
        for one in decided:
            _newest(self._targets, one.target, one)
            _newest(self._kinds, one.kind, one)

    def of(self, draft: Draft, going: Iterable[RunState], but: str) -> tuple[PrecedentRow, ...]:
        """Returns the precedents of a proposal, those of its target first, each newest first.

        Args:
            draft: the proposal.
            going: the runs that have not stopped, whose decisions count as well.
            but: the gate at which it is asked, which is no precedent of itself.
        """
        target, kind = target_of(draft), kind_of(draft)
        live = [one for run in going for one in decided_in(run)]
        same = _rows("target", [*self._targets.get(target, ()), *live], but, target=target)
        known = {row.gate_id for row in same}
        alike = _rows("kind", [*self._kinds.get(kind, ()), *live], but, kind=kind)
        return (*same[:SHOWN], *[row for row in alike if row.gate_id not in known][:SHOWN])


def _rows(
    same: str, found: list[Precedent], but: str, target: str = "", kind: str = ""
) -> list[PrecedentRow]:
    fit = [
        one
        for one in found
        if one.gate != but and (one.target == target if target else one.kind == kind)
    ]
    return [_row(same, one) for one in sorted(fit, key=lambda one: one.at, reverse=True)]


def _row(same: str, one: Precedent) -> PrecedentRow:
    run = one.gate.partition(":")[2].partition("/")[0]
    return PrecedentRow(
        same=same,
        gate_id=one.gate,
        run_id=run,
        run_label=run_label(run),
        title=one.title,
        verdict=one.verdict,
        reason=one.reason,
        operator=one.operator,
        at=one.at,
        own=one.own,
    )


def _precedent(run: RunState, gate: Gate) -> Precedent:
    decision, draft = gate.decision, run.drafts[gate.request.proposal]
    assert decision is not None
    return Precedent(
        gate=str(gate.request.id),
        target=target_of(draft),
        kind=kind_of(draft),
        title=_short(gate.request.title),
        verdict=decision.verdict.value,
        reason=_short(decision.reason),
        operator=str(decision.operator),
        at=decision.decided_at,
        own=decided_own(run, gate, decision),
    )


def _short(words: str) -> str:
    return words if len(words) <= LONGEST else f"{words[: LONGEST - 1]}…"


def _newest(table: dict[str, list[Precedent]], name: str, one: Precedent) -> None:
    """Keeps ``one`` if it is among the newest; runs stop in another order than they ask."""
    found = table.setdefault(name, [])
    insort(found, one, key=lambda other: other.at)
    del found[:-KEPT]
