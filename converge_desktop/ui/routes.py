"""How a page asks for another: signals that the main window connects."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal, Slot


class Routes(QObject):
    """One object that every page is handed.

    Signals:
        page: Go to a page, by its id.
        run: Show a run, by its id.
        moment: Show a run as it stood: its id, a record's number, and that one's time.
        trace: Show a trace, by its id.
        compared: Show two traces compared, by their ids.
        gate: Show a waiting proposal, by its gate's id.
        fact: Show where a fact came from: run id, fact id.
        record: Show a record of the ledger, by its number.
        unlock: Ask for what opens the person's key.
        start: Offer to start a run of a pack, by its id; empty offers all.
        say: Show a sentence: severity, text, topic. A later one replaces one on the same topic.
    """

    page = Signal(str)
    run = Signal(str)
    moment = Signal(str, object, object)
    trace = Signal(str)
    compared = Signal(str, str)
    gate = Signal(str)
    fact = Signal(str, str)
    record = Signal(object)
    unlock = Signal()
    start = Signal(str)
    say = Signal(str, str, str)

    @Slot(str)
    def tell_copied(self, identifier: str) -> None:
        """Says that an id lies on the clipboard."""
        self.say.emit("info", f"Copied the id {identifier}.", "copied")
