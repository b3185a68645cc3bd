"""The context: append-only, typed, and read-only for agents."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from typing import Any

import pytest

from converge_core.agent import AgentEffect
from converge_core.canonical import canonical_record
from converge_core.context import EMPTY_ROOT, Context, ContextView, stage_all
from converge_core.errors import Conflict
from converge_core.ids import FactId
from converge_core.key import ContextKey as Key
from tests.core.kit import EVERYTHING, Play, contents, engine_of, fact, proposes, script, seed

# Staged input waits for the gate and is no fact.


def test_staged_input_is_no_fact() -> None:
    """What waits for the gate does not stand in the context."""
    context = stage_all(Context(), [seed("a"), seed("b")])

    assert (False, 0, ["a", "b"]) == (
        context.has(Key.SEEDS),
        context.count(),
        [one.id for one in context.staged()],
    )
    assert EMPTY_ROOT == context.root


def test_staging_the_same_input_again_is_a_no_op() -> None:
    """The answer says whether anything was added."""
    context = Context()

    assert (True, False) == (context.add_input(seed("a")), context.add_input(seed("a")))
    assert 1 == len(context.staged())


def test_staging_another_content_under_the_same_id_is_a_conflict_that_names_both() -> None:
    """Neither wins in silence."""
    context = stage_all(Context(), [seed("a", "one")])

    with pytest.raises(Conflict, match=r"a waits as 'one' and as 'two'"):
        context.add_input(seed("a", "two"))
    assert ["one"] == [proposed.content for proposed in context.staged()]


def test_a_run_leaves_the_context_it_was_given_alone() -> None:
    """The result has a context of its own."""
    given = stage_all(Context(), [seed("a")])
    result = engine_of().run(given, authority=EVERYTHING)

    assert (0, 1) == (given.count(), result.context.count())


def test_changing_input_after_it_was_handed_in_does_not_reach_the_run() -> None:
    """A run settles its input when it begins."""
    words = {"list": ["said"]}
    play = Play(engine_of()).begin(fact(Key.SEEDS, "a", structured=words))
    words["list"].append("not said")
    [made] = play.state.context.get(Key.SEEDS)

    assert {"list": ["said"]} == made.structured


def test_facts_keep_their_places_however_many_runs_they_were_made_in() -> None:
    """By key, by id and in order; and a view knows nothing of what came after it."""
    context, views = Context(), list[ContextView]()
    for number in range(40):
        key = (Key.SEEDS, Key.SIGNALS, Key.STRATEGIES)[number % 3]
        stage_all(context, [fact(key, f"f{number}")])
        context = engine_of().run(context, authority=EVERYTHING).context
        views.append(context.view())
    stands = context.in_order()

    assert [f"f{number}" for number in range(40)] == [one.id for one in stands]
    assert stands == [context.find(one.id) for one in stands]
    for key in Key:
        under = [one for one in stands if one.key is key]
        assert (under, len(under)) == (list(context.get(key)), context.counts().get(key, 0))
        assert under == [context.at(key, place) for place in range(len(under))]
    for number, view in enumerate(views):
        assert [one.id for one in stands[: number + 1]] == [
            one.id for one in stands if view.contains(one.key, one.id)
        ]


# Agents read.


def test_facts_are_found_by_key_by_place_and_by_id() -> None:
    """What stands can be asked for in three ways, and what does not stand is None."""
    play = Play(engine_of()).begin(seed("a"), fact(Key.SIGNALS, "b"))
    context = play.state.context
    [a], [b] = context.get(Key.SEEDS), context.get(Key.SIGNALS)

    assert (a, b, 2, 1) == (
        context.fact(Key.SEEDS, FactId("a")),
        context.find(FactId("b")),
        context.count(),
        context.count(Key.SEEDS),
    )
    assert (None, None) == (context.fact(Key.SIGNALS, FactId("a")), context.find(FactId("c")))


ATTEMPTS: dict[str, Callable[[ContextView], object]] = {
    "set an attribute": lambda view: setattr(view, "facts", []),
    "set a private attribute": lambda view: setattr(view, "_context", Context()),
    "delete an attribute": lambda view: delattr(view, "_reads"),
    "set a fact's content": lambda view: setattr(view.get(Key.SEEDS)[0], "content", "forged"),
    "set a fact's record": lambda view: setattr(view.get(Key.SEEDS)[0], "_record", None),
    "set a field of a record": lambda view: setattr(
        view.get(Key.SEEDS)[0].record, "content", "forged"
    ),
    "set a field of the promotion": lambda view: setattr(
        view.get(Key.SEEDS)[0].promotion, "policy_version_hash", ""
    ),
    "assign into the facts": lambda view: operator.setitem(view.get(Key.SEEDS), 0, None),  # type: ignore[call-overload]
    "append to the facts": lambda view: view.get(Key.SEEDS).append(None),  # type: ignore[attr-defined]
    "append to what it read": lambda view: view.reads.append("x"),  # type: ignore[attr-defined]
}


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_an_agent_that_tries_to_change_what_it_reads_fails_and_changes_nothing(
    attempt: str,
) -> None:
    """Each attempt raises, becomes that agent's recorded failure, and leaves every fact alone."""
    tampering = script("tampering", ATTEMPTS[attempt], after=[Key.SEEDS])
    play = Play(engine_of(tampering)).begin(seed("a", "said"))

    assert ["tampering"] == [failure.agent for failure in play.state.failures]
    assert re.match("(AttributeError|TypeError): ", play.state.failures[0].reason)
    assert ["said"] == contents(play.state, Key.SEEDS)


