"""Lineage: what rests on something, why something is true, and each by the shortest way."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import msgspec

from converge_core import events as e
from converge_core.agent import AgentEffect
from converge_core.command import Begin, Decide
from converge_core.correction import Correction, CorrectionReason
from converge_core.ids import FactId, ObservationId, RunId
from converge_core.key import ContextKey as Key
from converge_core.lineage import Lineage, Link, Node, NodeKind, Reach
from converge_core.observation import observe
from converge_core.policy import Effect, RulePolicy
from converge_core.proposal import ProposedFact
from converge_core.terms import ReviewTerms
from converge_core.trace import Cited
from tests.core.kit import (
    ALICE,
    ASK_STRATEGIES,
    ENVELOPE,
    INTENT,
    RUN,
    Play,
    engine_of,
    fact,
    model_call,
    policy_of,
    proposes,
    rule,
    script,
)

READ = observe(ObservationId("cell"), {"n": 1}, provider="csv", source="a.csv", place="A1")
MODEL = Node(NodeKind.MODEL, ENVELOPE.model_sha256)
PROMPT = Node(NodeKind.PROMPT, "reasoning:v1:any")


def on(name: str, *grounds: str, key: Key = Key.SIGNALS, **more: Any) -> ProposedFact:
    """Returns a fact that rests on ``grounds``."""
    return fact(key, name, rests_on=tuple(FactId(one) for one in grounds), **more)


def the(name: str, run: str = RUN) -> Node:
    return Node(NodeKind.FACT, name, run)


def names(reach: Reach, kind: NodeKind = NodeKind.FACT) -> list[str]:
    return [node.name for node in reach.of(kind)]


def thinking(name: str, *facts: ProposedFact, cites: str = "input", **call: Any) -> Any:
    """Returns an agent that proposes ``facts`` by one model call, which was shown ``cites``."""
    state = (Cited(cite="s1", fact=FactId(cites), shown="1"),)
    effect = AgentEffect(facts, (model_call(state=state, **call),))
    return script(name, lambda _: effect, when=lambda view: not view.contains(Key.SIGNALS, "done"))


def seed(name: str, **more: Any) -> ProposedFact:
    return fact(Key.SEEDS, name, **more)


def story(policy: RulePolicy = ASK_STRATEGIES) -> Play:
    """A cell is read; a model concludes; a strategy rests on that, and alice approves it."""
    once = thinking("thinker", on("concluded", "input"), fact(Key.SIGNALS, "done"))
    plans = proposes("planner", on("plan", "concluded", key=Key.STRATEGIES), after=[Key.SIGNALS])
    play = Play(engine_of(once, plans, policy=policy))
    inputs = (seed("input", observation=READ.id), seed("unrelated"))
    return play.begin(*inputs, observations=(READ,))


def continued(play: Play, name: str, *inputs: ProposedFact, of: str = RUN) -> None:
    """Has another run go on from where run ``of`` ended, in the same ledger."""
    base = play.desk.runs[RunId(of)].context
    started = e.run_without_pack(
        RunId(name), INTENT, grants=play.grants, continues=RunId(of), base_root=base.root
    )
    play.run = RunId(name)
    play.command(Begin(started, (), inputs, base))


# What rests on it.


def test_the_radius_of_a_fact_is_all_that_rests_on_it_directly_or_through_others() -> None:
    """Facts, proposals, gates, decisions, traces and the run; and nothing that does not."""
    play = story()
    play.answer(play.gates()[0], "approve").go()
    reach = Lineage(play.desk).radius(the("input"))

    assert ["concluded", "done", "plan"] == sorted(names(reach))
    assert ["run/1/thinker/0", "run/1/thinker/1", "run/2/planner/0"] == sorted(
        names(reach, NodeKind.PROPOSAL)
    )
    assert ["gate:run/2/planner/0"] == names(reach, NodeKind.GATE)
    assert ["approval:gate:run/2/planner/0"] == names(reach, NodeKind.DECISION)
    assert ["trace:run/1/thinker/0"] == names(reach, NodeKind.TRACE)
    assert ["run"] == names(reach, NodeKind.RUN)


def test_a_proposal_that_still_waits_is_in_the_radius_with_its_gate() -> None:
    """What a person is about to decide on is what they most need to be warned about."""
    reach = Lineage(story().desk).radius(the("concluded"))

    assert (["run/2/planner/0"], ["gate:run/2/planner/0"], []) == (
        names(reach, NodeKind.PROPOSAL),
        names(reach, NodeKind.GATE),
        names(reach, NodeKind.FACT),
    )


def test_a_proposal_that_was_refused_is_in_the_radius() -> None:
    """It was made of the bad fact, whatever came of it."""
    play = story()
    play.answer(play.gates()[0], "reject").go()
    reach = Lineage(play.desk).radius(the("concluded"))

    assert ["run/2/planner/0"] == names(reach, NodeKind.PROPOSAL)


def test_every_fact_that_depended_on_a_prompt_version_or_a_model_is_found() -> None:
    """By its version or by the hash of its file, wherever it was used; other ones are left out."""
    other = msgspec.structs.replace(ENVELOPE, model_sha256="0" * 64)
    agents = (
        thinking("a", on("of v1"), fact(Key.SIGNALS, "done")),
        thinking("b", on("of v2"), version="reasoning:v2:any", envelope=other),
        proposes("c", on("on both", "of v1", "of v2"), after=[Key.SIGNALS]),
    )
    lineage = Lineage(Play(engine_of(*agents)).begin(seed("input")).desk)

    assert ["of v1", "done", "on both"] == names(lineage.radius(PROMPT))
    assert ["of v1", "done", "on both"] == names(lineage.radius(MODEL))
    assert ["of v2", "on both"] == names(lineage.radius(Node(NodeKind.MODEL, "0" * 64)))


def test_the_radius_of_an_observation_begins_with_what_restates_it() -> None:
    """A file that turns out to be wrong leads to the facts that were read from it."""
    reach = Lineage(story().desk).radius(Node(NodeKind.OBSERVATION, "cell", RUN))

    assert ["input", "concluded", "done"] == names(reach)


def test_the_radius_of_a_decision_is_what_was_approved_by_it() -> None:
    """And what came of that."""
    play = story()
    play.answer(play.gates()[0], "approve").go()
    decision = Node(NodeKind.DECISION, "approval:gate:run/2/planner/0", RUN)

    assert ["plan"] == names(Lineage(play.desk).radius(decision))


def test_an_edit_rests_on_the_decision_that_wrote_it_and_on_what_it_replaces() -> None:
    """Both are kept, and the way between them."""
    terms = ReviewTerms(self_approval=True)
    asks = rule(Effect.ASK, Key.STRATEGIES, review=terms)
    play = story(policy_of(rule(Effect.PERMIT), asks))
    [gate] = play.gates()
    edited = on("plan", "concluded", key=Key.STRATEGIES, content="another plan")
    decision = msgspec.structs.replace(ALICE.decision(gate, "edit"), edited=edited)
    play.command(Decide(ALICE.signed(decision), ALICE.operator))
    play.go()
    reach = Lineage(play.desk).radius(Node(NodeKind.DECISION, decision.id, RUN))

    assert (["plan"], ["run/2/people/5"]) == (names(reach), names(reach, NodeKind.PROPOSAL))
    assert ["run/2/people/5"] == names(
        Lineage(play.desk).radius(Node(NodeKind.PROPOSAL, "run/2/planner/0", RUN)),
        NodeKind.PROPOSAL,
    )


def test_a_refinement_leads_to_what_its_author_was_told() -> None:
    """The feedback is a fact by that decision."""
    play = story()
    play.answer(play.gates()[0], "refine", reason="smaller")
    decision = Node(NodeKind.DECISION, "approval:gate:run/2/planner/0", RUN)
    [told] = Lineage(play.go().desk).radius(decision).of(NodeKind.FACT)

    assert told.name.startswith("feedback:")


# Across runs.


def test_the_radius_goes_on_into_runs_that_go_on_from_there() -> None:
    """By reference: a proposal of a later run may rest on a fact of an earlier one."""
    play = Play(engine_of()).begin(seed("bad"), seed("good"))
    continued(play, "second", on("worse", "bad"), on("fine", "good"))
    play.go()
    continued(play, "third", on("worst", "worse"), of="second")
    reach = Lineage(play.go().desk).radius(the("bad"))

    assert (the("worse", "second"), the("worst", "third")) == reach.of(NodeKind.FACT)


def test_a_run_that_begins_with_the_fact_rests_on_it_whatever_it_made() -> None:
    """Its agents see it, at whatever distance; a run of its own beside it is left alone."""
    play = Play(engine_of()).begin(seed("bad"))
    continued(play, "second")
    play.go()
    continued(play, "third", of="second")
    play.go()
    play.run = RunId("beside")
    play.begin(seed("bad"))
    reach = Lineage(play.desk).radius(the("bad"))

    assert ["run", "second", "third"] == names(reach, NodeKind.RUN)
    assert "run third begins with fact bad" == reach.sentence(Node(NodeKind.RUN, "third"))


def test_a_fork_begins_with_the_facts_from_before_it_and_with_no_others() -> None:
    """What goes on from the fork does so too, at whatever distance."""
    play = Play(engine_of(proposes("later", seed("late")))).begin(seed("early"))
    made = play.desk.runs[RunId("run")].fact_seq
    play.base, play.forked_at = play.state, made[Key.SEEDS, FactId("early")]
    play.run, play.engine = RunId("fork"), engine_of()
    play.begin()
    play.base, play.forked_at, play.run = play.state, None, RunId("on from it")
    lineage = Lineage(play.begin().desk)

    assert ["run", "fork", "on from it"] == names(lineage.radius(the("early")), NodeKind.RUN)
    assert ["run"] == names(lineage.radius(the("late")), NodeKind.RUN)


def test_facts_of_one_id_in_two_forks_are_told_apart() -> None:
    """Each fork made its own; what rests on one does not rest on the other."""
    play = Play(engine_of()).begin(seed("root"))
    for name in ("left", "right"):
        continued(play, name, on("same", "root"), on(f"on {name}", "same"))
        play.go()
    lineage = Lineage(play.desk)

    assert ["on left"] == names(lineage.radius(the("same", "left")))
    assert ["same", "same", "on left", "on right"] == names(lineage.radius(the("root")))
    assert the("root") == lineage.fact(RunId("left"), FactId("root"))
    assert lineage.fact(RunId("left"), FactId("nowhere")) is None


# Corrections.


def test_corrected_facts_are_marked_with_what_took_their_place() -> None:
    """What is no longer true, and what rests on it still, are two things to look at."""
    mends = Correction(
        supersedes=FactId("input"), reason=CorrectionReason.DATA_ERROR, text="A slip."
    )
    agents = (
        proposes("reader", on("read", "input"), after=[Key.SEEDS]),
        proposes("mender", fact(Key.SEEDS, "mended", corrects=mends), after=[Key.SIGNALS]),
    )
    reach = Lineage(Play(engine_of(*agents)).begin(seed("input")).desk).radius(the("input"))

    assert {the("input"): (the("mended"),)} == reach.corrected
    assert "fact mended corrects fact input" == reach.sentence(the("mended"))


# Why.


def test_each_thing_is_found_by_the_shortest_way_and_says_it_in_words() -> None:
    """Where two ways lead there, a person reads the one with fewer steps."""
    play = Play(engine_of()).begin(seed("a"), on("b", "a"), on("c", "a", "b"))
    reach = Lineage(play.desk).radius(the("a"))

    assert (
        "fact c makes true proposal run/0/input/2; proposal run/0/input/2 rests on fact a"
    ) == reach.sentence(the("c"))


def test_why_something_is_true_goes_down_to_what_was_read() -> None:
    """From a fact to the decision, the proposal, the model call, and the cell of the file."""
    play = story()
    play.answer(play.gates()[0], "approve").go()
    reach = Lineage(play.desk).grounds(the("plan"))

    assert ["concluded", "input"] == names(reach)
    assert ["cell"] == names(reach, NodeKind.OBSERVATION)
    assert {PROMPT, MODEL} <= set(reach.found)
    assert ["approval:gate:run/2/planner/0"] == names(reach, NodeKind.DECISION)
    way = reach.why(Node(NodeKind.OBSERVATION, "cell", RUN))
    assert (the("plan"), Link.MAKES_TRUE) == (way[0].node, way[0].link)
    assert (Link.RESTATES, "cell") == (way[-1].link, way[-1].of.name)
    assert all(step.of == following.node for step, following in pairwise(way))


def test_why_and_what_for_are_the_same_graph_walked_both_ways() -> None:
    """Whatever rests on something has it among its grounds."""
    play = story()
    play.answer(play.gates()[0], "approve").go()
    lineage = Lineage(play.desk)
    for origin in (the("input"), MODEL, PROMPT):
        for node in lineage.radius(origin).found:
            if node.kind is not NodeKind.RUN:
                assert origin in lineage.grounds(node).found


def test_the_order_is_the_same_whenever_it_is_built() -> None:
    """Nearest first; what is equally near stands as it was recorded."""
    reaches = [list(Lineage(story().desk).radius(the("input")).found) for _ in range(2)]

    assert reaches[0] == reaches[1]


def test_nothing_rests_on_what_is_not_on_record() -> None:
    """A prompt version that was never used has no radius."""
    reach = Lineage(story().desk).radius(Node(NodeKind.PROMPT, "reasoning:v9:any"))

    assert {} == reach.found


def test_a_search_costs_what_it_finds_and_not_what_there_is() -> None:
    """Counted in steps looked at: a thousand facts beside it add none."""

    def looked_at(beside: int) -> int:
        chain = (seed("s0"), on("s1", "s0"), on("s2", "s1"))
        others = (seed(f"x{n}") for n in range(beside))
        lineage = Lineage(Play(engine_of()).begin(*chain, *others).desk)
        counted = Counted(lineage._uses)
        lineage._uses = counted
        lineage.radius(the("s0"))
        return counted.asked

    assert looked_at(0) == looked_at(1000)


class Counted(dict[Node, Any]):
    """A table that counts how often it is asked."""

    asked = 0

    def get(self, key: Any, default: Any = None) -> Any:
        self.asked += 1
        return super().get(key, default)
