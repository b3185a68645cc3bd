"""Recall is opened last behind a window, and on the command line only where it is asked for."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from converge_core.errors import IllegalCommand
from converge_core.recall import RecallQuery, RecallTrigger
from converge_desktop import paths
from converge_desktop.adapters.packs.pack import load_packs
from converge_desktop.runtime.desk import Desk, DeskOptions
from converge_desktop.runtime.desk_model import ModelRow
from converge_desktop.runtime.port import RecallChanged, StatusChanged
from converge_desktop.runtime.recall_thread import FOLDER
from converge_desktop.runtime.starting import start_offer
from tests.runtime.conftest import Cli
from tests.runtime.folders import make_folder
from tests.runtime.packs import at_once, with_kernel
from tests.runtime.test_cli import printed
from tests.runtime.watching import Watch

PACK = "release-readiness"
PATIENT = "[kernel]\nrecall = true\n[kernel.recalling]\nlatency_ms = 10000\n"
"""On request, as in the shipped policy, with time enough for a machine that is busy."""
Open = Callable[..., tuple[Desk, Watch]]


@pytest.fixture
def open_recalling(tmp_path: Path) -> Iterator[Open]:
    """Opens desks with the embedder that ships, or otherwise as a test says."""
    opened: list[Desk] = []

    def open_one(*, held: bool = False, **other: Any) -> tuple[Desk, Watch]:
        usual = DeskOptions(
            data_dir=tmp_path / "data",
            packs_dir=at_once(),
            samples_dir=paths.samples(),
            operator="alice",
            model=paths.default_model(),
            embedder=paths.embedder(),
        )
        desk = Desk(replace(usual, **other), held=held)
        opened.append(desk)
        return desk, Watch(desk)

    yield open_one
    for desk in opened:
        desk.close()


def is_ready(update: object) -> bool:
    return isinstance(update, RecallChanged) and update.state == "ready"


def embeds(update: object) -> ModelRow | None:
    """Returns how an update says that the embedder stands."""
    rows = update.status.model.models if isinstance(update, StatusChanged) else ()
    return next((row for row in rows if row.embeds), None)


def test_behind_a_window_recall_is_opened_once_the_model_is_loaded(open_recalling: Open) -> None:
    """Until then it says that it is opening; nothing that a person waits for waits for it."""
    desk, watch = open_recalling(held=True)
    assert "opening" == desk.recall_state().state
    desk.begin()
    desk.ready.result(60)
    assert not any(isinstance(update, RecallChanged) for update in watch.updates)
    desk.go_on().result(60)
    watch.until(is_ready)

    updates = list(watch.updates)
    [loaded, *_] = [
        number
        for number, update in enumerate(updates)
        if isinstance(update, StatusChanged) and update.status.model.state == "ready"
    ]
    [begun, *_] = [n for n, update in enumerate(updates) if isinstance(update, RecallChanged)]
    assert loaded < begun


def test_what_embeds_is_listed_as_that_with_how_exactly_it_repeats_itself(
    open_recalling: Open,
) -> None:
    """Once it is loaded, the models are at rest again: the status bar goes on to say so."""
    _, watch = open_recalling()
    watch.until(is_ready)
    watch.until(lambda update: getattr(embeds(update), "loaded", False))

    last = [update for update in watch.updates if isinstance(update, StatusChanged)][-1]
    row = embeds(last)
    assert row is not None
    assert ("all-minilm-l6-v2-q8_0", "byte-exact") == (row.name, row.grade)
    assert ("ready", "") == (last.status.model.state, last.status.model.doing)


def test_a_desk_without_an_embedder_says_so_to_whoever_asks_and_to_whoever_starts(
    open_recalling: Open, tmp_path: Path
) -> None:
    """The answer fails with the sentence, nothing is raised at once; no run comes of it."""
    desk, _ = open_recalling(embedder=None)
    desk.ready.result(60)
    failing = make_folder(tmp_path / "failing", failed=1)
    asked = desk.alike("gate:run-0001/3/planning/0")
    with pytest.raises(IllegalCommand, match="without a model that embeds"):
        asked.result(60)
    with pytest.raises(IllegalCommand, match="without a model that embeds"):
        desk.start_run(PACK, failing, recall=True).result(60)
    assert () == desk.runs().result(10)
    assert "off" == desk.recall_state().state


def test_a_desk_for_one_command_opens_recall_where_somebody_recalls(
    open_recalling: Open, tmp_path: Path
) -> None:
    """And not before."""
    folder = tmp_path / "data" / FOLDER
    desk, watch = open_recalling(recall_at_once=False)
    desk.ready.result(60)
    desk.go_on().result(60)
    assert "off" == desk.recall_state().state
    assert not folder.exists()
    desk.recall(RecallQuery(query_text="tests that fail"))
    watch.until(is_ready)
    assert folder.exists()


def test_a_run_recalls_from_the_command_line_only_where_it_is_asked_for(
    cli: Cli, data_dir: Path, failing: Path, tmp_path: Path
) -> None:
    """Without it no embedder is loaded and no table made; with it, it is opened and waited for."""
    packs = Path(shutil.copytree(at_once(), tmp_path / "packs"))
    policy = packs / PACK / "policy.toml"
    policy.write_text(with_kernel(policy.read_text("utf-8"), PATIENT), "utf-8")
    run = ("run", PACK, "--packs", str(packs), "--input", str(failing), "--json")
    first = printed("run", cli(*run))["run_id"]
    assert not (data_dir / FOLDER).exists()

    second = printed("run", cli(*run, "--recall"))["run_id"]

    assert (data_dir / FOLDER).exists()
    recalled = {
        at["run"]: cli("trace", at["trace_id"]).stdout
        for at in printed("traces", cli("traces", "--filter", "step:reasoning", "--json"))
    }
    assert "hint, not evidence" not in recalled[first]
    assert "m01 | hint, not evidence" in recalled[second]


def test_the_shipped_pack_lets_a_person_ask_for_recall_and_recalls_nothing_by_itself() -> None:
    """For the reasoning alone; what whoever starts it is told says how much it sees."""
    pack = load_packs(paths.packs())[PACK]
    policy = pack.kernel.recall_policy()
    assert policy.enabled
    assert RecallTrigger.ALWAYS not in policy.steps.values()
    assert [RecallTrigger.ON_REQUEST, RecallTrigger.NEVER, RecallTrigger.NEVER] == [
        policy.trigger(step) for step in ("reasoning", "evaluation", "planning")
    ]
    told = "The step reasoning sees up to 5 hints of what was found and decided before."
    assert told == start_offer(pack, "").recall


@pytest.mark.parametrize(
    ("recall", "steps", "told"),
    [
        (False, {}, ""),
        (True, dict.fromkeys(("reasoning", "evaluation", "planning"), RecallTrigger.ALWAYS), ""),
        (
            True,
            {"planning": RecallTrigger.NEVER},
            "The steps reasoning and evaluation see up to 5 hints",
        ),
    ],
)
def test_what_one_may_ask_for_is_what_the_policy_has_on_request(
    recall: bool, steps: dict[str, RecallTrigger], told: str
) -> None:
    """Nothing where it allows none, or where it leaves nothing to ask for."""
    pack = load_packs(paths.packs())[PACK]
    recalling = structs.replace(pack.kernel.recall_policy(), steps=steps)
    kernel = structs.replace(pack.kernel, recall=recall, recalling=recalling)
    offered = start_offer(replace(pack, kernel=kernel), "").recall
    assert told == offered.partition(" of what")[0]
