"""A review by an agent that means ill, or says nothing, or says very much."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt, QUrl
from PySide6.QtWidgets import QApplication, QLabel, QWidget

from converge_desktop.runtime.review_model import CheckRow, EvidenceRow, PlanRow, ReasonRow, Segment
from converge_desktop.ui.widgets.evidence import EvidenceItem
from converge_desktop.ui.widgets.whole_text import WholeText
from tests.ui import sample_review
from tests.ui.conftest import MakeDesk
from tests.ui.fake_desk import FakeDesk
from tests.ui.reviewing import Reader
from tests.ui.test_ui_review_text import forget

MARKUP = (
    '<b>bold</b><img src="file:///etc/passwd"><a href="https://example.org">x</a> \u202efdp.exe'
)
MANY = 500


@pytest.fixture
def reader(qapp: QApplication) -> Iterator[Reader]:
    made = Reader()
    yield made
    forget(made.page)


@pytest.mark.parametrize("empty", ["", " ", "\n", "\u200b"])
def test_a_part_that_says_nothing_can_still_be_seen(reader: Reader, empty: str) -> None:
    """Else nobody could ever approve it, nor see why not."""
    blank = sample_review.review(
        becomes_true=empty,
        consequences=(empty,),
        reasoning=(ReasonRow("for", (Segment(empty),)),),
        justification=(Segment(empty),),
        plan=(PlanRow(empty, empty, (Segment(empty),)),),
        evidence=(EvidenceRow("f-1", empty, empty, empty, empty, empty, empty, empty),),
        checks=(CheckRow(empty, True, empty),),
        rule=empty,
        rule_reason=empty,
        may_decide=empty,
        notes=(empty,),
        title=empty,
    )
    reader.show(blank)
    reader.read()
    reader.settle()
    assert reader.body.not_seen() == ()


def evidence(number: int) -> tuple[EvidenceRow, ...]:
    return tuple(
        EvidenceRow(
            f"f-{n:08}",
            f"m{n:02}",
            f"value number {n}",
            str(n),
            "> 0",
            "support",
            "a.csv",
            f"[{n}]",
        )
        for n in range(number)
    )


def test_many_facts_are_built_in_turns_and_count_as_seen_only_once_all_are_there(
    make_desk: MakeDesk, desk: FakeDesk
) -> None:
    """An agent may rest on as many as it likes; the watchdog holds the window to answering."""
    opened = make_desk(desk)
    body = opened.window.pages.inbox.review.body
    body.show_review(sample_review.review(evidence=evidence(MANY)))
    facts = body.side.evidence
    assert not facts.is_whole()
    body.watch.look()
    assert "evidence" in body.not_seen()
    while not facts.is_whole():
        opened.settle()
    opened.settle()
    shown = [one for one in facts.findChildren(EvidenceItem) if one.isVisibleTo(facts)]
    assert [one.row.fact_id for one in shown] == [one.fact_id for one in evidence(MANY)]
    body.show_review(sample_review.review())  # and they go one by one
    opened.settle()


def test_a_fact_that_is_not_built_yet_is_led_to_all_the_same(reader: Reader) -> None:
    """Following its number in the text builds as far as it, and lights it."""
    reader.body.show_review(sample_review.review(evidence=evidence(100)))
    reader.body.follow("f-00000099")
    assert reader.body.side.evidence.lit() == ["f-00000099"]
    reader.settle()


def test_many_facts_are_seen_by_paging_through_them(reader: Reader) -> None:
    """All of them, in lots that were laid out one by one."""
    reader.show(sample_review.review(evidence=evidence(60)))
    while not reader.body.side.evidence.is_whole():
        reader.settle()
    reader.settle()
    reader.read()
    assert reader.body.not_seen() == ()


def test_markup_in_any_part_stays_what_it_is(reader: Reader) -> None:
    """It is neither drawn as markup, nor fetched, nor a link; what turns the reading is spelled."""
    fact = EvidenceRow(MARKUP, MARKUP, MARKUP, MARKUP, MARKUP, MARKUP, MARKUP, MARKUP)
    reader.show(
        sample_review.review(
            title=MARKUP,
            becomes_true=MARKUP,
            consequences=(MARKUP,),
            reasoning=(ReasonRow(MARKUP, (Segment(MARKUP, MARKUP),)),),
            justification=(Segment(MARKUP),),
            plan=(PlanRow(MARKUP, MARKUP, (Segment(MARKUP),)),),
            evidence=(fact,),
            checks=(CheckRow(MARKUP, False, MARKUP),),
            rule=MARKUP,
            rule_reason=MARKUP,
            may_decide=MARKUP,
            notes=(MARKUP,),
            run_label=MARKUP,
        )
    )
    for label in reader.body.findChildren(QLabel):
        assert label.textFormat() == Qt.TextFormat.PlainText or isinstance(label, WholeText)
        assert "\u202e" not in label.text()
        assert "\u202e" not in label.accessibleName()
    for widget in reader.body.findChildren(QWidget):
        assert "<b>" not in widget.toolTip()
        assert "<img" not in widget.toolTip()


def test_a_link_is_followed_to_a_fact_whatever_it_is_called(reader: Reader) -> None:
    """An id that looks like an address opens nothing but the inspector."""
    asked: list[str] = []
    reader.body.traced.connect(lambda _run, fact: asked.append(fact))
    reader.show(
        sample_review.review(reasoning=(ReasonRow("for", (Segment("x", "file:///etc/passwd"),)),))
    )
    [text] = [one for one in reader.body.texts() if one.links() == ["file:///etc/passwd"]]
    text.anchorClicked.emit(QUrl("fact:0"))
    assert asked == ["file:///etc/passwd"]
