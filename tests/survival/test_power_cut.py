"""A power cut at any moment: what was acknowledged is there, once, and the end is the same."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.survival.files import Op, watched
from tests.survival.power import Image, Log, after_a_cut, image_of, laid_out, played
from tests.survival.story import Teller, Told, told_by


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> tuple[Log, Told, Image]:
    """A story without a power cut: what it did to its files, what it came to, and what it left."""
    directory = tmp_path_factory.mktemp("story")
    log = Log()
    with watched(directory, log.watch):
        Teller(directory, lambda entries: log.say(entries[-1].hash)).tell()
    return log, told_by(directory), image_of(directory)


def test_no_operation_on_a_file_goes_past_the_recorder(story: tuple[Log, Told, Image]) -> None:
    """Played back, the record of a story gives what lies there, to the byte."""
    log, _, left = story

    assert left == played(log.ops)


def test_a_power_cut_at_any_moment_loses_nothing_that_was_acknowledged(
    story: tuple[Log, Told, Image], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After every operation, whatever of what was not synced is there: the same root in the end."""
    log, unbroken, _ = story
    monkeypatch.setattr(os, "fsync", lambda fd: None)  # what is laid out here may be lost
    done: list[tuple[list[str], Image]] = []
    failures = []
    for length in range(len(log.ops) + 1):
        heard = log.heard(length)
        for words, image in after_a_cut(log.ops[:length]):
            if (heard, image) in done:
                continue
            done.append((heard, image))
            directory = tmp_path / "cut"
            directory.mkdir()
            laid_out(image, directory)
            where = f"after {length} operations, {words} left"
            failures += [f"{where}: {one}" for one in wrong(directory, heard, unbroken)]
            shutil.rmtree(directory)

    assert [] == failures
    assert len(done) > 100


class Killed(BaseException):
    """The process ended here; what it wrote, the system has."""


def test_a_power_cut_after_a_kill_loses_nothing_that_was_shown_since(
    story: tuple[Log, Told, Image], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed before a sync, and opened again: what that desk reads as true is durable by then."""
    log, unbroken, _ = story
    monkeypatch.setattr(os, "fsync", lambda fd: None)
    failures = []
    for number, op in enumerate(log.ops):
        if op.kind not in {"sync", "sync-names"}:
            continue
        directory = tmp_path / f"killed at {number}"
        directory.mkdir()
        ops, shown = killed_and_opened(directory, number)
        for words, image in after_a_cut(ops):
            again = tmp_path / "cut"
            again.mkdir()
            laid_out(image, again)
            where = f"killed at operation {number}, {words} left"
            failures += [f"{where}: {one}" for one in wrong(again, shown, unbroken)]
            shutil.rmtree(again)

    assert [] == failures


def killed_and_opened(directory: Path, number: int) -> tuple[list[Op], list[str]]:
    """Kills the story at an operation and opens the desk again.

    Returns:
        All operations, and the hashes of the records that the second desk found.
    """
    log, alive = Log(), True

    def watch(op: Op, do: Callable[..., object]) -> object:
        nonlocal alive
        if alive and len(log.ops) == number:
            alive = False
            raise Killed
        return log.watch(op, do)

    with watched(directory, watch):
        with pytest.raises(Killed):
            Teller(directory).tell()
        Teller(directory)
    return log.ops, told_by(directory).hashes


def wrong(directory: Path, heard: list[str], unbroken: Told) -> list[str]:
    """Returns what is wrong with a directory that is taken up again; nothing, that is."""
    try:
        teller = Teller(directory)
        lost = [one for one in heard if one not in told_by(directory).hashes]
        teller.tell()
        told = told_by(directory)
    except Exception as error:  # noqa: BLE001 - told with all others
        return [f"{type(error).__name__}: {error}"]
    found = [f"lost {one[:12]}" for one in lost] + [f"doubled {one}" for one in told.doubled]
    return found + ([] if told.roots == unbroken.roots else [f"came to {told.roots}"])
