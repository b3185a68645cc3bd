"""The status bar: who, what runs, which model, whether the record holds, what it costs."""

from __future__ import annotations

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from converge_desktop.runtime.readmodel import ModelView, Status
from converge_desktop.ui import fonts, tokens, words
from converge_desktop.ui.clock import UiClock
from converge_desktop.ui.widgets.buttons import IconButton
from converge_desktop.ui.widgets.labels import Elided, Label, set_property


class _Dot(QWidget):
    """Full where unlocked, hollow where locked."""

    def __init__(self) -> None:
        super().__init__()
        self._unlocked = False
        self.setFixedSize(9, 9)

    def tell(self, *, unlocked: bool) -> None:
        """Shows whether the key is unlocked."""
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
        self.operator = self._part()
        self.engine = self._part()
        self.model = self._part()
        self.ledger = self._part()
        self.view = self._part()
        self.budgets = Elided("", "small", "muted")
        self.budgets.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        row = QHBoxLayout(self)
        row.setContentsMargins(unit + 4, 0, unit + 6, 0)
        row.setSpacing(0)
        row.addWidget(self._dot)
        row.addSpacing(unit - 2)
        for label in (self.operator, self.engine, self.model, self.ledger, self.view):
            row.addWidget(label)
            row.addSpacing(unit * 2)
        row.addWidget(self.budgets, 1)
        row.addSpacing(unit)
        self.menu = IconButton("menu", "Menu (F10)", 14)
        self.menu.setFixedHeight(fonts.line("small") + 4)
        row.addWidget(self.menu)
        self.setFixedHeight(fonts.line("small") + unit + 4)
        self.tell(Status())

    def _part(self) -> Label:
        made = Label("", "small", "muted")
        made.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Preferred)
        return made

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
        self.ledger.say(words_)
        self.ledger.setToolTip(words.tooltip(status.ledger_problem))
        set_property(self.ledger, "tone", tone)
        words_, tone = view_words(status)
        self.view.say(words_)
        self.view.setVisible(bool(words_))
        self.view.setToolTip(words.tooltip(words.sentence(status.view_problem)))
        set_property(self.view, "tone", tone)
        self.budgets.say(f"Budget: {status.budgets}" if status.budgets else "")

    def _ledger_words(self, status: Status) -> tuple[str, str]:
        record = f"Ledger {status.ledger_seq:,}"
        if status.ledger_state == "verified":
            at = status.ledger_verified_at
            when = f" {words.clock_time(at, self._clock.now())}" if at else ""
            return f"{record} · verified{when}", "muted"
        if status.ledger_state in {"verifying", "unverified"}:
            return f"{record} · {status.ledger_state}", "muted"
        return f"{record} · ✕ {status.ledger_state}", "danger"


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
