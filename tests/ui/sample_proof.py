"""Proof of single records, as the desk of the sample makes and checks it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from converge_desktop.runtime.desk_model import Status
from converge_desktop.runtime.ledger_model import CheckedEvidence, Exported, RecordView

DESK = "00c0ffee12345678"
KEY = "3b6a27bcceb6a42d62a3a8d02a6f0d73" * 2


def answers(status: Status) -> dict[str, Any]:
    """What a desk answers that is signed as ``status`` says."""
    who, at = status.signed_by, status.signed_at

    def prove(seq: int, path: Path) -> Exported:
        """It is there with who opened the desk, and who enrolled the one who signed."""
        return Exported(f"record {seq}", str(path), 3, 48_200, who, at)

    return {"prove": prove, "check_evidence": lambda path: checked(path, who, at)}


def checked(path: Path, who: str, at: int) -> CheckedEvidence:
    """What comes of checking a file about a record: it holds, and is of the ledger here."""
    return CheckedEvidence(
        path=str(path),
        about="record 48191",
        record=48_191,
        stands="it is a record of run r-0192, trace_recorded",
        operator=who,
        at=at,
        key=KEY,
        records=3,
        desk=DESK,
    )


BODY = """{
  "operator": {
    "id": "ada#2bd806c9",
    "public_key": "3b6a27bcceb6a42d62a3a8d02a6f0d733b6a27bcceb6a42d62a3a8d02a6f0d73"
  },
  "welcome": null
}"""


def of_the_desk(view: RecordView) -> RecordView:
    """Returns a record of no run: somebody was enrolled."""
    summary = "from now on ada#2bd806c9 may decide"
    row = replace(view.row, kind="operator-enrolled", run_id="", summary=summary)
    return replace(view, row=row, run_label="", gate="", body=BODY)
