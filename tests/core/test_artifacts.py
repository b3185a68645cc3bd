"""Governed artifacts: eleven steps and no twelfth, and each on record with who and why."""

from __future__ import annotations

import re
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from converge_core import events as e
from converge_core import lifecycle
from converge_core.artifact import (
    TRANSITIONS,
    ArtifactKind,
    ArtifactRef,
    ArtifactState,
    LifecycleEvent,
    Registration,
    Rollback,
    RollbackImpact,
    Severity,
    Use,
    diagram,
    why_not,
)
from converge_core.authority import Actor, ActorKind
from converge_core.canonical import canonical_record, hash_text, parse
from converge_core.command import Advance, Begin
from converge_core.engine import Engine
from converge_core.errors import IllegalCommand, IllegalTransition, InvalidValue, LedgerCorrupt
from converge_core.events import body_of, read_event, run_of
from converge_core.ids import ArtifactId, RunId
from converge_core.run_state import DeskState
from converge_core.state import fold
from converge_core.trace import TextRef
from tests.core.kit import INTENT
from tests.core.test_audit import believed

DRAFT, APPROVED, ACTIVE, QUARANTINED, DEPRECATED, ROLLED_BACK = ArtifactState
ALLOWED = {
    (DRAFT, APPROVED),
    (DRAFT, DEPRECATED),
    (APPROVED, ACTIVE),
    (APPROVED, QUARANTINED),
    (APPROVED, ROLLED_BACK),
    (ACTIVE, QUARANTINED),
    (ACTIVE, DEPRECATED),
    (ACTIVE, ROLLED_BACK),
    (QUARANTINED, ACTIVE),
    (QUARANTINED, ROLLED_BACK),
    (QUARANTINED, DEPRECATED),
}
"""The eleven, written down apart from the table that the core goes by."""
PAIRS = list(product(ArtifactState, repeat=2))
REFUSED = [pair for pair in PAIRS if pair not in ALLOWED]
WAY_TO: dict[ArtifactState, list[ArtifactState]] = {
    DRAFT: [],
    APPROVED: [APPROVED],
    ACTIVE: [APPROVED, ACTIVE],
    QUARANTINED: [APPROVED, QUARANTINED],
    DEPRECATED: [DEPRECATED],
    ROLLED_BACK: [APPROVED, ROLLED_BACK],
}
ANN = Actor(kind=ActorKind.HUMAN, id="ann")
IMPACT = RollbackImpact(
    affected=3,
    quality_issues=("It cites what nobody wrote.",),
    invalidates_outputs=True,
    severity=Severity.HIGH,
)


def artifact(content: str = "you are a careful reader", name: str = "reasoning") -> ArtifactRef:
    return ArtifactRef(kind=ArtifactKind.PROMPT, name=ArtifactId(name), digest=hash_text(content))


PROMPT = artifact()


def move(known: lifecycle.Known, to: ArtifactState, ref: ArtifactRef = PROMPT) -> list[e.Event]:
    """Returns what follows when ``ref`` is to become ``to``, by the function there is for that."""
    if to is ROLLED_BACK:
        return lifecycle.roll_back(known, ref, IMPACT, actor=ANN, reason="it misleads")
    return lifecycle.transition(known, ref, to, actor=ANN, reason="it is time", ticket="T-1")


def grown(state: DeskState, events: list[e.Event]) -> DeskState:
    """Returns ``state`` after ``events``, a second after each other."""
    for event in events:
        seq = state.seq + 1
        state = fold(state, event, seq * 1_000_000, seq)
    return state


def desk_with(to: ArtifactState, ref: ArtifactRef = PROMPT) -> DeskState:
    """Returns a desk on which ``ref`` came to stand at ``to``."""
    state = grown(DeskState(), lifecycle.register({}, ref, actor=ANN, reason="written today"))
    for step in WAY_TO[to]:
        state = grown(state, move(state.artifact_states(), step, ref))
    return state


