"""What approving and what rejecting would lead to, side by side, as it is shown."""

from __future__ import annotations

from collections.abc import Iterator

from converge_core.asking import Gate
from converge_core.engine import Engine
from converge_core.errors import ConvergeError
from converge_core.preview import Effort, Preview, preview
from converge_core.review import Verdict
from converge_core.run_state import Phase, RunState
from converge_desktop.runtime.deciding_model import Previews, PreviewView, WokenRow
from converge_desktop.runtime.wording import plural


def previews(engine: Engine, run: RunState, gate: Gate, now: int) -> Previews:
    """Returns both previews of an open gate; call it where the engine is stepped."""
    return Previews(
        gate.request.id,
        _shown(engine, run, gate, Verdict.APPROVE, now),
        _shown(engine, run, gate, Verdict.REJECT, now),
    )


def _shown(engine: Engine, run: RunState, gate: Gate, verdict: Verdict, now: int) -> PreviewView:
    try:
        found = preview(engine, run, gate.request.id, verdict, now=now)
    except ConvergeError as error:
        return PreviewView(verdict.value, why_not=str(error))
    return PreviewView(
        verdict=verdict.value,
        facts=tuple((fact.key.value, fact.content) for fact in found.facts),
        refused=tuple((one.draft.fact.content, one.reason) for one in found.refused),
        woken=tuple(
            WokenRow(one.agent, one.cycle, one.part.value, one.reason) for one in found.woken
        ),
        asks=tuple(request.title for request in found.gates),
        broken=found.broken,
        ends=_ends(found),
        unknown=tuple(_unknown(found)),
        used=_used(found.used),
    )


def _unknown(found: Preview) -> Iterator[str]:
    if found.moved:
        yield "what it rests on changed, so that it would be asked anew"
    yield from found.depends_on()


def _used(used: Effort) -> str:
    taken = (
        plural(used.cycles, "cycle"),
        plural(used.facts, "fact"),
        f"{plural(used.agents, 'agent')} that ran",
    )
    return f"{taken[0]}, {taken[1]} and {taken[2]}"


def _ends(found: Preview) -> str:
    """Says how the run would stand then."""
    if found.spent:
        return f"It goes on after {plural(found.used.cycles, 'cycle')}; further is not shown."
    if found.stop is not None:
        return found.stop.words()
    if found.phase is Phase.WAITING:
        return f"It would wait for {plural(len(found.gates) or 1, 'answer')}."
    return "It would go on."