def test_an_agent_that_changes_copies_changes_nothing() -> None:
    """Lists and objects inside a fact are handed out fresh, so scribbling on them has no effect."""

    def scribble(view: ContextView) -> AgentEffect:
        [one] = view.get(Key.SEEDS)
        one.structured["list"].append("scribbled")
        one.structured["map"]["a"] = "scribbled"
        one.record.structured["list"].clear()
        view.get(Key.SEEDS)[0].structured.clear()
        return AgentEffect()

    told: dict[str, Any] = {"list": ["said"], "map": {"a": "said"}}
    watched = Play(engine_of(script("s", scribble, after=[Key.SEEDS])))
    watched.begin(fact(Key.SEEDS, "a", structured=told))
    alone = Play(engine_of()).begin(fact(Key.SEEDS, "a", structured=told))
    [seen], [expected] = watched.state.context.get(Key.SEEDS), alone.state.context.get(Key.SEEDS)

    assert canonical_record(expected.record) == canonical_record(seen.record)
    assert alone.state.context.root == watched.state.context.root


def test_agents_cannot_talk_through_the_objects_they_are_handed() -> None:
    """What one agent leaves inside a fact's structure, the next does not find there."""
    heard: list[object] = []

    def whisper(view: ContextView) -> AgentEffect:
        heard.append(list(view.get(Key.SEEDS)[0].structured["list"]))
        view.get(Key.SEEDS)[0].structured["list"].append("psst")
        return AgentEffect()

    agents = (script("one", whisper, after=[Key.SEEDS]), script("two", whisper, after=[Key.SEEDS]))
    Play(engine_of(*agents)).begin(fact(Key.SEEDS, "a", structured={"list": []}))

    assert [[], []] == heard


def test_an_agent_that_keeps_its_proposal_cannot_change_it_afterwards() -> None:
    """A proposal is settled when it is taken in; its author's objects no longer matter."""
    mine: dict[str, Any] = {"list": ["said"]}
    kept = proposes("p", fact(Key.SEEDS, "a", structured=mine))
    later = script(
        "later", lambda _: mine["list"].append("changed") or AgentEffect(), after=[Key.SEEDS]
    )
    play = Play(engine_of(kept, later)).begin()

    assert (1, {"list": ["said"]}) == (
        later.executed,
        play.state.context.get(Key.SEEDS)[0].structured,
    )


def test_what_a_view_finds_counts_as_read_and_what_it_peeks_at_does_not() -> None:
    """So a fact rests on what its author looked at, and not on what was merely counted."""
    seen: list[object] = []

    def look(view: ContextView) -> AgentEffect:
        seen.append([one.id for one in view.peek(Key.SEEDS, 1)])
        seen.append(view.reads)
        seen.append(view.find(Key.SEEDS, FactId("nowhere")))
        seen.append(view.find(Key.SIGNALS, FactId("a")))
        seen.append(view.find(Key.SEEDS, FactId("b")))
        newest, none = view.latest(Key.SEEDS), view.latest(Key.SIGNALS)
        seen.append((newest.id if newest else "", none))
        seen.append(view.reads)
        return AgentEffect()

    Play(engine_of(script("looks", look, after=[Key.SEEDS]))).begin(seed("a"), seed("b"), seed("c"))

    peeked, before, nowhere, elsewhere, found, newest, after = seen
    assert (["b", "c"], (), None, None) == (peeked, before, nowhere, elsewhere)
    assert "b" == found.id  # type: ignore[attr-defined]
    assert (("c", None), ("b", "c")) == (newest, after)
