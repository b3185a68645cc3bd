"""How recall stands is told where it matters: quietly, and with its trouble where there is one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from converge_desktop.runtime.desk_model import ModelRow
from converge_desktop.runtime.port import RecallChanged, StatusChanged
from converge_desktop.ui.widgets.labels import Label
from tests.ui import sample, sample_recall
from tests.ui.conftest import Desk
from tests.ui.test_ui_pages import said

EMBEDDER = ModelRow(
    "all-minilm-l6-v2-q8_0",
    "/opt/converge/all-minilm-l6-v2-q8_0.gguf",
    loaded=True,
    grade="byte-exact",
    embeds=True,
)


def tell(opened: Desk, change: RecallChanged) -> Label:
    """Has the window told how recall stands; returns what the status bar says of it."""
    opened.desk.recalls = change
    opened.desk.tell(change)
    opened.clock.steady += 0.1
    opened.settle()
    return opened.window.status.recall


@pytest.mark.parametrize("change", [sample_recall.READY, sample_recall.OPENING, sample_recall.OFF])
def test_the_status_bar_says_nothing_of_recall_while_all_is_well(
    opened: Desk, change: RecallChanged
) -> None:
    """It has enough to tell."""
    assert tell(opened, change).isHidden()


def test_recall_that_catches_up_for_long_is_told_with_how_far_it_is(opened: Desk) -> None:
    """Not for a moment's work; and no more once it is there."""
    assert tell(opened, sample_recall.FILLING).isHidden()
    opened.clock.steady += 3
    told = tell(opened, RecallChanged("filling", 13_000))
    assert "Recall: catching up, record 13,000" == told.accessibleName()
    assert "Nothing waits for it" in told.toolTip()
    assert tell(opened, sample_recall.READY).isHidden()
    assert tell(opened, sample_recall.FILLING).isHidden()


def test_recall_that_failed_is_told_with_a_sign_and_its_trouble(opened: Desk) -> None:
    """The bar in a word, pointed at with what is wrong; the Models page in a sentence."""
    told = tell(opened, sample_recall.FAILED)
    assert "✕ Recall failed" == told.accessibleName()
    assert "it ends too soon" in told.toolTip()
    assert "Nothing is recalled meanwhile" in told.toolTip()
    opened.window.go("models")
    assert "Recall failed. /opt/converge/" in said(opened.window.pages.models)
    full = "/data/recall cannot be written: No space left on device; make room there"
    told = tell(opened, RecallChanged("failed", 13_000, full))
    assert "make room there. What is recalled meanwhile" in told.toolTip()
    assert "ends at record 13,000;" in told.toolTip()


def test_the_models_page_lists_what_embeds_as_that_and_how_exactly_it_repeats_itself(
    opened: Desk,
) -> None:
    """It answers nothing, so no replay of an answer is spoken of."""
    model = replace(sample.MODEL, models=(*sample.MODEL.models, EMBEDDER))
    opened.desk.tell(StatusChanged(replace(sample.STATUS, model=model)))
    opened.clock.steady += 1
    opened.settle()
    opened.window.go("models")
    opened.settle()
    told = said(opened.window.pages.models)
    assert "embeds texts for recall and answers nothing · repeats itself byte-exact" in told
    assert "Recall has read the ledger up to record 48,213." in told
