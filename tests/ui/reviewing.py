"""What the tests of a review's content share: a review in a scroll area, and a person's eyes."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QApplication, QWidget

from converge_desktop.runtime.review_model import Review
from converge_desktop.ui.pages.review_body import ReviewBody
from converge_desktop.ui.widgets.labels import Label
from converge_desktop.ui.widgets.scroll import ScrollPage
from converge_desktop.ui.widgets.whole_text import WholeText
from tests.ui.sample import NOW


class Reader:
    """A person with a review before them."""

    def __init__(self, width: int = 720, height: int = 600) -> None:
        self.body = ReviewBody(lambda: NOW)
        self.page = ScrollPage(self.body)
        self.page.resize(width, height)
        self.page.show()
        self.body.window_active(active=True)

    def settle(self) -> None:
        """Lets Qt lay out and paint, and long texts get their place."""
        for _ in range(6):
            QApplication.processEvents()
        while any(not one.is_whole() for one in self.texts()):
            QApplication.processEvents()
        QApplication.processEvents()

    def texts(self) -> list[WholeText]:
        """Lists the texts that are on the screen, or would be if it were scrolled."""
        every = self.body.findChildren(WholeText)
        return [one for one in every if one.isVisibleTo(self.body) and one.text()]

    def show(self, review: Review) -> None:
        """Opens a review."""
        self.body.show_review(review)
        self.settle()

    def down(self) -> None:
        """Presses Space once."""
        self.body.walk.page(1)
        self.settle()

    def read(self, most: int = 200) -> None:
        """Pages down to the end."""
        bar = self.body.walk.bar()
        assert bar is not None
        for _ in range(most):
            if bar.value() >= bar.maximum():
                return
            self.down()

    def said(self, within: QWidget | None = None) -> str:
        """Returns all that is to be read."""
        root = within or self.body
        labels = [one.text() for one in root.findChildren(Label) if one.isVisibleTo(root)]
        whole = [one.text() for one in root.findChildren(WholeText) if one.isVisibleTo(root)]
        return "\n".join([*labels, *whole])


MakeReader = Callable[..., Reader]
