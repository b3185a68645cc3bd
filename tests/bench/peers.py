"""What LangGraph and Burr take to go on from a person's answer after a cold start.

Run in an environment of its own, which ``make bench-peers`` makes; prints JSON. The same for each:
a graph that stops for a person between two steps, kept in SQLite with ``synchronous=FULL``. All
that was in memory is dropped; then, by the clock: a new connection, the graph built anew, the
answer applied, and the run gone on with to its end, all of it durable. Each time in a fresh
directory.
"""

from __future__ import annotations

import json
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypedDict

from burr.core import Application, ApplicationBuilder, State, action
from burr.core.persistence import SQLitePersister
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.graph import END, START, StateGraph
from langgraph.types import Command, interrupt

TIMES = 200
SHORTEST = 2
THREAD = {"configurable": {"thread_id": "run"}}
ANSWER = "approve"


class Plan(TypedDict, total=False):
    """What LangGraph carries from step to step."""

    plan: str
    answer: str
    fact: str


def langgraph_waits(path: Path) -> None:
    """Takes a run to where it waits for a person."""
    connection = _connected(path)
    found = _graph(connection).invoke({"plan": "release it"}, THREAD)
    _require("__interrupt__" in found)
    connection.close()


def langgraph_goes_on(path: Path) -> sqlite3.Connection:
    """Goes on from where it waits, from nothing but the file, which is left open."""
    connection = _connected(path)
    found = _graph(connection).invoke(Command(resume=ANSWER), THREAD)
    _require(found["fact"] == "release it")
    return connection


def burr_waits(path: Path) -> None:
    """Takes a run to where it waits for a person."""
    persister = _persister(path)
    _application(persister).run(halt_after=["propose"])
    persister.connection.close()


def burr_goes_on(path: Path) -> sqlite3.Connection:
    """Goes on from where it waits, from nothing but the file, which is left open."""
    persister = _persister(path)
    _, _, state = _application(persister).run(halt_after=["apply"], inputs={"answer": ANSWER})
    _require(state["fact"] == "release it")
    return persister.connection


PEERS: dict[str, tuple[Callable[[Path], None], Callable[[Path], sqlite3.Connection], str]] = {
    "LangGraph": (langgraph_waits, langgraph_goes_on, "langgraph"),
    "Burr": (burr_waits, burr_goes_on, "apache-burr"),
}


def _graph(connection: sqlite3.Connection) -> Any:
    def ask(state: Plan) -> Plan:
        return {"answer": interrupt(state["plan"])}

    def apply(state: Plan) -> Plan:
        return {"fact": state["plan"] if state["answer"] == ANSWER else ""}

    graph = StateGraph(Plan)
    graph.add_node("propose", lambda state: {"plan": state["plan"]})
    graph.add_node("ask", ask)
    graph.add_node("apply", apply)
    for begin, end in ((START, "propose"), ("propose", "ask"), ("ask", "apply"), ("apply", END)):
        graph.add_edge(begin, end)
    return graph.compile(checkpointer=SqliteSaver(connection))


@action(reads=[], writes=["plan"])
def _propose(state: State) -> State:
    return state.update(plan="release it")


@action(reads=["plan"], writes=["answer"])
def _ask(state: State, answer: str) -> State:
    return state.update(answer=answer)


@action(reads=["plan", "answer"], writes=["fact"])
def _apply(state: State) -> State:
    return state.update(fact=state["plan"] if state["answer"] == ANSWER else "")


def _application(persister: SQLitePersister) -> Application[Any]:
    builder = ApplicationBuilder().with_actions(propose=_propose, ask=_ask, apply=_apply)
    builder = builder.with_transitions(("propose", "ask"), ("ask", "apply"))
    builder = builder.with_identifiers(app_id="run").initialize_from(
        persister, resume_at_next_action=True, default_state={}, default_entrypoint="propose"
    )
    return builder.with_state_persister(persister).build()


def _persister(path: Path) -> SQLitePersister:
    persister = SQLitePersister(str(path), connection=_connected(path))
    persister.initialize()
    return persister


def _connected(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, check_same_thread=False)
    connection.execute("PRAGMA synchronous=FULL")
    return connection


def _require(holds: bool) -> None:
    if not holds:
        raise RuntimeError("the peer did not do what is measured")


def measure(directory: Path, times: int) -> dict[str, list[float]]:
    """Returns what each time took, in seconds, by peer and its version."""
    found: dict[str, list[float]] = {}
    for name, (waits, goes_on, package) in PEERS.items():
        taken = found[f"{name} {version(package)}"] = []
        for _ in range(times):
            with tempfile.TemporaryDirectory(dir=directory) as fresh:
                path = Path(fresh) / "runs.sqlite"
                waits(path)
                begun = time.perf_counter()
                connection = goes_on(path)
                taken.append(time.perf_counter() - begun)
                connection.close()
    return found


def main() -> None:
    """Prints the times as JSON."""
    directory, times = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > SHORTEST else TIMES
    print(json.dumps(measure(directory, times)))


if __name__ == "__main__":
    main()
