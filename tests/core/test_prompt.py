"""The prompt: a versioned stack of five layers, rendered alike from stack and from record."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from converge_core.canonical import hash_text
from converge_core.envelope import RemoteRef, ReplayGrade
from converge_core.ids import AgentId, RunId, TraceId
from converge_core.prompt import (
    LAYERS,
    PromptStack,
    PromptVersion,
    Standing,
    StateEntry,
    StateLayer,
    render_layers,
)
from converge_core.trace import INLINE_LIMIT, DecisionTrace, prompt_matches, text_ref
from tests.core.kit import ENVELOPE, model_call
from tests.core.test_canonical import TEXT

STATE = StateLayer(
    (
        StateEntry("s01", "tests.failed", ("tests failed", "2"), "tests failed 2", Standing.BREACH),
        StateEntry("s02", "coverage", ("line coverage", "81.5 %"), "line coverage 81.5 %"),
    )
)
STACKS = st.builds(
    PromptStack,
    st.just(PromptVersion("reasoning", 1)),
    TEXT,
    TEXT,
    TEXT,
    st.just(STATE),
    TEXT,
)


def stack(**layers: str) -> PromptStack:
    words = {"priming": "prime", "policy": "rules", "task_frame": "task", "intent": "is it so"}
    return PromptStack(PromptVersion("reasoning", 1), state=STATE, **{**words, **layers})


# Five layers.


def test_the_layers_are_five_in_a_fixed_order() -> None:
    """What changes least comes first."""
    names = ("priming", "policy", "task_frame", "state", "intent")

    assert names == LAYERS == tuple(name for name, _ in stack().layers())


def test_the_exact_prompt() -> None:
    """Layers apart by a blank line, then the word that asks for the answer."""
    prompt = (
        "prime\n\nrules\n\ntask\n\n"
        "STATE\ns01 | tests failed | 2\ns02 | line coverage | 81.5 %\n\n"
        "is it so\n\nANSWER\n"
    )

    assert prompt == stack().render()


@given(STACKS)
def test_recorded_layers_render_to_the_same_prompt(one: PromptStack) -> None:
    """A trace that kept the layers rebuilds the prompt to the byte."""
    assert one.render() == render_layers(dict(one.layers()))


@given(STACKS)
def test_a_prompt_begins_with_its_stable_prefix(one: PromptStack) -> None:
    """The part whose keys and values are kept is a prefix indeed, whichever layers are empty."""
    assert one.render().startswith(one.stable_prefix())


@given(STACKS, TEXT)
def test_the_stable_prefix_does_not_depend_on_state_or_intent(
    one: PromptStack, intent: str
) -> None:
    """Two runs of one step share it."""
    other = PromptStack(
        one.version, one.priming, one.policy, one.task_frame, StateLayer(()), intent
    )

    assert one.stable_prefix() == other.stable_prefix()


def test_the_order_in_which_layers_were_recorded_leaves_no_mark() -> None:
    """A record's keys have no order, and the prompt has one."""
    layers = dict(stack().layers())

    assert render_layers(layers) == render_layers(dict(reversed(layers.items())))


def test_an_empty_layer_leaves_no_gap() -> None:
    """There is one blank line between any two layers."""
    assert "\n\n\n" not in stack(policy="", intent="").render()


def test_the_digest_covers_version_and_layers() -> None:
    """Change either, and it is another prompt."""
    revised = PromptStack(
        PromptVersion("reasoning", 2), "prime", "rules", "task", STATE, "is it so"
    )

    assert 3 == len({stack().digest(), revised.digest(), stack(policy="others").digest()})


# Versions.


def test_a_version_says_name_revision_and_family() -> None:
    """Written in one word, as traces keep it."""
    assert "reasoning:v1:llama3" == str(PromptVersion("reasoning", 1, "llama3"))


@pytest.mark.parametrize(
    ("family", "model", "fits"),
    [("any", "llama", True), ("llama", "llama", True), ("llama3", "llama", False)],
)
def test_a_version_fits_the_family_it_was_written_for(family: str, model: str, fits: bool) -> None:
    """A prompt of one family is not for another; ``any`` is for all."""
    assert fits is PromptVersion("reasoning", 1, family).fits(model)


# State.


def test_cites_are_filled_with_what_they_stand_for() -> None:
    """A person reads values where the model wrote ids."""
    assert "tests failed 2 breaks a limit, line coverage 81.5 % does not" == STATE.fill(
        "{s01} breaks a limit, {s02} does not"
    )


@pytest.mark.parametrize("text", ["{s99}", "{S01}", "{s1}", "s01", "{s01", "{ s01 }", "{s001}", ""])
def test_what_is_no_known_cite_stays_as_it_is(text: str) -> None:
    """Nothing is made up for an id that stands for nothing."""
    assert text == STATE.fill(text)


@given(TEXT)
def test_filling_text_without_cites_changes_nothing(text: str) -> None:
    """Only cites are replaced."""
    assert text.replace("{", "") == STATE.fill(text.replace("{", ""))


def test_what_is_filled_in_is_not_filled_again() -> None:
    """A value that looks like a cite is a value."""
    state = StateLayer((StateEntry("s01", "a", (), "{s02}"), StateEntry("s02", "b", (), "B")))

    assert "{s02} and B" == state.fill("{s01} and {s02}")


