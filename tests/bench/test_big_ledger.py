"""The ledgers that are measured are such as a desk writes: whatever reads one finds it in order."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from converge_core import events as e
from converge_core.audit import read_in
from converge_core.run_state import DeskState, Phase
from converge_desktop.adapters.keys import signature_fits
from converge_desktop.adapters.ledger.ledger_file import read_ledger
from converge_desktop.adapters.texts import TextReader
from tests.bench.big_ledger import make_ledger

EVENTS = 3000


def test_every_record_is_accepted_and_the_last_runs_are_open(tmp_path: Path) -> None:
    """Chains, signatures and approvals hold; somebody waits for a person, somebody can go on."""
    made = make_ledger(tmp_path / "data", EVENTS)
    state, kinds = DeskState(), Counter[str]()
    for entry in read_ledger(tmp_path / "data" / "ledger"):
        state = read_in(state, entry, signature_fits)
        kinds[entry.head.kind] += 1
    phases = [run.phase for run in state.runs.values()]
    assert EVENTS <= made.events == kinds.total()
    assert phases[-4:] == [Phase.WAITING, Phase.STOPPED, Phase.READY, Phase.WAITING]
    assert set(phases[:-4]) == {Phase.STOPPED}
    assert kinds["gate_decided"] == kinds["checkpoint_signed"] > 0


def test_the_same_seed_makes_the_same_bytes_in_files_that_hold_whole_batches(
    tmp_path: Path,
) -> None:
    """No file is larger than asked for, and none ends inside a batch."""
    most = 500_000
    for name in ("one", "other"):
        make_ledger(tmp_path / name, EVENTS, seed=7, segment_bytes=most)
    files = sorted((tmp_path / "one" / "ledger").iterdir())
    assert len(files) > 2
    for file in files:
        data = file.read_bytes()
        assert len(data) <= most
        assert b'"close":true' in data.splitlines()[-1]
        assert data == (tmp_path / "other" / "ledger" / file.name).read_bytes()


def test_the_texts_that_its_traces_name_are_there(tmp_path: Path) -> None:
    """Layers, grammars and answers can be read back, short and long."""
    make_ledger(tmp_path / "data", EVENTS)
    texts = TextReader(tmp_path / "data" / "texts")
    stored = 0
    for entry in read_ledger(tmp_path / "data" / "ledger"):
        if isinstance(entry.event, e.TraceRecorded):
            call = entry.event.trace.call
            for ref in (*call.layers.values(), call.grammar, call.output):
                assert len(texts.text(ref).encode()) == ref.size
                stored += ref.inline is None
    assert stored > 0
