"""Model calls like one of them: those of chains that came to something like what its chain did.

A million calls are not embedded; what chains came to is, because it can be recalled. So a call is
like another if both chains proposed, or failed by, things that lie near each other, and it is the
same step of its chain.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final

import converge_core.events as e
from converge_core.canonical import hash_record
from converge_core.ids import AgentId
from converge_core.ledger import Entry
from converge_core.recall import (
    RecallBudgets,
    RecallConsumer,
    RecallPolicy,
    RecallQuery,
    RecallSource,
    RecallStopReason,
)
from converge_core.trace import DecisionTrace
from converge_desktop.adapters.recall.things import embedded_text
from converge_desktop.runtime.recall_desk import RecallDesk
from converge_desktop.runtime.recalling import recall_words
from converge_desktop.runtime.trace_desk import TraceDesk
from converge_desktop.runtime.trace_model import LikeTraces, TraceProblem
from converge_desktop.runtime.wording import plural

if TYPE_CHECKING:
    from converge_desktop.runtime.recall_answers import Hits
    from converge_desktop.runtime.trace_index import Indexed
    from converge_desktop.runtime.trace_sets import TraceSets

MOST: Final = 99
"""How many calls are shown; as many as a recall may want."""
LIKE: Final = RecallPolicy(
    enabled=True,
    max_k_total=MOST,
    max_tokens_injection=100_000,
    min_score_threshold=500,
    budgets=RecallBudgets(max_latency_ms=2_000),
)
"""How calls are looked for: wider than precedents, because a person sees how near each is."""
AHEAD: Final = 1_000
"""Records behind a call in which it is looked for what came of it."""
NEAR: Final = 65_536
"""Calls before an end among which its chain is looked for; other runs may go on meanwhile."""


class LikeDesk(TraceDesk, RecallDesk):
    """What of a desk takes both, the index over model calls and recall; :class:`Desk` is one."""

    _questions: ThreadPoolExecutor

    def like_trace(self, trace_id: str) -> Future[LikeTraces]:
        """Returns the model calls of other chains that came to something like what one came to."""
        traces, recall = self._need_traces(), self._need_recall()

        def look() -> LikeTraces:
            seq = self._engine.send(lambda: self._seq_of(trace_id)).result()
            history = self._history()
            asked = _trace_of(history.entry(seq))
            run = self._engine.send(lambda: self._engine.views.run_state(asked.run)).result()
            query = RecallQuery(
                query_text=embedded_text(came_to(asked, history.since(seq + 1))) or " ",
                top_k=MOST,
                tenant_scope=run.started.tenant,
                sources=(RecallSource.PROPOSAL, RecallSource.FAILURE),
                consumer=RecallConsumer.PERSON,
            )
            answer, hits = recall.near(query, LIKE).result()
            ends = list(_ends(hits, history.entry))

            def found(view: Indexed, sets: TraceSets) -> LikeTraces:
                near = calls_of(view, asked, seq, ends)
                how = hash_record(answer.envelope)
                about = {"like": str(trace_id), "record": seq, "recall": how}
                chosen = sets.chosen(view, list(near), traces.last, about)
                now = self.recall_state()
                trouble = now.trouble if now.state == "failed" else ""
                words = like_words(len(near), answer.stop_reason, trouble)
                return LikeTraces(chosen, tuple(near.values()), words)

            return traces.ask(found).result()

        return self._questions.submit(look)


@dataclass(frozen=True, slots=True)
class End:
    """What a chain came to: by record ``seq`` of ``run``, how near in thousandths, by whom."""

    run: str
    seq: int
    agent: AgentId
    score: int


def came_to(trace: DecisionTrace, behind: Iterator[Entry]) -> str:
    """Returns what the chain of a call came to, as that is embedded; what it said if to nothing.

    Args:
        trace: the call.
        behind: the records behind it.
    """
    for entry in islice(behind, AHEAD):
        match entry.event:
            case e.ProposalCreated(draft=draft) if trace.id in draft.traces:
                return draft.fact.content
            case e.AgentFailed(run=trace.run, agent=trace.agent, reason=reason):
                return f"{trace.agent}: {reason}"
            case e.RunStopped(run=trace.run):
                break
    return trace.call.headline


def calls_of(view: Indexed, asked: DecisionTrace, own: int, ends: Sequence[End]) -> dict[int, int]:
    """Returns the records of calls that led to some ends, nearest first, with how near they are.

    Of each chain it is the step that was asked about, or the last one where there is none such.

    Args:
        view: what the index shows.
        asked: the call that is asked about.
        own: its record, which is left out.
        ends: what the chains came to.
    """
    table = view.traces
    runs = {word: code for code, word in enumerate(table.words["run"])}
    agents = {word: code for code, word in enumerate(table.words["agent"])}
    found: dict[int, int] = {}
    for end in ends:
        run, agent = runs.get(end.run), agents.get(str(end.agent))
        if run is None or agent is None:
            continue
        before = int(table["seq"].searchsorted(end.seq))
        first = max(0, before - NEAR)
        mine = (table["run"][first:before] == run) & (table["agent"][first:before] == agent)
        chain: dict[str, int] = {}
        for row in mine.nonzero()[0][::-1]:
            step = table.word("step", first + int(row))
            if step in chain:
                break
            chain[step] = int(table["seq"][first + int(row)])
        if chain:
            seq = chain.get(asked.call.step, max(chain.values()))
            if seq != own:
                found.setdefault(seq, end.score)
    return dict(islice(found.items(), MOST))


def like_words(found: int, reason: RecallStopReason, trouble: str = "") -> str:
    """Says what was found for a person, or why there is nothing; ``trouble`` is that of recall."""
    if found:
        return f"{plural(found, 'step')} of chains that came to something like it, nearest first."
    match reason:
        case RecallStopReason.LATENCY_EXCEEDED:
            return "The model is busy, and it was not looked further. Ask again in a while."
        case RecallStopReason.UNAVAILABLE if trouble:
            return f"Nothing can be looked for, because recall failed: {trouble.rstrip('.')}."
        case RecallStopReason.UNAVAILABLE:
            return "What chains came to is still being read. Ask again in a while."
        case RecallStopReason.BELOW_THRESHOLD | RecallStopReason.NOTHING_MORE:
            return "No other chain came to anything like it."
        case _:
            return recall_words((), reason)


def _trace_of(entry: Entry) -> DecisionTrace:
    if not isinstance(entry.event, e.TraceRecorded):
        raise TraceProblem(f"what record {entry.head.seq} said was left out of this ledger")
    return entry.event.trace


def _ends(hits: Hits, entry: Callable[[int], Entry]) -> Iterator[End]:
    for thing, cosine in hits:
        score = round(cosine * 1000)
        if score < LIKE.min_score_threshold:
            return
        event = entry(thing.seq).event
        match event:
            case e.ProposalCreated(draft=draft):
                yield End(thing.run, thing.seq, draft.agent, score)
            case e.AgentFailed(agent=agent):
                yield End(thing.run, thing.seq, agent, score)