def everything(state: DeskState) -> Any:
    return {ref: list(one.history) for ref, one in state.artifacts.items()}, state.seq


# The table.


def test_there_are_six_states_and_eleven_steps_between_them() -> None:
    """Of the 36 pairs, 25 are refused."""
    assert (6, 11, 25) == (len(ArtifactState), len(ALLOWED), len(REFUSED))
    assert set(ArtifactState) == set(TRANSITIONS)


@pytest.mark.parametrize(("standing", "to"), PAIRS)
def test_a_step_is_taken_just_if_it_is_one_of_the_eleven(
    standing: ArtifactState, to: ArtifactState
) -> None:
    """The others are refused with where it stands, where it was to go, and where it may go."""
    if (standing, to) in ALLOWED:
        [event] = move({PROMPT: standing}, to)
        assert isinstance(event, e.ArtifactTransitioned | e.ArtifactRolledBack)
        assert (standing, to) == (event.step.from_state, event.step.to_state)
        return

    with pytest.raises(IllegalTransition) as refused:
        move({PROMPT: standing}, to)

    said, _, alternatives = str(refused.value).partition(";")
    assert f"{PROMPT} is {standing} and cannot become {to}" == said
    legal = {after for before, after in ALLOWED if before is standing}
    assert legal == {state for state in ArtifactState if re.search(rf"\b{state}\b", alternatives)}


@pytest.mark.parametrize(("standing", "to"), PAIRS)
def test_the_fold_takes_the_same_steps_and_no_others(
    standing: ArtifactState, to: ArtifactState
) -> None:
    """A forged record changes nothing and is named."""
    state = desk_with(standing)
    before, seq = everything(state), state.seq + 1
    event = forged(standing, to)
    if (standing, to) in ALLOWED:
        assert to is fold(state, event, 0, seq).artifacts[PROMPT].state
        return

    with pytest.raises(IllegalCommand, match=rf"^record {seq}: {PROMPT} is {standing} and cannot"):
        fold(state, event, 0, seq)

    assert before == everything(state)


def forged(standing: ArtifactState, to: ArtifactState) -> e.Event:
    """Returns the record of a step, whether it may be taken or not."""
    if to is ROLLED_BACK:
        step = Rollback(artifact=PROMPT, from_state=standing, actor=ANN, reason="so", impact=IMPACT)
        return e.ArtifactRolledBack(step=step)
    return transitioned(standing, to)


def transitioned(standing: ArtifactState, to: ArtifactState, reason: str = "so") -> e.Event:
    step = LifecycleEvent(
        artifact=PROMPT, from_state=standing, to_state=to, actor=ANN, reason=reason
    )
    return e.ArtifactTransitioned(step=step)


def test_the_diagram_shows_the_eleven_where_it_begins_and_where_it_ends() -> None:
    """It is drawn from the table, so that it cannot say anything else."""
    first, *lines = diagram().splitlines()
    arrows = [tuple(line.strip().split(" --> ")) for line in lines]

    assert "stateDiagram-v2" == first
    assert [("[*]", "draft")] == [arrow for arrow in arrows if arrow[0] == "[*]"]
    assert {"deprecated", "rolled_back"} == {one for one, to in arrows if to == "[*]"}
    drawn = [arrow for arrow in arrows if "[*]" not in arrow]
    assert sorted((str(one), str(to)) for one, to in ALLOWED) == sorted(drawn)


# What an artifact may be used for.


@pytest.mark.parametrize("state", ArtifactState)
def test_a_new_run_takes_what_somebody_answers_for(state: ArtifactState) -> None:
    """Approved or active, and nothing else."""
    assert (state in {APPROVED, ACTIVE}) is (why_not(state, Use.NEW_RUN) == "")


