"""One person: who they are, their keys through time, what they may decide, and what they did."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication, QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QFrame, QHBoxLayout, QVBoxLayout, QWidget

from converge_desktop.runtime.wording import run_label
from converge_desktop.ui import fonts, words
from converge_desktop.ui.pages import people_acts as acts
from converge_desktop.ui.pages.page import Tools
from converge_desktop.ui.widgets.buttons import Button
from converge_desktop.ui.widgets.chips import Chip, ChipRow, clear
from converge_desktop.ui.widgets.labels import Label, caption, rule
from converge_desktop.ui.widgets.lists import Panel
from converge_desktop.ui.widgets.scroll import ScrollBody, ScrollPage
from converge_desktop.ui.widgets.values import ValueTable

if TYPE_CHECKING:
    from converge_desktop.adapters.surreal import DecisionRow
    from converge_desktop.runtime.peopling import OperatorRow
    from converge_desktop.runtime.person_views import Moment, PersonView

SHOWN = 12
"""How many of the newest decisions are listed."""
_VERDICTS = {"approve": "approved", "reject": "rejected", "refine": "sent back", "edit": "edited"}


class PersonPane(QWidget):
    """Shows somebody.

    Signals:
        run_wanted: The person asks for the run of a decision.
    """

    run_wanted = Signal(str)

    def __init__(self, tools: Tools, locking: QWidget) -> None:
        super().__init__()
        self._tools = tools
        self._locking = locking
        self.row: OperatorRow | None = None
        self.person: PersonView | None = None
        unit = fonts.measures().unit
        header = Panel("header")
        self._title = Label("", "title").wrapped()
        self._chips = ChipRow()
        self.copy_button = Button("Copy the id", kind="compact")
        self.copy_button.clicked.connect(self.copy)
        top = QHBoxLayout()
        top.addWidget(self._title, 1)
        top.addWidget(self.copy_button)
        head = QVBoxLayout(header)
        head.setContentsMargins(unit * 3, unit + 4, unit * 3, unit + 4)
        head.setSpacing(unit)
        head.addLayout(top)
        head.addWidget(self._chips)
        body = ScrollBody()
        self._box = QBoxLayout(QBoxLayout.Direction.LeftToRight, body)
        self._box.setContentsMargins(unit * 3, unit * 2 + 2, unit * 3, unit * 3)
        self._box.setSpacing(unit * 4)
        self._left, self._right = QVBoxLayout(), QVBoxLayout()
        for side, share in ((self._left, 11), (self._right, 9)):
            side.setSpacing(unit)
            self._box.addLayout(side, share)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addWidget(header)
        outer.addWidget(ScrollPage(body), 1)
        self._build()

    def _build(self) -> None:
        unit = fonts.measures().unit
        self._about = Label("").wrapped()
        card = QFrame()
        card.setProperty("card", "plain")
        inner = QVBoxLayout(card)
        inner.setContentsMargins(unit * 2, unit + 4, unit * 2, unit + 4)
        self._values = ValueTable()
        inner.addWidget(self._values)
        self._moments, self._duties = QVBoxLayout(), QVBoxLayout()
        self._strands, self._decisions = QVBoxLayout(), QVBoxLayout()
        for part in (self._moments, self._duties, self._strands, self._decisions):
            part.setSpacing(unit // 2 + 2)
        self._left.addWidget(self._about)
        self._left.addWidget(card)
        self._left.addWidget(self._locking)
        self._section(self._left, "Keys through time", self._moments)
        self._left.addStretch(1)
        self._section(self._right, "Decided lately", self._decisions)
        self._section(self._right, "May decide", self._duties)
        self.strands_caption = self._section(self._right, "If they were revoked", self._strands)
        self._right.addStretch(1)

    def _section(self, side: QVBoxLayout, name: str, part: QVBoxLayout) -> QWidget:
        if side.count():
            side.addSpacing(fonts.measures().unit)
        head = caption(name)
        side.addWidget(head)
        side.addLayout(part)
        return head

    def show_row(self, row: OperatorRow, *, unlocked: bool) -> None:
        """Shows what is known of somebody at once; the rest is told as it comes."""
        other = self.row is None or self.row.operator_id != row.operator_id
        self.row = row
        if other:
            self.person = None
        self._title.say(row.name)
        self._chips.show_chips(*_chips(row, unlocked=unlocked))
        self._about.say(_about(row))
        self._locking.setVisible(row.sits)
        self._show_values()
        if other:
            for part in (self._moments, self._duties, self._strands, self._decisions):
                _fill(part, [_quiet("Reading…")])

    def show_person(self, person: PersonView) -> None:
        """Shows what the ledger and the packs say of them."""
        if self.row is None or person.operator_id != self.row.operator_id:
            return
        self.person = person
        self._show_values()
        now = self._tools.clock.now()
        _fill(self._moments, [_moment(one, now) for one in person.moments])
        duties = [
            _lines(f"{one.how}", f"{one.pack}: {one.rule}, {one.risk} risk")
            for one in person.duties
        ]
        none = "No rule of a pack names them." if self.row.state == "enrolled" else "Nothing."
        _fill(self._duties, duties or [_quiet(none)])
        stands = self.row.state == "enrolled"
        self.strands_caption.setVisible(stands)
        told = [Label(one, "small", "caution").wrapped() for one in acts.consequences(person)]
        if person.last:
            told = [_quiet("They are the last who may decide here, and cannot be revoked.")]
        nothing = [_quiet("Everything that is asked could still be decided by others.")]
        _fill(self._strands, (told or nothing) if stands else [])

    def show_decisions(self, operator_id: str, rows: list[DecisionRow]) -> None:
        """Shows what they decided, newest first."""
        if self.row is None or operator_id != self.row.operator_id:
            return
        now = self._tools.clock.now()
        made = [self._decision(row, now) for row in rows[:SHOWN]]
        if len(rows) > SHOWN:
            made.append(_quiet(f"And {len(rows) - SHOWN:,} before that."))
        _fill(self._decisions, made or [_quiet("Nothing yet.")])

    def no_decisions(self, operator_id: str, error: BaseException) -> None:
        """Says why it is not known what they decided."""
        if self.row is not None and operator_id == self.row.operator_id:
            said = f"The database cannot say. {words.problem(error)}"
            _fill(self._decisions, [Label(said, "small", "caution").wrapped()])

    def copy(self) -> None:
        """Puts the id on the clipboard."""
        if self.row is not None:
            QGuiApplication.clipboard().setText(self.row.operator_id)
            self._tools.routes.tell_copied(self.row.operator_id)

    def _show_values(self) -> None:
        row, person = self.row, self.person
        assert row is not None
        values = [("id", row.operator_id)]
        if person is not None:
            values.append(("fingerprint", acts.in_two(person.fingerprint)))
        values += [("public key", row.public_key), ("key lies in", row.here or "another desk")]
        self._values.show_rows(values)

    def _decision(self, row: DecisionRow, now: int) -> QWidget:
        verdict = _VERDICTS.get(row.verdict, row.verdict)
        made = QWidget()
        line = QHBoxLayout(made)
        line.setContentsMargins(0, 0, 0, 0)
        why = f": {words.sentence(row.reason)}" if row.reason else ""
        when = words.clock_time(row.at, now)
        line.addWidget(_lines(row.title, f"{verdict} {when}, record {row.seq:,}{why}"), 1)
        button = Button(run_label(row.run), kind="flat")
        button.setAccessibleName(f"Show {run_label(row.run)}: {words.one_line(row.title)}")
        button.clicked.connect(partial(self.run_wanted.emit, row.run))
        line.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)
        return made

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Override QWidget.resizeEvent: what does not fit beside goes beneath."""
        super().resizeEvent(event)
        narrow = event.size().width() < fonts.measures().unit * 90
        down = QBoxLayout.Direction.TopToBottom
        self._box.setDirection(down if narrow else QBoxLayout.Direction.LeftToRight)


