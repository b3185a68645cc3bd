"""The filter language for model calls: what it finds is what a plain look at every call finds."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from converge_core.ledger import Entry
from converge_core.trace import DecisionTrace
from converge_desktop.adapters.texts import TextReader
from converge_desktop.runtime.filter_reading import FilterProblem
from converge_desktop.runtime.trace_fields import FIELDS, moment
from converge_desktop.runtime.trace_filter import compile_trace_filter, complete_trace_filter
from converge_desktop.runtime.trace_index import Indexed
from converge_desktop.runtime.trace_model import ORDERS, TraceProblem
from converge_desktop.runtime.trace_sets import KEPT, TraceSets
from tests.runtime.trace_kit import HOUR, NOON, SPECS, Spec, index_of, opened, written

NOW = NOON + 30 * HOUR
DAY = 24 * HOUR
Call = tuple[Entry, DecisionTrace, str]
Holds = Callable[[Call], bool]


class Desk:
    """Model calls, indexed, and the same looked at one by one."""

    def __init__(self, place: Path, specs: list[Spec]) -> None:
        entries = written(place, specs)
        read = TextReader(place / "texts").text
        self.history = opened(place)
        self.view: Indexed = index_of(place, self.history).view
        self.sets = TraceSets(self.history.entry)
        self.calls: list[Call] = [
            (entry, entry.event.trace, read(entry.event.trace.call.output))
            for entry in entries
            if entry.head.kind == "trace_recorded"
        ]

    def found(self, text: str, order: str = "time", *, descending: bool = False) -> list[int]:
        found = self.sets.find(
            self.view, text, order, descending=descending, now=NOW, last=0, notes={}
        )
        seqs = self.sets.seqs(found.token)
        assert found.total == len(seqs)
        return seqs

    def scanned(self, holds: Holds) -> list[int]:
        return [one[0].head.seq for one in self.calls if holds(one)]


def said(one: Call) -> list[str]:
    _, trace, output = one
    reasons = [check.reason for check in trace.call.checks if not check.passed]
    return [trace.call.headline, output, "\n".join(reasons)]


def causes(trace: DecisionTrace) -> tuple[str, ...]:
    """Returns the checks that failed, each once."""
    return tuple(dict.fromkeys(check.name for check in trace.call.checks if not check.passed))


def shows(words: str) -> Holds:
    """Whether words stand in what is shown of a call."""

    def holds(one: Call) -> bool:
        trace = one[1]
        call = trace.call
        named = (call.step, trace.agent, call.envelope.model, trace.run, "", call.version)
        return any(words.casefold() in text.casefold() for text in (*named, *said(one)))

    return holds


def failed(words: str) -> Holds:
    def holds(one: Call) -> bool:
        checks = [check for check in one[1].call.checks if not check.passed]
        return any(words in check.name or words in check.reason.casefold() for check in checks)

    return holds


TERMS: list[tuple[str, Holds]] = [
    ("step:evaluation", lambda one: one[1].call.step == "evaluation"),
    ("STEP=Evaluation", lambda one: one[1].call.step == "evaluation"),
    ("step:*ing", lambda one: one[1].call.step.endswith("ing")),
    ("valid:no", lambda one: one[1].call.outcome != "valid"),
    ("valid:yes", lambda one: one[1].call.outcome == "valid"),
    ("outcome:uncertain", lambda one: one[1].call.outcome == "uncertain"),
    ("model:nano", lambda one: "nano" in one[1].call.envelope.model),
    ('model:"big one"', lambda one: one[1].call.envelope.model == "Big One"),
    ("agent:sort", lambda one: one[1].agent == "Sorter"),
    ("run:2", lambda one: one[1].run == "run-0002"),
    ("run:run-0003", lambda one: one[1].run == "run-0003"),
    ('run:"run 0001"', lambda one: one[1].run == "run-0001"),
    ('pack:"pack 1"', lambda one: one[1].run == "run-0001"),
    ("grade:byte-exact", lambda one: one[1].grade == "byte-exact"),
    ("tokens>500", lambda one: one[1].call.prompt_tokens + one[1].call.completion_tokens > 500),
    ("prompt<=300", lambda one: one[1].call.prompt_tokens <= 300),
    ("out>=45", lambda one: one[1].call.completion_tokens >= 45),
    ("duration>2s", lambda one: one[1].call.duration_us > 2_000_000),
    ("duration<500ms", lambda one: one[1].call.duration_us < 500_000),
    ("first>1s", lambda one: one[1].call.prefill_us > 1_000_000),
    ("after:20h", lambda one: one[0].head.at >= NOW - 20 * HOUR),
    ("before:20h", lambda one: one[0].head.at < NOW - 20 * HOUR),
    ("age>1d", lambda one: one[0].head.at < NOW - DAY),
    ("age<=25h", lambda one: one[0].head.at >= NOW - 25 * HOUR),
    ('cause:"no source"', failed("no source")),
    ("cause:cites", failed("cites")),
    ("cause:none", lambda one: all(check.passed for check in one[1].call.checks)),
    ('"no source"', shows("no source")),
    ("hold", shows("hold")),
    ("STRASSE", shows("strasse")),
    ("åre", shows("åre")),
    ("sorter", shows("sorter")),
    ('"on and on"', shows("on and on")),
    ("it*on*and", lambda one: "it goes on" in one[2].casefold()),
    ('output:"verdict"', lambda one: "verdict" in one[2]),
    ("headline:ship", lambda one: "SHIP" in one[1].call.headline),
    ("", lambda _: True),
]


def both(two: tuple[tuple[str, Holds], tuple[str, Holds]]) -> tuple[str, Holds]:
    (one, left), (other, right) = two
    return (f"({one}) ({other})" if one and other else one or other), lambda c: left(c) and right(c)


def either(two: tuple[tuple[str, Holds], tuple[str, Holds]]) -> tuple[str, Holds]:
    (one, left), (other, right) = two
    if not (one and other):
        return "", lambda _: True
    return f"({one} or {other})", lambda c: left(c) or right(c)


def neither(part: tuple[str, Holds]) -> tuple[str, Holds]:
    text, holds = part
    return (f"-({text})", lambda c: not holds(c)) if text else part


JOINED = st.recursive(
    st.sampled_from(TERMS),
    lambda parts: st.one_of(
        st.tuples(parts, parts).map(both), st.tuples(parts, parts).map(either), parts.map(neither)
    ),
    max_leaves=5,
)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """A desk with sixty calls, no two of them alike."""
    place = tmp_path_factory.mktemp("desk")
    chosen: list[Spec] = []

    @settings(max_examples=60, database=None, derandomize=True)
    @given(SPECS)
    def gather(spec: Spec) -> None:
        chosen.append(spec)

    gather()
    return Desk(place, chosen)


@pytest.mark.parametrize(("text", "holds"), TERMS, ids=[text or "nothing" for text, _ in TERMS])
def test_a_term_finds_what_a_plain_look_finds(desk: Desk, text: str, holds: Holds) -> None:
    """Each of them; and each but the empty one lets something through and something not."""
    expected = desk.scanned(holds)

    assert expected == desk.found(text)
    assert not text or 0 < len(expected) < len(desk.calls)


@given(joined=JOINED)
def test_terms_join_as_they_are_read(desk: Desk, joined: tuple[str, Holds]) -> None:
    """Side by side, with or, and turned round: the same as looking at every call."""
    text, holds = joined

    assert desk.scanned(holds) == desk.found(text)


KEYS: dict[str, Callable[[Call], Any]] = {
    "time": lambda one: one[0].head.at,
    "run": lambda one: one[1].run,
    "step": lambda one: one[1].call.step,
    "outcome": lambda one: one[1].call.outcome.value,
    "cause": lambda one: "\n".join(causes(one[1])),
    "agent": lambda one: one[1].agent.casefold(),
    "model": lambda one: one[1].call.envelope.model.casefold(),
    "version": lambda one: one[1].call.version,
    "contract": lambda one: one[1].call.contract,
    "grade": lambda one: one[1].grade.value,
    "tokens": lambda one: one[1].call.prompt_tokens + one[1].call.completion_tokens,
    "prompt": lambda one: one[1].call.prompt_tokens,
    "reused": lambda one: one[1].call.reused_tokens,
    "out": lambda one: one[1].call.completion_tokens,
    "first": lambda one: one[1].call.prefill_us,
    "duration": lambda one: one[1].call.duration_us,
    "headline": lambda one: one[1].call.headline.casefold(),
}


@pytest.mark.parametrize("order", [one for one in ORDERS if one != "run"])
def test_a_set_is_in_the_order_asked_for(desk: Desk, order: str) -> None:
    """What is alike lies as it was recorded; descending is the same, turned round."""
    key = KEYS[order]
    expected = [one[0].head.seq for one in sorted(desk.calls, key=key)]

    assert expected == desk.found("", order)
    assert expected[::-1] == desk.found("", order, descending=True)


def test_runs_are_in_the_order_in_which_they_began(desk: Desk) -> None:
    """Which is that of their numbers, but not of their letters: run 10 comes after run 9."""
    begun = list(dict.fromkeys(one[1].run for one in desk.calls))
    expected = sorted(desk.calls, key=lambda one: begun.index(one[1].run))

    assert [one[0].head.seq for one in expected] == desk.found("", "run")


@given(data=st.data())
def test_a_page_is_a_piece_of_its_set(desk: Desk, data: st.DataObject) -> None:
    """Each call with what the ledger says of it; behind the end there is nothing."""
    order = data.draw(st.sampled_from(ORDERS))
    first, count = data.draw(st.integers(0, 70)), data.draw(st.integers(0, 70))
    found = desk.sets.find(desk.view, "", order, descending=False, now=NOW, last=0, notes={9: "n"})
    page = desk.sets.page(found.token, first, count, {9: "n"})
    by_seq = {one[0].head.seq: one for one in desk.calls}

    assert desk.sets.seqs(found.token)[first : first + count] == [one.seq for one in page]
    for one in page:
        entry, trace, _ = by_seq[one.seq]
        assert (trace.id, trace.call.headline, entry.head.at) == (
            *(one.row.trace_id, one.row.headline, one.row.at),
        )
        assert (trace.agent, trace.call.envelope.model) == (one.agent, one.model)
        assert causes(trace) == one.causes
        assert ("n" if one.seq == 9 else "") == one.note


@given(data=st.data())
def test_a_time_is_jumped_to(desk: Desk, data: st.DataObject) -> None:
    """To the call that was recorded closest to it, whatever the order."""
    order, descending = data.draw(st.sampled_from(ORDERS)), data.draw(st.booleans())
    time = data.draw(st.integers(NOON - DAY, NOON + 100 * HOUR))
    found = desk.sets.find(
        desk.view, "step:planning", order, descending=descending, now=NOW, last=0, notes={}
    )
    at = {one[0].head.seq: one[0].head.at for one in desk.calls}
    away = [abs(at[seq] - time) for seq in desk.sets.seqs(found.token)]

    assert away.index(min(away)) == desk.sets.at(found.token, time)


def test_a_call_is_found_in_a_set(desk: Desk) -> None:
    """By its record; -1 where it is not among them, and where nothing is."""
    found = desk.sets.find(desk.view, "run:1", "out", descending=True, now=NOW, last=0, notes={})
    seqs = desk.sets.seqs(found.token)
    none = desk.sets.find(desk.view, "xyzzy", "out", descending=True, now=NOW, last=0, notes={})

    assert list(range(len(seqs))) == [desk.sets.place(found.token, seq) for seq in seqs]
    assert -1 == desk.sets.place(found.token, 0)
    assert (-1, -1) == (desk.sets.place(none.token, 0), desk.sets.at(none.token, NOW))


def test_calls_that_somebody_chose_are_a_set(desk: Desk) -> None:
    """In their order; what no call says is left out."""
    last, first = desk.calls[-1][0].head.seq, desk.calls[0][0].head.seq
    found = desk.sets.chosen(desk.view, [last, 0, first, 10**9, -1], 5, {"like": "x"})

    assert [last, first] == desk.sets.seqs(found.token)
    assert (2, 5, {"like": "x"}) == (found.total, found.seq, desk.sets.about(found.token))


def test_a_set_of_long_ago_is_asked_for_again(desk: Desk) -> None:
    """A few are kept; which one is not is said, with what to do."""
    first = desk.sets.find(desk.view, "", "time", descending=True, now=NOW, last=0, notes={})
    for _ in range(KEPT):
        desk.found("")

    with pytest.raises(TraceProblem, match="look for it again"):
        desk.sets.page(first.token, 0, 1, {})


def test_there_is_no_order_but_those(desk: Desk) -> None:
    """Which ones there are is said."""
    with pytest.raises(TraceProblem, match="there are: time, run"):
        desk.found("", "colour")


def test_notes_are_looked_for(desk: Desk) -> None:
    """Whether there is one, and words of it."""
    first, second = (one[0].head.seq for one in desk.calls[:2])
    notes = {first: "Look at this", second: "fine"}

    def found(text: str) -> set[int]:
        mask = compile_trace_filter(text, NOW).mask(desk.view, notes)
        return {int(seq) for seq in desk.view.traces["seq"][mask]}

    assert {first, second} == found("note:yes")
    assert {first} == found('note:"look at"')
    assert len(desk.calls) - 2 == len(found("note:no"))


@pytest.mark.parametrize(
    ("text", "words", "place"),
    [
        ("valid:maybe", "valid is yes or no", 6),
        ("tokens>many", "counted in whole numbers", 7),
        ("duration>2", "written as 500ms, 2s or 1m", 9),
        ("after:someday", "yesterday, 2026-11-20", 6),
        ("after:2026-13-01", "2026-13-01", 6),
        ("on:2h", "a day or a minute", 3),
        ("age>x", "30m, 2h, 3d or 1w", 4),
        ("colour:red", "there is no field 'colour'", 0),
        ("step>planning", "compared with : = only", 4),
        ("(valid:no", "not closed", 0),
    ],
)
def test_what_cannot_be_read_is_named_with_its_place(text: str, words: str, place: int) -> None:
    """As in the inbox: one grammar, one way to say what is wrong."""
    with pytest.raises(FilterProblem, match=words) as caught:
        compile_trace_filter(text, NOW)

    assert place == caught.value.place


@pytest.mark.parametrize("name", FIELDS)
def test_every_example_can_be_read(name: str) -> None:
    """What is offered in a sentence is no trap."""
    field = FIELDS[name]
    value = field.example
    compile_trace_filter(f"{name}{field.ops[0]}{value}", NOW)


def test_values_that_there_are_are_offered(desk: Desk) -> None:
    """The most frequent first, quoted where they have to be."""
    models = complete_trace_filter("model:", 6, desk.view)
    causes = [one.text for one in complete_trace_filter("cause:", 6, desk.view)]
    fields = [one.text for one in complete_trace_filter("-st", 3, desk.view)]

    assert {"converge-nano", '"Big One"'} == {one.text for one in models}
    assert all(one.detail.endswith(("call", "calls")) for one in models)
    assert {"cites-exist", "steps-differ", "verdict-follows"} == set(causes)
    assert ["step:"] == fields


def test_a_day_is_as_long_as_it_is_here() -> None:
    """From midnight to midnight of the place where the desk stands."""
    begin, end = moment("yesterday", NOW)
    today, _ = moment("today", NOW)
    named, _ = moment(datetime.fromtimestamp(begin / 1e6, UTC).astimezone().date().isoformat(), NOW)
    local = datetime.fromtimestamp(begin / 1e6, UTC).astimezone()

    assert (0, 0, 0) == (local.hour, local.minute, local.second)
    assert end == today <= NOW
    assert begin == named