@pytest.mark.parametrize("state", ArtifactState)
def test_a_replay_takes_what_is_quarantined_too(state: ArtifactState) -> None:
    """What it made can still be looked into."""
    assert (state in {APPROVED, ACTIVE, QUARANTINED}) is (why_not(state, Use.REPLAY) == "")


def test_quarantine_is_replay_yes_and_new_run_no_in_a_sentence() -> None:
    """The sentence says what it would take."""
    assert "" == why_not(QUARANTINED, Use.REPLAY)
    assert "What is quarantined cannot serve a new run; it must be approved or active." == why_not(
        QUARANTINED, Use.NEW_RUN
    )


STEERING = ("pack", "policy", "file", "model")
"""What steers a run, each by a digest of its own."""


def beginning(known: lifecycle.Known) -> Begin:
    """Returns the beginning of a run that is steered by one of each of ``STEERING``."""
    pack, policy, file, model = map(hash_text, STEERING)
    started = e.run_without_pack(
        RunId("run"),
        INTENT,
        pack_digest=pack,
        policy_digest=policy,
        files={"prompts.toml": TextRef(sha256=file, size=4)},
    )
    return Begin(started, artifacts=known, uses=(model,))


@pytest.mark.parametrize("what", STEERING)
@pytest.mark.parametrize("state", ArtifactState)
def test_a_new_run_begins_with_what_may_serve_it_and_with_nothing_else(
    what: str, state: ArtifactState
) -> None:
    """Pack, policy, files and model are looked up by content; the refusal names which and why."""
    ref = artifact(what, "of the run")
    command = beginning({artifact("of no run"): DRAFT, ref: state})

    if state in {APPROVED, ACTIVE}:
        assert Engine().step(None, command, 1)
        return
    said = f"run run cannot begin. The {ref} is {state}. What is {state} cannot serve a new run"
    with pytest.raises(IllegalCommand, match=re.escape(said)):
        Engine().step(None, command, 1)


def test_what_was_quarantined_since_can_be_read_back_and_replayed() -> None:
    """A run that had begun goes on and stays readable; only a new one is refused."""
    known = {artifact("pack"): ACTIVE}
    events = Engine().step(None, beginning(known), 1)
    desk = grown(desk_with(QUARANTINED, artifact("pack")), events)
    state = desk.runs[RunId("run")]

    assert Engine().step(state, Advance(), 2)
    assert "" == lifecycle.why_unusable(
        desk.artifact_states(), {state.started.pack_digest}, Use.REPLAY
    )


def test_no_ledger_is_believed_in_which_a_run_began_with_what_was_quarantined() -> None:
    """Whoever writes such a record by hand is told which artifact stood in the way."""
    pack = artifact("pack", "of the run")
    told = lifecycle.register({}, pack, actor=ANN, reason="written today")
    told += move({pack: DRAFT}, APPROVED, pack) + move({pack: APPROVED}, QUARANTINED, pack)
    began = beginning({}).started

    assert believed([*told[:2], began]).runs
    with pytest.raises(LedgerCorrupt, match=f"record 3: The {pack} is quarantined"):
        believed([*told, began])


def test_what_is_not_registered_is_not_governed() -> None:
    """Governing is a choice; what nobody registered is used as before."""
    assert Engine().step(None, beginning({}), 1)


# Registering.


def test_an_artifact_becomes_known_as_a_draft() -> None:
    """With who registered it and where it comes from."""
    [event] = lifecycle.register({}, PROMPT, actor=ANN, reason="written today")

    assert (
        e.ArtifactRegistered(step=Registration(artifact=PROMPT, actor=ANN, reason="written today"))
        == event
    )
    assert DRAFT is grown(DeskState(), [event]).artifacts[PROMPT].state


def test_another_content_is_another_version() -> None:
    """Each goes its own way."""
    state = desk_with(ACTIVE)
    changed = artifact("you are a careless reader")
    new = lifecycle.register(state.artifact_states(), changed, actor=ANN, reason="changed")

    assert {PROMPT: ACTIVE, changed: DRAFT} == grown(state, new).artifact_states()


