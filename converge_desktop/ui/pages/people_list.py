"""The list of the people's page, and beneath it what comes from other desks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QVBoxLayout

from converge_desktop.ui import fonts, words
from converge_desktop.ui.models.looks import RowLook
from converge_desktop.ui.models.rows import RowModel
from converge_desktop.ui.pages import people_acts as acts
from converge_desktop.ui.pages.page import column
from converge_desktop.ui.widgets.buttons import Button
from converge_desktop.ui.widgets.labels import Elided, Label, caption
from converge_desktop.ui.widgets.listbar import list_bar
from converge_desktop.ui.widgets.lists import Panel, RowList

if TYPE_CHECKING:
    from converge_desktop.runtime.peopling import OperatorRow

ELSEWHERE = (
    "A request, a vote or a key that somebody carried here is looked at first; it may be dropped "
    "on this page. To ask another desk, choose the proposal in the Inbox (Ctrl Shift A)."
)
SHARED = (
    "More than one person's key opens here to whoever is logged in. Where two people must agree, "
    "have each protect theirs with a passphrase of their own."
)


class PeopleList(Panel):
    """Everybody who was ever enrolled."""

    def __init__(self) -> None:
        super().__init__("master")
        self.model: RowModel[OperatorRow] = RowModel(lambda r: r.operator_id, person_look, self)
        self.view = RowList(self.model, "People")
        self._count = Elided("", "small", "muted")
        self.enrol_button = Button("Enrol…", "N", "compact").stands_for("people.enrol")
        self.open_button = Button("Open a file…", "O", "compact").stands_for("people.open")
        self.shared = Label(SHARED, "small", "caution").wrapped()
        self.shared.hide()
        self._reading = Label("", "small", "muted").wrapped()
        self._reading.hide()
        unit = fonts.measures().unit
        foot = Panel("listfoot")
        below = QVBoxLayout(foot)
        below.setContentsMargins(unit + 4, unit + 4, unit + 4, unit + 4)
        below.setSpacing(unit)
        below.addWidget(self.shared)
        below.addWidget(caption("From other desks"))
        below.addWidget(Label(ELSEWHERE, "small", "muted").wrapped())
        below.addWidget(self.open_button)
        below.addWidget(self._reading)
        self.setLayout(column(list_bar(self._count, self.enrol_button), self.view, foot))

    def rows(self) -> list[OperatorRow]:
        """Returns everybody, in the order of the list."""
        found = (self.model.row_at(number) for number in range(self.model.rowCount()))
        return [row for row in found if row is not None]

    def show_rows(self, rows: tuple[OperatorRow, ...]) -> None:
        """Shows these people."""
        self.model.set_rows(rows)
        stands = [row for row in rows if row.state == "enrolled"]
        many = words.count(len(stands), "person", "people") if stands else "Nobody"
        self._count.say(f"{many} may decide here")
        self.shared.setVisible(sum(r.here in {acts.KEYRING, acts.PLAIN} for r in stands) > 1)

    def read(self, said: str) -> None:
        """Says what is being read; nothing once it was."""
        self._reading.say(said)
        self._reading.setVisible(bool(said))
        self.open_button.setEnabled(not said)


def person_look(row: OperatorRow) -> RowLook:
    """Returns how somebody looks in the list."""
    revoked = row.state == "revoked"
    where = row.here and f"key in {'the ' if row.here == acts.KEYRING else 'a '}{row.here}"
    state = "revoked" if revoked else "may decide"
    parts = [state, where or ("" if revoked else "key at another desk")]
    right = "decides here now" if row.sits else ""
    said = ", ".join(filter(None, (row.name, right, *parts)))
    return RowLook(
        title=row.name,
        subtitle=" · ".join(filter(None, parts)),
        right=right,
        right_tone="accent",
        badge=row.name[:1].upper(),
        badge_tone="accent" if row.sits else "muted",
        spoken=said,
        faint=revoked,
    )
