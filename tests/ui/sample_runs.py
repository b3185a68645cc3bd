"""Runs and facts for the window: one that is paused, a hundred cycles, and a fact looked into."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from converge_core.stop import AnyStop
from converge_desktop.adapters.surreal.answers import Walk
from converge_desktop.runtime.deciding_model import Retraction
from converge_desktop.runtime.fact_model import (
    CorrectionRow,
    FactView,
    Retractable,
    StepRow,
    VerdictRow,
)
from converge_desktop.runtime.input_view import InputView
from converge_desktop.runtime.review_model import CheckRow, EvidenceRow
from converge_desktop.runtime.run_model import (
    AgentRow,
    BudgetOffer,
    BudgetRow,
    Cell,
    CycleSpan,
    FactCard,
    Lineage,
    RunView,
    StartOffer,
)
from converge_desktop.runtime.stop_words import explained
from tests.core.test_stop_reasons import EXAMPLES
from tests.ui import sample

SECOND = 1_000_000
OFFER = StartOffer(
    pack_id="release-readiness",
    title="Release readiness",
    question="is {subject} fit to be released",
    input="A folder with a test report, a coverage report and the git repository of both.",
    sample=sample.PACKS[0].sample,
    longest_intent=500,
    intent_help="It names the run and is kept with it.",
    budgets=(
        BudgetOffer("cycles", "Cycles", "How often agents may take turns.", 20, 1, 100),
        BudgetOffer("facts", "Facts", "How many facts the run may make.", 500, 1, 500),
        BudgetOffer("tokens", "Tokens", "How much the models may read and write.", 4000, 1, 50_000),
        BudgetOffer("seconds", "Seconds of work", "How long agents may work.", 30, 1, 300),
    ),
    recall="The step reasoning sees up to 5 hints of what was found and decided before.",
)
INPUT = InputView(
    subject="converge-desktop at 4be1c0d",
    read=12,
    unknown=("days since the tag",),
    sources=(("junit.xml", "junit"), ("coverage.xml", "cobertura"), ("git", "git")),
    notes=("2 of the 120 tests have no time, so the slowest may be another.",),
)
TIMELINE = (
    CycleSpan(1, sample.NOW - 4 * sample.MIN, sample.NOW - 4 * sample.MIN + 41_000, 12_400, 0, 10),
    CycleSpan(2, sample.NOW - 4 * sample.MIN, sample.NOW - 3 * sample.MIN, 812_000, 0, 3),
    CycleSpan(3, sample.NOW - 3 * sample.MIN, sample.NOW - 2 * sample.MIN, 640_000, 0, 1),
    CycleSpan(4, sample.NOW - 2 * sample.MIN, 0, 431_000, 0, 0),
)


def waiting() -> RunView:
    """A run that waits, with what its person wanted and the time of each cycle."""
    why = (
        ("ask", "planning asks for a decision on “Hold converge-desktop 0.4.0”."),
        ("criterion", "Not met yet: a decision stands under Strategies."),
        ("woken", "Once that is decided, recall runs again."),
    )
    intent = "Can we tag 0.4.0 before the weekend?"
    return replace(sample.run_view("r-0192"), timeline=TIMELINE, intent=intent, why_not=why)


def paused() -> RunView:
    """The same, held by somebody two minutes ago."""
    view = waiting()
    since = sample.NOW - 2 * sample.MIN
    row = replace(view.row, phase="paused", outcome="paused", paused_by="ada", paused_at=since)
    held = ("paused", "It is paused by ada since 14:04; nothing begins until it is resumed.")
    return replace(
        view,
        row=row,
        pause_reason="The report is being written again.",
        why_not=(held, *view.why_not),
    )


def stopped(reason: AnyStop) -> RunView:
    """A run that ended for a reason, told as the desk tells it."""
    view = sample.run_view("r-0191")
    told = explained(reason)
    row = replace(view.row, outcome=reason.kind)
    budgets = (BudgetRow("cycles", "100 of 100", 1000), *view.budgets[1:])
    return replace(
        view,
        row=row,
        stop_kind=reason.kind,
        stop_words=reason.words(),
        why_not=(("stop", reason.words()),),
        explained=told,
        budgets=budgets,
    )


def example(kind: str) -> AnyStop:
    """One of the thirteen reasons, by name."""
    found: AnyStop = next(one for one in EXAMPLES if one.kind == kind)
    return found


def long_run(cycles: int = 100, agents: int = 40) -> RunView:
    """Forty agents over a hundred cycles."""
    rows = tuple(
        AgentRow(
            f"agent {n:02d}",
            tuple(
                Cell(
                    eligible=(n + c) % 3 == 0,
                    promoted=int((n * c) % 5 == 1),
                    refused=int((n + c) % 17 == 0),
                )
                for c in range(cycles)
            ),
        )
        for n in range(agents)
    )
    spans = tuple(
        CycleSpan(c, sample.NOW - (cycles - c) * SECOND, sample.NOW, 10_000 + c * 1_000, 0, 1)
        for c in range(1, cycles + 1)
    )
    return replace(sample.run_view("r-0193"), cycle=cycles, agents=rows, timeline=spans)


CHECKS = (
    CheckRow("the proposal says something", True, ""),
    CheckRow("every fact it rests on exists", True, ""),
    CheckRow("no release while a test fails", True, ""),
)
EVIDENCE = (
    EvidenceRow(
        "f-00000001", "", "3 of 120 tests failed", "", "", "", "junit.xml", "testsuite[2]/@failures"
    ),
    EvidenceRow(
        *("f-00000002", "", "line coverage 61.2 %", "", "", "corrected"),
        *("coverage.xml", "coverage/@line-rate"),
    ),
)
_RUN, _START = "r-0192", "fact:r-0192|f-00000008"
EDGES = (
    (_START, "argued in", "trace:r-0192|t-0192-02"),
    (_START, "rests on", "fact:r-0192|f-00000001"),
    (_START, "rests on", "fact:r-0192|f-00000002"),
    ("fact:r-0192|f-00000001", "was read at", "observation:r-0192|read:tests.failed"),
    ("gate:r-0192|g-1", "asks about what rests on", _START),
    ("fact:r-0192|f-00000012", "rests on", _START),
)
LABELS = (
    (_START, "score 0.10, confidence 0.95"),
    ("trace:r-0192|t-0192-02", "evaluation: score 0.10, confidence 0.95"),
    ("fact:r-0192|f-00000001", "3 of 120 tests failed"),
    ("fact:r-0192|f-00000002", "line coverage 61.2 %"),
    ("fact:r-0192|f-00000012", "refused: number 0.93 has no source"),
    ("observation:r-0192|read:tests.failed", "junit.xml · testsuite[2]/@failures"),
    ("gate:r-0192|g-1", "Hold converge-desktop 0.4.0"),
)
WALK = Walk(
    start=_START,
    edges=(
        ("proposal:r-0192|p-9", "rests on", _START),
        ("fact:r-0192|f-00000012", "was proposed as", "proposal:r-0192|p-9"),
        ("proposal:r-0192|p-10", "rests on", _START),
        ("proposal:r-0201|p-3", "rests on", _START),
        ("fact:r-0201|f-00000051", "was proposed as", "proposal:r-0201|p-3"),
        ("fact:r-0201|f-00000052", "corrects", "fact:r-0201|f-00000051"),
    ),
    labels={
        _START: "score 0.10, confidence 0.95",
        "proposal:r-0192|p-9": "refused: number 0.93 has no source (by gate)",
        "fact:r-0192|f-00000012": "refused: number 0.93 has no source",
        "proposal:r-0192|p-10": "Hold converge-desktop 0.4.0 (by planning)",
        "proposal:r-0201|p-3": "0.4.0 stays on hold (by planning)",
        "fact:r-0201|f-00000051": "0.4.0 stays on hold",
        "fact:r-0201|f-00000052": "0.4.0 stays on hold until Monday",
        "run:r-0192": "run 0192",
        "run:r-0201": "run 0201",
        "run:r-0202": "run 0202",
    },
    found=(
        "proposal:r-0192|p-9",
        "proposal:r-0192|p-10",
        "proposal:r-0201|p-3",
        "fact:r-0192|f-00000012",
        "fact:r-0201|f-00000051",
        "fact:r-0201|f-00000052",
        "run:r-0192",
        "run:r-0201",
        "run:r-0202",
    ),
    whole=True,
)
ALONE = Retractable(rule="requires-human", reason="Taking a fact back is always put to a person.")


def card_of(fact_id: str) -> FactCard:
    """A card of the sample context, by id; the evaluation where there is none of that id."""
    cards = [card for _, group in sample.CONTEXT for card in group]
    return next((card for card in cards if card.fact_id == fact_id), cards[7])


def fact(run_id: str, fact_id: str) -> FactView:
    """A fact whole: the evaluation, whichever was asked about, under that one's words."""
    card = card_of(fact_id)
    return FactView(
        card=card,
        seen_from=run_id,
        kind="evaluation",
        confidence=950,
        agent="evaluation",
        cycle=3,
        at=sample.NOW - 3 * sample.MIN,
        promoter="engine-promotion",
        rule="evaluation-may-stand",
        by_person=False,
        self_approved=False,
        policy="09b87a03077341c1ae921d391ac806df7b5a74c31016c18501df821aa86ae400",
        checks=CHECKS,
        skipped=(),
        verdicts=(),
        evidence=EVIDENCE,
        read_at=(),
        corrects=None,
        corrected_by=(),
        steps=(StepRow("t-0192-02", "evaluation", "score 0.10, confidence 0.95", "byte-exact"),),
        retractable=ALONE,
        start=f"fact:{card.run_id}|{card.fact_id}",
        edges=tuple(
            tuple(f"fact:{card.run_id}|{card.fact_id}" if x == _START else x for x in edge)  # type: ignore[misc]
            for edge in EDGES
        ),
        labels=LABELS,
    )


