"""Kills whole desks, with their threads, their view and the shipped model, at random moments.

python -m tests.survival.desks DATA FOLDER

That is the desk that is killed: it begins a run over FOLDER unless DATA knows one, approves what is
asked, and says what was acknowledged. A desk that is started again over the same DATA goes on.
"""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from converge_desktop import paths
from converge_desktop.runtime.desk import Desk, DeskOptions
from converge_desktop.runtime.verifying import verify_ledger
from tests.runtime.packs import at_once
from tests.survival.story import told_by

PATIENCE = 120.0
"""Seconds after which a desk is given up; none takes that long."""
LOOK_S = 0.01
MOMENTS = (("begun", 0.3), ("decided", 0.05), ("", 0.8))
"""What a desk has said before it is killed, and at most how many seconds before."""


@dataclass(frozen=True)
class Lived:
    """What one desk said before it ended.

    Attributes:
        said: its words, such as ``decided GATE`` once a decision was acknowledged.
        killed: whether it was killed.
        seconds: how long it lived.
    """

    said: list[str]
    killed: bool
    seconds: float


def lived(data_dir: Path, folder: Path, after: str = "", delay: float | None = None) -> Lived:
    """Has a desk do its work, and kills it a little after it said something.

    Args:
        data_dir: the data directory.
        folder: what its run is about.
        after: how what it said begins; empty to kill it while it starts.
        delay: after how many seconds; None to let it live.
    """
    begun, said = time.monotonic(), []
    command = [sys.executable, "-m", "tests.survival.desks", str(data_dir), str(folder)]
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root) as desk:
        assert desk.stdout is not None
        while after and (line := desk.stdout.readline()):
            said.append(line)
            if line.startswith(after):
                break
        try:
            desk.wait(PATIENCE if delay is None else delay)
        except subprocess.TimeoutExpired:
            desk.send_signal(signal.SIGKILL)
        said += desk.stdout.readlines()
    killed = desk.returncode == -signal.SIGKILL
    assert killed or desk.returncode == 0, f"the desk ended with {desk.returncode}: {said}"
    return Lived([line.strip() for line in said], killed, time.monotonic() - begun)


def kill_desks(scratch: Path, folder: Path, count: int, seed: int = 6) -> tuple[int, list[str]]:
    """Kills ``count`` desks; returns how many were killed at work, and what is wrong."""
    chance = random.Random(seed)
    whole = lived(scratch / "unbroken", folder)
    unbroken = told_by(scratch / "unbroken")
    killed, wrong = 0, []
    for number in range(count):
        data_dir = scratch / f"desk {number}"
        # The same person at each desk: who approved is part of what a context says.
        shutil.copytree(scratch / "unbroken" / "keys", data_dir / "keys")
        after, longest = MOMENTS[number % len(MOMENTS)]
        first = lived(data_dir, folder, after, chance.uniform(0, longest))
        second = lived(data_dir, folder)
        killed += first.killed
        told = told_by(data_dir)
        decided = [words for words in first.said + second.said if words.startswith("decided")]
        found = ["lost or doubled a decision"] * (len(told.decided) != 1)
        found += ["decided a gate twice"] * (len(decided) > 1)
        found += [f"doubled {one}" for one in told.doubled]
        found += [f"came to {told.roots}"] * (told.roots != unbroken.roots)
        found += ["does not verify"] * (verify_ledger(data_dir / "ledger").bad_seq >= 0)
        found += [f"said {second.said[-1]}"] * (second.said[-1] != whole.said[-1])
        wrong += [f"desk {number}, killed after {first.seconds:.2f} s: {one}" for one in found]
    return killed, wrong


def work(desk: Desk, folder: Path) -> None:
    """Does what a desk does until its run has stopped and its view shows what it came to."""
    desk.ready.result(PATIENCE)
    runs = desk.runs().result(PATIENCE)
    run = runs[0].run_id if runs else desk.start_run("release-readiness", folder).result(PATIENCE)
    print("begun", run, flush=True)
    while (phase := desk.run_view(run).result(PATIENCE).row.phase) != "stopped":
        for row in desk.inbox().result(PATIENCE) if phase == "waiting" else ():
            shown = desk.review(row.gate_id).result(PATIENCE).digest
            desk.decide(row.gate_id, "approve", "", shown).result(PATIENCE)
            print("decided", row.gate_id, flush=True)
        time.sleep(LOOK_S)
    facts = desk.facts("", "").result(PATIENCE).rows
    print("facts in the view:", len(facts), flush=True)


def main() -> None:
    """Is the desk that is killed."""
    data_dir, folder = map(Path, sys.argv[1:])
    desk = Desk(DeskOptions(data_dir, at_once(), paths.samples(), "anna", paths.default_model()))
    try:
        work(desk, folder)
    finally:
        desk.close()


if __name__ == "__main__":
    main()
