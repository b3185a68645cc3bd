"""Decides whether an approval may count: never by habit, by accident or before it was read.

No Qt here. The pane tells it what happens, the button asks it.
"""

from __future__ import annotations

from collections.abc import Callable

ARM_DELAY = 0.5


class ApproveGuard:
    """Holds approval back until the review was shown and stood still for half a second."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._loaded = False
        self._shown = False
        self._deciding = False
        self._rejecting = False
        self._active = False
        self._quiet_since = monotonic()

    def pane_changed(self) -> None:
        """Another review is coming, or none."""
        self._loaded = self._shown = self._deciding = self._rejecting = False
        self._stir()

    def loaded(self) -> None:
        """The review is there, but nobody can have seen it yet."""
        self._loaded = True
        self._shown = False
        self._stir()

    def shown(self) -> None:
        """The review was painted."""
        if self._loaded and not self._shown:
            self._shown = True
            self._stir()

    def moved(self) -> None:
        """Something about the window moved: the half second begins again."""
        self._stir()

    def window_active(self, *, active: bool) -> None:
        """The window got or lost the focus."""
        self._active = active
        self._stir()

    def deciding(self, *, busy: bool) -> None:
        """A decision is being recorded, or is no longer."""
        self._deciding = busy
        self._stir()

    def rejecting(self, *, opened: bool) -> None:
        """The box for a reason opened or closed."""
        self._rejecting = opened
        self._stir()

    def wait(self) -> float:
        """Returns the seconds that are left of the half second."""
        return max(0.0, self._quiet_since + ARM_DELAY - self._monotonic())

    def ready(self) -> bool:
        """Says whether nothing but time stands in the way."""
        return (
            self._loaded
            and self._shown
            and self._active
            and not self._deciding
            and not self._rejecting
        )

    def permits(self) -> bool:
        """Says whether an approval counts now."""
        return self.ready() and self.wait() <= 0

    def _stir(self) -> None:
        self._quiet_since = self._monotonic()
