"""What someone who can write to the files cannot make the desk believe."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from converge_core.events import Event, FactPromoted, GateDecided, OperatorEnrolled
from converge_core.ids import ApprovalId, OperatorId
from converge_core.review import Decision, Verdict
from converge_desktop.adapters.identity.key_file import file_key
from converge_desktop.adapters.ledger.ledger_file import LedgerFile
from converge_desktop.runtime.verifying import verify_ledger
from converge_desktop.runtime.views import read_views
from tests.runtime.conftest import Cli, OpenDesk
from tests.runtime.test_main_path import ask
from tests.runtime.watching import Watch


def waiting_gate(open_desk: OpenDesk, folder: Path) -> str:
    """Runs to a gate and closes the desk, as a person does at the end of a day."""
    desk, watch = open_desk()
    _, review = ask(desk, watch, folder)
    desk.close()
    return review.gate_id


def decision_on(data_dir: Path, gate_id: str, operator: str, signature: str = "00") -> Decision:
    """Returns a decision that speaks of what is asked, with a signature of one's choice."""
    _, gate = read_views(data_dir, {}).gate(gate_id)
    return Decision(
        id=ApprovalId("decision:forged"),
        gate=gate.request.id,
        verdict=Verdict.APPROVE,
        reason="",
        operator=OperatorId(operator),
        decided_at=0,
        request=gate.request.digest(),
        shown="",
        signature=signature,
    )


def append(data_dir: Path, *events: Event) -> int:
    """Appends a batch that hangs together with the chain; returns its first sequence number."""
    ledger = LedgerFile(data_dir / "ledger")
    first = ledger.append(events, 0)[0].head.seq
    ledger.close()
    return first


def refused_at(open_desk: OpenDesk, data_dir: Path, seq: int, words: str) -> None:
    """Asserts that verifying and opening both stop at record ``seq``, for that reason."""
    found = verify_ledger(data_dir / "ledger")
    assert seq == found.bad_seq
    assert words in found.reason
    with pytest.raises(Exception, match=f"record {seq}"):
        open_desk()


def test_a_decision_by_nobody_is_refused_on_reading(
    open_desk: OpenDesk, data_dir: Path, failing: Path
) -> None:
    """A well-chained decision of a person who was never enrolled counts for nothing."""
    gate_id = waiting_gate(open_desk, failing)
    forged = decision_on(data_dir, gate_id, "alice#00000000")
    run = read_views(data_dir, {}).gate(gate_id)[0].run

    seq = append(data_dir, GateDecided(run=run, decision=forged))

    refused_at(open_desk, data_dir, seq, "never enrolled")


def test_a_decision_in_anothers_name_is_refused_on_reading(
    open_desk: OpenDesk, data_dir: Path, failing: Path, tmp_path: Path
) -> None:
    """What alice did not sign is not alice's."""
    gate_id = waiting_gate(open_desk, failing)
    [alice] = read_views(data_dir, {}).operators().values()
    mallory = file_key(tmp_path / "mallory.key", "mallory")
    forged = decision_on(data_dir, gate_id, alice.id, mallory.sign(b"approve"))
    run = read_views(data_dir, {}).gate(gate_id)[0].run

    seq = append(data_dir, GateDecided(run=run, decision=forged))

    refused_at(open_desk, data_dir, seq, "signature")


def test_a_person_whom_nobody_welcomed_is_refused_on_reading(
    open_desk: OpenDesk, data_dir: Path, failing: Path, tmp_path: Path
) -> None:
    """Whoever can write to the files enrols nobody."""
    waiting_gate(open_desk, failing)
    mallory = file_key(tmp_path / "mallory.key", "mallory").operator
    seq = append(data_dir, OperatorEnrolled(operator=mallory))

    refused_at(open_desk, data_dir, seq, "nobody who is welcomes them")


def test_a_fact_in_a_persons_name_without_their_decision_is_refused_on_reading(
    open_desk: OpenDesk, data_dir: Path, failing: Path
) -> None:
    """Approved means that the approval stands before the fact."""
    desk, watch = open_desk()
    run_id, review = ask(desk, watch, failing)
    desk.decide(review.gate_id, "approve", "", review.digest).result(10)
    watch.phase(run_id, "stopped")
    desk.close()
    run = read_views(data_dir, {}).run_state(run_id)
    record = run.promoted[run.gates[next(iter(run.gates))].request.proposal].record
    waiting_gate(open_desk, failing)
    other = read_views(data_dir, {}).runs()[0].run_id

    seq = append(data_dir, FactPromoted(run=other, fact=record))

    refused_at(open_desk, data_dir, seq, "nobody proposed")


def test_verify_needs_a_ledger_and_tells_of_an_unfinished_step(
    cli: Cli, open_desk: OpenDesk, data_dir: Path, failing: Path
) -> None:
    """No ledger is no verified ledger; a cut tail is counted and named."""
    missing = cli("verify")
    waiting_gate(open_desk, failing)
    [segment] = (data_dir / "ledger").glob("*.jsonl")
    segment.write_bytes(segment.read_bytes()[:-10])

    cut = cli("verify", "--json")

    assert (2, True) == (missing.returncode, "there is no ledger" in missing.stderr)
    assert 0 == cut.returncode
    assert json.loads(cut.stdout)["unfinished"] > 0


def test_a_set_aside_step_is_told_to_whoever_listens_first(
    open_desk: OpenDesk, data_dir: Path, failing: Path
) -> None:
    """Moving an unfinished batch aside is never silent."""
    waiting_gate(open_desk, failing)
    [segment] = (data_dir / "ledger").glob("*.jsonl")
    segment.write_bytes(segment.read_bytes() + b'{"body":{"cycle":1')

    _, watch = open_desk()

    told = [update for update in watch.updates if "never finished" in getattr(update, "text", "")]
    assert 1 == len(told)
    assert isinstance(watch, Watch)
