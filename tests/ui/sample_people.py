"""People for the window: three who may decide, one who may not any more, and files they carry."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from converge_core.ballot import Asked, Ballot
from converge_core.capsule import About
from converge_core.capsule_check import Holding
from converge_core.checkpoint import Checkpoint, SignedCheckpoint
from converge_core.ids import ApprovalId, GateId, OperatorId, RunId
from converge_core.review import Decision, Operator, Verdict
from converge_desktop.adapters.surreal.answers import DecisionRow
from converge_desktop.runtime.ballots import Request
from converge_desktop.runtime.deciding_model import Answered
from converge_desktop.runtime.desk_model import PackRow, PackWaiting
from converge_desktop.runtime.peopling import ExportedKey, OperatorRow
from converge_desktop.runtime.person_views import Duty, Moment, PersonView, Stranded
from converge_desktop.runtime.wording import fingerprint
from tests.ui import sample

DAY = 24 * sample.HOUR
KEYS = {name: digit * 64 for name, digit in zip(("ada", "ben", "cleo", "dov"), "7b3e", strict=True)}
ADA, BEN, CLEO, DOV = "ada#7c31f0aa", "ben#b2e95d17", "cleo#30c8e6f1", "dov#e41a92bb"

ROWS = (
    OperatorRow(ADA, "ada", KEYS["ada"], "enrolled", here="keyring", sits=True),
    OperatorRow(BEN, "ben", KEYS["ben"], "enrolled", here="file under a passphrase"),
    OperatorRow(CLEO, "cleo", KEYS["cleo"], "enrolled"),
    OperatorRow(*(DOV, "dov", KEYS["dov"], "revoked", ADA, "left the team", sample.NOW - 40 * DAY)),
)
PLAIN = (
    OperatorRow(ADA, "ada", KEYS["ada"], "enrolled", here="plain file", sits=True),
    OperatorRow(BEN, "ben", KEYS["ben"], "enrolled", here="plain file"),
)
RELEASE = "Release readiness"


def duties(how: str) -> tuple[Duty, ...]:
    return (
        Duty(RELEASE, "releasing-needs-a-human", "high", how),
        Duty(RELEASE, "conditions-need-a-human", "high", how),
        Duty(RELEASE, "holding-needs-a-human", "medium", "decides alone"),
    )


PEOPLE = {
    ADA: PersonView(
        ADA,
        fingerprint(KEYS["ada"]),
        (
            Moment(2, sample.NOW - 210 * DAY, "enrolled"),
            Moment(30_112, sample.NOW - 62 * DAY, "another key", ADA, "a new laptop"),
        ),
        duties("one vote; it takes 2 people"),
        (),
        last=False,
    ),
    BEN: PersonView(
        BEN,
        fingerprint(KEYS["ben"]),
        (Moment(411, sample.NOW - 180 * DAY, "enrolled", ADA),),
        duties("one vote; it takes 2 people"),
        (
            Stranded(
                "g-1",
                "Hold converge-desktop 0.4.0",
                "1 more approval is needed, and 0 of those present can give one",
            ),
            Stranded(
                "",
                f"{RELEASE}: releasing-needs-a-human",
                "2 approvals are asked for, and the roster has 1",
            ),
        ),
        last=False,
    ),
    CLEO: PersonView(
        CLEO,
        fingerprint(KEYS["cleo"]),
        (Moment(39_807, sample.NOW - 20 * DAY, "enrolled", BEN),),
        duties("asked if it is escalated"),
        (),
        last=False,
    ),
    DOV: PersonView(
        DOV,
        fingerprint(KEYS["dov"]),
        (
            Moment(420, sample.NOW - 179 * DAY, "enrolled", ADA),
            Moment(34_008, sample.NOW - 40 * DAY, "revoked", ADA, "left the team"),
        ),
        (),
        (),
        last=False,
    ),
}


def decided(who: str) -> tuple[list[DecisionRow], int]:
    if who == CLEO:
        return [], 48_213
    rows = [
        ("Hold billing 2.1.0", "high", "approve", "two modules fail", 3),
        ("Release converge-desktop 0.3.2", "high", "approve", "", 26),
        ("Release billing 2.0.9", "high", "reject", "A source is missing or out of date.", 51),
    ]
    made = [
        DecisionRow(
            *(f"d-{n}", "r-0190", f"g-{n}", title, risk, who, verdict, reason),
            *(sample.NOW - hours * sample.HOUR, 48_100 - hours * 40),
        )
        for n, (title, risk, verdict, reason, hours) in enumerate(rows)
    ]
    return made, 48_213


SHOWN = (
    "Release billing 2.2.0 under two conditions",
    "high risk, asked by rule conditions-need-a-human: it cannot be taken back.",
    "  It becomes a fact under Strategies, with you as its approver.",
    "  Nothing is executed: the 2 steps of the plan are for people to do.",
    "  support  All 412 tests pass.",
    "  concern  Line coverage is 74.1 %, and at least 75.0 % are wanted.",
    "  tests.write      Write tests for uncovered lines for 74.1 %",
    "  code.review      Review the changed code once more for 1",
    "  line coverage: 74.1 % at least 75.0 % (coverage.xml, /coverage/@line-rate)",
    "  tests in all: 412 (junit.xml, /testsuites/@tests)",
    "  ok  content-present",
    "  ok  capabilities-declared",
)
ELSE = Operator(id=OperatorId("eve#51d0c7aa"), name="eve", public_key="5" * 64)
HOLDING = Holding(
    about=About(run="run-0017", gate="gate:run-0017/3/1"),
    stands="open",
    exported_at=sample.NOW - sample.HOUR,
    signed=SignedCheckpoint(
        checkpoint=Checkpoint(
            desk="desk-9f20", size=18_201, root="a" * 64, head="b" * 64, at=sample.NOW - sample.HOUR
        ),
        operator=ELSE.id,
        key="c" * 64,
        signature="d" * 128,
    ),
    key=ELSE.public_key,
    records=64,
    redacted=0,
    texts=31,
    left_out=0,
    inline=120,
    fitting=5,
    unchecked=0,
)


def request(voters: tuple[str, ...] = ("ada", "ben")) -> Request:
    asked = Asked(
        desk="desk-9f20",
        run=RunId("run-0017"),
        gate=GateId("gate:run-0017/3/1"),
        request="e" * 64,
        shown=SHOWN,
        evidence="f" * 64,
        voters=tuple(
            Operator(id=OperatorId(row.operator_id), name=row.name, public_key=row.public_key)
            for row in ROWS
            if row.name in voters
        ),
        answers=0,
        asked_at=sample.NOW - sample.HOUR,
        deadline=sample.NOW + 5 * sample.HOUR,
        by=ELSE,
        signature="0" * 128,
    )
    return Request(asked, HOLDING)


def ballot() -> Ballot:
    decision = Decision(
        id=ApprovalId("vote:1"),
        gate=GateId("g-1"),
        verdict=Verdict.APPROVE,
        reason="checked by hand",
        operator=OperatorId(CLEO),
        decided_at=sample.NOW,
        request="e" * 64,
        shown="f" * 64,
        signature="0" * 128,
    )
    return Ballot(asked=request().asked, decision=decision)


KEY = ExportedKey(key=1, operator=ELSE, proof="1" * 128)


def carried(path: Path) -> Any:
    """A file that was carried here, told by its name."""
    return {"request": request, "vote": ballot}.get(path.name.partition(".")[0], lambda: KEY)()


WAITING = PackWaiting(
    version=4,
    loosens=(
        "Rule releasing-needs-a-human asks one person, and asked 2. It takes 2 people of ada, ben.",
        "Rule conditions-need-a-human is gone. It takes one person.",
    ),
    changes="--- policy.toml, in force\n+++ policy.toml, new\n@@ -52,9 +52,6 @@\n "
    'name = "releasing-needs-a-human"\n-count = 2\n-roster = ["ada", "ben"]\n+count = 1\n',
)


def packs(**changes: Any) -> tuple[PackRow, ...]:
    """The packs, of which the first one's newer version waits for approval."""
    first, *others = sample.PACKS
    return (replace(first, waiting=replace(WAITING, **changes)), *others)


def answers() -> dict[str, Callable[..., Any]]:
    """What the desk answers at once about people."""
    return {
        "operators": lambda: ROWS,
        "person": lambda who: PEOPLE[who],
        "decisions_by": decided,
        "look_at": carried,
        "enrol_operator": lambda name, _: f"{name}#51d0c7aa",
        "import_operator": lambda *_: ELSE.id,
        "take_seat": lambda name, _: f"{name}#b2e95d17",
        "import_vote": lambda *_: (
            ballot(),
            Answered("g-1", "r-0192", "closed", "approved", None, None),
        ),
        "export_key": lambda *_: ADA,
        "vote": lambda *_: None,
        "request_vote": lambda *_: None,
    }
