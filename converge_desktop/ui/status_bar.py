"""The status bar: who, what runs, which model, whether the record holds, what it costs."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QPointF, QSize, Qt, Slot
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from converge_desktop.runtime.desk_model import ModelView, Status
from converge_desktop.runtime.port import RecallChanged
from converge_desktop.ui import fonts, tokens, words
from converge_desktop.ui.clock import UiClock
from converge_desktop.ui.widgets.buttons import IconButton
from converge_desktop.ui.widgets.labels import Elided, Label, set_property

_MESSAGES = "Messages of this session"
_LONG_S = 2.0
"""How long recall may catch up before it is told, in seconds."""


class _Dot(QWidget):
    """Full where unlocked, hollow where locked."""

    def __init__(self) -> None:
        super().__init__()
        self._unlocked = False
        self.setFixedSize(9, 9)

    def tell(self, *, unlocked: bool) -> None:
        """Shows whether the key is unlocked."""
        if self.accessibleName() and unlocked == self._unlocked:
            return
        self._unlocked = unlocked
        self.setAccessibleName("Unlocked" if unlocked else "Locked")
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802, ARG002
        """Override QWidget.paintEvent."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ink = tokens.current().tone("good" if self._unlocked else "caution")
        painter.setPen(ink)
        painter.setBrush(ink if self._unlocked else Qt.BrushStyle.NoBrush)
        painter.drawEllipse(QPointF(4.5, 4.5), 3, 3)


class _Part(Elided):
    """Something that is said as long as there is room, and else when the pointer rests on it."""

    def __init__(self, *, firm: bool = False) -> None:
        """Makes one; a firm one is always said whole."""
        self._firm = firm
        super().__init__("", "small", "muted")
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)

    def say(self, text: str, exact: str = "") -> None:
        """Override Elided.say: what it asks for follows what it says."""
        before = self._whole
        super().say(text, exact)
        if self._whole != before:
            self.updateGeometry()

    def sizeHint(self) -> QSize:  # noqa: N802
        """Override QLabel.sizeHint."""
        wide = self.fontMetrics().horizontalAdvance(self._whole)
        return QSize(wide + 1, super().sizeHint().height())

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """Override QLabel.minimumSizeHint."""
        whole = self.sizeHint()
        return whole if self._firm else QSize(0, whole.height())


