"""Text is shown whole and as what it is, however long it is and whatever hides in it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractScrollArea, QApplication, QWidget

from converge_desktop.runtime.deciding_model import Change
from converge_desktop.runtime.review_model import Segment
from converge_desktop.runtime.unseen import pieces
from converge_desktop.ui.spans import LONGEST, Span, marked, paragraphs, pieces_in
from converge_desktop.ui.widgets.diff import DiffRow, field_words
from converge_desktop.ui.widgets.link_text import LinkText
from converge_desktop.ui.widgets.whole_text import WholeText, look_of
from converge_desktop.ui.word_diff import word_diff
from tests.ui import sample_review
from tests.ui.reviewing import Reader
from tests.ui.watchdog import WatchedApplication

MOST_S = 0.05
"""How long the window may be held up by one event."""


def forget(*widgets: QWidget) -> None:
    """Closes widgets and has Qt forget them."""
    for widget in widgets:
        widget.close()
        widget.deleteLater()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


@pytest.fixture
def reader(qapp: QApplication) -> Iterator[Reader]:
    made = Reader()
    yield made
    forget(made.page)


@pytest.fixture
def whole(qapp: QApplication) -> Iterator[WholeText]:
    made = WholeText()
    made.resize(300, 100)
    yield made
    forget(made)


# Cut up, and put together again


@given(st.lists(st.text(st.sampled_from("a \nb\u0430"), max_size=30), max_size=4))
def test_nothing_is_lost_where_text_is_cut_into_paragraphs(texts: list[str]) -> None:
    """What is long is broken at a space, and put together it is the text."""
    cut = list(paragraphs(Span(text) for text in texts))
    assert "\n".join("".join(span.text for span in one) for one in cut) == "".join(texts)


def test_no_paragraph_is_longer_than_what_is_laid_out_in_no_time() -> None:
    """Even of a text without a space, and without a line break."""
    for text in ("x" * 9_000, "word " * 2_000):
        cut = list(paragraphs([Span(text)]))
        assert max(len(span.text) for one in cut for span in one) <= LONGEST
        assert "".join(span.text for one in cut for span in one) == text


@given(st.lists(st.text(st.sampled_from("рaypal 5\u200b"), max_size=8), max_size=5))
def test_a_strange_letter_is_found_wherever_the_text_was_cut(texts: list[str]) -> None:
    """What is marked in the parts is what is marked in the whole."""
    alone = [one for one in pieces("".join(texts)) if one.mark is not None]
    parts = [one for part in pieces_in(texts) for one in part if one.mark is not None]
    assert alone == parts
    assert ["".join(one.text for one in part) for part in pieces_in(texts)] == texts


# Whole


def test_all_of_a_long_text_is_shown_and_nothing_holds_the_window_up(
    reader: Reader, watched: WatchedApplication
) -> None:
    """200,000 characters: as high as they need, without a scroll bar, 50 ms an event at most."""
    review = sample_review.long()
    watched.forget()
    reader.show(review)
    [text] = [one for one in reader.texts() if len(one.text()) > len(review.becomes_true)]
    assert text.text() == f"“{review.becomes_true}”"
    assert text.is_whole()
    assert text.height() >= text.heightForWidth(text.width())
    assert text.height() >= sum(text._heights)
    reader.page.resize(900, 600)
    reader.settle()
    assert text.height() >= sum(text._heights)
    assert watched.slowest < MOST_S


def test_nothing_that_a_decision_covers_scrolls_in_a_box_of_its_own(reader: Reader) -> None:
    """Not even the raw layers: the page is all that scrolls."""
    reader.show(sample_review.correcting())
    for outer in reader.body.raw._outer:
        outer.head.click()
        reader.settle()
    for step in reader.body.raw._steps:
        for inner in step.inner:
            if not inner.is_open():
                inner.head.click()
    reader.settle()
    for area in reader.body.findChildren(QAbstractScrollArea):
        bar = area.verticalScrollBar()
        assert bar.maximum() == bar.minimum(), area.accessibleName()


def test_a_text_of_many_short_lines_has_its_height_at_once_or_says_that_it_has_not(
    whole: WholeText,
) -> None:
    """What it says its height is, is never an estimate that stays."""
    whole.say("a\n" * 3_000)
    for _ in range(100):
        whole.heightForWidth(300)
        QApplication.processEvents()
    assert whole.is_whole()
    assert whole.heightForWidth(300) >= 3_000 * whole._step


@pytest.mark.parametrize("width", [60, 300])
def test_a_word_of_any_length_is_broken_instead_of_cut(whole: WholeText, width: int) -> None:
    """Every line ends inside of the width there is."""
    whole.say("/testsuites/" + "x" * 300)
    high = whole.heightForWidth(width)
    layouts = [one.layout for one in whole._all if one.layout is not None]
    lines = [layout.lineAt(n) for layout in layouts for n in range(layout.lineCount())]
    assert max(line.naturalTextWidth() for line in lines) <= width
    assert sum(line.textLength() for line in lines) == len(whole.text())
    assert high >= len(lines) * lines[0].height() * 0.9


def test_a_text_that_can_be_reached_is_copied_whole(whole: WholeText) -> None:
    """By Ctrl+C, as it is shown."""
    whole.copyable().say("pay \u202e81")
    QTest.keyClick(whole, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text() == "pay ⟨U+202E⟩81"


# What the eye would miss


def test_what_the_eye_would_miss_is_spelled_out_and_told_where_it_is_pointed_at(
    whole: WholeText,
) -> None:
    """By a line under it as well as by colour."""
    whole.say("p\u0430ypal")
    whole.heightForWidth(300)
    assert whole.text() == "p⟨U+0430⟩ypal"
    [_, mark, _] = marked([Span("p\u0430ypal")])
    assert mark.tip == "Cyrillic small letter a (U+0430), looks like Latin a"
    assert look_of("mark").underlineStyle() != look_of("").underlineStyle()
    paragraph = whole._all[0]
    assert paragraph.layout is not None
    at = paragraph.layout.lineAt(0).cursorToX(3)
    x = at[0] if isinstance(at, tuple) else at
    from PySide6.QtCore import QPointF

    assert paragraph.tip_at(QPointF(x + 1, 2)) == mark.tip
    assert paragraph.tip_at(QPointF(0.5, 2)) == ""


def test_in_running_text_a_mark_is_a_look_of_its_own_and_the_link_stays(
    qapp: QApplication,
) -> None:
    """Also where the letter and its word are in different pieces of the text."""
    text = LinkText()
    text.show_text((Segment("p"), Segment("\u0430", "f-1"), Segment("ypal")))
    assert text.toPlainText() == "p⟨U+0430⟩ypal"
    cursor = text.textCursor()
    cursor.setPosition(4)
    look = cursor.charFormat()
    assert look.isAnchor()
    assert "Cyrillic small letter a" in look.toolTip()
    assert look.underlineStyle() == look_of("mark").underlineStyle()
    assert text.links() == ["f-1"]
    forget(text)


# Differences

WORDS = st.lists(st.sampled_from(["hold", "0.4.0", "61.2", "%", " ", ",", "\n"]), max_size=14)


@given(WORDS, WORDS)
def test_a_difference_tells_both_texts_and_marks_nothing_that_stayed(
    before: list[str], after: list[str]
) -> None:
    """Put together, each side is its text; what is not marked is the same on both sides."""
    was, now = "".join(before), "".join(after)
    old, new = word_diff(was, now)
    assert "".join(span.text for span in old) == was
    assert "".join(span.text for span in new) == now
    assert {span.look for span in old} <= {"", "removed"}
    assert {span.look for span in new} <= {"", "added"}
    if was == now:
        assert not any(span.look for span in (*old, *new))


def test_only_the_words_that_changed_are_marked() -> None:
    """A number is one word."""
    old, new = word_diff("coverage is 61.2 % now", "coverage is 64.0 % now")
    assert [span.text for span in old if span.look] == ["61.2"]
    assert [span.text for span in new if span.look] == ["64.0"]
    old, new = word_diff("hold 0.4.0 until the tests pass", "ship 0.4.0 until the users pass")
    assert [span.text for span in old if span.look] == ["hold", "tests"]
    assert [span.text for span in new if span.look] == ["ship", "users"]
    old, new = word_diff("fit for release", "on hold for now")
    assert [span.text for span in new if span.look] == ["on hold", "now"]


def test_a_difference_of_very_long_texts_takes_no_time(watched: WatchedApplication) -> None:
    """All from the first change to the last is told as other then."""
    was = " ".join(f"word{n}" for n in range(20_000))
    now = " ".join(f"word{n + n % 7}" for n in range(20_000))
    old, new = word_diff(was, now)
    assert "".join(span.text for span in old) == was
    assert "".join(span.text for span in new) == now


def test_what_went_is_struck_out_what_came_is_underlined_and_both_have_a_sign(
    qapp: QApplication,
) -> None:
    """Colour never carries it alone."""
    row = DiffRow(Change("confidence", "910", "950"))
    said = {label.text() for label in row.findChildren(QWidget) if hasattr(label, "text")}
    assert {"−", "+", "0.91", "0.95"} <= said
    assert look_of("removed").fontStrikeOut()
    assert look_of("added").fontUnderline() or look_of("added").underlineStyle().value == 1
    assert row.before.accessibleName() == "Before: 0.91"
    nothing = DiffRow(Change("structured.steps[2].do", "", "tests.write"))
    assert nothing.before.text() == "(nothing)"
    assert field_words("structured.steps[2].do") == "steps 2, do"
    forget(row, nothing)
