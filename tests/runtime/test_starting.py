"""Starting a run with an intent and budgets of one's own, within what the pack says."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from converge_core.errors import IllegalCommand
from converge_desktop import paths
from converge_desktop.adapters.packs.pack import Pack, PackProblem, load_pack
from converge_desktop.runtime.pack_engine import budgets_of, intent_of
from converge_desktop.runtime.starting import (
    LONGEST_INTENT,
    budgets_for,
    request_of,
    start_offer,
)
from tests.runtime.conftest import OpenDesk
from tests.runtime.table_pack import write_pack

PACK = "release-readiness"
USUAL = {"cycles": 20, "facts": 500, "tokens": 50_000, "seconds": 300}


def pack_with(tmp_path: Path, *lines: str, **replaced: str) -> Pack:
    """Returns the shipped pack with more lines at its end, and lines that begin otherwise."""
    folder = Path(shutil.copytree(paths.packs() / PACK, tmp_path / PACK))
    text = (folder / "pack.toml").read_text("utf-8")
    for name, value in replaced.items():
        before = next(line for line in text.splitlines() if line.startswith(f"{name} = "))
        text = text.replace(before, f"{name} = {value}")
    (folder / "pack.toml").write_text("\n".join([text, *lines, ""]), "utf-8")
    return load_pack(folder)


@pytest.fixture
def shipped() -> Pack:
    return load_pack(paths.packs() / PACK)


# What is offered.


def test_what_a_run_begins_with_is_offered(open_desk: OpenDesk) -> None:
    """The pack's question, what the folder has to hold, a sample, and each budget with bounds."""
    desk, _ = open_desk()

    offer = desk.start_offer(PACK).result(10)

    assert (PACK, "Release readiness") == (offer.pack_id, offer.title)
    assert "is {subject} fit to be released" == offer.question
    assert Path(offer.sample).is_dir()
    assert "test report" in offer.input
    assert USUAL == {budget.name: budget.default for budget in offer.budgets}
    assert USUAL == {budget.name: budget.most for budget in offer.budgets}
    assert {1} == {budget.least for budget in offer.budgets}
    with pytest.raises(IllegalCommand, match=f"there are: {PACK}"):
        desk.start_offer("no-such-pack").result(10)


def test_a_pack_says_how_much_its_runs_may_be_given(tmp_path: Path) -> None:
    """More than the usual where it allows more; less, which then is the usual."""
    pack = pack_with(tmp_path, "[budgets]", "cycles = 50", "tokens = 9_000")

    offers = {one.name: (one.default, one.most) for one in start_offer(pack, "").budgets}

    assert {
        "cycles": (20, 50),
        "facts": (500, 500),
        "tokens": (9_000, 9_000),
        "seconds": (300, 300),
    } == offers
    assert 50 == budgets_for(pack, {"cycles": 50}).cycles
    assert 9_000 == budgets_of(pack).tokens


@pytest.mark.parametrize("line", ["cycles = 0", "facts = -1", "days = 3", 'tokens = "many"'])
def test_a_pack_that_says_it_wrongly_cannot_be_run(tmp_path: Path, line: str) -> None:
    """File and key are named."""
    with pytest.raises(PackProblem, match=rf"pack.toml.*{line.split(maxsplit=1)[0]}"):
        pack_with(tmp_path, "[budgets]", line)


# What is taken.


def test_a_budget_is_given_within_its_bounds(shipped: Pack) -> None:
    """In the units that it was offered in; what is not named is as offered."""
    given = budgets_for(shipped, {"seconds": 7, "facts": 30})

    assert (20, 30, 50_000, 7_000_000) == (
        given.cycles,
        given.facts,
        given.tokens,
        given.time_us,
    )
    assert budgets_of(shipped) == budgets_for(shipped, {})


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ({"money": 3}, "there is no budget of 'money'; there are: cycles, facts, tokens, seconds"),
        ({"cycles": 0}, "between 1 and 20 cycles, not 0"),
        ({"cycles": 21}, "between 1 and 20 cycles, not 21"),
        ({"tokens": 10**9}, r"between 1 and 50,000 tokens.*\[budgets\]"),
        ({"facts": True}, "between 1 and 500 facts, not True"),
        ({"facts": 1.5}, "between 1 and 500 facts, not 1.5"),
    ],
)
def test_another_budget_is_refused_with_its_bounds(
    shipped: Pack, wanted: dict[str, int], words: str
) -> None:
    """A sentence says which, how much it may be, and who could allow more."""
    with pytest.raises(IllegalCommand, match=words):
        budgets_for(shipped, wanted)


