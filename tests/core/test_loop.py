"""The convergence loop: who executes, on what, and when it is enough."""

from __future__ import annotations

import pytest

from converge_core import Context, ContextKey, Engine, ReactOnceAgent, SeedAgent, grant
from converge_core import events as e
from converge_core.agent import AgentEffect
from converge_core.command import Advance, Begin, Cancel, Command, Report, Restart
from converge_core.context import ContextView
from converge_core.errors import IllegalCommand, InvalidConfiguration
from converge_core.ids import AgentId, RunId
from converge_core.intent import Budgets, RootIntent
from converge_core.key import ContextKey as Key
from converge_core.run_state import Phase
from converge_core.stop import Converged, UserCancelled
from tests.core.kit import (
    ASK_STRATEGIES,
    EVERYTHING,
    Play,
    Script,
    contents,
    engine_of,
    fact,
    lines_of,
    proposes,
    script,
    seed,
)

# The quick start of the crate page, and its edges.


def test_the_quick_start_converges_in_three_cycles() -> None:
    """One for the seed, one for the hypothesis, one in which nobody has anything to add."""
    engine = Engine()
    engine.register(SeedAgent("seed-1", "initial data"))
    engine.register(ReactOnceAgent("hyp-1", "derived insight"))
    result = engine.run(
        Context(), authority=grant("quick-start", ContextKey.SEEDS, ContextKey.HYPOTHESES)
    )

    assert (True, 3, Converged()) == (result.converged, result.cycles, result.stop_reason)
    assert result.context.has(ContextKey.SEEDS)
    assert result.context.has(ContextKey.HYPOTHESES)


def test_the_nine_keys_are_a_closed_set() -> None:
    """Nine names, in the order in which they are shown; a tenth does not exist."""
    names = (
        "Seeds Hypotheses Strategies Constraints Signals Competitors Evaluations Proposals "
        "Diagnostic"
    )

    assert names.split() == [key.value for key in ContextKey]
    with pytest.raises(ValueError, match="Rumours"):
        ContextKey("Rumours")


def test_an_engine_without_agents_converges_in_one_cycle() -> None:
    """Nobody is eligible, so the first cycle is the last."""
    result = Engine().run(Context(), authority=EVERYTHING)

    assert (True, 1) == (result.converged, result.cycles)


def test_without_authority_a_person_is_asked_and_nothing_stands() -> None:
    """No default grants anything: the quick start without its grant stops at the first seed."""
    engine = engine_of(SeedAgent("seed-1", "initial data"))
    result = engine.run(Context(), authority=grant("nobody"))

    assert ("HitlGatePending", 0) == (result.stop_reason.kind, result.context.count())
    assert not result.converged


def test_a_run_given_no_grant_at_all_asks_about_everything() -> None:
    """An empty list of grants is legal and grants nothing."""
    play = Play(engine_of(SeedAgent("seed-1", "data")), grants=()).begin()

    assert ["no rule"] == [gate.request.rule for gate in play.gates()]


# Who executes.


def test_an_agent_sleeps_until_a_key_it_depends_on_changes() -> None:
    """An agent of Signals never executes in a run in which Signals did not change."""
    sleeper = script("sleeper", lambda _: AgentEffect(), after=[Key.SIGNALS])
    Play(engine_of(sleeper, proposes("p", seed("a")), ReactOnceAgent("h", "h"))).begin()

    assert 0 == sleeper.executed


def test_a_change_of_a_key_wakes_its_agents_once() -> None:
    """An agent executes in the cycle after its key changed, and not again while it stays."""
    woken = script("woken", lambda _: AgentEffect(), after=[Key.SEEDS])
    play = Play(engine_of(woken, proposes("p", seed("a")))).begin()

    assert 1 == woken.executed
    assert [("p",), ("woken",)] == [event.eligible for event in play.of(e.CycleStarted)]


def test_staged_input_wakes_the_agents_of_its_key_in_the_first_cycle() -> None:
    """What came in before the first cycle counts as changed."""
    woken = script("woken", lambda _: AgentEffect(), after=[Key.SEEDS])
    Play(engine_of(woken)).begin(seed("a"))

    assert 1 == woken.executed


def test_an_agent_that_does_not_accept_does_not_execute() -> None:
    """Waking an agent is a question, and it may decline."""
    declining = script("d", lambda _: AgentEffect((seed("b"),)), when=lambda _: False)
    play = Play(engine_of(declining)).begin(seed("a"))

    assert (0, ["a"]) == (declining.executed, contents(play.state, Key.SEEDS))


def test_an_agent_without_dependencies_stays_eligible_while_it_accepts() -> None:
    """It may go on as long as it has something to add."""
    counting = script(
        "counting",
        lambda view: AgentEffect((seed(f"s{view.count(Key.SEEDS)}"),)),
        when=lambda view: view.count(Key.SEEDS) < 4,
    )
    play = Play(engine_of(counting)).begin()

    assert (4, ["s0", "s1", "s2", "s3"]) == (counting.executed, contents(play.state, Key.SEEDS))