def test_nothing_is_registered_twice() -> None:
    """Or a draft could be made of what was withdrawn."""
    state = desk_with(ROLLED_BACK)

    with pytest.raises(IllegalTransition, match=r"registered before and is rolled_back$"):
        lifecycle.register(state.artifact_states(), PROMPT, actor=ANN, reason="again")
    with pytest.raises(IllegalCommand, match=r"record 9: .* registered before"):
        fold(state, desk_events()[0], 0, 9)


@pytest.mark.parametrize("digest", ["", "abc", "A" * 64, "0" * 65])
def test_a_version_is_named_by_a_hash(digest: str) -> None:
    """Anything else does not say which content is meant."""
    nameless = ArtifactRef(kind=ArtifactKind.PACK, name=ArtifactId("p"), digest=digest)

    with pytest.raises(InvalidValue, match="digest"):
        lifecycle.register({}, nameless, actor=ANN, reason="new")


# What is refused.


@pytest.mark.parametrize("to", [APPROVED, ROLLED_BACK])
def test_what_was_never_registered_does_not_move(to: ArtifactState) -> None:
    """Neither for who asks nor for the fold."""
    with pytest.raises(IllegalTransition, match=rf"^{PROMPT} was never registered"):
        move({}, to)
    with pytest.raises(IllegalCommand, match=r"record 9: .* was never registered"):
        fold(DeskState(), transitioned(DRAFT, APPROVED), 0, 9)


@pytest.mark.parametrize("reason", ["", " \n"])
def test_every_step_has_a_reason(reason: str) -> None:
    """A blank one is none."""
    known = {PROMPT: ACTIVE}
    with pytest.raises(IllegalTransition, match="cannot become draft without a reason"):
        lifecycle.register({}, PROMPT, actor=ANN, reason=reason)
    with pytest.raises(IllegalTransition, match="cannot become quarantined without a reason"):
        lifecycle.transition(known, PROMPT, QUARANTINED, actor=ANN, reason=reason)
    with pytest.raises(IllegalTransition, match="cannot become rolled_back without a reason"):
        lifecycle.roll_back(known, PROMPT, IMPACT, actor=ANN, reason=reason)
    with pytest.raises(IllegalCommand, match=r"record 9: .* without a reason"):
        fold(desk_with(APPROVED), transitioned(APPROVED, ACTIVE, reason), 0, 9)


def test_nothing_is_rolled_back_without_saying_what_that_affects() -> None:
    """The plain transition does not lead there, whether it is asked for or forged."""
    with pytest.raises(IllegalTransition, match="without saying what that affects"):
        lifecycle.transition({PROMPT: ACTIVE}, PROMPT, ROLLED_BACK, actor=ANN, reason="bad")
    with pytest.raises(IllegalCommand, match=r"record 9: .* without saying what that affects"):
        fold(desk_with(ACTIVE), transitioned(ACTIVE, ROLLED_BACK), 0, 9)


def test_the_fold_refuses_a_step_from_where_the_artifact_does_not_stand() -> None:
    """The step itself may be one of the eleven."""
    with pytest.raises(IllegalCommand, match=r"record 9: .* is quarantined, so it cannot leave a"):
        fold(desk_with(QUARANTINED), transitioned(ACTIVE, DEPRECATED), 0, 9)


@pytest.mark.parametrize("change", [{"affected": -1}, {"affected": 0.5}, {"severity": "awful"}])
def test_an_impact_that_cannot_be_recorded_is_refused_where_it_is_given(
    change: dict[str, Any],
) -> None:
    """Not when the ledger is read back."""
    fields = {name: getattr(IMPACT, name) for name in IMPACT.__struct_fields__}
    with pytest.raises(InvalidValue):
        lifecycle.roll_back(
            {PROMPT: ACTIVE}, PROMPT, RollbackImpact(**{**fields, **change}), actor=ANN, reason="x"
        )


