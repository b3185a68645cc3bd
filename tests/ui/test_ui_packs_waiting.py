"""A changed policy that does not govern yet says so, and can be asked about."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QLabel

from converge_core.errors import IllegalCommand
from converge_desktop.ui.pages.packs_waiting import PackWaitingPart
from tests.ui import sample, sample_people
from tests.ui.conftest import Desk, MakeDesk
from tests.ui.fake_desk import FakeDesk


@pytest.fixture
def packs(make_desk: MakeDesk, desk: FakeDesk) -> Desk:
    """A window over a pack of which a newer version waits."""
    desk.answers["packs"] = sample_people.packs
    opened = make_desk(desk)
    opened.window.go("packs")
    opened.settle()
    return opened


def part(opened: Desk) -> PackWaitingPart:
    return opened.window.pages.packs.waiting


def said(opened: Desk) -> str:
    return "\n".join(label.text() for label in part(opened).findChildren(QLabel))


def test_what_waits_is_told_with_what_it_loosens_and_who_has_to_agree(packs: Desk) -> None:
    """And which version new runs go by until then."""
    assert "Version 4 lies here and waits for approval" in said(packs)
    assert f"new runs go by version {sample.PACKS[0].version}" in said(packs)
    assert "It takes 2 people of ada, ben." in said(packs)


def test_it_is_asked_about_once_and_the_page_is_read_anew(packs: Desk) -> None:
    """By button or key; while it is under way not again."""
    action = next(one for one in packs.window.table if one.id == "packs.ask")
    assert packs.window.can_do(action)
    part(packs).ask_button.click()
    assert not packs.window.can_do(action)
    action.callback()
    [call] = packs.desk.named("ask_about_pack")
    assert (sample.PACKS[0].pack_id,) == call.args
    packs.desk.answers["packs"] = lambda: sample_people.packs(gates=("g-1",))
    call.future.set_result("run-0007")
    packs.settle()

    assert "It is asked about in 1 proposal." in said(packs)
    shown: list[str] = []
    packs.window.routes.gate.connect(shown.append)
    part(packs).open_button.click()
    assert ["g-1"] == shown


def test_what_was_not_approved_can_be_asked_about_again(packs: Desk) -> None:
    """It is said that it was not; what fails is told."""
    packs.desk.answers["packs"] = lambda: sample_people.packs(refused=True)
    packs.window.pages.packs.start()
    packs.settle()
    assert "It was asked about, and not approved." in said(packs)

    def refuse(_: str) -> None:
        raise IllegalCommand("it is asked about already")

    packs.desk.answers["ask_about_pack"] = refuse
    part(packs).ask()
    packs.settle()
    assert "Nobody was asked. It is asked about already." in packs.window.messages.texts()[0]
    assert part(packs).can_ask()


def test_where_nothing_waits_nothing_is_said(packs: Desk) -> None:
    """The page is as it was."""
    packs.desk.answers["packs"] = lambda: sample.PACKS
    packs.window.pages.packs.start()
    packs.settle()

    assert part(packs).isHidden()
    assert not part(packs).can_ask()
