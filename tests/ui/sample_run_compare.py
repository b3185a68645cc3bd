"""Two runs compared: over other numbers, with themselves, and very long ones."""

from __future__ import annotations

from dataclasses import replace

from converge_desktop.runtime.run_compare import CallPair, OnlyFact, RunComparison, RunSide
from tests.ui import sample

ONE, OTHER = "r-0190", "r-0192"
_SAME = "The same, to the byte."


def side(run_id: str, ended: str, *facts: tuple[str, str]) -> RunSide:
    """One of the runs, with what only it knows."""
    return RunSide(
        run_id,
        sample.run_view(run_id).row.label,
        "converge-desktop at 4be1c0d",
        ended,
        tuple(
            OnlyFact(run_id, f"f-{number}", key, content)
            for number, (key, content) in enumerate(facts)
        ),
    )


def pair(
    cycle: int, agent: str, differs: str = "", said: str = _SAME, other: bool = True
) -> CallPair:
    """The same call of both."""
    theirs = f"t-0192-0{cycle}" if other else ""
    return CallPair(cycle, agent, agent, f"t-0190-2{cycle}", theirs, differs, said)


def compared(one: str, other: str) -> RunComparison:
    """Two runs of the sample data."""
    if one == other:
        stands = side(one, "It waits for 1 decision.")
        return RunComparison(stands, stands, (pair(1, "reasoning"), pair(2, "evaluation")), "")
    return RunComparison(
        side(
            one,
            "Converged. No agent has anything to add to this context.",
            ("Signals", "tests failed 0"),
            ("Strategies", "Release converge-desktop 0.3.2"),
        ),
        side(other, "It waits for 1 decision.", ("Signals", "tests failed 3")),
        (
            pair(1, "reasoning"),
            pair(2, "evaluation", "prompt", "The layer state differs."),
            pair(3, "planning", "answer", "The same prompt and envelope, and another answer."),
            pair(4, "recall", "missing", "Only run 0190 asked that.", other=False),
        ),
        "Cycle 2, evaluation: The layer state differs first, in line 4.",
    )


def long(one: str, other: str) -> RunComparison:
    """Runs of thousands of calls, all of them other, and of many facts."""
    found = compared(one, other)
    calls = tuple(
        pair(number, "evaluation", "prompt", "The layer state differs.") for number in range(3000)
    )
    facts = tuple(OnlyFact(one, f"f-{n}", "Signals", f"number {n} is {n}") for n in range(200))
    return replace(found, pairs=calls, one=replace(found.one, facts=facts, more_facts=9_000))
