"""What is governed on a desk steers new runs only while it may."""

from __future__ import annotations

from pathlib import Path

import pytest

from converge_core import lifecycle
from converge_core.artifact import ArtifactKind, ArtifactRef, ArtifactState
from converge_core.authority import Actor, ActorKind
from converge_core.errors import IllegalCommand
from converge_core.ids import ArtifactId
from converge_desktop.adapters.ledger.ledger_file import LedgerFile
from converge_desktop.adapters.packs.pack import load_packs
from converge_desktop.runtime.port import StatusChanged
from tests.runtime.conftest import OpenDesk
from tests.runtime.packs import at_once

ANN = Actor(kind=ActorKind.HUMAN, id="ann")


def digest_of(kind: ArtifactKind, model_sha256: str) -> str:
    pack = load_packs(at_once())["release-readiness"]
    return {
        ArtifactKind.PACK: pack.digest,
        ArtifactKind.POLICY: pack.policy.version,
        ArtifactKind.MODEL: model_sha256,
    }[kind]


def quarantine(data_dir: Path, ref: ArtifactRef) -> None:
    """Writes into the ledger of a closed desk that ``ref`` came under suspicion."""
    events = lifecycle.register({}, ref, actor=ANN, reason="it came with the program")
    for standing, to in [
        (ArtifactState.DRAFT, ArtifactState.APPROVED),
        (ArtifactState.APPROVED, ArtifactState.QUARANTINED),
    ]:
        events += lifecycle.transition({ref: standing}, ref, to, actor=ANN, reason="it is odd")
    ledger = LedgerFile(data_dir / "ledger")
    ledger.append(events, 1)
    ledger.close()


@pytest.mark.parametrize("kind", [ArtifactKind.PACK, ArtifactKind.POLICY, ArtifactKind.MODEL])
def test_what_is_quarantined_begins_no_new_run_and_keeps_what_it_made(
    open_desk: OpenDesk, data_dir: Path, failing: Path, kind: ArtifactKind
) -> None:
    """The refusal names artifact and state, no run begins, and the earlier one is as it was."""
    desk, watch = open_desk()
    run_id = desk.start_run("release-readiness", failing).result(60)
    watch.phase(run_id, "waiting")
    [trace, *_] = desk.traces().result(10)
    model = dict(desk.trace(trace.trace_id).result(10).envelope)["model SHA-256"]
    desk.close()
    ref = ArtifactRef(kind=kind, name=ArtifactId("suspect"), digest=digest_of(kind, model))
    quarantine(data_dir, ref)

    desk, watch = open_desk()
    watch.until(lambda u: isinstance(u, StatusChanged) and u.status.model.state == "ready")
    with pytest.raises(IllegalCommand, match=f"The {ref} is quarantined"):
        desk.start_run("release-readiness", failing).result(60)

    assert [run_id] == [row.run_id for row in desk.runs().result(10)]
    assert 1 == len(desk.inbox().result(10))