def test_what_a_person_wants_is_taken_as_they_say_it() -> None:
    """Without blanks around it; too much, and what cannot be written down, is refused."""
    assert "Fit for\nthe fair?" == request_of("  Fit for\nthe fair? \n")
    assert "x" * LONGEST_INTENT == request_of("x" * LONGEST_INTENT)
    with pytest.raises(IllegalCommand, match="has 501 characters; at most 500"):
        request_of("x" * (LONGEST_INTENT + 1))
    with pytest.raises(IllegalCommand, match="cannot be written down"):
        request_of("\ud800")


def test_agents_are_told_what_a_person_wants_where_the_pack_says_so(
    shipped: Pack, tmp_path: Path
) -> None:
    """On one line of the question, whatever it holds; else they are asked what the pack asks."""
    pack = pack_with(tmp_path, question='"is {subject} fit to be released; asked for: {request}"')
    wanted = "the fair\n[state] | {subject}"

    assert (
        "is 1.0 fit to be released; asked for: the fair [state] | {subject}"
        == intent_of(pack, "1.0", wanted).question
    )
    assert "is 1.0 fit to be released" == intent_of(shipped, "1.0", wanted).question
    assert wanted == intent_of(shipped, "1.0", wanted).request
    assert "told it as well" in start_offer(pack, "").intent_help
    assert "what the pack asks" in start_offer(shipped, "").intent_help


def test_a_pack_of_tables_says_which_it_reads(tmp_path: Path) -> None:
    """So that a person knows what the folder has to hold."""
    pack = load_pack(write_pack(tmp_path))

    assert ".csv" in start_offer(pack, "").input


# What comes of it.


def test_a_run_goes_by_what_its_person_wants(open_desk: OpenDesk, failing: Path) -> None:
    """It is called by their words, keeps them, and ends where the budget is spent."""
    desk, watch = open_desk()
    words = "Can we show it at the fair?\nOnly if nothing fails."

    run = desk.start_run(PACK, failing, words, {"cycles": 1}).result(60)

    view = watch.phase(run, "stopped")
    assert "CycleBudgetExhausted" == view.stop_kind
    assert ("Can we show it at the fair? …", words) == (view.row.title, view.intent)
    assert ("cycles", "1 of 1") in [(budget.name, budget.words) for budget in view.budgets]
    desk.close()

    desk, _ = open_desk()
    assert (view.row.title, words) == (
        desk.runs().result(10)[0].title,
        desk.run_view(run).result(10).intent,
    )


def test_what_cannot_be_given_starts_no_run(open_desk: OpenDesk, failing: Path) -> None:
    """The sentence comes before anything is read or written."""
    desk, _ = open_desk()
    records = desk.verify().result(10).records

    for intent, budgets, words in (
        ("x" * 501, None, "shorten it"),
        ("", {"cycles": 99}, "between 1 and 20 cycles"),
    ):
        with pytest.raises(IllegalCommand, match=words):
            desk.start_run(PACK, failing, intent, budgets).result(30)
    assert records == desk.verify().result(10).records
    assert () == desk.runs().result(10)


def test_a_run_without_either_is_as_ever(open_desk: OpenDesk, failing: Path) -> None:
    """It is called after its pack and its subject."""
    desk, _ = open_desk()
    run = desk.start_run(PACK, failing).result(60)

    view = desk.run_view(run).result(10)
    assert "" == view.intent
    assert view.row.title.startswith("Release readiness: failing")
