"""Two small windows over the main one: find an action, and the sheet of keys."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QObject, Qt, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QLineEdit, QScrollArea, QVBoxLayout, QWidget

from converge_desktop.ui import fonts
from converge_desktop.ui.actions import GROUPS, Action, spoken
from converge_desktop.ui.focus_order import move_focus
from converge_desktop.ui.models.looks import RowLook
from converge_desktop.ui.models.rows import RowModel
from converge_desktop.ui.widgets.labels import Elided, Label, caption
from converge_desktop.ui.widgets.lists import RowList, select_in, step_in


class Overlay(QFrame):
    """A panel over the window that goes with Escape or when the focus leaves it."""

    def __init__(self, host: QWidget, name: str) -> None:
        super().__init__(host)
        self.setObjectName("overlay")
        self.setAccessibleName(name)
        self._host = host
        self._back: QWidget | None = None
        self._tall = 0
        host.installEventFilter(self)
        self.hide()

    def open(self) -> None:
        """Shows the panel in the upper middle of the window."""
        self._back = self._host.focusWidget()
        self._place()
        self.show()
        self.raise_()

    def leave(self) -> None:
        """Hides the panel and gives the focus back."""
        self.hide()
        if self._back is not None and self._back.isVisible():
            self._back.setFocus(Qt.FocusReason.OtherFocusReason)
        self._back = None

    def focusNextPrevChild(self, next: bool) -> bool:  # noqa: A002, N802
        """Override QWidget.focusNextPrevChild: Tab goes round; what lies under hears no key."""
        return move_focus(self, self._host.focusWidget(), forward=next) or True

    def _place(self) -> None:
        unit = fonts.measures().unit
        wide = min(unit * 80, self._host.width() - unit * 8)
        high = min(self._tall, self._host.height() - unit * 12)
        self.setGeometry((self._host.width() - wide) // 2, unit * 7, wide, high)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """Override QObject.eventFilter: stays in the middle of its window."""
        if watched is self._host and event.type() == QEvent.Type.Resize and self.isVisible():
            self._place()
        return super().eventFilter(watched, event)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Override QFrame.keyPressEvent."""
        if event.key() == Qt.Key.Key_Escape:
            self.leave()
        else:
            super().keyPressEvent(event)


class Palette(Overlay):
    """Finds an action by its words and does it."""

    def __init__(
        self, host: QWidget, actions: Sequence[Action], can_do: Callable[[Action], bool]
    ) -> None:
        super().__init__(host, "Find an action")
        self._can_do = can_do
        self._actions = [a for a in actions if a.id != "help.palette"]
        self.model: RowModel[Action] = RowModel(lambda a: a.id, _look, self)
        self.edit = QLineEdit()
        self.edit.setPlaceholderText("What do you want to do?")
        self.edit.setAccessibleName("Find an action")
        self.edit.setFont(fonts.font("body"))
        self.edit.textChanged.connect(self._on_text)
        self.edit.installEventFilter(self)
        self.list = RowList(self.model, "Actions", lines=1)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.clicked.connect(self._run)
        self.list.moved.connect(self._on_moved)
        self.about = Elided("", "small", "muted")
        unit = fonts.measures().unit
        column = QVBoxLayout(self)
        column.setContentsMargins(unit, unit, unit, unit)
        column.setSpacing(unit)
        column.addWidget(self.edit)
        column.addWidget(self.list, 1)
        column.addWidget(self.about)
        self._tall = unit * 48

    def open(self) -> None:
        """Override Overlay.open."""
        self.edit.clear()
        self.model.set_rows([a for a in self._actions if self._can_do(a)])
        super().open()
        select_in(self.list, 0)
        self.edit.setFocus(Qt.FocusReason.PopupFocusReason)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """Override QObject.eventFilter: arrows and Return work from the line."""
        if watched is self.edit and isinstance(event, QKeyEvent):
            if event.type() == QEvent.Type.KeyPress:
                moves = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}
                key = Qt.Key(event.key())
                if key in moves:
                    step_in(self.list, moves[key])
                    return True
                if key in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
                    self._run()
                    return True
            if event.key() == Qt.Key.Key_Escape and event.type() == QEvent.Type.ShortcutOverride:
                event.accept()
                return True
        return super().eventFilter(watched, event)

    @Slot(str)
    def _on_text(self, text: str) -> None:
        wanted = text.casefold().split()
        self.model.set_filter(lambda a: all(w in a.title.casefold() for w in wanted))
        select_in(self.list, 0)

    @Slot(int)
    def _on_moved(self, number: int) -> None:
        action = self.model.row_at(number)
        self.about.say("" if action is None else action.authority())

    @Slot()
    def _run(self) -> None:
        action = self.model.row_at(self.list.currentIndex().row())
        if action is not None:
            self.leave()
            if self._can_do(action):  # it may have changed since the list was made
                action.callback()


def _look(action: Action) -> RowLook:
    keys = " or ".join(spoken(s) for s in action.shortcut)
    spoken_ = ", ".join(filter(None, (action.title, keys, action.authority())))
    return RowLook(title=action.title, right=keys, spoken=spoken_)


class KeySheet(Overlay):
    """All keys, by group, and what each writes into the ledger. It is filled when it is wanted."""

    def __init__(self, host: QWidget, actions: Sequence[Action]) -> None:
        super().__init__(host, "Keys")
        self._actions = actions
        unit = fonts.measures().unit
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        column = QVBoxLayout(self)
        column.setContentsMargins(unit, unit * 2, unit, unit)
        column.setSpacing(unit)
        head = Label("Keys", "heading")
        head.setContentsMargins(unit * 2, 0, 0, 0)
        column.addWidget(head)
        column.addWidget(self._scroll, 1)
        self._tall = unit * 78
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def open(self) -> None:
        """Override Overlay.open."""
        if self._scroll.widget() is None:
            table = self._table()
            self._scroll.setWidget(table)
            table.setAutoFillBackground(False)
            self._scroll.viewport().setAutoFillBackground(False)
        super().open()
        self.setFocus(Qt.FocusReason.PopupFocusReason)

    def _table(self) -> QWidget:
        unit = fonts.measures().unit
        inner = QWidget()
        grid = QGridLayout(inner)
        grid.setContentsMargins(unit * 2, unit, unit * 2, unit * 2)
        grid.setHorizontalSpacing(unit * 3)
        grid.setVerticalSpacing(unit // 2)
        grid.setColumnStretch(1, 1)
        line = 0
        for group in GROUPS:
            grid.addWidget(caption(group), line, 0, 1, 2)
            grid.setRowMinimumHeight(line, unit * 3)
            line += 1
            for action in self._actions:
                if action.group == group and action.shortcut:
                    line = _add_row(grid, line, action)
        grid.setRowStretch(line, 1)
        return inner


def _add_row(grid: QGridLayout, line: int, action: Action) -> int:
    """Adds what an action is called, by which keys, and what it writes; returns the next line."""
    keys = "  or  ".join(spoken(s) for s in action.shortcut)
    grid.addWidget(Label(keys, "mono-small"), line, 0)
    grid.addWidget(Label(action.title).wrapped(), line, 1)
    if not action.writes:
        return line + 1
    grid.addWidget(Label(action.authority(), "small", "muted").wrapped(), line + 1, 1)
    return line + 2
