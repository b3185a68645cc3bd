"""An agent may fail in any way; it harms its own work and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from converge_core import events as e
from converge_core.agent import AgentEffect, Executed, execute, taken
from converge_core.canonical import canonical_record, parse
from converge_core.context import Context, ContextView
from converge_core.errors import IllegalCommand
from converge_core.events import read_event
from converge_core.ids import AgentId, FactId
from converge_core.key import ContextKey as Key
from converge_core.proposal import ProposedFact
from converge_core.run_state import Phase
from converge_core.stop import Converged
from tests.core.kit import (
    Play,
    contents,
    engine_of,
    fact,
    model_call,
    proposes,
    script,
    seed,
)


class Unspeakable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("not even this can be said")


def raising(error: BaseException) -> Callable[[ContextView], AgentEffect]:
    def fail(_: ContextView) -> AgentEffect:
        raise error

    return fail


def returning(rubbish: Any) -> Callable[[ContextView], AgentEffect]:
    return lambda _: rubbish


def endless() -> list[Any]:
    value: list[Any] = []
    value.append(value)
    return value


GOOD = seed("good of the bad")
MISBEHAVIOUR = {
    "raises": (raising(RuntimeError("no luck")), "RuntimeError: no luck"),
    "raises without words": (raising(ValueError()), "ValueError: "),
    "raises what cannot be said": (raising(Unspeakable()), "Unspeakable"),
    "raises half a surrogate pair": (raising(RuntimeError("\ud800")), "RuntimeError: ?"),
    "raises a book": (raising(RuntimeError("x" * 500_000)), "RuntimeError: xxx"),
    "leaves the program": (raising(SystemExit(1)), "SystemExit: 1"),
    "runs out of stack": (raising(RecursionError("deep")), "RecursionError: deep"),
    "returns nothing": (returning(None), "NoneType is not an AgentEffect"),
    "returns a list": (returning([GOOD]), "list is not an AgentEffect"),
    "proposes text": (returning(AgentEffect((GOOD, "x"))), "AgentEffect"),  # type: ignore[arg-type]
    "proposes no tuple": (returning(AgentEffect(7)), "AgentEffect"),  # type: ignore[arg-type]
    "proposes under no key": (
        returning(AgentEffect((GOOD, ProposedFact(key="X", id=FactId("x"), content="x")))),  # type: ignore[arg-type]
        "Invalid enum value 'X'",
    ),
    "proposes a hidden id": (
        returning(AgentEffect((GOOD, ProposedFact(key=Key.SEEDS, id="a\nb", content="x")))),  # type: ignore[arg-type]
        "U+000A",
    ),
    "proposes no words": (
        returning(AgentEffect((GOOD, ProposedFact(key=Key.SEEDS, id=FactId("x"), content=None)))),  # type: ignore[arg-type]
        "content",
    ),
    "proposes a float": (
        returning(AgentEffect((GOOD, fact(Key.SEEDS, "x", structured={"f": 0.5})))),
        "proposals[1].structured.f: float",
    ),
    "proposes an object": (
        returning(AgentEffect((GOOD, fact(Key.SEEDS, "x", structured={"o": object()})))),
        "structured.o: object",
    ),
    "proposes what never ends": (
        returning(AgentEffect((GOOD, fact(Key.SEEDS, "x", structured={"o": endless()})))),
        "nested",
    ),
    "proposes half a surrogate pair": (
        returning(AgentEffect((GOOD, seed("x", "\ud800")))),
        "surrogate",
    ),
    "reports a call that is none": (returning(AgentEffect((GOOD,), ("x",))), "calls"),  # type: ignore[arg-type]
    "reports impossible tokens": (
        returning(AgentEffect((GOOD,), (model_call(prompt_tokens=0.5),))),
        "prompt_tokens: float",
    ),
    "tries to write": (lambda view: setattr(view, "x", 1), "AttributeError"),
}


@pytest.mark.parametrize("how", MISBEHAVIOUR)
def test_an_agent_that_misbehaves_is_contained(how: str) -> None:
    """Nothing of it is kept, the reason is on record and a diagnostic, and the others merge."""
    does, reason = MISBEHAVIOUR[how]
    bad = script("bad", does, after=[Key.SIGNALS])
    play = Play(engine_of(proposes("before", seed("b")), bad, proposes("after", seed("a"))))
    play.begin(fact(Key.SIGNALS, "s"))
    [failure] = play.state.failures
    [diagnostic] = play.state.context.get(Key.DIAGNOSTIC)

    assert ["b", "a"] == contents(play.state, Key.SEEDS)
    assert ("bad", 1) == (failure.agent, failure.cycle)
    assert reason in failure.reason
    assert ("failed:bad:1", True) == (diagnostic.id, diagnostic.content.startswith("bad: "))
    assert Converged() == play.state.stop


@pytest.mark.parametrize("how", MISBEHAVIOUR)
def test_whatever_it_did_the_record_of_it_can_be_read_back(how: str) -> None:
    """No agent can leave a line in the ledger that would keep the desk from opening."""
    does, _ = MISBEHAVIOUR[how]
    play = Play(engine_of(script("bad", does))).begin()

    assert play.events == [
        read_event(event.kind, parse(canonical_record(event))) for event in play.events
    ]


def test_an_agent_that_cannot_say_whether_it_accepts_fails_on_record() -> None:
    """A question that raises counts as a yes, so that the failure is recorded like any other."""

    def cannot_say(_: ContextView) -> bool:
        raise RuntimeError("cannot say")

    bad = script("bad", lambda _: AgentEffect((seed("x"),)), when=cannot_say)
    play = Play(engine_of(bad, proposes("p", seed("a")))).begin()

    assert (0, ["a"]) == (bad.executed, contents(play.state, Key.SEEDS))
    assert {"RuntimeError: cannot say"} == {failure.reason for failure in play.state.failures}
    assert Converged() == play.state.stop


def test_a_failing_agents_model_calls_stay_on_record_when_it_reports_them() -> None:
    """An agent that gives up says what it asked the model; the tokens count."""
    effect = AgentEffect((), (model_call(prompt_tokens=3, completion_tokens=4),), refusal="No.")
    play = Play(engine_of(script("gives-up", lambda _: effect))).begin()

    assert (["trace:run/1/gives-up/0"], 7) == (list(play.state.traces), play.state.tokens)


def test_a_proposal_from_a_call_carries_the_trace_of_the_call() -> None:
    """Fact, proposal and trace are linked by ids that derive from run, cycle and agent."""
    effect = AgentEffect((fact(Key.HYPOTHESES, "h"),), (model_call(), model_call()))
    play = Play(
        engine_of(script("llm", lambda _: effect, when=lambda view: not view.has(Key.HYPOTHESES)))
    ).begin()
    [made] = play.state.context.get(Key.HYPOTHESES)

    assert ("trace:run/1/llm/0", "trace:run/1/llm/1") == made.promotion.trace_link
    assert set(made.promotion.trace_link) == set(play.state.traces)


def test_interrupting_the_program_is_not_an_agents_failure() -> None:
    """A person's Ctrl-C passes through."""
    with pytest.raises(KeyboardInterrupt):
        Play(engine_of(script("bad", raising(KeyboardInterrupt())))).begin()


