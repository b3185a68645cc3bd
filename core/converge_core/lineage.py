"""Where a statement came from, and what rests on it: one graph over all runs, walked both ways.

Every record names what it came of: a proposal the facts its author read, a trace its prompt and its
model, a fact its proposal and the decisions behind it. Those names, gathered once, answer two
questions: *what rests on this* (its blast radius: what to look at again once a fact, a prompt
version or a model has turned out bad) and *why is this true*, down to what was read from the world.

Source: vocabulary 1.2, the provenance of facts. The engine's own diagnostics name nothing that they
came of, so they end no path.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from converge_core.asking import GateEnd
from converge_core.canonical import MAX_INTEGER
from converge_core.fact import Fact
from converge_core.ids import FactId, RunId
from converge_core.proposal import Draft
from converge_core.run_state import DeskState, RunState
from converge_core.trace import DecisionTrace


class NodeKind(StrEnum):
    """What can come of something, or have something come of it."""

    OBSERVATION = "observation"
    PROMPT = "prompt version"
    MODEL = "model"
    TRACE = "trace"
    PROPOSAL = "proposal"
    GATE = "gate"
    DECISION = "decision"
    FACT = "fact"
    RUN = "run"


@dataclass(frozen=True, slots=True)
class Node:
    """One thing on record.

    Attributes:
        kind: what it is.
        name: its id; of a prompt its version, of a model the SHA-256 of its file.
        run: the run that made it; empty for a prompt version, a model and a run itself.
    """

    kind: NodeKind
    name: str
    run: str = ""

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


class Link(StrEnum):
    """How one thing came of another; read from what came to what it came of."""

    RESTS_ON = "rests on"
    CORRECTS = "corrects"
    RESTATES = "restates"
    CAME_OF = "came of"
    WAS_SHOWN = "was shown"
    ASKED_WITH = "was asked with"
    COMPUTED_BY = "was computed by"
    ASKS_ABOUT = "asks about"
    ANSWERS = "answers"
    MAKES_TRUE = "makes true"
    APPROVED_BY = "was approved by"
    WRITTEN_BY = "was written by"
    REPLACES = "takes the place of"
    HOLDS = "holds"
    BEGINS_WITH = "begins with"


@dataclass(frozen=True, slots=True)
class Because:
    """One step of why: ``node`` came of ``of``."""

    node: Node
    link: Link
    of: Node

    def other(self, end: Node) -> Node:
        """Returns the end of it that is not ``end``."""
        return self.of if self.node == end else self.node

    def __str__(self) -> str:
        return f"{self.node} {self.link} {self.of}"


@dataclass(frozen=True, slots=True)
class Reach:
    """What was found from one thing: nearest first, what is equally near as recorded, runs last.

    Attributes:
        start: where the search began; it is not among what was found.
        found: what was found, each with the step that led to it.
        corrected: the facts of it whose place others took, and which those are.
    """

    start: Node
    found: Mapping[Node, Because]
    corrected: Mapping[Node, tuple[Node, ...]]

    def of(self, kind: NodeKind) -> tuple[Node, ...]:
        """Returns what was found of one kind."""
        return tuple(node for node in self.found if node.kind is kind)

    def why(self, node: Node) -> tuple[Because, ...]:
        """Returns the shortest way between ``node`` and the start, from what came to its ground."""
        steps: list[Because] = []
        at = node
        while at != self.start:
            step = self.found[at]
            steps.append(step)
            at = step.other(at)
        return tuple(steps if not steps or steps[0].node == node else reversed(steps))

    def sentence(self, node: Node) -> str:
        """Returns that way in words, for a person."""
        return "; ".join(str(step) for step in self.why(node))


class Lineage:
    """All that came of something, both ways; built once, for the state as it stands.

    Args:
        desk: the state; what happens to it later is not in the lineage.
    """

    def __init__(self, desk: DeskState) -> None:
        self._uses: dict[Node, list[Because]] = {}
        self._grounds: dict[Node, list[Because]] = {}
        self._corrected: dict[Node, list[Node]] = {}
        self._made: dict[str, dict[FactId, Node]] = {}
        self._before: dict[str, RunId | None] = {}
        self._after: dict[str, list[tuple[RunId, int]]] = {}
        self._seq: dict[Node, int] = {}
        for name, run in desk.runs.items():
            before, at = run.started.continues, run.started.forked_at
            self._before[name] = before
            if before is not None:
                seen = at if isinstance(at, int) else MAX_INTEGER
                self._after.setdefault(before, []).append((name, seen))
            facts = run.promoted.values()
            self._made[name] = {one.id: Node(NodeKind.FACT, one.id, name) for one in facts}
            for (_, one), seq in run.fact_seq.items():
                self._seq[Node(NodeKind.FACT, one, name)] = seq
            for step in _steps(run, self):
                self._uses.setdefault(step.of, []).append(step)
                self._grounds.setdefault(step.node, []).append(step)
                if step.link is Link.CORRECTS:
                    self._corrected.setdefault(step.of, []).append(step.node)

    def fact(self, run: RunId, id: FactId) -> Node | None:  # noqa: A002
        """Returns the fact of that id as ``run`` sees it, which may be of a run it goes on from."""
        at: RunId | None = run
        while at is not None:
            found = self._made[at].get(id)
            if found is not None:
                return found
            at = self._before[at]
        return None

    def radius(self, origin: Node) -> Reach:
        """Returns everything that rests on ``origin``, directly or through others, in all runs.

        A run rests on it that holds something which does, or that begins with a context where such
        a fact stands. Costs what is found, however much else there is.
        """
        reached = self._walk(origin, self._uses)
        return self._reach(origin, {**reached, **self._runs(origin, reached)})

    def grounds(self, node: Node) -> Reach:
        """Returns everything that ``node`` came of, down to observations; costs what is found."""
        return self._reach(node, self._walk(node, self._grounds))

    def _walk(self, start: Node, edges: Mapping[Node, list[Because]]) -> dict[Node, Because]:
        found: dict[Node, Because] = {}
        ahead = deque([start])
        while ahead:
            at = ahead.popleft()
            for step in edges.get(at, ()):
                other = step.other(at)
                if other != start and other not in found:
                    found[other] = step
                    ahead.append(other)
        return found

    def _runs(self, origin: Node, reached: Mapping[Node, Because]) -> dict[Node, Because]:
        """Returns the runs in which something rests on ``origin``, and those that begin with it."""
        runs: dict[Node, Because] = {}
        since: dict[str, int] = {}
        for node in (origin, *reached):
            if node.run:
                run = Node(NodeKind.RUN, node.run)
                runs.setdefault(run, Because(run, Link.HOLDS, node))
            if node.kind is NodeKind.FACT:
                for name in self._following(node, since):
                    later = Node(NodeKind.RUN, name)
                    runs.setdefault(later, Because(later, Link.BEGINS_WITH, node))
        return runs

    def _following(self, fact: Node, since: dict[str, int]) -> Iterator[str]:
        """Yields the runs that begin with a fact, at whatever distance: no fork of before it.

        ``since`` says from which record on runs were looked through already.
        """
        seq = self._seq.get(fact, MAX_INTEGER)
        ahead = [fact.run]
        while ahead:
            run = ahead.pop()
            if since.get(run, MAX_INTEGER) <= seq:
                continue
            since[run] = seq
            after = [one for one, seen in self._after.get(run, ()) if seq <= seen]
            ahead += after
            yield from after

    def _reach(self, start: Node, found: Mapping[Node, Because]) -> Reach:
        marked = [node for node in (start, *found) if node in self._corrected]
        return Reach(start, found, {node: tuple(self._corrected[node]) for node in marked})


def _steps(run: RunState, lineage: Lineage) -> Iterator[Because]:
    """Yields what the records of one run say they came of, in the order they were made."""
    for trace in run.traces.values():
        yield from _of_trace(trace, lineage)
    for draft in (*run.drafts.values(), *run.staged.values()):
        yield from _of_draft(draft, run, lineage)
    for gate in run.gates.values():
        asked = Node(NodeKind.GATE, gate.request.id, run.run)
        about = Node(NodeKind.PROPOSAL, gate.request.proposal, run.run)
        yield Because(asked, Link.ASKS_ABOUT, about)
        for decision in gate.every_answer():
            yield Because(Node(NodeKind.DECISION, decision.id, run.run), Link.ANSWERS, asked)
    for fact in run.promoted.values():
        yield from _of_fact(fact, run, lineage)


def _of_trace(trace: DecisionTrace, lineage: Lineage) -> Iterator[Because]:
    node, call = Node(NodeKind.TRACE, trace.id, trace.run), trace.call
    yield Because(node, Link.ASKED_WITH, Node(NodeKind.PROMPT, call.version))
    yield Because(node, Link.COMPUTED_BY, Node(NodeKind.MODEL, call.envelope.model_sha256))
    for cited in dict.fromkeys(one.fact for one in call.state):
        shown = lineage.fact(trace.run, cited)
        if shown is not None:
            yield Because(node, Link.WAS_SHOWN, shown)


def _of_draft(draft: Draft, run: RunState, lineage: Lineage) -> Iterator[Because]:
    node = Node(NodeKind.PROPOSAL, draft.id, run.run)
    for name in draft.rests_on:
        ground = lineage.fact(run.run, name)
        if ground is not None:
            yield Because(node, Link.RESTS_ON, ground)
    if draft.fact.observation is not None:
        read = Node(NodeKind.OBSERVATION, draft.fact.observation, run.run)
        yield Because(node, Link.RESTATES, read)
    for trace in draft.traces:
        yield Because(node, Link.CAME_OF, Node(NodeKind.TRACE, trace, run.run))
    if draft.supersedes:
        yield Because(node, Link.REPLACES, Node(NodeKind.PROPOSAL, draft.supersedes, run.run))
        for gate in run.gates_of.get(draft.supersedes, ()):
            if gate.end is GateEnd.EDITED and gate.decision is not None:
                wrote = Node(NodeKind.DECISION, gate.decision.id, run.run)
                yield Because(node, Link.WRITTEN_BY, wrote)


def _of_fact(fact: Fact, run: RunState, lineage: Lineage) -> Iterator[Because]:
    record = fact._record  # noqa: SLF001 - what the engine reads need not be a copy
    node = Node(NodeKind.FACT, record.id, run.run)
    yield Because(node, Link.MAKES_TRUE, Node(NodeKind.PROPOSAL, record.proposal, run.run))
    for approval in record.promotion.approvals:
        yield Because(node, Link.APPROVED_BY, Node(NodeKind.DECISION, approval, run.run))
    if record.corrects:
        old = lineage.fact(run.run, record.corrects.supersedes)
        if old is not None:
            yield Because(node, Link.CORRECTS, old)