def corrected(run_id: str, fact_id: str) -> FactView:
    """A fact that a person approved of their own words, and that was corrected since."""
    return replace(
        fact(run_id, fact_id),
        by_person=True,
        self_approved=True,
        rule="requires-human",
        card=replace(card_of(fact_id), approver="ada#2bd806c9"),
        verdicts=(VerdictRow("g-6", "ada#2bd806c9", "approve", "the report says so", sample.NOW),),
        corrects=CorrectionRow(
            "f-00000003",
            "14 commits since v0.3.2",
            "the tag was moved",
            "a person knows better",
            "everybody",
            48_103,
        ),
        corrected_by=(
            CorrectionRow(
                "f-00000004",
                "billing changed in 9 of them",
                "the page was a summary",
                "what was read or computed was wrong",
                "everybody",
                48_104,
            ),
        ),
        retractable=Retractable(
            why_not="f-00000004 has taken the place of f-00000008 already; correct that."
        ),
    )


def lineage(run_id: str, fact_id: str) -> Lineage:
    """What it came from, over all runs."""
    start = f"fact:{run_id}|{fact_id}"
    edges = tuple(
        (start if a == _START else a, how, start if b == _START else b) for a, how, b in EDGES[:4]
    )
    return Lineage(fact_id, edges, LABELS, sample.STATUS.view_seq)


