"""Running text in which every fact can be followed."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, QUrl, Signal, Slot
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QPaintEvent,
    QResizeEvent,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextOption,
    QWheelEvent,
)
from PySide6.QtWidgets import QFrame, QSizePolicy, QTextBrowser

from converge_desktop.runtime.review_model import Text
from converge_desktop.runtime.unseen import Piece
from converge_desktop.ui import fonts, tokens, words
from converge_desktop.ui.spans import pieces_in
from converge_desktop.ui.widgets.focus_ring import draw_ring
from converge_desktop.ui.widgets.whole_text import look_of

_SCHEME = "fact:"


class LinkText(QTextBrowser):
    """Plain text as high as it needs to be; segments that stand for a fact are links.

    Text is inserted by cursor, never parsed: markup in it stays what it is.

    Signals:
        followed: A fact's link was followed, with the fact's id.
    """

    followed = Signal(str)

    def __init__(self, role: str = "body", tone: str = "text") -> None:
        super().__init__()
        self._role = role
        self._tone = tone
        self._lines: tuple[Text, ...] = ()
        self._numbered = False
        self._leads: tuple[tuple[str, str], ...] = ()
        self._copy: QTextDocument | None = None
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setOpenLinks(False)
        self.setUndoRedoEnabled(False)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.viewport().setAutoFillBackground(False)
        self.document().setDocumentMargin(0)
        self.setFont(fonts.font(role))
        self.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        # Not Fixed: that would cap the height at a hint made for another width.
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)
        self.anchorClicked.connect(self._on_anchor)
        self.verticalScrollBar().rangeChanged.connect(self._stay)

    def show_text(self, text: Text) -> None:
        """Shows one paragraph."""
        self.show_lines((text,))

    def show_lines(
        self,
        lines: tuple[Text, ...],
        *,
        numbered: bool = False,
        leads: tuple[tuple[str, str], ...] = (),
    ) -> None:
        """Shows several paragraphs.

        Args:
            lines: The paragraphs.
            numbered: Whether their order means something.
            leads: A sign and its tone before each paragraph.
        """
        self._lines = lines
        self._numbered = numbered
        self._leads = leads
        has_links = any(s.fact_id for line in lines for s in line)
        flags = Qt.TextInteractionFlag.TextSelectableByMouse
        if has_links:
            flags |= Qt.TextInteractionFlag.LinksAccessibleByMouse
            flags |= Qt.TextInteractionFlag.LinksAccessibleByKeyboard
        self.setTextInteractionFlags(flags)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus if has_links else Qt.FocusPolicy.ClickFocus)
        self._render()

    def retint(self) -> None:
        """Draws the text again in the colours now in force."""
        self._render()

    def links(self) -> list[str]:
        """Lists the ids of the facts that the text leads to, in order."""
        return [s.fact_id for line in self._lines for s in line if s.fact_id is not None]

    def _render(self) -> None:
        self.document().clear()
        cursor = QTextCursor(self.document())
        cursor.beginEditBlock()
        linked = 0
        high = round(fonts.metrics(self._role).height() * 1.34)
        for number, line in enumerate(self._lines, start=1):
            block = QTextBlockFormat()
            block.setLineHeight(high, QTextBlockFormat.LineHeightTypes.FixedHeight.value)
            if number > 1:
                block.setTopMargin(3)
            lead = f"{number}. " if self._numbered else ""
            if lead:
                indent = fonts.metrics(self._role).horizontalAdvance("0. ") + 1
                block.setLeftMargin(indent)
                block.setTextIndent(-indent)
            if number == 1:
                cursor.setBlockFormat(block)
            else:
                cursor.insertBlock(block)
            if lead:
                cursor.insertText(lead, self._plain("muted"))
            if number <= len(self._leads) and self._leads[number - 1][0]:
                sign, tone = self._leads[number - 1]
                cursor.insertText(f"{sign} ", self._plain(tone))
            for segment, pieces in zip(line, pieces_in([s.text for s in line]), strict=True):
                self._insert(cursor, pieces, linked if segment.fact_id is not None else -1)
                linked += segment.fact_id is not None
        cursor.endEditBlock()
        if self._copy is not None:
            self._copy.deleteLater()
            self._copy = None
        self.updateGeometry()

    def _insert(self, cursor: QTextCursor, pieces: list[Piece], number: int) -> None:
        """Inserts a segment, a link where it has a number; what the eye would miss is marked."""
        for piece in pieces:
            look = self._plain(self._tone) if number < 0 else self._linked(number)
            if piece.mark is not None:
                look.merge(look_of("mark"))
                look.setToolTip(words.tooltip(piece.said))
            cursor.insertText(piece.shown.replace("\n", "\u2028"), look)

    def _linked(self, number: int) -> QTextCharFormat:
        look = QTextCharFormat()
        mono = "mono-small" if self._role in {"body", "small"} else "mono"
        look.setFont(fonts.font(mono))
        look.setForeground(QColor(tokens.current().text))
        look.setUnderlineStyle(QTextCharFormat.UnderlineStyle.SingleUnderline)
        look.setUnderlineColor(QColor(tokens.current().accent))
        look.setAnchor(True)
        look.setAnchorHref(f"{_SCHEME}{number}")
        return look

    def _plain(self, tone: str) -> QTextCharFormat:
        look = QTextCharFormat()
        look.setFont(fonts.font(self._role))
        look.setForeground(tokens.current().tone(tone))
        return look

    @Slot()
    def _stay(self) -> None:
        """Keeps the first line in sight while the height catches up with the text."""
        self.verticalScrollBar().setValue(0)

    @Slot(QUrl)
    def _on_anchor(self, url: QUrl) -> None:
        # The address is a place in the text: an id could hold what an address cannot.
        self.followed.emit(self.links()[int(url.toString().removeprefix(_SCHEME))])

    def _height(self, width: int) -> int:
        """Measures on a copy, so that asking about a width never sets the text to it."""
        if self._copy is None:
            self._copy = self.document().clone(self)
            self._copy.setDocumentMargin(0)
            self._copy.setDefaultTextOption(self.document().defaultTextOption())
        self._copy.setTextWidth(max(40, width))
        return round(self._copy.size().height() + 0.5)

    def heightForWidth(self, width: int) -> int:  # noqa: N802
        """Override QWidget.heightForWidth."""
        return self._height(width)

    def hasHeightForWidth(self) -> bool:  # noqa: N802
        """Override QWidget.hasHeightForWidth."""
        return True

    def sizeHint(self) -> QSize:  # noqa: N802
        """Override QTextBrowser.sizeHint."""
        return QSize(240, self._height(self.width()))

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """Override QTextBrowser.minimumSizeHint."""
        return QSize(80, fonts.line(self._role))

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Override QTextBrowser.resizeEvent."""
        super().resizeEvent(event)
        self._stay()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Override QTextBrowser.paintEvent: shows that it has the keyboard."""
        super().paintEvent(event)
        if self.hasFocus() and self.links():
            draw_ring(self.viewport())

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: N802
        """Override QTextBrowser.focusInEvent."""
        super().focusInEvent(event)
        self.viewport().update()

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802
        """Override QTextBrowser.focusOutEvent."""
        super().focusOutEvent(event)
        self.viewport().update()

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802
        """Override QTextBrowser.wheelEvent: the page scrolls, not the paragraph."""
        event.ignore()
