"""What a fact came from and what rests on it within one run, read off folded state.

Things are named as the database names them, so that either can answer: ``fact:RUN|ID``,
``trace:RUN|ID``, ``observation:RUN|ID`` and ``gate:RUN|ID``.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator

from converge_core.fact import Fact
from converge_core.ids import FactId, ObservationId
from converge_core.run_state import RunState

MOST_EDGES = 4_000
"""What reaches further is cut off, and said to be."""

Edge = tuple[str, str, str]


class FactGraph:
    """The graph around one fact of a run.

    Args:
        run: the run.
        made_in: names the run that made a fact.

    Attributes:
        start: the name of the fact it is around.
        edges: from what came to what it came of, with how; nearest first.
        labels: a label for each name.
        whole: whether that is all.
    """

    def __init__(self, run: RunState, made_in: Callable[[Fact], str]) -> None:
        self._run = run
        self._made_in = made_in
        self.start = ""
        self.edges: dict[Edge, None] = {}
        self.labels: dict[str, str] = {}
        self.whole = True

    def around(self, fact: Fact) -> FactGraph:
        """Gathers what the fact came from and what rests on it, and returns itself."""
        self.start = self._name(fact)
        self._up(fact)
        self._down(fact)
        return self

    def _name(self, fact: Fact) -> str:
        name = f"fact:{self._made_in(fact)}|{fact.id}"
        self.labels[name] = fact.content
        return name

    def _up(self, fact: Fact) -> None:
        ahead, seen = deque([fact]), {fact.id}
        while ahead:
            at = ahead.popleft()
            name = self._name(at)
            for relation, other in self._grounds(at):
                if not self._add(name, relation, other):
                    return
            for ground in self._facts_under(at):
                if not self._add(name, "rests on", self._name(ground)):
                    return
                if ground.id not in seen:
                    seen.add(ground.id)
                    ahead.append(ground)

    def _down(self, fact: Fact) -> None:
        uses = self._uses()
        ahead, seen = deque([fact]), {fact.id}
        while ahead:
            at = ahead.popleft()
            for user in uses.get(at.id, ()):
                if not self._add(self._name(user), "rests on", self._name(at)):
                    return
                if user.id not in seen:
                    seen.add(user.id)
                    ahead.append(user)
            for gate, title in self._waiting(at.id):
                if not self._add(gate, "asks about what rests on", self._name(at)):
                    return
                self.labels[gate] = title

    def _add(self, child: str, relation: str, parent: str) -> bool:
        if len(self.edges) >= MOST_EDGES:
            self.whole = False
            return False
        self.edges.setdefault((child, relation, parent))
        return True

    def _grounds(self, fact: Fact) -> Iterator[tuple[str, str]]:
        """Yields what a fact came of that is no fact: steps, and places in the input."""
        run, promotion = self._made_in(fact), fact.promotion
        for trace_id in promotion.trace_link:
            trace = self._run.traces.get(trace_id)
            name = f"trace:{run}|{trace_id}"
            called = f"{trace.call.step}: {trace.call.headline}" if trace else str(trace_id)
            self.labels[name] = called
            yield "argued in", name
        for observation in promotion.observations:
            name = f"observation:{run}|{observation}"
            self.labels[name] = self._place(observation)
            yield "was read at", name

    def _place(self, observation: ObservationId) -> str:
        read = self._run.observations.get(observation)
        return f"{read.source} · {read.place}" if read else str(observation)

    def _facts_under(self, fact: Fact) -> Iterator[Fact]:
        for name in fact.rests_on:
            found = self._run.context.find(name)
            if found is not None:
                yield found

    def _uses(self) -> dict[FactId, list[Fact]]:
        uses: dict[FactId, list[Fact]] = {}
        for fact in self._run.promoted.values():
            for name in fact.rests_on:
                uses.setdefault(name, []).append(fact)
        return uses

    def _waiting(self, fact: FactId) -> Iterator[tuple[str, str]]:
        for gate in self._run.open_gates():
            draft = self._run.drafts[gate.request.proposal]
            if fact in draft.rests_on:
                yield f"gate:{self._run.run}|{gate.request.id}", gate.request.title
