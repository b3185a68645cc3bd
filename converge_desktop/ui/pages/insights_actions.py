"""What can be done to one question of the page of insights, for the table of actions."""

from __future__ import annotations

from collections.abc import Callable

from converge_desktop.ui.actions import Action
from converge_desktop.ui.pages.insights_card import InsightCard

Do = Callable[[InsightCard], None]
Can = Callable[[InsightCard], bool]
_CARD, _DRAWN = "a question with an answer", "a picture that is drawn"


def card_actions(card: Callable[[], InsightCard | None], csv: Do, png: Do) -> tuple[Action, ...]:
    """Returns what is done to the card that has the focus.

    Args:
        card: returns that card.
        csv: saves its table.
        png: saves its picture.
    """
    rows = (
        ("switch", "Switch between picture and table", "V", _switch, _has_rows, _CARD),
        ("sort", "Sort the table by its next column", "S", _sort, _shows_table, "a table"),
        ("csv", "Save the table (CSV)…", "Ctrl+S", csv, _has_rows, _CARD),
        ("png", "Save the picture (PNG)…", "Ctrl+Shift+S", png, _has_picture, _DRAWN),
    )
    return tuple(
        Action(
            f"insights.{name}",
            title,
            (keys,),
            _doing(card, do),
            "View",
            _asking(card, can),
            page="insights",
            needs=needs,
        )
        for name, title, keys, do, can, needs in rows
    )


def _doing(card: Callable[[], InsightCard | None], do: Do) -> Callable[[], None]:
    def done() -> None:
        here = card()
        if here is not None:
            do(here)

    return done


def _asking(card: Callable[[], InsightCard | None], can: Can) -> Callable[[], bool]:
    def asked() -> bool:
        here = card()
        return here is not None and can(here)

    return asked


def _switch(card: InsightCard) -> None:
    card.switch()


def _sort(card: InsightCard) -> None:
    card.rows.sort_next()


def _has_rows(card: InsightCard) -> bool:
    return card.has_rows()


def _has_picture(card: InsightCard) -> bool:
    return card.has_picture()


def _shows_table(card: InsightCard) -> bool:
    return card.shows_table()