def test_a_failure_closes_nothing() -> None:
    """An agent woken again may succeed where it failed before."""
    tries: list[int] = []

    def second_time_lucky(_: ContextView) -> AgentEffect:
        tries.append(1)
        if len(tries) == 1:
            raise RuntimeError("not yet")
        return AgentEffect((seed("lucky"),))

    lucky = script(
        "lucky", second_time_lucky, when=lambda view: not view.contains(Key.SEEDS, FactId("lucky"))
    )
    play = Play(engine_of(lucky, proposes("p", seed("a")))).begin()

    assert ["a", "lucky"] == contents(play.state, Key.SEEDS)
    assert 1 == len(play.of(e.AgentFailed))


@pytest.mark.parametrize("where", ["accepts", "execute"])
def test_a_persons_interrupt_is_not_an_agents_failure(where: str) -> None:
    """Ctrl+C ends the program, whichever agent it reaches."""

    def interrupt(_: ContextView) -> Any:
        raise KeyboardInterrupt

    agent = script("a", interrupt, when=interrupt if where == "accepts" else lambda _: True)
    with pytest.raises(KeyboardInterrupt):
        Play(engine_of(agent)).begin()


# Executors of the host's own.


def reporting(*executed: Executed) -> Play:
    """Returns a run whose executor reports this of an agent, whatever it did."""
    agent = script("a", lambda _: None, when=lambda view: not view.has(Key.SEEDS))
    return Play(engine_of(agent), executor=lambda _: executed)


def by_hand(*proposals: Any, **more: Any) -> Executed:
    return Executed(AgentId("a"), AgentEffect(tuple(proposals)), **more)


@pytest.mark.parametrize(
    ("executed", "reason"),
    [
        (by_hand(fact(Key.SEEDS, "x", structured={"n": 0.5})), "float"),
        (by_hand(seed("x", "\ud800")), "surrogate"),
        (by_hand("a sentence"), r"proposals\[0\] is str"),
        (by_hand(ProposedFact(key=Key.SEEDS, id="x\n", content="x")), "control character"),  # type: ignore[arg-type]
        (Executed(AgentId("a"), "work"), "str is not an AgentEffect"),  # type: ignore[arg-type]
        (by_hand(failure=1), "failure is no text"),
        (by_hand(reads=["x"]), "reads are no tuple"),
        (type("Sly", (Executed,), {})(AgentId("a")), "Sly is not an Executed"),
    ],
)
def test_what_an_executor_reports_is_recorded_as_it_can_be_read_back_or_not_at_all(
    executed: Executed, reason: str
) -> None:
    """Whoever executes agents in a way of their own cannot brick the ledger with what they say."""
    play = reporting(executed)

    with pytest.raises(
        IllegalCommand, match=f"what a is reported to have done cannot be recorded: .*{reason}"
    ):
        play.begin()
    assert Phase.EXECUTING is play.state.phase


def test_what_an_executor_reports_is_copied() -> None:
    """It may keep what it reported, and changes nothing by changing that."""
    kept = {"n": [1]}
    play = reporting(
        by_hand(fact(Key.SEEDS, "x", structured=kept), reads=("x", FactId("s")), failure="")
    )
    play.begin(fact(Key.SIGNALS, "s"))
    kept["n"].append(2)
    [made] = play.state.context.get(Key.SEEDS)

    assert ({"n": [1]}, ("s",)) == (made.structured, made.rests_on)


def test_a_failure_that_an_executor_reports_is_cut_and_mended() -> None:
    """It is recorded like any other, whatever characters it has and however many."""
    play = reporting(by_hand(failure="\ud800" + "x" * 20_000)).begin()

    assert {"?" + "x" * 9_999} == {one.reason for one in play.of(e.AgentFailed)}


def test_what_was_executed_by_the_book_is_not_settled_twice() -> None:
    """That mark comes from nowhere else, and with another effect, reading or failure it is none."""
    done = execute(proposes("a", seed("x")), Context().view())

    assert taken(done) is done
    assert taken(replace(done)) is not done
    assert taken(replace(done)) == done
    for change in ({"effect": AgentEffect((seed("y"),))}, {"reads": ("no id",)}, {"failure": "x"}):
        other = replace(done, **change)
        assert taken(other) is not other
