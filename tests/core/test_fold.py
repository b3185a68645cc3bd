"""State is a fold over events: what was recorded is all there is to know."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from converge_core import events as e
from converge_core.agent import AgentEffect
from converge_core.canonical import canonical_record, parse
from converge_core.command import Begin
from converge_core.context import Context, ContextView
from converge_core.errors import IllegalCommand, InvalidValue
from converge_core.events import KINDS, body_of, read_event, run_of
from converge_core.ids import RunId
from converge_core.invariant import Invariant, InvariantClass, Violation
from converge_core.key import ContextKey as Key
from converge_core.policy import Effect
from converge_core.run_state import DeskState, Phase, RunState
from converge_core.state import fold
from tests.core.kit import (
    ALICE,
    INTENT,
    Play,
    engine_of,
    fact,
    model_call,
    policy_of,
    proposes,
    rule,
    script,
    seed,
)


def replayed(play: Play) -> DeskState:
    """Returns the state that the recorded bytes of ``play`` fold to."""
    state = DeskState()
    for seq, (event, at) in enumerate(play.recorded):
        state = fold(state, read_event(event.kind, parse(canonical_record(event))), at, seq)
    return state


def all_there_is(run: RunState) -> dict[str, Any]:
    """Returns everything a run's state says, as plain values."""
    return {
        "phase": run.phase,
        "cycle": run.cycle,
        "root": run.context.root,
        "facts": [canonical_record(one.record) for key in Key for one in run.context.get(key)],
        "changed": run.changed,
        "merging": run.merging,
        "ends": run.ends,
        "eligible": run.eligible,
        "drafts": {name: canonical_record(draft) for name, draft in run.drafts.items()},
        "reports": run.reports,
        "refusals": run.refusals,
        "closed": run.refused_targets,
        "promoted": {name: made.digest for name, made in run.promoted.items()},
        "fact_seq": run.fact_seq,
        "gates": run.gates,
        "traces": run.traces,
        "trace_at": run.trace_at,
        "observations": run.observations,
        "failures": run.failures,
        "tokens": run.tokens,
        "active": (run.active_us, run.executing_since),
        "stop": (run.stop, run.stopped_at),
        "started": (run.started, run.started_at),
    }


NAMES = st.sampled_from(["a", "b", "c"])
PROPOSED = st.builds(
    lambda key, name, content, n: fact(key, name, content, structured={"n": (n, [n])}),
    st.sampled_from([Key.SEEDS, Key.SIGNALS, Key.STRATEGIES, Key.COMPETITORS]),
    NAMES,
    st.sampled_from(["one", "two", " "]),
    st.integers(0, 1),
)
BEHAVIOUR = st.lists(st.none() | st.lists(PROPOSED, max_size=3), min_size=1, max_size=3)
MIXED = policy_of(
    rule(Effect.PERMIT), rule(Effect.ASK, Key.STRATEGIES), rule(Effect.FORBID, Key.COMPETITORS)
)


def eventful(behaviour: list[list[Any] | None], verdicts: list[str], crowded: int) -> Play:
    """Plays a run of arbitrary agents: None is one that fails, a list is what one proposes."""

    def agent(index: int, does: list[Any] | None) -> Any:
        def act(view: ContextView) -> AgentEffect:
            view.get(Key.SEEDS)
            if does is None:
                raise RuntimeError(f"agent {index} fails")
            return AgentEffect(tuple(does), (model_call(prompt_tokens=index),))

        return script(f"agent {index}", act, after=[Key.SEEDS, Key.SIGNALS])

    def not_crowded(context: Context) -> Violation | None:
        return Violation("Too many.") if context.count() > crowded else None

    engine = engine_of(
        *(agent(index, does) for index, does in enumerate(behaviour)),
        policy=MIXED,
        invariants=[Invariant("not-crowded", InvariantClass.STRUCTURAL, not_crowded)],
    )
    play = Play(engine).begin(seed("input"))
    answers = iter(verdicts)
    while play.gates():
        for gate in play.gates():
            play.answer(gate, play.possible(gate, next(answers, "approve")), ALICE)
        play.go()
    return play


@given(
    behaviour=BEHAVIOUR,
    verdicts=st.lists(st.sampled_from(["approve", "reject"]), max_size=4),
    crowded=st.integers(2, 12),
)
def test_replaying_what_was_recorded_gives_the_state_that_was_lived(
    behaviour: list[list[Any] | None], verdicts: list[str], crowded: int
) -> None:
    """Whatever agents do and people say: the bytes fold to the same state and the same root."""
    play = eventful(behaviour, verdicts, crowded)

    assert all_there_is(play.state) == all_there_is(replayed(play).runs[play.run])
    assert play.state.context.root == play.of(e.RunStopped)[0].root