class StatusBar(QWidget):
    """One line, always there."""

    def __init__(self, clock: UiClock) -> None:
        super().__init__()
        self._clock = clock
        self.setObjectName("statusbar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAccessibleName("Status")
        unit = fonts.measures().unit
        self._dot = _Dot()
        self.operator, self.engine, self.model = _Part(firm=True), _Part(), _Part()
        self.ledger, self.view, self.recall = _Part(), _Part(), _Part()
        self.recall.hide()
        self._filling_since: float | None = None
        self.budgets = Elided("", "small", "muted")
        self.budgets.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        row = QHBoxLayout(self)
        row.setContentsMargins(unit + 4, 0, unit + 6, 0)
        row.setSpacing(0)
        row.addWidget(self._dot)
        row.addSpacing(unit - 2)
        firm = (self.operator, self.engine, self.model, self.ledger)
        for label in (*firm, self.view, self.recall):
            row.addWidget(label)
            row.addSpacing(unit * 2)
        row.addWidget(self.budgets, 1)
        row.addSpacing(unit)
        self.missed = Label("", "small-strong", "accent")
        self.missed.hide()
        self.messages = IconButton("messages", _MESSAGES, 14)
        self.messages.setFixedHeight(fonts.line("small") + 4)
        row.addWidget(self.missed)
        row.addWidget(self.messages)
        self.menu = IconButton("menu", "Menu (F10)", 14)
        self.menu.setFixedHeight(fonts.line("small") + 4)
        row.addWidget(self.menu)
        self.setFixedHeight(fonts.line("small") + unit + 4)
        self.tell(Status())

    @Slot(int)
    def tell_missed(self, count: int) -> None:
        """Shows how many messages came since the list of them was looked at."""
        self.missed.say(str(count))
        self.missed.setVisible(bool(count))
        title = f"{_MESSAGES}, {count} new" if count else _MESSAGES
        self.messages.setAccessibleName(title)
        self.messages.setToolTip(words.tooltip(title))

    @Slot(object)
    def tell_recall(self, change: RecallChanged) -> None:
        """Shows how recall stands, where it has caught up for long or failed."""
        now = self._clock.monotonic()
        if change.state != "filling":
            self._filling_since = None
        elif self._filling_since is None:
            self._filling_since = now
        long = self._filling_since is not None and now - self._filling_since >= _LONG_S
        said, exact, tone = recall_words(change) if long or change.state == "failed" else ("",) * 3
        self.recall.say(said, exact)
        self.recall.setVisible(bool(said))
        set_property(self.recall, "tone", tone)

    def tell(self, status: Status) -> None:
        """Shows how things stand."""
        self._dot.tell(unlocked=status.unlocked)
        state = "unlocked" if status.unlocked else "locked"
        self.operator.say(f"{status.operator}, {state}" if status.operator else state.capitalize())
        self.engine.say(f"Engine: {status.engine}")
        words_, tone = model_words(status.model)
        self.model.say(words_)
        set_property(self.model, "tone", tone)
        words_, tone = self._ledger_words(status)
        self.ledger.say(words_, status.ledger_problem or self._verified_at(status))
        set_property(self.ledger, "tone", tone)
        words_, tone = view_words(status)
        self.view.say(words_, words.sentence(status.view_problem))
        self.view.setVisible(bool(words_))
        set_property(self.view, "tone", tone)
        self.budgets.say(f"Budget: {status.budgets}" if status.budgets else "")

    def _verified_at(self, status: Status) -> str:
        at = status.ledger_verified_at
        return f"Verified {words.full_time(at)}" if at else ""

    def _ledger_words(self, status: Status) -> tuple[str, str]:
        record = f"Ledger {status.ledger_seq:,}"
        if status.ledger_state == "verified":
            at = status.ledger_verified_at
            when = f" {words.clock_time(at, self._clock.now())}" if at else ""
            return f"{record} · verified{when}", "muted"
        if status.ledger_state in {"verifying", "unverified"}:
            return f"{record} · {status.ledger_state}", "muted"
        return f"{record} · ✕ {status.ledger_state}", "danger"


def at_rest(model: ModelView) -> ModelView:
    """Returns a model without whether it is asked just now, and how fast it answers."""
    if model.state not in {"ready", "busy"}:
        return model
    other = model.doing if model.doing != model.name else ""
    return replace(model, state="ready", doing=other, tokens_per_second=0)


def without_figures(status: Status) -> Status:
    """Returns how things stand without what moves with everything that is recorded."""
    rest = replace(status, model=at_rest(status.model), engine="", budgets="")
    return replace(rest, ledger_seq=0, view_seq=0, view_share=0)


_DOING = {"loading": "loading", "measuring": "measuring", "busy": "asking"}


def model_words(model: ModelView) -> tuple[str, str]:
    """Says which model is in use and which is being loaded, measured or asked; and its tone."""
    other = model.doing if model.doing != model.name else ""
    match model.state:
        case "none":
            return "No model", "caution"
        case "failed":
            return f"✕ {model.name or 'Model'} failed to load", "danger"
        case "loading" | "measuring" if not model.sha256 or not other:
            return f"{model.doing or model.name or 'Model'} · {_DOING[model.state]}…", "muted"
    parts = [model.name] if model.name else []
    if model.tokens_per_second and not other:
        parts.append(f"{model.tokens_per_second:,} tokens/s")
    if model.grade:
        parts.append(f"replay {model.grade}")
    if other and model.state in _DOING:
        parts.append(f"{_DOING[model.state]} {other}…")
    elif model.state == "busy":
        parts.append("busy")
    return " · ".join(parts), "muted"


def recall_words(change: RecallChanged) -> tuple[str, str, str]:
    """Says how recall stands, what that means, and its tone."""
    if change.state == "failed":
        trouble = words.sentence(change.trouble)
        upto = "Nothing is recalled meanwhile"
        if change.seq >= 0:
            upto = f"What is recalled meanwhile, if anything, ends at record {change.seq:,}"
        exact = f"{trouble} {upto}; it is tried again by itself."
        return "✕ Recall failed", exact, "caution"
    return (
        f"Recall: catching up, record {max(change.seq, 0):,}",
        "What was found and decided later than that is not recalled yet. Nothing waits for it.",
        "muted",
    )


def view_words(status: Status) -> tuple[str, str]:
    """Says how far the database is behind the ledger, and its tone."""
    behind = status.ledger_seq - status.view_seq
    match status.view_state:
        case "ready" if behind > 0:
            late = f"{words.count(behind, 'record')} behind"
            return f"Database up to #{status.view_seq:,}, {late}", "muted"
        case "ready":
            return "Database up to date", "muted"
        case "filling":
            return f"Database filling {words.percent(status.view_share)}", "muted"
        case "starting" | "opening":
            return f"Database {status.view_state}", "muted"
    return f"✕ Database {status.view_state}", "caution"