@given(st.lists(st.lists(TEXT, max_size=3).map(tuple), max_size=4))
def test_an_entry_is_one_line_whatever_it_says(fields: list[tuple[str, ...]]) -> None:
    """No name of a test or a file can forge a line of the state, or a field of its own."""
    entries = tuple(
        StateEntry(f"s{number:02d}", "f", said, "shown") for number, said in enumerate(fields)
    )
    lines = StateLayer(entries).render().split("\n")

    assert ["STATE", *(entry.cite for entry in entries)] == [line.split(" ")[0] for line in lines]
    assert [len(said) for said in fields] == [line.count("|") for line in lines[1:]]
    assert all(len(line.splitlines()) == 1 for line in lines)


# What speaks against, counted.


def test_a_number_that_a_rule_compares_is_counted_by_the_core_and_not_by_a_model() -> None:
    """Where it is said how many concerns mean hold, the last line counts and compares."""
    standings = [
        (Standing.BREACH, True),
        (Standing.CONCERN, False),
        (Standing.CONCERN, False),
        (Standing.UNKNOWN, True),
        (Standing.UNKNOWN, False),
        (Standing.SUPPORT, True),
        (None, False),
    ]
    entries = tuple(
        StateEntry(f"s{number:02d}", "f", (), "shown", standing, binding)
        for number, (standing, binding) in enumerate(standings)
    )

    def last(hold_at: int | None) -> str:
        return StateLayer(entries, hold_at).render().split("\n")[-1]

    said = "counted | breach 1 | hard unknown 1 | concern 2 margin {} | unknown 2"
    assert ["+1", "+0", "-1"] == [
        m for n, m in ((4, "+1"), (3, "+0"), (2, "-1")) if last(n) == said.format(m)
    ]
    assert "s06" == last(None)


# What a trace keeps of it.


def traced(prompt: PromptStack) -> DecisionTrace:
    call = model_call(
        layers={name: text_ref(text) for name, text in prompt.layers()},
        prompt_hash=hash_text(prompt.render()),
    )
    return DecisionTrace(id=TraceId("t"), run=RunId("r"), cycle=1, agent=AgentId("a"), call=call)


def test_a_trace_alone_rebuilds_the_exact_prompt() -> None:
    """The layers it keeps render to the prompt whose hash it keeps."""
    trace = traced(stack())
    layers = {name: ref.inline or "" for name, ref in trace.call.layers.items()}

    assert prompt_matches(trace, render_layers(layers))
    assert not prompt_matches(trace, render_layers({**layers, "policy": "other rules"}))


@pytest.mark.parametrize(
    ("text", "shared", "inline"),
    [
        ("short", False, True),
        ("x" * (INLINE_LIMIT - 1), False, True),
        ("x" * INLINE_LIMIT, False, False),
        ("é" * (INLINE_LIMIT // 2), False, False),
        ("short", True, False),
    ],
)
def test_short_texts_stand_in_the_record_and_long_or_shared_ones_apart(
    text: str, shared: bool, inline: bool
) -> None:
    """Either way the record has size in bytes and hash."""
    ref = text_ref(text, shared=shared)

    assert (hash_text(text), len(text.encode()), text if inline else None) == (
        ref.sha256,
        ref.size,
        ref.inline,
    )


@pytest.mark.parametrize(
    ("change", "replayable"),
    [({}, True), ({"temperature": 1}, False), ({"seed_policy": "random"}, False)],
)
def test_only_a_call_that_left_nothing_to_chance_can_be_replayed(
    change: dict[str, object], replayable: bool
) -> None:
    """Temperature and the source of the seed decide; both are in the envelope."""
    envelope = ENVELOPE.__class__(
        **{**{f: getattr(ENVELOPE, f) for f in ENVELOPE.__struct_fields__}, **change}
    )
    trace = DecisionTrace(
        id=TraceId("t"),
        run=RunId("r"),
        cycle=1,
        agent=AgentId("a"),
        call=model_call(envelope=envelope),
    )

    assert replayable is trace.replayable
    assert (envelope.digest() == ENVELOPE.digest()) is (not change)


ELSEWHERE = RemoteRef(
    system="https://models.example.org/v1",
    model="large",
    reference="",
    request_hash=hash_text("request"),
    response_hash=hash_text("response"),
)
CHANCE = msgspec.structs.replace(ENVELOPE, temperature=700)
SEEDLESS = msgspec.structs.replace(ENVELOPE, seed_policy="requested")


@pytest.mark.parametrize(
    ("about", "grade"),
    [
        ({}, ReplayGrade.RECORDED_ONLY),
        ({"grade": ReplayGrade.BYTE_EXACT}, ReplayGrade.BYTE_EXACT),
        ({"grade": ReplayGrade.ENVELOPE_EXACT}, ReplayGrade.ENVELOPE_EXACT),
        ({"grade": ReplayGrade.RECORDED_ONLY}, ReplayGrade.RECORDED_ONLY),
        ({"grade": ReplayGrade.BYTE_EXACT, "remote": ELSEWHERE}, ReplayGrade.AUDIT_ONLY),
        ({"grade": ReplayGrade.BYTE_EXACT, "envelope": CHANCE}, ReplayGrade.RECORDED_ONLY),
        ({"grade": ReplayGrade.BYTE_EXACT, "envelope": SEEDLESS}, ReplayGrade.RECORDED_ONLY),
    ],
)
def test_a_grade_is_never_better_than_what_was_measured(
    about: dict[str, object], grade: ReplayGrade
) -> None:
    """Elsewhere, by chance, without a seed of ours, or never measured: each takes it down."""
    trace = DecisionTrace(
        id=TraceId("t"), run=RunId("r"), cycle=1, agent=AgentId("a"), call=model_call(**about)
    )

    assert grade is trace.grade