def blast_radius(run_id: str, fact_id: str) -> tuple[Walk, int]:
    """What rests on it, over all runs: three facts, a proposal, and two other runs."""
    start = f"fact:{run_id}|{fact_id}"
    edges = tuple(
        (start if a == _START else a, how, start if b == _START else b) for a, how, b in WALK.edges
    )
    return replace(WALK, start=start, edges=edges), sample.STATUS.view_seq


def retract(run_id: str, fact_id: str, *_: Any) -> Retraction:
    """What comes of proposing to take a fact back."""
    found = tuple((name, WALK.labels[name]) for name in WALK.found)
    return Retraction(run_id, fact_id, f"{fact_id}~1", found, True, sample.STATUS.view_seq)


def check_input(_pack: str, folder: Path) -> InputView:
    """What a folder is read as."""
    if folder.name == "empty":
        raise ValueError(
            f"{folder}: there is no test report. Run the tests with --junitxml=junit.xml first."
        )
    return INPUT


def answers() -> dict[str, Any]:
    """What a desk answers about its runs and facts, beside what ``sample`` has."""
    return {
        "start_offer": lambda _: OFFER,
        "check_input": check_input,
        "fact": fact,
        "lineage": lineage,
        "blast_radius": blast_radius,
        "retract": retract,
        "pause": lambda *_: None,
        "resume": lambda *_: None,
    }