@given(
    behaviour=BEHAVIOUR,
    verdicts=st.lists(st.sampled_from(["approve", "reject"]), max_size=4),
    crowded=st.integers(2, 12),
)
def test_the_laws_of_a_run_hold_whatever_happens(
    behaviour: list[list[Any] | None], verdicts: list[str], crowded: int
) -> None:
    """No fact without record, no id twice, no proposal unaccounted for, nothing asked untruly."""
    play = eventful(behaviour, verdicts, crowded)
    state = play.state
    created = [event.draft.id for event in play.of(e.ProposalCreated)]
    promoted = [event.fact for event in play.of(e.FactPromoted)]
    facts = [one for key in Key for one in state.context.get(key)]

    assert len(created) == len(set(created))
    assert {one.id for one in facts} == {one.id for one in promoted}
    assert len(facts) == len({one.id for one in facts}) == state.context.count()
    assert set(created) == set(state.promoted) | set(state.refusals)
    assert not set(state.promoted) & set(state.refusals)
    assert all(one.record.proposal in created for one in facts)
    assert all(one.promotion.approvals for one in facts if one.key is Key.STRATEGIES)
    assert not [one for one in facts if one.key is Key.COMPETITORS]
    assert all(gate.merged is not bool(gate.withdrawn) for gate in state.gates.values())


def test_folding_counts_the_records() -> None:
    """The state knows how far in the ledger it is."""
    play = Play(engine_of(proposes("p", seed("a")))).begin()

    assert len(play.events) - 1 == play.desk.seq


def test_runs_do_not_touch_each_other() -> None:
    """Two runs of one desk, interleaved, end as each does alone."""
    alone = Play(engine_of(proposes("p", seed("a"))), run=RunId("one")).begin()
    one = Play(engine_of(proposes("p", seed("a"))), run=RunId("one"))
    two = Play(engine_of(proposes("q", seed("b"))), run=RunId("two"), desk=one.desk)
    one.begin()
    two.begin()

    assert {"one", "two"} == set(one.desk.runs)
    assert alone.state.context.root == one.state.context.root != two.state.context.root


def test_an_event_of_a_run_that_never_started_is_refused_with_its_place() -> None:
    """A ledger that speaks of nothing is not folded in silence."""
    cancelled = Play(engine_of()).begin().of(e.RunStopped)[0]

    with pytest.raises(IllegalCommand, match="record 7 speaks of run run"):
        fold(DeskState(), cancelled, 0, 7)


def test_facts_are_numbered_by_the_record_that_made_them() -> None:
    """From a fact one finds its line in the ledger."""
    play = Play(engine_of(proposes("p", seed("a")))).begin()
    [seq] = play.state.fact_seq.values()

    assert isinstance(play.events[seq], e.FactPromoted)


def test_a_state_says_where_a_run_stands() -> None:
    """Phase, cycle and reason follow from the last events."""
    play = Play(engine_of()).begin()

    assert (Phase.STOPPED, 1, "run") == (play.state.phase, play.state.cycle, play.state.run)


# Events by name.


def test_every_event_has_a_name_of_its_own() -> None:
    """The ledger's names are the words of the vocabulary, and each leads back to one event."""
    assert len(KINDS) == len(e.Event.__subclasses__())
    assert all(kind == event.kind and kind for kind, event in KINDS.items())


def test_an_unknown_event_is_refused_in_words() -> None:
    """A newer program may have written it, and the error says so."""
    with pytest.raises(InvalidValue, match=r"'gate_teleported'.*newer version"):
        read_event("gate_teleported", {})


def test_an_event_knows_its_run_or_that_it_has_none() -> None:
    """Events of the desk belong to no run."""
    opened = e.DeskOpened(desk="d", app_version="1")

    assert (None, "run") == (run_of(opened), run_of(Play(engine_of()).begin().events[0]))
    assert {"desk": "d", "app_version": "1"} == body_of(opened)


def begun(continues: str, root: str) -> e.RunStarted:
    return e.RunStarted(
        run=RunId("next"),
        pack="",
        pack_version=0,
        pack_digest="",
        policy_digest="",
        intent=INTENT,
        agents=(),
        grants=(),
        folder="",
        continues=RunId(continues),
        base_root=root,
    )


def test_a_run_that_continues_another_folds_to_its_facts_and_more() -> None:
    """By reference: the earlier run's facts are not written down again."""
    play = Play(engine_of(proposes("p", seed("a")))).begin()
    before = play.state.context
    desk = fold(play.desk, begun("run", before.root), 9, 99)

    assert (before.root, 1) == (desk.runs[RunId("next")].context.root, before.count())


@pytest.mark.parametrize("continues", ["run", "nowhere"])
def test_a_run_that_continues_what_did_not_end_so_is_refused(continues: str) -> None:
    """Neither another root nor a run that nobody knows."""
    play = Play(engine_of(proposes("p", seed("a")))).begin()

    with pytest.raises(IllegalCommand, match=f"record 99: run next continues {continues}"):
        fold(play.desk, begun(continues, "0" * 64), 9, 99)


def test_the_engine_begins_no_run_where_another_did_not_end() -> None:
    """The base that is handed in has to have the root that is to be recorded."""
    with pytest.raises(IllegalCommand, match="does not begin where"):
        engine_of().step(None, Begin(begun("run", "1" * 64)), 1)


def test_a_snapshot_that_the_facts_do_not_come_to_is_refused() -> None:
    """Whoever folds so far must come to the same."""
    play = Play(engine_of(proposes("p", seed("a")))).begin()
    wrong = e.SnapshotTaken(run=RunId("run"), cycle=1, facts=1, root="0" * 64)

    with pytest.raises(IllegalCommand, match="record 99: the snapshot says 000000000000"):
        fold(play.desk, wrong, 9, 99)