def test_a_diagnostic_alone_never_keeps_a_run_going() -> None:
    """An agent that fails for ever ends the run at its fixed point and not at its last cycle."""

    def fail(_: ContextView) -> AgentEffect:
        raise RuntimeError("broken")

    play = Play(engine_of(script("broken", fail))).begin()

    assert (Converged(), 1) == (play.state.stop, play.state.cycle)


def test_a_diagnostic_wakes_the_agents_that_depend_on_it() -> None:
    """Who repairs what went wrong is woken by it like by any other fact."""

    def fail(_: ContextView) -> AgentEffect:
        raise RuntimeError("broken")

    broken = script("broken", fail, when=lambda view: not view.has(Key.STRATEGIES))
    repair = proposes("repair", fact(Key.STRATEGIES, "mend it"), after=[Key.DIAGNOSTIC])
    play = Play(engine_of(broken, repair)).begin()

    assert ["mend it"] == contents(play.state, Key.STRATEGIES)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("a", "is taken"),
        ("engine", "is taken"),
        ("input", "is taken"),
        ("x" * 65, "has 65 characters"),
        ("a\nb", r"U\+000A"),
    ],
)
def test_a_name_that_cannot_be_an_agents_is_refused_when_it_registers(
    name: str, reason: str
) -> None:
    """Taken, reserved for the engine's own proposals, too long for ids to derive, or invisible."""
    engine = engine_of(proposes("a"))
    agent = proposes("b")
    agent.name = str.__new__(AgentId, name)

    with pytest.raises(InvalidConfiguration, match=reason):
        engine.register(agent)
    assert (AgentId("a"),) == engine.agents


def test_names_of_greatest_length_leave_room_for_the_ids_that_derive_from_them() -> None:
    """The longest agent in a run of a long name fails, asks and is traced without trouble."""

    def fail(_: ContextView) -> AgentEffect:
        raise RuntimeError("broken")

    engine = engine_of(
        script("x" * 64, fail), proposes("y" * 64, fact(Key.STRATEGIES, "s")), policy=ASK_STRATEGIES
    )
    play = Play(engine, run=RunId("r" * 32)).begin()

    assert (1, 1) == (len(play.gates()), play.state.context.count(Key.DIAGNOSTIC))


# On what: one snapshot a cycle.


def test_agents_of_one_cycle_do_not_see_each_other() -> None:
    """Both execute on the context as it stood when the cycle began."""
    seen: dict[str, tuple[str, ...]] = {}

    def looking(name: str) -> Script:
        def look(view: ContextView) -> AgentEffect:
            seen.setdefault(name, tuple(one.content for one in view.get(Key.SEEDS)))
            return AgentEffect((seed(f"of {name}"),))

        return script(
            name, look, when=lambda view: not view.contains(Key.SEEDS, seed(f"of {name}").id)
        )

    Play(engine_of(looking("one"), looking("two"))).begin(seed("input"))

    assert {"one": ("input",), "two": ("input",)} == seen


def test_a_view_stays_as_it_was_while_the_context_grows() -> None:
    """Whoever keeps a view keeps the snapshot and sees nothing that came later."""
    kept: list[ContextView] = []
    keeping = script("k", lambda view: kept.append(view) or AgentEffect(), after=[Key.SEEDS])  # type: ignore[func-returns-value]
    play = Play(engine_of(proposes("p", seed("b")), keeping)).begin(seed("a"))
    view = kept[0]

    assert ["a", "b"] == contents(play.state, Key.SEEDS)
    assert (1, ["a"]) == (view.count(Key.SEEDS), [one.content for one in view.get(Key.SEEDS)])
    assert not view.contains(Key.SEEDS, seed("b").id)


def test_a_proposal_rests_on_what_its_agent_read_and_named() -> None:
    """The view notes what was read; asking whether something stands does not count."""

    def look(view: ContextView) -> AgentEffect:
        view.get(Key.SIGNALS)
        view.contains(Key.SEEDS, seed("a").id)
        return AgentEffect((fact(Key.HYPOTHESES, "h", rests_on=(seed("b").id,)),))

    play = Play(engine_of(script("look", look, after=[Key.SEEDS])))
    play.begin(seed("a"), seed("b"), fact(Key.SIGNALS, "s"))
    [made] = play.state.context.get(Key.HYPOTHESES)

    assert ("b", "s") == made.rests_on


# When a command is legal.


def in_phase(phase: str) -> Play:
    engine = engine_of(proposes("p", fact(Key.STRATEGIES, "s")), policy=ASK_STRATEGIES)
    play = Play(engine)
    started = e.RunStarted(
        run=play.run,
        pack="",
        pack_version=0,
        pack_digest="",
        policy_digest="",
        intent=play.intent,
        agents=engine.agents,
        grants=play.grants,
        folder="",
    )
    if phase == "none":
        return play
    play.command(Begin(started))
    if phase == "ready":
        return play
    play.command(Advance())
    if phase == "executing":
        return play
    play.command(Report(play.executor(engine.work(play.state))))
    if phase == "waiting":
        return play
    if phase == "resolving":
        return play.answer(play.gates()[0], "approve")
    return play.cancel()


