"""What a person sees of the database: how it stands, and what to do while it does not answer."""

from __future__ import annotations

from dataclasses import replace

import pytest

from converge_desktop.runtime.desk_model import Status
from converge_desktop.runtime.port import StatusChanged
from converge_desktop.ui.status_bar import view_words
from tests.ui import sample
from tests.ui.conftest import Desk

STANDS = replace(sample.STATUS, ledger_seq=1204, view_seq=1204)


def tell(opened: Desk, **changes: object) -> None:
    opened.desk.tell(StatusChanged(replace(STANDS, **changes)))  # type: ignore[arg-type]
    opened.settle()


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (STANDS, ("Database up to date", "muted")),
        (replace(STANDS, view_seq=1203), ("Database up to #1,203, 1 record behind", "muted")),
        (Status(), ("Database starting", "muted")),
        (replace(STANDS, view_state="opening"), ("Database opening", "muted")),
        (
            replace(STANDS, view_state="filling", view_share=349),
            ("Database filling 34 %", "muted"),
        ),
        (replace(STANDS, view_state="unreachable"), ("✕ Database unreachable", "caution")),
        (replace(STANDS, view_state="failed"), ("✕ Database failed", "caution")),
    ],
)
def test_the_status_bar_says_in_words_how_the_database_stands(
    status: Status, said: tuple[str, str]
) -> None:
    """No colour says anything that a word does not."""
    assert said == view_words(status)


def test_the_status_bar_tells_what_is_wrong(opened: Desk) -> None:
    """In a sentence, where the pointer rests; and no longer once it is mended."""
    tell(opened, view_state="unreachable", view_problem="the server is not there")
    assert "The server is not there." in opened.window.status.view.toolTip()

    tell(opened)
    assert opened.window.status.view.toolTip() == ""


def test_facts_are_asked_for_again_once_the_database_is_filled(opened: Desk) -> None:
    """Until then the page says how far it is, and that all else can be used."""
    page = opened.window.pages.context
    opened.desk.answers.pop("facts")
    opened.window.go("context")
    opened.desk.last("facts").future.set_exception(ValueError("it has just begun"))
    tell(opened, view_state="filling", view_share=340)
    assert "34 % of the ledger is in" in page.none.words()
    assert "34 %" in page.as_of.text()
    asked = len(opened.desk.named("facts"))

    tell(opened)
    assert asked + 1 == len(opened.desk.named("facts"))
    opened.desk.last("facts").future.set_result(sample.facts("", ""))
    opened.settle()
    assert page.model.rowCount() > 0
    assert "as of ledger record" in page.as_of.text()


@pytest.mark.parametrize(
    ("state", "heading"),
    [
        ("opening", "The database is being opened"),
        ("filling", "The database is being filled"),
        ("unreachable", "The database is unreachable"),
        ("failed", "The database does not answer"),
    ],
)
def test_a_question_without_an_answer_says_why_and_can_be_asked_again(
    opened: Desk, state: str, heading: str
) -> None:
    """With the sentence that came instead."""
    page = opened.window.pages.context
    opened.desk.answers.pop("facts")
    opened.window.go("context")
    tell(opened, view_state=state)
    page.ask()
    opened.desk.last("facts").future.set_exception(ValueError("it is like that"))
    opened.settle()
    assert f"{heading} It is like that." in " ".join(page.none.words().split())

    asked = len(opened.desk.named("facts"))
    page.none.pressed.emit()
    assert asked + 1 == len(opened.desk.named("facts"))


def test_the_database_is_filled_again_when_a_person_says_so(opened: Desk) -> None:
    """An action like any other, without a question, for nothing is lost by it."""
    [action] = [one for one in opened.window.table if one.id == "context.rebuild"]
    action.callback()
    opened.settle()
    assert opened.window.pages.page_id() == "context"

    opened.desk.last("rebuild_view").future.set_result(None)
    opened.settle()
    assert "The database was filled again." in opened.window.messages.texts()

    action.callback()
    opened.desk.last("rebuild_view").future.set_exception(ValueError("the disk is full"))
    opened.settle()
    said = "The database was not filled again. The disk is full."
    assert said in opened.window.messages.texts()
