"""Plain text that is shown whole, however long it is, and breaks wherever a line ends."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate

from PySide6.QtCore import QEvent, QObject, QPointF, QSize, Qt, QTimer, Signal, Slot
from PySide6.QtGui import (
    QColor,
    QGuiApplication,
    QHelpEvent,
    QKeyEvent,
    QKeySequence,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QTextCharFormat,
    QTextLayout,
    QTextOption,
)
from PySide6.QtWidgets import QLabel, QSizePolicy, QToolTip

from converge_desktop.ui import fonts, tokens, words
from converge_desktop.ui.spans import Span, marked, paragraphs
from converge_desktop.ui.widgets.focus_ring import draw_ring

AT_ONCE = 8_000
"""So many characters are laid out at once; what is longer takes several turns of the loop."""
_LEAST = 80
"""As how many characters a paragraph counts at least: a line takes time, however short."""
_WRAPS = QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere


def look_of(look: str) -> QTextCharFormat:
    """Returns how a look is drawn: by a line through or under it, never by colour alone."""
    made, now = QTextCharFormat(), tokens.current()
    match look:
        case "added":
            made.setUnderlineStyle(QTextCharFormat.UnderlineStyle.SingleUnderline)
            made.setForeground(now.tone("good"))
            made.setBackground(now.ground("good"))
        case "removed":
            made.setFontStrikeOut(True)
            made.setForeground(now.tone("danger"))
            made.setBackground(now.ground("danger"))
        case "mark":
            made.setUnderlineStyle(QTextCharFormat.UnderlineStyle.DashUnderline)
            made.setForeground(now.tone("caution"))
            made.setBackground(now.ground("caution"))
        case "quiet":
            made.setForeground(QColor(now.muted))
    return made


class _Paragraph:
    """One paragraph: what is shown of it, and its lines once it is laid out."""

    def __init__(self, spans: tuple[Span, ...]) -> None:
        self.spans = spans
        self.size = max(_LEAST, sum(len(span.text) for span in spans))
        self.shown: tuple[Span, ...] | None = None
        self.layout: QTextLayout | None = None

    def text(self) -> str:
        """Returns what is shown, with what the eye would miss spelled out."""
        if self.shown is None:
            self.shown = marked(self.spans)
        return "".join(span.text for span in self.shown)

    def lay(self, role: str, width: int, step: float) -> float:
        """Sets the lines to a width; returns how high they are."""
        layout = QTextLayout(self.text(), fonts.font(role))
        option = QTextOption()
        option.setWrapMode(_WRAPS)
        option.setTabStopDistance(fonts.metrics(role).horizontalAdvance("0") * 4)
        layout.setTextOption(option)
        layout.setFormats(self.formats())
        layout.beginLayout()
        high = 0.0
        while (line := layout.createLine()).isValid():
            line.setLineWidth(width)
            line.setPosition(QPointF(0, high))
            high += step
        layout.endLayout()
        self.layout = layout
        return max(high, step)

    def formats(self) -> list[QTextLayout.FormatRange]:
        """Lists the looks that are not plain, each with where it begins and how long it is."""
        found, at = [], 0
        for span in self.shown or ():
            length = _units(span.text)
            if span.look:
                one = QTextLayout.FormatRange()
                one.start, one.length, one.format = at, length, look_of(span.look)
                found.append(one)
            at += length
        return found

    def tip_at(self, place: QPointF) -> str:
        """Returns what is told about what stands at a place of this paragraph."""
        if self.layout is None:
            return ""
        lines = [self.layout.lineAt(n) for n in range(self.layout.lineCount())]
        on = [line for line in lines if line.y() <= place.y() < line.y() + line.height()]
        at = on[0].xToCursor(place.x(), on[0].CursorPosition.CursorOnCharacter) if on else -1
        for span in self.shown or ():
            if 0 <= at < _units(span.text):
                return span.tip
            at -= _units(span.text)
        return ""


def _units(text: str) -> int:
    """Returns how long a text is as Qt counts: in UTF-16."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


