"""Gates, contexts, traces and the ledger: what one does with a desk."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from queue import SimpleQueue

from converge_core.review import InputOrigin
from converge_desktop.adapters.clock import system_clock
from converge_desktop.cli.deciding_commands import change_lines, read_edit
from converge_desktop.cli.following import follow, settles
from converge_desktop.cli.shared import (
    ALTERED,
    DONE,
    WAITING,
    CannotGoOn,
    data_dir,
    open_desk,
    problem,
    read,
    show,
)
from converge_desktop.runtime.deciding_model import Answer, Settling
from converge_desktop.runtime.inbox_filter import FilterProblem, compile_filter
from converge_desktop.runtime.outputs import (
    ContextOutput,
    DecideOutput,
    FactLine,
    GateOutput,
    VerifyOutput,
    trace_output,
)
from converge_desktop.runtime.port import Update
from converge_desktop.runtime.review_model import Review
from converge_desktop.runtime.run_model import RunView
from converge_desktop.runtime.shown_lines import shown_lines
from converge_desktop.runtime.unseen import spelled_out
from converge_desktop.runtime.verifying import verify_ledger
from converge_desktop.runtime.wording import plural


def context(arguments: argparse.Namespace) -> int:
    """Carries out ``context``."""
    views = read(arguments)
    seq = views.last_seq() if arguments.at is None else arguments.at
    view = views.run_at(arguments.run, seq)
    facts = [
        FactLine(card.fact_id, card.key, card.text, card.byline, card.approver, card.seq)
        for _, cards in view.context
        for card in cards
        if card.state == "fact"
    ]
    output = ContextOutput(view.row.run_id, seq, view.row.phase, view.cycle, view.root, facts)
    lines = [f"{view.row.run_id} at record {seq}: {view.row.outcome}, root {view.root}"]
    lines += [f"  {fact.seq:>8}  {fact.key:12} {fact.text}" for fact in facts]
    show(arguments, output, lines)
    return DONE


def inbox(arguments: argparse.Namespace) -> int:
    """Carries out ``inbox``."""
    views = read(arguments)
    output = []
    try:
        chosen = compile_filter(arguments.filter, system_clock())
    except FilterProblem as error:
        raise CannotGoOn(f"the filter cannot be read: {error}") from error
    for row in chosen.rows(views.inbox()):
        request = views.gate(row.gate_id)[1].request
        output.append(
            GateOutput(
                gate_id=row.gate_id,
                title=row.title,
                run=row.run_id,
                risk=row.risk,
                proposal=request.proposal,
                agent=row.agent,
                key=row.key,
                confidence=row.confidence,
                opened_at=row.opened_at,
            )
        )
    lines = [f"{gate.risk:6}  {gate.title}\n        {gate.gate_id}" for gate in output]
    nothing = (
        "Nothing that waits fits the filter." if arguments.filter else "Nothing waits for you."
    )
    show(arguments, output, [*map(spelled_out, lines)] or [nothing])
    return DONE


def decide(arguments: argparse.Namespace) -> int:
    """Carries out ``decide``."""
    gate, verdict, operator = arguments.gate, arguments.verdict, arguments.operator
    desk = open_desk(arguments)
    try:
        seen: SimpleQueue[Update] = SimpleQueue()
        review = desk.review(gate).result()
        print("\n".join(map(spelled_out, shown_lines(review))), file=sys.stderr)
        desk.subscribe(seen.put)
        done = desk.answer(_answer(arguments, review), operator).result()
        view = desk.run_view(review.run_id).result()
        if view.row.phase == "running" or (settles(view) and arguments.wait):
            view = follow(seen, review.run_id, quiet=arguments.json)
        undo = next((row for row in desk.settling().result() if row.gate_id == gate), None)
    finally:
        desk.close()
    output = DecideOutput(
        gate_id=gate,
        verdict=verdict,
        operator=operator,
        run_id=view.row.run_id,
        phase=view.row.phase,
        stop=view.stop_kind,
        words=view.stop_words,
        root=view.root,
        end=done.end,
        undo_until=undo.until if undo else None,
        changes=change_lines(done, quiet=arguments.json),
    )
    lines = [f"{operator} chose {verdict}.", *_takes_effect(view, undo, review)]
    show(arguments, output, [line for line in lines if line])
    return WAITING if view.row.phase in {"waiting", "paused"} else DONE


def _answer(arguments: argparse.Namespace, review: Review) -> Answer:
    """Returns the answer that the command line gives to what it has shown."""
    return Answer(
        arguments.gate,
        arguments.verdict,
        review.digest,
        arguments.reason,
        edit=read_edit(arguments.edit) if arguments.edit else None,
        opened=PRINTED,
        origin=InputOrigin.COMMAND_LINE.value,
    )


def _takes_effect(view: RunView, undo: Settling | None, review: Review) -> Iterator[str]:
    """Says when what was decided takes effect, and how it is undone until then."""
    yield view.stop_words
    if undo is not None:
        window = review.standing.undo_us // 1_000_000 if review.standing else 0
        yield (
            f"It takes effect once the desk has been open for {window} s more; until then it can "
            f"be undone: converge-desktop undo {undo.gate_id}"
        )
    if view.row.phase == "paused":
        yield f"It takes effect when {view.row.run_id} goes on: {view.row.outcome}."


PRINTED = (
    "checks",
    "consequences",
    "evidence",
    "notes",
    "plan",
    "reasoning",
    "rule",
    "truth",
    "what",
)
"""The parts of a review that a terminal shows."""


def trace(arguments: argparse.Namespace) -> int:
    """Carries out ``trace``."""
    output = trace_output(read(arguments).trace(arguments.trace))
    lines = [f"{output.step}, {output.outcome}, {output.version}"]
    lines += [f"\n--- {name}\n{text}" for name, text in output.layers.items()]
    lines += [f"\n--- output\n{output.output}\n"]
    lines += [
        f"{'ok ' if check.passed else 'NO '} {check.name} {check.reason}" for check in output.checks
    ]
    show(arguments, output, lines)
    return DONE


def verify(arguments: argparse.Namespace) -> int:
    """Carries out ``verify``."""
    directory = data_dir(arguments) / "ledger"
    if not directory.is_dir():
        return problem(f"there is no ledger in {directory}; say where it is with --data-dir")
    found = verify_ledger(directory, None if arguments.json else _tell_progress)
    ok = found.bad_seq < 0
    output = VerifyOutput(
        *(ok, found.records, found.bad_seq, found.reason, found.head, found.unfinished),
        *(found.root, found.redacted),
    )
    words = f"Record {found.bad_seq} does not verify: {found.reason}."
    if ok:
        words = f"All {found.records:,} records verify. The head is {found.head}, the root of the "
        words += f"tree over them {found.root}." if found.root else "tree that of none."
    if found.redacted:
        words += f" But what {plural(found.redacted, 'record')} said was left out, as in a "
        words += "redacted copy; it is not known."
    if found.unfinished:
        words += f" {found.unfinished:,} bytes of an unfinished step follow; they do not count."
    show(arguments, output, [words])
    return DONE if ok else ALTERED


def _tell_progress(records: int, read: int, total: int) -> None:
    """Tells how far verifying is, on one line of a terminal; elsewhere, nothing."""
    if sys.stderr.isatty():
        end = "\n" if read == total else "\r"
        print(f"{records:,} records hold, {100 * read // total} %", end=end, file=sys.stderr)