def _chips(row: OperatorRow, *, unlocked: bool) -> list[QWidget]:
    made: list[QWidget] = []
    if row.state == "revoked":
        made.append(Chip("revoked", "danger"))
    else:
        made.append(Chip("may decide here", "good"))
    if row.sits:
        made.append(Chip("decides here now", "accent"))
        made.append(Chip("unlocked", "good") if unlocked else Chip("locked", "caution"))
    if row.here:
        made.append(Chip(row.here, "caution" if row.here == acts.PLAIN else "plain"))
    return made


def _about(row: OperatorRow) -> str:
    """Says in sentences how somebody stands, and what there is to do."""
    if row.state == "revoked":
        return (
            f"Revoked by {row.by} on {words.full_time(row.at)}: {words.sentence(row.reason)} What "
            "they decided before stands."
        )
    if row.here == acts.PLAIN:
        return (
            f"The key lies in {acts.place(row.here)}. Locking it asks for one press of a key and "
            "for nothing that only its owner knows: protect it."
        )
    if row.here:
        return f"The key lies in {acts.place(row.here)}."
    return (
        "Their key is at another desk, or in a keyring that did not answer. They decide there: "
        "send them a request, and bring in their vote."
    )


def _moment(one: Moment, now: int) -> QWidget:
    by = f" by {one.by}" if one.by else ", the first at this desk"
    said = {"enrolled": f"Enrolled{by}", "another key": "Took another key"}
    title = said.get(one.what, f"Revoked{by}")
    why = f": {words.sentence(one.reason)}" if one.reason else ""
    return _lines(title, f"{words.clock_time(one.at, now)}, record {one.seq:,}{why}")


def _lines(title: str, more: str) -> QWidget:
    made = QWidget()
    column = QVBoxLayout(made)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(0)
    column.addWidget(Label(title).wrapped())
    column.addWidget(Label(more, "small", "muted").wrapped())
    return made


def _quiet(text: str) -> Label:
    return Label(text, "small", "muted").wrapped()


def _fill(part: QVBoxLayout, widgets: list[QWidget] | list[Label]) -> None:
    clear(part)
    for number, widget in enumerate(widgets):
        if number:
            part.addWidget(rule())
        part.addWidget(widget)
