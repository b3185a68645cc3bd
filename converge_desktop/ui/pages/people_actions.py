"""What can be done on the people's page, for the one table of actions."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Protocol

from converge_desktop.ui.actions import Action

if TYPE_CHECKING:
    from collections.abc import Callable

    from converge_desktop.ui.pages.people_carrying import Carrying
    from converge_desktop.ui.pages.people_doing import Doer
    from converge_desktop.ui.pages.people_votes import VotePane
    from converge_desktop.ui.widgets.act_box import ActBox


class Acting(Protocol):
    """The page, as far as something is done on it."""

    box: ActBox
    doer: Doer
    carrying: Carrying
    vote: VotePane
    gate_shown: Callable[[], str]

    def may(self, act: str) -> bool:
        """Says whether something can be done with who is shown."""

    def votes(self) -> bool:
        """Says whether a request is shown, and nothing else is asked."""

    def do(self, act: str) -> None:
        """Asks whether it is to be done."""

    def change_seat(self) -> None:
        """Asks whether the next person decides here now."""


_CHORD = ("Ctrl+Return", "Ctrl+Enter")
_SHOWN = "somebody in the list with whom it can be done"


def people_actions(page: Acting) -> tuple[Action, ...]:
    """Lists it."""

    def about(name: str, title: str, keys: str, writes: str = "") -> Action:
        do, can = partial(page.do, name), partial(page.may, name)
        return Action(
            *(f"people.{name}", title, (keys,), do, "People", can),
            page="people",
            writes=writes,
            needs=_SHOWN,
        )

    change = ("people.change", "Let somebody else decide here…", ("Ctrl+Shift+O",))
    return (
        Action(*change, page.change_seat, "People"),
        Action(
            *("decide.elsewhere", "Ask somebody at another desk…", ("Ctrl+Shift+A",)),
            lambda: page.carrying.ask_elsewhere(page.gate_shown()),
            "Decide",
            lambda: bool(page.gate_shown()),
            page="inbox",
            writes="a checkpoint that covers the evidence",
            needs="a proposal that is shown",
        ),
        *_of_the_desk(page),
        about("seat", "Decide as who is shown…", "D"),
        about("export", "Export the public key of who is shown…", "E"),
        about("rotate", "Take another key…", "T", "your new public key"),
        about("protect", "Protect the key of who is shown…", "P"),
        about("passphrase", "Change your passphrase…", "W"),
        about("revoke", "Revoke who is shown…", "V", "who was revoked, and why"),
        *_in_front(page),
    )


def _of_the_desk(page: Acting) -> tuple[Action, ...]:
    return (
        Action(
            *("people.enrol", "Enrol somebody…", ("N",), page.doer.enrol, "People"),
            page="people",
            writes="that somebody may decide here",
        ),
        Action(
            *("people.open", "Open a file of another desk…", ("O",), page.carrying.open, "People"),
            page="people",
        ),
    )


def _in_front(page: Acting) -> tuple[Action, ...]:
    """Lists what can be done with the box or the request that is open."""
    box, vote, votes = page.box, page.vote, page.votes
    return (
        Action(
            *("people.confirm", "Confirm what is asked", _CHORD, box.confirm, "People"),
            enabled=box.can_confirm,
            page="people",
            needs="a box that is filled in",
        ),
        Action(
            *("people.approve", "Approve what another desk asks", _CHORD, vote.approve, "People"),
            enabled=lambda: votes() and vote.guard.permits(),
            page="people",
            needs="a request that was read",
        ),
        Action(
            *("people.reject", "Reject what another desk asks…", ("R",), vote.reject, "People"),
            enabled=lambda: votes() and vote.can_reject(),
            page="people",
            needs="a request that was read",
        ),
    )
