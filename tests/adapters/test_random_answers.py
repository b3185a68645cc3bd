"""Shape by construction: a model of random weights answers every contract, at any temperature."""

from __future__ import annotations

from pathlib import Path

from tests.adapters.fuzz_contracts import CONTRACTS, TEMPERATURES, outcomes, random_model


def test_random_weights_answer_every_contract_at_any_temperature(tmp_path: Path) -> None:
    """Each parses, lies in range and ends by itself; the full form is ``fuzz_contracts 1000``."""
    backend = random_model(tmp_path)
    count = 4 * len(CONTRACTS) * len(TEMPERATURES)

    found = list(outcomes(backend, count))
    backend.close()

    assert count == len(found)
    assert set(found) <= {"parsed", "accepted"}
