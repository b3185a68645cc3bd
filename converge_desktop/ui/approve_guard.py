"""Decides whether an answer may count: never by habit, by accident or before it was read.

No Qt here. The pane tells it what happens, the buttons ask it.
"""

from __future__ import annotations

from collections.abc import Callable

ARM_DELAY = 0.5


class ApproveGuard:
    """Holds approval back until the review was seen and stood still for half a second.

    Whatever else is confirmed waits for less: that nothing moved under the person's hand.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._loaded = False
        self._shown = False
        self._seen = True
        self._may = True
        self._deciding = False
        self._elsewhere = False
        self._active = False
        self._still_since = self._quiet_since = monotonic()

    def pane_changed(self) -> None:
        """Another review is coming, or none."""
        self._loaded = self._shown = self._deciding = self._elsewhere = False
        self._seen = self._may = True
        self._move()

    def loaded(self) -> None:
        """The review is there, but nobody can have seen it yet."""
        self._loaded = True
        self._shown = False
        self._move()

    def shown(self) -> None:
        """The review was painted."""
        if self._loaded and not self._shown:
            self._shown = True
            self._move()

    def seen(self, *, all_of_it: bool) -> None:
        """All that must be seen has been seen, or not yet."""
        if all_of_it is not self._seen:
            self._seen = all_of_it
            self._stir()

    def may(self, *, yes: bool) -> None:
        """The person may approve this, or may not."""
        if yes is not self._may:
            self._may = yes
            self._stir()

    def moved(self) -> None:
        """Something about the window moved: the half second begins again."""
        self._move()

    def window_active(self, *, active: bool) -> None:
        """The window got or lost the focus."""
        self._active = active
        self._move()

    def deciding(self, *, busy: bool) -> None:
        """A decision is being recorded, or is no longer."""
        self._deciding = busy
        self._stir()

    def answering(self, *, otherwise: bool) -> None:
        """A box opened or closed; ``otherwise`` if it is one in which nothing is approved."""
        self._elsewhere = otherwise
        self._stir()

    def wait(self) -> float:
        """Returns the seconds that are left of the half second."""
        return max(0.0, self._quiet_since + ARM_DELAY - self._monotonic())

    def still(self) -> bool:
        """Says whether a confirmation counts now: the window is in front, and nothing moved."""
        return self._active and self._still_since + ARM_DELAY <= self._monotonic()

    def ready(self) -> bool:
        """Says whether nothing but time stands in the way of approving."""
        return (
            self._loaded
            and self._shown
            and self._seen
            and self._may
            and self._active
            and not self._deciding
            and not self._elsewhere
        )

    def permits(self) -> bool:
        """Says whether an approval counts now."""
        return self.ready() and self.wait() <= 0

    def _stir(self) -> None:
        self._quiet_since = self._monotonic()

    def _move(self) -> None:
        self._still_since = self._monotonic()
        self._stir()
