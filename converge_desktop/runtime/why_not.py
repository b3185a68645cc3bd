"""Why a run has not converged, in sentences: whoever reads them knows what it waits for.

Each is a pair of a kind and a sentence. The kinds are ``paused``, ``ask`` (a gate that is open),
``settle`` (decided, and still to be undone), ``run`` (who is at work), ``woken`` (by what),
``criterion`` (what is not met), ``budget`` (what is nearly spent), ``expired`` (what became of a
gate that nobody answered in time), and ``stop`` (why it has ended).
"""

from __future__ import annotations

from collections.abc import Iterator

from converge_core.asking import Gate, GateEnd, GatePhase
from converge_core.criterion import Met, judge
from converge_core.key import ContextKey
from converge_core.review import ActKind
from converge_core.run_state import Phase, RunState
from converge_desktop.runtime.run_model import BudgetRow
from converge_desktop.runtime.wording import plural

NEARLY = 800
"""The share of a budget, in thousandths, from which it is nearly spent."""
Reasons = Iterator[tuple[str, str]]


def why_not(run: RunState, budgets: tuple[BudgetRow, ...]) -> tuple[tuple[str, str], ...]:
    """Returns why a run has not converged, or why it has ended; what matters most comes first."""
    if run.stop is not None:
        return (("stop", run.stop.words()), *_expired(run))
    return (
        *_paused(run),
        *_asked(run),
        *_at_work(run),
        *_unmet(run),
        *_nearly_spent(budgets),
        *_expired(run),
    )


def _paused(run: RunState) -> Reasons:
    held = run.suspension
    if held is None:
        return
    why = f": {held.reason}" if held.reason else ""
    yield "paused", f"{held.by} paused it{why.removesuffix('.')}. Nothing begins until it goes on."
    if run.phase is Phase.EXECUTING:
        names = ", ".join(run.eligible[run.cycle])
        yield "run", f"Cycle {run.cycle} begins again then, with {names}."
    elif run.phase is Phase.RESOLVING:
        yield "run", "All has been answered; the answers take effect then."


def _asked(run: RunState) -> Reasons:
    for gate in run.undecided():
        title, agent = gate.request.title, gate.request.agent
        if gate.phase is GatePhase.SETTLING:
            yield (
                "settle",
                f"“{title}” is {gate.end}; it takes effect when it can no longer be undone.",
            )
        else:
            yield "ask", f"{agent} asks for a decision on “{title}”: {_votes_needed(gate)}."


def _votes_needed(gate: Gate) -> str:
    """Says how many approvals are still needed, and from whom if that is settled."""
    tally = gate.tally()
    left = max(tally.needed - tally.approvals, 1)
    lead = gate.terms.quorum.lead
    if lead:
        return f"the word of {lead} is needed"
    given = f"{tally.approvals} of {tally.needed} given, " if tally.needed > 1 else ""
    return f"{given}{plural(left, 'approval')} still needed" + ("" if given else ", or a rejection")


def _at_work(run: RunState) -> Reasons:
    if run.phase is not Phase.EXECUTING or run.suspension is not None:
        return
    names = run.eligible[run.cycle]
    yield "run", f"At work in cycle {run.cycle}: {', '.join(names)}."
    woken_by = _changed_before(run)
    if woken_by:
        verb = "is" if len(names) == 1 else "are"
        yield "woken", f"{', '.join(names)} {verb} eligible because {woken_by}."


def _changed_before(run: RunState) -> str:
    """Says what woke the agents of this cycle; empty where nothing did but the beginning."""
    if run.cycle == 1:
        return "the run has just begun" if run.context.count() else ""
    before = run.cycle - 1
    made = [fact.key for name, fact in run.promoted.items() if run.drafts[name].cycle == before]
    keys = [key.value for key in ContextKey if key in made]
    return f"cycle {before} made new facts under {' and '.join(keys)}" if keys else ""


def _unmet(run: RunState) -> Reasons:
    for criterion in run.criteria:
        result = judge(criterion, {}, run.context)
        if not isinstance(result, Met):
            what = (
                "Required, and not yet so" if criterion.required else "Wished for, and not yet so"
            )
            yield "criterion", f"{what}: {criterion.description}. {result.reason}"


def _nearly_spent(budgets: tuple[BudgetRow, ...]) -> Reasons:
    for row in budgets:
        if row.share >= NEARLY:
            yield "budget", f"Its {row.name} are nearly spent: {row.words}."


def _expired(run: RunState) -> Reasons:
    """Says what became of each gate that nobody answered in time."""
    for gate in run.gates.values():
        title = gate.request.title
        if gate.end is GateEnd.LAPSED:
            yield "expired", f"Nobody answered “{title}” in time. Silence rejects, so it is not so."
        elif gate.end is GateEnd.ASSUMED:
            words = gate.terms.timeout_words
            yield "expired", f"Nobody answered “{title}” in time. Silence approves here: {words}"
        elif gate.open and gate.escalated and not _escalated_by_hand(gate):
            yield "expired", f"Nobody answered “{title}” in time. Others are asked now."


def _escalated_by_hand(gate: Gate) -> bool:
    return any(act.act is ActKind.ESCALATE for act in gate.acts)