def command(play: Play, name: str) -> Command:
    """Returns the command of that name as it would fit ``play`` if it were legal."""
    working = play.desk.runs and play.state.phase is Phase.EXECUTING
    commands: dict[str, Command] = {
        "Begin": Begin(in_phase("ready").of(e.RunStarted)[0]),
        "Advance": Advance(),
        "Report": Report(play.executor(play.engine.work(play.state)) if working else ()),
        "Restart": Restart(),
        "Cancel": Cancel("alice"),
    }
    return commands[name]


LEGAL = {
    "none": {"Begin"},
    "ready": {"Advance", "Cancel"},
    "executing": {"Report", "Restart", "Cancel"},
    "waiting": {"Restart", "Cancel"},
    "resolving": {"Advance", "Cancel"},
    "stopped": set[str](),
}


@pytest.mark.parametrize("name", ["Begin", "Advance", "Report", "Restart", "Cancel"])
@pytest.mark.parametrize("phase", LEGAL)
def test_what_is_legal_when_is_a_table(phase: str, name: str) -> None:
    """A command that does not fit the phase is refused and changes nothing."""
    play = in_phase(phase)
    before = lines_of(play)
    if name in LEGAL[phase]:
        follows = play.engine.step(play.desk.runs.get(play.run), command(play, name), 99)
        assert follows or (name, phase) == ("Restart", "waiting")  # no deadline, and no window
    else:
        with pytest.raises(IllegalCommand):
            play.command(command(play, name))

    assert before == lines_of(play)


def test_a_report_must_answer_just_what_was_asked() -> None:
    """Results of other agents, or too few of them, are refused."""
    play = in_phase("executing")

    with pytest.raises(IllegalCommand, match="awaits"):
        play.command(Report(()))


def test_work_lost_with_the_process_is_asked_for_again() -> None:
    """A restart repeats the cycle for the same agents, and the run ends as it would have."""
    play = in_phase("executing")
    play.command(Restart())
    first, second = play.of(e.CycleStarted)

    assert first == second
    assert 1 == len(play.go().gates())


def test_a_step_changes_nothing() -> None:
    """Only folding what a step returned moves a run."""
    play = in_phase("executing")
    report = Report(play.executor(play.engine.work(play.state)))
    before = (play.state.phase, play.state.context.root, len(play.state.drafts))
    one = play.engine.step(play.state, report, 5)
    two = play.engine.step(play.state, report, 5)

    assert before == (play.state.phase, play.state.context.root, len(play.state.drafts))
    assert one == two


# What a caller hears.


def test_events_are_told_as_they_are_folded_and_add_up_to_the_context() -> None:
    """Start, facts and end of each cycle in order; the promotions told are the facts there are."""
    told: list[e.Event] = []
    engine = engine_of(SeedAgent("s", "s"), ReactOnceAgent("h", "h"))
    result = engine.run(Context(), authority=EVERYTHING, on_event=told.append)
    shape = [
        event.kind
        for event in told
        if isinstance(event, (e.CycleStarted, e.FactPromoted, e.CycleEnded, e.RunStopped))
    ]

    assert [
        "cycle_ended",
        *("cycle_started", "fact_promoted", "cycle_ended") * 2,
        "cycle_started",
        "run_stopped",
    ] == shape
    assert result.context.count() == sum(isinstance(event, e.FactPromoted) for event in told)


def test_a_cycle_tells_how_many_facts_it_made_and_under_which_keys() -> None:
    """A cycle that paused counts what it made before and after the pause together."""
    engine = engine_of(
        proposes("p", seed("a"), fact(Key.STRATEGIES, "s"), fact(Key.SIGNALS, "b")),
        policy=ASK_STRATEGIES,
    )
    play = Play(engine).begin()
    play.answer(play.gates()[0], "approve").go()
    ended = [event for event in play.of(e.CycleEnded) if event.cycle == 1]

    assert [(3, ("Seeds", "Strategies", "Signals"))] == [
        (event.facts, event.changed) for event in ended
    ]


def test_a_cancelled_run_keeps_what_it_reached() -> None:
    """Cancelling stops the run at once; its facts stay and its root covers them."""
    play = Play(engine_of(proposes("p", fact(Key.STRATEGIES, "s")), policy=ASK_STRATEGIES))
    play.begin(seed("a")).cancel("bob")

    assert (UserCancelled(by="bob"), ["a"]) == (play.state.stop, contents(play.state, Key.SEEDS))
    assert play.state.context.root == play.of(e.RunStopped)[0].root


def test_a_run_is_bound_to_the_intent_it_began_with() -> None:
    """There is no command that changes it; the recorded one is what the run goes by."""
    play = Play(
        engine_of(), intent=RootIntent(question="q", subject="s", budgets=Budgets(cycles=7))
    )

    assert play.intent == play.begin().state.intent
    with pytest.raises(AttributeError):
        play.state.intent.question = "another"  # type: ignore[misc]
