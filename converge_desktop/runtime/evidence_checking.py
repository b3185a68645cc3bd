"""A file of evidence that somebody was handed: whether it holds, and of whose ledger it is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from converge_core.capsule_check import Holding
from converge_core.checkpoint import SignedCheckpoint
from converge_core.errors import CapsuleBroken
from converge_desktop.adapters.capsule import check_capsule
from converge_desktop.runtime.ledger_model import CheckedEvidence

Here = tuple[str, str]
"""The desk that is here, and why a checkpoint is not of its ledger; empty if it is."""


def checked(path: Path, here: Callable[[SignedCheckpoint], Here]) -> CheckedEvidence:
    """Checks a file of evidence.

    Args:
        path: the file.
        here: says of a checkpoint whether it is of the ledger here.

    Raises:
        OSError: if it cannot be read.
    """
    try:
        holding = check_capsule(path)
    except CapsuleBroken as error:
        return CheckedEvidence(str(path), error.reason, error.line)
    return _holds(path, holding, here(holding.signed))


def _holds(path: Path, holding: Holding, here: Here) -> CheckedEvidence:
    about, said = holding.about, holding.signed.checkpoint
    return CheckedEvidence(
        path=str(path),
        about=str(about),
        record=-1 if about.record is None else about.record,
        stands=holding.stands,
        operator=str(holding.signed.operator),
        at=said.at,
        key=holding.key,
        records=holding.records,
        left_out=holding.redacted + holding.left_out,
        unchecked=holding.unchecked,
        desk=said.desk,
        other_desk=here[0] not in {said.desk, ""},
        not_here=here[1],
    )
