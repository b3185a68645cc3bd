"""Desks at which a proposal waits, under terms that a test writes, with a clock that it moves."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from converge_desktop import paths
from converge_desktop.adapters.clock import system_clock
from converge_desktop.runtime.deciding_model import Answer
from converge_desktop.runtime.deciding_port import DecidingPort
from converge_desktop.runtime.desk import Desk, DeskOptions
from converge_desktop.runtime.review_model import Review
from tests.runtime.folders import make_folder
from tests.runtime.packs import at_once
from tests.runtime.watching import Watch

PACK = "release-readiness"
HOUR = 3_600_000_000


@dataclass
class Waiting:
    """A desk, and where its packs, its data and the folders to run on lie.

    Args:
        place: a directory of its own.
        terms: what the policy's last rule says about reviews.
        source: where its packs come from; without undo windows, unless a test is about them.
    """

    place: Path
    terms: str = ""
    source: Path = field(default_factory=at_once)
    ahead: int = 0
    opened: list[Desk] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.packs = Path(shutil.copytree(self.source, self.place / "packs"))
        policy = self.packs / PACK / "policy.toml"
        if self.terms:  # the last rule is the one about holding
            told = f"{policy.read_text('utf-8')}\n[rule.review]\n{self.terms}\n"
            policy.write_text(told, "utf-8")
        self.failing = make_folder(self.place / "failing", failed=1)
        self.open()

    def open(self, operator: str = "alice") -> None:
        """Opens the desk, or opens it again."""
        self.close()
        options = DeskOptions(
            data_dir=self.place / "data",
            packs_dir=self.packs,
            samples_dir=paths.samples(),
            operator=operator,
            model=paths.default_model(),
            clock=lambda: system_clock() + self.ahead,
        )
        self.desk = Desk(options)
        self.port: DecidingPort = self.desk
        self.opened.append(self.desk)
        self.watch = Watch(self.desk)
        self.desk.ready.result(60)

    def close(self) -> None:
        for desk in self.opened:
            desk.close()

    def ask(self, folder: Path | None = None) -> Review:
        """Starts a run, and returns the review of the proposal that it asks about."""
        run = self.desk.start_run(PACK, folder or self.failing).result(60)
        self.watch.phase(run, "waiting")
        [row] = [row for row in self.desk.inbox().result(10) if row.run_id == run]
        return self.desk.review(row.gate_id).result(10)

    def context(self, run: str, *phases: str) -> dict[str, tuple[str, ...]]:
        """Returns what stands in a run, once it is in one of ``phases``."""
        view = self.watch.phase(run, *phases) if phases else self.desk.run_view(run).result(10)
        return {key: tuple(card.text for card in cards) for key, cards in view.context}


MakeWaiting = Callable[..., Waiting]


@pytest.fixture
def make_waiting(tmp_path: Path) -> Iterator[MakeWaiting]:
    """Opens desks at which something can be asked, and closes them."""
    made: list[Waiting] = []

    def make(terms: str = "", **more: Path) -> Waiting:
        made.append(Waiting(tmp_path / str(len(made)), terms, **more))
        return made[-1]

    yield make
    for one in made:
        one.close()


def answer(review: Review, verdict: str = "approve", **more: object) -> Answer:
    """Returns an answer to what a review shows."""
    return Answer(review.gate_id, verdict, review.digest, **more)  # type: ignore[arg-type]
