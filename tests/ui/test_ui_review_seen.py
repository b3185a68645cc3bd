"""What counts as seen: all of it, in sight, in a window that is in front."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QApplication

from converge_desktop.ui.seen import Look, Seen, Stretches
from tests.ui import sample_review
from tests.ui.reviewing import Reader
from tests.ui.test_ui_review_text import forget

STRETCH = st.tuples(st.integers(0, 60), st.integers(0, 60))


@given(st.lists(STRETCH), STRETCH)
def test_stretches_are_the_union_of_what_was_added(
    added: list[tuple[int, int]], asked: tuple[int, int]
) -> None:
    """In whatever order: a point is held if any stretch holds it, and they stay apart."""
    held = Stretches()
    for start, end in added:
        held.add(start, end)
    points = {at for start, end in added for at in range(start, end)}
    found = held.all()
    assert points == {at for start, end in found for at in range(start, end)}
    assert all(end < start for (_, end), (start, _) in pairwise(found))
    assert held.covers(*asked) == set(range(*asked)).issubset(points)


@given(st.permutations([(0, 30), (30, 70), (65, 100)]))
def test_a_part_is_seen_once_all_of_its_height_was_in_sight(
    order: list[tuple[int, int]],
) -> None:
    """And not before the last stretch, in whatever order it is read."""
    seen = Seen()
    seen.begin("g", [("plan", "1")])
    for top, bottom in order[:-1]:
        seen.look("plan", [Look((10, 100), top, bottom)])
        assert seen.parts() == ()
        assert seen.missing(["plan"]) == ("plan",)
    seen.look("plan", [Look((10, 100), *order[-1])])
    assert seen.parts() == ("plan",)
    assert seen.missing(["plan"]) == ()


def test_what_breaks_its_lines_anew_is_read_anew_unless_it_was_seen_whole() -> None:
    """Half of the old lines and half of the new ones are not all of either."""
    seen = Seen()
    seen.begin("g", [("plan", "1")])
    seen.look("plan", [Look((10, 100), 0, 50)])
    seen.look("plan", [Look((20, 50), 25, 50)])
    assert seen.parts() == ()
    seen.look("plan", [Look((20, 50), 0, 25)])
    assert seen.parts() == ("plan",)
    seen.look("plan", [Look((10, 100))])
    assert seen.parts() == ("plan",)


def test_every_region_of_a_part_has_to_be_seen() -> None:
    """One that is folded away takes the whole part back until it is opened."""
    seen = Seen()
    seen.begin("g", [("rule", "1")])
    seen.look("rule", [Look((9, 9), 0, 9), Look((9, 9))])
    assert seen.parts() == ()
    seen.look("rule", [Look((9, 9)), Look((9, 9), 0, 9)])
    assert seen.parts() == ("rule",)
    seen.look("rule", [Look((9, 9)), Look((9, 9), shut=True)])
    assert seen.parts() == ()
    seen.look("rule", [Look((9, 9)), Look((9, 9))])
    assert seen.parts() == ("rule",)


def test_only_what_is_to_the_letter_the_same_stays_seen_when_it_is_opened_again() -> None:
    """Another digest, or another gate, begins anew."""
    seen = Seen()
    seen.begin("g", [("plan", "1"), ("rule", "1")])
    for part in ("plan", "rule"):
        seen.look(part, [Look((9, 9), 0, 9)])
    seen.begin("g", [("plan", "1"), ("rule", "2")])
    assert seen.parts() == ("plan",)
    seen.begin("other", [("plan", "1")])
    assert seen.parts() == ()


# In the window


@pytest.fixture
def reader(qapp: QApplication) -> Iterator[Reader]:
    made = Reader()
    yield made
    forget(made.page)


def test_a_part_that_was_not_scrolled_to_is_not_seen(reader: Reader) -> None:
    """And the one that was is; the names are those of the review's parts, in their order."""
    reader.show(sample_review.review())
    first = reader.body.seen()
    assert "what" in first
    assert "plan" in reader.body.not_seen()
    reader.read()
    assert reader.body.not_seen() == ()
    seen = reader.body.seen()
    assert seen == tuple(name for name in sample_review.NAMES if name in seen)
    assert "raw" not in seen


