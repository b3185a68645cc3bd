"""Content for the window that hangs together: one repository, three runs, seven proposals."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from converge_core.checkpoint import Checkpoint, SignedCheckpoint, text_of
from converge_core.envelope import ReplayGrade
from converge_core.ids import OperatorId
from converge_desktop.adapters.qr import qr_modules
from converge_desktop.runtime.deciding_model import (
    Answer,
    Answered,
    Previews,
    PreviewView,
    WokenRow,
)
from converge_desktop.runtime.desk_model import ModelRow, ModelView, PackRow, Status
from converge_desktop.runtime.ledger_model import (
    CheckpointView,
    Comparison,
    Exported,
    LedgerRow,
    RecordView,
    Verification,
)
from converge_desktop.runtime.outputs import RunReplay
from converge_desktop.runtime.replay import FirstDifference, Outcome, Replay
from converge_desktop.runtime.review_model import (
    CheckRow,
    EvidenceRow,
    InboxRow,
    LayerRow,
    PlanRow,
    ReasonRow,
    Review,
    Segment,
    TraceRow,
    TraceView,
)
from converge_desktop.runtime.run_model import (
    AgentRow,
    AskedRow,
    BudgetRow,
    Cell,
    FactAnswer,
    FactCard,
    Lineage,
    RunRow,
    RunView,
)
from tests.ui import sample_proof, sample_traces

NOW = 1_795_183_560_000_000  # 2026-11-20 14:06 UTC
MIN = 60_000_000
HOUR = 60 * MIN
ROOT = Path(__file__).resolve().parents[2]


def t(*parts: str | tuple[str, str]) -> tuple[Segment, ...]:
    return tuple(Segment(p) if isinstance(p, str) else Segment(p[0], p[1]) for p in parts)


EVIDENCE = (
    EvidenceRow(
        "f-7c1e09a4",
        "e1",
        "tests failed",
        "3",
        "at most 0",
        "breach",
        "junit.xml",
        "/testsuites/testsuite[2]/@failures",
    ),
    EvidenceRow(
        "f-1b22d0f7", "e2", "tests in all", "120", "", "", "junit.xml", "/testsuites/@tests"
    ),
    EvidenceRow(
        "f-90aa4e11",
        "e3",
        "line coverage",
        "61.2 %",
        "at least 75.0 %",
        "breach",
        "coverage.xml",
        "/coverage/@line-rate",
    ),
    EvidenceRow(
        "f-33f0c2d8",
        "e4",
        "modules changed and failing",
        "1",
        "at most 0",
        "concern",
        "junit.xml, git",
        "billing/rounding.py",
    ),
    EvidenceRow("f-5d6e7f80", "e5", "commits since tag", "14", "", "", "git", "v0.3.2..4be1c0d"),
    EvidenceRow(
        "f-aa01bb02",
        "e6",
        "slowest test",
        "41.07 s",
        "at most 60.00 s",
        "support",
        "junit.xml",
        "tests/test_export.py::test_full",
    ),
)
CHECKS = (
    CheckRow(
        "the answer has the shape of its contract",
        True,
        "the output parses under contract planning:v2",
    ),
    CheckRow("every number comes from the state", True, "7 of 7 values are cited by id"),
    CheckRow("every step is a declared capability", True, "4 of 4 are declared by the pack"),
    CheckRow(
        "every fact is on the side its limit puts it",
        True,
        "each side is the standing computed from the limits",
    ),
)
ENVELOPE = (
    ("model", "converge-nano"),
    ("model file", "sha256:51c9e8f0a37d4be1c09d20fa11b7a8d2c4b5e6f708192a3b4c5d6e7f8091a2b3"),
    ("runtime", "llama.cpp b6812, CPU, 2 threads"),
    ("sampling", "greedy, grammar planning:v2"),
    ("seed", "0"),
    ("context", "2048 tokens, batch 256"),
    ("execution plan", "8f21c0d3a47be91f50c6d7e8091a2b351c9e8f0a37d4be1c09d20fa11b7a8d2c"),
)
REMOTE = (
    ("model", "large-instruct-2026"),
    ("model SHA-256", ""),
    ("backend", "openai-compatible https://models.example.org/v1"),
    ("contract", "evaluation:v2"),
    ("decoding", "greedy"),
    ("seed", "0 (requested)"),
    ("most answer tokens", "412"),
    ENVELOPE[-1],
    ("computed at", "https://models.example.org/v1"),
    ("model there", "large-instruct-2026"),
    ("answer’s id there", "chatcmpl-7f1a90"),
    ("request SHA-256", "3b4c5d6e7f8091a2b351c9e8f0a37d4be1c09d20fa11b7a8d2c4b5e6f708192a"),
    ("response SHA-256", "f0a37d4be1c09d20fa11b7a8d2c4b5e6f708192a3b4c5d6e7f8091a2b351c9e8"),
)
ELSEWHERE = "t-0190-22"
"""The step that was computed elsewhere."""
LAYERS = (
    LayerRow(
        "priming", "planning. order the steps. cite by id. name declared capabilities only.", 34
    ),
    LayerRow(
        "policy",
        "POLICY release:3\nthe first line that fits decides\na hard breach means "
        "hold\nan unknown under a hard limit means uncertain\n3 soft breaches mean hold\na "
        "soft breach or an unknown means conditions\notherwise proceed",
        118,
    ),
    LayerRow(
        "task_frame",
        "TASK planning\ncapabilities tests.fix tests.write tests.run "
        "code.review release.propose\nhold: tests.run release.propose\nanswer verdict, then "
        "a step for each breach, concern and unknown, if any",
        141,
    ),
    LayerRow(
        "state",
        "e1 tests.failed = 3 ! breach (at most 0)\ne2 tests.total = 120\n"
        "e3 coverage.line = 61.2 % ! breach (at least 75.0)\n"
        "e4 modules.changed_and_failing = 1 ~ concern (at most 0)\n"
        "e5 history.commits_since_tag = 14\ne6 tests.slowest = 41.07 s + support",
        203,
    ),
    LayerRow("intent", "is converge-desktop 0.4.0 fit to be released", 17),
)
PLAN = (
    PlanRow(
        "tests.fix",
        "Fix the failing tests",
        t("brings ", ("3", "f-7c1e09a4"), " back to what the policy allows"),
    ),
    PlanRow(
        "tests.write",
        "Write tests for uncovered lines",
        t("raises ", ("61.2 %", "f-90aa4e11"), " above the floor"),
    ),
    PlanRow(
        "code.review",
        "Review the changed code once more",
        t(("1", "f-33f0c2d8"), " module changed and fails"),
    ),
    PlanRow("tests.run", "Run the whole suite again", ()),
    PlanRow("release.propose", "Ask again for a release", ()),
)


def trace_row(  # noqa: PLR0917
    number: int,
    step: str,
    headline: str,
    outcome: str = "valid",
    run: str = "0192",
    ms: int = 110,
    tokens: int = 592,
) -> TraceRow:
    return TraceRow(
        f"t-{run}-{number:02d}",
        f"r-{run}",
        f"run {run}",
        step,
        headline,
        outcome,
        NOW - (192 - int(run)) * HOUR - (10 - number % 10) * MIN,
        ms * 1000,
        tokens,
    )


TRACES = (
    trace_row(3, "planning", "hold, 5 steps"),
    trace_row(2, "evaluation", "score 0.10, confidence 0.95", ms=82, tokens=498),
    trace_row(1, "reasoning", "2 against, 1 for", ms=118, tokens=534),
    trace_row(12, "evaluation", "confidence its steps contradict", "invalid", "0191", 91, 488),
    trace_row(11, "reasoning", "2 against", run="0191", ms=104, tokens=520),
    trace_row(23, "planning", "release 0.3.2", run="0190", ms=101, tokens=571),
    trace_row(22, "evaluation", "score 0.90, confidence 0.95", run="0190", ms=74, tokens=477),
    trace_row(21, "reasoning", "uncertain: no tag was found", "uncertain", "0190", 113, 502),
)


def trace_view(trace_id: str) -> TraceView:
    row = next((r for r in TRACES if r.trace_id == trace_id), TRACES[0])
    invalid = row.outcome == "invalid"
    checks = CHECKS
    if invalid:
        checks = (
            *CHECKS[:2],
            CheckRow(
                "the confidence is no higher than the evidence allows",
                False,
                "confidence 0.95 with 2 unknowns; expected at most 0.65, found 0.95",
            ),
        )
    remote = row.trace_id == ELSEWHERE
    grade = "audit-only" if remote else "byte-exact"
    envelope = (("replay grade", grade), *(REMOTE if remote else ENVELOPE))
    return TraceView(
        row=row,
        version=f"{row.step}:v2:nano",
        layers=LAYERS,
        raw_output="hold\n1 tests.fix e1\n2 tests.write e3\n3 code.review e4\n4 tests.run\n"
        "5 release.propose\n",
        output=t(
            "hold\n1. tests.fix: bring ",
            ("3", "f-7c1e09a4"),
            " of ",
            ("120", "f-1b22d0f7"),
            " back\n2. tests.write: raise ",
            ("61.2 %", "f-90aa4e11"),
            " to the floor\n3. code.review: ",
            ("1", "f-33f0c2d8"),
            " module changed and fails\n4. tests.run\n5. release.propose",
        ),
        checks=checks,
        envelope=envelope,
        prompt_hash="9d20fa11b7a8d2c4b5e6f708192a3b4c5d6e7f8091a2b351c9e8f0a37d4be1c0",
        prompt_tokens=513,
        reused_tokens=0 if remote else 293,
        output_tokens=79,
        led_to="Hold converge-desktop 0.4.0" if row.step == "planning" else "",
        rests_on=EVIDENCE,
        grade=grade,
        asked="asked twice: rate limited, then answered" if remote else "",
    )


INBOX = (
    InboxRow(
        "g-1",
        "r-0192",
        "run 0192",
        "Hold converge-desktop 0.4.0",
        "high",
        "planning",
        "Strategies",
        950,
        NOW - 2 * MIN,
        NOW + 24 * MIN,
        0,
        1,
    ),
    InboxRow(
        "g-2",
        "r-0188",
        "run 0188",
        "Pay 18,400 € to Norden Steel & Sons",
        "high",
        "spend",
        "Strategies",
        710,
        NOW - HOUR,
        NOW + 2 * HOUR,
        1,
        2,
    ),
    InboxRow(
        "g-3",
        "r-0187",
        "run 0187",
        "Roll back payment-api to 7.2.1",
        "medium",
        "triage",
        "Strategies",
        640,
        NOW - HOUR,
        NOW + 3 * HOUR,
        0,
        1,
    ),
    InboxRow(
        "g-4",
        "r-0186",
        "run 0186",
        "Reclassify 12 lines as travel",
        "medium",
        "spend",
        "Evaluations",
        930,
        NOW - 3 * HOUR,
        NOW + 9 * HOUR,
        0,
        1,
    ),
    InboxRow(
        "g-5",
        "r-0192",
        "run 0192",
        "Mark test_rounding_2 as flaky",
        "low",
        "readiness",
        "Hypotheses",
        900,
        NOW - 4 * HOUR,
        NOW + 23 * HOUR,
        0,
        1,
    ),
    InboxRow(
        "g-6",
        "r-0185",
        "run 0185",
        "Correct: coverage is read from coverage.xml, not the summary page",
        "low",
        "you",
        "Constraints",
        None,
        NOW - 5 * HOUR,
        NOW + 26 * HOUR,
        0,
        1,
    ),
    InboxRow(
        "g-7",
        "r-0184",
        "run 0184",
        "Add an owner to runbook 14",
        "low",
        "triage",
        "Constraints",
        880,
        NOW - 6 * HOUR,
        None,
        0,
        1,
    ),
)


def review(gate_id: str) -> Review:
    row = next(r for r in INBOX if r.gate_id == gate_id)
    first = gate_id == "g-1"
    return Review(
        gate_id=gate_id,
        run_id=row.run_id,
        run_label=row.run_label,
        title=row.title,
        risk=row.risk,
        key=row.key,
        kind="plan",
        rule="strategies-need-a-human",
        rule_reason="a strategy that holds or publishes a release is decided by a person",
        may_decide="any unlocked operator; 1 vote",
        cycle=4,
        agent=row.agent,
        opened_at=row.opened_at,
        deadline=row.deadline,
        becomes_true="converge-desktop 0.4.0 is on hold until 3 failing tests pass and line "
        "coverage reaches 75.0 %."
        if first
        else f"{row.title}.",
        consequences=(
            "becomes a fact in Strategies, approved by you",
            "nothing is executed",
            "2 agents will react, both deterministic",
        ),
        reasoning=(
            ReasonRow(
                "breach",
                t(
                    ("3", "f-7c1e09a4"),
                    " of ",
                    ("120", "f-1b22d0f7"),
                    " tests fail, all in one module.",
                ),
            ),
            ReasonRow(
                "breach", t("Line coverage ", ("61.2 %", "f-90aa4e11"), " is below the floor.")
            ),
            ReasonRow(
                "concern",
                t(
                    ("1", "f-33f0c2d8"),
                    " failing module changed in ",
                    ("14", "f-5d6e7f80"),
                    " commits since the last tag.",
                ),
            ),
            ReasonRow(
                "support",
                t("The slowest test takes ", ("41.07 s", "f-aa01bb02"), ", inside its limit."),
            ),
        ),
        score=100,
        confidence=row.confidence,
        justification=t(
            "Failing tests sit in changed code, and coverage ",
            ("61.2 %", "f-90aa4e11"),
            " is under the policy’s floor.",
        ),
        plan=PLAN,
        evidence=EVIDENCE,
        checks=CHECKS,
        notes=("No earlier release of this repository was found to compare coverage with.",),
        trace_ids=("t-0192-01", "t-0192-02", "t-0192-03"),
        raw=tuple(trace_view(i) for i in ("t-0192-01", "t-0192-02", "t-0192-03")),
        digest=f"digest-of-{gate_id}",
    )


RUNS = (
    RunRow(
        "r-0192",
        "run 0192",
        "Release readiness: converge-desktop at 4be1c0d",
        "waiting",
        "",
        NOW - 4 * MIN,
        2,
    ),
    RunRow(
        "r-0193",
        "run 0193",
        "Release readiness: ledger-tools at 88ac01f",
        "running",
        "",
        NOW - MIN,
        0,
    ),
    RunRow(
        "r-0191",
        "run 0191",
        "Release readiness: ledger-tools at 1f30b2a",
        "stopped",
        "Cycle budget exhausted",
        NOW - 3 * HOUR,
        0,
    ),
    RunRow(
        "r-0190",
        "run 0190",
        "Release readiness: converge-desktop at v0.3.2",
        "stopped",
        "Converged",
        NOW - 26 * HOUR,
        0,
    ),
    RunRow(
        "r-0189",
        "run 0189",
        "Release readiness: converge-desktop at 0aa41ce",
        "stopped",
        "Invariant violated",
        NOW - 50 * HOUR,
        0,
    ),
)


def _card(  # noqa: PLR0917
    number: int,
    key: str,
    text: str,
    by: str,
    state: str = "fact",
    approver: str = "policy release:3",
    run: str = "0192",
) -> FactCard:
    return FactCard(
        f"f-{number:08x}", key, text, by, state, approver, f"r-{run}", f"run {run}", 48_100 + number
    )


CONTEXT: tuple[tuple[str, tuple[FactCard, ...]], ...] = (
    (
        "Signals",
        (
            _card(1, "Signals", "3 of 120 tests failed", "metrics · junit.xml"),
            _card(2, "Signals", "line coverage 61.2 %", "metrics · coverage.xml"),
            _card(3, "Signals", "14 commits since v0.3.2", "metrics · git"),
            _card(4, "Signals", "billing changed in 9 of them", "metrics · git"),
            _card(5, "Signals", "slowest test 41.07 s", "metrics · junit.xml"),
        ),
    ),
    (
        "Hypotheses",
        (
            _card(6, "Hypotheses", "Failures sit in changed code", "reasoning · step 1"),
            _card(7, "Hypotheses", "Coverage is under the floor", "coverage rule"),
        ),
    ),
    (
        "Evaluations",
        (_card(8, "Evaluations", "score 0.10, confidence 0.95", "evaluation · step 2"),),
    ),
    (
        "Strategies",
        (_card(9, "Strategies", "Hold converge-desktop 0.4.0", "planning", "waiting", ""),),
    ),
    (
        "Constraints",
        (
            _card(10, "Constraints", "coverage floor 75.0 %", "policy release:3"),
            _card(11, "Constraints", "no release with failing tests", "policy release:3"),
        ),
    ),
    (
        "Diagnostic",
        (_card(12, "Diagnostic", "refused: number 0.93 has no source", "gate · cycle 3"),),
    ),
)


def _cells(*codes: str) -> tuple[Cell, ...]:
    made = {
        ".": Cell(),
        "0": Cell(eligible=True),
        "?": Cell(eligible=True, asked=1),
        "x": Cell(eligible=True, refused=1),
        ">": Cell(eligible=True, running=True),
    }
    return tuple(made.get(c) or Cell(eligible=True, promoted=int(c)) for c in codes)


def run_view(run_id: str) -> RunView:
    row = next(r for r in RUNS if r.run_id == run_id)
    running = row.phase == "running"
    stopped = row.phase == "stopped"
    why: tuple[tuple[str, str], ...] = (
        ("waits", "planning asks for a decision on “Hold converge-desktop 0.4.0”."),
        ("ok", "No agent is eligible besides the two that wait for Strategies."),
        ("ok", "All invariants hold."),
    )
    if running:
        why = ()
    if stopped:
        why = (("ok", "Nothing changed in the last cycle."), ("ok", "All invariants hold."))
    good = row.outcome == "Converged"
    return RunView(
        row=row,
        pack="Release readiness",
        folder="/home/ada/src/converge-desktop/report",
        cycle=2 if running else 4,
        agents=(
            AgentRow("metrics", _cells("9", ">") if running else _cells("9", ".", ".", ".")),
            AgentRow("reasoning", _cells(".", ">") if running else _cells(".", "1", ".", ".")),
            AgentRow("evaluation", _cells(".", ".") if running else _cells(".", ".", "1", ".")),
            AgentRow(
                "planning",
                _cells(".", ".") if running else _cells(".", ".", ".", "1" if stopped else "?"),
            ),
            AgentRow("recall", _cells(".", "2") if running else _cells(".", "2", ".", "0")),
            AgentRow("coverage rule", _cells("1", ".") if running else _cells("1", ".", "x", ".")),
        ),
        context=CONTEXT[:2] if running else CONTEXT,
        budgets=(
            BudgetRow("cycles", "4 of 100", 40),
            BudgetRow("facts", "15 of 10,000", 2),
            BudgetRow("tokens", "1,624 of 4,000", 406),
            BudgetRow("time", "1.9 of 30 s", 63),
        ),
        why_not=why,
        stop_kind="" if not stopped else "converged" if good else "cycle-budget-exhausted",
        stop_words=""
        if not stopped
        else "A cycle changed nothing, every invariant holds and every criterion is met"
        if good
        else "100 cycles were allowed and 100 were run; what was promoted stays",
        notes=("A refused number was reported to evaluation, which answered without it.",),
        root="51c9e8f0a37d4be1c09d20fa11b7a8d2" if stopped else "",
        now_doing="reasoning reads 9 facts, cycle 2" if running else "",
        asked=ASKED if row.run_id == "r-0190" else (),
    )


ASKED = (
    AskedRow("evaluation, cycle 2: asked twice: rate limited, then answered", answered=True),
    AskedRow(
        "planning, cycle 3: asked once: not reached",
        answered=False,
        why="network error: models.example.org does not answer",
    ),
)
MODELS = (
    ModelRow(
        "converge-nano",
        "/home/ada/models/converge-nano.gguf",
        loaded=True,
        grade="byte-exact",
    ),
    ModelRow("converge-medium", "/home/ada/models/converge-medium-q8.gguf"),
    ModelRow("office-large", "https://models.example.org/v1", remote=True),
)
MODEL = ModelView(
    state="ready",
    name="converge-nano",
    path="/home/ada/models/converge-nano.gguf",
    sha256="51c9e8f0a37d4be1c09d20fa11b7a8d2c4b5e6f708192a3b4c5d6e7f8091a2b3",
    detail=(
        ("architecture", "llama, 6.1 million parameters"),
        ("quantisation", "F16"),
        ("context", "2,048 tokens"),
        ("runtime", "llama.cpp b6812, CPU, 2 threads"),
        ("measured", "golden prompt reproduced byte for byte at 14:01"),
    ),
    tokens_per_second=1820,
    grade="byte-exact",
    models=MODELS,
    catalogue="/home/ada/.local/share/converge-desktop/models.toml",
)
QUARANTINED = replace(
    MODEL,
    problem="/home/ada/Downloads/big.gguf is quarantined, because it is not safe to load: the "
    "process that tried it was ended by SIGSEGV. Fetch the file again, or release 3b4c5d6e7f80 if "
    "you know it to be good; it is then looked into anew.",
    failed_path="/home/ada/Downloads/big.gguf",
    quarantined="3b4c5d6e7f8091a2b351c9e8f0a37d4be1c09d20fa11b7a8d2c4b5e6f708192a",
)
STATUS = Status(
    operator="ada",
    unlocked=True,
    engine="1 run going, 1 waiting for you",
    model=MODEL,
    ledger_seq=48_213,
    ledger_state="verified",
    ledger_verified_at=NOW - 5 * MIN,
    view_seq=48_213,
    view_state="ready",
    budgets="cycles 4 of 100 · facts 15 of 10,000",
    signed_seq=48_200,
    signed_by="ada#2bd806c9",
    signed_at=NOW - 2 * MIN,
)
POLICY = (ROOT / "resources/packs/release-readiness/pack.toml").read_text(encoding="utf-8")
PACKS = (
    PackRow(
        "release-readiness",
        "Release readiness",
        "Reads test, coverage and history of a repository and proposes: release, release with "
        "conditions, or hold.",
        1,
        POLICY,
        "/opt/converge/packs/release-readiness/sample",
    ),
)
_KINDS = (
    "fact-promoted",
    "agent-executed",
    "model-called",
    "trace-recorded",
    "gate-opened",
    "proposal-refused",
    "cycle-ended",
)


def ledger_page(first: int, count: int) -> tuple[LedgerRow, ...]:
    last = min(STATUS.ledger_seq, first + count - 1)
    return tuple(
        LedgerRow(
            n,
            NOW - (STATUS.ledger_seq - n) * 40_000,
            _KINDS[n % 7],
            "r-0192",
            f"{n * 2654435761 % 2**32:08x}{n * 40503 % 2**32:08x}" * 4,
            (
                "“3 of 120 tests failed” became a fact in Signals",
                "planning ran in cycle 4",
                "converge-nano answered 79 tokens",
                "step planning, contract valid",
                "“Hold converge-desktop 0.4.0” waits for a person",
                "coverage rule: number 0.93 has no source",
                "cycle 4 ended, 1 gate open",
            )[n % 7],
        )
        for n in range(first, last + 1)
    )


def facts(key: str, text: str) -> FactAnswer:
    cards = tuple(
        c
        for _, group in CONTEXT
        for c in group
        if c.state == "fact" and key in {"", c.key} and text.casefold() in c.text.casefold()
    )
    return FactAnswer(cards, STATUS.view_seq)


def lineage(run_id: str, fact_id: str) -> Lineage:
    return Lineage(
        fact_id,
        (
            (fact_id, "promoted from", "proposal:p-0192-04-1"),
            ("proposal:p-0192-04-1", "decided by", "decision:d-77"),
            ("proposal:p-0192-04-1", "made by", "trace:t-0192-03"),
            ("trace:t-0192-03", "read", "fact:f-7c1e09a4"),
            ("fact:f-7c1e09a4", "observed in", "input:junit.xml"),
            ("trace:t-0192-03", "read", "fact:f-90aa4e11"),
            ("fact:f-90aa4e11", "observed in", "input:coverage.xml"),
            ("proposal:p-0192-04-1", "part of", f"run:{run_id}"),
        ),
        (
            (fact_id, "Hold converge-desktop 0.4.0"),
            ("proposal:p-0192-04-1", "proposal of planning in cycle 4"),
            ("decision:d-77", "approved by ada, signed 14:07"),
            ("trace:t-0192-03", "planning, hold with 5 steps"),
            ("fact:f-7c1e09a4", "3 tests failed"),
            ("fact:f-90aa4e11", "line coverage 61.2 %"),
            ("input:junit.xml", "junit.xml, /testsuites/testsuite[2]/@failures"),
            ("input:coverage.xml", "coverage.xml, /coverage/@line-rate"),
            (f"run:{run_id}", "run 0192"),
        ),
        STATUS.view_seq,
    )


def replayed(trace_id: str) -> Replay:
    """What came of making a step again: one differs, because of what changed; the others do not."""
    if trace_id != "t-0192-03":
        words = "The model gives the same answer, to the byte."
        return Replay(trace_id, Outcome.SAME, ReplayGrade.BYTE_EXACT, words)
    changed = (
        ("build", "b6812 (51c9e8f)", "b7003 (0a37d4b)"),
        ("threads", "2", "8"),
        ("cpu", "AVX = 1 | AVX2 = 1 | F16C = 1 | FMA = 1", "AVX = 1 | AVX2 = 1 | AVX512 = 1"),
        ("adapter_sha256", "UNSET", ""),
    )
    first = FirstDifference(12, " e3", " e4\n")
    words = "The answers differ from token 12 on."
    return Replay(trace_id, Outcome.DIFFERS, ReplayGrade.BYTE_EXACT, words, first, changed)


BODY = """{
  "decision": {
    "decided_at": 1795183440000000,
    "gate": "gate:r-0192/4/planning/0",
    "id": "decision:gate:r-0192/4/planning/0",
    "operator": "ada#2bd806c9",
    "reason": "the failing tests are known \u202e",
    "signature": "037de0ae582dccf9203d2e4b9f29d599fd4cca9f21e3259f4e4c7a4596b3b9a0",
    "verdict": "approve"
  },
  "run": "r-0192"
}"""


def record(seq: int) -> RecordView:
    """A record; every third is about a gate, and those behind the checkpoint are not covered."""
    [row] = ledger_page(seq, 1)
    covered = seq < STATUS.signed_seq
    return RecordView(
        row=row,
        run_label="run 0192",
        prev=f"{seq:064x}",
        commitment=f"{seq * 7:064x}",
        body=BODY,
        file="ledger-000000048100.jsonl",
        gate="gate:r-0192/4/planning/0" if seq % 7 == 4 else "",
        covered_by=STATUS.signed_seq if covered else -1,
        signer=STATUS.signed_by if covered else "",
    )


def checkpoint(seq: int = STATUS.signed_seq) -> CheckpointView:
    signed = SignedCheckpoint(
        checkpoint=Checkpoint(
            desk="00c0ffee12345678", size=seq, root="ab" * 32, head="cd" * 32, at=STATUS.signed_at
        ),
        operator=OperatorId(STATUS.signed_by),
        key="03" * 4,
        signature="7d" * 64,
    )
    text = text_of(signed)
    by, root = STATUS.signed_by, signed.checkpoint.root
    return CheckpointView(seq, seq, STATUS.signed_at, by, root, text, qr_modules(text))


def run_at(run_id: str, seq: int) -> RunView:
    """The run as it once stood: fewer facts, and nothing that waits."""
    now = run_view(run_id)
    kept = tuple((key, cards[:1]) for key, cards in now.context[:2])
    return replace(now, context=kept, cycle=1, root=f"{seq:064x}")


def answered(answer: Answer, _operator: str | None = None) -> Answered:
    """What comes of an answer: it takes effect in half a minute."""
    end = {"approve": "approved", "reject": "rejected", "edit": "approved"}.get(answer.verdict, "")
    return Answered(answer.gate_id, "r-0192", "settling", end, NOW + MIN // 2, None)


def previews(gate_id: str) -> Previews:
    """What either answer would lead to."""
    return Previews(
        gate_id,
        PreviewView(
            "approve",
            facts=(("Strategies", review(gate_id).becomes_true),),
            woken=(
                WokenRow("recall", 5, "executed", "Strategies changed"),
                WokenRow("planning", 5, "unknown", "it asks a model"),
            ),
            ends="The run converges after cycle 5.",
            used="2 cycles, 1 fact and 1 agent that ran",
            unknown=("what planning proposes depends on the model",),
        ),
        PreviewView(
            "reject",
            facts=(("Diagnostic", "rejected: hold converge-desktop 0.4.0"),),
            ends="The run stops: nobody is left to propose a strategy.",
        ),
    )


def answers() -> dict[str, Any]:
    """What a desk with all this answers."""
    traces = sample_traces.of_rows(TRACES[::-1])
    return {
        "packs": lambda: PACKS,
        "runs": lambda: RUNS,
        "run_view": run_view,
        "inbox": lambda: INBOX,
        "review": lambda gate_id, _since="": review(gate_id),
        "previews": previews,
        "filters": lambda: (("Pressing", "due<1h"), ("Risky", "risk:high")),
        **traces.answers(),
        "run_at": run_at,
        "replay_run": lambda run_id: RunReplay(run_id, 212, 15, "4b" * 32, "4b" * 32, 48_190),
        "fork": lambda *_: "r-0193",
        "record": record,
        "newest_checkpoint": checkpoint,
        "sign_checkpoint": lambda: checkpoint(STATUS.ledger_seq + 1),
        "compare": lambda _: Comparison("", 48_200, 48_214, STATUS.signed_at, STATUS.signed_by),
        "save_text": lambda *_: None,
        "export": lambda name, path: Exported(name, str(path), 96, 48_200, STATUS.signed_by),
        **sample_proof.answers(STATUS),
        "trace": lambda name: replace(trace_view(name), seq=traces.seq_of(name)),
        "ledger_page": ledger_page,
        "facts": facts,
        "lineage": lineage,
        "verify": lambda: Verification(
            STATUS.ledger_seq + 1, -1, "", "51c9e8f0a37d4be1c09d20fa", root="ab" * 32
        ),
        "start_run": lambda *_: "r-0193",
        "answer": answered,
        "cancel": lambda *_: None,
        "load_model": lambda *_: None,
        "release_model": lambda *_: None,
        "replay": replayed,
    }
