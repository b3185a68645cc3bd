"""Folders that are no ordinary folders, looked into before a run starts on them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from converge_core.errors import ConvergeError, IllegalCommand
from tests.runtime.conftest import OpenDesk
from tests.runtime.test_main_path import ask

PACK = "release-readiness"


def test_a_folder_that_vanishes_between_check_and_start_starts_nothing(
    open_desk: OpenDesk, failing: Path
) -> None:
    """The check promised nothing; the sentence names the folder."""
    desk, _ = open_desk()
    desk.check_input(PACK, failing).result(60)
    failing.rename(failing.with_name("gone"))
    with pytest.raises(ConvergeError, match="there is no such folder"):
        desk.start_run(PACK, failing).result(60)
    assert desk.runs().result(10) == ()


@pytest.mark.parametrize("name", ["a\0b", "x" * 300, "~nobody-of-this-name", "file:///etc"])
def test_what_is_no_folder_is_a_sentence(open_desk: OpenDesk, tmp_path: Path, name: str) -> None:
    """Whatever it is called."""
    desk, _ = open_desk()
    folder = Path(name) if name[0] in "~f" else tmp_path / name
    with pytest.raises(ConvergeError) as refused:
        desk.check_input(PACK, folder).result(60)
    assert str(refused.value).endswith((".", "xml"))


def test_a_folder_of_pipes_links_and_rings_is_read_without_waiting(
    open_desk: OpenDesk, failing: Path
) -> None:
    """A pipe that nobody writes to is not opened, and a link that leads to itself not followed."""
    desk, _ = open_desk()
    os.mkfifo(failing / "results.xml")
    (failing / "ring").symlink_to(failing, target_is_directory=True)
    (failing / "self.xml").symlink_to("self.xml")
    (failing / "zero.xml").symlink_to("/dev/zero")
    view = desk.check_input(PACK, failing).result(60)
    assert view.read > 0


def test_a_thousand_links_do_not_bury_what_a_person_has_to_know(
    open_desk: OpenDesk, failing: Path
) -> None:
    """Few of them are told, and how many more there are; every other note stays."""
    desk, _ = open_desk()
    before = desk.check_input(PACK, failing).result(60).notes
    for number in range(1_000):
        (failing / f"link-{number:04}.xml").symlink_to("/nowhere")
    notes = desk.check_input(PACK, failing).result(60).notes
    assert len(notes) <= len(before) + 25
    assert set(before) <= set(notes)
    assert any("976 more notes were left out" in note for note in notes)


def test_a_folder_that_may_not_be_read_is_a_sentence(open_desk: OpenDesk, failing: Path) -> None:
    """With what to do; whoever may read everything is not held up by this."""
    desk, _ = open_desk()
    failing.chmod(0)
    try:
        if os.access(failing, os.R_OK):
            pytest.skip("this user may read everything")
        with pytest.raises(ConvergeError, match="may read"):
            desk.check_input(PACK, failing).result(60)
    finally:
        failing.chmod(0o755)


@pytest.mark.parametrize("reason", ["\ud800", "x" * 20_001])
def test_a_reason_that_cannot_be_kept_pauses_nothing(
    open_desk: OpenDesk, failing: Path, reason: str
) -> None:
    """And says so; the run goes on as it was, and can be paused with another."""
    desk, watch = open_desk()
    run, _ = ask(desk, watch, failing)
    with pytest.raises(IllegalCommand):
        desk.pause(run, reason).result(10)
    assert desk.run_view(run).result(10).row.phase == "waiting"
    desk.pause(run, "lunch").result(10)
