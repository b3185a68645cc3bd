"""Every page in every look, at two sizes and two sizes of text: nothing is cut, lost or illegible.

Nothing is compared pixel by pixel: what must hold of any picture is held against each.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import fields

import pytest
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QApplication, QLabel

from converge_desktop.ui import fonts, tokens
from converge_desktop.ui.actions import PAGES
from converge_desktop.ui.application import enlarge
from tests.ui.conftest import Desk, MakeDesk
from tests.ui.fake_desk import FakeDesk
from tests.ui.reading import cut, described, overlapping, place, show, spilling, visible
from tests.ui.test_ui_theme import contrast

SIZES = ((1280, 800), (1920, 1080))
PAGE_IDS = [page for page, *_ in PAGES]
LARGE, SMALL = 3.0, 4.5


@pytest.fixture
def sized(
    request: pytest.FixtureRequest, qapp: QApplication, make_desk: MakeDesk, desk: FakeDesk
) -> Iterator[Desk]:
    """A window whose text is so large, in one theme."""
    percent, theme = request.param
    enlarge(qapp, percent)
    opened = make_desk(desk)
    opened.window.theme.choose(theme)
    yield opened
    opened.window.theme.choose("light")
    enlarge(qapp, 100)


def colors_of(image: QImage, step: int = 7) -> Counter[str]:
    """Counts the colours of a picture, looking at every so many points."""
    plain = image.convertToFormat(QImage.Format.Format_RGB32)
    points = memoryview(plain.constBits().tobytes()).cast("I")[::step]
    return Counter({f"#{value & 0xFFFFFF:06x}": many for value, many in Counter(points).items()})


def strangers(image: QImage, look: tokens.Tokens) -> list[str]:
    """Lists colours that cover a part of a picture and belong to no token."""
    known = {getattr(look, field.name).lower() for field in fields(look) if field.name != "dark"}
    counted = colors_of(image)
    least = sum(counted.values()) * 0.01
    return [name for name, many in counted.items() if many > least and name not in known]


def faint(window: QImage, label: QLabel, root: object) -> str:
    """Says how a label cannot be read where it stands; nothing where it can."""
    where = place(label, root).intersected(window.rect())  # type: ignore[arg-type]
    if (
        label.visibleRegion().isEmpty()
        or min(where.width(), where.height()) < 8
        or not label.text().strip()
    ):
        return ""
    part = window.copy(where)
    counted = colors_of(part, 1)
    ground = counted.most_common(1)[0][0]
    best = max(contrast(name, ground) for name in counted)
    return "" if best >= SMALL - 0.4 else f"{described(label)}: {best:.2f} on {ground}"


TIGHT = frozenset([(200, 1280, "runs")])
"""Where head, banner and foot of a pane alone are higher than the window; all can be scrolled to
at any other size, and reached by key at this one."""
CASES = [(percent, theme) for percent in (100, 200) for theme in tokens.THEMES]


@pytest.mark.parametrize("sized", CASES, indirect=True, ids=lambda case: f"{case[0]}-{case[1]}")
def test_every_page_is_whole_and_legible(sized: Desk) -> None:
    """At 1280 by 800 and at 1920 by 1080."""
    window, look = sized.window, tokens.current()
    wrong: list[str] = []
    for page in PAGE_IDS:
        show(sized, page)
        for wide, high in SIZES:
            window.resize(wide, high)
            sized.settle()
            sized.settle()  # a height that follows a width that follows a width
            where = f"{page} at {wide}"
            if (window.width(), window.height()) != (wide, high):
                wrong.append(f"{where}: the window is {window.width()} by {window.height()}")
            if (fonts.enlarged(), wide, page) not in TIGHT:
                wrong += [f"{where}: cut: {described(w)}" for w in visible(window) if cut(w)]
                wrong += [f"{where}: spills: {said}" for said in spilling(window)]
                wrong += [f"{where}: overlaps: {said}" for said in overlapping(window)]
            picture = window.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
            assert len(colors_of(picture)) > 5, f"{where} is blank"
            wrong += [f"{where}: no token: {name}" for name in strangers(picture, look)]
            if wide == SIZES[0][0]:
                labels = [one for one in visible(window, QLabel) if isinstance(one, QLabel)]
                unread = (faint(picture, label, window) for label in labels)
                wrong += [f"{where}: faint: {said}" for said in unread if said]
    assert wrong == [], "\n".join(wrong)


def test_the_checks_themselves_can_fail(opened: Desk) -> None:
    """A label in a box too small, a colour from nowhere, and grey on grey are found."""
    from PySide6.QtWidgets import QWidget

    holder = QWidget(opened.window)
    holder.setGeometry(0, 0, 60, 40)
    label = QLabel("Far too long for its place", holder)
    label.setGeometry(0, 0, 40, 20)
    outside = QWidget(holder)
    outside.setGeometry(30, 10, 200, 20)
    holder.show()
    assert cut(label)
    assert any("QWidget" in said for said in spilling(opened.window))
    picture = QImage(60, 40, QImage.Format.Format_RGB32)
    picture.fill(QColor("#123456"))
    assert ["#123456"] == strangers(picture, tokens.current())
    label.setGeometry(0, 0, 60, 40)
    assert faint(picture, label, opened.window)
