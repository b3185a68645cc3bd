"""What a run keeps: whatever changed since it began is told, and does not reach it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from converge_core.events import RunStarted, run_without_pack
from converge_core.intent import NO_INTENT
from converge_core.kept import Current, what_changed
from tests.core.kit import RUN

NOW = Current(pack_version=1, pack_digest="p" * 64, policy_digest="r" * 64, app_version="1.0")


def started(**more: Any) -> RunStarted:
    fields: dict[str, Any] = {
        "pack": "release",
        "pack_version": 1,
        "pack_digest": "p" * 64,
        "policy_digest": "r" * 64,
        "app_version": "1.0",
    }
    return run_without_pack(RUN, NO_INTENT, **{**fields, **more})


def test_nothing_is_said_while_nothing_changed() -> None:
    """No news is no sentence."""
    assert () == what_changed(started(), NOW)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            {"policy_digest": "q" * 64},
            (
                "The policy was changed since this run began. It is decided by the policy it began "
                "with, rrrrrrrrrrrr; a new run would follow qqqqqqqqqqqq."
            ),
        ),
        (
            {"pack_digest": "q" * 64},
            (
                "The files of the pack release were changed since this run began. The run keeps "
                "the files it began with."
            ),
        ),
        (
            {"pack_digest": "q" * 64, "pack_version": 2},
            (
                "The pack release is now version 2; this run began with version 1. The run keeps "
                "the files it began with."
            ),
        ),
        (
            {"pack_version": None, "pack_digest": "", "policy_digest": ""},
            "The pack release is no longer here. The run keeps the files it began with.",
        ),
        (
            {"app_version": "2.0"},
            (
                "This run began under version 1.0 of the program; this is version 2.0. The run "
                "keeps the intent, the policy and the pack it began with."
            ),
        ),
    ],
)
def test_each_change_is_a_sentence(change: dict[str, Any], sentence: str) -> None:
    """It says what changed, and that the run keeps what it began with."""
    assert (sentence,) == what_changed(started(), replace(NOW, **change))


def test_several_changes_are_several_sentences() -> None:
    """An update may bring all three at once: pack, policy, program."""
    now = Current(pack_version=2, pack_digest="", policy_digest="", app_version="2.0")

    assert ["The pack", "The polic", "This run"] == [
        sentence[:9].strip() for sentence in what_changed(started(), now)
    ]


def test_a_run_that_does_not_say_under_which_program_it_began_is_not_guessed_about() -> None:
    """Older ledgers do not know, and a run without a pack has none to lose."""
    unsaid = run_without_pack(RUN, NO_INTENT, policy_digest="r" * 64)

    assert () == what_changed(unsaid, replace(NOW, app_version="2.0", pack_version=None))
