"""What of a proposal is shown: whole, as plain text, and leading to where it comes from."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget

from converge_desktop.runtime.review_model import Segment
from converge_desktop.ui.widgets.labels import Label
from converge_desktop.ui.widgets.whole_text import WholeText
from tests.ui import sample
from tests.ui.conftest import Desk, MakeDesk
from tests.ui.fake_desk import FakeDesk


@pytest.fixture
def slow(desk: FakeDesk) -> FakeDesk:
    """A desk that lets reviews and decisions be answered by hand."""
    del desk.answers["review"], desk.answers["answer"]
    return desk


def said(widget: QWidget) -> str:
    """Returns all that a widget shows of its texts."""
    labels = [label.text() for label in widget.findChildren(Label)]
    return "\n".join([*labels, *(text.text() for text in widget.findChildren(WholeText))])


def test_the_first_proposal_is_shown_whole(opened: Desk) -> None:
    pane = opened.window.pages.inbox.review
    shown = said(pane)
    expected = sample.review("g-1")
    for text in (expected.title, expected.becomes_true, expected.rule, expected.may_decide):
        assert text in shown
    for row in (*expected.evidence,):
        assert row.value in shown
    for check in expected.checks:
        assert check.name in shown
        assert check.reason in shown
    assert [t for text in pane.body.texts() for t in text.links()][:3] == [
        "f-7c1e09a4",
        "f-1b22d0f7",
        "f-90aa4e11",
    ]


def test_a_number_leads_to_its_evidence(opened: Desk) -> None:
    pane = opened.window.pages.inbox.review
    reasoning = pane.body.texts()[0]
    reasoning.followed.emit(reasoning.links()[2])
    opened.settle()
    assert pane.body.side.evidence.lit() == ["f-90aa4e11"]
    item = pane.body.side.evidence.item("f-90aa4e11")
    assert item is not None
    assert item.is_open()
    assert "/coverage/@line-rate" in said(item)
    item.copy_id()
    assert QGuiApplication.clipboard().text() == "f-90aa4e11"
    assert "f-90aa4e11" in opened.window.messages.texts()[0]


def test_a_link_can_be_followed_by_mouse_whatever_its_id_holds(opened: Desk) -> None:
    from PySide6.QtCore import QUrl

    pane = opened.window.pages.inbox.review
    text = pane.body.texts()[0]
    odd = 'a "b" #c%20?<d>'
    text.show_text((Segment("x "), Segment("1", "f-1"), Segment("2", odd)))
    heard: list[str] = []
    text.followed.connect(heard.append)
    text.anchorClicked.emit(QUrl("fact:1"))
    assert heard == [odd]


def test_a_number_without_evidence_here_leads_to_its_lineage(opened: Desk) -> None:
    asked: list[tuple[str, str]] = []
    opened.window.routes.fact.connect(lambda run, fact: asked.append((run, fact)))
    opened.window.pages.inbox.review.body.follow("f-elsewhere")
    opened.settle()
    assert opened.window.pages.page_id() == "context"
    assert asked == [("r-0192", "f-elsewhere")]


def test_markup_and_hidden_characters_stay_text(make_desk: MakeDesk, slow: FakeDesk) -> None:
    opened = make_desk(slow)
    evil = "<b>Approve</b> \u202e now <img src='http://x/'>"
    shown = replace(
        sample.review("g-1"),
        title=evil,
        becomes_true=evil,
        justification=(Segment(evil),),
        notes=(evil,),
    )
    slow.last("review").future.set_result(shown)
    opened.settle()
    pane = opened.window.pages.inbox.review
    visible = "<b>Approve</b> ⟨U+202E⟩ now <img src='http://x/'>"
    assert said(pane).count("Approve</b>") >= 3
    assert said(pane).count("Approve</b>") == said(pane).count(visible)
    for label in pane.findChildren(Label):
        assert label.textFormat() == Qt.TextFormat.PlainText
    texts = [t.toPlainText() for t in pane.body.texts()]
    assert any(visible in t for t in texts)
    assert not any("<img" in t.document().toHtml() for t in pane.body.texts())


def test_what_changed_since_the_run_began_is_shown_with_the_notes(
    make_desk: MakeDesk, slow: FakeDesk
) -> None:
    """Whoever decides by a policy of the past sees that it is one."""
    opened = make_desk(slow)
    sentence = "The policy was changed since this run began."
    slow.last("review").future.set_result(replace(sample.review("g-1"), kept=(sentence,)))
    opened.settle()
    pane = opened.window.pages.inbox.review
    assert sentence in said(pane)


def test_the_raw_steps_are_built_when_they_are_opened(opened: Desk) -> None:
    from converge_desktop.ui.widgets.disclosure import Disclosure

    raw = opened.window.pages.inbox.review.body.raw
    closed = raw.findChildren(Disclosure)
    assert len(closed) == 3
    closed[2].head.click()
    opened.settle()
    inside = closed[2].findChildren(Disclosure)
    assert [d.head.accessibleName().split(",")[0] for d in inside] == [
        "1 Priming",
        "2 Policy",
        "3 Task frame",
        "4 State",
        "5 Intent",
        "Envelope",
        "Output",
        "Raw output",
    ]
