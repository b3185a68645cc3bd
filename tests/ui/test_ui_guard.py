"""When an approval counts, by the clock."""

from __future__ import annotations

import pytest

from converge_desktop.ui.approve_guard import ARM_DELAY, ApproveGuard


class Steady:
    at = 50.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def steady() -> Steady:
    return Steady()


@pytest.fixture
def guard(steady: Steady) -> ApproveGuard:
    """A guard over a review that was loaded, shown and stood still."""
    made = ApproveGuard(steady)
    made.window_active(active=True)
    made.pane_changed()
    made.loaded()
    made.shown()
    steady.at += ARM_DELAY
    assert made.permits()
    return made


def test_nothing_counts_before_the_review_is_there_and_shown(steady: Steady) -> None:
    made = ApproveGuard(steady)
    made.window_active(active=True)
    steady.at += 10
    assert not made.permits()
    made.shown()  # painted, but what was painted is not the review
    steady.at += 10
    assert not made.permits()
    made.loaded()
    steady.at += 10
    assert not made.permits()
    made.shown()
    assert not made.permits()
    steady.at += ARM_DELAY - 0.001
    assert not made.permits()
    steady.at += 0.002
    assert made.permits()


@pytest.mark.parametrize("stir", ["moved", "pane", "focus"])
def test_half_a_second_after_anything_moved_does_not_count(
    guard: ApproveGuard, steady: Steady, stir: str
) -> None:
    if stir == "moved":
        guard.moved()
    elif stir == "focus":
        guard.window_active(active=False)
        steady.at += 10
        assert not guard.permits()
        guard.window_active(active=True)
    else:
        guard.pane_changed()
        guard.loaded()
        guard.shown()
    assert not guard.permits()
    assert guard.wait() == pytest.approx(ARM_DELAY)
    steady.at += ARM_DELAY
    assert guard.permits()


def test_nothing_counts_while_a_decision_is_on_its_way(guard: ApproveGuard, steady: Steady) -> None:
    guard.deciding(busy=True)
    steady.at += 10
    assert not guard.permits()


def test_nothing_counts_while_a_reason_is_being_written(
    guard: ApproveGuard, steady: Steady
) -> None:
    guard.answering(otherwise=True)
    steady.at += 10
    assert not guard.permits()
    guard.answering(otherwise=False)
    assert not guard.permits()
    steady.at += ARM_DELAY
    assert guard.permits()


def test_painting_again_does_not_start_the_wait_again(guard: ApproveGuard, steady: Steady) -> None:
    guard.shown()
    assert guard.permits()
