"""Why the database does not answer just now, in sentences."""

from __future__ import annotations


class Closing(Exception):
    """The desk closes while the view is being filled; the next start goes on."""

    def __init__(self) -> None:
        super().__init__("the desk is closing")


class NotYet(Exception):
    """The view is being opened or filled; the text says how far it is."""


def being_opened() -> NotYet:
    """Returns what is said before it is known how far the view reaches."""
    return NotYet("the database is being opened; ask again in a moment")


def being_filled(done: int, total: int) -> NotYet:
    """Returns what is said while ``done`` of ``total`` records are in."""
    share = f"{done * 100 // total} % of it is in" if total else "it has just begun"
    return NotYet(
        f"the database is being filled from the ledger; {share}. Everything else can be used "
        "meanwhile; ask again in a moment"
    )