class WholeText(QLabel):  # a label to who hears it; what is drawn is its own
    """Text as high as it needs to be: never cut, never elided, never scrolled by itself.

    Signals:
        laid_out: All of it has its place; before that, its height is an estimate.
    """

    laid_out = Signal()

    def __init__(self, text: str = "", role: str = "body", tone: str = "text") -> None:
        super().__init__()
        self.setWordWrap(True)
        self._role = role
        self._tone = tone
        self._raw = ""
        self._tells = False
        self._step = float(fonts.line(role))
        self._all: list[_Paragraph] = []
        self._heights: list[float] = []
        self._done = 0
        self._width = -1
        self._known: dict[int, int] = {}
        self._colours = tokens.current()
        self._turn = QTimer(self)
        self._turn.setInterval(0)
        self._turn.timeout.connect(self._lay_on)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.say(text)

    def say(self, text: str) -> None:
        """Shows another text."""
        self.show_spans((Span(text),))

    def show_spans(self, spans: Sequence[Span]) -> None:
        """Shows text in several looks."""
        self._raw = "".join(span.text for span in spans)
        self._all = [_Paragraph(one) for one in paragraphs(spans)]
        self._width = -1
        self._known = {}
        self._turn.stop()
        self.called("")
        self.updateGeometry()
        self.update()

    def called(self, name: str) -> WholeText:
        """Says to who does not see it what it is, before its words."""
        said = self._raw if self._is_long() else words.visible(self._raw)
        self.setAccessibleName(f"{name}: {said}" if name else said)
        return self

    def copyable(self) -> WholeText:
        """Lets it be reached by keyboard and copied whole."""
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setToolTip(words.tooltip("Ctrl+C copies the whole text."))
        return self

    def text(self) -> str:
        """Returns what is shown, with what the eye would miss spelled out."""
        made, at = [], 0
        for one in self._all:
            made.append(one.text())
            at += sum(len(span.text) for span in one.spans)
            if self._raw[at : at + 1] == "\n":  # else it was only broken to be laid out
                made.append("\n")
                at += 1
        return "".join(made)

    def is_whole(self) -> bool:
        """Says whether all of it is laid out."""
        return self._width >= 0 and self._done == len(self._all)

    def _is_long(self) -> bool:
        return sum(one.size for one in self._all) > AT_ONCE

    def _begin(self, width: int) -> None:
        """Begins to lay it out for a width; what is short is done at once."""
        if width == self._width:
            return
        self._width = width
        self._done = 0
        letters = max(1.0, width / max(1, fonts.metrics(self._role).averageCharWidth()))
        self._heights = [self._step * max(1, -int(-one.size // letters)) for one in self._all]
        self._lay_some(AT_ONCE)
        if self._done < len(self._all):
            self._turn.start()
        else:
            self._turn.stop()

    def _lay_some(self, most: int) -> None:
        while self._done < len(self._all) and most > 0:
            one = self._all[self._done]
            self._heights[self._done] = one.lay(self._role, self._width, self._step)
            self._done += 1
            if not self._tells and any(span.tip for span in one.shown or ()):
                self._tells = True  # most texts have nothing to tell, and hear of no event
                self.installEventFilter(self)
            most -= one.size

    @Slot()
    def _lay_on(self) -> None:
        self._lay_some(AT_ONCE)
        if self._done == len(self._all):
            self._turn.stop()
            self.updateGeometry()
            self.laid_out.emit()
        self.update()

    def heightForWidth(self, width: int) -> int:  # noqa: N802
        """Override QWidget.heightForWidth; what is long is measured for the width it has alone."""
        if width in self._known:
            return self._known[width]
        if self._width < 0 or not self._is_long():
            self._begin(max(40, width))
        high = round(sum(self._heights) + 0.5)
        if not self._is_long():
            self._known[width] = high
        return high

    def hasHeightForWidth(self) -> bool:  # noqa: N802
        """Override QWidget.hasHeightForWidth."""
        return True

    def sizeHint(self) -> QSize:  # noqa: N802
        """Override QWidget.sizeHint: as wide as its longest line, within reason."""
        letters = fonts.metrics(self._role)
        most = fonts.measures().unit * 30
        lines = (one.text()[:200] for one in self._all[:40])
        wide = max((letters.horizontalAdvance(line) for line in lines), default=0)
        return QSize(min(most, wide + 2), self.heightForWidth(self.width()))

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """Override QWidget.minimumSizeHint."""
        return QSize(40, round(self._step))

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Override QWidget.resizeEvent."""
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self._begin(max(40, event.size().width()))

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Override QWidget.paintEvent: draws the paragraphs that are to be seen."""
        if self._colours is not tokens.current():
            self._colours, self._width = tokens.current(), -1
        self._begin(max(40, self.width()))
        painter = QPainter(self)
        painter.setPen(tokens.current().tone(self._tone))
        ends = list(accumulate(self._heights))
        first = bisect_right(ends, event.rect().top())
        for one, end, high in zip(
            self._all[first : self._done], ends[first:], self._heights[first:], strict=False
        ):
            if end - high > event.rect().bottom():
                break
            if one.layout is not None:
                one.layout.draw(painter, QPointF(0, end - high))
        painter.end()
        if self.hasFocus():
            draw_ring(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """Override QObject.eventFilter: tells what a marked character is."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            tip = self._tip(event.pos().toPointF())
            if tip:
                QToolTip.showText(event.globalPos(), words.tooltip(tip), self)
                return True
        return super().eventFilter(watched, event)

    def _tip(self, place: QPointF) -> str:
        ends = list(accumulate(self._heights))
        at = bisect_right(ends, place.y())
        if at >= self._done:
            return ""
        return self._all[at].tip_at(QPointF(place.x(), place.y() - ends[at] + self._heights[at]))

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Override QWidget.keyPressEvent."""
        if event.matches(QKeySequence.StandardKey.Copy):
            QGuiApplication.clipboard().setText(self.text())
        else:
            super().keyPressEvent(event)
