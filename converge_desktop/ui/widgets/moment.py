"""A moment in words, as long ago or as far ahead; exact where it is pointed at."""

from __future__ import annotations

from collections.abc import Callable

from converge_desktop.ui import words
from converge_desktop.ui.widgets.labels import Label


class Moment(Label):
    """Says when something was or will be; told anew, it stays right while time goes on."""

    def __init__(
        self,
        at: int,
        now: int,
        before: str = "",
        *,
        said: Callable[[int, int], str] = words.ago,
        role: str = "small",
        tone: str = "muted",
    ) -> None:
        """Shows a moment.

        Args:
            at: The moment.
            now: What time it is.
            before: What is said in front of it.
            said: How the moment is put, given it and the time.
            role: The font, as in ``fonts``.
            tone: The colour, as in ``tokens``.
        """
        super().__init__("", role, tone)
        self._at = at
        self._before = before
        self._said = said
        self.setToolTip(words.tooltip(words.full_time(at)))
        self.tell(now)

    def tell(self, now: int) -> None:
        """Says it as of another time."""
        self.say(f"{self._before} {self._said(self._at, now)}".strip())
        self.setAccessibleName(f"{self.text()}, {words.full_time(self._at)}")