def test_the_middle_that_was_jumped_over_is_missing(reader: Reader) -> None:
    """End shows the end, and nothing else."""
    reader.show(sample_review.long(20_000))
    bar = reader.body.walk.bar()
    assert bar is not None
    bar.setValue(bar.maximum())
    reader.settle()
    assert "what" in reader.body.not_seen()
    bar.setValue(0)
    reader.read()
    assert "what" not in reader.body.not_seen()


def test_nothing_is_seen_while_another_window_is_in_front(reader: Reader) -> None:
    """It counts from when the window is active again."""
    reader.body.window_active(active=False)
    reader.show(sample_review.review())
    reader.read()
    assert reader.body.seen() == ()
    bar = reader.body.walk.bar()
    assert bar is not None
    bar.setValue(0)
    reader.body.window_active(active=True)
    reader.settle()
    assert "what" in reader.body.seen()


def test_a_folded_part_counts_as_not_seen_and_says_so(reader: Reader) -> None:
    """Until the person opens it; others stay as they are."""
    reader.show(sample_review.review())
    reader.read()
    told: list[int] = []
    reader.body.seen_changed.connect(lambda: told.append(1))
    section = reader.body.main.why
    section.turn()
    reader.settle()
    assert reader.body.not_seen() == ("reasoning", "evaluation", "plan")
    assert told
    assert "Nothing of it counts as seen" in reader.said(section)
    reader.body.show_unseen()
    reader.settle()
    assert not section.is_folded()
    assert reader.body.not_seen() == ()


def test_parts_without_content_are_not_required(reader: Reader) -> None:
    """A rule's proposal has no reasoning that could be read."""
    reader.show(sample_review.bare())
    reader.read()
    assert reader.body.not_seen() == ()
    assert set(reader.body.seen()) == {"what", "checks", "rule"}


def test_raw_counts_only_once_every_step_and_layer_was_opened(reader: Reader) -> None:
    """It need not be seen, and is not said to have been seen before."""
    review = sample_review.review()
    reader.show(replace(review, raw=review.raw[:1]))
    reader.read()
    assert "raw" not in reader.body.not_seen()
    [outer] = reader.body.raw._outer
    outer.head.click()
    reader.settle()
    for inner in reader.body.raw._steps[0].inner:
        if not inner.is_open():
            inner.head.click()
    reader.settle()
    assert not reader.body.raw.is_shut()
    reader.read()
    assert "raw" in reader.body.seen()


def test_what_changed_has_to_be_read_again_and_the_rest_has_not(reader: Reader) -> None:
    """The parts are told apart by their digests."""
    review = sample_review.review()
    reader.show(review)
    reader.read()
    bar = reader.body.walk.bar()
    assert bar is not None
    bar.setValue(bar.maximum())
    changed = tuple(
        (name, f"{digest}-other" if name == "plan" else digest) for name, digest in review.parts
    )
    reader.show(replace(review, parts=changed))
    assert "reasoning" not in reader.body.not_seen()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    bar.setValue(bar.maximum())
    reader.settle()
    assert set(reader.body.not_seen()) <= {"plan"}


def test_nothing_is_seen_before_it_was_drawn_where_it_belongs(reader: Reader) -> None:
    """What has just been made lies in a heap in the corner, in sight of nobody."""
    reader.show(sample_review.bare())
    reader.body.show_review(sample_review.review("g-2"))
    reader.body.watch.look()
    assert reader.body.seen() == ()
    reader.settle()
    assert "what" in reader.body.seen()
    assert "plan" in reader.body.not_seen()


def test_where_something_was_passed_over_a_page_more_leads_back_to_it(reader: Reader) -> None:
    """Whoever only ever presses Space has seen all of it in the end."""
    reader.show(sample_review.review())
    bar = reader.body.walk.bar()
    assert bar is not None
    bar.setValue(bar.maximum())
    reader.settle()
    passed_over = len(reader.body.not_seen())
    assert passed_over > 0
    reader.body.walk.page(1)
    assert bar.value() < bar.maximum()
    for _ in range(60):
        reader.settle()
        reader.body.walk.page(1)
    assert reader.body.not_seen() == ()
