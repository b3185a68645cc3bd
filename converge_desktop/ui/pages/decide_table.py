"""What can be done about a proposal that waits: in code, for people, by which keys."""

from __future__ import annotations

CHORD = ("Ctrl+Return", "Ctrl+Enter")
Row = tuple[str, str, tuple[str, ...], str]
"""What it is called in code and for people, its keys, and what it writes into the ledger."""

TABLE: tuple[Row, ...] = (
    ("approve", "Approve, or confirm the box that is open", CHORD, "your signed answer"),
    ("point", "Point at Approve (decides nothing)", ("A",), ""),
    ("reject", "Reject with a reason…", ("R",), "your signed rejection and its reason"),
    ("refine", "Send back with feedback…", ("F",), "your signed feedback, as a fact"),
    ("edit", "Edit and approve…", ("E",), "your signed edit"),
    ("extend", "Extend the deadline…", ("T",), "that you moved the deadline"),
    ("delegate", "Delegate your vote…", ("D",), "to whom you handed your vote over"),
    ("escalate", "Escalate…", ("U",), "that you had others asked, and why"),
    ("request", "Request a vote from another desk…", (), "a checkpoint"),
    ("import", "Bring a vote in…", (), "a vote that was signed elsewhere"),
)
MORE = TABLE[5:]
"""What is done beside answering."""