@pytest.mark.parametrize(("standing", "to"), REFUSED)
def test_a_refused_step_changes_nothing(standing: ArtifactState, to: ArtifactState) -> None:
    """Neither what was handed in nor the desk."""
    state = desk_with(standing)
    known, before = state.artifact_states(), everything(state)

    with pytest.raises(IllegalTransition):
        move(known, to)

    assert ({PROMPT: standing}, before) == (known, everything(state))


# On record.


def desk_events() -> list[e.Event]:
    """Returns a life with every kind of step."""
    events = lifecycle.register({}, PROMPT, actor=ANN, reason="written today")
    for before, to in [(DRAFT, APPROVED), (APPROVED, ACTIVE), (ACTIVE, ROLLED_BACK)]:
        events += move({PROMPT: before}, to)
    return events


def test_a_roll_back_is_recorded_with_its_impact() -> None:
    """From where, by whom, why, and what it means for what was made with it."""
    state = grown(DeskState(), desk_events())
    last = state.artifacts[PROMPT].history[-1]

    assert (
        Rollback(artifact=PROMPT, from_state=ACTIVE, actor=ANN, reason="it misleads", impact=IMPACT)
        == last.step
    )
    assert ROLLED_BACK is state.artifacts[PROMPT].state


def test_the_history_names_each_step_and_the_record_that_says_so() -> None:
    """The times are those of the records; no step carries one of its own."""
    history = grown(DeskState(), desk_events()).artifacts[PROMPT].history

    assert [DRAFT, APPROVED, ACTIVE, ROLLED_BACK] == [one.step.to_state for one in history]
    assert [(0, 0), (1, 1_000_000), (2, 2_000_000), (3, 3_000_000)] == [
        (one.seq, one.at) for one in history
    ]


def test_the_events_belong_to_the_desk_and_are_read_back_as_they_were() -> None:
    """By the names they have in the ledger."""
    assert ["artifact_registered", *["artifact_transitioned"] * 2, "artifact_rolled_back"] == [
        event.kind for event in desk_events()
    ]
    for event in desk_events():
        assert run_of(event) is None
        assert event == read_event(event.kind, body_of(event))


def test_one_artifact_leaves_the_others_alone() -> None:
    """Also one of the same name and kind."""
    other = artifact("another")
    state = desk_with(ACTIVE)
    state = grown(state, lifecycle.register(state.artifact_states(), other, actor=ANN, reason="r"))
    before = list(state.artifacts[PROMPT].history)
    state = grown(state, move(state.artifact_states(), DEPRECATED, other))

    assert before == state.artifacts[PROMPT].history
    assert {PROMPT: ACTIVE, other: DEPRECATED} == state.artifact_states()


REFS = st.sampled_from([PROMPT, artifact("b"), artifact("b", "planning")])
WISHES = st.lists(st.tuples(REFS, st.none() | st.sampled_from(ArtifactState)), max_size=20)


@given(WISHES)
def test_whatever_is_asked_the_bytes_fold_to_what_was_allowed(
    wishes: list[tuple[ArtifactRef, ArtifactState | None]],
) -> None:
    """None registers; a plain list of pairs says where everything must stand in the end."""
    state, expected = DeskState(), dict[ArtifactRef, ArtifactState]()
    recorded: list[e.Event] = []
    for ref, to in wishes:
        try:
            events = (
                lifecycle.register(state.artifact_states(), ref, actor=ANN, reason="new")
                if to is None
                else move(state.artifact_states(), to, ref)
            )
        except IllegalTransition:
            assert (ref in expected) if to is None else (expected.get(ref), to) not in ALLOWED
            continue
        expected[ref] = to or DRAFT
        state = grown(state, events)
        recorded += [read_event(one.kind, parse(canonical_record(one))) for one in events]

    assert expected == state.artifact_states()
    assert everything(state) == everything(grown(DeskState(), recorded))
